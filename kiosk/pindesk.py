"""The one question for a PIN under way at the door, shared by screen and recognition thread.

Somebody is recognised who has a look-alike: the face says it is one of them, the PIN says which. Or
the time of day asks for a PIN beside the face. The question belongs to the visit. It is void as
soon as anything says that somebody else may stand there, and a right PIN counts only together with
a frame that recognises them anew.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial

from kiosk.access.doorpin import DoorPinVerdict
from kiosk.domain import Decision, DenialReason, FaceReport, Guidance, Outcome
from kiosk.errors import KioskError, PinError
from kiosk.listener import PinPrompt

_log = logging.getLogger(__name__)

_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class PinRules:
    """How long things may take, seconds."""

    answer_s: float = 15.0
    """From the question, or the last wrong PIN, to the next one."""
    check_s: float = 5.0
    """From an entered PIN to a face that goes with it, at least."""
    absence_s: float = 1.0
    """Without a face for so long, whoever was asked has left."""
    attack_votes: int = 3
    clean_per_attack: int = 2
    """Most frames of a picture are recognised as one: so many, not made up for, end the question.
    Whether a single frame may open the door, the decision over the visit says."""


@dataclass(frozen=True, slots=True)
class PinStep:
    """What a frame makes of the question."""

    prompt: PinPrompt | None = None
    """What to show; None when the question is over."""
    passed: int | None = None
    """Who has typed their PIN and is recognised; on one frame only."""
    denial: DenialReason | None = None
    """Why the question ended without that; on one frame only."""
    wait_s: float = 0.0
    """How long no PIN is looked at, when that is why."""
    candidates: frozenset[int] = frozenset()
    """Whom it was put to, when denied."""
    has_left: bool = False
    """Whoever was asked may not stand there any more: the next frame begins another visit."""


class _Question:
    """What is known since the question was put."""

    def __init__(
        self,
        person_id: int,
        candidates: frozenset[int],
        at_ns: int,
        until_ns: int,
        is_scheduled: bool,
    ) -> None:
        self.person_id, self.candidates = person_id, candidates
        self.is_scheduled = is_scheduled
        self.at_ns = self.seen_at_ns = at_ns
        self.until_ns = until_ns
        self.attacks = self.clean = 0
        self.answers, self.attempts_left, self.wait_s = 0, 0, 0.0
        self.is_checking = False
        self.verdict: DoorPinVerdict | None = None
        self.passed: int | None = None
        self.failure: DenialReason | None = None


class PinDesk:
    """Asked and followed by the recognition thread, answered by any other.

    ``check`` compares a PIN with those of the candidates on a thread of its own and must return at
    once; its future fails with PinError when there is nothing to compare with.
    """

    def __init__(
        self,
        check: Callable[[frozenset[int], str], Future[DoorPinVerdict]],
        rules: PinRules | None = None,
    ) -> None:
        self._check = check
        self._rules = rules or PinRules()
        self._lock = threading.Lock()
        self._question: _Question | None = None

    @property
    def is_asking(self) -> bool:
        """Whether a question is under way."""
        with self._lock:
            return self._question is not None

    def ask(
        self,
        person_id: int,
        candidates: frozenset[int],
        at_ns: int,
        *,
        is_scheduled: bool = False,
    ) -> None:
        """Put the question, in the place of one under way.

        ``person_id`` is whom the decision over the visit names, ``candidates`` who that may be;
        ``is_scheduled`` when everybody is asked at this time.
        """
        until_ns = at_ns + _ns(self._rules.answer_s)
        with self._lock:
            self._question = _Question(person_id, candidates, at_ns, until_ns, is_scheduled)

    def cancel(self) -> None:
        """Forget the question; what is still being checked for it is void."""
        with self._lock:
            self._question = None

    def enter(self, pin: str) -> None:
        """Take a PIN typed on the screen; without a question, or while one is checked, nothing."""
        with self._lock:
            question = self._question
            if question is None or question.is_checking or question.passed is not None:
                return
            question.is_checking = True
            until_ns = question.at_ns + _ns(self._rules.check_s)
            question.until_ns = max(question.until_ns, until_ns)
        future = self._check(question.candidates, pin)
        future.add_done_callback(partial(self._judged, question))

    def follow(self, decision: Decision, report: FaceReport, at_ns: int) -> PinStep | None:
        """Take a frame of the visit; None when no question is under way."""
        with self._lock:
            question = self._question
            if question is None:
                return None
            self._note(question, report, at_ns)
            step = self._step(question, decision, report)
            if step.prompt is None:
                self._question = None
            return step

    def _note(self, question: _Question, report: FaceReport, at_ns: int) -> None:
        question.at_ns = at_ns
        if report.subject is not None:
            question.seen_at_ns = at_ns
        if report.refusal is Guidance.PRESENTATION:
            question.attacks += 1
        elif report.outcome is not Outcome.REFUSED:
            question.clean += 1
        verdict, question.verdict = question.verdict, None
        if verdict is None:
            return
        question.is_checking = False
        question.answers += 1
        question.passed = verdict.person_id
        question.attempts_left = verdict.attempts_left
        question.until_ns = at_ns + _ns(
            self._rules.check_s if verdict.person_id is not None else self._rules.answer_s
        )
        if verdict.wait_s > 0:
            question.failure, question.wait_s = DenialReason.PIN_LOCKED, verdict.wait_s

    def _step(self, question: _Question, decision: Decision, report: FaceReport) -> PinStep:
        if self._is_picture(question, decision):
            return PinStep()
        if self._may_have_left(question, decision, report):
            # A new visit would forget the pictures held up in this one.
            return PinStep(has_left=not question.attacks)
        if question.failure is not None:
            return self._denied(question, question.failure)
        is_named = _names(report, question.person_id) and not decision.is_suspect
        if question.passed is not None and is_named:
            return PinStep(passed=question.passed)
        if question.at_ns > question.until_ns:
            return self._denied(question, DenialReason.PIN_MISSED)
        return PinStep(
            PinPrompt(
                is_checking=question.is_checking,
                is_right=question.passed is not None,
                answers=question.answers,
                attempts_left=question.attempts_left,
                is_scheduled=question.is_scheduled,
            )
        )

    @staticmethod
    def _denied(question: _Question, denial: DenialReason) -> PinStep:
        if denial is DenialReason.NO_PIN and question.is_scheduled:
            denial = DenialReason.PIN_NEEDED
        return PinStep(denial=denial, wait_s=question.wait_s, candidates=question.candidates)

    def _is_picture(self, question: _Question, decision: Decision) -> bool:
        rules = self._rules
        return decision.attacked_now or (
            question.attacks >= rules.attack_votes
            and question.clean < question.attacks * rules.clean_per_attack
        )

    def _may_have_left(self, question: _Question, decision: Decision, report: FaceReport) -> bool:
        is_other = report.outcome is Outcome.ACCEPTED and not _names(report, question.person_id)
        is_gone = question.at_ns - question.seen_at_ns > _ns(self._rules.absence_s)
        return is_other or is_gone or decision.person_id != question.person_id

    def _judged(self, question: _Question, future: Future[DoorPinVerdict]) -> None:
        """Keep the answer for the next frame; on the thread that checked."""
        error = future.exception()
        with self._lock:
            if error is None:
                question.verdict = future.result()
            elif isinstance(error, PinError):
                question.failure = DenialReason.NO_PIN
            else:
                question.failure = DenialReason.PIN_UNCHECKED
        if isinstance(error, KioskError):
            _log.error("a PIN could not be checked: %s", error)
        elif error is not None:
            _log.error("a PIN could not be checked", exc_info=error)


def _names(report: FaceReport, person_id: int) -> bool:
    is_accepted = report.outcome is Outcome.ACCEPTED
    return is_accepted and report.match is not None and report.match.person_id == person_id


def _ns(seconds: float) -> int:
    return round(seconds * _NS)
