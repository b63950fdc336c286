"""Our own line icons, drawn in any colour and size."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPaintEvent, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui import theme
from ui.assets import icon_svg
from ui.theme import Theme, Themed
from ui.widgets.plain import PlainButton, PlainLabel

DISABLED = "#5f6d83"


def paint_icon(painter: QPainter, rect: QRectF, name: str, colour: str) -> None:
    """Draw an icon into ``rect`` (square)."""
    QSvgRenderer(QByteArray(icon_svg(name, colour))).render(painter, rect)


def icon_pixmap(name: str, side_px: int, colour: str, ratio: float = 1.0) -> QPixmap:
    """Return an icon as a pixmap of ``side_px`` logical pixels."""
    pixmap = QPixmap(round(side_px * ratio), round(side_px * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    paint_icon(painter, QRectF(0, 0, side_px, side_px), name, colour)
    painter.end()
    return pixmap


class IconDisc(Themed, QWidget):
    """An icon in a softly tinted disc; the disc fills the widget."""

    def __init__(
        self,
        name: str = "face",
        colour: str = theme.ACCENT,
        side: float = 96,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._name = name
        self._colour = colour
        self._side = side
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.set_theme(Theme())

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        self.setFixedSize(theme.px(self._side), theme.px(self._side))

    def show_icon(self, name: str, colour: str) -> None:
        """Change the icon and its colour."""
        self._name, self._colour = name, colour
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        side = min(self.width(), self.height())
        disc = QRectF((self.width() - side) / 2, (self.height() - side) / 2, side, side)
        tint = QColor(self._colour)
        tint.setAlphaF(0.18)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(tint)
        painter.drawEllipse(disc)
        inset = side * 0.24
        paint_icon(painter, disc.adjusted(inset, inset, -inset, -inset), self._name, self._colour)
        painter.end()


class IconButton(Themed, PlainButton):
    """A touch button with one of our icons; ``kind`` picks its look in the style sheet."""

    def __init__(
        self,
        icon: str,
        text: str = "",
        *,
        kind: str = "icon",
        colour: str = theme.TEXT,
        side: float = 30,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(text, parent)
        self._icon = icon
        self._colour = colour
        self._side = side
        self.setProperty("kind", kind)
        self.set_theme(Theme())

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        side = theme.px(self._side)
        ratio = self.devicePixelRatioF()
        icon = QIcon(icon_pixmap(self._icon, side, self._colour, ratio))
        dim = icon_pixmap(self._icon, side, DISABLED, ratio)
        icon.addPixmap(dim, QIcon.Mode.Disabled)
        self.setIcon(icon)
        self.setIconSize(QSize(side, side))

    def setText(self, text: str) -> None:
        # Qt puts text and icon too close together for our sizes.
        super().setText(f"\u2002{text}" if text else "")


class Tile(PlainButton):
    """A large menu button: icon above a title and a short note."""

    def __init__(self, icon: str, title: str, note: str, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.setProperty("kind", "tile")
        self.setAccessibleName(title)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        layout = self._content = theme.column(2, (22, 18))
        layout.addWidget(IconDisc(icon, theme.ACCENT, 68))
        layout.addStretch(1)
        self._note = PlainLabel(note)
        for label, text, role in ((PlainLabel(), title, "heading"), (self._note, note, "soft")):
            label.setText(text)
            label.setProperty("role", role)
            label.setWordWrap(True)
            layout.addWidget(label)
        self.setLayout(layout)
        # The labels must not swallow the touch.
        for child in self.findChildren(QWidget):
            child.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def note(self) -> str:
        """Return what is said below the title."""
        return self._note.text()

    def set_note(self, note: str, tone: str = "") -> None:
        """Say something else below the title, in the colour of a tone."""
        self._note.setText(note)
        theme.restyle(self._note, tone=tone)

    def sizeHint(self) -> QSize:
        return self._content.sizeHint()
