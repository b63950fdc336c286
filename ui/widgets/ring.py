"""Rings: the time a door stays open, the steady time of a shot, and work under way."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QRectF, Qt, QTimer, Slot
from PySide6.QtGui import QColor, QFont, QHideEvent, QPainter, QPaintEvent, QPen, QShowEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui import theme
from ui.theme import Theme, Themed, interface_font
from ui.widgets.icons import paint_icon


class Ring(Themed, QWidget):
    """A ring with an icon or a number in it: counting down, filling, or turning."""

    def __init__(
        self,
        side: float = 132,
        now_ns: Callable[[], int] = time.monotonic_ns,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._side = side
        self._now_ns = now_ns
        self._icon = ""
        self._colour = theme.ACCENT
        self._started_ns = 0
        self._ends_ns: int | None = None
        self._turning = False
        self._timer = QTimer(self)
        self._timer.setInterval(40)
        self._timer.timeout.connect(self._tick)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.set_theme(Theme())

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        self.set_side(self._side)

    def set_side(self, side: float) -> None:
        """Change the size, design pixels."""
        self._side = side
        self.setFixedSize(self.theme.px(side), self.theme.px(side))

    def show_icon(self, icon: str, colour: str) -> None:
        """Show an icon in a still, tinted disc."""
        self._show(icon, colour, ends_ns=None, turning=False)

    def turn(self, icon: str, colour: str) -> None:
        """Show that work is under way, for an unknown time."""
        self._show(icon, colour, ends_ns=None, turning=True)

    def count_down(self, icon: str, colour: str, ends_ns: int) -> None:
        """Show the seconds left until a monotonic deadline."""
        if ends_ns == self._ends_ns:
            return
        self._show(icon, colour, ends_ns=ends_ns, turning=False)

    def seconds_left(self) -> float:
        """Return the seconds until the deadline; 0 without one."""
        if self._ends_ns is None:
            return 0.0
        return max(0.0, (self._ends_ns - self._now_ns()) / 1e9)

    def _show(self, icon: str, colour: str, *, ends_ns: int | None, turning: bool) -> None:
        self._icon, self._colour = icon, colour
        self._ends_ns, self._turning = ends_ns, turning
        self._started_ns = self._now_ns()
        self._run_timer()
        self.update()

    def _run_timer(self) -> None:
        if self.isVisible() and (self._turning or self._ends_ns is not None):
            self._timer.start()
        else:
            self._timer.stop()

    @Slot()
    def _tick(self) -> None:
        if self._ends_ns is not None and self.seconds_left() <= 0:
            self._timer.stop()
        self.update()

    def showEvent(self, event: QShowEvent) -> None:
        self._run_timer()

    def hideEvent(self, event: QHideEvent) -> None:
        self._timer.stop()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        side = min(self.width(), self.height())
        stroke = max(3.0, side * 0.07)
        colour = QColor(self._colour)
        tint = QColor(colour)
        tint.setAlphaF(0.18)
        disc = QRectF(0, 0, side, side).adjusted(stroke / 2, stroke / 2, -stroke / 2, -stroke / 2)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(tint)
        painter.drawEllipse(disc)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(colour, stroke, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        if self._turning:
            angle = (self._now_ns() - self._started_ns) / 1e9 * 300
            painter.drawArc(disc, round((90 - angle) * 16), -100 * 16)
        elif self._ends_ns is not None:
            whole = max(1, self._ends_ns - self._started_ns) / 1e9
            painter.drawArc(disc, 90 * 16, round(360 * 16 * min(1.0, self.seconds_left() / whole)))
        if self._ends_ns is not None and self.seconds_left() > 0:
            painter.setFont(interface_font(round(side * 0.42), QFont.Weight.Bold))
            painter.setPen(colour)
            number = str(int(self.seconds_left()) + 1)
            painter.drawText(disc, Qt.AlignmentFlag.AlignCenter, number)
        else:
            inset = side * 0.25
            square = QRectF(0, 0, side, side).adjusted(inset, inset, -inset, -inset)
            paint_icon(painter, square, self._icon, self._colour)
        painter.end()
