"""Monotonic time and waiting for it, as one object that tests can replace."""

from __future__ import annotations

import threading
import time
from typing import Protocol


class Clock(Protocol):
    """A monotonic clock that can also be waited on."""

    def now_ns(self) -> int:
        """Return the time in nanoseconds."""

    def wait_until(self, condition: threading.Condition, deadline_ns: int) -> None:
        """Wait, with ``condition`` held, until it is notified or the time has come."""


class MonotonicClock:
    """The system's monotonic clock: setting the date does not move it."""

    def now_ns(self) -> int:
        return time.monotonic_ns()

    def wait_until(self, condition: threading.Condition, deadline_ns: int) -> None:
        condition.wait(max(0, deadline_ns - time.monotonic_ns()) / 1e9)
