"""One schedule: its week to paint on, what has to be shown, and what it means in words."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QWidget

from kiosk.access.model import DAY_MIN, AuthMode, Schedule
from ui import righttexts, texts, theme
from ui.widgets.choices import Chips
from ui.widgets.fitlabel import FitLabel
from ui.widgets.icons import IconButton
from ui.widgets.plain import PlainButton, PlainLabel
from ui.widgets.sheet import Sheet
from ui.widgets.tick import Tick
from ui.widgets.weekpainter import ROWS, STEPS_MIN, WeekPainter
from ui.widgets.weekplan import WeekPlan

EMPTY = Schedule(None, "", ((),) * 7)


class RowSheet(Sheet):
    """What can be done with a whole day: allow, clear, copy."""

    # The WeekPlan that was made of the one before.
    changed = Signal(object)

    def __init__(self, window: QWidget, row: int, plan: WeekPlan) -> None:
        super().__init__(window, width=760)
        self._row, self._plan = row, plan
        self.add_title(righttexts.row_title(row))
        whole = theme.row(14)
        self.all_day_button = PlainButton(righttexts.ROW_WHOLE)
        self.all_day_button.clicked.connect(self._allow)
        self.clear_button = PlainButton(righttexts.ROW_CLEAR)
        self.clear_button.clicked.connect(self._clear)
        for button in (self.all_day_button, self.clear_button):
            whole.addWidget(button, 1)
        self.body.addLayout(whole)
        caption = PlainLabel(righttexts.ROW_COPY)
        caption.setProperty("role", "caption")
        self.body.addWidget(caption)
        self.copy_buttons: list[tuple[PlainButton, tuple[int, ...]]] = []
        wide = theme.grid(14)
        choices = [
            (righttexts.ROW_WEEKDAYS, tuple(range(5))),
            (righttexts.ROW_EVERY_DAY, tuple(range(7))),
            (righttexts.ROW_EVERY_DAY_HOLIDAYS, tuple(range(ROWS))),
        ]
        for place, (words, rows) in enumerate(choices):
            span = 2 if place == 2 else 1
            wide.addWidget(self._copy_button(words, rows), place // 2, place % 2, 1, span)
        self.body.addLayout(wide)
        days = theme.grid(10)
        others = [other for other in range(ROWS) if other != row]
        for place, other in enumerate(others):
            button = self._copy_button(righttexts.ROW_NAMES_SHORT[other], (other,))
            button.setProperty("kind", "chip")
            days.addWidget(button, place // 4, place % 4)
        self.body.addLayout(days)
        cancel = PlainButton(texts.CANCEL)
        cancel.setProperty("kind", "quiet")
        cancel.clicked.connect(self.dismiss)
        self.body.addWidget(cancel)

    def _copy_button(self, words: str, rows: tuple[int, ...]) -> PlainButton:
        button = PlainButton(words)
        button.clicked.connect(self._copy)
        self.copy_buttons.append((button, rows))
        return button

    @Slot()
    def _allow(self) -> None:
        self._finish(self._plan.painted((self._row,), 0, DAY_MIN, True))

    @Slot()
    def _clear(self) -> None:
        self._finish(self._plan.painted((self._row,), 0, DAY_MIN, False))

    @Slot()
    def _copy(self) -> None:
        rows = next(rows for button, rows in self.copy_buttons if button is self.sender())
        self._finish(self._plan.copied(self._row, rows))

    def _finish(self, plan: WeekPlan) -> None:
        self.dismiss()
        self.changed.emit(plan)


class ScheduleEditor(QWidget):
    """Paint, choose, read what it means, save."""

    # The Schedule as it is now is to be stored.
    saved = Signal(object)
    # The name is to be typed.
    name_touched = Signal()
    # A RowSheet for this row is to be opened.
    row_touched = Signal(int)
    # The schedule is to be deleted.
    delete_touched = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._shown = EMPTY
        self._name = ""
        self.name_button = IconButton("pencil", " ", kind="field", colour=theme.TEXT_SOFT, side=24)
        self.name_button.setAccessibleName(righttexts.SCHEDULE_NAME)
        self.name_button.clicked.connect(self.name_touched)
        self.modes = Chips(tuple(righttexts.MODES.items()))
        self.modes.chosen.connect(self._refresh)
        self.painter = WeekPainter()
        self.painter.changed.connect(self._refresh)
        self.painter.row_touched.connect(self.row_touched)
        self.summary = FitLabel(
            21,
            13,
            weight=QFont.Weight.Normal,
            colour="#d5deec",
            lines=3,
            alignment=Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
        )
        theme.sized(self.summary, height=62)
        self.waits = Tick(righttexts.SCHEDULE_FIRST)
        self.waits.toggled.connect(self._refresh)
        self.undo_button = IconButton("undo", righttexts.UNDO, kind="chip", side=24)
        self.undo_button.setAccessibleName(righttexts.UNDO)
        self.undo_button.clicked.connect(self.painter.undo)
        self.steps = Chips([(step, righttexts.STEPS[step]) for step in STEPS_MIN])
        self.steps.choose(STEPS_MIN[0])
        self.steps.chosen.connect(self._choose_step)
        self.delete_button = IconButton(
            "trash", righttexts.DELETE, kind="quiet", colour=theme.DANGER
        )
        self.delete_button.clicked.connect(self.delete_touched)
        self.save_button = PlainButton(righttexts.SAVE)
        self.save_button.setProperty("kind", "primary")
        self.save_button.clicked.connect(self._save)
        theme.sized(self.save_button, width=200)
        self._lay_out()

    def _lay_out(self) -> None:
        self._head = theme.row(14)
        self._head.addWidget(self.name_button, 1)
        self._head.addWidget(self.modes, 1)
        tools = theme.row(12)
        tools.addWidget(self.steps)
        tools.addWidget(self.undo_button)
        tools.addStretch(1)
        tools.addWidget(self.delete_button)
        tools.addWidget(self.save_button)
        self._foot = theme.row(14)
        self._foot.addWidget(self.waits, 1)
        self._foot.addLayout(tools, 2)
        layout = theme.column(10, (32, 4, 32, 16))
        layout.addLayout(self._head)
        layout.addWidget(self.painter, 1)
        layout.addWidget(self.summary)
        layout.addLayout(self._foot)
        self.setLayout(layout)

    def arrange(self, portrait: bool) -> None:
        """Stack name over modes, and the tick over the buttons, on a portrait screen."""
        theme.set_direction(self._head, portrait=portrait)
        theme.set_direction(self._foot, portrait=portrait)
        # Else there is no room for the words of the other buttons beside it.
        self.undo_button.setText("" if portrait else righttexts.UNDO)

    def show_schedule(self, schedule: Schedule) -> None:
        """Begin with a schedule as it is stored."""
        self._shown = schedule
        self.set_name(schedule.name)
        self.modes.choose(schedule.mode)
        self.waits.set_checked(schedule.waits_for_first)
        self.delete_button.setVisible(schedule.id is not None)
        self.painter.show_plan(WeekPlan.of(schedule))

    def set_name(self, name: str) -> None:
        """Take another name."""
        self._name = name
        self.name_button.setText(name or righttexts.SCHEDULE_NAME)
        self._refresh()

    def schedule(self) -> Schedule:
        """Return the schedule as it is now."""
        mode = self.modes.value()
        assert mode is None or isinstance(mode, AuthMode)
        painted = self.painter.plan.on(self._shown)
        return replace(
            painted,
            name=self._name,
            mode=mode or self._shown.mode,
            waits_for_first=self.waits.is_checked(),
        )

    def stored(self) -> Schedule:
        """Return the schedule as it was shown first."""
        return self._shown

    def is_changed(self) -> bool:
        """Tell whether anything differs from what is stored."""
        return self.schedule() != self._shown

    @Slot()
    def _refresh(self) -> None:
        schedule = self.schedule()
        never = not any(schedule.week) and not schedule.holiday
        hint = never and schedule.id is None and not self.painter.can_undo()
        words = righttexts.SCHEDULE_HINT if hint else righttexts.schedule_summary(schedule)
        self.summary.set_text(words, theme.WARNING if never and not hint else "#d5deec")
        self.undo_button.setEnabled(self.painter.can_undo())
        self.save_button.setEnabled(self.is_changed())

    @Slot(object)
    def _choose_step(self, step_min: int) -> None:
        self.painter.step_min = step_min

    @Slot()
    def _save(self) -> None:
        self.saved.emit(self.schedule())
