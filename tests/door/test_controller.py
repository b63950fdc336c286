"""The door's thread on a clock that only moves when told, and the relay it leaves behind."""

from __future__ import annotations

import logging
import math
import subprocess
import sys
import threading
import time
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.domain import DoorState, DoorStatus, EventKind
from kiosk.door.controller import DoorController
from kiosk.door.latch import DirectLatch
from kiosk.door.link import URGENT_RETRY_NS
from kiosk.door.orders import MAX_WAITING
from kiosk.door.rules import DoorRules
from kiosk.door.simulated import Edge, SimulatedRelay
from kiosk.errors import ConfigError, RelayError

MS = 1_000_000
S = 1000 * MS
PULSE_NS = 5 * S
LOCKED, UNLOCKED, FAULT = DoorState.LOCKED, DoorState.UNLOCKED, DoorState.FAULT


class FragileRelay(SimulatedRelay):
    """A simulated relay whose next commands can fail while its port stays there."""

    def __init__(self, clock_ns: Callable[[], int]) -> None:
        super().__init__(clock_ns)
        self.off_failures = 0
        self.on_failures = 0
        self.bug: Exception | None = None
        self.connections = 0
        self.closings = 0

    def connect(self) -> None:
        super().connect()
        self.connections += 1

    def switch_on(self) -> None:
        super().switch_on()
        if self.bug:
            raise self.bug
        if self.on_failures:
            self.on_failures -= 1
            raise RelayError("Not confirmed.")

    def switch_off(self) -> None:
        if self.off_failures:
            self.off_failures -= 1
            raise RelayError("Does not let go.")
        super().switch_off()

    def close(self) -> None:
        self.closings += 1
        if self.off_failures:
            with self._lock:
                self._is_open = False
            return
        super().close()


class House:
    """A controller with everything it says."""

    def __init__(self, clock: Any, pulse_s: float = 5.0) -> None:
        self.clock = clock
        self.relay = FragileRelay(self.clock.now_ns)
        self.latch = DirectLatch(self.relay, self.clock.now_ns)
        self.statuses: list[DoorStatus] = []
        self.was_on_at_status: list[bool] = []
        self.facts: list[tuple[EventKind, str]] = []
        self.accepted_at_ns: dict[str, int] = {}
        self.listener_fault: Exception | None = None
        self.door = DoorController(
            self.latch,
            DoorRules(pulse_s=pulse_s),
            self._note_status,
            self._note_fact,
            self.clock,
        )

    def _note_status(self, status: DoorStatus) -> None:
        self.statuses.append(status)
        self.was_on_at_status.append(self.relay.is_on)
        if self.listener_fault:
            raise self.listener_fault

    def _note_fact(self, kind: EventKind, detail: str) -> None:
        self.facts.append((kind, detail))
        if kind is EventKind.DOOR_UNLOCKED:
            self.accepted_at_ns[detail] = self.clock.now_ns()
        if self.listener_fault:
            raise self.listener_fault

    @property
    def states(self) -> list[DoorState]:
        return [status.state for status in self.statuses]

    @property
    def kinds(self) -> list[EventKind]:
        return [kind for kind, _ in self.facts]

    def start(self) -> None:
        self.door.start()
        self.clock.settle()

    def unlock(self, reason: str = "Ada", age_ns: int = 0) -> None:
        self.clock.about_to_wake()
        assert self.door.unlock(reason, self.clock.now_ns() - age_ns)
        self.clock.settle()

    def stop(self) -> None:
        assert self.door.stop(5)


@pytest.fixture
def house(doorbench: types.ModuleType) -> Iterator[House]:
    made = House(doorbench.HandClock())
    made.relay.connect()
    made.relay.switch_on()
    yield made
    made.door.stop(5)


# --- pulses -----------------------------------------------------------------------------------


def test_the_relay_is_switched_off_at_the_start(house: House) -> None:
    assert house.relay.is_on
    assert house.door.status.state is FAULT
    assert house.door.status.message
    house.start()
    assert not house.relay.is_on
    assert house.states == [LOCKED]
    assert house.facts == []


def test_a_pulse_lasts_exactly_its_time(house: House) -> None:
    house.start()
    begun = house.clock.now_ns()
    house.unlock("Ada")
    assert house.door.status.relock_at_ns == begun + PULSE_NS
    house.clock.advance(PULSE_NS - 1)
    assert house.relay.is_on
    house.clock.advance(1)
    assert house.relay.edges[-2:] == (Edge(begun, True), Edge(begun + PULSE_NS, False))
    assert house.states == [LOCKED, UNLOCKED, LOCKED]
    assert house.facts == [
        (EventKind.DOOR_UNLOCKED, "Ada"),
        (EventKind.DOOR_LOCKED, "end of the pulse"),
    ]


