"""The door's state machine with explicit time: what leads where, and what is told."""

from __future__ import annotations

import types

import pytest

from kiosk.domain import DoorInputs, EventKind
from kiosk.door.logic import DoorLogic
from kiosk.door.machine import Fact
from kiosk.door.rules import DoorRules
from kiosk.door.transitions import TABLE, transitions

MS = 1_000_000
S = 1000 * MS
T0 = 1000 * S

RULES = {
    "": DoorRules(),
    "button": DoorRules(exit_unlocks=True),
    "button, but not in a lockdown": DoorRules(exit_unlocks=True, lockdown_exit=False),
    "relock on close": DoorRules(relock="close"),
    "relock after the pulse": DoorRules(relock="pulse"),
    "no alarms of time": DoorRules(held_s=0),
    "no warning": DoorRules(prealarm_s=0),
}

# Rules, steps, then what the door is and what the last step told. See the bench for the words.
CASES = [
    # --- letting in
    ("", "back", "locked off", ""),
    ("", "back, grant", "unlocked on", "door_unlocked"),
    ("", "back, grant, wait 4.9", "unlocked on", ""),
    ("", "back, grant, wait 5", "locked off", "door_locked"),
    ("", "back, slow, wait 14.9", "unlocked on", ""),
    ("", "back, slow, wait 15", "locked off", "door_locked"),
    ("", "back, slow, grant, wait 14.9", "unlocked on", ""),
    ("", "back, grant, wait 3, grant, wait 4.9", "unlocked on", ""),
    ("", "grant", "fault off", ""),
    # --- the leaf
    ("", "back, grant, open", "open on", "door_opened"),
    ("", "back, grant, open, wait 1", "open off", "door_locked"),
    ("", "back, grant, open, wait 1, shut", "locked off", "door_closed"),
    ("", "back, grant, open, shut", "locked off", "door_closed door_locked"),
    ("relock on close", "back, grant, open, wait 3", "open on", ""),
    ("relock on close", "back, grant, open, wait 3, shut", "locked off", "door_closed door_locked"),
    ("relock on close", "back, grant, open, wait 9", "open off", "door_locked"),
    ("relock after the pulse", "back, grant, open, wait 1, shut", "unlocked on", "door_closed"),
    ("relock after the pulse", "back, grant, open, shut, wait 5", "locked off", "door_locked"),
    ("", "back, grant, open, wait 2, grant", "open on", "door_unlocked"),
    ("", "back, grant, open, wait 2, grant, shut", "unlocked on", "door_closed"),
    ("", "back, grant, open, wait 2, shut, open", "open off", "door_opened"),
    ("", "back, grant, wait 5.5, open", "open off", "door_opened"),
    ("", "back, grant, wait 6.5, open", "forced off forced", "door_forced"),
    ("", "back, open", "forced off forced", "door_forced"),
    ("", "back, open, shut", "locked off forced", "door_closed"),
    ("", "back, open, shut, ack", "locked off", ""),
    ("", "back, open, ack", "open off", ""),
    ("", "back, open, ack, wait 30", "held off held", "door_held_soon door_held"),
    ("", "back, open, grant", "forced on forced", "door_unlocked"),
    ("", "back, open, grant, wait 5", "forced off forced", "door_locked"),
    ("", "back, open, grant, shut", "unlocked on forced", "door_closed"),
    ("", "back, open, grant, shut, ack", "unlocked on", ""),
    # --- held
    ("", "back, grant, open, wait 24.8", "open off", "door_locked"),
    ("", "back, grant, open, wait 25", "open off held_soon", "door_locked door_held_soon"),
    ("", "back, grant, open, wait 25, shut", "locked off", "door_closed"),
    ("", "back, grant, open, wait 25, grant", "open on", "door_unlocked"),
    ("", "back, grant, open, wait 25, ack", "open off", ""),
    ("", "back, grant, open, wait 25, wait 5", "held off held", "door_held"),
    ("", "back, slow, open, wait 25, wait 9", "open off", ""),
    ("", "back, slow, open, wait 40", "held off held", "door_locked door_held_soon door_held"),
    ("", "back, grant, open, wait 30, shut", "locked off held", "door_closed"),
    ("", "back, grant, open, wait 30, grant", "held on held", "door_unlocked"),
    ("", "back, grant, open, wait 30, grant, wait 5", "held off held", "door_locked"),
    ("", "back, grant, open, wait 30, grant, shut", "unlocked on held", "door_closed"),
    ("", "back, grant, open, wait 30, ack", "open off", ""),
    ("no alarms of time", "back, grant, open, wait 9, wait 99", "open off", ""),
    ("no warning", "back, grant, open, wait 30", "held off held", "door_locked door_held"),
    ("", "back, open, shut, grant, open, wait 30, ack", "open off", ""),
    (
        "",
        "back, open, shut, grant, open, wait 30",
        "held off forced",
        "door_locked door_held_soon door_held",
    ),
    # --- of several alarms each for itself
    ("", "back, open, ack held", "forced off forced", ""),
    ("", "back, open, ack forced", "open off", ""),
    ("", "back, open, shut, ack held", "locked off forced", ""),
    ("", "back, grant, open, wait 30, ack forced", "held off held", ""),
    ("", "back, grant, open, wait 30, ack held", "open off", ""),
    ("", "back, grant, open, wait 30, shut, ack held", "locked off", ""),
    ("", "back, open, shut, grant, open, wait 30, ack held", "open off forced", ""),
    ("", "back, open, shut, grant, open, wait 30, ack forced", "held off held", ""),
    ("", "back, grant, open, wait 30, shut, wait 2, open, ack held", "forced off forced", ""),
    ("", "back, grant, open, wait 30, shut, wait 2, open, ack forced", "open off held", ""),
    ("", "back, open, shut, grant, open, ack forced", "open on", ""),
    (
        "",
        "back, open, shut, grant, open, wait 20, ack forced, wait 6",
        "open off held_soon",
        "door_held_soon",
    ),
    ("", "back, grant, open, wait 26, ack forced", "open off held_soon", ""),
    # --- an alarm of before does not hide what can still be prevented
    (
        "",
        "back, open, shut, grant, open, wait 26",
        "open off held_soon",
        "door_locked door_held_soon",
    ),
    ("", "back, open, shut, grant, open, wait 26, shut", "locked off forced", "door_closed"),
    ("", "back, open, shut, grant, open, wait 26, wait 5", "held off forced", "door_held"),
    # --- what is told once in a while
    ("", "back, open, shut, wait 2, open", "forced off forced", ""),
    ("", "back, open, shut, wait 61, open", "forced off forced", "door_forced"),
    ("", "back, open, shut, ack, wait 2, open", "forced off forced", "door_forced"),
    ("", "back, open, shut, ack held, wait 2, open", "forced off forced", ""),
    ("", "back, press, let, press", "locked off", ""),
    ("", "back, press, let, wait 5, press", "locked off", "exit_requested"),
    ("button", "back, press, let, wait 6, press, let, press", "unlocked on", "door_unlocked"),
    # --- the exit button
    ("", "back, press", "locked off", "exit_requested"),
    ("", "back, press, let, open", "open off", "door_opened"),
    ("", "back, press, let, wait 3.8, open", "open off", "door_opened"),
    ("", "back, press, let, wait 4.2, open", "forced off forced", "door_forced"),
    ("", "back, press, let, lose, back, open", "open off", "door_opened"),
    ("", "back, press, wait 30, open", "open off", "door_opened"),
    ("", "back, press, wait 65, open", "forced off forced", "door_forced"),
    ("", "back, grant, press", "unlocked on", "exit_requested"),
    ("", "back, grant, open, wait 2, press", "open off", "exit_requested"),
    ("", "back, grant, open, wait 30, press", "held off held", "exit_requested"),
    ("", "back, open, press", "forced off forced", "exit_requested"),
    ("", "back, free, press", "free_access on", "exit_requested"),
    ("", "back, lockdown, press", "lockdown off", "exit_requested"),
    ("button", "back, press", "unlocked on", "exit_requested door_unlocked"),
    ("button", "back, press, wait 60", "locked off", "door_locked"),
    ("button", "back, grant, press", "unlocked on", "exit_requested door_unlocked"),
    ("button", "back, grant, open, wait 2, press", "open on", "exit_requested door_unlocked"),
    ("button", "back, grant, open, wait 30, press", "held on held", "exit_requested door_unlocked"),
    ("button", "back, open, press", "forced on forced", "exit_requested door_unlocked"),
    ("button", "back, free, press", "free_access on", "exit_requested door_unlocked"),
    ("button", "back, lockdown, press", "unlocked on", "exit_requested door_unlocked"),
    ("button", "back, lockdown, press, wait 5", "lockdown off", "door_locked"),
    ("button", "back, lockdown, press, grant", "unlocked on", ""),
    ("button", "back, lockdown, press, free", "unlocked on", ""),
    ("button", "back, lockdown, press, lockdown", "lockdown off", "lockdown_begun door_locked"),
    ("button", "back, lockdown, press, unlockdown", "unlocked on", "lockdown_ended"),
    ("button", "back, lockdown, press, stop", "lockdown off", "door_locked"),
    ("button", "back, lockdown, press, other", "lockdown off", "door_locked"),
    ("button", "back, lockdown, press, open, shut", "lockdown off", "door_closed door_locked"),
    ("button, but not in a lockdown", "back, lockdown, press", "lockdown off", "exit_requested"),
    ("button", "back, other, press", "locked off", "exit_requested"),
    # --- the second door of a lock
    ("", "back, other, grant", "locked off", ""),
    ("", "back, other, unother, grant", "unlocked on", "door_unlocked"),
    ("", "back, grant, other", "locked off", "door_locked"),
    ("", "back, grant, open, other", "open off", "door_locked"),
    ("", "back, grant, open, other, grant", "open off", ""),
    ("", "back, grant, open, wait 30, other, grant", "held off held", ""),
    ("", "back, grant, open, wait 30, grant, other", "held off held", "door_locked"),
    ("", "back, open, other, grant", "forced off forced", ""),
    ("", "back, open, grant, other", "forced off forced", "door_locked"),
    ("", "back, free, other", "free_access off", "door_locked"),
    ("", "back, free, other, grant", "free_access off", ""),
    ("", "back, free, other, unother", "free_access on", "door_unlocked"),
    # --- free access
    ("", "back, free", "free_access on", "free_access_begun door_unlocked"),
    ("", "back, free, open", "free_access on", "door_opened"),
    ("", "back, free, open, wait 99", "free_access on", ""),
    ("", "back, free, open, shut", "free_access on", "door_closed"),
    ("", "back, free 10, wait 9.9", "free_access on", ""),
    ("", "back, free 10, wait 10", "locked off", "free_access_ended door_locked"),
    ("", "back, free 10, free 20, wait 19.9", "free_access on", ""),
    ("", "back, free, unfree", "locked off", "free_access_ended door_locked"),
    ("", "back, free, open, unfree", "open off", "free_access_ended door_locked"),
    ("", "back, free, open, unfree, wait 30", "held off held", "door_held_soon door_held"),
    ("", "back, free, grant", "free_access on", "door_unlocked"),
    ("", "back, free, grant, wait 5", "free_access on", ""),
    ("", "back, free, grant, unfree", "unlocked on", "free_access_ended"),
    ("", "back, free 4, grant, wait 5", "locked off", "free_access_ended door_locked"),
    ("", "back, grant, free", "free_access on", "free_access_begun"),
    ("", "back, grant, open, wait 25, free", "free_access on", "free_access_begun door_unlocked"),
    (
        "",
        "back, grant, open, wait 30, free",
        "free_access on held",
        "free_access_begun door_unlocked",
    ),
    ("", "back, open, free", "free_access on forced", "free_access_begun door_unlocked"),
    ("", "back, open, free, ack", "free_access on", ""),
    ("", "back, unfree", "locked off", ""),
    ("", "back, free, stop", "locked off", "free_access_ended door_locked"),
    # --- lockdown
    ("", "back, lockdown", "lockdown off", "lockdown_begun"),
    ("", "back, lockdown, lockdown", "lockdown off", "lockdown_begun"),
    ("", "back, lockdown, grant", "lockdown off", ""),
    ("", "back, lockdown, free", "lockdown off", ""),
    ("", "back, lockdown, wait 2, open", "forced off forced", "door_forced"),
    ("", "back, lockdown, wait 2, open, grant", "forced off forced", ""),
    ("", "back, lockdown, wait 2, open, free", "forced off forced", ""),
    ("", "back, lockdown, wait 2, open, shut", "lockdown off forced", "door_closed"),
    ("", "back, lockdown, wait 2, open, shut, ack", "lockdown off", ""),
    ("", "back, lockdown, press, open", "open off", "door_opened"),
    ("", "back, lockdown, press, open, wait 30, grant", "held off held", ""),
    ("", "back, lockdown, press, open, wait 30, free", "held off held", ""),
    ("", "back, lockdown, press, open, wait 30, shut", "lockdown off held", "door_closed"),
    ("", "back, lockdown, unlockdown", "locked off", "lockdown_ended"),
    ("", "back, unlockdown", "locked off", ""),
    ("", "back, grant, lockdown", "lockdown off", "lockdown_begun door_locked"),
    ("", "back, grant, open, lockdown", "open off", "lockdown_begun door_locked"),
    ("", "back, grant, open, lockdown, grant", "open off", ""),
    ("", "back, grant, open, lockdown, free", "open off", ""),
    ("", "back, grant, open, lockdown, shut", "lockdown off", "door_closed"),
    ("", "back, grant, open, lockdown, unlockdown", "open off", "lockdown_ended"),
    ("", "back, grant, open, wait 30, lockdown", "held off held", "lockdown_begun"),
    ("", "back, grant, open, wait 30, lockdown, unlockdown", "held off held", "lockdown_ended"),
    ("", "back, open, lockdown", "forced off forced", "lockdown_begun"),
    ("", "back, open, lockdown, unlockdown", "forced off forced", "lockdown_ended"),
    ("", "back, free, lockdown", "lockdown off", "free_access_ended lockdown_begun door_locked"),
    ("", "back, free, open, lockdown", "open off", "free_access_ended lockdown_begun door_locked"),
    # --- faults
    ("", "lose", "fault off", "relay_lost"),
    ("", "lose, lose", "fault off", ""),
    ("", "back, lose", "fault off", "relay_lost"),
    ("", "back, lose, back", "locked off", "relay_back"),
    ("", "back, grant, lose", "fault off", "relay_lost"),
    ("", "back, grant, lose, back", "locked off", "relay_back door_locked"),
    ("", "back, grant, open, lose", "fault off", "relay_lost"),
    ("", "back, grant, open, lose, shut, back", "locked off", "relay_back door_locked door_closed"),
    ("", "back, grant, open, lose, back", "open off", "relay_back door_locked door_opened"),
    ("", "back, grant, open, wait 30, lose", "fault off held", "relay_lost"),
    ("", "back, open, lose", "fault off forced", "relay_lost"),
    ("", "back, open, lose, ack", "fault off", ""),
    ("", "back, lose, open, back", "forced off forced", "relay_back door_forced"),
    ("", "back, grant, lose, open, back", "open off", "relay_back door_locked door_opened"),
    ("", "open, back", "open off", "door_opened"),
    ("", "open, back, wait 30", "held off held", "door_held_soon door_held"),
    ("", "back, free, lose", "fault off", "relay_lost"),
    ("", "back, free, lose, back", "free_access on", "relay_back door_locked door_unlocked"),
    ("", "back, free 9, lose, wait 9", "fault off", "free_access_ended"),
    ("", "free, back", "free_access on", "door_unlocked"),
    ("", "free, lockdown, back", "lockdown off", ""),
    ("", "free, lockdown", "fault off", "free_access_ended lockdown_begun"),
    ("", "lockdown", "fault off", "lockdown_begun"),
    ("", "lockdown, free", "fault off", ""),
    ("", "lockdown, unlockdown, back", "locked off", ""),
    ("", "back, lockdown, lose", "fault off", "relay_lost"),
    ("", "back, lockdown, lose, back", "lockdown off", "relay_back"),
    ("", "back, lockdown, press, open, lose, shut, back", "lockdown off", "relay_back door_closed"),
    ("", "back, blind", "fault off", "relay_lost"),
    ("", "back, blind, see", "locked off", "relay_back"),
    ("", "back, grant, blind", "fault off", "relay_lost door_locked"),
    ("", "back, grant, open, blind", "fault off", "relay_lost door_locked"),
    ("", "back, grant, open, wait 30, blind", "fault off held", "relay_lost"),
    ("", "back, open, blind", "fault off forced", "relay_lost"),
    ("", "back, free, blind", "fault off", "relay_lost door_locked"),
    ("", "back, lockdown, blind", "fault off", "relay_lost"),
    # --- the end
    ("", "back, grant, stop", "locked off", "door_locked"),
    ("", "back, grant, open, stop", "open off", "door_locked"),
    ("", "back, grant, open, wait 30, stop", "held off held", ""),
    ("", "back, open, grant, stop", "forced off forced", "door_locked"),
]


