"""Every text on screen, in one place: short, friendly, and the same word for the same thing."""

from __future__ import annotations

import math
from datetime import date
from typing import NamedTuple

from kiosk.domain import CameraState, DenialReason, DoorState, EventKind, Guidance, Phase
from kiosk.listener import PinPrompt


class StateText(NamedTuple):
    """What the main screen says in one state."""

    headline: str
    detail: str
    icon: str


PHASES: dict[Phase, StateText] = {
    Phase.STARTING: StateText("Just a moment", "The kiosk is starting.", "clock"),
    Phase.IDLE: StateText("Step closer", "Look at the camera to open the door.", "face"),
    Phase.GUIDANCE: StateText("Look at the camera", "Stand in front of the screen.", "face"),
    Phase.CHECKING: StateText("Checking…", "Stay just as you are.", "face"),
    Phase.WELCOME: StateText("Welcome", "", ""),
    Phase.PIN: StateText("Your PIN, please", "It opens the door.", "key"),
    Phase.SECOND: StateText(
        "One more person, please",
        "Two people have to come together. Now the second one looks at the camera.",
        "people",
    ),
    Phase.DENIED: StateText("Not at this time", "The door stays locked.", "clock"),
    Phase.NOT_RECOGNISED: StateText(
        "Not recognised", "Step back and try again, or ask for help.", "cross"
    ),
    Phase.OUT_OF_ORDER: StateText("Out of order", "The door stays locked.", "warning"),
}

# Why somebody recognised is not let in, where it is not the time.
DENIALS: dict[DenialReason, StateText] = {
    DenialReason.NO_PIN: StateText(
        "You need a PIN",
        "Somebody looks very much like you. Ask the administrator for a PIN.",
        "key",
    ),
    DenialReason.PIN_MISSED: StateText(
        "Time is up", "No PIN was right. Step back and come again to try once more.", "clock"
    ),
    DenialReason.PIN_LOCKED: StateText("Too many wrong tries", "Please ask for help.", "lock"),
    DenialReason.PIN_UNCHECKED: StateText(
        "The PIN cannot be checked", "The door stays locked. Please ask for help.", "warning"
    ),
    DenialReason.PIN_NEEDED: StateText(
        "You need a PIN",
        "At this time the door asks for one. Ask the administrator for a PIN.",
        "key",
    ),
    DenialReason.FACE_NEEDED: StateText(
        "Your face, please",
        "At this time a PIN alone does not open the door. Stand in front of the camera and try "
        "again.",
        "face",
    ),
    DenialReason.WRONG_DOOR: StateText(
        "Not by this door", "You may not enter here. Use another door, or ask for help.", "door"
    ),
    DenialReason.NOT_YET_VALID: StateText(
        "Not valid yet", "You may enter later. Please ask for help.", "calendar"
    ),
    DenialReason.EXPIRED: StateText(
        "No longer valid",
        "The time in which you may enter is over. Please ask for help.",
        "calendar",
    ),
    DenialReason.USED_UP: StateText(
        "The pass is used up",
        "You have entered as often as it allows. Please ask for help.",
        "ticket",
    ),
    DenialReason.WAITS_FOR_FIRST: StateText(
        "Not open yet", "Somebody who opens the house has to come first. Please wait.", "clock"
    ),
    DenialReason.PASSBACK: StateText(
        "You are inside already",
        "You came in a moment ago. Wait a little and try again, or ask for help.",
        "person",
    ),
    DenialReason.INTERLOCK: StateText(
        "Another door is open", "Wait until it is closed, then try again.", "door"
    ),
    DenialReason.SECOND_MISSING: StateText(
        "Nobody else came",
        "Two people have to come together. Step back and try again, both of you.",
        "people",
    ),
    DenialReason.CLOCK: StateText(
        "The time is not known",
        "The kiosk cannot tell whether you may enter now. Please ask for help.",
        "clock",
    ),
    DenialReason.LOCKDOWN: StateText(
        "Lockdown", "Nobody is let in. Follow the instructions of the staff.", "stop"
    ),
    DenialReason.RIGHTS_DAMAGED: StateText(
        "Please ask for help", "The kiosk cannot read whether you may enter.", "warning"
    ),
}

