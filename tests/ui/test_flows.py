"""What administrators do, step by step, on a pretend engine."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from datetime import date, timedelta
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QCloseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from kiosk.access.pin import PinVerdict, check_strength
from kiosk.enrolment import EnrolmentProgress, View
from kiosk.errors import EnrolmentError, ExportError, PinError, RelayError, StoreError
from tests.ui.conftest import PIN, Stage, done, failed
from ui import texts
from ui.screens.events import Period, day_start_ms, period_bounds
from ui.widgets.calendar import RangeSheet

VIEWS = tuple(View)


def type_pin(stage: Stage, page: Any, pin: str) -> None:
    for digit in pin:
        page.keypad.keys[digit].click()
    page.keypad.keys["ok"].click()
    stage.settle()


def open_page(stage: Stage, name: str) -> Any:
    stage.open_admin()
    stage.window.admin.menu.tiles[name].click()
    stage.settle()
    return stage.window.admin.page


class Clock:
    """A monotonic clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.ns = 10**12

    def __call__(self) -> int:
        return self.ns

    def forward(self, seconds: float) -> None:
        self.ns += round(seconds * 1e9)


# --- PIN --------------------------------------------------------------------------------------


def test_the_first_pin_is_asked_twice(stage: Stage) -> None:
    stage.window.show_setup()
    assert stage.engine.paused
    type_pin(stage, stage.window.setup, "480913")
    assert stage.window.setup.message.text() == texts.SETUP_REPEAT
    type_pin(stage, stage.window.setup, "480914")
    assert stage.window.setup.message.text() == texts.SETUP_DIFFERENT
    assert stage.engine.called("set_admin_pin") == []
    for _ in range(2):
        type_pin(stage, stage.window.setup, "480913")
    assert stage.engine.called("set_admin_pin") == [("480913",)]
    assert stage.window.screen_shown is stage.window.kiosk
    assert not stage.engine.paused


@pytest.mark.parametrize("first_start", [True, False])
@pytest.mark.parametrize("pin", ["111111", "123456", "4809", "480480"])
def test_a_weak_pin_is_refused_before_it_is_repeated(
    stage: Stage, first_start: bool, pin: str
) -> None:
    if first_start:
        stage.window.show_setup()
        page = stage.window.setup
    else:
        page = open_page(stage, "pin")
    with pytest.raises(PinError) as weak:
        check_strength(pin)
    type_pin(stage, page, pin)
    assert page.message.text() == str(weak.value)
    assert page.keypad.isEnabled()
    # It was not taken as the first of two.
    type_pin(stage, page, "730284")
    assert page.message.text() == texts.SETUP_REPEAT
    assert stage.engine.called("set_admin_pin") == []
    type_pin(stage, page, "730284")
    assert stage.engine.called("set_admin_pin") == [("730284",)]


def test_a_pin_the_engine_refuses_is_chosen_again(stage: Stage) -> None:
    stage.engine.answers["set_admin_pin"] = lambda pin: failed(PinError("Cannot be stored."))
    stage.window.show_setup()
    for _ in range(2):
        type_pin(stage, stage.window.setup, "480913")
    assert stage.window.setup.message.text() == "Cannot be stored."
    assert stage.window.setup.keypad.isEnabled()
    assert stage.window.screen_shown is stage.window.setup


def test_the_right_pin_opens_the_administration(stage: Stage) -> None:
    stage.window.kiosk.admin_button.click()
    assert stage.window.screen_shown is stage.window.login
    assert not stage.engine.paused
    type_pin(stage, stage.window.login, PIN)
    assert stage.window.screen_shown is stage.window.admin
    assert stage.engine.paused
    stage.window.admin.close_button.click()
    assert stage.window.screen_shown is stage.window.kiosk
    assert not stage.engine.paused


def test_a_physical_keyboard_types_the_pin(stage: Stage) -> None:
    stage.window.show_login()
    pad = stage.window.login.keypad
    QTest.keyClicks(pad, "12x3")
    QTest.keyClick(pad, Qt.Key.Key_Backspace)
    assert pad.digit_count() == 2
    QTest.keyClicks(pad, "9")
    QTest.keyClick(pad, Qt.Key.Key_Return)
    assert stage.engine.called("check_admin_pin") == [("129",)]
    assert pad.digit_count() == 0


