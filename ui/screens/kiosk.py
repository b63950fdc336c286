"""The main screen: the mirror, one clear state in very large type, and the small print."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import QFrame, QWidget

from kiosk.domain import CameraState, CameraStatus, DoorState, DoorStatus, Guidance, Phase
from ui import texts, theme
from ui.bridge import EngineBridge
from ui.screens.base import Screen, label
from ui.widgets.demostrip import DemoStrip
from ui.widgets.icons import IconButton, IconDisc, icon_pixmap
from ui.widgets.pages import Pages
from ui.widgets.pinpanel import PinPanel
from ui.widgets.plain import PlainLabel
from ui.widgets.preview import Preview
from ui.widgets.sheet import theme_of
from ui.widgets.statepanel import StatePanel

if TYPE_CHECKING:
    from kiosk.listener import KioskView


# In the mirror the person's own left is on the left.
TURN_ARROWS = {Guidance.TURN_LEFT: "left", Guidance.TURN_RIGHT: "right"}


class StatusItem(QWidget):
    """A coloured icon and a few words of small print."""

    def __init__(self, icon: str) -> None:
        super().__init__()
        self._icon = icon
        self._mark = PlainLabel()
        self.words = label("", "small", wrap=False)
        layout = theme.row(10)
        layout.addWidget(self._mark)
        layout.addWidget(self.words)
        self.setLayout(layout)

    def show_status(self, words: str, colour: str, icon: str | None = None) -> None:
        """Change words, colour and icon."""
        self._icon = icon or self._icon
        self.words.setText(words)
        self._mark.setPixmap(
            icon_pixmap(self._icon, theme_of(self).px(24), colour, self.devicePixelRatioF())
        )


class KioskScreen(Screen):
    """What a person at the door sees."""

    # The discreet button was touched.
    admin_requested = Signal()
    # A personal PIN was typed.
    pin_entered = Signal(str)

    def __init__(
        self, bridge: EngineBridge, door_name: str, strip: DemoStrip | None = None
    ) -> None:
        """``strip`` is shown under the picture; a demonstration says there what it shows."""
        super().__init__()
        self.strip = strip
        self._bridge = bridge
        self.preview = Preview()
        self.panel = StatePanel()
        self.pin_panel = PinPanel()
        self.pin_panel.entered.connect(self.pin_entered)
        self._panels = Pages()
        self._panels.addWidget(self.panel)
        self._panels.addWidget(self.pin_panel)
        self._warning_bar = QFrame()
        self._warning_bar.setProperty("card", "warning")
        self.warning_label = label("", "small")
        self.warning_label.setProperty("tone", "warning")
        bar = theme.row(14, (20, 12))
        bar.addWidget(IconDisc("warning", theme.WARNING, 40))
        bar.addWidget(self.warning_label, 1)
        self._warning_bar.setLayout(bar)
        self._warning_bar.hide()

        self.camera_item = StatusItem("camera")
        self.door_item = StatusItem("lock")
        self.overlay_button = IconButton("eye", colour=theme.TEXT_SOFT)
        self.overlay_button.setCheckable(True)
        self.overlay_button.setChecked(True)
        self.overlay_button.setAccessibleName("overlay")
        self.overlay_button.toggled.connect(self.preview.set_overlay_shown)
        self.admin_button = IconButton("gear", colour=theme.TEXT_SOFT)
        self.admin_button.setAccessibleName("administration")
        self.admin_button.clicked.connect(self.admin_requested)
        status = theme.row(28)
        status.addWidget(label(door_name, "caption", wrap=False))
        status.addWidget(self.camera_item)
        status.addWidget(self.door_item)
        status.addStretch(1)
        status.addWidget(self.overlay_button)
        status.addWidget(self.admin_button)

        self._halves = theme.row(24)
        self._halves.addWidget(self.preview)
        self._halves.addWidget(self._panels)
        layout = theme.column(14, (24, 24, 24, 12))
        layout.addLayout(self._halves, 1)
        if strip is not None:
            layout.addWidget(strip)
        layout.addWidget(self._warning_bar)
        layout.addLayout(status)
        self.setLayout(layout)

        self._clock = QTimer(self)
        self._clock.setInterval(1000)
        self._clock.timeout.connect(self._tick)
        bridge.frame_shown.connect(self.preview.show_frame)
        bridge.result_shown.connect(self.preview.show_result)
        bridge.view_shown.connect(self.show_view)
        bridge.camera_shown.connect(self.show_camera)
        bridge.door_shown.connect(self.show_door)

    def enter(self) -> None:
        self._clock.start()
        self._tick()
        if self._bridge.view is not None:
            self.show_view(self._bridge.view)
        else:
            self.panel.show_text(Phase.STARTING, *texts.PHASES[Phase.STARTING])
        if self._bridge.camera is not None:
            self.show_camera(self._bridge.camera)
        if self._bridge.door is not None:
            self.show_door(self._bridge.door)

    def leave(self) -> None:
        self._clock.stop()
        self.pin_panel.forget()
        super().leave()

    def arrange(self, portrait: bool) -> None:
        theme.set_direction(self._halves, portrait=portrait)
        self._halves.setStretch(0, 55 if portrait else 57)
        self._halves.setStretch(1, 45 if portrait else 43)
        self.panel.arrange(portrait)
        self.pin_panel.arrange(portrait)
        if self.strip is not None:
            self.strip.arrange(portrait)

    @Slot()
    def _tick(self) -> None:
        self.panel.show_time(datetime.now())

    @Slot(object)
    def show_view(self, view: KioskView) -> None:
        """Show the engine's one state."""
        self.panel.show_view(view)
        if view.pin is not None:
            self._panels.setCurrentWidget(self.pin_panel)
            self.pin_panel.ask(view.pin, view.guidance)
        else:
            self._panels.setCurrentWidget(self.panel)
            self.pin_panel.forget()
        self.preview.set_border(
            "" if view.phase in (Phase.IDLE, Phase.STARTING) else self.panel.colour
        )
        self.preview.set_arrow(TURN_ARROWS.get(view.guidance, "") if view.guidance else "")
        self.preview.set_dimmed(view.phase in (Phase.STARTING, Phase.OUT_OF_ORDER))
        self.warning_label.setText("\n".join(view.warnings))
        # A demonstration has a banner that says the same, on every screen.
        is_needed = bool(view.warnings) and self.strip is None
        # The keypad needs the room, and whoever stands there can do nothing about them.
        self._warning_bar.setVisible(is_needed and view.pin is None)

    @Slot(object)
    def show_camera(self, status: CameraStatus) -> None:
        """Show the camera in the small print."""
        words = texts.CAMERA_STATES[status.state]
        if status.state is CameraState.STREAMING:
            if status.width_px:
                words += f" {status.width_px} × {status.height_px}"
            self.camera_item.show_status(words, theme.OK)
        elif status.state is CameraState.LOST:
            self.camera_item.show_status(words, theme.DANGER)
            self.preview.clear()
        else:
            self.camera_item.show_status(words, theme.TEXT_SOFT)

    @Slot(object)
    def show_door(self, status: DoorStatus) -> None:
        """Show the door in the small print."""
        colour, icon = {
            DoorState.LOCKED: (theme.TEXT_SOFT, "lock"),
            DoorState.UNLOCKED: (theme.OK, "unlock"),
            DoorState.FAULT: (theme.DANGER, "warning"),
        }[status.state]
        self.door_item.show_status(texts.DOOR_STATES[status.state], colour, icon)
