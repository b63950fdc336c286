"""The administrator's PIN, and the wait after too many wrong ones."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal, Slot

from ui import texts
from ui.bridge import EngineLike
from ui.screens.pinpage import PinPage

if TYPE_CHECKING:
    from kiosk.access.pin import PinVerdict


class LoginScreen(PinPage):
    """Ask for the PIN. The door keeps working meanwhile."""

    # The PIN was right.
    accepted = Signal()
    # Back to the door.
    cancelled = Signal()

    def __init__(self, engine: EngineLike, now_ns: Callable[[], int] = time.monotonic_ns) -> None:
        super().__init__(texts.LOGIN_TITLE, texts.LOGIN_PROMPT)
        self._engine = engine
        self._now_ns = now_ns
        self._locked_until_ns = 0
        self._countdown = QTimer(self)
        self._countdown.setInterval(250)
        self._countdown.timeout.connect(self._count_down)
        self.keypad.entered.connect(self._check)
        self.cancel_button.clicked.connect(self.cancelled)

    def enter(self) -> None:
        super().enter()
        if self._locked_until_ns > self._now_ns():
            self._lock()

    def leave(self) -> None:
        self._countdown.stop()
        super().leave()

    def _check(self, pin: str) -> None:
        self.keypad.setEnabled(False)
        self.say(texts.LOGIN_CHECKING)
        self.ask(self._engine.check_admin_pin(pin), self._judge, self._fail)

    def _judge(self, verdict: PinVerdict) -> None:
        if verdict.accepted:
            self.accepted.emit()
        elif verdict.wait_s > 0:
            self._locked_until_ns = self._now_ns() + round(verdict.wait_s * 1e9)
            self._lock()
        else:
            self._unlock(texts.attempts_left(verdict.attempts_left))

    def _fail(self, sentence: str) -> None:
        self._unlock(sentence)

    def _lock(self) -> None:
        self.keypad.setEnabled(False)
        self._countdown.start()
        self._count_down()

    def _unlock(self, message: str) -> None:
        self._countdown.stop()
        self.keypad.setEnabled(True)
        self.keypad.setFocus()
        self.say(message, "danger")

    @Slot()
    def _count_down(self) -> None:
        left_s = (self._locked_until_ns - self._now_ns()) / 1e9
        if left_s > 0:
            self.say(texts.locked_for(math.ceil(left_s)), "danger")
        else:
            self._unlock(texts.LOGIN_FAILED)