def test_a_wrong_pin_tells_what_is_left(stage: Stage) -> None:
    stage.window.show_login()
    type_pin(stage, stage.window.login, "999999")
    assert stage.window.login.message.text() == texts.attempts_left(3)
    assert stage.window.login.keypad.isEnabled()


def test_a_lockout_counts_down_and_survives_leaving(stage: Stage) -> None:
    clock = Clock()
    login = stage.window.login
    login._now_ns = clock
    stage.engine.answers["check_admin_pin"] = lambda pin: done(PinVerdict(False, wait_s=30.0))
    stage.window.show_login()
    type_pin(stage, login, "999999")
    assert not login.keypad.isEnabled()
    assert login.message.text() == texts.locked_for(30)
    login.cancel_button.click()
    clock.forward(10)
    stage.window.show_login()
    assert login.message.text() == texts.locked_for(20)
    clock.forward(20.1)
    login._count_down()
    assert login.keypad.isEnabled()


def test_a_fault_of_the_store_does_not_lock_the_keypad(stage: Stage) -> None:
    stage.engine.answers["check_admin_pin"] = lambda pin: failed(StoreError("Disk full."))
    stage.window.show_login()
    type_pin(stage, stage.window.login, PIN)
    assert stage.window.login.message.text() == "Disk full."
    assert stage.window.login.keypad.isEnabled()


def test_an_answer_after_leaving_the_login_opens_nothing(stage: Stage) -> None:
    answer: Future[PinVerdict] = Future()
    stage.engine.answers["check_admin_pin"] = lambda pin: answer
    stage.window.show_login()
    type_pin(stage, stage.window.login, PIN)
    stage.window.login.cancel_button.click()
    answer.set_result(PinVerdict(True))
    stage.settle()
    assert stage.window.screen_shown is stage.window.kiosk


def test_the_pin_can_be_changed(stage: Stage) -> None:
    page = open_page(stage, "pin")
    for _ in range(2):
        type_pin(stage, page, "730284")
    assert stage.engine.called("set_admin_pin") == [("730284",)]
    assert stage.window.admin.page is stage.window.admin.menu
    assert stage.window.toast.label.text() == texts.SETUP_DONE


# --- inactivity -------------------------------------------------------------------------------


def test_the_administration_closes_by_itself(stage: Stage) -> None:
    clock = Clock()
    admin = stage.window.admin
    admin._now_ns = clock
    stage.open_admin()
    clock.forward(110)
    admin._check_inactivity()
    assert admin.closing_label.text() == texts.closing_in(10)
    QTest.mouseClick(stage.window, Qt.MouseButton.LeftButton)
    admin._check_inactivity()
    assert admin.closing_label.text() == ""
    clock.forward(119)
    stage.engine.listener = None
    admin.enrol.shot_taken.emit()
    clock.forward(119)
    admin._check_inactivity()
    assert stage.window.screen_shown is admin
    clock.forward(2)
    admin._check_inactivity()
    assert stage.window.screen_shown is stage.window.kiosk
    assert not stage.engine.paused


def test_a_question_goes_with_its_screen(stage: Stage) -> None:
    page = open_page(stage, "people")
    page.list.clicked.emit(page.model.index(0, 0))
    page.card.delete_button.click()
    question = page.question
    stage.window.show_kiosk()
    assert question.isHidden()
    assert stage.engine.called("delete_person") == []


# --- people -----------------------------------------------------------------------------------


def test_people_are_searched_blocked_and_allowed(stage: Stage) -> None:
    page = open_page(stage, "people")
    page.search_field.setFocus()
    stage.settle()
    for letter in "gra":
        next(key for key in page.keyboard._letters if key.text().lower() == letter).click()
    stage.qtbot.waitUntil(lambda: [p.name for p in page.model.items] == ["Grace Hopper"])
    page.list.clicked.emit(page.model.index(0, 0))
    page.card.enable_button.click()
    stage.settle()
    assert stage.engine.called("set_person_enabled") == [(2, False)]
    assert page.card.state.text() == texts.PEOPLE_DISABLED
    page.card.enable_button.click()
    stage.settle()
    assert stage.engine.called("set_person_enabled")[-1] == (2, True)


