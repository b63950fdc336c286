"""Commands between the broker, the disk and the door."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

import pytest

from kiosk.domain import Event, EventKind
from kiosk.errors import StoreError
from kiosk.signals.commanddesk import CommandDesk
from kiosk.signals.commands import Command, CommandError, CommandKind, Verifier
from kiosk.signals.link import Incoming
from kiosk.signals.notes import accept, events_after, load_position, save_cursor
from kiosk.store.store import Store, opened

T = TypeVar("T")
KEY = b"0123456789abcdef0123456789abcdef"
TOPIC = "door-kiosk/front/command"
VERIFIER = Verifier(KEY, TOPIC, 30_000, lockdown_only=False)
NOW_MS = 1_800_000_000_000


class DirectLane:
    """Runs every job at once, or later when told to; the disk can be made to fail."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.fails = False
        self.waits = False
        self.waiting: list[Callable[[], None]] = []

    def submit(self, work: Callable[[Store], T]) -> Future[T]:
        done: Future[T] = Future()

        def run() -> None:
            if self.fails:
                done.set_exception(StoreError("The disk is full."))
                return
            try:
                done.set_result(work(self._store))
            except Exception as error:
                done.set_exception(error)

        if self.waits:
            self.waiting.append(run)
        else:
            run()
        return done

    def record(self, event: Event) -> None:
        if self.fails:
            raise StoreError("The disk is full.")
        self._store.events.append(event)


class Bench:
    """A desk with everything around it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.lane = DirectLane(store)
        self.commands: list[Command] = []
        self.answers: list[tuple[int, str]] = []
        self.now_s = 100.0
        self.error: Exception | None = None
        self.desk = CommandDesk(
            self.lane,
            self._obey,
            lambda command, refusal: self.answers.append((command.counter, refusal)),
            lambda call: call(),
            lambda: NOW_MS,
            lambda: self.now_s,
        )

    def _obey(self, command: Command) -> Future[None]:
        self.commands.append(command)
        if self.error is not None:
            raise self.error
        done: Future[None] = Future()
        done.set_result(None)
        return done

    def take(self, kind: str, counter: int) -> None:
        tree = {"command": kind, "counter": counter, "time_ms": NOW_MS}
        body = json.dumps(tree).encode()
        digest = hmac.new(KEY, TOPIC.encode() + b"\n" + body, hashlib.sha256).hexdigest()
        self.desk.take(VERIFIER, Incoming(TOPIC, digest.encode() + b"\n" + body, False))

    def refused(self) -> list[str]:
        kind = EventKind.COMMAND_REFUSED
        return [event.detail for event in self.store.events.query() if event.kind is kind]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with opened(tmp_path / "kiosk.db") as store:
        yield Bench(store)


def test_a_command_is_on_the_disk_before_the_door_obeys(bench: Bench) -> None:
    bench.lane.waits = True
    bench.take("unlock", 1)
    assert bench.commands == []
    bench.lane.waiting.pop()()
    assert bench.commands == [Command(CommandKind.UNLOCK, 1)]
    assert bench.answers == [(1, "")]


def test_an_unlock_that_the_disk_held_up_opens_for_nobody(bench: Bench) -> None:
    bench.lane.waits = True
    bench.take("unlock", 1)
    bench.take("lockdown", 2)
    bench.now_s += 5.1
    for run in bench.lane.waiting:
        run()
    assert bench.commands == [Command(CommandKind.LOCKDOWN, 2)]
    assert bench.answers == [(1, "the door could not write it down in time"), (2, "")]


def test_a_full_disk_keeps_everything_but_a_lockdown_from_happening(bench: Bench) -> None:
    bench.lane.fails = True
    for counter, kind in enumerate(CommandKind, 1):
        bench.take(kind.value, counter)
    assert [command.kind for command in bench.commands] == [CommandKind.LOCKDOWN]
    assert [bool(refusal) for _, refusal in bench.answers] == [True, False, True, True, True]


def test_a_used_counter_is_no_way_to_a_lockdown_either(bench: Bench) -> None:
    bench.take("lockdown", 3)
    bench.take("lockdown", 3)
    assert len(bench.commands) == 1


def test_nobody_rattles_the_door_and_a_lockdown_comes_through(bench: Bench) -> None:
    for counter in range(1, 21):
        bench.take("unlock", counter)
    bench.take("lockdown", 21)
    assert [command.counter for command in bench.commands] == [1, 2, 3, 4, 5, 21]
    bench.now_s += 2.1
    bench.take("unlock", 22)
    assert bench.commands[-1].counter == 22
    assert bench.answers[5] == (6, "too many commands")


def test_refusals_fill_no_log_and_are_counted(bench: Bench) -> None:
    def knock() -> None:
        bench.desk.take(VERIFIER, Incoming(TOPIC, b"open", False))

    for _ in range(1000):
        knock()
    assert bench.refused() == ["not signed"] * 5
    bench.now_s += 60.1
    knock()
    assert bench.refused()[5:] == ["not signed; 995 more before it"]
    assert bench.answers == []


def test_a_bug_behind_the_door_ends_nothing(bench: Bench, caplog: Any) -> None:
    bench.error = ZeroDivisionError("a bug")
    bench.take("unlock", 1)
    assert bench.answers == [(1, "a fault in the program")]
    assert "a command over MQTT could not be carried out" in caplog.text


# --- what is kept -----------------------------------------------------------------------------


def test_what_happened_before_the_building_was_asked_about_is_not_sent(bench: Bench) -> None:
    bench.store.events.append_all([Event(EventKind.GRANTED, 1)] * 3)
    first = load_position(bench.store)
    assert first.cursor == 3
    bench.store.events.append(Event(EventKind.GRANTED, 2))
    assert load_position(bench.store) == first
    assert [event.seq for event in events_after(bench.store, first.cursor, 10)] == [4]


def test_events_come_in_order_and_no_more_than_asked_for(bench: Bench) -> None:
    # The clock was set back between them.
    for at_ms in (9, 5, 7):
        bench.store.events.append(Event(EventKind.GRANTED, at_ms))
    assert [event.seq for event in events_after(bench.store, 0, 2)] == [1, 2]
    assert events_after(bench.store, 3, 2) == []


@pytest.mark.parametrize("damaged", ["", "x", "-1", "9" * 40, "1.5"])
def test_a_damaged_position_sends_rather_twice(bench: Bench, damaged: str) -> None:
    bench.store.events.append(Event(EventKind.GRANTED, 1))
    bench.store.settings.set("mqtt.cursor", damaged)
    assert load_position(bench.store).cursor == 0


def test_a_position_beyond_the_log_is_its_end(bench: Bench) -> None:
    bench.store.events.append(Event(EventKind.GRANTED, 1))
    save_cursor(bench.store, 50)
    assert load_position(bench.store).cursor == 1


def test_a_counter_counts_for_its_secret_only(bench: Bench) -> None:
    accept(bench.store, Command(CommandKind.UNLOCK, 100), "old", NOW_MS)
    accept(bench.store, Command(CommandKind.UNLOCK, 1), "new", NOW_MS)
    with pytest.raises(CommandError, match="used before"):
        accept(bench.store, Command(CommandKind.UNLOCK, 1), "new", NOW_MS)


def test_a_damaged_counter_opens_nothing(bench: Bench) -> None:
    bench.store.settings.set("mqtt.counter", "key:x")
    with pytest.raises(CommandError, match="make a new secret"):
        accept(bench.store, Command(CommandKind.UNLOCK, 1), "key", NOW_MS)
