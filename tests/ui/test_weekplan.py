"""What is painted onto a week is what the schedule allows, minute by minute."""

from __future__ import annotations

from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.access.model import DAY_MIN, Schedule, Window
from tests.ui.fakerights import ALWAYS, NEVER, NIGHT, OFFICE, hours
from ui.widgets.weekplan import HOLIDAY_ROW, WeekPlan

EMPTY = Schedule(None, "x", ((),) * 7)

windows = st.builds(
    lambda start, length: Window(start, start + length),
    st.integers(0, DAY_MIN - 1),
    st.integers(1, DAY_MIN),
)
days = st.lists(windows, max_size=3).map(tuple)
schedules = st.builds(
    lambda week, holiday: Schedule(1, "x", tuple(week), holiday),
    st.lists(days, min_size=7, max_size=7),
    days,
)
strokes = st.lists(
    st.tuples(
        st.integers(0, 7), st.integers(0, 7), st.integers(0, 95), st.integers(1, 96), st.booleans()
    ),
    max_size=6,
)


def allowed(schedule: Schedule) -> set[int]:
    """Return every minute of an ordinary week in which somebody may enter, by the model's words."""
    minutes = chain.from_iterable(
        range(day * DAY_MIN + w.start_min, day * DAY_MIN + w.end_min)
        for day, row in enumerate(schedule.week)
        for w in row
    )
    return {minute % (7 * DAY_MIN) for minute in minutes}


def painted(plan: WeekPlan) -> set[int]:
    return {
        day * DAY_MIN + minute
        for day in range(7)
        for start, end in plan.rows[day]
        for minute in range(start, end)
    }


def valid(window: Window) -> bool:
    return 0 <= window.start_min < DAY_MIN and (
        window.start_min < window.end_min <= window.start_min + DAY_MIN
    )


@settings(max_examples=80, deadline=None)
@given(schedules)
def test_a_schedule_is_laid_out_as_it_allows(schedule: Schedule) -> None:
    plan = WeekPlan.of(schedule)
    assert painted(plan) == allowed(schedule)
    # Looking at it changes nothing, however its windows were written.
    assert plan.on(schedule) is schedule


@settings(max_examples=60, deadline=None)
@given(schedules, strokes)
def test_what_is_painted_is_what_is_allowed(
    schedule: Schedule, touched: list[tuple[int, int, int, int, bool]]
) -> None:
    plan = WeekPlan.of(schedule)
    for first, last, start, length, on in touched:
        rows = range(min(first, last), max(first, last) + 1)
        begin, end = start * 15, min(DAY_MIN, (start + length) * 15)
        before = plan
        plan = plan.painted(rows, begin, end, on)
        for row in range(8):
            for minute in (*range(0, DAY_MIN, 45), begin, end - 1):
                inside = row in rows and begin <= minute < end
                assert plan.covers(row, minute) == (on if inside else before.covers(row, minute))
    made = plan.on(schedule)
    assert allowed(made) == painted(plan)
    assert all(valid(window) for row in (*made.week, made.holiday) for window in row)
    assert WeekPlan.of(made) == plan
    holiday = {m for w in made.holiday for m in range(w.start_min, min(w.end_min, DAY_MIN))}
    assert holiday == {m for start, end in plan.rows[HOLIDAY_ROW] for m in range(start, end)}


def test_a_night_is_one_window_of_the_day_on_which_it_begins() -> None:
    plan = WeekPlan().painted([4], 22 * 60, DAY_MIN, True).painted([5], 0, 6 * 60, True)
    made = plan.on(EMPTY)
    assert made.week[4] == hours((22, 30))
    assert made.week[5] == ()
    # Around the end of the week as well.
    plan = WeekPlan().painted([6], 20 * 60, DAY_MIN, True).painted([0], 0, 60, True)
    assert plan.on(EMPTY).week[6] == hours((20, 25))


def test_whole_days_stay_windows_of_their_own() -> None:
    assert WeekPlan().painted(range(8), 0, DAY_MIN, True).on(EMPTY).week == (hours((0, 24)),) * 7


def test_a_stretch_of_more_than_a_day_is_no_single_window() -> None:
    plan = WeekPlan().painted([0], 8 * 60, DAY_MIN, True).painted([1], 0, 10 * 60, True)
    assert plan.on(EMPTY).week[:2] == (hours((8, 24)), hours((0, 10)))


def test_a_day_is_copied_to_others() -> None:
    plan = WeekPlan.of(OFFICE).copied(4, (5, 6, HOLIDAY_ROW))
    assert plan.on(OFFICE).week[4:] == (hours((8, 15)),) * 3
    assert plan.on(OFFICE).holiday == hours((8, 15))
    assert plan.on(OFFICE).week[0] == OFFICE.week[0]


def test_a_holiday_that_runs_past_midnight_keeps_its_end() -> None:
    schedule = Schedule(1, "x", ((),) * 7, hours((20, 28)))
    plan = WeekPlan.of(schedule).painted([0], 0, 60, True)
    assert plan.on(schedule).holiday == hours((20, 28))
    plan = plan.painted([HOLIDAY_ROW], 23 * 60, DAY_MIN, False)
    assert plan.on(schedule).holiday == hours((20, 23))


@pytest.mark.parametrize("schedule", [OFFICE, NIGHT, ALWAYS, NEVER])
def test_schedules_of_the_house_survive(schedule: Schedule) -> None:
    assert WeekPlan.of(schedule).on(schedule) is schedule