# Said only while the relay is known to hold the door open.
WELCOME_OPEN = StateText("Welcome", "The door is open.", "unlock")

GUIDANCE: dict[Guidance, StateText] = {
    Guidance.NO_FACE: StateText("Stand here", "Stand in front of the camera.", "face"),
    Guidance.STEP_CLOSER: StateText("Come closer", "One step nearer to the screen.", "closer"),
    Guidance.STEP_BACK: StateText("Step back", "A little farther from the screen.", "farther"),
    Guidance.MOVE_INTO_VIEW: StateText(
        "Move into view", "Your whole face should be in the picture.", "center"
    ),
    Guidance.ONE_AT_A_TIME: StateText(
        "One at a time", "Please let one person step forward.", "people"
    ),
    Guidance.LOOK_AT_CAMERA: StateText("Look at the camera", "Face the screen straight on.", "eye"),
    Guidance.HEAD_UPRIGHT: StateText("Head upright", "Hold your head straight.", "upright"),
    Guidance.MORE_LIGHT: StateText("Too dark", "Step into the light, please.", "moon"),
    Guidance.LESS_LIGHT: StateText("Too bright", "Step out of the bright light.", "sun"),
    Guidance.EVEN_LIGHT: StateText(
        "Uneven light", "Turn so that the light falls on your whole face.", "half_light"
    ),
    Guidance.HOLD_STILL: StateText("Hold still", "Just for a second.", "still"),
    Guidance.PRESENTATION: StateText(
        "A picture does not open the door", "Show your own face to the camera.", "photo"
    ),
    Guidance.UNCOVER_FACE: StateText(
        "Uncover your face", "Take mask, scarf or dark glasses off for a moment.", "face"
    ),
    # The arrow points where the person turns: the picture is a mirror, their left is on the left.
    Guidance.TURN_LEFT: StateText(
        "Turn your head left", "Slowly, to where the arrow points.", "turn_left"
    ),
    Guidance.TURN_RIGHT: StateText(
        "Turn your head right", "Slowly, to where the arrow points.", "turn_right"
    ),
    Guidance.LOOK_BACK: StateText("And back again", "Look straight at the camera.", "face"),
}

# --- enrolment: the views by the name of kiosk.enrolment.View -------------------------------------

VIEW_PROMPTS: dict[str, tuple[str, str]] = {
    "FRONT": ("Look straight ahead", "Face the camera, eyes open."),
    "LEFT": ("Turn to your left", "Slowly, a little, until the ring fills."),
    "RIGHT": ("Turn to your right", "Slowly, a little, until the ring fills."),
    "UP": ("Chin up", "Look slightly above the screen."),
    "DOWN": ("Chin down", "Look slightly below the screen."),
}
VIEW_NAMES = {"FRONT": "Front", "LEFT": "Left", "RIGHT": "Right", "UP": "Up", "DOWN": "Down"}

ENROL_TITLE = "Enrol a person"
ENROL_NAME = "Name"
ENROL_NUMBER = "Staff or badge number (optional)"
ENROL_CONSENT = (
    "The person agrees that a template of their face is stored to open this door. "
    "No photograph is kept."
)
ENROL_START = "Take pictures"
ENROL_NEEDS_NAME = "Enter the person's name."
ENROL_NEEDS_CONSENT = "Tick the consent: without it nobody may be enrolled."
ENROL_CAPTURING = "Five views of"
ENROL_DONE = "All five views are taken"
ENROL_SAVE = "Save"
ENROL_SAVING = "Saving…"
ENROL_RETAKE = "Take again"
ENROL_ANYWAY = "Enrol anyway"
ENROL_GO_BACK = "Go back"
ENROL_ALIKE_TITLE = "Already enrolled?"

# --- administrator --------------------------------------------------------------------------------

LOGIN_TITLE = "Administrator"
LOGIN_PROMPT = "Enter the PIN"
LOGIN_CHECKING = "Checking the PIN…"
LOGIN_FAILED = "Try again."