@pytest.mark.parametrize(("rules", "steps", "state", "told"), CASES)
def test_steps(doorbench: types.ModuleType, rules: str, steps: str, state: str, told: str) -> None:
    bench = doorbench.DoorBench(RULES[rules])
    bench.run(steps)
    assert (bench.words, bench.told) == (state, told)


def test_the_steps_reach_every_state_and_transition(doorbench: types.ModuleType) -> None:
    passed = set()
    for rules, steps, _, _ in CASES:
        bench = doorbench.DoorBench(RULES[rules])
        bench.run(steps)
        passed |= bench.passed
    missing = [
        f"{TABLE[index].cause.value} ({TABLE[index].when.value}): {before.value} to {after.value}"
        for index, before, after in sorted(transitions() - passed, key=str)
    ]
    assert missing == []
    assert passed == transitions()


@pytest.mark.parametrize(
    ("steps", "refusal"),
    [
        ("grant", "the relay cannot be reached"),
        ("back, lockdown, grant", "lockdown is on"),
        ("back, lockdown, free", "lockdown is on"),
        ("back, other, grant", "another door is open"),
        ("back, free 0", "its time is over already"),
        ("back, grant", ""),
    ],
)
def test_refusals_say_why(doorbench: types.ModuleType, steps: str, refusal: str) -> None:
    bench = doorbench.DoorBench()
    bench.run(steps)
    assert bench.refusal == refusal


