"""How everything looks: colours, sizes, fonts and the style sheet.

Sizes are written for a screen whose shorter side is 800 pixels and scaled from there, so the
same kiosk reads equally well on a 7-inch and a 15-inch panel.
"""

from __future__ import annotations

from dataclasses import dataclass
from string import Template
from typing import Any, TypeVar

from PySide6.QtCore import QObject
from PySide6.QtGui import QFont, QFontDatabase
from PySide6.QtWidgets import QBoxLayout, QGridLayout, QHBoxLayout, QLayout, QVBoxLayout, QWidget

from ui import assets

FAMILIES = ["Inter", "Kiosk Han", "Kiosk Hangul"]

BACKGROUND = "#0c121c"
SURFACE = "#151e2c"
RAISED = "#1e2a3c"
LINE = "#2c3a50"
TEXT = "#f3f6fb"
TEXT_SOFT = "#a9b6ca"
ACCENT = "#5aa2ff"
ACCENT_DEEP = "#1f6fe0"
OK = "#3ddc97"
WARNING = "#ffc14d"
DANGER = "#ff7a75"
DANGER_DEEP = "#c23a3a"

DESIGN_SHORT_SIDE = 800


@dataclass(frozen=True, slots=True)
class Theme:
    """Sizes for one window; ``scale`` is 1 when its shorter side is 800 pixels."""

    scale: float = 1.0

    def px(self, size: float) -> int:
        """Return a design size in pixels of this window, at least one."""
        return max(1, round(size * self.scale))

    def font(self, size: float, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
        """Return the interface font, ``size`` in design pixels."""
        return interface_font(self.px(size), weight)

    @classmethod
    def for_size(cls, width_px: int, height_px: int) -> Theme:
        """Choose the scale of a window, in steps so that a slow resize does not restyle always."""
        shorter = max(320, min(width_px, height_px))
        return cls(max(0.5, round(shorter / DESIGN_SHORT_SIDE * 20) / 20))

    def style_sheet(self) -> str:
        """Return the style sheet of the whole window."""
        sizes = {f"p{n}": f"{self.px(n)}px" for n in _SIZES}
        return Template(_STYLE).substitute(sizes, **_COLOURS)


def interface_font(size_px: int, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """Return the interface font with its fallbacks for Chinese, Japanese and Korean names."""
    font = QFont()
    font.setFamilies(FAMILIES)
    font.setPixelSize(max(1, size_px))
    font.setWeight(weight)
    return font


def load_fonts() -> None:
    """Register the bundled fonts; the kiosk never depends on the fonts of the machine."""
    for name in assets.FONT_FILES:
        if QFontDatabase.addApplicationFontFromData(assets.font_bytes(name)) < 0:
            raise RuntimeError(f"the bundled font {name} cannot be loaded")


# --- scaling ------------------------------------------------------------------------------------


class Themed:
    """Mixed into widgets that paint themselves or have sizes the style sheet cannot express."""

    theme: Theme = Theme()

    def set_theme(self, theme: Theme) -> None:
        """Take the sizes of the window."""
        self.theme = theme


L = TypeVar("L", bound=QLayout)


def spaced(layout: L, spacing: float = 0, margins: tuple[float, ...] = (0,)) -> L:
    """Give a layout spacing and margins in design pixels (one, two or four numbers)."""
    if len(margins) == 1:
        margins = margins * 4
    elif len(margins) == 2:
        margins = (margins[0], margins[1], margins[0], margins[1])
    layout.setProperty("designSpacing", float(spacing))
    layout.setProperty("designMargins", [float(m) for m in margins])
    _scale_layout(layout, Theme())
    return layout


def column(spacing: float = 0, margins: tuple[float, ...] = (0,)) -> QVBoxLayout:
    """Return a vertical layout, sizes in design pixels."""
    return spaced(QVBoxLayout(), spacing, margins)


def row(spacing: float = 0, margins: tuple[float, ...] = (0,)) -> QHBoxLayout:
    """Return a horizontal layout, sizes in design pixels."""
    return spaced(QHBoxLayout(), spacing, margins)


def grid(spacing: float = 0, margins: tuple[float, ...] = (0,)) -> QGridLayout:
    """Return a grid layout, sizes in design pixels."""
    return spaced(QGridLayout(), spacing, margins)


def sized(
    widget: QWidget,
    *,
    width: float | None = None,
    height: float | None = None,
    max_width: float | None = None,
    min_height: float | None = None,
) -> Any:
    """Give a widget fixed, largest or smallest sizes in design pixels; returns the widget."""
    for key, value in (
        ("designWidth", width),
        ("designHeight", height),
        ("designMaxWidth", max_width),
        ("designMinHeight", min_height),
    ):
        if value is not None:
            widget.setProperty(key, float(value))
    _scale_widget(widget, Theme())
    return widget


def apply_theme(root: QWidget, theme: Theme) -> None:
    """Scale a widget and everything below it."""
    widgets = [root, *root.findChildren(QWidget)]
    for widget in widgets:
        if isinstance(widget, Themed):
            widget.set_theme(theme)
        _scale_widget(widget, theme)
    for layout in root.findChildren(QLayout):
        _scale_layout(layout, theme)


def _scale_layout(layout: QLayout, theme: Theme) -> None:
    margins = layout.property("designMargins")
    if margins is None:
        return
    left, top, right, bottom = (round(m * theme.scale) for m in margins)
    layout.setContentsMargins(left, top, right, bottom)
    layout.setSpacing(round(layout.property("designSpacing") * theme.scale))


def _scale_widget(widget: QWidget, theme: Theme) -> None:
    for key, apply in (
        ("designWidth", widget.setFixedWidth),
        ("designHeight", widget.setFixedHeight),
        ("designMaxWidth", widget.setMaximumWidth),
        ("designMinHeight", widget.setMinimumHeight),
    ):
        value = widget.property(key)
        if value is not None:
            apply(theme.px(value))


def set_direction(layout: QBoxLayout, *, portrait: bool) -> None:
    """Stack a layout top to bottom on a portrait screen, left to right otherwise."""
    layout.setDirection(
        QBoxLayout.Direction.TopToBottom if portrait else QBoxLayout.Direction.LeftToRight
    )


def restyle(widget: QWidget, **properties: object) -> None:
    """Change dynamic properties that the style sheet looks at, and apply them."""
    for name, value in properties.items():
        QObject.setProperty(widget, name, value)
    widget.style().unpolish(widget)
    widget.style().polish(widget)
    widget.update()


# --- the style sheet ----------------------------------------------------------------------------

_SIZES = (
    1,
    2,
    6,
    8,
    10,
    12,
    14,
    16,
    18,
    20,
    22,
    24,
    26,
    28,
    30,
    34,
    36,
    40,
    44,
    56,
    64,
    72,
    84,
    96,
)
_COLOURS = {
    "background": BACKGROUND,
    "surface": SURFACE,
    "raised": RAISED,
    "line": LINE,
    "text": TEXT,
    "soft": TEXT_SOFT,
    "accent": ACCENT,
    "deep": ACCENT_DEEP,
    "ok": OK,
    "warning": WARNING,
    "danger": DANGER,
    "dangerdeep": DANGER_DEEP,
}

_STYLE = """
* { font-family: "Inter", "Kiosk Han", "Kiosk Hangul"; font-size: $p22; color: $text; outline: 0; }
QMainWindow, QStackedWidget, #screen { background: $background; }
QLabel { background: transparent; }
QLabel[role="title"] { font-size: $p40; font-weight: 700; }
QLabel[role="heading"] { font-size: $p28; font-weight: 600; }
QLabel[role="lead"] { font-size: $p26; }
QLabel[role="body"] { font-size: $p22; }
QLabel[role="strong"] { font-size: $p22; font-weight: 600; }
QLabel[role="soft"] { font-size: $p20; color: $soft; }
QLabel[role="small"] { font-size: $p18; color: $soft; }
QLabel[role="caption"] { font-size: $p18; font-weight: 600; color: $soft; }
QLabel[tone="ok"] { color: $ok; }
QLabel[tone="warning"] { color: $warning; }
QLabel[tone="danger"] { color: $danger; }

QFrame[card="true"] { background: $surface; border-radius: $p20; }
QFrame[card="raised"] { background: $raised; border: $p1 solid $line; border-radius: $p24; }
QFrame[card="demo"] { background: #1d2440; border: 0; border-radius: 0; }
QFrame[card="alarm"] { background: #3a1719; border: $p1 solid #84363a; border-radius: $p16; }
QFrame[card="warning"] { background: #33280f; border: $p1 solid #6b5316; border-radius: $p16; }

QPushButton {
  background: $raised; border: $p1 solid $line; border-radius: $p16;
  padding: 0 $p24; min-height: $p64; font-size: $p22; font-weight: 600;
}
QPushButton:pressed { background: $line; }
QPushButton:disabled { color: #5f6d83; background: $surface; border-color: $raised; }
QPushButton:focus { border-color: $accent; }
QPushButton[kind="primary"] { background: $deep; border-color: $deep; }
QPushButton[kind="primary"]:pressed { background: $accent; }
QPushButton[kind="primary"]:focus { border-color: $text; }
QPushButton[kind="primary"]:disabled {
  color: #7285a3; background: #1a2d4a; border-color: #1a2d4a;
}
QPushButton[kind="danger"] { background: $dangerdeep; border-color: $dangerdeep; }
QPushButton[kind="danger"]:pressed { background: $danger; }
QPushButton[kind="danger"]:focus { border-color: $text; }
QPushButton[kind="quiet"] { background: transparent; border-color: transparent; color: $soft; }
QPushButton[kind="quiet"]:pressed { background: $raised; }
QPushButton[kind="quiet"]:focus { border-color: $line; }
QPushButton[kind="icon"] {
  background: transparent; border-color: transparent; padding: 0;
  min-width: $p64; max-width: $p64; min-height: $p64;
}
QPushButton[kind="icon"]:pressed, QPushButton[kind="icon"]:checked { background: $raised; }
QPushButton[kind="tile"] { background: $surface; border-radius: $p24; padding: 0; }
QPushButton[kind="tile"]:pressed { background: $raised; }
QPushButton[kind="keypad"] { min-height: $p84; border-radius: $p20; font-size: $p28; }
QPushButton[kind="key"] {
  padding: 0; border-radius: $p12; font-size: $p26; font-weight: 400; min-height: $p56;
}
QPushButton[kind="pad"] {
  padding: 0; border-radius: $p20; font-size: $p34; font-weight: 600; min-height: $p84;
}
QPushButton[kind="field"] {
  background: $background; border: $p2 solid $line; border-radius: $p14;
  padding: 0 $p18; min-height: $p64; font-weight: 400; text-align: left;
}
QPushButton[kind="field"]:pressed { background: $raised; }
QPushButton[kind="field"]:disabled { color: #5f6d83; }
QPushButton[kind="cue"] {
  padding: 0 $p6; min-height: $p44; border-radius: $p12; font-size: $p16; font-weight: 400;
}
QPushButton[kind="cue"]:pressed { background: $deep; border-color: $deep; }
QPushButton[kind="chip"] { padding: 0 $p20; min-height: $p56; font-weight: 400; font-size: $p20; }
QPushButton[kind="ok"] {
  padding: 0; border-radius: $p20; font-size: $p28; min-height: $p84;
  background: $deep; border-color: $deep;
}
QPushButton[kind="ok"]:pressed { background: $accent; }
QPushButton[kind="ok"]:disabled { color: #7285a3; background: #1a2d4a; border-color: #1a2d4a; }
QPushButton[kind="keydone"] {
  padding: 0; border-radius: $p12; min-height: $p56; background: $deep; border-color: $deep;
}
QPushButton[kind="medium"] { min-height: $p96; padding: 0; background: $surface; }
QPushButton[kind="medium"]:pressed { background: $raised; }
QPushButton[kind="day"] {
  padding: 0; min-height: $p44; border-radius: $p12; font-size: $p20; font-weight: 400;
  background: transparent; border-color: transparent;
}
QPushButton[kind="day"]:disabled { color: #4d5a70; }
QPushButton[kind="day"]:checked { background: $deep; font-weight: 600; }
QPushButton[kind="chip"]:checked {
  background: $deep; border-color: $deep; font-weight: 600;
}

QLineEdit {
  background: $background; border: $p2 solid $line; border-radius: $p14;
  padding: 0 $p18; min-height: $p64; font-size: $p24; selection-background-color: $deep;
}
QLineEdit:focus { border-color: $accent; }

QListView { background: transparent; border: 0; }
QScrollArea, QScrollArea > QWidget > QWidget { background: transparent; border: 0; }
QScrollBar:vertical { background: transparent; width: $p12; margin: 0; }
QScrollBar::handle:vertical { background: $line; border-radius: $p6; min-height: $p64; }
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {
  background: transparent; height: 0;
}
"""
