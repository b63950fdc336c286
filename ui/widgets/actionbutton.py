"""A large button in a column: icon, what it does, a note."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui import theme
from ui.widgets.icons import IconDisc
from ui.widgets.plain import PlainButton, PlainLabel


def _label(text: str, role: str) -> PlainLabel:
    made = PlainLabel(text)
    made.setProperty("role", role)
    return made


class ActionButton(PlainButton):
    """A large button: icon, what it does, a note."""

    def __init__(self, icon: str, title: str, note: str, colour: str = theme.ACCENT) -> None:
        super().__init__()
        self.setProperty("kind", "medium")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._disc = IconDisc(icon, colour, 60)
        self._title = _label(title, "heading")
        self._note = _label(note, "soft")
        layout = theme.row(20, (24, 12))
        layout.addWidget(self._disc)
        words = theme.column(2)
        words.addStretch(1)
        words.addWidget(self._title)
        words.addWidget(self._note)
        words.addStretch(1)
        layout.addLayout(words, 1)
        self.setLayout(layout)
        self.relabel(icon, title, note, colour)
        for child in self.findChildren(QWidget):
            # The labels must not swallow the touch.
            child.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def relabel(self, icon: str, title: str, note: str, colour: str) -> None:
        """Do something else from now on."""
        self.setAccessibleName(title)
        self._disc.show_icon(icon, colour)
        self._title.setText(title)
        self._note.setText(note)
