"""Whose PIN it is: of several people, with a count of wrong ones for each."""

from __future__ import annotations

import logging
from typing import Any, Literal

import argon2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.access.claims import DEVICE_RULES, claim_lockout, device_lockout
from kiosk.access.doorpin import DoorPinVerdict, PersonPins, check_claim, identify
from kiosk.access.lockout import FREE_FAILURES, LockoutClock, wait_after
from kiosk.access.pin import DURESS_PIN, PERSONAL_PIN, PinVault, check_strength
from kiosk.errors import PinError, StoreError

ADA, EVE = 3, 7
ADA_PIN, EVE_PIN, WRONG, DURESS = "7294", "581063", "9034", "4027"


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


Vaults = dict[int, PersonPins]


def at(seconds: float) -> LockoutClock:
    return LockoutClock(round((1000 + seconds) * 1e9), "boot")


@pytest.fixture
def storages() -> dict[int, MemoryStorage]:
    return {ADA: MemoryStorage(), EVE: MemoryStorage()}


class CountingHasher(argon2.PasswordHasher):
    """Quick, and counts how often it hashes anything."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.count = 0

    def hash(self, *args: Any, **options: Any) -> str:
        self.count += 1
        return super().hash(*args, **options)

    def verify(self, *args: Any) -> Literal[True]:
        self.count += 1
        return super().verify(*args)


@pytest.fixture
def hasher() -> CountingHasher:
    return CountingHasher()


def pins(storage: MemoryStorage, hasher: argon2.PasswordHasher) -> PersonPins:
    return PersonPins(
        PinVault(storage, hasher, PERSONAL_PIN), PinVault(storage, hasher, DURESS_PIN)
    )


@pytest.fixture
def vaults(storages: dict[int, MemoryStorage], hasher: CountingHasher) -> Vaults:
    made = {who: pins(storage, hasher) for who, storage in storages.items()}
    made[ADA].pin.set_pin(ADA_PIN)
    made[EVE].pin.set_pin(EVE_PIN)
    hasher.count = 0
    return made


def left(vaults: Vaults, now: LockoutClock) -> dict[int, int]:
    return {who: each.pin.lockout.attempts_left(now) for who, each in vaults.items()}


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
    assert vaults[ADA].pin.lockout.wait_s(at(100)) == 0


def test_the_same_pin_twice_tells_nobody_apart(
    vaults: Vaults, caplog: pytest.LogCaptureFixture
) -> None:
    vaults[EVE].pin.set_pin(ADA_PIN)
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


# --- under threat ---------------------------------------------------------------------------------


def test_the_duress_pin_is_as_good_as_the_other_and_says_so(vaults: Vaults) -> None:
    vaults[ADA].duress.set_pin(DURESS)
    identify(vaults, WRONG, at(0))
    assert identify(vaults, DURESS, at(1)) == DoorPinVerdict(ADA, is_duress=True)
    assert left(vaults, at(1)) == {ADA: FREE_FAILURES, EVE: FREE_FAILURES - 1}
    assert identify(vaults, ADA_PIN, at(2)) == DoorPinVerdict(ADA)


def test_as_much_is_hashed_whatever_is_typed_and_whoever_has_a_duress_pin(
    vaults: Vaults, hasher: CountingHasher
) -> None:
    vaults[ADA].duress.set_pin(DURESS)
    for pin in (ADA_PIN, EVE_PIN, DURESS, WRONG):
        hasher.count = 0
        identify(vaults, pin, at(0))
        assert hasher.count == 4


def test_without_a_pin_a_duress_pin_opens_nothing(
    vaults: Vaults, storages: dict[int, MemoryStorage]
) -> None:
    vaults[ADA].duress.set_pin(DURESS)
    storages[ADA].delete("pin")
    assert identify(vaults, DURESS, at(0)).person_id is None
    with pytest.raises(PinError):
        identify({ADA: vaults[ADA]}, DURESS, at(0))


# --- number and PIN -------------------------------------------------------------------------------


class Keypad:
    """Two people with numbers, a keypad and its memory."""

    def __init__(self, hasher: argon2.PasswordHasher | None = None) -> None:
        self.hasher = hasher or CountingHasher()
        self.memory = MemoryStorage()
        self.people = {"17": (ADA, self._pins(ADA_PIN)), "18": (EVE, self._pins(EVE_PIN))}

    def _pins(self, pin: str) -> PersonPins:
        made = pins(MemoryStorage(), self.hasher)
        made.pin.set_pin(pin)
        return made

    def type(self, number: str, pin: str, now: LockoutClock) -> DoorPinVerdict:
        nobody = (None, pins(MemoryStorage(), self.hasher))
        person, theirs = self.people.get(number, nobody)
        claim = claim_lockout(self.memory, number)
        return check_claim(person, theirs, pin, claim, device_lockout(self.memory), now)


@pytest.fixture
def keypad(hasher: CountingHasher) -> Keypad:
    return Keypad(hasher)


def test_number_and_pin_have_to_go_together(keypad: Keypad) -> None:
    assert keypad.type("17", ADA_PIN, at(0)) == DoorPinVerdict(ADA)
    assert keypad.type("18", ADA_PIN, at(1)).person_id is None
    assert keypad.type("", "", at(2)).person_id is None


def test_two_numbers_may_have_the_same_pin(keypad: Keypad) -> None:
    keypad.people["18"][1].pin.set_pin(ADA_PIN)
    assert keypad.type("18", ADA_PIN, at(0)).person_id == EVE
    assert keypad.type("17", ADA_PIN, at(1)).person_id == ADA


def test_a_number_nobody_has_is_told_from_others_by_nothing(keypad: Keypad) -> None:
    hasher = keypad.hasher
    assert isinstance(hasher, CountingHasher)
    told = {}
    for number in ("17", "99"):
        keypad.memory = MemoryStorage()
        told[number] = []
        for second in range(FREE_FAILURES + 2):
            hasher.count = 0
            told[number].append((keypad.type(number, WRONG, at(second)), hasher.count))
    assert told["17"] == told["99"]
    assert [count for _, count in told["99"]] == [2] * FREE_FAILURES + [0] * 2


def test_wrong_ones_lock_the_number_and_nobody_else(keypad: Keypad) -> None:
    for second in range(FREE_FAILURES):
        keypad.type("17", WRONG, at(second))
    locked = keypad.type("17", ADA_PIN, at(FREE_FAILURES))
    assert (locked.person_id, locked.was_checked, locked.wait_s) == (None, False, 29)
    assert keypad.type("18", EVE_PIN, at(FREE_FAILURES)).person_id == EVE
    # Nor is whoever shows their face locked: what is typed with numbers is counted apart.
    assert identify(dict(keypad.people.values()), ADA_PIN, at(6)).person_id == ADA
    assert keypad.type("17", ADA_PIN, at(40)).person_id == ADA


def test_after_ten_wrong_ones_of_any_numbers_the_keypad_waits_and_forgets(keypad: Keypad) -> None:
    for second in range(DEVICE_RULES.free_failures):
        verdict = keypad.type(str(1000 + second), WRONG, at(second))
    assert verdict.wait_s == 30
    assert not keypad.type("17", ADA_PIN, at(20)).was_checked
    assert keypad.type("17", ADA_PIN, at(50)).person_id == ADA
    # A right one of their own buys nobody more guesses.
    assert keypad.type("2000", WRONG, at(60)).wait_s == 60
    later = 60 + 11 * DEVICE_RULES.forgiven_s
    assert device_lockout(keypad.memory).attempts_left(at(later)) == DEVICE_RULES.free_failures


def test_switching_off_shortens_no_wait(keypad: Keypad) -> None:
    for second in range(FREE_FAILURES):
        keypad.type("17", WRONG, at(second))
    rebooted = LockoutClock(5 * 10**9, "another boot")
    assert keypad.type("17", ADA_PIN, rebooted).wait_s == 30


@pytest.mark.parametrize("text", ["", "nonsense", "[]", "7", '{"a": 1}', '{"a": null}'])
def test_damaged_counts_cost_a_wait_and_mend(keypad: Keypad, text: str) -> None:
    keypad.memory.texts["number_lockouts"] = text
    assert keypad.type("17", ADA_PIN, at(0)).wait_s == 30
    assert keypad.type("17", ADA_PIN, at(31)).person_id == ADA


def test_what_is_typed_is_kept_nowhere_and_the_memory_is_bounded(keypad: Keypad) -> None:
    for number in range(300):
        claim_lockout(keypad.memory, str(77_000_000 + number)).count_failure(at(number))
    text = keypad.memory.texts["number_lockouts"]
    assert "77000299" not in text and len(text) < 30_000
    assert claim_lockout(keypad.memory, "77000299").attempts_left(at(300)) == FREE_FAILURES - 1


def test_what_cannot_be_counted_is_not_compared_either(keypad: Keypad) -> None:
    keypad.memory.is_full = True
    with pytest.raises(StoreError):
        keypad.type("17", ADA_PIN, at(0))


tries = st.lists(
    st.tuples(
        st.sampled_from(["17", "18", "40", "41"]),
        st.sampled_from([ADA_PIN, WRONG]),
        st.floats(0, 1000),
    ),
    max_size=40,
)


@given(tries)
def test_however_it_is_typed_guesses_stay_few_and_everybody_gets_in_soon(
    script: list[tuple[str, str, float]],
) -> None:
    keypad, now_s, compared = Keypad(), 0.0, 0
    for number, pin, pause_s in script:
        now_s += pause_s
        verdict = keypad.type(number, pin, at(now_s))
        assert (verdict.person_id == ADA) == (
            verdict.was_checked and (number, pin) == ("17", ADA_PIN)
        )
        compared += verdict.was_checked and verdict.person_id is None
    forgiven = now_s / DEVICE_RULES.forgiven_s
    waits = sum(wait_after(n, DEVICE_RULES) for n in range(10, compared - int(forgiven)))
    assert now_s + 1e-6 >= waits
    # Whose own number was left alone waits no longer than the keypad's longest wait.
    if all(number != "18" for number, _, _ in script):
        assert keypad.type("18", EVE_PIN, at(now_s + DEVICE_RULES.longest_wait_s)).person_id == EVE
