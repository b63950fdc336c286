"""Wires that bounce, and wires that fall silent."""

from __future__ import annotations

from kiosk.domain import DoorInputs
from kiosk.door.inputs import InputFilter

MS = 1_000_000
SHUT, OPEN = DoorInputs(is_open=False), DoorInputs(is_open=True)


def settled() -> InputFilter:
    wires = InputFilter(80 * MS)
    wires.take(SHUT, 0)
    wires.take(SHUT, 80 * MS)
    assert wires.believed == SHUT
    return wires


def test_nothing_is_believed_before_its_time() -> None:
    wires = InputFilter(80 * MS)
    assert wires.is_settled
    assert not wires.has_wires
    wires.take(SHUT, 0)
    assert (wires.is_settled, wires.has_wires, wires.believed) == (False, True, DoorInputs())
    assert wires.settles_at_ns() == 80 * MS
    wires.take(SHUT, 80 * MS - 1)
    assert not wires.is_settled
    wires.take(SHUT, 80 * MS)
    assert (wires.is_settled, wires.believed, wires.settles_at_ns()) == (True, SHUT, None)


def test_a_change_is_dated_from_its_first_sight() -> None:
    wires = settled()
    wires.take(OPEN, 100 * MS)
    wires.take(OPEN, 500 * MS)
    assert (wires.believed, wires.since_ns("is_open")) == (OPEN, 100 * MS)


def test_a_bounce_starts_the_time_again() -> None:
    wires = settled()
    wires.take(OPEN, 100 * MS)
    wires.take(SHUT, 150 * MS)
    wires.take(OPEN, 160 * MS)
    wires.take(OPEN, 230 * MS)
    assert wires.believed == SHUT
    wires.take(OPEN, 240 * MS)
    assert wires.believed == OPEN


def test_a_wire_that_was_there_and_says_nothing_is_unreadable() -> None:
    wires = settled()
    assert wires.take(DoorInputs(), 100 * MS) == (
        "The door sensor cannot be read: check its wire and its supply."
    )
    wires.forget()
    assert not wires.is_settled
    assert wires.has_wires
    assert wires.take(DoorInputs(exit_pressed=False), 200 * MS)


def test_without_debouncing_the_first_reading_counts() -> None:
    wires = InputFilter(0)
    wires.take(OPEN, 5)
    assert (wires.believed, wires.is_settled) == (OPEN, True)
