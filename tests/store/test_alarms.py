"""Alarms are open from the event on until somebody has seen them, through every crash."""

from __future__ import annotations

import pytest

from kiosk.domain import ALARM_KINDS, Event, EventKind
from kiosk.errors import AccessError
from kiosk.store.events import EventQuery
from kiosk.store.store import Store, opened


def happen(store: Store, *kinds: EventKind) -> list[int]:
    stored = store.events.append_all([Event(kind, 5) for kind in kinds])
    return [event.seq or 0 for event in stored]


def open_seqs(store: Store) -> list[int | None]:
    return [event.seq for event in store.alarms.open()]


def test_alarms_and_nothing_else_are_open(store: Store) -> None:
    for kind in EventKind:
        happen(store, kind)
    assert {event.kind for event in store.alarms.open()} == set(ALARM_KINDS)
    assert store.alarms.count() == len(ALARM_KINDS)


def test_worst_first_and_over_a_restart(path) -> None:
    with opened(path) as store:
        forced, _, held = happen(
            store, EventKind.DOOR_FORCED, EventKind.DOOR_CLOSED, EventKind.DOOR_HELD
        )
    with opened(path) as store:
        assert open_seqs(store) == [forced, held]
        store.alarms.acknowledge(forced, 9)
    with opened(path) as store:
        assert open_seqs(store) == [held]
        (event,) = store.events.query(EventQuery(kinds=(EventKind.ALARM_ACKNOWLEDGED,)))
        assert (event.at_ms, event.detail) == (9, f"alarm {forced}")
        assert store.events.verify() == []


def test_many_of_a_kind_hide_no_other(store: Store) -> None:
    (duress,) = happen(store, EventKind.DURESS)
    (held,) = happen(store, EventKind.DOOR_HELD)
    pictures = happen(store, *[EventKind.PRESENTATION_ATTACK] * 30)
    forced = happen(store, *[EventKind.DOOR_FORCED] * 25)
    assert open_seqs(store) == [duress, *forced[:4:-1], held, *pictures[:9:-1]]
    assert store.alarms.count_by_kind() == {
        EventKind.DURESS: 1,
        EventKind.DOOR_HELD: 1,
        EventKind.PRESENTATION_ATTACK: 30,
        EventKind.DOOR_FORCED: 25,
    }
    store.alarms.acknowledge(forced[-1], 9)
    assert open_seqs(store)[1:21] == forced[23:3:-1]


def test_an_alarm_whose_kind_is_damaged_is_still_listed_and_can_be_closed(store: Store) -> None:
    first, second = happen(store, EventKind.DURESS, EventKind.DURESS)
    store.database.execute("UPDATE events SET kind = x'ff' WHERE seq = ?", (first,))
    assert open_seqs(store) == [second, first]
    assert store.alarms.open()[1].kind is EventKind.FAULT
    assert store.alarms.count_by_kind() == {EventKind.DURESS: 1, EventKind.FAULT: 1}
    store.alarms.acknowledge(first, 9)
    assert open_seqs(store) == [second]


def test_acknowledging_twice_is_recorded_once(store: Store) -> None:
    (seq,) = happen(store, EventKind.DURESS)
    store.alarms.acknowledge(seq, 9)
    store.alarms.acknowledge(seq, 10)
    assert store.events.count(EventQuery(kinds=(EventKind.ALARM_ACKNOWLEDGED,))) == 1


@pytest.mark.parametrize("seq", [0, -1, 1, 99])
def test_what_is_no_alarm_is_not_acknowledged(store: Store, seq: int) -> None:
    happen(store, EventKind.GRANTED)
    with pytest.raises(AccessError, match="is no alarm"):
        store.alarms.acknowledge(seq, 9)
    assert store.events.count() == 1


def test_an_alarm_that_is_not_written_is_not_open_and_the_other_way_round(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.database.writing():
        happen(store, EventKind.DOOR_FORCED)
        raise ZeroDivisionError
    assert (store.events.count(), store.alarms.count()) == (0, 0)
    (seq,) = happen(store, EventKind.DOOR_FORCED)
    with pytest.raises(ZeroDivisionError), store.database.writing():
        store.alarms.acknowledge(seq, 9)
        raise ZeroDivisionError
    assert open_seqs(store) == [seq]
    assert store.events.count() == 1


def test_an_alarm_outlives_the_person_it_is_about(store: Store) -> None:
    ada = store.people.add("Ada", "", None, 0)
    store.events.append(Event(EventKind.DURESS, 5, ada.id, "Ada"))
    store.people.delete(ada.id)
    (alarm,) = store.alarms.open()
    assert (alarm.person_id, alarm.person_name) == (ada.id, "")


def test_many_alarms_are_shown_in_part_and_counted_in_full(store: Store) -> None:
    seqs = happen(store, *[EventKind.PRESENTATION_ATTACK] * 250)
    assert open_seqs(store) == seqs[:-21:-1]
    assert store.alarms.count() == 250


def test_a_leftover_of_a_cut_log_does_not_stop_the_next_alarm(store: Store) -> None:
    store.database.execute("INSERT INTO open_alarms VALUES (1)")
    assert happen(store, EventKind.DOOR_HELD) == [1]
    assert open_seqs(store) == [1]
