"""A PIN for somebody else, typed over the window."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QWidget

from kiosk.access.pin import PERSONAL_PIN, check_strength
from kiosk.errors import PinError
from ui import texts, theme
from ui.widgets.keypad import Keypad
from ui.widgets.plain import PlainButton, PlainLabel
from ui.widgets.sheet import Sheet


class PinSheet(Sheet):
    """Words at the left, the keypad at the right."""

    # The digits; empty for no PIN.
    entered = Signal(str)

    def __init__(self, window: QWidget, title: str, prompt: str, without: str) -> None:
        super().__init__(window, width=900)
        words = theme.column(18)
        heading = PlainLabel(title)
        heading.setProperty("role", "heading")
        heading.setWordWrap(True)
        self.message = PlainLabel(prompt)
        self.message.setProperty("role", "soft")
        self.message.setWordWrap(True)
        self.message.setAlignment(Qt.AlignmentFlag.AlignTop)
        words.addWidget(heading)
        words.addWidget(self.message, 1)
        self.without_button = PlainButton(without)
        self.without_button.clicked.connect(self._enter_none)
        cancel = PlainButton(texts.CANCEL)
        cancel.clicked.connect(self.dismiss)
        for button in (self.without_button, cancel):
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            words.addWidget(button)
        self.keypad = Keypad()
        self.keypad.entered.connect(self._enter)
        halves = theme.row(28)
        halves.addLayout(words, 1)
        halves.addWidget(self.keypad)
        self.body.addLayout(halves)

    def open(self) -> None:
        super().open()
        self.keypad.setFocus()

    @Slot(str)
    def _enter(self, pin: str) -> None:
        try:
            check_strength(pin, PERSONAL_PIN)
        except PinError as error:
            self.message.setText(str(error))
            theme.restyle(self.message, tone="warning")
            return
        self.dismiss()
        self.entered.emit(pin)

    @Slot()
    def _enter_none(self) -> None:
        self.dismiss()
        self.entered.emit("")
