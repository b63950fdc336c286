"""Wire engine, thread and window together; run them; take them down in order."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtWidgets import QApplication

from kiosk.camera.source import parse_source
from kiosk.config import Config
from kiosk.datafolder import DataFolder
from kiosk.engine import Engine
from ui.bridge import EngineBridge, EngineLike
from ui.director import DemoDirector
from ui.faults import BugCatcher
from ui.headless import PrintLine, Reporter, print_at_once
from ui.qtlog import log_qt_messages
from ui.signals import UnixSignals
from ui.systemlibs import choose_platform
from ui.tasks import deliver
from ui.theme import interface_font, load_fonts
from ui.window import KioskWindow
from ui.worker import RecognitionWorker

_log = logging.getLogger(__name__)

TRIAL_S = 8.0
"""How long a run without a display lasts when its camera never ends."""

PIN_RETRY_MS = 5000
"""Until it is asked again whether a PIN is set, when the database could not tell."""

EXIT_OK = 0
EXIT_BUG = 70
"""EX_SOFTWARE of sysexits.h: the service manager starts the program again."""

MakeEngine = Callable[[EngineBridge], EngineLike]
"""Makes the engine, given its listener. Called once, on the GUI thread; must not block."""


def make_application() -> QApplication:
    """Return the QApplication with our fonts; the platform is chosen from the environment."""
    running = QApplication.instance()
    if isinstance(running, QApplication):
        return running
    platform = choose_platform(os.environ)
    if platform:
        os.environ["QT_QPA_PLATFORM"] = platform
    application = QApplication(["door-kiosk"])
    application.setApplicationName("door-kiosk")
    # The window says when it was closed; a late quit would end an event loop yet to come.
    application.setQuitOnLastWindowClosed(False)
    load_fonts()
    application.setFont(interface_font(22))
    return application


class Session(QObject):
    """One run of the program: from the first paint to the last thread."""

    def __init__(
        self,
        make_engine: MakeEngine,
        bugs: BugCatcher,
        *,
        windowed: bool,
        door_name: str = "Door",
        admin_timeout_s: float = 120.0,
        asks_for_pin: bool = True,
        director: DemoDirector | None = None,
    ) -> None:
        super().__init__()
        self._bugs = bugs
        self._asks_for_pin = asks_for_pin
        self.bridge = EngineBridge(self)
        self.engine = make_engine(self.bridge)
        self.bridge.attach(self.engine)
        self.window = KioskWindow(
            self.engine,
            self.bridge,
            windowed=windowed,
            door_name=door_name,
            admin_timeout_s=admin_timeout_s,
            director=director,
        )
        self.window.closed.connect(self.leave)
        self.worker = RecognitionWorker(self.engine, self)
        self.worker.started_up.connect(self._ask_for_pin)
        self._pin_timer = QTimer(self)
        self._pin_timer.setSingleShot(True)
        self._pin_timer.setInterval(PIN_RETRY_MS)
        self._pin_timer.timeout.connect(self._ask_for_pin)
        self.worker.failed.connect(self._worker_failed)

    def begin(self) -> None:
        """Show the window, and let the worker start the engine behind it."""
        self.window.show_as_chosen()
        self.worker.start()

    def end(self) -> None:
        """Take everything down: first what is seen, last what the threads stand on."""
        self._asks_for_pin = False
        self._pin_timer.stop()
        self.window.hide()
        self.window.quit()
        stopped = self.worker.stop()
        self.bridge.close()
        self.engine.stop()
        if not stopped and not self.worker.wait(2000):
            # Destroying a running QThread aborts the process in the middle of whatever it does;
            # leaving at once is the tidier way. The engine has locked the door by now, or has
            # logged that the relay's port hangs; nothing outside this process could lock it.
            _log.critical("the recognition does not stop; leaving at once")
            logging.shutdown()
            os._exit(EXIT_BUG)

    @Slot()
    def _ask_for_pin(self) -> None:
        if self._asks_for_pin:
            deliver(self.engine.admin_pin_is_set(), self, self._pin_known, self._pin_unknown)

    def _pin_known(self, is_set: bool) -> None:
        if not is_set:
            self.window.show_setup()

    def _pin_unknown(self, sentence: str) -> None:
        # The store is out of order; the engine's view says so on the main screen.
        _log.error("cannot find out whether a PIN is set: %s", sentence)
        if self._asks_for_pin:
            self._pin_timer.start()

    @Slot(str)
    def _worker_failed(self, text: str) -> None:
        self._bugs.report()

    @Slot()
    def leave(self) -> None:
        """End the event loop.

        Not QApplication.quit(): it first asks every window to close and gives up when one
        refuses, as the full-screen kiosk does; the relay would never be switched off.
        """
        QApplication.exit(0)

    @Slot(int)
    def stop_for_signal(self, number: int) -> None:
        """End the event loop: the service manager, Ctrl-C or a closed terminal asks for it."""
        _log.info("stopping for %s", signal.Signals(number).name)
        self.leave()


def main(config: Config, folder: DataFolder, *, windowed: bool, seconds: float | None) -> int:
    """Run the kiosk on a data folder; without a display as text and screenshots, for a while.

    Returns the exit code. Raises KioskError when the folder is in use or a setting is wrong.
    """

    camera = parse_source(config.camera.source, config.camera)

    def make_engine(listener: EngineBridge) -> EngineLike:
        return Engine(config, folder, listener, camera)

    door_name, admin_timeout_s = config.kiosk.door_name, config.kiosk.admin_timeout_s
    with folder.exclusive():
        if choose_platform(os.environ).split(":")[0] == "offscreen":
            return run_headless(
                make_engine,
                seconds=TRIAL_S if seconds is None and camera.is_live else seconds,
                screenshot_dir=folder.screenshots,
                door_name=door_name,
            )
        return run_app(
            make_engine,
            windowed=windowed,
            seconds=seconds,
            door_name=door_name,
            admin_timeout_s=admin_timeout_s,
        )


def run_app(
    make_engine: MakeEngine,
    *,
    windowed: bool,
    seconds: float | None = None,
    door_name: str = "Door",
    admin_timeout_s: float = 120.0,
    director: DemoDirector | None = None,
) -> int:
    """Run the kiosk until it is closed or told to stop, or for ``seconds``; return the exit code.

    70 means that a bug ended it. Call on the main thread. ``admin_timeout_s`` in seconds.
    """
    log_qt_messages()
    application = make_application()
    with BugCatcher() as bugs, UnixSignals() as signals:
        session = Session(
            make_engine,
            bugs,
            windowed=windowed,
            door_name=door_name,
            admin_timeout_s=admin_timeout_s,
            director=director,
        )
        signals.received.connect(session.stop_for_signal)
        bugs.caught.connect(session.leave)
        limit = quit_after(seconds, session)
        try:
            session.begin()
            application.exec()
        finally:
            limit.stop()
            session.end()
    return EXIT_BUG if bugs.has_caught else EXIT_OK


def run_headless(
    make_engine: MakeEngine,
    *,
    seconds: float | None,
    screenshot_dir: Path,
    print_line: PrintLine = print_at_once,
    door_name: str = "Door",
) -> int:
    """Run without a display and report every change of state as a line of text.

    Ends after ``seconds``, or (None) when the camera has ended; earlier when nobody reads the
    lines any more, which ``print_line`` says with BrokenPipeError. Saves a screenshot of the last
    interesting state and one of the end in ``screenshot_dir`` and prints their paths. Returns the
    exit code.
    """
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    log_qt_messages()
    application = make_application()
    with BugCatcher() as bugs, UnixSignals() as signals:
        session = Session(make_engine, bugs, windowed=True, door_name=door_name, asks_for_pin=False)
        reporter = Reporter(session.bridge, session.window, print_line)
        reporter.finished.connect(session.leave)
        signals.received.connect(session.stop_for_signal)
        bugs.caught.connect(session.leave)
        limit = quit_after(seconds, session)
        try:
            session.begin()
            application.exec()
            reporter.grab_end()
        finally:
            limit.stop()
            session.end()
    reporter.save(screenshot_dir)
    return EXIT_BUG if bugs.has_caught else EXIT_OK


def quit_after(seconds: float | None, owner: Session) -> QTimer:
    """Return a timer that ends the event loop after a time; None lets it run for ever."""
    timer = QTimer(owner)
    timer.setSingleShot(True)
    timer.timeout.connect(owner.leave)
    if seconds is not None:
        # A timer counts milliseconds in 32 bits: about 24 days.
        timer.start(round(min(seconds * 1000, 2**31 - 1)))
    return timer
