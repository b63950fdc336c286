"""The words of the screens for the door, rights and alarms; short, and the same word each time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from kiosk.access.model import AuthMode, Group, Holiday, Schedule, Window
from kiosk.domain import DoorAlarm, DoorState, DoorStatus
from ui.texts import MONTHS, WEEKDAYS, WEEKDAYS_LONG

# --- the menu -------------------------------------------------------------------------------------

DOOR = "Door"
DOOR_NOTE = "Open or lock down"
DOOR_NOTE_FREE = "Free access is on"
DOOR_NOTE_LOCKDOWN = "Lockdown is on"
ALARMS = "Alarms"
ALARMS_NOTE = "Nothing open"
SCHEDULES = "Schedules"
SCHEDULES_NOTE = "Hours of the week"
HOLIDAYS = "Holidays"
HOLIDAYS_NOTE = "Other hours"
GROUPS = "Groups"
GROUPS_NOTE = "Who may enter when"
GUEST = "Guest pass"
GUEST_NOTE = "For a day or an hour"
LISTS = "Lists"
LISTS_NOTE = "People to and from USB"
SAVE = "Save"
SAVED = "Saved."
DELETE = "Delete"
NEW = "New"
UNDO = "Undo"
DISCARD_TITLE = "Leave without saving?"
DISCARD_TEXT = "What you changed here is lost."
DISCARD_YES = "Leave"
ALL_GROUPS_HINT = "There is no group yet. Make one under Groups."

# --- the door -------------------------------------------------------------------------------------

DOOR_WORDS: dict[DoorState, str] = {
    DoorState.LOCKED: "Locked",
    DoorState.UNLOCKED: "Unlocked",
    DoorState.OPEN: "Open",
    DoorState.HELD: "Open too long",
    DoorState.FORCED: "Forced open",
    DoorState.FREE_ACCESS: "Free access",
    DoorState.LOCKDOWN: "Lockdown",
    DoorState.FAULT: "Fault",
}
DOOR_DETAILS: dict[DoorState, str] = {
    DoorState.LOCKED: "People are let in by their face or PIN.",
    DoorState.UNLOCKED: "Somebody was let in. It locks again by itself.",
    DoorState.OPEN: "Somebody went through.",
    DoorState.HELD: "Close the door.",
    DoorState.FORCED: "It was opened although nobody was let in or out.",
    DoorState.FREE_ACCESS: "Everybody may walk in.",
    DoorState.LOCKDOWN: "Nobody is let in.",
    DoorState.FAULT: "The door stays locked.",
}
DOOR_UNKNOWN = "Not known yet"
ALARM_WORDS: dict[DoorAlarm, str] = {
    DoorAlarm.HELD_SOON: "Close the door: soon there is an alarm.",
    DoorAlarm.HELD: "Alarm: it was open too long.",
    DoorAlarm.FORCED: "Alarm: it was forced open.",
}
LEAF_OPEN = "The door leaf is open."
LEAF_CLOSED = "The door leaf is closed."
LEAF_UNKNOWN = "There is no door sensor."
UNLOCK = "Open once"
UNLOCK_NOTE = "With a reason for the log"
UNLOCK_TITLE = "Why do you open the door?"
UNLOCK_REASONS = (
    "Delivery",
    "Visitor",
    "Craftsman",
    "Cleaning",
    "Not recognised",
    "Somebody with a walking aid",
    "Emergency",
)
UNLOCK_OTHER = "Another reason…"
UNLOCK_TYPED = "The reason"
UNLOCK_LONGER = "Leave it open longer, for a pram, a wheelchair or a heavy load"
UNLOCKED = "The door is open."
FREE = "Free access"
FREE_NOTE = "Everybody may walk in"
FREE_TITLE = "Free access for how long?"
FREE_TEXT = "The door stays unlocked for everybody all the time."
FREE_MINUTES: tuple[tuple[int | None, str], ...] = (
    (5, "5 minutes"),
    (15, "15 minutes"),
    (30, "30 minutes"),
    (60, "1 hour"),
    (120, "2 hours"),
    (240, "4 hours"),
    (480, "8 hours"),
    (None, "Until I end it"),
)
FREE_FOREVER_TITLE = "Free access until you end it?"
FREE_FOREVER_TEXT = "The door stays unlocked day and night until somebody ends it here."
FREE_BEGIN = "Unlock the door"
FREE_BEGUN = "Free access is on."
FREE_END = "End free access"
FREE_END_NOTE = "The door locks at once"
FREE_ENDED = "Free access is over. The door is locked."
LOCKDOWN = "Lockdown"
LOCKDOWN_NOTE = "Nobody is let in"
LOCKDOWN_TITLE = "Lock the door for everybody?"
LOCKDOWN_TEXT = (
    "Nobody is let in until you end the lockdown, not even with the right face or PIN. "
    "Free access ends. The way out stays free."
)
LOCKDOWN_YES = "Lock down"
LOCKDOWN_BEGUN = "Lockdown is on."
LOCKDOWN_END = "End lockdown"
LOCKDOWN_END_NOTE = "People are let in again"
LOCKDOWN_END_TITLE = "End the lockdown?"
LOCKDOWN_END_TEXT = "From then on people are let in by their face or PIN again."
LOCKDOWN_ENDED = "The lockdown is over."
FREE_SCHEDULE = "Unlocked for everybody by schedule"
FREE_SCHEDULE_NONE = "Never"
FREE_SCHEDULE_TITLE = "In which hours is the door unlocked?"
FREE_SCHEDULE_TEXT_NONE = "There is no schedule yet. Make one under Schedules."
CLOCK_WRONG = "The clock may be wrong: people with limited times are not let in."
CLOCK_CONFIRM = "The time is right"
CLOCK_CONFIRM_TEXT = "Only if it is: hours, guest passes and the log depend on it."
CLOCK_CONFIRMED = "The time is taken as right."

# --- alarms ---------------------------------------------------------------------------------------

ALARMS_NONE = "No open alarm"
ALARMS_NONE_NOTE = "Everything that happened was seen by somebody."
ALARMS_HINT = "Look after each one, then say that you have seen it. It stays in the log."
ALARMS_SEEN = "I have seen it"
ALARMS_SEEN_ALL = "All seen"
ALARMS_SEEN_ALL_TITLE = "All alarms seen?"
ALARMS_SEEN_ALL_TEXT = "Only if you have looked after each of them."
ALARMS_DONE = "Noted in the log."

# --- schedules ------------------------------------------------------------------------------------

WEEK_NAME = "The hours of the week, painted"
ROW_NAMES_SHORT = (*WEEKDAYS, "Holiday")
ROW_NAMES = (*WEEKDAYS_LONG, "Holidays")
SCHEDULES_NONE = "There is no schedule yet. Make the first one: its hours are painted onto a week."
SCHEDULE_NEW = "New schedule"
SCHEDULE_NAME = "Name of the schedule"
SCHEDULE_NAME_NOTE = "For example: Office hours, Cleaning, Weekend."
SCHEDULE_DELETE_TEXT = "It is gone for good. A schedule that a group uses cannot be deleted."
SCHEDULE_HINT = (
    "Drag to allow hours, drag over allowed hours to take them away. Touch a day for more."
)
SCHEDULE_NEVER = "This schedule lets nobody in. Paint the hours in which people may enter."
NEVER_TITLE = "Save a schedule that lets nobody in?"
NEVER_YES = "Save anyway"
SCHEDULE_FIRST = "Only after somebody who opens the house"
MODES: dict[AuthMode, str] = {
    AuthMode.FACE: "Face",
    AuthMode.FACE_AND_PIN: "Face and PIN",
    AuthMode.PIN: "PIN only",
    AuthMode.FACE_OR_PIN: "Face or PIN",
}
MODE_SENTENCES: dict[AuthMode, str] = {
    AuthMode.FACE: "People show their face.",
    AuthMode.FACE_AND_PIN: "People show their face and type their PIN.",
    AuthMode.PIN: "People type their number and PIN.",
    AuthMode.FACE_OR_PIN: "People show their face, or type their number and PIN.",
}
STEPS = {30: "½ hour", 15: "¼ hour"}
ROW_WHOLE = "All day"
ROW_CLEAR = "Not at all"
ROW_COPY = "Copy to"
ROW_WEEKDAYS = "Monday to Friday"
ROW_EVERY_DAY = "Every day"
ROW_EVERY_DAY_HOLIDAYS = "Every day, holidays too"

# --- holidays -------------------------------------------------------------------------------------

HOLIDAYS_NONE = "There is no holiday yet. On holidays, schedules use their row for holidays."
HOLIDAY_NEW = "Add a holiday"
HOLIDAY_DAY_TITLE = "Which day is it?"
HOLIDAY_DAY = "Day"
HOLIDAY_NAME = "Name"
HOLIDAY_NAME_TITLE = "Name of the holiday"
HOLIDAY_YEARLY = "Every year on this day"
HOLIDAY_CHOOSE = "Choose a holiday from the list, or add one."
HOLIDAY_EVERY_YEAR = "every year"
HOLIDAY_OVER = "over"
HOLIDAY_DELETE_TEXT = "The day is one like any other then."
HOLIDAY_TWICE = "That day is a holiday already."

# --- groups ---------------------------------------------------------------------------------------

GROUPS_NONE = "There is no group yet. A group says when its members may enter, and by which doors."
GROUP_NEW = "New group"
GROUP_NAME = "Name of the group"
GROUP_SCHEDULES = "May enter by these schedules"
GROUP_NO_SCHEDULES = "There is no schedule yet. Make one under Schedules first."
GROUP_DOORS = "Doors"
GROUP_DOORS_TITLE = "By which doors?"
GROUP_DOORS_NOTE = "Names of doors with commas between. Leave it empty for all doors."
GROUP_ALL_DOORS = "All doors"
GROUP_TWO = "Two of them have to come together"
GROUP_FIRST = "Opens the house: their arrival begins the day"
GROUP_PASSBACK = "May enter again without having left"
GROUP_DELETE_TEXT = "It is gone for good. A group that has members cannot be deleted."
GROUP_NEVER = "Without a schedule its members may never enter."

# --- a person's rights ----------------------------------------------------------------------------

RIGHTS = "Rights"
RIGHTS_GROUPS = "Groups"
RIGHTS_NO_GROUP = "In no group: may enter at any time."
RIGHTS_IN_GROUPS = "May enter when one of these groups may."
RIGHTS_FROM = "Valid from"
RIGHTS_UNTIL = "Valid until"
RIGHTS_ALWAYS_FROM = "Since ever"
RIGHTS_ALWAYS_UNTIL = "No end"
RIGHTS_NO_LIMIT = "No limit"
RIGHTS_USES = "Entries left"
RIGHTS_USES_TITLE = "How often may they still enter?"
RIGHTS_UNLIMITED = "As often as they like"
RIGHTS_SLOW = "Needs more time: the door stays open longer"
RIGHTS_HOURS = "Own hours"
RIGHTS_HOURS_REMOVE = "Remove own hours"
RIGHTS_HOURS_TITLE = "Remove their own hours?"
RIGHTS_HOURS_TEXT = "Then only groups limit when they may enter."
RIGHTS_PIN = "PIN"
RIGHTS_DURESS = "Duress PIN"
RIGHTS_ENDS_BEFORE = "The end lies before the beginning: change one of the two days."
RIGHTS_OVER = "The end has passed: they are not let in."
DURESS_TITLE = "Duress PIN"
DURESS_PROMPT = (
    "Under threat it opens the door like the PIN and alarms silently. 4 to 8 digits, unlike the "
    "PIN."
)
DURESS_REMOVE_SHORT = "Remove"
DURESS_REMOVE = "Remove duress PIN"
DURESS_REMOVE_TEXT = "They cannot raise a silent alarm any more."
RIGHTS_SAVE_FIRST = "Save what you changed first."

# --- guest pass -----------------------------------------------------------------------------------

GUEST_NAME = "Name of the guest"
GUEST_NUMBER = "Number (optional)"
GUEST_NUMBER_NOTE = "They type it before their PIN. Without one they need their face."
GUEST_GROUPS = "Enters like these groups"
GUEST_GROUPS_NONE = "In no group: may enter at any time until the pass ends."
GUEST_UNTIL = "Until"
GUEST_TODAY = "Today"
GUEST_TOMORROW = "Tomorrow"
GUEST_WEEK = "One week"
GUEST_OTHER = "Other day…"
GUEST_DAY_TITLE = "Which is the last day?"
GUEST_USES = "How often"
GUEST_ONCE = "Once"
GUEST_TWICE = "Twice"
GUEST_FIVE = "5 times"
GUEST_OFTEN = "Any"
GUEST_PIN = "PIN (optional)"
GUEST_NO_PIN = "No PIN"
GUEST_PIN_TITLE = "A PIN for the guest"
GUEST_PIN_PROMPT = "4 to 8 digits. Tell it to the guest: it cannot be looked up later."
GUEST_PIN_NEEDS_NUMBER = "A PIN is typed after a number: give the guest one."
GUEST_ADD = "Issue the pass"
GUEST_READY = "The pass is ready"
GUEST_PICTURES = "Take pictures of the face"
GUEST_NEXT = "Next guest"
GUEST_NAME_NOTE = "Touch to type"
GUEST_NO_NUMBER = "None"
GUEST_CONSENT = (
    "The guest agrees that a template of their face is stored to open this door. "
    "No photograph is kept."
)
EARLIER = "Earlier"
LATER = "Later"

# --- lists on USB sticks --------------------------------------------------------------------------

LISTS_TITLE = "People and rights as a list"
LISTS_HINT = (
    "Change many people at once in a spreadsheet: write the list to a USB stick, change it, and "
    "read it again."
)
LISTS_IMPORT = "Read a list"
LISTS_IMPORT_NOTE = "First shows what would change"
LISTS_EXPORT = "Write the list"
LISTS_EXPORT_NOTE = "Everybody with their rights, as CSV"
LISTS_STICK_READ = "Choose the stick with the list."
LISTS_STICK_WRITE = "Choose the stick to write to."
LISTS_SEARCHING = "Looking for lists on the stick…"
LISTS_READING = "Comparing the list…"
LISTS_WRITING = "Writing the list…"
LISTS_APPLYING = "Changing people…"
LISTS_CHOOSE = "Choose the list."
LISTS_NO_FILE = "No list on this stick"
LISTS_NO_FILE_NOTE = "The list is a file that ends in .csv, in the main folder of the stick."
LISTS_PROBLEMS_NOTE = "Nothing was changed. Correct these lines and read the list again."
LISTS_CHANGES_NOTE = "Nothing is changed yet. Look through it, then confirm."
LISTS_NOTHING = "The list changes nothing"
LISTS_NOTHING_NOTE = "Everybody in it already has these rights."
LISTS_FAILED = "That did not work"
LISTS_DONE_TITLE = "The list was taken over"
LISTS_WRITTEN = "The list was written"


# --- sentences ------------------------------------------------------------------------------------


def clock(minute: int) -> str:
    """Return a minute of the day as on a clock; beyond midnight it begins anew."""
    if minute == 24 * 60:
        return "24:00"
    return f"{minute // 60 % 24:02d}:{minute % 60:02d}"


def dragged(rows: Sequence[int], start_min: int, end_min: int, paints: bool) -> str:
    """Say what the finger is about to paint or wipe."""
    names = ROW_NAMES_SHORT[rows[0]]
    if len(rows) > 1:
        names += f" – {ROW_NAMES_SHORT[rows[-1]]}"
    span = f"{clock(start_min)} – {clock(end_min)}"
    return f"{names}  {span}" if paints else f"{names}  not {span}"


def hours_of(windows: Sequence[Window]) -> str:
    """Say the hours of a day."""
    if windows == (Window(0, 24 * 60),):
        return "all day"
    parts = []
    for window in sorted(windows):
        night = " the next morning" if window.end_min > 24 * 60 else ""
        parts.append(f"{clock(window.start_min)} to {clock(window.end_min)}{night}")
    return " and ".join(parts)


def week_lines(schedule: Schedule) -> list[str]:
    """Say the hours of the week, days in a row with the same hours in one line."""
    runs: list[list[int]] = []
    for day, windows in enumerate(schedule.week):
        if runs and schedule.week[runs[-1][0]] == windows:
            runs[-1].append(day)
        else:
            runs.append([day])
    lines = []
    for run in runs:
        windows = schedule.week[run[0]]
        if windows:
            first, last = WEEKDAYS_LONG[run[0]], WEEKDAYS_LONG[run[-1]]
            if len(run) == 7:
                days = "Every day"
            elif len(run) == 1:
                days = first
            else:
                days = f"{first} {'and' if len(run) == 2 else 'to'} {last}"
            lines.append(f"{days} {hours_of(windows)}")
    return lines


def holiday_line(schedule: Schedule) -> str:
    """Say the hours of holidays."""
    if not schedule.holiday:
        return "not on holidays"
    return f"on holidays {hours_of(schedule.holiday)}"


def schedule_line(schedule: Schedule) -> str:
    """Say a schedule's hours in one line."""
    if not any(schedule.week) and not schedule.holiday:
        return "Lets nobody in"
    line = "; ".join([*week_lines(schedule), holiday_line(schedule)])
    return line[0].upper() + line[1:]