SETUP_TITLE = "Choose a PIN"
SETUP_PROMPT = "It protects the people, the log and the settings of this door. At least 6 digits."
SETUP_REPEAT = "Enter the same PIN once more."
SETUP_DIFFERENT = "The two PINs differ. Choose again."
SETUP_SAVING = "Saving…"
SETUP_DONE = "The PIN is set."
DOOR_PIN_TITLE = "Your PIN, please"
DOOR_PIN_PROMPT = "Somebody looks very much like you. The PIN says who you are."
DOOR_PIN_SCHEDULED = "At this time the door asks for your PIN as well."
DOOR_PIN_RIGHT = "Look at the camera: the door opens."
KEYPAD_OPEN = "Enter with PIN"
KEYPAD_NUMBER_TITLE = "Your number"
KEYPAD_NUMBER = "Type your staff or badge number, then touch Next."
KEYPAD_PIN_TITLE = "Your PIN"
KEYPAD_PIN = "Type your PIN, then touch OK."
KEYPAD_NEXT = "Next"
KEYPAD_CHECKING = "Checking…"
KEYPAD_RIGHT = "Number and PIN are right. Now the door asks for your face as well."
PERSON_PIN_TITLE = "Personal PIN"
PERSON_PIN_PROMPT = "It is asked for at the door where faces are alike. 4 to 8 digits."
PERSON_PIN_ALIKE = (
    "This face is like somebody else's: at the door a PIN is asked for. Without one the door stays "
    "locked. 4 to 8 digits."
)
PERSON_PIN_LATER = "Later"
PERSON_PIN_REMOVE = "Remove PIN"
PERSON_PIN_REMOVE_TEXT = "Nothing else changes."
PERSON_PIN_REMOVE_ALIKE = "Their face is like somebody else's: without a PIN they cannot enter."
CHANGE_TITLE = "Change PIN"
CHANGE_PROMPT = "Choose the new PIN. At least 6 digits."

ADMIN_TITLE = "Administration"
ADMIN_PEOPLE = "People"
ADMIN_PEOPLE_NOTE = "Search, disable, delete"
ADMIN_ENROL = "Enrol"
ADMIN_ENROL_NOTE = "Add a person"
ADMIN_EVENTS = "Access log"
ADMIN_EVENTS_NOTE = "Read and export"
ADMIN_DIAGNOSTICS = "Diagnostics"
ADMIN_DIAGNOSTICS_NOTE = "Health, speed, relay"
ADMIN_PIN = "Change PIN"
ADMIN_PIN_NOTE = "Administrator's PIN"
ADMIN_CLOSE = "Close"
ADMIN_CLOSE_NOTE = "Back to the door"

PEOPLE_SEARCH = "Search name or number"
PEOPLE_NONE = "Nobody is enrolled yet."
PEOPLE_NO_MATCH = "Nobody matches the search."
PEOPLE_CHOOSE = "Choose a person from the list."
PEOPLE_ENABLED = "May enter"
PEOPLE_DISABLED = "Blocked"
PEOPLE_NO_NUMBER = "No number"
PEOPLE_ENABLE = "Allow entry"
PEOPLE_DISABLE = "Block entry"
PEOPLE_REENROL = "New pictures"
PEOPLE_PIN_SET = "Set a PIN"
PEOPLE_PIN_CHANGE = "Change PIN"
PEOPLE_ALIKE = "Looks like somebody else"
PEOPLE_ALIKE_NO_PIN = "Looks like somebody else: needs a PIN"
PEOPLE_HAS_PIN = "Has a PIN"
PEOPLE_DELETE = "Delete"
PEOPLE_DELETE_TEXT = (
    "The person, their face templates and their name in the log are removed for good."
)

EVENTS_TODAY = "Today"
EVENTS_WEEK = "7 days"
EVENTS_MONTH = "30 days"
EVENTS_ALL = "All"
EVENTS_RANGE = "From – to"
EVENTS_EVERYBODY = "Everybody"
EVENTS_EXPORT = "Export"
EVENTS_NONE = "Nothing was recorded in this time."
EVENTS_LOADING = "Reading the log…"
RANGE_TITLE = "Which days?"
RANGE_FROM = "Tap the first day."
RANGE_TO = "Tap the last day."
RANGE_USE = "Show"
PERSON_TITLE = "Whose events?"