def test_deleting_asks_first(stage: Stage) -> None:
    page = open_page(stage, "people")
    page.list.clicked.emit(page.model.index(1, 0))
    page.card.delete_button.click()
    page.question.no_button.click()
    stage.settle()
    assert stage.engine.called("delete_person") == []
    page.card.delete_button.click()
    page.question.yes_button.click()
    stage.settle()
    assert stage.engine.called("delete_person") == [(2,)]
    assert "Grace Hopper" not in [p.name for p in page.model.items]


def test_new_pictures_of_somebody_enrolled(stage: Stage) -> None:
    page = open_page(stage, "people")
    page.list.clicked.emit(page.model.index(0, 0))
    page.card.reenrol_button.click()
    stage.settle()
    assert stage.engine.called("begin_enrolment") == [(1,)]
    enrol = stage.window.admin.enrol
    stage.bridge.enrolment_changed(EnrolmentProgress(None, VIEWS, None, 0, finished=True))
    stage.settle()
    enrol.capture.save_button.click()
    stage.settle()
    assert stage.engine.called("save_enrolment") == [("Ada Lovelace", "1815")]
    assert stage.window.admin.page is page


# --- enrolment --------------------------------------------------------------------------------


def fill_form(stage: Stage, name: str = " Katherine  Johnson ") -> Any:
    enrol = open_page(stage, "enrol")
    enrol.form.name_field.setText(name)
    enrol.form.number_field.setText("1918")
    enrol.form.consent.set_checked(True)
    return enrol


def test_nobody_is_enrolled_without_name_and_consent(stage: Stage) -> None:
    enrol = open_page(stage, "enrol")
    assert not enrol.form.start_button.isEnabled()
    enrol.form.consent.set_checked(True)
    assert enrol.form.hint.text() == texts.ENROL_NEEDS_NAME
    enrol.form.name_field.setText("   ")
    assert not enrol.form.start_button.isEnabled()
    enrol.form.name_field.setText("Ada")
    assert enrol.form.start_button.isEnabled()
    QTest.mouseClick(enrol.form.consent, Qt.MouseButton.LeftButton)
    assert enrol.form.hint.text() == texts.ENROL_NEEDS_CONSENT
    QTest.keyClick(enrol.form.name_field, Qt.Key.Key_Return)
    assert stage.engine.called("begin_enrolment") == []


def test_an_enrolment_from_form_to_saved(stage: Stage) -> None:
    enrol = fill_form(stage)
    enrol.form.start_button.click()
    assert stage.engine.called("begin_enrolment") == [(None,)]
    assert not enrol.capture.save_button.isEnabled()
    for count, view in enumerate(VIEWS):
        stage.bridge.enrolment_changed(EnrolmentProgress(view, VIEWS[:count], None, 0.5))
        stage.settle()
        assert enrol.capture.prompt.text() == texts.VIEW_PROMPTS[view.name][0]
    stage.bridge.enrolment_changed(EnrolmentProgress(None, VIEWS, None, 0, finished=True))
    stage.settle()
    enrol.capture.retake_button.click()
    assert stage.engine.called("retake_enrolment") == [()]
    assert not enrol.capture.save_button.isEnabled()
    stage.bridge.enrolment_changed(EnrolmentProgress(None, VIEWS, None, 0, finished=True))
    stage.settle()
    enrol.capture.save_button.click()
    stage.settle()
    assert stage.engine.called("save_enrolment") == [("Katherine Johnson", "1918")]
    # The engine forgets the finished capture: until then it decides about nobody.
    assert stage.engine.called("cancel_enrolment") == [()]
    assert stage.window.toast.label.text() == texts.enrolled("Katherine Johnson")
    assert stage.window.admin.page is stage.window.admin.menu


def test_a_taken_number_is_corrected_without_new_pictures(stage: Stage) -> None:
    enrol = fill_form(stage)
    enrol.form.start_button.click()
    stage.bridge.enrolment_changed(EnrolmentProgress(None, VIEWS, None, 0, finished=True))
    stage.settle()
    stage.engine.answers["save_enrolment"] = lambda *_: failed(EnrolmentError("Number taken."))
    enrol.capture.save_button.click()
    stage.settle()
    assert stage.window.toast.label.text() == "Number taken."
    del stage.engine.answers["save_enrolment"]
    enrol.form.number_field.setText("1919")
    enrol.form.start_button.click()
    stage.settle()
    assert stage.engine.called("save_enrolment")[-1] == ("Katherine Johnson", "1919")
    assert len(stage.engine.called("begin_enrolment")) == 1


