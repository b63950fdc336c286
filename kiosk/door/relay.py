"""What every relay can do, whatever its wire protocol."""

from __future__ import annotations

from typing import Protocol


class Relay(Protocol):
    """One switch. Off is the state in which the door is locked.

    Not thread-safe: one thread uses it from ``connect`` to ``close``. After ``close`` or any
    RelayError it may be connected again.
    """

    @property
    def description(self) -> str:
        """The relay in words; may say more once connected."""

    @property
    def is_simulated(self) -> bool:
        """Whether no real door hangs on it."""

    def connect(self) -> None:
        """Open the port, if it is not open yet, and switch off. Raises RelayError."""

    def switch_on(self) -> None:
        """Switch on. After a RelayError the relay may be on or off."""

    def switch_off(self) -> None:
        """Switch off; harmless when it is off. After a RelayError it may be on or off."""

    def check(self) -> None:
        """Raise RelayError when the port has gone; cheap, and switches nothing."""

    def close(self) -> None:
        """Switch off, then close the port; never raises, and may be called twice."""
