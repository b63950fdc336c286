"""The data folder: where it is, and that it has one owner at a time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kiosk.datafolder import DataFolder, default_data_dir
from kiosk.errors import DataFolderBusyError, StoreError

OWNER = """
import pathlib, signal, sys
from kiosk.datafolder import DataFolder
with DataFolder(pathlib.Path(sys.argv[1])).exclusive():
    print("owned", flush=True)
    signal.pause()
"""


def start_owner(root: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(root)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "owned\n"
    return process


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"DOOR_KIOSK_DATA": "/srv/kiosk", "XDG_DATA_HOME": "/x"}, Path("/srv/kiosk")),
        ({"XDG_DATA_HOME": "/x"}, Path("/x/door-kiosk")),
        ({"DOOR_KIOSK_DATA": "", "XDG_DATA_HOME": "/x"}, Path("/x/door-kiosk")),
        ({}, Path.home() / ".local/share/door-kiosk"),
        ({"XDG_DATA_HOME": ""}, Path.home() / ".local/share/door-kiosk"),
    ],
)
def test_where_it_is(environ: dict[str, str], expected: Path) -> None:
    assert default_data_dir(environ) == expected


def test_naming_it_touches_nothing(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "data")

    assert folder.database.parent == folder.models.parent == folder.root
    assert folder.config_if_present is None
    assert not folder.root.exists()


def test_it_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "deep" / "data")

    folder.create()
    folder.create()

    assert folder.root.stat().st_mode & 0o777 == 0o700


def test_settings_are_found_when_there_are_any(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    folder.config.write_text("", encoding="utf-8")

    assert folder.config_if_present == tmp_path / "config.toml"


def test_a_file_in_its_place_is_reported(tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"")

    for root in (tmp_path / "data", tmp_path / "data" / "below"):
        with pytest.raises(StoreError, match="--data DIR"):
            DataFolder(root).create()
        with pytest.raises(StoreError, match="--data DIR"), DataFolder(root).exclusive():
            pass


def test_a_read_only_place_is_reported() -> None:
    with pytest.raises(StoreError, match="--data DIR"), DataFolder(Path("/proc/kiosk")).exclusive():
        pass


def test_a_folder_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    (tmp_path / "lock").mkdir()

    with pytest.raises(StoreError, match="cannot be written"), DataFolder(tmp_path).exclusive():
        pass


def test_it_has_one_owner_at_a_time_and_says_which(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)

    with (
        folder.exclusive(),
        pytest.raises(DataFolderBusyError, match=rf"process {os.getpid()}\b"),
        DataFolder(tmp_path).exclusive(),
    ):
        pass


def test_it_can_be_owned_again_afterwards_even_after_a_fault(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)

    with pytest.raises(ZeroDivisionError), folder.exclusive():
        raise ZeroDivisionError
    with folder.exclusive():
        pass
    with folder.exclusive():
        pass


def test_a_refused_second_owner_does_not_end_the_first_ones_hold(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)

    with folder.exclusive():
        for _ in range(2):
            with pytest.raises(DataFolderBusyError), folder.exclusive():
                pass


def test_a_killed_owner_leaves_it_free(tmp_path: Path) -> None:
    owner = start_owner(tmp_path)
    try:
        with (
            pytest.raises(DataFolderBusyError, match=rf"process {owner.pid}\b"),
            DataFolder(tmp_path).exclusive(),
        ):
            pass
    finally:
        owner.send_signal(signal.SIGKILL)
        owner.communicate(timeout=10)

    with DataFolder(tmp_path).exclusive():
        assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"


def test_descriptors_are_given_back(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    before = len(list(Path("/proc/self/fd").iterdir()))

    for _ in range(5):
        with folder.exclusive(), pytest.raises(DataFolderBusyError), folder.exclusive():
            pass

    assert len(list(Path("/proc/self/fd").iterdir())) == before
