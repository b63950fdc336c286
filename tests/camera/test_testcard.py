"""The drawn test scene."""

from __future__ import annotations

import numpy as np
import pytest

from kiosk.camera.testcard import TestPictureCamera, draw_test_picture
from kiosk.config import CameraConfig


def test_same_number_gives_the_same_pixels() -> None:
    first = draw_test_picture(17, 640, 480)
    assert first.shape == (480, 640, 3)
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, draw_test_picture(17, 640, 480))


def test_the_face_moves_and_the_counter_counts() -> None:
    one, two = draw_test_picture(0, 640, 480), draw_test_picture(20, 640, 480)
    changed = np.abs(one.astype(int) - two).max(axis=2) > 30
    assert changed[56:84, 220:420].any(), "the counter stands still"
    assert changed[150:330].mean() > 0.02, "the face stands still"


def test_the_words_are_written_on_the_wall() -> None:
    picture = draw_test_picture(0, 640, 480)
    words = picture[20:56, 220:420].min(axis=2)
    wall = picture[20:56, 520:620].min(axis=2)
    assert (words < 100).mean() > 0.05
    assert (wall < 100).mean() == 0


@pytest.mark.parametrize(("width", "height"), [(160, 120), (120, 160), (1920, 1080)])
def test_any_configured_size_can_be_drawn(width: int, height: int) -> None:
    assert draw_test_picture(5, width, height).shape == (height, width, 3)


def test_camera_counts_from_zero_at_each_opening() -> None:
    camera = TestPictureCamera(CameraConfig(width_px=160, height_px=120, frames_per_s=120))
    for _ in range(2):
        camera.open()
        np.testing.assert_array_equal(camera.read(), draw_test_picture(0, 160, 120))
        np.testing.assert_array_equal(camera.read(), draw_test_picture(1, 160, 120))
        camera.close()
    assert camera.is_live
