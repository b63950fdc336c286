"""Schedules: what is refused, what is always or never open, and until when."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.access.calendar import HolidayCalendar, load_zone
from kiosk.access.model import Holiday, Schedule, Window
from kiosk.access.schedules import OpenTimes, check_schedule, merged, never_allows
from kiosk.errors import AccessError

DAY = (Window(0, 1440),)
NOON_TO_NOON = (Window(720, 2160),)
NO_HOLIDAYS = HolidayCalendar.of([])
SOME_HOLIDAY = HolidayCalendar.of([Holiday(datetime.date(2026, 1, 1), "New Year")])


def schedule(*week: tuple[Window, ...], holiday: tuple[Window, ...] = ()) -> Schedule:
    days = week if len(week) == 7 else (week[0] if week else (),) * 7
    return Schedule(1, "s", days, holiday)


def utc_ms(text: str) -> int:
    return round(datetime.datetime.fromisoformat(text + "+00:00").timestamp() * 1000)


@pytest.mark.parametrize(
    "window", [(-1, 5), (1440, 1500), (10, 10), (20, 10), (0, 1441), (100, 1541)]
)
def test_windows_no_day_has_are_refused(window: tuple[int, int]) -> None:
    with pytest.raises(AccessError, match="span"):
        check_schedule(schedule((Window(*window),)))
    with pytest.raises(AccessError, match="span"):
        check_schedule(schedule(DAY, holiday=(Window(*window),)))


def test_a_schedule_needs_a_name_seven_days_and_a_zone_that_exists() -> None:
    with pytest.raises(AccessError, match="name"):
        check_schedule(Schedule(1, " ", (DAY,) * 7))
    with pytest.raises(AccessError, match="seven days"):
        check_schedule(Schedule(1, "s", (DAY,) * 6))
    with pytest.raises(AccessError, match="time zone"):
        check_schedule(Schedule(1, "s", (DAY,) * 7, zone="Moon/Base"))


def test_never_is_a_schedule_without_any_window() -> None:
    assert never_allows(schedule(()))
    assert not never_allows(schedule((), holiday=DAY))
    assert not never_allows(schedule((), (), (), (), (), (), DAY))


@pytest.mark.parametrize(
    ("found", "calendar", "is_always"),
    [
        (schedule(DAY, holiday=DAY), SOME_HOLIDAY, True),
        (schedule(DAY), NO_HOLIDAYS, True),
        (schedule(DAY), SOME_HOLIDAY, False),
        (schedule(NOON_TO_NOON), NO_HOLIDAYS, True),
        (schedule(NOON_TO_NOON, holiday=NOON_TO_NOON), SOME_HOLIDAY, True),
        (schedule(NOON_TO_NOON, holiday=DAY), SOME_HOLIDAY, False),
        (schedule((Window(0, 700), Window(700, 1440))), NO_HOLIDAYS, True),
        (schedule((Window(0, 1439),)), NO_HOLIDAYS, False),
        (schedule((Window(0, 700), Window(701, 1440))), NO_HOLIDAYS, False),
        (schedule(DAY, DAY, DAY, (), DAY, DAY, DAY), NO_HOLIDAYS, False),
        (schedule(()), NO_HOLIDAYS, False),
    ],
)
def test_always_holds_on_every_day_and_holiday(
    found: Schedule, calendar: HolidayCalendar, is_always: bool
) -> None:
    assert OpenTimes.of(found, "UTC", calendar).is_always is is_always


windows = st.builds(
    lambda start, length: Window(start, start + length), st.integers(0, 1439), st.integers(1, 1440)
)


@given(st.lists(windows, max_size=6))
def test_merged_windows_cover_the_same_minutes(found: list[Window]) -> None:
    def minutes(each: Window) -> set[int]:
        return set(range(each.start_min, each.end_min))

    again = merged(found)
    assert set().union(*map(minutes, again)) == set().union(*map(minutes, found))
    check_schedule(schedule(again))
    assert len(again) <= len(found)


def test_it_is_open_until_the_end_of_the_window() -> None:
    times = OpenTimes.of(schedule((Window(480, 1080),)), "Europe/Berlin", NO_HOLIDAYS)
    assert times.open_until_ms(utc_ms("2026-06-01T10:00:30")) == utc_ms("2026-06-01T16:00:00")
    assert times.open_until_ms(utc_ms("2026-06-01T16:00:00")) is None


def test_until_follows_the_clock_on_the_wall_through_the_night_it_is_set() -> None:
    night = OpenTimes.of(schedule((Window(22 * 60, 30 * 60),)), "Europe/Berlin", NO_HOLIDAYS)
    began = utc_ms("2026-03-28T21:00:00")
    until = night.open_until_ms(began)
    assert until == utc_ms("2026-03-29T04:00:00")
    assert until - began == 7 * 3_600_000


def test_what_is_always_open_is_open_for_a_day_at_least() -> None:
    always = OpenTimes.of(schedule(DAY), "UTC", NO_HOLIDAYS)
    assert always.open_until_ms(60_000) == 60_000 + 86_400_000


def test_a_schedule_has_its_own_zone_or_the_doors() -> None:
    own = OpenTimes.of(Schedule(1, "s", (DAY,) * 7, zone="Asia/Kathmandu"), "UTC", NO_HOLIDAYS)
    assert own.zone == load_zone("Asia/Kathmandu")
    assert OpenTimes.of(schedule(DAY), "Europe/Berlin", NO_HOLIDAYS).zone == load_zone(
        "Europe/Berlin"
    )
