"""Random faults against a kiosk at a door, and the judgement of what the wire then showed.

Faults overlap as they come, with one exception: while both guards are gone or stopped the kiosk is
left alone until a new guard can have started, and while the kiosk hangs one of them is left. With
nobody left no program can lock the door; boards that time the pulse themselves are for that.
"""

from __future__ import annotations

import contextlib
import os
import random
import resource
import signal
import subprocess
import sys
import threading
import time
import types
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kiosk.domain import EventKind
from kiosk.store.events import EventQuery
from kiosk.store.store import opened

ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("faultkiosk.py")

PULSE_S = 0.4
NEW_GUARD_S = 1.5
"""In this time a kiosk has noticed that both guards are gone, and a new one has locked."""

LONGEST_REQUEST_S = 2.5
"""A grant older than this opens nothing any more."""


@dataclass
class Findings:
    injections: Counter[str] = field(default_factory=Counter)
    visits: int = 0
    unlocks: int = 0
    longest_s: float = 0.0
    after_deadline: list[str] = field(default_factory=list)
    without_grant: list[str] = field(default_factory=list)
    acknowledged: int = 0
    lost: list[str] = field(default_factory=list)
    chain: list[str] = field(default_factory=list)
    unlogged: int = 0
    """Unlocks whose grant is not on the disk."""
    incidents: int = 0
    starts: int = 0

    def __str__(self) -> str:
        kinds = ", ".join(f"{name} {count}" for name, count in sorted(self.injections.items()))
        return (
            f"{sum(self.injections.values())} injections ({kinds}); {self.starts} kiosk starts, "
            f"{self.visits} grants, {self.unlocks} unlocks on the wire, longest "
            f"{self.longest_s:.3f} s for a pulse of {PULSE_S} s; "
            f"too long {len(self.after_deadline)}, without a grant {len(self.without_grant)}, "
            f"grants acknowledged {self.acknowledged}, lost {len(self.lost)}; "
            f"unlocks whose grant is not on the disk {self.unlogged}; "
            f"incidents told {self.incidents}"
        )


