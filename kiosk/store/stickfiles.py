"""Lists on USB sticks: which there are, read one, write one.

Nothing on a stick is trusted: links and everything that is no plain file are left alone, and no
more is read than a list may be long.
"""

from __future__ import annotations

import os
import stat
from datetime import datetime, timezone
from pathlib import Path

from kiosk.errors import ExportError
from kiosk.store.export import ExportReceipt, text_to_medium
from kiosk.store.removable import RemovableMedium

MAX_FILES = 100
_NO_STICK = "The medium cannot be read: was it pulled out? Plug it in again and search anew."


def csv_names(medium: RemovableMedium) -> list[str]:
    """Return the names of plain ``.csv`` files in the main folder of a medium, newest first.

    At most 100; none of hidden ones. Raises ExportError when the medium cannot be read.
    """
    found: list[tuple[float, str]] = []
    try:
        with os.scandir(medium.mount_point) as entries:
            for entry in entries:
                is_list = entry.name.casefold().endswith(".csv") and entry.name[0] != "."
                if is_list and entry.is_file(follow_symlinks=False):
                    found.append((entry.stat(follow_symlinks=False).st_mtime, entry.name))
    except OSError as error:
        raise ExportError(_NO_STICK) from error
    found.sort(key=lambda item: (-item[0], item[1]))
    return [name for _, name in found[:MAX_FILES]]


def read_file(medium: RemovableMedium, name: str, max_bytes: int) -> bytes:
    """Return a file of a medium's main folder, at most ``max_bytes`` + 1 of it.

    Raises ExportError when it is not a plain file there, or cannot be read.
    """
    if Path(name).name != name:
        raise ExportError("Choose a file in the main folder of the medium.")
    try:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with open(os.open(Path(medium.mount_point) / name, flags), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise ExportError(f"{name} is no file with a list. Choose another one.")
            return file.read(max_bytes + 1)
    except OSError as error:
        raise ExportError(_NO_STICK) from error


def write_list(text: str, medium: RemovableMedium, now_ms: int) -> ExportReceipt:
    """Write a list to a medium as ``people_20261120T093000Z.csv``, verified, and release it.

    Raises ExportError; nothing is left on the medium then.
    """
    stamp = datetime.fromtimestamp(now_ms / 1000, timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    return text_to_medium(text, medium, f"people_{stamp}")
