"""The one number and PIN typed without a face, shared by screen and recognition thread.

They are compared on a thread of its own; a frame of the recognition thread learns the answer. Where
the time of day asks for a face as well, the desk remembers for a while whose is waited for.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial

from kiosk.access.doorpin import DoorPinVerdict
from kiosk.domain import DenialReason
from kiosk.errors import KioskError
from kiosk.listener import NumberPrompt

_log = logging.getLogger(__name__)

_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class NumberRules:
    """How long things may take, seconds."""

    check_s: float = 10.0
    """From what was typed to the frame that acts on it; later it is void."""
    retry_s: float = 15.0
    """How long a wrong one is told, and counted with the next."""
    face_s: float = 15.0
    """From right ones to the face that belongs to them, where one is asked for."""


@dataclass(frozen=True, slots=True)
class NumberStep:
    """What a frame makes of it."""

    prompt: NumberPrompt | None = None
    passed: int | None = None
    """Who has typed their number and PIN; on one frame only."""
    denial: DenialReason | None = None
    """Why it ended otherwise; on one frame only."""
    missed: int | None = None
    """Whose face did not come, when that is why."""
    wait_s: float = 0.0
    """How long nothing more is looked at, when that is why."""


class _Claim:
    """What is known of somebody at the keypad."""

    def __init__(self, answers: int) -> None:
        self.answers, self.attempts_left = answers, 0
        self.is_checking = True
        self.until_ns: int | None = None
        self.verdict: DoorPinVerdict | None = None
        self.has_failed = False
        self.awaited: int | None = None


class NumberDesk:
    """Followed by the recognition thread, used by any other.

    ``check`` compares number and PIN on a thread of its own and must return at once.
    """

    def __init__(
        self,
        check: Callable[[str, str], Future[DoorPinVerdict]],
        rules: NumberRules | None = None,
    ) -> None:
        self._check = check
        self._rules = rules or NumberRules()
        self._lock = threading.Lock()
        self._claim: _Claim | None = None

    @property
    def awaited(self) -> int | None:
        """Whose face is waited for."""
        with self._lock:
            return None if self._claim is None else self._claim.awaited

    def enter(self, number: str, pin: str) -> None:
        """Take what was typed; while something typed before is looked at, nothing."""
        with self._lock:
            before = self._claim
            if before is not None and before.is_checking:
                return
            claim = self._claim = _Claim(0 if before is None else before.answers)
        future = self._check(number.strip(), pin)
        future.add_done_callback(partial(self._judged, claim))

    def cancel(self) -> None:
        """Forget what was typed; what is still being compared is void."""
        with self._lock:
            self._claim = None

    def wait_for_face(self, person_id: int, at_ns: int) -> None:
        """Remember who has typed the right ones; their face has to follow."""
        with self._lock:
            claim = self._claim = _Claim(0)
            claim.is_checking, claim.awaited = False, person_id
            claim.until_ns = at_ns + _ns(self._rules.face_s)

    def follow(self, at_ns: int, let_in: int | None = None) -> NumberStep | None:
        """Take the time of a frame; None when nothing was typed.

        ``let_in`` is who was let in on this frame already: anybody else waits for the next.
        """
        with self._lock:
            claim = self._claim
            if claim is None:
                return None
            if claim.until_ns is None:
                claim.until_ns = at_ns + _ns(self._rules.check_s)
            step = self._step(claim, at_ns, let_in)
            if step.prompt is None:
                self._claim = None
            return step

    def _step(self, claim: _Claim, at_ns: int, let_in: int | None) -> NumberStep:
        if claim.has_failed:
            return NumberStep(denial=DenialReason.PIN_UNCHECKED)
        if at_ns > (claim.until_ns or 0):
            if claim.is_checking:
                return NumberStep(denial=DenialReason.PIN_UNCHECKED)
            if claim.awaited is not None:
                return NumberStep(denial=DenialReason.FACE_NEEDED, missed=claim.awaited)
            return NumberStep()
        verdict = claim.verdict
        if let_in is not None and verdict is not None and verdict.person_id not in (None, let_in):
            verdict = None
        else:
            claim.verdict = None
        if verdict is not None:
            if verdict.person_id is not None:
                return NumberStep(passed=verdict.person_id)
            if verdict.wait_s > 0:
                return NumberStep(denial=DenialReason.PIN_LOCKED, wait_s=verdict.wait_s)
            claim.is_checking = False
            claim.answers += 1
            claim.attempts_left = verdict.attempts_left
            claim.until_ns = at_ns + _ns(self._rules.retry_s)
        return NumberStep(
            NumberPrompt(
                is_checking=claim.is_checking,
                is_right=claim.awaited is not None,
                answers=claim.answers,
                attempts_left=claim.attempts_left,
            )
        )

    def _judged(self, claim: _Claim, future: Future[DoorPinVerdict]) -> None:
        """Keep the answer for the next frame; on the thread that compared."""
        error = future.exception()
        with self._lock:
            if error is None:
                claim.verdict = future.result()
            else:
                claim.has_failed = True
        if isinstance(error, KioskError):
            _log.error("number and PIN could not be checked: %s", error)
        elif error is not None:
            _log.error("number and PIN could not be checked", exc_info=error)


def _ns(seconds: float) -> int:
    return round(seconds * _NS)
