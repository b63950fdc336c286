"""Whatever happens in whatever order, the door is unlocked for a reason and not for ever."""

from __future__ import annotations

import types
from functools import partial

from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.domain import DoorAlarm, DoorInputs, DoorState, EventKind
from kiosk.door.logic import DoorLogic
from kiosk.door.machine import Fact
from kiosk.door.rules import DoorRules
from kiosk.door.transitions import transitions

MS = 1_000_000
S = 1000 * MS
LEVELS = st.sampled_from([False, False, True, True, None])
TIMES = st.sampled_from([1, 20 * MS, 79 * MS, 80 * MS, 700 * MS, S, 4 * S, 5 * S, 15 * S, 40 * S])
LASTING = st.one_of(st.none(), st.sampled_from([0, 1, S, 20 * S]))

moves = st.lists(
    st.one_of(
        st.tuples(st.just("unlock"), st.tuples(st.booleans(), st.sampled_from([0, 0, S, 2 * S]))),
        st.tuples(st.just("free"), LASTING),
        st.tuples(st.sampled_from(["unfree", "lockdown", "unlockdown"]), st.none()),
        st.tuples(
            st.just("ack"), st.sampled_from([None, EventKind.DOOR_HELD, EventKind.DOOR_FORCED])
        ),
        st.tuples(st.sampled_from(["lose", "connect"]), st.none()),
        st.tuples(st.just("wait"), TIMES),
        st.tuples(st.just("wires"), st.tuples(LEVELS, LEVELS, LEVELS)),
        st.tuples(st.just("settle"), st.none()),
    ),
    max_size=40,
)
rules_of_a_door = st.builds(
    DoorRules,
    relock=st.sampled_from(["open", "close", "pulse"]),
    held_s=st.sampled_from([0, 6, 30]),
    prealarm_s=st.sampled_from([0, 5]),
    exit_unlocks=st.booleans(),
    lockdown_exit=st.booleans(),
)


class Witness:
    """Knows from the facts and answers alone until when the door may be unlocked, and why."""

    def __init__(self, rules: DoorRules) -> None:
        self.rules = rules
        self.until_ns = 0
        self.is_free = False
        self.free_until_ns: int | None = None
        self.alarms: set[DoorAlarm] = set()

    def hear(self, facts: tuple[Fact, ...], now_ns: int, *, extended: bool = False) -> None:
        for fact in facts:
            if fact.kind is EventKind.DOOR_UNLOCKED and fact.detail in ("Ada", "exit button"):
                pulse_s = self.rules.extended_s if extended else self.rules.pulse_s
                self.until_ns = max(self.until_ns, now_ns + round(pulse_s * S))
            elif fact.kind in (
                EventKind.RELAY_LOST,
                EventKind.LOCKDOWN_BEGUN,
            ):
                self.until_ns = 0
            elif fact.kind is EventKind.FREE_ACCESS_BEGUN:
                self.is_free = True
            elif fact.kind is EventKind.FREE_ACCESS_ENDED:
                self.is_free = False
            elif fact.kind is EventKind.DOOR_FORCED:
                self.alarms.add(DoorAlarm.FORCED)
            elif fact.kind is EventKind.DOOR_HELD:
                self.alarms.add(DoorAlarm.HELD)

    def agrees(self, logic: DoorLogic, now_ns: int) -> None:
        free = self.is_free and (self.free_until_ns is None or now_ns < self.free_until_ns)
        assert logic.is_free == self.is_free
        if logic.is_unlocked:
            assert now_ns < self.until_ns or free
            assert logic.relock_at_ns is not None or (free and self.free_until_ns is None)
            assert logic.relock_at_ns is None or now_ns < logic.relock_at_ns
            assert logic.state not in (DoorState.LOCKED, DoorState.LOCKDOWN, DoorState.FAULT)
            assert not logic.inputs.other_open
            assert logic.may_be_on
        assert not (logic.is_free and logic.is_lockdown)
        if self.alarms:
            worst = DoorAlarm.FORCED if DoorAlarm.FORCED in self.alarms else DoorAlarm.HELD
            assert logic.live_alarm is worst
        else:
            assert logic.live_alarm is None
        assert logic.alarm in (logic.live_alarm, DoorAlarm.HELD_SOON)
        # Nobody counts as let in for longer than the door is unlocked, or for the exit button.
        assert all(who == "Ada" for who, _ in logic.let_in)
        for _, until_ns in logic.let_in:
            assert logic.is_unlocked
            assert logic.relock_at_ns is None or until_ns <= logic.relock_at_ns
        self.agrees_on_state(logic)

    def agrees_on_state(self, logic: DoorLogic) -> None:
        state, is_open = logic.state, logic.inputs.is_open
        if state in (DoorState.OPEN, DoorState.HELD, DoorState.FORCED):
            assert is_open
        elif state in (DoorState.LOCKED, DoorState.LOCKDOWN, DoorState.UNLOCKED):
            assert not is_open
            assert logic.is_unlocked == (state is DoorState.UNLOCKED)
        if state is not DoorState.FAULT:
            assert (state is DoorState.FREE_ACCESS) == logic.is_free
            assert (state is DoorState.LOCKDOWN) <= logic.is_lockdown
            assert (state is DoorState.LOCKED) <= (not logic.is_lockdown)
            assert logic.message == ""
        else:
            assert logic.message
        if state is DoorState.HELD or logic.alarm is DoorAlarm.HELD_SOON:
            assert logic.alarm is not None
            assert is_open


