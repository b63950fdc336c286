"""What the wires of a door say: a noun of :mod:`kiosk.domain` that loads no numpy.

The process that guards the relay starts anew whenever it was killed, and the door waits for it;
numpy would be most of that time on a small board.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DoorInputs:
    """What the door's wires say; None where there is no such wire."""

    is_open: bool | None = None
    """The leaf, by the door sensor."""
    exit_pressed: bool | None = None
    """The exit button (request to exit)."""
    other_open: bool | None = None
    """The leaf of the second door of a lock."""

    @property
    def words(self) -> str:
        """The states of the wires that there are; empty without any."""
        said = (
            ("door", self.is_open, "open", "shut"),
            ("exit button", self.exit_pressed, "pressed", "not pressed"),
            ("other door", self.other_open, "open", "shut"),
        )
        return ", ".join(
            f"{name} {active if state else idle}"
            for name, state, active, idle in said
            if state is not None
        )
