"""Schedules, groups and holidays as rows, and what of them is accepted.

Whatever is read from a row that is not exactly what :func:`checked_schedule` and its like accept is
no schedule at all: AccessError, and nobody enters by it.
"""

from __future__ import annotations

import datetime
import json
import zoneinfo
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from kiosk.access.hours import AccessHours
from kiosk.access.model import DAY_MIN, AuthMode, Group, Holiday, PersonRights, Schedule, Window
from kiosk.errors import AccessError, EnrolmentError
from kiosk.store.names import clean_name

NO_GROUP = "none"
"""In lists, in place of the names of groups; no group may be called that."""
GROUP_SEPARATOR = ";"
"""Between names of groups in lists; no name may contain it."""
MAX_WINDOWS = 24
"""Most windows of one day."""
MAX_USES = 1_000_000
EARLIEST_MS = 0
LATEST_MS = 32_503_680_000_000
"""The year 3000: what lies beyond was never meant, and calendars end somewhere."""

_RIGHTS_DAMAGED = "What person {} may is damaged, so they may not enter. Save their rights again."


def checked_schedule(schedule: Schedule) -> Schedule:
    """Return a schedule with clean name and windows in order. Raises AccessError."""
    name = _name(schedule.name)
    if len(schedule.week) != 7:
        raise AccessError(f"The schedule {name} must have seven days. Set it up again.")
    _check_zone(name, schedule.zone)
    if not isinstance(schedule.mode, AuthMode):
        raise AccessError(f"The schedule {name} does not say what people have to show.")
    return replace(
        schedule,
        name=name,
        week=tuple(_windows(name, day) for day in schedule.week),
        holiday=_windows(name, schedule.holiday),
    )


def checked_group(group: Group) -> Group:
    """Return a group with clean name, schedules and doors once each. Raises AccessError."""
    name = _name(group.name)
    if GROUP_SEPARATOR in name or name.casefold() == NO_GROUP:
        raise AccessError(
            f"A group cannot be called {name!r}: lists of people could not name it. Choose a name "
            f"without {GROUP_SEPARATOR!r} that is not {NO_GROUP!r}."
        )
    return replace(
        group,
        name=name,
        schedule_ids=tuple(dict.fromkeys(group.schedule_ids)),
        doors=tuple(dict.fromkeys(_name(door) for door in group.doors)),
    )


def checked_holidays(holidays: Sequence[Holiday]) -> list[Holiday]:
    """Return holidays with clean names, by date. Raises AccessError for two on one day."""
    clean = sorted(replace(holiday, name=_name(holiday.name)) for holiday in holidays)
    days = [holiday.day for holiday in clean]
    for day in days:
        if days.count(day) > 1:
            raise AccessError(f"There are two holidays on {day}. Keep one of them.")
    return clean


def checked_rights(rights: PersonRights) -> PersonRights:
    """Return rights whose parts fit together; groups are not looked up. Raises AccessError."""
    start_ms, end_ms = rights.valid_from_ms, rights.valid_until_ms
    for at_ms in (start_ms, end_ms):
        if at_ms is not None and not EARLIEST_MS <= at_ms <= LATEST_MS:
            raise AccessError("Rights begin and end between the years 1970 and 3000.")
    if start_ms is not None and end_ms is not None and start_ms >= end_ms:
        raise AccessError("The rights end before they begin. Choose a later end.")
    if rights.uses_left is not None and not 0 <= rights.uses_left <= MAX_USES:
        raise AccessError(f"The number of entries goes from 0 to {MAX_USES}.")
    AccessHours.parse(rights.hours)
    return rights


def pack_week(week: Sequence[Sequence[Window]]) -> str:
    """Return the text to store: ``[[[480,1080]],…]``."""
    return json.dumps([_pairs(day) for day in week], separators=(",", ":"))


def pack_windows(windows: Sequence[Window]) -> str:
    """Return the text to store: ``[[480,1080],…]``."""
    return json.dumps(_pairs(windows), separators=(",", ":"))


def pack_list(values: Sequence[int] | Sequence[str]) -> str:
    """Return the text to store: a JSON list."""
    return json.dumps(list(values), separators=(",", ":"))


