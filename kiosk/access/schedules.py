"""Weekly schedules made ready to be asked: is this one open, and since which day?"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass

from kiosk.access.calendar import HolidayCalendar, WallTime, load_zone, wall_time
from kiosk.access.model import DAY_MIN, Schedule, Window
from kiosk.errors import AccessError

HOLIDAY = 7
"""The place of a holiday behind the days of the week."""
_LOOK_AHEAD_MIN = DAY_MIN
_MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class OpenTimes:
    """A schedule with its zone and its holidays."""

    schedule: Schedule
    zone: datetime.tzinfo | None
    calendar: HolidayCalendar
    days: tuple[tuple[Window, ...], ...]
    """Eight: Monday to Sunday, and a holiday."""
    is_always: bool
    """Open at every minute, whatever day it is: nobody has to know the time."""

    @classmethod
    def of(cls, schedule: Schedule, zone: str, calendar: HolidayCalendar) -> OpenTimes:
        """Make a schedule ready; ``zone`` is the door's. Raises AccessError."""
        check_schedule(schedule)
        days = (*map(merged, schedule.week), merged(schedule.holiday))
        return cls(
            schedule, load_zone(schedule.zone or zone), calendar, days, _is_always(days, calendar)
        )

    def windows_on(self, day: int) -> tuple[Window, ...]:
        """Return the windows that start on a day, given by its ordinal."""
        return self.days[HOLIDAY if self.calendar.is_holiday(day) else (day + 6) % 7]

    def began_on(self, at: WallTime) -> int | None:
        """Return the day on which what is open now began, by its ordinal; None when shut.

        Where a window of yesterday and one of today overlap, it is yesterday.
        """
        for day, minute in ((at.day - 1, at.minute + DAY_MIN), (at.day, at.minute)):
            for window in self.windows_on(day):
                if window.start_min <= minute < window.end_min:
                    return day
        return None

    def is_open(self, at_ms: int) -> bool:
        """Tell whether it is open at a UTC time."""
        return self.is_always or self.began_on(wall_time(at_ms, self.zone)) is not None

    def open_until_ms(self, at_ms: int) -> int | None:
        """Return until when it is open, UTC milliseconds; None when it is shut.

        It looks one day ahead: what is open for longer is open for one day at least.
        """
        if not self.is_open(at_ms):
            return None
        minute_ms = at_ms - at_ms % _MINUTE_MS
        for ahead in range(1, _LOOK_AHEAD_MIN):
            if not self.is_open(minute_ms + ahead * _MINUTE_MS):
                return minute_ms + ahead * _MINUTE_MS
        return minute_ms + _LOOK_AHEAD_MIN * _MINUTE_MS


def check_schedule(schedule: Schedule) -> None:
    """Refuse what no schedule can be. Raises AccessError."""
    if not schedule.name.strip():
        raise AccessError("A schedule needs a name.")
    if len(schedule.week) != 7:
        raise AccessError(f"The schedule {schedule.name!r} must have seven days, Monday first.")
    for window in (*(each for day in schedule.week for each in day), *schedule.holiday):
        start, end = window.start_min, window.end_min
        if not (0 <= start < DAY_MIN and start < end <= start + DAY_MIN):
            raise AccessError(
                f"The schedule {schedule.name!r} has a span from minute {start} to {end}: a span "
                "starts within its day, and is at most one day long."
            )
    load_zone(schedule.zone)


def never_allows(schedule: Schedule) -> bool:
    """Tell whether nobody can ever enter by this schedule."""
    return not any(schedule.week) and not schedule.holiday


def merged(windows: Iterable[Window]) -> tuple[Window, ...]:
    """Return windows in order, with those that touch or overlap made one where that can be."""
    found: list[Window] = []
    for window in sorted(windows):
        last = found[-1] if found else None
        if last is not None and window.start_min <= last.end_min:
            end = max(last.end_min, window.end_min)
            if end <= last.start_min + DAY_MIN:
                found[-1] = Window(last.start_min, end)
                continue
        found.append(window)
    return tuple(found)


def _is_always(days: tuple[tuple[Window, ...], ...], calendar: HolidayCalendar) -> bool:
    followers = [(day, (day + 1) % 7) for day in range(7)]
    if not calendar.is_empty:
        followers += [(day, HOLIDAY) for day in range(8)] + [(HOLIDAY, day) for day in range(7)]
    return all(_fills_day(days[before], days[day]) for before, day in followers)


def _fills_day(before: tuple[Window, ...], today: tuple[Window, ...]) -> bool:
    reached = 0
    spilt = [(each.start_min - DAY_MIN, each.end_min - DAY_MIN) for each in before]
    for start, end in sorted(spilt + [(each.start_min, each.end_min) for each in today]):
        if start > reached:
            return False
        reached = max(reached, end)
    return reached >= DAY_MIN
