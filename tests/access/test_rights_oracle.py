"""Schedules against an oracle that paints every minute of a wall calendar and looks it up.

The oracle knows no time-zone library and shares no code with the rules: the offset of each week is
written down here, and it walks from minute to minute.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.access.hours import AccessHours, HoursPart
from kiosk.access.ledger import Ledger
from kiosk.access.model import Credential, Group, Holiday, PersonRights, Schedule, Window
from kiosk.access.rights import RightsBook, RightsOutcome
from kiosk.access.weekspans import of_hours, to_hours

FACE = frozenset({Credential.FACE})
EPOCH = datetime.datetime(1970, 1, 1)
EPOCH_DAY = EPOCH.toordinal()
WEEK_MIN = 7 * 1440


@dataclass(frozen=True)
class Week:
    """Eight UTC days in a zone: its offset at the start, and where it changes."""

    what: str
    zone: str
    first: str
    offset_min: int
    change: str = ""
    changed_min: int = 0

    @property
    def start_min(self) -> int:
        return utc_minute(self.first)

    def walls(self) -> list[int]:
        """Return the minute of the wall calendar for each UTC minute of the week."""
        change = utc_minute(self.change) if self.change else None
        minutes = range(self.start_min, self.start_min + WEEK_MIN)
        return [
            minute + (self.offset_min if change is None or minute < change else self.changed_min)
            for minute in minutes
        ]


def utc_minute(text: str) -> int:
    return round((datetime.datetime.fromisoformat(text) - EPOCH).total_seconds()) // 60


WEEKS = (
    Week("spring forward", "Europe/Berlin", "2026-03-26", 60, "2026-03-29T01:00", 120),
    Week("fall back", "Europe/Berlin", "2026-10-22", 120, "2026-10-25T01:00", 60),
    Week("year end", "Europe/Berlin", "2026-12-28", 60),
    Week("leap day", "Europe/Berlin", "2028-02-26", 60),
    Week("spring forward", "America/New_York", "2026-03-05", -300, "2026-03-08T07:00", -240),
    Week("fall back", "America/New_York", "2026-10-29", -240, "2026-11-01T06:00", -300),
    Week("leap day", "America/New_York", "2024-02-26", -300),
    Week("half an hour back", "Australia/Lord_Howe", "2026-04-01", 660, "2026-04-04T15:00", 630),
    Week("half an hour on", "Australia/Lord_Howe", "2026-09-30", 630, "2026-10-03T15:30", 660),
    Week("Ramadan begins", "Africa/Casablanca", "2026-02-12", 60, "2026-02-15T02:00", 0),
    Week("Ramadan ends", "Africa/Casablanca", "2026-03-19", 0, "2026-03-22T02:00", 60),
    Week("a Friday left out", "Pacific/Apia", "2011-12-27", -600, "2011-12-30T10:00", 840),
    Week("a quarter of an hour", "Asia/Kathmandu", "2026-04-10", 345),
    Week("no midnight", "America/Sao_Paulo", "2018-11-01", -180, "2018-11-04T03:00", -120),
    Week("midnight twice", "America/Sao_Paulo", "2019-02-14", -120, "2019-02-17T02:00", -180),
)

# Where clocks are set, days end and mistakes are made.
starts = st.sampled_from((0, 59, 60, 61, 90, 119, 120, 121, 150, 179, 180, 1380, 1410, 1439)) | (
    st.integers(0, 1439)
)
lengths = st.sampled_from((1, 29, 30, 31, 59, 60, 61, 120, 480, 1439, 1440)) | st.integers(1, 1440)
windows = st.builds(lambda start, length: Window(start, start + length), starts, lengths)
days = st.lists(windows, max_size=3).map(tuple)
weeks = st.tuples(*[days] * 7)
schedules = st.builds(lambda week, holiday: Schedule(None, "s", week, holiday), weeks, days)
own_hours = st.just("") | st.builds(
    lambda found: str(AccessHours(tuple(found))),
    st.lists(
        st.builds(
            lambda days, start, length: HoursPart(
                tuple(sorted(days)), start, (start + length - 1) % 1440 + 1
            ),
            st.sets(st.integers(0, 6), min_size=1),
            starts,
            lengths,
        ).filter(lambda part: part.start_min != part.end_min),
        max_size=3,
    ),
)


def painted(schedule: Schedule, holidays: tuple[Holiday, ...], week: Week) -> set[int]:
    """Paint every minute of the wall calendar on which the schedule is open."""
    inside: set[int] = set()
    first = datetime.date.fromordinal(EPOCH_DAY + week.start_min // 1440 - 3)
    for date in (first + datetime.timedelta(days=n) for n in range(14)):
        is_holiday = any(
            date == each.day
            or (each.is_yearly and (date.month, date.day) == (each.day.month, each.day.day))
            for each in holidays
        )
        midnight = (date.toordinal() - EPOCH_DAY) * 1440
        for window in schedule.holiday if is_holiday else schedule.week[date.weekday()]:
            for minute in range(window.start_min, window.end_min):
                inside.add(midnight + minute)
    return inside


def own_minutes(text: str) -> set[int]:
    """Paint a person's own hours onto the circle of the week."""
    inside: set[int] = set()
    for part in AccessHours.parse(text).parts:
        length = (part.end_min - part.start_min) % 1440 or 1440
        for day in part.days:
            first = day * 1440 + part.start_min
            inside.update((first + n) % WEEK_MIN for n in range(length))
    return inside


