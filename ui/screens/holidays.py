"""Holidays: days on which schedules take their row for holidays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QFrame, QWidget

from kiosk.access.model import Holiday
from ui import righttexts, theme
from ui.bridge import EngineLike
from ui.screens.base import Screen, label
from ui.widgets.calendar import DaySheet
from ui.widgets.choices import FactList, FieldButton, RowFacts
from ui.widgets.icons import IconButton
from ui.widgets.pages import Pages
from ui.widgets.textsheet import TextSheet
from ui.widgets.tick import Tick


def sort_key(holiday: Holiday, today: date) -> tuple[bool, int, int, int]:
    """Order holidays: those to come by their next day, then those that are over."""
    over = is_over(holiday, today)
    year = holiday.day.year
    if holiday.is_yearly:
        passed = (holiday.day.month, holiday.day.day) < (today.month, today.day)
        year = today.year + passed
    return over, year, holiday.day.month, holiday.day.day


def is_over(holiday: Holiday, today: date) -> bool:
    """Tell whether a holiday never comes again."""
    return not holiday.is_yearly and holiday.day < today


class HolidayCard(QFrame):
    """One holiday; every change is stored at once."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("card", "true")
        self.name_field = FieldButton(righttexts.HOLIDAY_NAME)
        self.day_field = FieldButton(righttexts.HOLIDAY_DAY, "calendar")
        self.yearly = Tick(righttexts.HOLIDAY_YEARLY)
        self.delete_button = IconButton(
            "trash", righttexts.DELETE, kind="quiet", colour=theme.DANGER
        )
        layout = theme.column(18, (24, 24))
        for part in (self.name_field, self.day_field, self.yearly):
            layout.addWidget(part)
        layout.addStretch(1)
        layout.addWidget(self.delete_button)
        self.setLayout(layout)

    def show_holiday(self, holiday: Holiday) -> None:
        """Show one holiday."""
        self.name_field.show_value(holiday.name)
        self.day_field.show_value(righttexts.day(holiday.day))
        self.yearly.set_checked(holiday.is_yearly)


