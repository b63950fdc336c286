"""The nouns of people's rights: frozen values between the store, the rules and the screens.

Minutes are minutes of the clock on the wall in a schedule's zone. Days count from Monday, 0.
"""

from __future__ import annotations

import datetime
import enum
from dataclasses import dataclass

DAY_MIN = 24 * 60


class Credential(enum.Enum):
    """What somebody has shown."""

    FACE = "face"
    PIN = "pin"


class AuthMode(enum.Enum):
    """What a schedule asks for."""

    FACE = "face"
    FACE_AND_PIN = "face+pin"
    PIN = "pin"
    FACE_OR_PIN = "face/pin"


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """A span of a day; it belongs to the day on which it starts.

    ``0 <= start_min < 1440`` and ``start_min < end_min <= start_min + 1440``: a window whose end is
    beyond 1440 runs past midnight. The end itself is no longer inside.
    """

    start_min: int
    end_min: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """When members of a group may enter, and what they have to show."""

    id: int | None
    name: str
    week: tuple[tuple[Window, ...], ...]
    """Windows of each day, Monday first; seven."""
    holiday: tuple[Window, ...] = ()
    """Windows of a holiday, in the place of those of its day of the week."""
    mode: AuthMode = AuthMode.FACE
    waits_for_first: bool = False
    """Nobody enters by it on a day before somebody of a group with ``is_first`` has come in."""
    zone: str = ""
    """IANA name; empty: the door's."""


@dataclass(frozen=True, slots=True, order=True)
class Holiday:
    """A day on which schedules take their holiday windows."""

    day: datetime.date
    name: str
    is_yearly: bool = False
    """Every year on this month and day; of 29 February, in leap years only."""


@dataclass(frozen=True, slots=True)
class Group:
    """People who may enter at the same times."""

    id: int | None
    name: str
    schedule_ids: tuple[int, ...]
    doors: tuple[str, ...] = ()
    """Names of the doors they may use; empty: all."""
    needs_two: bool = False
    """Two different members of such groups have to come together."""
    is_first: bool = False
    """Their arrival begins the day for schedules that wait for it."""
    ignores_passback: bool = False


@dataclass(frozen=True, slots=True)
class PersonRights:
    """What one person may, beside their name and face."""

    person_id: int
    group_ids: frozenset[int] = frozenset()
    """Without any group: always, within ``hours``."""
    hours: str = ""
    """Their own hours as :class:`kiosk.access.hours.AccessHours` reads them; empty: always."""
    valid_from_ms: int | None = None
    """UTC milliseconds; None: since ever."""
    valid_until_ms: int | None = None
    """The first UTC millisecond no longer valid; None: for ever."""
    uses_left: int | None = None
    """How often they may still enter; None: as often as they like. A one-time guest has 1."""
    is_slow: bool = False
    """The door stays unlocked longer for them."""
    is_guest: bool = False