def read_schedule(row: Sequence[Any]) -> Schedule:
    """Read id, name, week, holiday, mode, waits_for_first, zone. Raises AccessError."""
    try:
        week, holiday = _list(row[2]), _list(row[3])
        schedule = Schedule(
            id=_whole(row[0]),
            name=_text(row[1]),
            week=tuple(tuple(Window(*map(_whole, pair)) for pair in day) for day in week),
            holiday=tuple(Window(*map(_whole, pair)) for pair in holiday),
            mode=AuthMode(row[4]),
            waits_for_first=_flag(row[5]),
            zone=_text(row[6]),
        )
    except (ValueError, TypeError, RecursionError) as error:
        raise AccessError(f"Schedule {row[0]} is damaged. Set it up again.") from error
    return checked_schedule(schedule)


def read_group(row: Sequence[Any]) -> Group:
    """Read id, name, schedule_ids, doors and the three flags. Raises AccessError."""
    try:
        group = Group(
            id=_whole(row[0]),
            name=_text(row[1]),
            schedule_ids=tuple(_whole(schedule) for schedule in _list(row[2])),
            doors=tuple(_text(door) for door in _list(row[3])),
            needs_two=_flag(row[4]),
            is_first=_flag(row[5]),
            ignores_passback=_flag(row[6]),
        )
    except (ValueError, TypeError, RecursionError) as error:
        raise AccessError(f"Group {row[0]} is damaged. Set it up again.") from error
    return checked_group(group)


def read_holiday(row: Sequence[Any]) -> Holiday:
    """Read day, name, is_yearly. Raises AccessError."""
    try:
        return Holiday(datetime.date.fromisoformat(_text(row[0])), _text(row[1]), _flag(row[2]))
    except (ValueError, TypeError) as error:
        raise AccessError(
            "A holiday is damaged, so nobody enters by a schedule. Save the holidays again."
        ) from error


def read_rights(row: Sequence[Any], group_ids: Sequence[Any]) -> PersonRights:
    """Read id, hours, group_count, valid_from_ms, valid_until_ms, uses_left, is_slow, is_guest.

    Raises AccessError, also when there are more or fewer groups than ``group_count`` says.
    """
    try:
        rights = PersonRights(
            person_id=_whole(row[0]),
            group_ids=frozenset(map(_whole, group_ids)),
            hours=_text(row[1]),
            valid_from_ms=None if row[3] is None else _whole(row[3]),
            valid_until_ms=None if row[4] is None else _whole(row[4]),
            uses_left=None if row[5] is None else _whole(row[5]),
            is_slow=_flag(row[6]),
            is_guest=_flag(row[7]),
        )
        is_whole = len(rights.group_ids) == _whole(row[2])
        checked_rights(rights)
    except (ValueError, TypeError, AccessError) as error:
        raise AccessError(_RIGHTS_DAMAGED.format(row[0])) from error
    if not is_whole:
        raise AccessError(_RIGHTS_DAMAGED.format(row[0]))
    return rights


def _pairs(windows: Sequence[Window]) -> list[list[int]]:
    return [[window.start_min, window.end_min] for window in windows]


def _windows(name: str, windows: Sequence[Window]) -> tuple[Window, ...]:
    if len(windows) > MAX_WINDOWS:
        raise AccessError(f"A day of the schedule {name} has at most {MAX_WINDOWS} windows.")
    for window in windows:
        start, end = window.start_min, window.end_min
        if not (0 <= start < DAY_MIN and start < end <= start + DAY_MIN):
            raise AccessError(
                f"The schedule {name} has a window from minute {start} to {end}; windows start "
                "within a day and last at most 24 hours. Draw it again."
            )
    return tuple(sorted(windows))


def _check_zone(name: str, zone: str) -> None:
    if not zone:
        return
    try:
        zoneinfo.ZoneInfo(zone)
    except (OSError, ValueError, zoneinfo.ZoneInfoNotFoundError) as error:
        raise AccessError(
            f"The schedule {name} names the time zone {zone!r}, which is not known. Write it like "
            "Europe/Berlin, or leave it empty."
        ) from error


def _name(text: str) -> str:
    try:
        return clean_name(text)
    except EnrolmentError as error:
        raise AccessError(str(error)) from error


def _list(value: object) -> list[Any]:
    found = json.loads(_text(value))
    if not isinstance(found, list):
        raise TypeError("not a list")
    return found


def _whole(value: object) -> int:
    if type(value) is not int:
        raise ValueError(f"not a whole number: {value!r}")
    return value


def _flag(value: object) -> bool:
    if type(value) is not int or value not in (0, 1):
        raise ValueError(f"neither 0 nor 1: {value!r}")
    return value == 1


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"not a text: {value!r}")
    return value
