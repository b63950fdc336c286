"""Takes what arrives on the command topic: judged, written down, carried out, answered."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial

from kiosk.domain import Event, EventKind
from kiosk.errors import KioskError, StoreError
from kiosk.signals.bucket import Bucket
from kiosk.signals.commands import Command, CommandError, CommandKind, Verifier
from kiosk.signals.lane import Lane
from kiosk.signals.link import Incoming
from kiosk.signals.notes import accept

_log = logging.getLogger(__name__)

_MAX_DELAY_S = 5.0

Answer = Callable[[Command, str], None]
"""Called with a genuine command and why it was not carried out, or ""."""


class CommandDesk:
    """Used on the thread ``mqtt``; what it starts on the store's thread comes back by ``post``.

    Somebody without the secret gets no answer, and leaves a few lines in the log only however
    often they try. Nobody with it drives the door in a rattle, and a lockdown does not wait behind
    those who try.
    """

    def __init__(
        self,
        lane: Lane,
        on_command: Callable[[Command], Future[None]],
        answer: Answer,
        post: Callable[[Callable[[], None]], None],
        now_ms: Callable[[], int],
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """``on_command`` must not wait; ``post`` runs a call on the thread ``mqtt``."""
        self._lane, self._on_command = lane, on_command
        self._answer, self._post, self._now_ms = answer, post, now_ms
        self._now_s = now_s
        self._refusals = Bucket(5, 60.0)
        self._commands, self._lockdowns = Bucket(5, 2.0), Bucket(5, 2.0)
        self._untold = 0

    def take(self, verifier: Verifier, message: Incoming) -> None:
        """Judge a message that has just come."""
        now_s, now_ms = self._now_s(), self._now_ms()
        try:
            command = verifier.verify(
                message.payload, is_retained=message.is_retained, now_ms=now_ms
            )
        except CommandError as error:
            self._refuse(str(error))
            return
        is_lockdown = command.kind is CommandKind.LOCKDOWN
        if not (self._lockdowns if is_lockdown else self._commands).take(now_s):
            self._refuse(f"{command.kind.value}: too many commands")
            self._answer(command, "too many commands")
            return
        # The counter is used up and the command written down before the door obeys.
        written = self._lane.submit(
            partial(accept, command=command, key_name=verifier.key_name, now_ms=now_ms)
        )
        self._then(written, partial(self._accepted, command, now_s))

    def _accepted(self, command: Command, came_at_s: float, written: Future[None]) -> None:
        refusal = _refusal(written)
        if command.kind is CommandKind.LOCKDOWN and isinstance(written.exception(), StoreError):
            # A full disk must not keep the door open.
            refusal = ""
        elif command.kind is not CommandKind.LOCKDOWN and not refusal:
            # Whoever it was meant for has gone.
            is_late = self._now_s() - came_at_s > _MAX_DELAY_S
            refusal = "the door could not write it down in time" if is_late else ""
        if refusal:
            self._refuse(f"{command.kind.value}: {refusal}")
            self._answer(command, refusal)
            return
        try:
            done = self._on_command(command)
        except Exception:
            _log.exception("a command over MQTT could not be carried out")
            self._answer(command, "a fault in the program")
            return
        self._then(done, partial(self._done, command))

    def _done(self, command: Command, done: Future[None]) -> None:
        refusal = _refusal(done)
        if refusal:
            self._record(f"{command.kind.value}, counter {command.counter}: {refusal}")
        self._answer(command, refusal)

    def _refuse(self, why: str) -> None:
        if not self._refusals.take(self._now_s()):
            self._untold += 1
            return
        more = f"; {self._untold} more before it" if self._untold else ""
        self._untold = 0
        self._record(why + more)

    def _record(self, detail: str) -> None:
        try:
            self._lane.record(Event(EventKind.COMMAND_REFUSED, self._now_ms(), detail=detail))
        except StoreError as error:
            _log.error("a refused command was not recorded: %s", error)

    def _then(self, future: Future[None], step: Callable[[Future[None]], None]) -> None:
        future.add_done_callback(lambda done: self._post(partial(step, done)))


def _refusal(done: Future[None]) -> str:
    error = done.exception()
    if error is None:
        return ""
    if not isinstance(error, (CommandError, KioskError)):
        _log.error("a command over MQTT failed", exc_info=error)
        return "a fault in the program"
    return str(error)
