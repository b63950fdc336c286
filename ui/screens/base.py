"""What every screen shares: entering, leaving, asking the engine, telling the person."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from ui.tasks import Delivery, deliver
from ui.widgets.plain import PlainLabel
from ui.widgets.sheet import ConfirmSheet, Sheet


class Screen(QWidget):
    """One full-window page. Answers that come after it was left are discarded."""

    # A sentence for the person, and its level: ok, info, warning or fault.
    notice_raised = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("screen")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._deliveries: list[Delivery] = []
        self.question: ConfirmSheet | None = None
        self.sheet: Sheet | None = None
        self._portrait: bool | None = None

    def enter(self) -> None:
        """Prepare to be shown."""

    def leave(self) -> None:
        """Discard everything under way; the screen is not shown any more."""
        for delivery in self._deliveries:
            delivery.cancel()
        self._deliveries.clear()
        if self.question is not None:
            self.question.dismiss()
        if self.sheet is not None:
            self.sheet.dismiss()

    def step_back(self) -> bool:
        """Go one step back within the page; False when it has none, and is to be left."""
        return False

    def ask(
        self,
        future: Future[Any],
        on_result: Callable[[Any], None],
        on_error: Callable[[str], None] | None = None,
    ) -> None:
        """Hand the engine's answer to ``on_result`` unless the screen has been left meanwhile."""
        # Deliveries that are done hold nothing worth keeping a list of.
        self._deliveries = self._deliveries[-15:]
        self._deliveries.append(deliver(future, self, on_result, on_error or self.show_fault))

    def show_fault(self, sentence: str) -> None:
        """Tell what is wrong in the world."""
        self.notice_raised.emit(sentence, "fault")

    def ask_first(
        self,
        title: str,
        text: str,
        yes: str,
        on_yes: Callable[[], None],
        *,
        danger: bool = False,
        icon: str = "warning",
    ) -> ConfirmSheet:
        """Ask a question over the window; ``on_yes`` is called when it is confirmed."""
        sheet = ConfirmSheet(self.window(), title, text, yes, danger=danger, icon=icon)
        sheet.accepted.connect(on_yes)
        sheet.dismissed.connect(self._forget_question)
        self.question = sheet
        sheet.open()
        return sheet

    def _forget_question(self) -> None:
        self.question = None

    def open_sheet(self, sheet: Sheet) -> None:
        """Show a sheet over the window; it goes when the screen is left."""
        sheet.dismissed.connect(self._forget_sheet)
        self.sheet = sheet
        sheet.open()

    def _forget_sheet(self) -> None:
        self.sheet = None

    def arrange(self, portrait: bool) -> None:
        """Arrange the page for the orientation of the screen; called when it changes."""

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        portrait = event.size().height() > event.size().width()
        if portrait != self._portrait:
            self._portrait = portrait
            self.arrange(portrait)


def label(text: str, role: str, *, wrap: bool = True) -> PlainLabel:
    """Return a text in one of the roles of the style sheet."""
    made = PlainLabel(text)
    made.setProperty("role", role)
    made.setWordWrap(wrap)
    return made
