"""What the rules about rights can be set to, and what they can say."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from kiosk.config import AccessConfig
from kiosk.domain import DenialReason


class RightsOutcome(enum.Enum):
    """What the rules say about somebody at the door."""

    ALLOWED = "allowed"
    NEEDS_PIN = "needs_pin"
    NEEDS_FACE = "needs_face"
    NEEDS_SECOND = "needs_second"
    """A second person has to come: remember this one by ``Ledger.note_waiting``."""
    DENIED = "denied"


@dataclass(frozen=True, slots=True)
class AccessRules:
    """What holds for everybody."""

    passback: str = "off"
    """``soft``: entering again too soon is noted; ``hard``: it is refused."""
    passback_s: int = 300
    two_person_s: int = 20
    """How long somebody waits for their second person."""
    untrusted_clock: str = "permanent"
    """Who is let in while the time is not known: those whose rights do not ask for the time
    (``permanent``), or ``nobody``."""

    @classmethod
    def of(cls, config: AccessConfig) -> AccessRules:
        """Take the rules from the settings."""
        return cls(config.passback, config.passback_s, config.two_person_s, config.untrusted_clock)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules say, and what follows from it."""

    outcome: RightsOutcome
    denial: DenialReason | None = None
    """Why not; where something is still needed, what to say when it does not come."""
    hours: str = ""
    """When they may enter, for the screen; of NOT_YET_VALID, from when on (local time)."""
    is_extended: bool = False
    """The door is to stay unlocked longer for them."""
    spends_use: bool = False
    """One of a limited number of entries is used up by this one: the store counts it down before
    the door opens, since this snapshot may be behind."""
    is_soft_passback: bool = False
    """They came in a moment ago; it is only noted."""
    partner_id: int | None = None
    """Who waited for them, and comes in with them."""
