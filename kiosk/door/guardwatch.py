"""The process behind the guard: when the guard is killed or hangs, it locks the door.

It is the guard's parent, so the kernel tells it at once when the guard was killed or stopped; no
time passes with a new start, because everything it needs was loaded before the fork.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from collections.abc import Callable

from kiosk.door.guardjournal import End, GuardJournal
from kiosk.door.relay import Relay
from kiosk.errors import RelayError

BEAT_S = 0.5
"""The guard gives a sign of life at least this often, unless its relay is slow to answer."""

HANG_S = 5.0
"""Silence after which the guard counts as hung; longer than any relay takes to answer."""

RETRY_S = 0.2
LAST_TRIES_S = 600.0


def watch(guard: int, life_fd: int, make_relay: Callable[[], Relay], journal: GuardJournal) -> int:
    """Wait for the end of the process ``guard`` and lock the door unless it did.

    ``life_fd`` is the line its signs of life come on. Returns the exit status, 0 when locked.
    To be called on the main thread: it handles SIGCHLD and passes SIGTERM on.
    """
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_read, False)
    os.set_blocking(wake_write, False)
    os.set_blocking(life_fd, False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    signal.signal(signal.SIGTERM, lambda number, frame: _kill(guard, signal.SIGTERM))
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    end = _wait(guard, life_fd, wake_read)
    if end is None:
        return 0
    is_locked = _lock(make_relay)
    journal.note_ended(end, was_unlocked=journal.was_unlocked(), is_locked=is_locked)
    return 0 if is_locked else 1


def _wait(guard: int, life_fd: int, wake_fd: int) -> End | None:
    """Return how the guard ended; None when it ended as it should. It is then gone for certain."""
    heard_at_s = time.monotonic()
    while True:
        # WUNTRACED: a stopped process is as good as dead, and the kernel says so at once.
        found, status = os.waitpid(guard, os.WNOHANG | os.WUNTRACED)
        if found and os.WIFEXITED(status):
            return None if os.WEXITSTATUS(status) == 0 else End.FAILED
        if found and os.WIFSIGNALED(status):
            return End.GUARD_KILLED
        if found or time.monotonic() - heard_at_s > HANG_S:
            _kill(guard, signal.SIGKILL)
            os.waitpid(guard, 0)
            return End.GUARD_HUNG
        ready, _, _ = select.select([life_fd, wake_fd], [], [], BEAT_S)
        for fd in ready:
            with contextlib.suppress(BlockingIOError):
                if os.read(fd, 4096) and fd == life_fd:
                    heard_at_s = time.monotonic()


def _lock(make_relay: Callable[[], Relay]) -> bool:
    relay = make_relay()
    deadline_s = time.monotonic() + LAST_TRIES_S
    while not (is_locked := lock_once(relay)) and time.monotonic() < deadline_s:
        time.sleep(RETRY_S)
    return is_locked


def lock_once(relay: Relay) -> bool:
    """Try to switch the relay off, which is let go again; return whether it is off."""
    try:
        relay.connect()
    except RelayError:
        return False
    finally:
        relay.close()
    return True


def _kill(process: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, number)
