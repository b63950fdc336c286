"""Wrong PINs typed with a number and no face: counted for each number and for the keypad.

What is counted for a number, whether anybody has it or not, costs waits that grow to an hour: they
stop who tries the PINs of one person. What is counted for the keypad stops who tries one PIN with
many numbers. Everybody shares it, so its waits stay short and it forgets; faces never wait for it.
"""

from __future__ import annotations

import hashlib
import json

from kiosk.access.lockout import Lockout, LockoutRules, TextStorage

DEVICE_RULES = LockoutRules(
    free_failures=10, first_wait_s=30.0, longest_wait_s=300.0, forgiven_s=600.0
)

_DEVICE, _CLAIMS = "keypad_lockout", "number_lockouts"
_MOST_CLAIMS = 200
"""With the keypad's own waits it takes most of a day to push one out by typing others."""


def device_lockout(storage: TextStorage) -> Lockout:
    """Return the count of all wrong PINs typed with any number."""
    return Lockout(storage, _DEVICE, DEVICE_RULES)


def claim_lockout(storage: TextStorage, number: str) -> Lockout:
    """Return the count of wrong PINs typed with a number."""
    # Not the number itself: what people type there by mistake may be a PIN.
    return Lockout(_ClaimTexts(storage), hashlib.sha256(number.encode()).hexdigest()[:16])


class _ClaimTexts:
    """Texts by claim inside one text, those used last; older ones are forgotten."""

    def __init__(self, storage: TextStorage) -> None:
        self._storage = storage

    def get(self, key: str) -> str | None:
        texts = self._texts()
        # Damaged as a whole: what was counted for this one is not known, so it reads as damaged.
        return "" if texts is None else texts.get(key)

    def set(self, key: str, value: str) -> None:
        texts = self._texts() or {}
        texts.pop(key, None)
        texts[key] = value
        newest = dict(list(texts.items())[-_MOST_CLAIMS:])
        self._storage.set(_CLAIMS, json.dumps(newest))

    def delete(self, key: str) -> None:
        texts = self._texts() or {}
        if texts.pop(key, None) is not None:
            self._storage.set(_CLAIMS, json.dumps(texts))

    def _texts(self) -> dict[str, str] | None:
        text = self._storage.get(_CLAIMS)
        if text is None:
            return {}
        try:
            texts = json.loads(text)
        except ValueError:
            return None
        is_sound = isinstance(texts, dict) and all(isinstance(v, str) for v in texts.values())
        return texts if is_sound else None
