"""A large box to tick, with a sentence beside it that is part of the touch area."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QWidget

from ui import theme
from ui.theme import Theme, Themed
from ui.widgets.icons import paint_icon
from ui.widgets.plain import PlainLabel


class _Box(Themed, QWidget):
    """The box itself."""

    def __init__(self) -> None:
        super().__init__()
        self.checked = False
        self.set_theme(Theme())

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        self.setFixedSize(theme.px(48), theme.px(48))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        width = self.theme.px(3)
        area = QRectF(self.rect()).adjusted(width, width, -width, -width)
        painter.setPen(QPen(QColor(theme.OK if self.checked else theme.TEXT_SOFT), width))
        painter.setBrush(QColor(theme.OK) if self.checked else Qt.BrushStyle.NoBrush)
        radius = self.theme.px(12)
        painter.drawRoundedRect(area, radius, radius)
        if self.checked:
            inset = area.width() * 0.14
            paint_icon(
                painter, area.adjusted(inset, inset, -inset, -inset), "check", theme.BACKGROUND
            )
        painter.end()


class Tick(QFrame):
    """A tick box for fingers."""

    # Ticked or not.
    toggled = Signal(bool)

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("card", "true")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._box = _Box()
        self.label = PlainLabel(text)
        self.label.setProperty("role", "soft")
        self.label.setWordWrap(True)
        layout = theme.row(20, (20, 14))
        layout.addWidget(self._box, 0, Qt.AlignmentFlag.AlignVCenter)
        layout.addWidget(self.label, 1)
        self.setLayout(layout)

    def is_checked(self) -> bool:
        """Return whether the box is ticked."""
        return self._box.checked

    def set_checked(self, checked: bool) -> None:
        """Tick the box or clear it."""
        if checked != self._box.checked:
            self._box.checked = checked
            self._box.update()
            self.toggled.emit(checked)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self.rect().contains(event.position().toPoint()):
            self.set_checked(not self.is_checked())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space:
            self.set_checked(not self.is_checked())
        else:
            super().keyPressEvent(event)
