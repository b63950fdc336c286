"""Labels and buttons that show a text letter by letter: names come from people and files.

Qt guesses whether a label's text is HTML, and takes the ``&`` of a button's text for a mnemonic.
Every label and button of the program is one of these, so that nobody has to know which texts
may hold a name.
"""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton, QWidget


class PlainLabel(QLabel):
    """A QLabel that never interprets its text."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(text)


class PlainButton(QPushButton):
    """A QPushButton without mnemonics: ``&`` is a letter like any other."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText(text)

    def text(self) -> str:
        """Return the text as it is read on screen."""
        return super().text().replace("&&", "&")

    def setText(self, text: str) -> None:
        super().setText(text.replace("&", "&&"))
