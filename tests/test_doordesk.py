"""What an administrator and the schedule do with the door: written first, locked first."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kiosk.domain import DoorState, DoorStatus, Event, EventKind
from kiosk.doordesk import DoorDesk
from kiosk.errors import AccessError, RelayError, StoreError
from kiosk.store.events import EventQuery
from kiosk.store.lane import StoreLane

NOW_MS = 1_800_000_000_000
HOUR_MS = 3_600_000


class ObedientDoor:
    """Does at once what it is told, and remembers the orders."""

    def __init__(self, watch: Callable[[], list[EventKind]] = list) -> None:
        self.status = DoorStatus(DoorState.LOCKED, "obedient", True)
        self.orders: list[str] = []
        self.written_before: list[list[EventKind]] = []
        self.free_until_ns: int | None = None
        self.acknowledged: list[EventKind | None] = []
        self.obeys = True
        self._watch = watch

    def unlock(self, reason: str, now_ns: int, *, extended: bool = False) -> bool:
        self.written_before.append(self._watch())
        self.orders.append("unlock")
        return self.obeys

    def begin_free_access(self, until_ns: int | None, reason: str) -> bool:
        self.orders.append(f"free {reason}")
        self.free_until_ns = until_ns
        self.status = replace(self.status, is_free=True)
        return self.obeys

    def end_free_access(self, reason: str) -> bool:
        self.orders.append(f"not free {reason}")
        self.status = replace(self.status, is_free=False)
        return self.obeys

    def begin_lockdown(self, reason: str) -> bool:
        self.orders.append("lockdown")
        self.status = replace(self.status, is_lockdown=True, is_free=False)
        return self.obeys

    def end_lockdown(self, reason: str) -> bool:
        self.orders.append("no lockdown")
        self.status = replace(self.status, is_lockdown=False)
        return self.obeys

    def acknowledge(self, kind: EventKind | None = None) -> bool:
        self.acknowledged.append(kind)
        return True


class House:
    """A desk, its door and its log, started anew on demand."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "kiosk.db"
        self.now_ms = NOW_MS
        self.refusal = ""
        self.changes = 0
        self.start()

    def start(self) -> None:
        self.lane = StoreLane(self.path)
        self.lane.start().result(10)
        self.door = ObedientDoor(self.log)
        self.desk = DoorDesk(
            self.door,
            self.lane,
            lambda: self.now_ms,
            lambda: self.refusal,
            self._count,
            lambda: self.now_ms * 1_000_000,
        )
        self.lane.submit(self.desk.restore).result(10)

    def _count(self) -> None:
        self.changes += 1

    def restart(self) -> None:
        self.lane.stop(5)
        self.start()

    def log(self) -> list[EventKind]:
        if threading.current_thread().name == "store":
            return [EventKind.MANUAL_UNLOCK] if self._seen else []
        return [event.kind for event in self.events()]

    @property
    def _seen(self) -> bool:
        with sqlite3.connect(self.path) as database:
            return bool(database.execute("SELECT 1 FROM events").fetchone())

    def events(self) -> list[Event]:
        return self.lane.submit(lambda store: store.events.query(EventQuery())).result(10)

    def record(self, kind: EventKind) -> int:
        event = Event(kind, self.now_ms)
        stored = self.lane.submit(lambda store: store.events.append(event)).result(10)
        assert stored.seq is not None
        return stored.seq


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.lane.stop(5)


def test_a_reason_is_on_the_disk_before_the_door_opens(house: House) -> None:
    house.desk.unlock("  the post \n is here ").result(10)
    assert house.door.written_before == [[EventKind.MANUAL_UNLOCK]]
    assert house.events()[0].detail == "the post is here"


@pytest.mark.parametrize("reason", ["", "   ", "x" * 201])
def test_without_a_reason_nothing_opens(house: House, reason: str) -> None:
    with pytest.raises(AccessError, match="why the door is opened"):
        house.desk.unlock(reason).result(10)
    assert house.door.orders == [] and house.events() == []


@pytest.mark.parametrize("act", ["unlock", "free"])
def test_a_refusal_or_a_lockdown_is_told_and_nothing_written(house: House, act: str) -> None:
    def ask() -> Any:
        return house.desk.unlock("x") if act == "unlock" else house.desk.begin_free_access(5)

    house.refusal = "These networks know nobody real."
    with pytest.raises(RelayError, match="nobody real"):
        ask().result(10)
    house.refusal = ""
    house.desk.begin_lockdown().result(10)
    with pytest.raises(RelayError, match="locked down"):
        ask().result(10)
    assert house.door.orders == ["lockdown"] and house.events() == []


@pytest.mark.parametrize("act", ["unlock", "free", "end_lockdown"])
def test_with_the_database_taken_away_nothing_unlocks(house: House, act: str) -> None:
    house.path.rename(house.path.with_name("elsewhere.db"))
    acts = {
        "unlock": lambda: house.desk.unlock("x"),
        "free": lambda: house.desk.begin_free_access(1),
        "end_lockdown": house.desk.end_lockdown,
    }
    with pytest.raises(StoreError):
        acts[act]().result(10)
    assert house.door.orders == []


