"""What is told once in a while however often it happens, so that nobody can flood the log."""

from __future__ import annotations


class Repeats:
    """Counts what was not told. Times are monotonic nanoseconds."""

    def __init__(self, span_ns: int) -> None:
        self._span_ns = span_ns
        self._told_at_ns: int | None = None
        self._untold = 0

    def words(self, at_ns: int, detail: str) -> str | None:
        """Return the detail to tell, with how often it went untold before; None: not now."""
        if self._told_at_ns is not None and at_ns - self._told_at_ns < self._span_ns:
            self._untold += 1
            return None
        more = f"and {self._untold} more before" if self._untold else ""
        self._told_at_ns, self._untold = at_ns, 0
        return ", ".join(filter(None, [detail, more]))

    def forget(self) -> None:
        """Tell the next one in any case."""
        self._told_at_ns = None
