"""One door with explicit time: orders and wires in, facts and "unlocked or not" out.

No thread, no clock, no relay. What leads where stands in :mod:`kiosk.door.transitions`. All times
are monotonic nanoseconds; whatever was due is caught up with before anything else happens.
"""

from __future__ import annotations

from dataclasses import dataclass

from kiosk.domain import DoorAlarm, DoorInputs, DoorState, EventKind
from kiosk.door.inputs import InputFilter
from kiosk.door.machine import DoorMachine, Fact, Facts, Trace
from kiosk.door.rules import DoorRules
from kiosk.door.transitions import Cause

MAX_REQUEST_AGE_NS = 1_000_000_000
"""The person may have walked away from a door that opens later than this."""
MAX_PRESS_NS = 60_000_000_000
"""An exit button pressed for longer is stuck, and asks for nothing any more."""

_BACK_OF = {
    EventKind.RELAY_LOST: EventKind.RELAY_BACK,
    EventKind.GUARD_LOST: EventKind.GUARD_BACK,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of an order: what happened, and why it is refused, if it is."""

    facts: Facts = ()
    refusal: str = ""


class DoorLogic:
    """One door. The caller works the latch as ``is_unlocked`` says, and reports how it went.

    Every method returns the facts to be told, once the latch has obeyed.
    """

    def __init__(self, rules: DoorRules, trace: Trace | None = None) -> None:
        self._rules = rules
        self._machine = DoorMachine(rules, trace)
        self._filter = InputFilter(_ns(rules.debounce_s))
        self._message = "The relay has not been connected yet."
        self._may_be_on = self._was_left_on = False
        self._told_lost: EventKind | None = None
        self._connected_to = ""
        self._ready_since_ns = 0

    @property
    def state(self) -> DoorState:
        return self._machine.state

    @property
    def message(self) -> str:
        """What is wrong, when FAULT."""
        return self._message if self.state is DoorState.FAULT else ""

    @property
    def inputs(self) -> DoorInputs:
        """What the wires say, debounced."""
        return self._machine.inputs

    @property
    def has_wires(self) -> bool:
        return self._filter.has_wires

    @property
    def alarm_at_ns(self) -> int | None:
        """When the alarm begins that is warned of; None while none is."""
        return self._machine.held_at_ns if self.alarm is DoorAlarm.HELD_SOON else None

    @property
    def alarm(self) -> DoorAlarm | None:
        return self._machine.alarms.shown

    @property
    def live_alarm(self) -> DoorAlarm | None:
        """The worst alarm that nobody has acknowledged, whatever is warned of meanwhile."""
        return self._machine.alarms.worst

    @property
    def let_in(self) -> tuple[tuple[str, int], ...]:
        """For what reasons there are pulses, and until when each would last of itself."""
        return self._machine.let_in

    @property
    def is_free(self) -> bool:
        return self._machine.is_free

    @property
    def is_lockdown(self) -> bool:
        return self._machine.is_lockdown

    @property
    def is_unlocked(self) -> bool:
        """Whether the relay should be on; there is a pulse or free access then."""
        return self._machine.is_unlocked

    @property
    def relock_at_ns(self) -> int | None:
        """When ``is_unlocked`` ends; None: never by itself."""
        return self._machine.relock_at_ns

    @property
    def may_be_on(self) -> bool:
        """Whether the relay was to be switched on and no switching off was reported since."""
        return self._may_be_on

    def wake_at_ns(self) -> int | None:
        """When something is due; None: never."""
        return min((at_ns for at_ns, _ in self._machine.deadlines()), default=None)

    def settles_at_ns(self) -> int | None:
        """When a wire that is changing may be believed, if it is read then; None: none changes."""
        return self._filter.settles_at_ns()

    # --- orders -----------------------------------------------------------------------------------

    def unlock(self, reason: str, asked_at_ns: int, now_ns: int, *, extended: bool) -> Answer:
        """Let somebody in who asked at ``asked_at_ns``: begin a pulse, or lengthen it."""
        due = self.pass_time(now_ns)
        if self.state is not DoorState.FAULT:
            if asked_at_ns < self._ready_since_ns:
                return Answer(due, "the relay could not be reached at that time")
            # A request from the future comes from another clock: its age is unknown.
            if abs(now_ns - asked_at_ns) > MAX_REQUEST_AGE_NS:
                return Answer(due, "the request is too old")
        pulse_s = self._rules.pulse_s
        pulse_s = max(self._rules.extended_s, pulse_s) if extended else pulse_s
        self._machine.asked_pulse_ns = _ns(pulse_s)
        return self._order(Cause.GRANTED, now_ns, reason, due)

    def begin_free_access(self, until_ns: int | None, reason: str, now_ns: int) -> Answer:
        """Unlock for everybody until then, or until told; the newest such order counts.

        A standing order: given during a fault, or interrupted by one, it holds when all is back.
        """
        due = self.pass_time(now_ns)
        if until_ns is not None and until_ns <= now_ns:
            return Answer(due, "its time is over already")
        answer = self._order(Cause.FREE_BEGUN, now_ns, reason, due)
        if not answer.refusal:
            self._machine.free_until_ns = until_ns
        return answer

    def end_free_access(self, reason: str, now_ns: int) -> Answer:
        due = self.pass_time(now_ns)
        return self._order(Cause.FREE_ENDED, now_ns, reason, due) if self.is_free else Answer(due)

    def begin_lockdown(self, reason: str, now_ns: int) -> Answer:
        """Lock at once and let nobody in until told otherwise; ends free access."""
        return self._order(Cause.LOCKDOWN_BEGUN, now_ns, reason, self.pass_time(now_ns))

    def end_lockdown(self, reason: str, now_ns: int) -> Answer:
        due = self.pass_time(now_ns)
        if not self.is_lockdown:
            return Answer(due)
        return self._order(Cause.LOCKDOWN_ENDED, now_ns, reason, due)

    def acknowledge(self, now_ns: int, kind: EventKind | None = None) -> Answer:
        """Silence the alarm of a kind of event, or all and the warning of one.

        A leaf that is still open for which it was is given its time once more.
        """
        due = self.pass_time(now_ns)
        if not self._machine.alarms.mean(kind):
            return Answer(due)
        return self._order(Cause.ACKNOWLEDGED, now_ns, "", due)

    def stop(self, now_ns: int) -> Facts:
        """End everything that keeps the door unlocked."""
        facts = self.end_free_access("the program stops", now_ns).facts
        return facts + self._happen(Cause.STOPPED, now_ns)

    # --- reports ----------------------------------------------------------------------------------

    def connected(self, description: str) -> None:
        """Note that the latch was reached and locked. The next :meth:`see` may end the fault."""
        self._was_left_on |= self._may_be_on
        self._may_be_on = False
        self._connected_to = description
        self._message = "The wires of the door are being read."
        self._filter.forget()

    def locked(self) -> None:
        """Note that switching off succeeded."""
        self._may_be_on = False

    def lost(self, now_ns: int, sentence: str, *, is_guard: bool = False) -> Facts:
        """Note that the latch could not be reached or did not obey. A pulse is not resumed."""
        facts = self.pass_time(now_ns)
        kind = EventKind.GUARD_LOST if is_guard else EventKind.RELAY_LOST
        return facts + self._fall(Cause.LOST, now_ns, kind, sentence)

    def see(self, raw: DoorInputs, now_ns: int) -> Facts:
        """Take a reading of the wires, from a latch that is connected."""
        facts = self.pass_time(now_ns)
        sentence = self._filter.take(raw, now_ns)
        if sentence:
            self._filter.forget()
            return facts + self._fall(Cause.BLIND, now_ns, EventKind.RELAY_LOST, sentence)
        if self.state is not DoorState.FAULT:
            return facts + self._compare(now_ns)
        return facts + self._come_back(now_ns) if self._filter.is_settled else facts

    def pass_time(self, now_ns: int) -> Facts:
        """Let everything happen that was due until now, in its order."""
        facts: Facts = ()
        while due := [one for one in self._machine.deadlines() if one[0] <= now_ns]:
            at_ns, cause = min(due, key=lambda one: one[0])
            facts += self._happen(cause, at_ns, "its time is over")
        return facts

    # --- wires and faults -------------------------------------------------------------------------

    def _compare(self, now_ns: int) -> Facts:
        machine = self._machine
        before, now = machine.inputs, self._filter.believed
        machine.inputs = now
        facts: Facts = ()
        # The second door first: what it forbids must not happen for a moment.
        if now.other_open and not before.other_open:
            facts += self._happen(Cause.OTHER_OPENED, now_ns)
        elif before.other_open and not now.other_open:
            facts += self._happen(Cause.OTHER_SHUT, now_ns)
        if now.exit_pressed:
            stuck_at_ns = self._filter.since_ns("exit_pressed") + MAX_PRESS_NS
            machine.exit_until_ns = min(now_ns, stuck_at_ns) + _ns(self._rules.exit_grace_s)
            if not before.exit_pressed:
                machine.asked_pulse_ns = _ns(self._rules.pulse_s)
                facts += self._happen(Cause.EXIT, now_ns)
        if now.is_open and not before.is_open:
            machine.opened_at_ns = self._filter.since_ns("is_open")
            if before.is_open is None:
                # The wire is new: nobody knows who opened the leaf.
                machine.rightly_until_ns = now_ns
            facts += self._happen(Cause.OPENED, now_ns)
        elif before.is_open and not now.is_open:
            facts += self._happen(Cause.SHUT, now_ns)
        return facts

    def _come_back(self, now_ns: int) -> Facts:
        self._machine.inputs = self._filter.believed
        self._ready_since_ns = now_ns
        facts: Facts = ()
        if self._told_lost is not None:
            facts += (Fact(_BACK_OF[self._told_lost], self._connected_to),)
        if self._was_left_on:
            facts += (Fact(EventKind.DOOR_LOCKED, "switched off after the relay came back"),)
        self._told_lost, self._was_left_on = None, False
        return facts + self._happen(Cause.BACK, now_ns)

    def _fall(self, cause: Cause, now_ns: int, kind: EventKind, sentence: str) -> Facts:
        self._message = sentence
        facts = self._happen(cause, now_ns)
        # A relay that is away for long is news once.
        if self._told_lost is None:
            self._told_lost = kind
            facts = (Fact(kind, sentence), *facts)
        return facts

    # --- the machine ------------------------------------------------------------------------------

    def _order(self, cause: Cause, now_ns: int, reason: str, due: Facts) -> Answer:
        found = self._machine.find(cause)
        facts = due + self._happen(cause, now_ns, reason)
        return Answer(facts, found[1].refusal if found is not None else "")

    def _happen(self, cause: Cause, now_ns: int, said: str = "") -> Facts:
        facts = self._machine.happen(cause, now_ns, said)
        self._may_be_on |= self.is_unlocked
        return facts


def _ns(seconds: float) -> int:
    return round(seconds * 1e9)
