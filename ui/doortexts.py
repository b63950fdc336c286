"""What the kiosk's own screen says of the door, to somebody who stands before it."""

from __future__ import annotations

from datetime import datetime

from kiosk.domain import DoorAlarm
from ui.texts import StateText

FREE = StateText("The door is open", "Everybody may walk in.", "unlock")
LOCKDOWN = StateText("Lockdown", "Nobody is let in. Follow the instructions of the staff.", "stop")
OTHER_OPEN = StateText("Please wait", "Another door is open. First it has to be closed.", "door")
UNLOCKED = StateText("The door is unlocked", "It locks again by itself.", "unlock")
HELD_SOON = StateText(
    "Please close the door", "It has been open for long. Soon there is an alarm.", "door"
)
HELD = StateText("Close the door now", "It has been open too long: there is an alarm.", "bell")
FORCED = StateText(
    "Door alarm",
    "The door was opened without permission. Close it, and tell the administrator.",
    "bell",
)

ALARMS = {
    DoorAlarm.HELD_SOON: "Please close the door: soon there is an alarm.",
    DoorAlarm.HELD: "Door alarm: the door was left open too long. Please tell the administrator.",
    DoorAlarm.FORCED: (
        "Door alarm: the door was opened without permission. Please tell the administrator."
    ),
}
FREE_NOTICE = "The door is open for everybody."
CLOCK_NOTICE = (
    "The time is not known: people who may enter only at certain hours are not let in. Please tell "
    "the administrator."
)
NO_TIME = "--:--"
NO_DATE = "Time not known"


def free_until(until: datetime | None, now: datetime) -> StateText:
    """Say that the door is open for everybody, and until when."""
    if until is None:
        return FREE
    # Without the day, what ends tomorrow would read as if it were over.
    day = "" if until.date() == now.date() else " tomorrow"
    return FREE._replace(detail=f"{FREE.detail}\nUntil {until:%H:%M}{day}.")


def small_until(until: datetime) -> str:
    """Say in the small print until when the door is open for everybody."""
    return f"Open until {until:%H:%M}"