def test_a_second_unlock_extends_the_pulse(house: House) -> None:
    house.start()
    house.unlock("Ada")
    house.clock.advance(3 * S)
    house.unlock("Grace")
    again = house.clock.now_ns()
    assert [status.relock_at_ns for status in house.statuses[-2:]] == [
        again + 2 * S,
        again + PULSE_NS,
    ]
    house.clock.advance(PULSE_NS)
    assert house.relay.edges[-1] == Edge(again + PULSE_NS, False)
    assert house.kinds == [
        EventKind.DOOR_UNLOCKED,
        EventKind.DOOR_UNLOCKED,
        EventKind.DOOR_LOCKED,
    ]


def test_a_stale_unlock_is_refused_aloud(house: House) -> None:
    house.start()
    house.unlock("Ada", age_ns=S + 1)
    assert not house.relay.is_on
    # The connection is as old as the program: the request is older than both.
    house.clock.advance(10 * S)
    house.unlock("Grace", age_ns=S + 1)
    assert house.facts[-1] == (
        EventKind.FAULT,
        "Unlock refused (Grace): the request is too old",
    )
    assert not house.relay.is_on


def test_stopping_ends_a_pulse(house: House) -> None:
    house.start()
    house.unlock()
    house.stop()
    house.stop()
    assert not house.relay.is_on
    assert house.states[-1] is LOCKED
    assert house.facts[-1] == (EventKind.DOOR_LOCKED, "the program stops")
    assert house.relay.closings == 1
    assert (house.door.is_alive, house.door.failed) == (False, False)


def test_an_unlock_after_the_stop_or_before_the_start_is_refused_aloud(house: House) -> None:
    assert not house.door.unlock("early", house.clock.now_ns())
    house.start()
    house.stop()
    assert not house.door.unlock("late", house.clock.now_ns())
    assert house.facts == [
        (EventKind.FAULT, "Unlock refused (early): the door controller does not run"),
        (EventKind.FAULT, "Unlock refused (late): the door controller does not run"),
    ]


@pytest.mark.parametrize("pulse_s", [0, -1, 61, math.nan, math.inf])
def test_a_pulse_out_of_range_is_refused(doorbench: types.ModuleType, pulse_s: float) -> None:
    with pytest.raises(ConfigError, match="pulse must be between"):
        House(doorbench.HandClock(), pulse_s)


# --- a lost relay -----------------------------------------------------------------------------


def test_an_idle_door_notices_a_lost_relay_within_a_second(house: House) -> None:
    house.start()
    house.relay.fail("The cable is out.")
    house.clock.advance(S)
    assert (house.door.status.state, house.door.status.message) == (FAULT, "The cable is out.")
    assert house.facts == [(EventKind.RELAY_LOST, "The cable is out.")]
    # The old descriptor is given up: the board may come back under another device number.
    assert house.relay.closings
    house.relay.mend()
    house.clock.advance(S)
    assert house.states == [LOCKED, FAULT, LOCKED]
    assert house.facts[1:] == [(EventKind.RELAY_BACK, house.relay.description)]


def test_a_relay_missing_from_the_start_is_found_later(house: House) -> None:
    house.relay.fail("No such port.")
    house.start()
    house.clock.advance(60 * S)
    assert house.states == [FAULT]
    house.relay.mend()
    house.clock.advance(10 * S)
    assert house.states == [FAULT, LOCKED]
    assert house.kinds == [EventKind.RELAY_LOST, EventKind.RELAY_BACK]


def test_a_pulse_is_not_resumed_after_a_loss(house: House) -> None:
    house.start()
    house.unlock()
    house.relay.fail()
    house.clock.advance(S)
    assert house.door.status.state is FAULT
    assert house.relay.is_on
    house.relay.mend()
    house.clock.advance(250 * MS)
    assert not house.relay.is_on
    house.clock.advance(PULSE_NS)
    assert len([edge for edge in house.relay.edges if edge.is_on]) == 2
    assert house.kinds == [
        EventKind.DOOR_UNLOCKED,
        EventKind.RELAY_LOST,
        EventKind.RELAY_BACK,
        EventKind.DOOR_LOCKED,
    ]


