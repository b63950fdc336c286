"""What a guest pass is worth, and what to tell the guest."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from ui import righttexts, theme
from ui.widgets.choices import Chips, FieldButton, TickList
from ui.widgets.icons import IconButton, IconDisc
from ui.widgets.plain import PlainButton, PlainLabel
from ui.widgets.stepper import TimeStepper
from ui.widgets.tick import Tick

OTHER_DAY = -1
_DAYS = (
    (0, righttexts.GUEST_TODAY),
    (1, righttexts.GUEST_TOMORROW),
    (7, righttexts.GUEST_WEEK),
    (OTHER_DAY, righttexts.GUEST_OTHER),
)
_USES = (
    (1, righttexts.GUEST_ONCE),
    (2, righttexts.GUEST_TWICE),
    (5, righttexts.GUEST_FIVE),
    (0, righttexts.GUEST_OFTEN),
)


def _label(text: str, role: str) -> PlainLabel:
    made = PlainLabel(text)
    made.setProperty("role", role)
    made.setWordWrap(True)
    return made


class GuestForm(QWidget):
    """What a pass is worth, to be chosen."""

    def __init__(self) -> None:
        super().__init__()
        self.name_field = FieldButton(righttexts.GUEST_NAME)
        self.number_field = FieldButton(righttexts.GUEST_NUMBER)
        self.groups = TickList()
        self.groups_note = _label("", "small")
        self.days = Chips(_DAYS)
        self.time = TimeStepper()
        self.until_label = _label("", "soft")
        self.often = Chips(_USES)
        self.pin_field = FieldButton(righttexts.GUEST_PIN, "key")
        self.add_button = IconButton("ticket", righttexts.GUEST_ADD, kind="primary", side=26)
        left = theme.column(10)
        left.addWidget(self.name_field)
        left.addWidget(self.number_field)
        left.addWidget(_label(righttexts.GUEST_GROUPS, "caption"))
        left.addWidget(self.groups, 1)
        left.addWidget(self.groups_note)
        right = theme.column(10)
        right.addWidget(_label(righttexts.GUEST_UNTIL, "caption"))
        right.addWidget(self.days)
        right.addWidget(self.time)
        right.addWidget(self.until_label)
        right.addWidget(_label(righttexts.GUEST_USES, "caption"))
        right.addWidget(self.often)
        right.addWidget(self.pin_field)
        right.addStretch(1)
        right.addWidget(self.add_button)
        self._halves = theme.row(28, (32, 4, 32, 20))
        self._halves.addLayout(left, 1)
        self._halves.addLayout(right, 1)
        self.setLayout(self._halves)

    def arrange(self, portrait: bool) -> None:
        """Put the times under the name on a portrait screen."""
        theme.set_direction(self._halves, portrait=portrait)


class GuestDone(QWidget):
    """The pass is ready: what to tell the guest, and what to do now."""

    def __init__(self) -> None:
        super().__init__()
        self.name = _label("", "title")
        self.worth = _label("", "body")
        self.tell = _label("", "strong")
        theme.restyle(self.tell, tone="ok")
        self.pictures_button = IconButton("face", righttexts.GUEST_PICTURES, kind="", side=26)
        self.next_button = PlainButton(righttexts.GUEST_NEXT)
        self.next_button.setProperty("kind", "primary")
        layout = theme.column(18, (48, 16, 48, 32))
        layout.addStretch(1)
        layout.addWidget(IconDisc("check", theme.OK, 132), 0, Qt.AlignmentFlag.AlignHCenter)
        for part in (_label(righttexts.GUEST_READY, "soft"), self.name, self.worth, self.tell):
            part.setAlignment(Qt.AlignmentFlag.AlignCenter)
            layout.addWidget(part)
        layout.addStretch(1)
        self.consent = Tick(righttexts.GUEST_CONSENT)
        self.consent.toggled.connect(self.pictures_button.setEnabled)
        layout.addWidget(self.consent)
        buttons = theme.row(16)
        buttons.addWidget(self.pictures_button, 1)
        buttons.addWidget(self.next_button, 1)
        layout.addLayout(buttons)
        self.setLayout(layout)
