"""The main screen: the mirror, one clear state in very large type, and the small print."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QWidget

from kiosk.domain import CameraState, CameraStatus, DoorStatus, Guidance, Phase
from kiosk.listener import KioskView
from ui import doortexts, texts, theme
from ui.bridge import EngineBridge
from ui.doorlook import DoorLook, alarm_notice, door_look, free_notice, small_print
from ui.screens.base import Screen, label
from ui.widgets.demostrip import DemoStrip
from ui.widgets.icons import IconButton, icon_pixmap
from ui.widgets.noticebar import NoticeBar
from ui.widgets.numberpanel import NumberPanel
from ui.widgets.pages import Pages
from ui.widgets.pinpanel import PinPanel
from ui.widgets.plain import PlainLabel
from ui.widgets.preview import Preview
from ui.widgets.sheet import theme_of
from ui.widgets.statepanel import StatePanel

# In the mirror the person's own left is on the left.
TURN_ARROWS = {Guidance.TURN_LEFT: "left", Guidance.TURN_RIGHT: "right"}

_KEYPAD_PHASES = (
    Phase.IDLE,
    Phase.GUIDANCE,
    Phase.CHECKING,
    Phase.NOT_RECOGNISED,
    Phase.SECOND,
    Phase.DENIED,
)


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
    # A number and a PIN were typed without a face.
    number_and_pin_entered = Signal(str, str)

    def __init__(
        self,
        bridge: EngineBridge,
        door_name: str,
        strip: DemoStrip | None = None,
        now_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """``strip`` is shown under the picture; a demonstration says there what it shows."""
        super().__init__()
        self.strip = strip
        self._bridge = bridge
        self._view = KioskView(Phase.STARTING)
        self._door: DoorStatus | None = None
        self._now_ns = now_ns
        self.preview = Preview()
        self.panel = StatePanel()
        self.pin_panel = PinPanel()
        self.pin_panel.entered.connect(self.pin_entered)
        self.number_panel = NumberPanel()
        self.number_panel.entered.connect(self.number_and_pin_entered)
        self.number_panel.closed.connect(self._show)
        self._panels = Pages()
        for panel in (self.panel, self.pin_panel, self.number_panel):
            self._panels.addWidget(panel)
        self.keypad_button = IconButton("key", texts.KEYPAD_OPEN, kind="keypad")
        self.keypad_button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.keypad_button.clicked.connect(self._open_keypad)
        self.keypad_button.hide()
        self.alarm_bar = NoticeBar("alarm", "danger", "bell", theme.DANGER)
        self.warning_bar = NoticeBar("warning", "warning", "warning", theme.WARNING)

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
        right = theme.column(14)
        right.addWidget(self._panels, 1)
        right.addWidget(self.keypad_button)
        self._halves.addLayout(right)
        layout = theme.column(14, (24, 24, 24, 12))
        layout.addLayout(self._halves, 1)
        if strip is not None:
            layout.addWidget(strip)
        layout.addWidget(self.alarm_bar)
        layout.addWidget(self.warning_bar)
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
        if self._bridge.camera is not None:
            self.show_camera(self._bridge.camera)
        self._door = self._bridge.door
        self.show_view(self._bridge.view or self._view)
        self._tick()

    def leave(self) -> None:
        self._clock.stop()
        self.pin_panel.forget()
        self.number_panel.close_entry()
        super().leave()

    def arrange(self, portrait: bool) -> None:
        theme.set_direction(self._halves, portrait=portrait)
        self._halves.setStretch(0, 55 if portrait else 57)
        self._halves.setStretch(1, 45 if portrait else 43)
        self.panel.arrange(portrait)
        self.pin_panel.arrange(portrait)
        self.number_panel.arrange(portrait)
        if self.strip is not None:
            self.strip.arrange(portrait)

    @Slot()
    def _tick(self) -> None:
        self.panel.show_time(datetime.now() if self._view.clock_ok else None)
        if self._door is not None:
            self.door_item.show_status(*small_print(self._door, self._now_ns(), datetime.now()))

    @Slot(object)
    def show_view(self, view: KioskView) -> None:
        """Show the engine's one state."""
        self._view = view
        self.number_panel.follow(view)
        self._show()

    @Slot(object)
    def show_door(self, status: DoorStatus) -> None:
        """Show the door: in the small print, and where it matters more than anything else."""
        self._door = status
        self._show()
        self._tick()

    @Slot()
    def _open_keypad(self) -> None:
        self.number_panel.open(self._view)
        self._show()

    @Slot()
    def _show(self) -> None:
        view, door, look, alarm = self._view, self._door, None, ""
        if door is not None:
            look = door_look(view.phase, door, self._now_ns(), datetime.now())
            alarm = alarm_notice(door, look)
        is_barred = door is not None and (door.is_lockdown or door.is_free)
        if is_barred or view.pin is not None:
            self.number_panel.close_entry()
        is_asking = view.pin is not None and look is None
        self.panel.show_view(view, look)
        if is_asking and view.pin is not None:
            self._panels.setCurrentWidget(self.pin_panel)
            self.pin_panel.ask(view.pin, view.guidance)
        else:
            is_typing = self.number_panel.is_open
            self._panels.setCurrentWidget(self.number_panel if is_typing else self.panel)
            self.pin_panel.forget()
        is_keypad = is_asking or self.number_panel.is_open
        can_type = view.offers_keypad and view.phase in _KEYPAD_PHASES and not is_barred
        if view.number_prompt is not None and view.number_prompt.is_right:
            can_type = False
        self.keypad_button.setVisible(can_type and not is_keypad)
        self.panel.set_crowded(can_type)
        self._show_picture(look)
        self.panel.show_time(datetime.now() if view.clock_ok else None)
        # The keypad needs the room, and whoever stands there can do nothing about them.
        self.alarm_bar.show_notice("" if is_keypad else alarm)
        self.warning_bar.show_notice("" if is_keypad else self._warnings(look))

    def _show_picture(self, look: DoorLook | None) -> None:
        view = self._view
        is_calm = look is None and view.phase in (Phase.IDLE, Phase.STARTING)
        self.preview.set_border("" if is_calm else self.panel.colour)
        arrow = TURN_ARROWS.get(view.guidance, "") if view.guidance and look is None else ""
        self.preview.set_arrow(arrow)
        self.preview.set_dimmed(view.phase in (Phase.STARTING, Phase.OUT_OF_ORDER))

    def _warnings(self, look: DoorLook | None) -> str:
        # A demonstration has a banner that says the same, on every screen.
        warnings = () if self.strip is not None else self._view.warnings
        clock = "" if self._view.clock_ok else doortexts.CLOCK_NOTICE
        free = "" if self._door is None else free_notice(self._door, look)
        return "\n".join(filter(None, (free, clock, *warnings)))

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
