"""A line across the screen that says what is wrong, in the colour of how bad it is."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QWidget

from ui import theme
from ui.widgets.icons import IconDisc
from ui.widgets.plain import PlainLabel


class NoticeBar(QFrame):
    """Hidden while there is nothing to say."""

    def __init__(
        self, card: str, tone: str, icon: str, colour: str, parent: QWidget | None = None
    ) -> None:
        """``card`` and ``tone`` name looks of the style sheet."""
        super().__init__(parent)
        self.setProperty("card", card)
        self.label = PlainLabel()
        self.label.setProperty("role", "small")
        self.label.setProperty("tone", tone)
        self.label.setWordWrap(True)
        layout = theme.row(14, (20, 12))
        layout.addWidget(IconDisc(icon, colour, 40))
        layout.addWidget(self.label, 1)
        self.setLayout(layout)
        self.hide()

    def show_notice(self, text: str) -> None:
        """Say something else, or with nothing hide."""
        self.label.setText(text)
        self.setVisible(bool(text))
