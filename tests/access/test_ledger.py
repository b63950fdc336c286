"""What has happened at the door, and what of it survives a restart."""

from __future__ import annotations

from kiosk.access.ledger import Ledger, Waiting
from kiosk.domain import Event, EventKind

ANN, BEN = 1, 2


def test_an_empty_ledger_knows_nobody() -> None:
    day = Ledger()
    assert day.last_entry_ms(ANN) is None
    assert day.last_first_ms is None
    assert day.waiting_at(0, 20) is None


def test_entries_survive_a_restart() -> None:
    events = [
        Event(EventKind.STARTED, 1),
        Event(EventKind.GRANTED, 10, BEN),
        Event(EventKind.GRANTED, 20, ANN),
        Event(EventKind.DENIED, 30, ANN),
        Event(EventKind.GRANTED, 40, None),
    ]
    day = Ledger.restore(events, lambda person: person == BEN)
    assert day.last_entry_ms(ANN) == 20
    assert day.last_first_ms == 10


def test_a_log_in_any_order_is_read_by_its_numbers() -> None:
    newest_first = [
        Event(EventKind.GRANTED, 5, ANN, seq=2),
        Event(EventKind.GRANTED, 9, ANN, seq=1),
    ]
    assert Ledger.restore(newest_first, lambda _: False).last_entry_ms(ANN) == 5


def test_one_person_waits_at_a_time() -> None:
    day = Ledger()
    day.note_waiting(ANN, 1000)
    assert day.waiting_at(20_999, 20) == Waiting(ANN, 1000)
    assert day.waiting_at(21_000, 20) is None
    assert day.waiting_at(999, 20) is None
    assert day.partner_of(ANN, 2000, 20) is None
    assert day.partner_of(BEN, 2000, 20) == ANN
    day.note_waiting(BEN, 3000)
    assert day.partner_of(ANN, 4000, 20) == BEN
    day.forget_waiting()
    assert day.partner_of(ANN, 4000, 20) is None
