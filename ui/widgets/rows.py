"""List rows drawn by delegates: thousands of log lines without thousands of widgets."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QScroller,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from kiosk.domain import ALARM_KINDS, Event, EventKind, Person
from ui import texts, theme
from ui.theme import Theme, Themed
from ui.widgets.icons import paint_icon

T = TypeVar("T")
Index = QModelIndex | QPersistentModelIndex

_GOOD = (theme.OK, "check")
_PLAIN = (theme.TEXT_SOFT, "info")
_BAD = (theme.DANGER, "warning")
EVENT_LOOKS: dict[EventKind, tuple[str, str]] = {
    EventKind.GRANTED: _GOOD,
    EventKind.NOT_RECOGNISED: (theme.WARNING, "cross"),
    EventKind.PRESENTATION_ATTACK: (theme.DANGER, "photo"),
    EventKind.DOOR_UNLOCKED: (theme.OK, "unlock"),
    EventKind.DOOR_LOCKED: (theme.TEXT_SOFT, "lock"),
    EventKind.DENIED: (theme.WARNING, "lock"),
    EventKind.PIN_REFUSED: (theme.WARNING, "key"),
    EventKind.PIN_LOCKOUT: (theme.WARNING, "lock"),
    EventKind.RELAY_LOST: _BAD,
    EventKind.CAMERA_LOST: _BAD,
    EventKind.FAULT: _BAD,
    EventKind.ENROLLED: (theme.ACCENT, "person_add"),
    EventKind.PERSON_CHANGED: (theme.ACCENT, "person"),
    EventKind.PERSON_DELETED: (theme.ACCENT, "trash"),
    EventKind.PIN_CHANGED: (theme.ACCENT, "key"),
    EventKind.ADMIN_LOGIN: (theme.ACCENT, "key"),
    EventKind.ADMIN_REFUSED: (theme.WARNING, "key"),
    EventKind.ADMIN_LOCKOUT: (theme.WARNING, "lock"),
    EventKind.EXPORTED: (theme.ACCENT, "usb"),
    EventKind.DOOR_OPENED: (theme.TEXT_SOFT, "door"),
    EventKind.DOOR_CLOSED: (theme.TEXT_SOFT, "door"),
    EventKind.DOOR_FORCED: (theme.DANGER, "bell"),
    EventKind.DOOR_HELD_SOON: (theme.WARNING, "bell"),
    EventKind.DOOR_HELD: (theme.DANGER, "bell"),
    EventKind.EXIT_REQUESTED: (theme.TEXT_SOFT, "outward"),
    EventKind.MANUAL_UNLOCK: (theme.OK, "unlock"),
    EventKind.FREE_ACCESS_BEGUN: (theme.OK, "unlock"),
    EventKind.FREE_ACCESS_ENDED: (theme.TEXT_SOFT, "lock"),
    EventKind.LOCKDOWN_BEGUN: (theme.DANGER, "stop"),
    EventKind.LOCKDOWN_ENDED: (theme.OK, "stop"),
    EventKind.ALARM_ACKNOWLEDGED: (theme.ACCENT, "check"),
    EventKind.DURESS: (theme.DANGER, "bell"),
    EventKind.GUARD_LOST: _BAD,
    EventKind.PASSBACK: (theme.WARNING, "undo"),
    EventKind.RIGHTS_CHANGED: (theme.ACCENT, "shield"),
    EventKind.CLOCK_UNTRUSTED: (theme.WARNING, "clock"),
    EventKind.CLOCK_TRUSTED: (theme.OK, "clock"),
    EventKind.COMMAND_RECEIVED: (theme.ACCENT, "inward"),
    EventKind.COMMAND_REFUSED: (theme.WARNING, "inward"),
}


def event_look(kind: EventKind) -> tuple[str, str]:
    """Return the colour and the icon of a kind of event."""
    return EVENT_LOOKS.get(kind, _PLAIN)


class ItemModel(QAbstractListModel, Generic[T]):
    """A list of domain values; the value itself is the UserRole of its row."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.items: list[T] = []

    def replace(self, items: list[T]) -> None:
        """Show other items."""
        self.beginResetModel()
        self.items = items
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.items)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        return self.items[index.row()] if role == Qt.ItemDataRole.UserRole else None


