"""Entries on their way into the access log: the door opens when they are on the disk, not before.

An entry and the use of a guest pass that it costs are written together or not at all, so that a
pass for one entry never opens twice, whatever happens in between.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as FutureTimeoutError

from kiosk.access.ledger import Ledger
from kiosk.access.rights import RightsBook
from kiosk.domain import Event, EventKind
from kiosk.errors import RightsChangedError, StoreError, UsedUpError
from kiosk.store.events import EventQuery
from kiosk.store.lane import StoreLane
from kiosk.store.store import Store

_log = logging.getLogger(__name__)

_LEDGER_MS = 2 * 24 * 3600 * 1000
"""A window that runs past midnight belongs to the day before, wherever in the world the door is."""


class GrantLog:
    """Writes entries and waits for the disk; for a thread that may wait."""

    def __init__(
        self, lane: StoreLane, people_changed: Callable[[Store], None], timeout_s: float = 2.0
    ) -> None:
        """``people_changed`` reads the people anew, on the store's thread.

        It is called after a use was spent, and when they are not what the visit was judged by.
        """
        self._lane, self._people_changed = lane, people_changed
        self._timeout_s = timeout_s

    def write(
        self,
        events: Sequence[Event],
        spending: Sequence[int] = (),
        generation: int | None = None,
    ) -> None:
        """Write events and spend one use of each of ``spending``; they are then on the disk.

        ``generation`` is that of the rights by which it was judged, None: by none. Raises
        RightsChangedError when they have changed since or somebody is not enabled any more,
        UsedUpError when somebody has no use left, StoreError when the disk did not answer in time;
        nobody may be let in then.
        """

        def work(store: Store) -> None:
            store.database.check_in_place()
            with store.database.writing():
                _check_still_true(store, events, generation)
                store.events.append_all(events)
                for person_id in spending:
                    if not store.rights.spend_use(person_id):
                        raise UsedUpError(person_id)

        written = self._lane.submit(work)
        try:
            written.result(self._timeout_s)
        except (FutureTimeoutError, CancelledError) as error:
            # Should it have begun just now, the log has an entry for which the door stayed shut.
            written.cancel()
            raise StoreError(
                "The database did not take an entry in time, so the door stays locked. Try again; "
                "if it stays, check the disk."
            ) from error
        except RightsChangedError:
            self._reload()
            raise
        if spending:
            self._reload()

    def _reload(self) -> None:
        self._lane.submit(self._people_changed).add_done_callback(_reloaded)


def _check_still_true(store: Store, events: Sequence[Event], generation: int | None) -> None:
    is_old = generation is not None and generation != store.rights.generation()
    whom = {e.person_id for e in events if e.kind is EventKind.GRANTED and e.person_id is not None}
    if is_old or not all(map(store.people.may_enter, whom)):
        raise RightsChangedError("The rights have changed just now. Come to the door once more.")


def restored_ledger(store: Store, rights: RightsBook, now_ms: int) -> Ledger:
    """Return who came in lately, by the log. Runs on the store's thread. Raises StoreError."""
    since_ms = now_ms - max(_LEDGER_MS, rights.rules.passback_s * 1000)
    query = EventQuery(since_ms=since_ms, kinds=(EventKind.GRANTED,))
    return Ledger.restore(store.events.query(query), rights.is_first)


def _reloaded(future: Future[None]) -> None:
    error = None if future.cancelled() else future.exception()
    if error is not None:
        # The pass itself is safe: the use is counted in the database.
        _log.error("the people could not be read anew: %s", error)
