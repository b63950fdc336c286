"""Personal PINs: given by the administrator, asked for at the door.

Everything here runs on the store's thread.
"""

from __future__ import annotations

from collections.abc import Iterable

from kiosk.access.claims import claim_lockout, device_lockout
from kiosk.access.doorpin import DoorPinVerdict, PersonPins, check_claim, identify
from kiosk.access.lockout import LockoutClock
from kiosk.access.pin import DURESS_PIN, PERSONAL_PIN, PinVault, check_strength
from kiosk.domain import Person
from kiosk.errors import EnrolmentError, PinError
from kiosk.store.pins import PersonPinStorage, person_numbered
from kiosk.store.store import Store

PIN_SET, PIN_REMOVED = "personal PIN set", "personal PIN removed"
DURESS_PIN_SET, DURESS_PIN_REMOVED = "duress PIN set", "duress PIN removed"
"""What the log says of a changed person."""

_NOBODY = 0
"""No row has this id."""
_AMBIGUOUS = "This PIN cannot tell them from who looks alike. Choose another one."


def vault_of(store: Store, person_id: int) -> PinVault:
    """Return where somebody's PIN is kept."""
    return pins_of(store, person_id).pin


def pins_of(store: Store, person_id: int) -> PersonPins:
    """Return where somebody's two PINs are kept."""
    storage = PersonPinStorage(store.database, person_id)
    return PersonPins(PinVault(storage, kind=PERSONAL_PIN), PinVault(storage, kind=DURESS_PIN))


def set_pin(store: Store, person_id: int, pin: str) -> Person:
    """Give somebody a PIN and forget wrong ones.

    Raises PinError when it is too easy to guess, a look-alike's, or as good as a duress PIN of
    theirs or a look-alike's; EnrolmentError when nobody has that id, StoreError.
    """
    check_strength(pin, PERSONAL_PIN)
    _existing(store, person_id)
    own = pins_of(store, person_id)
    if _hits(own.duress, _neighbours(pin)):
        raise PinError("This PIN is too close to their duress PIN. Choose another one.")
    for other in _look_alikes(store, person_id):
        if _hits(other.pin, [pin]) or _hits(other.duress, _neighbours(pin)):
            raise PinError(_AMBIGUOUS)
    own.pin.set_pin(pin)
    return _existing(store, person_id)


def remove_pin(store: Store, person_id: int) -> Person:
    """Take somebody's PINs away. Raises EnrolmentError when nobody has that id, StoreError."""
    _existing(store, person_id)
    pins = pins_of(store, person_id)
    with store.database.writing():
        pins.duress.clear()
        pins.pin.clear()
    return _existing(store, person_id)


def set_duress_pin(store: Store, person_id: int, pin: str) -> Person:
    """Give somebody a second PIN that opens like the first and alarms silently.

    Raises PinError when it is too easy to guess, when they have no PIN yet, or when a slip of one
    could take it for their own PIN or one of a look-alike; EnrolmentError when nobody has that id,
    StoreError.
    """
    check_strength(pin, DURESS_PIN)
    _existing(store, person_id)
    own = pins_of(store, person_id)
    if not own.pin.is_set():
        raise PinError("They have no PIN that a duress PIN could stand in for. Set one first.")
    near = _neighbours(pin)
    if _hits(own.pin, near):
        raise PinError("This duress PIN is too close to their PIN. Choose another one.")
    if any(
        _hits(vault, near) for o in _look_alikes(store, person_id) for vault in (o.pin, o.duress)
    ):
        raise PinError(_AMBIGUOUS)
    own.duress.set_pin(pin)
    return _existing(store, person_id)


def remove_duress_pin(store: Store, person_id: int) -> Person:
    """Take somebody's duress PIN away. Raises EnrolmentError for nobody, StoreError."""
    _existing(store, person_id)
    PersonPinStorage(store.database, person_id).delete(DURESS_PIN.key)
    return _existing(store, person_id)


def who_typed(
    store: Store, candidates: Iterable[int], pin: str, now: LockoutClock
) -> DoorPinVerdict:
    """Say which of these people has typed one of their PINs; those without one are nobody.

    Raises PinError when none of them has a usable one, StoreError.
    """
    people = {person: pins_of(store, person) for person in candidates}
    return identify({p: pins for p, pins in people.items() if pins.pin.is_set()}, pin, now)


def typed_with_number(store: Store, number: str, pin: str, now: LockoutClock) -> DoorPinVerdict:
    """Say whether a number and a PIN go together, and whose they are.

    Of numbers that nobody enabled has, as much is read, hashed and counted as of others. Raises
    PinError when hashing fails, StoreError.
    """
    number = number.encode("utf-8", "replace").decode()
    person_id = person_numbered(store.database, number)
    pins = pins_of(store, _NOBODY if person_id is None else person_id)
    claim, device = claim_lockout(store.settings, number), device_lockout(store.settings)
    return check_claim(person_id, pins, pin, claim, device, now)


def _look_alikes(store: Store, person_id: int) -> list[PersonPins]:
    others = store.look_alikes.group_of(person_id) - {person_id}
    return [pins_of(store, other) for other in others]


def _neighbours(pin: str) -> list[str]:
    """Return a PIN and those that differ from it by one, with as many digits."""
    near = (int(pin) + step for step in (-1, 0, 1))
    return [f"{each % 10 ** len(pin):0{len(pin)}d}" for each in near]


def _hits(vault: PinVault, pins: Iterable[str]) -> bool:
    try:
        return vault.is_set() and any(vault.matches(pin) for pin in pins)
    except PinError:
        # It is damaged, and so opens for nobody.
        return False


def _existing(store: Store, person_id: int) -> Person:
    person = store.people.get(person_id)
    if person is None:
        raise EnrolmentError("This person is no longer enrolled. Choose again.")
    return person
