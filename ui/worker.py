"""The thread that recognises: it starts the engine, then runs its recognition loop."""

from __future__ import annotations

import logging
import threading

from PySide6.QtCore import QObject, QThread, Signal

from ui.bridge import EngineLike

_log = logging.getLogger(__name__)


class RecognitionWorker(QThread):
    """Run ``engine.start()`` and then ``engine.recognise()`` off the GUI thread.

    Starting belongs here too: it opens the database and loads the networks, and the window
    should be on screen long before that is done.
    """

    # The engine has started; people and the PIN can be asked for.
    started_up = Signal()
    # The loop ended by an unexpected exception (a bug); the text is for the log's reader.
    failed = Signal(str)

    def __init__(self, engine: EngineLike, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("recognition")
        self._engine = engine
        self._stop_requested = False

    def run(self) -> None:
        # Otherwise Python's log calls it Dummy-1.
        threading.current_thread().name = self.objectName()
        try:
            self._engine.start()
            self.started_up.emit()
            if not self._stop_requested:
                self._engine.recognise()
        except Exception as error:
            # An exception that leaves QThread.run is only printed, and the door would seem alive.
            _log.exception("recognition has stopped by a bug")
            self.failed.emit(f"{type(error).__name__}: {error}")

    def stop(self, timeout_ms: int = 5000) -> bool:
        """Ask the loop to end and wait; return whether it has ended."""
        self._stop_requested = True
        self._engine.request_stop()
        return self.wait(timeout_ms)