class RowDelegate(QStyledItemDelegate):
    """Common to all rows: height, the selected background, text that is elided, not clipped."""

    row_height = 76.0

    def __init__(self, view: RowList) -> None:
        super().__init__(view)
        self._view = view

    @property
    def sizes(self) -> Theme:
        """Sizes of the window."""
        return self._view.theme

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(100, self.sizes.px(self.row_height))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(option.rect).adjusted(0, 0, -self.sizes.px(14), 0)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme.RAISED))
            radius = self.sizes.px(14)
            painter.drawRoundedRect(area.adjusted(0, 2, 0, -2), radius, radius)
        elif index.row() > 0:
            painter.setPen(QColor(theme.RAISED))
            painter.drawLine(area.topLeft(), area.topRight())
        margin = self.sizes.px(16)
        item = index.data(Qt.ItemDataRole.UserRole)
        self.paint_item(painter, area.adjusted(margin, 0, -margin, 0), item)
        painter.restore()

    def paint_item(self, painter: QPainter, area: QRectF, item: Any) -> None:
        """Draw one item into its row."""
        raise NotImplementedError

    def text(
        self,
        painter: QPainter,
        area: QRectF,
        words: str,
        size: float,
        colour: str,
        *,
        bold: bool = False,
        right: bool = False,
    ) -> float:
        """Draw one elided line, centred vertically in ``area``; return its width."""
        weight = QFont.Weight.DemiBold if bold else QFont.Weight.Normal
        font = self.sizes.font(size, weight)
        metrics = QFontMetricsF(font)
        elided = metrics.elidedText(words, Qt.TextElideMode.ElideRight, area.width())
        side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
        painter.setFont(font)
        painter.setPen(QColor(colour))
        painter.drawText(area, side | Qt.AlignmentFlag.AlignVCenter, elided)
        return metrics.horizontalAdvance(elided)

    def icon(self, painter: QPainter, area: QRectF, name: str, colour: str) -> QRectF:
        """Draw an icon in a disc at the left of ``area``; return the rest of the area."""
        side = self.sizes.px(44)
        disc = QRectF(area.left(), area.center().y() - side / 2, side, side)
        tint = QColor(colour)
        tint.setAlphaF(0.16)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(tint)
        painter.drawEllipse(disc)
        inset = side * 0.24
        paint_icon(painter, disc.adjusted(inset, inset, -inset, -inset), name, colour)
        return area.adjusted(side + self.sizes.px(16), 0, 0, 0)

    def two_lines(self, area: QRectF) -> tuple[QRectF, QRectF]:
        """Split an area into a larger upper and a smaller lower line."""
        middle = area.center().y() + self.sizes.px(3)
        line = self.sizes.px(30)
        return (
            QRectF(area.left(), middle - line, area.width(), line),
            QRectF(area.left(), middle, area.width(), self.sizes.px(26)),
        )


class PersonDelegate(RowDelegate):
    """Name and number, and whether the person may enter."""

    def paint_item(self, painter: QPainter, area: QRectF, item: Person) -> None:
        colour = theme.OK if item.enabled else theme.DANGER
        rest = self.icon(painter, area, "person", theme.ACCENT if item.enabled else colour)
        word = texts.PEOPLE_ENABLED if item.enabled else texts.PEOPLE_DISABLED
        width = self.text(painter, rest, word, 18, colour, bold=True, right=True)
        upper, lower = self.two_lines(rest.adjusted(0, 0, -width - self.sizes.px(16), 0))
        self.text(painter, upper, item.name, 23, theme.TEXT, bold=True)
        self.text(painter, lower, item.number or texts.PEOPLE_NO_NUMBER, 18, theme.TEXT_SOFT)


class EventDelegate(RowDelegate):
    """When, what, who, and the details."""

    def paint_item(self, painter: QPainter, area: QRectF, item: Event) -> None:
        when = datetime.fromtimestamp(item.at_ms / 1000)
        column = self.sizes.px(120)
        upper, lower = self.two_lines(QRectF(area.left(), area.top(), column, area.height()))
        self.text(painter, upper, f"{when:%H:%M:%S}", 21, theme.TEXT, bold=True)
        self.text(painter, lower, f"{when:%Y-%m-%d}", 17, theme.TEXT_SOFT)
        colour, icon = event_look(item.kind)
        rest = self.icon(painter, area.adjusted(column + self.sizes.px(8), 0, 0, 0), icon, colour)
        if item.similarity is not None:
            figure = f"{item.similarity:.2f}"
            if item.threshold is not None:
                figure += f" / {item.threshold:.2f}"
            width = self.text(painter, rest, figure, 18, theme.TEXT_SOFT, right=True)
            rest = rest.adjusted(0, 0, -width - self.sizes.px(16), 0)
        title = texts.EVENT_KINDS[item.kind]
        title = f"{title}  ·  {item.person_name}" if item.person_name else title
        upper, lower = self.two_lines(rest)
        loud = theme.DANGER if item.kind in ALARM_KINDS else theme.TEXT
        if item.detail:
            self.text(painter, upper, title, 22, loud, bold=True)
            self.text(painter, lower, item.detail, 18, theme.TEXT_SOFT)
        else:
            self.text(painter, rest, title, 22, loud, bold=True)


class RowList(Themed, QListView):
    """A list that scrolls by finger."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setUniformItemSizes(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        QScroller.grabGesture(self.viewport(), QScroller.ScrollerGestureType.LeftMouseButtonGesture)

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        # The rows have another height now.
        self.scheduleDelayedItemsLayout()
