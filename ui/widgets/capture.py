"""Five guided views: the mirror, what to do now, how far it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QFrame, QWidget

from ui import texts, theme
from ui.widgets.fitlabel import FitLabel
from ui.widgets.plain import PlainButton, PlainLabel
from ui.widgets.preview import Preview
from ui.widgets.views import ViewIndicator

if TYPE_CHECKING:
    from kiosk.enrolment import EnrolmentProgress


class CapturePage(QWidget):
    """Shows the progress of the engine's guided capture."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.preview = Preview()
        self.indicator = ViewIndicator(250)
        self.person_label = PlainLabel()
        self.person_label.setProperty("role", "soft")
        self.person_label.setWordWrap(True)
        self.prompt = FitLabel(46, 28, lines=2.2)
        top_left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop
        self.note = FitLabel(
            26, 18, weight=QFont.Weight.Normal, colour=theme.TEXT_SOFT, lines=3, alignment=top_left
        )
        self.save_button = PlainButton(texts.ENROL_SAVE)
        self.save_button.setProperty("kind", "primary")
        self.retake_button = PlainButton(texts.ENROL_RETAKE)
        buttons = theme.row(16)
        buttons.addWidget(self.retake_button, 1)
        buttons.addWidget(self.save_button, 1)
        words = theme.column(10)
        words.addWidget(self.person_label)
        words.addWidget(self.prompt)
        words.addWidget(self.note)
        self._inner = theme.row(28)
        self._inner.addWidget(self.indicator, 0, Qt.AlignmentFlag.AlignCenter)
        self._inner.addLayout(words, 1)
        card = QFrame()
        card.setProperty("card", "true")
        card_layout = theme.column(20, (32, 28))
        card_layout.addStretch(1)
        card_layout.addLayout(self._inner)
        card_layout.addStretch(1)
        card_layout.addLayout(buttons)
        card.setLayout(card_layout)
        self._halves = theme.row(24, (32, 8, 32, 24))
        self._halves.addWidget(self.preview)
        self._halves.addWidget(card)
        self.setLayout(self._halves)

    def arrange(self, portrait: bool) -> None:
        """Put the card under the preview on a portrait screen."""
        theme.set_direction(self._halves, portrait=portrait)
        theme.set_direction(self._inner, portrait=not portrait)
        self._halves.setStretch(0, 58)
        self._halves.setStretch(1, 42)

    def restart(self, name: str) -> None:
        """Forget the progress and begin with this person."""
        self.person_label.setText(f"{texts.ENROL_CAPTURING} {name}")
        self._show_view("FRONT", frozenset(), 0.0)
        self._offer_saving(False)

    def show_progress(self, progress: EnrolmentProgress) -> None:
        """Show which view is wanted, and what keeps it from being taken."""
        taken = frozenset(view.name for view in progress.taken)
        wanted = progress.step.name if progress.step is not None else ""
        self._offer_saving(progress.finished)
        if progress.finished or not wanted:
            self.indicator.show_progress("", taken, 0.0)
            self.prompt.set_text(texts.ENROL_DONE, theme.OK)
            self.note.set_text("")
            self.preview.set_border(theme.OK)
            return
        self._show_view(wanted, taken, progress.hold_fraction)
        if progress.guidance is not None:
            headline, detail, _ = texts.GUIDANCE[progress.guidance]
            self.prompt.set_text(headline, theme.WARNING)
            self.note.set_text(detail)
            self.preview.set_border(theme.WARNING)

    def _show_view(self, wanted: str, taken: frozenset[str], hold_fraction: float) -> None:
        headline, detail = texts.VIEW_PROMPTS[wanted]
        self.indicator.show_progress(wanted, taken, hold_fraction)
        self.prompt.set_text(headline, theme.TEXT)
        self.note.set_text(detail)
        self.preview.set_border(theme.ACCENT if hold_fraction > 0 else "")

    def _offer_saving(self, finished: bool) -> None:
        self.save_button.setEnabled(finished)
        self.retake_button.setEnabled(finished)