@pytest.mark.parametrize(
    ("steps", "fact"),
    [
        ("back, grant", Fact(EventKind.DOOR_UNLOCKED, "Ada")),
        ("back, grant, wait 5", Fact(EventKind.DOOR_LOCKED, "end of the pulse")),
        ("back, grant, open, wait 1", Fact(EventKind.DOOR_LOCKED, "the door was opened")),
        ("back, grant, open, shut", Fact(EventKind.DOOR_LOCKED, "the door was shut")),
        ("back, grant, lockdown", Fact(EventKind.DOOR_LOCKED, "lockdown")),
        ("back, grant, other", Fact(EventKind.DOOR_LOCKED, "another door was opened")),
        ("back, press, open", Fact(EventKind.DOOR_OPENED, "after the exit button")),
        ("back, free", Fact(EventKind.FREE_ACCESS_BEGUN, "open day")),
        ("back, free", Fact(EventKind.DOOR_UNLOCKED, "free access")),
        ("back, free 9, wait 9", Fact(EventKind.FREE_ACCESS_ENDED, "its time is over")),
        ("back, free, lockdown", Fact(EventKind.FREE_ACCESS_ENDED, "lockdown")),
        ("back, free, lockdown", Fact(EventKind.LOCKDOWN_BEGUN, "drill")),
        ("back, slow, open, wait 40", Fact(EventKind.DOOR_HELD, "open for 40 s")),
        ("lose", Fact(EventKind.RELAY_LOST, "The cable is out.")),
        ("lose, back", Fact(EventKind.RELAY_BACK, "a board")),
        (
            "back, blind",
            Fact(
                EventKind.RELAY_LOST,
                "The door sensor cannot be read: check its wire and its supply.",
            ),
        ),
        (
            "back, grant, lose, back",
            Fact(EventKind.DOOR_LOCKED, "switched off after the relay came back"),
        ),
        ("open, back", Fact(EventKind.DOOR_OPENED, "found open; nobody saw who opened it")),
        (
            "back, lose, open, back",
            Fact(EventKind.DOOR_FORCED, "found open after a fault; it was shut and locked before"),
        ),
    ],
)
def test_facts_carry_their_detail(doorbench: types.ModuleType, steps: str, fact: Fact) -> None:
    bench = doorbench.DoorBench()
    bench.run(steps)
    assert fact in bench.facts


