"""Lists of photographs: as CSV with columns ``person,path`` and, if present, others; as folders."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from kiosk.errors import ConfigError

_MAX_ROWS = 1_000_000
_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp")


@dataclass(frozen=True, slots=True)
class Photo:
    """One row. An empty ``person`` is a stranger; ``condition`` is carried through."""

    person: str
    path: str
    file: Path
    condition: str = ""
    number: str = ""


def read_photo_list(
    path: Path, root: Path | None = None, columns: tuple[str, ...] = ("person", "path")
) -> list[Photo]:
    """Read a list; relative paths start at ``root``, else at the list's own folder.

    Raises ConfigError when the file cannot be read or a column of ``columns`` is missing.
    """
    base = root if root is not None else path.parent
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            found = [name.strip().lower() for name in reader.fieldnames or []]
            missing = [name for name in columns if name not in found]
            if missing:
                raise ConfigError(
                    f"{path} lacks the column {' and '.join(missing)}; it has "
                    f"{', '.join(found) or 'none'}. The first line must name the columns "
                    f"{','.join(columns)}."
                )
            reader.fieldnames = found
            rows = []
            for row in reader:
                if not (row["path"] or "").strip():
                    raise ConfigError(f"{path}, line {reader.line_num}: the path is empty.")
                rows.append(_photo(row, base))
                if len(rows) > _MAX_ROWS:
                    raise ConfigError(f"{path} has more than {_MAX_ROWS} rows.")
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"{path} cannot be read as CSV: {error}.") from error
    if not rows:
        raise ConfigError(f"{path} lists no photographs.")
    return rows


def photo_folder(path: Path) -> list[Photo]:
    """List a folder that has one folder of pictures for each person, named like the person.

    Raises ConfigError when it cannot be read or holds no such folder.
    """
    try:
        folders = sorted(entry for entry in path.iterdir() if entry.is_dir())
        photos = [
            Photo(folder.name, f"{folder.name}/{file.name}", file)
            for folder in folders
            if not folder.name.startswith(".")
            for file in sorted(folder.iterdir())
            if file.suffix.lower() in _SUFFIXES and not file.name.startswith(".")
        ]
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from error
    if not photos:
        raise ConfigError(
            f"{path} holds no pictures of people. It needs a folder for each person with their "
            f"pictures in it ({', '.join(_SUFFIXES)})."
        )
    return photos


def _photo(row: dict[str, str | None], base: Path) -> Photo:
    def cell(name: str) -> str:
        return (row.get(name) or "").strip()

    name = cell("path")
    # An absolute path stays itself: that is what pathlib's joining does.
    return Photo(cell("person"), name, base / name, cell("condition"), cell("number"))
