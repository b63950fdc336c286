"""Zones, the wall calendar and holidays."""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterator

import pytest

from kiosk.access.calendar import HolidayCalendar, load_zone, local_time, wall_time, zone_names
from kiosk.access.model import Holiday
from kiosk.errors import AccessError


@pytest.fixture
def in_kathmandu(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def utc_ms(text: str) -> int:
    return round(datetime.datetime.fromisoformat(text + "+00:00").timestamp() * 1000)


def test_the_wall_shows_day_minute_and_weekday() -> None:
    at = wall_time(utc_ms("2026-03-29T01:30:59"), load_zone("Europe/Berlin"))
    assert datetime.date.fromordinal(at.day) == datetime.date(2026, 3, 29)
    assert (at.minute, at.weekday) == (3 * 60 + 30, 6)


@pytest.mark.usefixtures("in_kathmandu")
def test_no_name_is_the_zone_of_the_computer() -> None:
    assert load_zone("") is None
    assert wall_time(0, None) == wall_time(0, load_zone("Asia/Kathmandu"))


@pytest.mark.parametrize(
    "name", ["Europe/Nowhere", "../etc/passwd", "/etc/passwd", "Europe", "a\0b", "ä", "x" * 5000]
)
def test_a_zone_that_does_not_exist_is_refused(name: str) -> None:
    with pytest.raises(AccessError, match="time zone"):
        load_zone(name)


def test_zones_can_be_listed() -> None:
    assert {"Europe/Berlin", "Pacific/Apia"} <= set(zone_names())


@pytest.mark.parametrize("at_ms", [-(10**18), -1, 10**18])
@pytest.mark.parametrize("zone", ["", "Pacific/Kiritimati", "Etc/GMT+12"])
def test_a_clock_far_off_has_a_time_all_the_same(at_ms: int, zone: str) -> None:
    assert 1969 <= local_time(at_ms, load_zone(zone)).year <= 9999


def test_holidays_are_dates_or_come_every_year() -> None:
    found = HolidayCalendar.of(
        [
            Holiday(datetime.date(2026, 4, 3), "Good Friday"),
            Holiday(datetime.date(2020, 2, 29), "Leap day", is_yearly=True),
        ]
    )

    def is_holiday(year: int, month: int, day: int) -> bool:
        return found.is_holiday(datetime.date(year, month, day).toordinal())

    assert is_holiday(2026, 4, 3)
    assert not is_holiday(2027, 4, 3)
    assert is_holiday(2028, 2, 29)
    assert is_holiday(2016, 2, 29)
    assert not is_holiday(2027, 2, 28)
    assert not is_holiday(2027, 3, 1)


def test_an_empty_calendar_says_so() -> None:
    assert HolidayCalendar.of([]).is_empty
    assert not HolidayCalendar.of([Holiday(datetime.date(2026, 1, 1), "n", True)]).is_empty