def test_an_unlock_during_a_fault_is_refused_and_never_done_later(house: House) -> None:
    house.start()
    house.relay.fail("The cable is out.")
    house.clock.advance(S)
    house.unlock("Ada")
    house.relay.mend()
    house.clock.advance(20 * S)
    assert house.door.status.state is LOCKED
    assert house.accepted_at_ns == {}
    assert (
        EventKind.FAULT,
        "Unlock refused (Ada): the relay cannot be reached",
    ) in house.facts
    assert [edge.is_on for edge in house.relay.edges] == [True, False]


def test_an_unlock_that_finds_the_relay_gone_is_refused(house: House) -> None:
    house.start()
    house.relay.fail("The cable is out.")
    house.unlock("Ada")
    assert house.facts == [
        (EventKind.RELAY_LOST, "The cable is out."),
        (EventKind.FAULT, "Unlock refused (Ada): The cable is out."),
    ]


def test_an_unconfirmed_unlock_is_taken_back(house: House) -> None:
    house.start()
    house.relay.on_failures = 1
    house.unlock("Ada")
    assert not house.relay.is_on
    assert house.states == [LOCKED, FAULT, LOCKED]
    assert house.kinds == [
        EventKind.RELAY_LOST,
        EventKind.FAULT,
        EventKind.RELAY_BACK,
        EventKind.DOOR_LOCKED,
    ]


def test_a_relay_that_does_not_let_go_is_reconnected_at_once(house: House) -> None:
    house.start()
    house.unlock()
    house.relay.off_failures = 1
    house.clock.advance(PULSE_NS)
    assert not house.relay.is_on
    assert house.relay.connections == 3
    assert house.states == [LOCKED, UNLOCKED, FAULT, LOCKED]


def test_a_relay_lost_at_the_end_of_a_pulse_is_switched_off_as_soon_as_it_is_back(
    house: House,
) -> None:
    house.start()
    house.unlock()
    house.clock.advance(PULSE_NS - 1)
    house.relay.fail()
    house.clock.advance(60 * S)
    assert house.relay.is_on
    house.relay.mend()
    house.clock.advance(URGENT_RETRY_NS)
    assert not house.relay.is_on


def test_stopping_reconnects_once_to_switch_off(house: House) -> None:
    house.start()
    house.unlock()
    house.relay.off_failures = 1
    house.stop()
    assert not house.relay.is_on
    assert house.states[-1] is LOCKED


