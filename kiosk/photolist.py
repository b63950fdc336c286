"""Lists of photographs: as CSV with columns ``person,path`` and, if present, others; as folders."""

from __future__ import annotations

import contextlib
import csv
import hashlib
from collections.abc import Sequence
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


def check_nobody_twice(photos: Sequence[Photo]) -> None:
    """Raise ConfigError when a picture, by its content, is listed for two people.

    Files that cannot be read are passed over: who reads the pictures counts them.
    """
    by_size: dict[int, list[Photo]] = {}
    for photo in photos:
        with contextlib.suppress(OSError):
            by_size.setdefault(photo.file.stat().st_size, []).append(photo)
    for same_size in by_size.values():
        if len({photo.person for photo in same_size}) < 2:
            continue
        first: dict[bytes, Photo] = {}
        for photo in same_size:
            try:
                digest = hashlib.sha256(photo.file.read_bytes()).digest()
            except OSError:
                continue
            known = first.setdefault(digest, photo)
            if known.person != photo.person:
                raise ConfigError(
                    f"{known.path} of {known.person} and {photo.path} of {photo.person} are the "
                    "same picture. Remove a copied file, or list somebody who has two names under "
                    "one: as strangers they would raise every threshold."
                )


def _photo(row: dict[str, str | None], base: Path) -> Photo:
    def cell(name: str) -> str:
        return (row.get(name) or "").strip()

    name = cell("path")
    # An absolute path stays itself: that is what pathlib's joining does.
    return Photo(cell("person"), name, base / name, cell("condition"), cell("number"))
