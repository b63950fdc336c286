"""The access log: an append-only chain of events.

Every row carries SHA-256 of the previous row's digest and its own contents, so a changed, removed
or inserted row shows. Two things the chain does not do. Names are not covered: a person's name is
blanked when they are deleted, and the chain must still hold; the person's id, which is never given
to anybody else, is covered. And a tail cut off by somebody who also resets SQLite's counter cannot
be seen: for that, note :meth:`EventLog.head` elsewhere from time to time.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kiosk.domain import ALARM_KINDS, Event, EventKind
from kiosk.store.database import Database

GENESIS = bytes(32)
"""The digest before the first event."""

MAX_DETAIL = 2000
"""Longest detail, characters; a longer one is cut."""


@dataclass(frozen=True, slots=True)
class EventQuery:
    """Which events are wanted; the default is all of them, oldest first."""

    since_ms: int | None = None
    """The earliest time wanted, UTC milliseconds."""
    until_ms: int | None = None
    """The first time no longer wanted."""
    person_id: int | None = None
    kinds: tuple[EventKind, ...] = ()
    """Empty for all kinds."""
    limit: int | None = None
    newest_first: bool = False
    open_alarms: bool = False
    """Only alarms that nobody has acknowledged."""
    after_seq: int | None = None
    """Only events written after the one with this number."""


@dataclass(frozen=True, slots=True)
class ChainProblem:
    """A place where the log is not what was written."""

    seq: int
    text: str


class EventLog:
    """The events of one database. Every method raises StoreError when the disk fails."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._events = database.tables.events
        self._alarms = database.tables.open_alarms

    def append(self, event: Event) -> Event:
        """Write an event and return it as stored, with its ``seq``; it is then on the disk."""
        return self.append_all([event])[0]

    def append_all(self, events: Sequence[Event]) -> list[Event]:
        """Write events in order, all or none.

        ``detail`` is part of the chain and can never be blanked: it must not name a person. The
        name of somebody who is not (or no longer) enrolled is not stored. Numbers that are not
        finite become None, text that cannot be encoded is replaced and long text cut. An alarm
        is open from this very transaction on, see :mod:`kiosk.store.alarms`.
        """
        stored = []
        with self._database.writing():
            seq, digest = self._last()
            for event in events:
                seq += 1
                kept = self._presentable(event, seq)
                row = (
                    seq,
                    kept.kind.value,
                    kept.at_ms,
                    kept.person_id,
                    kept.detail,
                    kept.similarity,
                    kept.threshold,
                )
                digest = _link(digest, row)
                self._events.insert(
                    seq=seq,
                    kind=kept.kind.value,
                    at_ms=kept.at_ms,
                    person_id=kept.person_id,
                    person_name=kept.person_name,
                    detail=kept.detail,
                    similarity=kept.similarity,
                    threshold=kept.threshold,
                    digest=digest,
                ).execute()
                if kept.kind in ALARM_KINDS:
                    self._alarms.insert(seq=seq).on_conflict_replace().execute()
                stored.append(kept)
        return stored

    def query(self, query: EventQuery = EventQuery()) -> list[Event]:
        """Return events in the order they were written, or newest first.

        A damaged row is returned as a FAULT that says so.
        """
        table = self._events
        chosen = self._matching(
            table.select(
                table.seq,
                table.kind,
                table.at_ms,
                table.person_id,
                table.person_name,
                table.detail,
                table.similarity,
                table.threshold,
            ),
            query,
        ).order_by(table.seq.desc() if query.newest_first else table.seq)
        if query.limit is not None:
            chosen = chosen.limit(max(query.limit, 0))
        # Not through the model: converting a damaged value would fail the whole query.
        return [_event(row) for row in self._database.execute(*chosen.sql())]

    def count(self, query: EventQuery = EventQuery()) -> int:
        """Count the events a query selects, regardless of its ``limit``."""
        with self._database.reading():
            return int(self._matching(self._events.select(), query).count())

    def head(self) -> tuple[int, str]:
        """Return ``seq`` and digest (64 hex digits) of the newest event; (0, zeros) when none.

        Noted elsewhere, they prove later that the log up to here was neither changed nor cut.
        """
        rows = self._database.execute("SELECT seq, digest FROM events ORDER BY seq DESC LIMIT 1")
        return (int(rows[0][0]), _digest(rows[0][1]).hex()) if rows else (0, GENESIS.hex())

    def verify(self) -> list[ChainProblem]:
        """Recompute the chain and return every place where it does not hold; empty when sound.

        Finds changed, missing and inserted rows. A missing end shows only while SQLite's own
        counter still remembers it; names are not covered.
        """
        problems = []
        expected, previous = 1, GENESIS
        for row in self._rows_with_digest():
            seq = row[0]
            if seq != expected:
                problems.append(
                    ChainProblem(expected, f"Events {expected} to {seq - 1} are missing.")
                )
            elif row[7] != _link(previous, row[:7]):
                problems.append(
                    ChainProblem(seq, f"Event {seq} is not as it was written, or one before it.")
                )
            # The stored digest, so that one fault is reported once.
            previous = _digest(row[7])
            expected = seq + 1
        counter = self._counter()
        if counter >= expected:
            problems.append(
                ChainProblem(expected, f"Events {expected} to {counter} are missing at the end.")
            )
        return problems

    def _last(self) -> tuple[int, bytes]:
        seq, digest = self.head()
        # After a cut the numbers go on where they were, and the gap stays visible.
        return max(seq, self._counter()), bytes.fromhex(digest)

    def _counter(self) -> int:
        rows = self._database.execute("SELECT seq FROM sqlite_sequence WHERE name = 'events'")
        return int(rows[0][0]) if rows else 0

    def _presentable(self, event: Event, seq: int) -> Event:
        name = _text(event.person_name)
        if name and not self._is_enrolled(event.person_id):
            name = ""
        return replace(
            event,
            at_ms=int(event.at_ms),
            person_id=None if event.person_id is None else int(event.person_id),
            person_name=name,
            detail=_text(event.detail),
            similarity=_number(event.similarity),
            threshold=_number(event.threshold),
            seq=seq,
        )

    def _is_enrolled(self, person_id: int | None) -> bool:
        if person_id is None:
            return False
        return bool(self._database.execute("SELECT 1 FROM people WHERE id = ?", (int(person_id),)))

    def _matching(self, selection: Any, query: EventQuery) -> Any:
        table = self._events
        if query.since_ms is not None:
            selection = selection.where(table.at_ms >= query.since_ms)
        if query.until_ms is not None:
            selection = selection.where(table.at_ms < query.until_ms)
        if query.after_seq is not None:
            selection = selection.where(table.seq > query.after_seq)
        if query.person_id is not None:
            selection = selection.where(table.person_id == query.person_id)
        if query.open_alarms:
            selection = selection.where(table.seq.in_(self._alarms.select(self._alarms.seq)))
        if query.kinds:
            selection = selection.where(table.kind.in_([kind.value for kind in query.kinds]))
        return selection

    def _rows_with_digest(self) -> Iterator[tuple[Any, ...]]:
        after = -1
        while rows := self._database.execute(
            "SELECT seq, kind, at_ms, person_id, detail, similarity, threshold, digest "
            "FROM events WHERE seq > ? ORDER BY seq LIMIT 1000",
            (after,),
        ):
            yield from rows
            after = rows[-1][0]


