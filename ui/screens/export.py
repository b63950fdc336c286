"""Write the access log to a USB stick: find it, choose it, write, say when to pull it out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QWidget

from kiosk.store.events import EventQuery
from ui import texts, theme
from ui.bridge import EngineLike
from ui.screens.base import Screen, label
from ui.widgets.busy import Busy
from ui.widgets.icons import IconDisc
from ui.widgets.pages import Pages
from ui.widgets.plain import PlainButton
from ui.widgets.sheet import theme_of

if TYPE_CHECKING:
    from kiosk.store.export import ExportReceipt
    from kiosk.store.removable import RemovableMedium


class MediumButton(PlainButton):
    """One USB stick to touch."""

    # The RemovableMedium that was touched.
    chosen = Signal(object)

    def __init__(self, medium: RemovableMedium) -> None:
        super().__init__()
        self._medium = medium
        self.setProperty("kind", "medium")
        facts = texts.free_space(medium.free_bytes, medium.filesystem)
        if medium.read_only:
            facts += f" · {texts.EXPORT_READ_ONLY}"
        title = label(medium.label or medium.device, "heading", wrap=False)
        layout = theme.row(20, (24, 16))
        colour = theme.TEXT_SOFT if medium.read_only else theme.ACCENT
        layout.addWidget(IconDisc("usb", colour, 64))
        words = theme.column(2)
        words.addWidget(title)
        words.addWidget(label(facts, "soft", wrap=False))
        layout.addLayout(words, 1)
        self.setLayout(layout)
        for child in self.findChildren(QWidget):
            child.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setEnabled(not medium.read_only)
        self.clicked.connect(self._choose)

    @Slot()
    def _choose(self) -> None:
        self.chosen.emit(self._medium)


class Result(QWidget):
    """How it ended."""

    def __init__(self) -> None:
        super().__init__()
        self.disc = IconDisc("check", theme.OK, 132)
        self.headline = label("", "title")
        self.message = label("", "body")
        self.path = label("", "small")
        layout = theme.column(18)
        layout.addStretch(1)
        layout.addWidget(self.disc, 0, Qt.AlignmentFlag.AlignHCenter)
        for part in (self.headline, self.message, self.path):
            part.setAlignment(Qt.AlignmentFlag.AlignCenter)
            layout.addWidget(part)
        layout.addStretch(1)
        self.setLayout(layout)

    def show_result(self, headline: str, message: str, path: str, look: tuple[str, str]) -> None:
        """Show the words, and an icon with its colour."""
        self.disc.show_icon(*look)
        self.headline.setText(headline)
        self.message.setText(message)
        self.path.setText(path)


class ExportScreen(Screen):
    """From "which stick?" to "you may remove the stick now"."""

    # Back to the log.
    finished = Signal()

    def __init__(self, engine: EngineLike) -> None:
        super().__init__()
        self._engine = engine
        self._query = EventQuery()
        self._searching = Busy(texts.EXPORT_SEARCHING, icon="usb")
        self._writing = Busy(texts.EXPORT_RUNNING, texts.EXPORT_RUNNING_NOTE, icon="usb")
        self.result = Result()
        self.prompt = label(texts.EXPORT_CHOOSE, "body")
        self.buttons: list[MediumButton] = []
        self._choice = QWidget()
        self._media = theme.column(14)
        choice = theme.column(20)
        choice.addWidget(self.prompt)
        choice.addLayout(self._media)
        choice.addStretch(1)
        self._choice.setLayout(choice)
        self.steps = Pages()
        for step in (self._searching, self._choice, self._writing, self.result):
            self.steps.addWidget(step)
        self.again_button = PlainButton(texts.EXPORT_AGAIN)
        self.again_button.clicked.connect(self.search)
        self.done_button = PlainButton(texts.EXPORT_DONE)
        self.done_button.setProperty("kind", "primary")
        self.done_button.clicked.connect(self.finished)
        buttons = theme.row(16)
        buttons.addWidget(self.again_button, 1)
        buttons.addWidget(self.done_button, 1)
        layout = theme.column(20, (48, 16, 48, 32))
        layout.addWidget(self.steps, 1)
        layout.addLayout(buttons)
        self.setLayout(layout)

    def prepare(self, query: EventQuery) -> None:
        """Choose what to export before the screen is entered."""
        self._query = query

    def enter(self) -> None:
        self.search()

    @Slot()
    def search(self) -> None:
        """Look for USB sticks."""
        self._show(self._searching, again=False, done=False)
        self.ask(self._engine.removable_media(), self._offer, self._failed)

    def _show(self, step: QWidget, *, again: bool, done: bool) -> None:
        self.steps.setCurrentWidget(step)
        self.again_button.setVisible(again)
        self.done_button.setVisible(done)

    def _offer(self, media: list[RemovableMedium]) -> None:
        for button in self.buttons:
            button.hide()
            button.deleteLater()
        self.buttons = [MediumButton(medium) for medium in media]
        for button in self.buttons:
            button.chosen.connect(self._write)
            self._media.addWidget(button)
            theme.apply_theme(button, theme_of(self))
        if media:
            self._show(self._choice, again=True, done=False)
        else:
            look = ("usb", theme.WARNING)
            self.result.show_result(texts.EXPORT_NONE, texts.EXPORT_PLUG_IN, "", look)
            self._show(self.result, again=True, done=True)

    @Slot(object)
    def _write(self, medium: RemovableMedium) -> None:
        self._show(self._writing, again=False, done=False)
        self.ask(self._engine.export_events(medium, self._query), self._written, self._failed)

    def _written(self, receipt: ExportReceipt) -> None:
        headline = texts.EXPORT_SAFE if receipt.safe_to_remove else texts.EXPORT_NOT_SAFE
        look = ("check", theme.OK) if receipt.safe_to_remove else ("warning", theme.WARNING)
        self.result.show_result(headline, receipt.message, receipt.path, look)
        self._show(self.result, again=False, done=True)

    def _failed(self, sentence: str) -> None:
        look = ("warning", theme.DANGER)
        self.result.show_result(texts.EXPORT_FAILED, sentence, "", look)
        self._show(self.result, again=True, done=True)
