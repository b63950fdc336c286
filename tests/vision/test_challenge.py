"""One turn of the head: asked, made, and all the ways in which it does not count."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pytest

from kiosk.domain import Box, Detection, Guidance, HeadPose
from kiosk.vision.challenge import Progress, Side, TurnChallenge, TurnRules

MS = 1_000_000
BOX = Box(270, 180, 370, 310)
RULES = TurnRules()


def face(box: Box = BOX) -> Detection:
    return Detection(box, np.zeros((5, 2), np.float32), 0.9)


def looking(yaw_deg: float) -> HeadPose:
    return HeadPose(yaw_deg, 0.0, 0.0)


class Turning:
    """Asks for a turn and shows it frames, every 100 ms."""

    def __init__(self, side: Side = Side.LEFT, front_deg: float = 0.0) -> None:
        self.turn = TurnChallenge(RULES, side, 0, looking(front_deg), face())
        self.now_ms = 0

    def see(self, *yaws: float | None, box: Box = BOX, is_solid: bool = True) -> Progress:
        for yaw_deg in yaws:
            self.now_ms += 100
            seen = (face(box), looking(yaw_deg)) if yaw_deg is not None else (None, None)
            self.turn.update(self.now_ms * MS, *seen, is_solid)
        return self.turn.progress


def there_and_back(yaw_deg: float) -> Iterable[float]:
    return (
        0,
        0.3 * yaw_deg,
        0.7 * yaw_deg,
        yaw_deg,
        yaw_deg,
        yaw_deg,
        0.6 * yaw_deg,
        0.1 * yaw_deg,
    )


@pytest.mark.parametrize(("side", "yaw_deg"), [(Side.LEFT, 34), (Side.RIGHT, -34)])
def test_a_turn_to_the_side_asked_and_back_passes(side: Side, yaw_deg: float) -> None:
    assert Turning(side).see(*there_and_back(yaw_deg)) is Progress.PASSED


def test_the_persons_left_is_where_the_nose_points_right_in_the_frame() -> None:
    assert (Side.LEFT.sign, Side.LEFT.guidance) == (1, Guidance.TURN_LEFT)
    assert (Side.RIGHT.sign, Side.RIGHT.guidance) == (-1, Guidance.TURN_RIGHT)


def test_the_other_side_fails() -> None:
    turning = Turning(Side.LEFT)
    assert turning.see(*there_and_back(-34)) is Progress.FAILED
    assert turning.turn.reason == "other side"


def test_the_angle_is_measured_from_where_the_head_was() -> None:
    # A camera beside the door sees everybody from the side.
    turning = Turning(Side.LEFT, front_deg=12.0)
    assert turning.see(12, 20, 28, 28, 28) is Progress.ASKED
    assert turning.see(34, 34, 34, 22, 14) is Progress.PASSED


@pytest.mark.parametrize("yaw_deg", [0, 12, 19])
def test_too_little_in_time_fails(yaw_deg: float) -> None:
    turning = Turning()
    assert turning.see(*[yaw_deg] * 29) is Progress.ASKED
    assert turning.see(yaw_deg, yaw_deg) is Progress.FAILED
    assert turning.turn.reason == "no turn"


def test_one_frame_beyond_the_angle_is_not_a_turn() -> None:
    assert Turning().see(0, 10, 24, 10, 0, 10, 24, 10, 0) is Progress.ASKED


def test_without_depth_it_is_no_turn() -> None:
    turning = Turning()
    assert turning.see(0, 15, 30, 30, 30, 30, is_solid=False) is Progress.ASKED
    assert turning.see(30) is Progress.TURNED


def test_who_does_not_come_back_fails() -> None:
    turning = Turning()
    assert turning.see(0, 15, 30, *[30] * 24) is Progress.TURNED
    assert turning.see(30, 30, 30, 30) is Progress.FAILED
    assert turning.turn.reason == "not back"


@pytest.mark.parametrize("missing", [1, 2])
def test_a_blink_of_the_detector_is_forgiven(missing: int) -> None:
    turning = Turning()
    assert turning.see(0, 15, *[None] * missing, 28, 30, 20, 2) is Progress.PASSED


def test_a_lost_face_fails() -> None:
    turning = Turning()
    assert turning.see(0, 15, *[None] * 4) is Progress.FAILED
    assert turning.turn.reason == "lost"


def test_another_picture_in_the_same_place_fails() -> None:
    turning = Turning()
    assert turning.see(0, 0, 55) is Progress.FAILED
    assert turning.turn.reason == "swapped"


@pytest.mark.parametrize(
    "box", [Box(420, 180, 520, 310), Box(270, 320, 370, 450), Box(220, 115, 420, 375)]
)
def test_a_face_that_jumps_fails(box: Box) -> None:
    turning = Turning()
    turning.see(0, 10)
    assert turning.see(14, box=box) is Progress.FAILED
    assert turning.turn.reason == "jumped"


def test_what_is_over_stays_so() -> None:
    turning = Turning()
    turning.see(*there_and_back(34))
    assert turning.see(*[None] * 30) is Progress.PASSED
    failed = Turning()
    failed.see(*[None] * 6)
    assert failed.see(*there_and_back(34)) is Progress.FAILED


@pytest.mark.parametrize("speed", [1, 2])
def test_people_turn_fast(speed: int, make_yaws: Callable[[int], list[float]]) -> None:
    assert Turning().see(*make_yaws(speed)) is Progress.PASSED


@pytest.fixture
def make_yaws() -> Callable[[int], list[float]]:
    def make(speed: int) -> list[float]:
        steps = [10.0 * i for i in range(1, 5)][:: speed or 1]
        return [0, *steps, 40, 40, *steps[::-1], 0]

    return make
