"""Orders and wires on the door's thread: the latch does what the logic says, in time."""

from __future__ import annotations

import threading
import types
from collections.abc import Iterator
from typing import Any

import pytest

from kiosk.domain import DoorAlarm, DoorInputs, DoorState, DoorStatus, EventKind
from kiosk.door.controller import DoorController
from kiosk.door.latch import require_hold
from kiosk.door.orders import MAX_WAITING
from kiosk.door.rules import DoorRules
from kiosk.errors import GuardError, RelayError

MS = 1_000_000
S = 1000 * MS
WIRED = DoorInputs(is_open=False, exit_pressed=False, other_open=False)


class ScriptedLatch:
    """Notes what it is told and when; fails and hangs as a test wants."""

    is_simulated = True
    description = "a latch of paper"

    def __init__(self, clock: Any) -> None:
        self._clock = clock
        self.incident = ""
        self.inputs = WIRED
        self.fault: RelayError | None = None
        self.hold_fault: RelayError | None = None
        self.until_ns: int | None = None
        self.holds: list[tuple[int, float]] = []
        self.checks: list[int] = []
        self.connections = 0
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()

    @property
    def is_on(self) -> bool:
        return self.until_ns is not None and self._clock.now_ns() < self.until_ns

    def connect(self) -> None:
        self._raise()
        self.until_ns = None
        self.connections += 1

    def hold(self, seconds: float) -> None:
        require_hold(seconds)
        self.entered.set()
        assert self.gate.wait(5)
        self._raise()
        if self.hold_fault:
            raise self.hold_fault
        now_ns = self._clock.now_ns()
        self.holds.append((now_ns, seconds))
        self.until_ns = now_ns + round(seconds * 1e9)

    def release(self) -> None:
        self._raise()
        self.until_ns = None

    def check(self) -> DoorInputs:
        self._raise()
        self.checks.append(self._clock.now_ns())
        return self.inputs

    def close(self) -> None:
        if self.fault is None:
            self.until_ns = None

    def _raise(self) -> None:
        if self.fault:
            raise self.fault


class Yard:
    """A controller with its latch and everything it says."""

    def __init__(self, clock: Any) -> None:
        self.clock = clock
        self.latch = ScriptedLatch(self.clock)
        self.statuses: list[DoorStatus] = []
        self.facts: list[tuple[EventKind, str]] = []
        self.door = DoorController(
            self.latch,
            DoorRules(exit_unlocks=True),
            self.statuses.append,
            lambda kind, detail: self.facts.append((kind, detail)),
            self.clock,
        )

    def start(self) -> None:
        self.door.start()
        self.clock.settle()
        self.clock.advance(100 * MS)
        assert self.status.state is DoorState.LOCKED

    def order(self, name: str, *args: object, **kwargs: object) -> None:
        self.clock.about_to_wake()
        assert getattr(self.door, name)(*args, **kwargs)
        self.clock.settle()

    def unlock(self, reason: str = "Ada", *, extended: bool = False) -> None:
        self.order("unlock", reason, self.clock.now_ns(), extended=extended)

    def wires(self, **wires: bool | None) -> None:
        self.latch.inputs = DoorInputs(
            **{
                "is_open": self.latch.inputs.is_open,
                "exit_pressed": self.latch.inputs.exit_pressed,
                "other_open": self.latch.inputs.other_open,
                **wires,
            }
        )
        self.clock.advance(150 * MS)

    @property
    def status(self) -> DoorStatus:
        return self.door.status

    @property
    def kinds(self) -> list[EventKind]:
        return [kind for kind, _ in self.facts]


@pytest.fixture
def yard(doorbench: types.ModuleType) -> Iterator[Yard]:
    made = Yard(doorbench.HandClock())
    yield made
    made.latch.gate.set()
    assert made.door.stop(5)
    assert made.latch.until_ns is None or made.latch.fault


def test_an_extended_pulse_is_longer(yard: Yard) -> None:
    yard.start()
    begun = yard.clock.now_ns()
    yard.unlock(extended=True)
    assert yard.latch.holds == [(begun, 15.0)]
    assert (yard.status.is_unlocked, yard.status.relock_at_ns) == (True, begun + 15 * S)
    yard.clock.advance(15 * S)
    assert not yard.latch.is_on
    assert not yard.status.is_unlocked


def test_wires_are_read_at_least_ten_times_a_second_and_only_where_there_are_any(
    yard: Yard, doorbench: types.ModuleType
) -> None:
    yard.start()
    yard.latch.checks.clear()
    yard.clock.advance(S)
    assert 10 <= len(yard.latch.checks) <= 20
    bare = Yard(doorbench.HandClock())
    bare.latch.inputs = DoorInputs()
    bare.start()
    bare.latch.checks.clear()
    bare.clock.advance(S)
    assert len(bare.latch.checks) == 4
    assert bare.door.stop(5)


