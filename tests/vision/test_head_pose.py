"""Head pose: exact on the mean head, right in sign, sane on anything."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from kiosk.camera.imagefile import read_image
from kiosk.domain import Frame, HeadPose
from kiosk.vision.detector import RetinaFaceDetector
from kiosk.vision.head_pose import estimate_head_pose, rotation_matrix

Project = Callable[..., NDArray[np.float32]]
FRONT = HeadPose(0, 0, 0)


def angle_between(first: float, second: float) -> float:
    return abs((first - second + 180) % 360 - 180)


@pytest.mark.parametrize("roll_deg", [-35, 0, 20])
@pytest.mark.parametrize("pitch_deg", [-25, -10, 0, 10, 25])
@pytest.mark.parametrize("yaw_deg", [-60, -40, -15, 0, 15, 40, 60])
def test_the_mean_head_gives_its_pose(
    landmarks_of: Project, yaw_deg: float, pitch_deg: float, roll_deg: float
) -> None:
    found = estimate_head_pose(landmarks_of(HeadPose(yaw_deg, pitch_deg, roll_deg)))

    # The prior pulls towards the front, in proportion and hardly.
    assert found.yaw_deg == pytest.approx(yaw_deg, abs=1.5 + 0.02 * abs(yaw_deg))
    assert found.pitch_deg == pytest.approx(pitch_deg, abs=3.0 + 0.16 * abs(pitch_deg))
    assert found.roll_deg == pytest.approx(roll_deg, abs=4.0)


def test_a_frontal_head_is_frontal(landmarks_of: Project) -> None:
    found = estimate_head_pose(landmarks_of(FRONT))

    assert (found.yaw_deg, found.pitch_deg, found.roll_deg) == pytest.approx((0, 0, 0), abs=0.05)


def test_signs_are_those_of_the_picture(landmarks_of: Project) -> None:
    front = landmarks_of(FRONT)
    nose_right, nose_up, leaning = front.copy(), front.copy(), front.copy()
    nose_right[2, 0] += 10
    nose_up[2, 1] -= 10
    # Clockwise in the picture: the eye on the left rises, the one on the right sinks.
    leaning[0, 1] -= 10
    leaning[1, 1] += 10

    assert estimate_head_pose(nose_right).yaw_deg > 5
    assert estimate_head_pose(nose_up).pitch_deg > 5
    assert estimate_head_pose(leaning).roll_deg > 5


def test_the_rotation_matrix_has_the_signs_of_the_docstring() -> None:
    nose = np.array([0, 0, -1.0])  # straight at the camera; z points away from it
    crown = np.array([0, -1.0, 0])
    assert (rotation_matrix(HeadPose(30, 0, 0)) @ nose)[0] > 0.4
    assert (rotation_matrix(HeadPose(0, 30, 0)) @ nose)[1] < -0.4
    assert (rotation_matrix(HeadPose(0, 0, 30)) @ crown)[0] > 0.4
    turned = rotation_matrix(HeadPose(20, -30, 40))
    np.testing.assert_allclose(turned @ turned.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(turned) == pytest.approx(1)


@settings(deadline=None)
@given(
    yaw_deg=st.floats(-50, 50),
    pitch_deg=st.floats(-20, 20),
    roll_deg=st.floats(-180, 180),
    scale=st.floats(8, 900),
    x=st.floats(-3000, 3000),
    y=st.floats(-3000, 3000),
)
@example(yaw_deg=0, pitch_deg=0, roll_deg=180, scale=60, x=0, y=0)
@example(yaw_deg=30, pitch_deg=-10, roll_deg=-180, scale=60, x=0, y=0)
@example(yaw_deg=30, pitch_deg=-10, roll_deg=179.99, scale=60, x=0, y=0)
def test_place_size_and_lean_change_nothing_else(
    landmarks_of: Project,
    yaw_deg: float,
    pitch_deg: float,
    roll_deg: float,
    scale: float,
    x: float,
    y: float,
) -> None:
    upright = estimate_head_pose(landmarks_of(HeadPose(yaw_deg, pitch_deg, 0)))
    found = estimate_head_pose(landmarks_of(HeadPose(yaw_deg, pitch_deg, roll_deg), scale, (x, y)))

    assert found.yaw_deg == pytest.approx(upright.yaw_deg, abs=0.5)
    assert found.pitch_deg == pytest.approx(upright.pitch_deg, abs=0.5)
    assert angle_between(found.roll_deg, upright.roll_deg + roll_deg) < 0.5
    assert -180 <= found.roll_deg < 180


@settings(deadline=None)
@given(yaw_deg=st.floats(-60, 60), pitch_deg=st.floats(-25, 25), roll_deg=st.floats(-60, 60))
def test_a_mirror_image_has_the_mirrored_pose(
    landmarks_of: Project, yaw_deg: float, pitch_deg: float, roll_deg: float
) -> None:
    points = landmarks_of(HeadPose(yaw_deg, pitch_deg, roll_deg))
    mirrored = (points * (-1, 1))[[1, 0, 2, 4, 3]].astype(np.float32)

    found, mirror = estimate_head_pose(points), estimate_head_pose(mirrored)

    assert mirror.yaw_deg == pytest.approx(-found.yaw_deg, abs=0.1)
    assert mirror.pitch_deg == pytest.approx(found.pitch_deg, abs=0.1)
    assert angle_between(mirror.roll_deg, -found.roll_deg) < 0.1


def test_more_turn_reads_as_more(landmarks_of: Project) -> None:
    yaws = [
        estimate_head_pose(landmarks_of(HeadPose(yaw, 0, 0))).yaw_deg for yaw in range(-85, 86, 5)
    ]
    pitches = [
        estimate_head_pose(landmarks_of(HeadPose(0, pitch, 0))).pitch_deg
        for pitch in range(-35, 36, 5)
    ]

    assert yaws == sorted(yaws)
    assert pitches == sorted(pitches)


def test_a_smile_is_not_a_nod(landmarks_of: Project) -> None:
    smiling = landmarks_of(FRONT)
    smiling[3:, 1] -= 60 * 0.12  # the corners of the mouth rise and part
    smiling[3:, 0] += np.array([-60 * 0.07, 60 * 0.07], np.float32)

    found = estimate_head_pose(smiling)

    assert abs(found.pitch_deg) < 10
    assert abs(found.yaw_deg) < 1


@settings(deadline=None)
@given(st.lists(st.tuples(*[st.floats(-4000, 4000, width=32)] * 2), min_size=5, max_size=5))
@example([(0, 0), (1, 0), (0, 0), (0, 0), (0, 0)])
@example([(1, 0), (0, 0), (0.5, 0.57), (0.9, 1.15), (0.1, 1.15)])
@example([(0, 0), (1, 1), (2, 2), (3, 3), (4, 4)])
def test_any_five_points_give_finite_angles(points: list[tuple[float, float]]) -> None:
    landmarks = np.array(points, np.float32)
    try:
        pose = estimate_head_pose(landmarks)
    except ValueError:
        assert np.abs(landmarks - landmarks.mean(0)).max() < 0.01
        return

    assert np.isfinite([pose.yaw_deg, pose.pitch_deg, pose.roll_deg]).all()
    assert -180 <= pose.roll_deg < 180


def test_landmarks_that_coincide_are_refused() -> None:
    with pytest.raises(ValueError, match="coincide"):
        estimate_head_pose(np.full((5, 2), 7, np.float32))


PEOPLE = ("L001", "L003", "L005", "L007", "L009")


def photographed_yaw(
    shared: Path, detector: RetinaFaceDetector, person: str, view: str
) -> float | None:
    path = shared / "faces" / "london" / person / f"{view}.jpg"
    if not path.exists():
        return None
    faces = detector.detect(Frame(read_image(path), 0))
    return estimate_head_pose(faces[0].landmarks).yaw_deg if faces else None


@pytest.mark.parametrize(
    ("view", "low", "high"),
    [
        ("neutral_front", -12, 12),
        ("smiling_front", -12, 12),
        ("neutral_left_3quarter", -58, -25),
        ("neutral_right_3quarter", 25, 58),
        ("neutral_left_profile", -90, -60),
        ("neutral_right_profile", 60, 90),
    ],
)
def test_photographed_heads_have_the_yaw_they_were_asked_for(
    shared: Path, detector: RetinaFaceDetector, view: str, low: float, high: float
) -> None:
    found = [photographed_yaw(shared, detector, person, view) for person in PEOPLE]

    yaws = [yaw for yaw in found if yaw is not None]
    assert len(yaws) >= 4
    assert all(low < yaw < high for yaw in yaws), yaws