def schedule_summary(schedule: Schedule) -> str:
    """Say in sentences what a schedule means."""
    if not any(schedule.week) and not schedule.holiday:
        return SCHEDULE_NEVER
    parts = [f"{schedule_line(schedule)}.", MODE_SENTENCES[schedule.mode]]
    if schedule.waits_for_first:
        parts.append("Nobody before somebody who opens the house.")
    if schedule.zone:
        parts.append(f"By the clock of {schedule.zone}.")
    return " ".join(parts)


def used_by(groups: Iterable[Group], schedule_id: int | None) -> str:
    """Say how many groups use a schedule."""
    count = sum(schedule_id in group.schedule_ids for group in groups)
    return "not used" if not count else f"{count} group{'' if count == 1 else 's'}"


def row_title(row: int) -> str:
    """Ask what to do with a day of a schedule."""
    return ROW_NAMES[row]


def delete_title(name: str) -> str:
    """Ask before something is deleted."""
    return f"Delete {name}?"


def day(value: date) -> str:
    """Return a day in words."""
    return f"{value.day} {MONTHS[value.month - 1]} {value.year}"


def day_and_weekday(value: date) -> str:
    """Return a day in words with its day of the week."""
    return f"{WEEKDAYS_LONG[value.weekday()]}, {day(value)}"


