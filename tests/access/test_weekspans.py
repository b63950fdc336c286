"""Sets of minutes of a week."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.access.hours import AccessHours
from kiosk.access.model import Window
from kiosk.access.weekspans import (
    WEEK_MIN,
    WHOLE_WEEK,
    Spans,
    intersection,
    of_hours,
    of_week,
    to_hours,
    union,
)

windows = st.builds(
    lambda start, length: Window(start, start + length), st.integers(0, 1439), st.integers(1, 1440)
)
weeks = st.tuples(*[st.lists(windows, max_size=2).map(tuple)] * 7)


def minutes(spans: Spans) -> set[int]:
    return {minute for start, end in spans for minute in range(start, end)}


@given(weeks)
def test_a_week_covers_the_minutes_of_its_windows(week: tuple[tuple[Window, ...], ...]) -> None:
    expected = {
        (day * 1440 + minute) % WEEK_MIN
        for day, found in enumerate(week)
        for each in found
        for minute in range(each.start_min, each.end_min)
    }
    spans = of_week(week)
    assert minutes(spans) == expected
    assert all(a[1] < b[0] for a, b in itertools.pairwise(spans))
    # Written as hours and read again, it is the same.
    assert of_hours(AccessHours.parse(str(to_hours(spans)))) == spans


@given(weeks, weeks)
def test_union_and_intersection_are_those_of_sets(
    one: tuple[tuple[Window, ...], ...], other: tuple[tuple[Window, ...], ...]
) -> None:
    a, b = of_week(one), of_week(other)
    assert minutes(union([a, b])) == minutes(a) | minutes(b)
    assert minutes(intersection(a, b)) == minutes(a) & minutes(b)


@pytest.mark.parametrize(
    "text",
    [
        "always",
        "never",
        "Mon-Fri 08:00-18:00; Sat 09:00-12:00",
        "Mon-Fri 08:00-12:00; Mon-Fri 13:00-17:00",
        "Fri 22:00-06:00",
        "Sun 22:00-06:00",
        "Sat-Sun 00:00-24:00",
    ],
)
def test_hours_stay_as_they_were_written(text: str) -> None:
    assert str(to_hours(of_hours(AccessHours.parse(text)))) == text


def test_every_minute_is_always() -> None:
    assert of_hours(AccessHours.parse("Mon-Sun 12:00-00:00; Mon-Sun 00:00-12:00")) == WHOLE_WEEK
    assert str(to_hours(WHOLE_WEEK)) == "always"
