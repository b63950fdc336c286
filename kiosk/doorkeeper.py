"""Acting on decisions: the door is opened, or somebody is told why not, and all of it is noted.

Somebody is recognised, or types a number and a PIN, or does both; what has to come together the
rights say. The questions that are open meanwhile are kept by their desks: :mod:`kiosk.pindesk` for
the PIN of somebody recognised, :mod:`kiosk.numberdesk` for number and PIN.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import Protocol

from kiosk.access.model import AuthMode, Credential
from kiosk.access.verdict import RightsOutcome
from kiosk.domain import (
    Decision,
    DenialReason,
    EventKind,
    FaceReport,
    FrameResult,
    Outcome,
)
from kiosk.doorscreen import DoorScreen, Said, Second
from kiosk.entrance import REASONS, Entrance, Visitor
from kiosk.faultboard import FaultBoard
from kiosk.numberdesk import NumberDesk, NumberStep
from kiosk.people import EnrolledPeople
from kiosk.pindesk import PinDesk, PinStep
from kiosk.store.journal import Journal
from kiosk.vision.liveness import in_words

_NS = 1_000_000_000
_FACE, _PIN = frozenset({Credential.FACE}), frozenset({Credential.PIN})
_PIN_ALONE = frozenset({AuthMode.PIN, AuthMode.FACE_OR_PIN})


class Visits(Protocol):
    """What is needed of :class:`kiosk.pipeline.Pipeline`."""

    def prove(self) -> None: ...
    def end_visit(self) -> None: ...


class Doorkeeper:
    """Used by the recognition thread alone."""

    def __init__(
        self,
        board: FaultBoard,
        journal: Journal,
        pins: PinDesk,
        numbers: NumberDesk,
        entrance: Entrance,
        people_now: Callable[[], EnrolledPeople | None],
        clock_ok: Callable[[], bool],
        now_ms: Callable[[], int],
        shown_s: float,
    ) -> None:
        """``people_now`` returns the newest snapshot, ``now_ms`` the time that rights are about.

        The outcome of anything typed is shown for ``shown_s`` seconds.
        """
        self._board, self._journal = board, journal
        self._pins, self._numbers, self._entrance = pins, numbers, entrance
        self._people_now, self._clock_ok, self._now_ms = people_now, clock_ok, now_ms
        self._shown_ns = round(shown_s * _NS)
        self._screen = DoorScreen(board)
        self._looked_at_ns: int | None = None
        self._let_in_now: int | None = None

    def forget(self) -> None:
        """Forget everything under way, with what was said and asked."""
        self._end_question()
        self._numbers.cancel()
        self._screen.second = None
        self._entrance.forget()

    def act(self, result: FrameResult, visits: Visits) -> None:
        """Do what the decision over a frame asks for. Raises ModelError."""
        decision, report, at_ns = result.decision, result.report, result.frame.captured_at_ns
        self._let_in_now = None
        self._look_around(at_ns)
        self._give_up_second(at_ns)
        if self._shows_awaited(decision, report):
            self._face_followed(decision, at_ns, visits)
        elif decision.granted_now and decision.person_id is not None:
            self._face_came(decision.person_id, decision, at_ns, visits)
        elif decision.rejected_now:
            # By number and PIN somebody may come in whose face nobody knows.
            if not self._came_by_number(decision, at_ns):
                self._end_question()
            self._journal.note_decision(EventKind.NOT_RECOGNISED, decision)
        elif decision.attacked_now:
            self._journal.note(EventKind.PRESENTATION_ATTACK, detail=_attack(result))
        # One frame lets in one visitor, or two together: each is welcomed for themselves.
        number_step = self._numbers.follow(at_ns, self._let_in_now)
        if number_step is not None:
            number_step = self._take_number(number_step, decision, report, at_ns, visits)
        pin_step = self._pins.follow(decision, report, at_ns)
        if pin_step is not None:
            self._take_pin(pin_step, decision, at_ns, visits)
        said = self._screen.said
        is_same = said is None or not said.until_ns or said.person_id == decision.person_id
        is_same = is_same or self._came_by_number(decision, at_ns)
        if report.subject is not None and not is_same:
            # Whoever follows on their heels must not read what was meant for them.
            self._screen.said = None
        self._screen.show(
            decision,
            None if pin_step is None else pin_step.prompt,
            None if number_step is None else number_step.prompt,
            at_ns,
        )

    # --- a face -----------------------------------------------------------------------------------

    def _face_came(self, person_id: int, decision: Decision, at_ns: int, visits: Visits) -> None:
        if self._came_by_number(decision, at_ns):
            # They are on their way in already.
            return
        self._end_question()
        people = self._present(person_id, visits)
        if people is None:
            return
        if not people.is_ambiguous(person_id):
            self._ask(people, Visitor(person_id, _FACE, decision), decision, at_ns, 0, visits)
            return
        candidates, closed = people.candidates(person_id), self._entrance.closed_for()
        if closed is not None:
            self._deny(closed, candidates, people, decision, 0)
        elif candidates & people.with_pin:
            self._pins.ask(person_id, candidates, at_ns)
        else:
            self._deny(DenialReason.NO_PIN, candidates, people, decision, 0)

    def _take_pin(self, step: PinStep, decision: Decision, at_ns: int, visits: Visits) -> None:
        """Do what has become of the question for a PIN."""
        until_ns = at_ns + self._shown_ns
        if step.passed is not None:
            people = self._present(step.passed, visits)
            if people is not None:
                visitor = Visitor(step.passed, _FACE | _PIN, decision, "with PIN")
                self._ask(people, visitor, decision, at_ns, until_ns, visits)
        elif step.denial is not None:
            people = self._people_now()
            if people is not None and step.candidates:
                self._deny(step.denial, step.candidates, people, decision, until_ns, step.wait_s)
        elif step.has_left:
            self._screen.said = None
            visits.end_visit()

    # --- number and PIN ---------------------------------------------------------------------------

    def _take_number(
        self,
        step: NumberStep,
        decision: Decision,
        report: FaceReport,
        at_ns: int,
        visits: Visits,
    ) -> NumberStep:
        """Do what has become of a number and a PIN, and return what is left to show of it."""
        until_ns = at_ns + self._shown_ns
        unseen = dataclasses.replace(decision, similarity=None, threshold=None)
        people = self._people_now()
        if step.passed is not None and self._came_by_face(step.passed, decision, at_ns):
            return step
        if step.passed is not None and people is not None and self._may_enter(people, step.passed):
            self._end_question()
            visitor = Visitor(step.passed, _PIN, unseen, "with number and PIN")
            self._ask(people, visitor, decision, at_ns, until_ns, visits)
            if self._shows_awaited(decision, report):
                self._face_followed(decision, at_ns, visits)
            return self._numbers.follow(at_ns) or NumberStep()
        if step.denial is not None:
            whom = [] if step.missed is None else [step.missed]
            if people is not None:
                self._deny(step.denial, whom, people, unseen, until_ns, step.wait_s)
        return step

    def _shows_awaited(self, decision: Decision, report: FaceReport) -> bool:
        """Tell whether this frame shows, beyond doubt, the face that a number and PIN wait for."""
        awaited, people = self._numbers.awaited, self._people_now()
        if awaited is None or people is None or decision.person_id is None:
            return False
        is_named = report.match is not None and report.match.person_id == decision.person_id
        is_sure = report.outcome is Outcome.ACCEPTED and is_named and not decision.is_suspect
        return is_sure and awaited in people.candidates(decision.person_id)

    def _face_followed(self, decision: Decision, at_ns: int, visits: Visits) -> None:
        awaited = self._numbers.awaited
        self._numbers.cancel()
        self._end_question()
        people = None if awaited is None else self._present(awaited, visits)
        if people is not None and awaited is not None:
            visitor = Visitor(awaited, _FACE | _PIN, decision, "with number, PIN and face")
            self._ask(people, visitor, decision, at_ns, at_ns + self._shown_ns, visits)

    def _came_by_number(self, decision: Decision, at_ns: int) -> bool:
        """Tell whether the face may be that of who came in by number and PIN just now."""
        said, people = self._screen.said, self._people_now()
        if said is None or not said.by_number or people is None or at_ns >= said.until_ns:
            return False
        whom = decision.person_id
        return whom is None or said.let_in in people.candidates(whom)

    def _came_by_face(self, person_id: int, decision: Decision, at_ns: int) -> bool:
        """Tell whether somebody whose number was just compared has been let in meanwhile."""
        said = self._screen.said
        if said is None or said.by_number or said.let_in != person_id:
            return False
        return said.is_told(decision, at_ns)

    # --- what becomes of it -----------------------------------------------------------------------

    def _present(self, person_id: int, visits: Visits) -> EnrolledPeople | None:
        """Return the newest snapshot, or None when this person must not be let in by it."""
        # What has gone wrong since the networks were loaded must not open the door.
        visits.prove()
        people = self._people_now()
        return people if people is not None and self._may_enter(people, person_id) else None

    def _may_enter(self, people: EnrolledPeople, person_id: int) -> bool:
        # Faults lock: without a log there is no door. Nor for somebody deleted just now, while
        # this frame was examined with the gallery of before.
        return bool(people.name_of(person_id)) and not self._board.is_out_of_order

    def _ask(
        self,
        people: EnrolledPeople,
        visitor: Visitor,
        decision: Decision,
        at_ns: int,
        until_ns: int,
        visits: Visits,
    ) -> None:
        """Let somebody in or do what is missing; what they are told is shown until then."""
        answer, whom = self._entrance.ask(people, visitor), visitor.person_id
        name, named = people.name_of(whom), decision.person_id
        if answer.outcome is RightsOutcome.NEEDS_PIN:
            if whom in people.with_pin and named is not None:
                self._pins.ask(named, frozenset({whom}), at_ns, is_scheduled=True)
                return
            answer = self._entrance.deny(visitor, name, DenialReason.PIN_NEEDED)
        if answer.outcome is RightsOutcome.NEEDS_FACE:
            self._numbers.wait_for_face(whom, at_ns)
            return
        if answer.outcome is RightsOutcome.NEEDS_SECOND:
            self._screen.second = Second(name, at_ns + people.rights.rules.two_person_s * _NS)
            return
        if answer.is_stale:
            # By the people as they are now, they may come in with the next frames.
            visits.end_visit()
        if answer.outcome is RightsOutcome.ALLOWED and not answer.is_in_already:
            self._screen.second, self._let_in_now = None, whom
        if answer.outcome is not None:
            is_in = answer.outcome is RightsOutcome.ALLOWED
            self._screen.said = Said(
                name,
                None if is_in else answer.denial,
                answer.hours,
                person_id=named,
                until_ns=until_ns,
                let_in=whom if is_in else None,
                by_number=is_in and Credential.FACE not in visitor.shown,
            )

    def _give_up_second(self, at_ns: int) -> None:
        people = self._people_now()
        if self._screen.second is None or at_ns < self._screen.second.until_ns or people is None:
            return
        self._screen.second = None
        name = self._entrance.second_missed(people)
        if name and self._screen.said is None and not self._pins.is_asking:
            self._screen.said = Said(
                name, DenialReason.SECOND_MISSING, until_ns=at_ns + self._shown_ns
            )

    def _deny(
        self,
        denial: DenialReason,
        candidates: Iterable[int],
        people: EnrolledPeople,
        decision: Decision,
        until_ns: int,
        wait_s: float = 0.0,
    ) -> None:
        """Refuse one person, or people of whom nobody can say which it was."""
        ids = sorted(candidates)
        # Of look-alikes a single candidate need not be who it was: the other may be disabled.
        whom = ids[0] if len(ids) == 1 and not people.is_ambiguous(ids[0]) else None
        name = "" if whom is None else people.name_of(whom)
        is_unsure = bool(ids) and whom is None
        detail = f" (looks like {', '.join(map(str, ids))})" if is_unsure else ""
        told = dataclasses.replace(decision, person_id=whom)
        self._journal.note_decision(EventKind.DENIED, told, name, REASONS[denial] + detail)
        self._screen.said = Said(name, denial, "", wait_s, decision.person_id, until_ns)

    def _end_question(self) -> None:
        self._screen.said = None
        self._pins.cancel()

    # --- the time of day --------------------------------------------------------------------------

    def _look_around(self, at_ns: int) -> None:
        """Once a second, show whether the time is known and a keypad is of use."""
        if self._looked_at_ns is not None and 0 <= at_ns - self._looked_at_ns < _NS:
            return
        self._looked_at_ns = at_ns
        people = self._people_now()
        clock_ok, modes = self._clock_ok(), frozenset[AuthMode]()
        if people is not None and self._entrance.closed_for() is not DenialReason.LOCKDOWN:
            modes = people.rights.modes_at(self._now_ms(), clock_ok=clock_ok)
        self._board.offer_keypad(bool(modes & _PIN_ALONE))
        self._board.clock_is(clock_ok)


def _attack(result: FrameResult) -> str:
    """Return what was seen instead of a face, as far as known."""
    suspicion = result.decision.suspicion
    return in_words(result.report.liveness) if suspicion in ("", "picture") else suspicion
