"""Events as the program makes them: with the time, and what a decision knows."""

from __future__ import annotations

from collections.abc import Callable

from kiosk.domain import Decision, Event, EventKind


class Journal:
    """Makes events of now and hands them on."""

    def __init__(self, record: Callable[[Event], bool], now_ms: Callable[[], int]) -> None:
        self._record = record
        self._now_ms = now_ms

    def note(
        self, kind: EventKind, person_id: int | None = None, name: str = "", detail: str = ""
    ) -> None:
        """Record something; ``detail`` must not name anybody."""
        self._record(Event(kind, self._now_ms(), person_id, name, detail))

    def note_decision(
        self, kind: EventKind, decision: Decision, name: str = "", detail: str = ""
    ) -> bool:
        """Record what was decided about a visit, with the figures it was decided by.

        Returns whether the event was taken.
        """
        scores = (decision.similarity, decision.threshold)
        at_ms = self._now_ms()
        return self._record(Event(kind, at_ms, decision.person_id, name, detail, *scores))
