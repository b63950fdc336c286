"""Acting on decisions: the door is opened, or somebody is told why not, and all of it is noted."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from kiosk.domain import Decision, DenialReason, EventKind, FrameResult, Phase
from kiosk.faultboard import FaultBoard
from kiosk.people import Denial, EnrolledPeople
from kiosk.pindesk import PinDesk, PinStep
from kiosk.store.journal import Journal
from kiosk.vision.liveness import in_words

_NS = 1_000_000_000


def _attack(result: FrameResult) -> str:
    """Return what was seen instead of a face, as far as known."""
    suspicion = result.decision.suspicion
    return in_words(result.report.liveness) if suspicion in ("", "picture") else suspicion


class Visits(Protocol):
    """What is needed of :class:`kiosk.pipeline.Pipeline`."""

    def prove(self) -> None: ...
    def end_visit(self) -> None: ...


@dataclass(frozen=True, slots=True)
class _Said:
    """What somebody was told."""

    name: str
    denial: Denial | None
    """None: they were let in."""
    wait_s: float = 0.0
    person_id: int | None = None
    """Whom the decision over that visit names."""
    until_ns: int = 0
    """To be read until then, where the decision does not say how long."""


class Doorkeeper:
    """Used by the recognition thread alone."""

    def __init__(
        self,
        board: FaultBoard,
        journal: Journal,
        pins: PinDesk,
        unlock: Callable[[str, int], bool],
        people_now: Callable[[], EnrolledPeople | None],
        local_now: Callable[[], datetime],
        shown_s: float,
    ) -> None:
        """``unlock`` opens the door (for whom, monotonic ns).

        ``people_now`` returns the newest snapshot, ``local_now`` the time that access hours are
        about. The outcome of a question for a PIN is shown for ``shown_s`` seconds.
        """
        self._board, self._journal, self._pins = board, journal, pins
        self._unlock, self._people_now, self._local_now = unlock, people_now, local_now
        self._shown_ns = round(shown_s * _NS)
        self._said: _Said | None = None

    def forget(self) -> None:
        """Forget the visit under way, with what was said and asked."""
        self._said = None
        self._pins.cancel()

    def act(self, result: FrameResult, visits: Visits) -> None:
        """Do what the decision over a frame asks for. Raises ModelError."""
        decision, report, at_ns = result.decision, result.report, result.frame.captured_at_ns
        if decision.granted_now and decision.person_id is not None:
            self.forget()
            self._judge(decision.person_id, decision, at_ns, visits)
        elif decision.rejected_now:
            self.forget()
            self._journal.note_decision(EventKind.NOT_RECOGNISED, decision)
        elif decision.attacked_now:
            self._journal.note(EventKind.PRESENTATION_ATTACK, detail=_attack(result))
        step = self._pins.follow(decision, report, at_ns)
        if step is not None:
            self._take(step, decision, at_ns, visits)
        said = self._said
        is_same = said is None or not said.until_ns or said.person_id == decision.person_id
        if report.subject is not None and not is_same:
            # Whoever follows on their heels must not read what was meant for them.
            self._said = None
        self._show(decision, step, at_ns)

    def _judge(self, person_id: int, decision: Decision, at_ns: int, visits: Visits) -> None:
        people = self._present(person_id, visits)
        if people is None:
            return
        if not people.is_ambiguous(person_id):
            self._let_in(people, person_id, decision, 0)
            return
        candidates = people.candidates(person_id)
        if candidates & people.with_pin:
            self._pins.ask(person_id, candidates, at_ns)
        else:
            self._deny(DenialReason.NO_PIN, candidates, decision, 0)

    def _take(self, step: PinStep, decision: Decision, at_ns: int, visits: Visits) -> None:
        """Do what has become of the question for a PIN."""
        until_ns = at_ns + self._shown_ns
        if step.passed is not None:
            people = self._present(step.passed, visits)
            if people is not None:
                self._let_in(people, step.passed, decision, until_ns, "with PIN")
        elif step.denial is not None:
            people = self._people_now()
            if people is not None and decision.person_id is not None:
                candidates = people.candidates(decision.person_id)
                self._deny(step.denial, candidates, decision, until_ns, step.wait_s)
        elif step.has_left:
            self._said = None
            visits.end_visit()

    def _present(self, person_id: int, visits: Visits) -> EnrolledPeople | None:
        """Return the newest snapshot, or None when this person must not be let in by it."""
        # What has gone wrong since the networks were loaded must not open the door.
        visits.prove()
        # Faults lock: without a log there is no door. Nor for somebody deleted just now, while
        # this frame was examined with the gallery of before.
        people = self._people_now()
        if people is None or not people.name_of(person_id) or self._board.is_out_of_order:
            return None
        return people

    def _let_in(
        self,
        people: EnrolledPeople,
        person_id: int,
        decision: Decision,
        until_ns: int,
        how: str = "",
    ) -> None:
        name = people.name_of(person_id)
        denial = people.denial(person_id, self._local_now())
        said = _Said(name, denial, 0.0, decision.person_id, until_ns)
        named = dataclasses.replace(decision, person_id=person_id)
        if denial is not None:
            self._journal.note_decision(EventKind.DENIED, named, name, denial.reason)
            self._said = said
        elif self._journal.note_decision(EventKind.GRANTED, named, name, how):
            self._unlock(f"person {person_id}", time.monotonic_ns())
            self._said = said

    def _deny(
        self,
        kind: DenialReason,
        candidates: Iterable[int],
        decision: Decision,
        until_ns: int,
        wait_s: float = 0.0,
    ) -> None:
        """Refuse people who look alike: nobody can say which of them it was."""
        ids = ", ".join(str(person) for person in sorted(candidates))
        denial = Denial(f"{_REASONS[kind]} (looks like {ids})", kind=kind)
        unnamed = dataclasses.replace(decision, person_id=None)
        self._journal.note_decision(EventKind.DENIED, unnamed, "", denial.reason)
        self._said = _Said("", denial, wait_s, decision.person_id, until_ns)

    def _show(self, decision: Decision, step: PinStep | None, at_ns: int) -> None:
        said = self._said
        if step is not None and step.prompt is not None:
            # While somebody types, only the keypad counts; then their face does.
            hint = decision.guidance if step.prompt.is_right else None
            asking = dataclasses.replace(decision, phase=Phase.PIN, guidance=hint)
            self._board.show(asking, pin=step.prompt)
        elif said is not None and (decision.phase is Phase.WELCOME or at_ns < said.until_ns):
            denial = said.denial or Denial("")
            phase = Phase.WELCOME if said.denial is None else Phase.DENIED
            told = dataclasses.replace(decision, phase=phase, guidance=None)
            self._board.show(told, said.name, denial.hours, denial=denial.kind, wait_s=said.wait_s)
        elif decision.phase is Phase.WELCOME:
            # The decision is that somebody may enter; nobody was let in all the same.
            self._board.show(dataclasses.replace(decision, phase=Phase.IDLE))
        else:
            self._board.show(decision)


_REASONS = {
    DenialReason.NO_PIN: "no PIN to tell look-alikes apart",
    DenialReason.PIN_MISSED: "no right PIN in time",
    DenialReason.PIN_LOCKED: "PIN entry is locked",
    DenialReason.PIN_UNCHECKED: "the PIN could not be checked",
}
