"""What administrators do about the door and rights, step by step, on a pretend engine."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QWidget

from kiosk.access.model import AuthMode, Group, Holiday, PersonRights, Schedule, Window
from kiosk.domain import DoorState, DoorStatus, Phase
from kiosk.errors import AccessError, ExportError, PinError, RelayError
from kiosk.listener import KioskView
from kiosk.rightsimport import ImportPlan
from tests.ui.conftest import Stage, failed
from tests.ui.fakerights import ALWAYS, NEVER, NIGHT, OFFICE, PLAN, hours
from tests.ui.test_rights_screenshots import LIST_STEPS, PROBLEMS, mouse
from ui import moments, righttexts, texts
from ui.screens.holidays import sort_key

LOCKED = DoorStatus(DoorState.LOCKED, "LCUS", False)
TODAY = date.today()


def open_page(stage: Stage, name: str, door: DoorStatus = LOCKED) -> Any:
    stage.bridge.door_changed(door)
    stage.open_admin()
    stage.window.admin.menu.tiles[name].click()
    stage.settle()
    return stage.window.admin.page


def notice(stage: Stage) -> str:
    return stage.window.toast.label.text() if stage.window.toast.isVisible() else ""


def answer_yes(stage: Stage, page: Any) -> None:
    assert page.question is not None
    page.question.yes_button.click()
    stage.settle()


def type_text(stage: Stage, page: Any, text: str) -> None:
    page.sheet.field.setText(text)
    page.sheet.ok_button.click()
    stage.settle()


# --- the door ---------------------------------------------------------------------------------


def test_the_door_is_opened_with_a_reason(stage: Stage) -> None:
    page = open_page(stage, "door")
    page.unlock_button.click()
    assert stage.engine.called("unlock_door") == []
    page.sheet.buttons[0].click()
    stage.settle()
    assert stage.engine.called("unlock_door") == [(righttexts.UNLOCK_REASONS[0], False)]
    assert righttexts.UNLOCK_REASONS[0] in notice(stage)


def test_the_reason_may_be_typed_and_the_door_left_open_longer(stage: Stage) -> None:
    page = open_page(stage, "door")
    page.unlock_button.click()
    page.sheet.longer.set_checked(True)
    page.sheet.buttons[-1].click()
    stage.settle()
    assert not page.sheet.ok_button.isEnabled()
    type_text(stage, page, "  chimney   sweep ")
    assert stage.engine.called("unlock_door") == [("chimney sweep", True)]


def test_a_reason_that_is_cancelled_opens_nothing(stage: Stage) -> None:
    page = open_page(stage, "door")
    page.unlock_button.click()
    page.sheet.dismiss()
    stage.settle()
    assert page.sheet is None
    assert stage.engine.called("unlock_door") == []


@pytest.mark.parametrize(("place", "minutes"), [(0, 5), (6, 480)])
def test_free_access_for_a_time(stage: Stage, place: int, minutes: int) -> None:
    page = open_page(stage, "door")
    page.free_button.click()
    page.sheet.buttons[place].click()
    stage.settle()
    assert stage.engine.called("begin_free_access") == [(minutes,)]


def test_free_access_without_an_end_is_asked_about(stage: Stage) -> None:
    page = open_page(stage, "door")
    page.free_button.click()
    page.sheet.buttons[-1].click()
    assert stage.engine.called("begin_free_access") == []
    answer_yes(stage, page)
    assert stage.engine.called("begin_free_access") == [(None,)]


def test_free_access_is_ended_at_once(stage: Stage) -> None:
    page = open_page(stage, "door", replace(LOCKED, is_free=True, state=DoorState.FREE_ACCESS))
    page.free_button.click()
    stage.settle()
    assert stage.engine.called("end_free_access") == [()]


def test_lockdown_is_asked_about_and_ended(stage: Stage) -> None:
    page = open_page(stage, "door")
    page.lockdown_button.click()
    assert stage.engine.called("begin_lockdown") == []
    answer_yes(stage, page)
    assert stage.engine.called("begin_lockdown") == [()]
    stage.bridge.door_changed(replace(LOCKED, is_lockdown=True, state=DoorState.LOCKDOWN))
    stage.settle()
    assert not page.unlock_button.isEnabled()
    assert not page.free_button.isEnabled()
    page.lockdown_button.click()
    answer_yes(stage, page)
    assert stage.engine.called("end_lockdown") == [()]


def test_a_door_that_does_not_obey_is_told(stage: Stage) -> None:
    stage.engine.answers["unlock_door"] = lambda *_: failed(RelayError("The relay is gone."))
    page = open_page(stage, "door")
    page.unlock_button.click()
    page.sheet.buttons[0].click()
    stage.settle()
    assert notice(stage) == "The relay is gone."


def test_hours_in_which_the_door_is_unlocked(stage: Stage) -> None:
    page = open_page(stage, "door")
    assert page.schedule_field.value() == righttexts.FREE_SCHEDULE_NONE
    page.schedule_field.button.click()
    stage.settle()
    page.sheet.list.chosen.emit(OFFICE)
    stage.settle()
    assert stage.engine.called("set_free_schedule") == [(1,)]
    assert page.schedule_field.value() == "Office hours"


def test_the_time_is_confirmed_only_while_it_is_doubted(stage: Stage) -> None:
    page = open_page(stage, "door")
    stage.show_view(KioskView(Phase.IDLE))
    assert page.clock_card.isHidden()
    stage.show_view(KioskView(Phase.IDLE, clock_ok=False))
    page.clock_button.click()
    assert stage.engine.called("confirm_clock") == []
    answer_yes(stage, page)
    assert stage.engine.called("confirm_clock") == [()]


# --- alarms -----------------------------------------------------------------------------------


def test_alarms_are_acknowledged_one_by_one(stage: Stage) -> None:
    page = open_page(stage, "alarms")
    page.list.clicked.emit(page.model.index(1, 0))
    page.seen_button.click()
    stage.settle()
    assert stage.engine.called("acknowledge_alarm") == [(37,)]
    assert [alarm.seq for alarm in page.model.items] == [41, 30]
    assert page.seen_button.isEnabled()


def test_all_alarms_are_those_that_were_shown(stage: Stage) -> None:
    page = open_page(stage, "alarms")
    page.all_button.click()
    late = replace(stage.engine.rights.alarm_list[0], seq=50)
    stage.engine.rights.alarm_list.append(late)
    answer_yes(stage, page)
    assert stage.engine.called("acknowledge_alarm") == [(41,), (37,), (30,)]
    assert page.model.items == [late]


def test_a_new_alarm_appears_and_the_menu_counts_it(stage: Stage) -> None:
    stage.engine.rights.alarm_list = []
    page = open_page(stage, "alarms")
    assert page.pages.currentIndex() == 1
    stage.engine.rights.alarm_list = [replace(stage.engine.log[0], seq=60)]
    stage.bridge.alarms_changed()
    stage.settle()
    assert page.pages.currentIndex() == 0
    stage.window.admin.back_button.click()
    stage.settle()
    assert stage.window.admin.menu.tiles["alarms"].note() == righttexts.open_alarms(1)


def test_a_notice_covers_no_button_that_is_touched_next(stage: Stage) -> None:
    page = open_page(stage, "alarms")
    page.seen_button.click()
    stage.settle()
    assert notice(stage) == righttexts.ALARMS_DONE
    toast, window = stage.window.toast, stage.window
    for button in (page.seen_button, page.all_button, window.admin.back_button):
        place = button.rect().translated(button.mapTo(window, button.rect().topLeft()))
        assert not toast.geometry().intersects(place)
    window.show_kiosk()
    stage.settle()
    assert toast.isVisible()
    assert toast.geometry().top() > window.kiosk.panel.height()


def test_an_alarm_that_cannot_be_noted_stays(stage: Stage) -> None:
    stage.engine.answers["acknowledge_alarm"] = lambda seq: failed(AccessError("Disk full."))
    page = open_page(stage, "alarms")
    page.seen_button.click()
    stage.settle()
    assert notice(stage) == "Disk full."
    assert len(page.model.items) == 3
    assert page.seen_button.isEnabled()


# --- schedules --------------------------------------------------------------------------------


def stroke(painter: QWidget, row: int, start_h: float, end_row: int, end_h: float) -> None:
    first = painter.place_of(row, round(start_h * 60) + 3)  # type: ignore[attr-defined]
    last = painter.place_of(end_row, round(end_h * 60) - 3)  # type: ignore[attr-defined]
    mouse(painter, QEvent.Type.MouseButtonPress, first)
    mouse(painter, QEvent.Type.MouseMove, last)
    mouse(painter, QEvent.Type.MouseButtonRelease, last)


def test_a_new_schedule_is_named_painted_and_saved(stage: Stage) -> None:
    page = open_page(stage, "schedules")
    page.new_button.click()
    type_text(stage, page, "Library")
    editor = page.editor
    stroke(editor.painter, 0, 9, 4, 17)
    # A drag that begins on a painted place wipes.
    stroke(editor.painter, 2, 12, 2, 13)
    editor.modes.buttons[AuthMode.FACE_AND_PIN].click()
    editor.waits.set_checked(True)
    assert "Wednesday 09:00 to 12:00 and 13:00 to 17:00" in editor.summary.text()
    editor.save_button.click()
    stage.settle()
    day = hours((9, 17))
    wanted = Schedule(
        None,
        "Library",
        (day, day, hours((9, 12), (13, 17)), day, day, (), ()),
        mode=AuthMode.FACE_AND_PIN,
        waits_for_first=True,
    )
    assert stage.engine.called("save_schedule") == [(wanted,)]
    assert page.pages.currentIndex() == 0
    assert notice(stage) == righttexts.SAVED


def test_quarter_hours_are_painted_when_asked_for(stage: Stage) -> None:
    page = open_page(stage, "schedules")
    page.edit(NEVER)
    page.editor.steps.buttons[15].click()
    stroke(page.editor.painter, 6, 7.25, 6, 7.75)
    assert page.editor.schedule().week[6] == hours((7.25, 7.75))


def test_a_single_touch_paints_half_an_hour_and_is_taken_back(stage: Stage) -> None:
    page = open_page(stage, "schedules")
    page.edit(NEVER)
    stroke(page.editor.painter, 1, 10, 1, 10.25)
    assert page.editor.schedule().week[1] == hours((10, 10.5))
    page.editor.undo_button.click()
    assert page.editor.schedule() == NEVER
    assert not page.editor.undo_button.isEnabled()
    assert not page.editor.save_button.isEnabled()


def test_a_drag_that_goes_back_paints_no_more_than_it_covers(stage: Stage) -> None:
    page = open_page(stage, "schedules")
    page.edit(OFFICE)
    painter = page.editor.painter
    mouse(painter, QEvent.Type.MouseButtonPress, painter.place_of(5, 9 * 60 + 3))
    for row, minute in ((6, 15 * 60), (7, 20 * 60), (5, 10 * 60 + 3)):
        mouse(painter, QEvent.Type.MouseMove, painter.place_of(row, minute))
    mouse(painter, QEvent.Type.MouseButtonRelease, painter.place_of(5, 10 * 60 + 3))
    assert page.editor.schedule().week[5] == hours((9, 10.5))
    assert page.editor.schedule().week[6] == ()
    assert page.editor.schedule().holiday == ()


def test_a_finger_beyond_the_edges_stays_within_the_day(stage: Stage) -> None:
    page = open_page(stage, "schedules")
    page.edit(NEVER)
    painter = page.editor.painter
    start = painter.place_of(3, 23 * 60)
    mouse(painter, QEvent.Type.MouseButtonPress, start)
    start.setX(painter.width() + 500)
    start.setY(painter.height() + 500)
    mouse(painter, QEvent.Type.MouseMove, start)
    mouse(painter, QEvent.Type.MouseButtonRelease, start)
    made = page.editor.schedule()
    assert made.week[3:] == (hours((23, 24)),) * 4
    assert made.holiday == hours((23, 24))


def test_a_day_is_copied_by_touching_its_name(stage: Stage) -> None:
    page = open_page(stage, "schedules")
    page.edit(OFFICE)
    painter = page.editor.painter
    place = painter.place_of(4, 0)
    place.setX(4)
    mouse(painter, QEvent.Type.MouseButtonPress, place)
    stage.settle()
    copy = next(b for b, rows in page.sheet.copy_buttons if rows == tuple(range(7)))
    copy.click()
    stage.settle()
    assert page.editor.schedule().week == (hours((8, 15)),) * 7
    page.editor.row_touched.emit(7)
    page.sheet.all_day_button.click()
    assert page.editor.schedule().holiday == hours((0, 24))


def test_a_schedule_that_lets_nobody_in_warns_and_asks(stage: Stage) -> None:
    page = open_page(stage, "schedules")
    page.edit(replace(NEVER, id=4))
    assert page.editor.summary.text() == righttexts.SCHEDULE_NEVER
    page.editor.set_name("Nothing")
    page.editor.save_button.click()
    assert stage.engine.called("save_schedule") == []
    answer_yes(stage, page)
    assert stage.engine.called("save_schedule") == [(replace(NEVER, name="Nothing"),)]


def test_going_back_from_a_changed_schedule_asks(stage: Stage) -> None:
    page = open_page(stage, "schedules")
    page.edit(OFFICE)
    stage.window.admin.back_button.click()
    assert page.pages.currentIndex() == 0
    page.edit(OFFICE)
    page.editor.waits.set_checked(False)
    stage.window.admin.back_button.click()
    assert page.pages.currentIndex() == 1
    answer_yes(stage, page)
    assert page.pages.currentIndex() == 0
    assert stage.engine.called("save_schedule") == []
    assert stage.window.admin.page is page
    stage.window.admin.back_button.click()
    assert stage.window.admin.page is stage.window.admin.menu


def test_a_schedule_in_use_is_not_deleted_and_the_reason_told(stage: Stage) -> None:
    stage.engine.answers["delete_schedule"] = lambda n: failed(AccessError("Staff uses it."))
    page = open_page(stage, "schedules")
    page.edit(OFFICE)
    page.editor.delete_button.click()
    answer_yes(stage, page)
    assert stage.engine.called("delete_schedule") == [(1,)]
    assert notice(stage) == "Staff uses it."
    assert page.pages.currentIndex() == 1


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        (ALWAYS, "Every day all day; on holidays all day. People show their face, or type"),
        (NIGHT, "Friday 22:00 to 06:00 the next morning; Sunday 05:00 to 07:30; on holidays"),
        (replace(NEVER, holiday=hours((1, 2))), "On holidays 01:00 to 02:00."),
        (replace(OFFICE, zone="Europe/Riga"), "By the clock of Europe/Riga."),
        (replace(NEVER, week=((Window(0, 1),), *NEVER.week[1:])), "Monday 00:00 to 00:01; not on"),
    ],
)
def test_a_schedule_is_told_in_words(schedule: Schedule, words: str) -> None:
    assert words in righttexts.schedule_summary(schedule)


# --- holidays ---------------------------------------------------------------------------------


def test_a_holiday_is_added_renamed_and_made_yearly(stage: Stage) -> None:
    stage.engine.rights.holiday_list = []
    page = open_page(stage, "holidays")
    page.new_button.click()
    page.sheet.month.touched.emit(date(2031, 5, 1))
    stage.settle()
    type_text(stage, page, "May Day")
    assert stage.engine.rights.holiday_list == [Holiday(date(2031, 5, 1), "May Day")]
    # It is chosen, so that it can be made yearly at once.
    page.card.yearly.set_checked(True)
    stage.settle()
    page.card.name_field.button.click()
    type_text(stage, page, "Labour Day")
    assert stage.engine.rights.holiday_list == [Holiday(date(2031, 5, 1), "Labour Day", True)]
    page.card.delete_button.click()
    answer_yes(stage, page)
    assert stage.engine.rights.holiday_list == []


def test_a_day_is_a_holiday_once(stage: Stage) -> None:
    page = open_page(stage, "holidays")
    page.new_button.click()
    page.sheet.month.touched.emit(date(2030, 12, 25))
    stage.settle()
    type_text(stage, page, "Again")
    assert notice(stage) == righttexts.HOLIDAY_TWICE
    assert stage.engine.called("save_holidays") == []


def test_looking_at_a_holiday_changes_nothing(stage: Stage) -> None:
    page = open_page(stage, "holidays")
    for holiday in (*page.list.items.items, *page.list.items.items[::-1]):
        page.list.chosen.emit(holiday)
        stage.settle()
    assert stage.engine.called("save_holidays") == []


def test_holidays_are_listed_as_they_come() -> None:
    today = date(2026, 11, 21)
    wanted = [
        Holiday(date(2026, 11, 21), "today"),
        Holiday(date(2020, 12, 25), "yearly, this year", True),
        Holiday(date(2020, 1, 1), "yearly, next year", True),
        Holiday(date(2027, 1, 2), "next year"),
        Holiday(date(2026, 11, 20), "over"),
    ]
    mixed = [*wanted[2:], *wanted[:2]]
    assert sorted(mixed, key=lambda h: sort_key(h, today)) == wanted


# --- groups -----------------------------------------------------------------------------------


def test_a_group_gets_schedules_doors_and_rules(stage: Stage) -> None:
    page = open_page(stage, "groups")
    page.new_button.click()
    type_text(stage, page, "Choir")
    editor = page.editor
    assert editor.never_label.isVisible()
    editor.schedules.clicked.emit(editor.schedules.options.index(0, 0))
    assert editor.never_label.isHidden()
    editor.doors_field.button.click()
    type_text(stage, page, " Side  door, , Hall,Hall ")
    editor.two.set_checked(True)
    editor.first.set_checked(True)
    editor.passback.set_checked(True)
    editor.save_button.click()
    stage.settle()
    wanted = Group(None, "Choir", (1,), ("Side door", "Hall"), True, True, True)
    assert stage.engine.called("save_group") == [(wanted,)]


def test_a_group_that_is_only_looked_at_keeps_the_order_of_its_schedules(stage: Stage) -> None:
    stage.engine.rights.group_list = [Group(1, "Staff", (3, 1))]
    page = open_page(stage, "groups")
    page.edit(stage.engine.rights.group_list[0])
    assert not page.editor.is_changed()
    page.editor.schedules.clicked.emit(page.editor.schedules.options.index(1, 0))
    assert page.editor.group().schedule_ids == (3, 1, 2)


def test_a_group_with_members_is_not_deleted_and_the_reason_told(stage: Stage) -> None:
    stage.engine.answers["delete_group"] = lambda n: failed(AccessError("It has members."))
    page = open_page(stage, "groups")
    page.edit(stage.engine.rights.group_list[0])
    page.editor.delete_button.click()
    answer_yes(stage, page)
    assert notice(stage) == "It has members."


# --- a person's rights ------------------------------------------------------------------------


def open_rights(stage: Stage, place: int = 0) -> Any:
    people = open_page(stage, "people")
    people.list.clicked.emit(people.model.index(place, 0))
    people.card.rights_button.click()
    stage.settle()
    return stage.window.admin.page


def test_rights_are_changed_and_saved_whole(stage: Stage) -> None:
    stored = PersonRights(1, frozenset({1}), "Mon 08:00-09:00", is_guest=True)
    stage.engine.rights.rights[1] = stored
    page = open_rights(stage)
    assert page is stage.window.admin.person_rights
    assert not page.save_button.isEnabled()
    page.groups.clicked.emit(page.groups.options.index(1, 0))
    page.until_field.button.click()
    page.sheet.month.touched.emit(date(2031, 3, 30))
    page.from_field.button.click()
    page.sheet.month.touched.emit(date(2031, 3, 1))
    page.uses_field.button.click()
    page.sheet.buttons[2].click()
    page.slow.set_checked(True)
    page.save_button.click()
    stage.settle()
    wanted = replace(
        stored,
        group_ids=frozenset({1, 2}),
        valid_from_ms=moments.start_ms(date(2031, 3, 1)),
        # The last day still counts, its last millisecond too.
        valid_until_ms=moments.start_ms(date(2031, 3, 31)),
        uses_left=3,
        is_slow=True,
    )
    assert stage.engine.called("save_rights") == [(wanted,)]
    assert stage.window.admin.page is stage.window.admin.people


def test_an_end_before_the_beginning_is_not_saved(stage: Stage) -> None:
    page = open_rights(stage)
    page.from_field.button.click()
    page.sheet.month.touched.emit(TODAY + timedelta(days=9))
    page.until_field.button.click()
    page.sheet.month.touched.emit(TODAY + timedelta(days=8))
    assert page.warning.text() == righttexts.RIGHTS_ENDS_BEFORE
    assert not page.save_button.isEnabled()
    page.from_field.button.click()
    page.sheet.without_button.click()
    assert page.save_button.isEnabled()
    assert page.warning.isHidden()


def test_an_end_that_has_passed_is_told(stage: Stage) -> None:
    stage.engine.rights.rights[1] = PersonRights(1, valid_until_ms=1_000_000)
    assert open_rights(stage).warning.text() == righttexts.RIGHTS_OVER


def test_damaged_rights_are_told_and_may_be_saved_anew(stage: Stage) -> None:
    stage.engine.answers["rights_of"] = lambda n: failed(AccessError("Damaged: save it anew."))
    page = open_rights(stage)
    assert notice(stage) == "Damaged: save it anew."
    page.groups.clicked.emit(page.groups.options.index(0, 0))
    page.save_button.click()
    assert stage.engine.called("save_rights") == [(PersonRights(1, frozenset({1})),)]


def test_nothing_can_be_saved_before_the_rights_are_known(stage: Stage) -> None:
    stage.engine.answers["rights_of"] = lambda n: Future()
    page = open_rights(stage)
    assert not page.save_button.isEnabled()
    assert not page.body.isEnabled()


def test_unsaved_rights_are_asked_about(stage: Stage) -> None:
    page = open_rights(stage)
    page.slow.set_checked(True)
    page.pin_button.click()
    assert notice(stage) == righttexts.RIGHTS_SAVE_FIRST
    stage.window.admin.back_button.click()
    assert stage.window.admin.page is page
    answer_yes(stage, page)
    assert stage.window.admin.page is stage.window.admin.people


def test_a_duress_pin_needs_a_pin_and_is_set_and_removed(stage: Stage) -> None:
    page = open_rights(stage)
    assert not page.duress_button.isEnabled()
    page.pin_button.click()
    for _ in range(2):
        stage.window.admin.page.keypad.entered.emit("4809")
        stage.settle()
    # Back to the rights, which know of it.
    assert stage.window.admin.page is page
    assert page.duress_button.isEnabled()
    page.duress_button.click()
    for _ in range(2):
        stage.window.admin.page.keypad.entered.emit("7302")
        stage.settle()
    assert stage.engine.called("set_duress_pin") == [(1, "7302")]
    assert page.duress_button.text().strip() == righttexts.duress_button(True)
    page.duress_button.click()
    duress = stage.window.admin.page
    duress.remove_button.click()
    answer_yes(stage, duress)
    assert stage.engine.called("remove_duress_pin") == [(1,)]
    assert stage.window.admin.page is page


# --- guests -----------------------------------------------------------------------------------


def test_a_guest_pass_says_what_to_tell_and_leads_to_pictures(stage: Stage) -> None:
    page = open_page(stage, "guest")
    page.form.name_field.button.click()
    type_text(stage, page, "Rosalind  Franklin")
    page.form.number_field.button.click()
    type_text(stage, page, "G-17")
    page.form.days.buttons[1].click()
    page.form.time.set_minute(18 * 60)
    page.form.often.buttons[2].click()
    page.form.groups.clicked.emit(page.form.groups.options.index(0, 0))
    page.form.pin_field.button.click()
    page.sheet.keypad.entered.emit("1111")
    # Refused as too easy; the sheet stays.
    assert page.sheet is not None
    page.sheet.keypad.entered.emit("4809")
    page.form.add_button.click()
    stage.settle()
    until_ms = moments.start_ms(TODAY + timedelta(days=1), 18 * 60)
    wanted = ("Rosalind Franklin", "G-17", until_ms, 2, (1,), "4809")
    assert stage.engine.called("add_guest") == [wanted]
    assert page.done.tell.text() == righttexts.guest_pin_words("G-17", "4809")
    # No template without consent.
    assert not page.done.pictures_button.isEnabled()
    page.done.consent.set_checked(True)
    page.done.pictures_button.click()
    assert stage.engine.called("begin_enrolment") == [(77,)]


def test_the_pin_of_a_guest_does_not_wait_for_the_next(stage: Stage) -> None:
    page = open_page(stage, "guest")
    page.form.pin_field.button.click()
    page.sheet.keypad.entered.emit("4809")
    assert page.form.pin_field.value() == "4809"
    stage.window.admin.back_button.click()
    stage.window.admin.menu.tiles["guest"].click()
    stage.settle()
    assert page.form.pin_field.value() == righttexts.GUEST_NO_PIN


def test_a_guest_that_is_refused_is_corrected(stage: Stage) -> None:
    stage.engine.answers["add_guest"] = lambda *_: failed(PinError("This PIN is in use."))
    page = open_page(stage, "guest")
    page.form.add_button.click()
    type_text(stage, page, "Rosalind")
    page.form.pin_field.button.click()
    page.sheet.keypad.entered.emit("4809")
    page.form.add_button.click()
    stage.settle()
    assert notice(stage) == righttexts.GUEST_PIN_NEEDS_NUMBER
    page.form.number_field.button.click()
    type_text(stage, page, "7")
    page.form.add_button.click()
    stage.settle()
    assert notice(stage) == "This PIN is in use."
    assert page.form.add_button.isEnabled()
    assert page.pages.currentIndex() == 0


def test_any_number_of_entries_until_another_day(stage: Stage) -> None:
    page = open_page(stage, "guest")
    page.form.days.buttons[-1].click()
    page.sheet.dismiss()
    stage.settle()
    # The day is still what it was.
    assert page.form.days.value() == 0
    page.form.days.buttons[-1].click()
    page.sheet.month.touched.emit(TODAY + timedelta(days=40))
    page.form.often.buttons[0].click()
    assert page.form.days.value() == -1
    assert page.until_ms == moments.end_ms(TODAY + timedelta(days=40))
    assert page.uses is None


def test_moments_are_whole_local_days() -> None:
    day = date(2026, 11, 21)
    assert moments.local(moments.start_ms(day)) == datetime(2026, 11, 21)
    assert moments.last_moment(moments.end_ms(day)) == (day, 1440)
    assert moments.last_moment(moments.start_ms(day, 18 * 60)) == (day, 18 * 60)


# --- lists ------------------------------------------------------------------------------------


def open_list(stage: Stage) -> Any:
    page = open_page(stage, "lists")
    for step in LIST_STEPS:
        step(page)
        stage.settle()
    return page


def test_a_list_is_looked_through_before_it_changes_anything(stage: Stage) -> None:
    page = open_list(stage)
    assert page.rows.items.items == list(PLAN.changes)
    assert stage.engine.called("apply_plan") == []
    page.apply_button.click()
    stage.settle()
    assert stage.engine.called("apply_plan") == [(PLAN,)]
    assert page.result.message.text() == righttexts.applied(2)


def test_a_list_with_problems_cannot_be_applied(stage: Stage) -> None:
    stage.engine.rights.plan = PROBLEMS
    page = open_list(stage)
    assert page.rows.items.items == list(PROBLEMS.problems)
    assert page.apply_button.isHidden()


def test_a_list_that_changes_nothing_says_so(stage: Stage) -> None:
    stage.engine.rights.plan = ImportPlan((), ())
    assert open_list(stage).result.headline.text() == righttexts.LISTS_NOTHING


@pytest.mark.parametrize("method", ["lists_on", "read_list", "import_plan", "apply_plan"])
def test_every_step_that_fails_says_why(stage: Stage, method: str) -> None:
    stage.engine.answers[method] = lambda *_: failed(ExportError("It was pulled out."))
    page = open_page(stage, "lists")
    for step in (*LIST_STEPS, lambda shown: shown.apply_button.click()):
        if page.steps.currentWidget() is not page.result:
            step(page)
            stage.settle()
    assert page.result.message.text() == "It was pulled out."
    assert len(stage.engine.called("apply_plan")) == (method == "apply_plan")


def test_the_list_is_written_to_the_stick(stage: Stage) -> None:
    page = open_page(stage, "lists")
    page.export_button.click()
    stage.settle()
    # One stick is write-protected.
    assert [button.isEnabled() for button in page.buttons] == [True, False]
    page.buttons[0].click()
    stage.settle()
    assert stage.engine.called("write_list") == [(stage.engine.media[0], "number,name\r\n")]
    assert page.result.headline.text() == texts.EXPORT_SAFE


def test_a_write_protected_stick_can_be_read(stage: Stage) -> None:
    page = open_page(stage, "lists")
    page.import_button.click()
    stage.settle()
    assert [button.isEnabled() for button in page.buttons] == [True, True]


def test_a_late_answer_does_not_come_back_after_going_back(stage: Stage) -> None:
    waiting: Future[list[str]] = Future()
    stage.engine.answers["lists_on"] = lambda medium: waiting
    page = open_page(stage, "lists")
    for step in LIST_STEPS[:2]:
        step(page)
        stage.settle()
    stage.window.admin.back_button.click()
    assert page.steps.currentIndex() == 0
    waiting.set_result(["a.csv"])
    stage.settle()
    assert page.steps.currentIndex() == 0
    assert stage.window.admin.page is page


@pytest.mark.parametrize(
    ("tile", "method"),
    [
        ("schedules", "schedules"),
        ("schedules", "groups"),
        ("groups", "groups"),
        ("groups", "member_counts"),
        ("holidays", "holidays"),
        ("alarms", "open_alarms"),
        ("guest", "groups"),
        ("door", "free_schedule"),
    ],
)
def test_what_cannot_be_read_is_told(stage: Stage, tile: str, method: str) -> None:
    stage.engine.answers[method] = lambda *_: failed(AccessError("The disk does not answer."))
    open_page(stage, tile)
    assert notice(stage) == "The disk does not answer."


def test_every_answer_is_awaited_without_the_screen(stage: Stage) -> None:
    for tile in stage.window.admin.menu.tiles:
        for method in ("schedules", "groups", "holidays", "open_alarms", "free_schedule"):
            stage.engine.answers[method] = lambda *_: Future()
        page = open_page(stage, tile)
        assert stage.window.admin.page is page
