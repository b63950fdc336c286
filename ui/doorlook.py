"""How the door looks on the kiosk's own screen: in large type, as a notice, in the small print."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from kiosk.domain import DoorAlarm, DoorState, DoorStatus, Phase
from ui import doortexts, texts, theme
from ui.texts import StateText

_UNTOLD = frozenset({Phase.IDLE, Phase.GUIDANCE, Phase.CHECKING, Phase.NOT_RECOGNISED})
"""Nobody is being told anything that is meant for them alone."""
_POINTLESS = _UNTOLD | {Phase.STARTING, Phase.DENIED, Phase.SECOND, Phase.PIN}
"""While the door is open for everybody."""
_SMALL: dict[DoorState, tuple[str, str]] = {
    DoorState.LOCKED: (theme.TEXT_SOFT, "lock"),
    DoorState.UNLOCKED: (theme.OK, "unlock"),
    DoorState.OPEN: (theme.ACCENT, "door"),
    DoorState.HELD: (theme.DANGER, "bell"),
    DoorState.FORCED: (theme.DANGER, "bell"),
    DoorState.FREE_ACCESS: (theme.OK, "unlock"),
    DoorState.LOCKDOWN: (theme.DANGER, "stop"),
    DoorState.FAULT: (theme.DANGER, "warning"),
}


class DoorLook(NamedTuple):
    """What the large panel says of the door."""

    text: StateText
    colour: str
    ends_ns: int | None = None
    """Monotonic time to count down to."""


class SmallPrint(NamedTuple):
    """A few words, their colour and icon."""

    words: str
    colour: str
    icon: str


def door_look(phase: Phase, status: DoorStatus, now_ns: int, now: datetime) -> DoorLook | None:
    """Return what to say of the door in the place of a phase; None where the phase is shown."""
    if phase is Phase.OUT_OF_ORDER or status.state is DoorState.FAULT:
        return None
    if status.is_lockdown:
        return DoorLook(doortexts.LOCKDOWN, theme.DANGER)
    if status.is_free and phase in _POINTLESS:
        if status.inputs.other_open:
            return DoorLook(doortexts.OTHER_OPEN, theme.WARNING)
        until = _wall_time(status.relock_at_ns, now_ns, now)
        return DoorLook(doortexts.free_until(until, now), theme.OK)
    if phase not in _UNTOLD:
        return None
    if status.state is DoorState.FORCED:
        return DoorLook(doortexts.FORCED, theme.DANGER)
    if status.state is DoorState.HELD:
        return DoorLook(doortexts.HELD, theme.DANGER)
    if status.alarm is DoorAlarm.HELD_SOON:
        return DoorLook(doortexts.HELD_SOON, theme.WARNING, status.alarm_at_ns)
    if status.state is DoorState.LOCKED and status.inputs.other_open:
        return DoorLook(doortexts.OTHER_OPEN, theme.WARNING)
    if status.state is DoorState.UNLOCKED and phase is Phase.IDLE:
        # Only while nobody stands there: who is not recognised need not be invited.
        return DoorLook(doortexts.UNLOCKED, theme.OK, status.relock_at_ns)
    return None


def alarm_notice(status: DoorStatus, look: DoorLook | None) -> str:
    """Return the alarm that the large panel does not tell of, if there is one."""
    if status.alarm is None or (look is not None and look.text in _ALARM_TEXTS):
        return ""
    return doortexts.ALARMS[status.alarm]


def free_notice(status: DoorStatus, look: DoorLook | None) -> str:
    """Return that everybody may walk in, where the large panel has something else to say."""
    is_told = look is not None or status.state is DoorState.FAULT
    return doortexts.FREE_NOTICE if status.is_free and not is_told else ""


_ALARM_TEXTS = (doortexts.FORCED, doortexts.HELD, doortexts.HELD_SOON)


def small_print(status: DoorStatus, now_ns: int, now: datetime) -> SmallPrint:
    """Return the line about the door below everything."""
    state = status.state
    is_calm = state not in (DoorState.FAULT, DoorState.FORCED, DoorState.HELD)
    if is_calm and status.is_lockdown:
        state = DoorState.LOCKDOWN
    elif is_calm and status.is_free:
        state = DoorState.FREE_ACCESS
    words, (colour, icon) = texts.DOOR_STATES[state], _SMALL[state]
    if state is DoorState.OPEN and status.alarm is DoorAlarm.HELD_SOON:
        colour, icon = theme.WARNING, "bell"
    elif state is DoorState.FREE_ACCESS:
        until = _wall_time(status.relock_at_ns, now_ns, now)
        words = words if until is None else doortexts.small_until(until)
    return SmallPrint(words, colour, icon)


def _wall_time(at_ns: int | None, now_ns: int, now: datetime) -> datetime | None:
    """Return when that is on the wall, to the nearest minute: no more of it is shown."""
    if at_ns is None:
        return None
    return now + timedelta(microseconds=(at_ns - now_ns) / 1000, seconds=30)
