"""What a command prints: text for people, JSON for programs, progress for those who wait."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from kiosk.errors import ConfigError


class Output:
    """Text goes to stdout unless JSON alone is wanted there."""

    def __init__(self, json_target: str | None = None) -> None:
        """``json_target`` is None, ``-`` for stdout, or a file.

        Raises ConfigError when the file cannot be made, before any work is done for it.
        """
        self._target = json_target
        if self._file is not None:
            check_writable(self._file)

    @property
    def _file(self) -> Path | None:
        return None if self._target in (None, "-") else Path(str(self._target))

    def say(self, *lines: str) -> None:
        """Print lines for people."""
        if self._target != "-":
            for line in lines:
                print(line)

    def result(self, tree: Any) -> None:
        """Write the result as JSON, if that was asked for. Raises ConfigError."""
        if self._target is None:
            return
        text = json.dumps(tree, indent=1, allow_nan=False) + "\n"
        if self._file is None:
            sys.stdout.write(text)
        else:
            with replacing(self._file) as fresh:
                fresh.write_text(text, encoding="utf-8")


class Progress:
    """A counter in the last line of a terminal; silent when stderr is none."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._is_shown = sys.stderr.isatty()

    def __call__(self, done: int, total: int) -> None:
        """Show that ``done`` of ``total`` are finished."""
        if self._is_shown:
            end = "\n" if done >= total else ""
            print(f"\r{self._what}: {done}/{total}", end=end, file=sys.stderr, flush=True)


def check_writable(path: Path) -> None:
    """Raise ConfigError when a file of this name cannot be made."""
    folder = path.absolute().parent
    if path.is_dir():
        raise ConfigError(f"{path} is a folder. Name a file to write.")
    if not folder.is_dir():
        raise ConfigError(f"There is no folder {folder} to write {path.name} into. Make it first.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ConfigError(f"The folder {folder} may not be written. Choose another place.")


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Offer another file to write; it becomes ``path`` when the block ends well.

    Raises ConfigError when that fails; what was at ``path`` then stays.
    """
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.absolute().parent)
        try:
            with open(descriptor, "rb") as file:
                yield Path(name)
                os.fsync(file.fileno())
                # mkstemp allows the owner only; a report is an ordinary file.
                os.fchmod(file.fileno(), 0o644)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}.") from error


def table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """Return the lines of a table with left-aligned columns; numbers are aligned right."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [
        max([len(heading), *(len(row[i]) for row in cells)]) for i, heading in enumerate(headings)
    ]
    numeric = [
        bool(rows) and all(isinstance(row[i], (int, float, type(None))) for row in rows)
        for i in range(len(headings))
    ]
    return [
        "  ".join(
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(line, widths, numeric, strict=True)
        ).rstrip()
        for line in [list(headings), *cells]
    ]


def percent(rate: float | None) -> str:
    """Return a share in words for people, e.g. ``0.42 %``."""
    return "–" if rate is None else f"{100 * rate:.2f} %"


def _cell(value: object) -> str:
    if value is None:
        return "–"
    text = f"{value:.4f}" if isinstance(value, float) else str(value)
    # The log may hold what devices said; it must not steer the terminal.
    return "".join(c if c.isprintable() else "\ufffd" for c in text)
