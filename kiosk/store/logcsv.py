"""The access log as CSV that a spreadsheet opens as text, never as formulas."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone, tzinfo

from kiosk.domain import Event

COLUMNS = (
    "seq",
    "time_utc",
    "time_local",
    "event",
    "person_id",
    "person",
    "detail",
    "similarity",
    "threshold",
)

# ASCII and full-width: spreadsheets of some languages take both for formulas.
_SUSPECT = frozenset("=+-@＝＋－＠\t\r\n")


def csv_chunks(events: Iterable[Event], zone: tzinfo | None = None) -> Iterator[bytes]:
    """Yield the file piece by piece: UTF-8 with BOM, CRLF, every cell in quotes.

    ``zone`` is that of ``time_local``; None means the system's.
    """
    yield "\ufeff".encode() + _line(COLUMNS)
    for event in events:
        yield _line(_cells(event, zone))


def safe_cell(text: str) -> str:
    """Return ``text`` so that no spreadsheet computes it: ``'`` before what looks like a formula.

    What cannot be encoded or would end the text early is replaced.
    """
    text = text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\ufffd")
    return "'" + text if may_be_formula(text) else text


def may_be_formula(text: str) -> bool:
    """Tell whether a spreadsheet might compute this text instead of showing it."""
    # Importers trim blanks, and invisible characters too, before they look for a formula.
    for character in text:
        if character in _SUSPECT:
            return True
        if not character.isspace() and unicodedata.category(character) not in ("Cc", "Cf"):
            return False
    return False


def _cells(event: Event, zone: tzinfo | None) -> tuple[str, ...]:
    utc, local = _times(event.at_ms, zone)
    return (
        "" if event.seq is None else str(event.seq),
        utc,
        local,
        event.kind.value,
        "" if event.person_id is None else str(event.person_id),
        event.person_name,
        event.detail,
        "" if event.similarity is None else f"{event.similarity:.4f}",
        "" if event.threshold is None else f"{event.threshold:.4f}",
    )


def _times(at_ms: int, zone: tzinfo | None) -> tuple[str, str]:
    try:
        utc = datetime.fromtimestamp(at_ms // 1000, timezone.utc).replace(
            microsecond=at_ms % 1000 * 1000
        )
        local = utc.astimezone(zone).isoformat(timespec="milliseconds")
    except (OverflowError, ValueError, OSError):
        return "", ""
    return utc.isoformat(timespec="milliseconds").replace("+00:00", "Z"), local


def _line(cells: Iterable[str]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow(map(safe_cell, cells))
    return buffer.getvalue().encode("utf-8")
