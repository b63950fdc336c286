"""Slowing down guesses: how long to wait after wrong PINs, kept across restarts.

Waits are measured on the monotonic clock, which nobody can set, and belong to one boot, because
that clock begins anew with each. After a reboot a wait starts again in full.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

FREE_FAILURES = 5
"""Wrong PINs until the first wait."""
FIRST_WAIT_S = 30.0
LONGEST_WAIT_S = 3600.0

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class TextStorage(Protocol):
    """Where texts are kept; a change must be on the disk when the call returns."""

    def get(self, key: str) -> str | None: ...
    def set(self, key: str, value: str) -> None: ...
    def delete(self, key: str) -> None: ...


@dataclass(frozen=True, slots=True)
class LockoutClock:
    """A moment: monotonic nanoseconds, and the boot they belong to."""

    monotonic_ns: int
    boot_id: str


def read_lockout_clock(boot_id_path: Path = BOOT_ID) -> LockoutClock:
    """Return the present moment."""
    try:
        boot_id = boot_id_path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        # Then only a clock that runs backwards gives a reboot away.
        boot_id = ""
    return LockoutClock(time.monotonic_ns(), boot_id)


@dataclass(frozen=True, slots=True)
class LockoutRules:
    """What wrong PINs cost."""

    free_failures: int = FREE_FAILURES
    """Wrong PINs until the first wait."""
    first_wait_s: float = FIRST_WAIT_S
    longest_wait_s: float = LONGEST_WAIT_S
    forgiven_s: float = 0.0
    """After so long without a wrong PIN one of them is forgotten, and one more each time it passes
    again; 0: none ever is."""


def wait_after(failures: int, rules: LockoutRules = LockoutRules()) -> float:
    """Return the wait that ``failures`` wrong PINs in a row cost, seconds."""
    if failures < rules.free_failures:
        return 0.0
    # The exponent is capped because a float cannot hold 2**1024.
    doublings = min(failures - rules.free_failures, 32)
    return min(rules.first_wait_s * 2.0**doublings, rules.longest_wait_s)


@dataclass(frozen=True, slots=True)
class LockoutState:
    """Wrong PINs in a row, and when the last of them was."""

    failures: int
    since_ns: int
    boot_id: str


class Lockout:
    """The count of wrong PINs in a row and the wait it costs."""

    def __init__(
        self, storage: TextStorage, key: str, rules: LockoutRules = LockoutRules()
    ) -> None:
        self._storage = storage
        self._key = key
        self._rules = rules

    def wait_s(self, now: LockoutClock) -> float:
        """Return how long no PIN is looked at yet, seconds; 0 when one may be tried."""
        state = self._load(now)
        wait_s = wait_after(state.failures - self._forgiven(state, now), self._rules)
        if wait_s == 0.0:
            return 0.0
        elapsed_ns = now.monotonic_ns - state.since_ns
        if state.boot_id != now.boot_id or elapsed_ns < 0:
            # How much of the wait had passed before the reboot is not known.
            self._save(LockoutState(state.failures, now.monotonic_ns, now.boot_id))
            return wait_s
        return max(wait_s - elapsed_ns / 1e9, 0.0)

    def attempts_left(self, now: LockoutClock) -> int:
        """Return how many wrong PINs are free before the next one costs a wait."""
        state = self._load(now)
        failures = state.failures - self._forgiven(state, now)
        return max(self._rules.free_failures - failures, 0)

    def count_failure(self, now: LockoutClock) -> LockoutState:
        """Count a wrong PIN; its wait begins now. Return what was, for :meth:`forgive`."""
        before = self._load(now)
        failures = before.failures - self._forgiven(before, now)
        self._save(LockoutState(failures + 1, now.monotonic_ns, now.boot_id))
        return before

    def forgive(self, before: LockoutState) -> None:
        """Take the last wrong PIN back: it was meant for somebody else."""
        self._save(before)

    def clear(self) -> None:
        """Forget all wrong PINs."""
        self._storage.delete(self._key)

    def _save(self, state: LockoutState) -> None:
        fields = {
            "failures": state.failures,
            "since_ns": state.since_ns,
            "boot_id": state.boot_id,
        }
        self._storage.set(self._key, json.dumps(fields))

    def _load(self, now: LockoutClock) -> LockoutState:
        text = self._storage.get(self._key)
        if text is None:
            return LockoutState(0, now.monotonic_ns, now.boot_id)
        try:
            fields = json.loads(text)
            failures, since_ns = fields["failures"], fields["since_ns"]
            boot_id = fields["boot_id"]
            if type(failures) is int and type(since_ns) is int and type(boot_id) is str:
                return LockoutState(max(failures, 0), since_ns, boot_id)
        except (ValueError, KeyError, TypeError):
            pass
        # A damaged count must not open the way to more guesses.
        state = LockoutState(self._rules.free_failures, now.monotonic_ns, now.boot_id)
        self._save(state)
        return state

    def _forgiven(self, state: LockoutState, now: LockoutClock) -> int:
        elapsed_s = (now.monotonic_ns - state.since_ns) / 1e9
        if not self._rules.forgiven_s or state.boot_id != now.boot_id or elapsed_s < 0:
            return 0
        return min(int(elapsed_s / self._rules.forgiven_s), state.failures)
