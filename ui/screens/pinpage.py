"""The page that setup, login and PIN change share: a title, a message, the keypad."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QBoxLayout, QWidget

from ui import texts, theme
from ui.screens.base import Screen, label
from ui.widgets.icons import IconDisc
from ui.widgets.keypad import Keypad
from ui.widgets.plain import PlainButton


class PinPage(Screen):
    """Words beside (or, on a portrait screen, above) a keypad."""

    def __init__(self, title: str, prompt: str, *, cancel: str = texts.CANCEL) -> None:
        super().__init__()
        self._prompt = prompt
        self.title = label(title, "title")
        self.message = label(prompt, "body")
        # The message changes its length; the keypad must not move under a finger.
        theme.sized(self.message, min_height=96)
        self.message.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.keypad = Keypad()
        self.cancel_button = PlainButton(cancel)
        self.cancel_button.setProperty("kind", "quiet")
        self.cancel_button.setVisible(bool(cancel))
        self.cancel_button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.words = theme.column(20)
        self.words.addStretch(1)
        self.words.addWidget(IconDisc("key", theme.ACCENT, 96))
        self.words.addWidget(self.title)
        self.words.addWidget(self.message)
        self.buttons = theme.row(12)
        self.buttons.addWidget(self.cancel_button)
        self.buttons.addStretch(1)
        self.words.addLayout(self.buttons)
        self.words.addStretch(1)
        left = QWidget()
        left.setLayout(self.words)
        theme.sized(left, width=420)
        self._halves = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        theme.spaced(self._halves, 72, (56, 40))
        self._halves.addStretch(1)
        self._halves.addWidget(left, 0, Qt.AlignmentFlag.AlignCenter)
        self._halves.addWidget(self.keypad, 0, Qt.AlignmentFlag.AlignCenter)
        self._halves.addStretch(1)
        self.setLayout(self._halves)

    def enter(self) -> None:
        self.keypad.clear()
        self.keypad.setEnabled(True)
        self.keypad.setFocus()
        self.say(self._prompt)

    def leave(self) -> None:
        # A half-typed PIN must not wait for the next person.
        self.keypad.clear()
        super().leave()

    def arrange(self, portrait: bool) -> None:
        theme.set_direction(self._halves, portrait=portrait)

    def say(self, text: str, tone: str = "") -> None:
        """Show a message, in the colour of a tone: ok, warning or danger."""
        self.message.setText(text)
        theme.restyle(self.message, tone=tone)
