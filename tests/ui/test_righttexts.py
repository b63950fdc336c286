"""The words about door and rights: complete, drawable, and true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from kiosk.access.model import AuthMode
from kiosk.domain import DoorAlarm, DoorState, DoorStatus
from kiosk.rightscsv import COLUMNS
from tests.ui.fakerights import hours
from tests.ui.test_texts import drawable, font_with, strings_of
from ui import assets, righttexts
from ui.widgets.doorcard import LOOKS
from ui.widgets.weekpainter import ROWS, STEPS_MIN


@pytest.mark.parametrize(
    ("table", "kinds"),
    [
        (righttexts.DOOR_WORDS, DoorState),
        (righttexts.DOOR_DETAILS, DoorState),
        (righttexts.ALARM_WORDS, DoorAlarm),
        (righttexts.MODES, AuthMode),
        (righttexts.MODE_SENTENCES, AuthMode),
        (LOOKS, DoorState),
    ],
)
def test_every_member_has_an_entry(table: dict[object, object], kinds: type) -> None:
    assert set(table) == set(kinds)
    assert all(table.values())


def test_rows_steps_and_columns_have_names() -> None:
    assert len(righttexts.ROW_NAMES) == len(righttexts.ROW_NAMES_SHORT) == ROWS
    assert set(righttexts.STEPS) == set(STEPS_MIN)
    assert set(COLUMNS) - {"id"} <= set(righttexts.FIELDS)


@pytest.mark.parametrize("weight", ["Regular", "SemiBold", "Bold"])
def test_all_letters_are_in_the_bundled_font(qapp: QApplication, weight: str) -> None:
    font = font_with(f"Inter-{weight}.otf")
    wanted = {c for c in strings_of(righttexts) if not c.isspace() and c.isprintable()}
    assert sorted(c for c in wanted if not drawable(font, c)) == []


def test_every_icon_the_screens_name_exists() -> None:
    icons = set(assets.icon_names())
    called = re.compile(
        r"(?:IconButton|IconDisc|ActionButton|RowFacts|FieldButton|relabel)\(\s*(?:[\w.]+,\s*)?"
        r'"([a-z_]+)"'
    )
    named: set[str] = set()
    for path in Path(righttexts.__file__).parent.rglob("*.py"):
        named |= set(called.findall(path.read_text(encoding="utf-8")))
    assert {"plus", "undo", "ticket", "stop"} <= named
    assert named <= icons
    assert {icon for icon, _ in LOOKS.values()} <= icons


@pytest.mark.parametrize(
    ("left_s", "words"),
    [
        (None, "Until somebody ends it."),
        (0, "For 0 s more."),
        (59.5, "For 59 s more."),
        (60, "For 1 min more."),
        (61, "For 2 min more."),
        (8 * 3600, "For 8 h 00 min more."),
    ],
)
def test_free_access_says_how_long_it_lasts(left_s: float | None, words: str) -> None:
    deadline_ns = None if left_s is None else 5_000 + round(left_s * 1e9)
    status = DoorStatus(DoorState.FREE_ACCESS, "x", False, deadline_ns, is_free=True)
    assert righttexts.free_until(status, 5_000) == words


def test_hours_are_told_like_a_clock() -> None:
    assert righttexts.hours_of(hours((0, 24))) == "all day"
    assert righttexts.hours_of(hours((13, 24), (8, 12))) == "08:00 to 12:00 and 13:00 to 24:00"
    assert righttexts.hours_of(hours((22, 30))) == "22:00 to 06:00 the next morning"
