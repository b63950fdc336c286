"""Schedules: the list of them, and the week of one to paint on."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QWidget

from kiosk.access.model import Group, Schedule
from ui import righttexts, theme
from ui.bridge import EngineLike
from ui.screens.base import Screen, label
from ui.widgets.choices import FactList, RowFacts
from ui.widgets.icons import IconButton
from ui.widgets.pages import Pages
from ui.widgets.scheduleeditor import EMPTY, RowSheet, ScheduleEditor
from ui.widgets.textsheet import TextSheet


class SchedulesScreen(Screen):
    """Choose a schedule, change it, save it; nothing is changed before."""

    def __init__(self, engine: EngineLike) -> None:
        super().__init__()
        self._engine = engine
        self._groups: list[Group] = []
        self.list = FactList(self._facts)
        self.list.chosen.connect(self.edit)
        self.empty_label = label(righttexts.SCHEDULES_NONE, "soft")
        self.empty_label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.warnings = label("", "small")
        theme.restyle(self.warnings, tone="warning")
        self.new_button = IconButton("plus", righttexts.SCHEDULE_NEW, kind="primary", side=26)
        self.new_button.clicked.connect(self._new)
        self._content = Pages()
        self._content.addWidget(self.list)
        self._content.addWidget(self.empty_label)
        listing = QWidget()
        column = theme.column(14, (32, 8, 32, 24))
        column.addWidget(self._content, 1)
        column.addWidget(self.warnings)
        column.addWidget(self.new_button)
        listing.setLayout(column)
        self.editor = ScheduleEditor()
        self.editor.saved.connect(self._save)
        self.editor.name_touched.connect(self._ask_name)
        self.editor.row_touched.connect(self._open_row)
        self.editor.delete_touched.connect(self._ask_delete)
        self.pages = Pages()
        self.pages.addWidget(listing)
        self.pages.addWidget(self.editor)
        layout = theme.column(0)
        layout.addWidget(self.pages)
        self.setLayout(layout)

    def enter(self) -> None:
        self.show_list()

    def arrange(self, portrait: bool) -> None:
        self.editor.arrange(portrait)

    def step_back(self) -> bool:
        if self.pages.currentIndex() == 0:
            return False
        if self.editor.is_changed():
            self.ask_first(
                righttexts.DISCARD_TITLE,
                righttexts.DISCARD_TEXT,
                righttexts.DISCARD_YES,
                self.show_list,
            )
        else:
            self.show_list()
        return True

    # --- the list ---------------------------------------------------------------------------------

    @Slot()
    def show_list(self) -> None:
        """Show the schedules there are."""
        self.pages.setCurrentIndex(0)
        self.ask(self._engine.rights.groups(), self._take_groups)

    def _take_groups(self, groups: list[Group]) -> None:
        self._groups = groups
        self.ask(self._engine.rights.schedules(), self._show)
        self.ask(self._engine.rights.warnings(), self._show_warnings)

    def _show(self, schedules: list[Schedule]) -> None:
        self.list.show_items(schedules)
        self._content.setCurrentIndex(0 if schedules else 1)

    def _show_warnings(self, sentences: list[str]) -> None:
        self.warnings.setText("\n".join(sentences[:3]))
        self.warnings.setVisible(bool(sentences))

    def _facts(self, schedule: Schedule) -> RowFacts:
        never = not any(schedule.week) and not schedule.holiday
        return RowFacts(
            "warning" if never else "week",
            f"{schedule.name}  ·  {righttexts.MODES[schedule.mode]}",
            righttexts.schedule_line(schedule),
            theme.WARNING if never else theme.ACCENT,
            righttexts.used_by(self._groups, schedule.id),
        )

    # --- one schedule -----------------------------------------------------------------------------

    @Slot()
    def _new(self) -> None:
        self.edit(EMPTY)
        self._ask_name()

    @Slot(object)
    def edit(self, schedule: Schedule) -> None:
        """Show the week of a schedule."""
        self.editor.show_schedule(schedule)
        self.pages.setCurrentIndex(1)

    @Slot()
    def _ask_name(self) -> None:
        sheet = TextSheet(
            self.window(),
            righttexts.SCHEDULE_NAME,
            self.editor.schedule().name,
            note=righttexts.SCHEDULE_NAME_NOTE,
        )
        sheet.entered.connect(self.editor.set_name)
        self.open_sheet(sheet)

    @Slot(int)
    def _open_row(self, row: int) -> None:
        sheet = RowSheet(self.window(), row, self.editor.painter.plan)
        sheet.changed.connect(self.editor.painter.change)
        self.open_sheet(sheet)

    @Slot(object)
    def _save(self, schedule: Schedule) -> None:
        if not schedule.name:
            self._ask_name()
        elif not any(schedule.week) and not schedule.holiday:
            self.ask_first(
                righttexts.NEVER_TITLE,
                righttexts.SCHEDULE_NEVER,
                righttexts.NEVER_YES,
                partial(self._store, schedule),
            )
        else:
            self._store(schedule)

    def _store(self, schedule: Schedule) -> None:
        self.ask(self._engine.rights.save_schedule(schedule), self._stored)

    def _stored(self, _: Any) -> None:
        self.notice_raised.emit(righttexts.SAVED, "ok")
        self.show_list()

    @Slot()
    def _ask_delete(self) -> None:
        self.ask_first(
            righttexts.delete_title(self.editor.stored().name),
            righttexts.SCHEDULE_DELETE_TEXT,
            righttexts.DELETE,
            self._delete,
            danger=True,
            icon="trash",
        )

    @Slot()
    def _delete(self) -> None:
        stored_id = self.editor.stored().id
        if stored_id is not None:
            self.ask(self._engine.rights.delete_schedule(stored_id), self._deleted)

    def _deleted(self, _: None) -> None:
        self.show_list()
