"""A door on a bench: wires that are moved by words, and clocks that are turned by hand."""

from __future__ import annotations

import threading

from kiosk.domain import DoorInputs, DoorState, EventKind
from kiosk.door.logic import DoorLogic
from kiosk.door.machine import Fact
from kiosk.door.rules import DoorRules

MS = 1_000_000
S = 1000 * MS
T0 = 1000 * S
READ_NS = 20 * MS


class DoorBench:
    """Follows words such as ``grant``, ``open``, ``wait 5`` or ``free 10``; keeps what is told."""

    def __init__(self, rules: DoorRules | None = None, wires: DoorInputs | None = None) -> None:
        self.now_ns = T0
        self.passed: set[tuple[int, DoorState, DoorState]] = set()
        self.logic = DoorLogic(rules or DoorRules(), lambda *step: self.passed.add(step))
        self.wires = {"is_open": False, "exit_pressed": False, "other_open": False}
        if wires is not None:
            self.wires = {name: getattr(wires, name) for name in self.wires}
        self.is_up = False
        self.is_blind = False
        self.facts: list[Fact] = []
        self.refusal = ""

    def run(self, steps: str) -> None:
        """Do the steps, parted by commas; ``facts`` holds what the last one told."""
        for step in steps.split(","):
            self.facts = []
            self.refusal = ""
            self.do(step.strip())

    def do(self, step: str) -> None:
        word, _, rest = step.partition(" ")
        logic, now_ns = self.logic, self.now_ns
        if word in ("open", "shut"):
            self.move(is_open=word == "open")
        elif word in ("press", "let"):
            self.move(exit_pressed=word == "press")
        elif word in ("other", "unother"):
            self.move(other_open=word == "other")
        elif word == "wait":
            self.wait(round(float(rest) * S))
        elif word == "back":
            logic.connected("a board")
            self.is_up = True
            self.wait(100 * MS)
        elif word == "lose":
            self.is_up = False
            self.facts += logic.lost(now_ns, "The cable is out.")
        elif word in ("blind", "see"):
            self.is_blind = word == "blind"
            self.wait(100 * MS)
        elif word == "stop":
            self.facts += logic.stop(now_ns)
        else:
            kind = EventKind(f"door_{rest}") if word == "ack" and rest else None
            until_ns = now_ns + round(float(rest) * S) if rest and kind is None else None
            answer = {
                "grant": lambda: logic.unlock("Ada", now_ns, now_ns, extended=False),
                "slow": lambda: logic.unlock("Grace", now_ns, now_ns, extended=True),
                "free": lambda: logic.begin_free_access(until_ns, "open day", now_ns),
                "unfree": lambda: logic.end_free_access("closing time", now_ns),
                "lockdown": lambda: logic.begin_lockdown("drill", now_ns),
                "unlockdown": lambda: logic.end_lockdown("all clear", now_ns),
                "ack": lambda: logic.acknowledge(now_ns, kind),
            }[word]()
            self.facts += answer.facts
            self.refusal = answer.refusal
        self.obey()

    def move(self, duration_ns: int = 100 * MS, **wires: bool | None) -> None:
        self.wires |= wires
        self.wait(duration_ns)

    def wait(self, duration_ns: int) -> None:
        """Let time pass, reading the wires as the door's thread does."""
        rest_ns = self.now_ns + S
        end_ns = self.now_ns + duration_ns
        self._read()
        while self.now_ns < end_ns:
            step_ns = READ_NS if self.now_ns < rest_ns else S
            self.now_ns = min(end_ns, self.now_ns + step_ns)
            self._read()

    def obey(self) -> None:
        if self.is_up and not self.logic.is_unlocked:
            self.logic.locked()

    def _read(self) -> None:
        if self.is_up:
            raw = DoorInputs() if self.is_blind else DoorInputs(**self.wires)
            self.facts += self.logic.see(raw, self.now_ns)
        else:
            self.facts += self.logic.pass_time(self.now_ns)
        self.obey()

    @property
    def told(self) -> str:
        """The kinds of the facts of the last step."""
        return " ".join(fact.kind.value for fact in self.facts)

    @property
    def words(self) -> str:
        """State, relay and alarm, as in ``open on held_soon``."""
        words = [self.logic.state.value, "on" if self.logic.is_unlocked else "off"]
        return " ".join([*words, self.logic.alarm.value] if self.logic.alarm else words)


class HandClock:
    """Time for one sleeping thread; ``settle`` waits until that thread has nothing left to do."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._now_ns = 1000 * S
        self._asleep = False
        self._deadline_ns = 0
        self._bed: threading.Condition | None = None

    def now_ns(self) -> int:
        with self._changed:
            return self._now_ns

    def wait_until(self, condition: threading.Condition, deadline_ns: int) -> None:
        with self._changed:
            if self._now_ns >= deadline_ns:
                return
            self._bed, self._deadline_ns, self._asleep = condition, deadline_ns, True
            self._changed.notify_all()
        condition.wait()

    def settle(self) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self._asleep, 5), "the thread does not sleep"

    def about_to_wake(self) -> None:
        """Say that the next call to the controller wakes its thread."""
        with self._changed:
            self._asleep = False

    def advance(self, duration_ns: int) -> None:
        """Move on, stopping wherever the thread wanted to wake."""
        end_ns = self.now_ns() + duration_ns
        while self.now_ns() < end_ns:
            self.settle()
            with self._changed:
                self._now_ns = min(end_ns, max(self._deadline_ns, self._now_ns))
                self._asleep = False
                bed = self._bed
            assert bed is not None
            with bed:
                bed.notify_all()
            self.settle()
