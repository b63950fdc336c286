"""Lists on a stick: found, read, written; nothing but plain files is touched."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kiosk.errors import ExportError
from kiosk.store import export
from kiosk.store.removable import RemovableMedium
from kiosk.store.stickfiles import csv_names, read_file, write_list

NOW_MS = 1_795_000_000_000


def medium(folder: Path) -> RemovableMedium:
    return RemovableMedium(
        str(folder), "STICK", "vfat", 1_000_000, False, "/dev/none", folder.stat().st_dev
    )


def test_plain_lists_are_named_newest_first(tmp_path: Path) -> None:
    for age, name in enumerate(("b.csv", "a.CSV", ".hidden.csv", "notes.txt")):
        (tmp_path / name).write_text("number\n", encoding="utf-8")
        os.utime(tmp_path / name, (1000 + age, 1000 + age))
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "link.csv").symlink_to("/etc/hostname")
    os.mkfifo(tmp_path / "pipe.csv")
    assert csv_names(medium(tmp_path)) == ["a.CSV", "b.csv"]


def test_a_stick_that_was_pulled_out_is_told(tmp_path: Path) -> None:
    stick = medium(tmp_path)
    gone = RemovableMedium(f"{tmp_path}/gone", *list(_fields(stick))[1:])
    with pytest.raises(ExportError, match="pulled out"):
        csv_names(gone)
    with pytest.raises(ExportError, match="pulled out"):
        read_file(gone, "a.csv", 10)
    with pytest.raises(ExportError):
        write_list("x\r\n", gone, NOW_MS)


def _fields(stick: RemovableMedium) -> list[object]:
    return [getattr(stick, name) for name in RemovableMedium.__slots__]


def test_no_more_is_read_than_a_list_may_be_long(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"x" * 100)
    assert read_file(medium(tmp_path), "a.csv", 200) == b"x" * 100
    assert read_file(medium(tmp_path), "a.csv", 10) == b"x" * 11


@pytest.mark.parametrize("name", ["../a.csv", "/etc/hostname", "sub/a.csv", "", ".", ".."])
def test_nothing_outside_the_main_folder_is_read(tmp_path: Path, name: str) -> None:
    (tmp_path / "stick").mkdir()
    (tmp_path / "a.csv").write_bytes(b"secret")
    with pytest.raises(ExportError):
        read_file(medium(tmp_path / "stick"), name, 10)


def test_links_and_pipes_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "link.csv").symlink_to("/etc/hostname")
    os.mkfifo(tmp_path / "pipe.csv")
    for name in ("link.csv", "pipe.csv"):
        with pytest.raises(ExportError):
            read_file(medium(tmp_path), name, 10)


def test_a_list_is_written_and_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "_check_device", lambda found, wanted: None)
    text = '\ufeff"number"\r\n"18\r\n15"\r\n'
    receipts = [write_list(text, medium(tmp_path), NOW_MS) for _ in range(2)]
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["people_20261118T110640Z-2.csv", "people_20261118T110640Z.csv"]
    for receipt in receipts:
        assert Path(receipt.path).read_bytes() == text.encode("utf-8")
        assert receipt.safe_to_remove


def test_the_folder_of_a_stick_that_has_gone_is_not_written_to(tmp_path: Path) -> None:
    # It lies on the same disk as the root then, or on another than the stick was.
    stick = RemovableMedium(str(tmp_path), "S", "vfat", 1, False, "/dev/none", 999_999)
    with pytest.raises(ExportError, match="no longer there"):
        write_list("number\r\n", stick, NOW_MS)
    assert list(tmp_path.iterdir()) == []
