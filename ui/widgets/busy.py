"""Screens wait for the store's thread, and say so instead of freezing."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from ui import theme
from ui.widgets.plain import PlainLabel
from ui.widgets.ring import Ring


class Busy(QWidget):
    """A large turning ring with a line of text and a note."""

    def __init__(self, text: str, note: str = "", icon: str = "clock") -> None:
        super().__init__()
        self._icon = icon
        self._ring = Ring(120)
        self._ring.turn(icon, theme.ACCENT)
        layout = theme.column(20)
        layout.addStretch(1)
        layout.addWidget(self._ring, 0, Qt.AlignmentFlag.AlignHCenter)
        for words, role in ((text, "heading"), (note, "soft")):
            if words:
                label = PlainLabel(words)
                label.setProperty("role", role)
                label.setAlignment(Qt.AlignmentFlag.AlignCenter)
                label.setWordWrap(True)
                layout.addWidget(label)
        layout.addStretch(1)
        self.setLayout(layout)
