"""The shell of the administrator's screens: a header, the menu, one page at a time."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QTimer, Signal, Slot
from PySide6.QtWidgets import QApplication

from kiosk.domain import Person
from ui import righttexts, texts, theme
from ui.bridge import EngineBridge, EngineLike
from ui.screens.alarms import AlarmsScreen
from ui.screens.base import Screen, label
from ui.screens.diagnostics import DiagnosticsScreen
from ui.screens.doorcontrol import DoorControlScreen
from ui.screens.duresspin import DuressPinScreen
from ui.screens.enrol import EnrolScreen
from ui.screens.events import EventsScreen
from ui.screens.export import ExportScreen
from ui.screens.groups import GroupsScreen
from ui.screens.guestpass import GuestPassScreen
from ui.screens.holidays import HolidaysScreen
from ui.screens.menu import Menu
from ui.screens.people import PeopleScreen
from ui.screens.personalpin import PersonalPinScreen
from ui.screens.personrights import PersonRightsScreen
from ui.screens.rightsimport import ListsScreen
from ui.screens.schedules import SchedulesScreen
from ui.screens.setup_pin import SetupPinScreen
from ui.widgets.icons import IconButton
from ui.widgets.pages import Pages

WARN_BEFORE_S = 15.0
_ACTIVITY = frozenset(
    {
        QEvent.Type.MouseButtonPress,
        QEvent.Type.MouseMove,
        QEvent.Type.KeyPress,
        QEvent.Type.TouchBegin,
        QEvent.Type.TouchUpdate,
        QEvent.Type.Wheel,
    }
)


class AdminScreen(Screen):
    """Everything behind the PIN. It closes by itself when nobody touches it."""

    # Back to the door.
    closed = Signal()

    def __init__(
        self,
        engine: EngineLike,
        bridge: EngineBridge,
        timeout_s: float,
        now_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        super().__init__()
        self._timeout_ns = round(timeout_s * 1e9)
        self._now_ns = now_ns
        self._last_touch_ns = now_ns()
        self.menu = Menu(engine, bridge)
        self.door = DoorControlScreen(engine, bridge)
        self.alarms = AlarmsScreen(engine, bridge)
        self.guest = GuestPassScreen(engine)
        self.groups = GroupsScreen(engine)
        self.schedules = SchedulesScreen(engine)
        self.holidays = HolidaysScreen(engine)
        self.lists = ListsScreen(engine)
        self.person_rights = PersonRightsScreen(engine)
        self.duress_pin = DuressPinScreen(engine)
        self.people = PeopleScreen(engine)
        self.enrol = EnrolScreen(engine, bridge)
        self.events = EventsScreen(engine)
        self.export = ExportScreen(engine)
        self.diagnostics = DiagnosticsScreen(engine, bridge)
        self.pin = SetupPinScreen(engine, first_start=False)
        self.person_pin = PersonalPinScreen(engine)
        self._titles: dict[Screen, str] = {
            self.menu: texts.ADMIN_TITLE,
            self.people: texts.ADMIN_PEOPLE,
            self.enrol: texts.ENROL_TITLE,
            self.events: texts.ADMIN_EVENTS,
            self.export: texts.EXPORT_TITLE,
            self.diagnostics: texts.ADMIN_DIAGNOSTICS,
            self.pin: texts.ADMIN_PIN,
            self.person_pin: texts.ADMIN_PEOPLE,
            self.duress_pin: texts.ADMIN_PEOPLE,
            self.person_rights: righttexts.RIGHTS,
            self.door: righttexts.DOOR,
            self.alarms: righttexts.ALARMS,
            self.guest: righttexts.GUEST,
            self.groups: righttexts.GROUPS,
            self.schedules: righttexts.SCHEDULES,
            self.holidays: righttexts.HOLIDAYS,
            self.lists: righttexts.LISTS_TITLE,
        }
        # Where "back" leads from the pages that are not opened from the menu.
        self._above: dict[Screen, Screen] = {
            self.export: self.events,
            self.person_rights: self.people,
            self.duress_pin: self.person_rights,
        }
        self._build()
        self.menu.chosen.connect(self._open_named)
        self.people.reenrol_requested.connect(self._reenrol)
        self.enrol.finished.connect(self.go_up)
        self.events.export_requested.connect(self._export)
        self.export.finished.connect(self.go_up)
        self.pin.finished.connect(self.show_menu)
        self.pin.cancelled.connect(self.show_menu)
        self.people.pin_requested.connect(self._set_pin)
        self.enrol.pins_needed.connect(self._set_pins)
        self.person_pin.finished.connect(self.go_up)
        self.people.rights_requested.connect(self._open_rights)
        self.person_rights.finished.connect(self.go_up)
        self.person_rights.pin_requested.connect(self._set_pin)
        self.person_rights.duress_requested.connect(self._set_duress_pin)
        self.duress_pin.finished.connect(self.go_up)
        self.duress_pin.cancelled.connect(self.go_up)
        self.guest.pictures_requested.connect(self._reenrol)
        self.lists.finished.connect(self.show_menu)
        # Somebody is standing in front of the camera, even if nobody touches the screen.
        self.enrol.shot_taken.connect(self.touch)
        self._watch = QTimer(self)
        self._watch.setInterval(500)
        self._watch.timeout.connect(self._check_inactivity)

    def _build(self) -> None:
        self.back_button = IconButton("back")
        self.back_button.setAccessibleName(texts.BACK)
        self.back_button.clicked.connect(self.go_back)
        self._title = label("", "heading", wrap=False)
        self.closing_label = label("", "small", wrap=False)
        theme.restyle(self.closing_label, tone="warning")
        self.close_button = IconButton("cross", texts.CLOSE, kind="quiet", colour=theme.TEXT_SOFT)
        self.close_button.clicked.connect(self.closed)
        header = theme.row(12, (20, 12, 20, 4))
        header.addWidget(self.back_button)
        header.addWidget(self._title, 1)
        header.addWidget(self.closing_label)
        header.addWidget(self.close_button)
        self._pages = Pages()
        for page in self._titles:
            self._pages.addWidget(page)
            page.notice_raised.connect(self.notice_raised)
        layout = theme.column(0)
        layout.addLayout(header)
        layout.addWidget(self._pages, 1)
        self.setLayout(layout)

    # --- coming and going -------------------------------------------------------------------------

    def enter(self) -> None:
        self.touch()
        application = QApplication.instance()
        if application is not None:
            application.installEventFilter(self)
        self._watch.start()
        self._pages.setCurrentWidget(self.menu)
        self._show_header()
        self.menu.enter()

    def leave(self) -> None:
        self._watch.stop()
        application = QApplication.instance()
        if application is not None:
            application.removeEventFilter(self)
        self.page.leave()
        super().leave()

    @property
    def page(self) -> Screen:
        """The page shown now."""
        page = self._pages.currentWidget()
        assert isinstance(page, Screen)
        return page

    def open_page(self, page: Screen) -> None:
        """Leave the present page and show another."""
        self.page.leave()
        self._pages.setCurrentWidget(page)
        self._show_header()
        page.enter()

    @Slot()
    def show_menu(self) -> None:
        """Show the tiles."""
        self.open_page(self.menu)

    @Slot()
    def go_back(self) -> None:
        """Go one step back, within the page first; from the menu, to the door."""
        if self.page is self.menu:
            self.closed.emit()
        elif not self.page.step_back():
            self.go_up()

    @Slot()
    def go_up(self) -> None:
        """Leave the page for the one it was opened from."""
        self.open_page(self._above.get(self.page, self.menu))

    def _show_header(self) -> None:
        self._title.setText(self._titles[self.page])
        self.closing_label.clear()

    @Slot(str)
    def _open_named(self, name: str) -> None:
        pages: dict[str, Screen] = {
            "people": self.people,
            "enrol": self.enrol,
            "events": self.events,
            "diagnostics": self.diagnostics,
            "pin": self.pin,
            "door": self.door,
            "alarms": self.alarms,
            "guest": self.guest,
            "groups": self.groups,
            "schedules": self.schedules,
            "holidays": self.holidays,
            "lists": self.lists,
        }
        self.enrol.prepare(None)
        self._above[self.enrol] = self.menu
        self.open_page(pages[name])

    @Slot(object)
    def _reenrol(self, person: Person) -> None:
        self.enrol.prepare(person)
        self._above[self.enrol] = self.page if self.page is self.people else self.menu
        self.open_page(self.enrol)

    @Slot(object)
    def _open_rights(self, person: Person) -> None:
        self.person_rights.prepare(person)
        self.open_page(self.person_rights)

    @Slot(object)
    def _set_pin(self, person: Person) -> None:
        self.person_pin.prepare([person], because_alike=False)
        self._above[self.person_pin] = self.page
        self.open_page(self.person_pin)

    @Slot(object)
    def _set_duress_pin(self, person: Person) -> None:
        self.duress_pin.prepare(person)
        self.open_page(self.duress_pin)

    @Slot(object)
    def _set_pins(self, people: list[Person]) -> None:
        self.person_pin.prepare(people, because_alike=True)
        self._above[self.person_pin] = self.people
        self.open_page(self.person_pin)

    @Slot(object)
    def _export(self, query: object) -> None:
        self.export.prepare(query)  # type: ignore[arg-type]
        self.open_page(self.export)

    # --- inactivity -------------------------------------------------------------------------------

    @Slot()
    def touch(self) -> None:
        """Somebody is here: start the time to closing again."""
        self._last_touch_ns = self._now_ns()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in _ACTIVITY:
            self.touch()
        return False

    @Slot()
    def _check_inactivity(self) -> None:
        left_s = (self._last_touch_ns + self._timeout_ns - self._now_ns()) / 1e9
        if left_s <= 0:
            self.closed.emit()
        elif left_s <= WARN_BEFORE_S:
            self.closing_label.setText(texts.closing_in(math.ceil(left_s)))
        else:
            self.closing_label.clear()