def test_what_went_untold_is_counted(doorbench: types.ModuleType) -> None:
    bench = doorbench.DoorBench(DoorRules(exit_unlocks=True))
    bench.run("back, open, " + "shut, wait 2, open, " * 3 + "wait 61, shut, wait 2, open")
    why = "opened though nobody was let in or asked to leave"
    assert bench.facts == [Fact(EventKind.DOOR_FORCED, f"{why}, and 3 more before")]
    bench.run("shut, ack, wait 2, open")
    assert bench.facts == [Fact(EventKind.DOOR_FORCED, why)]
    bench = doorbench.DoorBench()
    bench.run("back, press, let, press, let, press, let, wait 5, press")
    assert bench.facts == [Fact(EventKind.EXIT_REQUESTED, "and 2 more before")]


# --- whose pulse ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "steps", "whose"),
    [
        ("", "back, grant, wait 1", {"Ada": 4}),
        ("", "back, grant, wait 1, grant", {"Ada": 5}),
        ("", "back, grant, wait 1, slow", {"Ada": 4, "Grace": 15}),
        ("", "back, slow, wait 1, grant, wait 5", {"Grace": 9}),
        ("button", "back, press", {}),
        ("button", "back, grant, wait 4, press, wait 0.5", {"Ada": 0.4}),
        ("button", "back, grant, wait 4, press, let, wait 2, slow", {"Grace": 15}),
        ("button", "back, grant, open, press, wait 0.1", {"Ada": 0.48}),
        ("", "back, grant, open, wait 1", {}),
        ("", "back, grant, open, shut", {}),
        ("", "back, grant, lockdown", {}),
        ("", "back, grant, lose", {}),
        ("", "back, free", {}),
    ],
)
def test_whose_pulse_lasts_is_known(
    doorbench: types.ModuleType, rules: str, steps: str, whose: dict[str, float]
) -> None:
    bench = doorbench.DoorBench(RULES[rules])
    bench.run(steps)
    left = {who: (ns - bench.now_ns) / S for who, ns in bench.logic.let_in if ns > bench.now_ns}
    assert left == pytest.approx(whose, abs=0.05)


