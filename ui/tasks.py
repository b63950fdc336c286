"""Bring the result of a future back to the GUI thread, unless the screen has gone meanwhile."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal, Slot
from shiboken6 import isValid

from kiosk.errors import KioskError

_log = logging.getLogger(__name__)

# A delivery must outlive its owner: its future may finish on another thread while the owner is
# being destroyed. Only the GUI thread adds and removes.
_under_way: set[Delivery] = set()


class Delivery(QObject):
    """One result on its way; :meth:`cancel` discards it."""

    # The future is done; emitted on whichever thread finished it.
    _done = Signal()

    def __init__(
        self,
        future: Future[Any],
        owner: QObject,
        on_result: Callable[[Any], None],
        on_error: Callable[[str], None],
    ) -> None:
        super().__init__()
        self._future = future
        self._owner = owner
        self._on_result = on_result
        self._on_error = on_error
        self._cancelled = False
        self._done.connect(self._hand_over, Qt.ConnectionType.QueuedConnection)
        _under_way.add(self)
        future.add_done_callback(self._announce)

    def cancel(self) -> None:
        """Discard the result when it comes."""
        self._cancelled = True

    def _announce(self, future: Future[Any]) -> None:
        try:
            self._done.emit()
        except RuntimeError:
            # The interpreter is shutting down and Qt has gone before the store's thread.
            _log.debug("a result came after the screens had gone")

    @Slot()
    def _hand_over(self) -> None:
        _under_way.discard(self)
        if self._cancelled or not isValid(self._owner):
            return
        try:
            result = self._future.result(timeout=0)
        except CancelledError:
            return
        except KioskError as error:
            self._on_error(str(error))
            return
        # Anything else is a bug and goes on to sys.excepthook.
        self._on_result(result)


def deliver(
    future: Future[Any],
    owner: QObject,
    on_result: Callable[[Any], None],
    on_error: Callable[[str], None],
) -> Delivery:
    """Call ``on_result`` or ``on_error`` on the GUI thread when ``future`` is done.

    A :class:`KioskError` reaches ``on_error`` as its sentence; any other exception is raised in
    the event loop. Nothing is called once ``owner`` has been deleted. Call on the GUI thread.
    """
    return Delivery(future, owner, on_result, on_error)
