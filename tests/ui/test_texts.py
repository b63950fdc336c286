"""Every state has its words, and every letter of them can be drawn."""

from __future__ import annotations

import ast
import inspect

import pytest
from PySide6.QtGui import QRawFont
from PySide6.QtWidgets import QApplication

from kiosk.domain import (
    ALARM_KINDS,
    CameraState,
    DenialReason,
    DoorAlarm,
    DoorState,
    EventKind,
    Guidance,
    Phase,
)
from kiosk.enrolment import View
from kiosk.listener import KioskView, NumberPrompt
from ui import assets, doortexts, texts, theme
from ui.headless import _INTEREST, view_line
from ui.screens.kiosk import TURN_ARROWS, KioskScreen
from ui.widgets import keyboard
from ui.widgets.rows import event_look
from ui.widgets.statepanel import PHASE_COLOURS, view_text
from ui.widgets.views import PLACES


def strings_of(module: object) -> str:
    tree = ast.parse(inspect.getsource(module))  # type: ignore[arg-type]
    return "".join(
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def font_with(name: str) -> QRawFont:
    font = QRawFont(assets.font_bytes(name), 20.0)
    assert font.isValid(), name
    return font


def drawable(font: QRawFont, character: str) -> bool:
    return font.supportsCharacter(ord(character))


@pytest.mark.parametrize(
    ("table", "kinds"),
    [
        (texts.PHASES, Phase),
        (texts.GUIDANCE, Guidance),
        (texts.EVENT_KINDS, EventKind),
        (texts.DOOR_STATES, DoorState),
        (texts.CAMERA_STATES, CameraState),
        (PHASE_COLOURS, Phase),
        (doortexts.ALARMS, DoorAlarm),
    ],
)
def test_every_member_has_an_entry(table: dict[object, object], kinds: type) -> None:
    assert set(table) == set(kinds)
    assert all(table.values())


def test_every_view_has_a_prompt_and_a_name() -> None:
    assert set(texts.VIEW_PROMPTS) == set(texts.VIEW_NAMES) == {view.name for view in View}


def test_guidance_differs_for_each_member() -> None:
    assert len({text.headline for text in texts.GUIDANCE.values()}) == len(Guidance)


def test_every_icon_named_in_the_texts_exists() -> None:
    named = {text.icon for text in (*texts.PHASES.values(), *texts.GUIDANCE.values())}
    named |= {texts.WELCOME_OPEN.icon} | {text.icon for text in texts.DENIALS.values()}
    named |= {text.icon for text in vars(doortexts).values() if isinstance(text, texts.StateText)}
    named -= {""}
    named |= {event_look(kind)[1] for kind in EventKind}
    assert named <= set(assets.icon_names())


@pytest.mark.parametrize("kind", ALARM_KINDS)
def test_an_alarm_in_the_log_is_red(kind: EventKind) -> None:
    assert event_look(kind)[0] == theme.DANGER


def test_every_denial_has_its_words() -> None:
    assert set(texts.DENIALS) == set(DenialReason) - {DenialReason.HOURS}


def test_nobody_learns_whether_the_number_or_the_pin_was_wrong() -> None:
    assert texts.number_or_pin_wrong(2) == "Number or PIN is wrong. 2 tries left."
    assert texts.number_or_pin_wrong(1) == "Number or PIN is wrong. 1 try left."
    locked = texts.denied(DenialReason.PIN_LOCKED, 95)
    assert (locked.headline, locked.detail) == ("Too many wrong tries", "Wait 1:35 min.")


@pytest.mark.parametrize("kind", [EventKind.DENIED, EventKind.PRESENTATION_ATTACK])
def test_a_refusal_in_the_log_looks_like_one(kind: EventKind) -> None:
    colour, icon = event_look(kind)
    assert colour in (theme.WARNING, theme.DANGER)
    assert icon not in ("info", event_look(EventKind.NOT_RECOGNISED)[1])


def test_the_arrow_points_where_the_person_turns_in_the_mirror() -> None:
    # As for the views of an enrolment, which are before the same mirror.
    assert TURN_ARROWS == {Guidance.TURN_LEFT: "left", Guidance.TURN_RIGHT: "right"}
    for guidance, side in TURN_ARROWS.items():
        text = texts.GUIDANCE[guidance]
        assert text.icon == f"turn_{side}"
        assert side in text.headline
        assert PLACES[side.upper()][0] == (-1 if side == "left" else 1)


@pytest.mark.parametrize("weight", ["Regular", "SemiBold", "Bold"])
def test_all_letters_are_in_the_bundled_font(qapp: QApplication, weight: str) -> None:
    font = font_with(f"Inter-{weight}.otf")
    letters = (
        strings_of(texts)
        + strings_of(doortexts)
        + "".join(row for page in keyboard.PAGES for row in page)
    )
    wanted = {c for c in letters + letters.upper() if not c.isspace() and c.isprintable()}
    missing = sorted(c for c in wanted if not drawable(font, c))
    assert missing == []


def test_names_from_east_asia_can_be_drawn(qapp: QApplication) -> None:
    han, hangul = font_with("KioskHan.ttf"), font_with("KioskHangul.ttf")
    assert all(drawable(han, c) for c in "王小明李娜陳怡君佐藤さくらスズキ國語")
    assert all(drawable(hangul, c) for c in "김민준서연박")


def test_families_are_the_ones_the_files_register(qapp: QApplication) -> None:
    families = [font_with(name).familyName() for name in assets.FONT_FILES]
    assert list(dict.fromkeys(families)) == theme.FAMILIES


@pytest.mark.parametrize(
    ("angle", "text"), [(12.4, "+12°"), (-3.4, "−3°"), (0.4, "0°"), (-0.4, "0°"), (-90, "−90°")]
)
def test_degrees_have_their_sign(angle: float, text: str) -> None:
    assert texts.signed_degrees(angle) == text


@pytest.mark.parametrize(("seconds", "end"), [(5, "5 s."), (60, "1:00 min."), (95, "1:35 min.")])
def test_waits_are_told_in_words(seconds: int, end: str) -> None:
    assert texts.locked_for(seconds).endswith(end)


def test_screens_keep_their_words_in_one_place() -> None:
    source = strings_of(inspect.getmodule(KioskScreen))
    assert "Step closer" not in source


@pytest.mark.parametrize(
    ("view", "headline", "detail"),
    [
        (
            KioskView(Phase.DENIED, person_name="Ada", hours="Mon 08:00-18:00; Sat 09:00-12:00"),
            "Not at this time\nAda",
            "You may enter:\nMon 08:00-18:00\nSat 09:00-12:00",
        ),
        (
            KioskView(Phase.DENIED, person_name="Ada", hours="never"),
            "Not at this time\nAda",
            "You may not enter.",
        ),
        (KioskView(Phase.DENIED), "Not at this time", "Please ask for help."),
        (
            KioskView(Phase.GUIDANCE, Guidance.PRESENTATION),
            "A picture does not open the door",
            "Show your own face to the camera.",
        ),
        (
            KioskView(Phase.DENIED, denial=DenialReason.NOT_YET_VALID, hours="2026-11-25 08:00"),
            "Not valid yet",
            "You may enter from 2026-11-25 08:00 on.",
        ),
        (
            KioskView(
                Phase.GUIDANCE,
                Guidance.LOOK_AT_CAMERA,
                number_prompt=NumberPrompt(is_right=True),
            ),
            "Look at the camera",
            texts.KEYPAD_RIGHT,
        ),
        (
            KioskView(Phase.SECOND, person_name="Ada"),
            texts.PHASES[Phase.SECOND].headline,
            f"Welcome, Ada. {texts.PHASES[Phase.SECOND].detail}",
        ),
    ],
)
def test_a_refusal_says_why(view: KioskView, headline: str, detail: str) -> None:
    text = view_text(view)
    assert (text.headline, text.detail) == (headline, detail)


def test_a_run_without_a_screen_says_who_was_denied_and_until_when() -> None:
    denied = KioskView(Phase.DENIED, person_name="Ada", hours="Sat 09:00-12:00")
    assert view_line(denied) == "denied Ada (Sat 09:00-12:00)"
    assert view_line(KioskView(Phase.DENIED, person_name="Ada")) == "denied Ada (ask for help)"
    # Every state can be kept a picture of.
    assert set(_INTEREST) == set(Phase)
