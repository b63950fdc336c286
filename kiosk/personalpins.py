"""Personal PINs: given by the administrator, asked for at the door of people who look alike.

Everything here runs on the store's thread.
"""

from __future__ import annotations

from collections.abc import Iterable

from kiosk.access.doorpin import DoorPinVerdict, identify
from kiosk.access.lockout import LockoutClock
from kiosk.access.pin import PERSONAL_PIN, PinVault, check_strength
from kiosk.domain import Person
from kiosk.errors import EnrolmentError, PinError
from kiosk.store.pins import PersonPinStorage
from kiosk.store.store import Store

PIN_SET, PIN_REMOVED = "personal PIN set", "personal PIN removed"
"""What the log says of a changed person."""


def vault_of(store: Store, person_id: int) -> PinVault:
    """Return where somebody's PIN is kept."""
    return PinVault(PersonPinStorage(store.database, person_id), kind=PERSONAL_PIN)


def set_pin(store: Store, person_id: int, pin: str) -> Person:
    """Give somebody a PIN and forget wrong ones.

    Raises PinError when it is too easy to guess or a look-alike's, EnrolmentError when nobody has
    that id, StoreError.
    """
    check_strength(pin, PERSONAL_PIN)
    _existing(store, person_id)
    for other in store.look_alikes.group_of(person_id) - {person_id}:
        vault = vault_of(store, other)
        try:
            is_taken = vault.is_set() and vault.matches(pin)
        except PinError:
            # It is damaged, and so opens for nobody.
            continue
        if is_taken:
            raise PinError("This PIN cannot tell them from who looks alike. Choose another one.")
    vault_of(store, person_id).set_pin(pin)
    return _existing(store, person_id)


def remove_pin(store: Store, person_id: int) -> Person:
    """Take somebody's PIN away. Raises EnrolmentError when nobody has that id, StoreError."""
    _existing(store, person_id)
    vault_of(store, person_id).clear()
    return _existing(store, person_id)


def who_typed(
    store: Store, candidates: Iterable[int], pin: str, now: LockoutClock
) -> DoorPinVerdict:
    """Say which of these people has typed their PIN; those without one are nobody.

    Raises PinError when none of them has a usable one, StoreError.
    """
    vaults = {person: vault_of(store, person) for person in candidates}
    return identify({p: vault for p, vault in vaults.items() if vault.is_set()}, pin, now)


def _existing(store: Store, person_id: int) -> Person:
    person = store.people.get(person_id)
    if person is None:
        raise EnrolmentError("This person is no longer enrolled. Choose again.")
    return person
