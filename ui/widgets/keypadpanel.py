"""What is asked at the door with a keypad, beside the picture: words and keys."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QBoxLayout, QFrame, QSizePolicy, QWidget

from ui import theme
from ui.widgets.icons import IconDisc
from ui.widgets.keypad import Keypad
from ui.widgets.plain import PlainButton, PlainLabel


class KeypadPanel(QFrame):
    """Words and a keypad; above each other, or side by side on a portrait screen."""

    def __init__(
        self, title: str, cancel: PlainButton | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setProperty("card", "true")
        self.title = PlainLabel(title)
        self.title.setProperty("role", "title")
        self.title.setWordWrap(True)
        self.message = PlainLabel()
        self.message.setProperty("role", "lead")
        self.message.setWordWrap(True)
        self.message.setAlignment(Qt.AlignmentFlag.AlignTop)
        # The message changes its length; the keypad must not move under a finger.
        theme.sized(self.message, min_height=72)
        self.keypad = Keypad()
        self._cancel = cancel
        self._disc = IconDisc("key", theme.ACCENT, 76)
        self._words = theme.grid(14)
        self._words.setColumnStretch(0, 1)
        self._words.setRowStretch(0, 1)
        self._words.setRowStretch(5, 1)
        self._words.addWidget(self._disc, 1, 0)
        self._words.addWidget(self.title, 2, 0)
        self._words.addWidget(self.message, 3, 0, 1, 2)
        if cancel is not None:
            self._words.addWidget(cancel, 2, 1)
        self._parts = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        theme.spaced(self._parts, 20, (28, 20))
        self._parts.addLayout(self._words, 1)
        self._parts.addWidget(self.keypad, 0, Qt.AlignmentFlag.AlignCenter)
        self.setLayout(self._parts)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def arrange(self, portrait: bool) -> None:
        """Put words and keypad side by side on a portrait screen, where the panel is wide."""
        theme.set_direction(self._parts, portrait=not portrait)
        self._disc.setVisible(portrait)
        if self._cancel is not None:
            # Above the keypad there is no room for another line, beside it none in this one.
            self._words.removeWidget(self._cancel)
            place = (4, 0, Qt.AlignmentFlag.AlignLeft) if portrait else (2, 1)
            self._words.addWidget(self._cancel, *place)

    def say(self, text: str, tone: str = "") -> None:
        """Show a message, in the colour of a tone: ok, warning or danger."""
        self.message.setText(text)
        theme.restyle(self.message, tone=tone)
