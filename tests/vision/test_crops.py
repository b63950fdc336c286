"""Chips for templates: one face a few pixels apart, and with masks drawn over it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest

from kiosk.domain import Detection, Frame, Pixels
from kiosk.drawnface import draw_face
from kiosk.vision.alignment import align, chip_landmarks
from kiosk.vision.crops import masked_chips, template_chips
from kiosk.vision.relight import relight

SIZES = pytest.mark.parametrize("size_px", [112, 160])


@SIZES
def test_a_template_is_made_of_chips_a_few_pixels_apart(drawn_face: Any, size_px: int) -> None:
    frame, face = drawn_face.frame(), drawn_face.detection

    chips = template_chips(frame, face, size_px)

    assert [chip.shape for chip in chips] == [(size_px, size_px, 3)] * 3
    assert np.array_equal(chips[0], align(frame, face, size_px))
    shift = 3 * size_px / 112
    assert shifted_by(chips[0], chips[1]) == pytest.approx((-shift, 0), abs=0.3)
    assert shifted_by(chips[0], chips[2]) == pytest.approx((0, -shift), abs=0.3)


@pytest.mark.parametrize("scale", [0.5, 2.0])
def test_the_shift_is_one_on_the_chip_however_near_the_face(
    make_drawn_face: Any, scale: float
) -> None:
    drawn = make_drawn_face(int(640 * scale), 300 * scale)

    chips = template_chips(drawn.frame(), drawn.detection, 112)

    assert shifted_by(chips[0], chips[1]) == pytest.approx((-3, 0), abs=0.4)


def test_a_dark_face_is_brightened_before_it_is_embedded(drawn_face: Any) -> None:
    frame = drawn_face.frame(lambda pixels: pixels * 0.15)

    for chip in template_chips(frame, drawn_face.detection, 112):
        assert chip.mean() > 2 * align(frame, drawn_face.detection, 112).mean()
    aligned = align(frame, drawn_face.detection, 112)
    assert np.array_equal(template_chips(frame, drawn_face.detection, 112)[0], relight(aligned))


def test_landmarks_that_coincide_give_no_chip(make_detection: Callable[..., Detection]) -> None:
    box = make_detection(10, 10, 60, 60).box
    face = Detection(box, np.full((5, 2), 30, np.float32), 0.9)

    with pytest.raises(ValueError):
        template_chips(Frame(np.zeros((80, 80, 3), np.uint8), 0), face, 112)


@SIZES
def test_masks_cover_the_mouth_and_leave_the_eyes(size_px: int) -> None:
    chip = drawn_chip(size_px)
    before = chip.copy()

    masked = masked_chips(chip)

    assert np.array_equal(chip, before)
    assert len(masked) == 4
    points = chip_landmarks(size_px)
    patch = size_px // 28
    for each in masked:
        assert each.shape == chip.shape and each.dtype == np.uint8
        for x, y in points[:2].astype(int):
            part = np.s_[y - patch : y + patch, x - patch : x + patch]
            assert np.array_equal(each[part], chip[part])
        x, y = points[3:].mean(axis=0).astype(int)
        part = np.s_[y - patch : y + patch, x - patch : x + patch]
        assert np.abs(each[part].astype(int) - chip[part]).mean() > 10


def test_masks_are_light_and_dark_and_worn_at_different_heights() -> None:
    chip = drawn_chip(112)

    masked = masked_chips(chip)

    x, y = chip_landmarks(112)[3:].mean(axis=0).astype(int)
    levels = [float(each[y - 4 : y + 5, x - 4 : x + 5].mean()) for each in masked]
    assert max(levels) - min(levels) > 80
    middle = chip.shape[1] // 2
    tops = {
        int(np.flatnonzero((each[:, middle] != chip[:, middle]).any(axis=1))[0]) for each in masked
    }
    assert len(tops) > 1


def drawn_chip(size_px: int) -> Pixels:
    face = draw_face(400, 400, 330)
    return np.asarray(cv2.resize(face, (size_px, size_px), interpolation=cv2.INTER_AREA), np.uint8)


def shifted_by(one: Pixels, other: Pixels) -> tuple[float, float]:
    """Return by how many pixels the second shows the same further right and further down."""
    grey = [cv2.cvtColor(each, cv2.COLOR_BGR2GRAY).astype(np.float32) for each in (one, other)]
    window = cv2.createHanningWindow(grey[0].shape[::-1], cv2.CV_32F)
    (x, y), _ = cv2.phaseCorrelate(*grey, window)
    return x, y
