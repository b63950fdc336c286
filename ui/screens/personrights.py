"""What one person may: groups, from when until when, how often, how long the door stays open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QWidget

from kiosk.access.model import Group, PersonRights, Schedule
from kiosk.domain import Person
from ui import moments, righttexts, theme
from ui.bridge import EngineLike
from ui.screens.base import Screen, label
from ui.widgets.calendar import DaySheet
from ui.widgets.choices import ChoiceSheet, FieldButton, Option, TickList
from ui.widgets.icons import IconButton
from ui.widgets.pages import Pages
from ui.widgets.plain import PlainButton
from ui.widgets.tick import Tick

_USES = (1, 2, 3, 5, 10, 20, 50)


class PersonRightsScreen(Screen):
    """Nothing is changed before it is saved."""

    # Saved, or left.
    finished = Signal()
    # Set or remove the PIN of this Person.
    pin_requested = Signal(object)
    # Set or remove the duress PIN of this Person.
    duress_requested = Signal(object)

    def __init__(self, engine: EngineLike, now: Callable[[], datetime] = datetime.now) -> None:
        super().__init__()
        self._engine = engine
        self._now = now
        self.person: Person | None = None
        self._stored = PersonRights(0)
        self._rights = PersonRights(0)
        self._schedule_names: dict[int, str] = {}
        self.name = label("", "heading")
        self.groups = TickList()
        self.groups.changed.connect(self._groups_changed)
        self.no_groups = label(righttexts.ALL_GROUPS_HINT, "soft")
        self._group_pages = Pages()
        self._group_pages.addWidget(self.groups)
        self._group_pages.addWidget(self.no_groups)
        self.groups_note = label("", "small")
        self.from_field = FieldButton(righttexts.RIGHTS_FROM, "calendar")
        self.from_field.touched.connect(self._ask_from)
        self.until_field = FieldButton(righttexts.RIGHTS_UNTIL, "calendar")
        self.until_field.touched.connect(self._ask_until)
        self.uses_field = FieldButton(righttexts.RIGHTS_USES, "ticket")
        self.uses_field.touched.connect(self._ask_uses)
        self.hours_field = FieldButton(righttexts.RIGHTS_HOURS, "clock")
        self.hours_field.touched.connect(self._ask_hours)
        self.slow = Tick(righttexts.RIGHTS_SLOW)
        self.slow.toggled.connect(self._slow_changed)
        self.warning = label("", "small")
        theme.restyle(self.warning, tone="warning")
        self.pin_button = IconButton("key", righttexts.RIGHTS_PIN, kind="", side=26)
        self.pin_button.clicked.connect(self._set_pin)
        self.duress_button = IconButton("shield", righttexts.RIGHTS_DURESS, kind="", side=26)
        self.duress_button.clicked.connect(self._set_duress)
        self.save_button = PlainButton(righttexts.SAVE)
        self.save_button.setProperty("kind", "primary")
        self.save_button.clicked.connect(self._save)
        self._lay_out()

    def _lay_out(self) -> None:
        left = theme.column(8)
        left.addWidget(self.name)
        left.addWidget(label(righttexts.RIGHTS_GROUPS, "caption"))
        left.addWidget(self._group_pages, 1)
        left.addWidget(self.groups_note)
        days = theme.row(14)
        days.addWidget(self.from_field, 1)
        days.addWidget(self.until_field, 1)
        right = theme.column(12)
        right.addLayout(days)
        for part in (self.uses_field, self.hours_field, self.slow, self.warning):
            right.addWidget(part)
        right.addStretch(1)
        pins = theme.row(14)
        pins.addWidget(self.pin_button, 1)
        pins.addWidget(self.duress_button, 1)
        right.addLayout(pins)
        right.addWidget(self.save_button)
        holder = QWidget()
        holder.setLayout(right)
        self._halves = theme.row(28, (32, 4, 32, 20))
        self._halves.addLayout(left, 1)
        self._halves.addWidget(holder, 1)
        self.body = QWidget()
        self.body.setLayout(self._halves)
        layout = theme.column(0)
        layout.addWidget(self.body)
        self.setLayout(layout)

    def prepare(self, person: Person) -> None:
        """Choose whose rights are shown before the screen is entered."""
        self.person = person

    def enter(self) -> None:
        assert self.person is not None
        self._show_person(self.person)
        # What is chosen before they are known would be lost, or take the place of what is stored.
        self._begin(PersonRights(self.person.id))
        self.body.setEnabled(False)
        # Their PIN may have changed since they were chosen.
        self.ask(self._engine.people(self.person.name), self._refresh_person)
        self.ask(self._engine.rights.schedules(), self._take_schedules)

    def arrange(self, portrait: bool) -> None:
        theme.set_direction(self._halves, portrait=portrait)

    def step_back(self) -> bool:
        if self._rights == self._stored:
            return False
        self.ask_first(
            righttexts.DISCARD_TITLE,
            righttexts.DISCARD_TEXT,
            righttexts.DISCARD_YES,
            self.finished.emit,
        )
        return True

    # --- reading ----------------------------------------------------------------------------------

    def _refresh_person(self, people: list[Person]) -> None:
        wanted = self.person.id if self.person is not None else 0
        for person in people:
            if person.id == wanted:
                self.person = person
                self._show_person(person)

    def _show_person(self, person: Person) -> None:
        self.name.setText(person.name)
        self.pin_button.setText(righttexts.pin_button(person.has_pin))
        self.duress_button.setText(righttexts.duress_button(person.has_duress_pin))
        self.duress_button.setEnabled(person.has_pin)

    def _take_schedules(self, schedules: list[Schedule]) -> None:
        self._schedule_names = {s.id: s.name for s in schedules if s.id is not None}
        self.ask(self._engine.rights.groups(), self._take_groups)

    def _take_groups(self, groups: list[Group]) -> None:
        assert self.person is not None
        names = self._schedule_names
        options = [Option(g.id, g.name, righttexts.group_line(g, names)) for g in groups]
        self.groups.show_options(options, ())
        self._group_pages.setCurrentIndex(0 if options else 1)
        self.ask(self._engine.rights.rights_of(self.person.id), self._begin, self._damaged)

    def _damaged(self, sentence: str) -> None:
        # What is stored cannot be read: saving what is shown repairs it.
        self.show_fault(sentence)
        self.body.setEnabled(True)
        self.save_button.setEnabled(True)

    def _begin(self, rights: PersonRights) -> None:
        self.body.setEnabled(True)
        self._stored = self._rights = rights
        self.groups.ticked = set(rights.group_ids)
        self.groups.viewport().update()
        self.slow.set_checked(rights.is_slow)
        self._refresh()

    def _refresh(self) -> None:
        rights = self._rights
        self.groups_note.setText(
            righttexts.RIGHTS_IN_GROUPS if rights.group_ids else righttexts.RIGHTS_NO_GROUP
        )
        self.from_field.show_value(
            righttexts.RIGHTS_ALWAYS_FROM
            if rights.valid_from_ms is None
            else righttexts.day(moments.local(rights.valid_from_ms).date())
        )
        self.until_field.show_value(
            righttexts.RIGHTS_ALWAYS_UNTIL
            if rights.valid_until_ms is None
            else righttexts.until(*moments.last_moment(rights.valid_until_ms), short=True)
        )
        self.uses_field.show_value(righttexts.uses(rights.uses_left))
        self.hours_field.show_value(rights.hours)
        self.hours_field.setVisible(bool(rights.hours))
        self.warning.setText(self._what_is_wrong())
        self.warning.setVisible(bool(self.warning.text()))
        self.save_button.setEnabled(rights != self._stored and not self._ends_first())

    def _ends_first(self) -> bool:
        begin, end = self._rights.valid_from_ms, self._rights.valid_until_ms
        return begin is not None and end is not None and end <= begin

    def _what_is_wrong(self) -> str:
        if self._ends_first():
            return righttexts.RIGHTS_ENDS_BEFORE
        end_ms = self._rights.valid_until_ms
        if end_ms is not None and end_ms <= self._now().timestamp() * 1000:
            return righttexts.RIGHTS_OVER
        return ""

    # --- changing ---------------------------------------------------------------------------------

    def _change(self, rights: PersonRights) -> None:
        self._rights = rights
        self._refresh()

    @Slot()
    def _groups_changed(self) -> None:
        ids = frozenset(n for n in self.groups.ticked if isinstance(n, int))
        self._change(replace(self._rights, group_ids=ids))

    @Slot(bool)
    def _slow_changed(self, slow: bool) -> None:
        self._change(replace(self._rights, is_slow=slow))

    def _ask_day(self, title: str, at_ms: int | None, then: Callable[[date | None], None]) -> None:
        shown = self._now().date() if at_ms is None else moments.local(at_ms).date()
        sheet = DaySheet(
            self.window(),
            title,
            shown,
            marked=frozenset() if at_ms is None else frozenset({shown}),
            without=righttexts.RIGHTS_NO_LIMIT,
        )
        sheet.chosen.connect(then)
        self.open_sheet(sheet)

    @Slot()
    def _ask_from(self) -> None:
        def take(day: date | None) -> None:
            at_ms = None if day is None else moments.start_ms(day)
            self._change(replace(self._rights, valid_from_ms=at_ms))

        self._ask_day(righttexts.RIGHTS_FROM, self._rights.valid_from_ms, take)

    @Slot()
    def _ask_until(self) -> None:
        def take(day: date | None) -> None:
            at_ms = None if day is None else moments.end_ms(day)
            self._change(replace(self._rights, valid_until_ms=at_ms))

        end_ms = self._rights.valid_until_ms
        self._ask_day(righttexts.RIGHTS_UNTIL, None if end_ms is None else end_ms - 1, take)

    @Slot()
    def _ask_uses(self) -> None:
        options = [(count, righttexts.uses(count)) for count in _USES]
        sheet = ChoiceSheet(
            self.window(),
            righttexts.RIGHTS_USES_TITLE,
            [*options, (None, righttexts.RIGHTS_UNLIMITED)],
        )
        sheet.chosen.connect(self._set_uses)
        self.open_sheet(sheet)

    @Slot(object)
    def _set_uses(self, count: int | None) -> None:
        self._change(replace(self._rights, uses_left=count))

    @Slot()
    def _ask_hours(self) -> None:
        self.ask_first(
            righttexts.RIGHTS_HOURS_TITLE,
            righttexts.RIGHTS_HOURS_TEXT,
            righttexts.RIGHTS_HOURS_REMOVE,
            self._remove_hours,
            icon="clock",
        )

    @Slot()
    def _remove_hours(self) -> None:
        self._change(replace(self._rights, hours=""))

    @Slot()
    def _save(self) -> None:
        self.ask(self._engine.rights.save_rights(self._rights), self._saved)

    def _saved(self, _: object) -> None:
        self._stored = self._rights
        self.notice_raised.emit(righttexts.SAVED, "ok")
        self.finished.emit()

    # --- PINs -------------------------------------------------------------------------------------

    def _may_leave(self) -> bool:
        if self._rights == self._stored:
            return True
        self.notice_raised.emit(righttexts.RIGHTS_SAVE_FIRST, "warning")
        return False

    @Slot()
    def _set_pin(self) -> None:
        if self._may_leave():
            self.pin_requested.emit(self.person)

    @Slot()
    def _set_duress(self) -> None:
        if self._may_leave():
            self.duress_requested.emit(self.person)
