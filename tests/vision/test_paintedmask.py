"""Painted masks: they hide mouth and nose, follow the head and the light, and leave the eyes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kiosk.domain import HeadPose, Pixels
from kiosk.vision.alignment import chip_landmarks
from kiosk.vision.paintedmask import STYLES, MaskShape, MaskStyle, paint_mask, random_style

SKIN = (120, 150, 200)


def painted(
    landmarks: NDArray[np.float32], style: MaskStyle = STYLES[0], skin: Any = SKIN
) -> tuple[Pixels, NDArray[np.bool_]]:
    """Return a plain face with a mask, and where the mask is."""
    plain = np.full((480, 640, 3), skin, np.uint8)
    masked = paint_mask(plain, landmarks, style)
    return masked, (masked != plain).any(axis=-1)


def covers(where: NDArray[np.bool_], point: NDArray[np.float32]) -> bool:
    x, y = np.rint(point).astype(int)
    return bool(where[y, x])


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)
@pytest.mark.parametrize("yaw_deg", [-40, 0, 25])
def test_every_mask_hides_the_mouth_and_leaves_the_eyes(
    landmarks_of: Callable[..., NDArray[np.float32]], style: MaskStyle, yaw_deg: float
) -> None:
    landmarks = landmarks_of(HeadPose(yaw_deg, 0, 10), 60)

    _, where = painted(landmarks, style)

    assert covers(where, landmarks[3])
    assert covers(where, landmarks[4])
    assert covers(where, landmarks[3:].mean(axis=0))
    assert not covers(where, landmarks[0])
    assert not covers(where, landmarks[1])
    assert 0.02 < where.mean() < 0.12


def test_a_mask_below_the_nose_leaves_it_free(
    landmarks_of: Callable[..., NDArray[np.float32]],
) -> None:
    landmarks = landmarks_of(HeadPose(0, 0, 0), 60)

    _, low = painted(landmarks, MaskStyle("low", MaskShape.CLOTH, (40, 40, 40), top=0.75))
    _, high = painted(landmarks, MaskStyle("high", MaskShape.CLOTH, (40, 40, 40), top=0.3))

    assert not covers(low, landmarks[2])
    assert covers(high, landmarks[2])


def test_the_mask_turns_with_the_head(landmarks_of: Callable[..., NDArray[np.float32]]) -> None:
    def reach(yaw_deg: float) -> tuple[float, float]:
        landmarks = landmarks_of(HeadPose(yaw_deg, 0, 0), 60)
        _, where = painted(landmarks, MaskStyle("plain", MaskShape.SCARF, (40, 40, 40)))
        row = np.flatnonzero(where[round(float(landmarks[3, 1]))])
        middle = landmarks[[0, 1, 3, 4], 0].mean()
        return float(middle - row[0]), float(row[-1] - middle)

    front, turned, back = reach(0), reach(35), reach(-35)

    assert front[0] == pytest.approx(front[1], abs=2)
    assert turned[0] > turned[1] + 10
    assert turned == pytest.approx(back[::-1], abs=2.5)


def test_it_scales_with_the_face_down_to_a_chip() -> None:
    plain = np.full((112, 112, 3), SKIN, np.uint8)

    chip = paint_mask(plain, chip_landmarks(112), STYLES[1])

    changed = (chip != plain).any(axis=-1)
    assert 0.2 < changed.mean() < 0.55
    assert not changed[:52].any()
    assert changed[92, 40:72].all()


def test_the_mask_is_as_dark_as_the_light_on_the_face(
    landmarks_of: Callable[..., NDArray[np.float32]],
) -> None:
    landmarks = landmarks_of(HeadPose(0, 0, 0), 60)
    x, y = np.rint(landmarks[3:].mean(axis=0)).astype(int)
    ramp = (np.linspace(0.2, 1.8, 640)[None, :, None] * np.array(SKIN) * 0.6).astype(np.uint8)

    bright, _ = painted(landmarks)
    dark, _ = painted(landmarks, skin=[value // 4 for value in SKIN])
    sided, _ = painted(landmarks, skin=np.broadcast_to(ramp, (480, 640, 3)))

    assert dark[y, x].mean() < 0.5 * bright[y, x].mean()
    assert sided[y, x - 30].mean() < 0.85 * sided[y, x + 30].mean()


def test_the_input_is_not_changed_and_the_same_style_paints_the_same(
    landmarks_of: Callable[..., NDArray[np.float32]],
) -> None:
    landmarks = landmarks_of(HeadPose(5, 5, 5), 60)
    plain = np.full((480, 640, 3), SKIN, np.uint8)

    first, second = (paint_mask(plain, landmarks, STYLES[-3]) for _ in range(2))

    assert np.array_equal(first, second)
    assert (plain == SKIN).all()


@pytest.mark.parametrize("shift", [(-330, 0), (0, 330), (5000, 0)])
def test_a_face_that_leaves_the_picture_is_painted_as_far_as_it_is_seen(
    landmarks_of: Callable[..., NDArray[np.float32]], shift: tuple[float, float]
) -> None:
    masked, _ = painted(landmarks_of(HeadPose(0, 0, 0), 60) + np.float32(shift))

    assert masked.shape == (480, 640, 3)


def test_random_masks_differ_and_repeat() -> None:
    rng = np.random.default_rng(3)
    styles = [random_style(rng) for _ in range(40)]

    assert styles[0] == random_style(np.random.default_rng(3))
    assert len({style.shape for style in styles}) == len(MaskShape)
    assert len({style.colour for style in styles}) > 30


def test_coinciding_landmarks_are_refused() -> None:
    with pytest.raises(ValueError, match="coincide"):
        paint_mask(np.zeros((9, 9, 3), np.uint8), np.ones((5, 2), np.float32), STYLES[0])
