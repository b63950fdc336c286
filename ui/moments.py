"""Days as people choose them, and the milliseconds that rights are made of.

The times are those of this computer's own zone, like those of the log.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta


def start_ms(day: date, minute: int = 0) -> int:
    """Return a minute of a local day, UTC milliseconds; minute 1440 is the next day's start."""
    day, minute = day + timedelta(days=minute // 1440), minute % 1440
    local = datetime.combine(day, time(minute // 60, minute % 60)).astimezone()
    return round(local.timestamp() * 1000)


def end_ms(day: date) -> int:
    """Return the first millisecond after a local day."""
    return start_ms(day + timedelta(days=1))


def local(at_ms: int) -> datetime:
    """Return the local time of a moment."""
    return datetime.fromtimestamp(at_ms / 1000)


def last_moment(until_ms: int) -> tuple[date, int]:
    """Return the day in which a validity ends, and the minute; 1440 for the whole day."""
    at = local(until_ms)
    minute = at.hour * 60 + at.minute
    return (at.date(), minute) if minute else (at.date() - timedelta(days=1), 1440)
