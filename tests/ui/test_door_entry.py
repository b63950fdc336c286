"""Number and PIN at the door: typed, told what became of it, and nothing left for the next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt

from kiosk.domain import DenialReason, DoorState, DoorStatus, Guidance, Phase
from kiosk.listener import KioskView, NumberPrompt, PinPrompt
from tests.ui.conftest import Stage
from ui import texts
from ui.widgets.keypad import Keypad, PinDots
from ui.widgets.numberpanel import ANSWER_S, TYPING_S, WARNED_S, NumberPanel

OFFERED = KioskView(Phase.IDLE, offers_keypad=True)
CHECKING = replace(OFFERED, number_prompt=NumberPrompt(is_checking=True))
WRONG = replace(OFFERED, number_prompt=NumberPrompt(answers=1, attempts_left=2))


def opened(stage: Stage, view: KioskView = OFFERED) -> NumberPanel:
    stage.show_view(view)
    stage.window.kiosk.keypad_button.click()
    stage.settle()
    panel = stage.window.kiosk.number_panel
    assert panel.isVisible()
    return panel


def touch(keypad: Keypad, digits: str, *, ok: bool = True) -> None:
    for digit in digits:
        keypad.keys[digit].click()
    if ok:
        keypad.keys["ok"].click()


def sent(stage: Stage, view: KioskView = OFFERED) -> NumberPanel:
    panel = opened(stage, view)
    touch(panel.keypad, "1815")
    touch(panel.keypad, "7294")
    return panel


def seconds(panel: NumberPanel, count: int) -> None:
    for _ in range(count):
        panel._timer.timeout.emit()


def is_forgotten(panel: NumberPanel) -> bool:
    dots = panel.keypad.dots
    is_blank = not panel.keypad.digit_count() and not dots._count and not dots._digits
    return is_blank and not panel._number and not panel.isVisible()


@pytest.mark.parametrize(
    ("view", "is_offered"),
    [
        (OFFERED, True),
        (KioskView(Phase.IDLE), False),
        (replace(OFFERED, phase=Phase.NOT_RECOGNISED), True),
        (replace(OFFERED, phase=Phase.DENIED), True),
        (replace(OFFERED, phase=Phase.SECOND), True),
        (replace(OFFERED, phase=Phase.WELCOME), False),
        (replace(OFFERED, phase=Phase.PIN, pin=PinPrompt()), False),
        (replace(OFFERED, number_prompt=NumberPrompt(is_right=True)), False),
        (KioskView(Phase.OUT_OF_ORDER, faults=("Broken.",)), False),
    ],
)
def test_the_keypad_is_offered_where_it_is_of_use(
    stage: Stage, view: KioskView, is_offered: bool
) -> None:
    stage.show_view(view)
    assert stage.window.kiosk.keypad_button.isVisible() is is_offered


def test_first_the_number_then_the_pin(stage: Stage) -> None:
    panel = opened(stage)
    assert panel.title.text() == texts.KEYPAD_NUMBER_TITLE
    assert panel.keypad.keys["ok"].text() == texts.KEYPAD_NEXT
    assert not stage.window.kiosk.keypad_button.isVisible()
    touch(panel.keypad, "1815")
    assert panel.title.text() == texts.KEYPAD_PIN_TITLE
    assert panel.keypad.digit_count() == 0
    assert stage.engine.called("enter_number_and_pin") == []
    touch(panel.keypad, "7294")
    assert stage.engine.called("enter_number_and_pin") == [("1815", "7294")]
    assert not panel.keypad.isEnabled()
    assert not panel.cancel_button.isEnabled()
    assert panel.keypad.digit_count() == 0


def test_the_number_can_be_read_and_the_pin_cannot(stage: Stage) -> None:
    panel = opened(stage)
    touch(panel.keypad, "1815", ok=False)
    assert panel.keypad.dots._digits == "1815"
    panel.keypad.keys["ok"].click()
    touch(panel.keypad, "7294", ok=False)
    assert panel.keypad.dots._digits is None
    assert panel.keypad.dots._count == 4


def test_digits_are_drawn_and_made_to_fit(stage: Stage) -> None:
    dots = opened(stage).keypad.dots
    assert isinstance(dots, PinDots)
    blank = dots.grab().toImage()
    dots.show_digits("12345678901234567890")
    drawn = dots.grab().toImage()
    assert drawn != blank
    # Nothing at the very edge: they were not cut off.
    background = blank.pixel(0, 0)
    middle = range(drawn.height() - 8)
    assert all(drawn.pixel(0, y) == background for y in middle)


def test_a_physical_keyboard_types_and_leaves(stage: Stage) -> None:
    panel = opened(stage)
    for digits in ("1815", "7294"):
        stage.qtbot.keyClicks(panel.keypad, digits)
        stage.qtbot.keyClick(panel.keypad, Qt.Key.Key_Return)
    assert stage.engine.called("enter_number_and_pin") == [("1815", "7294")]
    stage.qtbot.keyClick(panel.keypad, Qt.Key.Key_Escape)
    assert panel.is_open, "what is being compared cannot be taken back"
    stage.show_view(WRONG)
    stage.qtbot.keyClick(panel.keypad, Qt.Key.Key_Escape)
    assert not panel.is_open
    assert stage.window.isVisible()


def test_cancel_forgets(stage: Stage) -> None:
    panel = opened(stage)
    touch(panel.keypad, "1815")
    touch(panel.keypad, "72", ok=False)
    panel.cancel_button.click()
    assert is_forgotten(panel)
    assert stage.window.kiosk.panel.isVisible()
    assert stage.window.kiosk.keypad_button.isVisible()
    assert opened(stage).title.text() == texts.KEYPAD_NUMBER_TITLE


def test_who_leaves_leaves_nothing(stage: Stage) -> None:
    panel = opened(stage)
    touch(panel.keypad, "1815")
    touch(panel.keypad, "72", ok=False)
    seconds(panel, TYPING_S - WARNED_S)
    assert panel.message.text() == texts.closing_in(WARNED_S)
    panel.keypad.keys["9"].click()
    assert panel.message.text() == texts.KEYPAD_PIN
    seconds(panel, TYPING_S - 1)
    assert panel.isVisible()
    seconds(panel, 1)
    assert is_forgotten(panel)
    assert not panel._timer.isActive()


@pytest.mark.parametrize(
    "news",
    [
        KioskView(Phase.WELCOME, person_name="Ada", offers_keypad=True),
        replace(OFFERED, phase=Phase.DENIED, denial=DenialReason.EXPIRED),
        replace(OFFERED, phase=Phase.PIN, pin=PinPrompt()),
        KioskView(Phase.OUT_OF_ORDER, faults=("Broken.",)),
        # The hours in which a PIN alone does are over.
        KioskView(Phase.IDLE),
    ],
)
def test_more_important_news_end_the_entry(stage: Stage, news: KioskView) -> None:
    panel = opened(stage)
    touch(panel.keypad, "18", ok=False)
    stage.show_view(news)
    assert is_forgotten(panel)
    stage.show_view(OFFERED)
    assert not panel.isVisible()


@pytest.mark.parametrize(
    "status",
    [
        DoorStatus(DoorState.LOCKDOWN, "LCUS", False, is_lockdown=True),
        DoorStatus(DoorState.FREE_ACCESS, "LCUS", False, is_free=True),
    ],
)
def test_nobody_types_at_a_door_that_is_closed_or_open_for_all(
    stage: Stage, status: DoorStatus
) -> None:
    panel = opened(stage)
    stage.bridge.door_changed(status)
    stage.settle()
    assert is_forgotten(panel)
    assert not stage.window.kiosk.keypad_button.isVisible()


@pytest.mark.parametrize(
    "phase", [Phase.GUIDANCE, Phase.CHECKING, Phase.NOT_RECOGNISED, Phase.SECOND]
)
def test_the_camera_does_not_disturb_who_types(stage: Stage, phase: Phase) -> None:
    panel = opened(stage)
    touch(panel.keypad, "18", ok=False)
    stage.show_view(replace(OFFERED, phase=phase, guidance=Guidance.STEP_CLOSER))
    assert panel.isVisible()
    assert panel.keypad.digit_count() == 2


def test_a_denial_that_was_there_before_does_not_disturb(stage: Stage) -> None:
    denied = replace(OFFERED, phase=Phase.DENIED, denial=DenialReason.NO_PIN)
    panel = opened(stage, denied)
    stage.show_view(replace(denied, warnings=("Hot.",)))
    assert panel.isVisible()


def test_a_wrong_entry_begins_anew(stage: Stage) -> None:
    panel = sent(stage)
    stage.show_view(CHECKING)
    assert not panel.keypad.isEnabled()
    stage.show_view(WRONG)
    assert panel.isVisible() and panel.keypad.isEnabled()
    assert panel.title.text() == texts.KEYPAD_NUMBER_TITLE
    assert panel.message.text() == texts.number_or_pin_wrong(2)
    touch(panel.keypad, "4471")
    touch(panel.keypad, "9034")
    assert stage.engine.called("enter_number_and_pin")[1:] == [("4471", "9034")]
    # The answer of before is no answer to this.
    stage.show_view(replace(WRONG, phase=Phase.GUIDANCE, guidance=Guidance.STEP_CLOSER))
    assert not panel.keypad.isEnabled()
    second = NumberPrompt(answers=2, attempts_left=1)
    stage.show_view(replace(OFFERED, number_prompt=second))
    assert panel.message.text() == texts.number_or_pin_wrong(1)


def test_an_old_wrong_answer_is_not_shown_to_the_next(stage: Stage) -> None:
    stage.show_view(WRONG)
    assert not stage.window.kiosk.number_panel.isVisible()
    panel = opened(stage, WRONG)
    assert panel.message.text() == texts.KEYPAD_NUMBER


@pytest.mark.parametrize(
    "outcome",
    [
        KioskView(Phase.WELCOME, person_name="Ada", offers_keypad=True),
        replace(OFFERED, phase=Phase.DENIED, denial=DenialReason.PIN_LOCKED, wait_s=30.0),
        replace(
            OFFERED,
            phase=Phase.GUIDANCE,
            guidance=Guidance.LOOK_AT_CAMERA,
            number_prompt=NumberPrompt(is_right=True),
        ),
        KioskView(Phase.SECOND, person_name="Ada", offers_keypad=True),
    ],
)
def test_the_outcome_takes_the_place_of_the_keypad(stage: Stage, outcome: KioskView) -> None:
    panel = sent(stage)
    stage.show_view(CHECKING)
    stage.show_view(outcome)
    assert is_forgotten(panel)
    assert stage.window.kiosk.panel.isVisible()


def test_without_an_answer_it_ends(stage: Stage) -> None:
    panel = sent(stage)
    seconds(panel, ANSWER_S - 1)
    assert panel.message.text() == texts.KEYPAD_CHECKING
    seconds(panel, 1)
    assert is_forgotten(panel)


def test_leaving_the_screen_forgets(stage: Stage) -> None:
    panel = opened(stage)
    touch(panel.keypad, "18", ok=False)
    stage.window.show_login()
    stage.window.show_kiosk()
    stage.settle()
    assert is_forgotten(panel)


@pytest.mark.parametrize("size", [(1280, 800), (800, 1280), (800, 480), (1024, 600), (480, 800)])
def test_no_key_covers_another(make_stage: Callable[..., Stage], size: tuple[int, int]) -> None:
    stage = make_stage(size)
    stage.streaming()
    panel = opened(stage, replace(OFFERED, warnings=("Simulated relay.", "Hot.")))
    buttons = [*panel.keypad.keys.values(), panel.cancel_button]
    areas = [b.rect().translated(b.mapTo(panel, b.rect().topLeft())) for b in buttons]
    for index, area in enumerate(areas):
        assert panel.rect().contains(area)
        assert not any(area.intersects(other) for other in areas[index + 1 :])
