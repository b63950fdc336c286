"""Access hours: when in the week somebody may enter, as one line of text.

``Mon-Fri 08:00-18:00; Sat 09:00-12:00``: each part names days and one span of the day. A span whose
end lies before its start runs past midnight and belongs to the day on which it starts, so that
``Fri 22:00-06:00`` ends on Saturday morning. The end itself is no longer inside. Times are those of
the clock on the wall: when clocks change, the hours change with them. ``always`` and ``never`` are
hours too, and no text at all means always.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from kiosk.errors import AccessError

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DAY_MIN = 24 * 60
_MAX_LENGTH = 500
_SPAN = re.compile(r"([0-9]{1,2}):([0-9]{2}) ?- ?([0-9]{1,2}):([0-9]{2})")
_EXAMPLE = "Write them like Mon-Fri 08:00-18:00; Sat 09:00-12:00, or write always or never."


@dataclass(frozen=True, slots=True)
class HoursPart:
    """One span on some days of the week, in minutes after midnight."""

    days: tuple[int, ...]
    """0 is Monday; ascending, each once."""
    start_min: int
    end_min: int
    """At most 1440; not after ``start_min`` when the span runs past midnight."""

    def covers(self, day: int, minute: int) -> bool:
        """Tell whether a minute of a day is inside."""
        if self.start_min < self.end_min:
            return day in self.days and self.start_min <= minute < self.end_min
        began_today = day in self.days and minute >= self.start_min
        return began_today or ((day - 1) % 7 in self.days and minute < self.end_min)

    def __str__(self) -> str:
        return f"{_days_text(self.days)} {_clock(self.start_min)}-{_clock(self.end_min)}"


@dataclass(frozen=True, slots=True)
class AccessHours:
    """The parts of the week in which somebody may enter; without any, never."""

    parts: tuple[HoursPart, ...]

    @classmethod
    def parse(cls, text: str) -> AccessHours:
        """Read hours as described above; letter case does not matter. Raises AccessError."""
        if len(text) > _MAX_LENGTH:
            raise AccessError(f"Access hours have at most {_MAX_LENGTH} characters. {_EXAMPLE}")
        words = " ".join(text.replace("–", "-").replace(",", ", ").split()).replace(", ", ",")
        if words.casefold() in ("", "always"):
            return ALWAYS
        if words.casefold() == "never":
            return cls(())
        return cls(tuple(_parse_part(part.strip()) for part in words.split(";")))

    def allows(self, local: datetime) -> bool:
        """Tell whether somebody may enter at this local time."""
        minute = local.hour * 60 + local.minute
        return any(part.covers(local.weekday(), minute) for part in self.parts)

    def __str__(self) -> str:
        if self == ALWAYS:
            return "always"
        return "; ".join(map(str, self.parts)) or "never"


def wall_clock(at_ms: int) -> datetime:
    """Return the time on the wall here, in the system's zone, at a UTC time in milliseconds."""
    return datetime.fromtimestamp(at_ms / 1000).astimezone()


ALWAYS = AccessHours((HoursPart(tuple(range(7)), 0, _DAY_MIN),))


def _parse_part(part: str) -> HoursPart:
    days, _, span = part.partition(" ")
    found = _SPAN.fullmatch(span.strip())
    if found is None:
        raise AccessError(f"The access hours {part!r} cannot be read. {_EXAMPLE}")
    start_min = _minute(part, found[1], found[2])
    end_min = _minute(part, found[3], found[4])
    if end_min == 0 and start_min > 0:
        end_min = _DAY_MIN
    if start_min == _DAY_MIN:
        raise AccessError(f"The access hours {part!r} start when the day is over: write 00:00.")
    if start_min == end_min:
        raise AccessError(
            f"The access hours {part!r} start and end at the same time; the whole day is "
            "00:00-24:00."
        )
    return HoursPart(_parse_days(part, days), start_min, end_min)


def _parse_days(part: str, text: str) -> tuple[int, ...]:
    days: set[int] = set()
    for item in text.split(","):
        first, dash, last = item.partition("-")
        start = _day(part, first)
        end = _day(part, last) if dash else start
        # Past Sunday it goes on with Monday, as in Sat-Mon.
        days.update((start + n) % 7 for n in range((end - start) % 7 + 1))
    return tuple(sorted(days))


def _day(part: str, name: str) -> int:
    try:
        return _DAYS.index(name.capitalize())
    except ValueError as error:
        raise AccessError(
            f"The access hours {part!r} have no day {name!r}; days are {', '.join(_DAYS)}. "
            f"{_EXAMPLE}"
        ) from error


def _minute(part: str, hour: str, minute: str) -> int:
    after_midnight = int(hour) * 60 + int(minute)
    if int(minute) > 59 or after_midnight > _DAY_MIN:
        raise AccessError(
            f"The access hours {part!r} name the time {hour}:{minute}; times go from 00:00 to "
            "24:00."
        )
    return after_midnight


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _days_text(days: tuple[int, ...]) -> str:
    runs: list[list[int]] = []
    for day in days:
        if runs and day == runs[-1][-1] + 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    names = [(_DAYS[run[0]], _DAYS[run[-1]]) for run in runs]
    return ",".join(first if first == last else f"{first}-{last}" for first, last in names)
