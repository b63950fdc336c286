"""Real-time pacing, on a clock that only the pacer moves."""

from __future__ import annotations

import pytest

from kiosk.camera.pacing import Pacer


class SteppedClock:
    """A clock that stands still except for sleeps and explicit steps."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now_s += seconds


def test_first_frame_is_due_at_once_and_the_next_after_an_interval() -> None:
    clock = SteppedClock()
    pacer = Pacer(0.25, clock, clock.sleep)
    pacer.wait()
    assert clock.slept == []
    pacer.wait()
    pacer.wait()
    assert clock.slept == pytest.approx([0.25, 0.25])


def test_work_between_the_frames_is_not_added_to_the_interval() -> None:
    clock = SteppedClock()
    pacer = Pacer(0.25, clock, clock.sleep)
    pacer.wait()
    clock.now_s += 0.1
    pacer.wait()
    assert clock.slept == pytest.approx([0.15])


def test_a_long_delay_is_not_caught_up_in_a_burst() -> None:
    clock = SteppedClock()
    pacer = Pacer(0.25, clock, clock.sleep)
    pacer.wait()
    clock.now_s += 10
    pacer.wait()
    pacer.wait()
    assert clock.slept == pytest.approx([0.25])