# --- time -------------------------------------------------------------------------------------


def connected(rules: DoorRules | None = None, now_ns: int = T0) -> DoorLogic:
    logic = DoorLogic(rules or DoorRules())
    logic.connected("a board")
    logic.see(DoorInputs(), now_ns)
    return logic


def grant(logic: DoorLogic, now_ns: int, *, asked_at_ns: int | None = None) -> str:
    asked_at_ns = now_ns if asked_at_ns is None else asked_at_ns
    return logic.unlock("Ada", asked_at_ns, now_ns, extended=False).refusal


def test_a_pulse_ends_exactly_at_its_deadline() -> None:
    logic = connected()
    assert grant(logic, T0) == ""
    assert (logic.relock_at_ns, logic.wake_at_ns()) == (T0 + 5 * S, T0 + 5 * S)
    assert logic.pass_time(T0 + 5 * S - 1) == ()
    assert logic.is_unlocked
    assert [fact.kind for fact in logic.pass_time(T0 + 5 * S)] == [EventKind.DOOR_LOCKED]
    assert not logic.is_unlocked
    assert (logic.relock_at_ns, logic.wake_at_ns()) == (None, None)


def test_a_new_unlock_extends_and_an_older_time_does_not_shorten() -> None:
    logic = connected()
    logic.unlock("Grace", T0, T0, extended=True)
    assert grant(logic, T0 + 3 * S) == ""
    assert logic.relock_at_ns == T0 + 15 * S
    assert grant(logic, T0 + 12 * S) == ""
    assert logic.relock_at_ns == T0 + 17 * S


