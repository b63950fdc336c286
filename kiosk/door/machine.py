"""The door's state and deadlines, moved along the rows of :mod:`kiosk.door.transitions`.

All times are monotonic nanoseconds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kiosk.domain import DoorAlarm, DoorInputs, DoorState, EventKind
from kiosk.door.livealarms import LiveAlarms
from kiosk.door.repeats import Repeats
from kiosk.door.rules import DoorRules
from kiosk.door.transitions import AT_REST, TABLE, Act, Cause, Row, Target, When

MOMENT_NS = 1_000_000_000
"""So long after it was locked or shut, a leaf that opens was let go too early or bounced."""
FORCED_SPAN_NS = 60 * MOMENT_NS
"""A leaf that is forced again before its alarm was acknowledged is told so seldom at the most."""
EXIT_SPAN_NS = 5 * MOMENT_NS
"""A button that is pressed again and again is told so seldom at the most; it works all the same."""

_LOCKED_BY = {
    Cause.PULSE_OVER: "end of the pulse",
    Cause.SHUT: "the door was shut",
    Cause.OTHER_OPENED: "another door was opened",
    Cause.FREE_ENDED: "end of free access",
    Cause.LOCKDOWN_BEGUN: "lockdown",
    Cause.BLIND: "a wire cannot be read",
    Cause.STOPPED: "the program stops",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened at the door."""

    kind: EventKind
    detail: str = ""


Facts = tuple[Fact, ...]
Trace = Callable[[int, DoorState, DoorState], None]
"""Called with every transition: the row of the table, from, to."""


