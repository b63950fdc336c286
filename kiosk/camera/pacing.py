"""Real time for sources that could deliver all their frames at once."""

from __future__ import annotations

import time
from collections.abc import Callable


class Pacer:
    """Make successive calls of :meth:`wait` return one interval (seconds) apart."""

    def __init__(
        self,
        interval_s: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._interval_s = interval_s
        self._clock = clock
        self._sleep = sleep
        self._due_s: float | None = None

    def wait(self) -> None:
        """Return when the next frame is due; the first is due at once.

        After a delay of more than an interval it goes on from there: catching up in a burst would
        show a person moving too fast.
        """
        now_s = self._clock()
        if self._due_s is None or now_s - self._due_s > self._interval_s:
            self._due_s = now_s
        elif self._due_s > now_s:
            self._sleep(self._due_s - now_s)
        self._due_s += self._interval_s