def test_the_leaf_relocks_the_latch_soon_after_it_opens(yard: Yard) -> None:
    yard.start()
    yard.unlock()
    yard.wires(is_open=True)
    assert yard.status.state is DoorState.OPEN
    assert yard.latch.is_on
    # The latch itself was told the shorter time: it need not be told to lock.
    assert yard.latch.holds[-1][1] == pytest.approx(0.7)
    yard.clock.advance(700 * MS)
    assert not yard.latch.is_on
    yard.wires(is_open=False)
    assert yard.status.state is DoorState.LOCKED
    assert yard.facts == [
        (EventKind.DOOR_UNLOCKED, "Ada"),
        (EventKind.DOOR_OPENED, ""),
        (EventKind.DOOR_LOCKED, "the door was opened"),
        (EventKind.DOOR_CLOSED, ""),
    ]


def test_an_alarm_is_shown_until_it_is_acknowledged(yard: Yard) -> None:
    yard.start()
    yard.wires(is_open=True)
    assert (yard.status.state, yard.status.alarm) == (DoorState.FORCED, DoorAlarm.FORCED)
    yard.wires(is_open=False)
    assert (yard.status.state, yard.status.alarm) == (DoorState.LOCKED, DoorAlarm.FORCED)
    yard.order("acknowledge", EventKind.DOOR_HELD)
    assert yard.status.alarm is DoorAlarm.FORCED
    yard.order("acknowledge", EventKind.DOOR_FORCED)
    assert yard.status.alarm is None
    assert yard.kinds == [EventKind.DOOR_FORCED, EventKind.DOOR_CLOSED]


def test_the_status_tells_for_whom_the_door_is_unlocked(yard: Yard) -> None:
    yard.start()
    yard.order("unlock", "person 7 and person 9", yard.clock.now_ns())
    assert yard.status.let_in == (("person 7 and person 9", yard.status.relock_at_ns),)
    yard.order("begin_lockdown", "drill")
    assert yard.status.let_in == ()


def test_free_access_is_held_on_and_ends_in_time(yard: Yard) -> None:
    yard.start()
    begun = yard.clock.now_ns()
    yard.order("begin_free_access", begun + 150 * S, "open day")
    assert (yard.status.state, yard.status.is_free) == (DoorState.FREE_ACCESS, True)
    for _ in range(149):
        yard.clock.advance(S)
        assert yard.latch.is_on
    assert all(seconds <= 60 for _, seconds in yard.latch.holds)
    assert len(yard.latch.holds) <= 6
    yard.clock.advance(S)
    assert not yard.latch.is_on
    assert yard.facts == [
        (EventKind.FREE_ACCESS_BEGUN, "open day"),
        (EventKind.DOOR_UNLOCKED, "free access"),
        (EventKind.FREE_ACCESS_ENDED, "its time is over"),
        (EventKind.DOOR_LOCKED, "end of free access"),
    ]


def test_free_access_without_an_end_goes_on_until_told(yard: Yard) -> None:
    yard.start()
    yard.order("begin_free_access", None, "open day")
    for _ in range(20):
        yard.clock.advance(10 * S)
        assert yard.latch.is_on
    assert yard.status.relock_at_ns is None
    yard.order("end_free_access", "closing time")
    assert not yard.latch.is_on


def test_free_access_is_taken_up_again_after_a_fault(yard: Yard) -> None:
    yard.start()
    yard.order("begin_free_access", None, "open day")
    yard.latch.fault = RelayError("The cable is out.")
    yard.clock.advance(S)
    assert (yard.status.state, yard.status.is_free) == (DoorState.FAULT, True)
    yard.latch.fault = None
    yard.clock.advance(S)
    assert yard.latch.is_on
    assert yard.kinds[2:] == [
        EventKind.RELAY_LOST,
        EventKind.RELAY_BACK,
        EventKind.DOOR_LOCKED,
        EventKind.DOOR_UNLOCKED,
    ]


def test_a_lockdown_locks_at_once_and_refuses_everybody_aloud(yard: Yard) -> None:
    yard.start()
    yard.unlock()
    yard.order("begin_lockdown", "drill")
    assert yard.latch.until_ns is None
    assert (yard.status.state, yard.status.is_lockdown) == (DoorState.LOCKDOWN, True)
    yard.unlock("Grace")
    yard.order("begin_free_access", None, "open day")
    assert yard.latch.until_ns is None
    assert yard.facts[-2:] == [
        (EventKind.FAULT, "Unlock refused (Grace): lockdown is on"),
        (EventKind.FAULT, "Free access refused (open day): lockdown is on"),
    ]
    yard.wires(exit_pressed=True)
    assert yard.latch.is_on
    yard.order("end_lockdown", "all clear")
    assert not yard.status.is_lockdown


