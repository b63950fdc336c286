"""The access log on a USB stick or in a file: written, read back and compared."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import logging
import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timezone, tzinfo
from pathlib import Path

from kiosk.domain import Event
from kiosk.errors import ExportError
from kiosk.store.logcsv import csv_chunks
from kiosk.store.removable import RemovableMedium

_log = logging.getLogger(__name__)

_CHUNK = 1 << 20
_UNMOUNT_TIMEOUT_S = 20.0

_GONE = "The medium stopped answering: was it pulled out? Plug it in again and repeat the export."
_TEXTS = {
    errno.ENOSPC: "The medium is full. Delete something on it or use another one.",
    errno.EDQUOT: "The medium is full. Delete something on it or use another one.",
    errno.EFBIG: "The log is larger than a file on this medium may be. Export a shorter time.",
    errno.EROFS: "The medium is write-protected. Move its switch, or use another one.",
    errno.EIO: "The medium reported an error while writing. Use another one.",
    errno.ENXIO: _GONE,
    errno.ENODEV: _GONE,
    errno.ESTALE: _GONE,
    errno.ENOENT: "The folder for the log is not there. Was the medium pulled out?",
    errno.ENOTDIR: "The target is not a folder. Choose another one.",
    errno.EACCES: "door-kiosk may not write there. Mount the medium for its user, or use another.",
    errno.EPERM: "door-kiosk may not write there. Mount the medium for its user, or use another.",
    errno.EEXIST: "A file of that name exists already and is left as it is. Choose another name.",
}


@dataclass(frozen=True, slots=True)
class ExportReceipt:
    """What was written."""

    path: str
    rows: int
    """Events, without the heading."""
    bytes_written: int
    sha256: str
    """Of the file, 64 hex digits, computed from what was read back."""
    safe_to_remove: bool
    """Everything has reached the medium."""
    message: str
    """A sentence for the person who waits."""


def export_to_medium(
    events: Iterable[Event],
    medium: RemovableMedium,
    now_ms: int,
    *,
    zone: tzinfo | None = None,
    unmount: Callable[[RemovableMedium], bool] | None = None,
) -> ExportReceipt:
    """Write the log to a removable medium and release it where that is permitted.

    ``unmount`` returns whether it released the medium; None asks udisks. Raises ExportError,
    after which no part of the log is left on the medium.
    """
    receipt = export_events(
        events,
        Path(medium.mount_point),
        now_ms,
        zone=zone,
        device_number=medium.device_number,
    )
    # The file and its name are flushed; this is for what the file system keeps beside them.
    os.sync()
    release = unmount_with_udisks if unmount is None else unmount
    text = f"{receipt.rows} events written and verified. "
    if release(medium):
        return replace(receipt, message=text + "The medium is released: you can pull it out.")
    return replace(receipt, message=text + "You may remove the medium now.")


def export_events(
    events: Iterable[Event],
    target_dir: Path,
    now_ms: int,
    *,
    zone: tzinfo | None = None,
    require_separate_device: bool = True,
    device_number: int = 0,
) -> ExportReceipt:
    """Write the log into a folder as ``doorlog_20261120T093000Z.csv``, or ``…-2.csv`` and so on.

    The folder of a stick that was pulled out may still exist, so ``require_separate_device``
    refuses one on the root disk, and one on another device than ``device_number`` (``st_dev``)
    unless that is 0. Raises ExportError; no part of the log is then left.
    """
    try:
        stamp = datetime.fromtimestamp(now_ms / 1000, timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    except (OverflowError, ValueError, OSError) as error:
        raise ExportError("The clock of this computer is wrong. Set it first.") from error
    with _faults(), _folder(target_dir) as folder:
        if require_separate_device:
            _check_device(os.fstat(folder).st_dev, device_number)
        # On ext4 the mode travels with the stick; whoever reads it there is another user.
        names = (f"doorlog_{stamp}{suffix}.csv" for suffix in _suffixes())
        return _write(folder, target_dir, names, csv_chunks(events, zone), 0o644)


def text_to_medium(
    text: str,
    medium: RemovableMedium,
    stem: str,
    *,
    unmount: Callable[[RemovableMedium], bool] | None = None,
) -> ExportReceipt:
    """Write a list to a removable medium as ``STEM.csv``, or ``STEM-2.csv`` and so on.

    Checked, verified and released like the log; raises ExportError as :func:`export_to_medium`.
    """
    target = Path(medium.mount_point)
    with _faults(), _folder(target) as folder:
        _check_device(os.fstat(folder).st_dev, medium.device_number)
        names = (f"{stem}{suffix}.csv" for suffix in _suffixes())
        lines = (line.encode("utf-8") for line in text.splitlines(keepends=True))
        receipt = _write(folder, target, names, lines, 0o644)
    os.sync()
    release = unmount_with_udisks if unmount is None else unmount
    words = f"{receipt.rows} lines written and verified. "
    if release(medium):
        return replace(receipt, message=words + "The medium is released: you can pull it out.")
    return replace(receipt, message=words + "You may remove the medium now.")


def export_to_file(
    events: Iterable[Event], path: Path, *, zone: tzinfo | None = None
) -> ExportReceipt:
    """Write the log to a new file of any name, for its owner; an existing file is refused.

    Raises ExportError; no part of the log is then left.
    """
    with _faults(), _folder(path.absolute().parent) as folder:
        return _write(
            folder, path.absolute().parent, iter([path.name]), csv_chunks(events, zone), 0o600
        )


def unmount_with_udisks(medium: RemovableMedium) -> bool:
    """Ask udisks to unmount; False when it is not installed, not permitted or too slow."""
    program = shutil.which("udisksctl")
    if program is None or not medium.device.startswith("/dev/"):
        return False
    try:
        done = subprocess.run(
            [program, "unmount", "--no-user-interaction", "-b", medium.device],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_UNMOUNT_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        _log.info("cannot unmount %s: %s", medium.device, error)
        return False
    if done.returncode != 0:
        _log.info("cannot unmount %s: %s", medium.device, done.stderr.decode("utf-8", "replace"))
    return done.returncode == 0


@contextlib.contextmanager
def _faults() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        text = _TEXTS.get(
            error.errno or 0, f"The log could not be written: {error.strerror}. Use another medium."
        )
        raise ExportError(text) from error


@contextlib.contextmanager
def _folder(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _check_device(found: int, wanted: int) -> None:
    if found == Path("/").stat().st_dev or (wanted and found != wanted):
        raise ExportError(
            "The medium is no longer there, or another one is in its place. "
            "Plug it in again and choose it anew."
        )


def _suffixes() -> Iterator[str]:
    yield ""
    for number in range(2, 1000):
        yield f"-{number}"


def _write(
    folder: int,
    folder_path: Path,
    names: Iterator[str],
    chunks: Iterable[bytes],
    mode: int,
) -> ExportReceipt:
    """Write under a temporary name and give the file its own only when it has been compared."""
    temporary = f".doorlog-{os.urandom(8).hex()}.tmp"
    descriptor = os.open(
        temporary,
        os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC,
        mode,
        dir_fd=folder,
    )
    reserved: str | None = None
    try:
        wanted = hashlib.sha256()
        size = 0
        rows = -1
        with open(descriptor, "wb", buffering=_CHUNK) as file:
            for chunk in chunks:
                file.write(chunk)
                wanted.update(chunk)
                size += len(chunk)
                rows += 1
            file.flush()
            os.fsync(file.fileno())
        _compare(folder, temporary, size, wanted.hexdigest())
        reserved = _reserve(folder, names)
        os.replace(temporary, reserved, src_dir_fd=folder, dst_dir_fd=folder)
        os.fsync(folder)
    except BaseException:
        for leftover in (temporary, reserved):
            if leftover is not None:
                with contextlib.suppress(OSError):
                    os.unlink(leftover, dir_fd=folder)
        raise
    path = folder_path / reserved
    return ExportReceipt(
        path=str(path),
        rows=rows,
        bytes_written=size,
        sha256=wanted.hexdigest(),
        safe_to_remove=True,
        message=f"{rows} events written to {path} and verified.",
    )


def _compare(folder: int, name: str, size: int, sha256: str) -> None:
    if _read_back(folder, name) != (size, sha256):
        raise ExportError(
            "The medium does not hold what was written: it is defective. Use another one."
        )


def _read_back(folder: int, name: str) -> tuple[int, str]:
    """Return size and SHA-256 of a file as the device holds it."""
    descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    with open(descriptor, "rb", buffering=0) as file:
        # Without this the kernel would answer from memory, and a bad stick would pass.
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        digest = hashlib.sha256()
        size = 0
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return size, digest.hexdigest()


def _reserve(folder: int, names: Iterator[str]) -> str:
    """Claim the first free name with an empty file: FAT can neither link nor refuse to replace."""
    for name in names:
        try:
            os.close(
                os.open(
                    name,
                    os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC,
                    0o600,
                    dir_fd=folder,
                )
            )
        except FileExistsError:
            continue
        return name
    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
