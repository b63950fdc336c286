"""Months of touch-sized days: a first and a last one, or just one, are chosen from them."""

from __future__ import annotations

import calendar
from collections.abc import Callable
from datetime import date

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QWidget

from ui import texts, theme
from ui.widgets.icons import IconButton
from ui.widgets.plain import PlainButton, PlainLabel
from ui.widgets.sheet import Sheet


class MonthGrid(QWidget):
    """One month; its days are touched, its months turned."""

    # The day that was touched (datetime.date).
    touched = Signal(object)

    def __init__(
        self,
        month: date,
        is_chosen: Callable[[date], bool],
        first: date = date(2000, 1, 1),
        last: date = date(2099, 12, 31),
    ) -> None:
        """Days before ``first`` and after ``last`` cannot be touched."""
        super().__init__()
        self._first, self._last = first, last
        self._is_chosen = is_chosen
        self._year, self._month = month.year, month.month
        self._month_label = PlainLabel()
        self._month_label.setProperty("role", "heading")
        self.earlier_button = IconButton("back")
        self.earlier_button.clicked.connect(self._earlier)
        self.later_button = IconButton("next")
        self.later_button.clicked.connect(self._later)
        bar = theme.row(12)
        bar.addWidget(self._month_label, 1)
        bar.addWidget(self.earlier_button)
        bar.addWidget(self.later_button)
        days = theme.grid(6)
        for column, name in enumerate(texts.WEEKDAYS):
            caption = PlainLabel(name)
            caption.setProperty("role", "caption")
            caption.setAlignment(Qt.AlignmentFlag.AlignCenter)
            days.addWidget(caption, 0, column)
        self.cells: list[PlainButton] = []
        for place in range(42):
            cell = PlainButton()
            cell.setProperty("kind", "day")
            cell.setCheckable(True)
            cell.setAutoExclusive(False)
            cell.clicked.connect(self._touch)
            days.addWidget(cell, 1 + place // 7, place % 7)
            self.cells.append(cell)
        layout = theme.column(20)
        layout.addLayout(bar)
        layout.addLayout(days)
        self.setLayout(layout)
        self.refresh()

    def refresh(self) -> None:
        """Mark again what is chosen."""
        self._month_label.setText(f"{texts.MONTHS[self._month - 1]} {self._year}")
        grid = calendar.Calendar().monthdatescalendar(self._year, self._month)
        days = [day for week in grid for day in week]
        for cell, day in zip(self.cells, days + [None] * (42 - len(days)), strict=True):
            cell.setProperty("day", "" if day is None else day.isoformat())
            shown = day is not None and day.month == self._month
            cell.setText(str(day.day) if day is not None and shown else "")
            can_be = day is not None and shown and self._first <= day <= self._last
            cell.setEnabled(can_be)
            cell.setChecked(day is not None and shown and self._is_chosen(day))
        present = (self._year, self._month)
        self.earlier_button.setEnabled((self._first.year, self._first.month) < present)
        self.later_button.setEnabled(present < (self._last.year, self._last.month))

    @Slot()
    def _touch(self) -> None:
        sender = self.sender()
        if sender is not None:
            self.touched.emit(date.fromisoformat(sender.property("day")))

    @Slot()
    def _earlier(self) -> None:
        self._turn(-1)

    @Slot()
    def _later(self) -> None:
        self._turn(1)

    def _turn(self, months: int) -> None:
        count = self._year * 12 + self._month - 1 + months
        self._year, self._month = count // 12, count % 12 + 1
        self.refresh()


class RangeSheet(Sheet):
    """Choose from one day to another, both included."""

    # First and last day (datetime.date).
    chosen = Signal(object, object)

    def __init__(self, window: QWidget, today: date) -> None:
        super().__init__(window, width=680)
        self.first: date | None = None
        self.last: date | None = None
        self.add_title(texts.RANGE_TITLE)
        self._hint = self.add_text(texts.RANGE_FROM)
        self.month = MonthGrid(today, self._is_chosen, last=today)
        self.month.touched.connect(self.touch_day)
        self.body.addWidget(self.month)
        self.use_button = PlainButton(texts.RANGE_USE)
        self.use_button.setProperty("kind", "primary")
        self.use_button.clicked.connect(self._use)
        cancel = PlainButton(texts.CANCEL)
        cancel.clicked.connect(self.dismiss)
        buttons = theme.row(16)
        buttons.addWidget(cancel, 1)
        buttons.addWidget(self.use_button, 1)
        self.body.addLayout(buttons)
        self._refresh()

    @Slot(object)
    def touch_day(self, day: date) -> None:
        """Take a day as the first one, or as the last one when a first one is chosen."""
        if self.first is None or self.last is not None:
            self.first, self.last = day, None
        else:
            self.first, self.last = sorted((self.first, day))
        self._refresh()

    def _refresh(self) -> None:
        self.month.refresh()
        if self.first is None:
            self._hint.setText(texts.RANGE_FROM)
        elif self.last is None:
            self._hint.setText(texts.RANGE_TO)
        else:
            self._hint.setText(texts.day_range(self.first, self.last))
        self.use_button.setEnabled(self.first is not None)

    def _is_chosen(self, day: date) -> bool:
        if self.first is None:
            return False
        return self.first <= day <= (self.last or self.first)

    @Slot()
    def _use(self) -> None:
        if self.first is not None:
            self.dismiss()
            self.chosen.emit(self.first, self.last or self.first)


class DaySheet(Sheet):
    """Choose one day by touching it."""

    # The day (datetime.date), or None for no limit where that is offered.
    chosen = Signal(object)

    def __init__(
        self,
        window: QWidget,
        title: str,
        month: date,
        *,
        marked: frozenset[date] = frozenset(),
        first: date = date(2000, 1, 1),
        without: str = "",
    ) -> None:
        """``marked`` days stand out; ``without`` are the words of a button for no day at all."""
        super().__init__(window, width=680)
        self.add_title(title)
        self.month = MonthGrid(month, marked.__contains__, first=first)
        self.month.touched.connect(self._choose)
        self.body.addWidget(self.month)
        cancel = PlainButton(texts.CANCEL)
        cancel.clicked.connect(self.dismiss)
        buttons = theme.row(16)
        buttons.addWidget(cancel, 1)
        if without:
            self.without_button = PlainButton(without)
            self.without_button.clicked.connect(self._choose_none)
            buttons.addWidget(self.without_button, 1)
        self.body.addLayout(buttons)

    @Slot(object)
    def _choose(self, day: date) -> None:
        self.dismiss()
        self.chosen.emit(day)

    @Slot()
    def _choose_none(self) -> None:
        self.dismiss()
        self.chosen.emit(None)
