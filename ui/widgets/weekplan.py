"""What was painted onto a week: spans of minutes in eight rows, and the windows they stand for.

The rows are the days, Monday first, and holidays. On paper a night is two spans, before and after
midnight; in a schedule it is one window that belongs to the day on which it starts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from kiosk.access.model import DAY_MIN, Schedule, Window

DAYS = 7
HOLIDAY_ROW = 7
Span = tuple[int, int]
Row = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class WeekPlan:
    """Spans of each row in minutes after midnight: ascending, apart, within 0–1440."""

    rows: tuple[Row, ...] = ((),) * 8
    holiday_tail_min: int = 0
    """How far a holiday's last span runs into the next day."""

    @classmethod
    def of(cls, schedule: Schedule) -> WeekPlan:
        """Lay a schedule out."""
        rows: list[list[Span]] = [[] for _ in range(8)]
        for day, windows in enumerate(schedule.week):
            for window in windows:
                rows[day].append((window.start_min, min(window.end_min, DAY_MIN)))
                if window.end_min > DAY_MIN:
                    rows[(day + 1) % DAYS].append((0, window.end_min - DAY_MIN))
        for window in schedule.holiday:
            rows[HOLIDAY_ROW].append((window.start_min, min(window.end_min, DAY_MIN)))
        tail_min = max((w.end_min - DAY_MIN for w in schedule.holiday), default=0)
        merged = tuple(_merged(row) for row in rows)
        return cls(merged, _tail(merged[HOLIDAY_ROW], tail_min))

    def covers(self, row: int, minute: int) -> bool:
        """Tell whether a minute of a row is painted."""
        return any(start <= minute < end for start, end in self.rows[row])

    def painted(self, rows: Iterable[int], start_min: int, end_min: int, on: bool) -> WeekPlan:
        """Return the plan with a span of some rows painted, or wiped."""
        wanted = set(rows)
        changed = tuple(
            _with(row, start_min, end_min, on) if number in wanted else row
            for number, row in enumerate(self.rows)
        )
        return self._with_rows(changed)

    def copied(self, source: int, targets: Iterable[int]) -> WeekPlan:
        """Return the plan with one row copied to others."""
        wanted = set(targets)
        return self._with_rows(
            tuple(self.rows[source if n in wanted else n] for n in range(len(self.rows)))
        )

    def _with_rows(self, rows: tuple[Row, ...]) -> WeekPlan:
        return WeekPlan(rows, _tail(rows[HOLIDAY_ROW], self.holiday_tail_min))

    def on(self, schedule: Schedule) -> Schedule:
        """Return the schedule with the windows painted here; its own where nothing differs."""
        if self == WeekPlan.of(schedule):
            return schedule
        return replace(schedule, week=self._week(), holiday=self._holiday())

    def _week(self) -> tuple[tuple[Window, ...], ...]:
        days = [[Window(*span) for span in row] for row in self.rows[:DAYS]]
        nights = [day for day in range(DAYS) if self.is_night(day)]
        # All first pieces go before any last piece is lengthened: a day may have both.
        ends = {day: self.rows[(day + 1) % DAYS][0][1] for day in nights}
        for day in nights:
            del days[(day + 1) % DAYS][0]
        for day in nights:
            days[day][-1] = Window(days[day][-1].start_min, DAY_MIN + ends[day])
        return tuple(map(tuple, days))

    def is_night(self, day: int) -> bool:
        """Tell whether the last span of a day goes on after midnight as the same window."""
        if day >= DAYS or not self.rows[day] or not self.rows[(day + 1) % DAYS]:
            return False
        start, end = self.rows[day][-1]
        next_start, next_end = self.rows[(day + 1) % DAYS][0]
        # A window lasts a day at most; a longer stretch stays one window a day.
        return end == DAY_MIN and start > 0 and next_start == 0 and next_end <= start

    def _holiday(self) -> tuple[Window, ...]:
        windows = [Window(*span) for span in self.rows[HOLIDAY_ROW]]
        if windows and self.holiday_tail_min:
            windows[-1] = Window(windows[-1].start_min, DAY_MIN + self.holiday_tail_min)
        return tuple(windows)


def _tail(row: Row, tail_min: int) -> int:
    """Return how far the last span of a row may go on after midnight: a window lasts a day."""
    if not row or row[-1][1] < DAY_MIN:
        return 0
    return max(0, min(tail_min, row[-1][0]))


def _with(row: Row, start_min: int, end_min: int, on: bool) -> Row:
    if on:
        return _merged([*row, (start_min, end_min)])
    left = [(start, min(end, start_min)) for start, end in row]
    right = [(max(start, end_min), end) for start, end in row]
    return _merged(span for span in (*left, *right) if span[0] < span[1])


def _merged(spans: Iterable[Span]) -> Row:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)