def holiday_when(holiday: Holiday) -> str:
    """Say when a holiday is."""
    if holiday.is_yearly:
        return f"{holiday.day.day} {MONTHS[holiday.day.month - 1]}, every year"
    return day_and_weekday(holiday.day)


def members(count: int) -> str:
    """Say how many people belong to a group."""
    return "nobody" if not count else f"{count} {'person' if count == 1 else 'people'}"


def group_line(group: Group, names: dict[int, str]) -> str:
    """Say what a group may, in one line."""
    hours = [names[n] for n in group.schedule_ids if n in names]
    parts = [" + ".join(hours) if hours else "no schedule: never"]
    if group.doors:
        parts.append(", ".join(group.doors))
    if group.needs_two:
        parts.append("two together")
    if group.is_first:
        parts.append("opens the house")
    return " · ".join(parts)


def doors(names: Sequence[str]) -> str:
    """Say which doors a group may use."""
    return ", ".join(names) if names else GROUP_ALL_DOORS


def clock_question(now: datetime) -> str:
    """Ask whether the time is right."""
    return f"Is it {now:%H:%M} on {day(now.date())}?"


def open_alarms(count: int) -> str:
    """Say how many alarms nobody has acknowledged."""
    return ALARMS_NOTE if not count else f"{count} not seen yet"


