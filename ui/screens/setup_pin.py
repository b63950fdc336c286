"""Choose the administrator's PIN: on the first start, and to change it."""

from __future__ import annotations

from PySide6.QtCore import Signal

from kiosk.access.pin import check_strength
from kiosk.errors import PinError
from ui import texts
from ui.bridge import EngineLike
from ui.screens.pinpage import PinPage


class SetupPinScreen(PinPage):
    """Ask for a new PIN twice and set it."""

    # The PIN is set.
    finished = Signal()
    # Nothing was changed.
    cancelled = Signal()

    def __init__(self, engine: EngineLike, *, first_start: bool) -> None:
        super().__init__(
            texts.SETUP_TITLE if first_start else texts.CHANGE_TITLE,
            texts.SETUP_PROMPT if first_start else texts.CHANGE_PROMPT,
            cancel="" if first_start else texts.CANCEL,
        )
        self._engine = engine
        self._first = ""
        self.keypad.entered.connect(self._take)
        self.cancel_button.clicked.connect(self.cancelled)

    def enter(self) -> None:
        self._first = ""
        super().enter()

    def leave(self) -> None:
        self._first = ""
        super().leave()

    def _take(self, pin: str) -> None:
        if not self._first:
            self._take_first(pin)
        elif pin != self._first:
            self._first = ""
            self.say(texts.SETUP_DIFFERENT, "warning")
        else:
            self.keypad.setEnabled(False)
            self.say(texts.SETUP_SAVING)
            self.ask(self._engine.set_admin_pin(pin), self._set, self._refused)

    def _take_first(self, pin: str) -> None:
        try:
            check_strength(pin)
        except PinError as error:
            # Before it is typed a second time for nothing.
            self.say(str(error), "warning")
            return
        self._first = pin
        self.say(texts.SETUP_REPEAT)

    def _set(self, _: None) -> None:
        self.notice_raised.emit(texts.SETUP_DONE, "ok")
        self.finished.emit()

    def _refused(self, sentence: str) -> None:
        self._first = ""
        self.keypad.setEnabled(True)
        self.keypad.setFocus()
        self.say(sentence, "warning")
