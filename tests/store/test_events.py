"""The access log: order, queries, and that tampering shows."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kiosk.domain import Event, EventKind
from kiosk.store.events import MAX_DETAIL, EventQuery
from kiosk.store.store import Store, opened


def fill(store: Store, count: int) -> list[Event]:
    kinds = list(EventKind)
    return [
        store.events.append(
            Event(kinds[i % 3], at_ms=1000 * i, detail=f"event {i}", similarity=i / 7)
        )
        for i in range(count)
    ]


def broken_at(store: Store) -> list[int]:
    return [problem.seq for problem in store.events.verify()]


def test_events_come_back_as_they_were(store: Store) -> None:
    person = store.people.add("Ada", "", None, 0)
    event = Event(EventKind.GRANTED, 1234, person.id, "Ada", "detail ü\n漢", 0.7253, 0.6)
    stored = store.events.append(event)
    assert stored.seq == 1
    assert store.events.query() == [stored]
    assert stored == Event(
        EventKind.GRANTED, 1234, person.id, "Ada", "detail ü\n漢", 0.7253, 0.6, seq=1
    )


def test_queries_choose_by_time_kind_and_person(store: Store) -> None:
    made = fill(store, 9)
    person = store.people.add("Ada", "", None, 0)
    hers = store.events.append(Event(EventKind.GRANTED, 99_000, person.id, "Ada"))

    def seqs(**wanted: object) -> list[int | None]:
        return [event.seq for event in store.events.query(EventQuery(**wanted))]  # type: ignore[arg-type]

    assert seqs(since_ms=2000, until_ms=5000) == [3, 4, 5]
    assert seqs(until_ms=99_000, limit=2) == [1, 2]
    assert seqs(limit=3, newest_first=True) == [10, 9, 8]
    assert seqs(limit=0) == []
    assert seqs(person_id=person.id) == [hers.seq]
    assert seqs(kinds=(made[0].kind,)) == [1, 4, 7]
    assert seqs(kinds=(made[0].kind, made[1].kind), since_ms=3000) == [4, 5, 7, 8]
    assert store.events.count() == 10
    assert store.events.count(EventQuery(since_ms=2000, until_ms=5000, limit=1)) == 3


def test_the_head_moves_with_every_event(store: Store) -> None:
    assert store.events.head() == (0, "0" * 64)
    heads = {store.events.head()}
    for number in range(1, 4):
        fill(store, 1)
        seq, digest = store.events.head()
        assert seq == number
        assert len(bytes.fromhex(digest)) == 32
        heads.add((seq, digest))
    assert len(heads) == 4


def test_an_untouched_log_is_sound(store: Store) -> None:
    assert store.events.verify() == []
    fill(store, 2100)
    assert store.events.verify() == []


@pytest.mark.parametrize(
    ("sql", "at"),
    [
        ("UPDATE events SET detail = 'x' WHERE seq = 3", [3]),
        ("UPDATE events SET at_ms = at_ms + 1 WHERE seq = 1", [1]),
        ("UPDATE events SET at_ms = 'soon' WHERE seq = 2", [2]),
        ("UPDATE events SET person_id = 5 WHERE seq = 6", [6]),
        ("UPDATE events SET similarity = NULL WHERE seq = 4", [4]),
        ("UPDATE events SET kind = 'granted' WHERE seq = 2", [2]),
        ("UPDATE events SET detail = x'ff00' WHERE seq = 2", [2]),
        ("UPDATE events SET digest = x'00' WHERE seq = 2", [2, 3]),
        ("UPDATE events SET digest = 'text' WHERE seq = 6", [6]),
        ("DELETE FROM events WHERE seq = 1", [1]),
        ("DELETE FROM events WHERE seq IN (3, 4)", [3]),
        ("DELETE FROM events WHERE seq >= 5", [5]),
        ("DELETE FROM events", [1]),
        ("UPDATE events SET seq = 60 WHERE seq = 6", [6]),
        (
            "INSERT INTO events SELECT 7, kind, at_ms, 1, '', '', 0, 0, digest FROM events LIMIT 1",
            [7],
        ),
    ],
)
def test_tampering_shows_where_it_was_done(store: Store, sql: str, at: list[int]) -> None:
    fill(store, 6)
    store.database.execute(sql)
    assert broken_at(store) == at


def test_after_a_cut_the_log_goes_on_and_the_gap_stays(store: Store) -> None:
    fill(store, 6)
    store.database.execute("DELETE FROM events WHERE seq > 4")
    assert store.events.append(Event(EventKind.STARTED, 1)).seq == 7
    assert store.events.append(Event(EventKind.STARTED, 2)).seq == 8
    assert broken_at(store) == [5]


def test_a_damaged_row_does_not_hide_the_others(store: Store) -> None:
    fill(store, 4)
    store.database.execute("UPDATE events SET kind = 'bogus' WHERE seq = 1")
    store.database.execute("UPDATE events SET similarity = 'abc' WHERE seq = 2")
    store.database.execute("UPDATE events SET detail = CAST(x'ff' AS TEXT) WHERE seq = 3")
    events = store.events.query()
    assert [e.kind for e in events[:2]] == [EventKind.FAULT] * 2
    assert "damaged" in events[0].detail
    assert events[2].detail == "\ufffd"
    assert events[3].detail == "event 3"
    assert broken_at(store) == [1, 2, 3]


def test_the_name_of_nobody_enrolled_is_not_stored(store: Store) -> None:
    person = store.people.add("Ada", "", None, 0)
    store.people.delete(person.id)
    # An event that was still on its way when the person was deleted.
    assert store.events.append(Event(EventKind.GRANTED, 1, person.id, "Ada")).person_name == ""
    assert store.events.append(Event(EventKind.GRANTED, 1, None, "Ada")).person_name == ""


def test_renaming_leaves_old_events_alone(store: Store) -> None:
    person = store.people.add("Ada", "", None, 0)
    store.events.append(Event(EventKind.GRANTED, 1, person.id, "Ada"))
    store.people.rename(person.id, "Ada King")
    assert store.events.query()[0].person_name == "Ada"


def test_a_batch_is_written_whole_or_not_at_all(store: Store) -> None:
    fill(store, 1)
    with pytest.raises(OverflowError):
        store.events.append_all([Event(EventKind.STARTED, 1), Event(EventKind.STARTED, 2**70)])
    assert store.events.count() == 1
    assert store.events.verify() == []


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    detail=st.text(st.characters(), max_size=50),
    similarity=st.none() | st.floats(),
    at_ms=st.integers(-(2**62), 2**62),
    person_id=st.none() | st.integers(0, 2**62),
)
def test_whatever_is_logged_can_be_verified(
    store: Store, detail: str, similarity: float | None, at_ms: int, person_id: int | None
) -> None:
    stored = store.events.append(
        Event(EventKind.FAULT, at_ms, person_id, "", detail, similarity, similarity)
    )
    assert store.events.query(EventQuery(newest_first=True, limit=1)) == [stored]
    if similarity is not None and math.isfinite(similarity):
        assert stored.similarity == similarity
    assert store.events.verify() == []


def test_long_details_are_cut(store: Store) -> None:
    stored = store.events.append(Event(EventKind.FAULT, 1, detail="x" * 5000))
    assert len(stored.detail) == MAX_DETAIL
    assert stored.detail.endswith("…")


WRITER = """
import sys
from pathlib import Path
from kiosk.domain import Event, EventKind
from kiosk.store.store import Store
store = Store.open(Path(sys.argv[1]))
while True:
    stored = store.events.append(Event(EventKind.GRANTED, 1, detail="acknowledged"))
    sys.stdout.write(f"{stored.seq}\\n")
    sys.stdout.flush()
"""


def test_no_acknowledged_event_is_lost_to_kill_9(path: Path) -> None:
    for kill in range(3):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        acknowledged = 0
        for _ in range(20 + 7 * kill):
            acknowledged = int(writer.stdout.readline())
        os.kill(writer.pid, signal.SIGKILL)
        # What it managed to say before it died counts as well; the last line may be cut.
        rest = writer.stdout.read()
        writer.stdout.close()
        writer.wait(timeout=10)
        acknowledged = max([acknowledged, *map(int, rest[: rest.rfind("\n") + 1].split())])
        with opened(path, create=False) as store:
            assert store.events.head()[0] >= acknowledged > 0
            assert store.events.count() == store.events.head()[0]
            assert store.events.verify() == []
