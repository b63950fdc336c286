"""Whether the database can be relied on, from everything that notices when it cannot."""

from __future__ import annotations

import enum
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future

from kiosk.domain import Event
from kiosk.errors import KioskError, StoreError
from kiosk.store.lane import StoreLane
from kiosk.store.store import Store

_log = logging.getLogger(__name__)

_WATCH_NS = 1_000_000_000


class _Trouble(enum.Enum):
    """Who noticed; each is over when the same one finds it over. The order is that of weight."""

    OPENING = enum.auto()
    REMOVED = enum.auto()
    WRITING = enum.auto()
    QUEUEING = enum.auto()
    READING = enum.auto()


class StoreWatch:
    """Opens the lane's database, records events and keeps an eye on the file.

    ``tell`` is called with a sentence when the database cannot be relied on, and with None when it
    can again; from several threads, one at a time. It must return at once.
    """

    def __init__(self, lane: StoreLane, tell: Callable[[str | None], None]) -> None:
        """``lane`` is not started yet; give its faults to :meth:`writing_is`."""
        self._lane = lane
        self._tell = tell
        self._lock = threading.Lock()
        self._troubles: dict[_Trouble, str] = {}
        self._told: str | None = None
        self._reopen = False
        self._check: Future[str | None] | None = None
        self._checked_at_ns: int | None = None

    def open(self) -> None:
        """Begin to open the database."""
        self._lane.start().add_done_callback(self._opened)

    def reopen_if_failed(self) -> None:
        """Try again when the last opening failed; not from the store's own thread."""
        if self._reopen:
            self._reopen = False
            self.open()

    def record(self, event: Event) -> bool:
        """Queue an event; return False, and tell why, when the log cannot take it."""
        try:
            self._lane.record(event)
        except StoreError as error:
            _log.critical("event not recorded: %s: %s", event.kind.value, error)
            self._note(_Trouble.QUEUEING, str(error))
            return False
        return True

    def writing_is(self, fault: str | None) -> None:
        """The lane's news about writing events: what is wrong, or None."""
        self._note(_Trouble.WRITING, fault)

    def reading_is(self, fault: str | None) -> None:
        """Whether the people could be read: what is wrong, or None."""
        self._note(_Trouble.READING, fault)

    def look(self, now_ns: int) -> None:
        """Notice a database that was taken away before the next event needs it.

        To be called often; it looks once a second, and not while the last look is still waiting.
        """
        is_early = self._checked_at_ns is not None and now_ns - self._checked_at_ns < _WATCH_NS
        if is_early or (self._check is not None and not self._check.done()):
            return
        self._checked_at_ns = now_ns
        self._check = self._lane.submit(_what_is_gone)
        self._check.add_done_callback(self._looked)

    def _looked(self, check: Future[str | None]) -> None:
        error = check.exception()
        if error is None:
            self._note(_Trouble.REMOVED, check.result())
            # The lane works through its queue again; should the disk refuse, it says so itself.
            self._note(_Trouble.QUEUEING, None)
        elif not isinstance(error, StoreError):
            _log.error("the database could not be looked for", exc_info=error)
        # Else the lane had no time, or is not open, which is known already: nothing was seen.

    def _opened(self, opened: Future[None]) -> None:
        error = opened.exception()
        if error is None:
            self._note(_Trouble.OPENING, None)
            return
        self._note(_Trouble.OPENING, str(error))
        if not isinstance(error, KioskError):
            _log.error("the database cannot be opened", exc_info=error)
            return
        # Not from here, the store's own thread, which is ending just now.
        self._reopen = True

    def _note(self, trouble: _Trouble, sentence: str | None) -> None:
        with self._lock:
            if sentence is None:
                self._troubles.pop(trouble, None)
            else:
                self._troubles[trouble] = sentence
            said = next((self._troubles[each] for each in _Trouble if each in self._troubles), None)
            if said != self._told:
                self._told = said
                # Inside the lock: two threads must not tell in the wrong order.
                self._tell(said)


def _what_is_gone(store: Store) -> str | None:
    try:
        store.database.check_in_place()
    except StoreError as error:
        return str(error)
    return None
