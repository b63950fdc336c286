"""The way in without a face: a number, then its PIN."""

from __future__ import annotations

import enum

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

from kiosk.domain import DenialReason, Phase
from kiosk.listener import KioskView
from ui import texts
from ui.widgets.keypadpanel import KeypadPanel
from ui.widgets.plain import PlainButton

TYPING_S = 15
"""Without a key for so long, whoever typed has left."""
WARNED_S = 5
ANSWER_S = 12
"""Longer than the engine takes to say that it cannot check; then it never will."""
_MAX_NUMBER, _MAX_PIN = 20, 12

_NEWS = frozenset({Phase.STARTING, Phase.WELCOME, Phase.PIN, Phase.DENIED, Phase.OUT_OF_ORDER})
"""What is told then is for somebody: it goes before what they, or somebody before them, typed."""


class _Step(enum.Enum):
    CLOSED = enum.auto()
    NUMBER = enum.auto()
    PIN = enum.auto()
    SENT = enum.auto()


class NumberPanel(KeypadPanel):
    """Open from a touch on its button until there is an answer, or nobody types any more."""

    # A number and a PIN were typed.
    entered = Signal(str, str)
    # It was closed from here.
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        self.cancel_button = PlainButton(texts.CANCEL)
        self.cancel_button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        super().__init__(texts.KEYPAD_NUMBER_TITLE, self.cancel_button, parent)
        self._step = _Step.CLOSED
        self._number = ""
        self._prompt_text = ("", "")
        self._left_s = 0
        self._answers = 0
        self._is_answering = False
        self._told: tuple[Phase, DenialReason, str, float] | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(1000)
        self._timer.timeout.connect(self._tick)
        self.cancel_button.clicked.connect(self._leave)
        self.keypad.typed.connect(self._wait_anew)
        self.keypad.entered.connect(self._enter)

    @property
    def is_open(self) -> bool:
        """Whether it is to be shown."""
        return self._step is not _Step.CLOSED

    def open(self, view: KioskView) -> None:
        """Begin with the number; ``view`` is what was shown before."""
        self._told = _told(view)
        self._ask_number(texts.KEYPAD_NUMBER)

    def close_entry(self) -> None:
        """Forget what was typed: nothing of it may wait for the next person."""
        self._step, self._number, self._told = _Step.CLOSED, "", None
        self._is_answering = False
        self._timer.stop()
        self.keypad.clear()

    def follow(self, view: KioskView) -> None:
        """Take the engine's one state: it may hold an answer, or be more important."""
        prompt = view.number_prompt
        wrong = 0 if prompt is None or prompt.is_right else prompt.answers
        is_news, self._answers = wrong > self._answers, wrong
        if self._step is _Step.CLOSED:
            return
        told = _told(view)
        has_news = view.phase in _NEWS and told != self._told
        self._told = told
        if self._step is not _Step.SENT:
            if has_news or not view.offers_keypad:
                self.close_entry()
        elif prompt is not None and is_news:
            self._ask_number(texts.number_or_pin_wrong(prompt.attempts_left), "danger")
        elif prompt is not None and prompt.is_checking:
            self._is_answering = True
        elif has_news or self._is_answering or (prompt is not None and prompt.is_right):
            self.close_entry()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() != Qt.Key.Key_Escape:
            super().keyPressEvent(event)
        elif self.cancel_button.isEnabled():
            # Else nothing: in a window it would close the program.
            self._leave()

    def _ask_number(self, message: str, tone: str = "") -> None:
        self._number, self._is_answering = "", False
        self._ask(_Step.NUMBER, texts.KEYPAD_NUMBER_TITLE, message, tone)
        self.keypad.begin(texts.KEYPAD_NEXT, _MAX_NUMBER, is_secret=False)

    def _ask(self, step: _Step, title: str, message: str, tone: str = "") -> None:
        self._step = step
        self._prompt_text = (message, tone)
        self.title.setText(title)
        self.keypad.setEnabled(True)
        self.cancel_button.setEnabled(True)
        self.keypad.setFocus()
        self._wait_anew()

    @Slot(str)
    def _enter(self, digits: str) -> None:
        if self._step is _Step.NUMBER:
            self._number = digits
            self._ask(_Step.PIN, texts.KEYPAD_PIN_TITLE, texts.KEYPAD_PIN)
            self.keypad.begin(texts.OK, _MAX_PIN, is_secret=True)
            return
        number, self._number = self._number, ""
        self._step, self._left_s = _Step.SENT, ANSWER_S
        self.keypad.setEnabled(False)
        # What is being compared can open the door: it is too late.
        self.cancel_button.setEnabled(False)
        self.say(texts.KEYPAD_CHECKING)
        self.entered.emit(number, digits)

    @Slot()
    def _wait_anew(self) -> None:
        self._left_s = TYPING_S
        self.say(*self._prompt_text)
        self._timer.start()

    @Slot()
    def _tick(self) -> None:
        self._left_s -= 1
        if self._left_s <= 0:
            self._leave()
        elif self._left_s <= WARNED_S and self._step is not _Step.SENT:
            self.say(texts.closing_in(self._left_s), "warning")

    @Slot()
    def _leave(self) -> None:
        self.close_entry()
        self.closed.emit()


def _told(view: KioskView) -> tuple[Phase, DenialReason, str, float]:
    return view.phase, view.denial, view.person_name, view.wait_s
