"""Letterboxing: where a pixel goes, and back, without losing a fraction of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.vision.letterbox import letterbox

FILL = (104, 117, 123)
SIZES = [
    (320, 320),
    (640, 480),
    (641, 481),
    (639, 1),
    (1, 639),
    (1, 1),
    (2, 3),
    (100, 99),
    (1280, 720),
    (1279, 717),
    (1281, 1279),
    (720, 1280),
    (480, 640),
    (1920, 1080),
    (321, 319),
    (319, 321),
    (643, 200),
    (200, 2571),
]


def ramp(length: int) -> np.ndarray:
    return np.linspace(5, 250, length)


def spread(row: np.ndarray, width: int, height: int, axis: int) -> np.ndarray:
    """Make a picture that varies along one axis only."""
    grey = row[None, :].repeat(height, 0) if axis == 0 else row[:, None].repeat(width, 1)
    return grey.round().astype(np.uint8)[..., None].repeat(3, -1)


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_picture_keeps_its_shape_and_the_rest_is_filled(width: int, height: int) -> None:
    boxed = letterbox(np.full((height, width, 3), 255, np.uint8), 320, 320, FILL)

    inner_width, inner_height = boxed.scale_x * width, boxed.scale_y * height
    assert boxed.pixels.shape == (320, 320, 3)
    assert boxed.pixels.dtype == np.uint8
    assert max(inner_width, inner_height) == pytest.approx(320)
    assert abs(inner_width - max(1, width * 320 / max(width, height))) <= 0.5 + 1e-6
    assert abs(inner_height - max(1, height * 320 / max(width, height))) <= 0.5 + 1e-6
    columns, rows = round(inner_width), round(inner_height)
    assert (boxed.pixels[:rows, :columns] == 255).all()
    assert (boxed.pixels[rows:] == FILL).all()
    assert (boxed.pixels[:, columns:] == FILL).all()


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize(("width", "height"), [size for size in SIZES if min(size) > 16])
def test_every_value_is_the_frames_at_the_mapped_place(width: int, height: int, axis: int) -> None:
    length = (width, height)[axis]
    step = 245 / (length - 1)
    rising, falling = ramp(length), ramp(length)[::-1]
    up = letterbox(spread(rising, width, height, axis), 320, 320, FILL)
    down = letterbox(spread(falling, width, height, axis), 320, 320, FILL)
    count = round((up.scale_x, up.scale_y)[axis] * length)
    at = np.arange(count, dtype=np.float32) + np.float32(0.5)
    place = up.to_frame(np.stack([at, at], -1))[:, axis]

    core = slice(4, -4)  # off the border, beyond which there is nothing to average with
    off_up, off_down = (
        (boxed.pixels[2, :count, 0] if axis == 0 else boxed.pixels[:count, 2, 0]).astype(float)
        - (5 + step * (place if boxed is up else length - 1 - place))
        for boxed in (up, down)
    )

    assert np.abs(off_up[core]).max() < 1.6
    assert np.abs(off_down[core]).max() < 1.6
    # Rounding lifts or lowers both ramps alike; a shift lifts one and lowers the other.
    assert abs((off_up[core] - off_down[core]).mean() / 2 / step) < 0.03


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (641, 481), (1279, 717), (200, 150)])
@pytest.mark.parametrize("place", [(0.31, 0.42), (0.77, 0.18), (0.5, 0.8)])
def test_a_spot_is_found_where_it_is(width: int, height: int, place: tuple[float, float]) -> None:
    at = np.array([place[0] * width, place[1] * height])
    y, x = np.mgrid[0:height, 0:width]
    blur = min(width, height) / 40
    spot = 250 * np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / (2 * blur**2))
    boxed = letterbox(spot[..., None].repeat(3, -1).astype(np.uint8), 320, 320, (0, 0, 0))

    weight = boxed.pixels[..., 0].astype(float)
    v, u = np.mgrid[0:320, 0:320] + 0.5
    centre = np.array([(u * weight).sum(), (v * weight).sum()], np.float32) / weight.sum()

    assert boxed.to_frame(centre.astype(np.float32)) == pytest.approx(at, abs=0.05)


def test_fine_patterns_average_out_instead_of_aliasing() -> None:
    checkers = (np.indices((1280, 1280)).sum(0) % 2 * 255).astype(np.uint8)

    boxed = letterbox(checkers[..., None].repeat(3, -1), 320, 320, FILL)

    assert np.abs(boxed.pixels.astype(int) - 127).max() <= 2


def test_the_frame_is_left_alone_and_not_shared() -> None:
    pixels = spread(ramp(320), 320, 320, 0)
    pixels.flags.writeable = False

    boxed = letterbox(pixels, 320, 320, FILL)

    assert np.array_equal(boxed.pixels, pixels)
    boxed.pixels[:] = 0
    assert pixels.any()


def test_a_canvas_need_not_be_square() -> None:
    boxed = letterbox(np.full((100, 100, 3), 9, np.uint8), 64, 32, (1, 2, 3))

    assert boxed.pixels.shape == (32, 64, 3)
    assert (boxed.pixels[:, :32] == 9).all()
    assert (boxed.pixels[:, 32:] == (1, 2, 3)).all()


def test_a_crop_is_taken_as_it_is() -> None:
    wide = spread(ramp(800), 800, 600, 0)
    crop = wide[100:400, 50:450]
    assert np.array_equal(
        letterbox(crop, 320, 320, FILL).pixels, letterbox(crop.copy(), 320, 320, FILL).pixels
    )


@settings(deadline=None, max_examples=60)
@given(
    width=st.integers(1, 700),
    height=st.integers(1, 700),
    canvas=st.sampled_from([(320, 320), (64, 48), (33, 65)]),
)
def test_the_corners_of_the_picture_map_to_the_corners_of_the_frame(
    width: int, height: int, canvas: tuple[int, int]
) -> None:
    boxed = letterbox(np.full((height, width, 3), 200, np.uint8), *canvas, FILL)
    inside = (boxed.pixels == 200).all(-1)
    rows, columns = int(inside.any(1).sum()), int(inside.any(0).sum())

    corners = boxed.to_frame(np.array([[0, 0], [columns, rows]], np.float32))

    assert inside[:rows, :columns].all()
    assert corners[0] == pytest.approx((-0.5, -0.5), abs=1e-3)
    assert corners[1] == pytest.approx((width - 0.5, height - 0.5), rel=1e-5, abs=1e-3)
