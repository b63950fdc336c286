"""Digits for a PIN or a number: large keys, and what was typed: dots, or the digits."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QWidget

from ui import texts, theme
from ui.theme import Themed
from ui.widgets.icons import IconButton
from ui.widgets.plain import PlainButton

MAX_DIGITS = 12


class PinDots(Themed, QWidget):
    """One dot per digit typed, or the digits of what is no secret."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._count = 0
        self._digits: str | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(self.theme.px(320), self.theme.px(48))

    def show_count(self, count: int) -> None:
        """Show so many dots."""
        self._count, self._digits = count, None
        self.update()

    def show_digits(self, digits: str) -> None:
        """Show the digits themselves."""
        self._count, self._digits = len(digits), digits
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._digits is None:
            self._paint_dots(painter)
        else:
            self._paint_digits(painter, self._digits)
        painter.end()

    def _paint_digits(self, painter: QPainter, digits: str) -> None:
        painter.setPen(QPen(QColor(theme.LINE), self.theme.px(3)))
        line = self.height() - self.theme.px(2)
        painter.drawLine(0, line, self.width(), line)
        font = self.theme.font(38, QFont.Weight.DemiBold)
        width = QFontMetricsF(font).horizontalAdvance(digits)
        if width > self.width():
            font.setPixelSize(max(1, int(font.pixelSize() * self.width() / width)))
        painter.setFont(font)
        painter.setPen(QColor(theme.TEXT))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, digits)

    def _paint_dots(self, painter: QPainter) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        places = max(6, self._count)
        step = min(self.theme.px(34), self.width() / places)
        radius = step * 0.27
        left = (self.width() - step * places) / 2
        for place in range(places):
            typed = place < self._count
            painter.setBrush(QColor(theme.TEXT if typed else theme.LINE))
            centre = round(left + step * (place + 0.5))
            painter.drawEllipse(
                round(centre - radius),
                round(self.height() / 2 - radius),
                round(radius * 2),
                round(radius * 2),
            )


class Keypad(QWidget):
    """Ten digits, backspace and OK; a physical keyboard types into it as well."""

    # OK was touched; the digits typed.
    entered = Signal(str)
    # A digit was typed or taken back.
    typed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._digits = ""
        self._most = MAX_DIGITS
        self._is_secret = True
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.dots = PinDots()
        keys = theme.grid(14)
        self.keys: dict[str, PlainButton] = {}
        for index, digit in enumerate("1234567890"):
            key = PlainButton(digit)
            key.setProperty("kind", "pad")
            key.clicked.connect(partial(self._type, digit))
            place = 10 if digit == "0" else index
            self._add(keys, key, digit, place)
        backspace = IconButton("backspace", kind="pad", colour=theme.TEXT_SOFT, side=36)
        backspace.clicked.connect(self._erase)
        self._add(keys, backspace, "backspace", 9)
        confirm = PlainButton(texts.OK)
        confirm.setProperty("kind", "ok")
        confirm.clicked.connect(self._enter)
        self._add(keys, confirm, "ok", 11)
        layout = theme.column(20)
        layout.addWidget(self.dots)
        layout.addLayout(keys)
        self.setLayout(layout)
        theme.sized(self, width=420)

    def _add(self, keys: QGridLayout, key: PlainButton, name: str, place: int) -> None:
        key.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        key.setAccessibleName(name)
        keys.addWidget(key, place // 3, place % 3)
        self.keys[name] = key

    def begin(self, confirm: str, most: int, *, is_secret: bool) -> None:
        """Take something else from now on, of at most so many digits."""
        self._most, self._is_secret = most, is_secret
        self.keys["ok"].setText(confirm)
        self.clear()

    def clear(self) -> None:
        """Forget what was typed."""
        self._digits = ""
        self._show()

    def digit_count(self) -> int:
        """Return how many digits were typed."""
        return len(self._digits)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.text().isascii() and event.text().isdigit():
            self._type(event.text())
        elif event.key() == Qt.Key.Key_Backspace:
            self._erase()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._enter()
        else:
            super().keyPressEvent(event)

    def _type(self, digit: str) -> None:
        if len(self._digits) < self._most:
            self._digits += digit
            self._show()
        self.typed.emit()

    def _erase(self) -> None:
        self._digits = self._digits[:-1]
        self._show()
        self.typed.emit()

    def _show(self) -> None:
        if self._is_secret:
            self.dots.show_count(len(self._digits))
        else:
            self.dots.show_digits(self._digits)

    def _enter(self) -> None:
        digits = self._digits
        self.clear()
        if digits:
            self.entered.emit(digits)
