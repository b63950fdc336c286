"""The state of the kiosk in very large type, with a colour and an icon, and the clock."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QLinearGradient, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QSizePolicy, QWidget

from kiosk.domain import DenialReason, Guidance, Phase
from ui import doortexts, texts, theme
from ui.doorlook import DoorLook
from ui.theme import Theme, Themed
from ui.widgets.fitlabel import FitLabel
from ui.widgets.ring import Ring

if TYPE_CHECKING:
    from kiosk.listener import KioskView

_RING, _LEAST_RING = 150.0, 64.0
"""Sides, design pixels."""
_WORDS_GAP, _RING_GAP, _CLOCK_GAP = 14, 26, 16

PHASE_COLOURS = {
    Phase.STARTING: theme.TEXT_SOFT,
    Phase.IDLE: theme.ACCENT,
    Phase.GUIDANCE: theme.WARNING,
    Phase.CHECKING: theme.ACCENT,
    Phase.WELCOME: theme.OK,
    Phase.PIN: theme.ACCENT,
    Phase.SECOND: theme.ACCENT,
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
        if view.number_prompt is not None and view.number_prompt.is_right:
            text = text._replace(detail=texts.KEYPAD_RIGHT)
    elif view.phase is Phase.WELCOME:
        text = text if view.relock_at_ns is None else texts.WELCOME_OPEN
        if view.person_name:
            text = text._replace(headline=f"{text.headline}\n{view.person_name}")
    elif view.phase is Phase.SECOND:
        text = texts.second_person(view.person_name)
    elif view.phase is Phase.DENIED and view.denial is not DenialReason.HOURS:
        text = texts.denied(view.denial, view.wait_s, view.hours)
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
        self._is_calm = True
        self.ring = Ring(_RING)
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
        words = theme.column(_WORDS_GAP)
        words.addWidget(self.headline)
        words.addWidget(self.detail)
        self._state = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        theme.spaced(self._state, _RING_GAP)
        self._state.addWidget(self.ring, 0, Qt.AlignmentFlag.AlignTop)
        self._state.addLayout(words, 1)
        time_words = theme.column(0)
        time_words.addWidget(self.clock)
        time_words.addWidget(self.date)
        layout = self._column = theme.column(0, (36, 32))
        layout.addLayout(time_words)
        layout.addSpacing(_CLOCK_GAP)
        layout.addStretch(1)
        layout.addLayout(self._state)
        layout.addStretch(1)
        self.setLayout(layout)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        self._fit_ring()
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_ring()

    def arrange(self, portrait: bool) -> None:
        """Put icon and words side by side on a portrait screen, where the panel is wide."""
        self._state.setDirection(
            QBoxLayout.Direction.LeftToRight if portrait else QBoxLayout.Direction.TopToBottom
        )
        self._fit_ring()

    def set_crowded(self, crowded: bool) -> None:
        """Leave the room to the words: something stands below the panel."""
        self.clock.set_largest(60 if crowded else 104)
        self._fit_ring()

    def show_time(self, now: datetime | None) -> None:
        """Show clock and date; None: nobody knows the time."""
        if now is None:
            self.clock.set_text(doortexts.NO_TIME)
            self.date.set_text(doortexts.NO_DATE)
            return
        self.clock.set_text(f"{now:%H:%M}")
        day = f"{texts.WEEKDAYS_LONG[now.weekday()]}, {now.day} {texts.MONTHS[now.month - 1]}"
        self.date.set_text(day)

    def show_view(self, view: KioskView, look: DoorLook | None = None) -> None:
        """Show the engine's one state, or in its place how the door looks."""
        if look is not None:
            self._show_door(look)
            return
        text = view_text(view)
        self.show_text(view.phase, *text)
        if view.phase is Phase.WELCOME and view.relock_at_ns is not None:
            self.ring.count_down(text.icon, self.colour, view.relock_at_ns)
        elif view.phase is Phase.SECOND:
            self._show_ring(text.icon, view.answer_by_ns)
        elif view.phase is Phase.CHECKING:
            self.ring.turn(text.icon, self.colour)

    def show_text(self, phase: Phase, headline: str, detail: str, icon: str) -> None:
        """Show a state in words; the clock is there only while nobody needs anything.

        Without an icon the ring goes, and with it what it showed before.
        """
        # The reasons need the room.
        largest = 50 if phase is Phase.OUT_OF_ORDER else 72
        self._show_words(headline, detail, PHASE_COLOURS[phase], largest)
        self.ring.setVisible(bool(icon))
        # These have moving rings, which must not begin anew with every view.
        if phase not in (Phase.WELCOME, Phase.CHECKING, Phase.SECOND) or not icon:
            self.ring.show_icon(icon, self.colour)
        self._is_calm = phase in (Phase.IDLE, Phase.STARTING)
        self._show_clock()

    def _show_door(self, look: DoorLook) -> None:
        headline, detail, icon = look.text
        self._show_words(headline, detail, look.colour, 72)
        self.ring.setVisible(True)
        self._show_ring(icon, look.ends_ns)
        self._is_calm = False
        self._show_clock()

    def _show_ring(self, icon: str, ends_ns: int | None) -> None:
        if ends_ns is None:
            self.ring.show_icon(icon, self.colour)
        else:
            self.ring.count_down(icon, self.colour, ends_ns)

    def _show_words(self, headline: str, detail: str, colour: str, largest: float) -> None:
        self.colour = colour
        self.headline.set_largest(largest)
        self.headline.set_text(headline, colour)
        self.detail.set_text(detail)

    def _show_clock(self) -> None:
        self.clock.setVisible(self._is_calm)
        self.date.setVisible(self._is_calm)
        self._fit_ring()
        self.update()

    def _fit_ring(self) -> None:
        """Under the clock the ring gives way: a layout without room would put the words over it."""
        side, is_stacked = _RING, self._state.direction() is QBoxLayout.Direction.TopToBottom
        if self._is_calm and is_stacked:
            margins = self._column.contentsMargins()
            width = self.width() - margins.left() - margins.right()
            labels = (self.clock, self.date, self.headline, self.detail)
            taken = sum(label.heightForWidth(width) for label in labels)
            taken += margins.top() + margins.bottom()
            taken += self.theme.px(_WORDS_GAP + _RING_GAP + _CLOCK_GAP)
            side = (self.height() - taken) / self.theme.scale
        self.ring.set_side(min(max(side, _LEAST_RING), _RING))

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
        calm = self._is_calm
        tint.setAlphaF(0.03 if calm else 0.10)
        gradient.setColorAt(0, tint)
        tint.setAlphaF(0.08 if calm else 0.22)
        gradient.setColorAt(1, tint)
        painter.setBrush(gradient)
        painter.drawRoundedRect(area, radius, radius)
        painter.end()
