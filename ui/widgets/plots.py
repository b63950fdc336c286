"""Plots of the recognition: scores over time, and refusals by their reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QLineF, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from kiosk.domain import Guidance
from ui import texts, theme
from ui.history import WINDOW_S, Score
from ui.theme import Themed

_LEVELS = (0.0, 0.5, 1.0)
_MINUTES = (5, 4, 3, 2, 1, 0)
_GAP_NS = 1_500_000_000
"""Between frames farther apart the threshold's line is broken: another visit."""
_MIDDLE = Qt.AlignmentFlag.AlignVCenter


class ScorePlot(Themed, QWidget):
    """A dot per frame, similarity over time, with the threshold it was compared with."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scores: Sequence[Score] = ()
        self._now_ns = 0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(texts.DIAG_SCORES)
        self.show_scores((), 0)

    def sizeHint(self) -> QSize:
        return QSize(self.theme.px(320), self.theme.px(230))

    def minimumSizeHint(self) -> QSize:
        return QSize(self.theme.px(240), self.theme.px(140))

    def show_scores(self, scores: Sequence[Score], now_ns: int) -> None:
        """Show scores, oldest first, as seen at a monotonic time."""
        self._scores, self._now_ns = scores, now_ns
        passed = sum(score.is_accepted for score in scores)
        last = scores[-1] if scores else None
        self.setAccessibleDescription(
            texts.scores_summary(
                len(scores), passed, last and last.similarity, last and last.threshold
            )
        )
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self.theme.font(16))
        line = QFontMetricsF(painter.font()).height()
        self._paint_legend(painter, QRectF(0, 0, self.width(), line))
        left, gap = self.theme.px(36), self.theme.px(8)
        top = line * 1.5 + gap
        area = QRectF(left, top, self.width() - left, self.height() - top - line - gap)
        self._paint_axes(painter, area, line)
        if self._scores:
            self._paint_scores(painter, area)
        else:
            painter.setFont(self.theme.font(18))
            painter.setPen(QColor(theme.TEXT_SOFT))
            # Between two lines of the grid, not on one.
            upper = QRectF(area.left(), area.top(), area.width(), area.height() / 2)
            painter.drawText(upper, Qt.AlignmentFlag.AlignCenter, texts.DIAG_NO_SCORES)
        painter.end()

    def _paint_legend(self, painter: QPainter, row: QRectF) -> None:
        left = row.left()
        for words, colour, is_line in (
            (texts.DIAG_PASSED, theme.OK, False),
            (texts.DIAG_NOT_PASSED, theme.DANGER, False),
            (texts.DIAG_THRESHOLD, theme.TEXT, True),
        ):
            mark, gap = self.theme.px(18 if is_line else 10), self.theme.px(8)
            middle = row.center().y()
            if is_line:
                painter.setPen(self._line_pen())
                painter.drawLine(QLineF(left, middle, left + mark, middle))
            else:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(QColor(colour))
                painter.drawEllipse(QPointF(left + mark / 2, middle), mark / 2, mark / 2)
            painter.setPen(QColor(theme.TEXT_SOFT))
            width = QFontMetricsF(painter.font()).horizontalAdvance(words) + 1
            painter.drawText(QRectF(left + mark + gap, row.top(), width, row.height()), words)
            left += mark + gap + width + self.theme.px(22)

    def _paint_axes(self, painter: QPainter, area: QRectF, line: float) -> None:
        for level in _LEVELS:
            y = self._y(area, level)
            painter.setPen(QPen(QColor(theme.LINE), 1))
            painter.drawLine(QLineF(area.left(), y, area.right(), y))
            painter.setPen(QColor(theme.TEXT_SOFT))
            label = QRectF(0, y - line / 2, area.left() - self.theme.px(8), line)
            painter.drawText(label, _MIDDLE | Qt.AlignmentFlag.AlignRight, f"{level:g}")
        for minutes in _MINUTES:
            x = area.right() - area.width() * minutes * 60 / WINDOW_S
            painter.setPen(QPen(QColor(theme.LINE), 1))
            painter.drawLine(QLineF(x, area.bottom(), x, area.bottom() + self.theme.px(5)))
            painter.setPen(QColor(theme.TEXT_SOFT))
            words = texts.minutes_ago(minutes)
            width = QFontMetricsF(painter.font()).horizontalAdvance(words) + 2
            # The outermost ones stay inside.
            left = min(max(x - width / 2, area.left()), area.right() - width)
            label = QRectF(left, area.bottom() + self.theme.px(7), width, line)
            painter.drawText(label, Qt.AlignmentFlag.AlignCenter, words)

    def _paint_scores(self, painter: QPainter, area: QRectF) -> None:
        painter.setPen(self._line_pen())
        # A short visit is a few pixels wide: the line reaches beyond it on both sides.
        end = QPointF(self.theme.px(8), 0)
        lines = []
        before, there = None, QPointF()
        for score in self._scores:
            here = QPointF(self._x(area, score), self._y(area, score.threshold))
            if before is not None and score.at_ns - before.at_ns <= _GAP_NS:
                lines.append(QLineF(there, here))
            else:
                lines.append(QLineF(here - end, here))
                if before is not None:
                    lines.append(QLineF(there, there + end))
            before, there = score, here
        painter.drawLines([*lines, QLineF(there, there + end)])
        painter.setPen(Qt.PenStyle.NoPen)
        radius = max(2.0, self.theme.px(3.5))
        for score in self._scores:
            painter.setBrush(QColor(theme.OK if score.is_accepted else theme.DANGER))
            centre = QPointF(self._x(area, score), self._y(area, score.similarity))
            painter.drawEllipse(centre, radius, radius)

    def _line_pen(self) -> QPen:
        return QPen(QColor(theme.TEXT), max(1.5, self.theme.px(2)))

    def _x(self, area: QRectF, score: Score) -> float:
        ago_s = (self._now_ns - score.at_ns) / 1e9
        return area.right() - area.width() * min(max(ago_s / WINDOW_S, 0.0), 1.0)

    @staticmethod
    def _y(area: QRectF, value: float) -> float:
        # Below zero two faces have nothing in common: it does not matter how much.
        return area.bottom() - area.height() * min(max(value, 0.0), 1.0)


class RefusalBars(Themed, QWidget):
    """One bar for each of the most frequent reasons, longest first, with the number of frames."""

    ROWS = 5

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: list[tuple[str, int]] = []
        self._total = 0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(texts.DIAG_REFUSALS)
        self.show_refusals({}, 0)

    def sizeHint(self) -> QSize:
        return QSize(self.theme.px(320), self.theme.px(34) * max(1, len(self._rows)))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    @property
    def rows(self) -> list[tuple[str, int]]:
        """Return what is drawn: reason in words, frames."""
        return list(self._rows)

    def show_refusals(self, refusals: Mapping[Guidance, int], compared: int) -> None:
        """Show how often each reason was given, beside the frames that were compared."""
        found = sorted(refusals.items(), key=lambda item: -item[1])
        rows = [(texts.GUIDANCE[reason].headline, count) for reason, count in found]
        if len(rows) > self.ROWS:
            rest = sum(count for _, count in rows[self.ROWS - 1 :])
            rows = [*rows[: self.ROWS - 1], (texts.DIAG_OTHER_REASONS, rest)]
        is_resized = len(rows) != len(self._rows)
        self._rows, self._total = rows, sum(refusals.values()) + compared
        self.setAccessibleDescription(texts.refusals_summary(rows, compared))
        if is_resized:
            self.updateGeometry()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self.theme.font(18))
        if not self._rows:
            painter.setPen(QColor(theme.TEXT_SOFT))
            painter.drawText(QRectF(self.rect()), _MIDDLE, texts.DIAG_NO_REFUSALS)
            painter.end()
            return
        height = self.theme.px(34)
        largest = max(count for _, count in self._rows)
        for place, (words, count) in enumerate(self._rows):
            row = QRectF(0, place * height, self.width(), height)
            self._paint_row(painter, row, words, count, count / largest)
        painter.end()

    def _paint_row(
        self, painter: QPainter, row: QRectF, words: str, count: int, share: float
    ) -> None:
        name_width, figure_width = row.width() * 0.42, self.theme.px(128)
        painter.setFont(self.theme.font(18))
        painter.setPen(QColor(theme.TEXT))
        name = QRectF(row.left(), row.top(), name_width - self.theme.px(12), row.height())
        elided = QFontMetricsF(painter.font()).elidedText(
            words, Qt.TextElideMode.ElideRight, name.width()
        )
        painter.drawText(name, _MIDDLE, elided)
        thick = self.theme.px(12)
        room = row.width() - name_width - figure_width
        bar = QRectF(
            name_width, row.center().y() - thick / 2, max(thick, room * share), float(thick)
        )
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.WARNING))
        painter.drawRoundedRect(bar, thick / 2, thick / 2)
        painter.setFont(self.theme.font(17, QFont.Weight.DemiBold))
        painter.setPen(QColor(theme.TEXT))
        figure = QRectF(row.right() - figure_width, row.top(), figure_width, row.height())
        side = Qt.AlignmentFlag.AlignRight
        painter.drawText(figure, _MIDDLE | side, texts.count_and_share(count, self._total))
