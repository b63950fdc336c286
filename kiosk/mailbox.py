"""A place for the newest value: a slow reader never sees an old frame and never fills memory."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """Hold at most one value; a new one replaces an unread one, and the loss is counted."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._value: T | None = None
        self._closed = False
        self._dropped = 0
        self._taken = 0

    @property
    def dropped(self) -> int:
        """Values replaced before anyone read them."""
        with self._condition:
            return self._dropped

    @property
    def taken(self) -> int:
        """Values that were read."""
        with self._condition:
            return self._taken

    def put(self, value: T) -> bool:
        """Leave a value; return True when the mailbox was empty (the reader needs a signal)."""
        with self._condition:
            if self._closed:
                return False
            was_empty = self._value is None
            if not was_empty:
                self._dropped += 1
            self._value = value
            self._condition.notify()
            return was_empty

    def take(self, timeout_s: float = 0.0) -> T | None:
        """Return the newest value, waiting up to ``timeout_s`` for one; None when there is none."""
        with self._condition:
            if self._value is None and timeout_s > 0 and not self._closed:
                self._condition.wait_for(lambda: self._value is not None or self._closed, timeout_s)
            value, self._value = self._value, None
            if value is not None:
                self._taken += 1
            return value

    def close(self) -> None:
        """Wake every reader and accept nothing more."""
        with self._condition:
            self._closed = True
            self._value = None
            self._condition.notify_all()
