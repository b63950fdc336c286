"""Fetching networks into the folder ``download`` of the models folder, from which packs are made.

A file is written to ``FILE.part`` and keeps that name until its size and its digest are those of
its card: nothing else in the program looks at it before. What was fetched when something broke
stays for the next attempt.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit, urlunsplit

from kiosk.errors import DataFolderBusyError, ModelError
from kiosk.models.card import ModelCard
from kiosk.models.pack import check_digest
from kiosk.models.partfile import Origin, PartFile
from kiosk.models.web import (
    Body,
    NotThereError,
    TransferError,
    UnusablePartError,
    check_address,
    opened,
    shown,
)

MAX_BYTES = 2 * 1024**3
"""Of a file whose card does not say its size."""
_BLOCK = 1 << 16
_ATTEMPTS = 5
"""In a row that bring nothing new; ``_MOST_ATTEMPTS`` for a file, whatever they bring."""
_MOST_ATTEMPTS = 100
_TIMEOUT_S = 30.0


class Watcher(Protocol):
    """Whoever shows how a transfer goes."""

    def tell(self, sentence: str) -> None:
        """Say what happens."""

    def progress(self, file: str, done: int, total: int | None) -> None:
        """``done`` of ``total`` bytes are there; None when nobody knows how many there are."""


@contextlib.contextmanager
def download_folder(models: Path) -> Iterator[Path]:
    """Own the folder for downloads until the block ends. Raises DataFolderBusyError, ModelError."""
    folder = models / "download"
    try:
        # One by one: mkdir gives its mode to the last of several folders only.
        models.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise ModelError(f"The folder {folder} cannot be written: {error.strerror}.") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise DataFolderBusyError(
                f"Another door-kiosk is fetching models into {folder}. Wait until it is done."
            ) from error
        yield folder
    finally:
        os.close(descriptor)


class Downloader:
    """Brings the files of cards into one folder, which the caller owns."""

    def __init__(
        self,
        folder: Path,
        watcher: Watcher,
        *,
        timeout_s: float = _TIMEOUT_S,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        """``timeout_s`` is how long a server may be silent; ``wait`` pauses between attempts."""
        self._folder = folder
        self._watcher = watcher
        self._timeout_s = timeout_s
        self._wait = wait

    def fetch(self, card: ModelCard, mirror: str | None = None) -> Path:
        """Fetch a file from its pinned address, or from a mirror: an address or a folder.

        Returns where it is, size and digest checked. Raises ModelError; NotThereError when there
        is no such file.
        """
        path = self._folder / card.file
        if self.is_here(card):
            return path
        part = PartFile.of(path)
        if mirror is not None and "://" not in mirror:
            source = f"{Path(mirror) / card.file}"
            self._copy(card, Path(mirror), part)
        else:
            url = card.upstream if mirror is None else _mirrored(mirror, card.file)
            plain = mirror is not None and urlsplit(mirror).scheme == "http"
            source = shown(url)
            self._fetch(card, url, plain, part)
        try:
            check_digest(
                part.path,
                card,
                f"It came from {source} and has been deleted. Run the command again.",
            )
        except ModelError:
            part.forget()
            raise
        part.path.replace(path)
        part.forget()
        return path

    def is_here(self, card: ModelCard) -> bool:
        """Tell whether an earlier run has fetched a file completely."""
        return _is_intact(self._folder / card.file, card)

    def adopt(self, card: ModelCard, path: Path) -> bool:
        """Take over a file that is on this disk already; False when it is damaged.

        Raises ModelError when it cannot be written.
        """
        if not _is_intact(path, card):
            return False
        mine = self._folder / card.file
        if _is_intact(mine, card):
            return True
        try:
            mine.unlink(missing_ok=True)
            try:
                os.link(path, mine)
            except OSError:  # the file system knows no links
                shutil.copyfile(path, mine)
        except OSError as error:
            raise ModelError(f"{mine} cannot be written: {error.strerror}.") from error
        return True

    def keep_only(self, cards: list[ModelCard]) -> None:
        """Delete what other runs left, so that a pack is made of these files alone."""
        names = {card.file for card in cards}
        for path in self._folder.iterdir():
            if path.name not in names:
                path.unlink(missing_ok=True)

    def _fetch(self, card: ModelCard, url: str, plain: bool, part: PartFile) -> None:
        failures, most = 0, part.size
        for _ in range(_MOST_ATTEMPTS):
            try:
                return self._attempt(card, url, plain, part)
            except TransferError as error:
                if isinstance(error, UnusablePartError):
                    part.forget()
                size = part.size
                failures = 0 if size > most else failures + 1
                most, last = max(most, size), error
            if failures >= _ATTEMPTS:
                break
            pause_s = max(last.pause_s, 2.0 ** max(failures - 1, 0))
            self._watcher.tell(f"{card.file}: {last}; trying again in {pause_s:.0f} s.")
            self._wait(pause_s)
        kept = f" {part.size} bytes are kept; the same command goes on from there."
        raise ModelError(
            f"{shown(url)} could not be fetched: {last}.{kept if part.size else ''} Check the "
            "network and the proxy, or fetch it from elsewhere: --mirror URL-or-DIR"
        ) from last

    def _attempt(self, card: ModelCard, url: str, plain: bool, part: PartFile) -> None:
        have = part.size
        limit = card.size_bytes or MAX_BYTES
        if have > limit:
            part.forget()
            have = 0
        if have and have == card.size_bytes:
            return
        known = part.origin
        etag = known.etag if known.source == shown(url) else ""
        with opened(url, have, etag, plain=plain, timeout_s=self._timeout_s) as body:
            if body.start and known.total not in (None, body.total):
                raise UnusablePartError("the file there is not the one that was begun")
            if have and not body.start:
                self._watcher.tell(f"{card.file}: the server starts again from the beginning.")
            elif have:
                self._watcher.tell(f"{card.file}: going on after {have} bytes.")
            self._check_size(card, shown(url), body.total)
            self._check_room(card, body)
            part.remember(Origin(shown(url), body.etag, body.total))
            size = self._save(card, body, part, limit)
        whole = card.size_bytes or body.total
        if whole is not None and size < whole:
            raise TransferError(f"the connection ended after {size} of {whole} bytes")

    def _save(self, card: ModelCard, body: Body, part: PartFile, limit: int) -> int:
        with part.writing(body.start) as file:
            size = body.start
            self._watcher.progress(card.file, size, body.total)
            while block := body.read(_BLOCK):
                size += len(block)
                if size > limit:
                    part.forget()
                    raise ModelError(
                        f"{card.file} is longer than the {limit} bytes it may have. What was "
                        "fetched has been deleted. Fetch it from elsewhere: --mirror URL-or-DIR"
                    )
                part.append(file, block)
                self._watcher.progress(card.file, size, body.total)
        return size

    def _copy(self, card: ModelCard, mirror: Path, part: PartFile) -> None:
        source = mirror / card.file
        if not mirror.is_dir():
            raise ModelError(f"{mirror} is not a folder. Name the folder that holds the models.")
        if not source.is_file():
            raise NotThereError(f"{mirror} holds no {card.file}.")
        try:
            with source.open("rb") as file:
                total = os.fstat(file.fileno()).st_size
                self._check_size(card, str(source), total)
                body = Body(0, total, "", file)
                self._check_room(card, body)
                self._save(card, body, part, card.size_bytes or MAX_BYTES)
        except TransferError as error:
            raise ModelError(f"{source} cannot be read: {error}.") from error
        except OSError as error:
            raise ModelError(f"{source} cannot be read: {error.strerror}.") from error

    def _check_size(self, card: ModelCard, source: str, total: int | None) -> None:
        if total is None:
            return
        if card.size_bytes and total != card.size_bytes:
            raise ModelError(
                f"{source} has {total} bytes and should have {card.size_bytes}: it is not the "
                "expected file, and is not used."
            )
        if total > MAX_BYTES:
            raise ModelError(f"{source} is larger than 2 GiB and cannot be a model.")

    def _check_room(self, card: ModelCard, body: Body) -> None:
        total = card.size_bytes or body.total
        if total is None:
            return
        # The pack is made by copying, beside the old one.
        needed, free = 2 * total - body.start, shutil.disk_usage(self._folder).free
        if free < needed:
            raise ModelError(
                f"The disk of {self._folder} is too full for {card.file}: {needed / 2**20:.1f} MiB "
                f"are needed, {free / 2**20:.1f} MiB are free. Free some space and run the "
                "command again."
            )


def _mirrored(mirror: str, file: str) -> str:
    check_address(mirror, plain=True)
    parts = urlsplit(mirror)
    return urlunsplit((parts.scheme, parts.netloc, f"{parts.path.rstrip('/')}/{file}",
                       parts.query, ""))  # fmt: skip


def _is_intact(path: Path, card: ModelCard) -> bool:
    if not path.is_file():
        return False
    try:
        check_digest(path, card)
    except ModelError:
        return False
    return True
