"""Spoil a good photograph by a known amount: darkness, blur, side light, noise and the like.

What a threshold is worth in bad conditions is measured on pictures that were spoiled on purpose.
Lengths are pixels of the picture as given; the named kinds are meant for photographs of 250×250
px whose faces are about 95 px wide. Factors of light act on the pixel values as a camera delivers
them, which are gamma-encoded.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.domain import Pixels
from kiosk.errors import ConfigError

Landmarks = NDArray[np.floating]
Change = Callable[[NDArray[np.float32], Landmarks, np.random.Generator], NDArray[np.float32]]

FACE_WIDTH_IN_EYE_DISTANCES = 2.2
"""Width of a detector's face box; median over 3,500 press photographs."""
_USUAL_EYES = ((0.41, 0.45), (0.59, 0.45), (0.5, 0.55), (0.42, 0.64), (0.58, 0.64))
_READ_NOISE, _SHOT_NOISE = 2.0, 0.12
"""A dark picture's noise: variance read² + shot·signal, grey levels; σ is 2.3 to 3.5."""


@dataclass(frozen=True, slots=True)
class Degradation:
    """One way to spoil a picture; ``group`` names the fault, ``name`` its strength as well."""

    name: str
    group: str
    change: Change

    def apply(
        self, pixels: Pixels, landmarks: Landmarks | None, rng: np.random.Generator
    ) -> Pixels:
        """Return the spoiled copy of ``pixels`` (height, width, 3) uint8 BGR, of the same shape.

        ``landmarks`` (5, 2), pixels, tell where the face is; without them it is taken to fill the
        middle as in press photographs. The same ``rng`` state gives the same picture.
        """
        if landmarks is None:
            landmarks = np.array(_USUAL_EYES) * (pixels.shape[1], pixels.shape[0])
        changed = self.change(pixels.astype(np.float32), landmarks, rng)
        spoiled: Pixels = np.clip(np.rint(changed), 0, 255).astype(np.uint8)
        return spoiled


def identity() -> Degradation:
    """Return the change that changes nothing."""
    return Degradation("as-is", "as_is", lambda pixels, landmarks, rng: pixels)


def dark(factor: float) -> Degradation:
    """Return less light: values times ``factor``, with the noise that a dark picture has."""

    def change(
        pixels: NDArray[np.float32], landmarks: Landmarks, rng: np.random.Generator
    ) -> NDArray[np.float32]:
        signal = pixels * np.float32(factor)
        spread = np.sqrt(_READ_NOISE**2 + _SHOT_NOISE * signal)
        return np.asarray(signal + spread * rng.standard_normal(pixels.shape, np.float32))

    return Degradation(f"dark-{factor:g}", "dark", change)


def gamma(exponent: float) -> Degradation:
    """Return another curve of tones: below 1 washed out, above 1 with deep shadows."""
    return Degradation(
        f"gamma-{exponent:g}",
        "gamma",
        lambda pixels, landmarks, rng: np.asarray(
            255 * (pixels / 255) ** np.float32(exponent), np.float32
        ),
    )


def defocus(sigma_px: float) -> Degradation:
    """Return a Gaussian blur."""
    return Degradation(
        f"defocus-{sigma_px:g}",
        "defocus",
        lambda pixels, landmarks, rng: _blurred(pixels, sigma_px),
    )


def motion(length_px: float, direction_deg: float) -> Degradation:
    """Return the blur of a straight even movement; direction 0 along x, 90 along y."""
    kernel = _motion_kernel(length_px, direction_deg)
    return Degradation(
        f"motion-{length_px:g}-{direction_deg:g}",
        "motion",
        lambda pixels, landmarks, rng: np.asarray(
            cv2.filter2D(pixels, -1, kernel, borderType=cv2.BORDER_REPLICATE), np.float32
        ),
    )


