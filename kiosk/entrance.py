"""Letting in who is identified: rights, door and log have to agree, in that order.

Nothing opens that is not written. Whoever waits for a second person is let in together with them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from kiosk.access.ledger import Ledger
from kiosk.access.model import Credential
from kiosk.access.verdict import RightsOutcome, Verdict
from kiosk.domain import Decision, DenialReason, DoorState, DoorStatus, Event, EventKind
from kiosk.errors import RightsChangedError, StoreError, UsedUpError
from kiosk.people import EnrolledPeople
from kiosk.store.journal import Journal

_log = logging.getLogger(__name__)

_AND = " and "
_PASSABLE = (DoorState.UNLOCKED, DoorState.OPEN)


class Unlock(Protocol):
    """What is needed of :class:`kiosk.door.controller.DoorController`."""

    def __call__(self, reason: str, now_ns: int, *, extended: bool = False) -> bool: ...


class Write(Protocol):
    """What is needed of :class:`kiosk.grants.GrantLog`."""

    def __call__(
        self, events: Sequence[Event], spending: Sequence[int] = (), generation: int | None = None
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody identified, and how."""

    person_id: int
    shown: frozenset[Credential]
    decision: Decision
    """With the figures they were recognised by, if they were."""
    how: str = ""
    """For the log."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What becomes of somebody at the door."""

    outcome: RightsOutcome | None
    """None: nothing can be said, because the entry could not be written or the door not driven."""
    denial: DenialReason | None = None
    hours: str = ""
    """When they may enter, in words; empty where nobody knows."""
    is_stale: bool = False
    """Nothing can be said before the people have been read anew."""
    is_in_already: bool = False
    """They were let in a moment ago, and nothing was done now."""


class Entrance:
    """Used by the recognition thread alone."""

    def __init__(
        self,
        journal: Journal,
        write: Write,
        unlock: Unlock,
        door_status: Callable[[], DoorStatus],
        clock_ok: Callable[[], bool],
        day: Callable[[], Ledger],
        now_ms: Callable[[], int],
        now_ns: Callable[[], int],
    ) -> None:
        """``write`` returns when events are on the disk, or raises.

        ``unlock`` opens the door (for whom, monotonic ns) and says whether it did. ``day`` returns
        what has happened at this door.
        """
        self._journal, self._write, self._unlock = journal, write, unlock
        self._door_status, self._clock_ok, self._day = door_status, clock_ok, day
        self._now_ms, self._now_ns = now_ms, now_ns
        self._waiting: Visitor | None = None

    def closed_for(self) -> DenialReason | None:
        """Say why nobody at all is let in now."""
        status = self._door_status()
        if status.is_lockdown:
            return DenialReason.LOCKDOWN
        return DenialReason.INTERLOCK if status.inputs.other_open else None

    def ask(self, people: EnrolledPeople, visitor: Visitor) -> Answer:
        """Let somebody in, or say what is missing; ``visitor`` is enrolled."""
        if self._is_in_already(people, visitor):
            return Answer(RightsOutcome.ALLOWED, is_in_already=True)
        verdict, partner = self._judge(people, visitor)
        if verdict.outcome is RightsOutcome.DENIED:
            denial = verdict.denial or DenialReason.RIGHTS_DAMAGED
            return self.deny(visitor, people.name_of(visitor.person_id), denial, verdict.hours)
        if verdict.outcome is RightsOutcome.NEEDS_SECOND:
            self._waiting = visitor
            self._day().note_waiting(visitor.person_id, self._now_ms())
        if verdict.outcome is not RightsOutcome.ALLOWED:
            return Answer(verdict.outcome, verdict.denial, verdict.hours)
        return self._let_in(people, visitor, verdict, partner)

    def deny(
        self, visitor: Visitor, name: str, denial: DenialReason, hours: str = "", detail: str = ""
    ) -> Answer:
        """Note that somebody is not let in."""
        reason = REASONS[denial] + (f" {hours}" if hours else "") + detail
        named = replace(visitor.decision, person_id=visitor.person_id)
        self._journal.note_decision(EventKind.DENIED, named, name, reason)
        return Answer(RightsOutcome.DENIED, denial, hours)

    def second_missed(self, people: EnrolledPeople) -> str:
        """Give up waiting for a second person; return the name of who waited."""
        waiting = self._waiting
        self.forget()
        if waiting is None:
            return ""
        name = people.name_of(waiting.person_id)
        self.deny(waiting, name, DenialReason.SECOND_MISSING)
        return name

    def forget(self) -> None:
        """Nobody waits for a second person any more."""
        if self._waiting is not None:
            self._waiting = None
            self._day().forget_waiting()

    def _judge(
        self, people: EnrolledPeople, visitor: Visitor
    ) -> tuple[Verdict, tuple[Visitor, Verdict] | None]:
        """Return what holds for somebody, and for who waited for them."""
        closed = self.closed_for()
        if closed is DenialReason.LOCKDOWN:
            return Verdict(RightsOutcome.DENIED, closed), None
        verdict = self._rights(people, visitor)
        if verdict.outcome is RightsOutcome.ALLOWED and verdict.partner_id is not None:
            waiting = self._waiting
            # Judged again: what they may can have changed while they waited.
            if waiting is not None and waiting.person_id == verdict.partner_id:
                of_waiting = self._rights(people, waiting)
                if of_waiting.outcome is RightsOutcome.NEEDS_SECOND:
                    return self._unless(closed, verdict), (waiting, of_waiting)
                if of_waiting.outcome is RightsOutcome.DENIED and people.name_of(waiting.person_id):
                    denial = of_waiting.denial or DenialReason.RIGHTS_DAMAGED
                    self.deny(waiting, people.name_of(waiting.person_id), denial, of_waiting.hours)
                self._waiting = None
            self._day().forget_waiting()
            verdict = self._rights(people, visitor)
        return self._unless(closed, verdict), None

    def _is_in_already(self, people: EnrolledPeople, visitor: Visitor) -> bool:
        """Tell whether the door is unlocked for this very person, and for a while yet."""
        if not people.name_of(visitor.person_id) or self.closed_for() is not None:
            return False
        status, now_ns = self._door_status(), self._now_ns()
        return status.state in _PASSABLE and any(
            now_ns < until_ns and _who(visitor.person_id) in reason.split(_AND)
            for reason, until_ns in status.let_in
        )

    def _rights(self, people: EnrolledPeople, visitor: Visitor) -> Verdict:
        if not people.name_of(visitor.person_id):
            return Verdict(RightsOutcome.DENIED, DenialReason.RIGHTS_DAMAGED)
        return people.rights.judge(
            visitor.person_id,
            self._now_ms(),
            shown=visitor.shown,
            clock_ok=self._clock_ok(),
            day=self._day(),
        )

    @staticmethod
    def _unless(closed: DenialReason | None, verdict: Verdict) -> Verdict:
        """Rights come first: who may not enter anyway learns why, not to come back in a moment."""
        if closed is None or verdict.outcome is not RightsOutcome.ALLOWED:
            return verdict
        return Verdict(RightsOutcome.DENIED, closed)

    def _let_in(
        self,
        people: EnrolledPeople,
        visitor: Visitor,
        verdict: Verdict,
        partner: tuple[Visitor, Verdict] | None,
    ) -> Answer:
        comers = [(visitor, verdict)] if partner is None else [partner, (visitor, verdict)]
        at_ms = self._now_ms()
        events: list[Event] = []
        for comer, rights in comers:
            others = [each.person_id for each, _ in comers if each is not comer]
            events += _entry(people, comer, rights, others, at_ms)
        try:
            spending = [comer.person_id for comer, rights in comers if rights.spends_use]
            self._write(events, spending, people.generation)
        except UsedUpError as error:
            return self._used_up(people, visitor, partner, error.person_id)
        except RightsChangedError:
            _log.info("the rights have changed while somebody was at the door; judging them anew")
            return Answer(None, is_stale=True)
        except StoreError as error:
            _log.error("nobody was let in: %s", error)
            self._journal.note(EventKind.FAULT, detail=str(error))
            return Answer(None)
        self._waiting = None
        self._day().forget_waiting()
        reason = _AND.join(_who(comer.person_id) for comer, _ in comers)
        is_extended = any(rights.is_extended for _, rights in comers)
        if not self._unlock(reason, self._now_ns(), extended=is_extended):
            return Answer(None)
        for comer, _ in comers:
            people.rights.note_entry(self._day(), comer.person_id, at_ms)
        return Answer(RightsOutcome.ALLOWED)

    def _used_up(
        self,
        people: EnrolledPeople,
        visitor: Visitor,
        partner: tuple[Visitor, Verdict] | None,
        whom: int,
    ) -> Answer:
        if partner is None or partner[0].person_id != whom:
            return self.deny(visitor, people.name_of(visitor.person_id), DenialReason.USED_UP)
        self.deny(partner[0], people.name_of(whom), DenialReason.USED_UP)
        self.forget()
        # Whoever came to them may be let in alone, or wait for somebody else.
        return self.ask(people, visitor)