def test_a_lockdown_waits_for_no_disk(house: House) -> None:
    is_busy, may_end = threading.Event(), threading.Event()

    def slow(store: object) -> None:
        is_busy.set()
        may_end.wait(10)

    house.lane.submit(slow)
    assert is_busy.wait(10)
    done = house.desk.begin_lockdown()
    assert house.door.status.is_lockdown and not done.done()
    house.desk.end_free_access()
    assert house.door.orders == ["lockdown", "not free by an administrator"]
    may_end.set()
    done.result(10)


def test_a_lockdown_outlives_a_restart_until_it_is_ended(house: House) -> None:
    house.desk.begin_lockdown().result(10)
    house.restart()
    assert house.door.status.is_lockdown
    house.desk.end_lockdown().result(10)
    house.restart()
    assert house.door.orders == []


@pytest.mark.parametrize("minutes", [0, -1, 24 * 60 + 1])
def test_free_access_has_its_limits(house: House, minutes: int) -> None:
    with pytest.raises(AccessError, match="1 to 1440 minutes"):
        house.desk.begin_free_access(minutes).result(10)
    assert house.door.orders == []


def test_free_access_by_hand_is_written_and_lasts_as_long_as_said(house: House) -> None:
    house.desk.begin_free_access(30).result(10)
    assert house.door.free_until_ns == (NOW_MS + 30 * 60_000) * 1_000_000
    assert "30 min" in house.events()[0].detail
    # A schedule that begins and ends meanwhile neither shortens nor ends it.
    house.desk.follow_schedule(NOW_MS + HOUR_MS)
    house.desk.follow_schedule(None)
    assert house.door.orders == ["free by an administrator"]
    house.restart()
    assert house.door.orders == []


def test_the_schedule_frees_and_locks(house: House) -> None:
    house.desk.follow_schedule(None)
    house.desk.follow_schedule(NOW_MS + 2 * HOUR_MS)
    house.desk.follow_schedule(NOW_MS + 2 * HOUR_MS)
    assert house.door.free_until_ns == (NOW_MS + 2 * HOUR_MS) * 1_000_000
    # Shortened while it runs.
    house.desk.follow_schedule(NOW_MS + HOUR_MS)
    assert house.door.free_until_ns == (NOW_MS + HOUR_MS) * 1_000_000
    house.desk.follow_schedule(None)
    assert house.door.orders == ["free by schedule"] * 2 + ["not free by schedule"]


def test_what_was_ended_by_hand_stays_ended_until_its_time_is_over(house: House) -> None:
    until_ms = NOW_MS + 2 * HOUR_MS
    house.desk.follow_schedule(until_ms)
    house.desk.end_free_access().result(10)
    orders = len(house.door.orders)
    # Neither a moment without schedule (a clock in doubt) nor a restart brings it back.
    house.desk.follow_schedule(None)
    house.desk.follow_schedule(until_ms)
    assert "free by schedule" not in house.door.orders[orders:]
    house.restart()
    house.desk.follow_schedule(until_ms)
    assert house.door.orders == []
    house.now_ms = until_ms
    house.desk.follow_schedule(until_ms + 24 * HOUR_MS)
    assert house.door.orders == ["free by schedule"]


def test_while_something_is_out_of_order_the_schedule_locks_but_does_not_unlock(
    house: House,
) -> None:
    house.desk.follow_schedule(NOW_MS + HOUR_MS, may_begin=False)
    assert house.door.orders == []
    house.desk.follow_schedule(NOW_MS + HOUR_MS)
    house.desk.follow_schedule(None, may_begin=False)
    assert house.door.orders == ["free by schedule", "not free by schedule"]


def test_before_the_last_run_is_known_the_schedule_does_nothing(house: House) -> None:
    desk = DoorDesk(house.door, house.lane, lambda: NOW_MS, str, lambda: None)
    desk.follow_schedule(NOW_MS + HOUR_MS)
    assert house.door.orders == []


def test_after_a_lockdown_the_schedule_frees_again(house: House) -> None:
    house.desk.begin_lockdown().result(10)
    house.desk.follow_schedule(NOW_MS + HOUR_MS)
    assert not house.door.status.is_free
    house.desk.end_lockdown().result(10)
    house.desk.follow_schedule(NOW_MS + HOUR_MS)
    assert house.door.status.is_free


def test_only_an_alarm_of_the_door_is_silenced_at_the_door(house: House) -> None:
    picture = house.record(EventKind.PRESENTATION_ATTACK)
    forced = house.record(EventKind.DOOR_FORCED)
    house.desk.acknowledge_alarm(picture).result(10)
    assert house.door.acknowledged == []
    house.desk.acknowledge_alarm(forced).result(10)
    assert house.door.acknowledged == [EventKind.DOOR_FORCED]
    assert house.changes == 2
    with pytest.raises(AccessError, match="no alarm"):
        house.desk.acknowledge_alarm(99).result(10)


def test_an_order_that_is_not_taken_fails(house: House) -> None:
    house.door.obeys = False
    for act in (
        house.desk.unlock("x"),
        house.desk.begin_free_access(5),
        house.desk.end_free_access(),
        house.desk.begin_lockdown(),
    ):
        with pytest.raises(RelayError):
            act.result(10)
