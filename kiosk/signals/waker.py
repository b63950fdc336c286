"""Wakes a thread that waits for sockets."""

from __future__ import annotations

import contextlib
import os
import select
import threading


class Waker:
    """A pipe to oneself. ``wake`` is for every thread and returns at once; the rest for one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ends: tuple[int, int] | None = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def fileno(self) -> int:
        """Return what becomes readable; −1 when closed."""
        return -1 if self._ends is None else self._ends[0]

    def wake(self) -> None:
        """End the wait that is on, or the next one."""
        with self._lock:
            if self._ends is not None:
                # A full pipe wakes as well.
                with contextlib.suppress(BlockingIOError):
                    os.write(self._ends[1], b"x")

    def clear(self) -> None:
        """Forget what woke."""
        if self._ends is not None:
            with contextlib.suppress(BlockingIOError):
                os.read(self._ends[0], 4096)

    def wait(self, timeout_s: float) -> None:
        """Wait to be woken."""
        poll = select.poll()
        poll.register(self.fileno(), select.POLLIN)
        poll.poll(max(timeout_s, 0.0) * 1000)
        self.clear()

    def close(self) -> None:
        """Free the pipe; waking does nothing from then on."""
        with self._lock:
            ends, self._ends = self._ends, None
        for end in ends or ():
            os.close(end)