def test_stopping_with_the_relay_out_of_reach_says_that_it_may_be_on(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.start()
    house.unlock()
    house.relay.fail("The cable is out.")
    house.stop()
    assert (house.door.status.state, house.door.status.message) == (FAULT, "The cable is out.")
    assert "the relay may still be on" in caplog.text


# --- what goes wrong around it ----------------------------------------------------------------


def test_listeners_that_raise_disturb_nothing(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.listener_fault = ZeroDivisionError("listener")
    house.start()
    house.unlock()
    house.clock.advance(PULSE_NS)
    assert not house.relay.is_on
    assert house.states == [LOCKED, UNLOCKED, LOCKED]
    assert caplog.text.count("ZeroDivisionError: listener") == 5
    assert not house.door.failed


def test_a_bug_in_a_driver_ends_the_thread_with_the_relay_off(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.start()
    house.relay.bug = ZeroDivisionError("driver")
    with caplog.at_level(logging.ERROR):
        assert house.door.unlock("Ada", house.clock.now_ns())
        house.door._thread.join(5)
    assert (house.door.is_alive, house.door.failed) == (False, True)
    assert not house.relay.is_on
    assert house.door.status.state is FAULT
    assert "restart the program" in house.door.status.message
    assert house.was_on_at_status[-1] is False
    assert "ZeroDivisionError: driver" in caplog.text
    assert house.facts[-1] == (EventKind.DOOR_LOCKED, "switched off after a failure")
    assert not house.door.unlock("Grace", house.clock.now_ns())


class StuckRelay(SimulatedRelay):
    """A relay whose switching on takes as long as a test wants."""

    def __init__(self) -> None:
        super().__init__()
        self.entered = threading.Event()
        self.release = threading.Event()

    def switch_on(self) -> None:
        self.entered.set()
        assert self.release.wait(5)
        super().switch_on()


def test_no_unlock_is_lost_silently_while_the_relay_hangs(doorbench: types.ModuleType) -> None:
    facts: list[tuple[EventKind, str]] = []
    clock = doorbench.HandClock()
    relay = StuckRelay()
    door = DoorController(
        DirectLatch(relay, clock.now_ns),
        DoorRules(),
        lambda s: None,
        lambda *fact: facts.append(fact),
        clock,
    )
    door.start()
    clock.settle()
    assert door.unlock("0", clock.now_ns())
    assert relay.entered.wait(5)
    taken = [door.unlock(str(i), clock.now_ns()) for i in range(1, MAX_WAITING + 3)]
    assert taken == [True] * MAX_WAITING + [False] * 2
    assert not door.stop(0)
    relay.release.set()
    assert door.stop(5)
    assert not relay.is_on
    told = [detail for kind, detail in facts if kind is EventKind.FAULT]
    assert (EventKind.DOOR_UNLOCKED, "0") in facts
    assert sorted(told) == sorted(
        [f"Unlock refused ({i}): the door controller has stopped" for i in range(1, 9)]
        + [f"Unlock refused ({i}): too many requests are waiting" for i in (9, 10)]
    )


def test_the_thread_works_on_the_real_clock() -> None:
    locked_again = threading.Event()
    relay = SimulatedRelay()
    ready = threading.Event()

    def note_fact(kind: EventKind, detail: str) -> None:
        if kind is EventKind.DOOR_LOCKED:
            locked_again.set()

    rules = DoorRules(pulse_s=0.05)
    door = DoorController(DirectLatch(relay), rules, lambda status: ready.set(), note_fact)
    door.start()
    assert ready.wait(5)
    assert door.unlock("Ada", time.monotonic_ns())
    assert locked_again.wait(5)
    assert door.stop(5)
    on, off = relay.edges
    assert 0.04 * S < off.at_ns - on.at_ns < S


def test_a_program_that_dies_without_stopping_leaves_the_door_locked() -> None:
    program = """
import threading, time
from kiosk.door.controller import DoorController
from kiosk.door.latch import DirectLatch
from kiosk.door.rules import DoorRules
from kiosk.door.simulated import SimulatedRelay
ready, open_ = threading.Event(), threading.Event()
def note(kind, detail):
    print(kind.value, relay.is_on, flush=True)
    open_.set()
relay = SimulatedRelay()
rules = DoorRules(pulse_s=60)
door = DoorController(DirectLatch(relay), rules, lambda status: ready.set(), note)
door.start()
ready.wait(5)
door.unlock("Ada", time.monotonic_ns())
open_.wait(5)
raise RuntimeError("the program dies")
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert done.stdout.split("\n")[:2] == ["door_unlocked True", "door_locked False"]


# --- any order of events ----------------------------------------------------------------------

moves = st.lists(
    st.one_of(
        st.tuples(st.just("unlock"), st.sampled_from([0, 0, 0, 500 * MS, S, S + 1, 3 * S])),
        st.tuples(st.just("advance"), st.sampled_from([1, 100 * MS, 900 * MS, S, 3 * S, 12 * S])),
        st.tuples(st.just("lose"), st.just(0)),
        st.tuples(st.just("return"), st.just(0)),
        st.tuples(st.just("hold"), st.integers(1, 3)),
        st.tuples(st.just("balk"), st.just(0)),
    ),
    max_size=25,
)


@settings(deadline=None)
@given(script=moves)
def test_the_relay_is_never_on_longer_than_a_pulse_after_the_last_accepted_unlock(
    doorbench: types.ModuleType, script: list[tuple[str, int]]
) -> None:
    house = House(doorbench.HandClock())
    relay, clock = house.relay, house.clock
    house.start()
    lost = False
    returned_at_ns = 0
    asked = 0
    try:
        for move, value in script:
            if move == "unlock":
                asked += 1
                house.unlock(f"#{asked}", value)
            elif move == "advance":
                clock.advance(value)
            elif move == "lose":
                lost = True
                relay.fail()
            elif move == "return" and lost:
                lost = False
                returned_at_ns = clock.now_ns()
                relay.mend()
            elif move == "hold":
                relay.off_failures = value
            elif move == "balk":
                relay.on_failures = 1
            if relay.is_on and not lost:
                accepted = max(house.accepted_at_ns.values())
                # A relay that comes back switched on is found by the next urgent retry.
                latest = max(accepted + PULSE_NS, returned_at_ns + URGENT_RETRY_NS)
                assert clock.now_ns() < latest
                assert house.door.status.state is not LOCKED
    finally:
        relay.mend()
        relay.off_failures = 0
        house.stop()
    assert not relay.is_on
    # Nothing is done late, and every request is answered exactly once.
    refused = [d for k, d in house.facts if k is EventKind.FAULT]
    for number in range(1, asked + 1):
        answers = (f"#{number}" in house.accepted_at_ns) + sum(f"(#{number})" in d for d in refused)
        assert answers == 1
    assert not house.door.failed
