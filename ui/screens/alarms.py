"""Alarms that nobody has acknowledged yet."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QModelIndex, Qt, Slot
from PySide6.QtWidgets import QWidget

from kiosk.domain import Event
from ui import righttexts, theme
from ui.bridge import EngineBridge, EngineLike
from ui.screens.base import Screen, label
from ui.widgets.icons import IconButton, IconDisc
from ui.widgets.pages import Pages
from ui.widgets.plain import PlainButton
from ui.widgets.rows import EventDelegate, ItemModel, RowList


class AlarmsScreen(Screen):
    """One alarm is chosen and acknowledged; all of them after a question."""

    def __init__(self, engine: EngineLike, bridge: EngineBridge) -> None:
        super().__init__()
        self._engine = engine
        self._chosen: Event | None = None
        self.model: ItemModel[Event] = ItemModel(self)
        self.list = RowList()
        self.list.setModel(self.model)
        self.list.setItemDelegate(EventDelegate(self.list))
        self.list.clicked.connect(self._choose)
        self.seen_button = IconButton("check", righttexts.ALARMS_SEEN, kind="primary", side=26)
        self.seen_button.clicked.connect(self._acknowledge)
        self.all_button = PlainButton(righttexts.ALARMS_SEEN_ALL)
        self.all_button.clicked.connect(self._ask_all)
        buttons = theme.row(16)
        buttons.addWidget(self.all_button, 1)
        buttons.addWidget(self.seen_button, 2)
        listed = QWidget()
        column = theme.column(14)
        column.addWidget(label(righttexts.ALARMS_HINT, "soft"))
        column.addWidget(self.list, 1)
        column.addLayout(buttons)
        listed.setLayout(column)
        quiet = QWidget()
        column = theme.column(16)
        column.addStretch(1)
        column.addWidget(IconDisc("check", theme.OK, 132), 0, Qt.AlignmentFlag.AlignHCenter)
        for words, role in (
            (righttexts.ALARMS_NONE, "title"),
            (righttexts.ALARMS_NONE_NOTE, "soft"),
        ):
            line = label(words, role)
            line.setAlignment(Qt.AlignmentFlag.AlignCenter)
            column.addWidget(line)
        column.addStretch(1)
        quiet.setLayout(column)
        self.pages = Pages()
        self.pages.addWidget(listed)
        self.pages.addWidget(quiet)
        layout = theme.column(0, (32, 8, 32, 24))
        layout.addWidget(self.pages)
        self.setLayout(layout)
        # One raised while this page is open must not wait for the next touch.
        bridge.alarms_shown.connect(self._refresh_if_shown)

    def enter(self) -> None:
        self._chosen = None
        self.seen_button.setEnabled(True)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Ask again what is open."""
        self.ask(self._engine.rights.open_alarms(), self._show)

    @Slot()
    def _refresh_if_shown(self) -> None:
        if self.isVisible():
            self.refresh()

    def _show(self, alarms: list[Event]) -> None:
        if alarms != self.model.items:
            self.model.replace(alarms)
        self.pages.setCurrentIndex(0 if alarms else 1)
        self.all_button.setVisible(len(alarms) > 1)
        kept = [n for n, a in enumerate(alarms) if self._chosen and a.seq == self._chosen.seq]
        if alarms:
            row = kept[0] if kept else 0
            self._chosen = alarms[row]
            self.list.setCurrentIndex(self.model.index(row, 0))

    @Slot(QModelIndex)
    def _choose(self, index: QModelIndex) -> None:
        self._chosen = index.data(Qt.ItemDataRole.UserRole)

    @Slot()
    def _acknowledge(self) -> None:
        if self._chosen is not None and self._chosen.seq is not None:
            self.seen_button.setEnabled(False)
            seq, self._chosen = self._chosen.seq, None
            self.ask(self._engine.acknowledge_alarm(seq), self._acknowledged, self._failed)

    @Slot()
    def _ask_all(self) -> None:
        shown = [alarm.seq for alarm in self.model.items if alarm.seq is not None]
        self.ask_first(
            righttexts.ALARMS_SEEN_ALL_TITLE,
            righttexts.ALARMS_SEEN_ALL_TEXT,
            righttexts.ALARMS_SEEN_ALL,
            partial(self._acknowledge_all, shown),
            icon="bell",
        )

    def _acknowledge_all(self, shown: list[int]) -> None:
        # Those on screen when the question was asked: nobody has seen a later one.
        for seq in shown:
            self.ask(self._engine.acknowledge_alarm(seq), self._acknowledged, self._failed)

    def _acknowledged(self, _: None) -> None:
        self.seen_button.setEnabled(True)
        self.notice_raised.emit(righttexts.ALARMS_DONE, "ok")
        self.refresh()

    def _failed(self, sentence: str) -> None:
        self.seen_button.setEnabled(True)
        self.show_fault(sentence)
        self.refresh()
