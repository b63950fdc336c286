"""The one window: it holds the screens and decides which is shown."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QCloseEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QMainWindow, QWidget

from ui import theme
from ui.bridge import EngineBridge, EngineLike
from ui.director import DemoDirector
from ui.screens.admin import AdminScreen
from ui.screens.base import Screen
from ui.screens.kiosk import KioskScreen
from ui.screens.login import LoginScreen
from ui.screens.setup_pin import SetupPinScreen
from ui.theme import Theme
from ui.widgets.demostrip import DemoBanner, DemoStrip
from ui.widgets.pages import Pages
from ui.widgets.toast import Toast

LOGIN_TIMEOUT_MS = 30_000


class KioskWindow(QMainWindow):
    """Full screen without frame or cursor on the wall, an ordinary window while developing."""

    # Somebody closed the window.
    closed = Signal()

    def __init__(
        self,
        engine: EngineLike,
        bridge: EngineBridge,
        *,
        windowed: bool,
        door_name: str = "Door",
        admin_timeout_s: float = 120.0,
        director: DemoDirector | None = None,
    ) -> None:
        """``director`` is there when this is a demonstration, which anybody may close."""
        super().__init__()
        self._engine = engine
        self._windowed = windowed
        self._director = director
        self._quitting = False
        self.theme = Theme(0.0)
        self.setWindowTitle("door-kiosk")
        strip = DemoStrip(director) if director is not None else None
        self.kiosk = KioskScreen(bridge, door_name, strip)
        self.setup = SetupPinScreen(engine, first_start=True)
        self.login = LoginScreen(engine)
        self.admin = AdminScreen(engine, bridge, admin_timeout_s)
        self._stack = Pages()
        for screen in (self.kiosk, self.setup, self.login, self.admin):
            self._stack.addWidget(screen)
        self.setCentralWidget(self._stack if director is None else self._under_banner(director))
        self.toast = Toast(self, self._stack)
        # Nobody leaves the PIN page open in front of the door.
        self._login_timer = QTimer(self)
        self._login_timer.setSingleShot(True)
        self._login_timer.setInterval(LOGIN_TIMEOUT_MS)
        self._login_timer.timeout.connect(self.show_kiosk)
        for screen in (self.setup, self.login, self.admin):
            screen.notice_raised.connect(self.toast.show_notice)
        self.kiosk.admin_requested.connect(self.show_login)
        self.kiosk.pin_entered.connect(self._enter_pin)
        self.kiosk.number_and_pin_entered.connect(self._enter_number_and_pin)
        self.login.accepted.connect(self.show_admin)
        self.login.cancelled.connect(self.show_kiosk)
        self.login.keypad.entered.connect(self._login_timer.start)
        self.setup.finished.connect(self.show_kiosk)
        self.admin.closed.connect(self.show_kiosk)
        if self._guarded:
            self.setWindowFlags(
                Qt.WindowType.FramelessWindowHint | Qt.WindowType.WindowStaysOnTopHint
            )
            self.setCursor(Qt.CursorShape.BlankCursor)
        self.resize(1280, 800)
        self._rescale()
        self.kiosk.enter()

    @property
    def _guarded(self) -> bool:
        """Whether the window hangs on the wall, where nobody may close it."""
        return not self._windowed and self._director is None

    def _under_banner(self, director: DemoDirector) -> QWidget:
        page = QWidget()
        layout = theme.column(0)
        layout.addWidget(DemoBanner(director.pin))
        layout.addWidget(self._stack, 1)
        page.setLayout(layout)
        return page

    def _is_cue(self, key: str) -> bool:
        return self._director is not None and bool(key) and self._director.cue(key)

    # --- which screen -----------------------------------------------------------------------------

    @property
    def screen_shown(self) -> Screen:
        """The screen shown now."""
        screen = self._stack.currentWidget()
        assert isinstance(screen, Screen)
        return screen

    def show_as_chosen(self) -> None:
        """Show the window: full screen on the wall."""
        if self._windowed:
            self.show()
        else:
            self.showFullScreen()

    @Slot()
    def show_kiosk(self) -> None:
        """Show the door's screen and decide again about people."""
        self._show(self.kiosk)
        self._engine.set_paused(False)

    @Slot()
    def show_setup(self) -> None:
        """Ask for the first PIN. The kiosk decides nothing before it has one."""
        self._engine.set_paused(True)
        self._show(self.setup)

    @Slot()
    def show_login(self) -> None:
        """Ask for the PIN; the door keeps working until it is right."""
        self._show(self.login)
        self._login_timer.start()

    @Slot()
    def show_admin(self) -> None:
        """Show what is behind the PIN."""
        self._engine.set_paused(True)
        self._show(self.admin)

    @Slot(str)
    def _enter_pin(self, pin: str) -> None:
        self._engine.enter_pin(pin)

    @Slot(str, str)
    def _enter_number_and_pin(self, number: str, pin: str) -> None:
        self._engine.enter_number_and_pin(number, pin)

    def _show(self, screen: Screen) -> None:
        self._login_timer.stop()
        if screen is self.screen_shown:
            return
        self.screen_shown.leave()
        self._stack.setCurrentWidget(screen)
        # What has to be touched next is at the lower edge there.
        self.toast.set_at_top(screen is self.admin)
        screen.enter()

    # --- the window itself ------------------------------------------------------------------------

    def quit(self) -> None:
        """Close for good: the program is ending."""
        self._quitting = True
        self.screen_shown.leave()
        self.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        # On the wall, no window manager's shortcut may take the kiosk away.
        if self._quitting:
            event.accept()
        elif not self._guarded:
            event.accept()
            self.closed.emit()
        else:
            event.ignore()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and not self._guarded:
            self.close()
        elif self.screen_shown is self.kiosk and self._is_cue(event.text()):
            event.accept()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._rescale()
        super().resizeEvent(event)

    def _rescale(self) -> None:
        chosen = Theme.for_size(self.width(), self.height())
        if chosen != self.theme:
            self.theme = chosen
            self.setStyleSheet(chosen.style_sheet())
            theme.apply_theme(self, chosen)
