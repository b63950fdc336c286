"""Conditions against what the simulator knows and against photographs spoiled by known amounts.

Agreement is Spearman's rank correlation, across people where the simulator knows what the figure
stands for. How much contrast a face has of itself, and how far hair, beard and bones make the light
fall off, is none of its numbers: contrast, glare, top light and movement are compared person by
person.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from kiosk.camera.imagefile import read_image
from kiosk.degradation import (
    Degradation,
    after,
    dark,
    defocus,
    identity,
    motion,
    noise,
    over_exposure,
    side_light,
    small,
)
from kiosk.domain import Conditions, Detection, Frame, Pixels
from kiosk.simulator.looks import invent
from kiosk.simulator.render import Renderer
from kiosk.simulator.scene import Actor, Light, Scene, Truth
from kiosk.simulator.sensor import GAMMA
from kiosk.vision.alignment import align
from kiosk.vision.conditions import CHIP_PX, assess, size_limit
from kiosk.vision.detector import RetinaFaceDetector
from kiosk.vision.subject import choose_subject

PEOPLE = (5, 6, 7, 8)
ASKED = 0.9

Seen = tuple[Conditions, Truth]


def ranks(values: Any) -> NDArray[np.float64]:
    """Return ranks, equal ones for equal values."""
    values = np.asarray(values, float)
    below = (values[:, None] > values).sum(axis=1)
    equal = (values[:, None] == values).sum(axis=1)
    return below + (equal - 1) / 2


def rank_correlation(truth: Any, found: Any) -> float:
    return float(np.corrcoef(ranks(truth), ranks(found))[0, 1])


@pytest.fixture(scope="module")
def look() -> Callable[..., Seen]:
    """Render one person and measure the conditions of the face as the simulator knows it."""
    renderer = Renderer(320, 240, 256)

    def render(person: int = 5, light: Light | None = None, **settings: Any) -> Seen:
        place = {"x_px": 160.0, "y_px": 100.0, "eye_px": 48.0}
        for name in [name for name in settings if name in Actor.__slots__]:
            place[name] = settings.pop(name)
        lamp = light or Light(directness=0.4)
        scene = Scene((Actor(person, **place),), lamp, **settings)
        rendering = renderer.render(scene)
        (truth,) = rendering.truths
        frame = Frame(rendering.pixels, 0)
        face = Detection(truth.box, truth.landmarks, 1.0)
        return assess(frame, face, align(frame, face, CHIP_PX)), truth

    return render


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(5)


# --- across people ----------------------------------------------------------------------------


def test_the_eye_distance_follows_the_size_of_turned_heads(
    look: Callable[..., Seen], rng: np.random.Generator
) -> None:
    truth = rng.uniform(14, 70, 20)
    found = [
        look(PEOPLE[i % 4], eye_px=size, yaw_deg=rng.uniform(-25, 25), pitch_deg=rng.uniform(-9, 9))
        for i, size in enumerate(truth)
    ]

    assert rank_correlation(truth, [seen.eye_distance_px for seen, _ in found]) >= ASKED


def test_brightness_follows_light_and_skin(
    look: Callable[..., Seen], rng: np.random.Generator
) -> None:
    truth, found = [], []
    for i, level in enumerate(np.exp(rng.uniform(np.log(0.05), np.log(1.3), 32))):
        person = 5 + i % 8
        seen, _ = look(person, light=Light(level=level, directness=0.4))
        # Skin is given as a camera encodes it, light is linear.
        truth.append(level * np.mean(invent(person).skin.colour) ** GAMMA)
        found.append(seen.luminance)

    assert rank_correlation(truth, found) >= ASKED


def test_side_light_follows_the_share_of_the_lamp(
    look: Callable[..., Seen], rng: np.random.Generator
) -> None:
    directness = rng.uniform(0, 0.95, 20)
    found = [
        look(PEOPLE[i % 4], light=Light(azimuth_deg=70, elevation_deg=20, directness=share))
        for i, share in enumerate(directness)
    ]

    assert rank_correlation(directness, [seen.side_light for seen, _ in found]) >= ASKED


def test_noise_follows_the_sensor_whatever_the_size_and_the_blur(
    look: Callable[..., Seen], rng: np.random.Generator
) -> None:
    truth = rng.uniform(0.5, 14, 20)
    found = [
        look(PEOPLE[i % 4], noise=level, eye_px=rng.uniform(20, 65), defocus_px=rng.uniform(0, 1.5))
        for i, level in enumerate(truth)
    ]

    assert rank_correlation(truth, [seen.noise for seen, _ in found]) >= ASKED


def test_sharpness_follows_the_lens_whatever_the_size_and_the_noise(
    look: Callable[..., Seen], rng: np.random.Generator
) -> None:
    truth, found = [], []
    for i in range(24):
        size, blur = rng.uniform(24, 65), rng.uniform(0, 3)
        seen, _ = look(PEOPLE[i % 4], eye_px=size, defocus_px=blur, noise=rng.uniform(0.5, 6))
        truth.append(blur / size)
        found.append(-seen.sharpness)

    assert rank_correlation(truth, found) >= ASKED


def test_the_share_inside_the_frame_is_that_of_the_truth(
    look: Callable[..., Seen], rng: np.random.Generator
) -> None:
    found = [look(x_px=x, eye_px=rng.uniform(35, 50)) for x in rng.uniform(-30, 40, 16)]

    assert rank_correlation(
        [truth.visible_fraction for _, truth in found], [seen.inside_fraction for seen, _ in found]
    ) >= ASKED  # fmt: skip


def test_masks_of_the_simulator_cover_the_mouth_and_nothing_else(
    look: Callable[..., Seen], rng: np.random.Generator
) -> None:
    # People and seeds that the coefficients were not fitted on.
    masked = [
        look(1_000_003 + i % 6, mask=1 + i, yaw_deg=rng.uniform(-20, 20))[0] for i in range(12)
    ]
    plain = [look(1_000_003 + i % 6, yaw_deg=rng.uniform(-20, 20))[0] for i in range(12)]

    assert min(seen.mouth_covered for seen in masked) > 0.5
    assert max(seen.mouth_covered for seen in plain) < 0.5
    for seen in masked + plain:
        assert seen.eyes_covered < 0.5


# --- person by person -------------------------------------------------------------------------


@pytest.mark.parametrize("person", PEOPLE)
def test_light_follows_its_level(
    look: Callable[..., Seen], rng: np.random.Generator, person: int
) -> None:
    levels = np.exp(rng.uniform(np.log(0.05), np.log(1.3), 8))
    glaring = rng.uniform(1.5, 12, 8)

    found = [look(person, light=Light(level=level, directness=0.4))[0] for level in levels]
    clipped = [look(person, light=Light(level=level, directness=0.4))[0] for level in glaring]

    assert rank_correlation(levels, [seen.luminance for seen in found]) >= ASKED
    assert rank_correlation(levels, [seen.contrast for seen in found]) >= ASKED
    assert rank_correlation(glaring, [seen.clipped_fraction for seen in clipped]) >= ASKED


@pytest.mark.parametrize("person", PEOPLE)
def test_side_light_follows_the_place_of_the_lamp(look: Callable[..., Seen], person: int) -> None:
    # From farther round a lamp grazes the face and lights it less: 85° is not more than 70°.
    azimuth = np.array([-70, -50, -32, -20, 0, 8, 14, 26, 41, 60])

    found = [look(person, light=Light(azimuth_deg=angle, directness=0.7))[0] for angle in azimuth]

    assert rank_correlation(np.abs(azimuth), [seen.side_light for seen in found]) >= ASKED


@pytest.mark.parametrize("elevation_deg", [75, -60])
@pytest.mark.parametrize("person", PEOPLE)
def test_light_from_above_and_from_below_is_top_light(
    look: Callable[..., Seen], rng: np.random.Generator, person: int, elevation_deg: float
) -> None:
    shares = rng.uniform(0.25, 0.95, 8)

    found = [
        look(person, light=Light(elevation_deg=elevation_deg, directness=share))[0]
        for share in shares
    ]

    sign = np.sign(elevation_deg)
    assert rank_correlation(shares, [sign * seen.top_light for seen in found]) >= ASKED


@pytest.mark.parametrize("direction_deg", [0.0, 45.0, 90.0])
@pytest.mark.parametrize("person", PEOPLE)
def test_sharpness_follows_movement(
    look: Callable[..., Seen], rng: np.random.Generator, person: int, direction_deg: float
) -> None:
    lengths = rng.uniform(1, 16, 8)

    found = [look(person, motion_px=px, motion_deg=direction_deg, noise=1.5)[0] for px in lengths]

    assert rank_correlation(lengths, [-seen.sharpness for seen in found]) >= ASKED


# --- photographs ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def photographs(shared: Path, detector: RetinaFaceDetector) -> list[tuple[Pixels, Detection]]:
    """Twelve press photographs of different people."""
    found = []
    for path in _paths(shared / "faces", "lfw_probe.csv"):
        frame = Frame(read_image(path), 0)
        face, _ = choose_subject(frame, detector.detect(frame))
        if face is not None:
            found.append((frame.pixels, face))
        if len(found) == 12:
            break
    return found


def _paths(faces: Path, name: str) -> Iterator[Path]:
    with (faces / name).open(encoding="utf-8", newline="") as file:
        for row in list(csv.DictReader(file))[::97]:
            yield faces / row["path"]


def spoiled(photograph: tuple[Pixels, Detection], how: Degradation) -> Conditions:
    pixels, face = photograph
    frame = Frame(how.apply(pixels, face.landmarks, np.random.default_rng(3)), 0)
    return assess(frame, face, align(frame, face, CHIP_PX))


LIGHT, SHADE = (0.06, 0.1, 0.25, 0.5, 0.8), (0.03, 0.1, 0.2, 0.3)
GRAIN, BLUR, PATH = (2, 5, 10, 20, 30), (0.5, 1, 1.5, 2, 3), (3, 5, 7, 11, 21)
AMOUNTS: dict[str, tuple[str, int, Sequence[float], Callable[[Any], Degradation]]] = {
    "darkness": ("luminance", 1, LIGHT, dark),
    "contrast": ("contrast", 1, LIGHT, dark),
    "glare": ("clipped_fraction", 1, (1.6, 2.2, 3, 4, 6), over_exposure),
    "light from the right": ("side_light", -1, SHADE, lambda share: side_light(share, 0)),
    "light from the left": ("side_light", -1, SHADE, lambda share: side_light(share, 180)),
    "light from above": ("top_light", -1, SHADE, lambda share: side_light(share, -90)),
    "light from below": ("top_light", 1, SHADE, lambda share: side_light(share, 90)),
    "noise": ("noise", 1, GRAIN, noise),
    "noise on a blur": ("noise", 1, GRAIN, lambda sigma: after(defocus(2), noise(sigma))),
    "defocus": ("sharpness", -1, BLUR, defocus),
    "defocus in noise": ("sharpness", -1, BLUR, lambda px: after(defocus(px), noise(8))),
    "motion along": ("sharpness", -1, PATH, lambda px: motion(px, 0)),
    "motion aslant": ("sharpness", -1, PATH, lambda px: motion(px, 45)),
    "motion down": ("sharpness", -1, PATH, lambda px: motion(px, 90)),
    "distance": ("sharpness", 1, (16, 24, 36, 50), small),
}
"""What is measured, its sign, how much of it, and how it is made."""


@pytest.mark.shared
@pytest.mark.parametrize("fault", AMOUNTS)
def test_photographs_are_measured_by_the_amount_they_were_spoiled(
    photographs: list[tuple[Pixels, Detection]], fault: str
) -> None:
    field, direction, amounts, make = AMOUNTS[fault]
    one_by_one = [
        rank_correlation(
            amounts, [direction * getattr(spoiled(one, make(amount)), field) for amount in amounts]
        )
        for one in photographs
    ]

    assert min(one_by_one) >= ASKED - 1e-9


@pytest.mark.shared
def test_noise_hardly_changes_sharpness_and_blur_not_the_noise(
    photographs: list[tuple[Pixels, Detection]],
) -> None:
    def middle(how: Degradation, field: str) -> float:
        return float(np.median([getattr(spoiled(one, how), field) for one in photographs]))

    clear = middle(identity(), "sharpness")
    assert middle(noise(10), "sharpness") == pytest.approx(clear, rel=0.1)
    assert middle(noise(20), "sharpness") == pytest.approx(clear, rel=0.2)
    blurred = middle(defocus(2), "sharpness")
    assert middle(after(defocus(2), noise(10)), "sharpness") == pytest.approx(blurred, rel=0.2)
    # Equal noise in three channels is 0.67 of it in luma.
    for how in (noise(10), after(defocus(2), noise(10))):
        assert middle(how, "noise") == pytest.approx(6.7, rel=0.08)


@pytest.mark.shared
def test_a_sharp_face_is_sharp_at_any_distance(
    photographs: list[tuple[Pixels, Detection]],
) -> None:
    def shrunk(photograph: tuple[Pixels, Detection], eye_px: float) -> Conditions:
        pixels, face = photograph
        share = eye_px / 42
        side = round(pixels.shape[0] * share)
        picture = cv2.resize(pixels, (side, side), interpolation=cv2.INTER_AREA)
        scale = side / pixels.shape[0]
        seen = Detection(face.box, ((face.landmarks + 0.5) * scale - 0.5).astype(np.float32), 1)
        frame = Frame(picture, 0)
        return assess(frame, seen, align(frame, seen, CHIP_PX))

    values = [
        np.median([shrunk(one, eye_px).sharpness for one in photographs])
        for eye_px in (14, 20, 28, 36)
    ]

    assert max(values) / min(values) < 1.3
    assert [size_limit(px) for px in (35, 100)] == [1, 1]
    assert size_limit(14) < size_limit(20) < size_limit(28) < 1
