"""Entries are on the disk before anybody is let in."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kiosk.access.model import PersonRights
from kiosk.domain import Event, EventKind, Person
from kiosk.errors import RightsChangedError, StoreError, UsedUpError
from kiosk.grants import GrantLog
from kiosk.store.lane import StoreLane
from kiosk.store.store import Store, opened


class House:
    """A lane with a guest who may enter once."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "kiosk.db"
        with opened(self.path) as store:
            self.guest = self._enrol(store, "Gus", 1)
            self.ada = self._enrol(store, "Ada", None)
        self.lane = StoreLane(self.path)
        self.reloaded = threading.Event()
        self.grants = GrantLog(self.lane, lambda store: self.reloaded.set())

    @staticmethod
    def _enrol(store: Store, name: str, uses: int | None) -> Person:
        person = store.people.add(name, "", None, 0)
        store.rights.save_rights(PersonRights(person.id, uses_left=uses))
        return person

    def entry(self, person: Person) -> Event:
        return Event(EventKind.GRANTED, 1000, person.id, person.name)

    def on_disk(self) -> list[tuple[EventKind, int | None]]:
        with opened(self.path) as store:
            return [(event.kind, event.person_id) for event in store.events.query()]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    made.lane.start().result(10)
    yield made
    made.lane.stop()


def test_what_was_written_is_on_the_disk(house: House) -> None:
    house.lane.record(Event(EventKind.STARTED, 999))
    house.grants.write([house.entry(house.ada)])
    # Another connection sees it, after what happened before it.
    assert house.on_disk() == [(EventKind.STARTED, None), (EventKind.GRANTED, house.ada.id)]
    assert not house.reloaded.is_set()


def test_a_pass_for_one_entry_opens_once(house: House) -> None:
    house.grants.write([house.entry(house.guest)], [house.guest.id])
    assert house.reloaded.wait(10)
    with pytest.raises(UsedUpError, match="used") as refused:
        house.grants.write([house.entry(house.guest)], [house.guest.id])
    assert refused.value.person_id == house.guest.id
    assert house.on_disk() == [(EventKind.GRANTED, house.guest.id)]
    with opened(house.path) as store:
        assert store.rights.rights_of(house.guest.id).uses_left == 0


def test_of_two_who_come_together_both_enter_or_neither(house: House) -> None:
    both = [house.entry(house.ada), house.entry(house.guest)]
    house.grants.write(both, [house.guest.id])
    with pytest.raises(UsedUpError):
        house.grants.write(both, [house.ada.id, house.guest.id])
    assert len(house.on_disk()) == 2


CHANGES: dict[str, Callable[[Store, int], object]] = {
    "disabled": lambda store, who: store.people.set_enabled(who, False),
    "deleted": lambda store, who: store.people.delete(who),
    "expired": lambda store, who: store.rights.save_rights(PersonRights(who, valid_until_ms=1)),
    "somebody else": lambda store, who: store.people.add("Eve", "", None, 0),
    "holidays": lambda store, who: store.rights.save_holidays(()),
    "damaged": lambda store, who: store.database.execute(
        "UPDATE people SET enabled = 'x' WHERE id = ?", (who,)
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_changes_between_judgement_and_writing_keeps_everybody_out(
    house: House, change: str
) -> None:
    generation = house.lane.submit(lambda store: store.rights.generation()).result(10)
    house.grants.write([house.entry(house.ada)], [], generation)
    # A slow disk: the change is on its way already when the entry is asked for.
    house.lane.submit(lambda store: CHANGES[change](store, house.ada.id)).result(10)
    both = [house.entry(house.guest), house.entry(house.ada)]
    with pytest.raises(RightsChangedError):
        house.grants.write(both, [house.guest.id], generation)
    assert house.reloaded.wait(10)
    assert len(house.on_disk()) == 1
    with opened(house.path) as store:
        assert store.rights.rights_of(house.guest.id).uses_left == 1


def test_a_use_that_was_spent_changes_no_rights(house: House) -> None:
    generation = house.lane.submit(lambda store: store.rights.generation()).result(10)
    house.grants.write([house.entry(house.guest)], [house.guest.id], generation)
    house.grants.write([house.entry(house.ada)], [], generation)
    assert len(house.on_disk()) == 2


def test_a_disk_that_does_not_answer_lets_nobody_in(house: House) -> None:
    busy, free = threading.Event(), threading.Event()

    def work(store: Store) -> None:
        busy.set()
        assert free.wait(10)

    house.lane.submit(work)
    assert busy.wait(10)
    slow = GrantLog(house.lane, lambda store: None, timeout_s=0.01)
    with pytest.raises(StoreError, match="stays locked"):
        slow.write([house.entry(house.ada)])
    free.set()
    house.lane.submit(lambda store: None).result(10)
    assert house.on_disk() == []


def test_a_database_that_is_gone_lets_nobody_in(house: House) -> None:
    house.path.unlink()
    with pytest.raises(StoreError):
        house.grants.write([house.entry(house.ada)])
    house.lane.stop()
    with pytest.raises(StoreError):
        house.grants.write([house.entry(house.ada)])
