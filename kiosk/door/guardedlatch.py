"""The latch of a real door: the relay belongs to a guard process, this is the kiosk's end of it."""

from __future__ import annotations

import contextlib
import logging
import sys
import time
from collections.abc import Callable
from pathlib import Path

from kiosk.door.drivers import parse_relay
from kiosk.door.guardprocess import GuardProcess
from kiosk.door.guardprotocol import (
    GO,
    Answer,
    Command,
    Order,
    Trouble,
    decode_answer,
    encode_command,
)
from kiosk.door.latch import require_hold
from kiosk.doorinputs import DoorInputs
from kiosk.errors import GuardError, RelayError

logger = logging.getLogger(__name__)

START_LIMIT_S = 10.0
"""How long a new guard may take to lock the door and say so."""

ANSWER_LIMIT_S = 5.0
"""How long a guard may take to answer; slow boards take seconds to fail."""

LAST_HAND_S = 1.5
"""How long the process behind a dead guard may take to lock the door before it is replaced."""

SPARE_PAUSE_S = 2.0
"""Between attempts to have a spare guard."""

_LOOK_S = 0.05


def guard_command(relay_url: str, journal: Path | None) -> list[str]:
    """Return the command line of a guard."""
    command = [sys.executable, "-m", "kiosk.door.guard", relay_url]
    return command if journal is None else [*command, str(journal)]


