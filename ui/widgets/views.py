"""The five views of an enrolment: a face in the middle, an arc per direction around it."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui import theme
from ui.theme import Theme, Themed
from ui.widgets.icons import paint_icon

# Where each view lies, as (column, row) around the middle. The picture is a mirror, so the
# person's own left is on the left.
PLACES = {"FRONT": (0, 0), "LEFT": (-1, 0), "RIGHT": (1, 0), "UP": (0, -1), "DOWN": (0, 1)}
ICONS = {"FRONT": "face", "LEFT": "left", "RIGHT": "right", "UP": "up", "DOWN": "down"}


class ViewIndicator(Themed, QWidget):
    """Shows which views are taken, which is wanted, and how long it was held."""

    def __init__(self, side: float = 260, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._side = side
        self._wanted = ""
        self._taken: frozenset[str] = frozenset()
        self._hold_fraction = 0.0
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.set_theme(Theme())

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        self.setFixedSize(theme.px(self._side), theme.px(self._side))

    def sizeHint(self) -> QSize:
        return self.size()

    def show_progress(self, wanted: str, taken: frozenset[str], hold_fraction: float) -> None:
        """Show the view wanted now (empty: none), the views taken, and the hold from 0 to 1."""
        self._wanted, self._taken = wanted, taken
        self._hold_fraction = min(1.0, max(0.0, hold_fraction))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        side = min(self.width(), self.height())
        middle = QPointF(self.width() / 2, self.height() / 2)
        step = side * 0.345
        for name, (column, row) in PLACES.items():
            radius = side * (0.155 if name == "FRONT" else 0.13)
            centre = middle + QPointF(column * step, row * step)
            self._paint_view(painter, name, centre, radius)
        painter.end()

    def _paint_view(self, painter: QPainter, name: str, centre: QPointF, radius: float) -> None:
        disc = QRectF(centre.x() - radius, centre.y() - radius, radius * 2, radius * 2)
        taken, wanted = name in self._taken, name == self._wanted
        colour = theme.OK if taken else theme.ACCENT if wanted else theme.TEXT_SOFT
        fill = QColor(colour)
        fill.setAlphaF(0.22 if taken or wanted else 0.08)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(fill)
        painter.drawEllipse(disc)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        stroke = max(3.0, radius * 0.14)
        rim = disc.adjusted(stroke / 2, stroke / 2, -stroke / 2, -stroke / 2)
        pen = QPen(QColor(theme.LINE), stroke)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.drawEllipse(rim)
        share = 1.0 if taken else self._hold_fraction if wanted else 0.0
        if share > 0:
            pen.setColor(QColor(colour))
            painter.setPen(pen)
            painter.drawArc(rim, 90 * 16, -round(360 * 16 * share))
        inset = radius * 0.52
        square = disc.adjusted(inset, inset, -inset, -inset)
        paint_icon(painter, square, "check" if taken else ICONS[name], colour)
