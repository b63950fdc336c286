"""The spare's own decisions, on simulated relays and a journal that others hold or leave."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.door.guardjournal import End, GuardJournal
from kiosk.door.guardspare import Spare
from kiosk.door.simulated import SimulatedRelay
from kiosk.errors import RelayError

S = 1_000_000_000


class StubbornRelay(SimulatedRelay):
    """Fails the first ``failures`` attempts to reach it."""

    failures = 0

    def __init__(self) -> None:
        super().__init__()
        self.attempts = 0

    def connect(self) -> None:
        self.attempts += 1
        if self.attempts <= self.failures:
            raise RelayError("not there")
        super().connect()


class Bench:
    """A spare in a thread, the kiosk's end of its pipe, and the guards' hold on the journal."""

    def __init__(self, path: Path | None, *, guarded: bool = True) -> None:
        self.relay = StubbornRelay()
        self._read, self._write = os.pipe()
        self.guards = GuardJournal(path)
        if guarded:
            assert self.guards.take()
        self.journal = GuardJournal(path)
        self._spare = Spare(self._read, lambda: self.relay, self.journal)
        self.is_guard: bool | None = None
        self._thread = threading.Thread(target=self._run, name="spare")

    def start(self) -> None:
        self._thread.start()

    def say(self, data: bytes) -> None:
        os.write(self._write, data)

    def hang_up(self) -> None:
        fd, self._write = self._write, -1
        if fd >= 0:
            os.close(fd)

    def wait(self) -> bool:
        self._thread.join(15)
        assert self.is_guard is not None
        return self.is_guard

    def wait_for_attempts(self, count: int) -> None:
        deadline_s = time.monotonic() + 5
        while self.relay.attempts < count:
            assert time.monotonic() < deadline_s
            time.sleep(0.01)

    def close(self) -> None:
        self.hang_up()
        self.guards.close()
        self.relay.failures = 0
        if self._thread.ident:
            self._thread.join(15)
        self.journal.close()
        os.close(self._read)

    def _run(self) -> None:
        self.is_guard = self._spare.wait()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path / "guard.journal")
    yield bench
    bench.close()


@pytest.fixture
def stopped() -> Iterator[subprocess.Popen[bytes]]:
    """A guards' process group that is stopped."""
    code = "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)"
    process = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
    os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
    yield process
    process.kill()
    process.wait()


def note_unlocked(journal: GuardJournal, guard: int, until_ns: int, monkeypatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "getpgrp", lambda: guard)
        journal.note_unlocked(until_ns)


def test_the_first_byte_makes_it_the_guard_and_touches_nothing(bench: Bench) -> None:
    bench.start()
    bench.say(b"!")
    assert bench.wait()
    assert bench.relay.attempts == 0


@pytest.mark.parametrize("end", [End.STOPPED, End.KIOSK_GONE])
def test_it_leaves_without_a_word_when_the_guard_locked(bench: Bench, end: End) -> None:
    bench.start()
    bench.guards.note_ended(end, was_unlocked=True, is_locked=True)
    before = bench.journal.text()
    bench.guards.close()
    bench.hang_up()
    assert not bench.wait()
    assert bench.relay.attempts == 0
    assert bench.journal.text() == before


@pytest.mark.parametrize("state", ["unlocked", "locked", "not certain", "nothing", "damaged"])
def test_it_locks_unless_the_guard_certainly_did(bench: Bench, tmp_path: Path, state: str) -> None:
    if state == "unlocked":
        bench.guards.note_unlocked(time.monotonic_ns() + 30 * S)
    elif state == "locked":
        bench.guards.note_locked()
    elif state == "not certain":
        bench.guards.note_ended(End.KIOSK_GONE, was_unlocked=True, is_locked=False)
    elif state == "damaged":
        (tmp_path / "guard.journal").write_bytes(b"\xff{")
    bench.relay.failures = 2
    bench.start()
    bench.hang_up()
    bench.guards.close()
    assert not bench.wait()
    assert bench.relay.attempts == 3
    incident = bench.journal.incident()
    assert incident.startswith("The program and the guard of the door ended without stopping at 20")
    assert ("while the door was unlocked; the guard locked it" in incident) == (
        state in ("unlocked", "not certain")
    )


def test_it_locks_where_there_is_no_journal() -> None:
    bench = Bench(None)
    bench.start()
    bench.hang_up()
    assert not bench.wait()
    assert bench.relay.attempts == 1
    bench.close()


def test_it_lets_a_living_guard_lock_first(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    note_unlocked(bench.guards, os.getpid(), 0, monkeypatch)
    bench.start()
    bench.hang_up()
    time.sleep(0.6)
    assert bench.is_guard is None
    bench.guards.note_ended(End.KIOSK_GONE, was_unlocked=True, is_locked=True)
    bench.guards.close()
    assert not bench.wait()
    assert bench.relay.attempts == 0


def test_it_gives_up_to_the_guard_of_the_next_kiosk(bench: Bench) -> None:
    bench.guards.note_unlocked(0)
    bench.relay.failures = 10**6
    bench.start()
    bench.hang_up()
    bench.guards.let_go()
    bench.wait_for_attempts(2)
    bench.guards.note_locked()
    assert not bench.wait()
    assert "ended without stopping after" in bench.journal.incident()


@pytest.mark.parametrize("hangs_up", [True, False], ids=["kiosk killed", "kiosk stopped"])
def test_it_kills_guards_that_are_stopped_and_locks(
    bench: Bench,
    stopped: subprocess.Popen[bytes],
    monkeypatch: pytest.MonkeyPatch,
    hangs_up: bool,
) -> None:
    note_unlocked(bench.guards, stopped.pid, time.monotonic_ns(), monkeypatch)
    bench.start()
    if hangs_up:
        bench.hang_up()
    assert stopped.wait(5) == -signal.SIGKILL
    # What the kernel does for a process that is killed.
    bench.guards.close()
    bench.wait_for_attempts(1)
    if not hangs_up:
        bench.say(b"!")
    assert bench.wait() is not hangs_up
    assert "while the door was unlocked; the guard locked it" in bench.journal.incident()


def test_it_locks_for_dead_guards_when_the_kiosk_does_nothing(bench: Bench) -> None:
    bench.relay.failures = 2
    bench.guards.note_unlocked(time.monotonic_ns() + 30 * S)
    bench.start()
    bench.guards.close()
    bench.wait_for_attempts(3)
    bench.say(b"!")
    assert bench.wait()
    assert bench.relay.attempts == 3
    assert "The guard of the door was killed" in bench.journal.incident()
