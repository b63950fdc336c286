"""Text as large as its place allows: names differ in length, walls in distance."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui import theme
from ui.theme import Theme, Themed, interface_font


class FitLabel(Themed, QWidget):
    """Word-wrapped text that shrinks from ``largest`` to ``smallest`` design pixels to fit."""

    def __init__(
        self,
        largest: float,
        smallest: float,
        *,
        weight: QFont.Weight = QFont.Weight.Bold,
        colour: str = theme.TEXT,
        alignment: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
        lines: float = 2,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._largest = largest
        self._smallest = smallest
        self._weight = weight
        self._colour = QColor(colour)
        self._alignment = alignment
        self._lines = lines
        self._text = ""
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def text(self) -> str:
        """Return what is shown."""
        return self._text

    def set_text(self, text: str, colour: str | None = None) -> None:
        """Show other text, and in another colour when one is given."""
        if colour is not None:
            self._colour = QColor(colour)
        if text != self._text:
            self._text = text
            self.setAccessibleName(text)
            self.updateGeometry()
        self.update()

    def set_largest(self, largest: float) -> None:
        """Change the largest size, design pixels."""
        self._largest = largest
        self.updateGeometry()

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        self.updateGeometry()

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._fit(width, self._tallest())[2].height()

    def sizeHint(self) -> QSize:
        width = self.theme.px(self._largest * 5)
        return QSize(width, self.heightForWidth(max(width, self.width())))

    def minimumSizeHint(self) -> QSize:
        return QSize(self.theme.px(self._smallest * 4), self.theme.px(self._smallest * 1.22))

    def fitting_font(self) -> tuple[QFont, bool]:
        """Return the largest font with which the text fits, and whether it fits at all."""
        font, _, needed = self._fit(self.width(), self.height())
        return font, needed.height() <= self.height() and needed.width() <= self.width()

    def _tallest(self) -> int:
        return round(self.theme.px(self._largest) * 1.22 * self._lines)

    def _fit(self, width: int, height: int) -> tuple[QFont, int, QRect]:
        """Return the largest font that fits, how to break lines, and the room the text needs."""
        size = self.theme.px(self._largest)
        smallest = min(size, self.theme.px(self._smallest))
        flags = int(self._alignment) | int(Qt.TextFlag.TextWordWrap)
        space = QRect(0, 0, width, 100_000)
        while True:
            font = interface_font(size, self._weight)
            needed = QFontMetrics(font).boundingRect(space, flags, self._text)
            if needed.height() <= height and needed.width() <= width:
                return font, flags, needed
            if size <= smallest:
                # A word longer than the line: break it anywhere rather than cut it off.
                flags |= int(Qt.TextFlag.TextWrapAnywhere)
                return font, flags, QFontMetrics(font).boundingRect(space, flags, self._text)
            size = max(smallest, round(size * 0.94) - 1)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        font, flags, _ = self._fit(self.width(), self.height())
        painter.setFont(font)
        painter.setPen(self._colour)
        painter.drawText(QRectF(self.rect()), flags, self._text)
        painter.end()