def test_requests_older_than_a_second_or_from_the_future_are_refused() -> None:
    logic = connected()
    now = T0 + 10 * S
    assert grant(logic, now, asked_at_ns=now - S) == ""
    assert "too old" in grant(logic, now, asked_at_ns=now - S - 1)
    assert "too old" in grant(logic, now, asked_at_ns=now + S + 1)


def test_a_request_made_during_a_fault_is_refused_when_all_is_back() -> None:
    logic = connected()
    logic.lost(T0 + S, "The cable is out.")
    logic.connected("a board")
    logic.see(DoorInputs(), T0 + 2 * S)
    assert "could not be reached" in grant(logic, T0 + 2 * S, asked_at_ns=T0 + 2 * S - 1)
    assert not logic.is_unlocked
    assert grant(logic, T0 + 2 * S) == ""


def test_what_became_due_while_nobody_looked_happens_in_its_order() -> None:
    logic = connected(DoorRules(relock="pulse", held_s=8, prealarm_s=4))
    logic.see(DoorInputs(is_open=False), T0)
    logic.see(DoorInputs(is_open=False), T0 + S)
    grant(logic, T0 + 2 * S)
    logic.see(DoorInputs(is_open=True), T0 + 2 * S)
    logic.see(DoorInputs(is_open=True), T0 + 3 * S)
    logic.begin_free_access(T0 + 3600 * S, "open day", T0 + 4 * S)
    assert [fact.kind for fact in logic.pass_time(T0 + 9999 * S)] == [
        EventKind.FREE_ACCESS_ENDED,
        EventKind.DOOR_LOCKED,
        EventKind.DOOR_HELD_SOON,
        EventKind.DOOR_HELD,
    ]


