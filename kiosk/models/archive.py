"""Archives from a USB stick: unpacked warily, into a folder that vanishes afterwards.

Only ordinary files come out, under their own names without folders. Everything that is not needed
to hand over a folder of models is refused, not repaired.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import lzma
import re
import shutil
import stat
import struct
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, cast

from kiosk.errors import ModelError

MAX_ENTRIES = 200
MAX_BYTES = 2 * 1024**3
"""Of all files together, and of the archive."""
KINDS = ".zip, .tar, .tar.gz, .tgz or .tar.xz"
_BLOCK = 1 << 20
_MAX_NAME = 255
_MAX_DIRECTORY_BYTES = MAX_ENTRIES * 1024
"""A zip's list of entries; zipfile reads it as a whole before anybody can count."""
_MAX_HEADER_BYTES = 1 << 20
"""One read by tarfile: its headers may claim any length, and it reads them as a whole."""
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_PREFIX = "unpacked-"
_DAMAGED = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, gzip.BadGzipFile,
    struct.error, EOFError, ValueError, IndexError, KeyError, OverflowError, MemoryError,
    RecursionError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    size: int
    """In bytes, as declared."""


@contextlib.contextmanager
def unpacked(source: Path, models: Path) -> Iterator[Path]:
    """Offer the files of a folder or an archive as a folder, until the block ends.

    A folder is offered as it is. An archive is unpacked into a folder inside ``models``, which the
    caller owns. Raises ModelError when it is damaged, encrypted, too large, or holds anything but
    ordinary files of one folder; and says the archive's name where errors of the block name the
    unpacked folder.
    """
    if source.is_dir():
        yield source
        return
    if not source.is_file():
        raise ModelError(
            f"{source} is neither a folder nor an archive. Name the folder that holds the models, "
            f"or one packed as {KINDS}."
        )
    try:
        models.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in models.glob(f"{_PREFIX}*"):  # by a power cut
            shutil.rmtree(left, ignore_errors=True)
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=models))
    except OSError as error:
        raise ModelError(f"The models folder {models} cannot be written: {error}.") from error
    try:
        _unpack(source, folder)
        yield folder
    except ModelError as error:
        raise ModelError(str(error).replace(str(folder), str(source))) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def file_name(name: str) -> str | None:
    """Return what an entry is called without its folder; None when no model can be called so.

    Raises ValueError when it leads elsewhere: an absolute path, ``..``, another system's
    separators, or more than one folder deep.
    """
    if not name or len(name) > 2 * _MAX_NAME or "\0" in name:
        raise ValueError("it has an impossible name")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or "\\" in name or ".." in parts or re.match(r"[A-Za-z]:", name):
        raise ValueError("it leads out of its folder")
    if not parts or parts[0] == "__MACOSX":  # macOS adds one to every archive
        return None
    if len(parts) > 2:
        raise ValueError("it lies in a folder inside a folder")
    last = parts[-1]
    return last if _FILE_NAME.fullmatch(last) and len(last) <= _MAX_NAME else None


def _unpack(source: Path, folder: Path) -> None:
    try:
        with source.open("rb") as file:
            if source.stat().st_size > MAX_BYTES:
                raise ModelError(f"{source} is larger than 2 GiB and cannot be models.")
            with _contents(source, file) as entries:
                _write(source, entries, folder)
    except _DAMAGED as error:
        raise ModelError(
            f"{source} is damaged or not complete ({_sentence(error)}). Copy it to the stick again."
        ) from error
    except (NotImplementedError, RuntimeError) as error:  # zipfile's word for what it cannot do
        raise ModelError(f"{source} cannot be unpacked: {_sentence(error)}.") from error
    except OSError as error:
        raise ModelError(
            f"{source} could not be unpacked into {folder.parent}: {error.strerror or error}."
        ) from error


@contextlib.contextmanager
def _contents(source: Path, file: BinaryIO) -> Iterator[Iterator[tuple[_Entry, IO[bytes]]]]:
    head = file.read(512)
    file.seek(0)
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        _check_zip_directory(source, file)
        with zipfile.ZipFile(file) as archive:
            yield _zip_entries(source, archive)
    elif head[:2] == b"\x1f\x8b":
        with gzip.GzipFile(fileobj=file) as ungz:
            yield _tar_entries(source, cast("IO[bytes]", ungz))
    elif head[:6] == b"\xfd7zXZ\x00":
        with lzma.LZMAFile(file) as unxz:
            yield _tar_entries(source, cast("IO[bytes]", unxz))
    elif head[257:262] == b"ustar":
        yield _tar_entries(source, file)
    else:
        raise ModelError(f"{source} is neither a folder nor an archive of a known kind: {KINDS}.")


