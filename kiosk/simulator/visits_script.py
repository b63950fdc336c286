"""Which visit is played now: a programme, visitors who are sent in, and an empty room between.

Thread-safe: the camera asks, anybody may send somebody in.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Protocol

from kiosk.simulator.scene import Scene
from kiosk.simulator.visits import CameraFault, visit

MAX_WAITING = 8
"""So many visits may wait for their turn."""


class Performance(Protocol):
    """Something to play: a :class:`~kiosk.simulator.visits.Visit` or an actor who is steered."""

    @property
    def name(self) -> str:
        """One word for it."""

    @property
    def title(self) -> str:
        """What is to be seen, a sentence."""

    @property
    def seconds(self) -> float:
        """How long it lasts; infinite while that is open."""

    def scene_at(self, t_s: float, width_px: int, height_px: int) -> Scene:
        """Return what the camera would see ``t_s`` seconds after it began."""

    def fault_at(self, t_s: float) -> CameraFault:
        """Return what ails the camera at a moment."""


class Script:
    """Plays who was sent in, else the next of the programme, else shows an empty room."""

    def __init__(
        self,
        programme: Iterable[Performance] = (),
        on_begin: Callable[[Performance], None] | None = None,
        room: Performance | None = None,
    ) -> None:
        """``programme`` may be endless and is read as it is played.

        ``on_begin`` is told of every change, the empty ``room`` included, in the camera's thread.
        """
        self._programme = iter(programme)
        self._on_begin = on_begin
        self._room = room or visit("empty")
        self._lock = threading.Lock()
        self._waiting: deque[Performance] = deque()
        self._urgent: Performance | None = None
        self._current: Performance | None = None
        self._began_s = 0.0

    @property
    def waiting(self) -> int:
        """How many who were sent in have not begun yet."""
        with self._lock:
            return len(self._waiting) + (self._urgent is not None)

    def send_in(self, performance: Performance) -> bool:
        """Let it follow on what is played now; False when too many wait already."""
        with self._lock:
            if len(self._waiting) >= MAX_WAITING:
                return False
            self._waiting.append(performance)
            return True

    def play_now(self, performance: Performance) -> None:
        """End what is played now, and begin this with the next picture."""
        with self._lock:
            self._urgent = performance

    def end_current(self) -> None:
        """End what is played now, and go on with the next."""
        with self._lock:
            if self._urgent is None:
                self._urgent = self._next()

    def moment(self, now_s: float) -> tuple[Performance, float]:
        """Return what is played at this time, and how many seconds ago it began.

        ``now_s`` is the camera's clock and never goes back.
        """
        with self._lock:
            begins = False
            if self._is_over(now_s):
                before, self._current = self._current, self._urgent or self._next()
                self._began_s, self._urgent = now_s, None
                # An empty room that stays empty is no news.
                begins = not (before is self._room and self._current is self._room)
            current, began_s = self._current, self._began_s
        assert current is not None
        if begins and self._on_begin is not None:
            self._on_begin(current)
        return current, now_s - began_s

    def _is_over(self, now_s: float) -> bool:
        if self._current is None or self._urgent is not None:
            return True
        if self._current is self._room and self._waiting:
            return True
        return now_s - self._began_s >= self._current.seconds

    def _next(self) -> Performance:
        if self._waiting:
            return self._waiting.popleft()
        return next(self._programme, self._room)
