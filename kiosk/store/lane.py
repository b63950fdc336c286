"""The store's thread: it owns the connection, runs every job and loses no event."""

from __future__ import annotations

import enum
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from kiosk.domain import Event
from kiosk.errors import StoreError
from kiosk.store.store import Store

_log = logging.getLogger(__name__)
T = TypeVar("T")

MAX_JOBS = 1000
_BATCH = 256


class _State(enum.Enum):
    NEW = enum.auto()
    OPENING = enum.auto()
    OPEN = enum.auto()
    STOPPED = enum.auto()


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    run: Callable[[Store], Any]
    future: Future[Any]


class StoreLane:
    """Run all access to one database on one thread.

    ``capacity`` events wait in memory while the disk does not take them; they are retried in
    order, after ``retry_s`` = (first, longest) seconds. A job sees every event recorded before it
    was submitted, unless writing events fails just then.

    ``on_fault`` is called on the lane's thread with a sentence when writing events begins to
    fail (or fails differently), and with None when it works again; it must return at once.
    """

    def __init__(
        self,
        path: Path,
        *,
        on_fault: Callable[[str | None], None] | None = None,
        create: bool = True,
        capacity: int = 10_000,
        record_wait_s: float = 2.0,
        retry_s: tuple[float, float] = (0.5, 30.0),
    ) -> None:
        self._path = path
        self._on_fault = on_fault
        self._create = create
        self._capacity = capacity
        self._record_wait_s = record_wait_s
        self._retry_s = retry_s
        self._changed = threading.Condition()
        # Everything below belongs to the condition.
        self._state = _State.NEW
        self._events: deque[Event] = deque()
        self._jobs: deque[_Job] = deque()
        self._thread: threading.Thread | None = None
        self._stop_by_s: float | None = None
        self._retry_at_s = 0.0
        # And these to the thread.
        self._fault: str | None = None
        self._failures = 0

    @property
    def waiting_events(self) -> int:
        """Events recorded and not yet on the disk."""
        with self._changed:
            return len(self._events)

    def start(self) -> Future[None]:
        """Open the database on the lane's thread; the future fails with StoreError.

        After a failure it may be called again; events recorded meanwhile are kept.
        """
        opened: Future[None] = Future()
        with self._changed:
            if self._state is not _State.NEW:
                raise RuntimeError("The store lane was started before.")
            self._state = _State.OPENING
            self._thread = threading.Thread(
                target=self._run, args=(opened,), name="store", daemon=True
            )
            self._thread.start()
        return opened

    def submit(self, work: Callable[[Store], T]) -> Future[T]:
        """Run ``work`` on the lane's thread; what it raises, the future raises.

        The future fails with StoreError when the lane is not running or has too much to do.
        """
        future: Future[T] = Future()
        with self._changed:
            if self._state not in (_State.OPENING, _State.OPEN) or self._stop_by_s is not None:
                future.set_exception(StoreError("The database is not open. Try again shortly."))
            elif len(self._jobs) >= MAX_JOBS:
                future.set_exception(StoreError("The database is busy. Try again shortly."))
            else:
                self._jobs.append(_Job(work, future))
                self._changed.notify_all()
        return future

    def record(self, event: Event) -> None:
        """Queue an event for writing; returns at once unless the queue is full.

        Raises StoreError when the queue stays full for ``record_wait_s`` or the lane has stopped.
        """
        with self._changed:
            self._changed.wait_for(
                lambda: len(self._events) < self._capacity or self._is_stopped(),
                self._record_wait_s,
            )
            if self._is_stopped():
                raise StoreError("The access log is closed; the event was not recorded.")
            if len(self._events) >= self._capacity:
                raise StoreError(
                    f"{self._capacity} events wait to be written and the disk takes none. "
                    "Free some space or check the disk."
                )
            self._events.append(event)
            self._changed.notify_all()

    def stop(self, timeout_s: float = 5.0) -> bool:
        """Finish queued jobs and events, close the database and end the thread.

        Returns False when that was not possible in time: events that are then left are written
        to the program's log, and jobs fail with StoreError.
        """
        with self._changed:
            self._stop_by_s = time.monotonic() + timeout_s
            self._retry_at_s = 0.0
            thread = self._thread
            self._changed.notify_all()
        if thread is not None:
            # The margin lets the thread give up by itself at its deadline.
            thread.join(timeout_s + 1.0)
            if thread.is_alive():
                _log.error("the store does not answer; its thread is abandoned")
                return False
        with self._changed:
            self._state = _State.STOPPED
            left = list(self._events)
            self._events.clear()
        for event in left:
            _log.error("event not stored: %s", _in_words(event))
        return not left

    def _is_stopped(self) -> bool:
        return self._state is _State.STOPPED or self._stop_by_s is not None

    # --- on the lane's thread -----------------------------------------------------------------

    def _run(self, opened: Future[None]) -> None:
        # From here on nobody can cancel it, and setting its result cannot fail.
        if not opened.set_running_or_notify_cancel():
            opened = Future()
        try:
            store = Store.open(self._path, create=self._create)
        except Exception as error:
            with self._changed:
                self._state = _State.NEW
                jobs = self._take_jobs()
            _fail(jobs, error)
            opened.set_exception(error)
            return
        with self._changed:
            self._state = _State.OPEN
        opened.set_result(None)
        try:
            while (work := self._next()) is not None:
                events, job = work
                if events:
                    self._write(store, events)
                if job is not None:
                    _perform(job, store)
        finally:
            with self._changed:
                self._state = _State.STOPPED
                jobs = self._take_jobs()
                self._changed.notify_all()
            _fail(jobs, StoreError("The program is closing; nothing was changed."))
            store.close()

    def _next(self) -> tuple[list[Event], _Job | None] | None:
        with self._changed:
            while True:
                now_s = time.monotonic()
                is_due = bool(self._events) and now_s >= self._retry_at_s
                is_over = self._stop_by_s is not None and now_s >= self._stop_by_s
                if is_over or (self._stop_by_s is not None and not (self._events or self._jobs)):
                    return None
                if is_due or self._jobs:
                    batch = [e for e, _ in zip(self._events, range(_BATCH), strict=False)]
                    # One job, and only when no more events wait before it than fit a batch.
                    fits = not is_due or len(batch) == len(self._events)
                    job = self._jobs.popleft() if self._jobs and fits else None
                    return batch if is_due else [], job
                deadlines = [self._retry_at_s] if self._events else []
                if self._stop_by_s is not None:
                    deadlines.append(self._stop_by_s)
                self._changed.wait(min(deadlines) - now_s if deadlines else None)

    def _write(self, store: Store, batch: list[Event]) -> bool:
        """Write the oldest events and take them from the queue; False when they must wait."""
        try:
            store.database.check_in_place()
            store.events.append_all(batch)
        except StoreError as error:
            self._wait_and_tell(str(error))
            return False
        except Exception:
            # A bug: one event that cannot be written must not hold up all later ones.
            if len(batch) > 1:
                return all(self._write(store, [event]) for event in batch)
            _log.critical("event not stored: %s", _in_words(batch[0]), exc_info=True)
        with self._changed:
            for _ in batch:
                self._events.popleft()
            self._changed.notify_all()
        self._failures = 0
        if self._fault is not None:
            self._fault = None
            self._tell(None)
        return True

    def _wait_and_tell(self, message: str) -> None:
        first_s, longest_s = self._retry_s
        wait_s = min(first_s * 2 ** min(self._failures, 20), longest_s)
        self._failures += 1
        with self._changed:
            if self._stop_by_s is not None:
                wait_s = first_s
            self._retry_at_s = time.monotonic() + wait_s
        if message != self._fault:
            self._fault = message
            self._tell(message)

    def _tell(self, message: str | None) -> None:
        if self._on_fault is None:
            return
        try:
            self._on_fault(message)
        except Exception:
            _log.exception("the listener for faults of the store failed")

    def _take_jobs(self) -> list[_Job]:
        jobs = list(self._jobs)
        self._jobs.clear()
        return jobs


def _in_words(event: Event) -> str:
    """Describe an event for the program's log, which is no place for names."""
    return f"{event.kind.value} at {event.at_ms} ms, person {event.person_id}: {event.detail}"


def _perform(job: _Job, store: Store) -> None:
    if not job.future.set_running_or_notify_cancel():
        return
    try:
        result = job.run(store)
    except BaseException as error:
        job.future.set_exception(error)
    else:
        job.future.set_result(result)


def _fail(jobs: list[_Job], error: Exception) -> None:
    for job in jobs:
        if job.future.set_running_or_notify_cancel():
            job.future.set_exception(error)
