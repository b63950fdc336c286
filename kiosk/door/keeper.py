"""Keeps a latch connected and in line with the door's logic; used on one thread."""

from __future__ import annotations

import logging

from kiosk.door.latch import CHECK_EVERY_S, MAX_HOLD_S, Latch
from kiosk.door.link import Link
from kiosk.door.logic import DoorLogic
from kiosk.door.machine import Facts
from kiosk.errors import GuardError, RelayError

logger = logging.getLogger(__name__)

CHECK_NS = round(CHECK_EVERY_S * 1e9)
_READ_WIRES_NS = 50_000_000
_MAX_HOLD_NS = round(MAX_HOLD_S * 1e9)


class LatchKeeper:
    """Hold, release, check and connect a latch when it is time; report to the logic.

    Whatever raises RelayError is to be followed by :meth:`lose`.
    """

    def __init__(self, latch: Latch, logic: DoorLogic) -> None:
        self._latch = latch
        self._logic = logic
        self._link = Link()
        self._held_until_ns: int | None = None
        self._check_at_ns = 0

    @property
    def wake_at_ns(self) -> int:
        """When something has to be done next."""
        next_ns = self._check_at_ns if self._link.is_up else self._link.retry_at_ns
        return next_ns if self._renew_at_ns is None else min(next_ns, self._renew_at_ns)

    def drive(self, now_ns: int) -> None:
        """Unlock, hold on or lock as the logic says. Raises RelayError."""
        if not self._link.is_up:
            return
        if self._logic.is_unlocked:
            self._hold(now_ns)
        elif self._logic.may_be_on:
            self.release()

    def release(self) -> None:
        """Lock, whatever the logic says. Raises RelayError."""
        self._held_until_ns = None
        self._latch.release()
        self._logic.locked()

    def is_connect_due(self, now_ns: int) -> bool:
        return not self._link.is_up and now_ns >= self._link.retry_at_ns

    def is_look_due(self, now_ns: int) -> bool:
        return self._link.is_up and now_ns >= self._check_at_ns

    def connect(self, now_ns: int) -> str:
        """Connect, locked; return what the latch found. Raises RelayError."""
        self._latch.connect()
        self._link.connected(now_ns)
        self._held_until_ns = None
        self._check_at_ns = 0
        self._logic.connected(self._latch.description)
        logger.info("connected: %s", self._latch.description)
        return self._latch.incident

    def look(self, now_ns: int) -> Facts:
        """Read the wires and see whether the latch is there. Raises RelayError."""
        facts = self._logic.see(self._latch.check(), now_ns)
        self._check_at_ns = now_ns + (_READ_WIRES_NS if self._logic.has_wires else CHECK_NS)
        settles_at_ns = self._logic.settles_at_ns()
        if settles_at_ns is not None:
            self._check_at_ns = min(self._check_at_ns, max(settles_at_ns, now_ns + 1))
        return facts

    def lose(self, error: RelayError, now_ns: int) -> Facts:
        """Give the latch up until the next connection.

        It is not closed: that would end a guard which tries to lock, or has just begun to.
        """
        is_guard = isinstance(error, GuardError)
        # A guard that died may not have locked the door: the next one does.
        self._link.lost(now_ns, is_urgent=self._logic.may_be_on or is_guard)
        self._held_until_ns = None
        return self._logic.lost(now_ns, str(error), is_guard=is_guard)

    def close(self) -> None:
        """Let the latch go; never raises."""
        try:
            self._latch.close()
        except Exception:
            logger.exception("closing the relay failed")

    @property
    def _renew_at_ns(self) -> int | None:
        """When a hold shorter than free access has to be renewed."""
        if self._held_until_ns is None or self._held_until_ns == self._logic.relock_at_ns:
            return None
        return self._held_until_ns - _MAX_HOLD_NS // 2

    def _hold(self, now_ns: int) -> None:
        until_ns = self._logic.relock_at_ns
        longest_ns = now_ns + _MAX_HOLD_NS
        if until_ns is None or until_ns > longest_ns:
            renew_at_ns = self._renew_at_ns
            if renew_at_ns is not None and now_ns < renew_at_ns:
                return
            until_ns = longest_ns
        elif until_ns == self._held_until_ns:
            return
        self._latch.hold(max(until_ns - now_ns, 1) / 1e9)
        self._held_until_ns = until_ns