class DoorMachine:
    """What the words of the table mean. Knows neither wires nor who gives the orders."""

    def __init__(self, rules: DoorRules, trace: Trace | None = None) -> None:
        self._rules = rules
        self._trace = trace
        self.state = DoorState.FAULT
        self.inputs = DoorInputs()
        self.opened_at_ns = 0
        """When the leaf began to open, before that was believed."""
        self.rightly_until_ns = 0
        """Whoever opened the leaf until then had a right to."""
        self.exit_until_ns = 0
        """The same, for having pressed the exit button."""
        self.alarms = LiveAlarms()
        self.is_lockdown = False
        self.is_free = False
        self.free_until_ns: int | None = None
        """None as well for free access without an end."""
        self.asked_pulse_ns = 0
        """Length of the pulse that a row may begin next."""
        self._let_in: dict[str, int] = {}
        self._pulse_until_ns: int | None = None
        self._is_shortened = self._leaf_relocks = False
        self._extra_ns = 0
        self._warn_at_ns: int | None = None
        self.held_at_ns: int | None = None
        self._shut_before = self._open_before = False
        self._was_unlocked = False
        self._repeats = {
            EventKind.DOOR_FORCED: Repeats(FORCED_SPAN_NS),
            EventKind.EXIT_REQUESTED: Repeats(EXIT_SPAN_NS),
        }

    @property
    def let_in(self) -> tuple[tuple[str, int], ...]:
        """Whose pulses last, and until when each would of itself."""
        return tuple(self._let_in.items())

    @property
    def is_unlocked(self) -> bool:
        """Whether the relay should be on."""
        if self.state is DoorState.FAULT:
            return False
        return self._pulse_until_ns is not None or self._frees

    @property
    def relock_at_ns(self) -> int | None:
        """When ``is_unlocked`` ends; None: never by itself."""
        if not self._frees:
            return self._pulse_until_ns
        if self.free_until_ns is None:
            return None
        return max(self.free_until_ns, self._pulse_until_ns or 0)

    def deadlines(self) -> list[tuple[int, Cause]]:
        """Return what will happen by itself, and when."""
        times = (
            (self._pulse_until_ns, Cause.PULSE_OVER),
            (self._warn_at_ns, Cause.HELD_SOON),
            (self.held_at_ns, Cause.HELD),
            (self.free_until_ns if self.is_free else None, Cause.FREE_ENDED),
        )
        return [(at_ns, cause) for at_ns, cause in times if at_ns is not None]

    def find(self, cause: Cause) -> tuple[int, Row] | None:
        """Return the row that holds now, and its index; None where nothing would happen."""
        for index, row in enumerate(TABLE):
            if row.cause is cause and self.state in row.states and self._is(row.when):
                return index, row
        return None

    def happen(self, cause: Cause, at_ns: int, said: str = "") -> Facts:
        """Follow the row that holds; return what is to be told, ``said`` being the detail."""
        found = self.find(cause)
        if found is None:
            return ()
        index, row = found
        # Not asked for now: the wires that are this cause have changed it already.
        was_unlocked = self._was_unlocked
        before, was_shortened = self.state, self._is_shortened
        if row.to is DoorState.FAULT and before is not DoorState.FAULT:
            self._shut_before = self.inputs.is_open is False and not was_unlocked
            self._open_before = self.inputs.is_open is True
        facts = self._facts(row, at_ns, said)
        for act in row.acts:
            self._do(act, at_ns)
        self._go(row, cause, at_ns)
        # Whoever came before keeps their own time only, however long others keep the door unlocked.
        lasts = self._pulse_until_ns is not None
        self._let_in = {who: ns for who, ns in self._let_in.items() if lasts and ns > at_ns}
        if self._trace is not None:
            self._trace(index, before, self.state)
        self._was_unlocked = self.is_unlocked
        if was_unlocked and not self.is_unlocked:
            self.rightly_until_ns = at_ns + MOMENT_NS
            # Of a relay that is lost nobody knows what it does.
            if cause is not Cause.LOST:
                opened = cause is Cause.PULSE_OVER and was_shortened
                why = "the door was opened" if opened else _LOCKED_BY[cause]
                facts += (Fact(EventKind.DOOR_LOCKED, why),)
        elif Act.PULSE in row.acts:
            by_button = cause is Cause.EXIT
            facts += (Fact(EventKind.DOOR_UNLOCKED, "exit button" if by_button else said),)
            if not by_button:
                until_ns = at_ns + self.asked_pulse_ns
                self._let_in[said] = max(until_ns, self._let_in.get(said, 0))
        elif self.is_unlocked and not was_unlocked:
            facts += (Fact(EventKind.DOOR_UNLOCKED, "free access"),)
        return facts

    @property
    def _frees(self) -> bool:
        return self.is_free and not self.inputs.other_open

    def _is(self, when: When) -> bool:
        inputs, rules = self.inputs, self._rules
        may_exit = rules.lockdown_exit or not self.is_lockdown
        return {
            When.ALWAYS: True,
            When.IN_LOCKDOWN: self.is_lockdown,
            When.INTERLOCKED: inputs.other_open is True,
            When.EXIT_UNLOCKS: rules.exit_unlocks and may_exit and not inputs.other_open,
            When.RIGHTLY: self.opened_at_ns <= max(self.rightly_until_ns, self.exit_until_ns),
            When.PULSE_LASTS: self._pulse_until_ns is not None and not self._leaf_relocks,
            When.LEAF_OPEN: inputs.is_open is True,
            When.FREE: self.is_free,
            When.FORCED_UNSEEN: self._shut_before and inputs.is_open is True,
            When.OF_ANOTHER: self.alarms.is_of_another(self.state),
            When.OPEN_BEFORE: self._open_before and inputs.is_open is False,
        }[when]

    def _facts(self, row: Row, at_ns: int, said: str) -> Facts:
        facts: Facts = ()
        for kind in row.facts:
            words: str | None = self._words(kind, row, said)
            repeats = self._repeats.get(kind)
            if repeats is not None:
                words = repeats.words(at_ns, words or "")
            if words is not None:
                facts += (Fact(kind, words),)
        return facts

    def _words(self, kind: EventKind, row: Row, said: str) -> str:
        rules = self._rules
        if kind is EventKind.DOOR_HELD_SOON:
            return f"open for {rules.held_s + self._extra_ns / 1e9 - rules.prealarm_s:g} s"
        if kind is EventKind.DOOR_HELD:
            return f"open for {rules.held_s + self._extra_ns / 1e9:g} s"
        if kind is EventKind.DOOR_OPENED and row.when is When.RIGHTLY:
            by_button = self.opened_at_ns <= self.exit_until_ns
            return "after the exit button" if by_button else "just after it was locked or shut"
        if kind is EventKind.FREE_ACCESS_ENDED and row.cause is Cause.LOCKDOWN_BEGUN:
            return "lockdown"
        return row.detail or said

    def _do(self, act: Act, at_ns: int) -> None:
        if act is Act.PULSE:
            self._begin_pulse(at_ns)
        elif act is Act.RELOCK_SOON:
            self._relock_soon(at_ns)
        elif act is Act.END_PULSE:
            self._pulse_until_ns = None
        elif act is Act.WATCH:
            self._watch(at_ns)
        elif act in (Act.FREE, Act.NOT_FREE):
            self.is_free = act is Act.FREE
        elif act in (Act.LOCKDOWN, Act.NO_LOCKDOWN):
            self.is_lockdown = act is Act.LOCKDOWN
        elif act is Act.WARN:
            self._warn_at_ns = None
            self.alarms.is_warned = True
        elif act is Act.ALARM_HELD:
            self.alarms.add(DoorAlarm.HELD)
        elif act is Act.ALARM_FORCED:
            self.alarms.add(DoorAlarm.FORCED)
        elif act is Act.SILENCE:
            self.alarms.silence()
            if self.alarms.worst is not DoorAlarm.FORCED:
                self._repeats[EventKind.DOOR_FORCED].forget()

    def _begin_pulse(self, at_ns: int) -> None:
        extra_ns = self.asked_pulse_ns - round(self._rules.pulse_s * 1e9)
        self._extra_ns = max(extra_ns, self._extra_ns if self._pulse_until_ns else 0)
        self._pulse_until_ns = max(self._pulse_until_ns or 0, at_ns + self.asked_pulse_ns)
        # Whoever is let in past an open leaf keeps their pulse when it shuts.
        self._is_shortened = self._leaf_relocks = False

    def _relock_soon(self, at_ns: int) -> None:
        relock = self._rules.relock
        if self._pulse_until_ns is None or relock == "pulse":
            return
        self._leaf_relocks = True
        soon_ns = at_ns + round(self._rules.relock_delay_s * 1e9)
        if relock == "open" and soon_ns < self._pulse_until_ns:
            self._pulse_until_ns, self._is_shortened = soon_ns, True
            self._let_in = {who: min(ns, soon_ns) for who, ns in self._let_in.items()}

    def _watch(self, at_ns: int) -> None:
        self.alarms.is_warned = False
        if not self._rules.held_s:
            return
        held_ns = round(self._rules.held_s * 1e9) + self._extra_ns
        self.held_at_ns = max(self.held_at_ns or 0, at_ns + held_ns)
        if self._rules.prealarm_s:
            self._warn_at_ns = self.held_at_ns - round(self._rules.prealarm_s * 1e9)

    def _go(self, row: Row, cause: Cause, at_ns: int) -> None:
        if row.to is Target.REST:
            self.state = DoorState.LOCKDOWN if self.is_lockdown else DoorState.LOCKED
        elif isinstance(row.to, DoorState):
            self.state = row.to
        if self.state is not DoorState.OPEN:
            self._warn_at_ns = self.held_at_ns = None
            self.alarms.is_warned = False
        if self.state in AT_REST:
            self._extra_ns = 0
        if cause is Cause.SHUT:
            self.rightly_until_ns = at_ns + MOMENT_NS
