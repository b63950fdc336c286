"""Whether the time of day can be believed: rights depend on it, and it can be wrong or be set.

The wall clock is compared with the monotonic one, which nobody can set and which a time server
speeds up and slows down alike (clock_gettime(2)), so that only steps part the two. What is stored
is for the next start: a clock that went back meanwhile, or was doubted before, is doubted still.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

JUMP_MS = 2000
"""A step of the clock beyond this is one that somebody made."""


@dataclass(frozen=True, slots=True)
class ClockState:
    """Whether the clock is believed, and why not: a sentence, empty when it is."""

    ok: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Look:
    """Both clocks at one moment."""

    wall_ms: int
    mono_ns: int

    def step_to(self, other: _Look) -> int:
        """Return by how many milliseconds the wall clock was set in between."""
        passed_ms = (other.mono_ns - self.mono_ns) // 1_000_000
        return other.wall_ms - self.wall_ms - passed_ms


@dataclass(frozen=True, slots=True)
class _Memory:
    """The last look at a clock that was believed, its boot, and whether it was doubted since."""

    seen: _Look | None
    boot_id: str
    is_doubted: bool

    @classmethod
    def read(cls, text: str) -> _Memory:
        if not text:
            return cls(None, "", False)
        try:
            fields = json.loads(text)
            wall_ms, mono_ns, boot_id = fields["wall_ms"], fields["mono_ns"], fields["boot_id"]
            is_doubted = fields["is_doubted"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return cls(None, "", True)
        if type(boot_id) is not str or type(is_doubted) is not bool:
            return cls(None, "", True)
        if type(wall_ms) is int and type(mono_ns) is int:
            return cls(_Look(wall_ms, mono_ns), boot_id, is_doubted)
        # Never believed yet.
        return cls(None, boot_id, is_doubted)

    def write(self) -> str:
        seen = self.seen
        return json.dumps(
            {
                "wall_ms": None if seen is None else seen.wall_ms,
                "mono_ns": None if seen is None else seen.mono_ns,
                "boot_id": self.boot_id,
                "is_doubted": self.is_doubted,
            }
        )


class ClockTrust:
    """Judges the clock whenever it is shown it; once a second is right."""

    def __init__(
        self,
        build_ms: int,
        has_rtc: bool,
        was_synchronised: bool,
        *,
        boot_id: str = "",
        memory: str = "",
    ) -> None:
        """Begin to watch.

        ``build_ms`` is a UTC time before which this program did not exist. ``has_rtc`` tells
        whether the computer keeps the time while it is off, ``was_synchronised`` whether it was
        told the time since it was switched on. ``memory`` is what :attr:`memory` was at the end of
        the last run, empty for the first; ``boot_id`` tells whether that was since then.
        """
        self._build_ms = build_ms
        self._keeps_time = has_rtc or was_synchronised
        self._boot_id = boot_id
        self._memory = _Memory.read(memory)
        self._anchor: _Look | None = None
        self._doubt = ""

    def look(self, wall_ms: int, mono_ns: int, synchronised: bool) -> ClockState:
        """Judge the clock: UTC milliseconds, monotonic nanoseconds, and whether the system says
        that a time server keeps it right now."""
        now = _Look(wall_ms, mono_ns)
        if synchronised:
            self._doubt = ""
        elif self._anchor is None:
            self._doubt = self._doubt_at_start(now)
        elif abs(step_ms := self._anchor.step_to(now)) > JUMP_MS:
            self._doubt = f"The clock was set {'forward' if step_ms > 0 else 'back'} by hand."
        # The anchor of a clock that is believed stays, so that small steps add up to a large one.
        if synchronised or self._anchor is None or self._doubt:
            self._anchor = now
        return self._state(now)

    def confirm(self, wall_ms: int, mono_ns: int) -> ClockState:
        """Believe the clock, because an administrator has looked at it."""
        self._doubt = ""
        self._anchor = _Look(wall_ms, mono_ns)
        return self._state(self._anchor)

    @property
    def memory(self) -> str:
        """What the next run has to know: store it every few minutes and when the state changes."""
        return self._memory.write()

    def _state(self, now: _Look) -> ClockState:
        reason = self._doubt
        if now.wall_ms < self._build_ms:
            reason = "The clock shows a time before this program was made."
        if reason:
            self._memory = _Memory(None, "", True)
            return ClockState(False, reason)
        self._memory = _Memory(now, self._boot_id, False)
        return ClockState(True)

    def _doubt_at_start(self, now: _Look) -> str:
        before = self._memory
        if before.is_doubted:
            return "The clock was not trusted before the restart, and nobody has confirmed it."
        if before.seen is not None and now.wall_ms < before.seen.wall_ms - JUMP_MS:
            return "The clock shows an earlier time than before the restart."
        if before.seen is not None and self._boot_id and before.boot_id == self._boot_id:
            if abs(before.seen.step_to(now)) > JUMP_MS:
                return "The clock was set while the program was not running."
            return ""
        if self._keeps_time:
            return ""
        return "The computer kept no time while it was off, and has not asked a time server yet."