def holidays_of(week: Week) -> st.SearchStrategy[tuple[Holiday, ...]]:
    first = datetime.date.fromordinal(EPOCH_DAY + week.start_min // 1440)

    def holiday(offset: int, is_yearly: bool) -> Holiday:
        day = first + datetime.timedelta(days=offset)
        # Any leap year has every day.
        return Holiday(day.replace(year=2020) if is_yearly else day, "h", is_yearly)

    return st.lists(st.builds(holiday, st.integers(-1, 8), st.booleans()), max_size=3).map(tuple)


def differences(
    week: Week,
    found: list[Schedule],
    holidays: tuple[Holiday, ...],
    own: str,
    second_ms: int,
    names_zone: bool,
) -> list[str]:
    """Ask at every minute of the week; return where rules and oracle differ."""
    named = [
        Schedule(n, f"s{n}", each.week, each.holiday, zone=week.zone if names_zone else "")
        for n, each in enumerate(found)
    ]
    book = RightsBook.build(
        named,
        [Group(1, "g", tuple(range(len(named))))],
        holidays,
        [PersonRights(7, frozenset({1}), own)],
        zone=week.zone,
    )
    open_minutes = set().union(*(painted(each, holidays, week) for each in found))
    own_open = own_minutes(own)
    # Day 0 of the epoch was a Thursday.
    week_shift, day = 3 * 1440, Ledger()
    wrong = []
    for number, wall in enumerate(week.walls()):
        expected = wall in open_minutes and (wall + week_shift) % WEEK_MIN in own_open
        at_ms = (week.start_min + number) * 60_000 + second_ms
        verdict = book.judge(7, at_ms, shown=FACE, clock_ok=True, day=day)
        if (verdict.outcome is RightsOutcome.ALLOWED) is not expected:
            wrong.append(f"{week.zone} minute {number}: {verdict}, expected {expected}")
    return wrong


def queries_without_difference(week: Week) -> int:
    """Compare random schedules over one week; return how many questions were asked."""
    queries = 0

    @settings(max_examples=3, deadline=None)
    @given(
        found=st.lists(schedules, min_size=1, max_size=2),
        holidays=holidays_of(week),
        own=own_hours,
        second_ms=st.integers(0, 59_999),
        names_zone=st.booleans(),
    )
    def compare(
        found: list[Schedule],
        holidays: tuple[Holiday, ...],
        own: str,
        second_ms: int,
        names_zone: bool,
    ) -> None:
        nonlocal queries
        wrong = differences(week, found, holidays, own, second_ms, names_zone)
        assert not wrong, wrong[:3]
        queries += WEEK_MIN

    compare()
    return queries


def test_no_minute_differs_from_the_oracle() -> None:
    queries = sum(map(queries_without_difference, WEEKS))
    print(f"0 differences in {queries:,} queries over {len(WEEKS)} weeks")
    assert queries >= 100_000


NIGHT = tuple((Window(22 * 60, 30 * 60),) for _ in range(7))


@pytest.mark.parametrize("week", WEEKS, ids=lambda each: f"{each.zone} {each.what}")
def test_nights_and_a_holiday_in_every_zone(week: Week) -> None:
    """One example each that nothing random decides about: a shift from 22 to 6."""
    schedule = Schedule(None, "night", NIGHT, (Window(100, 200),))
    middle = datetime.date.fromordinal(EPOCH_DAY + week.start_min // 1440 + 3)
    assert not differences(week, [schedule], (Holiday(middle, "h"),), "", 59_999, False)


def test_the_oracle_sees_a_wrong_rule() -> None:
    """An hour off is found: the comparison can fail."""
    week = Week("wrong offset", "Europe/Berlin", "2026-06-01", 60)
    assert differences(week, [Schedule(None, "night", NIGHT)], (), "", 0, False)


@given(own_hours)
def test_hours_written_anew_cover_the_same_minutes(text: str) -> None:
    again = str(to_hours(of_hours(AccessHours.parse(text))))
    assert own_minutes(again) == own_minutes(text)
