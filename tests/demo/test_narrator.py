"""The narrator tells what is shown and finds out whether it came as told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kiosk.demo.narrator import Caption, Narrator, Outcome
from kiosk.demo.story import Chapter, Pick, Sight
from kiosk.domain import Guidance, Phase
from kiosk.listener import KioskView
from kiosk.simulator.visits import Visit, visit

IDLE = KioskView(Phase.IDLE)
CHECKING = KioskView(Phase.CHECKING)
DARK = KioskView(Phase.GUIDANCE, Guidance.MORE_LIGHT)
STRANGER = KioskView(Phase.NOT_RECOGNISED)


def welcome(name: str) -> KioskView:
    return KioskView(Phase.WELCOME, person_name=name)


def chapter(name: str, played: str, *expected: Sight) -> Chapter:
    return Chapter(name, name.title(), f"This is {name}.", replace(visit(played)), expected)


LIGHT = chapter(
    "light",
    "dark",
    Sight(Phase.GUIDANCE, Guidance.MORE_LIGHT),
    Sight(Phase.WELCOME, person="Ada"),
)
REFUSED = chapter("refused", "stranger", Sight(Phase.NOT_RECOGNISED))
QUIET = chapter("quiet", "empty", Sight(Phase.IDLE))
PICK = Pick("S", "Stranger", "Somebody you sent in.", visit("stranger"))
WAITING = Caption("Your turn", "Send somebody in.")
ROOM = visit("empty")


class Audience:
    def __init__(self) -> None:
        self.captions: list[Caption] = []
        self.fulfilled: list[str] = []
        self.ended: list[tuple[Outcome, ...]] = []

    def caption_changed(self, caption: Caption) -> None:
        self.captions.append(caption)

    def chapter_fulfilled(self, chapter: Chapter) -> None:
        self.fulfilled.append(chapter.name)

    def story_ended(self, outcomes: tuple[Outcome, ...]) -> None:
        self.ended.append(outcomes)


class Stage:
    """A narrator whose kiosk is ready."""

    def __init__(self, *chapters: Chapter, ready: bool = True) -> None:
        self.narrator = Narrator(chapters, [PICK], WAITING)
        self.audience = Audience()
        self.narrator.attend(self.audience)
        if ready:
            self.narrator.saw(IDLE)

    def play(self, visit: Visit, *views: KioskView) -> None:
        self.narrator.begin(visit)
        for view in views:
            self.narrator.saw(view)

    def verdicts(self) -> list[bool]:
        return [outcome.as_told for outcome in self.narrator.outcomes]


def test_a_story_that_comes_as_told() -> None:
    stage = Stage(LIGHT, REFUSED)
    stage.play(LIGHT.visit, CHECKING, DARK, CHECKING, welcome("Ada"), IDLE)
    stage.play(REFUSED.visit, CHECKING, STRANGER, IDLE)
    stage.play(ROOM)
    assert stage.verdicts() == [True, True]
    assert stage.audience.fulfilled == ["light", "refused"]
    assert stage.audience.ended == [stage.narrator.outcomes]
    assert stage.narrator.has_ended
    assert [caption.title for caption in stage.audience.captions] == [
        "Light",
        "Refused",
        "Your turn",
    ]
    assert stage.audience.captions[1] == Caption("Refused", "This is refused.", 2, 2, "refused")


@pytest.mark.parametrize(
    ("views", "why"),
    [
        ((CHECKING, welcome("Ada")), "the guidance is missing"),
        ((DARK, CHECKING), "nobody is let in"),
        ((welcome("Ada"), DARK), "the order is wrong"),
        ((DARK, welcome("Bob"), welcome("Ada")), "somebody else is let in as well"),
        ((DARK, welcome("Ada"), KioskView(Phase.DENIED, person_name="Bob")), "or named"),
        ((DARK, welcome("")), "nobody is named"),
    ],
)
def test_a_chapter_that_does_not(views: tuple[KioskView, ...], why: str) -> None:
    stage = Stage(LIGHT)
    stage.play(LIGHT.visit, *views)
    stage.play(ROOM)
    assert stage.verdicts() == [False], why


def test_a_welcome_where_a_refusal_is_told_is_not_as_told() -> None:
    stage = Stage(REFUSED)
    stage.play(REFUSED.visit, STRANGER, welcome("Ada"))
    stage.play(ROOM)
    assert stage.verdicts() == [False]
    assert stage.narrator.outcomes[0].shown == ("idle", "not recognised", "welcome Ada")


def test_what_is_left_of_the_chapter_before_does_not_count() -> None:
    stage = Stage(LIGHT, REFUSED)
    stage.play(LIGHT.visit, DARK, welcome("Ada"))
    # The door locks only now: the welcome is told again, without its time.
    stage.play(REFUSED.visit, welcome("Ada"), IDLE, STRANGER)
    stage.play(ROOM)
    assert stage.verdicts() == [True, True]


def test_a_kiosk_that_waits_already_fulfils_a_quiet_chapter() -> None:
    stage = Stage(QUIET)
    stage.play(QUIET.visit)
    assert stage.audience.fulfilled == ["quiet"]


def test_nothing_is_told_before_the_kiosk_is_ready() -> None:
    stage = Stage(QUIET, ready=False)
    programme = stage.narrator.programme()
    first = next(programme)
    assert first is not QUIET.visit and first.seconds < 1
    stage.narrator.begin(first)
    stage.narrator.saw(KioskView(Phase.STARTING))
    assert stage.audience.captions == []
    assert next(programme) is first
    stage.narrator.saw(IDLE)
    assert next(programme) is QUIET.visit
    assert next(programme, None) is None


def test_who_is_sent_in_is_announced_and_not_judged() -> None:
    stage = Stage(LIGHT, REFUSED)
    stage.play(LIGHT.visit, DARK)
    stage.play(PICK.visit, welcome("Ada"))
    stage.play(REFUSED.visit, STRANGER)
    stage.play(ROOM)
    assert stage.verdicts() == [False, True]
    assert stage.audience.captions[1] == Caption("Stranger", "Somebody you sent in.")


def test_a_chapter_played_again_is_announced_again_and_judged_once() -> None:
    stage = Stage(REFUSED)
    stage.play(REFUSED.visit, STRANGER)
    stage.play(ROOM)
    stage.play(REFUSED.visit, welcome("Ada"))
    stage.play(ROOM)
    assert stage.verdicts() == [True]
    assert len(stage.audience.ended) == 1
    assert [caption.title for caption in stage.audience.captions] == [
        "Refused",
        "Your turn",
        "Refused",
        "Your turn",
    ]


def test_the_same_caption_is_not_said_twice() -> None:
    stage = Stage(QUIET)
    for _ in range(2):
        stage.narrator.say(WAITING)
    assert stage.audience.captions == [WAITING]
