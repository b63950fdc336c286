"""A value between a minus and a plus."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QWidget

from ui import righttexts, theme
from ui.widgets.icons import IconButton
from ui.widgets.plain import PlainLabel


class TimeStepper(QWidget):
    """A time of the day in half hours; 24:00 is the end of the day."""

    # Minutes after midnight, 30–1440.
    changed = Signal(int)

    STEP_MIN = 30

    def __init__(self, minute: int = 24 * 60) -> None:
        super().__init__()
        self._minute = minute
        self.less_button = IconButton("minus", kind="chip", side=26)
        self.less_button.setAccessibleName(righttexts.EARLIER)
        self.less_button.clicked.connect(self._less)
        self.more_button = IconButton("plus", kind="chip", side=26)
        self.more_button.setAccessibleName(righttexts.LATER)
        self.more_button.clicked.connect(self._more)
        for button in (self.less_button, self.more_button):
            button.setAutoRepeat(True)
        self._value = PlainLabel()
        self._value.setProperty("role", "heading")
        self._value.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout = theme.row(10)
        layout.addWidget(self.less_button)
        layout.addWidget(self._value, 1)
        layout.addWidget(self.more_button)
        self.setLayout(layout)
        self._show()

    def minute(self) -> int:
        """Return the minutes after midnight."""
        return self._minute

    def set_minute(self, minute: int) -> None:
        """Show a time; told like one that was touched."""
        self._minute = min(24 * 60, max(self.STEP_MIN, minute))
        self._show()
        self.changed.emit(self._minute)

    def _show(self) -> None:
        self._value.setText(righttexts.clock(self._minute))
        self.less_button.setEnabled(self._minute > self.STEP_MIN)
        self.more_button.setEnabled(self._minute < 24 * 60)

    @Slot()
    def _less(self) -> None:
        self.set_minute((self._minute - 1) // self.STEP_MIN * self.STEP_MIN)

    @Slot()
    def _more(self) -> None:
        self.set_minute((self._minute // self.STEP_MIN + 1) * self.STEP_MIN)
