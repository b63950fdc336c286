"""Whose PIN it is: of several people, with a count of wrong ones for each."""

from __future__ import annotations

import logging

import argon2
import pytest

from kiosk.access.doorpin import DoorPinVerdict, identify
from kiosk.access.lockout import FREE_FAILURES, LockoutClock
from kiosk.access.pin import PERSONAL_PIN, PinVault, check_strength
from kiosk.errors import PinError, StoreError

ADA, EVE = 3, 7
ADA_PIN, EVE_PIN, WRONG = "7294", "581063", "9034"


class MemoryStorage:
    """Texts in a dictionary; can refuse to write."""

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
        self.texts.pop(key, None)


Vaults = dict[int, PinVault]


def at(seconds: float) -> LockoutClock:
    return LockoutClock(round((1000 + seconds) * 1e9), "boot")


@pytest.fixture
def storages() -> dict[int, MemoryStorage]:
    return {ADA: MemoryStorage(), EVE: MemoryStorage()}


@pytest.fixture
def vaults(storages: dict[int, MemoryStorage]) -> Vaults:
    hasher = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    made = {who: PinVault(storage, hasher, PERSONAL_PIN) for who, storage in storages.items()}
    made[ADA].set_pin(ADA_PIN)
    made[EVE].set_pin(EVE_PIN)
    return made


def left(vaults: Vaults, now: LockoutClock) -> dict[int, int]:
    return {who: vault.lockout.attempts_left(now) for who, vault in vaults.items()}


@pytest.mark.parametrize(
    "pin", ["0000", "1234", "9876", "1212", "8080", "1357", "123", "123456789"]
)
def test_what_is_easy_to_guess_is_no_personal_pin(pin: str) -> None:
    with pytest.raises(PinError):
        check_strength(pin, PERSONAL_PIN)


@pytest.mark.parametrize("pin", [ADA_PIN, EVE_PIN, "80417352"])
def test_four_to_eight_digits_are_a_personal_pin(pin: str) -> None:
    check_strength(pin, PERSONAL_PIN)


@pytest.mark.parametrize(("pin", "who"), [(ADA_PIN, ADA), (EVE_PIN, EVE)])
def test_the_pin_says_who_it_is_and_counts_against_nobody(
    vaults: Vaults, pin: str, who: int
) -> None:
    assert identify(vaults, pin, at(0)) == DoorPinVerdict(who)
    assert left(vaults, at(0)) == {ADA: FREE_FAILURES, EVE: FREE_FAILURES}


def test_a_wrong_one_counts_against_each(vaults: Vaults) -> None:
    verdict = identify(vaults, WRONG, at(0))
    assert verdict == DoorPinVerdict(None, 0.0, FREE_FAILURES - 1)
    assert left(vaults, at(0)) == {ADA: FREE_FAILURES - 1, EVE: FREE_FAILURES - 1}


def test_a_right_one_clears_the_own_count_only(vaults: Vaults) -> None:
    for second in range(3):
        identify(vaults, WRONG, at(second))
    identify(vaults, EVE_PIN, at(3))
    assert left(vaults, at(3)) == {ADA: FREE_FAILURES - 3, EVE: FREE_FAILURES}


def test_after_five_wrong_ones_nothing_is_looked_at_for_a_while(vaults: Vaults) -> None:
    for second in range(FREE_FAILURES - 1):
        assert identify(vaults, WRONG, at(second)).wait_s == 0
    assert identify(vaults, WRONG, at(10)) == DoorPinVerdict(None, 30.0, 0)
    assert identify(vaults, ADA_PIN, at(20)) == DoorPinVerdict(None, 20.0, was_checked=False)
    assert identify(vaults, ADA_PIN, at(40)).person_id == ADA
    # The other's wait doubles from where it was.
    assert identify({EVE: vaults[EVE]}, WRONG, at(50)).wait_s == 60


def test_who_is_locked_is_not_compared_while_the_other_may_try(vaults: Vaults) -> None:
    for second in range(FREE_FAILURES):
        identify({ADA: vaults[ADA]}, WRONG, at(second))
    assert identify(vaults, ADA_PIN, at(10)).person_id is None
    assert identify(vaults, EVE_PIN, at(11)).person_id == EVE


def test_a_right_pin_of_the_other_does_not_start_a_wait_anew(vaults: Vaults) -> None:
    for second in range(FREE_FAILURES):
        identify({ADA: vaults[ADA]}, WRONG, at(second))
    assert identify(vaults, EVE_PIN, at(100)).person_id == EVE
    assert vaults[ADA].lockout.wait_s(at(100)) == 0


def test_the_same_pin_twice_tells_nobody_apart(
    vaults: Vaults, caplog: pytest.LogCaptureFixture
) -> None:
    vaults[EVE].set_pin(ADA_PIN)
    with caplog.at_level(logging.WARNING):
        assert identify(vaults, ADA_PIN, at(0)).person_id is None
    assert "the same PIN" in caplog.text
    assert ADA_PIN not in caplog.text


def test_a_damaged_pin_is_nobodys_and_the_other_still_opens(
    vaults: Vaults, storages: dict[int, MemoryStorage]
) -> None:
    storages[ADA].texts["pin"] = "$argon2id$damaged"
    assert identify(vaults, EVE_PIN, at(0)).person_id == EVE
    assert identify(vaults, ADA_PIN, at(0)).person_id is None
    storages[EVE].texts["pin"] = ""
    with pytest.raises(PinError, match="None of these people"):
        identify(vaults, EVE_PIN, at(0))
    with pytest.raises(PinError):
        identify({}, EVE_PIN, at(0))


def test_what_cannot_be_counted_is_not_compared(
    vaults: Vaults, storages: dict[int, MemoryStorage]
) -> None:
    storages[EVE].is_full = True
    with pytest.raises(StoreError):
        identify(vaults, ADA_PIN, at(0))