def _write(source: Path, entries: Iterator[tuple[_Entry, IO[bytes]]], folder: Path) -> None:
    room = MAX_BYTES
    for entry, stream in entries:
        name = _checked_name(source, entry.name)
        if entry.size < 0:
            raise ValueError("a file of it has an impossible size")
        room -= entry.size
        if room < 0:
            raise ModelError(f"{source} holds more than 2 GiB and cannot be models.")
        if name is None:
            continue
        path = folder / name
        if path.exists():
            raise ModelError(f"{source} holds two files called {name}. Nothing of it is used.")
        with stream, path.open("xb") as file:
            size = 0
            while block := stream.read(_BLOCK):
                size += len(block)
                if size > entry.size:
                    break
                file.write(block)
        if size != entry.size:
            raise ModelError(
                f"{source} is damaged or not complete: {name} has another size than it says. "
                "Nothing of it is used."
            )


def _zip_entries(source: Path, archive: zipfile.ZipFile) -> Iterator[tuple[_Entry, IO[bytes]]]:
    for number, info in enumerate(archive.infolist()):
        _check_count(source, number)
        kind = stat.S_IFMT(info.external_attr >> 16)
        if info.is_dir() and kind in (0, stat.S_IFDIR):
            _checked_name(source, info.filename)
            continue
        if kind not in (0, stat.S_IFREG):
            raise _refused(source, info.filename, "it is a link or a device")
        if info.flag_bits & 0x1:
            raise ModelError(f"{source} is encrypted. Pack the models without a password.")
        yield _Entry(info.filename, info.file_size), archive.open(info)


def _check_zip_directory(source: Path, file: BinaryIO) -> None:
    """Refuse a zip with a long list of entries, found as zipfile finds it."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(size - 65536 - 42, 0))
    tail = file.read()
    file.seek(0)
    end = len(tail) - 22
    if end < 0 or tail[end : end + 4] != b"PK\x05\x06" or tail[-2:] != b"\0\0":
        end = tail.rfind(b"PK\x05\x06")
    if end < 0 or end + 22 > len(tail):
        raise zipfile.BadZipFile("its end is missing")
    count, length, begins, comment = struct.unpack_from("<HLLH", tail, end + 10)
    # A self-test inside is a zip too, whose end must not pass for that of a truncated archive.
    is_the_end = end + 22 + comment == len(tail)
    if not is_the_end or begins + length != size - len(tail) + end:
        raise zipfile.BadZipFile("its end is missing")
    # Only archives of more than 4 GiB or 65,535 entries need the longer form of this record.
    is_long_form = end >= 20 and tail[end - 20 : end - 16] == b"PK\x06\x07"
    if count > MAX_ENTRIES or length > _MAX_DIRECTORY_BYTES or is_long_form:
        raise _too_many(source)


def _tar_entries(source: Path, plain: IO[bytes]) -> Iterator[tuple[_Entry, IO[bytes]]]:
    bounded = _Bounded(plain)
    tar = tarfile.open(fileobj=bounded, mode="r:")  # noqa: SIM115 - it opens nothing itself
    number = 0
    while (info := tar.next()) is not None:
        _check_count(source, number)
        number += 1
        if info.isdir():
            _checked_name(source, info.name)
            continue
        if not info.isreg() or info.issparse():
            raise _refused(source, info.name, "it is a link or a device")
        stream = tar.extractfile(info)
        assert stream is not None  # it is a regular file
        yield _Entry(info.name, info.size), stream
    # tarfile takes a damaged header for the end of the archive.
    if any(bounded.last) or len(bounded.last) != tarfile.BLOCKSIZE:
        raise tarfile.ReadError("its end is missing")
    while bounded.read(_BLOCK):  # to where a compressed file keeps its checksum
        pass


class _Bounded(io.RawIOBase):
    """What tarfile may read of an archive: no header of gigabytes, nothing without end."""

    def __init__(self, plain: IO[bytes]) -> None:
        super().__init__()
        self._plain = plain
        self.last = b""
        """What was read last."""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._plain.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence != io.SEEK_SET or offset > MAX_BYTES + _BLOCK:
            raise tarfile.ReadError("it says to be longer than 2 GiB")
        return self._plain.seek(offset)

    def read(self, amount: int = -1) -> bytes:
        if not 0 <= amount <= max(_BLOCK, _MAX_HEADER_BYTES):
            raise tarfile.ReadError("one of its headers is impossibly long")
        if self._plain.tell() + amount > MAX_BYTES + _BLOCK:
            raise tarfile.ReadError("it is longer than 2 GiB")
        self.last = self._plain.read(amount)
        return self.last


def _checked_name(source: Path, name: str) -> str | None:
    try:
        return file_name(name)
    except ValueError as error:
        raise _refused(source, name, str(error)) from error


def _check_count(source: Path, number: int) -> None:
    if number >= MAX_ENTRIES:
        raise _too_many(source)


def _too_many(source: Path) -> ModelError:
    return ModelError(
        f"{source} holds more than {MAX_ENTRIES} files and folders. Pack the models alone."
    )


def _refused(source: Path, name: str, why: str) -> ModelError:
    return ModelError(
        f"{source} holds {name[:80]!r}, which is refused: {why}. Nothing of it is used. "
        "Pack the files of one folder, and nothing else."
    )


def _sentence(error: BaseException) -> str:
    return " ".join(str(error).split()).rstrip(".")[:200] or type(error).__name__
