"""The access log: what happened, when, to whom; and the way to export it."""

from __future__ import annotations

import enum
from collections.abc import Callable
from datetime import date, datetime, time, timedelta

from PySide6.QtCore import QModelIndex, Qt, Signal, Slot
from PySide6.QtWidgets import QButtonGroup

from kiosk.domain import Event, Person
from kiosk.store.events import EventQuery
from ui import texts, theme
from ui.bridge import EngineLike
from ui.screens.base import Screen, label
from ui.widgets.calendar import RangeSheet
from ui.widgets.icons import IconButton
from ui.widgets.pages import Pages
from ui.widgets.plain import PlainButton
from ui.widgets.rows import EventDelegate, ItemModel, PersonDelegate, RowList
from ui.widgets.sheet import Sheet

LIMIT = 500


class Period(enum.Enum):
    """The choices of time."""

    TODAY = texts.EVENTS_TODAY
    WEEK = texts.EVENTS_WEEK
    MONTH = texts.EVENTS_MONTH
    ALL = texts.EVENTS_ALL
    RANGE = texts.EVENTS_RANGE


def day_start_ms(day: date) -> int:
    """Return when a local day begins, UTC milliseconds (summer time included)."""
    return round(datetime.combine(day, time()).astimezone().timestamp() * 1000)


def period_bounds(
    period: Period, today: date, chosen: tuple[date, date]
) -> tuple[int | None, int | None]:
    """Return the first millisecond of a period and the first one after it; None for open."""
    if period is Period.ALL:
        return None, None
    if period is Period.RANGE:
        first, last = chosen
        return day_start_ms(first), day_start_ms(last + timedelta(days=1))
    days = {Period.TODAY: 0, Period.WEEK: 6, Period.MONTH: 29}[period]
    return day_start_ms(today - timedelta(days=days)), None


class PersonSheet(Sheet):
    """Choose whose events to see."""

    # The Person, or None for everybody.
    chosen = Signal(object)

    def __init__(self, window: Screen, people: list[Person]) -> None:
        super().__init__(window.window(), width=640)
        self.add_title(texts.PERSON_TITLE)
        self.list = RowList()
        model: ItemModel[Person] = ItemModel(self)
        model.replace(people)
        self.list.setModel(model)
        self.list.setItemDelegate(PersonDelegate(self.list))
        self.list.clicked.connect(self._choose)
        theme.sized(self.list, min_height=400)
        self.body.addWidget(self.list)
        everybody = PlainButton(texts.EVENTS_EVERYBODY)
        everybody.clicked.connect(self._choose_all)
        cancel = PlainButton(texts.CANCEL)
        cancel.clicked.connect(self.dismiss)
        buttons = theme.row(16)
        buttons.addWidget(cancel, 1)
        buttons.addWidget(everybody, 1)
        self.body.addLayout(buttons)

    @Slot(QModelIndex)
    def _choose(self, index: QModelIndex) -> None:
        self.dismiss()
        self.chosen.emit(index.data(Qt.ItemDataRole.UserRole))

    @Slot()
    def _choose_all(self) -> None:
        self.dismiss()
        self.chosen.emit(None)


