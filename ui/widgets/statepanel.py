"""The state of the kiosk in very large type, with a colour and an icon, and the clock."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QLinearGradient, QPainter, QPaintEvent
from PySide6.QtWidgets import QBoxLayout, QSizePolicy, QWidget

from kiosk.domain import DenialReason, Guidance, Phase
from ui import texts, theme
from ui.theme import Theme, Themed
from ui.widgets.fitlabel import FitLabel
from ui.widgets.ring import Ring

if TYPE_CHECKING:
    from kiosk.listener import KioskView

PHASE_COLOURS = {
    Phase.STARTING: theme.TEXT_SOFT,
    Phase.IDLE: theme.ACCENT,
    Phase.GUIDANCE: theme.WARNING,
    Phase.CHECKING: theme.ACCENT,
    Phase.WELCOME: theme.OK,
    Phase.PIN: theme.ACCENT,
    Phase.DENIED: theme.WARNING,
    Phase.NOT_RECOGNISED: theme.DANGER,
    Phase.OUT_OF_ORDER: theme.DANGER,
}


def view_text(view: KioskView) -> texts.StateText:
    """Return what to say in a state."""
    text = texts.PHASES[view.phase]
    guidance: Guidance | None = view.guidance
    if view.phase is Phase.GUIDANCE and guidance is not None:
        text = texts.GUIDANCE[guidance]
    elif view.phase is Phase.WELCOME:
        text = text if view.relock_at_ns is None else texts.WELCOME_OPEN
        if view.person_name:
            text = text._replace(headline=f"{text.headline}\n{view.person_name}")
    elif view.phase is Phase.DENIED and view.denial is not DenialReason.HOURS:
        text = texts.denied(view.denial, view.wait_s)
    elif view.phase is Phase.DENIED:
        text = texts.not_at_this_time(view.person_name, view.hours)
    elif view.phase is Phase.OUT_OF_ORDER and view.faults:
        text = text._replace(detail="\n\n".join(view.faults))
    return text


class StatePanel(Themed, QWidget):
    """A card tinted in the colour of the state."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.colour = theme.TEXT_SOFT
        self._phase = Phase.STARTING
        self.ring = Ring(150)
        # The name must not jump when the door opens a moment later.
        place = self.ring.sizePolicy()
        place.setRetainSizeWhenHidden(True)
        self.ring.setSizePolicy(place)
        self.headline = FitLabel(72, 30, lines=2.4)
        self.detail = FitLabel(
            30,
            17,
            weight=QFont.Weight.Normal,
            colour="#d5deec",
            lines=8,
            alignment=Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop,
        )
        self.clock = FitLabel(104, 40, lines=1.05)
        self.date = FitLabel(28, 18, weight=QFont.Weight.Normal, colour=theme.TEXT_SOFT, lines=1.2)
        words = theme.column(14)
        words.addWidget(self.headline)
        words.addWidget(self.detail)
        self._state = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        theme.spaced(self._state, 26)
        self._state.addWidget(self.ring, 0, Qt.AlignmentFlag.AlignTop)
        self._state.addLayout(words, 1)
        time_words = theme.column(0)
        time_words.addWidget(self.clock)
        time_words.addWidget(self.date)
        layout = theme.column(0, (36, 32))
        layout.addLayout(time_words)
        layout.addSpacing(16)
        layout.addStretch(1)
        layout.addLayout(self._state)
        layout.addStretch(1)
        self.setLayout(layout)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        self.update()

    def arrange(self, portrait: bool) -> None:
        """Put icon and words side by side on a portrait screen, where the panel is wide."""
        self._state.setDirection(
            QBoxLayout.Direction.LeftToRight if portrait else QBoxLayout.Direction.TopToBottom
        )

    def show_time(self, now: datetime) -> None:
        """Show clock and date."""
        self.clock.set_text(f"{now:%H:%M}")
        day = f"{texts.WEEKDAYS_LONG[now.weekday()]}, {now.day} {texts.MONTHS[now.month - 1]}"
        self.date.set_text(day)

    def show_view(self, view: KioskView) -> None:
        """Show the engine's one state."""
        text = view_text(view)
        self.show_text(view.phase, *text)
        if view.phase is Phase.WELCOME and view.relock_at_ns is not None:
            self.ring.count_down(text.icon, self.colour, view.relock_at_ns)
        elif view.phase is Phase.CHECKING:
            self.ring.turn(text.icon, self.colour)

    def show_text(self, phase: Phase, headline: str, detail: str, icon: str) -> None:
        """Show a state in words; the clock is there only while nobody needs anything.

        Without an icon the ring goes, and with it what it showed before.
        """
        self._phase = phase
        self.colour = PHASE_COLOURS[phase]
        # The reasons need the room.
        self.headline.set_largest(50 if phase is Phase.OUT_OF_ORDER else 72)
        self.headline.set_text(headline, self.colour)
        self.detail.set_text(detail)
        self.ring.setVisible(bool(icon))
        # These two have moving rings, which must not begin anew with every view.
        if phase not in (Phase.WELCOME, Phase.CHECKING) or not icon:
            self.ring.show_icon(icon, self.colour)
        idle = phase in (Phase.IDLE, Phase.STARTING)
        self.clock.setVisible(idle)
        self.date.setVisible(idle)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect())
        radius = self.theme.px(24)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.SURFACE))
        painter.drawRoundedRect(area, radius, radius)
        tint = QColor(self.colour)
        gradient = QLinearGradient(area.topLeft(), area.bottomLeft())
        calm = self._phase in (Phase.IDLE, Phase.STARTING)
        tint.setAlphaF(0.03 if calm else 0.10)
        gradient.setColorAt(0, tint)
        tint.setAlphaF(0.08 if calm else 0.22)
        gradient.setColorAt(1, tint)
        painter.setBrush(gradient)
        painter.drawRoundedRect(area, radius, radius)
        painter.end()
