"""Names are shown letter by letter: nothing of them is taken for HTML or for a mnemonic."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QAbstractButton, QLabel, QPushButton

import ui
from kiosk.domain import Phase
from kiosk.enrolment import EnrolmentProgress, View
from kiosk.listener import KioskView
from tests.ui.conftest import Stage
from ui import texts
from ui.screens.events import Period
from ui.widgets.fitlabel import FitLabel
from ui.widgets.plain import PlainButton, PlainLabel

HOSTILE = "<b>Bold</b>&amp; &Tom"


def interpreted(stage: Stage) -> list[str]:
    """Return the texts of labels and buttons that Qt would not show as they are."""
    window = stage.window
    labels = [
        repr(label.text())
        for label in window.findChildren(QLabel)
        if label.textFormat() != Qt.TextFormat.PlainText
    ]
    buttons = [
        repr(button.text())
        for button in window.findChildren(QAbstractButton)
        # Qt turns a mnemonic into a shortcut as soon as the text is set.
        if not button.shortcut().isEmpty()
    ]
    return labels + buttons


def shown_texts(stage: Stage) -> list[str]:
    labels = stage.window.findChildren(QLabel)
    fits = stage.window.findChildren(FitLabel)
    return [widget.text() for widget in (*labels, *fits) if widget.isVisible()]


@pytest.fixture
def hostile(make_stage: Callable[..., Stage]) -> Stage:
    """A window in which door, people, numbers, events and sticks have hostile names."""
    stage = make_stage(door_name=HOSTILE)
    engine = stage.engine
    engine.persons = [replace(p, name=HOSTILE, number=f"<i>{p.id}</i>") for p in engine.persons]
    engine.log = [replace(e, person_name=HOSTILE, detail=HOSTILE) for e in engine.log]
    engine.media = [replace(medium, label=HOSTILE) for medium in engine.media]
    engine.rows = [replace(row, name=HOSTILE, text=HOSTILE) for row in engine.rows]
    return stage


def open_tile(stage: Stage, name: str) -> Any:
    stage.open_admin()
    stage.window.admin.menu.tiles[name].click()
    stage.settle()
    return stage.window.admin.page


def welcome(stage: Stage) -> None:
    stage.show_view(KioskView(Phase.WELCOME, None, HOSTILE))
    assert f"Welcome\n{HOSTILE}" in shown_texts(stage)


def out_of_order(stage: Stage) -> None:
    stage.show_view(KioskView(Phase.OUT_OF_ORDER, faults=(HOSTILE,), warnings=(HOSTILE,)))


def person_chosen(stage: Stage) -> None:
    page = open_tile(stage, "people")
    page.list.clicked.emit(page.model.index(0, 0))
    stage.settle()


def confirm(stage: Stage) -> None:
    person_chosen(stage)
    stage.window.admin.people.card.delete_button.click()
    stage.settle()
    assert texts.delete_title(HOSTILE) in shown_texts(stage)


def enrol(stage: Stage) -> None:
    page = open_tile(stage, "enrol")
    page.form.name_field.setText(HOSTILE)
    page.form.consent.set_checked(True)
    page.form.start_button.click()
    stage.settle()
    assert f"{texts.ENROL_CAPTURING} {HOSTILE}" in shown_texts(stage)
    alike = EnrolmentProgress(View.LEFT, (View.FRONT,), None, 0.0, HOSTILE, 0.6)
    stage.bridge.enrolment_changed(alike)
    stage.settle()
    assert texts.looks_like(HOSTILE, 0.6) in shown_texts(stage)


def toast(stage: Stage) -> None:
    stage.window.toast.show_notice(texts.enrolled(HOSTILE), "ok")
    assert texts.enrolled(HOSTILE) in shown_texts(stage)


def events(stage: Stage) -> None:
    page = open_tile(stage, "events")
    page.person_button.click()
    stage.settle()
    page.sheet.list.clicked.emit(page.sheet.list.model().index(0, 0))
    stage.settle()
    assert HOSTILE in page.person_button.text()


def events_range(stage: Stage) -> None:
    open_tile(stage, "events").period_buttons[Period.RANGE].click()
    stage.settle()


def events_person(stage: Stage) -> None:
    open_tile(stage, "events").person_button.click()
    stage.settle()


def export(stage: Stage) -> None:
    open_tile(stage, "events").export_button.click()
    stage.settle()
    assert HOSTILE in shown_texts(stage)


def diagnostics(stage: Stage) -> None:
    open_tile(stage, "diagnostics")
    assert HOSTILE in shown_texts(stage)


@pytest.mark.parametrize(
    "scene",
    [
        welcome,
        out_of_order,
        person_chosen,
        confirm,
        enrol,
        toast,
        events,
        events_range,
        events_person,
        export,
        diagnostics,
    ],
)
def test_nothing_of_a_name_is_interpreted(hostile: Stage, scene: Callable[[Stage], None]) -> None:
    scene(hostile)
    assert interpreted(hostile) == []
    assert hostile.window.findChildren(QLabel)


def test_a_person_is_shown_as_named(hostile: Stage) -> None:
    person_chosen(hostile)
    card = hostile.window.admin.people.card
    assert card.name.text() == HOSTILE
    assert card.number.text() == "<i>1</i>"
    # As wide as all its letters, not as what is left of them without the markup.
    letters_px = card.name.fontMetrics().horizontalAdvance(HOSTILE)
    card.name.setWordWrap(False)
    assert card.name.sizeHint().width() >= letters_px


def test_the_door_is_shown_as_named(hostile: Stage) -> None:
    assert HOSTILE in shown_texts(hostile)


def test_a_button_keeps_its_ampersands(qapp: Any, qtbot: Any) -> None:
    button, bare = PlainButton(HOSTILE), QPushButton(HOSTILE)
    for widget in (button, bare):
        qtbot.addWidget(widget)
    assert button.text() == HOSTILE
    assert QPushButton.text(button) == HOSTILE.replace("&", "&&")
    assert button.shortcut() == QKeySequence()
    # What the class is for: Qt's own button does take the letter for a shortcut.
    assert bare.shortcut() != QKeySequence()
    button.setText("A && B")
    assert button.text() == "A && B"


def test_a_label_is_plain_from_the_start(qapp: Any, qtbot: Any) -> None:
    label = PlainLabel(HOSTILE)
    qtbot.addWidget(label)
    assert label.textFormat() is Qt.TextFormat.PlainText
    assert label.text() == HOSTILE


def test_no_label_or_button_is_made_in_another_way() -> None:
    root = Path(ui.__file__).parent
    makers = {
        "QLabel",
        "QPushButton",
        "QToolButton",
        "QCheckBox",
        "QRadioButton",
        "QTextBrowser",
        "QMessageBox",
    }
    found = []
    for path in sorted(root.rglob("*.py")):
        if path.name == "plain.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names: list[ast.expr] = []
            if isinstance(node, ast.Call):
                names = [node.func]
            elif isinstance(node, ast.ClassDef):
                names = node.bases
            found += [
                f"{path.name}: {name.id}"
                for name in names
                if isinstance(name, ast.Name) and name.id in makers
            ]
    assert found == []
