"""A week to paint on with a finger: drag over the hours in which the door may open."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from kiosk.access.model import DAY_MIN
from ui import righttexts, theme
from ui.theme import Themed
from ui.widgets.weekplan import HOLIDAY_ROW, WeekPlan

ROWS = 8
STEPS_MIN = (30, 15)
"""What one touch paints: a finger is not finer than half an hour on a small screen."""
_UNDO_DEPTH = 50


class _Cell(NamedTuple):
    row: int
    start_min: int


class WeekPainter(Themed, QWidget):
    """Seven days and a row for holidays across 24 hours.

    A drag that begins on a free place paints, one that begins on a painted place wipes; it may go
    over several days at once.
    """

    # What is painted has changed.
    changed = Signal()
    # The name of a row (0–6 from Monday, 7 holidays) was touched.
    row_touched = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.plan = WeekPlan()
        self.step_min = STEPS_MIN[0]
        self._before: list[WeekPlan] = []
        self._base: WeekPlan | None = None
        self._from = self._to = _Cell(0, 0)
        self._paints = True
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(righttexts.WEEK_NAME)

    def sizeHint(self) -> QSize:
        return QSize(self.theme.px(640), self.theme.px(8 * 50 + 40))

    def minimumSizeHint(self) -> QSize:
        return QSize(self.theme.px(420), self.theme.px(8 * 40 + 34))

    # --- what is painted --------------------------------------------------------------------------

    def show_plan(self, plan: WeekPlan) -> None:
        """Show another plan; nothing can be undone."""
        self.plan = plan
        self._before.clear()
        self._base = None
        self.changed.emit()
        self.update()

    def change(self, plan: WeekPlan) -> None:
        """Take a changed plan, which can be undone."""
        if plan == self.plan:
            return
        self._before = [*self._before[1 - _UNDO_DEPTH :], self.plan]
        self.plan = plan
        self.changed.emit()
        self.update()

    def can_undo(self) -> bool:
        """Tell whether there is a step to take back."""
        return bool(self._before)

    def undo(self) -> None:
        """Take the last step back."""
        if self._before:
            self.plan = self._before.pop()
            self.changed.emit()
            self.update()

    # --- where things are -------------------------------------------------------------------------

    def _field(self) -> QRectF:
        """Return where the hours are: right of the names, below the numbers."""
        left, top = self.theme.px(112), self.theme.px(34)
        return QRectF(left, top, self.width() - left - self.theme.px(14), self.height() - top)

    def row_area(self, row: int) -> QRectF:
        """Return where a row is painted; the holidays stand a little apart."""
        field, gap = self._field(), self.theme.px(10)
        height = (field.height() - gap) / ROWS
        top = field.top() + row * height + (gap if row == HOLIDAY_ROW else 0)
        between = self.theme.px(4)
        return QRectF(field.left(), top, field.width(), height - between)

    def place_of(self, row: int, minute: int) -> QPointF:
        """Return the place of a minute in the middle of a row, for tests and the bubble."""
        area = self.row_area(row)
        return QPointF(area.left() + area.width() * minute / DAY_MIN, area.center().y())

    def _row_at(self, y: float) -> int:
        for row in range(ROWS):
            if y < self.row_area(row).bottom() + self.theme.px(2):
                return row
        return HOLIDAY_ROW

    def _cell_at(self, place: QPointF) -> _Cell:
        field = self._field()
        minute = (place.x() - field.left()) / field.width() * DAY_MIN
        last = DAY_MIN - self.step_min
        step = int(minute // self.step_min) * self.step_min
        return _Cell(self._row_at(place.y()), min(max(step, 0), last))

    # --- the finger -------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = event.position()
        if place.y() < self._field().top() - self.theme.px(8):
            return
        if place.x() < self._field().left() - self.theme.px(6):
            self.row_touched.emit(self._row_at(place.y()))
            return
        self._base = self.plan
        self._from = self._cell_at(place)
        # By its middle: a span need not begin where a step begins.
        self._paints = not self.plan.covers(
            self._from.row, self._from.start_min + self.step_min // 2
        )
        self._drag_to(self._from)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._base is not None:
            self._drag_to(self._cell_at(event.position()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._base is None:
            return
        painted, self.plan, self._base = self.plan, self._base, None
        self.change(painted)
        self.update()

    def _drag_to(self, cell: _Cell) -> None:
        assert self._base is not None
        self._to = cell
        rows, start, end = self._dragged()
        self.plan = self._base.painted(rows, start, end, self._paints)
        self.changed.emit()
        self.update()

    def _dragged(self) -> tuple[range, int, int]:
        rows = sorted((self._from.row, self._to.row))
        ends = sorted((self._from.start_min, self._to.start_min))
        return range(rows[0], rows[1] + 1), ends[0], ends[1] + self.step_min

    # --- the picture ------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_hours(painter)
        for row in range(ROWS):
            self._paint_row(painter, row)
        if self._base is not None:
            self._paint_bubble(painter)
        painter.end()

    def _paint_hours(self, painter: QPainter) -> None:
        field = self._field()
        painter.setFont(self.theme.font(18))
        painter.setPen(QColor(theme.TEXT_SOFT))
        room = QFontMetricsF(painter.font()).horizontalAdvance("0000") / field.width() * 24
        every = next(step for step in (1, 2, 3, 4, 6) if step >= room or step == 6)
        for hour in range(0, 25, every):
            x = field.left() + field.width() * hour / 24
            side = self.theme.px(40)
            area = QRectF(x - side, 0, side * 2, field.top() - self.theme.px(4))
            painter.drawText(
                area, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom, f"{hour}"
            )

    def _paint_row(self, painter: QPainter, row: int) -> None:
        area = self.row_area(row)
        radius = self.theme.px(8)
        is_holiday = row == HOLIDAY_ROW
        painter.setFont(self.theme.font(20, QFont.Weight.DemiBold))
        painter.setPen(QColor(theme.WARNING if is_holiday else theme.TEXT))
        names = QRectF(0, area.top(), area.left() - self.theme.px(10), area.height())
        pen = painter.pen()
        painter.setPen(QColor(theme.LINE))
        painter.setBrush(QColor(theme.RAISED))
        painter.drawRoundedRect(names.adjusted(1, 0, 0, 0), radius, radius)
        painter.setPen(pen)
        painter.drawText(names, Qt.AlignmentFlag.AlignCenter, righttexts.ROW_NAMES_SHORT[row])
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.SURFACE))
        painter.drawRoundedRect(area, radius, radius)
        painter.setBrush(QColor("#8a6415" if is_holiday else theme.ACCENT_DEEP))
        for start, end in self.plan.rows[row]:
            left = area.left() + area.width() * start / DAY_MIN
            width = area.width() * (end - start) / DAY_MIN
            painter.drawRoundedRect(QRectF(left, area.top(), width, area.height()), radius, radius)
        for hour in range(1, 24):
            x = area.left() + area.width() * hour / 24
            line = QColor(255, 255, 255, 60 if hour % 6 == 0 else 22)
            painter.setPen(QPen(line, 1))
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))

    def _paint_bubble(self, painter: QPainter) -> None:
        rows, start, end = self._dragged()
        words = righttexts.dragged(rows, start, end, self._paints)
        font = self.theme.font(22, QFont.Weight.DemiBold)
        metrics = QFontMetricsF(font)
        width = metrics.horizontalAdvance(words) + self.theme.px(36)
        height = self.theme.px(52)
        at = self.place_of(rows[0], (start + end) // 2)
        left = min(max(at.x() - width / 2, 0.0), self.width() - width)
        # Above the rows touched, where the finger does not cover it; below where there is no room.
        top = self.row_area(rows[0]).top() - height - self.theme.px(8)
        if top < 0:
            top = self.row_area(rows[-1]).bottom() + self.theme.px(8)
        bubble = QRectF(left, min(top, self.height() - height), width, height)
        painter.setPen(QPen(QColor(theme.OK if self._paints else theme.DANGER), self.theme.px(2)))
        painter.setBrush(QColor(theme.RAISED))
        painter.drawRoundedRect(bubble, self.theme.px(12), self.theme.px(12))
        painter.setFont(font)
        painter.setPen(QColor(theme.TEXT))
        painter.drawText(bubble, Qt.AlignmentFlag.AlignCenter, words)
