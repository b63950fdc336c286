"""What the door controller drives: a lock that locks itself again, whoever looks after that."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol, TypeVar

from kiosk.door.relay import Relay
from kiosk.doorinputs import DoorInputs
from kiosk.errors import ConfigError, RelayError

T = TypeVar("T")

MAX_HOLD_S = 60.0
"""Longest time a single call may keep the door unlocked."""

CHECK_EVERY_S = 0.25
"""How often the owner should call ``check``: at most this late a guard that hangs is noticed."""

SILENCE_S = 2.0
"""An owner that gives no sign for this long counts as hung, and the door is locked."""


class Latch(Protocol):
    """A lock with a deadline. Not thread-safe: one thread uses it from ``connect`` to ``close``.

    ``check``, ``hold`` and ``release`` are at the same time the signs of life: an owner silent
    for ``SILENCE_S`` finds the door locked and gets GuardError from its next call. After
    RelayError (GuardError is one) ``connect`` makes it usable again. Do not ``close`` it before:
    behind it somebody may just be trying to lock the door.
    """

    @property
    def description(self) -> str:
        """The relay in words; may say more once connected."""

    @property
    def is_simulated(self) -> bool:
        """Whether no real door hangs on it."""

    @property
    def incident(self) -> str:
        """What the last ``connect`` that succeeded found out about how the run or the guard before
        ended: a sentence, told once; empty when it ended as it should."""

    def connect(self) -> None:
        """Lock the door and make ready. Raises RelayError; to be tried again then."""

    def hold(self, seconds: float) -> None:
        """Unlock; the door is locked again ``seconds`` after this call at the latest.

        A later hold replaces the deadline. Returns when the relay was told to switch on, and has
        confirmed it where it can. Raises RelayError: then it may be on or off, and is being
        switched off; ConfigError unless 0 < ``seconds`` <= ``MAX_HOLD_S``.
        """

    def release(self) -> None:
        """Lock now; harmless when locked. Raises RelayError as ``hold`` does."""

    def check(self) -> DoorInputs:
        """Return the newest inputs. Raises RelayError when the board or the guard has gone, and
        when the inputs cannot be read."""

    def close(self) -> None:
        """Lock and let everything go; never raises, and may be called twice."""


def require_hold(seconds: float) -> None:
    """Raise ConfigError unless ``seconds`` is a time a door may be held unlocked."""
    # Written so that NaN fails it too.
    if not 0 < seconds <= MAX_HOLD_S:
        raise ConfigError(
            f"A door is unlocked for more than 0 and at most {MAX_HOLD_S:g} s at a time, "
            f"not for {seconds}."
        )


class DirectLatch:
    """A relay in this very process: for the simulated relay and for tests.

    Nobody outlives the process to lock the door, and the deadline is kept by ``check`` only; a
    real door wants :class:`kiosk.door.guardedlatch.GuardedLatch`.
    """

    incident = ""

    def __init__(self, relay: Relay, clock_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._relay = relay
        self._clock_ns = clock_ns
        self._off_at_ns: int | None = None

    @property
    def description(self) -> str:
        return self._relay.description

    @property
    def is_simulated(self) -> bool:
        return self._relay.is_simulated

    def connect(self) -> None:
        self._try(self._relay.connect)
        self._off_at_ns = None

    def hold(self, seconds: float) -> None:
        require_hold(seconds)
        self._off_at_ns = self._clock_ns() + round(seconds * 1e9)
        self._try(lambda: self._relay.pulse(seconds))

    def release(self) -> None:
        self._try(self._relay.switch_off)
        self._off_at_ns = None

    def check(self) -> DoorInputs:
        if self._off_at_ns is not None and self._clock_ns() >= self._off_at_ns:
            self.release()
        self._try(self._relay.check)
        return self._try(self._relay.inputs)

    def close(self) -> None:
        self._relay.close()
        self._off_at_ns = None

    def _try(self, act: Callable[[], T]) -> T:
        try:
            return act()
        except RelayError:
            # Closing switches off where that is still possible; only a closed port opens anew.
            self._relay.close()
            raise
