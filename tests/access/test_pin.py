"""The administrator's PIN: which are accepted, how it is kept, and how guessing ends."""

from __future__ import annotations

import argon2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.access.lockout import FREE_FAILURES, LockoutClock
from kiosk.access.pin import PinVault, PinVerdict, check_strength, default_hasher
from kiosk.errors import PinError, StoreError

GOOD = "804173"
WRONG = "391604"
NOW = LockoutClock(10**12, "boot-1")


class MemoryStorage:
    """Texts in a dictionary; can refuse to write, and notes what was written."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.is_full = False

    def get(self, key: str) -> str | None:
        return self.texts.get(key)

    def set(self, key: str, value: str) -> None:
        if self.is_full:
            raise StoreError("The disk is full.")
        self.texts[key] = value

    def delete(self, key: str) -> None:
        if self.is_full:
            raise StoreError("The disk is full.")
        self.texts.pop(key, None)


class CountingHasher(argon2.PasswordHasher):
    """Count comparisons, and run something just before each."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.comparisons = 0
        self.before = lambda: None

    def verify(self, *hashed_and_pin: str | bytes) -> bool:  # type: ignore[override]
        self.before()
        self.comparisons += 1
        return super().verify(*hashed_and_pin)


class PowerCutError(Exception):
    """The moment somebody pulls the plug."""


def later(seconds: float) -> LockoutClock:
    return LockoutClock(NOW.monotonic_ns + int(seconds * 1e9), NOW.boot_id)


@pytest.fixture
def storage() -> MemoryStorage:
    return MemoryStorage()


@pytest.fixture
def hasher() -> CountingHasher:
    return CountingHasher()


@pytest.fixture
def vault(storage: MemoryStorage, hasher: CountingHasher) -> PinVault:
    vault = PinVault(storage, hasher)
    vault.set_pin(GOOD)
    return vault


@pytest.mark.parametrize(
    ("pin", "said"),
    [
        ("", "digits only"),
        ("12345a", "digits only"),
        ("80417٣", "digits only"),
        ("²³¹²³¹", "digits only"),
        (" 80417", "digits only"),
        ("80417", "this one has 5"),
        ("8041738041731", "this one has 13"),
        ("000000", "one repeated digit"),
        ("777777777777", "one repeated digit"),
        ("123456", "counts up or down"),
        ("234567890", "counts up or down"),
        ("987654", "counts up or down"),
        ("432109", "counts up or down"),
        ("121212", "repeats 12"),
        ("1212121", "repeats 12"),
        ("123123", "repeats 123"),
        ("804804804", "repeats 804"),
        ("80418041", "repeats 8041"),
    ],
)
def test_weak_pins_are_refused_with_the_reason(
    storage: MemoryStorage, hasher: CountingHasher, pin: str, said: str
) -> None:
    vault = PinVault(storage, hasher)
    with pytest.raises(PinError, match=said):
        vault.set_pin(pin)
    assert not vault.is_set()
    assert storage.texts == {}


@pytest.mark.parametrize("pin", [GOOD, WRONG, "112358", "804173804174", "121213", "123124"])
def test_ordinary_pins_are_accepted(pin: str) -> None:
    check_strength(pin)


@given(st.text("0123456789", min_size=1, max_size=6), st.integers(2, 12))
def test_no_repetition_is_accepted(block: str, times: int) -> None:
    with pytest.raises(PinError):
        check_strength(block * times)


def test_the_right_pin_is_accepted_and_never_stored(
    vault: PinVault, storage: MemoryStorage
) -> None:
    assert vault.is_set()
    assert GOOD not in "".join(storage.texts.values())
    assert vault.check(GOOD, NOW) == PinVerdict(True, attempts_left=FREE_FAILURES)
    assert vault.check(WRONG, NOW) == PinVerdict(False, attempts_left=FREE_FAILURES - 1)


@pytest.mark.parametrize(
    "pin", ["", "8", GOOD + "0", " " + GOOD, "8" * 100_000, "８０４１７３", "\0"]
)
def test_what_is_not_the_pin_is_not_accepted(vault: PinVault, pin: str) -> None:
    assert not vault.check(pin, NOW).accepted


