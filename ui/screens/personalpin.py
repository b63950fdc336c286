"""Give people their personal PINs, one after the other; or take one away."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future

from PySide6.QtCore import Slot

from kiosk.access.pin import PERSONAL_PIN
from kiosk.domain import Person
from ui import texts, theme
from ui.bridge import EngineLike
from ui.screens.choosepin import ChoosePinPage
from ui.widgets.fitlabel import FitLabel
from ui.widgets.icons import IconButton


class PersonalPinScreen(ChoosePinPage):
    """Ask for the new PIN of each person; nobody has to get one."""

    def __init__(self, engine: EngineLike) -> None:
        super().__init__(texts.PERSON_PIN_TITLE, "", PERSONAL_PIN, cancel=texts.CANCEL)
        self._engine = engine
        self._waiting: list[Person] = []
        self._because_alike = False
        self.remove_button = IconButton(
            "trash", texts.PERSON_PIN_REMOVE, kind="quiet", colour=theme.DANGER
        )
        self.remove_button.clicked.connect(self._ask_remove)
        self.buttons.addWidget(self.remove_button)
        self.name = FitLabel(30, 15, colour=theme.ACCENT, lines=2)
        self.words.insertWidget(self.words.indexOf(self.title) + 1, self.name)
        self.cancel_button.clicked.disconnect(self.cancelled)
        self.cancel_button.clicked.connect(self._skip)

    def prepare(self, people: Sequence[Person], *, because_alike: bool) -> None:
        """Choose whose PINs are set before the page is entered; at least one person."""
        self._waiting, self._because_alike = list(people), because_alike

    def enter(self) -> None:
        person = self._waiting[0]
        self.name.set_text(person.name)
        self._prompt = texts.PERSON_PIN_ALIKE if self._because_alike else texts.PERSON_PIN_PROMPT
        self.cancel_button.setText(texts.PERSON_PIN_LATER if self._because_alike else texts.CANCEL)
        self.remove_button.setVisible(person.has_pin and not self._because_alike)
        super().enter()

    def store(self, pin: str) -> Future[Person]:
        return self._engine.set_person_pin(self._waiting[0].id, pin)

    def stored(self) -> None:
        self.notice_raised.emit(texts.person_pin_set(self._waiting[0].name), "ok")
        self._next()

    def _next(self) -> None:
        del self._waiting[0]
        if self._waiting:
            self.enter()
        else:
            self.finished.emit()

    @Slot()
    def _skip(self) -> None:
        if self._because_alike:
            self.notice_raised.emit(texts.person_pin_missing(self._waiting[0].name), "warning")
        self._next()

    @Slot()
    def _ask_remove(self) -> None:
        person = self._waiting[0]
        self.ask_first(
            texts.person_pin_remove_title(person.name),
            texts.PERSON_PIN_REMOVE_ALIKE if person.is_look_alike else texts.PERSON_PIN_REMOVE_TEXT,
            texts.PERSON_PIN_REMOVE,
            self._remove,
            danger=True,
            icon="key",
        )

    @Slot()
    def _remove(self) -> None:
        self.ask(self._engine.remove_person_pin(self._waiting[0].id), self._removed)

    def _removed(self, person: Person) -> None:
        self.notice_raised.emit(texts.person_pin_removed(person.name), "ok")
        self._next()
