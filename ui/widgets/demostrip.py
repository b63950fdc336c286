"""What only a demonstration has: a banner, the caption, and buttons for the next visitor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QFrame, QWidget

from ui import demotexts, theme
from ui.director import DemoDirector
from ui.widgets.plain import PlainButton, PlainLabel

if TYPE_CHECKING:
    from kiosk.demo.narrator import Caption


def _label(text: str, role: str, tone: str = "") -> PlainLabel:
    made = PlainLabel(text)
    made.setProperty("role", role)
    if tone:
        made.setProperty("tone", tone)
    return made


class DemoBanner(QFrame):
    """Says on every screen that nothing here is real."""

    def __init__(self, pin: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("card", "demo")
        self.words = _label(demotexts.BANNER, "small", "warning")
        self.words.setWordWrap(True)
        self.pin_label = _label(demotexts.banner_pin(pin), "small")
        layout = theme.row(24, (28, 8))
        layout.addWidget(self.words, 1)
        layout.addWidget(self.pin_label)
        self.setLayout(layout)


class DemoStrip(QWidget):
    """The caption of what is shown, and a button for each visitor."""

    def __init__(self, director: DemoDirector, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._director = director
        self.title = _label("", "strong")
        self.text = _label("", "soft")
        self.text.setWordWrap(True)
        self.place = _label("", "small")
        line = theme.row(16)
        line.addWidget(self.title)
        line.addWidget(self.text, 1)
        line.addWidget(self.place)
        self.buttons: dict[str, PlainButton] = {}
        self._grid = theme.grid(8)
        for key, name in director.cues:
            button = PlainButton(demotexts.cue(key, name), self)
            button.setProperty("kind", "cue")
            button.setProperty("cue", key)
            # The keys must go on working after a button was touched.
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(self._send_in)
            self.buttons[key] = button
        layout = theme.column(10)
        layout.addLayout(line)
        layout.addLayout(self._grid)
        self.setLayout(layout)
        self.arrange(portrait=False)
        director.caption_shown.connect(self.show_caption)
        self.show_caption(director.caption)

    def arrange(self, portrait: bool) -> None:
        """Put the buttons into one row, or two on a portrait screen."""
        columns = -(-len(self.buttons) // 2) if portrait else len(self.buttons)
        for place, button in enumerate(self.buttons.values()):
            self._grid.addWidget(button, place // columns, place % columns)
        for column in range(len(self.buttons)):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)

    @Slot(object)
    def show_caption(self, caption: Caption) -> None:
        """Say what is shown now."""
        self.title.setText(caption.title)
        self.text.setText(caption.text)
        self.place.setText(demotexts.place(caption.chapter, caption.chapters))

    @Slot()
    def _send_in(self) -> None:
        sender = self.sender()
        if sender is not None:
            self._director.cue(sender.property("cue"))
