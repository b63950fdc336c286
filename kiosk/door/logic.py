"""When the door is unlocked, until when, and what its relay needs next: no thread, no clock."""

from __future__ import annotations

import enum

from kiosk.domain import DoorState

_MS = 1_000_000

MAX_COMMAND_AGE_NS = 1000 * _MS
"""The person may have walked away from a door that opens later than this."""
CHECK_EVERY_NS = 1000 * _MS
FIRST_RETRY_NS = 500 * _MS
LAST_RETRY_NS = 10_000 * _MS
URGENT_RETRY_NS = 250 * _MS
"""Between attempts to reach a relay that may be on."""
STEADY_NS = 10_000 * _MS
"""A connection that lasted this long starts the next retries from the shortest again."""


class Due(enum.Enum):
    """What the relay needs now."""

    NOTHING = "nothing"
    CONNECT = "connect"
    SWITCH_OFF = "switch_off"
    CHECK = "check"


class DoorLogic:
    """States and deadlines of one door. The caller does what is due and reports how it went."""

    def __init__(self, pulse_ns: int) -> None:
        self._pulse_ns = pulse_ns
        self._state = DoorState.FAULT
        self._relock_at_ns: int | None = None
        self._may_be_on = False
        self._connected_at_ns = 0
        self._next_at_ns: int | None = None
        self._failures = 0

    @property
    def state(self) -> DoorState:
        return self._state

    @property
    def relock_at_ns(self) -> int | None:
        """End of the pulse while UNLOCKED."""
        return self._relock_at_ns

    @property
    def may_be_on(self) -> bool:
        """Whether the relay was switched on and no switching off has succeeded since."""
        return self._may_be_on

    def due(self, now_ns: int) -> Due:
        """Return the most urgent thing to do."""
        if self._relock_at_ns is not None and now_ns >= self._relock_at_ns:
            return Due.SWITCH_OFF
        if self._next_at_ns is None or now_ns >= self._next_at_ns:
            return Due.CONNECT if self._state is DoorState.FAULT else Due.CHECK
        return Due.NOTHING

    def wake_at_ns(self, now_ns: int) -> int:
        """Return when something is due next; ``now_ns`` or earlier when something is already."""
        times = [now_ns if self._next_at_ns is None else self._next_at_ns]
        if self._relock_at_ns is not None:
            times.append(self._relock_at_ns)
        return min(times)

    def accept(self, requested_at_ns: int, now_ns: int) -> str:
        """Begin or extend a pulse and return ""; or return why not, and change nothing.

        The relay must be switched on next, or its loss reported.
        """
        if self._state is DoorState.FAULT:
            return "the relay cannot be reached"
        if requested_at_ns < self._connected_at_ns:
            return "the relay could not be reached at that time"
        # A request from the future comes from another clock: its age is unknown.
        if abs(now_ns - requested_at_ns) > MAX_COMMAND_AGE_NS:
            return "the request is too old"
        self._state = DoorState.UNLOCKED
        self._may_be_on = True
        self._relock_at_ns = max(self._relock_at_ns or 0, now_ns + self._pulse_ns)
        return ""

    def connected(self, now_ns: int) -> None:
        """Note that the relay was reached and switched off."""
        self.switched_off(now_ns)
        self._connected_at_ns = now_ns

    def switched_off(self, now_ns: int) -> None:
        """Note that switching off succeeded."""
        self._state = DoorState.LOCKED
        self._relock_at_ns = None
        self._may_be_on = False
        self._next_at_ns = now_ns + CHECK_EVERY_NS

    def checked(self, now_ns: int) -> None:
        """Note that the relay is still there."""
        self._next_at_ns = now_ns + CHECK_EVERY_NS

    def lost(self, now_ns: int) -> None:
        """Note that the relay could not be reached or did not obey; a pulse is not resumed."""
        newly = self._state is not DoorState.FAULT
        if newly and now_ns - self._connected_at_ns >= STEADY_NS:
            self._failures = 0
        self._state = DoorState.FAULT
        self._relock_at_ns = None
        if self._may_be_on:
            self._next_at_ns = now_ns if newly else now_ns + URGENT_RETRY_NS
            return
        self._next_at_ns = now_ns + min(FIRST_RETRY_NS * 2 ** min(self._failures, 8), LAST_RETRY_NS)
        self._failures += 1
