"""Bugs end the program: log them, stop, and let the service manager start it again."""

from __future__ import annotations

import logging
import sys
import threading
from types import TracebackType

from PySide6.QtCore import QObject, Qt, Signal, Slot

_log = logging.getLogger(__name__)


class BugCatcher(QObject):
    """A context that sees every exception nobody handled, on any thread.

    PySide only prints an exception that leaves a slot and goes on, with a screen nobody can
    trust any more.
    """

    # A bug was logged; emitted on the GUI thread.
    caught = Signal()

    _seen = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.has_caught = False
        self._seen.connect(self._announce, Qt.ConnectionType.QueuedConnection)

    def __enter__(self) -> BugCatcher:
        self._before = sys.excepthook, threading.excepthook
        sys.excepthook = self._handle
        threading.excepthook = self._handle_thread
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        sys.excepthook, threading.excepthook = self._before

    def report(self) -> None:
        """Take note of a bug that was logged already."""
        self.has_caught = True
        self._seen.emit()

    def _handle(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            return
        _log.critical("a bug; the program ends", exc_info=(kind, error, trace))
        self.report()

    def _handle_thread(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is None or issubclass(args.exc_type, SystemExit):
            return
        name = args.thread.name if args.thread is not None else "unknown"
        _log.critical(
            "a bug in thread %s; the program ends",
            name,
            exc_info=(args.exc_type, args.exc_value, args.exc_traceback),
        )
        self.report()

    @Slot()
    def _announce(self) -> None:
        self.caught.emit()
