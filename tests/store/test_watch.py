"""What is told of the database: each trouble ends with its own end, and busy is not gone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from kiosk.domain import Decision, Event, EventKind, Phase
from kiosk.errors import StoreError
from kiosk.store.journal import Journal
from kiosk.store.lane import StoreLane
from kiosk.store.store import opened
from kiosk.store.watch import StoreWatch

S = 1_000_000_000


@pytest.fixture
def told() -> list[str | None]:
    return []


@pytest.fixture
def lane(path: Path) -> Iterator[StoreLane]:
    lane = StoreLane(path)
    yield lane
    lane.stop()


@pytest.fixture
def watch(lane: StoreLane, told: list[str | None]) -> StoreWatch:
    return StoreWatch(lane, told.append)


def settle(lane: StoreLane) -> None:
    """Wait until every job given to the lane so far is done."""
    lane.submit(lambda store: None).result(10)


def test_a_database_taken_away_is_noticed_and_when_put_back_it_is_over(
    lane: StoreLane, watch: StoreWatch, told: list[str | None], path: Path
) -> None:
    watch.open()
    settle(lane)
    watch.look(1 * S)
    settle(lane)
    assert told == []
    path.rename(path.with_name("away"))
    watch.look(3 * S)
    settle(lane)
    (said,) = told
    assert said is not None and "was removed or replaced" in said
    path.with_name("away").rename(path)
    watch.look(5 * S)
    settle(lane)
    assert told == [said, None]


def test_it_looks_once_a_second(
    lane: StoreLane, watch: StoreWatch, told: list[str | None], path: Path
) -> None:
    watch.open()
    settle(lane)
    watch.look(10 * S)
    settle(lane)
    path.rename(path.with_name("away"))
    watch.look(10 * S + S // 2)
    settle(lane)
    assert told == []
    watch.look(11 * S)
    settle(lane)
    assert len(told) == 1


class BusyLane:
    """A lane that has no time, or is not open."""

    def __init__(self) -> None:
        self.asked = 0

    def submit(self, work: object) -> Future[None]:
        self.asked += 1
        future: Future[None] = Future()
        future.set_exception(StoreError("The database is busy. Try again shortly."))
        return future


def test_a_busy_store_is_not_a_database_that_is_gone(told: list[str | None]) -> None:
    lane = BusyLane()
    watch = StoreWatch(lane, told.append)  # type: ignore[arg-type]
    watch.look(1 * S)
    watch.look(3 * S)
    assert (lane.asked, told) == (2, [])


def test_a_busy_store_does_not_end_the_fault_either(
    lane: StoreLane, told: list[str | None], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = StoreWatch(lane, told.append)
    watch.open()
    settle(lane)
    path.rename(path.with_name("away"))
    watch.look(1 * S)
    settle(lane)
    monkeypatch.setattr(lane, "submit", BusyLane().submit)
    watch.look(3 * S)
    assert len(told) == 1


def test_no_second_look_while_the_first_still_waits(told: list[str | None]) -> None:
    class SlowLane(BusyLane):
        def submit(self, work: object) -> Future[None]:
            self.asked += 1
            return Future()

    lane = SlowLane()
    watch = StoreWatch(lane, told.append)  # type: ignore[arg-type]
    for second in range(10):
        watch.look(second * S)
    assert lane.asked == 1


def test_a_fault_of_writing_ends_with_writing_not_with_a_look(
    lane: StoreLane, watch: StoreWatch, told: list[str | None]
) -> None:
    watch.open()
    settle(lane)
    watch.writing_is("The disk is full.")
    watch.look(1 * S)
    settle(lane)
    assert told == ["The disk is full."]
    watch.writing_is(None)
    assert told == ["The disk is full.", None]


def test_of_two_troubles_the_heavier_is_told_and_both_must_end(told: list[str | None]) -> None:
    watch = StoreWatch(BusyLane(), told.append)  # type: ignore[arg-type]
    watch.reading_is("People cannot be read.")
    watch.writing_is("The disk is full.")
    watch.reading_is(None)
    watch.reading_is("People cannot be read.")
    watch.writing_is(None)
    watch.reading_is(None)
    read, full = "People cannot be read.", "The disk is full."
    assert told == [read, full, read, None]


def test_a_queue_that_is_full_is_told_and_ends_when_the_lane_works_again(
    path: Path, told: list[str | None]
) -> None:
    lane = StoreLane(path, capacity=2, record_wait_s=0.01)
    watch = StoreWatch(lane, told.append)
    one = Event(EventKind.GRANTED, 1)
    assert watch.record(one) and watch.record(one)
    assert not watch.record(one)
    (said,) = told
    assert said is not None and "wait to be written" in said
    watch.open()
    settle(lane)
    watch.look(1 * S)
    settle(lane)
    assert told == [said, None]
    assert watch.record(one)
    assert lane.stop()
    with opened(path) as store:
        assert store.events.count() == 3


def test_a_database_that_cannot_be_opened_is_tried_again(
    lane: StoreLane, told: list[str | None], path: Path
) -> None:
    news = threading.Condition()

    def tell(sentence: str | None) -> None:
        with news:
            told.append(sentence)
            news.notify_all()

    watch = StoreWatch(lane, tell)
    path.write_bytes(b"no database" * 100)
    watch.open()
    with news:
        assert news.wait_for(lambda: told, 10)
    path.unlink()
    with news:
        for _ in range(1000):
            watch.reopen_if_failed()
            if news.wait_for(lambda: told[-1] is None, 0.01):
                break
    settle(lane)
    assert len(told) == 2
    assert told[0] is not None and told[1] is None


def test_the_journal_dates_events_and_keeps_the_figures_of_a_decision() -> None:
    kept: list[Event] = []

    def keep(event: Event) -> bool:
        kept.append(event)
        return False

    journal = Journal(keep, lambda: 77)
    journal.note(EventKind.FAULT, 5, "Ada", "x")
    decision = Decision(Phase.WELCOME, person_id=5, similarity=0.8, threshold=0.5)
    assert journal.note_decision(EventKind.DENIED, decision, "Ada", "outside hours never") is False
    assert kept == [
        Event(EventKind.FAULT, 77, 5, "Ada", "x"),
        Event(EventKind.DENIED, 77, 5, "Ada", "outside hours never", 0.8, 0.5),
    ]
