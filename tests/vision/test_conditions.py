"""Conditions: each number follows the fault it stands for, and leaves the others' alone."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from kiosk.camera.imagefile import read_image
from kiosk.domain import Box, Conditions, Detection, Frame, HeadPose, Pixels
from kiosk.vision.alignment import align, chip_landmarks
from kiosk.vision.conditions import (
    CHIP_PX,
    assess,
    directional_ratios,
    frontal_eye_distance_px,
    sensor_noise,
    sharpness,
)
from kiosk.vision.detector import RetinaFaceDetector

Change = Callable[[Pixels], NDArray[Any]]


def conditions_of(face: Any, change: Change | None = None) -> Conditions:
    frame = face.frame(change)
    return assess(frame, face.detection, align(frame, face.detection, CHIP_PX))


def gain(factor: float) -> Change:
    return lambda pixels: pixels * factor


def noise(sigma: float) -> Change:
    rng = np.random.default_rng(8)
    return lambda pixels: pixels + rng.normal(0, sigma, pixels.shape)


def defocus(sigma: float) -> Change:
    return lambda pixels: cv2.GaussianBlur(pixels, (0, 0), sigma)


def motion(length: int, angle_deg: float) -> Change:
    kernel = np.zeros((2 * length + 1, 2 * length + 1), np.float32)
    reach = (
        length
        / 2
        * np.array([math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))])
    )
    start, end = length - reach, length + reach
    cv2.line(
        kernel,
        (round(start[0] * 16), round(start[1] * 16)),
        (round(end[0] * 16), round(end[1] * 16)),
        1.0,
        1,
        cv2.LINE_AA,
        4,
    )
    return lambda pixels: cv2.filter2D(pixels, -1, kernel / kernel.sum())


def side_light(share: float) -> Change:
    ramp = np.linspace(1 - share, 1 + share, 640)[None, :, None]
    return lambda pixels: pixels * ramp


def strictly(values: list[float], direction: int) -> bool:
    return all(direction * (after - before) > 0 for before, after in itertools.pairwise(values))


def test_a_good_picture_reads_as_good(drawn_face: Any) -> None:
    found = conditions_of(drawn_face)

    assert 60 < found.luminance < 220
    assert found.contrast > 12
    assert found.clipped_fraction < 0.05
    assert found.side_light < 0.25
    assert found.noise < 6
    assert found.sharpness > 0.4
    assert found.inside_fraction == 1


@pytest.mark.parametrize("factor", [0.2, 0.5, 0.8])
def test_luminance_and_contrast_are_proportional_to_the_light(
    drawn_face: Any, factor: float
) -> None:
    bright, dim = conditions_of(drawn_face), conditions_of(drawn_face, gain(factor))

    assert dim.luminance == pytest.approx(bright.luminance * factor, abs=1)
    assert dim.contrast == pytest.approx(bright.contrast * factor, abs=1)


def test_luminance_weighs_colours_as_eyes_do() -> None:
    chip = np.zeros((CHIP_PX, CHIP_PX, 3), np.uint8)
    face = Detection(Box(0, 0, 112, 112), chip_landmarks(112).astype(np.float32), 1)
    found = []
    for channel in range(3):
        coloured = chip.copy()
        coloured[..., channel] = 200
        found.append(assess(Frame(coloured, 0), face, coloured).luminance)

    blue, green, red = found
    assert (blue, green, red) == pytest.approx((22.8, 117.4, 59.8), abs=1)


def test_more_glare_is_more_clipped(drawn_face: Any) -> None:
    shares = [
        conditions_of(drawn_face, gain(factor)).clipped_fraction for factor in (1.0, 1.3, 1.7, 2.5)
    ]

    assert strictly(shares, 1)
    assert shares[-1] > 0.4
    assert conditions_of(drawn_face, gain(50.0)).clipped_fraction > 0.95


def test_more_light_from_one_side_is_more_side_light(drawn_face: Any) -> None:
    from_right = [
        conditions_of(drawn_face, side_light(share)).side_light for share in (0.3, 0.6, 0.9)
    ]
    from_left = [
        conditions_of(drawn_face, side_light(-share)).side_light for share in (0.5, 0.7, 0.9)
    ]

    assert strictly(from_right, 1)
    assert strictly(from_left, 1)


def test_half_a_face_in_the_dark_is_side_light_of_one() -> None:
    pixels = np.zeros((112, 112, 3), np.uint8)
    pixels[:, 56:] = 150
    face = Detection(Box(0, 0, 112, 112), chip_landmarks(112).astype(np.float32), 1)

    for chip in (pixels, pixels[:, ::-1].copy()):
        assert assess(Frame(chip, 0), face, chip).side_light == pytest.approx(1)
    even = np.full_like(pixels, 150)
    assert assess(Frame(even, 0), face, even).side_light == pytest.approx(0, abs=1e-6)


def test_noise_is_measured_in_grey_levels() -> None:
    rng = np.random.default_rng(2)
    face = Detection(Box(0, 0, 112, 112), chip_landmarks(112).astype(np.float32), 1)
    for sigma in (1.0, 4.0, 12.0):
        grey = (128 + rng.normal(0, sigma, (112, 112))).round().astype(np.uint8)
        chip = grey[..., None].repeat(3, -1)
        found = assess(Frame(chip, 0), face, chip).noise
        assert found == pytest.approx(sigma, rel=0.1, abs=0.1)


@pytest.mark.parametrize("eye_px", [12, 18, 30, 60, 69, 71, 140])
def test_noise_is_no_detail_at_any_size(eye_px: float) -> None:
    rng = np.random.default_rng(6)
    side = round(4 * eye_px)
    grain = np.clip(rng.normal(120, 12, (side, side)), 0, 255).astype(np.uint8)
    scale = eye_px / 35.24
    points = (chip_landmarks(112) - 56) * scale + side / 2
    box = Box(side / 2 - eye_px, side / 2 - eye_px, side / 2 + eye_px, side / 2 + eye_px)
    frame, face = Frame(grain[..., None].repeat(3, -1), 0), Detection(box, np.float32(points), 1)
    grey = cv2.cvtColor(align(frame, face, CHIP_PX), cv2.COLOR_BGR2GRAY).astype(np.float32)

    taken_for_detail = directional_ratios(grey).max()
    left = directional_ratios(grey, 12.0, 1 / scale).max()

    assert sensor_noise(frame, face, eye_px) == pytest.approx(12, rel=0.15)
    assert left < 0.3 * taken_for_detail


def test_more_noise_reads_as_more(make_drawn_face: Any) -> None:
    face = make_drawn_face(320, 150)  # about the chip's size: noise is not averaged away

    assert strictly([conditions_of(face, noise(sigma)).noise for sigma in (0, 4, 8, 16)], 1)


def test_more_defocus_is_less_sharp(drawn_face: Any) -> None:
    values = [conditions_of(drawn_face, defocus(sigma)).sharpness for sigma in (0.5, 3, 5, 8, 12)]

    assert strictly(values, -1)
    assert values[-1] < 0.2 * values[0]


@pytest.mark.parametrize("angle_deg", [0, 22.5, 45, 67.5, 90, 112.5, 135, 157.5])
def test_more_motion_in_any_direction_is_less_sharp(drawn_face: Any, angle_deg: float) -> None:
    values = [
        conditions_of(drawn_face, motion(length, angle_deg)).sharpness for length in (3, 17, 33)
    ]

    assert strictly(values, -1)
    assert values[-1] < 0.6 * values[0]


@pytest.mark.parametrize("factor", [0.5, 0.75, 1.3])
def test_sharpness_hardly_depends_on_the_light(
    shared: Path, detector: RetinaFaceDetector, factor: float
) -> None:
    pixels = read_image(shared / "faces" / "london" / "L001" / "neutral_front.jpg")
    face = detector.detect(Frame(pixels, 0))[0]
    chip = align(Frame(pixels, 0), face, CHIP_PX)
    grey = cv2.cvtColor(chip, cv2.COLOR_BGR2GRAY).astype(np.float32)

    assert sharpness(grey * factor) == pytest.approx(sharpness(grey), rel=0.12)
    assert sharpness(grey + 40) == pytest.approx(sharpness(grey), rel=1e-3)


def test_a_picture_with_little_contrast_is_never_called_sharper(drawn_face: Any) -> None:
    chip = align(drawn_face.frame(), drawn_face.detection, CHIP_PX)
    grey = cv2.cvtColor(chip, cv2.COLOR_BGR2GRAY).astype(np.float32)

    values = [sharpness(grey * factor) for factor in (1.0, 0.75, 0.5, 0.3, 0.1, 0.01)]

    assert strictly(values, -1)
    assert values[1] > 0.9 * values[0]


def test_sharpness_does_not_depend_on_the_size_of_a_sharp_face(make_drawn_face: Any) -> None:
    values = [conditions_of(make_drawn_face(640, size)).sharpness for size in (200, 300, 400)]

    assert max(values) / min(values) < 1.35


@pytest.mark.parametrize("value", [0, 128, 255])
def test_an_empty_picture_has_no_sharpness(value: int) -> None:
    assert sharpness(np.full((112, 112), value, np.float32)) == pytest.approx(0, abs=1e-6)


def test_hair_and_background_do_not_count() -> None:
    face = Detection(Box(0, 0, 112, 112), chip_landmarks(112).astype(np.float32), 1)
    chip = np.random.default_rng(1).integers(60, 180, (112, 112, 3)).astype(np.uint8)
    other = chip.copy()
    other[:24] = 255
    other[:, :18] = 0
    other[:, 95:] = 255

    first = assess(Frame(chip, 0), face, chip)
    second = assess(Frame(other, 0), face, other)

    for name in ("luminance", "contrast", "clipped_fraction", "side_light", "noise"):
        assert getattr(first, name) == pytest.approx(getattr(second, name), rel=1e-6)


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        (Box(10, 10, 90, 70), 1.0),
        (Box(0, 0, 100, 80), 1.0),
        (Box(-40, 0, 40, 80), 0.5),
        (Box(60, 0, 140, 80), 0.5),
        (Box(0, -20, 80, 60), 0.75),
        (Box(0, 40, 80, 120), 0.5),
        (Box(-50, -40, 50, 40), 0.25),
        (Box(-100, -80, 200, 160), 8000 / 72000),
        (Box(200, 0, 300, 80), 0.0),
        (Box(-200, -200, -10, -10), 0.0),
        (Box(5, 5, 5, 5), 0.0),
    ],
)
def test_the_share_of_the_face_inside_the_frame(box: Box, expected: float) -> None:
    frame = Frame(np.zeros((80, 100, 3), np.uint8), 0)
    face = Detection(box, chip_landmarks(112).astype(np.float32), 1)

    found = assess(frame, face, np.zeros((112, 112, 3), np.uint8)).inside_fraction

    assert found == pytest.approx(expected)


@pytest.mark.parametrize("scale", [20.0, 60.0, 200.0])
def test_the_eye_distance_is_that_of_the_frontal_face(
    landmarks_of: Callable[..., NDArray[np.float32]], scale: float
) -> None:
    def distance(yaw_deg: float, roll_deg: float) -> tuple[float, float]:
        points = landmarks_of(HeadPose(yaw_deg, 0, roll_deg), scale)
        face = Detection(Box(0, 0, 1, 1), points, 1)
        return frontal_eye_distance_px(face), face.eye_distance_px

    front, plain = distance(0, 0)
    assert front == pytest.approx(scale, rel=0.02)
    assert plain == pytest.approx(scale, rel=1e-3)
    assert distance(0, 40)[0] == pytest.approx(front, rel=1e-4)
    turned, shrunk = distance(45, 0)
    assert turned > 0.85 * front
    assert shrunk < 0.75 * plain


def test_the_detector_finds_the_drawn_face_and_the_numbers_agree(
    drawn_face: Any, detector: RetinaFaceDetector
) -> None:
    frame = drawn_face.frame()
    (found,) = detector.detect(frame)

    by_network = assess(frame, found, align(frame, found, CHIP_PX))
    by_hand = conditions_of(drawn_face)

    assert by_network.luminance == pytest.approx(by_hand.luminance, rel=0.1)
    assert by_network.eye_distance_px == pytest.approx(by_hand.eye_distance_px, rel=0.12)
    assert by_network.inside_fraction == 1
