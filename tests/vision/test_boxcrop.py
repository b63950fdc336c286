"""The window in the shape of the box: inside the frame, as large as fits, stretched."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.domain import Box
from kiosk.vision.boxcrop import crop_box

Y, X = np.mgrid[0:240, 0:160]
RAMP = np.stack([X, Y, 0 * X], -1).astype(np.uint8)
"""Blue is the column, green the row."""


def spans(pixels: np.ndarray) -> tuple[int, int, int, int]:
    """Columns and rows of the frame that are seen: first and last."""
    return pixels[0, 0, 0], pixels[0, -1, 0], pixels[0, 0, 1], pixels[-1, 0, 1]


def test_it_has_the_boxs_proportions_and_is_stretched() -> None:
    pixels = crop_box(RAMP, Box(60, 90, 100, 150), 2.0, 80)

    assert pixels.shape == (80, 80, 3)
    assert spans(pixels) == pytest.approx((40, 120, 60, 180), abs=1)


def test_beyond_the_frame_it_is_shifted_and_nothing_is_made_up() -> None:
    pixels = crop_box(RAMP, Box(0, 0, 40, 60), 2.0, 80)

    assert spans(pixels) == pytest.approx((0, 80, 0, 120), abs=1)


def test_a_face_too_near_is_seen_with_less_around_it() -> None:
    pixels = crop_box(RAMP, Box(30, 60, 130, 200), 2.7, 80)

    assert spans(pixels) == pytest.approx((0, 159, 18, 239), abs=2)


@given(
    st.floats(-40, 150), st.floats(-40, 230), st.floats(1, 900), st.floats(1, 900),
    st.floats(1, 4),
)  # fmt: skip
def test_any_box_that_touches_the_frame_is_cut_inside_it(
    left: float, top: float, width: float, height: float, factor: float
) -> None:
    box = Box(left, top, left + width, top + height)
    if box.right <= 0 or box.bottom <= 0 or min(box.width, box.height) < 1:
        return

    pixels = crop_box(RAMP, box, factor, 64)

    assert pixels.shape == (64, 64, 3)


@pytest.mark.parametrize(
    "box",
    [
        Box(10, 10, 10, 10),
        Box(float("nan"), 10, 20, 20),
        Box(10, 10, float("inf"), 20),
        Box(500, 10, 520, 30),
        Box(10, -50, 20, 0),
        Box(10, 10, 5, 5),
    ],
)
def test_a_box_that_frames_nothing_is_refused(box: Box) -> None:
    with pytest.raises(ValueError, match="px"):
        crop_box(RAMP, box, 2.7, 80)