def _who(person_id: int) -> str:
    return f"person {person_id}"


def _entry(
    people: EnrolledPeople, visitor: Visitor, verdict: Verdict, others: list[int], at_ms: int
) -> list[Event]:
    person_id, name = visitor.person_id, people.name_of(visitor.person_id)
    detail = ", ".join(filter(None, [visitor.how, *(f"with person {other}" for other in others)]))
    scores = (visitor.decision.similarity, visitor.decision.threshold)
    granted = Event(EventKind.GRANTED, at_ms, person_id, name, detail, *scores)
    if not verdict.is_soft_passback:
        return [granted]
    return [granted, Event(EventKind.PASSBACK, at_ms, person_id, name)]


REASONS = {
    DenialReason.HOURS: "outside hours",
    DenialReason.NO_PIN: "no PIN to tell look-alikes apart",
    DenialReason.PIN_MISSED: "no right PIN in time",
    DenialReason.PIN_LOCKED: "PIN entry is locked",
    DenialReason.PIN_UNCHECKED: "the PIN could not be checked",
    DenialReason.PIN_NEEDED: "a PIN is asked for now, and they have none",
    DenialReason.FACE_NEEDED: "a PIN alone does not do now, and no face came in time",
    DenialReason.WRONG_DOOR: "not by this door",
    DenialReason.NOT_YET_VALID: "not valid yet:",
    DenialReason.EXPIRED: "no longer valid",
    DenialReason.USED_UP: "every entry of the pass has been used",
    DenialReason.WAITS_FOR_FIRST: "nobody who begins the day has come in",
    DenialReason.PASSBACK: "came in a moment ago",
    DenialReason.INTERLOCK: "the other door is open",
    DenialReason.SECOND_MISSING: "no second person in time",
    DenialReason.CLOCK: "the time is not known",
    DenialReason.LOCKDOWN: "lockdown",
    DenialReason.RIGHTS_DAMAGED: "rights that cannot be read",
}
"""For the log; ids only, no names."""
