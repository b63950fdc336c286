"""PINs typed at the door, looked at on the store's thread, and what the log says of them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future

from kiosk.access.doorpin import DoorPinVerdict
from kiosk.access.lockout import LockoutClock, read_lockout_clock
from kiosk.domain import EventKind, Person
from kiosk.personalpins import (
    DURESS_PIN_REMOVED,
    DURESS_PIN_SET,
    remove_duress_pin,
    set_duress_pin,
    typed_with_number,
    who_typed,
)
from kiosk.store.lane import StoreLane
from kiosk.store.pins import person_numbered
from kiosk.store.store import Store

_BY_NUMBER = "typed with a number"


class PinChecks:
    """Answers as futures; nobody waits for a comparison."""

    def __init__(
        self,
        lane: StoreLane,
        record: Callable[[EventKind, int | None, str, str], None],
        lockout_now: Callable[[], LockoutClock] = read_lockout_clock,
    ) -> None:
        """``record`` writes an event (kind, person id, name, detail)."""
        self._lane, self._record, self._lockout_now = lane, record, lockout_now

    def check(self, candidates: frozenset[int], pin: str) -> Future[DoorPinVerdict]:
        """Say which of these recognised people has typed their PIN; wrong ones count.

        The future fails with PinError when none of them has one that can be checked.
        """

        def work(store: Store) -> DoorPinVerdict:
            verdict = who_typed(store, candidates, pin, self._lockout_now())
            whom = min(candidates) if len(candidates) == 1 else None
            who = "" if whom else f"looks like {', '.join(map(str, sorted(candidates)))}"
            self._note(store, verdict, whom, who)
            return verdict

        return self._lane.submit(work)

    def check_number(self, number: str, pin: str) -> Future[DoorPinVerdict]:
        """Say whether number and PIN go together; wrong ones count for number and keypad."""

        def work(store: Store) -> DoorPinVerdict:
            verdict = typed_with_number(store, number, pin, self._lockout_now())
            whom = person_numbered(store.database, number) if number.isascii() else None
            self._note(store, verdict, whom, _BY_NUMBER)
            return verdict

        return self._lane.submit(work)

    def set_duress_pin(self, person_id: int, pin: str) -> Future[Person]:
        """Give somebody a duress PIN; fails with PinError when it cannot be that one."""
        return self._change(lambda store: set_duress_pin(store, person_id, pin), DURESS_PIN_SET)

    def remove_duress_pin(self, person_id: int) -> Future[Person]:
        """Take somebody's duress PIN away."""
        return self._change(lambda store: remove_duress_pin(store, person_id), DURESS_PIN_REMOVED)

    def _change(self, act: Callable[[Store], Person], detail: str) -> Future[Person]:
        def work(store: Store) -> Person:
            person = act(store)
            self._record(EventKind.PERSON_CHANGED, person.id, person.name, detail)
            return person

        return self._lane.submit(work)

    def _note(self, store: Store, verdict: DoorPinVerdict, whom: int | None, detail: str) -> None:
        if verdict.is_duress and verdict.person_id is not None:
            # Whatever comes of it: whoever typed this needs help even if the door stays shut.
            self._record(EventKind.DURESS, verdict.person_id, _name(store, verdict.person_id), "")
        name = _name(store, whom)
        if verdict.person_id is None and verdict.was_checked:
            self._record(EventKind.PIN_REFUSED, whom, name, detail)
        if verdict.wait_s > 0:
            words = f"{verdict.wait_s:.0f} s, {detail}" if detail else f"{verdict.wait_s:.0f} s"
            self._record(EventKind.PIN_LOCKOUT, whom, name, words)


def _name(store: Store, person_id: int | None) -> str:
    # Looked for even where there is nobody, so that a number nobody has takes as long.
    person = store.people.get(person_id or 0)
    return person.name if person else ""
