"""Send Qt's own messages to the program's log."""

from __future__ import annotations

import logging

from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

_log = logging.getLogger("qt")

_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}

# The offscreen platform says it for every window, and nothing is wrong.
HARMLESS = "This plugin does not support propagateSizeHints()"


def _handle(kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
    if message != HARMLESS:
        _log.log(_LEVELS.get(kind, logging.WARNING), "%s", message)


def log_qt_messages() -> None:
    """Log what Qt would print."""
    qInstallMessageHandler(_handle)
