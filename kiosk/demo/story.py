"""The story of the demonstration: what is shown, in which words, and what must come of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from kiosk.demo.town import (
    ADA,
    AMARA,
    HANEUL,
    IRINA,
    JOSE,
    NIKOS,
    SECOND_VISITOR,
    SOREN,
    TRANG,
    VISITOR,
    WANG,
    ZOFIA,
    hours_on_another_day,
)
from kiosk.domain import Guidance, Phase
from kiosk.listener import KioskView
from kiosk.simulator.visits import Cast, Visit, visit

ROOM = 11
"""Seed of the room in front of the demonstration's door."""


@dataclass(frozen=True, slots=True)
class Sight:
    """A state that the kiosk must come to show."""

    phase: Phase
    guidance: Guidance | None = None
    person: str = ""

    def is_seen_in(self, view: KioskView) -> bool:
        """Tell whether the kiosk shows it."""
        return (self.phase, self.guidance, self.person) == (
            view.phase,
            view.guidance,
            view.person_name,
        )


@dataclass(frozen=True, slots=True)
class Chapter:
    """One visit of the story."""

    name: str
    """For file names."""
    title: str
    caption: str
    """True whatever the kiosk makes of it."""
    visit: Visit
    expected: tuple[Sight, ...]
    """In this order; other states may lie between, but nobody else may be named."""

    @property
    def people(self) -> frozenset[str]:
        """Who may be named on the screen."""
        return frozenset(sight.person for sight in self.expected if sight.person)


@dataclass(frozen=True, slots=True)
class Pick:
    """A visitor who can be sent in by a key or a button."""

    key: str
    label: str
    caption: str
    visit: Visit


def make_story(today: date) -> tuple[Chapter, ...]:
    """Return the chapters, about a minute in all."""
    welcome = Phase.WELCOME

    def played(name: str, person: int, other: int = SECOND_VISITOR, seed: int = 0) -> Visit:
        return visit(name, Cast(person, other, ROOM, seed))

    def hint(guidance: Guidance) -> Sight:
        return Sight(Phase.GUIDANCE, guidance)

    return (
        Chapter(
            "idle",
            "Nobody is there",
            "The kiosk waits. Twelve people of this town are enrolled; none of them exists.",
            replace(played("empty", VISITOR), seconds=2.4),
            (Sight(Phase.IDLE),),
        ),
        Chapter(
            "too-far",
            "Too far, then near",
            f"{IRINA.name} stops far from the door. A small face says too little to be trusted.",
            played("too-far", IRINA.person, seed=1),
            (hint(Guidance.STEP_CLOSER), Sight(welcome, person=IRINA.name)),
        ),
        Chapter(
            "stranger",
            "A stranger",
            "Nobody has enrolled this visitor. The kiosk never says the nearest name.",
            played("stranger", VISITOR, seed=2),
            (Sight(Phase.NOT_RECOGNISED),),
        ),
        Chapter(
            "photograph",
            "A printed photograph",
            f"Somebody holds up a photograph of {ADA.name}, who is enrolled.",
            played("photograph", ADA.person, seed=3),
            (hint(Guidance.PRESENTATION),),
        ),
        Chapter(
            "phone",
            "A photograph on a telephone",
            f"Now {HANEUL.name}, who is enrolled too, on the screen of a telephone.",
            played("phone", HANEUL.person, seed=4),
            (hint(Guidance.PRESENTATION),),
        ),
        Chapter(
            "dark",
            "In the dark",
            f"{WANG.name} stands in the dark. In the middle of the visit the light comes on.",
            played("dark", WANG.person, seed=5),
            (hint(Guidance.MORE_LIGHT), Sight(welcome, person=WANG.name)),
        ),
        Chapter(
            "mask",
            "A mask",
            f"{AMARA.name} wears a mask at first. These networks know masks, and perhaps her.",
            played("mask", AMARA.person, seed=6),
            (Sight(welcome, person=AMARA.name),),
        ),
        Chapter(
            "hours",
            "Not at this time",
            f"{JOSE.name} is enrolled, but may enter only {_hours_in_words(today)}.",
            played("approach", JOSE.person, seed=7),
            (Sight(Phase.DENIED, person=JOSE.name),),
        ),
        Chapter(
            "two-at-once",
            "Two at once",
            f"{NIKOS.name} and {ZOFIA.name} stand before the door together.",
            played("two-at-once", NIKOS.person, ZOFIA.person, seed=8),
            (hint(Guidance.ONE_AT_A_TIME),),
        ),
        Chapter(
            "camera",
            "The camera fails",
            "The camera is unplugged for a few seconds. Without it the door stays locked.",
            played("dead-camera", VISITOR),
            (Sight(Phase.OUT_OF_ORDER), Sight(Phase.IDLE)),
        ),
        Chapter(
            "end",
            "Nobody is there",
            "All is well again, and the kiosk waits.",
            replace(played("empty", VISITOR), seconds=2.0),
            (Sight(Phase.IDLE),),
        ),
    )


def make_picks(today: date) -> tuple[Pick, ...]:
    """Return who can be sent in at any time."""

    def pick(
        key: str, label: str, caption: str, name: str, person: int, other: int = SECOND_VISITOR
    ) -> Pick:
        return Pick(key, label, caption, visit(name, Cast(person, other, ROOM, seed=20)))

    visitor = "This visitor is let in only if you have enrolled them."
    return (
        pick("1", "Resident", f"{SOREN.name} is enrolled and walks up.", "approach", SOREN.person),
        pick("2", "Too far", f"{IRINA.name} comes from afar.", "too-far", IRINA.person),
        pick("3", "Dark", f"{WANG.name} stands in the dark.", "dark", WANG.person),
        pick("4", "Mask", f"{AMARA.name} wears a mask at first.", "mask", AMARA.person),
        pick(
            "5",
            "Hours",
            f"{JOSE.name} may enter only {_hours_in_words(today)}.",
            "approach",
            JOSE.person,
        ),
        pick(
            "6",
            "Two",
            f"{NIKOS.name} and {ZOFIA.name} come together.",
            "two-at-once",
            NIKOS.person,
            ZOFIA.person,
        ),
        pick("7", "Phone", f"{HANEUL.name}, but on a telephone.", "phone", HANEUL.person),
        pick(
            "8",
            "Follower",
            f"A visitor follows on the heels of {TRANG.name}.",
            "tailgating",
            TRANG.person,
            VISITOR,
        ),
        pick("9", "Camera", "The camera fails for a few seconds.", "dead-camera", VISITOR),
        pick("S", "Stranger", visitor, "stranger", VISITOR),
        pick("P", "Photograph", f"A printed photograph of {ADA.name}.", "photograph", ADA.person),
    )


def _hours_in_words(today: date) -> str:
    day, hours = hours_on_another_day(today).split()
    names = {
        "Mon": "Mondays",
        "Tue": "Tuesdays",
        "Wed": "Wednesdays",
        "Thu": "Thursdays",
        "Fri": "Fridays",
        "Sat": "Saturdays",
        "Sun": "Sundays",
    }
    return f"on {names[day]}, {hours}"
