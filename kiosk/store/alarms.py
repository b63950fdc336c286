"""Alarms that nobody has acknowledged yet.

An alarm is an event of :data:`kiosk.domain.ALARM_KINDS`. :class:`kiosk.store.events.EventLog` opens
it in the transaction that writes the event, and acknowledging closes it in the transaction that
writes ALARM_ACKNOWLEDGED: no crash can lose one.
"""

from __future__ import annotations

from collections import Counter

from kiosk.domain import ALARM_KINDS, Event, EventKind
from kiosk.errors import AccessError
from kiosk.store.database import Database
from kiosk.store.events import EventLog, EventQuery

MAX_OF_A_KIND = 20
"""How many open alarms of a kind are returned at once."""
_ORDER = (
    EventKind.DURESS,
    EventKind.DOOR_FORCED,
    EventKind.DOOR_HELD,
    EventKind.GUARD_LOST,
    EventKind.RELAY_LOST,
    EventKind.PRESENTATION_ATTACK,
)
"""Whoever needs help comes first."""
_KINDS = [kind.value for kind in ALARM_KINDS]


class AlarmsTable:
    """Open alarms. Every method raises StoreError."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._open = database.tables.open_alarms
        self._events = EventLog(database)

    def open(self) -> list[Event]:
        """Return open alarms, the worst kind first and the newest first of each kind.

        At most :data:`MAX_OF_A_KIND` of each, so that many of one hide none of another.
        """
        rest = [kind for kind in ALARM_KINDS if kind not in _ORDER]
        found: list[Event] = []
        for kind in (*_ORDER, *rest):
            found += self._events.query(
                EventQuery(kinds=(kind,), open_alarms=True, newest_first=True, limit=MAX_OF_A_KIND)
            )
        for seq in self._damaged():
            found += self._events.query(EventQuery(after_seq=seq - 1, open_alarms=True, limit=1))
        return found

    def count_by_kind(self) -> dict[EventKind, int]:
        """Return how many alarms of each kind are open, if any; damaged ones are FAULT."""
        rows = self._database.execute(
            "SELECT events.kind, COUNT(*) FROM open_alarms JOIN events USING (seq) GROUP BY 1"
        )
        counts: Counter[EventKind] = Counter()
        for kind, count in rows:
            counts[EventKind(kind) if kind in _KINDS else EventKind.FAULT] += count
        return dict(counts)

    def count(self) -> int:
        """Return how many alarms are open."""
        with self._database.reading():
            return int(self._open.select().count())

    def acknowledge(self, seq: int, now_ms: int) -> None:
        """Close the alarm of the event ``seq`` and record that; again does no harm.

        Raises AccessError when that event is not an alarm.
        """
        with self._database.writing():
            if self._open.delete().where(self._open.seq == seq).execute():
                detail = f"alarm {seq}"
                self._events.append(Event(EventKind.ALARM_ACKNOWLEDGED, now_ms, detail=detail))
            elif not self._is_alarm(seq):
                raise AccessError(f"Event {seq} is no alarm. Choose one from the list of alarms.")

    def _damaged(self) -> list[int]:
        """Return open alarms whose kind can no longer be read, newest first."""
        marks = ",".join("?" * len(_KINDS))
        rows = self._database.execute(
            "SELECT seq FROM open_alarms JOIN events USING (seq) "
            f"WHERE kind NOT IN ({marks}) ORDER BY seq DESC LIMIT ?",
            (*_KINDS, MAX_OF_A_KIND),
        )
        return [seq for (seq,) in rows]

    def _is_alarm(self, seq: int) -> bool:
        events = self._database.tables.events
        with self._database.reading():
            query = events.select().where(events.seq == seq, events.kind.in_(_KINDS))
            return bool(query.count())
