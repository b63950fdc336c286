"""The story's promises: about a minute, every state, and expectations that can fail."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from kiosk.access.hours import AccessHours
from kiosk.access.pin import check_strength
from kiosk.demo.demonstration import PIN, demonstration_config
from kiosk.demo.story import Chapter, Sight, make_picks, make_story
from kiosk.demo.town import (
    JOSE,
    SECOND_VISITOR,
    VISITOR,
    hours_on_another_day,
    residents,
)
from kiosk.domain import Guidance, Phase
from kiosk.listener import KioskView
from kiosk.simulator.visits import FIRST_PERSON, CameraFault

TODAY = date(2026, 11, 21)
STORY = make_story(TODAY)


def test_it_takes_about_a_minute() -> None:
    assert 50 < sum(chapter.visit.seconds for chapter in STORY) < 66


def test_it_tells_of_every_state() -> None:
    phases = {sight.phase for chapter in STORY for sight in chapter.expected}
    hints = {sight.guidance for chapter in STORY for sight in chapter.expected}
    # Nobody in the town looks like anybody else or belongs to a group: nobody is asked for a PIN,
    # nor for a second person.
    assert phases == set(Phase) - {Phase.STARTING, Phase.CHECKING, Phase.PIN, Phase.SECOND}
    assert hints >= {
        Guidance.STEP_CLOSER,
        Guidance.MORE_LIGHT,
        Guidance.ONE_AT_A_TIME,
        Guidance.PRESENTATION,
    }


def test_chapters_and_visits_can_be_told_apart() -> None:
    assert len({chapter.name for chapter in STORY}) == len(STORY)
    assert all(chapter.expected for chapter in STORY)
    visits = [chapter.visit for chapter in STORY] + [pick.visit for pick in make_picks(TODAY)]
    assert len({id(visit) for visit in visits}) == len(visits)


def test_every_key_sends_in_somebody_else() -> None:
    picks = make_picks(TODAY)
    assert [pick.key for pick in picks] == [*"123456789SP"]
    assert len({pick.label for pick in picks}) == len(picks)


def test_only_residents_are_named_and_strangers_are_none() -> None:
    town = residents(TODAY)
    assert len(town) == 12
    assert len({r.person for r in town} | {VISITOR, SECOND_VISITOR}) == 14
    assert all(FIRST_PERSON <= r.person < FIRST_PERSON + 100 for r in town)
    assert len({r.number for r in town}) == len({r.name for r in town}) == 12
    named = {name for chapter in STORY for name in chapter.people}
    assert named <= {r.name for r in town}


@pytest.mark.parametrize("days", range(7))
def test_hours_exclude_the_demonstration_whatever_the_clock_says(days: int) -> None:
    today = TODAY + timedelta(days=days)
    hours = AccessHours.parse(hours_on_another_day(today))
    midnight = datetime(today.year, today.month, today.day)
    # A day more on both sides: the demonstration may run past midnight, in any time zone.
    for hour in range(-24, 49):
        assert not hours.allows(midnight + timedelta(hours=hour))
    assert hours.parts, "hours that never come would be no access hours"


def test_all_hours_of_the_town_can_be_read() -> None:
    town = {r.name: AccessHours.parse(r.hours) for r in residents(TODAY)}
    now = datetime(2026, 11, 21, 12, 0)
    assert [name for name, hours in town.items() if not hours.allows(now)] == [JOSE.name]


def test_the_hours_are_said_in_words() -> None:
    chapter = next(c for c in STORY if c.name == "hours")
    assert "on Tuesdays, 09:00-17:00" in chapter.caption


def test_the_camera_comes_back_within_its_chapter() -> None:
    """The engine tries again after 0.5, 1.5 and 3.5 seconds."""
    chapter = next(c for c in STORY if c.name == "camera")
    assert chapter.visit.fault is CameraFault.DEAD
    assert 1.5 < chapter.visit.fault_seconds < 3.3
    assert chapter.visit.seconds > 4.5


def test_a_sight_is_one_state() -> None:
    sight = Sight(Phase.WELCOME, person="Ada Brook")
    assert sight.is_seen_in(KioskView(Phase.WELCOME, person_name="Ada Brook", relock_at_ns=5))
    assert not sight.is_seen_in(KioskView(Phase.WELCOME, person_name="José Peña"))
    assert not sight.is_seen_in(KioskView(Phase.CHECKING))


def test_the_pin_is_good_enough_and_the_relay_simulated() -> None:
    check_strength(PIN)
    config = demonstration_config()
    assert config.door.relay == "sim:"
    assert config.camera.source == "sim:"


def test_captions_are_sentences() -> None:
    for chapter in STORY:
        assert isinstance(chapter, Chapter)
        assert chapter.caption.endswith(".")
        assert len(chapter.caption) < 110
