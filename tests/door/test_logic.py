"""Pulse deadlines and states with explicit time."""

from __future__ import annotations

from kiosk.domain import DoorState
from kiosk.door.logic import DoorLogic, Due

S = 1_000_000_000
MS = 1_000_000
T0 = 1000 * S


def connected(now_ns: int = T0) -> DoorLogic:
    logic = DoorLogic(5 * S)
    logic.connected(now_ns)
    return logic


def test_it_begins_by_connecting_at_once() -> None:
    logic = DoorLogic(5 * S)
    assert logic.state is DoorState.FAULT
    assert logic.due(T0) is Due.CONNECT
    assert logic.wake_at_ns(T0) == T0
    assert logic.accept(T0, T0) != ""


def test_a_pulse_ends_exactly_at_its_deadline() -> None:
    logic = connected()
    assert logic.accept(T0, T0) == ""
    assert (logic.state, logic.relock_at_ns) == (DoorState.UNLOCKED, T0 + 5 * S)
    logic.checked(T0 + 4 * S)
    assert logic.due(T0 + 5 * S - 1) is Due.NOTHING
    assert logic.wake_at_ns(T0 + 4 * S) == T0 + 5 * S
    assert logic.due(T0 + 5 * S) is Due.SWITCH_OFF
    logic.switched_off(T0 + 5 * S)
    assert (logic.state, logic.relock_at_ns) == (DoorState.LOCKED, None)


def test_locking_comes_before_checking() -> None:
    logic = connected()
    logic.accept(T0, T0)
    assert logic.due(T0 + 60 * S) is Due.SWITCH_OFF


def test_a_new_unlock_extends_and_an_older_time_does_not_shorten() -> None:
    logic = connected()
    logic.accept(T0 + 2 * S, T0 + 2 * S)
    logic.accept(T0 + 3 * S, T0 + 3 * S)
    assert logic.relock_at_ns == T0 + 8 * S
    logic.accept(T0 + 2 * S, T0 + 2 * S)
    assert logic.relock_at_ns == T0 + 8 * S


def test_requests_older_than_a_second_or_from_the_future_are_refused() -> None:
    logic = connected()
    now = T0 + 10 * S
    assert logic.accept(now - S, now) == ""
    assert "too old" in logic.accept(now - S - 1, now)
    assert "too old" in logic.accept(now + S + 1, now)


def test_a_request_made_while_the_relay_was_lost_is_refused_after_it_came_back() -> None:
    logic = connected()
    logic.lost(T0 + S)
    logic.connected(T0 + 2 * S)
    assert "could not be reached" in logic.accept(T0 + 2 * S - 1, T0 + 2 * S)
    assert logic.state is DoorState.LOCKED
    assert logic.accept(T0 + 2 * S, T0 + 2 * S) == ""


def retry_delays_ms(logic: DoorLogic, now_ns: int, count: int) -> list[int]:
    delays = []
    for _ in range(count):
        logic.lost(now_ns)
        wake = logic.wake_at_ns(now_ns)
        assert logic.due(wake) is Due.CONNECT
        assert wake == now_ns or logic.due(wake - 1) is Due.NOTHING
        delays.append((wake - now_ns) // MS)
        now_ns = wake
    return delays


def test_retries_of_a_locked_door_grow_to_ten_seconds() -> None:
    expected = [500, 1000, 2000, 4000, 8000, 10_000, 10_000]
    assert retry_delays_ms(connected(), T0 + S, 7) == expected


def test_an_unsteady_connection_keeps_the_long_delay_and_a_steady_one_resets_it() -> None:
    logic = connected()
    retry_delays_ms(logic, T0, 6)
    logic.connected(T0 + 100 * S)
    assert retry_delays_ms(logic, T0 + 101 * S, 1) == [10_000]
    logic.connected(T0 + 200 * S)
    assert retry_delays_ms(logic, T0 + 210 * S, 1) == [500]


def test_a_relay_that_may_be_on_is_retried_at_once_and_then_quickly() -> None:
    logic = connected()
    logic.accept(T0, T0)
    assert retry_delays_ms(logic, T0 + S, 5) == [0, 250, 250, 250, 250]
    assert logic.may_be_on
    assert logic.relock_at_ns is None
    logic.connected(T0 + 3 * S)
    assert (logic.state, logic.may_be_on) == (DoorState.LOCKED, False)
