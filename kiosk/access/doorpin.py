"""Which of several people who look alike has typed their PIN."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from kiosk.access.lockout import LockoutClock
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


def identify(vaults: Mapping[int, PinVault], pin: str, now: LockoutClock) -> DoorPinVerdict:
    """Say whose PIN this is; ``vaults`` holds those of the people it may be, by person id.

    A wrong PIN counts against each of them, a right one against nobody. Who must wait is not
    compared. Two people with the same PIN are told from each other by nothing: it opens for
    neither. Raises PinError when none of them has a usable PIN, and what the storage raises.
    """
    usable = {person: vault for person, vault in vaults.items() if _is_usable(person, vault)}
    if not usable:
        raise PinError("None of these people has a PIN that can be checked. Set one.")
    open_ = {p: vault for p, vault in usable.items() if vault.lockout.wait_s(now) == 0}
    if not open_:
        return DoorPinVerdict(None, _shortest_wait_s(usable, now), was_checked=False)
    # Counted before they are compared: switching off in between must not buy another try.
    before = {person: vault.lockout.count_failure(now) for person, vault in open_.items()}
    # All of them, so that the time it takes tells nothing.
    right = [person for person, vault in open_.items() if vault.matches(pin)]
    if len(right) == 1:
        for person, vault in open_.items():
            if person == right[0]:
                vault.lockout.clear()
            else:
                vault.lockout.forgive(before[person])
        return DoorPinVerdict(right[0])
    if right:
        _log.warning("people who look alike have the same PIN: %s", sorted(right))
    left = max(vault.lockout.attempts_left(now) for vault in open_.values())
    return DoorPinVerdict(None, _shortest_wait_s(usable, now), left)


def _is_usable(person: int, vault: PinVault) -> bool:
    try:
        vault.refuse_damaged()
    except PinError as error:
        _log.warning("the PIN of person %d is not used: %s", person, error)
        return False
    return True


def _shortest_wait_s(vaults: Mapping[int, PinVault], now: LockoutClock) -> float:
    return min(vault.lockout.wait_s(now) for vault in vaults.values())
