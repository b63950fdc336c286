"""A kiosk without a camera, to be struck by faults: the real door, guard and access log.

``python faultkiosk.py URL FOLDER PULSE_S SEED`` lets random visitors in until it is killed. It
writes what it did as lines: ``grant ID TIME`` before it unlocks (monotonic nanoseconds),
``ack SEQ ID`` when the grant is on the disk, ``ready`` when the door works.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import sys
import threading
import time
from concurrent.futures import Future
from pathlib import Path

from kiosk.domain import DoorState, DoorStatus, Event, EventKind
from kiosk.door.controller import DoorController
from kiosk.door.guardedlatch import GuardedLatch, guard_command
from kiosk.door.rules import DoorRules
from kiosk.errors import StoreError
from kiosk.grants import GrantLog
from kiosk.store.events import EventQuery
from kiosk.store.lane import StoreLane
from kiosk.store.store import Store

GUARD = """
import runpy, sys, time
offset, real = sys.argv.pop(1), time.time_ns
time.time_ns = lambda: real() + int(open(offset).read() or 0)
time.time = lambda: time.time_ns() / 1e9
runpy.run_module("kiosk.door.guard", run_name="__main__")
"""


class FaultKiosk:
    def __init__(self, url: str, folder: Path, pulse_s: float, seed: int) -> None:
        self._offset = folder / "offset"
        self._random = random.Random(seed)
        self._ready = threading.Event()
        self._pulse_s = pulse_s
        self._acked = 0
        self._lane = StoreLane(folder / "door.sqlite", retry_s=(0.1, 0.5))
        self._grants = GrantLog(self._lane, lambda store: None)
        self._latch = GuardedLatch(url, folder / "guard.journal", self._guard_command)
        self._door = DoorController(
            self._latch, DoorRules(pulse_s=pulse_s), self._status_changed, self._fact
        )

    def run(self) -> None:
        self._lane.start().result()
        self._acked = self._lane.submit(lambda store: store.events.head()[0]).result()
        self._record(EventKind.STARTED, "")
        self._door.start()
        say("started")
        for number in itertools.count(1):
            time.sleep(self._pulse_s + self._random.uniform(0.1, 0.4))
            if self._door.status.state is DoorState.LOCKED:
                self._visit(f"{os.getpid()}-{number}")

    def _visit(self, name: str) -> None:
        # As the entrance does it: nothing opens that is not on the disk.
        try:
            self._grants.write([Event(EventKind.GRANTED, self._now_ms(), detail=name)])
        except StoreError:
            return
        now_ns = time.monotonic_ns()
        say(f"grant {name} {now_ns}")
        self._door.unlock(name, now_ns)
        self._lane.submit(self._look).add_done_callback(self._acknowledge)

    def _look(self, store: Store) -> list[Event]:
        newest = store.events.query(
            EventQuery(kinds=(EventKind.GRANTED,), limit=20, newest_first=True)
        )
        return [event for event in newest if (event.seq or 0) > self._acked]

    def _acknowledge(self, done: Future[list[Event]]) -> None:
        with contextlib.suppress(StoreError):
            for event in reversed(done.result()):
                self._acked = event.seq or 0
                say(f"ack {event.seq} {event.detail}")

    def _now_ms(self) -> int:
        return (time.time_ns() + int(self._offset.read_text() or 0)) // 10**6

    def _record(self, kind: EventKind, detail: str) -> None:
        with contextlib.suppress(StoreError):
            self._lane.record(Event(kind, self._now_ms(), detail=detail))

    def _fact(self, kind: EventKind, detail: str) -> None:
        self._record(kind, detail)

    def _status_changed(self, status: DoorStatus) -> None:
        if status.state is DoorState.LOCKED and not self._ready.is_set():
            self._ready.set()
            say("ready")

    def _guard_command(self, url: str, journal: Path | None) -> list[str]:
        rest = guard_command(url, journal)[3:]
        return [sys.executable, "-c", GUARD, str(self._offset), *rest]


def say(line: str) -> None:
    os.write(1, line.encode() + b"\n")


if __name__ == "__main__":
    FaultKiosk(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])).run()
