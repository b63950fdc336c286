"""The door's state machine as data: what leads where. What is not in the table changes nothing."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from kiosk.domain import DoorState, EventKind


class Cause(enum.Enum):
    """What happens to a door."""

    GRANTED = "somebody is let in"
    EXIT = "the exit button is pressed"
    OPENED = "the leaf opens"
    SHUT = "the leaf shuts"
    OTHER_OPENED = "the other door opens"
    OTHER_SHUT = "the other door shuts"
    PULSE_OVER = "the pulse is over"
    HELD_SOON = "open for long"
    HELD = "open for too long"
    FREE_BEGUN = "free access begins"
    FREE_ENDED = "free access ends"
    LOCKDOWN_BEGUN = "lockdown begins"
    LOCKDOWN_ENDED = "lockdown ends"
    ACKNOWLEDGED = "the alarm is acknowledged"
    LOST = "the relay is lost"
    BLIND = "a wire cannot be read"
    BACK = "all is back"
    STOPPED = "the program stops"


class When(enum.Enum):
    """What has to be true for a row to hold."""

    ALWAYS = ""
    IN_LOCKDOWN = "in a lockdown"
    INTERLOCKED = "while the other door is open"
    EXIT_UNLOCKS = "where the button works the lock"
    RIGHTLY = "after the exit button, or just after the door was locked or shut"
    PULSE_LASTS = "if somebody was let in since it opened, or if it relocks after the pulse only"
    LEAF_OPEN = "if the leaf is open"
    FREE = "in free access"
    FORCED_UNSEEN = "if it was shut before, and locked"
    OF_ANOTHER = "of an alarm that was before"
    OPEN_BEFORE = "if it was open before"


class Act(enum.Enum):
    """What a row does besides."""

    PULSE = "pulse"
    RELOCK_SOON = "relock soon"
    END_PULSE = "end the pulse"
    WATCH = "watch how long it is open"
    FREE = "free"
    NOT_FREE = "not free"
    LOCKDOWN = "lockdown"
    NO_LOCKDOWN = "no lockdown"
    WARN = "warn"
    ALARM_HELD = "alarm held"
    ALARM_FORCED = "alarm forced"
    SILENCE = "silence"


class Target(enum.Enum):
    """A next state that depends on where the door is."""

    SAME = "the same"
    REST = "locked, or lockdown while there is one"


@dataclass(frozen=True, slots=True)
class Row:
    """In each of ``states``, ``cause`` leads to ``to``; the first row that fits holds."""

    states: tuple[DoorState, ...]
    cause: Cause
    to: DoorState | Target
    when: When = When.ALWAYS
    acts: tuple[Act, ...] = ()
    facts: tuple[EventKind, ...] = ()
    """Besides DOOR_UNLOCKED and DOOR_LOCKED, which are told whenever the relay is to switch."""
    detail: str = ""
    """Of the facts, where the cause has none of its own."""
    refusal: str = ""


LOCKED, UNLOCKED, OPEN = DoorState.LOCKED, DoorState.UNLOCKED, DoorState.OPEN
HELD, FORCED, FREE = DoorState.HELD, DoorState.FORCED, DoorState.FREE_ACCESS
LOCKDOWN, FAULT = DoorState.LOCKDOWN, DoorState.FAULT
ALL = tuple(DoorState)
WORKING = tuple(state for state in ALL if state is not FAULT)
AJAR = (OPEN, HELD, FORCED)
AT_REST = (LOCKED, LOCKDOWN)
SAME, REST = Target.SAME, Target.REST
E = EventKind

TABLE: tuple[Row, ...] = (
    # --- to let in
    Row((FAULT,), Cause.GRANTED, SAME, refusal="the relay cannot be reached"),
    Row(
        (*AJAR, UNLOCKED, LOCKDOWN), Cause.GRANTED, SAME, When.IN_LOCKDOWN, refusal="lockdown is on"
    ),
    Row(
        (LOCKED, *AJAR, FREE), Cause.GRANTED, SAME, When.INTERLOCKED, refusal="another door is open"
    ),
    Row((LOCKED, UNLOCKED), Cause.GRANTED, UNLOCKED, acts=(Act.PULSE,)),
    Row((OPEN,), Cause.GRANTED, SAME, acts=(Act.PULSE, Act.WATCH)),
    Row((HELD, FORCED, FREE), Cause.GRANTED, SAME, acts=(Act.PULSE,)),
    # --- to let out
    Row(
        (*AT_REST, UNLOCKED),
        Cause.EXIT,
        UNLOCKED,
        When.EXIT_UNLOCKS,
        (Act.PULSE,),
        (E.EXIT_REQUESTED,),
    ),
    Row((*AJAR, FREE), Cause.EXIT, SAME, When.EXIT_UNLOCKS, (Act.PULSE,), (E.EXIT_REQUESTED,)),
    Row(WORKING, Cause.EXIT, SAME, facts=(E.EXIT_REQUESTED,)),
    # --- the leaf
    Row((UNLOCKED,), Cause.OPENED, OPEN, acts=(Act.RELOCK_SOON, Act.WATCH), facts=(E.DOOR_OPENED,)),
    Row(AT_REST, Cause.OPENED, OPEN, When.RIGHTLY, (Act.WATCH,), (E.DOOR_OPENED,)),
    Row(
        AT_REST,
        Cause.OPENED,
        FORCED,
        acts=(Act.ALARM_FORCED,),
        facts=(E.DOOR_FORCED,),
        detail="opened though nobody was let in or asked to leave",
    ),
    Row((FREE,), Cause.OPENED, SAME, acts=(Act.RELOCK_SOON,), facts=(E.DOOR_OPENED,)),
    Row(AJAR, Cause.SHUT, UNLOCKED, When.PULSE_LASTS, facts=(E.DOOR_CLOSED,)),
    Row(AJAR, Cause.SHUT, REST, acts=(Act.END_PULSE,), facts=(E.DOOR_CLOSED,)),
    Row((FREE,), Cause.SHUT, SAME, facts=(E.DOOR_CLOSED,)),
    # --- the second door of a lock
    Row((UNLOCKED,), Cause.OTHER_OPENED, REST, acts=(Act.END_PULSE,)),
    Row((*AJAR, FREE), Cause.OTHER_OPENED, SAME, acts=(Act.END_PULSE,)),
    Row((FREE,), Cause.OTHER_SHUT, SAME),
    # --- time
    Row((UNLOCKED,), Cause.PULSE_OVER, REST, acts=(Act.END_PULSE,)),
    Row((*AJAR, FREE), Cause.PULSE_OVER, SAME, acts=(Act.END_PULSE,)),
    Row((OPEN,), Cause.HELD_SOON, SAME, acts=(Act.WARN,), facts=(E.DOOR_HELD_SOON,)),
    Row((OPEN,), Cause.HELD, HELD, acts=(Act.ALARM_HELD,), facts=(E.DOOR_HELD,)),
    # --- orders
    Row(
        (*AJAR, UNLOCKED, LOCKDOWN, FAULT),
        Cause.FREE_BEGUN,
        SAME,
        When.IN_LOCKDOWN,
        refusal="lockdown is on",
    ),
    Row((FAULT,), Cause.FREE_BEGUN, SAME, acts=(Act.FREE,), facts=(E.FREE_ACCESS_BEGUN,)),
    Row(
        (LOCKED, UNLOCKED, *AJAR, FREE),
        Cause.FREE_BEGUN,
        FREE,
        acts=(Act.FREE,),
        facts=(E.FREE_ACCESS_BEGUN,),
    ),
    Row(
        (FREE,),
        Cause.FREE_ENDED,
        OPEN,
        When.LEAF_OPEN,
        (Act.NOT_FREE, Act.WATCH),
        (E.FREE_ACCESS_ENDED,),
    ),
    Row(
        (FREE,),
        Cause.FREE_ENDED,
        UNLOCKED,
        When.PULSE_LASTS,
        (Act.NOT_FREE,),
        (E.FREE_ACCESS_ENDED,),
    ),
    Row(
        (FREE,),
        Cause.FREE_ENDED,
        LOCKED,
        acts=(Act.NOT_FREE, Act.END_PULSE),
        facts=(E.FREE_ACCESS_ENDED,),
    ),
    Row((FAULT,), Cause.FREE_ENDED, SAME, acts=(Act.NOT_FREE,), facts=(E.FREE_ACCESS_ENDED,)),
    Row(
        (FREE,),
        Cause.LOCKDOWN_BEGUN,
        OPEN,
        When.LEAF_OPEN,
        (Act.NOT_FREE, Act.LOCKDOWN, Act.END_PULSE, Act.WATCH),
        (E.FREE_ACCESS_ENDED, E.LOCKDOWN_BEGUN),
    ),
    Row(
        (FREE,),
        Cause.LOCKDOWN_BEGUN,
        LOCKDOWN,
        acts=(Act.NOT_FREE, Act.LOCKDOWN, Act.END_PULSE),
        facts=(E.FREE_ACCESS_ENDED, E.LOCKDOWN_BEGUN),
    ),
    Row(
        (FAULT,),
        Cause.LOCKDOWN_BEGUN,
        SAME,
        When.FREE,
        (Act.NOT_FREE, Act.LOCKDOWN),
        (E.FREE_ACCESS_ENDED, E.LOCKDOWN_BEGUN),
    ),
    Row(
        (*AT_REST, UNLOCKED),
        Cause.LOCKDOWN_BEGUN,
        LOCKDOWN,
        acts=(Act.LOCKDOWN, Act.END_PULSE),
        facts=(E.LOCKDOWN_BEGUN,),
    ),
    Row(
        (*AJAR, FAULT),
        Cause.LOCKDOWN_BEGUN,
        SAME,
        acts=(Act.LOCKDOWN, Act.END_PULSE),
        facts=(E.LOCKDOWN_BEGUN,),
    ),
    Row(
        (LOCKDOWN,),
        Cause.LOCKDOWN_ENDED,
        LOCKED,
        acts=(Act.NO_LOCKDOWN,),
        facts=(E.LOCKDOWN_ENDED,),
    ),
    Row(
        (UNLOCKED, *AJAR, FAULT),
        Cause.LOCKDOWN_ENDED,
        SAME,
        acts=(Act.NO_LOCKDOWN,),
        facts=(E.LOCKDOWN_ENDED,),
    ),
    # Whoever acknowledges records it. A leaf still open is watched anew: it cannot be silenced
    # for ever.
    Row(AJAR, Cause.ACKNOWLEDGED, SAME, When.OF_ANOTHER, (Act.SILENCE,)),
    Row(AJAR, Cause.ACKNOWLEDGED, OPEN, acts=(Act.SILENCE, Act.WATCH)),
    Row((*AT_REST, UNLOCKED, FREE, FAULT), Cause.ACKNOWLEDGED, SAME, acts=(Act.SILENCE,)),
    # --- faults
    # The logic tells RELAY_LOST or GUARD_LOST and what ends it, once a fault.
    Row(ALL, Cause.LOST, FAULT, acts=(Act.END_PULSE,)),
    Row(WORKING, Cause.BLIND, FAULT, acts=(Act.END_PULSE,)),
    Row((FAULT,), Cause.BACK, FREE, When.FREE),
    Row(
        (FAULT,),
        Cause.BACK,
        FORCED,
        When.FORCED_UNSEEN,
        (Act.ALARM_FORCED,),
        (E.DOOR_FORCED,),
        "found open after a fault; it was shut and locked before",
    ),
    Row(
        (FAULT,),
        Cause.BACK,
        OPEN,
        When.LEAF_OPEN,
        (Act.WATCH,),
        (E.DOOR_OPENED,),
        "found open; nobody saw who opened it",
    ),
    Row(
        (FAULT,),
        Cause.BACK,
        REST,
        When.OPEN_BEFORE,
        facts=(E.DOOR_CLOSED,),
        detail="found shut after a fault; it was open before",
    ),
    Row((FAULT,), Cause.BACK, REST),
    # --- the end; free access ends before
    Row((UNLOCKED,), Cause.STOPPED, REST, acts=(Act.END_PULSE,)),
    Row(AJAR, Cause.STOPPED, SAME, acts=(Act.END_PULSE,)),
)


def targets(row: Row, state: DoorState) -> tuple[DoorState, ...]:
    """Return the states to which a row may lead from ``state``."""
    if row.to is Target.SAME:
        return (state,)
    if row.to is not Target.REST:
        return (row.to,)
    # Of a door that rests, the state itself says whether there is a lockdown.
    return (state,) if state in AT_REST else AT_REST


def transitions() -> frozenset[tuple[int, DoorState, DoorState]]:
    """Return every transition: the row's index, from, to."""
    return frozenset(
        (index, state, to)
        for index, row in enumerate(TABLE)
        for state in row.states
        for to in targets(row, state)
    )
