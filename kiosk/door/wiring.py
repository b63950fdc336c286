"""Which wire of the door ends at which input of the relay board or modem line of its port."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from kiosk.door.port import ModemInput, Port
from kiosk.doorinputs import DoorInputs
from kiosk.errors import RelayError

ReadBoard = Callable[[frozenset[str]], Mapping[str, bool]]
"""Read the named inputs of a board; may raise RelayError."""


@dataclass(frozen=True, slots=True)
class Wire:
    """An input and how to read it.

    A contact that is closed while the door is shut (the usual reed contact) is *inverted*; then a
    cut cable reads like an open door, not like a shut one.
    """

    source: ModemInput | str
    """A modem line of the port, or the name of an input of the board."""
    is_inverted: bool = False


@dataclass(frozen=True, slots=True)
class Wiring:
    """The wires of a door; None where there is none."""

    sensor: Wire | None = None
    """Active: the leaf is open."""
    exit: Wire | None = None
    """Active: the exit button is pressed."""
    other: Wire | None = None
    """Active: the leaf of the other door is open."""

    @property
    def wires(self) -> tuple[Wire, ...]:
        """Those that there are."""
        return tuple(wire for wire in (self.sensor, self.exit, self.other) if wire is not None)

    def read(self, port: Port, read_board: ReadBoard | None = None) -> DoorInputs:
        """Return what the wires say now. Raises RelayError."""
        names = frozenset(wire.source for wire in self.wires if isinstance(wire.source, str))
        levels: Mapping[str, bool] = {}
        if names:
            if read_board is None:
                raise RelayError(f"The relay on {port.device} has no inputs: wire modem lines.")
            levels = read_board(names)

        def state(wire: Wire | None) -> bool | None:
            if wire is None:
                return None
            source = wire.source
            level = port.read_line(source) if isinstance(source, ModemInput) else levels[source]
            return level is not wire.is_inverted

        return DoorInputs(state(self.sensor), state(self.exit), state(self.other))


NO_WIRES = Wiring()
