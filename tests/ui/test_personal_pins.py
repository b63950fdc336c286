"""Personal PINs on the screens: asked for at the door, given and taken away behind the PIN."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from concurrent.futures import Future

import pytest
from PySide6.QtCore import Qt

from kiosk.domain import DenialReason, Guidance, Person, Phase
from kiosk.errors import PinError, StoreError
from kiosk.listener import KioskView, PinPrompt
from tests.ui.conftest import Stage, done, failed
from ui import texts
from ui.headless import view_line
from ui.screens.personalpin import PersonalPinScreen
from ui.widgets.keypad import Keypad
from ui.widgets.statepanel import view_text

PIN = "7294"
ASKED = KioskView(Phase.PIN, pin=PinPrompt())


def type_pin(keypad: Keypad, digits: str) -> None:
    for digit in digits:
        keypad.keys[digit].click()
    keypad.keys["ok"].click()


def door_pad(stage: Stage) -> Keypad:
    return stage.window.kiosk.pin_panel.keypad


# --- at the door ----------------------------------------------------------------------------------


def test_the_keypad_is_there_while_a_pin_is_asked_for(stage: Stage) -> None:
    panel = stage.window.kiosk.pin_panel
    stage.show_view(KioskView(Phase.CHECKING))
    assert not panel.isVisible()
    stage.show_view(ASKED)
    assert panel.isVisible() and panel.keypad.isEnabled()
    assert not stage.window.kiosk.panel.isVisible()
    type_pin(panel.keypad, PIN)
    assert stage.engine.called("enter_pin") == [(PIN,)]
    assert not panel.keypad.isEnabled()
    assert panel.keypad.digit_count() == 0
    stage.show_view(KioskView(Phase.PIN, pin=PinPrompt(is_checking=True)))
    assert not panel.keypad.isEnabled()
    stage.show_view(KioskView(Phase.PIN, pin=PinPrompt(answers=1, attempts_left=2)))
    assert panel.keypad.isEnabled()
    assert panel.message.text() == texts.attempts_left(2)
    stage.show_view(KioskView(Phase.PIN, pin=PinPrompt(is_right=True, answers=2)))
    assert not panel.keypad.isEnabled()
    assert panel.message.text() == texts.DOOR_PIN_RIGHT
    right = PinPrompt(is_right=True, answers=2)
    stage.show_view(KioskView(Phase.PIN, Guidance.STEP_BACK, pin=right))
    assert panel.message.text() == texts.GUIDANCE[Guidance.STEP_BACK].headline
    stage.show_view(KioskView(Phase.WELCOME, person_name="Ada"))
    assert not panel.isVisible()


def test_a_physical_keyboard_types_into_it(stage: Stage) -> None:
    stage.show_view(ASKED)
    stage.qtbot.keyClicks(door_pad(stage), PIN)
    stage.qtbot.keyClick(door_pad(stage), Qt.Key.Key_Return)
    assert stage.engine.called("enter_pin") == [(PIN,)]


@pytest.mark.parametrize(
    "after", [KioskView(Phase.IDLE), KioskView(Phase.OUT_OF_ORDER, faults=("Broken.",))]
)
def test_a_half_typed_pin_does_not_wait_for_the_next_person(stage: Stage, after: KioskView) -> None:
    stage.show_view(ASKED)
    door_pad(stage).keys["7"].click()
    # A wrong try of the same person leaves what was typed meanwhile.
    stage.show_view(KioskView(Phase.PIN, pin=PinPrompt(answers=1)))
    assert door_pad(stage).digit_count() == 1
    stage.show_view(after)
    stage.show_view(ASKED)
    assert door_pad(stage).digit_count() == 0


def test_leaving_the_screen_forgets_what_was_typed(stage: Stage) -> None:
    stage.show_view(ASKED)
    door_pad(stage).keys["7"].click()
    stage.window.show_login()
    stage.window.show_kiosk()
    stage.settle()
    assert door_pad(stage).isVisible()
    assert door_pad(stage).digit_count() == 0


@pytest.mark.parametrize("size", [(1280, 800), (800, 1280), (1024, 600), (480, 800), (1920, 1080)])
def test_no_key_covers_another(make_stage: Callable[..., Stage], size: tuple[int, int]) -> None:
    stage = make_stage(size)
    stage.streaming()
    stage.show_view(dataclasses.replace(ASKED, warnings=("Simulated relay.", "Hot.")))
    stage.settle()
    keys = list(door_pad(stage).keys.values())
    for index, key in enumerate(keys):
        area = key.geometry()
        assert not any(area.intersects(other.geometry()) for other in keys[index + 1 :])
        corner = key.mapTo(stage.window, key.rect().bottomRight())
        panel = stage.window.kiosk.pin_panel
        assert panel.rect().contains(key.mapTo(panel, key.rect().bottomRight())), corner


def test_the_engine_gets_no_pin_that_nobody_typed(stage: Stage) -> None:
    stage.show_view(ASKED)
    door_pad(stage).keys["ok"].click()
    assert stage.engine.called("enter_pin") == []


@pytest.mark.parametrize("denial", [d for d in DenialReason if d is not DenialReason.HOURS])
def test_each_reason_has_its_words(denial: DenialReason) -> None:
    text = view_text(KioskView(Phase.DENIED, denial=denial))
    assert text == texts.DENIALS[denial]
    assert text.headline.lower() in view_line(KioskView(Phase.DENIED, denial=denial))


def test_a_lockout_says_how_long(stage: Stage) -> None:
    view = KioskView(Phase.DENIED, denial=DenialReason.PIN_LOCKED, wait_s=89.2)
    assert view_text(view).detail == "Wait 1:30 min."


# --- behind the administrator's PIN ---------------------------------------------------------------


def choose(stage: Stage, row: int = 0) -> PersonalPinScreen:
    stage.open_admin()
    stage.window.admin.menu.tiles["people"].click()
    stage.settle()
    page = stage.window.admin.people
    page.list.clicked.emit(page.model.index(row, 0))
    page.card.pin_button.click()
    stage.settle()
    assert stage.window.admin.page is stage.window.admin.person_pin
    return stage.window.admin.person_pin


def test_a_pin_is_typed_twice_and_set(stage: Stage) -> None:
    page = choose(stage)
    assert page.name.text() == "Ada Lovelace"
    assert not page.remove_button.isVisible()
    type_pin(page.keypad, PIN)
    assert page.message.text() == texts.SETUP_REPEAT
    type_pin(page.keypad, "9034")
    assert page.message.text() == texts.SETUP_DIFFERENT
    type_pin(page.keypad, PIN)
    type_pin(page.keypad, PIN)
    stage.settle()
    assert stage.engine.called("set_person_pin") == [(1, PIN)]
    assert stage.window.admin.page is stage.window.admin.people
    assert stage.engine.persons[0].has_pin


def test_a_weak_pin_is_refused_before_it_is_repeated(stage: Stage) -> None:
    page = choose(stage)
    type_pin(page.keypad, "1234")
    assert "too easy to guess" in page.message.text()
    type_pin(page.keypad, "123")
    assert "4 to 8 digits" in page.message.text()
    assert stage.engine.called("set_person_pin") == []


def test_a_look_alikes_pin_is_refused_and_another_may_be_typed(stage: Stage) -> None:
    page = choose(stage)
    stage.engine.answers["set_person_pin"] = lambda *_: failed(PinError("Choose another one."))
    for _ in range(2):
        type_pin(page.keypad, PIN)
    stage.settle()
    assert page.message.text() == "Choose another one."
    assert page.keypad.isEnabled()
    assert stage.window.admin.page is page


def test_a_pin_is_removed_after_a_question(stage: Stage) -> None:
    stage.engine.persons[0] = dataclasses.replace(stage.engine.persons[0], has_pin=True)
    page = choose(stage)
    page.remove_button.click()
    stage.settle()
    assert page.question is not None
    assert stage.engine.called("remove_person_pin") == []
    page.question.yes_button.click()
    stage.settle()
    assert stage.engine.called("remove_person_pin") == [(1,)]
    assert stage.window.admin.page is stage.window.admin.people
    assert not stage.engine.persons[0].has_pin


def test_cancelling_changes_nothing(stage: Stage) -> None:
    choose(stage).cancel_button.click()
    stage.settle()
    assert stage.window.admin.page is stage.window.admin.people
    assert stage.engine.called("set_person_pin") == []


def test_the_card_says_who_needs_a_pin(stage: Stage) -> None:
    card = stage.window.admin.people.card
    ada = stage.engine.persons[0]
    card.show_person(ada)
    assert texts.PEOPLE_ALIKE not in card.facts.text()
    card.show_person(dataclasses.replace(ada, is_look_alike=True))
    assert texts.PEOPLE_ALIKE_NO_PIN in card.facts.text()
    card.show_person(dataclasses.replace(ada, is_look_alike=True, has_pin=True))
    assert texts.PEOPLE_HAS_PIN in card.facts.text()
    assert texts.PEOPLE_ALIKE_NO_PIN not in card.facts.text()


# --- after an enrolment ---------------------------------------------------------------------------

EVE = Person(9, "Eve", "", True, 1, 1, 5, is_look_alike=True)
ADA = Person(1, "Ada Lovelace", "1815", True, 1, 1, 5, is_look_alike=True)


def save(stage: Stage, others: Callable[[int], Future[list[Person]]]) -> None:
    stage.engine.persons.append(EVE)
    stage.engine.answers["save_enrolment"] = lambda *_: done(EVE)
    stage.engine.answers["look_alikes"] = others
    stage.open_admin()
    stage.window.admin.menu.tiles["enrol"].click()
    enrol = stage.window.admin.enrol
    enrol.form.name_field.setText("Eve")
    enrol.form.consent.set_checked(True)
    enrol.form.start_button.click()
    enrol.capture.save_button.clicked.emit()
    stage.settle()


def test_after_enrolling_a_look_alike_both_are_given_pins(stage: Stage) -> None:
    save(stage, lambda _: done([ADA]))
    page = stage.window.admin.person_pin
    assert stage.window.admin.page is page
    for person_id, name, pin in ((9, "Eve", PIN), (1, "Ada Lovelace", "581063")):
        assert page.name.text() == name
        assert page.message.text() == texts.PERSON_PIN_ALIKE
        for _ in range(2):
            type_pin(page.keypad, pin)
        stage.settle()
        assert stage.engine.called("set_person_pin")[-1] == (person_id, pin)
    assert stage.window.admin.page is stage.window.admin.people


def test_who_has_a_pin_is_not_asked_for_another_and_later_is_an_answer(stage: Stage) -> None:
    save(stage, lambda _: done([dataclasses.replace(ADA, has_pin=True)]))
    page = stage.window.admin.person_pin
    assert page.name.text() == "Eve"
    assert page.cancel_button.text() == texts.PERSON_PIN_LATER
    page.cancel_button.click()
    stage.settle()
    assert stage.window.admin.page is stage.window.admin.people
    assert stage.engine.called("set_person_pin") == []


def test_an_enrolment_is_over_even_when_the_look_alikes_cannot_be_read(stage: Stage) -> None:
    save(stage, lambda _: failed(StoreError("The database is busy.")))
    assert stage.window.admin.page is stage.window.admin.menu
