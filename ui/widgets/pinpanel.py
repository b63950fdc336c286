"""The question for a PIN at the door."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QWidget

from kiosk.domain import Guidance
from kiosk.listener import PinPrompt
from ui import texts
from ui.widgets.keypadpanel import KeypadPanel


class PinPanel(KeypadPanel):
    """Asks somebody who is recognised."""

    # OK was touched; the digits typed.
    entered = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(texts.DOOR_PIN_TITLE, parent=parent)
        self._prompt: PinPrompt | None = None
        self.keypad.entered.connect(self._enter)

    def ask(self, prompt: PinPrompt, guidance: Guidance | None = None) -> None:
        """Show how it stands with the question; ``guidance``: what the face lacks for the door."""
        if self._prompt is None:
            self.keypad.clear()
        is_open = not (prompt.is_checking or prompt.is_right)
        self._prompt = prompt
        self.keypad.setEnabled(is_open)
        if is_open:
            self.keypad.setFocus()
        text, tone = texts.door_pin(prompt)
        if prompt.is_right and guidance is not None:
            text = texts.GUIDANCE[guidance].headline
        self.say(text, tone)

    def forget(self) -> None:
        """Forget what was typed: a half-typed PIN must not wait for the next person."""
        self._prompt = None
        self.keypad.clear()

    @Slot(str)
    def _enter(self, pin: str) -> None:
        # Until the engine says how it stands; it takes one at a time.
        self.keypad.setEnabled(False)
        self.say(texts.LOGIN_CHECKING)
        self.entered.emit(pin)