class FaultCampaign:
    """Strike the kiosk at ``board`` ``count`` times, then judge."""

    def __init__(self, board: Any, folder: Path, seed: int, processes: types.ModuleType) -> None:
        self._board = board
        self._children = processes.children
        self._wait_until_gone = processes.wait_until_gone
        self._folder = folder
        self._random = random.Random(seed)
        self._offset = folder / "offset"
        self._offset.write_text("0")
        self._lines = threading.Condition()
        self._grants: list[tuple[int, str]] = []
        self._acks: list[tuple[int, str]] = []
        self._ready = 0
        self._readers: list[threading.Thread] = []
        self._kiosk: subprocess.Popen[bytes] | None = None
        self._injected: list[tuple[int, str]] = []
        self._alone_until_s = 0.0
        self._kiosk_back_s = 0.0
        self._heal: list[tuple[float, Callable[[], None]]] = []
        self.findings = Findings()
        self._faults: dict[str, Callable[[], None]] = {
            "kiosk killed": lambda: self._signal_kiosk(signal.SIGKILL),
            "kiosk hangs": self._hang_kiosk,
            "guard killed": lambda: self._signal_guards(signal.SIGKILL, inner=True),
            "guard hangs": lambda: self._signal_guards(signal.SIGSTOP, inner=True),
            "watcher killed": lambda: self._signal_guards(signal.SIGKILL, outer=True),
            "both guards killed": lambda: self._signal_guards(signal.SIGKILL, True, True),
            "both guards hang": lambda: self._signal_guards(signal.SIGSTOP, True, True),
            "spare killed": self._kill_spare,
            "all but the spare killed": self._spare_only_the_spare,
            "guard told to end": lambda: self._signal_guards(signal.SIGTERM, outer=True),
            "nonsense on the pipe": self._talk_nonsense,
            "cable unplugged": self._unplug,
            "garbage on the wire": self._garbage,
            "slow port": self._slow,
            "silent board": self._silence,
            "clock jump": self._jump,
            "disk full": self._fill_disk,
        }

    def run(self, count: int) -> Findings:
        try:
            self._start_kiosk()
            for _ in range(count):
                self._strike()
            self._recover()
        finally:
            self._end()
        self._judge()
        return self.findings

    # --- one injection ------------------------------------------------------------------------

    def _strike(self) -> None:
        # Mostly in the middle of a pulse, where it matters; else whenever.
        if self._random.random() < 0.8:
            self._wait_for_unlock(3.0)
            self._pass(self._random.uniform(0, PULSE_S * 1.1))
        else:
            self._pass(self._random.uniform(0, 0.5))
        self._pass(self._alone_until_s - time.monotonic())
        name = self._random.choice(list(self._faults))
        if name.startswith("both"):
            self._pass(self._kiosk_back_s - time.monotonic())
            self._alone_until_s = time.monotonic() + NEW_GUARD_S
        self.findings.injections[name] += 1
        self._injected.append((time.monotonic_ns(), name))
        with contextlib.suppress(OSError):
            self._faults[name]()
        if self._kiosk is not None and self._kiosk.poll() is not None:
            self._start_kiosk()

    def _wait_for_unlock(self, limit_s: float) -> None:
        before, deadline_s = len(self._board.edges), time.monotonic() + limit_s
        while len(self._board.edges) == before and time.monotonic() < deadline_s:
            self._pass(0.005)

    def _pass(self, seconds: float) -> None:
        """Let time pass, and faults that are due end."""
        until_s = time.monotonic() + seconds
        while True:
            now_s = time.monotonic()
            for item in [item for item in self._heal if item[0] <= now_s]:
                self._heal.remove(item)
                with contextlib.suppress(OSError):
                    item[1]()
            if now_s >= until_s:
                return
            time.sleep(min(0.005, until_s - now_s))

    def _later(self, low_s: float, high_s: float, heal: Callable[[], None]) -> float:
        at_s = time.monotonic() + self._random.uniform(low_s, high_s)
        self._heal.append((at_s, heal))
        return at_s

    # --- the faults ---------------------------------------------------------------------------

    def _signal_kiosk(self, number: signal.Signals) -> None:
        assert self._kiosk is not None
        self._kiosk.send_signal(number)
        if number is signal.SIGKILL:
            self._kiosk.wait()

    def _hang_kiosk(self) -> None:
        kiosk = self._kiosk
        assert kiosk is not None
        kiosk.send_signal(signal.SIGSTOP)
        self._kiosk_back_s = self._later(0.2, 3.0, lambda: kiosk.send_signal(signal.SIGCONT)) + 0.1

    def _signal_guards(self, number: int, inner: bool = False, outer: bool = False) -> None:
        for watcher in self._watchers():
            victims = [*(self._children(watcher) if inner else []), *([watcher] if outer else [])]
            for victim in victims:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(victim, number)

    def _talk_nonsense(self) -> None:
        for watcher in self._watchers():
            for guard in self._children(watcher):
                noise = self._random.randbytes(self._random.randrange(1, 200))
                pipe = os.open(f"/proc/{guard}/fd/0", os.O_WRONLY | os.O_NONBLOCK)
                with contextlib.closing(os.fdopen(pipe, "wb", buffering=0)) as stream:
                    stream.write(noise + b"\n")

    def _unplug(self) -> None:
        self._board.unplug()
        self._later(0.05, 1.0, self._board.plug)

    def _garbage(self) -> None:
        for _ in range(self._random.randrange(1, 6)):
            self._board.send(self._random.randbytes(self._random.randrange(1, 30)))
            self._pass(self._random.uniform(0, 0.1))

    def _slow(self) -> None:
        self._board.byte_s = self._random.uniform(0.002, 0.03)
        self._later(0.3, 1.5, lambda: setattr(self._board, "byte_s", 0.0))

    def _silence(self) -> None:
        self._board.answers = False
        self._later(0.2, 1.5, lambda: setattr(self._board, "answers", True))

    def _jump(self) -> None:
        years = self._random.uniform(-20, 20)
        self._offset.with_suffix(".new").write_text(str(int(years * 365 * 86400 * 1e9)))
        self._offset.with_suffix(".new").replace(self._offset)

    def _fill_disk(self) -> None:
        """Let no file of the kiosk or its guards take another byte."""
        kiosk = self._kiosk
        assert kiosk is not None
        self._limit_files(kiosk.pid, 0)
        self._later(0.3, 2.0, lambda: self._limit_files(kiosk.pid, resource.RLIM_INFINITY))

    def _limit_files(self, process: int, size: int) -> None:
        with contextlib.suppress(OSError):
            resource.prlimit(process, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        for child in self._children(process):
            self._limit_files(child, size)

    def _watchers(self) -> list[int]:
        """The outer one of the two guards; two while one takes over from another."""
        return [guard for guard in self._guards() if self._children(guard)]

    def _guards(self) -> list[int]:
        return self._children(self._kiosk.pid) if self._kiosk is not None else []

    def _kill_spare(self) -> None:
        for guard in set(self._guards()) - set(self._watchers()):
            os.kill(guard, signal.SIGKILL)

    def _spare_only_the_spare(self) -> None:
        deadline_s = time.monotonic() + 5
        while set(self._guards()) == set(self._watchers()) and time.monotonic() < deadline_s:
            self._pass(0.05)
            self._wait_for_unlock(1.0)
        watchers = self._watchers()
        if set(self._guards()) == set(watchers):
            # Nobody would be left.
            self._signal_kiosk(signal.SIGKILL)
            return
        guards = [guard for watcher in watchers for guard in self._children(watcher)]
        self._signal_kiosk(signal.SIGKILL)
        for victim in (*watchers, *guards):
            with contextlib.suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)

    # --- the kiosk ----------------------------------------------------------------------------

    def _start_kiosk(self) -> None:
        self.findings.starts += 1
        seed = self._random.randrange(2**31)
        command = [sys.executable, str(SCRIPT), self._board.url, str(self._folder)]
        self._kiosk = subprocess.Popen(
            [*command, str(PULSE_S), str(seed)],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        reader = threading.Thread(target=self._read, args=(self._kiosk,), name="kiosk reader")
        self._readers.append(reader)
        reader.start()

    def _read(self, kiosk: subprocess.Popen[bytes]) -> None:
        assert kiosk.stdout is not None
        with kiosk.stdout as lines:
            for line in lines:
                word, *rest = line.decode().split()
                with self._lines:
                    if word == "grant":
                        self._grants.append((int(rest[1]), rest[0]))
                    elif word == "ack":
                        self._acks.append((int(rest[0]), rest[1]))
                    elif word == "ready":
                        self._ready += 1
                    self._lines.notify_all()

    def _recover(self) -> None:
        """Let every fault end: then the door must work again by itself."""
        self._pass(max([item[0] - time.monotonic() for item in self._heal] + [0]) + 0.01)
        if self._kiosk is not None and self._kiosk.poll() is not None:
            self._start_kiosk()
        edges = len(self._board.edges)
        deadline_s = time.monotonic() + 40
        while len(self._board.edges) < edges + 4:
            assert time.monotonic() < deadline_s, "the door did not come back to work"
            time.sleep(0.05)

    def _end(self) -> None:
        for _, heal in self._heal:
            with contextlib.suppress(OSError):
                heal()
        guards: list[int] = []
        if self._kiosk is not None:
            for watcher in self._watchers():
                guards += [watcher, *self._children(watcher)]
            self._kiosk.kill()
            self._kiosk.wait()
        for guard in guards:
            # So that what is stopped sees the pipe close.
            with contextlib.suppress(ProcessLookupError):
                os.kill(guard, signal.SIGCONT)
        for reader in self._readers:
            reader.join()
        for guard in guards:
            self._wait_until_gone(guard)

    # --- the judgement ------------------------------------------------------------------------

    def _judge(self) -> None:
        found = self.findings
        found.visits = len(self._grants)
        with opened(self._folder / "door.sqlite", create=False) as store:
            logged = {event.seq: event for event in store.events.query()}
            found.chain = [problem.text for problem in store.events.verify()]
            found.incidents = len(
                [
                    event
                    for event in store.events.query(EventQuery(kinds=(EventKind.FAULT,)))
                    if "ended" in event.detail or "guard" in event.detail
                ]
            )
        granted = {event.detail for event in logged.values() if event.kind is EventKind.GRANTED}
        found.acknowledged = len(self._acks)
        found.lost = [
            f"{seq} {name}"
            for seq, name in self._acks
            if seq not in logged or logged[seq].detail != name
        ]
        unused = sorted(self._grants)
        edges = self._board.edges
        for number, edge in enumerate(edges):
            if not edge.is_on:
                continue
            found.unlocks += 1
            off_at_ns = edges[number + 1].at_ns
            on_s = (off_at_ns - edge.at_ns) / 1e9
            found.longest_s = max(found.longest_s, on_s)
            if on_s > PULSE_S + 1:
                causes = [
                    f"{name} at {(at_ns - edge.at_ns) / 1e9:+.3f} s"
                    for at_ns, name in self._injected
                    if edge.at_ns - 2e9 < at_ns < off_at_ns
                ]
                found.after_deadline.append(f"on for {on_s:.3f} s after {', '.join(causes)}")
            earlier = [g for g in unused if 0 <= edge.at_ns - g[0] <= LONGEST_REQUEST_S * 1e9]
            if not earlier:
                found.without_grant.append(f"edge {number} at {edge.at_ns}")
                continue
            unused.remove(earlier[-1])
            found.unlogged += earlier[-1][1] not in granted
