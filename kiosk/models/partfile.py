"""A file that is not complete yet, and what is known of it: ``FILE.part``, ``FILE.part.json``."""

from __future__ import annotations

import contextlib
import errno
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from kiosk.errors import ModelError


@dataclass(frozen=True, slots=True)
class Origin:
    """Which version of which file the bytes come from."""

    source: str = ""
    etag: str = ""
    """As the source gave it; empty where it gave none."""
    total: int | None = None
    """Bytes of the complete file, as far as known."""


@dataclass(frozen=True, slots=True)
class PartFile:
    """The part of a file that is there already. Making one touches nothing."""

    path: Path

    @classmethod
    def of(cls, whole: Path) -> PartFile:
        """Return the part of a file that is to be called ``whole``."""
        return cls(whole.with_name(whole.name + ".part"))

    @property
    def size(self) -> int:
        """Bytes that are there."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    @property
    def origin(self) -> Origin:
        """What was remembered; nothing where that cannot be read."""
        try:
            note = json.loads(self._note.read_text("utf-8"))
            origin = Origin(note["source"], note["etag"], note["total"])
        # ValueError: bad UTF-8 or JSON; RecursionError: deep nesting.
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            return Origin()
        texts = (origin.source, origin.etag)
        # The validator goes into a request: it must not bring another header along.
        if not all(isinstance(t, str) and t.isascii() and t.isprintable() for t in texts):
            return Origin()
        return origin if type(origin.total) in (int, type(None)) else Origin()

    def remember(self, origin: Origin) -> None:
        """Keep what tells later whether the source still has the same file. Raises ModelError."""
        note = {"source": origin.source, "etag": origin.etag, "total": origin.total}
        with self._faults():
            self._note.write_text(json.dumps(note), "utf-8")

    @contextlib.contextmanager
    def writing(self, start: int) -> Iterator[BinaryIO]:
        """Offer the file to write from byte ``start`` on, what follows being cut off.

        Raises ModelError when it cannot be written, also from within the block through
        :meth:`append`.
        """
        with self._faults():
            file = self.path.open("r+b" if start else "wb")
        try:
            with self._faults():
                file.seek(start)
                file.truncate()
            yield file
        finally:
            with self._faults():
                file.close()

    def append(self, file: BinaryIO, block: bytes) -> None:
        """Write a block to what :meth:`writing` offers. Raises ModelError."""
        with self._faults():
            file.write(block)

    def forget(self) -> None:
        """Delete it, and what is known of it."""
        self.path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)

    @property
    def _note(self) -> Path:
        return self.path.with_name(self.path.name + ".json")

    @contextlib.contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise ModelError(
                    f"The disk is full; {self.size} bytes of {self.path.name} are kept. Free some "
                    "space and run the same command again: it goes on from there."
                ) from error
            raise ModelError(f"{self.path} cannot be written: {error.strerror}.") from error
