"""The list of people and what they may, as CSV: how a cell reads and how it is written.

Columns, in any order, of which a list needs ``number`` or ``name`` only:

- ``number``: badge or staff number; tells who is meant.
- ``name``: tells who is meant where there is no number and one person only has the name.
- ``groups``: names of groups with ``;`` between them, or ``none``.
- ``hours``: their own hours, like ``Mon-Fri 08:00-18:00``; ``always`` or ``never``.
- ``valid_from``, ``valid_until``: a date like ``2027-03-31``, whose whole day still counts; or a
  time like ``2027-03-31 17:30``, by the door's clock unless it ends in an offset like ``+02:00``;
  or ``none``.
- ``uses``: how often they may still enter, or ``unlimited``.
- ``slow``, ``enabled``: ``yes`` or ``no``.
- ``id``: the person's id in this kiosk, as the export writes it; tells who is meant before all
  others. Empty for new people.

An empty cell, or a column that is not there, leaves things as they are. People who are not in the
list stay as they are as well.
"""

from __future__ import annotations

import csv
import datetime
import io
import re
import zoneinfo
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from kiosk.access.hours import AccessHours
from kiosk.errors import AccessError
from kiosk.store.logcsv import may_be_formula
from kiosk.store.rightsrows import EARLIEST_MS, GROUP_SEPARATOR, LATEST_MS, MAX_USES, NO_GROUP

COLUMNS = (
    "number",
    "name",
    "groups",
    "hours",
    "valid_from",
    "valid_until",
    "uses",
    "slow",
    "enabled",
    "id",
)
MAX_BYTES = 8_000_000
MAX_ROWS = 20_000
MAX_PROBLEMS = 1000
NEVER_ENDS = "none"
UNLIMITED = "unlimited"
_DELIMITERS = ",;\t"
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_TIME = re.compile(
    r"[ T]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,3}))?)?"
    r" ?(Z|[+-][0-9]{2}:[0-9]{2}(?::[0-9]{2})?)?"
)
_MAX_SHOWN = 60


