"""The store's thread: order, faults of the disk, a full queue, and stopping."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from pathlib import Path

import pytest

from kiosk.domain import Event, EventKind
from kiosk.errors import NewerDatabaseError, StoreError
from kiosk.store.events import EventLog
from kiosk.store.lane import MAX_JOBS, StoreLane
from kiosk.store.store import Store, opened

WAIT_S = 10.0


class FaultLog:
    """A listener that remembers what it was told and lets a test wait for it."""

    def __init__(self) -> None:
        self.messages: list[str | None] = []
        self._changed = threading.Condition()

    def __call__(self, message: str | None) -> None:
        with self._changed:
            self.messages.append(message)
            self._changed.notify_all()

    def wait_for(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.messages) >= count, WAIT_S)


class Gate:
    """A job that occupies the lane until it is let go."""

    def __init__(self, lane: StoreLane) -> None:
        self._entered = threading.Event()
        self._release = threading.Event()
        self.future: Future[None] = lane.submit(self._hold)
        assert self._entered.wait(WAIT_S)

    def _hold(self, store: Store) -> None:
        self._entered.set()
        assert self._release.wait(WAIT_S)

    def open(self) -> None:
        self._release.set()


def event(number: int) -> Event:
    return Event(EventKind.GRANTED, at_ms=number)


def times(store: Store) -> list[int]:
    return [e.at_ms for e in store.events.query()]


def limit_pages(store: Store) -> None:
    pages = store.database.execute("PRAGMA page_count")[0][0]
    store.database.execute(f"PRAGMA max_page_count = {pages}")


def unlimit_pages(store: Store) -> None:
    store.database.execute("PRAGMA max_page_count = 1000000")


def large(number: int) -> Event:
    return Event(EventKind.FAULT, at_ms=number, detail="x" * 2000)


@pytest.fixture
def faults() -> FaultLog:
    return FaultLog()


@pytest.fixture
def make_lane(path: Path, faults: FaultLog) -> Iterator[Callable[..., StoreLane]]:
    lanes: list[StoreLane] = []

    def make(**options: object) -> StoreLane:
        settings = {"on_fault": faults, "retry_s": (0.01, 0.05), "record_wait_s": 0.05}
        lanes.append(StoreLane(path, **{**settings, **options}))  # type: ignore[arg-type]
        return lanes[-1]

    yield make
    for lane in lanes:
        lane.stop(1.0)


@pytest.fixture
def lane(make_lane: Callable[..., StoreLane]) -> StoreLane:
    lane = make_lane()
    lane.start().result(WAIT_S)
    return lane


def test_jobs_run_on_one_named_thread_and_answer(lane: StoreLane) -> None:
    names = {lane.submit(lambda store: threading.current_thread().name) for _ in range(5)}
    assert {future.result(WAIT_S) for future in names} == {"store"}
    person = lane.submit(lambda store: store.people.add("Ada", "", None, 0)).result(WAIT_S)
    assert lane.submit(lambda store: store.people.get(person.id)).result(WAIT_S) == person


def test_a_job_that_fails_hurts_nobody_else(lane: StoreLane) -> None:
    bad = lane.submit(lambda store: 1 // 0)
    good = lane.submit(lambda store: 1)
    with pytest.raises(ZeroDivisionError):
        bad.result(WAIT_S)
    assert good.result(WAIT_S) == 1


def test_a_job_sees_the_events_recorded_before_it(lane: StoreLane) -> None:
    for number in range(1000):
        lane.record(event(number))
    assert lane.submit(times).result(WAIT_S) == list(range(1000))
    assert lane.waiting_events == 0


def test_events_of_several_threads_all_arrive(lane: StoreLane) -> None:
    threads = [
        threading.Thread(target=lambda base=base: [lane.record(event(base + i)) for i in range(50)])
        for base in (0, 100, 200)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    arrived = lane.submit(times).result(WAIT_S)
    for base in (0, 100, 200):
        assert [at for at in arrived if base <= at < base + 50] == list(range(base, base + 50))


def test_a_cancelled_job_does_not_run(lane: StoreLane) -> None:
    gate = Gate(lane)
    ran: list[int] = []
    future = lane.submit(lambda store: ran.append(1))
    assert future.cancel()
    gate.open()
    lane.submit(lambda store: None).result(WAIT_S)
    assert ran == []
    with pytest.raises(CancelledError):
        future.result()


def test_a_full_disk_delays_events_and_loses_none(lane: StoreLane, faults: FaultLog) -> None:
    lane.submit(limit_pages).result(WAIT_S)
    for number in range(20):
        lane.record(large(number))
    faults.wait_for(1)
    # Reading works on, and writing fails for the one who asked.
    assert lane.submit(lambda store: store.people.find("")).result(WAIT_S) == []
    with pytest.raises(StoreError, match="the disk is full"):
        lane.submit(lambda store: store.settings.set("a", "x" * 50_000)).result(WAIT_S)
    assert lane.waiting_events == 20
    lane.submit(unlimit_pages).result(WAIT_S)
    faults.wait_for(2)
    assert len(faults.messages) == 2
    assert faults.messages[0] is not None and "the disk is full" in faults.messages[0]
    assert faults.messages[1] is None
    assert lane.submit(times).result(WAIT_S) == list(range(20))
    assert lane.submit(lambda store: store.events.verify()).result(WAIT_S) == []


def test_a_queue_that_stays_full_is_said_so(
    make_lane: Callable[..., StoreLane], faults: FaultLog
) -> None:
    lane = make_lane(capacity=5)
    lane.start().result(WAIT_S)
    gate = Gate(lane)
    for number in range(5):
        lane.record(event(number))
    with pytest.raises(StoreError, match="5 events wait to be written"):
        lane.record(event(99))
    gate.open()
    assert lane.submit(times).result(WAIT_S) == list(range(5))
    lane.record(event(5))
    assert lane.submit(times).result(WAIT_S) == list(range(6))


def test_too_many_jobs_are_refused(lane: StoreLane) -> None:
    gate = Gate(lane)
    futures = [lane.submit(lambda store: 1) for _ in range(MAX_JOBS + 1)]
    with pytest.raises(StoreError, match="busy"):
        futures[-1].result(0)
    gate.open()
    assert futures[0].result(WAIT_S) == 1


def test_an_event_that_cannot_be_stored_is_logged_and_holds_up_none(
    lane: StoreLane, caplog: pytest.LogCaptureFixture
) -> None:
    gate = Gate(lane)
    for at_ms in (1, 2**70, 3):
        lane.record(event(at_ms))
    gate.open()
    assert lane.submit(times).result(WAIT_S) == [1, 3]
    assert str(2**70) in caplog.text


def test_a_listener_that_fails_is_not_the_lanes_problem(
    make_lane: Callable[..., StoreLane], caplog: pytest.LogCaptureFixture
) -> None:
    told = threading.Event()

    def listen(message: str | None) -> None:
        if message is None:
            told.set()
        raise ValueError("a bug")

    lane = make_lane(on_fault=listen)
    lane.start().result(WAIT_S)
    lane.submit(limit_pages).result(WAIT_S)
    for number in range(20):
        lane.record(large(number))
    lane.submit(unlimit_pages).result(WAIT_S)
    lane.record(event(99))
    assert lane.submit(times).result(WAIT_S) is not None
    assert lane.stop(WAIT_S)


def test_stopping_writes_what_is_queued(lane: StoreLane, path: Path) -> None:
    gate = Gate(lane)
    for number in range(300):
        lane.record(event(number))
    last = lane.submit(lambda store: store.settings.set("a", "1"))
    gate.open()
    assert lane.stop(WAIT_S)
    assert last.result(0) is None
    with opened(path, create=False) as store:
        assert times(store) == list(range(300))
        assert store.settings.get("a") == "1"
    assert lane.stop(WAIT_S)
    with pytest.raises(StoreError, match="closed"):
        lane.record(event(1))
    with pytest.raises(StoreError, match="not open"):
        lane.submit(lambda store: 1).result(0)
    with pytest.raises(RuntimeError):
        lane.start()


def test_stopping_on_a_full_disk_gives_up_in_time_and_logs(
    lane: StoreLane, faults: FaultLog, caplog: pytest.LogCaptureFixture
) -> None:
    lane.submit(limit_pages).result(WAIT_S)
    for number in range(20):
        lane.record(large(number))
    faults.wait_for(1)
    with caplog.at_level(logging.ERROR):
        assert not lane.stop(0.2)
    assert caplog.text.count("event not stored") == 20


def test_a_database_that_cannot_be_opened_can_be_tried_again(
    make_lane: Callable[..., StoreLane], path: Path
) -> None:
    path.write_bytes(b"")
    lane = make_lane()
    with pytest.raises(StoreError, match="not open"):
        lane.submit(lambda store: 1).result(0)
    lane.record(event(1))
    opening = lane.start()
    with pytest.raises(StoreError, match="is empty"):
        opening.result(WAIT_S)
    lane.record(event(2))
    path.unlink()
    lane.start().result(WAIT_S)
    assert lane.submit(times).result(WAIT_S) == [1, 2]


def test_jobs_submitted_while_opening_fails_are_answered(
    make_lane: Callable[..., StoreLane], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    submitted = threading.Event()

    def open_late(path: Path, *, create: bool) -> Store:
        assert submitted.wait(WAIT_S)
        raise NewerDatabaseError("newer")

    monkeypatch.setattr(Store, "open", open_late)
    lane = make_lane()
    opening = lane.start()
    job = lane.submit(lambda store: 1)
    submitted.set()
    with pytest.raises(NewerDatabaseError):
        opening.result(WAIT_S)
    with pytest.raises(NewerDatabaseError):
        job.result(WAIT_S)


def test_events_left_behind_by_a_lane_that_never_opened_are_logged(
    make_lane: Callable[..., StoreLane], caplog: pytest.LogCaptureFixture
) -> None:
    lane = make_lane()
    lane.record(event(4711))
    assert not lane.stop(0.1)
    assert "4711" in caplog.text


def test_a_failing_batch_is_retried_in_order(
    make_lane: Callable[..., StoreLane], faults: FaultLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = EventLog.append_all
    answers = iter(["disk full", "disk full", "read-only"])

    def append_all(self: EventLog, events: list[Event]) -> list[Event]:
        if (answer := next(answers, None)) is not None:
            raise StoreError(answer)
        return real(self, events)

    monkeypatch.setattr(EventLog, "append_all", append_all)
    lane = make_lane()
    lane.start().result(WAIT_S)
    for number in range(3):
        lane.record(event(number))
    faults.wait_for(3)
    assert faults.messages == ["disk full", "read-only", None]
    assert lane.submit(times).result(WAIT_S) == [0, 1, 2]
