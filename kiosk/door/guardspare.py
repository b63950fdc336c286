"""The spare: a guard that waits for its turn, and the last one left to lock the door.

It is told to take over with its first byte. Until then it touches nothing, but looks at what the
guards note in their journal, for all others can be killed or stopped at once: whether anybody is
left is told by the lock on the journal, which the kernel gives back when both guards are gone.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from collections.abc import Callable
from pathlib import Path

from kiosk.door.guardjournal import End, GuardJournal
from kiosk.door.guardprotocol import GO
from kiosk.door.guardwatch import LAST_TRIES_S, RETRY_S, lock_once
from kiosk.door.latch import SILENCE_S
from kiosk.door.relay import Relay

LOOK_S = 0.25
"""How often the journal is looked at while the kiosk lives."""

PATIENCE_S = 0.2
"""How long an unlocked door must have been without a guard; the kiosk or a guard may be at it."""

STOPPED_S = SILENCE_S + 1.0
"""The same when the outer guard is only stopped: the inner one may live, and locks earlier."""

LEAVE_S = 10.0
"""How long a spare whose kiosk has gone waits for the guards to end, which lock the door."""

_POLL_S = 0.02


class Spare:
    """Waits on ``pipe_fd`` for the first byte. Not thread-safe; ``wait`` does it all."""

    def __init__(
        self, pipe_fd: int, make_relay: Callable[[], Relay], journal: GuardJournal
    ) -> None:
        self._pipe_fd = pipe_fd
        self._make_relay = make_relay
        self._journal = journal
        self._lost_since_s: float | None = None

    def wait(self) -> bool:
        """Return True when it is to be the guard; False at its end, with the door locked."""
        while True:
            ready, _, _ = select.select([self._pipe_fd], [], [], LOOK_S)
            if ready:
                if os.read(self._pipe_fd, 1) == GO:
                    return True
                self._leave()
                return False
            if self._is_deserted():
                self._lock()

    # --- while the kiosk lives, if only stopped -----------------------------------------------

    def _is_deserted(self) -> bool:
        """Whether the door is unlocked and nobody has been there to lock it for long enough."""
        record = self._journal.unlocked()
        is_free = record is not None and self._journal.take()
        if is_free:
            self._journal.let_go()
        if record is None or not (is_free or _is_lost(record.guard)):
            self._lost_since_s = None
            return False
        now_s = time.monotonic()
        if self._lost_since_s is None:
            self._lost_since_s = now_s
        is_urgent = is_free or now_s > record.until_ns / 1e9 + PATIENCE_S
        return now_s - self._lost_since_s >= (PATIENCE_S if is_urgent else STOPPED_S)

    def _lock(self) -> None:
        # Once a look: the first byte may come meanwhile.
        end = End.GUARD_KILLED
        if not self._journal.take():
            end = End.GUARD_HUNG
            self._kill_guards()
            self._journal.wait_for_predecessor(LOOK_S)
        if lock_once(self._make_relay()):
            self._journal.note_ended(end, was_unlocked=True, is_locked=True)
        self._journal.let_go()

    # --- when the kiosk has gone --------------------------------------------------------------

    def _leave(self) -> None:
        if not self._outlast_guards() or self._journal.is_settled():
            return
        before, was_unlocked = self._journal.text(), self._journal.was_unlocked()
        relay = self._make_relay()
        deadline_s = time.monotonic() + (LAST_TRIES_S if was_unlocked else LEAVE_S)
        while not (is_locked := lock_once(relay)) and time.monotonic() < deadline_s:
            time.sleep(RETRY_S)
            if self._journal.text() != before:
                # The guard of the next kiosk did not wait any longer.
                return
        self._journal.note_ended(End.ALL_GONE, was_unlocked=was_unlocked, is_locked=is_locked)

    def _outlast_guards(self) -> bool:
        """Wait until both guards are gone. False: they still try to reach the relay."""
        deadline_s = time.monotonic() + LEAVE_S
        lost_since_s = None
        while not self._journal.take():
            now_s = time.monotonic()
            record = self._journal.unlocked()
            if record is None or not _is_lost(record.guard):
                lost_since_s = None
            elif lost_since_s is None:
                lost_since_s = now_s
            elif now_s - lost_since_s >= PATIENCE_S:
                self._kill_guards()
            if now_s > deadline_s:
                return False
            time.sleep(_POLL_S)
        return True

    def _kill_guards(self) -> None:
        record = self._journal.unlocked()
        if record is not None and record.guard > 1:
            with contextlib.suppress(OSError):
                os.killpg(record.guard, signal.SIGKILL)


def _is_lost(guard: int) -> bool:
    """Whether the outer guard of this number is stopped or dead; it looks after the inner one."""
    if guard <= 1:
        return False
    try:
        fields = Path(f"/proc/{guard}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except FileNotFoundError:
        return True
    except OSError:
        # Gone between opening and reading; the next look says so.
        return False
    return fields[:1] in (["T"], ["Z"], ["X"])
