"""The administrator's screens for door and rights, in every size: nothing blank, nothing clipped.

The pictures are kept when DOOR_KIOSK_SCREENSHOTS names a folder.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from kiosk.access.model import PersonRights
from kiosk.domain import DoorAlarm, DoorInputs, DoorState, DoorStatus, Phase
from kiosk.errors import AccessError
from kiosk.listener import KioskView
from kiosk.rightscsv import Problem
from kiosk.rightsimport import ImportPlan
from tests.ui.conftest import (
    Stage,
    clipped_buttons,
    clipped_labels,
    distinct_colours,
    failed,
)
from tests.ui.fakerights import NEVER
from ui.theme import Themed
from ui.widgets.fitlabel import FitLabel

Scene = Callable[[Stage], None]
SIZES = ((1280, 800), (800, 1280), (1024, 600), (800, 480))
LOCKED = DoorStatus(
    DoorState.LOCKED, "Modbus on /dev/ttyUSB0, channel 1", False, inputs=DoorInputs(False)
)
PROBLEMS = ImportPlan(
    (),
    (
        Problem(3, "There is no group “Staf”. Make it first, or write Staff."),
        Problem(7, "Number 1906 is in lines 4 and 7. Every person has a number of their own."),
        Problem(
            12,
            "valid_until 2020-03-31 is over: nobody would be let in. Write a day to come, or none "
            "for no end.",
        ),
    ),
)


def page(name: str) -> Scene:
    def scene(stage: Stage) -> None:
        stage.bridge.door_changed(LOCKED)
        stage.open_admin()
        if name:
            stage.window.admin.menu.tiles[name].click()
        stage.settle()

    return scene


def then(first: Scene, *steps: Callable[[Any], Any]) -> Scene:
    """Open a page, and do something with it."""

    def scene(stage: Stage) -> None:
        first(stage)
        for step in steps:
            step(stage.window.admin.page)
            stage.settle()

    return scene


def door(status: DoorStatus) -> Scene:
    def scene(stage: Stage) -> None:
        page("door")(stage)
        stage.bridge.door_changed(status)
        stage.settle()

    return scene


def clock_wrong(stage: Stage) -> None:
    page("door")(stage)
    stage.show_view(KioskView(Phase.IDLE, clock_ok=False))


def free(minutes: float | None) -> DoorStatus:
    deadline_ns = None if minutes is None else time.monotonic_ns() + round(minutes * 60e9)
    return DoorStatus(
        DoorState.FREE_ACCESS, LOCKED.relay, False, deadline_ns, is_free=True, is_unlocked=True
    )


def mouse(widget: QWidget, kind: QEvent.Type, place: QPointF) -> None:
    left = Qt.MouseButton.LeftButton
    event = QMouseEvent(
        kind, place, widget.mapToGlobal(place), left, left, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(widget, event)


def drag_hours(screen: Any) -> None:
    """Paint Saturday and Sunday from nine to one, the finger still down."""
    painter = screen.editor.painter
    mouse(painter, QEvent.Type.MouseButtonPress, painter.place_of(5, 9 * 60 + 5))
    mouse(painter, QEvent.Type.MouseMove, painter.place_of(6, 12 * 60 + 35))


def let_go(screen: Any) -> None:
    painter = screen.editor.painter
    mouse(painter, QEvent.Type.MouseButtonRelease, painter.place_of(6, 12 * 60 + 35))


def edit(place: int) -> Callable[[Any], None]:
    return lambda screen: screen.edit(screen.list.items.items[place])


def rights(stored: PersonRights | None = None) -> Scene:
    def scene(stage: Stage) -> None:
        if stored is not None:
            stage.engine.rights.rights[stored.person_id] = stored
        page("people")(stage)
        people = stage.window.admin.people
        people.list.clicked.emit(people.model.index(0, 0))
        people.card.rights_button.click()
        stage.settle()

    return scene


def full_house(stage: Stage) -> None:
    stage.engine.rights.schedule_list.append(NEVER)
    stage.engine.rights.sentences = [
        "The schedule “Summer festival” lets nobody in. Paint its hours."
    ]


def prepared(prepare: Scene, scene: Scene) -> Scene:
    def both(stage: Stage) -> None:
        prepare(stage)
        scene(stage)

    return both


def empty_house(stage: Stage) -> None:
    desk = stage.engine.rights
    desk.schedule_list, desk.group_list, desk.holiday_list, desk.alarm_list = [], [], [], []


def with_plan(plan: ImportPlan) -> Scene:
    def scene(stage: Stage) -> None:
        stage.engine.rights.plan = plan
        page("lists")(stage)
        for step in LIST_STEPS:
            step(stage.window.admin.page)
            stage.settle()

    return scene


LIST_STEPS: tuple[Callable[[Any], Any], ...] = (
    lambda s: s.import_button.click(),
    lambda s: s.buttons[0].click(),
    lambda s: s.files.chosen.emit("new staff.csv"),
)


def guest(screen: Any) -> None:
    screen._set_name("Rosalind Franklin")
    screen._set_number("G-17")
    screen._set_pin("480913")
    screen.form.groups.ticked = {1}
    screen.form.groups.changed.emit()


def duress(stage: Stage) -> None:
    stage.engine.persons[0] = replace(stage.engine.persons[0], has_pin=True, has_duress_pin=True)
    rights()(stage)
    stage.window.admin.person_rights.duress_button.click()


SCENES: dict[str, Scene] = {
    "menu": page(""),
    "menu-lockdown": prepared(
        empty_house,
        then(door(replace(LOCKED, is_lockdown=True)), lambda s: s.window().admin.show_menu()),
    ),
    "door": page("door"),
    "door-free": door(free(14.5)),
    "door-forced": door(
        replace(
            LOCKED,
            state=DoorState.FORCED,
            alarm=DoorAlarm.FORCED,
            inputs=DoorInputs(True),
        )
    ),
    "door-lockdown": door(replace(LOCKED, state=DoorState.LOCKDOWN, is_lockdown=True)),
    "door-fault": door(
        replace(
            LOCKED,
            state=DoorState.FAULT,
            message="The relay at /dev/ttyUSB0 does not answer. Check its cable and its power.",
        )
    ),
    "door-clock": clock_wrong,
    "door-reason": then(page("door"), lambda s: s.unlock_button.click()),
    "door-other-reason": then(
        page("door"), lambda s: s.unlock_button.click(), lambda s: s.sheet.buttons[-1].click()
    ),
    "door-minutes": then(page("door"), lambda s: s.free_button.click()),
    "door-lockdown-ask": then(page("door"), lambda s: s.lockdown_button.click()),
    "door-schedule": then(page("door"), lambda s: s.schedule_field.button.click()),
    "alarms": page("alarms"),
    "alarms-none": prepared(empty_house, page("alarms")),
    "schedules": prepared(full_house, page("schedules")),
    "schedules-none": prepared(empty_house, page("schedules")),
    "schedule": then(page("schedules"), edit(0)),
    "schedule-night": then(page("schedules"), edit(1)),
    "schedule-dragging": then(page("schedules"), edit(0), drag_hours),
    "schedule-new": then(
        page("schedules"), lambda s: s.new_button.click(), lambda s: s.sheet.dismiss()
    ),
    "schedule-never": then(prepared(full_house, page("schedules")), edit(3)),
    "schedule-row": then(page("schedules"), edit(0), lambda s: s.editor.row_touched.emit(0)),
    "schedule-name": then(page("schedules"), lambda s: s.new_button.click()),
    "holidays": page("holidays"),
    "holidays-none": prepared(empty_house, page("holidays")),
    "holiday": then(page("holidays"), lambda s: s.list.chosen.emit(s.list.items.items[0])),
    "holiday-day": then(page("holidays"), lambda s: s.new_button.click()),
    "groups": page("groups"),
    "groups-none": prepared(empty_house, page("groups")),
    "group": then(page("groups"), edit(1)),
    "group-new": then(page("groups"), lambda s: s.new_button.click(), lambda s: s.sheet.dismiss()),
    "rights": rights(),
    "rights-limited": rights(
        PersonRights(
            1,
            frozenset({1, 3}),
            "Mon-Fri 08:00-18:00",
            1_790_000_000_000,
            1_700_000_000_000,
            3,
            True,
        )
    ),
    "rights-uses": then(rights(), lambda s: s.uses_field.button.click()),
    "rights-until": then(rights(), lambda s: s.until_field.button.click()),
    "duress": duress,
    "guest": page("guest"),
    "guest-filled": then(page("guest"), guest),
    "guest-pin": then(page("guest"), lambda s: s.form.pin_field.button.click()),
    "guest-day": then(page("guest"), lambda s: s.form.days.buttons[-1].click()),
    "guest-done": then(page("guest"), guest, lambda s: s.form.add_button.click()),
    "lists": page("lists"),
    "lists-files": then(page("lists"), *LIST_STEPS[:2]),
    "lists-changes": then(page("lists"), *LIST_STEPS),
    "lists-problems": with_plan(PROBLEMS),
    "lists-nothing": with_plan(ImportPlan((), ())),
    "lists-applied": then(page("lists"), *LIST_STEPS, lambda s: s.apply_button.click()),
    "lists-written": then(
        page("lists"), lambda s: s.export_button.click(), lambda s: s.buttons[0].click()
    ),
    "lists-void": prepared(
        lambda stage: stage.engine.answers.update(
            apply_plan=lambda plan: failed(
                AccessError("People were changed since the list was read. Read it again.")
            )
        ),
        then(page("lists"), *LIST_STEPS, lambda s: s.apply_button.click()),
    ),
}


@pytest.mark.parametrize("name", SCENES)
@pytest.mark.parametrize("size", SIZES[:2], ids=str)
def test_screen_is_complete(
    name: str, size: tuple[int, int], make_stage: Callable[..., Stage], screenshots: Path
) -> None:
    look_at(name, make_stage(size, door_name="Main entrance"), size, screenshots)


@pytest.mark.parametrize("size", SIZES[2:], ids=str)
@pytest.mark.parametrize(
    "name",
    [
        "menu",
        "door",
        "schedule",
        "group",
        "rights-limited",
        "guest-filled",
        "door-other-reason",
        "guest-pin",
    ],
)
def test_small_panels_fit_too(
    name: str, size: tuple[int, int], make_stage: Callable[..., Stage], screenshots: Path
) -> None:
    look_at(name, make_stage(size), size, screenshots)


def look_at(name: str, stage: Stage, size: tuple[int, int], screenshots: Path) -> None:
    SCENES[name](stage)
    stage.settle()
    image = stage.window.grab().toImage()
    assert image.save(str(screenshots / f"rights-{name}-{size[0]}x{size[1]}.png"))
    assert (image.width(), image.height()) == size
    assert distinct_colours(image) > 8
    assert clipped_labels(stage.window) == []
    assert clipped_buttons(stage.window) == []
    for label in stage.window.findChildren(QLabel):
        assert label.textFormat() is Qt.TextFormat.PlainText, label.text()
    for widget in stage.window.findChildren(QWidget):
        if isinstance(widget, FitLabel) and widget.isVisible():
            assert widget.fitting_font()[1], f"does not fit: {widget.text()!r}"
        if isinstance(widget, Themed) and widget.isVisible():
            assert widget.theme == stage.window.theme, widget
