"""Who is to be enrolled, and do they agree?"""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from ui import texts, theme
from ui.widgets.keyboard import Keyboard
from ui.widgets.plain import PlainButton, PlainLabel
from ui.widgets.tick import Tick

MAX_NAME = 80
MAX_NUMBER = 40


class EnrolForm(QWidget):
    """Name, number, consent; nothing goes on without name and consent."""

    # The form is complete and was sent.
    submitted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name_field = QLineEdit()
        self.name_field.setMaxLength(MAX_NAME)
        self.number_field = QLineEdit()
        self.number_field.setMaxLength(MAX_NUMBER)
        self.consent = Tick(texts.ENROL_CONSENT)
        self.hint = PlainLabel()
        self.hint.setProperty("role", "small")
        self.hint.setWordWrap(True)
        self.start_button = PlainButton(texts.ENROL_START)
        self.start_button.setProperty("kind", "primary")
        self.keyboard = Keyboard()
        self._fields = theme.row(20)
        self._fields.addLayout(self._labelled(texts.ENROL_NAME, self.name_field), 3)
        self._fields.addLayout(self._labelled(texts.ENROL_NUMBER, self.number_field), 2)
        last = theme.row(20)
        last.addWidget(self.hint, 1)
        last.addWidget(self.start_button)
        theme.sized(self.start_button, width=260)
        layout = theme.column(18, (32, 8, 32, 20))
        layout.addLayout(self._fields)
        layout.addWidget(self.consent)
        layout.addLayout(last)
        layout.addStretch(1)
        layout.addWidget(self.keyboard)
        self.setLayout(layout)
        for field in (self.name_field, self.number_field):
            self.keyboard.attach(field)
            field.textChanged.connect(self._check)
            field.returnPressed.connect(self._submit)
        self.consent.toggled.connect(self._check)
        self.start_button.clicked.connect(self._submit)
        self._check()

    def _labelled(self, text: str, field: QLineEdit) -> QVBoxLayout:
        column = theme.column(6)
        caption = PlainLabel(text)
        caption.setProperty("role", "caption")
        column.addWidget(caption)
        column.addWidget(field)
        field.setAccessibleName(text)
        return column

    def name(self) -> str:
        """Return the name, without space around or doubled."""
        return " ".join(self.name_field.text().split())

    def number(self) -> str:
        """Return the badge number; empty when there is none."""
        return self.number_field.text().strip()

    def clear(self) -> None:
        """Empty the form for the next person. Consent is given anew each time."""
        self.name_field.clear()
        self.number_field.clear()
        self.consent.set_checked(False)
        self.start_button.setText(texts.ENROL_START)

    def ask_correction(self) -> None:
        """Keep what was typed; the button saves instead of taking pictures."""
        self.start_button.setText(texts.ENROL_SAVE)

    def enter(self) -> None:
        """Be ready to type the name."""
        self.start_button.setText(texts.ENROL_START)
        self.name_field.setFocus(Qt.FocusReason.OtherFocusReason)
        self.keyboard.show_for(self.name_field)

    def arrange(self, portrait: bool) -> None:
        """Stack the fields on a portrait screen."""
        theme.set_direction(self._fields, portrait=portrait)

    @Slot()
    def _check(self) -> None:
        if not self.name():
            self.hint.setText(texts.ENROL_NEEDS_NAME)
        elif not self.consent.is_checked():
            self.hint.setText(texts.ENROL_NEEDS_CONSENT)
        else:
            self.hint.clear()
        self.start_button.setEnabled(not self.hint.text())

    @Slot()
    def _submit(self) -> None:
        if self.start_button.isEnabled():
            self.submitted.emit()