def _link(previous: bytes, row: Sequence[Any]) -> bytes:
    # Damaged columns may hold bytes, which JSON has no form for; any text serves, none matches.
    canonical = json.dumps(list(row), separators=(",", ":"), default=repr)
    return hashlib.sha256(previous + canonical.encode("ascii")).digest()


def _digest(stored: object) -> bytes:
    return stored if isinstance(stored, bytes) else GENESIS


def _text(text: str) -> str:
    clean = text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\ufffd")
    return clean if len(clean) <= MAX_DETAIL else clean[: MAX_DETAIL - 1] + "…"


def _number(value: float | None) -> float | None:
    if value is None or not math.isfinite(value):
        return None
    # SQLite stores -0.0 as 0, and the digest must be of what is read back.
    return float(value) + 0.0


def _event(row: Sequence[Any]) -> Event:
    seq, kind, at_ms, person_id, person_name, detail, similarity, threshold = row
    try:
        return Event(
            kind=EventKind(kind),
            at_ms=int(at_ms),
            person_id=None if person_id is None else int(person_id),
            person_name=str(person_name),
            detail=str(detail),
            similarity=None if similarity is None else float(similarity),
            threshold=None if threshold is None else float(threshold),
            seq=int(seq),
        )
    except (TypeError, ValueError):
        return Event(
            kind=EventKind.FAULT,
            at_ms=at_ms if isinstance(at_ms, int) else 0,
            detail="This line of the log is damaged.",
            seq=int(seq),
        )