def test_a_guard_that_was_lost_is_called_a_guard() -> None:
    logic = connected()
    assert [fact.kind for fact in logic.lost(T0, "It hangs.", is_guard=True)] == [
        EventKind.GUARD_LOST
    ]
    assert logic.lost(T0, "No such port.") == ()
    assert logic.message == "No such port."
    logic.connected("a board")
    assert logic.see(DoorInputs(), T0 + S) == (Fact(EventKind.GUARD_BACK, "a board"),)


# --- wires ------------------------------------------------------------------------------------


@pytest.mark.parametrize("wire", ["is_open", "exit_pressed", "other_open"])
def test_glitches_shorter_than_the_debounce_time_change_nothing(
    doorbench: types.ModuleType, wire: str
) -> None:
    bench = doorbench.DoorBench(DoorRules(exit_unlocks=True))
    bench.run("back")
    bench.facts = []
    for _ in range(50):
        bench.move(60 * MS, **{wire: True})
        bench.move(20 * MS, **{wire: False})
    assert (bench.words, bench.facts) == ("locked off", [])
    bench.move(80 * MS, **{wire: True})
    assert bench.facts or bench.logic.inputs.other_open


def test_a_door_without_wires_works_by_time_alone(doorbench: types.ModuleType) -> None:
    bench = doorbench.DoorBench(wires=DoorInputs())
    bench.run("back, grant")
    assert bench.words == "unlocked on"
    assert not bench.logic.has_wires
    bench.run("wait 5")
    assert (bench.words, bench.told) == ("locked off", "door_locked")


def test_a_wire_that_comes_late_raises_no_forced_alarm(doorbench: types.ModuleType) -> None:
    bench = doorbench.DoorBench(wires=DoorInputs())
    bench.run("back")
    bench.move(is_open=True)
    assert bench.words == "open off"


def test_one_wire_that_falls_silent_locks_the_door(doorbench: types.ModuleType) -> None:
    bench = doorbench.DoorBench()
    bench.run("back, free")
    bench.move(exit_pressed=None)
    assert bench.words == "fault off"
    assert "exit button cannot be read" in bench.logic.message


def test_a_fault_lasts_until_the_wires_have_come_to_rest(doorbench: types.ModuleType) -> None:
    bench = doorbench.DoorBench()
    bench.run("back, lose")
    bench.logic.connected("a board")
    bench.is_up = True
    for _ in range(20):
        bench.move(40 * MS, is_open=not bench.wires["is_open"])
    assert bench.words == "fault off"
    assert bench.logic.message == "The wires of the door are being read."
    bench.run("shut")
    assert bench.words == "locked off"
