"""Small files of /proc and /sys, read without trust: they vanish, refuse and lie."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

_MAX_BYTES = 64 * 1024
_NUMBER = re.compile(r"[+-]?\d{1,18}")


class Tree:
    """The machine's files below ``root``; paths are given without the leading slash."""

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root

    def text(self, path: str) -> str:
        """Return a file's text, at most 64 KiB. Raises OSError."""
        with open(self._root / path, "rb") as file:
            return file.read(_MAX_BYTES).decode("utf-8", "replace").strip("\0 \t\r\n")

    def text_or_none(self, path: str) -> str | None:
        """Return a file's text; None when it cannot be read."""
        try:
            return self.text(path)
        except OSError:
            return None

    def number(self, path: str) -> int | None:
        """Return the whole number a file consists of; None when it does not or cannot be read."""
        text = self.text_or_none(path)
        return int(text) if text is not None and _NUMBER.fullmatch(text) else None

    def names(self, folder: str, fits: Callable[[str], object] = bool) -> list[str]:
        """Return the names in a folder that fit, in natural order; none when it is not there."""
        try:
            found = [each.name for each in (self._root / folder).iterdir()]
        except OSError:
            return []
        return sorted((name for name in found if fits(name)), key=_natural)

    def why_not(self, path: str) -> str:
        """Say what keeps a file from being read, as a part of a sentence."""
        try:
            self.text(path)
        except PermissionError:
            return "only root may look there"
        except FileNotFoundError:
            return "not there"
        except OSError as error:
            return f"cannot be read: {error.strerror}"
        return "not understood"


def _natural(name: str) -> list[tuple[int, str]]:
    """Order ``zone2`` before ``zone10``."""
    parts = re.split(r"(\d+)", name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]