EXPORT_TITLE = "Export to a USB stick"
EXPORT_SEARCHING = "Looking for USB sticks…"
EXPORT_NONE = "No USB stick found"
EXPORT_PLUG_IN = "Plug one in, wait a moment, and touch Search again."
EXPORT_CHOOSE = "Choose the stick to write to."
EXPORT_AGAIN = "Search again"
EXPORT_RUNNING = "Writing the access log…"
EXPORT_RUNNING_NOTE = "Leave the stick in."
EXPORT_SAFE = "You may remove the stick now."
EXPORT_NOT_SAFE = "Do not pull the stick out yet."
EXPORT_FAILED = "The export did not work."
EXPORT_READ_ONLY = "write-protected"
EXPORT_DONE = "Done"
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
WEEKDAYS_LONG = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

HEALTH_WORDS = {"ok": "OK", "warning": "Check", "fault": "Fault"}
DIAG_HEALTH = "Health"
DIAG_SPEED = "Time per frame"
DIAG_NO_SPEED = "No frame was analysed yet."
DIAG_RECOGNITION = "Recognition"
DIAG_SCORES = "Similarity of the last five minutes"
DIAG_NO_SCORES = "No face was compared in the last five minutes."
DIAG_PASSED = "passed"
DIAG_NOT_PASSED = "not passed"
DIAG_THRESHOLD = "threshold"
DIAG_REFUSALS = "Faces not used since the start, by reason"
DIAG_NO_REFUSALS = "None since the program was started."
DIAG_OTHER_REASONS = "Other reasons"
DIAG_TEST = "Test the relay"
DIAG_TEST_TITLE = "Open the door once?"
DIAG_TEST_TEXT = "The relay is switched on for one pulse, and the log says so."
DIAG_TEST_YES = "Open"
DIAG_TESTED = "The relay was switched on for one pulse."

CANCEL = "Cancel"
BACK = "Back"
CLOSE = "Close"
OK = "OK"
KEY_SPACE = "space"
KEY_DONE = "Done"
KEY_PAGES = ("abc", "áéñ", "łšž")
DISK_ERROR = "Something went wrong. Look at the log file."

# The small print: a portrait screen has no room for more.
DOOR_STATES = {
    DoorState.LOCKED: "Door locked",
    DoorState.UNLOCKED: "Door unlocked",
    DoorState.OPEN: "Door open",
    DoorState.HELD: "Open too long",
    DoorState.FORCED: "Door forced",
    DoorState.FREE_ACCESS: "Open to all",
    DoorState.LOCKDOWN: "Lockdown",
    DoorState.FAULT: "Door fault",
}
CAMERA_STATES = {
    CameraState.OPENING: "Camera opening",
    CameraState.STREAMING: "Camera",
    CameraState.LOST: "Camera lost",
    CameraState.ENDED: "Pictures ended",
}

EVENT_KINDS: dict[EventKind, str] = {
    EventKind.STARTED: "Kiosk started",
    EventKind.STOPPED: "Kiosk stopped",
    EventKind.GRANTED: "Access granted",
    EventKind.NOT_RECOGNISED: "Not recognised",
    EventKind.DENIED: "Entry denied",
    EventKind.PIN_REFUSED: "Wrong PIN at the door",
    EventKind.PIN_LOCKOUT: "PIN entry at the door locked",
    EventKind.PRESENTATION_ATTACK: "Photograph refused",
    EventKind.DOOR_UNLOCKED: "Door unlocked",
    EventKind.DOOR_LOCKED: "Door locked",
    EventKind.RELAY_LOST: "Relay lost",
    EventKind.RELAY_BACK: "Relay back",
    EventKind.CAMERA_LOST: "Camera lost",
    EventKind.CAMERA_BACK: "Camera back",
    EventKind.FAULT: "Fault",
    EventKind.ENROLLED: "Person enrolled",
    EventKind.PERSON_CHANGED: "Person changed",
    EventKind.PERSON_DELETED: "Person deleted",
    EventKind.PIN_CHANGED: "PIN changed",
    EventKind.ADMIN_LOGIN: "Administrator logged in",
    EventKind.ADMIN_REFUSED: "Wrong PIN",
    EventKind.ADMIN_LOCKOUT: "PIN entry locked",
    EventKind.EXPORTED: "Log exported",
    EventKind.MODELS_IMPORTED: "Face models imported",
    EventKind.DOOR_OPENED: "Door opened",
    EventKind.DOOR_CLOSED: "Door closed",
    EventKind.DOOR_FORCED: "Door forced open",
    EventKind.DOOR_HELD_SOON: "Door open for long",
    EventKind.DOOR_HELD: "Door open too long",
    EventKind.EXIT_REQUESTED: "Exit button pressed",
    EventKind.MANUAL_UNLOCK: "Opened by hand",
    EventKind.FREE_ACCESS_BEGUN: "Free access begins",
    EventKind.FREE_ACCESS_ENDED: "Free access ends",
    EventKind.LOCKDOWN_BEGUN: "Lockdown begins",
    EventKind.LOCKDOWN_ENDED: "Lockdown ends",
    EventKind.ALARM_ACKNOWLEDGED: "Alarm acknowledged",
    EventKind.DURESS: "Opened under threat",
    EventKind.GUARD_LOST: "Guard of the relay lost",
    EventKind.GUARD_BACK: "Guard of the relay back",
    EventKind.PASSBACK: "Entered twice without leaving",
    EventKind.RIGHTS_CHANGED: "Rights changed",
    EventKind.CLOCK_UNTRUSTED: "Time not known any more",
    EventKind.CLOCK_TRUSTED: "Time known again",
    EventKind.COMMAND_RECEIVED: "Command from the building",
    EventKind.COMMAND_REFUSED: "Command refused",
}