def test_five_wrong_pins_lock_entry_and_the_right_one_waits_too(
    vault: PinVault, hasher: CountingHasher
) -> None:
    verdicts = [vault.check(WRONG, NOW) for _ in range(FREE_FAILURES)]
    assert [v.attempts_left for v in verdicts] == [4, 3, 2, 1, 0]
    assert [v.wait_s for v in verdicts] == [0, 0, 0, 0, 30]
    compared = hasher.comparisons
    assert vault.check(GOOD, later(10)) == PinVerdict(False, wait_s=20)
    assert hasher.comparisons == compared
    assert vault.check(WRONG, later(30)) == PinVerdict(False, wait_s=60)
    assert vault.check(GOOD, later(90)).accepted
    assert vault.check(WRONG, later(90)).attempts_left == FREE_FAILURES - 1


def test_trying_while_locked_does_not_lengthen_the_wait(vault: PinVault) -> None:
    for _ in range(FREE_FAILURES):
        vault.check(WRONG, NOW)
    for second in range(30):
        assert vault.check(WRONG, later(second)).wait_s == 30 - second
    assert vault.check(GOOD, later(30)).accepted


def test_a_restart_does_not_buy_tries(vault: PinVault, storage: MemoryStorage) -> None:
    for _ in range(FREE_FAILURES):
        vault.check(WRONG, NOW)
    again = PinVault(storage, CountingHasher())
    assert again.check(GOOD, later(1)).wait_s == 29
    assert again.check(GOOD, LockoutClock(5, "boot-2")).wait_s == 30


def test_pulling_the_plug_while_comparing_does_not_buy_tries(
    vault: PinVault, storage: MemoryStorage, hasher: CountingHasher
) -> None:
    def cut() -> None:
        raise PowerCutError

    hasher.before = cut
    for _ in range(FREE_FAILURES):
        with pytest.raises(PowerCutError):
            vault.check(WRONG, NOW)
    assert PinVault(storage, CountingHasher()).check(GOOD, NOW).wait_s == 30


def test_a_disk_that_takes_nothing_lets_nobody_in(
    vault: PinVault, storage: MemoryStorage, hasher: CountingHasher
) -> None:
    storage.is_full = True
    with pytest.raises(StoreError):
        vault.check(GOOD, NOW)
    assert hasher.comparisons == 0


def test_no_pin_is_a_sentence(storage: MemoryStorage, hasher: CountingHasher) -> None:
    with pytest.raises(PinError, match="No administrator PIN is set"):
        PinVault(storage, hasher).check(GOOD, NOW)


@pytest.mark.parametrize(
    "damage", ["rubbish", "$argon2id$", "$argon2id$v=19$m=8,t=1,p=1$x$y", "{}"]
)
def test_a_damaged_hash_says_how_to_reset(
    vault: PinVault, storage: MemoryStorage, damage: str
) -> None:
    storage.texts["admin_pin"] = damage
    with pytest.raises(PinError, match="door-kiosk pin reset"):
        vault.check(GOOD, NOW)
    vault.set_pin(WRONG)
    assert vault.check(WRONG, NOW).accepted


def test_setting_a_pin_ends_a_lockout(vault: PinVault) -> None:
    for _ in range(FREE_FAILURES):
        vault.check(WRONG, NOW)
    vault.set_pin(WRONG)
    assert vault.check(WRONG, NOW).accepted
    assert not vault.check(GOOD, NOW).accepted


def test_clearing_removes_the_pin(vault: PinVault, storage: MemoryStorage) -> None:
    vault.check(WRONG, NOW)
    vault.clear()
    assert not vault.is_set()
    assert storage.texts == {}


def test_an_older_hash_is_renewed_when_the_pin_is_known(storage: MemoryStorage) -> None:
    PinVault(storage, CountingHasher()).set_pin(GOOD)
    old = storage.texts["admin_pin"]
    stronger = argon2.PasswordHasher(time_cost=1, memory_cost=16, parallelism=1)
    vault = PinVault(storage, stronger)
    assert not vault.check(WRONG, NOW).accepted
    assert storage.texts["admin_pin"] == old
    assert vault.check(GOOD, NOW).accepted
    assert "m=16" in storage.texts["admin_pin"]
    assert vault.check(GOOD, NOW).accepted


def test_the_real_parameters_work(storage: MemoryStorage) -> None:
    vault = PinVault(storage)
    vault.set_pin(GOOD)
    assert storage.texts["admin_pin"].startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert vault.check(GOOD, NOW).accepted
    assert default_hasher().memory_cost == 19456