@pytest.mark.parametrize("anyway", [True, False])
def test_a_look_alike_is_asked_about(stage: Stage, anyway: bool) -> None:
    enrol = fill_form(stage)
    enrol.form.start_button.click()
    alike = EnrolmentProgress(View.LEFT, VIEWS[:1], None, 0, "Ada Lovelace", 0.62)
    for _ in range(3):
        stage.bridge.enrolment_changed(alike)
    stage.settle()
    question = enrol.question
    (question.yes_button if anyway else question.no_button).click()
    stage.bridge.enrolment_changed(alike)
    stage.settle()
    assert enrol.question is None
    assert len(stage.engine.called("cancel_enrolment")) == (0 if anyway else 1)
    shown = enrol._steps.currentWidget()
    assert shown is (enrol.capture if anyway else enrol.form)


def test_without_face_models_the_form_stays(stage: Stage) -> None:
    enrol = fill_form(stage)

    def refuse(existing_person_id: int | None = None) -> None:
        raise EnrolmentError("No face models.")

    stage.engine.begin_enrolment = refuse  # type: ignore[method-assign]
    enrol.form.start_button.click()
    stage.settle()
    assert stage.window.toast.label.text() == "No face models."
    assert enrol._steps.currentWidget() is enrol.form


def test_leaving_an_enrolment_cancels_it(stage: Stage) -> None:
    enrol = fill_form(stage)
    enrol.form.start_button.click()
    stage.window.admin.back_button.click()
    assert stage.engine.called("cancel_enrolment") == [()]
    assert stage.window.admin.page is stage.window.admin.menu
    open_page(stage, "enrol")
    assert enrol.form.name() == ""
    assert not enrol.form.consent.is_checked()


# --- the log and its export -------------------------------------------------------------------


def test_the_log_is_filtered_by_time_and_person(stage: Stage) -> None:
    page = open_page(stage, "events")
    today = date.today()
    assert stage.engine.called("events")[-1][0].since_ms == day_start_ms(today)
    page.period_buttons[Period.ALL].click()
    query = stage.engine.called("events")[-1][0]
    assert (query.since_ms, query.until_ms, query.newest_first) == (None, None, True)
    page.person_button.click()
    stage.settle()
    page.sheet.list.clicked.emit(page.sheet.list.model().index(0, 0))
    stage.settle()
    assert stage.engine.called("events")[-1][0].person_id == 1
    assert {e.person_id for e in page.model.items} == {1}


def test_days_are_chosen_from_a_calendar(stage: Stage) -> None:
    page = open_page(stage, "events")
    page.period_buttons[Period.RANGE].click()
    sheet = page.sheet
    assert isinstance(sheet, RangeSheet)
    sheet.month.earlier_button.click()
    days = [cell for cell in sheet.month.cells if cell.isEnabled()]
    days[9].click()
    days[4].click()
    first, last = sheet.first, sheet.last
    assert last - first == timedelta(days=5)
    sheet.use_button.click()
    stage.settle()
    query = stage.engine.called("events")[-1][0]
    assert query.since_ms == day_start_ms(first)
    assert query.until_ms == day_start_ms(last + timedelta(days=1))


def test_a_calendar_taken_away_changes_nothing(stage: Stage) -> None:
    page = open_page(stage, "events")
    page.period_buttons[Period.RANGE].click()
    page.sheet.dismiss()
    assert page.period_buttons[Period.TODAY].isChecked()


def test_periods_end_open_and_ranges_include_both_days() -> None:
    today = date(2026, 11, 20)
    chosen = (date(2026, 11, 1), date(2026, 11, 3))
    assert period_bounds(Period.WEEK, today, chosen) == (day_start_ms(date(2026, 11, 14)), None)
    since, until = period_bounds(Period.RANGE, today, chosen)
    assert (since, until) == (day_start_ms(chosen[0]), day_start_ms(date(2026, 11, 4)))


