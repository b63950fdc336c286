"""A pass for a guest: a name, until when, how often, like whom, with a PIN or a face."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

from PySide6.QtCore import Signal, Slot

from kiosk.access.model import Group, Schedule
from kiosk.domain import Person
from ui import moments, righttexts, theme
from ui.bridge import EngineLike
from ui.screens.base import Screen
from ui.widgets.calendar import DaySheet
from ui.widgets.choices import Option
from ui.widgets.enrolform import MAX_NUMBER
from ui.widgets.guestform import OTHER_DAY, GuestDone, GuestForm
from ui.widgets.pages import Pages
from ui.widgets.pinsheet import PinSheet
from ui.widgets.textsheet import TextSheet


class GuestPassScreen(Screen):
    """Fill the form, issue the pass, tell the guest."""

    # Take pictures of this Person.
    pictures_requested = Signal(object)

    def __init__(self, engine: EngineLike, now: Callable[[], datetime] = datetime.now) -> None:
        super().__init__()
        self._engine = engine
        self._now = now
        self._name = self._number = self._pin = ""
        self._last_day = now().date()
        self._schedule_names: dict[int, str] = {}
        self._guest: Person | None = None
        self.form = GuestForm()
        self.form.name_field.touched.connect(self._ask_name)
        self.form.number_field.touched.connect(self._ask_number)
        self.form.pin_field.touched.connect(self._ask_pin)
        self.form.days.chosen.connect(self._choose_day)
        self.form.time.changed.connect(self._refresh)
        self.form.groups.changed.connect(self._refresh)
        self.form.add_button.clicked.connect(self._add)
        self.done = GuestDone()
        self.done.next_button.clicked.connect(self.start)
        self.done.pictures_button.clicked.connect(self._take_pictures)
        self.pages = Pages()
        self.pages.addWidget(self.form)
        self.pages.addWidget(self.done)
        layout = theme.column(0)
        layout.addWidget(self.pages)
        self.setLayout(layout)

    def enter(self) -> None:
        self.start()

    def leave(self) -> None:
        # A PIN must not wait for the next person.
        self._pin = ""
        super().leave()

    def arrange(self, portrait: bool) -> None:
        self.form.arrange(portrait)

    @Slot()
    def start(self) -> None:
        """Begin with an empty form."""
        self._name = self._number = self._pin = ""
        self._guest = None
        self._last_day = self._now().date()
        self.form.days.choose(0)
        self.form.time.set_minute(24 * 60)
        self.form.often.choose(1)
        self.form.groups.show_options((), ())
        self.form.add_button.setEnabled(True)
        self.pages.setCurrentIndex(0)
        self._refresh()
        self.ask(self._engine.rights.schedules(), self._take_schedules)

    def _take_schedules(self, schedules: list[Schedule]) -> None:
        self._schedule_names = {s.id: s.name for s in schedules if s.id is not None}
        self.ask(self._engine.rights.groups(), self._show_groups)

    def _show_groups(self, groups: list[Group]) -> None:
        names = self._schedule_names
        options = [Option(g.id, g.name, righttexts.group_line(g, names)) for g in groups]
        self.form.groups.show_options(options, self.form.groups.ticked)
        self._refresh()

    # --- the form ---------------------------------------------------------------------------------

    @property
    def until_ms(self) -> int:
        """When the pass ends, UTC milliseconds."""
        return moments.start_ms(self._last_day, self.form.time.minute())

    @property
    def uses(self) -> int | None:
        """How often it opens the door; None for any number."""
        return self.form.often.value() or None

    @Slot()
    def _refresh(self) -> None:
        form = self.form
        form.name_field.show_value(self._name or righttexts.GUEST_NAME_NOTE)
        form.number_field.show_value(self._number or righttexts.GUEST_NO_NUMBER)
        form.pin_field.show_value(self._pin or righttexts.GUEST_NO_PIN)
        form.until_label.setText(righttexts.until(self._last_day, form.time.minute()))
        over = self.until_ms <= round(self._now().timestamp() * 1000)
        theme.restyle(form.until_label, tone="warning" if over else "")
        form.groups_note.setText("" if form.groups.ticked else righttexts.GUEST_GROUPS_NONE)
        form.groups_note.setVisible(not form.groups.ticked)

    @Slot(object)
    def _choose_day(self, days: int) -> None:
        today = self._now().date()
        if days != OTHER_DAY:
            self._set_day(today + timedelta(days=days))
            return
        sheet = DaySheet(
            self.window(),
            righttexts.GUEST_DAY_TITLE,
            self._last_day,
            marked=frozenset({self._last_day}),
            first=today,
        )
        sheet.chosen.connect(self._set_day)
        sheet.dismissed.connect(self._mark_day)
        self.open_sheet(sheet)

    @Slot(object)
    def _set_day(self, day: date) -> None:
        self._last_day = day
        self._mark_day()
        self._refresh()

    @Slot()
    def _mark_day(self) -> None:
        days = (self._last_day - self._now().date()).days
        self.form.days.choose(days if days in (0, 1, 7) else OTHER_DAY)

    @Slot()
    def _ask_name(self) -> None:
        sheet = TextSheet(self.window(), righttexts.GUEST_NAME, self._name)
        sheet.entered.connect(self._set_name)
        self.open_sheet(sheet)

    @Slot(str)
    def _set_name(self, name: str) -> None:
        self._name = name
        self._refresh()

    @Slot()
    def _ask_number(self) -> None:
        sheet = TextSheet(
            self.window(),
            righttexts.GUEST_NUMBER,
            self._number,
            note=righttexts.GUEST_NUMBER_NOTE,
            max_length=MAX_NUMBER,
            may_be_empty=True,
        )
        sheet.entered.connect(self._set_number)
        self.open_sheet(sheet)

    @Slot(str)
    def _set_number(self, number: str) -> None:
        self._number = number
        self._refresh()

    @Slot()
    def _ask_pin(self) -> None:
        sheet = PinSheet(
            self.window(),
            righttexts.GUEST_PIN_TITLE,
            righttexts.GUEST_PIN_PROMPT,
            righttexts.GUEST_NO_PIN,
        )
        sheet.entered.connect(self._set_pin)
        self.open_sheet(sheet)

    @Slot(str)
    def _set_pin(self, pin: str) -> None:
        self._pin = pin
        self._refresh()

    # --- the pass ---------------------------------------------------------------------------------

    @Slot()
    def _add(self) -> None:
        if not self._name:
            self._ask_name()
            return
        if self._pin and not self._number:
            self.notice_raised.emit(righttexts.GUEST_PIN_NEEDS_NUMBER, "warning")
            return
        group_ids = sorted(n for n in self.form.groups.ticked if isinstance(n, int))
        self.form.add_button.setEnabled(False)
        future = self._engine.rights.add_guest(
            self._name, self._number, self.until_ms, self.uses, group_ids, self._pin
        )
        self.ask(future, self._added, self._refused)

    def _refused(self, sentence: str) -> None:
        self.form.add_button.setEnabled(True)
        self.show_fault(sentence)

    def _added(self, guest: Person) -> None:
        self._guest = guest
        self.done.name.setText(guest.name)
        until = righttexts.until(self._last_day, self.form.time.minute())
        self.done.worth.setText(righttexts.pass_words(until, self.uses))
        pin_words = righttexts.guest_pin_words(guest.number, self._pin) if self._pin else ""
        self.done.tell.setText(pin_words)
        self.done.tell.setVisible(bool(pin_words))
        self.done.consent.set_checked(False)
        self.done.pictures_button.setEnabled(False)
        self._pin = ""
        self.pages.setCurrentIndex(1)

    @Slot()
    def _take_pictures(self) -> None:
        if self._guest is not None:
            self.pictures_requested.emit(self._guest)
