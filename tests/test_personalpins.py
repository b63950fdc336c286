"""Personal PINs in a real database, and what the recognition thread learns of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from kiosk.access.lockout import LockoutClock
from kiosk.domain import Embedding, ModelId, Person, Template, TemplateKind
from kiosk.enginehealth import people_row
from kiosk.errors import EnrolmentError, PinError
from kiosk.people import Likeness, alike_pairs, everybody, load_people, mark_look_alikes
from kiosk.personalpins import (
    remove_duress_pin,
    remove_pin,
    set_duress_pin,
    set_pin,
    typed_with_number,
    vault_of,
    who_typed,
)
from kiosk.recognition.thresholds import flat_calibration
from kiosk.store.store import Store, opened

MODEL = ModelId("facenet", "1", "fp32")
NOW = LockoutClock(10**12, "boot")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path / "kiosk.db") as store:
        yield store


def face(angle_deg: float, kind: TemplateKind = TemplateKind.PLAIN) -> Template:
    angle = np.radians(angle_deg)
    vector = np.array([np.cos(angle), np.sin(angle), 0], np.float32)
    return Template(0, Embedding(vector, MODEL), "front", 0, kind=kind)


def within(angle_deg: float) -> Likeness:
    return Likeness(flat_calibration(MODEL, float(np.cos(np.radians(angle_deg)))), 0.005)


def enrol(store: Store, name: str, *angles_deg: float) -> Person:
    return store.people.enrol(name, "", None, [face(angle) for angle in angles_deg], 0)


def test_a_pin_is_kept_as_a_hash_and_tells_who_typed_it(store: Store) -> None:
    ada, eve, bob = (enrol(store, name, 0) for name in ("Ada", "Eve", "Bob"))
    assert set_pin(store, ada.id, "7294").has_pin
    set_pin(store, eve.id, "581063")
    people = [ada.id, eve.id, bob.id]
    assert who_typed(store, people, "7294", NOW).person_id == ada.id
    assert who_typed(store, people, "581063", NOW).person_id == eve.id
    assert who_typed(store, people, "9034", NOW).person_id is None
    stored = store.database.execute("SELECT pin FROM people ORDER BY id")
    assert str(stored[0][0]).startswith("$argon2id$")
    assert b"7294" not in store.database.path.read_bytes()
    assert not remove_pin(store, ada.id).has_pin
    assert who_typed(store, people, "7294", NOW).person_id is None
    with pytest.raises(PinError, match="None of these"):
        who_typed(store, [ada.id, bob.id, 99], "7294", NOW)


def test_look_alikes_never_get_the_same_pin(store: Store) -> None:
    ada, eve, bob = (enrol(store, name, 0) for name in ("Ada", "Eve", "Bob"))
    store.look_alikes.mark(ada.id, [eve.id])
    set_pin(store, ada.id, "7294")
    with pytest.raises(PinError, match="Choose another") as refused:
        set_pin(store, eve.id, "7294")
    assert "7294" not in str(refused.value)
    assert "Ada" not in str(refused.value)
    assert not load_people(store, MODEL).with_pin - {ada.id}
    set_pin(store, bob.id, "7294")
    set_pin(store, ada.id, "7294")


def test_a_new_pin_ends_a_lockout_and_a_weak_one_changes_nothing(store: Store) -> None:
    ada = enrol(store, "Ada", 0)
    set_pin(store, ada.id, "7294")
    for _ in range(5):
        verdict = who_typed(store, [ada.id], "9034", NOW)
    assert verdict.wait_s == 30
    for weak in ("0000", "12", "abcd"):
        with pytest.raises(PinError):
            set_pin(store, ada.id, weak)
    assert not who_typed(store, [ada.id], "7294", NOW).was_checked
    set_pin(store, ada.id, "6150")
    assert who_typed(store, [ada.id], "6150", NOW).person_id == ada.id


def test_a_damaged_pin_is_replaced_like_any_other(store: Store) -> None:
    ada, eve = enrol(store, "Ada", 0), enrol(store, "Eve", 0)
    store.look_alikes.mark(ada.id, [eve.id])
    store.database.execute("UPDATE people SET pin = 'nonsense'")
    with pytest.raises(PinError):
        who_typed(store, [ada.id, eve.id], "7294", NOW)
    set_pin(store, ada.id, "7294")
    assert who_typed(store, [ada.id, eve.id], "7294", NOW).person_id == ada.id


def test_nobody_has_no_pin(store: Store) -> None:
    for act in (lambda: set_pin(store, 99, "7294"), lambda: remove_pin(store, 99)):
        with pytest.raises(EnrolmentError, match="no longer enrolled"):
            act()
    assert not vault_of(store, 99).is_set()


# --- the duress PIN -------------------------------------------------------------------------------


def test_a_duress_pin_opens_as_them_and_goes_with_their_pin(store: Store) -> None:
    ada = enrol(store, "Ada", 0)
    with pytest.raises(PinError, match="Set one first"):
        set_duress_pin(store, ada.id, "4027")
    set_pin(store, ada.id, "7294")
    assert set_duress_pin(store, ada.id, "4027").has_pin
    assert b"4027" not in store.database.path.read_bytes()
    verdict = who_typed(store, [ada.id], "4027", NOW)
    assert (verdict.person_id, verdict.is_duress) == (ada.id, True)
    assert not who_typed(store, [ada.id], "7294", NOW).is_duress
    remove_duress_pin(store, ada.id)
    assert who_typed(store, [ada.id], "4027", NOW).person_id is None
    set_duress_pin(store, ada.id, "4027")
    remove_pin(store, ada.id)
    set_pin(store, ada.id, "6150")
    assert who_typed(store, [ada.id], "4027", NOW).person_id is None


@pytest.mark.parametrize("near", ["7293", "7294", "7295"])
def test_a_slip_must_not_raise_the_alarm(store: Store, near: str) -> None:
    ada = enrol(store, "Ada", 0)
    set_pin(store, ada.id, "7294")
    with pytest.raises(PinError, match="too close to their PIN"):
        set_duress_pin(store, ada.id, near)
    set_pin(store, ada.id, "4027")
    set_duress_pin(store, ada.id, near)
    with pytest.raises(PinError, match="too close to their duress PIN"):
        set_pin(store, ada.id, "7294")
    assert who_typed(store, [ada.id], "4027", NOW).person_id == ada.id


def test_a_duress_pin_is_not_close_to_any_of_a_look_alike(store: Store) -> None:
    ada, eve, bob = (enrol(store, name, 0) for name in ("Ada", "Eve", "Bob"))
    store.look_alikes.mark(ada.id, [eve.id])
    set_pin(store, ada.id, "7294")
    set_pin(store, eve.id, "6150")
    set_pin(store, bob.id, "8416")
    set_duress_pin(store, eve.id, "3862")
    for taken in ("6150", "6149", "6151", "3861", "3862", "3863"):
        with pytest.raises(PinError, match="who looks alike") as refused:
            set_duress_pin(store, ada.id, taken)
        assert "Eve" not in str(refused.value)
    with pytest.raises(PinError, match="who looks alike"):
        set_pin(store, ada.id, "3863")
    # Who looks different may have any.
    set_duress_pin(store, ada.id, "8416")


@pytest.mark.parametrize("weak", ["0000", "1234", "12", "123456789", "abcd", ""])
def test_a_weak_duress_pin_changes_nothing(store: Store, weak: str) -> None:
    ada = enrol(store, "Ada", 0)
    set_pin(store, ada.id, "7294")
    with pytest.raises(PinError):
        set_duress_pin(store, ada.id, weak)
    for act in (lambda: set_duress_pin(store, 99, "4027"), lambda: remove_duress_pin(store, 99)):
        with pytest.raises(EnrolmentError):
            act()


# --- number and PIN -------------------------------------------------------------------------------


def test_number_and_pin_say_who_it_is(store: Store) -> None:
    ada = store.people.add("Ada", "17", None, 0)
    eve = store.people.add("Eve", "0018", None, 0)
    for person in (ada, eve):
        # They may share it: the number tells them apart.
        set_pin(store, person.id, "7294")
    assert typed_with_number(store, "17", "7294", NOW).person_id == ada.id
    assert typed_with_number(store, "0018", "7294", NOW).person_id == eve.id
    assert typed_with_number(store, "18", "7294", NOW).person_id is None
    set_duress_pin(store, ada.id, "4027")
    assert typed_with_number(store, "17", "4027", NOW).is_duress
    store.people.set_enabled(ada.id, False)
    assert typed_with_number(store, "17", "7294", NOW).person_id is None


@pytest.mark.parametrize("number", ["", "\0", "\udc80", "x" * 100_000, "' OR 1=1 --", "%"])
def test_whatever_is_typed_as_a_number_is_a_wrong_one(store: Store, number: str) -> None:
    set_pin(store, store.people.add("Ada", "17", None, 0).id, "7294")
    verdict = typed_with_number(store, number, "7294", NOW)
    assert (verdict.person_id, verdict.was_checked, verdict.attempts_left) == (None, True, 4)


def test_numbers_typed_by_passers_by_lock_nobody_who_shows_their_face(store: Store) -> None:
    ada = store.people.add("Ada", "17", None, 0)
    set_pin(store, ada.id, "7294")
    for _ in range(5):
        verdict = typed_with_number(store, "17", "9034", NOW)
    assert verdict.wait_s == 30
    assert not typed_with_number(store, "17", "7294", NOW).was_checked
    assert who_typed(store, [ada.id], "7294", NOW).person_id == ada.id


def test_a_locked_number_stays_locked_through_a_restart(tmp_path: Path) -> None:
    with opened(tmp_path / "kiosk.db") as store:
        ada = store.people.add("Ada", "17", None, 0)
        set_pin(store, ada.id, "7294")
        for _ in range(5):
            typed_with_number(store, "17", "9034", NOW)
    with opened(tmp_path / "kiosk.db") as store:
        assert typed_with_number(store, "17", "7294", NOW).wait_s == 30


# --- who looks like whom --------------------------------------------------------------------------


def test_whom_any_plain_template_resembles_is_marked(store: Store) -> None:
    ada, bob, cy = enrol(store, "Ada", 0, 80), enrol(store, "Bob", 100), enrol(store, "Cy", 200)
    store.people.set_enabled(bob.id, False)
    new = [face(90), face(200, TemplateKind.MASKED)]
    person = store.people.enrol("New", "", None, new, 0)
    found = mark_look_alikes(store, person.id, new, within(15))
    assert [p.name for p in found] == ["Ada", "Bob"]
    assert store.look_alikes.all()[person.id] == {ada.id, bob.id}
    assert cy.id not in store.look_alikes.all()
    # New pictures of the same person do not part them.
    assert mark_look_alikes(store, person.id, [face(300)], within(1)) == []
    assert store.look_alikes.group_of(person.id) == {person.id, ada.id, bob.id}
    assert mark_look_alikes(store, person.id, [face(200, TemplateKind.MASKED)], within(60)) == []


def test_people_who_look_alike_are_one_in_the_gallery_and_themselves_elsewhere(
    store: Store,
) -> None:
    ada, bob, eve = enrol(store, "Ada", 0), enrol(store, "Bob", 90), enrol(store, "Eve", 3, 6)
    store.look_alikes.mark(ada.id, [eve.id])
    people = load_people(store, MODEL)
    assert people.gallery.person_ids.tolist() == [ada.id, ada.id, ada.id, bob.id]
    assert people.everybody.person_ids.tolist() == [ada.id, bob.id, eve.id, eve.id]
    assert everybody(store, MODEL).person_ids.tolist() == people.everybody.person_ids.tolist()
    match = people.gallery.search(face(4).embedding)
    assert match is not None
    # The margin is to somebody else, not to the look-alike.
    assert (match.person_id, match.runner_up_id) == (ada.id, bob.id)
    assert people.is_ambiguous(ada.id) and people.is_ambiguous(eve.id)
    assert not people.is_ambiguous(bob.id)
    assert people.candidates(ada.id) == {ada.id, eve.id}
    assert (people.recognised, people.pinless) == (3, 2)
    set_pin(store, ada.id, "7294")
    assert load_people(store, MODEL).pinless == 1
    row = people_row(people, 0.5)
    assert row.level == "warning"
    assert row.text.startswith("3 recognised with 4 templates")
    assert "2 with a look-alike and without a PIN" in row.text
    assert people.candidates(bob.id) == {bob.id}


def test_a_disabled_look_alike_is_no_candidate_but_a_reason_to_ask(store: Store) -> None:
    ada, eve = enrol(store, "Ada", 0), enrol(store, "Eve", 3)
    store.look_alikes.mark(ada.id, [eve.id])
    store.people.set_enabled(ada.id, False)
    people = load_people(store, MODEL)
    assert people.gallery.person_ids.tolist() == [eve.id]
    assert people.is_ambiguous(eve.id)
    assert people.candidates(eve.id) == {eve.id}
    assert (people.recognised, people.pinless) == (1, 1)


def test_pairs_are_found_among_all_who_are_enrolled(store: Store) -> None:
    ada, bob, eve = enrol(store, "Ada", 0, 50), enrol(store, "Bob", 90), enrol(store, "Eve", 5, 45)
    store.people.set_enabled(eve.id, False)
    store.people.add_templates(bob.id, [face(0, TemplateKind.MASKED)])
    other = ModelId("other", "1", "fp32")
    found = alike_pairs(store, MODEL, within(6))
    assert found.keys() == {(ada.id, eve.id)}
    assert found[ada.id, eve.id] == pytest.approx(np.cos(np.radians(5)))
    assert alike_pairs(store, other, Likeness(flat_calibration(other, 0.5), 0.005)) == {}
