"""What an administrator does with the door itself, and what the schedule does with it.

What unlocks is on the disk as an event before the door obeys; a lockdown is ordered first and
written down afterwards. A lockdown stays through a restart, and so does the end of a free access
by schedule that somebody ended by hand. Free access that an administrator began does not: after a
restart the door is locked.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Protocol

from kiosk.domain import DoorStatus, Event, EventKind
from kiosk.errors import AccessError, RelayError
from kiosk.store.events import EventQuery
from kiosk.store.lane import StoreLane
from kiosk.store.store import Store

MAX_REASON = 200
MAX_FREE_MIN = 24 * 60
_LOCKDOWN, _ENDED_UNTIL = "door.lockdown", "door.free_ended_until"
_MIN_NS = 60_000_000_000
_HOUR_MS = 3_600_000
BY_HAND, BY_SCHEDULE = "by an administrator", "by schedule"
_OF_THE_DOOR = (EventKind.DOOR_FORCED, EventKind.DOOR_HELD)


class Door(Protocol):
    """What is needed of :class:`kiosk.door.controller.DoorController`."""

    @property
    def status(self) -> DoorStatus: ...
    def unlock(self, reason: str, now_ns: int, *, extended: bool = False) -> bool: ...
    def begin_free_access(self, until_ns: int | None, reason: str) -> bool: ...
    def end_free_access(self, reason: str) -> bool: ...
    def begin_lockdown(self, reason: str) -> bool: ...
    def end_lockdown(self, reason: str) -> bool: ...
    def acknowledge(self, kind: EventKind | None = None) -> bool: ...


class DoorDesk:
    """The door from behind the PIN; every act returns a future.

    A future fails with RelayError when the door cannot do it now, with AccessError when it cannot
    be meant, with StoreError when the event cannot be written: nothing was unlocked then.
    """

    def __init__(
        self,
        door: Door,
        lane: StoreLane,
        now_ms: Callable[[], int],
        refusal: Callable[[], str],
        alarms_changed: Callable[[], None],
        now_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """``refusal`` says why the door must not be unlocked at all, or "".

        ``alarms_changed`` is called after an alarm was acknowledged.
        """
        self._door, self._lane = door, lane
        self._now_ms, self._now_ns = now_ms, now_ns
        self._refusal, self._alarms_changed = refusal, alarms_changed
        self._lock = threading.Lock()
        self._scheduled_ms: int | None = None
        self._ended_until_ms: int | None = None
        self._is_by_hand = False
        self._is_restored = False

    def restore(self, store: Store) -> None:
        """Lock down again what was locked down; on the store's thread, once. Raises StoreError."""
        is_lockdown = store.settings.get(_LOCKDOWN) is not None
        ended = store.settings.get(_ENDED_UNTIL) or ""
        with self._lock:
            if self._is_restored:
                return
            self._is_restored = True
            if ended.isascii() and ended.isdigit() and len(ended) < 16:
                self._ended_until_ms = int(ended)
        if is_lockdown:
            self._door.begin_lockdown("since before the restart")

    def unlock(self, reason: str, extended: bool = False) -> Future[None]:
        """Open for one pulse, for a reason that is written down."""

        def act(store: Store) -> None:
            words = " ".join(reason.split())
            if not words or len(words) > MAX_REASON:
                raise AccessError(
                    f"Say in 1 to {MAX_REASON} characters why the door is opened by hand."
                )
            self._write_down(store, words)
            self._must(self._door.unlock(BY_HAND, self._now_ns(), extended=extended))

        return self._lane.submit(act)

    def begin_free_access(self, minutes: int | None) -> Future[None]:
        """Unlock for everybody, for so many minutes or until it is ended."""

        def act(store: Store) -> None:
            if minutes is not None and not 1 <= minutes <= MAX_FREE_MIN:
                raise AccessError(f"Free access lasts 1 to {MAX_FREE_MIN} minutes.")
            length = "until it is ended" if minutes is None else f"{minutes} min"
            self._write_down(store, f"free access, {length}")
            self._note_end(store, None)
            until_ns = None if minutes is None else self._now_ns() + minutes * _MIN_NS
            self._must(self._door.begin_free_access(until_ns, BY_HAND))
            with self._lock:
                self._is_by_hand = True

        return self._lane.submit(act)

    def end_free_access(self) -> Future[None]:
        """Lock again; where a schedule has unlocked, until its next time."""
        # First of all the door: nothing that is slow may keep it open.
        is_taken = self._door.end_free_access(BY_HAND)
        with self._lock:
            self._ended_until_ms = until_ms = self._scheduled_ms
            self._is_by_hand = False

        def act(store: Store) -> None:
            self._note_end(store, until_ms)
            self._must(is_taken)

        return self._lane.submit(act)

    def begin_lockdown(self) -> Future[None]:
        """Let nobody in until it is ended, whatever happens to the program in between."""
        is_taken = self._door.begin_lockdown(BY_HAND)

        def act(store: Store) -> None:
            store.settings.set(_LOCKDOWN, str(self._now_ms()))
            self._must(is_taken)

        return self._lane.submit(act)

    def end_lockdown(self) -> Future[None]:
        """Let people in again."""

        def act(store: Store) -> None:
            store.database.check_in_place()
            self._must(self._door.end_lockdown(BY_HAND))
            store.settings.delete(_LOCKDOWN)

        return self._lane.submit(act)

    def acknowledge_alarm(self, seq: int) -> Future[None]:
        """Note that somebody has seen an alarm; fails with AccessError for what is none."""

        def act(store: Store) -> None:
            store.alarms.acknowledge(seq, self._now_ms())
            for event in store.events.query(EventQuery(after_seq=seq - 1, limit=1)):
                # That of a picture held up long ago says nothing of a door that stands open now.
                if event.kind in _OF_THE_DOOR:
                    self._door.acknowledge(event.kind)
            self._alarms_changed()

        return self._lane.submit(act)

    def follow_schedule(self, until_ms: int | None, *, may_begin: bool = True) -> None:
        """Unlock or lock the door by the schedule of free access; call it about once a second.

        ``until_ms``: the UTC milliseconds until which it is free, None when it is not.
        ``may_begin``: False while something is out of order, which locks but never unlocks.
        """
        with self._lock:
            if not self._is_restored:
                return
            if self._ended_until_ms is not None and self._now_ms() >= self._ended_until_ms:
                self._ended_until_ms = None
            was_ms = self._scheduled_ms
            if until_ms is None:
                self._scheduled_ms = None
            is_ended = self._ended_until_ms is not None
            status = self._door.status
            # What an administrator has begun lasts as long as they said.
            self._is_by_hand = is_by_hand = self._is_by_hand and status.is_free
        if until_ms is None:
            if was_ms is not None and not is_by_hand:
                self._door.end_free_access(BY_SCHEDULE)
            return
        if is_by_hand:
            return
        # The end of a door that is always free moves on with the clock; one that came nearer counts
        # at once.
        is_known = was_ms is not None and 0 <= until_ms - was_ms < _HOUR_MS
        if is_known and status.is_free and not is_ended:
            return
        if is_ended or status.is_lockdown or (not may_begin and not status.is_free):
            return
        if self._refusal():
            return
        with self._lock:
            self._scheduled_ms = until_ms
        left_ns = max(until_ms - self._now_ms(), 0) * 1_000_000
        self._door.begin_free_access(self._now_ns() + left_ns, BY_SCHEDULE)

    def _write_down(self, store: Store, words: str) -> None:
        """Write what unlocks before it does. Raises RelayError when the door must not be."""
        refusal = self._refusal()
        if refusal:
            raise RelayError(refusal)
        if self._door.status.is_lockdown:
            raise RelayError("The door is locked down: end the lockdown first.")
        store.database.check_in_place()
        store.events.append(Event(EventKind.MANUAL_UNLOCK, self._now_ms(), detail=words))

    def _note_end(self, store: Store, until_ms: int | None) -> None:
        with self._lock:
            self._ended_until_ms = until_ms
        if until_ms is None:
            store.settings.delete(_ENDED_UNTIL)
        else:
            store.settings.set(_ENDED_UNTIL, str(until_ms))

    def _must(self, is_taken: bool) -> None:
        if not is_taken:
            raise RelayError(self._door.status.message or "The door did not take the order.")
