"""Widgets by themselves: the mirror and what is drawn on it, the keyboard, rings, scaling."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QRectF
from PySide6.QtWidgets import QLineEdit, QWidget

from kiosk.domain import Box, Frame, HeadPose, Phase
from kiosk.listener import KioskView
from tests.ui.conftest import drawn_frame, drawn_result
from ui import texts, theme
from ui.theme import Theme
from ui.widgets.fitlabel import FitLabel
from ui.widgets.keyboard import PAGES, Keyboard
from ui.widgets.overlay import FrameMapping, pose_axes
from ui.widgets.preview import STALE_AFTER_NS, Preview, frame_image
from ui.widgets.ring import Ring
from ui.widgets.statepanel import StatePanel


def shown(qtbot: Any, widget: QWidget, width: int = 640, height: int = 360) -> QWidget:
    qtbot.addWidget(widget)
    widget.resize(width, height)
    widget.show()
    return widget


@pytest.mark.parametrize("width", [32, 33, 35])
def test_frames_of_any_width_are_not_skewed(qapp: Any, width: int) -> None:
    pixels = np.zeros((9, width, 3), np.uint8)
    pixels[:, width - 1] = (10, 20, 200)
    image = frame_image(pixels)
    for y in range(9):
        colour = image.pixelColor(width - 1, y)
        assert (colour.red(), colour.green(), colour.blue()) == (200, 20, 10)
        assert image.pixelColor(0, y).red() == 0


def test_the_preview_is_a_mirror(qapp: Any, qtbot: Any) -> None:
    pixels = np.zeros((360, 640, 3), np.uint8)
    pixels[:, :320] = (0, 0, 255)
    preview = shown(qtbot, Preview())
    preview.show_frame(Frame(pixels, 0))
    image = preview.grab().toImage()
    assert image.pixelColor(540, 180).red() == 255
    assert image.pixelColor(100, 180).red() == 0


def test_a_crop_can_be_shown(qapp: Any, qtbot: Any) -> None:
    pixels = np.zeros((400, 900, 3), np.uint8)
    pixels[..., 1] = 255
    preview = shown(qtbot, Preview())
    preview.show_frame(Frame(pixels[10:370, 20:660], 0))
    assert preview.grab().toImage().pixelColor(320, 180).green() == 255


@pytest.mark.parametrize("fill", [True, False])
def test_mapping_keeps_the_aspect_and_mirrors(fill: bool) -> None:
    area = QRectF(0, 0, 500, 500)
    mapping = FrameMapping.of(1280, 720, area, fill=fill, mirrored=True)
    middle = mapping.point(640, 360)
    assert (middle.x(), middle.y()) == pytest.approx((250, 250))
    assert mapping.point(0, 0).x() > mapping.point(1280, 0).x()
    box = mapping.box(Box(100, 100, 300, 200))
    assert box.width() / box.height() == pytest.approx(2)
    assert mapping.scale == pytest.approx(500 / 720 if fill else 500 / 1280)


@pytest.mark.parametrize(
    ("pose", "axis", "offset"),
    [
        (HeadPose(0, 0, 0), 0, (1, 0)),
        (HeadPose(0, 0, 0), 1, (0, -1)),
        (HeadPose(0, 0, 0), 2, (0, 0)),
        (HeadPose(90, 0, 0), 2, (1, 0)),  # the nose to the right of the picture
        (HeadPose(0, 90, 0), 2, (0, -1)),  # the nose up
        (HeadPose(0, 0, 90), 1, (1, 0)),  # leaning clockwise: the crown to the right
        (HeadPose(0, 0, 90), 0, (0, 1)),
        (HeadPose(30, 0, 0), 0, (math.cos(math.radians(30)), 0)),
    ],
)
def test_axes_follow_the_signs_of_the_pose(
    pose: HeadPose, axis: int, offset: tuple[float, float]
) -> None:
    assert pose_axes(pose)[axis] == pytest.approx(offset, abs=1e-9)


def test_old_results_are_not_drawn(qapp: Any, qtbot: Any) -> None:
    now = [10**12]
    preview = shown(qtbot, Preview(now_ns=lambda: now[0]))
    frame = drawn_frame(now[0], width=640, height=360)
    preview.show_frame(frame)
    plain = preview.grab().toImage()
    preview.show_result(drawn_result(frame))
    assert preview.drawn_result() is not None
    assert preview.grab().toImage() != plain
    now[0] += STALE_AFTER_NS + 1
    assert preview.drawn_result() is None
    assert preview.grab().toImage() == plain


def test_the_overlay_can_be_turned_off(qapp: Any, qtbot: Any) -> None:
    preview = shown(qtbot, Preview())
    frame = drawn_frame(time.monotonic_ns(), width=640, height=360)
    preview.show_frame(frame)
    preview.show_result(drawn_result(frame))
    preview.set_overlay_shown(False)
    assert preview.drawn_result() is None


def test_painting_a_large_frame_is_cheap(qapp: Any, qtbot: Any) -> None:
    preview = shown(qtbot, Preview(), 760, 640)
    frame = drawn_frame(time.monotonic_ns(), width=1920, height=1080)
    preview.show_frame(frame)
    preview.grab()
    began = time.process_time()
    for _ in range(5):
        preview.grab()
    assert (time.process_time() - began) / 5 < 0.1


def test_the_keyboard_types_shifts_and_turns_pages(qapp: Any, qtbot: Any) -> None:
    host = shown(qtbot, QWidget(), 800, 600)
    field, keyboard = QLineEdit(host), Keyboard(host)
    keyboard.show_for(field)
    keys = keyboard._letters
    keys[11].click()  # w, shifted at the beginning of a name
    keys[12].click()
    keyboard.keys["space"].click()
    keys[10].click()
    assert field.text() == "We Q"
    keyboard.keys["backspace"].click()
    keyboard.keys["page"].click()
    assert keys[0].text() == PAGES[1][0][0]
    keyboard.keys["shift"].click()
    assert keys[0].text() == "À"
    keyboard.keys["shift"].click()
    keys[0].click()
    assert field.text() == "We à"
    for _ in range(2):
        keyboard.keys["page"].click()
    assert keys[10].text() == "q"
    with qtbot.waitSignal(keyboard.done):
        keyboard.keys["done"].click()
    assert keyboard.isHidden()


def test_keyboard_pages_have_the_same_shape_and_no_letter_twice() -> None:
    assert {tuple(map(len, page)) for page in PAGES} == {(10, 10, 10, 8)}
    letters = "".join(row for page in PAGES for row in page)
    assert len(set(letters)) == len(letters)


def test_a_ring_counts_down_to_its_deadline(qapp: Any, qtbot: Any) -> None:
    now = [0]
    ring = shown(qtbot, Ring(now_ns=lambda: now[0]), 132, 132)
    ring.count_down("unlock", theme.OK, 5_000_000_000)
    assert ring.seconds_left() == 5
    full = ring.grab().toImage()
    now[0] = 3_000_000_000
    assert ring.seconds_left() == 2
    assert ring.grab().toImage() != full
    now[0] = 6_000_000_000
    ring._tick()
    assert ring.seconds_left() == 0
    assert not ring._timer.isActive()


def test_a_ring_rests_while_it_is_hidden(qapp: Any, qtbot: Any) -> None:
    ring = shown(qtbot, Ring(), 132, 132)
    ring.turn("face", theme.ACCENT)
    assert ring._timer.isActive()
    ring.hide()
    assert not ring._timer.isActive()


OUT_OF_ORDER = KioskView(Phase.OUT_OF_ORDER, faults=("No camera.",))
CHECKING = KioskView(Phase.CHECKING)
WELCOME_SHUT = KioskView(Phase.WELCOME, None, "Ada")


def welcome_open() -> KioskView:
    return KioskView(Phase.WELCOME, None, "Ada", time.monotonic_ns() + 5_000_000_000)


def look(panel: StatePanel) -> tuple[str, str, str | None, bool]:
    """Return what a panel says, the icon if a ring is seen, and whether the ring counts down."""
    icon = panel.ring._icon if panel.ring.isVisible() else None
    return panel.headline.text(), panel.detail.text(), icon, panel.ring.seconds_left() > 0


@pytest.mark.parametrize("before", [None, OUT_OF_ORDER, CHECKING, "open"])
def test_a_welcome_does_not_claim_an_open_door(qapp: Any, qtbot: Any, before: Any) -> None:
    panel = shown(qtbot, StatePanel(), 500, 640)
    assert isinstance(panel, StatePanel)
    if before is not None:
        panel.show_view(welcome_open() if before == "open" else before)
    panel.show_view(WELCOME_SHUT)
    assert look(panel) == ("Welcome\nAda", "", None, False)
    assert not panel.ring._timer.isActive()


@pytest.mark.parametrize("before", [None, OUT_OF_ORDER, CHECKING, WELCOME_SHUT])
def test_a_welcome_counts_down_while_the_door_is_open(
    qapp: Any, qtbot: Any, before: KioskView | None
) -> None:
    panel = shown(qtbot, StatePanel(), 500, 640)
    assert isinstance(panel, StatePanel)
    if before is not None:
        panel.show_view(before)
    panel.show_view(welcome_open())
    said = texts.WELCOME_OPEN
    assert look(panel) == ("Welcome\nAda", said.detail, said.icon, True)
    panel.show_view(CHECKING)
    assert look(panel)[1:] == (texts.PHASES[Phase.CHECKING].detail, "face", False)


@pytest.mark.parametrize("text", ["Hi", "A considerably longer sentence than that", "W" * 60])
def test_text_is_made_to_fit(qapp: Any, qtbot: Any, text: str) -> None:
    fit = shown(qtbot, FitLabel(72, 20), 300, 170)
    fit.set_text(text)
    font, fits = fit.fitting_font()
    assert fits
    assert font.pixelSize() <= 72


@pytest.mark.parametrize(
    ("size", "scale"),
    [((1280, 800), 1.0), ((800, 1280), 1.0), ((480, 800), 0.6), ((3840, 2160), 2.7)],
)
def test_scale_follows_the_shorter_side(size: tuple[int, int], scale: float) -> None:
    assert Theme.for_size(*size).scale == pytest.approx(scale)
