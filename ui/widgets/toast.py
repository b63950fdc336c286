"""A short notice at the edge that goes away by itself."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt, QTimer
from PySide6.QtWidgets import QFrame, QWidget

from ui import theme
from ui.widgets.icons import icon_pixmap
from ui.widgets.plain import PlainLabel
from ui.widgets.sheet import theme_of

LEVELS = {
    "ok": ("check", theme.OK),
    "info": ("info", theme.ACCENT),
    "warning": ("warning", theme.WARNING),
    "fault": ("warning", theme.DANGER),
}


class Toast(QFrame):
    """Shows one notice at a time; the newest wins."""

    def __init__(self, window: QWidget, area: QWidget) -> None:
        """Stay within ``area`` of the window, at its lower edge."""
        super().__init__(window)
        self._window = window
        self._area = area
        self._is_at_top = False
        self.setProperty("card", "raised")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._icon = PlainLabel()
        self.label = PlainLabel()
        self.label.setWordWrap(True)
        layout = theme.row(16, (24, 18))
        layout.addWidget(self._icon)
        layout.addWidget(self.label, 1)
        self.setLayout(layout)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.hide)
        window.installEventFilter(self)
        self.hide()

    def show_notice(self, text: str, level: str = "info") -> None:
        """Show a sentence, longer when it is longer or a fault."""
        icon, colour = LEVELS[level]
        sizes = theme_of(self._window)
        theme.apply_theme(self, sizes)
        self._icon.setPixmap(icon_pixmap(icon, sizes.px(32), colour, self.devicePixelRatioF()))
        self.label.setText(text)
        self._place()
        self.show()
        self.raise_()
        self._timer.start((4000 if level in ("ok", "info") else 8000) + 30 * len(text))

    def set_at_top(self, at_top: bool) -> None:
        """Choose the upper edge, for screens whose buttons are at the lower one."""
        self._is_at_top = at_top
        if self.isVisible():
            self._place()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return False

    def _place(self) -> None:
        sizes = theme_of(self._window)
        margin, edge = sizes.px(24), sizes.px(8 if self._is_at_top else 24)
        area = QRect(self._area.mapTo(self._window, QPoint()), self._area.size())
        # A word-wrapped label knows no width of its own: measure the line.
        self.ensurePolished()
        self.label.ensurePolished()
        line = self.label.fontMetrics().horizontalAdvance(self.label.text())
        frame = sizes.px(24 * 2 + 16 + 32) + 8
        width = min(self._window.width() - 2 * margin, sizes.px(860), line + frame)
        height = max(sizes.px(72), self.heightForWidth(width))
        left = (self._window.width() - width) // 2
        top = area.top() + edge if self._is_at_top else area.bottom() + 1 - edge - height
        self.setGeometry(left, top, width, height)