@settings(deadline=None, max_examples=400)
@given(rules_of_a_door, moves)
def test_no_order_of_events_leaves_the_door_unlocked_without_a_live_reason(
    rules: DoorRules, script: list[tuple[str, object]]
) -> None:
    passed = set()
    logic = DoorLogic(rules, lambda *step: passed.add(step))
    witness = Witness(rules)
    now_ns = 1000 * S
    raw = DoorInputs(False, False, False)
    is_up = False
    for move, value in [("connect", None), ("settle", None), *script]:
        was_unlocked, relock_at_ns, in_lockdown = (
            logic.is_unlocked,
            logic.relock_at_ns,
            logic.is_lockdown,
        )
        extended = False
        if move == "unlock":
            extended, age_ns = value
            answer = logic.unlock("Ada", now_ns - age_ns, now_ns, extended=extended)
            facts = answer.facts
            if in_lockdown or age_ns > S or not is_up:
                assert answer.refusal
            if not answer.refusal:
                assert logic.is_unlocked
                assert logic.relock_at_ns is None or (relock_at_ns or 0) <= logic.relock_at_ns
            else:
                assert (logic.is_unlocked, logic.relock_at_ns) == (was_unlocked, relock_at_ns)
        elif move == "free":
            until_ns = None if value is None else now_ns + value
            answer = logic.begin_free_access(until_ns, "open day", now_ns)
            facts = answer.facts
            if not answer.refusal:
                witness.free_until_ns = until_ns
        elif move == "lose":
            is_up = False
            facts = logic.lost(now_ns, "The cable is out.")
            assert not logic.is_unlocked
            witness.until_ns = 0
        elif move == "connect":
            if not is_up:
                logic.connected("a board")
            is_up = True
            facts = logic.see(raw, now_ns)
        elif move == "wait":
            now_ns += value
            facts = logic.see(raw, now_ns) if is_up else logic.pass_time(now_ns)
        elif move == "wires":
            raw = DoorInputs(*value)
            facts = logic.see(raw, now_ns) if is_up else ()
        elif move == "settle":
            facts = ()
            for _ in range(3):
                now_ns += 50 * MS
                facts += logic.see(raw, now_ns) if is_up else logic.pass_time(now_ns)
        else:
            order = {
                "unfree": partial(logic.end_free_access, "closing time"),
                "lockdown": partial(logic.begin_lockdown, "drill"),
                "unlockdown": partial(logic.end_lockdown, "all clear"),
                "ack": partial(logic.acknowledge, kind=value),
            }[move]
            facts = order(now_ns).facts
            if move == "lockdown":
                assert not logic.is_unlocked
            if move == "ack":
                witness.alarms -= {
                    None: set(DoorAlarm),
                    EventKind.DOOR_HELD: {DoorAlarm.HELD},
                    EventKind.DOOR_FORCED: {DoorAlarm.FORCED},
                }[value]
        witness.hear(facts, now_ns, extended=extended)
        witness.agrees(logic, now_ns)
        if logic.is_unlocked and not was_unlocked and logic.is_lockdown:
            assert rules.exit_unlocks and rules.lockdown_exit
        if is_up and not logic.is_unlocked:
            logic.locked()
    assert passed <= transitions()


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["is_open", "exit_pressed", "other_open"]), st.integers(1, 79)),
        max_size=30,
    )
)
def test_no_sequence_of_short_glitches_changes_anything(
    doorbench: types.ModuleType, glitches: list[tuple[str, int]]
) -> None:
    bench = doorbench.DoorBench(DoorRules(exit_unlocks=True))
    bench.run("back")
    bench.facts = []
    for wire, length_ms in glitches:
        bench.move(length_ms * MS, **{wire: True})
        bench.move(MS, **{wire: False})
        assert (bench.words, bench.facts) == ("locked off", [])
