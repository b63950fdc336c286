"""Is everything well? Health, speed, how the recognition fares, and a test of the relay."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtWidgets import QButtonGroup, QFrame, QScrollArea, QScroller, QWidget

from kiosk.domain import FrameResult
from ui import texts, theme
from ui.bridge import EngineBridge, EngineLike
from ui.history import History
from ui.screens.base import Screen, label
from ui.widgets.bars import StageBars
from ui.widgets.icons import IconButton, IconDisc
from ui.widgets.pages import Pages
from ui.widgets.plain import PlainButton
from ui.widgets.plots import RefusalBars, ScorePlot
from ui.widgets.sheet import theme_of

if TYPE_CHECKING:
    from kiosk.health import HealthRow

LOOKS = {
    "ok": ("check", theme.OK),
    "warning": ("warning", theme.WARNING),
    "fault": ("cross", theme.DANGER),
}


class HealthLine(QWidget):
    """One part of the kiosk and how it is."""

    def __init__(self, row: HealthRow) -> None:
        super().__init__()
        self._disc = IconDisc("check", theme.OK, 44)
        self.name = label("", "strong")
        self.text = label("", "small")
        words = theme.column(2)
        words.addWidget(self.name)
        words.addWidget(self.text)
        layout = theme.row(16, (0, 8))
        layout.addWidget(self._disc, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(words, 1)
        self.setLayout(layout)
        self.show_row(row)

    def show_row(self, row: HealthRow) -> None:
        """Show one row of the engine's health."""
        self._disc.show_icon(*LOOKS[row.level])
        self._disc.setAccessibleName(texts.HEALTH_WORDS[row.level])
        self.name.setText(row.name)
        self.text.setText(row.text)


class DiagnosticsScreen(Screen):
    """Refreshes itself while it is shown."""

    def __init__(
        self,
        engine: EngineLike,
        bridge: EngineBridge,
        now_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """``now_ns`` is the clock of the frames."""
        super().__init__()
        self._now_ns = now_ns
        self.history = History()
        self._engine = engine
        self._bridge = bridge
        self.lines: list[HealthLine] = []
        self._health = theme.column(0)
        self._health.addStretch(1)
        health = QWidget()
        health.setLayout(self._health)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(health)
        QScroller.grabGesture(
            self._scroll.viewport(), QScroller.ScrollerGestureType.LeftMouseButtonGesture
        )
        self.bars = StageBars()
        self.counts = label("", "small")
        self.test_button = IconButton("unlock", texts.DIAG_TEST, kind="")
        self.test_button.clicked.connect(self._ask_test)
        self.scores = ScorePlot()
        self.refusals = RefusalBars()
        health_card = self._card(texts.DIAG_HEALTH, self._scroll)
        speed = theme.column()
        speed.addWidget(self._card(texts.DIAG_SPEED, self.bars, self.counts))
        speed.addStretch(1)
        recognition = theme.column(16)
        recognition.addWidget(self._card(texts.DIAG_SCORES, self.scores), 1)
        recognition.addWidget(self._card(texts.DIAG_REFUSALS, self.refusals))
        self.pages = Pages()
        self.page_buttons: list[PlainButton] = []
        self._group = QButtonGroup(self)
        chips = theme.row(10)
        for words, layout in ((texts.DIAG_RECOGNITION, recognition), (texts.DIAG_SPEED, speed)):
            page = QWidget()
            page.setLayout(layout)
            self.pages.addWidget(page)
            button = PlainButton(words)
            button.setProperty("kind", "chip")
            button.setCheckable(True)
            button.clicked.connect(self._turn_page)
            self._group.addButton(button)
            self.page_buttons.append(button)
            chips.addWidget(button, 1)
        self.page_buttons[0].setChecked(True)
        right = theme.column(16)
        right.addLayout(chips)
        right.addWidget(self.pages, 1)
        right.addWidget(self.test_button)
        self._halves = theme.row(24, (32, 8, 32, 28))
        self._halves.addWidget(health_card, 52)
        self._halves.addLayout(right, 48)
        self.setLayout(self._halves)
        self._timer = QTimer(self)
        self._timer.setInterval(2000)
        self._timer.timeout.connect(self.refresh)
        self._asked = False
        # Collected also while the screen is hidden: whoever opens it wants to see what was.
        bridge.result_shown.connect(self._show_result)

    @staticmethod
    def _card(title: str, *contents: QWidget) -> QFrame:
        card = QFrame()
        card.setProperty("card", "true")
        layout = theme.column(12, (24, 20))
        layout.addWidget(label(title, "caption"))
        for part in contents:
            layout.addWidget(part)
        card.setLayout(layout)
        return card

    def enter(self) -> None:
        self.bars.clear()
        if self._bridge.result is not None:
            # The camera may have ended: then these are the last times there are.
            self.bars.show_stages(self._bridge.result.stage_ms)
        self._asked = False
        self._timer.start()
        self.refresh()

    def leave(self) -> None:
        self._timer.stop()
        super().leave()

    def arrange(self, portrait: bool) -> None:
        theme.set_direction(self._halves, portrait=portrait)

    @Slot()
    def refresh(self) -> None:
        """Ask how everything is; one question at a time, for a slow disk must not pile them up."""
        preview, results = self._engine.preview, self._engine.results
        self.counts.setText(
            texts.frames_counted(results.taken, results.dropped, preview.taken, preview.dropped)
        )
        now_ns = self._now_ns()
        self.scores.show_scores(self.history.scores(now_ns), now_ns)
        self.refusals.show_refusals(self.history.refusals, self.history.compared)
        if not self._asked:
            self._asked = True
            self.ask(self._engine.health(), self._show_health, self._no_health)

    def _show_health(self, rows: list[HealthRow]) -> None:
        self._asked = False
        if len(rows) != len(self.lines):
            for line in self.lines:
                line.hide()
                line.deleteLater()
            self.lines = [HealthLine(row) for row in rows]
            for place, line in enumerate(self.lines):
                self._health.insertWidget(place, line)
                theme.apply_theme(line, theme_of(self))
        else:
            for line, row in zip(self.lines, rows, strict=True):
                line.show_row(row)

    def _no_health(self, sentence: str) -> None:
        self._asked = False
        self.show_fault(sentence)

    @Slot(object)
    def _show_result(self, result: FrameResult) -> None:
        self.history.add(result)
        if self.isVisible():
            self.bars.show_stages(result.stage_ms)

    @Slot()
    def _turn_page(self) -> None:
        checked = [button.isChecked() for button in self.page_buttons]
        self.pages.setCurrentIndex(checked.index(True))

    @Slot()
    def _ask_test(self) -> None:
        self.ask_first(
            texts.DIAG_TEST_TITLE,
            texts.DIAG_TEST_TEXT,
            texts.DIAG_TEST_YES,
            self._test,
            icon="unlock",
        )

    @Slot()
    def _test(self) -> None:
        self.test_button.setEnabled(False)
        self.ask(self._engine.test_relay(), self._tested, self._not_tested)

    def _tested(self, _: None) -> None:
        self.test_button.setEnabled(True)
        self.notice_raised.emit(texts.DIAG_TESTED, "ok")

    def _not_tested(self, sentence: str) -> None:
        self.test_button.setEnabled(True)
        self.show_fault(sentence)
