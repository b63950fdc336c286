"""Who vouches for the system's clock."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from kiosk.clockstate import (
    MADE_MS,
    ClockSources,
    is_synchronised,
    read_clock_sources,
    read_kernel_status,
)

NOW_MS = 1_800_000_000_000
UNSYNC = 0x40


def rtc(root: Path, name: str, text: str) -> None:
    (root / name).mkdir(parents=True)
    (root / name / "since_epoch").write_text(text)


def read(root: Path, status: int | None = UNSYNC) -> ClockSources:
    return read_clock_sources(
        NOW_MS,
        rtc_class=root / "rtc",
        timesync_mark=root / "synchronized",
        kernel_status=lambda: status,
    )


def test_nobody_vouches_where_nothing_can_be_read(tmp_path: Path) -> None:
    assert read(tmp_path, None) == ClockSources(False, False, False)
    assert read(tmp_path, UNSYNC) == ClockSources(False, False, False)


def test_the_kernel_says_whether_a_time_server_keeps_the_clock(tmp_path: Path) -> None:
    assert read(tmp_path, 0x2001) == ClockSources(True, True, False)


def test_a_mark_says_that_one_did(tmp_path: Path) -> None:
    (tmp_path / "synchronized").touch()
    assert read(tmp_path) == ClockSources(False, True, False)


@pytest.mark.parametrize(
    ("text", "vouches"),
    [
        ("1800000000\n", True),
        ("1799999700\n", True),
        ("1799999699\n", False),
        ("946684800\n", False),
        ("", False),
        ("garbage", False),
    ],
)
def test_a_battery_clock_vouches_where_it_agrees(tmp_path: Path, text: str, vouches: bool) -> None:
    rtc(tmp_path / "rtc", "rtc0", text)
    assert read(tmp_path).has_rtc is vouches


def test_one_of_two_battery_clocks_is_enough(tmp_path: Path) -> None:
    (tmp_path / "rtc" / "rtc0").mkdir(parents=True)
    rtc(tmp_path / "rtc", "rtc1", "1800000000")
    assert read(tmp_path).has_rtc


@pytest.mark.skipif(sys.platform != "linux", reason="adjtimex is Linux's")
def test_the_real_kernel_answers() -> None:
    status = read_kernel_status()
    assert status is not None
    assert is_synchronised() is not bool(status & UNSYNC)
    assert read_clock_sources(time.time_ns() // 1_000_000).synchronised is is_synchronised()


def test_the_program_was_made_before_now() -> None:
    assert time.time() * 1000 > MADE_MS
