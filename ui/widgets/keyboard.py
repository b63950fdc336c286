"""Our own touch keyboard for names and searches; Qt's is not part of the free Essentials.

It types into whatever text field was attached last. A physical keyboard keeps working, because
the keys never take the focus.
"""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QSizePolicy, QWidget

from ui import texts, theme
from ui.widgets.icons import IconButton
from ui.widgets.plain import PlainButton

# Each page: four rows of keys. Digits stay in reach on the first page.
PAGES = (
    ("1234567890", "qwertyuiop", "asdfghjkl'", "zxcvbnm-"),
    ("àáâãäåæāăą", "çćčďđèéêëē", "ęěğìíîïīıñ", "ńňòóôõöø"),
    ("łľļšśşșťțţ", "ùúûüūůűųýÿ", "žźżřœßðþģķ", "őņŕĺŵŷ,."),
)


class Keyboard(QWidget):
    """Letters, digits, accents on two more pages, shift, space, backspace and Done."""

    # Done was touched.
    done = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._target: QLineEdit | None = None
        self._page = 0
        self._shifted = False
        self._letters: list[PlainButton] = []
        self.keys: dict[str, PlainButton] = {}
        self._rows = theme.column(8)
        self.setLayout(self._rows)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        for number in range(4):
            self._rows.addLayout(self._letter_row(number))
        self._rows.addLayout(self._bottom_row())
        self._label_keys()

    def attach(self, field: QLineEdit) -> None:
        """Type into this field from now on, whenever it is touched."""
        field.installEventFilter(self)

    def show_for(self, field: QLineEdit) -> None:
        """Show the keyboard and type into ``field``."""
        self._target = field
        self._set_shifted(not field.text())
        self.show()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusIn and isinstance(watched, QLineEdit):
            self.show_for(watched)
        return False

    def _letter_row(self, number: int) -> QHBoxLayout:
        line = theme.row(8)
        if number == 3:
            line.addWidget(self._icon_key("shift", self._toggle_shift), 1)
        for _ in PAGES[0][number]:
            key = self._key("")
            key.clicked.connect(partial(self._type_letter, len(self._letters)))
            self._letters.append(key)
            line.addWidget(key, 1)
        if number == 3:
            line.addWidget(self._icon_key("backspace", self._erase), 1)
        return line

    def _bottom_row(self) -> QHBoxLayout:
        line = theme.row(8)
        self._page_key = self._key(texts.KEY_PAGES[1])
        self._page_key.clicked.connect(self._turn_page)
        space = self._key(texts.KEY_SPACE)
        space.clicked.connect(partial(self._type, " "))
        done = self._key(texts.KEY_DONE)
        done.setProperty("kind", "keydone")
        done.clicked.connect(self._finish)
        self.keys.update(page=self._page_key, space=space, done=done)
        line.addWidget(self._page_key, 2)
        line.addWidget(space, 6)
        line.addWidget(done, 2)
        return line

    def _key(self, text: str) -> PlainButton:
        return self._prepared(PlainButton(text))

    def _icon_key(self, icon: str, slot: object) -> PlainButton:
        key = self._prepared(IconButton(icon, kind="key", colour=theme.TEXT_SOFT, side=28))
        key.clicked.connect(slot)
        self.keys[icon] = key
        return key

    def _prepared(self, key: PlainButton) -> PlainButton:
        key.setProperty("kind", "key")
        key.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        key.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        return key

    def _label_keys(self) -> None:
        letters = "".join(PAGES[self._page])
        for key, letter in zip(self._letters, letters, strict=True):
            # "ß".upper() is two letters, which a key should not surprise with.
            upper = letter.upper() if len(letter.upper()) == 1 else letter
            key.setText(upper if self._shifted else letter)
        self._page_key.setText(texts.KEY_PAGES[(self._page + 1) % len(PAGES)])

    def _type_letter(self, index: int) -> None:
        self._type(self._letters[index].text())
        self._set_shifted(False)

    def _type(self, text: str) -> None:
        if self._target is not None:
            self._target.insert(text)
            if text == " ":
                self._set_shifted(True)

    def _erase(self) -> None:
        if self._target is not None:
            self._target.backspace()

    def _toggle_shift(self) -> None:
        self._set_shifted(not self._shifted)

    def _set_shifted(self, shifted: bool) -> None:
        self._shifted = shifted
        self._label_keys()

    def _turn_page(self) -> None:
        self._page = (self._page + 1) % len(PAGES)
        self._label_keys()

    def _finish(self) -> None:
        self.hide()
        if self._target is not None:
            self._target.clearFocus()
        self.done.emit()
