"""The clock is doubted, confirmed and remembered; every change is an event."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.clockstate import ClockSources
from kiosk.clockwatch import ClockWatch, GivenTime
from kiosk.domain import EventKind
from kiosk.store.lane import StoreLane

WALL_MS = 1_900_000_000_000
S_NS = 1_000_000_000


class Computer:
    """A computer whose clocks can be set, with a watch on it."""

    def __init__(self, folder: Path) -> None:
        self.lane = StoreLane(folder / "kiosk.db")
        self.lane.start().result(10)
        self.wall_ms, self.mono_ns = WALL_MS, 100 * S_NS
        self.sources = ClockSources(synchronised=False, was_synchronised=False, has_rtc=False)
        self.events: list[tuple[EventKind, str]] = []
        self.begin()

    def begin(self) -> None:
        self.watch = ClockWatch(
            self.lane,
            lambda kind, reason: self.events.append((kind, reason)),
            lambda: self.wall_ms,
            lambda wall_ms: self.sources,
            lambda: self.sources.synchronised,
        )
        self.lane.submit(self.watch.restore).result(10)

    def passes(self, seconds: int, jump_ms: int = 0) -> None:
        self.wall_ms += seconds * 1000 + jump_ms
        self.mono_ns += seconds * S_NS
        self.watch.look(self.mono_ns)


@pytest.fixture
def computer(tmp_path: Path) -> Iterator[Computer]:
    computer = Computer(tmp_path)
    yield computer
    computer.lane.stop(5)


def test_before_the_first_look_nothing_is_believed(computer: Computer) -> None:
    assert not computer.watch.state.ok


def test_a_clock_that_nobody_vouches_for_is_doubted_until_confirmed(computer: Computer) -> None:
    computer.passes(1)
    assert not computer.watch.state.ok and computer.watch.state.reason
    computer.passes(2)
    computer.watch.confirm().result(10)
    assert computer.watch.state.ok
    assert [kind for kind, _ in computer.events] == [
        EventKind.CLOCK_UNTRUSTED,
        EventKind.CLOCK_TRUSTED,
    ]


def test_a_time_server_ends_the_doubt_and_a_jump_begins_another(computer: Computer) -> None:
    computer.sources = ClockSources(synchronised=True, was_synchronised=True, has_rtc=False)
    computer.passes(1)
    assert computer.watch.state.ok and computer.events == []
    computer.sources = ClockSources(synchronised=False, was_synchronised=True, has_rtc=False)
    computer.passes(10)
    assert computer.watch.state.ok
    computer.passes(10, jump_ms=3_600_000)
    assert "forward" in computer.watch.state.reason
    assert computer.events == [(EventKind.CLOCK_UNTRUSTED, computer.watch.state.reason)]


def test_a_doubt_outlives_a_restart(computer: Computer) -> None:
    computer.passes(1)
    computer.lane.submit(lambda store: None).result(10)
    computer.sources = ClockSources(synchronised=False, was_synchronised=False, has_rtc=True)
    computer.begin()
    computer.passes(1)
    assert "before the restart" in computer.watch.state.reason


def test_it_looks_once_a_second_only(computer: Computer) -> None:
    computer.passes(1)
    computer.watch.confirm().result(10)
    computer.wall_ms += 3_600_000
    computer.watch.look(computer.mono_ns + S_NS // 2)
    assert computer.watch.state.ok
    computer.watch.look(computer.mono_ns + 2 * S_NS)
    assert not computer.watch.state.ok


def test_a_given_time_is_believed() -> None:
    assert GivenTime().state.ok
    GivenTime().confirm().result(0)