def test_an_export_from_choice_to_safe_removal(stage: Stage) -> None:
    page = open_page(stage, "events")
    page.period_buttons[Period.WEEK].click()
    page.export_button.click()
    stage.settle()
    export = stage.window.admin.export
    assert [button.isEnabled() for button in export.buttons] == [True, False]
    export.buttons[0].click()
    stage.settle()
    medium, query = stage.engine.called("export_events")[0]
    assert medium.label == "KINGSTON"
    assert query.limit is None
    assert not query.newest_first
    assert query.since_ms is not None
    assert export.result.headline.text() == texts.EXPORT_SAFE
    export.done_button.click()
    assert stage.window.admin.page is page


def test_an_export_that_fails_says_why_and_can_be_repeated(stage: Stage) -> None:
    error = ExportError("The medium is full.")
    stage.engine.answers["export_events"] = lambda *_: failed(error)
    open_page(stage, "events").export_button.click()
    stage.settle()
    export = stage.window.admin.export
    export.buttons[0].click()
    stage.settle()
    assert export.result.message.text() == "The medium is full."
    export.again_button.click()
    stage.settle()
    assert len(stage.engine.called("removable_media")) == 2
    assert len(export.buttons) == 2


# --- diagnostics ------------------------------------------------------------------------------


def test_the_relay_is_tested_after_a_question(stage: Stage) -> None:
    page = open_page(stage, "diagnostics")
    assert len(page.lines) == len(stage.engine.rows)
    page.test_button.click()
    assert stage.engine.called("test_relay") == []
    page.question.yes_button.click()
    stage.settle()
    assert stage.engine.called("test_relay") == [()]
    stage.engine.answers["test_relay"] = lambda: failed(RelayError("No relay."))
    page.test_button.click()
    page.question.yes_button.click()
    stage.settle()
    assert stage.window.toast.label.text() == "No relay."
    assert page.test_button.isEnabled()


def test_a_slow_store_is_asked_one_question_at_a_time(stage: Stage) -> None:
    answer: Future[Any] = Future()
    stage.engine.answers["health"] = lambda: answer
    page = open_page(stage, "diagnostics")
    page.refresh()
    page.refresh()
    assert len(stage.engine.called("health")) == 1
    answer.set_result(stage.engine.rows)
    stage.settle()
    page.refresh()
    assert len(stage.engine.called("health")) == 2


def test_the_last_times_stay_when_the_camera_has_ended(stage: Stage) -> None:
    page = open_page(stage, "diagnostics")
    assert page.bars.means_ms == {}
    stage.window.show_kiosk()
    stage.show_people()
    assert stage.bridge.result is not None
    open_page(stage, "diagnostics")
    assert page.bars.means_ms == stage.bridge.result.stage_ms
    stage.window.show_kiosk()
    open_page(stage, "diagnostics")
    assert page.bars.means_ms == stage.bridge.result.stage_ms


# --- the window -------------------------------------------------------------------------------


def test_on_the_wall_nothing_closes_the_window(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage()
    stage.window._windowed = False
    event = QCloseEvent()
    QApplication.sendEvent(stage.window, event)
    assert not event.isAccepted()
    QTest.keyClick(stage.window, Qt.Key.Key_Escape)
    assert stage.window.isVisible()
    stage.window.quit()
    assert not stage.window.isVisible()


def test_escape_closes_a_window(stage: Stage) -> None:
    QTest.keyClick(stage.window, Qt.Key.Key_Escape)
    assert not stage.window.isVisible()


def test_the_login_page_does_not_stay_open(stage: Stage) -> None:
    stage.window.show_login()
    stage.window._login_timer.setInterval(1)
    stage.window._login_timer.start()
    stage.qtbot.waitUntil(lambda: stage.window.screen_shown is stage.window.kiosk)


def test_touches_beside_a_sheet_reach_nothing(stage: Stage) -> None:
    page = open_page(stage, "people")
    page.list.clicked.emit(page.model.index(0, 0))
    page.card.delete_button.click()
    assert stage.window.childAt(10, 10) is page.question
    QTest.mouseClick(page.question, Qt.MouseButton.LeftButton, pos=QPoint(10, 10))
    assert stage.window.admin.page is page
