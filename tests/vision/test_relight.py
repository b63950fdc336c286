"""Light on the chip: dark and one-sided chips come right, ordinary ones stay untouched."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from kiosk.domain import Pixels
from kiosk.drawnface import draw_face
from kiosk.vision.relight import relight


def chip(size_px: int = 112) -> Pixels:
    face = cv2.resize(draw_face(400, 400, 330), (size_px, size_px), interpolation=cv2.INTER_AREA)
    # Symmetric, so that each side is known to be as bright as the other.
    return np.asarray((face.astype(np.float32) + face[:, ::-1]) / 2, np.uint8)


def lit(pixels: Pixels, factors: NDArray[np.floating] | float) -> Pixels:
    return np.asarray(np.clip(pixels * factors, 0, 255), np.uint8)


def ramp(size_px: int, darkest: float) -> NDArray[np.floating]:
    return np.exp(np.linspace(np.log(darkest), 0, size_px))[None, :, None]


def middle(pixels: Pixels) -> NDArray[np.floating]:
    size_px = len(pixels)
    part = slice(size_px * 3 // 10, size_px * 7 // 10)
    return pixels[part, part].astype(float)


@pytest.mark.parametrize("size_px", [112, 160])
@pytest.mark.parametrize("factor", [0.8, 1.0, 1.2])
def test_an_ordinary_chip_is_handed_back_untouched(size_px: int, factor: float) -> None:
    ordinary = lit(chip(size_px), factor)

    assert relight(ordinary) is ordinary


@pytest.mark.parametrize("factor", [0.25, 0.1])
@pytest.mark.parametrize("size_px", [112, 160])
def test_a_dark_chip_becomes_as_bright_as_photographs_are(size_px: int, factor: float) -> None:
    bright = relight(lit(chip(size_px), factor))

    assert 110 < middle(bright).mean() < 165
    assert np.corrcoef(middle(bright).ravel(), middle(chip(size_px)).ravel())[0, 1] > 0.98


@pytest.mark.parametrize("darkest", [0.02, 0.04])
@pytest.mark.parametrize("flipped", [False, True])
def test_light_from_one_side_is_evened_out(darkest: float, flipped: bool) -> None:
    one_sided = lit(chip(), ramp(112, darkest))
    if flipped:
        one_sided = np.ascontiguousarray(one_sided[:, ::-1])

    even = relight(one_sided)

    reference = middle(chip())
    before = np.abs(middle(one_sided) / middle(one_sided).mean() - reference / reference.mean())
    after = np.abs(middle(even) / middle(even).mean() - reference / reference.mean())
    assert after.mean() < 0.5 * before.mean()


def test_a_side_and_its_mirror_image_are_treated_alike() -> None:
    one_sided = lit(chip(), ramp(112, 0.03))
    mirrored = np.ascontiguousarray(one_sided[:, ::-1])

    difference = relight(one_sided).astype(int) - relight(mirrored)[:, ::-1].astype(int)

    assert np.abs(difference).max() <= 2


def test_correction_sets_in_gradually() -> None:
    levels = [middle(relight(lit(chip(), factor))).mean() for factor in np.arange(0.2, 1.0, 0.01)]

    assert np.abs(np.diff(levels)).max() < 12


def test_the_chip_given_is_not_written_to() -> None:
    dark = lit(chip(), 0.1)
    before = dark.copy()

    relight(dark)

    np.testing.assert_array_equal(dark, before)


def test_a_black_chip_stays_black() -> None:
    assert relight(np.zeros((112, 112, 3), np.uint8)).max() <= 1


@settings(max_examples=60)
@given(
    hnp.arrays(np.uint8, st.sampled_from([(112, 112, 3), (160, 160, 3)]), fill=st.integers(0, 255))
)
def test_any_chip_gives_a_chip(pixels: Pixels) -> None:
    answer = relight(pixels)

    assert answer.shape == pixels.shape
    assert answer.dtype == np.uint8
