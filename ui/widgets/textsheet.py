"""A line of text, typed on our keyboard over the window."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QLineEdit, QWidget

from ui import texts, theme
from ui.widgets.keyboard import Keyboard
from ui.widgets.plain import PlainButton
from ui.widgets.sheet import Sheet


class TextSheet(Sheet):
    """Ask for one line; nothing but spaces counts as nothing."""

    # What was typed, without space around or doubled.
    entered = Signal(str)

    def __init__(
        self,
        window: QWidget,
        title: str,
        text: str = "",
        *,
        note: str = "",
        max_length: int = 80,
        may_be_empty: bool = False,
    ) -> None:
        super().__init__(window, width=1160)
        self._may_be_empty = may_be_empty
        self.body.setProperty("designMargins", [24.0, 20.0, 24.0, 20.0])
        self.body.setProperty("designSpacing", 14.0)
        self.add_title(title)
        if note:
            self.add_text(note)
        self.field = QLineEdit(text)
        self.field.setAccessibleName(title)
        self.field.setMaxLength(max_length)
        self.field.textChanged.connect(self._check)
        self.field.returnPressed.connect(self._enter)
        self.body.addWidget(self.field)
        buttons = theme.row(16)
        cancel = PlainButton(texts.CANCEL)
        cancel.clicked.connect(self.dismiss)
        self.ok_button = PlainButton(texts.OK)
        self.ok_button.setProperty("kind", "primary")
        self.ok_button.clicked.connect(self._enter)
        for button in (cancel, self.ok_button):
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            buttons.addWidget(button, 1)
        self.keyboard = Keyboard()
        self.keyboard.keys["done"].hide()
        self.body.addWidget(self.keyboard)
        self.body.addLayout(buttons)
        self._check()

    def open(self) -> None:
        super().open()
        self.keyboard.show_for(self.field)
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def _text(self) -> str:
        return " ".join(self.field.text().split())

    @Slot()
    def _check(self) -> None:
        self.ok_button.setEnabled(self._may_be_empty or bool(self._text()))

    @Slot()
    def _enter(self) -> None:
        if self.ok_button.isEnabled():
            self.dismiss()
            self.entered.emit(self._text())
