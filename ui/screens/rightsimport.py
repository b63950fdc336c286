"""People and their rights as a list on a USB stick: written, or read, looked through, confirmed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QWidget

from ui import righttexts, texts, theme
from ui.bridge import EngineLike
from ui.screens.base import Screen, label
from ui.screens.export import MediumButton, Result
from ui.widgets.actionbutton import ActionButton
from ui.widgets.busy import Busy
from ui.widgets.choices import FactList, RowFacts
from ui.widgets.pages import Pages
from ui.widgets.plain import PlainButton
from ui.widgets.sheet import theme_of

if TYPE_CHECKING:
    from kiosk.rightscsv import Problem
    from kiosk.rightsimport import Change, ImportPlan
    from kiosk.store.export import ExportReceipt
    from kiosk.store.removable import RemovableMedium


class ListsScreen(Screen):
    """From "read or write?" to "you may remove the stick now"."""

    # Back to the menu.
    finished = Signal()

    def __init__(self, engine: EngineLike) -> None:
        super().__init__()
        self._engine = engine
        self._reads = True
        self._medium: RemovableMedium | None = None
        self._plan: ImportPlan | None = None
        self.import_button = ActionButton(
            "inward", righttexts.LISTS_IMPORT, righttexts.LISTS_IMPORT_NOTE
        )
        self.import_button.clicked.connect(partial(self.begin, True))
        self.export_button = ActionButton(
            "outward", righttexts.LISTS_EXPORT, righttexts.LISTS_EXPORT_NOTE
        )
        self.export_button.clicked.connect(partial(self.begin, False))
        self._start = _column(
            label(righttexts.LISTS_HINT, "body"), self.import_button, self.export_button
        )
        self._busy = {
            words: Busy(words, note, icon=icon)
            for words, note, icon in (
                (texts.EXPORT_SEARCHING, "", "usb"),
                (righttexts.LISTS_SEARCHING, "", "usb"),
                (righttexts.LISTS_READING, "", "table"),
                (righttexts.LISTS_WRITING, texts.EXPORT_RUNNING_NOTE, "usb"),
                (righttexts.LISTS_APPLYING, "", "people"),
            )
        }
        self.prompt = label("", "body")
        self.buttons: list[MediumButton] = []
        self._choice = QWidget()
        self._media = theme.column(14)
        choice = theme.column(20)
        choice.addWidget(self.prompt)
        choice.addLayout(self._media)
        choice.addStretch(1)
        self._choice.setLayout(choice)
        self.files = FactList(lambda name: RowFacts("table", name))
        self.files.chosen.connect(self._read)
        self._file_choice = _column(label(righttexts.LISTS_CHOOSE, "body"), self.files, stretch=1)
        self.verdict = label("", "heading")
        self.verdict_note = label("", "soft")
        self.rows = FactList(_row_facts, note_lines=2)
        self.rows.setSelectionMode(FactList.SelectionMode.NoSelection)
        self._review = _column(self.verdict, self.verdict_note, self.rows, stretch=2)
        self.result = Result()
        self.steps = Pages()
        for step in (
            self._start,
            *self._busy.values(),
            self._choice,
            self._file_choice,
            self._review,
            self.result,
        ):
            self.steps.addWidget(step)
        self.again_button = PlainButton(texts.EXPORT_AGAIN)
        self.again_button.clicked.connect(self.search)
        self.done_button = PlainButton(texts.EXPORT_DONE)
        self.done_button.clicked.connect(self.finished)
        self.apply_button = PlainButton()
        self.apply_button.setProperty("kind", "primary")
        self.apply_button.clicked.connect(self._apply)
        buttons = theme.row(16)
        for button in (self.again_button, self.done_button, self.apply_button):
            buttons.addWidget(button, 1)
        layout = theme.column(16, (48, 12, 48, 28))
        layout.addWidget(self.steps, 1)
        layout.addLayout(buttons)
        self.setLayout(layout)

    def enter(self) -> None:
        self._plan = None
        self._show(self._start)

    def leave(self) -> None:
        # It holds names and is void after the next change anyway.
        self._plan = None
        self.rows.show_items(())
        super().leave()

    def step_back(self) -> bool:
        if self.steps.currentWidget() is self._start:
            return False
        super().leave()
        self.enter()
        return True

    def _show(
        self, step: QWidget, *, again: bool = False, done: bool = False, apply: int = 0
    ) -> None:
        self.steps.setCurrentWidget(step)
        self.again_button.setVisible(again)
        self.done_button.setVisible(done)
        self.done_button.setText(texts.CANCEL if apply else texts.EXPORT_DONE)
        self.apply_button.setVisible(apply > 0)
        self.apply_button.setText(righttexts.apply_changes(apply))

    # --- which stick, which list ------------------------------------------------------------------

    def begin(self, reads: bool, _: bool = False) -> None:
        """Look for sticks to read from, or to write to."""
        self._reads = reads
        self.search()

    @Slot()
    def search(self) -> None:
        """Look for USB sticks."""
        self._show(self._busy[texts.EXPORT_SEARCHING])
        self.ask(self._engine.removable_media(), self._offer, self._failed)

    def _offer(self, media: list[RemovableMedium]) -> None:
        for button in self.buttons:
            button.hide()
            button.deleteLater()
        self.buttons = [MediumButton(medium) for medium in media]
        for button in self.buttons:
            # A stick that cannot be written can still be read.
            button.setEnabled(button.isEnabled() or self._reads)
            button.chosen.connect(self._use)
            self._media.addWidget(button)
            theme.apply_theme(button, theme_of(self))
        self.prompt.setText(
            righttexts.LISTS_STICK_READ if self._reads else righttexts.LISTS_STICK_WRITE
        )
        if media:
            self._show(self._choice, again=True)
        else:
            self._end(texts.EXPORT_NONE, texts.EXPORT_PLUG_IN, "", "usb", theme.WARNING, again=True)

    @Slot(object)
    def _use(self, medium: RemovableMedium) -> None:
        self._medium = medium
        if self._reads:
            self._show(self._busy[righttexts.LISTS_SEARCHING])
            self.ask(self._engine.lists_on(medium), self._offer_files, self._failed)
        else:
            self._show(self._busy[righttexts.LISTS_WRITING])
            self.ask(self._engine.rights.export_csv(), self._write, self._failed)

    def _offer_files(self, names: list[str]) -> None:
        if not names:
            words = righttexts.LISTS_NO_FILE, righttexts.LISTS_NO_FILE_NOTE
            self._end(*words, "", "table", theme.WARNING, again=True)
            return
        self.files.show_items(names)
        self._show(self._file_choice, again=True)

    # --- reading ----------------------------------------------------------------------------------

    @Slot(object)
    def _read(self, name: str) -> None:
        if self._medium is not None:
            self._show(self._busy[righttexts.LISTS_READING])
            self.ask(self._engine.read_list(self._medium, name), self._compare, self._failed)

    def _compare(self, text: str) -> None:
        self.ask(self._engine.rights.import_plan(text), self._review_plan, self._failed)

    def _review_plan(self, plan: ImportPlan) -> None:
        self._plan = plan
        shown: Sequence[Problem | Change] = plan.problems or (*plan.warnings, *plan.changes)
        if not shown:
            words = righttexts.LISTS_NOTHING, righttexts.LISTS_NOTHING_NOTE
            self._end(*words, "", "check", theme.OK)
            return
        people = len(plan.edits)
        if plan.problems:
            self.verdict.setText(righttexts.problems(len(plan.problems)))
            self.verdict_note.setText(righttexts.LISTS_PROBLEMS_NOTE)
        else:
            self.verdict.setText(righttexts.changes(people, plan.added))
            self.verdict_note.setText(righttexts.LISTS_CHANGES_NOTE)
        theme.restyle(self.verdict, tone="danger" if plan.problems else "")
        self.rows.show_items(shown)
        self.rows.scrollToTop()
        if plan.problems:
            self._show(self._review, again=True, done=True)
        else:
            self._show(self._review, done=True, apply=people)

    @Slot()
    def _apply(self) -> None:
        if self._plan is not None:
            plan, self._plan = self._plan, None
            self._show(self._busy[righttexts.LISTS_APPLYING])
            self.ask(self._engine.rights.apply_plan(plan), self._applied, self._failed)

    def _applied(self, count: int) -> None:
        words = righttexts.LISTS_DONE_TITLE, righttexts.applied(count)
        self._end(*words, "", "check", theme.OK)

    # --- writing ----------------------------------------------------------------------------------

    def _write(self, text: str) -> None:
        if self._medium is not None:
            self.ask(self._engine.write_list(self._medium, text), self._written, self._failed)

    def _written(self, receipt: ExportReceipt) -> None:
        safe = receipt.safe_to_remove
        headline = texts.EXPORT_SAFE if safe else texts.EXPORT_NOT_SAFE
        colour = theme.OK if safe else theme.WARNING
        self._end(headline, receipt.message, receipt.path, "check" if safe else "warning", colour)

    # --- the end ----------------------------------------------------------------------------------

    def _end(
        self,
        headline: str,
        message: str,
        path: str,
        icon: str,
        colour: str,
        *,
        again: bool = False,
    ) -> None:
        self.result.show_result(headline, message, path, (icon, colour))
        self._show(self.result, again=again, done=True)

    def _failed(self, sentence: str) -> None:
        self._end(righttexts.LISTS_FAILED, sentence, "", "warning", theme.DANGER, again=True)


def _column(*parts: QWidget, stretch: int | None = None) -> QWidget:
    """Stack widgets; the one at ``stretch`` takes the room, else what is below them."""
    page = QWidget()
    layout = theme.column(16)
    for place, part in enumerate(parts):
        layout.addWidget(part, 1 if place == stretch else 0)
    if stretch is None:
        layout.addStretch(1)
    page.setLayout(layout)
    return page


def _row_facts(item: Problem | Change) -> RowFacts:
    """Say what a line of a list would change, or what is wrong with it."""
    line = righttexts.line(item.line)
    if hasattr(item, "text"):
        return RowFacts("warning", line, item.text, theme.DANGER)
    title, note = righttexts.change(item.who, item.field, item.before, item.after)
    icon = "person_add" if item.field == "person" else "person"
    return RowFacts(icon, title, note, theme.ACCENT, line)
