"""Questions and choices inside the window: never a dialog with an event loop of its own."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QWidget

from ui import texts, theme
from ui.theme import Theme
from ui.widgets.icons import IconDisc
from ui.widgets.plain import PlainButton, PlainLabel


def theme_of(widget: QWidget) -> Theme:
    """Return the sizes of the window a widget lives in."""
    found = getattr(widget.window(), "theme", None)
    return found if isinstance(found, Theme) else Theme()


class Sheet(QWidget):
    """A card over the dimmed window. It deletes itself when it is dismissed."""

    # The sheet has gone, whatever was chosen.
    dismissed = Signal()

    def __init__(self, window: QWidget, *, width: float = 640) -> None:
        super().__init__(window)
        self._window = window
        self.card = QFrame()
        self.card.setProperty("card", "raised")
        self.body = theme.column(20, (36, 32))
        self.card.setLayout(self.body)
        theme.sized(self.card, max_width=width)
        outer = theme.column(0, (32,))
        outer.addStretch(1)
        centre = theme.row()
        centre.addStretch(1)
        centre.addWidget(self.card, 1000)
        centre.addStretch(1)
        outer.addLayout(centre)
        outer.addStretch(1)
        self.setLayout(outer)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        window.installEventFilter(self)

    def open(self) -> None:
        """Show the sheet over everything."""
        theme.apply_theme(self, theme_of(self._window))
        self.setGeometry(self._window.rect())
        self.show()
        self.raise_()
        self.setFocus()

    def dismiss(self) -> None:
        """Take the sheet away."""
        if self.isHidden():
            return
        self.hide()
        self._window.removeEventFilter(self)
        self.dismissed.emit()
        self.deleteLater()

    def add_title(self, text: str) -> PlainLabel:
        """Add a heading to the card."""
        label = PlainLabel(text)
        label.setProperty("role", "heading")
        label.setWordWrap(True)
        self.body.addWidget(label)
        return label

    def add_text(self, text: str) -> PlainLabel:
        """Add a paragraph to the card."""
        label = PlainLabel(text)
        label.setProperty("role", "soft")
        label.setWordWrap(True)
        self.body.addWidget(label)
        return label

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and watched is self._window:
            self.setGeometry(self._window.rect())
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(4, 7, 12, 190))
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        # Touches beside the card go nowhere; in particular not to the screen below.
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.dismiss()
        else:
            super().keyPressEvent(event)


class ConfirmSheet(Sheet):
    """Ask before something that cannot be undone, or that opens a door."""

    # "Yes" was touched.
    accepted = Signal()
    # "No" was touched, or the sheet was taken away.
    rejected = Signal()

    def __init__(
        self,
        window: QWidget,
        title: str,
        text: str,
        yes: str,
        no: str = texts.CANCEL,
        *,
        danger: bool = False,
        prefer_no: bool = False,
        icon: str = "warning",
    ) -> None:
        super().__init__(window)
        self._answered = False
        colour = theme.DANGER if danger else theme.WARNING
        self.body.addWidget(IconDisc(icon, colour, 84))
        self.add_title(title)
        self.add_text(text)
        self.no_button = PlainButton(no)
        self.no_button.clicked.connect(self.dismiss)
        self.yes_button = PlainButton(yes)
        self.yes_button.setProperty("kind", "danger" if danger else "" if prefer_no else "primary")
        self.no_button.setProperty("kind", "primary" if prefer_no else "")
        self.yes_button.clicked.connect(self._accept)
        buttons = theme.row(16)
        buttons.addWidget(self.no_button, 1)
        buttons.addWidget(self.yes_button, 1)
        self.body.addLayout(buttons)

    def dismiss(self) -> None:
        if self.isHidden():
            return
        if not self._answered:
            self._answered = True
            self.rejected.emit()
        super().dismiss()

    def _accept(self) -> None:
        self._answered = True
        self.dismiss()
        self.accepted.emit()
