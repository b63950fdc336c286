"""The simulated relay behaves like a board on its own supply."""

from __future__ import annotations

from itertools import count

import pytest

from kiosk.door.simulated import KEPT_EDGES, Edge, SimulatedRelay
from kiosk.doorinputs import DoorInputs
from kiosk.errors import RelayError


def test_only_changes_are_recorded_with_their_times() -> None:
    relay = SimulatedRelay(count(100).__next__)
    relay.connect()
    relay.switch_on()
    relay.switch_on()
    relay.close()
    assert relay.edges == (Edge(100, True), Edge(101, False))
    assert relay.is_simulated


def test_a_broken_cable_leaves_the_relay_as_it_is_until_connected_again() -> None:
    relay = SimulatedRelay()
    relay.connect()
    relay.switch_on()
    relay.fail("The cable is out.")
    for use in (relay.connect, relay.switch_on, relay.switch_off, relay.check, relay.inputs):
        with pytest.raises(RelayError, match="The cable is out"):
            use()
    relay.close()
    assert relay.is_on
    relay.mend()
    with pytest.raises(RelayError, match="not connected"):
        relay.check()
    relay.connect()
    relay.check()
    assert not relay.is_on


def test_memory_is_bounded() -> None:
    relay = SimulatedRelay()
    relay.connect()
    for _ in range(KEPT_EDGES):
        relay.switch_on()
        relay.switch_off()
    assert len(relay.edges) == KEPT_EDGES


def test_its_wires_say_what_they_are_set_to() -> None:
    relay = SimulatedRelay()
    relay.connect()
    assert relay.inputs() == DoorInputs()
    assert not relay.capabilities.has_inputs
    relay.set_inputs(DoorInputs(is_open=True))
    assert relay.inputs().is_open
    assert relay.capabilities.has_inputs


def test_a_pulse_is_ended_by_its_owner() -> None:
    relay = SimulatedRelay()
    relay.connect()
    assert relay.pulse(0.1) == 0.0
    assert relay.is_on
    assert not relay.capabilities.has_pulse
