"""PINs: what is acceptable, how they are kept, whether one is right."""

from __future__ import annotations

import itertools
import logging
from dataclasses import dataclass

import argon2
from argon2.exceptions import (
    HashingError,
    InvalidHashError,
    VerificationError,
    VerifyMismatchError,
)

from kiosk.access.lockout import FREE_FAILURES, Lockout, LockoutClock, TextStorage
from kiosk.errors import KioskError, PinError

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PinKind:
    """Whose PIN it is, and what that asks of it."""

    key: str
    """Under which its hash is kept."""
    min_digits: int
    max_digits: int
    missing: str
    """A sentence for when there is none."""
    remedy: str
    """How to come by a new one."""
    lockout_key: str
    """Under which wrong ones are counted."""


_RESET = "Set a new one on this computer with: door-kiosk pin reset"
ADMIN_PIN = PinKind("admin_pin", 6, 12, "No administrator PIN is set.", _RESET, "admin_pin_lockout")
_ASK = "The administrator can set a new one"
PERSONAL_PIN = PinKind("pin", 4, 8, "This person has no PIN.", _ASK, "pin_lockout")
DURESS_PIN = PinKind("duress_pin", 4, 8, "This person has no duress PIN.", _ASK, "pin_lockout")
"""Typed in the place of the personal PIN, and counted with it."""


@dataclass(frozen=True, slots=True)
class PinVerdict:
    """Whether a PIN was right."""

    accepted: bool
    wait_s: float = 0.0
    """> 0: entry is locked for so long."""
    attempts_left: int = 0
    """Tries until entry is locked, when it is not."""


def default_hasher() -> argon2.PasswordHasher:
    """Argon2id with 19 MiB and two passes, OWASP's choice for small machines."""
    return argon2.PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)


def check_strength(pin: str, kind: PinKind = ADMIN_PIN) -> None:
    """Raise PinError, with the rule in it, when a PIN is not acceptable as a new one."""
    if not (pin.isascii() and pin.isdigit()):
        raise PinError("A PIN consists of digits only.")
    if not kind.min_digits <= len(pin) <= kind.max_digits:
        raise PinError(
            f"A PIN has {kind.min_digits} to {kind.max_digits} digits; this one has {len(pin)}."
        )
    digits = [int(character) for character in pin]
    steps = {(b - a) % 10 for a, b in itertools.pairwise(digits)}
    if steps == {0}:
        raise PinError("A PIN of one repeated digit is too easy to guess. Choose another one.")
    if len(steps) == 1:
        raise PinError(
            "A PIN that counts up or down in equal steps is too easy to guess. Choose another one."
        )
    for period in range(2, len(pin) // 2 + 1):
        if all(pin[i] == pin[i % period] for i in range(len(pin))):
            raise PinError(
                f"A PIN that repeats {pin[:period]} is too easy to guess. Choose another one."
            )


class PinVault:
    """Keep one PIN as an Argon2id hash and count wrong ones.

    Not thread-safe: call it from the thread that owns ``storage``. A check takes 30–200 ms. What
    the storage raises passes through every method; nothing is then accepted.
    """

    def __init__(
        self,
        storage: TextStorage,
        hasher: argon2.PasswordHasher | None = None,
        kind: PinKind = ADMIN_PIN,
    ) -> None:
        self._storage = storage
        self._hasher = hasher or default_hasher()
        self._kind = kind
        self.lockout = Lockout(storage, kind.lockout_key)

    def is_set(self) -> bool:
        """Return whether there is a PIN."""
        return bool(self._storage.get(self._kind.key))

    def set_pin(self, pin: str) -> None:
        """Replace the PIN and forget wrong ones. Raises PinError when it is too weak."""
        check_strength(pin, self._kind)
        self._storage.set(self._kind.key, self._hash(pin))
        self.lockout.clear()

    def clear(self) -> None:
        """Remove the PIN and forget wrong ones."""
        self._storage.delete(self._kind.key)
        self.lockout.clear()

    def check(self, pin: str, now: LockoutClock) -> PinVerdict:
        """Say whether ``pin`` is the PIN; while entry is locked it is not even looked at.

        Raises PinError when there is no PIN or its stored hash is damaged.
        """
        stored = self._sound_hash()
        wait_s = self.lockout.wait_s(now)
        if wait_s > 0:
            return PinVerdict(accepted=False, wait_s=wait_s)
        # Counted before it is compared: switching off in between must not buy another try.
        self.lockout.count_failure(now)
        if not self._matches(stored, pin):
            return PinVerdict(
                accepted=False,
                wait_s=self.lockout.wait_s(now),
                attempts_left=self.lockout.attempts_left(now),
            )
        self.lockout.clear()
        if self._hasher.check_needs_rehash(stored):
            self._renew(pin)
        return PinVerdict(accepted=True, attempts_left=FREE_FAILURES)

    def refuse_damaged(self) -> None:
        """Raise PinError when there is no PIN or its stored hash is damaged."""
        self._sound_hash()

    def matches(self, pin: str) -> bool:
        """Compare without counting: for who counts otherwise. Raises PinError as check does."""
        return self._matches(self._sound_hash(), pin)

    def matches_if_sound(self, pin: str) -> bool:
        """Compare without counting; what is missing or damaged matches nothing, and takes as long.

        Raises PinError as check does when hashing itself fails.
        """
        try:
            stored = self._sound_hash()
        except PinError:
            stored = ""
        if stored:
            return self._matches(stored, pin)
        if self._may_match(pin):
            self._hash(pin)
        return False

    def _sound_hash(self) -> str:
        stored = self._storage.get(self._kind.key)
        if not stored:
            raise PinError(f"{self._kind.missing} {self._kind.remedy}.")
        try:
            argon2.extract_parameters(stored)
        except InvalidHashError as error:
            raise PinError(f"The stored PIN is damaged. {self._kind.remedy}.") from error
        return stored

    def _matches(self, stored: str, pin: str) -> bool:
        if not self._may_match(pin):
            return False
        try:
            return self._hasher.verify(stored, pin)
        except VerifyMismatchError:
            return False
        except (VerificationError, InvalidHashError) as error:
            raise PinError(
                f"The stored PIN cannot be checked: {error}. {self._kind.remedy}."
            ) from error

    def _may_match(self, pin: str) -> bool:
        # A new PIN may not be so long; hashing a book would only take time.
        return len(pin) <= self._kind.max_digits and pin.isascii()

    def _hash(self, pin: str) -> str:
        try:
            return self._hasher.hash(pin)
        except HashingError as error:
            raise PinError(f"The PIN cannot be stored: {error}. Try again.") from error

    def _renew(self, pin: str) -> None:
        try:
            self._storage.set(self._kind.key, self._hash(pin))
        except KioskError as error:
            # The PIN was right, and the old hash is as good as it was.
            _log.warning("the PIN keeps its older hash: %s", error)
