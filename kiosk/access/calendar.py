"""Days and minutes of the clock on the wall in a zone, and which days are holidays.

Rights speak of that clock and of nothing else. When clocks go forward, the minutes they leave out
do not happen; when they go back, the minutes shown twice count both times; and a day a country
left out is a day all the same for what runs on past its midnight.
"""

from __future__ import annotations

import datetime
import zoneinfo
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from kiosk.access.model import Holiday
from kiosk.errors import AccessError

_EARLIEST_S = 0
_LATEST_S = 253_370_764_800
"""9999-01-01: a day later, some zones have no date any more."""


class WallTime(NamedTuple):
    """What the clock and the calendar on the wall show."""

    day: int
    """:meth:`datetime.date.toordinal`."""
    minute: int
    """Since midnight by that clock, 0–1439."""

    @property
    def weekday(self) -> int:
        """0 is Monday."""
        return (self.day + 6) % 7


def load_zone(name: str) -> datetime.tzinfo | None:
    """Return a zone by its IANA name; None, the system's own zone, for an empty one.

    Raises AccessError when there is no such zone.
    """
    if not name:
        return None
    try:
        return zoneinfo.ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise AccessError(
            f"There is no time zone {name!r}; write it like Europe/Berlin, or leave it empty for "
            "the zone of this computer."
        ) from error


def zone_names() -> tuple[str, ...]:
    """Return the names of all zones, sorted."""
    return tuple(sorted(zoneinfo.available_timezones()))


def wall_time(at_ms: int, zone: datetime.tzinfo | None) -> WallTime:
    """Return what the clock on the wall shows at a UTC time; None is the system's own zone."""
    local = local_time(at_ms, zone)
    return WallTime(local.toordinal(), local.hour * 60 + local.minute)


def local_time(at_ms: int, zone: datetime.tzinfo | None) -> datetime.datetime:
    """Return the local time at a UTC time; times no calendar has are brought to its ends."""
    seconds = min(max(at_ms // 1000, _EARLIEST_S), _LATEST_S)
    return datetime.datetime.fromtimestamp(seconds, zone)


@dataclass(frozen=True, slots=True)
class HolidayCalendar:
    """Which days are holidays."""

    days: frozenset[int]
    """:meth:`datetime.date.toordinal`."""
    yearly: frozenset[tuple[int, int]]
    """Month and day."""

    @classmethod
    def of(cls, holidays: Iterable[Holiday]) -> HolidayCalendar:
        """Read a list of holidays."""
        found = tuple(holidays)
        return cls(
            frozenset(each.day.toordinal() for each in found if not each.is_yearly),
            frozenset((each.day.month, each.day.day) for each in found if each.is_yearly),
        )

    @property
    def is_empty(self) -> bool:
        return not self.days and not self.yearly

    def is_holiday(self, day: int) -> bool:
        """Tell whether a day, given by its ordinal, is one."""
        if day in self.days:
            return True
        if not self.yearly:
            return False
        date = datetime.date.fromordinal(day)
        return (date.month, date.day) in self.yearly
