"""Health rows, and the checks behind them that need no device: owner, clock, disk.

Shown by the diagnostics screen and by ``door-kiosk doctor``.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import shutil
import tempfile
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from kiosk.datafolder import DataFolder

BUILD_YEAR = 2026
"""No clock that is right can show an earlier year."""

TIMESYNC = Path("/run/systemd/timesync/synchronized")
_TIME_ERROR = 5
_LOW_BYTES = 500 * 1024**2
_FULL_BYTES = 50 * 1024**2


@dataclass(frozen=True, slots=True)
class HealthRow:
    """One line: ``level`` is ``ok``, ``warning`` or ``fault``."""

    name: str
    level: str
    text: str


def folder_owner(folder: DataFolder) -> str | None:
    """Return the process id of the kiosk that runs on a data folder; None when none does.

    Touches nothing; ``unknown`` when the owner did not leave its number.
    """
    try:
        descriptor = os.open(folder.root / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
    finally:
        os.close(descriptor)
    return None


def check_clock(now_ms: int, synchronised: bool | None) -> HealthRow:
    """Judge the clock: entries of the log are only worth as much as their times.

    ``synchronised`` is None when it cannot be found out.
    """
    try:
        now = datetime.fromtimestamp(now_ms / 1000, timezone.utc).astimezone()
    except (OverflowError, ValueError, OSError):
        return HealthRow(
            "Clock", "fault", "The clock is not set. Set it with: timedatectl set-time"
        )
    text = f"{now:%Y-%m-%d %H:%M:%S} {now.tzname()} (UTC{now:%z})"
    if now.year < BUILD_YEAR:
        return HealthRow(
            "Clock", "fault", f"{text} is in the past. Set the clock: timedatectl set-ntp true"
        )
    if synchronised is None:
        return HealthRow("Clock", "ok", f"{text}; whether it is synchronised is not known")
    if not synchronised:
        return HealthRow(
            "Clock",
            "warning",
            f"{text}; not synchronised with a time server. Switch it on: timedatectl set-ntp true",
        )
    return HealthRow("Clock", "ok", f"{text}, synchronised")


def is_clock_synchronised(flag: Path = TIMESYNC) -> bool | None:
    """Ask systemd's flag, else the kernel; None when neither answers."""
    if flag.exists():
        return True
    try:
        # All-zero means "only tell"; the structure is 208 bytes on 64-bit Linux.
        state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512))
    except (OSError, AttributeError):
        return None
    return None if state < 0 else state != _TIME_ERROR


def check_disk(root: Path) -> HealthRow:
    """Say whether a data folder can be written and how much room there is."""
    existing = root.absolute()
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    try:
        if not existing.is_dir():
            return HealthRow("Disk", "fault", f"{existing} is not a folder. Choose another: --data")
        free = shutil.disk_usage(existing).free
        if existing == root.absolute():
            # Leaves no name behind, and unlike permission bits it knows read-only disks.
            with contextlib.closing(tempfile.TemporaryFile(dir=existing)):
                pass
        elif not os.access(existing, os.W_OK | os.X_OK):
            raise PermissionError(0, "permission denied")
    except OSError as error:
        return HealthRow(
            "Disk",
            "fault",
            f"{existing} cannot be written ({error.strerror}). Check its owner and the disk.",
        )
    text = f"{root}, {free / 1024**3:.1f} GiB free"
    if existing != root.absolute():
        text += "; the folder is made at the first start"
    if free < _FULL_BYTES:
        return HealthRow("Disk", "fault", f"{text}: full. Free some space.")
    return HealthRow("Disk", "warning" if free < _LOW_BYTES else "ok", text)