class HolidaysScreen(Screen):
    """A list by date, and the holiday chosen from it."""

    def __init__(self, engine: EngineLike, today: Callable[[], date] = date.today) -> None:
        super().__init__()
        self._engine = engine
        self._today = today
        self._holidays: list[Holiday] = []
        self._chosen: Holiday | None = None
        self.list = FactList(self._facts)
        self.list.chosen.connect(self._choose)
        self.empty_label = label(righttexts.HOLIDAYS_NONE, "soft")
        self.empty_label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.new_button = IconButton("plus", righttexts.HOLIDAY_NEW, kind="primary", side=26)
        self.new_button.clicked.connect(self._new)
        self.card = HolidayCard()
        self.card.name_field.touched.connect(self._ask_name)
        self.card.day_field.touched.connect(self._ask_day)
        self.card.yearly.toggled.connect(self._set_yearly)
        self.card.delete_button.clicked.connect(self._ask_delete)
        self.hint = label("", "soft")
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._content = Pages()
        self._content.addWidget(self.list)
        self._content.addWidget(self.empty_label)
        self._cards = Pages()
        self._cards.addWidget(self.hint)
        self._cards.addWidget(self.card)
        left = QWidget()
        column = theme.column(14)
        column.addWidget(self._content, 1)
        column.addWidget(self.new_button)
        left.setLayout(column)
        self._halves = theme.row(24, (32, 8, 32, 24))
        self._halves.addWidget(left, 60)
        self._halves.addWidget(self._cards, 40)
        self.setLayout(self._halves)

    def enter(self) -> None:
        self._chosen = None
        self.refresh()

    def arrange(self, portrait: bool) -> None:
        theme.set_direction(self._halves, portrait=portrait)

    @Slot()
    def refresh(self) -> None:
        """Read the holidays again."""
        self.ask(self._engine.rights.holidays(), self._show)

    def _show(self, holidays: list[Holiday]) -> None:
        today = self._today()
        self._holidays = sorted(holidays, key=lambda h: sort_key(h, today))
        self.list.show_items(self._holidays)
        self._content.setCurrentIndex(0 if holidays else 1)
        # Without one, the list says what to do.
        self.hint.setText(righttexts.HOLIDAY_CHOOSE if holidays else "")
        self._mark(self._chosen if self._chosen in holidays else None)

    def _facts(self, holiday: Holiday) -> RowFacts:
        over = is_over(holiday, self._today())
        return RowFacts(
            "calendar",
            holiday.name,
            righttexts.holiday_when(holiday),
            theme.TEXT_SOFT if over else theme.WARNING,
            righttexts.HOLIDAY_OVER if over else "",
        )

    @Slot(object)
    def _choose(self, holiday: Holiday) -> None:
        self._mark(holiday)

    def _mark(self, holiday: Holiday | None) -> None:
        # First what is chosen: the tick tells when it is set.
        self._chosen = holiday
        self.list.mark(holiday)
        if holiday is not None:
            self.card.show_holiday(holiday)
        self._cards.setCurrentIndex(0 if holiday is None else 1)

    # --- changes ----------------------------------------------------------------------------------

    def _put(self, old: Holiday | None, new: Holiday | None) -> None:
        """Store all holidays with one changed, added or left out."""
        kept = [holiday for holiday in self._holidays if holiday != old]
        if new is not None and any(_same_day(new, other) for other in kept):
            self.notice_raised.emit(righttexts.HOLIDAY_TWICE, "warning")
            self._mark(old)
            return
        wanted = tuple(sorted([*kept, new] if new is not None else kept))
        self._chosen = new
        self.ask(self._engine.rights.save_holidays(wanted), self._saved, self._failed)

    def _saved(self, _: object) -> None:
        self.refresh()

    def _failed(self, sentence: str) -> None:
        self.show_fault(sentence)
        self.refresh()

    @Slot()
    def _new(self) -> None:
        self._ask_for_day(self._name_new)

    def _ask_for_day(self, then: Callable[[date], None], shown: date | None = None) -> None:
        sheet = DaySheet(
            self.window(),
            righttexts.HOLIDAY_DAY_TITLE,
            shown or self._today(),
            marked=frozenset(holiday.day for holiday in self._holidays),
        )
        sheet.chosen.connect(then)
        self.open_sheet(sheet)

    def _name_new(self, day: date) -> None:
        def add(name: str) -> None:
            self._put(None, Holiday(day, name))

        self._ask_for_name("", add)

    def _ask_for_name(self, name: str, then: Callable[[str], None]) -> None:
        sheet = TextSheet(self.window(), righttexts.HOLIDAY_NAME_TITLE, name)
        sheet.entered.connect(then)
        self.open_sheet(sheet)

    @Slot()
    def _ask_name(self) -> None:
        old = self._chosen
        if old is not None:
            self._ask_for_name(old.name, lambda name: self._put(old, replace(old, name=name)))

    @Slot()
    def _ask_day(self) -> None:
        old = self._chosen
        if old is not None:
            self._ask_for_day(lambda day: self._put(old, replace(old, day=day)), old.day)

    @Slot(bool)
    def _set_yearly(self, yearly: bool) -> None:
        if self._chosen is not None and self._chosen.is_yearly != yearly:
            self._put(self._chosen, replace(self._chosen, is_yearly=yearly))

    @Slot()
    def _ask_delete(self) -> None:
        if self._chosen is not None:
            self.ask_first(
                righttexts.delete_title(self._chosen.name),
                righttexts.HOLIDAY_DELETE_TEXT,
                righttexts.DELETE,
                self._delete,
                danger=True,
                icon="trash",
            )

    @Slot()
    def _delete(self) -> None:
        self._put(self._chosen, None)


def _same_day(one: Holiday, other: Holiday) -> bool:
    if one.is_yearly or other.is_yearly:
        return (one.day.month, one.day.day) == (other.day.month, other.day.day)
    return one.day == other.day
