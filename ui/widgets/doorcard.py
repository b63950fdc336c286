"""How the door stands now, in words."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame

from kiosk.domain import DoorState, DoorStatus
from ui import righttexts, theme
from ui.widgets.icons import IconDisc
from ui.widgets.plain import PlainLabel

LOOKS: dict[DoorState, tuple[str, str]] = {
    DoorState.LOCKED: ("lock", theme.OK),
    DoorState.UNLOCKED: ("unlock", theme.ACCENT),
    DoorState.OPEN: ("door", theme.ACCENT),
    DoorState.HELD: ("bell", theme.DANGER),
    DoorState.FORCED: ("bell", theme.DANGER),
    DoorState.FREE_ACCESS: ("unlock", theme.WARNING),
    DoorState.LOCKDOWN: ("stop", theme.DANGER),
    DoorState.FAULT: ("warning", theme.DANGER),
}


def _label(text: str, role: str) -> PlainLabel:
    made = PlainLabel(text)
    made.setProperty("role", role)
    made.setWordWrap(True)
    return made


class DoorCard(QFrame):
    """How the door stands now."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("card", "true")
        self._disc = IconDisc("door", theme.TEXT_SOFT, 96)
        self.headline = _label(righttexts.DOOR_UNKNOWN, "title")
        self.detail = _label("", "body")
        self.alarm = _label("", "strong")
        theme.restyle(self.alarm, tone="danger")
        self.leaf = _label("", "soft")
        self.relay = _label("", "small")
        layout = theme.column(12, (28, 24))
        layout.addWidget(self._disc)
        for part in (self.headline, self.detail, self.alarm, self.leaf):
            layout.addWidget(part)
        layout.addStretch(1)
        layout.addWidget(self.relay)
        self.setLayout(layout)

    def show_status(self, status: DoorStatus, now_ns: int) -> None:
        """Show the state of the door."""
        state = status.state
        # The leaf may be open or forced while nobody is to be let in: that comes first.
        if status.is_lockdown and state not in (DoorState.FAULT, DoorState.FORCED, DoorState.HELD):
            state = DoorState.LOCKDOWN
        elif status.is_free and state in (DoorState.UNLOCKED, DoorState.OPEN):
            state = DoorState.FREE_ACCESS
        self._disc.show_icon(*LOOKS[state])
        self.headline.setText(righttexts.DOOR_WORDS[state])
        words = [righttexts.DOOR_DETAILS[state]]
        if state is DoorState.FREE_ACCESS:
            words.append(righttexts.free_until(status, now_ns))
        if status.message:
            words = [status.message]
        self.detail.setText(" ".join(words))
        self.alarm.setText(righttexts.ALARM_WORDS[status.alarm] if status.alarm else "")
        self.alarm.setVisible(status.alarm is not None)
        leaf = status.inputs.is_open
        self.leaf.setText(
            righttexts.LEAF_UNKNOWN
            if leaf is None
            else righttexts.LEAF_OPEN
            if leaf
            else righttexts.LEAF_CLOSED
        )
        self.relay.setText(status.relay)
