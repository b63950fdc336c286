"""Things to choose from: chips in a row, a list to tick, large buttons on a sheet, a field."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, NamedTuple

from PySide6.QtCore import QModelIndex, QRectF, Qt, Signal, Slot
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QButtonGroup, QWidget

from ui import texts, theme
from ui.widgets.icons import IconButton, paint_icon
from ui.widgets.plain import PlainButton, PlainLabel
from ui.widgets.rows import ItemModel, RowDelegate, RowList
from ui.widgets.sheet import Sheet


class RowFacts(NamedTuple):
    """What a row of a list shows."""

    icon: str
    title: str
    note: str = ""
    colour: str = theme.ACCENT
    right: str = ""
    right_colour: str = theme.TEXT_SOFT


class FactDelegate(RowDelegate):
    """Icon, title, note, and a word at the right; a note of several lines is wrapped."""

    def __init__(
        self, view: RowList, facts: Callable[[Any], RowFacts], note_lines: int = 1
    ) -> None:
        super().__init__(view)
        self._facts = facts
        self._note_lines = note_lines
        self.row_height += 25 * (note_lines - 1)

    def paint_item(self, painter: QPainter, area: QRectF, item: Any) -> None:
        facts = self._facts(item)
        rest = self.icon(painter, area, facts.icon, facts.colour)
        if facts.right:
            width = self.text(
                painter, rest, facts.right, 18, facts.right_colour, bold=True, right=True
            )
            rest = rest.adjusted(0, 0, -width - self.sizes.px(16), 0)
        if not facts.note:
            self.text(painter, rest, facts.title, 22, theme.TEXT, bold=True)
            return
        if self._note_lines == 1:
            upper, lower = self.two_lines(rest)
            self.text(painter, upper, facts.title, 22, theme.TEXT, bold=True)
            self.text(painter, lower, facts.note, 18, theme.TEXT_SOFT)
            return
        painter.setFont(self.sizes.font(18))
        line = self.sizes.px(30)
        room = QRectF(rest.left(), 0, rest.width(), self.sizes.px(25 * self._note_lines))
        note = painter.boundingRect(room, Qt.TextFlag.TextWordWrap, facts.note)
        note.setHeight(min(note.height(), room.height()))
        top = rest.center().y() - (line + note.height()) / 2
        painter.setPen(QColor(theme.TEXT_SOFT))
        note.moveTop(top + line)
        painter.drawText(note, Qt.TextFlag.TextWordWrap, facts.note)
        title = QRectF(rest.left(), top, rest.width(), line)
        self.text(painter, title, facts.title, 22, theme.TEXT, bold=True)


class FactList(RowList):
    """A list of values of which one is chosen by touching it."""

    # The value that was touched.
    chosen = Signal(object)

    def __init__(self, facts: Callable[[Any], RowFacts], note_lines: int = 1) -> None:
        super().__init__()
        self.items: ItemModel[Any] = ItemModel(self)
        self.setModel(self.items)
        self.setItemDelegate(FactDelegate(self, facts, note_lines))
        self.clicked.connect(self._touched)

    def show_items(self, items: Iterable[Any]) -> None:
        """Show other values; none is chosen."""
        self.items.replace(list(items))

    def mark(self, item: Any) -> None:
        """Show one value as chosen; none when it is not in the list."""
        found = [row for row, other in enumerate(self.items.items) if other == item]
        self.setCurrentIndex(self.items.index(found[0], 0) if found else QModelIndex())

    @Slot(QModelIndex)
    def _touched(self, index: QModelIndex) -> None:
        self.chosen.emit(index.data(Qt.ItemDataRole.UserRole))


class Option(NamedTuple):
    """A value with the words for it."""

    value: Hashable
    title: str
    note: str = ""


class _TickDelegate(RowDelegate):
    """A box to tick beside a title and a note."""

    row_height = 66.0

    def __init__(self, view: TickList) -> None:
        super().__init__(view)
        self._ticks = view

    def paint_item(self, painter: QPainter, area: QRectF, item: Option) -> None:
        ticked = item.value in self._ticks.ticked
        side = self.sizes.px(38)
        box = QRectF(area.left(), area.center().y() - side / 2, side, side)
        pen = QColor(theme.OK if ticked else theme.TEXT_SOFT)
        painter.setPen(pen)
        painter.setBrush(pen if ticked else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(box, side * 0.25, side * 0.25)
        if ticked:
            inset = side * 0.14
            paint_icon(
                painter, box.adjusted(inset, inset, -inset, -inset), "check", theme.BACKGROUND
            )
        rest = area.adjusted(side + self.sizes.px(16), 0, 0, 0)
        upper, lower = self.two_lines(rest) if item.note else (rest, rest)
        self.text(painter, upper, item.title, 22, theme.TEXT, bold=ticked)
        if item.note:
            self.text(painter, lower, item.note, 17, theme.TEXT_SOFT)


class TickList(RowList):
    """A list of which any number of rows is ticked."""

    # Something was ticked or cleared.
    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.ticked: set[Hashable] = set()
        self.options: ItemModel[Option] = ItemModel(self)
        self.setModel(self.options)
        self.setItemDelegate(_TickDelegate(self))
        self.setSelectionMode(RowList.SelectionMode.NoSelection)
        self.clicked.connect(self._touched)

    def show_options(self, options: Sequence[Option], ticked: Iterable[Hashable]) -> None:
        """Offer other rows; ticks of values that are not offered are dropped."""
        self.ticked = set(ticked) & {option.value for option in options}
        self.options.replace(list(options))

    @Slot(QModelIndex)
    def _touched(self, index: QModelIndex) -> None:
        option: Option = index.data(Qt.ItemDataRole.UserRole)
        self.ticked ^= {option.value}
        self.viewport().update()
        self.changed.emit()


class Chips(QWidget):
    """A few values beside (or below) each other, one of them chosen."""

    # The value that was touched.
    chosen = Signal(object)

    def __init__(self, options: Sequence[tuple[Hashable, str]], columns: int = 0) -> None:
        super().__init__()
        self.buttons: dict[Hashable, PlainButton] = {}
        self._group = QButtonGroup(self)
        grid = theme.grid(10)
        for place, (value, words) in enumerate(options):
            button = PlainButton(words)
            button.setProperty("kind", "chip")
            button.setCheckable(True)
            button.clicked.connect(self._touched)
            self._group.addButton(button)
            self.buttons[value] = button
            width = columns or len(options)
            grid.addWidget(button, place // width, place % width)
        self.setLayout(grid)

    def value(self) -> Any:
        """Return what is chosen; None when nothing is."""
        return next((v for v, button in self.buttons.items() if button.isChecked()), None)

    def choose(self, value: Hashable) -> None:
        """Choose without telling; nothing for a value that is not offered."""
        self._group.setExclusive(False)
        for offered, button in self.buttons.items():
            button.setChecked(offered == value)
        self._group.setExclusive(True)

    @Slot()
    def _touched(self) -> None:
        self.chosen.emit(self.value())


class FieldButton(QWidget):
    """A value that is changed by touching it, under its caption."""

    # It was touched.
    touched = Signal()

    def __init__(self, caption: str, icon: str = "pencil") -> None:
        super().__init__()
        self.button = IconButton(icon, " ", kind="field", colour=theme.TEXT_SOFT, side=24)
        self.button.setAccessibleName(caption)
        self.button.clicked.connect(self.touched)
        words = PlainLabel(caption)
        words.setProperty("role", "caption")
        layout = theme.column(6)
        layout.addWidget(words)
        layout.addWidget(self.button)
        self.setLayout(layout)

    def show_value(self, words: str) -> None:
        """Show a value in words."""
        self.button.setText(words)

    def value(self) -> str:
        """Return the words shown."""
        return self.button.text().strip()


class ChoiceSheet(Sheet):
    """One of a few things, by large buttons."""

    # The value that was touched.
    chosen = Signal(object)

    def __init__(
        self,
        window: QWidget,
        title: str,
        options: Sequence[tuple[Any, str]],
        *,
        text: str = "",
        columns: int = 2,
    ) -> None:
        super().__init__(window, width=760)
        self._options = list(options)
        self.buttons: list[PlainButton] = []
        self.add_title(title)
        if text:
            self.add_text(text)
        grid = theme.grid(14)
        for place, (_, words) in enumerate(self._options):
            button = PlainButton(words)
            button.clicked.connect(self._touched)
            self.buttons.append(button)
            grid.addWidget(button, place // columns, place % columns)
        self.grid = grid
        self.body.addLayout(grid)
        cancel = PlainButton(texts.CANCEL)
        cancel.setProperty("kind", "quiet")
        cancel.clicked.connect(self.dismiss)
        self.body.addWidget(cancel)

    @Slot()
    def _touched(self) -> None:
        place = next(n for n, button in enumerate(self.buttons) if button is self.sender())
        self.dismiss()
        self.chosen.emit(self._options[place][0])


class ListSheet(Sheet):
    """One of many things, from a list that scrolls."""

    # The value that was touched.
    chosen = Signal(object)

    def __init__(
        self, window: QWidget, title: str, items: Iterable[Any], facts: Callable[[Any], RowFacts]
    ) -> None:
        super().__init__(window, width=700)
        self.add_title(title)
        self.list = FactList(facts)
        self.list.show_items(items)
        self.list.chosen.connect(self._touched)
        theme.sized(self.list, min_height=360)
        self.body.addWidget(self.list)
        self.buttons = theme.row(16)
        cancel = PlainButton(texts.CANCEL)
        cancel.clicked.connect(self.dismiss)
        self.buttons.addWidget(cancel, 1)
        self.body.addLayout(self.buttons)

    @Slot(object)
    def _touched(self, item: Any) -> None:
        self.dismiss()
        self.chosen.emit(item)
