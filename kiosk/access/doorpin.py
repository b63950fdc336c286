"""Whose PIN was typed at the door, and whether under threat.

Two ways lead here. Somebody is recognised and types a PIN: :func:`identify` says whose it is of the
people that face may belong to. Or somebody types a number and a PIN without a face:
:func:`check_claim` says whether they go together, and takes the same time for a number nobody has.
Wrong PINs of the two ways are counted apart: passers-by, whose face is not known, can type numbers
all day without locking anybody's face out.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from kiosk.access.lockout import Lockout, LockoutClock
from kiosk.access.pin import PinVault
from kiosk.errors import PinError

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DoorPinVerdict:
    """Whose PIN it was, and what may be tried when it was nobody's."""

    person_id: int | None
    wait_s: float = 0.0
    """> 0: no PIN of any of them is looked at for so long."""
    attempts_left: int = 0
    """Tries until then; 0 where the next wrong one already costs a wait."""
    was_checked: bool = True
    """False while entry was locked: nothing was compared or counted."""
    is_duress: bool = False
    """It was the one for being under threat: everything goes on as with the other."""


@dataclass(frozen=True, slots=True, eq=False)
class PersonPins:
    """The two PINs of one person."""

    pin: PinVault
    duress: PinVault
    """Need not be set; counts for nothing without the other."""

    def matches(self, pin: str) -> tuple[bool, bool]:
        """Return whether it is the PIN, and whether it is the duress PIN.

        Both are compared whatever the first says, and whether or not there are any, so that the
        time it takes tells nothing.
        """
        is_pin = self.pin.matches_if_sound(pin)
        is_duress = self.duress.matches_if_sound(pin)
        return is_pin, is_duress and self.pin.is_set()


def identify(people: Mapping[int, PersonPins], pin: str, now: LockoutClock) -> DoorPinVerdict:
    """Say whose PIN this is; ``people`` holds those of the people it may be, by person id.

    A wrong PIN counts against each of them, a right one against nobody. Who must wait is not
    compared. Two people with the same PIN are told from each other by nothing: it opens for
    neither. Raises PinError when none of them has a usable PIN, and what the storage raises.
    """
    usable = {person: pins for person, pins in people.items() if _is_usable(person, pins.pin)}
    if not usable:
        raise PinError("None of these people has a PIN that can be checked. Set one.")
    lockouts = {person: pins.pin.lockout for person, pins in usable.items()}
    open_ = {p: lockout for p, lockout in lockouts.items() if lockout.wait_s(now) == 0}
    if not open_:
        return DoorPinVerdict(None, _shortest_wait_s(lockouts, now), was_checked=False)
    # Counted before they are compared: switching off in between must not buy another try.
    before = {person: lockout.count_failure(now) for person, lockout in open_.items()}
    # All of them, so that the time it takes tells nothing.
    found = {person: usable[person].matches(pin) for person in open_}
    right = [person for person, matched in found.items() if any(matched)]
    if len(right) == 1:
        for person, lockout in open_.items():
            if person == right[0]:
                lockout.clear()
            else:
                lockout.forgive(before[person])
        return DoorPinVerdict(right[0], is_duress=found[right[0]][1])
    if right:
        _log.warning("people who look alike have the same PIN: %s", sorted(right))
    left = max(lockout.attempts_left(now) for lockout in open_.values())
    return DoorPinVerdict(None, _shortest_wait_s(lockouts, now), left)


def check_claim(
    person_id: int | None,
    pins: PersonPins,
    pin: str,
    claim: Lockout,
    device: Lockout,
    now: LockoutClock,
) -> DoorPinVerdict:
    """Say whether a PIN goes with the number typed before it.

    ``person_id`` is whom the number belongs to; None, with ``pins`` that are not set, for nobody.
    ``claim`` counts wrong PINs typed with this number, ``device`` all that are typed here: a right
    one clears the first, and counts for nothing in the second, so that nobody can clear it with a
    number of their own. Raises PinError when hashing fails, and what the storage raises.
    """
    wait_s = max(claim.wait_s(now), device.wait_s(now))
    if wait_s > 0:
        return DoorPinVerdict(None, wait_s, was_checked=False)
    claim.count_failure(now)
    before = device.count_failure(now)
    is_pin, is_duress = pins.matches(pin)
    if person_id is not None and (is_pin or is_duress):
        claim.clear()
        device.forgive(before)
        return DoorPinVerdict(person_id, is_duress=is_duress)
    wait_s = max(claim.wait_s(now), device.wait_s(now))
    left = min(claim.attempts_left(now), device.attempts_left(now))
    return DoorPinVerdict(None, wait_s, left)


def _is_usable(person: int, vault: PinVault) -> bool:
    try:
        vault.refuse_damaged()
    except PinError as error:
        _log.warning("the PIN of person %d is not used: %s", person, error)
        return False
    return True


def _shortest_wait_s(lockouts: Mapping[int, Lockout], now: LockoutClock) -> float:
    return min(lockout.wait_s(now) for lockout in lockouts.values())
