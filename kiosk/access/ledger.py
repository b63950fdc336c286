"""What has happened that later decisions depend on: who came in when, and who waits for a second.

It belongs to one thread. After a restart it is made anew from the access log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from kiosk.domain import Event, EventKind


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody who may enter as soon as a second person has come."""

    person_id: int
    at_ms: int


class Ledger:
    """The entries of one door; times are UTC milliseconds."""

    def __init__(self) -> None:
        self._entries: dict[int, int] = {}
        self._first_ms: int | None = None
        self._waiting: Waiting | None = None

    @classmethod
    def restore(cls, events: Iterable[Event], is_first: Callable[[int], bool]) -> Ledger:
        """Make the ledger from events of the access log.

        Those of today, of the day before and of the time of the passback rule are enough.
        ``is_first`` tells whether a person begins the day.
        """
        ledger = cls()
        # By their numbers: a clock that was set in between would mix them up.
        for event in sorted(events, key=lambda event: event.seq or 0):
            if event.kind is EventKind.GRANTED and event.person_id is not None:
                ledger.note_entry(event.person_id, event.at_ms, is_first=is_first(event.person_id))
        return ledger

    def note_entry(self, person_id: int, at_ms: int, *, is_first: bool = False) -> None:
        """Remember that somebody was let in."""
        self._entries[person_id] = at_ms
        if is_first:
            self._first_ms = at_ms
        if self._waiting is not None and self._waiting.person_id == person_id:
            self._waiting = None

    def last_entry_ms(self, person_id: int) -> int | None:
        """Return when somebody came in last; None when nobody knows of it."""
        return self._entries.get(person_id)

    @property
    def last_first_ms(self) -> int | None:
        """When somebody who begins the day came in last."""
        return self._first_ms

    def note_waiting(self, person_id: int, at_ms: int) -> None:
        """Remember that somebody waits for a second person, in the place of who waited before."""
        self._waiting = Waiting(person_id, at_ms)

    def forget_waiting(self) -> None:
        """Nobody waits any more."""
        self._waiting = None

    def partner_of(self, person_id: int, at_ms: int, within_s: int) -> int | None:
        """Return who waited for this person, or None."""
        waiting = self._waiting
        if waiting is None or waiting.person_id == person_id:
            return None
        return waiting.person_id if 0 <= at_ms - waiting.at_ms < within_s * 1000 else None

    def waiting_at(self, at_ms: int, within_s: int) -> Waiting | None:
        """Return who waits for a second person at this time."""
        waiting = self._waiting
        if waiting is None or not 0 <= at_ms - waiting.at_ms < within_s * 1000:
            return None
        return waiting
