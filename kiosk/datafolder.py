"""The folder where people, events, models and settings live, and its one owner at a time."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from kiosk.errors import DataFolderBusyError, StoreError


def default_data_dir(environ: Mapping[str, str]) -> Path:
    """Return ``$DOOR_KIOSK_DATA``, else ``door-kiosk`` in the XDG data home."""
    chosen = environ.get("DOOR_KIOSK_DATA")
    if chosen:
        return Path(chosen)
    base = environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "door-kiosk"


@dataclass(frozen=True, slots=True)
class DataFolder:
    """Paths inside a data folder. Making one touches nothing."""

    root: Path

    @property
    def database(self) -> Path:
        return self.root / "kiosk.db"

    @property
    def models(self) -> Path:
        return self.root / "models"

    @property
    def log(self) -> Path:
        return self.root / "log"

    @property
    def guard_journal(self) -> Path:
        """Where the guard of the relay notes what it did."""
        return self.root / "guard"

    @property
    def screenshots(self) -> Path:
        return self.root / "screenshots"

    @property
    def config(self) -> Path:
        return self.root / "config.toml"

    @property
    def config_if_present(self) -> Path | None:
        try:
            return self.config if self.config.is_file() else None
        except OSError as error:  # a name that no file system takes
            raise StoreError(
                f"The data folder cannot be used: {error.strerror}. Choose another with --data DIR."
            ) from error

    def create(self) -> None:
        """Make the folder, readable by its owner only. Raises StoreError."""
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"Cannot create the data folder {self.root}: {error.strerror}. "
                "Choose another one with --data DIR."
            ) from error

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[None]:
        """Own the folder until the block ends or the process dies.

        Raises DataFolderBusyError when another process owns it, StoreError when the folder
        cannot be written.
        """
        self.create()
        path = self.root / "lock"
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(
                f"The data folder {self.root} cannot be written: {error.strerror}. "
                "Check its owner and the disk, or choose another one with --data DIR."
            ) from error
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                owner = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
                raise DataFolderBusyError(
                    f"Another door-kiosk (process {owner or 'unknown'}) is using {self.root}. "
                    "Close it first, or choose another folder with --data DIR."
                ) from error
            # The process id is a courtesy for the message above; the lock itself is the kernel's.
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
            yield
        finally:
            os.close(descriptor)
