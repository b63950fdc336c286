"""The square around a face: the right place, the right scale, and edges that repeat."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.domain import Box
from kiosk.vision.squarecrop import crop_square

Y, X = np.mgrid[0:120, 0:160]
RAMP = np.stack([X, Y, 0 * X], -1).astype(np.uint8)
"""Blue is the column, green the row."""


def test_inside_the_frame_it_is_the_frame_itself() -> None:
    crop = crop_square(RAMP, Box(50, 40, 70, 60), 2.0, 40)

    assert (crop.left, crop.top, crop.side) == (40, 30, 40)
    assert np.array_equal(crop.pixels, RAMP[30:70, 40:80])


def test_the_longer_side_counts() -> None:
    assert crop_square(RAMP, Box(70, 40, 80, 60), 2.0, 40).side == 40


def test_beyond_the_frame_the_edge_is_repeated_and_the_face_stays_in_the_middle() -> None:
    crop = crop_square(RAMP, Box(0, 0, 20, 20), 3.0, 60)

    assert (crop.left, crop.top, crop.side) == (-20, -20, 60)
    columns = np.clip(np.arange(-20, 40), 0, None)
    assert np.array_equal(crop.pixels[30, :, 0], columns)
    assert np.array_equal(crop.pixels[:, 30, 1], columns)


def test_a_large_square_is_averaged_not_sampled() -> None:
    stripes = np.zeros((400, 400, 3), np.uint8)
    stripes[:, ::2] = 200

    crop = crop_square(stripes, Box(50, 50, 350, 350), 1.0, 50)

    assert np.ptp(crop.pixels) <= 1
    assert crop.pixels.mean() == pytest.approx(100, abs=1)


@given(
    st.floats(-15, 145),
    st.floats(-15, 105),
    st.floats(20, 90),
    st.floats(1.0, 3.0),
    st.sampled_from([64, 80, 112]),
)
def test_points_go_there_and_back_and_lie_where_the_picture_says(
    left: float, top: float, size: float, factor: float, size_px: int
) -> None:
    box = Box(left, top, left + size, top + size)
    crop = crop_square(RAMP, box, factor, size_px)
    points = np.array([[40.0, 50.0], box.centre], np.float32)
    fractions = crop.to_fractions(points)

    assert crop.to_frame(fractions) == pytest.approx(points, abs=1e-3)
    # Centred to the pixel.
    assert fractions[1] == pytest.approx(0.5, abs=1.01 / crop.side)
    column, row = np.floor(fractions[0] * size_px).astype(int)
    if 0 <= column < size_px and 0 <= row < size_px:
        found = crop.pixels[row, column, :2].astype(float)
        assert found == pytest.approx(points[0], abs=1.5 + crop.side / size_px)


@pytest.mark.parametrize(
    "box",
    [
        Box(10, 10, 10, 10),
        Box(float("nan"), 10, 20, 20),
        Box(10, 10, float("inf"), 20),
        Box(500, 10, 520, 30),
        Box(10, 10, 5, 5),
        Box(-5000, -5000, 5000, 5000),
    ],
)
def test_a_box_that_frames_nothing_is_refused(box: Box) -> None:
    with pytest.raises(ValueError, match="px"):
        crop_square(RAMP, box, 1.0, 64)
