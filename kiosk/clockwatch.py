"""Follows the time of day while the program runs: is it believed, and since when not."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Protocol

from kiosk.access.clocktrust import ClockState, ClockTrust
from kiosk.access.lockout import read_lockout_clock
from kiosk.clockstate import MADE_MS, ClockSources, is_synchronised, read_clock_sources
from kiosk.domain import EventKind
from kiosk.store.lane import StoreLane
from kiosk.store.store import Store

_log = logging.getLogger(__name__)

MEMORY_KEY = "clock.memory"
_LOOK_NS = 1_000_000_000
_REMEMBER_NS = 300_000_000_000
_UNKNOWN = ClockState(False, "The clock has not been looked at yet.")


class TimeOfDay(Protocol):
    """Whether the time of day is believed."""

    @property
    def state(self) -> ClockState:
        """The newest judgement."""

    def restore(self, store: Store) -> None:
        """Learn what the last run knew; on the store's thread. Raises StoreError."""

    def look(self, mono_ns: int) -> None:
        """Look at the clock; call it often. ``mono_ns`` is the monotonic time."""

    def confirm(self) -> Future[None]:
        """Believe the clock, because an administrator has looked at it."""


class GivenTime:
    """A time of day that nobody doubts: that of a demonstration or a test."""

    state = ClockState(True)

    def restore(self, store: Store) -> None: ...

    def look(self, mono_ns: int) -> None: ...

    def confirm(self) -> Future[None]:
        done: Future[None] = Future()
        done.set_result(None)
        return done


class ClockWatch:
    """The system's clock. It is looked at by one thread and confirmed from any."""

    def __init__(
        self,
        lane: StoreLane,
        record: Callable[[EventKind, str], None],
        wall_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        sources: Callable[[int], ClockSources] = read_clock_sources,
        synchronised: Callable[[], bool] = is_synchronised,
    ) -> None:
        """``record`` writes an event when the judgement changes (kind, reason)."""
        self._lane, self._record = lane, record
        self._wall_ms, self._sources, self._synchronised = wall_ms, sources, synchronised
        self._lock = threading.Lock()
        self._trust: ClockTrust | None = None
        self._state = _UNKNOWN
        self._looked_at_ns: int | None = None
        self._remembered_at_ns = 0
        self._was_ok = True

    @property
    def state(self) -> ClockState:
        return self._state

    def restore(self, store: Store) -> None:
        with self._lock:
            if self._trust is not None:
                return
            found = self._sources(self._wall_ms())
            self._trust = ClockTrust(
                MADE_MS,
                found.has_rtc,
                found.was_synchronised,
                boot_id=read_lockout_clock().boot_id,
                memory=store.settings.get(MEMORY_KEY) or "",
            )

    def look(self, mono_ns: int) -> None:
        with self._lock:
            is_early = self._looked_at_ns is not None and mono_ns - self._looked_at_ns < _LOOK_NS
            if self._trust is None or is_early:
                return
            self._looked_at_ns = mono_ns
            self._judged(self._trust.look(self._wall_ms(), mono_ns, self._synchronised()), mono_ns)

    def confirm(self) -> Future[None]:
        def work(store: Store) -> None:
            with self._lock:
                if self._trust is None:
                    return
                mono_ns = time.monotonic_ns()
                self._judged(self._trust.confirm(self._wall_ms(), mono_ns), mono_ns)
                store.settings.set(MEMORY_KEY, self._trust.memory)

        return self._lane.submit(work)

    def _judged(self, state: ClockState, mono_ns: int) -> None:
        """Keep the judgement; tell and remember it where it is new. Holds the lock."""
        self._state = state
        is_new = state.ok is not self._was_ok
        if is_new:
            self._was_ok = state.ok
            kind = EventKind.CLOCK_TRUSTED if state.ok else EventKind.CLOCK_UNTRUSTED
            self._record(kind, state.reason)
        if self._trust is not None and (
            is_new or not self._remembered_at_ns or mono_ns - self._remembered_at_ns > _REMEMBER_NS
        ):
            self._remembered_at_ns = mono_ns
            memory = self._trust.memory
            kept = self._lane.submit(lambda store: store.settings.set(MEMORY_KEY, memory))
            kept.add_done_callback(_noted)


def _noted(kept: Future[None]) -> None:
    error = None if kept.cancelled() else kept.exception()
    if error is not None:
        # The next start then asks for a confirmation at worst.
        _log.warning("what is known of the clock could not be stored: %s", error)