def attempts_left(count: int) -> str:
    """Say how often a PIN may still be tried."""
    return f"Wrong PIN. {count} {'try' if count == 1 else 'tries'} left."


def locked_for(seconds: int) -> str:
    """Say how long PIN entry stays locked."""
    return f"Too many wrong PINs. {_wait(seconds)}"


def _wait(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    clock = f"{minutes}:{rest:02d} min" if minutes else f"{rest} s"
    return f"Wait {clock}."


def pose_numbers(yaw_deg: float, pitch_deg: float, roll_deg: float) -> str:
    """Return head-pose angles as whole degrees with their signs."""
    parts = zip(("yaw", "pitch", "roll"), (yaw_deg, pitch_deg, roll_deg), strict=True)
    return "  ".join(f"{name} {signed_degrees(angle)}" for name, angle in parts)


def signed_degrees(angle: float) -> str:
    """Return whole degrees with a real minus sign; zero has no sign."""
    whole = round(angle)
    return f"{'+' if whole > 0 else '−' if whole < 0 else ''}{abs(whole)}°"


def looks_like(name: str, similarity: float) -> str:
    """Warn that a new face resembles somebody enrolled."""
    return (
        f"This face looks like {name} (similarity {similarity:.2f}). If it is somebody else, both "
        "will be asked for a PIN at the door."
    )


def door_pin(prompt: PinPrompt) -> tuple[str, str]:
    """Say how it stands with the PIN asked for at the door; and the tone of it."""
    if prompt.is_right:
        return DOOR_PIN_RIGHT, "ok"
    if prompt.is_checking:
        return LOGIN_CHECKING, ""
    if not prompt.answers:
        return (DOOR_PIN_SCHEDULED if prompt.is_scheduled else DOOR_PIN_PROMPT), ""
    left = prompt.attempts_left
    return (attempts_left(left) if left else f"Wrong PIN. {LOGIN_FAILED}"), "danger"


def second_person(name: str) -> StateText:
    """Tell somebody who is recognised that another person has to come."""
    text = PHASES[Phase.SECOND]
    return text._replace(detail=f"Welcome, {name}. {text.detail}") if name else text


def number_or_pin_wrong(left: int) -> str:
    """Say that a number and a PIN do not go together, and how often they may still be tried.

    Which of the two was wrong nobody may learn.
    """
    tries = f"{left} {'try' if left == 1 else 'tries'} left." if left else LOGIN_FAILED
    return f"Number or PIN is wrong. {tries}"


def person_pin_set(name: str) -> str:
    """Tell that somebody has a PIN now."""
    return f"The PIN of {name} is set."


def person_pin_missing(name: str) -> str:
    """Tell what it means that somebody has no PIN yet."""
    return f"{name} has no new PIN. Without one the door stays locked."


def person_pin_remove_title(name: str) -> str:
    """Ask before a personal PIN is removed."""
    return f"Remove the PIN of {name}?"


def person_pin_removed(name: str) -> str:
    """Tell that a personal PIN was removed."""
    return f"{name} has no PIN any more."


def person_facts(has_pin: bool, is_look_alike: bool) -> str:
    """Say what there is to know about somebody's PIN; empty when nothing."""
    if is_look_alike:
        return f"{PEOPLE_ALIKE}. {PEOPLE_HAS_PIN}." if has_pin else f"{PEOPLE_ALIKE_NO_PIN}."
    return f"{PEOPLE_HAS_PIN}." if has_pin else ""


def denied(denial: DenialReason, wait_s: float, hours: str = "") -> StateText:
    """Tell somebody why they are not let in, where it is not the time."""
    text = DENIALS[denial]
    if wait_s > 0:
        return text._replace(detail=_wait(math.ceil(wait_s)))
    if denial is DenialReason.NOT_YET_VALID and hours:
        return text._replace(detail=f"You may enter from {hours} on.")
    return text


def delete_title(name: str) -> str:
    """Ask before a person is deleted."""
    return f"Delete {name}?"


def enrolled(name: str) -> str:
    """Tell that a person was saved."""
    return f"{name} is enrolled."


def closing_in(seconds: int) -> str:
    """Tell that the admin screens are about to close by themselves."""
    return f"Closes in {seconds} s"


def templates(count: int) -> str:
    """Say how many face templates a person has."""
    return f"{count} face template{'' if count == 1 else 's'}"


def since(date: str) -> str:
    """Say since when a person is enrolled."""
    return f"Enrolled {date}"


def free_space(free_bytes: int, filesystem: str) -> str:
    """Describe a USB stick."""
    return f"{free_bytes / 1e9:.1f} GB free · {filesystem}"


def day_range(first: date, last: date) -> str:
    """Describe the days chosen."""
    ends = [f"{day.day} {MONTHS[day.month - 1]} {day.year}" for day in (first, last)]
    return ends[0] if first == last else " – ".join(ends)


def frames_counted(analysed: int, skipped: int, drawn: int, undrawn: int) -> str:
    """Count frames: dropped ones are the price of never showing an old one."""
    return (
        f"Results: {analysed} shown, {skipped} skipped\nPreview: {drawn} shown, {undrawn} skipped"
    )


def minutes_ago(minutes: int) -> str:
    """Name a place on the axis of the last minutes."""
    return f"−{minutes} min" if minutes else "now"


def count_and_share(count: int, total: int) -> str:
    """Return a number of frames and what part of all it is."""
    return f"{count} ({100 * count / max(total, 1):.0f} %)"


def scores_summary(
    count: int, passed: int, similarity: float | None, threshold: float | None
) -> str:
    """Say in a sentence what the plot of scores shows, for those who do not see it."""
    if similarity is None or threshold is None:
        return DIAG_NO_SCORES
    return (
        f"{count} compared, {passed} passed. The last one: similarity {similarity:.2f}, "
        f"threshold {threshold:.2f}."
    )


def refusals_summary(rows: list[tuple[str, int]], compared: int) -> str:
    """Say in a sentence what the bars of refusals show, for those who do not see them."""
    if not rows:
        return DIAG_NO_REFUSALS
    return f"{compared} compared; " + ", ".join(f"{words}: {count}" for words, count in rows) + "."


def entries(count: int, limit: int) -> str:
    """Say how many lines of the log are listed."""
    if count >= limit:
        return f"The newest {limit} entries"
    return f"{count} {'entry' if count == 1 else 'entries'}"


def not_at_this_time(name: str, hours: str) -> StateText:
    """Tell somebody who is recognised that they may not enter now, and when they may."""
    text = PHASES[Phase.DENIED]
    headline = f"{text.headline}\n{name}" if name else text.headline
    if not hours:
        return text._replace(headline=headline, detail="Please ask for help.")
    parts = "\n".join(hours.split("; "))
    when = "You may not enter." if hours == "never" else f"You may enter:\n{parts}"
    return text._replace(headline=headline, detail=when)


def door_opens_for(seconds: float) -> str:
    """Say how long the door stays unlocked, for the printed log."""
    return f"door unlocked {seconds:.1f} s"
