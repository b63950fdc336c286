"""When somebody may enter, in a few words for a screen."""

from __future__ import annotations

import datetime

from kiosk.access.calendar import wall_time
from kiosk.access.hours import AccessHours
from kiosk.access.model import DAY_MIN, Window
from kiosk.access.schedules import HOLIDAY, OpenTimes, merged
from kiosk.access.ways import Entrant
from kiosk.access.weekspans import intersection, of_hours, of_week, to_hours, union

_MOST_PARTS = 6
"""Of access hours in a text for the screen."""


class HoursTexts:
    """Writes when people may enter; what many of them share is written once.

    ``zone`` is the door's, in which people's own hours are.
    """

    def __init__(self, zone: datetime.tzinfo | None) -> None:
        self._zone = zone
        self._weeks: dict[tuple[frozenset[int], str], str] = {}

    def of_week(self, entrant: Entrant) -> str:
        """Return when somebody may enter in an ordinary week."""
        key = entrant.rights.group_ids, entrant.rights.hours
        if key not in self._weeks:
            self._weeks[key] = _week_text(entrant)
        return self._weeks[key]

    def on(self, entrant: Entrant, at_ms: int) -> str:
        """Return the same, and what holds on holidays if this UTC time is on one."""
        text = self.of_week(entrant)
        every = [way.times for way in entrant.access.ways]
        day = wall_time(at_ms, self._zone).day
        if entrant.access.is_free or not every or not every[0].calendar.is_holiday(day):
            return text
        windows = merged(window for times in every for window in times.windows_on(day))
        spans = ", ".join(f"{_clock(each.start_min)}-{_end(each)}" for each in windows)
        return f"{text}; holidays {spans}" if spans else f"{text}; not on holidays"


def _week_text(entrant: Entrant) -> str:
    if entrant.access.is_free:
        return str(entrant.hours)
    by_zone: dict[str, list[OpenTimes]] = {}
    for way in entrant.access.ways:
        by_zone.setdefault(way.times.schedule.zone, []).append(way.times)
    own = entrant.hours if entrant.has_own_hours else None
    texts = [_zone_text(name, times, own) for name, times in sorted(by_zone.items())]
    text = "; ".join(each for each in texts if each)
    if text:
        return text
    on_holidays = any(way.times.days[HOLIDAY] for way in entrant.access.ways)
    return "only on holidays" if on_holidays else "never"


def _zone_text(name: str, times: list[OpenTimes], own: AccessHours | None) -> str:
    spans = union(of_week(each.days[:HOLIDAY]) for each in times)
    if own is not None and not name:
        spans = intersection(spans, of_hours(own))
    hours = to_hours(spans)
    if not hours.parts:
        return ""
    shown = str(AccessHours(hours.parts[:_MOST_PARTS]))
    if len(hours.parts) > _MOST_PARTS:
        shown += "; …"
    return f"{shown} ({name})" if name else shown


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _end(window: Window) -> str:
    end = window.end_min
    return _clock(end if end <= DAY_MIN else end - DAY_MIN)
