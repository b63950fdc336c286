"""Pairs of look-alikes, and PINs: kept with the people, gone with them."""

from __future__ import annotations

import peewee
import pytest

from kiosk.errors import EnrolmentError
from kiosk.store.pins import PersonPinStorage
from kiosk.store.store import Store


@pytest.fixture
def ids(store: Store) -> list[int]:
    return [store.people.add(name, "", None, 0).id for name in ("Ada", "Bob", "Cy", "Dot")]


def test_a_pair_is_known_from_both_sides_whatever_the_order(store: Store, ids: list[int]) -> None:
    ada, bob, cy, dot = ids
    store.look_alikes.mark(bob, [ada])
    store.look_alikes.mark(ada, [bob])
    assert store.look_alikes.all() == {ada: {bob}, bob: {ada}}
    assert [p.is_look_alike for p in store.people.find()] == [True, True, False, False]
    store.look_alikes.mark(cy, [bob])
    assert store.look_alikes.all() == {ada: {bob}, bob: {ada, cy}, cy: {bob}}
    assert store.look_alikes.group_of(ada) == {ada, bob, cy}
    assert store.look_alikes.group_of(dot) == {dot}
    assert store.look_alikes.groups() == dict.fromkeys((ada, bob, cy), frozenset({ada, bob, cy}))
    assert store.look_alikes.part(bob, ada)
    assert not store.look_alikes.part(ada, bob)
    assert store.look_alikes.groups() == dict.fromkeys((bob, cy), frozenset({bob, cy}))


def test_deleting_somebody_ends_their_pairs(store: Store, ids: list[int]) -> None:
    ada, bob, cy, _ = ids
    store.look_alikes.mark(bob, [ada, cy])
    store.people.delete(bob)
    assert store.look_alikes.all() == {}
    assert not any(person.is_look_alike for person in store.people.find())
    store.look_alikes.mark(ada, [cy])
    assert store.look_alikes.group_of(cy) == {ada, cy}


def test_nobody_looks_like_themselves_or_like_nobody(store: Store, ids: list[int]) -> None:
    for other in (ids[0], 99):
        with pytest.raises(EnrolmentError, match="no longer enrolled"):
            store.look_alikes.mark(ids[0], [ids[1], other])
    assert store.look_alikes.all() == {}
    for pair in ("(2, 1)", "(1, 1)", "(1, 99)"):
        with pytest.raises(peewee.IntegrityError):
            store.database.execute(f"INSERT INTO look_alikes VALUES {pair}")


def test_the_texts_of_a_pin_belong_to_one_person(store: Store, ids: list[int]) -> None:
    ada, bob = (PersonPinStorage(store.database, person) for person in ids[:2])
    assert ada.get("pin") is None
    ada.set("pin", "a hash")
    ada.set("pin_lockout", "a count")
    assert (ada.get("pin"), ada.get("pin_lockout"), bob.get("pin")) == ("a hash", "a count", None)
    assert [p.has_pin for p in store.people.find()] == [True, False, False, False]
    ada.delete("pin")
    assert (ada.get("pin"), ada.get("pin_lockout")) == (None, "a count")
    with pytest.raises(KeyError):
        ada.get("name")


def test_a_deleted_person_leaves_no_byte_of_their_pin(store: Store, ids: list[int]) -> None:
    ada = PersonPinStorage(store.database, ids[0])
    ada.set("pin", "$argon2id$-marker-of-ada")
    ada.set("pin_lockout", "marker-of-a-count")
    store.people.delete(ids[0])
    for file in (store.database.path, store.database.path.with_name("kiosk.db-wal")):
        assert b"marker-of" not in file.read_bytes()
    assert ada.get("pin") is None
    with pytest.raises(EnrolmentError, match="no longer enrolled"):
        ada.set("pin", "another")


@pytest.mark.parametrize("damage", ["x'ff00'", "17", "'nonsense'"])
def test_a_damaged_pin_is_still_one(store: Store, ids: list[int], damage: str) -> None:
    store.database.execute(f"UPDATE people SET pin = {damage} WHERE id = {ids[0]}")
    person = store.people.get(ids[0])
    assert person is not None and person.has_pin
    assert PersonPinStorage(store.database, ids[0]).get("pin")
