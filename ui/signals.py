"""End the event loop on SIGINT, SIGTERM and SIGHUP.

Python runs its signal handlers only between its own instructions, and Qt's event loop executes
none while it waits. So the interpreter writes each signal's number into a socket, which wakes Qt.
"""

from __future__ import annotations

import signal
import socket
from types import FrameType, TracebackType
from typing import Any

from PySide6.QtCore import QObject, QSocketNotifier, Signal, Slot


def _leave_to_the_socket(number: int, frame: FrameType | None) -> None:
    """Exist: with the default handler the number would not be written."""


class UnixSignals(QObject):
    """A context in which Ctrl-C, an ending service and a closed terminal become a Qt signal.

    Main thread only.
    """

    # The number of the signal that came.
    received = Signal(int)

    NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._before: dict[int, Any] = {}

    def __enter__(self) -> UnixSignals:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self._fd_before = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        for number in self.NUMBERS:
            if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
                # Started with nohup: it is meant to outlive its terminal.
                continue
            self._before[number] = signal.signal(number, _leave_to_the_socket)
        self._notifier = QSocketNotifier(self._reader.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._read)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._notifier.setEnabled(False)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._fd_before)
        self._reader.close()
        self._writer.close()

    @Slot()
    def _read(self) -> None:
        try:
            numbers = self._reader.recv(64)
        except BlockingIOError:
            return
        for number in numbers:
            self.received.emit(number)
