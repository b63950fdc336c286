"""The guard: a process that alone owns the relay's port and the deadline of the pulse.

``python -m kiosk.door.guard URL [JOURNAL]`` is started by
:class:`kiosk.door.guardedlatch.GuardedLatch`, which talks to it over its standard input and
output. It switches the relay off when it starts, when the pulse ends, when the pipe closes, when
the kiosk gives no sign of life, when it is told to and when it hears nonsense; and when the relay
does not obey, again and again until it does.

Two processes: the one that was started forks the one that does all this (see
:mod:`kiosk.door.guardwatch`) and only waits to lock the door should that one be killed or hang.
Everything is imported before the fork, and little is. After a ``kill -9`` of both it is a spare
that locks the door: a guard which has started and waits for its first byte
(:mod:`kiosk.door.guardspare`). It does so as well when the kiosk is killed or stopped with them,
within a second when both guards are dead. When kiosk and outer guard are stopped and the inner one
does not lock either, the spare kills the guards and locks 3 s later or when the pulse ends,
whichever is first.

What no program can do: switch off a board on its own supply whose cable is out, and anything at
all when kiosk, both guards and the spare are killed or stopped at once, until they are started
again (there is no spare for up to 3 s after a guard's start; and it knows the end of the pulse only
while the journal can be written). A board that times the pulse itself covers both, and its timer
is used wherever there is one.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from kiosk.door.drivers import parse_relay
from kiosk.door.guardjournal import End, GuardJournal
from kiosk.door.guardprotocol import (
    Answer,
    Command,
    LineBuffer,
    Order,
    Trouble,
    decode_command,
    encode_answer,
)
from kiosk.door.guardspare import Spare
from kiosk.door.guardwatch import BEAT_S, watch
from kiosk.door.latch import MAX_HOLD_S, SILENCE_S
from kiosk.door.relay import Relay
from kiosk.doorinputs import DoorInputs
from kiosk.errors import GuardError, RelayError

RETRY_S = 0.2
"""Pause between attempts to reach a relay that has gone."""

LAST_TRIES_S = 600.0
"""How long a guard without a kiosk keeps trying to reach a relay that may be on."""

STALE_S = 2.0
"""An order older than this is not carried out: whoever asked has gone."""

MAX_WAITING = 100
"""Orders that may wait; a kiosk waits for each answer before it asks again."""

_NEVER_NS = 2**63


class _End(Exception):  # noqa: N818 - not an error: the way out of the loop
    def __init__(self, end: End) -> None:
        super().__init__(end.value)
        self.end = end


class Guard:
    """One relay, one pipe, one deadline. Not thread-safe; ``run`` does it all."""

    def __init__(
        self,
        relay: Relay,
        commands_fd: int,
        answers_fd: int,
        journal: GuardJournal,
        *,
        life_fd: int | None = None,
        wake_fd: int | None = None,
        clock_ns: Callable[[], int] = time.monotonic_ns,
        last_tries_s: float = LAST_TRIES_S,
    ) -> None:
        """``life_fd`` is the line to the watching process, ``wake_fd`` is readable on SIGTERM."""
        self._relay = relay
        self._commands_fd = commands_fd
        self._answers_fd = answers_fd
        self._journal = journal
        self._life_fd = life_fd
        self._wake_fd = wake_fd
        self._clock_ns = clock_ns
        self._last_tries_ns = round(last_tries_s * 1e9)
        self._buffer = LineBuffer()
        self._waiting: deque[Command] = deque()
        self._may_be_on = journal.was_unlocked()
        self._is_connected = False
        self._off_at_ns = _NEVER_NS
        self._retry_at_ns = 0
        self._heard_at_ns = clock_ns()
        self._fault = ""
        self._locked_early = ""

    def run(self) -> End:
        """Guard until there is a reason to end; return it, with the relay off if it obeyed."""
        incident = self._journal.incident()
        self._connect()
        try:
            self._answer(
                Answer(0, *self._trouble(), description=self._relay.description, incident=incident)
            )
            while True:
                self._step()
        except _End as ending:
            return self._finish(ending.end)

    # --- the loop -----------------------------------------------------------------------------

    def _step(self) -> None:
        self._beat()
        now_ns = self._clock_ns()
        if self._may_be_on and self._is_connected:
            if now_ns >= self._off_at_ns:
                self._lock()
            elif now_ns - self._heard_at_ns >= SILENCE_S * 1e9:
                self._lock()
                self._locked_early = (
                    f"The program gave no sign of life for {SILENCE_S:g} s: the guard locked the "
                    "door."
                )
        if not self._is_connected and now_ns >= self._retry_at_ns:
            self._connect()
        self._listen()
        if self._waiting:
            self._obey(self._waiting.popleft())

    def _listen(self) -> None:
        others = (self._life_fd, self._wake_fd)
        watched = [self._commands_fd, *(fd for fd in others if fd is not None)]
        timeout_s = 0.0 if self._waiting else self._sleep_s()
        ready, _, _ = select.select(watched, [], [], timeout_s)
        if self._wake_fd in ready:
            raise _End(End.TERMINATED)
        if self._life_fd is not None and self._life_fd in ready and not os.read(self._life_fd, 64):
            raise _End(End.GUARD_KILLED)
        if self._commands_fd in ready:
            self._read()

    def _sleep_s(self) -> float:
        wake_at_ns = self._clock_ns() + round(BEAT_S * 1e9)
        if not self._is_connected:
            wake_at_ns = min(wake_at_ns, self._retry_at_ns)
        elif self._may_be_on:
            silent_at_ns = self._heard_at_ns + round(SILENCE_S * 1e9)
            wake_at_ns = min(wake_at_ns, self._off_at_ns, silent_at_ns)
        return max(0, wake_at_ns - self._clock_ns()) / 1e9

    def _read(self) -> None:
        data = os.read(self._commands_fd, 65536)
        if not data:
            raise _End(End.KIOSK_HUNG if self._locked_early else End.KIOSK_GONE)
        try:
            self._waiting.extend(decode_command(line) for line in self._buffer.feed(data))
        except GuardError as error:
            raise _End(End.NONSENSE) from error
        if len(self._waiting) > MAX_WAITING:
            raise _End(End.NONSENSE)
        self._heard_at_ns = self._clock_ns()

    def _obey(self, command: Command) -> None:
        if command.order is Order.STOP:
            raise _End(End.STOPPED)
        if self._locked_early and command.order is not Order.CONNECT:
            sentence, self._locked_early = self._locked_early, ""
            self._answer(Answer(command.number, Trouble.GUARD, sentence))
            return
        if command.order is Order.HOLD and self._is_stale(command):
            sentence = "The order to unlock the door came too late: it was not carried out."
            self._answer(Answer(command.number, Trouble.GUARD, sentence))
            return
        inputs = DoorInputs()
        try:
            if command.order is Order.CONNECT:
                self._locked_early = ""
                self._connect()
            elif self._is_connected and command.order is Order.HOLD:
                self._hold(command)
            elif self._is_connected and command.order is Order.RELEASE:
                self._lock()
            elif self._is_connected:
                self._relay.check()
                inputs = self._relay.inputs()
        except RelayError as error:
            self._lose(error)
        description = self._relay.description
        self._answer(
            Answer(command.number, *self._trouble(), inputs=inputs, description=description)
        )

    def _is_stale(self, command: Command) -> bool:
        now_ns = self._clock_ns()
        is_late = now_ns - command.sent_at_ns > STALE_S * 1e9
        return is_late or not 0 < command.until_ns - now_ns <= MAX_HOLD_S * 1e9

    # --- the relay ----------------------------------------------------------------------------

    def _hold(self, command: Command) -> None:
        self._journal.note_unlocked(command.until_ns)
        self._may_be_on = True
        self._off_at_ns = command.until_ns
        self._relay.pulse((command.until_ns - self._clock_ns()) / 1e9)

    def _lock(self) -> None:
        try:
            self._relay.switch_off()
        except RelayError as error:
            self._lose(error)
        else:
            self._is_off()

    def _connect(self) -> None:
        try:
            self._relay.connect()
        except RelayError as error:
            self._lose(error)
        else:
            self._is_connected = True
            self._fault = ""
            self._is_off()

    def _is_off(self) -> None:
        self._may_be_on = False
        self._off_at_ns = _NEVER_NS
        self._journal.note_locked()

    def _lose(self, error: RelayError) -> None:
        """Let go of a relay that failed; the next step tries to reach and lock it again."""
        self._fault = str(error)
        # Closing tries to switch off as well.
        self._relay.close()
        self._retry_at_ns = self._clock_ns() + (
            round(RETRY_S * 1e9) if not self._is_connected else 0
        )
        self._is_connected = False

    def _finish(self, end: End) -> End:
        """Lock before anything else, for as long as it takes."""
        was_unlocked = self._may_be_on
        deadline_ns = self._clock_ns() + self._last_tries_ns
        if self._is_connected:
            self._lock()
        while self._may_be_on and self._clock_ns() < deadline_ns:
            self._connect()
            self._beat()
            if self._may_be_on:
                time.sleep(RETRY_S)
        self._relay.close()
        self._journal.note_ended(end, was_unlocked=was_unlocked, is_locked=not self._may_be_on)
        return end

    # --- the pipes ----------------------------------------------------------------------------

    def _trouble(self) -> tuple[Trouble, str]:
        return (Trouble.RELAY, self._fault) if self._fault else (Trouble.NONE, "")

    def _answer(self, answer: Answer) -> None:
        line = encode_answer(answer)
        try:
            whole = os.write(self._answers_fd, line) == len(line)
        except BlockingIOError:
            whole = False
        except OSError as error:
            raise _End(End.KIOSK_GONE) from error
        if not whole:
            # The pipe is full of answers nobody reads; waiting would cost the deadline.
            raise _End(End.KIOSK_HUNG)

    def _beat(self) -> None:
        if self._life_fd is not None:
            # A full line or a dead watcher: the next look at the line says which.
            with contextlib.suppress(OSError):
                os.write(self._life_fd, b".")


def main(arguments: list[str] | None = None) -> int:
    """Guard the relay of the URL in the arguments. Returns the exit status, 0 when it is off."""
    url, *rest = sys.argv[1:] if arguments is None else arguments
    # The kiosk may be slow to read, but never may anything here wait for it.
    for stream in (sys.stdout, sys.stderr):
        os.set_blocking(stream.fileno(), False)
    relay = parse_relay(url)
    journal = GuardJournal(Path(rest[0]) if rest else None)
    if not Spare(sys.stdin.fileno(), lambda: parse_relay(url), journal).wait():
        return 0
    journal.wait_for_predecessor()
    ours, theirs = socket.socketpair()
    child = os.fork()
    if child:
        theirs.close()
        # Its ends of the pipes are to close when the other process dies.
        _forget(sys.stdin.fileno(), sys.stdout.fileno())
        return watch(child, ours.fileno(), lambda: parse_relay(url), journal)
    ours.close()
    theirs.setblocking(False)
    os._exit(_guard(relay, journal, theirs.fileno()))


def _guard(relay: Relay, journal: GuardJournal, life_fd: int) -> int:
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.signal(signal.SIGTERM, lambda number, frame: None)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    guard = Guard(relay, 0, 1, journal, life_fd=life_fd, wake_fd=wake_read)
    try:
        guard.run()
    except BaseException:
        sys.excepthook(*sys.exc_info())
        return 1
    return 0


def _forget(*descriptors: int) -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in descriptors:
        os.dup2(nothing, descriptor)
    os.close(nothing)


if __name__ == "__main__":
    sys.exit(main())