def uses(left: int | None) -> str:
    """Say how often somebody may still enter."""
    if left is None:
        return RIGHTS_UNLIMITED
    return "Used up" if left == 0 else f"{left} {'time' if left == 1 else 'times'}"


def until(last: date, minute: int, *, short: bool = False) -> str:
    """Say when something ends: the end of a day, or a time of it."""
    if minute == 24 * 60:
        return day(last) if short else f"Until the end of {day_and_weekday(last)}"
    return f"{day(last) if short else f'Until {day_and_weekday(last)}'}, {clock(minute)}"


def pass_words(until_words: str, left: int | None) -> str:
    """Say in one line what the pass of a guest is worth."""
    return until_words if left is None else f"{until_words} · {uses(left)}"


def pin_button(is_set: bool) -> str:
    """Say what the button for the PIN does."""
    return "Change PIN" if is_set else "Set a PIN"


def duress_button(is_set: bool) -> str:
    """Say what the button for the duress PIN does."""
    return "Duress PIN: set" if is_set else RIGHTS_DURESS


def free_until(status: DoorStatus, now_ns: int) -> str:
    """Say how long free access lasts from now."""
    if status.relock_at_ns is None:
        return "Until somebody ends it."
    left_s = max(0, status.relock_at_ns - now_ns) // 1_000_000_000
    minutes = -(-left_s // 60)
    if minutes >= 120:
        return f"For {minutes // 60} h {minutes % 60:02d} min more."
    return f"For {minutes} min more." if left_s >= 60 else f"For {left_s} s more."


def door_opened_for(reason: str) -> str:
    """Tell that the door was opened by hand."""
    return f"{UNLOCKED} The log says: {reason}."


def problems(count: int) -> str:
    """Say how many lines of a list are wrong."""
    return f"{count} {'thing is' if count == 1 else 'things are'} wrong in the list"


def changes(count: int, added: int) -> str:
    """Say how many people a list would change, and how many are new."""
    words = f"The list would change {count} {'person' if count == 1 else 'people'}"
    return f"{words}, {added} of them new" if added else words


FIELDS = {
    "person": "new person",
    "name": "name",
    "number": "number",
    "enabled": "may enter",
    "groups": "groups",
    "hours": "own hours",
    "valid_from": "valid from",
    "valid_until": "valid until",
    "uses": "entries left",
    "slow": "more time",
}


def change(who: str, field: str, before: str, after: str) -> tuple[str, str]:
    """Say whom a line of a list changes, and what."""
    if field == "person":
        return f"{who}: new", after
    name = FIELDS.get(field, field)
    return f"{who}: {name}", f"{before or '–'}  →  {after or '–'}"


def apply_changes(count: int) -> str:
    """Confirm the changes of a list."""
    return f"Change {count} {'person' if count == 1 else 'people'}"


def applied(count: int) -> str:
    """Tell how many people were changed by a list."""
    return f"{count} {'person was' if count == 1 else 'people were'} changed."


def line(number: int) -> str:
    """Name a line of a list."""
    return f"Line {number}" if number else "The file"


def guest_pin_words(number: str, pin: str) -> str:
    """Tell the caretaker what to tell the guest."""
    return f"Tell the guest: number {number}, PIN {pin}."


def duress_set(name: str) -> str:
    """Tell that somebody has a duress PIN now."""
    return f"The duress PIN of {name} is set."
