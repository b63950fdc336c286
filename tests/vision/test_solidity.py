"""Depth from five landmarks: heads that turn have it, pictures turned in the hand do not."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from kiosk.domain import HeadPose
from kiosk.vision.head_pose import SHAPE, rotation_matrix
from kiosk.vision.headturns import HeadTurnRules
from kiosk.vision.solidity import Evidence, Solidity, nose_in_plane

Landmarks = NDArray[np.float32]
EYE_PX = 60.0
DISTANCE = 8.0
"""Of the camera, in eye distances: half a metre."""
NOISE = 0.02
NEEDED = HeadTurnRules().solid_log_ratio


def seen(points: NDArray[np.float64], pose: HeadPose) -> Landmarks:
    """Turn points (5, 3) and look at them from near by: true perspective."""
    turned = (points - [0, 0.5, 0]) @ rotation_matrix(pose).T
    scale = EYE_PX * DISTANCE / (DISTANCE + turned[:, 2:])
    return (turned[:, :2] * scale + [320, 240]).astype(np.float32)


def head(pose: HeadPose) -> Landmarks:
    return seen(SHAPE, pose)


def picture(pose: HeadPose, bend: float = 0.0) -> Landmarks:
    """A frontal portrait on paper; ``bend``: 1/radius of the cylinder, in 1/eye distance."""
    flat = SHAPE.copy()
    flat[:, 2] = 0.5 * bend * flat[:, 0] ** 2
    return seen(flat, pose)


def shown(frames: Iterable[Landmarks], every_ms: int = 100, seed: int = 1) -> Evidence:
    rng, depth = np.random.default_rng(seed), Solidity()
    for number, landmarks in enumerate(frames):
        noise = rng.normal(0, NOISE * EYE_PX, (5, 2))
        depth.update(number * every_ms * 1_000_000, (landmarks + noise).astype(np.float32))
    return depth.evidence


def swing(yaw_deg: float, count: int = 25, pitch_deg: float = 0.0) -> list[HeadPose]:
    """Look ahead, turn, stay and come back."""
    share = np.interp(np.arange(count) / (count - 1), [0, 0.3, 0.5, 0.7, 1], [0, 0, 1, 1, 0])
    return [HeadPose(yaw_deg * s, pitch_deg * s, 0.0) for s in share]


@pytest.mark.parametrize("yaw_deg", [-45, -35, 35, 45])
def test_a_head_that_turns_has_depth(yaw_deg: float) -> None:
    evidence = shown(map(head, swing(yaw_deg)))

    assert evidence.log_ratio > NEEDED
    assert evidence.turned_deg == pytest.approx(abs(yaw_deg), abs=9)


@pytest.mark.parametrize("yaw_deg", [0, 20, 40, 60])
@pytest.mark.parametrize("bend", [0.0, 0.2, 0.5])
def test_a_picture_that_is_turned_has_none(yaw_deg: float, bend: float) -> None:
    evidence = shown(picture(pose, bend) for pose in swing(yaw_deg))

    assert evidence.log_ratio < NEEDED
    assert evidence.turned_deg < 20


def test_who_stands_still_says_nothing_for_either() -> None:
    evidence = shown([head(HeadPose(0, 0, 0))] * 60)

    assert evidence.log_ratio < 0.1
    assert evidence.turned_deg < 10


def test_a_smile_is_no_turn() -> None:
    smiling = head(HeadPose(0, 0, 0)) - np.array([[0, 0]] * 3 + [[8, 12], [-8, 12]], np.float32)
    frames = [head(HeadPose(0, 0, 0))] * 20 + [smiling] * 40 + [head(HeadPose(0, 0, 0))] * 20

    assert abs(shown(frames).log_ratio) < 1


def test_a_smile_hides_no_turn() -> None:
    smile = np.array([[0, 0]] * 3 + [[8, 12], [-8, 12]], np.float32)

    assert shown(head(pose) - smile for pose in swing(40)).log_ratio > NEEDED


@given(
    st.lists(
        st.tuples(st.floats(-60, 60), st.floats(-25, 25), st.floats(-30, 30), st.floats(0.6, 1.6)),
        min_size=10,
        max_size=40,
    ),
    st.integers(0, 1000),
)
@settings(deadline=None, max_examples=60)
def test_however_a_flat_picture_is_moved_it_shows_no_depth(
    places: list[tuple[float, float, float, float]], seed: int
) -> None:
    frames = [
        picture(HeadPose(yaw, pitch, roll)) * np.float32(size) for yaw, pitch, roll, size in places
    ]

    assert shown(frames, seed=seed).log_ratio < NEEDED


@pytest.mark.parametrize("every_ms", [33, 66])
def test_the_rate_of_frames_changes_little(every_ms: int) -> None:
    poses = swing(38, 3300 // every_ms)
    slow = shown(map(head, swing(38, 33))).log_ratio

    assert shown(map(head, poses), every_ms).log_ratio == pytest.approx(slow, rel=0.25)


def test_one_misplaced_landmark_proves_nothing() -> None:
    frames = [head(HeadPose(0, 0, 0)) for _ in range(20)]
    frames[9] = head(HeadPose(50, 0, 0))

    assert shown(frames).log_ratio < NEEDED


def test_a_frame_that_is_not_newer_adds_nothing() -> None:
    depth = Solidity()
    for _ in range(50):
        depth.update(5, head(HeadPose(40, 0, 0)))

    assert depth.evidence.seconds == 0.25


def test_reset_forgets() -> None:
    depth = Solidity()
    for number, pose in enumerate(swing(45)):
        depth.update(number * 100_000_000, head(pose))
    depth.reset()

    assert depth.evidence == Evidence(Solidity().evidence.log_ratio, 0.0, 0.0)


@pytest.mark.parametrize(
    "landmarks",
    [
        np.zeros((5, 2)),
        np.full((5, 2), np.nan),
        SHAPE[:, :2] * [-60, 60],
        np.arange(10.0).reshape(5, 2),
    ],
)
def test_what_is_no_face_is_left_out(landmarks: NDArray[np.float64]) -> None:
    assert nose_in_plane(landmarks.astype(np.float32)) is None
    depth = Solidity()
    depth.update(1, landmarks.astype(np.float32))
    assert depth.evidence.seconds == 0.0


def test_the_nose_is_measured_in_the_frame_of_eyes_and_mouth(
    landmarks_of: Callable[..., Landmarks],
) -> None:
    for roll_deg in (-40.0, 0.0, 25.0):
        u = nose_in_plane(landmarks_of(HeadPose(30, 0, roll_deg)))
        # 0.52 is the depth of the mean face; the mouth corners lie 0.08 in front themselves.
        assert u == pytest.approx((0.52 - 0.04) * math.tan(math.radians(30)), abs=0.03)
