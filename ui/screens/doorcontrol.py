"""The door in the administrator's hands: open once, free access, lockdown, and how it stands."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from functools import partial

from PySide6.QtCore import QTimer, Slot
from PySide6.QtWidgets import QFrame, QWidget

from kiosk.access.model import Schedule
from kiosk.domain import DoorStatus
from ui import righttexts, theme
from ui.bridge import EngineBridge, EngineLike
from ui.screens.base import Screen, label
from ui.widgets.actionbutton import ActionButton
from ui.widgets.choices import ChoiceSheet, FieldButton, ListSheet, RowFacts
from ui.widgets.doorcard import DoorCard
from ui.widgets.plain import PlainButton
from ui.widgets.textsheet import TextSheet
from ui.widgets.tick import Tick


class UnlockSheet(ChoiceSheet):
    """Why the door is opened, and for how long."""

    def __init__(self, window: QWidget) -> None:
        reasons = [(reason, reason) for reason in righttexts.UNLOCK_REASONS]
        super().__init__(
            window, righttexts.UNLOCK_TITLE, [*reasons, ("", righttexts.UNLOCK_OTHER)], columns=2
        )
        self.longer = Tick(righttexts.UNLOCK_LONGER)
        self.body.insertWidget(self.body.indexOf(self.grid), self.longer)


class DoorControlScreen(Screen):
    """Every button asks before it does anything."""

    def __init__(
        self,
        engine: EngineLike,
        bridge: EngineBridge,
        now_ns: Callable[[], int] = time.monotonic_ns,
        now: Callable[[], datetime] = datetime.now,
    ) -> None:
        super().__init__()
        self._engine = engine
        self._bridge = bridge
        self._now = now
        self._now_ns = now_ns
        self._free_id: int | None = None
        self.status_card = DoorCard()
        self.unlock_button = ActionButton("unlock", righttexts.UNLOCK, righttexts.UNLOCK_NOTE)
        self.unlock_button.clicked.connect(self._ask_reason)
        self.free_button = ActionButton("clock", righttexts.FREE, righttexts.FREE_NOTE)
        self.free_button.clicked.connect(self._toggle_free)
        self.lockdown_button = ActionButton("stop", righttexts.LOCKDOWN, righttexts.LOCKDOWN_NOTE)
        self.lockdown_button.clicked.connect(self._toggle_lockdown)
        self.schedule_field = FieldButton(righttexts.FREE_SCHEDULE, "week")
        self.schedule_field.touched.connect(self._ask_schedule)
        self.clock_card = QFrame()
        self.clock_card.setProperty("card", "warning")
        self.clock_button = PlainButton(righttexts.CLOCK_CONFIRM)
        self.clock_button.clicked.connect(self._ask_clock)
        clock_row = theme.row(16, (20, 12))
        clock_row.addWidget(label(righttexts.CLOCK_WRONG, "body"), 1)
        clock_row.addWidget(self.clock_button)
        self.clock_card.setLayout(clock_row)
        actions = theme.column(14)
        for button in (self.unlock_button, self.free_button, self.lockdown_button):
            actions.addWidget(button, 1)
        actions.addWidget(self.schedule_field)
        self._halves = theme.row(24)
        self._halves.addWidget(self.status_card, 1)
        self._halves.addLayout(actions, 1)
        layout = theme.column(16, (32, 8, 32, 24))
        layout.addWidget(self.clock_card)
        layout.addLayout(self._halves, 1)
        self.setLayout(layout)
        bridge.door_shown.connect(self._refresh)
        bridge.view_shown.connect(self._refresh)
        self._timer = QTimer(self)
        self._timer.setInterval(1000)
        self._timer.timeout.connect(self._refresh)

    def enter(self) -> None:
        self._refresh()
        self._timer.start()
        self._read_schedule()

    def leave(self) -> None:
        self._timer.stop()
        super().leave()

    def arrange(self, portrait: bool) -> None:
        theme.set_direction(self._halves, portrait=portrait)

    @property
    def status(self) -> DoorStatus | None:
        """What the door said last."""
        return self._bridge.door

    @Slot()
    def _refresh(self) -> None:
        view = self._bridge.view
        self.clock_card.setVisible(view is not None and not view.clock_ok)
        status = self.status
        if status is None:
            return
        self.status_card.show_status(status, self._now_ns())
        self.unlock_button.setEnabled(not status.is_lockdown)
        self.free_button.setEnabled(not status.is_lockdown)
        if status.is_free:
            self.free_button.relabel(
                "lock", righttexts.FREE_END, righttexts.FREE_END_NOTE, theme.WARNING
            )
        else:
            self.free_button.relabel("clock", righttexts.FREE, righttexts.FREE_NOTE, theme.WARNING)
        if status.is_lockdown:
            self.lockdown_button.relabel(
                "check", righttexts.LOCKDOWN_END, righttexts.LOCKDOWN_END_NOTE, theme.OK
            )
        else:
            self.lockdown_button.relabel(
                "stop", righttexts.LOCKDOWN, righttexts.LOCKDOWN_NOTE, theme.DANGER
            )

    def _tell(self, words: str, _: object = None) -> None:
        self.notice_raised.emit(words, "ok")

    # --- open once --------------------------------------------------------------------------------

    @Slot()
    def _ask_reason(self) -> None:
        sheet = UnlockSheet(self.window())
        sheet.chosen.connect(partial(self._unlock, sheet.longer))
        self.open_sheet(sheet)

    def _unlock(self, longer: Tick, reason: str) -> None:
        extended = longer.is_checked()
        if reason:
            self._unlock_for(extended, reason)
            return
        sheet = TextSheet(self.window(), righttexts.UNLOCK_TYPED)
        sheet.entered.connect(partial(self._unlock_for, extended))
        self.open_sheet(sheet)

    def _unlock_for(self, extended: bool, reason: str) -> None:
        self.ask(
            self._engine.unlock_door(reason, extended),
            partial(self._tell, righttexts.door_opened_for(reason)),
        )

    # --- free access ------------------------------------------------------------------------------

    @Slot()
    def _toggle_free(self) -> None:
        status = self.status
        if status is not None and status.is_free:
            self.ask(self._engine.end_free_access(), partial(self._tell, righttexts.FREE_ENDED))
            return
        sheet = ChoiceSheet(
            self.window(),
            righttexts.FREE_TITLE,
            righttexts.FREE_MINUTES,
            text=righttexts.FREE_TEXT,
        )
        sheet.chosen.connect(self._choose_free)
        self.open_sheet(sheet)

    @Slot(object)
    def _choose_free(self, minutes: int | None) -> None:
        if minutes is None:
            self.ask_first(
                righttexts.FREE_FOREVER_TITLE,
                righttexts.FREE_FOREVER_TEXT,
                righttexts.FREE_BEGIN,
                partial(self._begin_free, None),
                icon="unlock",
            )
        else:
            self._begin_free(minutes)

    def _begin_free(self, minutes: int | None) -> None:
        self.ask(
            self._engine.begin_free_access(minutes), partial(self._tell, righttexts.FREE_BEGUN)
        )

    # --- lockdown ---------------------------------------------------------------------------------

    @Slot()
    def _toggle_lockdown(self) -> None:
        status = self.status
        if status is not None and status.is_lockdown:
            self.ask_first(
                righttexts.LOCKDOWN_END_TITLE,
                righttexts.LOCKDOWN_END_TEXT,
                righttexts.LOCKDOWN_END,
                self._end_lockdown,
                icon="stop",
            )
        else:
            self.ask_first(
                righttexts.LOCKDOWN_TITLE,
                righttexts.LOCKDOWN_TEXT,
                righttexts.LOCKDOWN_YES,
                self._begin_lockdown,
                danger=True,
                icon="stop",
            )

    @Slot()
    def _begin_lockdown(self) -> None:
        self.ask(self._engine.begin_lockdown(), partial(self._tell, righttexts.LOCKDOWN_BEGUN))

    @Slot()
    def _end_lockdown(self) -> None:
        self.ask(self._engine.end_lockdown(), partial(self._tell, righttexts.LOCKDOWN_ENDED))

    # --- hours in which the door is free ----------------------------------------------------------

    def _read_schedule(self) -> None:
        self.ask(self._engine.rights.free_schedule(), self._take_free)

    def _take_free(self, schedule_id: int | None) -> None:
        self._free_id = schedule_id
        self.ask(self._engine.rights.schedules(), self._show_free)

    def _show_free(self, schedules: list[Schedule]) -> None:
        names = {schedule.id: schedule.name for schedule in schedules}
        self.schedule_field.show_value(names.get(self._free_id, righttexts.FREE_SCHEDULE_NONE))

    @Slot()
    def _ask_schedule(self) -> None:
        self.ask(self._engine.rights.schedules(), self._offer_schedules)

    def _offer_schedules(self, schedules: list[Schedule]) -> None:
        sheet = ListSheet(self.window(), righttexts.FREE_SCHEDULE_TITLE, schedules, schedule_facts)
        if not schedules:
            sheet.body.insertWidget(1, label(righttexts.FREE_SCHEDULE_TEXT_NONE, "soft"))
        never = PlainButton(righttexts.FREE_SCHEDULE_NONE)
        never.clicked.connect(sheet.dismiss)
        never.clicked.connect(partial(self._set_schedule, None))
        sheet.buttons.addWidget(never, 1)
        sheet.chosen.connect(self._set_schedule)
        self.open_sheet(sheet)

    def _set_schedule(self, schedule: Schedule | None, _: object = None) -> None:
        chosen_id = schedule.id if schedule is not None else None
        self.ask(self._engine.rights.set_free_schedule(chosen_id), self._schedule_set)

    def _schedule_set(self, _: None) -> None:
        self._tell(righttexts.SAVED)
        self._read_schedule()

    # --- the time ---------------------------------------------------------------------------------

    @Slot()
    def _ask_clock(self) -> None:
        self.ask_first(
            righttexts.clock_question(self._now()),
            righttexts.CLOCK_CONFIRM_TEXT,
            righttexts.CLOCK_CONFIRM,
            self._confirm_clock,
            icon="clock",
        )

    @Slot()
    def _confirm_clock(self) -> None:
        self.ask(self._engine.confirm_clock(), partial(self._tell, righttexts.CLOCK_CONFIRMED))


def schedule_facts(schedule: Schedule) -> RowFacts:
    """Say what a schedule is in a list."""
    return RowFacts("week", schedule.name, righttexts.schedule_line(schedule))
