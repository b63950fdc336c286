"""What every relay can do, whatever its wire protocol."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from kiosk.doorinputs import DoorInputs


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a board can do besides switching."""

    has_readback: bool = False
    """The board confirms switching; then ``switch_on`` and ``switch_off`` have verified it."""
    has_pulse: bool = False
    """The board itself ends a pulse, even when this computer dies."""
    has_inputs: bool = False
    """At least one wire of the door is connected and configured."""


class Relay(Protocol):
    """One switch. Off is the state in which the door is locked.

    Not thread-safe: one thread uses it from ``connect`` to ``close``. After ``close`` or any
    RelayError it may be connected again. Everything ends within a bounded time, a few read
    timeouts of the port, and OFF is written before anything is waited for.
    """

    @property
    def description(self) -> str:
        """The relay in words; may say more once connected."""

    @property
    def is_simulated(self) -> bool:
        """Whether no real door hangs on it."""

    @property
    def capabilities(self) -> Capabilities:
        """What the board can do; known for certain only once connected."""

    def connect(self) -> None:
        """Open the port, if it is not open yet, and switch off. Raises RelayError."""

    def switch_on(self) -> None:
        """Switch on. After a RelayError the relay may be on or off."""

    def switch_off(self) -> None:
        """Switch off; harmless when it is off. After a RelayError it may be on or off."""

    def pulse(self, seconds: float) -> float:
        """Switch on for at least ``seconds``, by the board's own timer where it has one.

        Return the seconds after which the board switches off by itself, or 0.0: then it stays on
        until told. Switching off earlier is always possible. Raises RelayError, after which the
        relay may be on or off.
        """

    def inputs(self) -> DoorInputs:
        """Return what the door's wires say now. Raises RelayError when they cannot be read."""

    def check(self) -> None:
        """Raise RelayError when the port has gone; cheap, and switches nothing."""

    def close(self) -> None:
        """Switch off, then close the port; never raises, and may be called twice."""