def side_light(share: float, direction_deg: float, reach: float = 1.0) -> Degradation:
    """Return light that falls off smoothly across the face to ``share`` of itself.

    ``direction_deg`` is where the light comes from: 0 from the right of the picture, 180 from the
    left, −90 from above, 90 from below. ``reach`` is half the width of the fall-off in eye
    distances: 1 is about the face.
    """
    group = "side_light" if abs(math.sin(math.radians(direction_deg))) < 0.5 else "top_light"
    cosine, sine = math.cos(math.radians(direction_deg)), math.sin(math.radians(direction_deg))

    def change(
        pixels: NDArray[np.float32], landmarks: Landmarks, rng: np.random.Generator
    ) -> NDArray[np.float32]:
        # Between the eyes and the mouth: a turned head's nose is no middle.
        x, y = landmarks[[0, 1, 3, 4]].mean(axis=0)
        rows, columns = np.mgrid[0 : pixels.shape[0], 0 : pixels.shape[1]].astype(np.float32)
        along = ((columns - x) * cosine + (rows - y) * sine) / (reach * face_scale_px(landmarks))
        half = np.clip((along + 1) / 2, 0, 1)
        smooth = half * half * (3 - 2 * half)
        return np.asarray(pixels * (share + (1 - share) * smooth)[..., None], np.float32)

    wide = "" if reach == 1.0 else "-wide"
    return Degradation(f"light-{share:g}-from-{direction_deg:g}{wide}", group, change)


def over_exposure(factor: float) -> Degradation:
    """Return too much light: values times ``factor``, clipped at white."""
    return Degradation(
        f"over-exposure-{factor:g}",
        "over_exposure",
        lambda pixels, landmarks, rng: pixels * np.float32(factor),
    )


def noise(sigma: float) -> Degradation:
    """Return Gaussian noise of ``sigma`` grey levels, independent in each pixel and channel."""
    return Degradation(
        f"noise-{sigma:g}",
        "noise",
        lambda pixels, landmarks, rng: (
            pixels + np.float32(sigma) * rng.standard_normal(pixels.shape, np.float32)
        ),
    )


def small(face_px: float) -> Degradation:
    """Return a far face: shrunk until its box is ``face_px`` wide, then enlarged back.

    The picture keeps its shape, so that a network is given the same crop of fewer details. A face
    that is smaller already stays as it is.
    """

    def change(
        pixels: NDArray[np.float32], landmarks: Landmarks, rng: np.random.Generator
    ) -> NDArray[np.float32]:
        height, width = pixels.shape[:2]
        scale = face_px / (FACE_WIDTH_IN_EYE_DISTANCES * face_scale_px(landmarks))
        if scale >= 1:
            return pixels
        size = (max(round(width * scale), 1), max(round(height * scale), 1))
        shrunk = np.rint(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))
        enlarged = cv2.resize(shrunk, (width, height), interpolation=cv2.INTER_CUBIC)
        return np.asarray(enlarged, np.float32)

    return Degradation(f"small-{face_px:g}", "small", change)


def jpeg(quality: int) -> Degradation:
    """Return the picture after JPEG compression of ``quality`` (0–100)."""

    def change(
        pixels: NDArray[np.float32], landmarks: Landmarks, rng: np.random.Generator
    ) -> NDArray[np.float32]:
        _, data = cv2.imencode(".jpg", pixels.astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, quality])
        return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.float32)

    return Degradation(f"jpeg-{quality}", "jpeg", change)


def after(first: Degradation, second: Degradation) -> Degradation:
    """Return ``first`` followed by ``second``, in the group of the first."""

    def change(
        pixels: NDArray[np.float32], landmarks: Landmarks, rng: np.random.Generator
    ) -> NDArray[np.float32]:
        once = np.clip(np.rint(first.change(pixels, landmarks, rng)), 0, 255)
        return second.change(once.astype(np.float32), landmarks, rng)

    return Degradation(f"{first.name}+{second.name}", first.group, change)


