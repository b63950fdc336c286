"""How often something may happen."""

from __future__ import annotations


class Bucket:
    """A token bucket: ``most`` at once, and one more after every ``every_s``."""

    def __init__(self, most: int, every_s: float) -> None:
        self._most, self._every_s = most, every_s
        self._left = float(most)
        self._at_s: float | None = None

    def take(self, now_s: float) -> bool:
        """Return whether it may happen at ``now_s`` (monotonic), and count it."""
        if self._at_s is not None:
            self._left = min(self._most, self._left + (now_s - self._at_s) / self._every_s)
        self._at_s = now_s
        if self._left < 1:
            return False
        self._left -= 1
        return True
