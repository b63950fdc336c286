"""Compiled rights: the ways in that sets of groups open at one door, and who has them."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kiosk.access.calendar import HolidayCalendar, load_zone
from kiosk.access.hours import AccessHours
from kiosk.access.model import (
    DAY_MIN,
    Group,
    Holiday,
    PersonRights,
    Schedule,
    Window,
)
from kiosk.access.schedules import OpenTimes
from kiosk.access.weekspans import WHOLE_WEEK, of_hours
from kiosk.errors import AccessError

_WHOLE_DAY = (Window(0, DAY_MIN),)
_FREE = Schedule(None, "always", (_WHOLE_DAY,) * 7, _WHOLE_DAY)
"""The schedule of those who have no group."""


@dataclass(frozen=True, slots=True)
class Way:
    """One schedule by which somebody may come in, and what their group makes of it."""

    times: OpenTimes
    needs_two: bool = False
    ignores_passback: bool = False


@dataclass(frozen=True, slots=True)
class Access:
    """What a set of groups gives at this door."""

    ways: tuple[Way, ...]
    is_first: bool = False
    reaches_door: bool = True
    is_damaged: bool = False
    """A group or a schedule it speaks of is missing or cannot be understood."""
    is_free: bool = False
    """It comes from no group at all: the person's own hours are all there is."""


@dataclass(frozen=True, slots=True)
class Entrant:
    """Somebody's rights, compiled."""

    rights: PersonRights
    access: Access
    hours: AccessHours
    has_own_hours: bool
    """They leave out some of the week."""

    @property
    def is_timeless(self) -> bool:
        """Whether nothing of their own, groups aside, depends on what time it is."""
        rights = self.rights
        no_span = rights.valid_from_ms is None and rights.valid_until_ms is None
        return no_span and not self.has_own_hours


@dataclass(frozen=True, slots=True)
class Compiled:
    """All rights at one door, ready to be asked, and what they were made from."""

    zone: datetime.tzinfo | None
    times: Mapping[int, OpenTimes]
    used_times: tuple[OpenTimes, ...]
    """Those by which somebody may come in at this door."""
    people: Mapping[int, Entrant]
    groups: Mapping[int, Group]
    schedules: tuple[Schedule, ...]
    faults: tuple[str, ...]
    """Of schedules that cannot be understood."""


def compile_rights(
    schedules: Iterable[Schedule],
    groups: Iterable[Group],
    holidays: Iterable[Holiday],
    people: Iterable[PersonRights],
    *,
    zone: str,
    door: str,
) -> Compiled:
    """Compile the rights for a door in a zone. Raises AccessError when there is no such zone."""
    calendar = HolidayCalendar.of(holidays)
    door_zone = load_zone(zone)
    written = tuple(schedules)
    times, faults = _read_schedules(written, zone, calendar)
    free = Access((Way(OpenTimes.of(_FREE, zone, calendar)),), is_free=True)
    known = {each.id: each for each in groups if each.id is not None}
    compiler = _PeopleCompiler(known, times, door, free)
    entrants = {each.person_id: compiler.compile(each) for each in people}
    return Compiled(
        zone=door_zone,
        times=times,
        used_times=compiler.used_times(),
        people=entrants,
        groups=known,
        schedules=written,
        faults=faults,
    )


def _read_schedules(
    schedules: Iterable[Schedule], zone: str, calendar: HolidayCalendar
) -> tuple[dict[int, OpenTimes], tuple[str, ...]]:
    """Return the schedules by their ids, and what is wrong with those left out."""
    read = [(each.id, _read_schedule(each, zone, calendar)) for each in schedules]
    times = {
        number: each for number, each in read if number is not None and isinstance(each, OpenTimes)
    }
    return times, tuple(each for _, each in read if isinstance(each, str))


def _read_schedule(schedule: Schedule, zone: str, calendar: HolidayCalendar) -> OpenTimes | str:
    try:
        return OpenTimes.of(schedule, zone, calendar)
    except AccessError as error:
        # The others' rights do not suffer from it.
        return str(error)


class _PeopleCompiler:
    """Compiles people; what many of them share is compiled once."""

    def __init__(
        self,
        groups: Mapping[int, Group],
        times: Mapping[int, OpenTimes],
        door: str,
        free: Access,
    ) -> None:
        self._groups = groups
        self._times = times
        self._door = door
        self._access: dict[frozenset[int], Access] = {}
        self._free = free
        self._hours: dict[str, tuple[AccessHours, bool] | None] = {}

    def compile(self, rights: PersonRights) -> Entrant:
        if rights.hours not in self._hours:
            self._hours[rights.hours] = _read_hours(rights.hours)
        read = self._hours[rights.hours]
        if read is None:
            return Entrant(rights, Access((), is_damaged=True), AccessHours(()), True)
        access = self._access.get(rights.group_ids)
        if access is None:
            access = self._free
            if rights.group_ids:
                access = compile_access(rights.group_ids, self._groups, self._times, self._door)
            self._access[rights.group_ids] = access
        return Entrant(rights, access, *read)

    def used_times(self) -> tuple[OpenTimes, ...]:
        ways = (way for access in self._access.values() for way in access.ways)
        return tuple({way.times.schedule.id: way.times for way in ways}.values())


def compile_access(
    group_ids: Iterable[int], groups: Mapping[int, Group], times: Mapping[int, OpenTimes], door: str
) -> Access:
    """Put together what groups allow at a door."""
    wanted = set(group_ids)
    known = [groups[each] for each in sorted(wanted) if each in groups]
    here = [each for each in known if not each.doors or door in each.doors]
    asked = [(schedule, each) for each in here for schedule in each.schedule_ids]
    ways = {
        (schedule, group.needs_two, group.ignores_passback): Way(
            times[schedule], group.needs_two, group.ignores_passback
        )
        for schedule, group in asked
        if schedule in times
    }
    is_damaged = len(known) < len(wanted) or any(each not in times for each, _ in asked)
    return Access(
        ways=tuple(ways.values()),
        is_first=any(each.is_first for each in here),
        reaches_door=bool(here),
        is_damaged=is_damaged,
    )


def _read_hours(text: str) -> tuple[AccessHours, bool] | None:
    """Return a person's own hours, and whether they leave anything out."""
    try:
        hours = AccessHours.parse(text)
    except AccessError:
        return None
    return hours, of_hours(hours) != WHOLE_WEEK