def random_degradation(rng: np.random.Generator, group: str) -> Degradation:
    """Return a change of ``group`` of random strength, mild to worse than any named kind.

    Raises ConfigError when there is no such group.
    """

    def between(low: float, high: float) -> float:
        return math.exp(rng.uniform(math.log(low), math.log(high)))

    if group == "gamma":
        return gamma(between(0.4, 2.5))
    if group == "motion":
        return motion(between(3, 25), rng.uniform(0, 180))
    if group in ("side_light", "top_light"):
        towards = rng.choice([0, 180] if group == "side_light" else [-90, 90])
        return side_light(between(0.02, 0.7), towards + rng.uniform(-25, 25), between(0.6, 2.5))
    if group == "jpeg":
        return jpeg(round(between(8, 60)))
    spans: dict[str, tuple[Callable[[float], Degradation], float, float]] = {
        "dark": (dark, 0.06, 0.7),
        "defocus": (defocus, 0.7, 4.0),
        "over_exposure": (over_exposure, 1.2, 4.0),
        "noise": (noise, 4.0, 40.0),
        "small": (small, 20.0, 70.0),
    }
    if group not in spans:
        raise ConfigError(f"There is no degradation {group!r}. There are: {', '.join(GROUPS)}.")
    make, low, high = spans[group]
    return make(between(low, high))


def kind(name: str) -> Degradation:
    """Return one of :data:`KINDS` by its name. Raises ConfigError that lists the names."""
    for one in KINDS:
        if one.name == name:
            return one
    known = ", ".join(one.name for one in KINDS)
    raise ConfigError(f"There is no degradation {name!r}. There are: {known}.")


def face_scale_px(landmarks: Landmarks) -> float:
    """Return the eye distance of the face, also when it is turned and the eyes are closer.

    The larger of the distance between the eyes and that from eyes to mouth, which is 1.15 eye
    distances on a mean face.
    """
    eyes, mouth = landmarks[:2], landmarks[3:]
    across = float(np.linalg.norm(eyes[1] - eyes[0]))
    down = float(np.linalg.norm(mouth.mean(axis=0) - eyes.mean(axis=0))) / 1.15
    return max(across, down, 1.0)


def _blurred(pixels: NDArray[np.float32], sigma_px: float) -> NDArray[np.float32]:
    blurred = cv2.GaussianBlur(pixels, (0, 0), sigma_px, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(blurred, np.float32)


def _motion_kernel(length_px: float, direction_deg: float) -> NDArray[np.float32]:
    radius = math.ceil(length_px / 2) + 1
    steps = max(round(length_px * 16), 1)
    along = ((np.arange(steps) + 0.5) / steps - 0.5) * length_px
    x = along * math.cos(math.radians(direction_deg)) + radius
    y = along * math.sin(math.radians(direction_deg)) + radius
    centres = np.arange(2 * radius + 1)
    # Each step is shared out among the four pixels around it, bilinearly.
    across = np.maximum(1 - np.abs(centres[:, None] - x), 0)
    down = np.maximum(1 - np.abs(centres[:, None] - y), 0)
    kernel = down @ across.T
    return np.asarray(kernel / kernel.sum(), np.float32)


KINDS: tuple[Degradation, ...] = (
    identity(),
    dark(0.25),
    dark(0.1),
    gamma(0.5),
    gamma(2),
    *(defocus(sigma) for sigma in (1, 1.5, 2, 3)),
    *(motion(length, angle) for length in (5, 7, 11, 21) for angle in (0, 45, 90)),
    *(side_light(share, side) for share in (0.3, 0.1, 0.03) for side in (180, 0)),
    *(side_light(0.1, side, reach=2.5) for side in (180, 0)),
    *(side_light(share, side) for share in (0.3, 0.1) for side in (-90, 90)),
    over_exposure(2),
    over_exposure(3),
    *(noise(sigma) for sigma in (10, 20, 30)),
    *(small(width) for width in (44, 36, 30, 24)),
    jpeg(20),
)
"""The named kinds, from the picture as it is to the worst."""
GROUPS: tuple[str, ...] = tuple(dict.fromkeys(one.group for one in KINDS if one.group != "as_is"))
