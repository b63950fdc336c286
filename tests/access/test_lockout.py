"""Waits after wrong PINs: how long, and that nothing shortens them."""

from __future__ import annotations

from pathlib import Path

import pytest

from kiosk.access.lockout import (
    FREE_FAILURES,
    LONGEST_WAIT_S,
    Lockout,
    LockoutClock,
    LockoutRules,
    read_lockout_clock,
    wait_after,
)

SECOND = 1_000_000_000


class MemoryStorage:
    """Texts in a dictionary."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def get(self, key: str) -> str | None:
        return self.texts.get(key)

    def set(self, key: str, value: str) -> None:
        self.texts[key] = value

    def delete(self, key: str) -> None:
        self.texts.pop(key, None)


def at(seconds: float, boot: str = "boot-1") -> LockoutClock:
    return LockoutClock(int(seconds * SECOND), boot)


def fail(lockout: Lockout, times: int, now: LockoutClock) -> None:
    for _ in range(times):
        lockout.count_failure(now)


@pytest.fixture
def storage() -> MemoryStorage:
    return MemoryStorage()


@pytest.fixture
def lockout(storage: MemoryStorage) -> Lockout:
    return Lockout(storage, "key")


def test_waits_double_up_to_an_hour() -> None:
    waits = [wait_after(failures) for failures in range(FREE_FAILURES - 1, 14)]
    assert waits == [0, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600]
    assert wait_after(10**9) == LONGEST_WAIT_S


def test_a_wait_runs_down(lockout: Lockout) -> None:
    fail(lockout, FREE_FAILURES - 1, at(100))
    assert lockout.wait_s(at(100)) == 0
    assert lockout.attempts_left(at(100)) == 1
    lockout.count_failure(at(100))
    assert lockout.attempts_left(at(100)) == 0
    assert lockout.wait_s(at(100)) == 30
    assert lockout.wait_s(at(129)) == 1
    assert lockout.wait_s(at(130)) == 0


def test_a_restart_of_the_program_changes_nothing(storage: MemoryStorage) -> None:
    fail(Lockout(storage, "key"), FREE_FAILURES, at(100))
    assert Lockout(storage, "key").wait_s(at(110)) == 20


@pytest.mark.parametrize("now", [at(5, "boot-2"), at(100_000, "boot-2"), at(5, "boot-1")])
def test_after_a_reboot_the_wait_starts_in_full_once(lockout: Lockout, now: LockoutClock) -> None:
    fail(lockout, FREE_FAILURES + 2, at(100))
    assert lockout.wait_s(now) == 120
    later = LockoutClock(now.monotonic_ns + 100 * SECOND, now.boot_id)
    assert lockout.wait_s(later) == 20


def test_clearing_forgets_all(lockout: Lockout) -> None:
    fail(lockout, 20, at(0))
    lockout.clear()
    assert lockout.wait_s(at(0)) == 0
    assert lockout.attempts_left(at(0)) == FREE_FAILURES


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "[]",
        "7",
        "{}",
        '{"failures": "0", "since_ns": 0, "boot_id": "b"}',
        '{"failures": true, "since_ns": 0, "boot_id": "b"}',
        '{"failures": 0, "since_ns": 0}',
        '{"failures": 0, "since_ns": NaN, "boot_id": "b"}',
    ],
)
def test_a_damaged_count_costs_a_wait(storage: MemoryStorage, lockout: Lockout, text: str) -> None:
    storage.texts["key"] = text
    assert lockout.wait_s(at(50)) == 30
    assert lockout.wait_s(at(70)) == 10


def test_the_present_moment_comes_from_the_kernel(tmp_path: Path) -> None:
    first, second = read_lockout_clock(), read_lockout_clock()
    assert second.monotonic_ns >= first.monotonic_ns
    assert first.boot_id == second.boot_id
    (tmp_path / "boot_id").write_text("0b0e\n")
    assert read_lockout_clock(tmp_path / "boot_id").boot_id == "0b0e"
    assert read_lockout_clock(tmp_path / "none").boot_id == ""


def test_what_is_forgiven_is_forgiven_once_and_shortens_no_wait(storage: MemoryStorage) -> None:
    rules = LockoutRules(free_failures=2, first_wait_s=10, longest_wait_s=40, forgiven_s=60)
    lockout = Lockout(storage, "key", rules)
    fail(lockout, 4, at(0))
    assert [lockout.wait_s(at(t)) for t in (0, 39, 40, 61)] == [40, 1, 0, 0]
    assert [lockout.attempts_left(at(t)) for t in (0, 179, 180, 240, 9999)] == [0, 0, 1, 2, 2]
    before = lockout.count_failure(at(120))
    assert lockout.wait_s(at(120)) == 20
    lockout.forgive(before)
    assert (lockout.wait_s(at(120)), lockout.attempts_left(at(180))) == (0, 1)
    # Another boot: nobody knows how long it was.
    assert lockout.attempts_left(at(99_999, "boot-2")) == 0
    assert lockout.wait_s(at(99_999, "boot-2")) == 40
