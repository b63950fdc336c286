"""Give somebody a PIN that opens the door and raises a silent alarm; or take it away."""

from __future__ import annotations

from concurrent.futures import Future

from PySide6.QtCore import Slot

from kiosk.access.pin import DURESS_PIN
from kiosk.domain import Person
from ui import righttexts, texts, theme
from ui.bridge import EngineLike
from ui.screens.choosepin import ChoosePinPage
from ui.widgets.fitlabel import FitLabel
from ui.widgets.icons import IconButton


class DuressPinScreen(ChoosePinPage):
    """Ask for the duress PIN of one person."""

    def __init__(self, engine: EngineLike) -> None:
        super().__init__(
            righttexts.DURESS_TITLE, righttexts.DURESS_PROMPT, DURESS_PIN, cancel=texts.CANCEL
        )
        self._engine = engine
        self._person: Person | None = None
        self.remove_button = IconButton(
            "trash", righttexts.DURESS_REMOVE_SHORT, kind="quiet", colour=theme.DANGER
        )
        self.remove_button.clicked.connect(self._ask_remove)
        self.buttons.addWidget(self.remove_button)
        self.name = FitLabel(30, 15, colour=theme.ACCENT, lines=2)
        self.words.insertWidget(self.words.indexOf(self.title) + 1, self.name)

    def prepare(self, person: Person) -> None:
        """Choose whose duress PIN is set before the page is entered."""
        self._person = person

    def enter(self) -> None:
        assert self._person is not None
        self.name.set_text(self._person.name)
        self.remove_button.setVisible(self._person.has_duress_pin)
        super().enter()

    def store(self, pin: str) -> Future[Person]:
        assert self._person is not None
        return self._engine.set_duress_pin(self._person.id, pin)

    def stored(self) -> None:
        assert self._person is not None
        self.notice_raised.emit(righttexts.duress_set(self._person.name), "ok")
        self.finished.emit()

    @Slot()
    def _ask_remove(self) -> None:
        self.ask_first(
            f"{righttexts.DURESS_REMOVE}?",
            righttexts.DURESS_REMOVE_TEXT,
            righttexts.DURESS_REMOVE,
            self._remove,
            danger=True,
            icon="shield",
        )

    @Slot()
    def _remove(self) -> None:
        assert self._person is not None
        self.ask(self._engine.remove_duress_pin(self._person.id), self._removed)

    def _removed(self, _: Person) -> None:
        self.notice_raised.emit(righttexts.SAVED, "ok")
        self.finished.emit()
