"""How long each stage of the recognition takes, as bars."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui import texts, theme
from ui.theme import Themed

SMOOTHING = 0.2
"""Weight of the newest frame in the running mean: single spikes do not make the bars jump."""


class StageBars(Themed, QWidget):
    """One bar per stage, milliseconds, a running mean, and their sum."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.means_ms: dict[str, float] = {}
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.MinimumExpanding)

    def sizeHint(self) -> QSize:
        rows = max(3, len(self.means_ms) + 1)
        return QSize(self.theme.px(320), self.theme.px(38) * rows)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def show_stages(self, stage_ms: dict[str, float]) -> None:
        """Take the times of one frame."""
        before = len(self.means_ms)
        for name, spent_ms in stage_ms.items():
            mean = self.means_ms.get(name, spent_ms)
            self.means_ms[name] = mean + SMOOTHING * (spent_ms - mean)
        if len(self.means_ms) != before:
            self.updateGeometry()
        self.update()

    def clear(self) -> None:
        """Forget all times."""
        self.means_ms.clear()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self.theme.font(19))
        if not self.means_ms:
            painter.setPen(QColor(theme.TEXT_SOFT))
            painter.drawText(QRectF(self.rect()), Qt.AlignmentFlag.AlignLeft, texts.DIAG_NO_SPEED)
            painter.end()
            return
        total = sum(self.means_ms.values())
        largest = max(*self.means_ms.values(), 1e-6)
        height = self.theme.px(38)
        for place, (name, mean_ms) in enumerate(self.means_ms.items()):
            self._paint_row(painter, place * height, name, mean_ms, mean_ms / largest)
        painter.setFont(self.theme.font(19, QFont.Weight.DemiBold))
        self._paint_row(painter, len(self.means_ms) * height, "total", total, 0.0)
        painter.end()

    def _paint_row(
        self, painter: QPainter, top: float, name: str, spent_ms: float, share: float
    ) -> None:
        height = self.theme.px(38)
        name_width, figure_width = self.width() * 0.27, self.theme.px(110)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setPen(QColor(theme.TEXT))
        painter.drawText(QRectF(0, top, name_width, height), middle, name)
        figure = QRectF(self.width() - figure_width, top, figure_width, height)
        painter.drawText(figure, middle | Qt.AlignmentFlag.AlignRight, f"{spent_ms:.1f} ms")
        if share > 0:
            thick = self.theme.px(14)
            room = self.width() - name_width - figure_width
            bar = QRectF(name_width, top + (height - thick) / 2, max(thick, room * share), thick)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme.ACCENT))
            painter.drawRoundedRect(bar, thick / 2, thick / 2)
