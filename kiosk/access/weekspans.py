"""Parts of a week as sets: joined, cut with each other, and written in words.

A week is a circle of 10,080 minutes that begins on Monday at midnight.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

from kiosk.access.hours import ALWAYS, AccessHours, HoursPart
from kiosk.access.model import DAY_MIN, Window

WEEK_MIN = 7 * DAY_MIN

Spans = tuple[tuple[int, int], ...]
"""Minutes of the week, [start, end), 0 ≤ start < end ≤ 10,080, ascending, none touching."""

WHOLE_WEEK: Spans = ((0, WEEK_MIN),)


def of_week(week: Sequence[Iterable[Window]]) -> Spans:
    """Return what the windows of seven days cover, Monday first; holidays aside."""
    return _normalised(
        (day * DAY_MIN + each.start_min, day * DAY_MIN + each.end_min)
        for day, windows in enumerate(week)
        for each in windows
    )


def of_hours(hours: AccessHours) -> Spans:
    """Return what access hours cover."""
    return _normalised(
        (day * DAY_MIN + part.start_min, day * DAY_MIN + _end(part))
        for part in hours.parts
        for day in part.days
    )


def union(parts: Iterable[Spans]) -> Spans:
    """Return what at least one covers."""
    return _normalised(span for part in parts for span in part)


def intersection(one: Spans, other: Spans) -> Spans:
    """Return what both cover."""
    cut = ((max(a, c), min(b, d)) for a, b in one for c, d in other)
    return _normalised((start, end) for start, end in cut if start < end)


def to_hours(spans: Spans) -> AccessHours:
    """Return the access hours that cover the same minutes, for people to read."""
    if spans == WHOLE_WEEK:
        return ALWAYS
    days_of: dict[tuple[int, int], list[int]] = {}
    for start, end in _cut_at_days(spans):
        day, start_min = divmod(start, DAY_MIN)
        end_min = start_min + end - start
        if end_min > DAY_MIN:
            end_min -= DAY_MIN
        days_of.setdefault((start_min, end_min), []).append(day)
    parts = [HoursPart(tuple(sorted(days)), *span) for span, days in days_of.items()]
    return AccessHours(tuple(sorted(parts, key=lambda part: (part.days[0], part.start_min))))


def _cut_at_days(spans: Spans) -> list[tuple[int, int]]:
    """Cut what is a day long or longer at its midnights; an end may lie beyond the week."""
    found = list(spans)
    if len(found) > 1 and found[0][0] == 0 and found[-1][1] == WEEK_MIN:
        # Sunday night is one night.
        night = found.pop()
        found[0] = (night[0], WEEK_MIN + found[0][1])
    pieces: list[tuple[int, int]] = []
    for start, end in found:
        if end - start < DAY_MIN:
            pieces.append((start, end))
            continue
        cuts = [start, *range((start // DAY_MIN + 1) * DAY_MIN, end, DAY_MIN), end]
        pieces += itertools.pairwise(cuts)
    return [
        (start % WEEK_MIN, start % WEEK_MIN + end - start) for start, end in pieces if start < end
    ]


def _end(part: HoursPart) -> int:
    return part.end_min if part.end_min > part.start_min else part.end_min + DAY_MIN


def _normalised(spans: Iterable[tuple[int, int]]) -> Spans:
    """Bring spans, which may run past Sunday's midnight, onto the circle, in order and joined."""
    inside: list[tuple[int, int]] = []
    for start, end in spans:
        inside.append((start, min(end, WEEK_MIN)))
        if end > WEEK_MIN:
            inside.append((0, end - WEEK_MIN))
    found: list[tuple[int, int]] = []
    for start, end in sorted(inside):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return tuple(found)
