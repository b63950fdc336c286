"""The question for a PIN at the door, beside the picture."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QBoxLayout, QFrame, QSizePolicy, QWidget

from kiosk.domain import Guidance
from kiosk.listener import PinPrompt
from ui import texts, theme
from ui.widgets.icons import IconDisc
from ui.widgets.keypad import Keypad
from ui.widgets.plain import PlainLabel


class PinPanel(QFrame):
    """Words and a keypad; above each other, or side by side on a portrait screen."""

    # OK was touched; the digits typed.
    entered = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("card", "true")
        self._prompt: PinPrompt | None = None
        title = PlainLabel(texts.DOOR_PIN_TITLE)
        title.setProperty("role", "title")
        title.setWordWrap(True)
        self.message = PlainLabel()
        self.message.setProperty("role", "body")
        self.message.setWordWrap(True)
        self.message.setAlignment(Qt.AlignmentFlag.AlignTop)
        # The message changes its length; the keypad must not move under a finger.
        theme.sized(self.message, min_height=72)
        self.keypad = Keypad()
        self.keypad.entered.connect(self._enter)
        self._disc = IconDisc("key", theme.ACCENT, 76)
        words = theme.column(14)
        words.addStretch(1)
        words.addWidget(self._disc)
        words.addWidget(title)
        words.addWidget(self.message)
        words.addStretch(1)
        self._parts = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        theme.spaced(self._parts, 20, (28, 20))
        self._parts.addLayout(words, 1)
        self._parts.addWidget(self.keypad, 0, Qt.AlignmentFlag.AlignCenter)
        self.setLayout(self._parts)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def arrange(self, portrait: bool) -> None:
        """Put words and keypad side by side on a portrait screen, where the panel is wide."""
        theme.set_direction(self._parts, portrait=not portrait)
        self._disc.setVisible(portrait)

    def ask(self, prompt: PinPrompt, guidance: Guidance | None = None) -> None:
        """Show how it stands with the question; ``guidance``: what the face lacks for the door."""
        if self._prompt is None:
            self.keypad.clear()
        is_open = not (prompt.is_checking or prompt.is_right)
        self._prompt = prompt
        self.keypad.setEnabled(is_open)
        if is_open:
            self.keypad.setFocus()
        text, tone = texts.door_pin(
            prompt.is_checking, prompt.is_right, prompt.answers, prompt.attempts_left
        )
        if prompt.is_right and guidance is not None:
            text = texts.GUIDANCE[guidance].headline
        self._say(text, tone)

    def forget(self) -> None:
        """Forget what was typed: a half-typed PIN must not wait for the next person."""
        self._prompt = None
        self.keypad.clear()

    def _say(self, text: str, tone: str) -> None:
        self.message.setText(text)
        theme.restyle(self.message, tone=tone)

    @Slot(str)
    def _enter(self, pin: str) -> None:
        # Until the engine says how it stands; it takes one at a time.
        self.keypad.setEnabled(False)
        self._say(texts.LOGIN_CHECKING, "")
        self.entered.emit(pin)