def test_a_lockdown_overtakes_whoever_waits_to_be_let_in(yard: Yard) -> None:
    yard.start()
    yard.latch.gate.clear()
    now_ns = yard.clock.now_ns()
    assert yard.door.unlock("0", now_ns)
    assert yard.latch.entered.wait(5)
    yard.clock.about_to_wake()
    taken = [yard.door.unlock(str(i), now_ns) for i in range(1, MAX_WAITING + 2)]
    assert taken == [True] * MAX_WAITING + [False]
    assert yard.door.begin_lockdown("drill")
    yard.latch.gate.set()
    yard.clock.settle()
    yard.clock.advance(10 * S)
    assert len(yard.latch.holds) == 1
    assert yard.latch.until_ns is None
    assert yard.kinds.count(EventKind.DOOR_UNLOCKED) == 1
    refused = [detail for kind, detail in yard.facts if kind is EventKind.FAULT]
    assert refused == [
        f"Unlock refused ({MAX_WAITING + 1}): too many requests are waiting",
        *(f"Unlock refused ({i}): lockdown is on" for i in range(1, MAX_WAITING + 1)),
    ]


def test_the_second_door_of_a_lock_keeps_this_one_locked(yard: Yard) -> None:
    yard.start()
    yard.wires(other_open=True)
    assert yard.status.inputs.other_open
    yard.unlock()
    assert yard.latch.holds == []
    assert yard.facts == [(EventKind.FAULT, "Unlock refused (Ada): another door is open")]


def test_a_wire_that_cannot_be_read_locks_the_door(yard: Yard) -> None:
    yard.start()
    yard.unlock()
    yard.wires(is_open=None)
    assert yard.latch.until_ns is None
    assert yard.status.state is DoorState.FAULT
    assert "door sensor cannot be read" in yard.status.message
    yard.wires(is_open=False)
    assert yard.status.state is DoorState.LOCKED
    assert yard.kinds == [
        EventKind.DOOR_UNLOCKED,
        EventKind.RELAY_LOST,
        EventKind.DOOR_LOCKED,
        EventKind.RELAY_BACK,
    ]


def test_a_lost_guard_is_replaced_at_once(yard: Yard) -> None:
    yard.start()
    connections = yard.latch.connections
    yard.latch.fault = GuardError("The guard has gone.")
    yard.clock.advance(100 * MS)
    yard.latch.fault = None
    yard.latch.incident = "The guard was killed."
    yard.clock.advance(500 * MS)
    assert yard.latch.connections == connections + 1
    assert yard.status.state is DoorState.LOCKED
    assert yard.facts == [
        (EventKind.GUARD_LOST, "The guard has gone."),
        (EventKind.FAULT, "The guard was killed."),
        (EventKind.GUARD_BACK, "a latch of paper"),
    ]


def test_an_exit_that_the_latch_does_not_obey_is_told_as_asked_for_only(yard: Yard) -> None:
    yard.start()
    yard.latch.hold_fault = RelayError("Not confirmed.")
    yard.wires(exit_pressed=True)
    assert yard.kinds[:2] == [EventKind.EXIT_REQUESTED, EventKind.RELAY_LOST]
    assert EventKind.DOOR_UNLOCKED not in yard.kinds


def test_stopping_ends_free_access(yard: Yard) -> None:
    yard.start()
    yard.order("begin_free_access", None, "open day")
    assert yard.door.stop(5)
    assert yard.latch.until_ns is None
    assert (yard.status.state, yard.status.is_unlocked) == (DoorState.LOCKED, False)
    assert yard.kinds[-2:] == [EventKind.FREE_ACCESS_ENDED, EventKind.DOOR_LOCKED]


def test_stopping_in_a_fault_locks_through_a_fresh_connection_and_says_so(yard: Yard) -> None:
    yard.start()
    yard.unlock()
    yard.latch.fault = RelayError("The cable is out.")
    yard.clock.advance(100 * MS)
    assert yard.status.state is DoorState.FAULT
    assert yard.status.is_unlocked, "nobody knows what a relay out of reach does"
    yard.latch.fault = None
    assert yard.door.stop(5)
    assert yard.latch.until_ns is None
    assert not yard.status.is_unlocked
    assert yard.facts[-1] == (EventKind.DOOR_LOCKED, "the program stops")