class EventsScreen(Screen):
    """A list filtered by time and person."""

    # Export the events of this EventQuery.
    export_requested = Signal(object)

    def __init__(self, engine: EngineLike, now: Callable[[], datetime] = datetime.now) -> None:
        super().__init__()
        self._engine = engine
        self._now = now
        self._period = Period.TODAY
        self._range = (now().date(), now().date())
        self._person: Person | None = None
        self.sheet: Sheet | None = None
        self.period_buttons: dict[Period, PlainButton] = {}
        self._group = QButtonGroup(self)
        self._filters = theme.row(10)
        periods = theme.row(10)
        for period in Period:
            button = PlainButton(period.value)
            button.setProperty("kind", "chip")
            button.setCheckable(True)
            button.clicked.connect(self._choose_period)
            self._group.addButton(button)
            self.period_buttons[period] = button
            periods.addWidget(button)
        periods.addStretch(1)
        self.person_button = IconButton(
            "person", texts.EVENTS_EVERYBODY, kind="chip", colour=theme.TEXT_SOFT, side=26
        )
        self.person_button.clicked.connect(self._ask_person)
        self.export_button = IconButton("usb", texts.EVENTS_EXPORT, kind="chip", side=26)
        self.export_button.clicked.connect(self._export)
        actions = theme.row(10)
        actions.addWidget(self.person_button)
        actions.addStretch(1)
        actions.addWidget(self.export_button)
        self._filters.addLayout(periods)
        self._filters.addLayout(actions, 1)
        self.model: ItemModel[Event] = ItemModel(self)
        self.list = RowList()
        self.list.setModel(self.model)
        self.list.setItemDelegate(EventDelegate(self.list))
        self.list.setSelectionMode(RowList.SelectionMode.NoSelection)
        self.empty_label = label(texts.EVENTS_NONE, "soft")
        self.empty_label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.count_label = label("", "small", wrap=False)
        self._stack = Pages()
        self._stack.addWidget(self.list)
        self._stack.addWidget(self.empty_label)
        layout = theme.column(14, (32, 8, 32, 20))
        layout.addLayout(self._filters)
        layout.addWidget(self._stack, 1)
        layout.addWidget(self.count_label)
        self.setLayout(layout)

    def enter(self) -> None:
        self.period_buttons[self._period].setChecked(True)
        self.refresh()

    def leave(self) -> None:
        if self.sheet is not None:
            self.sheet.dismiss()
        super().leave()

    def arrange(self, portrait: bool) -> None:
        theme.set_direction(self._filters, portrait=portrait)

    def query(self, limit: int | None = None) -> EventQuery:
        """Return what is listed now, as a query; newest first when it is limited."""
        since_ms, until_ms = period_bounds(self._period, self._now().date(), self._range)
        return EventQuery(
            since_ms=since_ms,
            until_ms=until_ms,
            person_id=self._person.id if self._person is not None else None,
            limit=limit,
            newest_first=limit is not None,
        )

    @Slot()
    def refresh(self) -> None:
        """Read the log again."""
        self.empty_label.setText(texts.EVENTS_LOADING)
        self.ask(self._engine.events(self.query(LIMIT)), self._show_events)

    def _show_events(self, events: list[Event]) -> None:
        self.model.replace(events)
        self.list.scrollToTop()
        self.empty_label.setText(texts.EVENTS_NONE)
        self._stack.setCurrentIndex(0 if events else 1)
        self.count_label.setText(texts.entries(len(events), LIMIT))

    # --- filters ----------------------------------------------------------------------------------

    @Slot()
    def _choose_period(self) -> None:
        chosen = next(p for p, button in self.period_buttons.items() if button.isChecked())
        if chosen is Period.RANGE:
            sheet = RangeSheet(self.window(), self._now().date())
            sheet.chosen.connect(self._use_range)
            self._open(sheet)
        else:
            self._period = chosen
            self.period_buttons[Period.RANGE].setText(Period.RANGE.value)
            self.refresh()

    @Slot(object, object)
    def _use_range(self, first: date, last: date) -> None:
        self._range = (first, last)
        self._period = Period.RANGE
        self.period_buttons[Period.RANGE].setText(f"{first:%d.%m.} – {last:%d.%m.}")
        self.refresh()

    @Slot()
    def _ask_person(self) -> None:
        self.ask(self._engine.people(), self._offer_people)

    def _offer_people(self, people: list[Person]) -> None:
        sheet = PersonSheet(self, people)
        sheet.chosen.connect(self._use_person)
        self._open(sheet)

    @Slot(object)
    def _use_person(self, person: Person | None) -> None:
        self._person = person
        self.person_button.setText(person.name if person else texts.EVENTS_EVERYBODY)
        self.refresh()

    def _open(self, sheet: Sheet) -> None:
        self.sheet = sheet
        sheet.dismissed.connect(self._sheet_gone)
        sheet.open()

    @Slot()
    def _sheet_gone(self) -> None:
        self.sheet = None
        # The range was not chosen after all: mark what is listed.
        self.period_buttons[self._period].setChecked(True)

    @Slot()
    def _export(self) -> None:
        self.export_requested.emit(self.query())
