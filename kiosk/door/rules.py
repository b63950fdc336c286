"""The times and choices by which one door is worked."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from kiosk.config import DoorConfig
from kiosk.door.latch import MAX_HOLD_S
from kiosk.errors import ConfigError

_RELOCKS = ("open", "close", "pulse")


@dataclass(frozen=True, slots=True)
class DoorRules:
    """What the door does when, in seconds; every time of it is counted on the monotonic clock.

    Raises ConfigError for what no door can be worked by. Defaults: BACnet's access door object
    (pulse, extended pulse, held), and what makers of terminals ship for the rest.
    """

    pulse_s: float = 5.0
    """Somebody let in finds the door unlocked for so long."""
    extended_s: float = 15.0
    """The same for people who need longer; never less than ``pulse_s``."""
    held_s: float = 30.0
    """Open for longer than this is an alarm; 0: never. Slow people get their longer pulse more."""
    prealarm_s: float = 5.0
    """So long before, somebody at the door is warned; 0: not."""
    relock: str = "open"
    """``open``: soon after the leaf opens; ``close``: when it shuts; ``pulse``: neither. Always at
    the end of the pulse."""
    relock_delay_s: float = 0.7
    """After the leaf opens, so that the bolt does not hit the strike."""
    debounce_s: float = 0.08
    """A wire has to say the same for so long before it is believed."""
    exit_grace_s: float = 4.0
    """After the exit button the leaf may open without an alarm for so long."""
    exit_unlocks: bool = False
    """Whether the exit button works the lock; else a handle does, and the button only tells."""
    lockdown_exit: bool = True
    """Whether the exit button works the lock in a lockdown too."""

    def __post_init__(self) -> None:
        spans = (
            ("pulse_s", 0.01, MAX_HOLD_S, "The door's pulse"),
            ("extended_s", 0.01, MAX_HOLD_S, "The door's extended pulse"),
            ("held_s", 0, 3600, "The time a door may stand open"),
            ("prealarm_s", 0, 3600, "The warning before a door stands open too long"),
            ("relock_delay_s", 0, 5, "The delay before relocking"),
            ("debounce_s", 0, 1, "The debounce time"),
            ("exit_grace_s", 0, 60, "The time to open after the exit button"),
        )
        for name, low, high, words in spans:
            value = getattr(self, name)
            # Written so that NaN fails it too.
            if not low <= value <= high:
                raise ConfigError(f"{words} must be between {low:g} and {high:g} s, not {value}.")
        if self.relock not in _RELOCKS:
            raise ConfigError(
                f"The door relocks on one of {', '.join(_RELOCKS)}, not on {self.relock!r}."
            )
        if 0 < self.held_s <= self.prealarm_s:
            raise ConfigError(
                f"The warning of {self.prealarm_s:g} s does not fit before the alarm at "
                f"{self.held_s:g} s: choose a shorter prealarm_s or a longer held_s."
            )

    @classmethod
    def from_config(cls, config: DoorConfig) -> DoorRules:
        """Take the section ``[door]`` of the settings. Raises ConfigError."""
        names = {field.name for field in dataclasses.fields(cls)} - {"debounce_s"}
        return cls(
            debounce_s=config.debounce_ms / 1000, **{name: getattr(config, name) for name in names}
        )
