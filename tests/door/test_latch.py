"""The latch without a guard: same promises as long as somebody asks it."""

from __future__ import annotations

import pytest

from kiosk.door.latch import MAX_HOLD_S, DirectLatch, Latch
from kiosk.door.simulated import SimulatedRelay
from kiosk.doorinputs import DoorInputs
from kiosk.errors import ConfigError, RelayError


class Time:
    def __init__(self) -> None:
        self.ns = 0

    def __call__(self) -> int:
        return self.ns


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def relay() -> SimulatedRelay:
    return SimulatedRelay()


@pytest.fixture
def latch(relay: SimulatedRelay, time: Time) -> Latch:
    latch = DirectLatch(relay, time)
    latch.connect()
    return latch


def test_it_says_what_it_drives(latch: Latch, relay: SimulatedRelay) -> None:
    assert latch.is_simulated
    assert latch.description == relay.description
    assert latch.incident == ""
    assert isinstance(latch.check(), DoorInputs)


def test_a_hold_ends_at_its_deadline(latch: Latch, relay: SimulatedRelay, time: Time) -> None:
    latch.hold(5)
    time.ns = 5_000_000_000 - 1
    latch.check()
    assert relay.is_on
    time.ns += 1
    latch.check()
    assert not relay.is_on


def test_a_later_hold_replaces_the_deadline(
    latch: Latch, relay: SimulatedRelay, time: Time
) -> None:
    latch.hold(5)
    time.ns = 4_000_000_000
    latch.hold(2)
    time.ns = 5_500_000_000
    latch.check()
    assert relay.is_on
    latch.hold(0.1)
    time.ns = 5_700_000_000
    latch.check()
    assert not relay.is_on


def test_releasing_and_closing_lock(latch: Latch, relay: SimulatedRelay) -> None:
    latch.hold(MAX_HOLD_S)
    latch.release()
    assert not relay.is_on
    latch.hold(MAX_HOLD_S)
    latch.close()
    latch.close()
    assert not relay.is_on
    with pytest.raises(RelayError):
        latch.check()


@pytest.mark.parametrize("seconds", [0, -1, MAX_HOLD_S + 0.1, float("nan"), float("inf")])
def test_an_unreasonable_hold_is_refused(
    latch: Latch, relay: SimulatedRelay, seconds: float
) -> None:
    with pytest.raises(ConfigError, match="at most 60 s"):
        latch.hold(seconds)
    assert not relay.is_on


def test_a_lost_relay_is_an_error_until_connected_again(
    latch: Latch, relay: SimulatedRelay
) -> None:
    latch.hold(5)
    relay.fail("gone")
    for act in (latch.check, latch.release, latch.connect, lambda: latch.hold(1)):
        with pytest.raises(RelayError, match="gone"):
            act()
    relay.mend()
    # The port was closed with the error: nothing works before it is connected and locked.
    with pytest.raises(RelayError, match="connect it first"):
        latch.hold(1)
    latch.connect()
    assert not relay.is_on
    latch.hold(1)
    assert relay.is_on
