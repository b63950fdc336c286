"""What the kiosk's screen says of the door, and when that goes before everything else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from kiosk.domain import DenialReason, DoorAlarm, DoorInputs, DoorState, DoorStatus, Phase
from kiosk.listener import KioskView, NumberPrompt, PinPrompt
from tests.ui.conftest import Stage
from ui import doortexts, texts, theme
from ui.doorlook import alarm_notice, door_look, free_notice, small_print
from ui.headless import door_line, number_line, view_line
from ui.texts import StateText

NOW = datetime(2026, 11, 21, 16, 0, 0)
NOW_NS = 10**12
MINUTE_NS = 60 * 10**9
HELD_SOON = {"alarm": DoorAlarm.HELD_SOON, "alarm_at_ns": NOW_NS + 5}
OTHER_OPEN = {"inputs": DoorInputs(other_open=True)}


def door(state: DoorState, **fields: Any) -> DoorStatus:
    return DoorStatus(state, "LCUS", False, **fields)


def look_of(phase: Phase, status: DoorStatus) -> StateText | None:
    look = door_look(phase, status, NOW_NS, NOW)
    return None if look is None else look.text


FREE = door(DoorState.FREE_ACCESS, is_free=True)
LOCKDOWN = door(DoorState.LOCKDOWN, is_lockdown=True)


@pytest.mark.parametrize(
    ("status", "phase", "text"),
    [
        (door(DoorState.LOCKED), Phase.IDLE, None),
        (door(DoorState.OPEN), Phase.IDLE, None),
        (door(DoorState.UNLOCKED), Phase.IDLE, doortexts.UNLOCKED),
        # A stranger need not be told that somebody else's door is unlocked.
        (door(DoorState.UNLOCKED), Phase.NOT_RECOGNISED, None),
        (door(DoorState.UNLOCKED), Phase.WELCOME, None),
        (door(DoorState.OPEN, **HELD_SOON), Phase.IDLE, doortexts.HELD_SOON),
        (door(DoorState.OPEN, **HELD_SOON), Phase.WELCOME, None),
        (door(DoorState.HELD, alarm=DoorAlarm.HELD), Phase.GUIDANCE, doortexts.HELD),
        (door(DoorState.HELD, alarm=DoorAlarm.HELD), Phase.DENIED, None),
        (door(DoorState.FORCED, alarm=DoorAlarm.FORCED), Phase.CHECKING, doortexts.FORCED),
        # Shut again: people come in as ever.
        (door(DoorState.LOCKED, alarm=DoorAlarm.FORCED), Phase.IDLE, None),
        (FREE, Phase.IDLE, doortexts.FREE),
        (FREE, Phase.DENIED, doortexts.FREE),
        (FREE, Phase.PIN, doortexts.FREE),
        (FREE, Phase.STARTING, doortexts.FREE),
        (FREE, Phase.WELCOME, None),
        (FREE, Phase.OUT_OF_ORDER, None),
        (
            door(DoorState.FREE_ACCESS, is_free=True, **OTHER_OPEN),
            Phase.IDLE,
            doortexts.OTHER_OPEN,
        ),
        (door(DoorState.LOCKED, **OTHER_OPEN), Phase.IDLE, doortexts.OTHER_OPEN),
        (door(DoorState.LOCKED, **OTHER_OPEN), Phase.DENIED, None),
        (LOCKDOWN, Phase.IDLE, doortexts.LOCKDOWN),
        (LOCKDOWN, Phase.WELCOME, doortexts.LOCKDOWN),
        (door(DoorState.OPEN, is_lockdown=True), Phase.DENIED, doortexts.LOCKDOWN),
        (LOCKDOWN, Phase.OUT_OF_ORDER, None),
        (door(DoorState.FAULT, is_lockdown=True), Phase.OUT_OF_ORDER, None),
        (door(DoorState.FAULT, is_free=True), Phase.IDLE, None),
    ],
)
def test_the_door_goes_before_the_visit(
    status: DoorStatus, phase: Phase, text: StateText | None
) -> None:
    assert look_of(phase, status) == text


def test_the_warning_before_the_alarm_counts_down() -> None:
    look = door_look(Phase.IDLE, door(DoorState.OPEN, **HELD_SOON), NOW_NS, NOW)
    assert look is not None
    assert (look.ends_ns, look.colour) == (NOW_NS + 5, theme.WARNING)


@pytest.mark.parametrize(
    ("minutes", "end"),
    [(90, "Until 17:30."), (479, "Until 23:59."), (481, "Until 00:01 tomorrow.")],
)
def test_free_access_says_until_when(minutes: int, end: str) -> None:
    # A little less: time has passed since it began.
    at_ns = NOW_NS + minutes * MINUTE_NS - 10**9
    status = door(DoorState.FREE_ACCESS, is_free=True, relock_at_ns=at_ns)
    text = look_of(Phase.IDLE, status)
    assert text is not None
    assert text.detail.endswith(end)
    until = NOW + timedelta(minutes=minutes)
    assert small_print(status, NOW_NS, NOW).words == f"Open until {until:%H:%M}"


def test_an_alarm_is_said_once() -> None:
    forced = door(DoorState.FORCED, alarm=DoorAlarm.FORCED)
    assert alarm_notice(forced, door_look(Phase.IDLE, forced, NOW_NS, NOW)) == ""
    said = doortexts.ALARMS[DoorAlarm.FORCED]
    assert alarm_notice(forced, door_look(Phase.DENIED, forced, NOW_NS, NOW)) == said
    locked_down = door(DoorState.FORCED, alarm=DoorAlarm.FORCED, is_lockdown=True)
    assert alarm_notice(locked_down, door_look(Phase.IDLE, locked_down, NOW_NS, NOW)) == said
    assert alarm_notice(door(DoorState.LOCKED), None) == ""


def test_without_a_camera_a_free_door_is_open_all_the_same() -> None:
    assert free_notice(FREE, door_look(Phase.OUT_OF_ORDER, FREE, NOW_NS, NOW))
    assert not free_notice(FREE, door_look(Phase.IDLE, FREE, NOW_NS, NOW))
    assert not free_notice(door(DoorState.FAULT, is_free=True), None)


@pytest.mark.parametrize(
    ("status", "words", "colour"),
    [
        (door(DoorState.LOCKED), "Door locked", theme.TEXT_SOFT),
        (door(DoorState.UNLOCKED, relock_at_ns=NOW_NS), "Door unlocked", theme.OK),
        (door(DoorState.OPEN, **HELD_SOON), "Door open", theme.WARNING),
        (door(DoorState.OPEN, is_lockdown=True), "Lockdown", theme.DANGER),
        (door(DoorState.HELD, is_lockdown=True), "Open too long", theme.DANGER),
        (door(DoorState.FORCED, is_free=True), "Door forced", theme.DANGER),
        (FREE, "Open to all", theme.OK),
        (door(DoorState.FAULT, is_lockdown=True), "Door fault", theme.DANGER),
    ],
)
def test_the_small_print(status: DoorStatus, words: str, colour: str) -> None:
    small = small_print(status, NOW_NS, NOW)
    assert (small.words, small.colour) == (words, colour)


# --- on the screen --------------------------------------------------------------------------------


def show_door(stage: Stage, status: DoorStatus) -> None:
    stage.bridge.door_changed(status)
    stage.settle()


def test_a_forced_door_alarms_until_it_is_shut_and_then_beside(stage: Stage) -> None:
    screen = stage.window.kiosk
    stage.show_view(KioskView(Phase.IDLE))
    show_door(stage, door(DoorState.FORCED, alarm=DoorAlarm.FORCED))
    assert screen.panel.headline.text() == doortexts.FORCED.headline
    assert not screen.alarm_bar.isVisible()
    show_door(stage, door(DoorState.LOCKED, alarm=DoorAlarm.FORCED))
    assert screen.panel.headline.text() == texts.PHASES[Phase.IDLE].headline
    assert screen.alarm_bar.label.text() == doortexts.ALARMS[DoorAlarm.FORCED]
    assert screen.alarm_bar.isVisible()
    show_door(stage, door(DoorState.LOCKED))
    assert not screen.alarm_bar.isVisible()


@pytest.mark.parametrize("size", [(1280, 800), (800, 1280), (800, 480), (1024, 600), (480, 800)])
def test_the_icon_leaves_room_for_the_words(
    make_stage: Callable[..., Stage], size: tuple[int, int]
) -> None:
    stage = make_stage(size)
    panel = stage.window.kiosk.panel
    warnings = ("Simulated relay.", "Hot.")
    stage.show_view(KioskView(Phase.IDLE, offers_keypad=True, warnings=warnings))
    show_door(stage, door(DoorState.LOCKED, alarm=DoorAlarm.FORCED))
    parts = [panel.clock, panel.date, panel.ring, panel.headline, panel.detail]
    for index, part in enumerate(parts):
        assert panel.rect().contains(part.geometry())
        below = parts[index + 1 :]
        assert not any(part.geometry().intersects(other.geometry()) for other in below)
    crowded = panel.ring.width()
    show_door(stage, door(DoorState.LOCKED))
    stage.show_view(KioskView(Phase.CHECKING))
    assert panel.ring.width() == stage.window.theme.px(150) >= crowded


def test_a_lockdown_takes_the_place_of_a_question_for_a_pin(stage: Stage) -> None:
    screen = stage.window.kiosk
    stage.show_view(KioskView(Phase.PIN, pin=PinPrompt()))
    screen.pin_panel.keypad.keys["7"].click()
    show_door(stage, LOCKDOWN)
    assert screen.panel.isVisible() and not screen.pin_panel.isVisible()
    assert screen.panel.headline.text() == doortexts.LOCKDOWN.headline
    assert screen.pin_panel.keypad.digit_count() == 0


def test_an_unlocked_door_counts_down_on_the_panel(stage: Stage) -> None:
    screen = stage.window.kiosk
    stage.show_view(KioskView(Phase.IDLE))
    relock_at_ns = screen._now_ns() + 60 * 10**9
    show_door(stage, door(DoorState.UNLOCKED, relock_at_ns=relock_at_ns))
    assert 55 < screen.panel.ring.seconds_left() <= 60
    show_door(stage, door(DoorState.LOCKED))
    assert screen.panel.ring.seconds_left() == 0


def test_a_second_person_is_waited_for_with_a_countdown(stage: Stage) -> None:
    screen = stage.window.kiosk
    answer_by_ns = screen._now_ns() + 60 * 10**9
    stage.show_view(KioskView(Phase.SECOND, person_name="Ada", answer_by_ns=answer_by_ns))
    assert "Ada" in screen.panel.detail.text()
    assert 55 < screen.panel.ring.seconds_left() <= 60


def test_a_clock_nobody_trusts_shows_no_time(stage: Stage) -> None:
    screen = stage.window.kiosk
    stage.show_view(KioskView(Phase.IDLE, clock_ok=False, warnings=("Hot.",)))
    assert screen.panel.clock.text() == doortexts.NO_TIME
    assert screen.panel.date.text() == doortexts.NO_DATE
    assert screen.warning_bar.label.text() == f"{doortexts.CLOCK_NOTICE}\nHot."
    stage.show_view(KioskView(Phase.IDLE))
    assert screen.panel.clock.text() != doortexts.NO_TIME
    assert not screen.warning_bar.isVisible()


def test_an_alarm_nobody_may_see_is_not_on_the_screen(stage: Stage) -> None:
    told: list[bool] = []
    stage.bridge.alarms_shown.connect(lambda: told.append(True))
    stage.show_view(KioskView(Phase.WELCOME, person_name="Ada"))
    before = stage.window.grab().toImage()
    stage.bridge.alarms_changed()
    stage.settle()
    assert told == [True]
    assert stage.window.grab().toImage() == before
    stage.bridge.close()
    stage.bridge.alarms_changed()
    stage.settle()
    assert told == [True]


# --- without a screen -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        (None, door(DoorState.LOCKED), ""),
        (DoorState.LOCKED, door(DoorState.UNLOCKED, relock_at_ns=5 * 10**9), "unlocked 5.0 s"),
        (DoorState.UNLOCKED, door(DoorState.OPEN), "door open"),
        (DoorState.OPEN, door(DoorState.OPEN, **HELD_SOON), "please close it"),
        (DoorState.OPEN, door(DoorState.HELD, alarm=DoorAlarm.HELD), "open too long: alarm"),
        (DoorState.LOCKED, door(DoorState.FORCED, alarm=DoorAlarm.FORCED), "forced: alarm"),
        (DoorState.LOCKED, FREE, "open for everybody"),
        (DoorState.LOCKED, LOCKDOWN, "lockdown: nobody is let in"),
        (DoorState.OPEN, door(DoorState.LOCKED), "door locked"),
        (DoorState.FAULT, door(DoorState.LOCKED), ""),
        (DoorState.LOCKED, door(DoorState.FAULT, message="Gone."), "door fault: Gone."),
    ],
)
def test_a_run_without_a_screen_tells_of_the_door(
    before: DoorState | None, after: DoorStatus, line: str
) -> None:
    said = door_line(after, None if before is None else door(before), 0)
    assert said.endswith(line)
    assert bool(said) is bool(line)


def test_a_run_without_a_screen_tells_of_numbers_and_second_people() -> None:
    second = KioskView(Phase.SECOND, person_name="Ada")
    assert view_line(second) == "Ada waits for a second person"
    assert number_line(None) == ""
    assert number_line(NumberPrompt(is_checking=True)) == "number and PIN are being checked"
    assert number_line(NumberPrompt(answers=1)) == "number or PIN is wrong"
    assert "a face has to follow" in number_line(NumberPrompt(is_right=True))
    locked = KioskView(Phase.DENIED, denial=DenialReason.LOCKDOWN)
    assert view_line(locked) == "denied: lockdown"