class Problem(NamedTuple):
    """Why a list cannot be imported."""

    line: int
    """The first line of the file is 1; 0 where it is about the whole file."""
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a list; a column that is missing or empty is not among the cells."""

    line: int
    cells: Mapping[str, str]


def decode(data: bytes) -> str:
    """Return the text of a file. Raises AccessError when it is too large or not UTF-8."""
    if len(data) > MAX_BYTES:
        raise AccessError(
            f"The list has more than {MAX_BYTES // 1_000_000} MB. Import it in parts."
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise AccessError(
            "The list is not UTF-8 text. Save it as “CSV UTF-8” and import it again."
        ) from error


def read_rows(text: str) -> tuple[list[Row], list[Problem]]:
    """Read a list; never raises. Where there are problems, rows may be missing."""
    if len(text) > MAX_BYTES:
        return [], [Problem(0, "The list is too large. Import it in parts.")]
    text = text.removeprefix("\ufeff")
    if "\0" in text:
        return [], [Problem(0, "The list is no text file. Save it as CSV and import it again.")]
    lines = _lines(text)
    header = next(lines, None)
    if header is None:
        return [], [Problem(0, f"The list is empty. Its first line names columns: {_known()}.")]
    if isinstance(header, Problem):
        return [], [header]
    columns = [cell.strip().casefold() for cell in header[1]]
    faults = _column_faults(columns, header[0])
    if faults:
        return [], faults
    rows: list[Row] = []
    problems: list[Problem] = []
    for found in lines:
        if isinstance(found, Problem):
            problems.append(found)
            break
        line, cells = found
        if len(rows) >= MAX_ROWS or len(problems) >= MAX_PROBLEMS:
            problems.append(Problem(line, "There is more to this list. Import it in parts."))
            break
        if len(cells) > len(columns) and any(cell.strip() for cell in cells[len(columns) :]):
            problems.append(Problem(line, "The line has more cells than there are columns."))
            continue
        kept = {
            column: _unescaped(cell.strip())
            for column, cell in zip(columns, cells, strict=False)
            if column and cell.strip()
        }
        if kept:
            rows.append(Row(line, kept))
    return rows, problems


def write_rows(rows: Iterable[Mapping[str, str]]) -> str:
    """Return a list as a file: with BOM, CRLF, every cell in quotes and none a formula."""
    buffer = io.StringIO(newline="")
    buffer.write("\ufeff")
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([_escaped(row.get(column, "")) for column in COLUMNS])
    return buffer.getvalue()


# --- cells ------------------------------------------------------------------------------------


def read_hours(cell: str) -> AccessHours:
    """Raises AccessError."""
    return AccessHours.parse(cell)


def read_groups(cell: str) -> list[str]:
    """Return the names; empty for ``none``."""
    names = [name.strip() for name in cell.split(GROUP_SEPARATOR)]
    if [name.casefold() for name in names] == [NO_GROUP]:
        return []
    return [name for name in names if name]


def read_flag(cell: str) -> bool:
    """Read ``yes`` or ``no``. Raises AccessError."""
    word = cell.casefold()
    if word in ("yes", "no"):
        return word == "yes"
    raise AccessError(f"{_shown(cell)} is neither yes nor no.")


def read_uses(cell: str) -> int | None:
    """Read a number of entries; None when unlimited. Raises AccessError."""
    if cell.casefold() == UNLIMITED:
        return None
    if cell.isascii() and cell.isdigit() and len(cell) < 8 and int(cell) <= MAX_USES:
        return int(cell)
    raise AccessError(
        f"{_shown(cell)} is no number of entries: write a number up to {MAX_USES} or {UNLIMITED}."
    )


def read_moment(cell: str, zone: str, *, is_end: bool) -> int | None:
    """Return UTC milliseconds; None for ``none``.

    A date alone is its first moment, or with ``is_end`` the first one after it. Raises AccessError.
    """
    if cell.casefold() == NEVER_ENDS:
        return None
    at_ms = _moment(cell, zone, is_end)
    if at_ms is None or not EARLIEST_MS <= at_ms <= LATEST_MS:
        raise AccessError(
            f"{_shown(cell)} is no date: write it like 2027-03-31 or 2027-03-31 17:30, or write "
            f"{NEVER_ENDS}."
        )
    return at_ms


def moment_text(at_ms: int | None, zone: str, *, is_end: bool) -> str:
    """Write what :func:`read_moment` reads; a date alone where that says the same."""
    if at_ms is None:
        return NEVER_ENDS
    local = datetime.datetime.fromtimestamp(at_ms // 1000, _zone(zone)).astimezone(_zone(zone))
    day = local.date() - datetime.timedelta(days=is_end)
    if _day_ms(day, zone, is_end) == at_ms:
        return day.isoformat()
    milliseconds = at_ms % 1000
    text = f"{local:%Y-%m-%d %H:%M}"
    if local.second or milliseconds:
        text += f":{local:%S}"
    if milliseconds:
        text += f".{milliseconds:03d}"
    # With the offset, which alone tells apart the two hours of a night in autumn.
    return text + local.isoformat()[19:]


def _moment(cell: str, zone: str, is_end: bool) -> int | None:
    date = _DATE.match(cell)
    time = _TIME.fullmatch(cell, date.end()) if date else None
    if date is None or (time is None and date.end() != len(cell)):
        return None
    try:
        day = datetime.date(*map(int, date.groups()))
        return _day_ms(day, zone, is_end) if time is None else _time_ms(day, time, zone)
    except (ValueError, OverflowError, OSError):
        return None


def _day_ms(day: datetime.date, zone: str, is_end: bool) -> int:
    first = day + datetime.timedelta(days=is_end)
    return _ms(datetime.datetime(first.year, first.month, first.day, tzinfo=_zone(zone)))


def _time_ms(day: datetime.date, time: re.Match[str], zone: str) -> int:
    hour, minute, second = int(time[1]), int(time[2]), int(time[3] or 0)
    microsecond = int((time[4] or "0").ljust(3, "0")) * 1000
    naive = datetime.datetime(day.year, day.month, day.day, hour, minute, second, microsecond)
    if time[5] is None:
        return _ms(naive.replace(tzinfo=_zone(zone)))
    offset = "+00:00" if time[5] == "Z" else time[5]
    hours, minutes, *seconds = map(int, offset[1:].split(":"))
    span = datetime.timedelta(hours=hours, minutes=minutes, seconds=sum(seconds))
    east = datetime.timezone(-span if offset[0] == "-" else span)
    return _ms(naive.replace(tzinfo=east))


def _ms(moment: datetime.datetime) -> int:
    # Not by a float of seconds: that has no exact milliseconds.
    whole = moment.replace(microsecond=0).timestamp()
    return int(whole) * 1000 + moment.microsecond // 1000


def _zone(name: str) -> datetime.tzinfo | None:
    try:
        return zoneinfo.ZoneInfo(name) if name else None
    except (OSError, ValueError, zoneinfo.ZoneInfoNotFoundError) as error:
        raise AccessError(
            f"The time zone {name!r} is not known. Write [access] zone like Europe/Berlin."
        ) from error


# --- lines ------------------------------------------------------------------------------------


def _lines(text: str) -> Iterator[tuple[int, list[str]] | Problem]:
    first = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Problem(line, f"From here on the list cannot be read: {error}.")
            return
        if any(cell.strip() for cell in cells):
            yield line, cells


def _column_faults(columns: list[str], line: int) -> list[Problem]:
    faults = [
        Problem(line, f"There is no column {_shown(name)}; columns are {_known()}.")
        for name in columns
        if name and name not in COLUMNS
    ]
    faults += [
        Problem(line, f"The column {name} is there twice.")
        for name in COLUMNS
        if columns.count(name) > 1
    ]
    if not faults and not {"number", "name", "id"} & set(columns):
        faults.append(Problem(line, "The first line names no column number, name or id."))
    return faults


def _known() -> str:
    return ", ".join(COLUMNS)


def _escaped(text: str) -> str:
    # One more where there are some already, so that reading takes off just what was put on.
    return "'" + text if may_be_formula(text.lstrip("'")) else text


def _unescaped(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and may_be_formula(cell.lstrip("'")) else cell


def _shown(text: str) -> str:
    return repr(text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "…")