class GuardedLatch:
    """A :class:`kiosk.door.latch.Latch` whose relay a guard process owns.

    ``journal`` is the file the guards note in what they did; without it ``incident`` stays empty.
    When a guard is lost, a spare that has been waiting takes its place at once: switching off is
    the first thing it does, and ``connect`` only waits for its word.
    """

    def __init__(
        self,
        relay_url: str,
        journal: Path | None = None,
        make_command: Callable[[str, Path | None], list[str]] = guard_command,
    ) -> None:
        """Start nothing yet. Raises ConfigError for a relay that cannot be meant."""
        relay = parse_relay(relay_url)
        self._relay_url = relay_url
        self._journal = journal
        self._make_command = make_command
        self._description = relay.description
        self._is_simulated = relay.is_simulated
        self._incident = ""
        self._number = 0
        self._unread_incident = ""
        self._guard: GuardProcess | None = None
        self._spare: GuardProcess | None = None
        self._spare_due_s = 0.0
        self._is_greeted = False

    @property
    def description(self) -> str:
        return self._description

    @property
    def is_simulated(self) -> bool:
        return self._is_simulated

    @property
    def incident(self) -> str:
        return self._incident

    @property
    def guard_pid(self) -> int | None:
        """The process number of the guard, which is also that of its process group."""
        return None if self._guard is None else self._guard.pid

    def connect(self) -> None:
        if self._guard is None:
            self._start()
        self._incident = ""
        if self._is_greeted:
            self._ask(Order.CONNECT)
        else:
            answer = self._hear(0, START_LIMIT_S)
            self._is_greeted = True
            self._unread_incident = self._unread_incident or answer.incident
            self._judge(answer)
        self._incident, self._unread_incident = self._unread_incident, ""

    def hold(self, seconds: float) -> None:
        require_hold(seconds)
        self._ask(Order.HOLD, round(seconds * 1e9))

    def release(self) -> None:
        self._ask(Order.RELEASE)

    def check(self) -> DoorInputs:
        inputs = self._ask(Order.CHECK).inputs
        if self._guard is not None and (words := self._guard.last_words()):
            logger.warning("the guard of the door says: %s", words)
        self._keep_spare()
        return inputs

    def close(self) -> None:
        spare, self._spare = self._spare, None
        if spare is not None:
            spare.kill()
            spare.hang_up()
        guard, self._guard = self._guard, None
        if guard is None:
            return
        with contextlib.suppress(OSError):
            guard.write(encode_command(Command(self._number + 1, Order.STOP, time.monotonic_ns())))
        if guard.wait(ANSWER_LIMIT_S):
            self._note_greeting(guard)
        elif guard.is_stopped:
            guard.kill()
        else:
            # Killing it would leave a relay on that it cannot reach yet.
            logger.error("the guard still tries to switch the relay off, and is left to it")
            guard.leave()
        guard.hang_up()

    def _note_greeting(self, guard: GuardProcess) -> None:
        """Keep what a guard that nobody listened to had to tell."""
        if not self._is_greeted:
            with contextlib.suppress(EOFError, GuardError):
                for line in guard.read(0):
                    self._unread_incident = decode_answer(line).incident or self._unread_incident

    # --- asking -------------------------------------------------------------------------------

    def _ask(self, order: Order, hold_ns: int = 0) -> Answer:
        guard = self._guard
        if guard is None or not self._is_greeted:
            raise GuardError("The guard of the door does not run: connect it first.")
        self._number += 1
        now_ns = time.monotonic_ns()
        command = Command(self._number, order, now_ns, now_ns + hold_ns)
        if guard.is_stopped:
            # The process behind the guard, which by itself would go on answering.
            raise self._replace("hangs")
        try:
            guard.write(encode_command(command))
        except OSError as error:
            raise self._replace("ended") from error
        return self._judge(self._hear(self._number, ANSWER_LIMIT_S))

    def _hear(self, number: int, limit_s: float) -> Answer:
        """Return the answer of this number. A guard that cannot give it is replaced: GuardError."""
        guard = self._guard
        assert guard is not None
        deadline_s = time.monotonic() + limit_s
        try:
            while time.monotonic() < deadline_s:
                for line in guard.read(_LOOK_S):
                    answer = decode_answer(line)
                    if answer.number == number:
                        return answer
                if guard.is_stopped:
                    raise self._replace("hangs")
        except GuardError:
            if self._guard is guard:
                raise self._replace("talks nonsense") from None
            raise
        except EOFError:
            raise self._replace("ended") from None
        raise self._replace("hangs")

    def _judge(self, answer: Answer) -> Answer:
        self._description = answer.description or self._description
        if answer.trouble is Trouble.GUARD:
            raise GuardError(answer.error)
        if answer.trouble is Trouble.RELAY:
            raise RelayError(answer.error)
        return answer

    # --- the process --------------------------------------------------------------------------

    def _start(self) -> None:
        """Let the spare or, where there is none, a new process become the guard."""
        guard, self._spare = self._spare, None
        if guard is not None and not guard.is_waiting:
            guard.kill()
            guard.hang_up()
            guard = None
        try:
            guard = guard or self._make_process()
        except OSError as error:
            raise GuardError(
                f"The guard of the door cannot be started ({error}): install the program anew."
            ) from error
        self._guard, self._is_greeted = guard, False
        with contextlib.suppress(OSError):
            guard.write(GO)

    def _keep_spare(self) -> None:
        if self._spare is not None and self._spare.is_waiting:
            return
        if time.monotonic() < self._spare_due_s:
            return
        self._spare_due_s = time.monotonic() + SPARE_PAUSE_S
        if self._spare is not None:
            self._spare.kill()
            self._spare.hang_up()
        try:
            self._spare = self._make_process()
        except OSError as error:
            self._spare = None
            logger.warning("no spare for the guard of the door: %s", error)

    def _make_process(self) -> GuardProcess:
        return GuardProcess(self._make_command(self._relay_url, self._journal))

    def _replace(self, what: str) -> GuardError:
        """End a guard that is of no use, start the next and return what to say about it."""
        guard, self._guard = self._guard, None
        words = ""
        was_greeted = self._is_greeted
        if guard is not None:
            # The process behind it locks faster than a new guard starts.
            if what != "ended" or not guard.wait(LAST_HAND_S):
                guard.kill()
            words = guard.last_words()
            guard.hang_up()
        logger.error("the guard of the door %s; its last words: %s", what, words or "none")
        sentence = f"The guard of the door {what}; a new one locks the door."
        if not was_greeted:
            # Not again and again at full speed: whoever calls connect has a pause of its own.
            return GuardError(
                f"The guard of the door {what} before it was ready: "
                f"{words.splitlines()[-1] if words else 'see the log'}"
            )
        with contextlib.suppress(GuardError):
            self._start()
        return GuardError(sentence)
