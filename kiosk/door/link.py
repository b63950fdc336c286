"""When to try a latch again that was lost: no thread, no clock. Monotonic nanoseconds."""

from __future__ import annotations

_MS = 1_000_000

FIRST_RETRY_NS = 500 * _MS
LAST_RETRY_NS = 10_000 * _MS
URGENT_RETRY_NS = 250 * _MS
"""Between attempts to reach a relay that may be on."""
STEADY_NS = 10_000 * _MS
"""A connection that lasted this long starts the next retries from the shortest again."""


class Link:
    """Whether the latch is connected, and when the next attempt is due."""

    def __init__(self) -> None:
        self._is_up = False
        self._connected_at_ns = 0
        self._retry_at_ns: int | None = None
        self._failures = 0

    @property
    def is_up(self) -> bool:
        return self._is_up

    @property
    def retry_at_ns(self) -> int:
        """When to connect next; 0: at once."""
        return self._retry_at_ns or 0

    def connected(self, now_ns: int) -> None:
        self._is_up, self._connected_at_ns = True, now_ns

    def lost(self, now_ns: int, *, is_urgent: bool) -> None:
        """Note a loss or a failed attempt; urgent while the relay may be on."""
        was_up, self._is_up = self._is_up, False
        if was_up and now_ns - self._connected_at_ns >= STEADY_NS:
            self._failures = 0
        if is_urgent:
            self._retry_at_ns = now_ns if was_up else now_ns + URGENT_RETRY_NS
            return
        wait_ns = min(FIRST_RETRY_NS * 2 ** min(self._failures, 8), LAST_RETRY_NS)
        self._retry_at_ns = now_ns + wait_ns
        self._failures += 1
