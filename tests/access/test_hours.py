"""Access hours: what is written is what holds, minute by minute."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.access.hours import ALWAYS, AccessHours, HoursPart
from kiosk.errors import AccessError

MONDAY = datetime(2026, 3, 2)
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
WEEK_MIN = 7 * 24 * 60

spans = st.tuples(st.integers(0, 1439), st.integers(1, 1440)).filter(
    lambda span: span[0] != span[1]
)
parts = st.builds(
    lambda days, span: HoursPart(tuple(sorted(days)), *span),
    st.sets(st.integers(0, 6), min_size=1),
    spans,
)
hours = st.builds(lambda found: AccessHours(tuple(found)), st.lists(parts, max_size=4))


def at(text: str) -> datetime:
    """Return a time of one week in words, e.g. ``Fri 22:30``."""
    day, clock = text.split(" ")
    hour, minute = map(int, clock.split(":"))
    return MONDAY + timedelta(days=DAYS.index(day), hours=hour, minutes=minute)


def clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def minutes_inside(given_hours: AccessHours) -> set[int]:
    """Paint every span onto the circle of the week's minutes, one minute at a time."""
    inside: set[int] = set()
    for part in given_hours.parts:
        length = (part.end_min - part.start_min) % 1440 or 1440
        for day in part.days:
            first = day * 1440 + part.start_min
            inside |= {(first + n) % WEEK_MIN for n in range(length)}
    return inside


@pytest.mark.parametrize(
    ("text", "open_at", "shut_at"),
    [
        ("Mon-Fri 08:00-18:00; Sat 09:00-12:00", "Sat 11:59", "Sat 12:00"),
        ("Mon-Fri 08:00-18:00; Sat 09:00-12:00", "Mon 08:00", "Mon 07:59"),
        ("Fri 22:00-06:00", "Sat 05:59", "Fri 05:59"),
        ("Sun 22:00-06:00", "Mon 03:00", "Sun 03:00"),
        ("Sat-Mon 10:00-11:00", "Sun 10:30", "Tue 10:30"),
        ("mon,WED 8:00 - 9:00", "Wed 08:30", "Tue 08:30"),
        ("Tue 20:00-00:00", "Tue 23:59", "Wed 00:00"),
        ("Tue 20:00–24:00", "Tue 23:59", "Wed 00:00"),
    ],
)
def test_what_is_written_holds(text: str, open_at: str, shut_at: str) -> None:
    assert AccessHours.parse(text).allows(at(open_at))
    assert not AccessHours.parse(text).allows(at(shut_at))


def test_always_never_and_nothing() -> None:
    assert AccessHours.parse("") == AccessHours.parse(" Always ") == ALWAYS
    assert AccessHours.parse("Mon-Sun 00:00-24:00") == ALWAYS
    assert all(ALWAYS.allows(MONDAY + timedelta(minutes=n)) for n in range(0, WEEK_MIN, 7))
    never = AccessHours.parse("never")
    assert not any(never.allows(MONDAY + timedelta(minutes=n)) for n in range(0, WEEK_MIN, 7))
    assert (str(ALWAYS), str(never)) == ("always", "never")


def test_seconds_belong_to_their_minute() -> None:
    office = AccessHours.parse("Mon 08:00-18:00")
    assert office.allows(at("Mon 17:59") + timedelta(seconds=59, microseconds=999_999))
    assert not office.allows(at("Mon 18:00"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Mon-Fri", "cannot be read"),
        ("08:00-18:00", "cannot be read"),
        ("Mon 08:00-18:00;", "cannot be read"),
        ("Mon 08-18", "cannot be read"),
        ("Mon ٠٨:00-18:00", "cannot be read"),
        ("Mon 08:00-18:00 Tue 08:00-18:00", "cannot be read"),
        ("Moon 08:00-18:00", "no day 'Moon'"),
        ("Mon- 08:00-18:00", "no day ''"),
        ("Mon 08:60-18:00", "08:60"),
        ("Mon 08:00-24:01", "24:01"),
        ("Mon 24:00-06:00", "write 00:00"),
        ("Mon 08:00-08:00", "00:00-24:00"),
        ("Mon 00:00-00:00", "00:00-24:00"),
        ("sometimes", "cannot be read"),
        ("Mon 08:00-09:00;" * 100, "at most 500"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_a_sentence(text: str, said: str) -> None:
    with pytest.raises(AccessError, match=said) as caught:
        AccessHours.parse(text)
    assert str(caught.value).endswith(".")


@given(hours)
def test_text_and_hours_are_the_same_thing(made: AccessHours) -> None:
    again = AccessHours.parse(str(made))
    assert again == made
    assert str(again) == str(made)


@given(hours, st.integers(0, WEEK_MIN - 1))
def test_a_minute_is_allowed_exactly_when_it_is_painted(made: AccessHours, minute: int) -> None:
    inside = minutes_inside(made)
    # Around every edge as well, where mistakes live.
    edges = {part.start_min for part in made.parts} | {part.end_min for part in made.parts}
    asked = {minute} | {
        (day * 1440 + edge + near) % WEEK_MIN
        for day in range(7)
        for edge in edges
        for near in (-1, 0)
    }
    for each in asked:
        assert made.allows(MONDAY + timedelta(minutes=each)) is (each in inside)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        made = AccessHours.parse(text)
    except AccessError:
        return
    assert AccessHours.parse(str(made)) == made


@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=3),
    spans,
)
def test_days_in_any_order_are_understood(ranges: list[tuple[int, int]], span: tuple) -> None:
    text = ",".join(f"{DAYS[a]}-{DAYS[b]}" for a, b in ranges)
    wanted: set[int] = set()
    for first, last in ranges:
        day = first
        wanted.add(day)
        while day != last:
            day = (day + 1) % 7
            wanted.add(day)
    (part,) = AccessHours.parse(f"{text} {clock(span[0])}-{clock(span[1])}").parts
    assert set(part.days) == wanted
