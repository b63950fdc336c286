"""The page on which a new PIN is typed, twice: whose it is, its kinds of page know."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

from PySide6.QtCore import Signal

from kiosk.access.pin import PinKind, check_strength
from kiosk.errors import PinError
from ui import texts
from ui.screens.pinpage import PinPage


class ChoosePinPage(PinPage):
    """Ask for a new PIN twice and store it."""

    # The PIN is set.
    finished = Signal()
    # Nothing was changed.
    cancelled = Signal()

    def __init__(self, title: str, prompt: str, kind: PinKind, *, cancel: str) -> None:
        super().__init__(title, prompt, cancel=cancel)
        self._kind = kind
        self._first = ""
        self.keypad.entered.connect(self._take)
        self.cancel_button.clicked.connect(self.cancelled)

    def store(self, pin: str) -> Future[Any]:
        """Hand the PIN to the engine."""
        raise NotImplementedError

    def stored(self) -> None:
        """Go on: the PIN is set."""
        self.notice_raised.emit(texts.SETUP_DONE, "ok")
        self.finished.emit()

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
            self.ask(self.store(pin), self._set, self._refused)

    def _take_first(self, pin: str) -> None:
        try:
            check_strength(pin, self._kind)
        except PinError as error:
            # Before it is typed a second time for nothing.
            self.say(str(error), "warning")
            return
        self._first = pin
        self.say(texts.SETUP_REPEAT)

    def _set(self, _: object) -> None:
        self._first = ""
        self.stored()

    def _refused(self, sentence: str) -> None:
        self._first = ""
        self.keypad.setEnabled(True)
        self.keypad.setFocus()
        self.say(sentence, "warning")
