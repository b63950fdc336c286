"""A portrait on the screen of a telephone: bezel, glow, moiré and reflections."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.domain import Pixels
from kiosk.simulator.hands import lamp
from kiosk.simulator.scene import Light
from kiosk.simulator.sheets import Texture, Window, scaled_portrait

_HALO_SHARE = 0.12
"""How far the glow reaches beyond the telephone, of its width, and how strong it is there."""
_HALO_STRENGTH = 0.14
_PHASES = 256


@dataclass(frozen=True, slots=True, eq=False)
class Telephone:
    """A telephone that shows a portrait, ready to be put on a sheet."""

    texture: Texture
    screen: NDArray[np.uint8]
    """(height, width) of the texture: 255 where the screen is."""
    width_mm: float
    margin_px: float
    beat_across: float
    """How far the screen's pixels are from a whole number to one of the camera's."""
    beat_down: float
    moire: float
    """Amplitude, a share of the brightness."""
    banding: tuple[float, float, float]
    """Bands of the screen's refresh: depth, bands a frame, phase."""
    streak: tuple[float, float, float]
    """Reflection: brightness 0–255, direction in radians, place as a share of the width."""
    curvature: float = 0.0
    bend_rad: float = 0.0

    def paint(self, canvas: Pixels, window: Window, light: Light) -> NDArray[np.uint8]:
        """Draw the telephone; return how much each pixel of the window shines by itself."""
        x, y = self.texture.lookup(window)
        seen = cv2.remap(self.texture.pixels, x, y, cv2.INTER_LINEAR)
        shining: NDArray[np.uint8] = cv2.remap(self.screen, x, y, cv2.INTER_LINEAR)
        part = canvas[
            window.top : window.top + window.height_px, window.left : window.left + window.width_px
        ]
        cover = seen[..., 3]
        body = cv2.cvtColor(seen, cv2.COLOR_BGRA2BGR)
        gain = self._gain(window, light, shining)
        body = cv2.multiply(body, gain, scale=1 / 128)
        behind = cv2.multiply(part, _three(cv2.bitwise_not(cover)), scale=1 / 255)
        part[:] = cv2.add(cv2.add(behind, body), _three(self._reflection(window, light, cover)))
        return self._with_halo(shining)

    def _gain(self, window: Window, light: Light, shining: NDArray[np.uint8]) -> Pixels:
        """Return the factors (128 is ×1): moiré on the screen, the room's light on the rest.

        The screen's grid is taken at the camera's pixels as it is, less whole cycles: the beat
        between both is what aliasing leaves, and it follows turning and perspective by itself.
        """
        s, t = window.sheet
        column = np.arange(window.left, window.left + window.width_px, dtype=np.float32)
        row = np.arange(window.top, window.top + window.height_px, dtype=np.float32)[:, None]
        fine = np.float32(2.0)
        across = (s * (fine + np.float32(self.beat_across)) - fine * column) * _PHASES
        down = (t * (fine + np.float32(self.beat_down)) - fine * row) * _PHASES
        tables = _grating(round(self.moire * 1000))
        colour = cv2.LUT(_three(_wrapped(across)), tables[0])
        lines = cv2.LUT(_wrapped(down), tables[1])
        depth, bands, phase = self.banding
        flicker = 1 + depth * np.sin(row[:, 0] * np.float32(2 * math.pi * bands / 480) + phase)
        away = max(float(window.normals[0, 0, 2]), 0.05) ** 0.6
        lines = cv2.multiply(
            lines, np.repeat((flicker * away)[:, None], window.width_px, axis=1), dtype=cv2.CV_8U
        )
        colour = cv2.multiply(colour, _three(lines), scale=1 / 128)
        facing = max(float(window.normals[0, 0] @ lamp(light)), 0.0)
        shade = (1 - light.directness) + light.directness * min(facing / 0.8, 1.3)
        plain = np.full_like(colour, int(128 * shade ** (1 / 2.2)))
        return _blend(plain, colour, shining)

    def _reflection(
        self, window: Window, light: Light, cover: NDArray[np.uint8]
    ) -> NDArray[np.uint8]:
        """Return what the glass mirrors of the room, 0–255: a soft streak and a veil."""
        rows, columns = window.normals.shape[:2]
        s = cv2.resize(window.sheet[0], (columns, rows), interpolation=cv2.INTER_NEAREST)
        t = cv2.resize(window.sheet[1], (columns, rows), interpolation=cv2.INTER_NEAREST)
        left, _, right, _ = self.texture.edges
        width = right - left
        bright, angle, place = self.streak
        # The mirror image wanders when the glass turns.
        normal = window.normals[0, 0]
        place = place + 1.6 * float(normal[0]) + 0.8 * float(normal[1])
        along = (s * math.cos(angle) + t * math.sin(angle)) / width - place
        band = np.exp(-((along / 0.16) ** 2)) + 0.6 * np.exp(-(((along - 0.34) / 0.05) ** 2))
        room = min(light.level, 1.0)
        veil = np.clip((bright * band + 5) * room, 0, 255).astype(np.uint8)
        smooth = cv2.resize(veil, (window.width_px, window.height_px))
        return cv2.multiply(smooth, cover, scale=1 / 255)  # type: ignore[no-any-return]

    def _with_halo(self, shining: NDArray[np.uint8]) -> NDArray[np.uint8]:
        # A screen at the picture's edge may be a pixel wide.
        size = max(shining.shape[1] // 4, 1), max(shining.shape[0] // 4, 1)
        small = cv2.resize(shining, size, interpolation=cv2.INTER_AREA)
        sigma = max(self.margin_px / 4 / 2, 0.6)
        halo = cv2.GaussianBlur(small, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
        wide = cv2.resize(halo, (shining.shape[1], shining.shape[0]))
        weak = cv2.convertScaleAbs(wide, alpha=_HALO_STRENGTH)
        return cv2.max(shining, weak)  # type: ignore[no-any-return]


def make(
    portrait: Pixels,
    middle: NDArray[np.float64],
    scale: float,
    rng: np.random.Generator,
    is_tablet: bool = False,
) -> Telephone:
    """Return a telephone with a portrait whose pixel ``middle`` is to be the sheet's origin.

    ``scale`` is frame pixels to a portrait pixel. A tablet is wider, finer and brighter.
    """
    picture, origin, density = scaled_portrait(portrait, middle, scale)
    bezel_share = rng.uniform(0.025, 0.06)
    chin_share = rng.choice([1.0, 1.0, 4.0])
    aspect, raised = rng.uniform(1.75, 2.15), rng.uniform(0.35, 0.5)
    bars = np.array(rng.choice([6, 10, 22, 232]) + rng.integers(0, 8, 3))
    case = rng.choice([16, 24, 34, 150, 196]) + rng.uniform(-8, 8, 3)
    blue, contrast = rng.uniform(1.0, 1.08), rng.uniform(1.0, 1.1)
    notch = int(rng.integers(0, 3))
    beats = rng.uniform(0.008, 0.05, 2) * rng.choice([-1, 1], 2)
    moire = rng.uniform(0.012, 0.055)
    banding = (rng.choice([0.0, 0.015, 0.035]), rng.uniform(1.5, 4), rng.uniform(0, 6.3))
    streak = (rng.uniform(8, 60), rng.uniform(-0.8, 0.8), rng.uniform(-0.5, 0.5))
    width_mm = 72.0
    if is_tablet:
        aspect, width_mm = rng.uniform(1.3, 1.45), rng.uniform(150, 205)
        bezel_share, chin_share = rng.uniform(0.03, 0.07), 1.0
        beats, moire, notch = beats * 0.6, moire * 0.8, 0

    gains = np.array([blue, 1.0, 1.99 - blue]) * contrast
    shift = 4 - 60 * (contrast - 1)
    picture = cv2.transform(
        picture, np.hstack([np.diag(gains), np.full((3, 1), shift)]).astype(np.float32)
    )
    width = picture.shape[1]
    room = max(round(width * aspect) - picture.shape[0], 0)
    above = round(room * raised)
    picture = cv2.copyMakeBorder(
        picture, above, room - above, 0, 0, cv2.BORDER_CONSTANT, value=bars.tolist()
    )
    _interface(picture, above, room - above, rng)
    bezel = max(round(width * bezel_share), 2)
    chin = round(bezel * chin_share)
    height = picture.shape[0]
    screen = _rounded(width, height, bezel * 1.4 if chin == bezel else 1.0)
    _cut_notch(screen, notch)
    body = _body((width + 2 * bezel, height + 2 * chin), bezel, case)
    inner = body[chin : chin + height, bezel : bezel + width]
    inner[..., :3] = _blend(np.ascontiguousarray(inner[..., :3]), picture, screen)
    shining = np.zeros(body.shape[:2], np.uint8)
    shining[chin : chin + height, bezel : bezel + width] = screen
    texture = Texture(body, (origin[0] + bezel, origin[1] + above + chin), density)
    left, _, right, _ = texture.edges
    return Telephone(
        texture=texture,
        screen=shining,
        width_mm=width_mm,
        margin_px=_HALO_SHARE * (right - left) + 2,
        beat_across=float(beats[0]),
        beat_down=float(beats[1]),
        moire=float(moire),
        banding=banding,
        streak=streak,
    )


def _interface(picture: Pixels, above: int, below: int, rng: np.random.Generator) -> None:
    """Draw what a gallery program shows around a picture: a bar of text and a row of buttons."""
    width = picture.shape[1]
    ink = (150, 150, 150)
    if above > width // 12:
        thick = max(width // 90, 1)
        y = above - width // 14
        cv2.line(picture, (width // 14, y), (width // 14 + width // 3, y), ink, thick)
    if below > width // 6:
        count = int(rng.integers(3, 6))
        y = picture.shape[0] - below // 2
        for i in range(count):
            x = round(width * (i + 0.5) / count)
            half = max(width // 45, 1)
            cv2.rectangle(picture, (x - half, y - half), (x + half, y + half), ink, 1)


def _rounded(width: int, height: int, radius: float) -> NDArray[np.uint8]:
    """Return the cover (height, width) of a rectangle with round corners."""
    cover = np.full((height, width), 255, np.uint8)
    reach = min(math.ceil(radius), width // 2, height // 2)
    inner = radius - 0.5 - np.arange(reach)
    out = np.hypot(np.maximum(inner, 0)[None, :], np.maximum(inner, 0)[:, None])
    corner = (np.clip(radius - out + 0.5, 0, 1) * 255).astype(np.uint8)
    cover[:reach, :reach] = corner
    cover[:reach, width - reach :] = corner[:, ::-1]
    cover[height - reach :, :reach] = corner[::-1]
    cover[height - reach :, width - reach :] = corner[::-1, ::-1]
    return cover


def _cut_notch(screen: NDArray[np.uint8], kind: int) -> None:
    width = screen.shape[1]
    if kind == 1:
        cv2.circle(screen, (width // 2, width // 22), max(width // 50, 1), 0, -1, cv2.LINE_AA)
    elif kind == 2:
        cv2.rectangle(screen, (width * 3 // 8, 0), (width * 5 // 8, width // 24), 0, -1)


def _body(size: tuple[int, int], bezel: int, case: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return the front of a telephone without its screen, BGR times cover and cover."""
    width, height = size
    outer = _rounded(width, height, bezel * 2.8)
    rim = max(round(bezel * 0.3), 1)
    glass = np.zeros_like(outer)
    glass[rim : height - rim, rim : width - rim] = _rounded(
        width - 2 * rim, height - 2 * rim, max(bezel * 2.8 - rim, 1)
    )
    picture = np.full((height, width, 3), case, np.uint8)
    # Black glass on the case: what the cover of the glass leaves of the case, and a little.
    picture = cv2.multiply(picture, _three(cv2.bitwise_not(glass)), scale=1 / 255)
    picture = cv2.multiply(cv2.add(picture, np.full(4, 12.0)), _three(outer), scale=1 / 255)
    return cv2.merge([picture, outer])  # type: ignore[no-any-return]


def _blend(below: Pixels, above: Pixels, cover: NDArray[np.uint8]) -> Pixels:
    share = _three(cover)
    kept = cv2.multiply(below, cv2.bitwise_not(share), scale=1 / 255)
    return cv2.add(kept, cv2.multiply(above, share, scale=1 / 255))  # type: ignore[no-any-return]


def _wrapped(phase: NDArray[np.float32]) -> NDArray[np.uint8]:
    return phase.astype(np.int32).astype(np.uint8)


@functools.lru_cache(maxsize=64)
def _grating(thousandths: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return tables phase → factor (128 is ×1): of the coloured columns, and of the rows.

    Red, green and blue stripes lie side by side: their beats are a third of a cycle apart.
    """
    cycle = np.arange(_PHASES) * (2 * math.pi / _PHASES)
    depth = thousandths / 1000
    columns = np.empty((1, _PHASES, 3), np.uint8)
    for channel in range(3):
        beat = 1 + depth * np.sin(cycle + channel * 2 * math.pi / 3)
        columns[0, :, channel] = np.rint(beat * 128)
    rows = np.rint((1 + depth * 0.6 * np.sin(cycle)) * 128).astype(np.uint8)
    return columns, rows


def _three(plane: NDArray[np.uint8]) -> Pixels:
    return cv2.cvtColor(plane, cv2.COLOR_GRAY2BGR)  # type: ignore[no-any-return]
