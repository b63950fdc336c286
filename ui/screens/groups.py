"""Groups: the list of them, and what one of them may."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QWidget

from kiosk.access.model import Group, Schedule
from ui import righttexts, theme
from ui.bridge import EngineLike
from ui.screens.base import Screen, label
from ui.widgets.choices import FactList, FieldButton, Option, RowFacts, TickList
from ui.widgets.icons import IconButton
from ui.widgets.pages import Pages
from ui.widgets.plain import PlainButton
from ui.widgets.textsheet import TextSheet
from ui.widgets.tick import Tick

EMPTY = Group(None, "", ())
MAX_DOORS_LETTERS = 300


class GroupEditor(QWidget):
    """Schedules to tick at the left, the rest at the right."""

    def __init__(self) -> None:
        super().__init__()
        self.shown = EMPTY
        self._name = ""
        self._doors: tuple[str, ...] = ()
        self.schedules = TickList()
        self.schedules.changed.connect(self._refresh)
        self.no_schedules = label(righttexts.GROUP_NO_SCHEDULES, "soft")
        self.no_schedules.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._schedule_pages = Pages()
        self._schedule_pages.addWidget(self.schedules)
        self._schedule_pages.addWidget(self.no_schedules)
        self.never_label = label(righttexts.GROUP_NEVER, "small")
        theme.restyle(self.never_label, tone="warning")
        self.name_field = FieldButton(righttexts.GROUP_NAME)
        self.doors_field = FieldButton(righttexts.GROUP_DOORS, "door")
        self.two = Tick(righttexts.GROUP_TWO)
        self.first = Tick(righttexts.GROUP_FIRST)
        self.passback = Tick(righttexts.GROUP_PASSBACK)
        self.delete_button = IconButton(
            "trash", righttexts.DELETE, kind="quiet", colour=theme.DANGER
        )
        self.save_button = PlainButton(righttexts.SAVE)
        self.save_button.setProperty("kind", "primary")
        left = theme.column(8)
        left.addWidget(label(righttexts.GROUP_SCHEDULES, "caption"))
        left.addWidget(self._schedule_pages, 1)
        left.addWidget(self.never_label)
        right = theme.column(12)
        for part in (self.name_field, self.doors_field, self.two, self.first, self.passback):
            right.addWidget(part)
        for tick in (self.two, self.first, self.passback):
            tick.toggled.connect(self._refresh)
        right.addStretch(1)
        buttons = theme.row(14)
        buttons.addWidget(self.delete_button, 1)
        buttons.addWidget(self.save_button, 1)
        right.addLayout(buttons)
        self._halves = theme.row(28, (32, 4, 32, 20))
        self._halves.addLayout(left, 1)
        self._halves.addLayout(right, 1)
        self.setLayout(self._halves)

    def arrange(self, portrait: bool) -> None:
        """Put the schedules above the rest on a portrait screen."""
        theme.set_direction(self._halves, portrait=portrait)

    def show_group(self, group: Group, schedules: list[Schedule]) -> None:
        """Begin with a group as it is stored."""
        self.shown = group
        options = [
            Option(schedule.id, schedule.name, righttexts.schedule_line(schedule))
            for schedule in schedules
        ]
        self.schedules.show_options(options, group.schedule_ids)
        self._schedule_pages.setCurrentIndex(0 if schedules else 1)
        for tick, value in (
            (self.two, group.needs_two),
            (self.first, group.is_first),
            (self.passback, group.ignores_passback),
        ):
            tick.set_checked(value)
        self.delete_button.setVisible(group.id is not None)
        self.set_doors(group.doors)
        self.set_name(group.name)

    def set_name(self, name: str) -> None:
        """Take another name."""
        self._name = name
        self.name_field.show_value(name or righttexts.GROUP_NEW)
        self._refresh()

    def set_doors(self, doors: tuple[str, ...]) -> None:
        """Take other doors."""
        self._doors = doors
        self.doors_field.show_value(righttexts.doors(doors))
        self._refresh()

    def group(self) -> Group:
        """Return the group as it is now."""
        ticked = self.schedules.ticked
        kept = [n for n in self.shown.schedule_ids if n in ticked]
        added = sorted(n for n in ticked if isinstance(n, int) and n not in kept)
        return replace(
            self.shown,
            name=self._name,
            schedule_ids=(*kept, *added),
            doors=self._doors,
            needs_two=self.two.is_checked(),
            is_first=self.first.is_checked(),
            ignores_passback=self.passback.is_checked(),
        )

    def is_changed(self) -> bool:
        """Tell whether anything differs from what is stored."""
        return self.group() != self.shown

    @Slot()
    def _refresh(self) -> None:
        self.never_label.setVisible(not self.schedules.ticked)
        self.save_button.setEnabled(self.is_changed())


class GroupsScreen(Screen):
    """Choose a group, change it, save it; nothing is changed before."""

    def __init__(self, engine: EngineLike) -> None:
        super().__init__()
        self._engine = engine
        self._names: dict[int, str] = {}
        self._members: dict[int, int] = {}
        self._schedules: list[Schedule] = []
        self.list = FactList(self._facts)
        self.list.chosen.connect(self.edit)
        self.empty_label = label(righttexts.GROUPS_NONE, "soft")
        self.empty_label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.new_button = IconButton("plus", righttexts.GROUP_NEW, kind="primary", side=26)
        self.new_button.clicked.connect(self._new)
        self._content = Pages()
        self._content.addWidget(self.list)
        self._content.addWidget(self.empty_label)
        listing = QWidget()
        column = theme.column(14, (32, 8, 32, 24))
        column.addWidget(self._content, 1)
        column.addWidget(self.new_button)
        listing.setLayout(column)
        self.editor = GroupEditor()
        self.editor.name_field.touched.connect(self._ask_name)
        self.editor.doors_field.touched.connect(self._ask_doors)
        self.editor.save_button.clicked.connect(self._save)
        self.editor.delete_button.clicked.connect(self._ask_delete)
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
        """Show the groups there are."""
        self.pages.setCurrentIndex(0)
        self.ask(self._engine.rights.schedules(), self._take_schedules)

    def _take_schedules(self, schedules: list[Schedule]) -> None:
        self._schedules = schedules
        self._names = {s.id: s.name for s in schedules if s.id is not None}
        self.ask(self._engine.rights.member_counts(), self._take_members)

    def _take_members(self, members: dict[int, int]) -> None:
        self._members = members
        self.ask(self._engine.rights.groups(), self._show)

    def _show(self, groups: list[Group]) -> None:
        self.list.show_items(groups)
        self._content.setCurrentIndex(0 if groups else 1)

    def _facts(self, group: Group) -> RowFacts:
        never = not group.schedule_ids
        return RowFacts(
            "warning" if never else "group",
            group.name,
            righttexts.group_line(group, self._names),
            theme.WARNING if never else theme.ACCENT,
            righttexts.members(self._members.get(group.id or 0, 0)),
        )

    # --- one group --------------------------------------------------------------------------------

    @Slot()
    def _new(self) -> None:
        self.edit(EMPTY)
        self._ask_name()

    @Slot(object)
    def edit(self, group: Group) -> None:
        """Show what a group may."""
        self.editor.show_group(group, self._schedules)
        self.pages.setCurrentIndex(1)

    @Slot()
    def _ask_name(self) -> None:
        sheet = TextSheet(self.window(), righttexts.GROUP_NAME, self.editor.group().name)
        sheet.entered.connect(self.editor.set_name)
        self.open_sheet(sheet)

    @Slot()
    def _ask_doors(self) -> None:
        sheet = TextSheet(
            self.window(),
            righttexts.GROUP_DOORS_TITLE,
            ", ".join(self.editor.group().doors),
            note=righttexts.GROUP_DOORS_NOTE,
            max_length=MAX_DOORS_LETTERS,
            may_be_empty=True,
        )
        sheet.entered.connect(self._take_doors)
        self.open_sheet(sheet)

    @Slot(str)
    def _take_doors(self, text: str) -> None:
        names = [" ".join(name.split()) for name in text.split(",")]
        self.editor.set_doors(tuple(dict.fromkeys(filter(None, names))))

    @Slot()
    def _save(self) -> None:
        group = self.editor.group()
        if group.name:
            self.ask(self._engine.rights.save_group(group), self._stored)
        else:
            self._ask_name()

    def _stored(self, _: Any) -> None:
        self.notice_raised.emit(righttexts.SAVED, "ok")
        self.show_list()

    @Slot()
    def _ask_delete(self) -> None:
        self.ask_first(
            righttexts.delete_title(self.editor.shown.name),
            righttexts.GROUP_DELETE_TEXT,
            righttexts.DELETE,
            self._delete,
            danger=True,
            icon="trash",
        )

    @Slot()
    def _delete(self) -> None:
        if self.editor.shown.id is not None:
            future = self._engine.rights.delete_group(self.editor.shown.id)
            self.ask(future, self._deleted)

    def _deleted(self, _: None) -> None:
        self.show_list()
