"""Every screen in every state, in both orientations: nothing blank, nothing clipped.

The pictures are kept when DOOR_KIOSK_SCREENSHOTS names a folder.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

from kiosk.access.pin import PinVerdict
from kiosk.domain import (
    CameraState,
    CameraStatus,
    DenialReason,
    DoorAlarm,
    DoorInputs,
    DoorState,
    DoorStatus,
    Event,
    EventKind,
    Guidance,
    HeadPose,
    Phase,
)
from kiosk.enrolment import EnrolmentProgress, View
from kiosk.errors import ExportError
from kiosk.listener import KioskView, NumberPrompt, PinPrompt
from tests.ui.conftest import Stage, clipped_labels, distinct_colours, done, failed, past_results
from ui.screens.events import Period
from ui.theme import Themed
from ui.widgets.calendar import RangeSheet
from ui.widgets.fitlabel import FitLabel

Scene = Callable[[Stage], None]
SIZES = {"landscape": (1280, 800), "portrait": (800, 1280)}
SIMULATED = ("Simulated relay: no real door is driven.",)
HOT = (
    "The computer is hot (85 °C or more): faces are looked at 4 times a second until it has cooled "
    "down.",
)
NO_LIBRARY = (
    "The NPU's library /usr/lib/librknnrt.so is missing. Install it with: sudo curl -fLo "
    "/usr/lib/librknnrt.so https://github.com/airockchip/rknn-toolkit2/raw/v2.3.2/rknpu2/runtime/"
    "Linux/librknn_api/aarch64/librknnrt.so",
)
VIEWS = tuple(View)
IDLE = KioskView(Phase.IDLE)
KEYPAD = KioskView(Phase.IDLE, offers_keypad=True)
LONG_NAME = "Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh"


def kiosk(view: KioskView, *, people: int = 1, pose: HeadPose | None = None) -> Scene:
    def scene(stage: Stage) -> None:
        stage.streaming()
        if view.relock_at_ns is not None:
            stage.bridge.door_changed(DoorStatus(DoorState.UNLOCKED, "LCUS", False))
        stage.show_view(view)
        stage.show_people(people, pose)

    return scene


def welcome(name: str) -> Scene:
    def scene(stage: Stage) -> None:
        deadline_ns = time.monotonic_ns() + 4_400_000_000
        kiosk(KioskView(Phase.WELCOME, None, name, deadline_ns))(stage)

    return scene


def at_door(status: DoorStatus, view: KioskView = IDLE, *, people: int = 0) -> Scene:
    def scene(stage: Stage) -> None:
        kiosk(view, people=people)(stage)
        stage.bridge.door_changed(status)

    return scene


def door(state: DoorState, **fields: Any) -> DoorStatus:
    """Return a status; ``in_s`` fields are seconds from now."""
    now_ns = time.monotonic_ns()
    for name in [name for name in fields if name.endswith("_in_s")]:
        fields[name.replace("_in_s", "_at_ns")] = now_ns + round(fields.pop(name) * 1e9)
    return DoorStatus(state, "LCUS", False, **fields)


def held_soon(stage: Stage) -> None:
    status = door(DoorState.OPEN, alarm=DoorAlarm.HELD_SOON, alarm_in_s=4.4)
    at_door(status)(stage)


def free_for_a_while(stage: Stage) -> None:
    at_door(door(DoorState.FREE_ACCESS, is_free=True, relock_in_s=5400))(stage)


def unlocked(stage: Stage) -> None:
    at_door(door(DoorState.UNLOCKED, relock_in_s=3.4, is_unlocked=True))(stage)


def second_person(stage: Stage) -> None:
    answer_by_ns = time.monotonic_ns() + 17_400_000_000
    kiosk(
        KioskView(
            Phase.SECOND, person_name=LONG_NAME, answer_by_ns=answer_by_ns, offers_keypad=True
        )
    )(stage)


def typing(number: str, pin: str = "", *, prompt: NumberPrompt | None = None) -> Scene:
    def scene(stage: Stage) -> None:
        kiosk(KEYPAD, people=0)(stage)
        screen = stage.window.kiosk
        screen.keypad_button.click()
        for digits in (number, pin):
            for digit in digits:
                screen.number_panel.keypad.keys[digit].click()
            if digits == number and (pin or prompt):
                screen.number_panel.keypad.keys["ok"].click()
        if prompt is not None:
            screen.number_panel.keypad.keys["ok"].click()
            stage.show_view(replace(KEYPAD, number_prompt=prompt))

    return scene


def out_of_order(stage: Stage) -> None:
    stage.bridge.camera_changed(CameraStatus(CameraState.LOST, "/dev/video0", "gone"))
    stage.bridge.door_changed(DoorStatus(DoorState.FAULT, "LCUS", False, None, "gone"))
    faults = (
        "No camera at /dev/video0: plug one in or choose another one with --camera.",
        "No face models are installed. Run: door-kiosk models import DIR",
        "The relay at /dev/ttyUSB0 does not answer.",
    )
    stage.show_view(KioskView(Phase.OUT_OF_ORDER, faults=faults, warnings=SIMULATED))


def admin(open_page: Callable[[Stage], None]) -> Scene:
    def scene(stage: Stage) -> None:
        stage.open_admin()
        open_page(stage)
        stage.settle()

    return scene


def tile(name: str) -> Scene:
    return admin(lambda stage: stage.window.admin.menu.tiles[name].click())


def people_chosen(stage: Stage) -> None:
    tile("people")(stage)
    page = stage.window.admin.people
    page.list.setCurrentIndex(page.model.index(0, 0))
    page.list.clicked.emit(page.model.index(0, 0))


def look_alike_chosen(stage: Stage) -> None:
    stage.engine.persons[0] = replace(stage.engine.persons[0], is_look_alike=True)
    people_chosen(stage)


def person_pin(stage: Stage) -> None:
    stage.engine.persons[0] = replace(stage.engine.persons[0], has_pin=True)
    people_chosen(stage)
    stage.window.admin.people.card.pin_button.click()


def person_pin_removing(stage: Stage) -> None:
    person_pin(stage)
    stage.window.admin.person_pin.remove_button.click()


def person_pin_alike(stage: Stage) -> None:
    stage.open_admin()
    # The longest name there is.
    stage.window.admin.enrol.pins_needed.emit(stage.engine.persons[5:])


def people_searching(stage: Stage) -> None:
    tile("people")(stage)
    page = stage.window.admin.people
    page.keyboard.show_for(page.search_field)
    page.search_field.setText("gra")
    stage.qtbot.waitUntil(lambda: len(page.model.items) == 1)


def people_deleting(stage: Stage) -> None:
    people_chosen(stage)
    stage.window.admin.people.card.delete_button.click()


def nobody(stage: Stage) -> None:
    stage.engine.persons = []
    tile("people")(stage)


def form_filled(stage: Stage) -> None:
    tile("enrol")(stage)
    form = stage.window.admin.enrol.form
    form.name_field.setText("Katherine Johnson")
    form.number_field.setText("1918")
    form.consent.set_checked(True)


def capturing(progress: EnrolmentProgress) -> Scene:
    def scene(stage: Stage) -> None:
        form_filled(stage)
        stage.window.admin.enrol.form.start_button.click()
        stage.settle()
        stage.bridge.enrolment_changed(progress)
        stage.show_people(1, HeadPose(-18, 2, 0))

    return scene


def events_range(stage: Stage) -> None:
    tile("events")(stage)
    stage.window.admin.events.period_buttons[Period.RANGE].click()
    sheet = stage.window.admin.events.sheet
    assert isinstance(sheet, RangeSheet)
    today = date.today()
    sheet.touch_day(today.replace(day=1))
    sheet.touch_day(today)


def events_person(stage: Stage) -> None:
    tile("events")(stage)
    stage.window.admin.events.person_button.click()


def no_events(stage: Stage) -> None:
    stage.engine.log = []
    tile("events")(stage)


def alarming_events(stage: Stage) -> None:
    kinds = list(EventKind)[list(EventKind).index(EventKind.DOOR_OPENED) :]
    now_ms = round(time.time() * 1000)
    stage.engine.log = [Event(kind, now_ms - 61_000 * n) for n, kind in enumerate(kinds)][::-1]
    tile("events")(stage)


def exporting(answers: dict[str, object], *, write: bool = False) -> Scene:
    def scene(stage: Stage) -> None:
        stage.engine.answers.update(answers)  # type: ignore[arg-type]
        tile("events")(stage)
        stage.window.admin.events.export_button.click()
        stage.settle()
        if write:
            stage.window.admin.export.buttons[0].click()

    return scene


def never(*_: object) -> object:
    from concurrent.futures import Future

    return Future()


def diagnostics(stage: Stage) -> None:
    tile("diagnostics")(stage)
    for _ in range(3):
        stage.show_people()
    stage.window.admin.diagnostics.refresh()


def speed(stage: Stage) -> None:
    diagnostics(stage)
    stage.window.admin.diagnostics.page_buttons[1].click()


def recognised(stage: Stage) -> None:
    tile("diagnostics")(stage)
    page = stage.window.admin.diagnostics
    now_ns = time.monotonic_ns()
    for result in past_results(now_ns):
        page.history.add(result)
    page.refresh()


def login_with(verdict: PinVerdict | None) -> Scene:
    def scene(stage: Stage) -> None:
        stage.window.show_login()
        if verdict is None:
            for digit in "4809":
                stage.window.login.keypad.keys[digit].click()
            return
        stage.engine.answers["check_admin_pin"] = lambda pin: done(verdict)
        stage.window.login.keypad.entered.emit("111222")

    return scene


def setup_differs(stage: Stage) -> None:
    stage.window.show_setup()
    for pin in ("480913", "480914"):
        stage.window.setup.keypad.entered.emit(pin)


ALIKE = EnrolmentProgress(View.LEFT, (View.FRONT,), None, 0.0, "Ada Lovelace", 0.62)
SCENES: dict[str, Scene] = {
    "kiosk-starting": lambda stage: None,
    "kiosk-idle": kiosk(KioskView(Phase.IDLE), people=0),
    "kiosk-idle-hot": kiosk(KioskView(Phase.IDLE, warnings=HOT), people=0),
    "kiosk-no-library": kiosk(KioskView(Phase.OUT_OF_ORDER, faults=NO_LIBRARY), people=0),
    "kiosk-idle-simulated": kiosk(KioskView(Phase.IDLE, warnings=SIMULATED), people=0),
    **{
        f"kiosk-guidance-{g.value}": kiosk(
            KioskView(Phase.GUIDANCE, g), people=2 if g is Guidance.ONE_AT_A_TIME else 1
        )
        for g in Guidance
    },
    "kiosk-checking": kiosk(KioskView(Phase.CHECKING), pose=HeadPose(4, -2, 1)),
    "kiosk-checking-turned": kiosk(KioskView(Phase.CHECKING), pose=HeadPose(35, 20, -15)),
    "kiosk-welcome": welcome("Ada Lovelace"),
    "kiosk-welcome-locked": kiosk(KioskView(Phase.WELCOME, None, "Ada Lovelace")),
    "kiosk-welcome-long": welcome(LONG_NAME),
    "kiosk-welcome-cjk": welcome("王小明 · 김민준 · さくら"),
    "kiosk-denied": kiosk(
        KioskView(
            Phase.DENIED,
            person_name="Ada Lovelace",
            hours="Mon-Fri 08:00-12:00; Mon-Thu 13:00-18:00; Sat 09:00-12:00",
        )
    ),
    "kiosk-no-pin": kiosk(KioskView(Phase.DENIED, denial=DenialReason.NO_PIN)),
    "kiosk-pin-missed": kiosk(KioskView(Phase.DENIED, denial=DenialReason.PIN_MISSED)),
    "kiosk-pin-locked": kiosk(KioskView(Phase.DENIED, denial=DenialReason.PIN_LOCKED, wait_s=1920)),
    "kiosk-pin-unchecked": kiosk(KioskView(Phase.DENIED, denial=DenialReason.PIN_UNCHECKED)),
    "kiosk-pin": kiosk(KioskView(Phase.PIN, pin=PinPrompt())),
    "kiosk-pin-warned": kiosk(
        KioskView(Phase.PIN, pin=PinPrompt(answers=2, attempts_left=3), warnings=SIMULATED + HOT)
    ),
    "kiosk-pin-checking": kiosk(KioskView(Phase.PIN, pin=PinPrompt(is_checking=True))),
    "kiosk-pin-right": kiosk(KioskView(Phase.PIN, pin=PinPrompt(is_right=True, answers=1))),
    "kiosk-not-recognised": kiosk(KioskView(Phase.NOT_RECOGNISED)),
    **{
        f"kiosk-denied-{reason.value}": kiosk(
            KioskView(Phase.DENIED, denial=reason, person_name=LONG_NAME, offers_keypad=True)
        )
        for reason in DenialReason
    },
    "kiosk-pin-scheduled": kiosk(KioskView(Phase.PIN, pin=PinPrompt(is_scheduled=True))),
    "kiosk-second": second_person,
    "kiosk-offers-keypad": kiosk(KEYPAD, people=0),
    "kiosk-offers-keypad-warned": kiosk(
        replace(KEYPAD, warnings=SIMULATED, clock_ok=False), people=0
    ),
    "kiosk-keypad-number": typing(""),
    "kiosk-keypad-long-number": typing("12345678901234567890"),
    "kiosk-keypad-pin": typing("1815", "48"),
    "kiosk-keypad-checking": typing("1815", "4809", prompt=NumberPrompt(is_checking=True)),
    "kiosk-keypad-wrong": typing("1815", "4809", prompt=NumberPrompt(answers=1, attempts_left=2)),
    "kiosk-keypad-face-follows": kiosk(
        replace(
            KEYPAD,
            phase=Phase.GUIDANCE,
            guidance=Guidance.LOOK_AT_CAMERA,
            number_prompt=NumberPrompt(is_right=True),
        )
    ),
    "kiosk-clock-unknown": kiosk(KioskView(Phase.IDLE, clock_ok=False), people=0),
    "kiosk-door-open": at_door(door(DoorState.OPEN, inputs=DoorInputs(is_open=True))),
    "kiosk-door-held-soon": held_soon,
    "kiosk-door-held": at_door(door(DoorState.HELD, alarm=DoorAlarm.HELD)),
    "kiosk-door-held-denied": at_door(
        door(DoorState.HELD, alarm=DoorAlarm.HELD), KioskView(Phase.DENIED, hours="never"), people=1
    ),
    "kiosk-door-forced": at_door(door(DoorState.FORCED, alarm=DoorAlarm.FORCED)),
    "kiosk-door-forced-shut": at_door(door(DoorState.LOCKED, alarm=DoorAlarm.FORCED), KEYPAD),
    "kiosk-door-free": at_door(door(DoorState.FREE_ACCESS, is_free=True), KEYPAD),
    "kiosk-door-free-until": free_for_a_while,
    "kiosk-door-free-without-camera": at_door(
        door(DoorState.FREE_ACCESS, is_free=True),
        KioskView(Phase.OUT_OF_ORDER, faults=("No camera at /dev/video0: plug one in.",)),
    ),
    "kiosk-door-lockdown": at_door(
        door(DoorState.LOCKDOWN, is_lockdown=True), KioskView(Phase.NOT_RECOGNISED), people=1
    ),
    "kiosk-door-unlocked": unlocked,
    "kiosk-door-other-open": at_door(door(DoorState.LOCKED, inputs=DoorInputs(other_open=True))),
    "kiosk-out-of-order": out_of_order,
    "setup-pin": lambda stage: stage.window.show_setup(),
    "setup-pin-differs": setup_differs,
    "login": login_with(None),
    "login-wrong": login_with(PinVerdict(False, attempts_left=1)),
    "login-locked": login_with(PinVerdict(False, wait_s=95.0)),
    "admin-menu": admin(lambda stage: None),
    "admin-pin": tile("pin"),
    "people-list": tile("people"),
    "people-chosen": people_chosen,
    "people-look-alike": look_alike_chosen,
    "people-pin": person_pin,
    "people-pin-removing": person_pin_removing,
    "people-pin-alike": person_pin_alike,
    "people-searching": people_searching,
    "people-deleting": people_deleting,
    "people-none": nobody,
    "enrol-form": tile("enrol"),
    "enrol-form-filled": form_filled,
    "enrol-capture": capturing(EnrolmentProgress(View.LEFT, (View.FRONT,), None, 0.6)),
    "enrol-guidance": capturing(EnrolmentProgress(View.UP, VIEWS[:3], Guidance.STEP_CLOSER, 0.0)),
    "enrol-alike": capturing(ALIKE),
    "enrol-finished": capturing(EnrolmentProgress(None, VIEWS, None, 0.0, finished=True)),
    "events": tile("events"),
    "events-alarms": alarming_events,
    "events-none": no_events,
    "events-range": events_range,
    "events-person": events_person,
    "export-searching": exporting({"removable_media": never}),
    "export-none": exporting({"removable_media": lambda: done([])}),
    "export-choose": exporting({}),
    "export-writing": exporting({"export_events": never}, write=True),
    "export-done": exporting({}, write=True),
    "export-failed": exporting(
        {"export_events": lambda m, q: failed(ExportError("The medium is full."))}, write=True
    ),
    "diagnostics": diagnostics,
    "diagnostics-speed": speed,
    "diagnostics-recognised": recognised,
    "toast": lambda stage: stage.window.toast.show_notice(
        "The database cannot be written: the disk is full. Delete files or use a larger one.",
        "fault",
    ),
}


@pytest.mark.parametrize("orientation", SIZES)
@pytest.mark.parametrize("name", SCENES)
def test_screen_is_complete(
    name: str, orientation: str, make_stage: Callable[..., Stage], screenshots: Path
) -> None:
    stage = make_stage(SIZES[orientation], door_name="Main entrance")
    SCENES[name](stage)
    stage.settle()
    image = stage.window.grab().toImage()
    assert image.save(str(screenshots / f"{name}-{orientation}.png"))
    assert (image.width(), image.height()) == SIZES[orientation]
    assert distinct_colours(image) > 8
    assert clipped_labels(stage.window) == []
    for label in stage.window.findChildren(QLabel):
        assert label.textFormat() is Qt.TextFormat.PlainText, label.text()
    for fit in stage.window.findChildren(FitLabel):
        if fit.isVisible():
            assert fit.fitting_font()[1], f"does not fit: {fit.text()!r}"


@pytest.mark.parametrize("size", [(480, 800), (1024, 600), (1920, 1080)])
def test_other_panels_fit_too(
    size: tuple[int, int], make_stage: Callable[..., Stage], screenshots: Path
) -> None:
    for name in (
        "kiosk-welcome",
        "kiosk-pin",
        "kiosk-offers-keypad-warned",
        "kiosk-keypad-wrong",
        "kiosk-door-forced",
        "login-locked",
        "admin-menu",
        "enrol-form",
        "diagnostics",
    ):
        stage = make_stage(size)
        SCENES[name](stage)
        stage.settle()
        image = stage.window.grab().toImage()
        assert (image.width(), image.height()) == size, name
        assert image.save(str(screenshots / f"{name}-{size[0]}x{size[1]}.png"))
        assert clipped_labels(stage.window) == [], name
        for widget in stage.window.findChildren(QWidget):
            if isinstance(widget, Themed) and widget.isVisible():
                assert widget.theme == stage.window.theme, (name, widget)
