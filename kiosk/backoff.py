"""How long to wait before the next try of something that keeps failing."""

from __future__ import annotations

_CALM = 4.0


class Backoff:
    """Doubles the wait from failure to failure, and starts over after a calm while."""

    def __init__(self, first_s: float, longest_s: float) -> None:
        self._first_s, self._longest_s = first_s, longest_s
        self._wait_s = first_s
        self._failed_at_s: float | None = None

    def next_s(self, now_s: float) -> float:
        """Return the wait after a failure at ``now_s`` (monotonic)."""
        last_s, self._failed_at_s = self._failed_at_s, now_s
        # What fails again soon after it worked has not been mended.
        if last_s is None or now_s - last_s > _CALM * self._longest_s:
            self._wait_s = self._first_s
        wait_s = self._wait_s
        self._wait_s = min(2 * wait_s, self._longest_s)
        return wait_s
