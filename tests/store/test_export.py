"""The log on a stick: the file itself, its safety in a spreadsheet, and every way to fail."""

from __future__ import annotations

import csv
import errno
import hashlib
import io
import os
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.domain import Event, EventKind
from kiosk.errors import ExportError, StoreError
from kiosk.store import export
from kiosk.store.export import export_events, export_to_file, export_to_medium
from kiosk.store.logcsv import COLUMNS, csv_chunks, safe_cell
from kiosk.store.removable import RemovableMedium

# 2026-11-20 09:30:00 UTC
NOW_MS = 1_795_167_000_000
NAME = "doorlog_20261120T093000Z.csv"
BERLIN_WINTER = timezone(timedelta(hours=1))
EVENTS = [
    Event(EventKind.GRANTED, NOW_MS - 500, 7, "Ädä", "votes 3", 0.72534, 0.6, seq=1),
    Event(EventKind.FAULT, NOW_MS, detail='=cmd|"/c calc"!A1', seq=2),
]


def read(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def to_folder(folder: Path, events: list[Event] = EVENTS) -> export.ExportReceipt:
    return export_events(events, folder, NOW_MS, zone=BERLIN_WINTER, require_separate_device=False)


def medium_at(folder: Path, device_number: int = 0) -> RemovableMedium:
    return RemovableMedium(str(folder), "LOG", "vfat", 1, False, "/dev/sdz1", device_number)


class FailingCall:
    """Stand in for a function of the operating system that fails from its n-th call on."""

    def __init__(self, real: Callable[..., object], number: int, good_calls: int = 0) -> None:
        self._real = real
        self._number = number
        self._good_calls = good_calls

    def __call__(self, *args: object, **options: object) -> object:
        if self._good_calls > 0:
            self._good_calls -= 1
            return self._real(*args, **options)
        raise OSError(self._number, os.strerror(self._number))


def test_the_file_is_what_spreadsheets_expect(tmp_path: Path) -> None:
    receipt = to_folder(tmp_path)
    data = (tmp_path / NAME).read_bytes()
    assert receipt.path == str(tmp_path / NAME)
    assert (receipt.rows, receipt.bytes_written) == (2, len(data))
    assert receipt.sha256 == hashlib.sha256(data).hexdigest()
    assert receipt.safe_to_remove
    assert data.startswith(b'\xef\xbb\xbf"seq","time_utc"')
    assert data.count(b"\r\n") == data.count(b"\n") == 3
    heading, first, second = read(data)
    assert tuple(heading) == COLUMNS
    assert first == [
        "1",
        "2026-11-20T09:29:59.500Z",
        "2026-11-20T10:29:59.500+01:00",
        "granted",
        "7",
        "Ädä",
        "votes 3",
        "0.7253",
        "0.6000",
    ]
    assert second[4:] == ["", "", "'" + EVENTS[1].detail, "", ""]
    assert [p.name for p in tmp_path.iterdir()] == [NAME]


def test_no_events_give_a_heading(tmp_path: Path) -> None:
    assert to_folder(tmp_path, []).rows == 0
    assert len(read((tmp_path / NAME).read_bytes())) == 1


def test_an_existing_file_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("precious")
    (tmp_path / "doorlog_20261120T093000Z-2.csv").symlink_to(tmp_path / "elsewhere")
    assert to_folder(tmp_path).path.endswith("doorlog_20261120T093000Z-3.csv")
    assert (tmp_path / NAME).read_text() == "precious"
    assert not (tmp_path / "elsewhere").exists()


def test_a_time_no_calendar_knows_leaves_its_cells_empty(tmp_path: Path) -> None:
    to_folder(tmp_path, [Event(EventKind.FAULT, 2**62, seq=1)])
    assert read((tmp_path / NAME).read_bytes())[1][:4] == ["1", "", "", "fault"]


DANGEROUS = "=+-@\t\r\n＝＋－＠"


@pytest.mark.parametrize(
    "start", [*DANGEROUS, " =", "\u00a0+", "\u3000＝", "\ufeff@", " \t-", " \n"]
)
def test_what_looks_like_a_formula_is_disarmed(start: str) -> None:
    assert safe_cell(start + "1+1").startswith("'")


@pytest.mark.parametrize("text", ["", "Ada", "a=b", "1-2", "'=1", "漢字", " x"])
def test_what_does_not_is_left_alone(text: str) -> None:
    assert safe_cell(text) == text


CELLS = st.text(st.characters(), max_size=30) | st.builds(
    "".join, st.lists(st.sampled_from(DANGEROUS + " \"',;\0\ufeffa1\ud800"), max_size=8)
)


@given(CELLS, CELLS)
def test_cells_survive_and_none_is_a_formula(name: str, detail: str) -> None:
    event = Event(EventKind.GRANTED, NOW_MS, 1, name, detail, -0.5, -0.0, seq=1)
    data = b"".join(csv_chunks([event], timezone.utc))
    _, row = read(data)
    assert len(row) == len(COLUMNS)
    for cell in row:
        assert not cell.lstrip(" \u00a0\u3000\ufeff").startswith(tuple(DANGEROUS))
        assert cell[:1] not in tuple(DANGEROUS)
    for cell, text in ((row[5], name), (row[6], detail)):
        kept = text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\ufffd")
        assert cell in (kept, "'" + kept)


@given(st.integers(-(2**53), 2**53))
def test_times_are_exact(at_ms: int) -> None:
    _, row = read(b"".join(csv_chunks([Event(EventKind.FAULT, at_ms, seq=1)], BERLIN_WINTER)))
    if not row[1]:
        assert not -62_135_000_000_000 < at_ms < 253_402_000_000_000
        return
    epoch = datetime(1970, 1, 1, tzinfo=timezone.utc)
    for text in (row[1].lstrip("'").replace("Z", "+00:00"), row[2].lstrip("'")):
        assert (datetime.fromisoformat(text) - epoch) // timedelta(milliseconds=1) == at_ms


@pytest.mark.parametrize("function", ["fsync", "replace", "posix_fadvise", "urandom"])
@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "is full"),
        (errno.EROFS, "write-protected"),
        (errno.EIO, "reported an error"),
        (errno.ENODEV, "pulled out"),
        (errno.EFBIG, "larger than a file"),
        (errno.EACCES, "may not write"),
        (errno.EMLINK, "Too many links"),
    ],
)
def test_each_failure_has_its_own_text_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: str, number: int, said: str
) -> None:
    monkeypatch.setattr(export.os, function, FailingCall(getattr(os, function), number))
    with pytest.raises(ExportError, match=said):
        to_folder(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_flushed_keeps_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export.os, "fsync", FailingCall(os.fsync, errno.EIO, good_calls=1))
    with pytest.raises(ExportError, match="reported an error"):
        to_folder(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_stick_that_forgets_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forget(descriptor: int, *_: int) -> None:
        (file,) = tmp_path.iterdir()
        data = bytearray(file.read_bytes())
        data[40] ^= 1
        file.write_bytes(data)

    monkeypatch.setattr(export.os, "posix_fadvise", forget)
    with pytest.raises(ExportError, match="defective"):
        to_folder(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_log_that_cannot_be_read_leaves_nothing(tmp_path: Path) -> None:
    def events() -> Iterator[Event]:
        yield EVENTS[0]
        raise StoreError("damaged")

    with pytest.raises(StoreError, match="damaged"):
        export_events(events(), tmp_path, NOW_MS, require_separate_device=False)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_target_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="is not there"):
        to_folder(tmp_path / "gone")
    (tmp_path / "file").touch()
    with pytest.raises(ExportError, match="not a folder"):
        to_folder(tmp_path / "file")


def test_the_root_disk_is_no_medium() -> None:
    before = sorted(Path("/").iterdir())
    with pytest.raises(ExportError, match="no longer there"):
        export_events(EVENTS, Path("/"), NOW_MS)
    assert sorted(Path("/").iterdir()) == before


def test_another_device_in_the_place_of_the_chosen_one_is_refused(tmpfs: Path) -> None:
    number = tmpfs.stat().st_dev
    with pytest.raises(ExportError, match="another one is in its place"):
        export_events(EVENTS, tmpfs, NOW_MS, device_number=number + 1)
    assert list(tmpfs.iterdir()) == []
    assert export_events(EVENTS, tmpfs, NOW_MS, device_number=number).rows == 2


def test_a_stick_that_is_full(tmpfs: Path) -> None:
    (tmpfs / "photos").write_bytes(b"x" * 900_000)
    events = [Event(EventKind.FAULT, NOW_MS, detail="x" * 1000, seq=i) for i in range(300)]
    with pytest.raises(ExportError, match="is full"):
        export_events(events, tmpfs, NOW_MS)
    assert [p.name for p in tmpfs.iterdir()] == ["photos"]


@pytest.mark.parametrize(
    ("released", "said"), [(True, "released: you can pull"), (False, "may remove the medium now")]
)
def test_the_message_says_when_to_pull_the_stick(tmpfs: Path, released: bool, said: str) -> None:
    asked: list[RemovableMedium] = []

    def unmount(medium: RemovableMedium) -> bool:
        # The folder must be closed by now, or a real unmount would find it busy.
        open_files = {os.path.realpath(link) for link in Path("/proc/self/fd").iterdir()}
        assert not any(name.startswith(str(tmpfs)) for name in open_files)
        asked.append(medium)
        return released

    medium = medium_at(tmpfs, tmpfs.stat().st_dev)
    receipt = export_to_medium(EVENTS, medium, NOW_MS, unmount=unmount)
    assert asked == [medium]
    assert said in receipt.message
    assert receipt.message.startswith("2 events written and verified.")
    assert receipt.safe_to_remove


class FakeUdisks:
    """A ``udisksctl`` on the path that notes its arguments and answers as told."""

    def __init__(self, folder: Path, status: int) -> None:
        self._notes = folder / "arguments"
        program = folder / "udisksctl"
        program.write_text(f'#!/bin/sh\necho "$@" >> {self._notes}\nexit {status}\n')
        program.chmod(0o755)
        self.path = f"{folder}:{os.environ['PATH']}"

    @property
    def arguments(self) -> str:
        return self._notes.read_text().strip()


@pytest.mark.parametrize("status", [0, 1])
def test_udisks_is_asked_without_a_dialogue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    udisks = FakeUdisks(tmp_path, status)
    monkeypatch.setenv("PATH", udisks.path)
    assert export.unmount_with_udisks(medium_at(tmp_path)) == (status == 0)
    assert udisks.arguments == "unmount --no-user-interaction -b /dev/sdz1"


def test_without_udisks_the_stick_stays_mounted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not export.unmount_with_udisks(medium_at(tmp_path))


def test_a_file_of_any_name_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "my log.csv"
    receipt = export_to_file(EVENTS, path, zone=BERLIN_WINTER)
    assert receipt.path == str(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(read(path.read_bytes())) == 3
    before = path.read_bytes()
    with pytest.raises(ExportError, match="exists already"):
        export_to_file([], path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["my log.csv"]
