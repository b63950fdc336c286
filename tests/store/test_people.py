"""People and templates: what is accepted, what is found, and that deletion deletes."""

from __future__ import annotations

import dataclasses
import logging
import unicodedata
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kiosk.access.hours import AccessHours
from kiosk.domain import Embedding, Event, EventKind, ModelId, Template
from kiosk.errors import AccessError, EnrolmentError
from kiosk.store.names import clean_name
from kiosk.store.pins import person_numbered
from kiosk.store.store import Store
from kiosk.store.vectors import unpack_vectors

MODEL = ModelId("facenet", "1", "fp32")
Make = Callable[..., Template]


def names(store: Store, search: str) -> list[str]:
    return [person.name for person in store.people.find(search)]


def test_somebody_is_stored_as_entered(store: Store) -> None:
    person = store.people.add("  Ada Lovelace ", " 12 ", 1000, 2000)
    assert (person.name, person.number, person.enabled) == ("Ada Lovelace", "12", True)
    assert (person.consent_at_ms, person.created_at_ms, person.template_count) == (1000, 2000, 0)
    assert store.people.get(person.id) == person
    assert store.people.get(person.id + 1) is None


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "enter a name"),
        ("   ", "enter a name"),
        ("x" * 101, "has 101 characters"),
        ("a\nb", "cannot be shown"),
        ("a\0b", "cannot be shown"),
        ("\x1b[31m", "cannot be shown"),
        ("a\u202eb", "cannot be shown"),
        ("\ud800", "cannot be shown"),
    ],
)
def test_names_that_are_refused(store: Store, name: str, said: str) -> None:
    with pytest.raises(EnrolmentError, match=said):
        store.people.add(name, "", None, 0)
    person = store.people.add("Ada", "", None, 0)
    with pytest.raises(EnrolmentError, match=said):
        store.people.rename(person.id, name)
    assert names(store, "") == ["Ada"]


@pytest.mark.parametrize("name", ["O'Brien", "张伟", "Nguyễn", "x" * 100, "می‌خواهم", "👩‍🚀", "%_"])
def test_names_that_are_accepted(store: Store, name: str) -> None:
    person = store.people.add(name, "", None, 0)
    assert person.name == unicodedata.normalize("NFC", name)


def test_a_taken_number_names_its_holder(store: Store) -> None:
    store.people.add("Ada", "12", None, 0)
    with pytest.raises(EnrolmentError, match="Number 12 already belongs to Ada"):
        store.people.add("Bob", " 12", None, 0)
    assert names(store, "") == ["Ada"]


def test_many_may_have_no_number(store: Store) -> None:
    assert store.people.add("Ada", "", None, 0).number == ""
    assert store.people.add("Bob", " ", None, 0).number == ""


def test_search_knows_case_in_every_script_and_no_wildcards(store: Store) -> None:
    for name, number in [("Åsa Öberg", "A-1"), ("STRASSE", "B%2"), ("Ирина", "C_3"), ("ab", "")]:
        store.people.add(name, number, None, 0)
    assert names(store, "åSA") == ["Åsa Öberg"]
    assert names(store, unicodedata.normalize("NFD", "öberg")) == ["Åsa Öberg"]
    assert names(store, "straße") == ["STRASSE"]
    assert names(store, "ирИ") == ["Ирина"]
    assert names(store, "b%") == ["STRASSE"]
    assert names(store, "_") == ["Ирина"]
    assert names(store, "a-") == ["Åsa Öberg"]
    assert names(store, "ab' OR 1=1 --") == []
    assert names(store, "  ") == ["ab", "STRASSE", "Åsa Öberg", "Ирина"]


WILD = "%_\\'\"*?[]^"


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    name=st.text("abXY яЖ λΣ" + WILD, min_size=1, max_size=12).filter(lambda text: text.strip()),
    cut=st.slices(12),
    other=st.sampled_from(WILD),
)
def test_any_part_of_a_name_finds_it_and_nothing_else_does(
    store: Store, name: str, cut: slice, other: str
) -> None:
    person = store.people.add(name, "", None, 0)
    part = person.name[min(cut.start or 0, 12) : cut.stop]
    assert person in store.people.find(part.swapcase())
    assert (person in store.people.find(other)) == (other in name)
    assert (person in store.people.find("a" + other)) == ("a" + other in name.lower())
    store.people.delete(person.id)


@given(st.text(max_size=120))
def test_a_clean_name_stays_clean(name: str) -> None:
    try:
        cleaned = clean_name(name)
    except EnrolmentError:
        return
    assert clean_name(cleaned) == cleaned
    assert 0 < len(cleaned) <= 100
    cleaned.encode("utf-8")


def test_enrolling_is_all_or_nothing(store: Store, make_template: Make) -> None:
    bad = dataclasses.replace(
        make_template(1), embedding=Embedding(np.full(16, np.nan, np.float32), MODEL)
    )
    with pytest.raises(EnrolmentError, match="unusable result"):
        store.people.enrol("Ada", "12", None, [make_template(0), bad], 0)
    with pytest.raises(EnrolmentError, match="nothing to enrol"):
        store.people.enrol("Ada", "12", None, [], 0)
    assert names(store, "") == []
    assert store.database.execute("SELECT COUNT(*) FROM templates") == [(0,)]
    person = store.people.enrol("Ada", "12", 5, [make_template(0), make_template(1)], 6)
    assert person.template_count == 2
    assert store.people.find("ada") == [person]


@pytest.mark.parametrize("scale", [0.0, 0.99, 1.01, np.inf])
def test_a_vector_that_is_not_of_unit_length_is_refused(
    store: Store, make_template: Make, scale: float
) -> None:
    with np.errstate(invalid="ignore"):
        vector = make_template().embedding.vector * np.float32(scale)
    bad = dataclasses.replace(make_template(), embedding=Embedding(vector, MODEL))
    with pytest.raises(EnrolmentError, match="unusable result"):
        store.people.enrol("Ada", "", None, [bad], 0)


def test_templates_come_back_exactly(store: Store, make_template: Make) -> None:
    made = [make_template(seed) for seed in range(5)]
    ada = store.people.enrol("Ada", "", None, made[:3], 0)
    bob = store.people.enrol("Bob", "", None, made[3:], 0)
    found = store.people.templates(MODEL)
    ids, vectors = found.person_ids, found.vectors
    assert (ids.dtype, vectors.dtype) == (np.int64, np.float32)
    assert ids.tolist() == [ada.id] * 3 + [bob.id] * 2
    np.testing.assert_array_equal(vectors, np.stack([t.embedding.vector for t in made]))
    stored = store.database.execute("SELECT vector FROM templates ORDER BY id LIMIT 1")[0][0]
    assert stored == made[0].embedding.vector.astype("<f4").tobytes()


def test_an_empty_gallery_has_shapes_too(store: Store) -> None:
    found = store.people.templates(MODEL)
    ids, vectors = found.person_ids, found.vectors
    assert (ids.shape, ids.dtype) == ((0,), np.int64)
    assert (vectors.shape, vectors.dtype) == ((0, 0), np.float32)


def test_a_disabled_person_is_not_in_the_gallery(store: Store, make_template: Make) -> None:
    person = store.people.enrol("Ada", "", None, [make_template()], 0)
    assert not store.people.set_enabled(person.id, False).enabled
    assert len(store.people.templates(MODEL)) == 0
    assert store.people.people_by_model() == {}
    assert store.people.set_enabled(person.id, True) == person
    assert len(store.people.templates(MODEL)) == 1


def test_models_are_never_mixed(store: Store, make_template: Make) -> None:
    ada = store.people.enrol("Ada", "", None, [make_template(), make_template(1)], 0)
    store.people.enrol("Bob", "", None, [make_template(0, "other", 8)], 0)
    store.people.add("Nobody's face", "", None, 0)
    assert store.people.templates(MODEL).person_ids.tolist() == [ada.id, ada.id]
    assert store.people.people_by_model() == {MODEL: 1, ModelId("other", "1", "fp32"): 1}
    assert store.people.count_without(MODEL) == 1
    assert store.people.count_without(ModelId("facenet", "2", "fp32")) == 2
    assert store.people.count_without(ModelId("facenet", "1", "int8")) == 2


def test_replacing_templates_replaces_all(store: Store, make_template: Make) -> None:
    person = store.people.enrol("Ada", "", None, [make_template(0), make_template(1)], 0)
    assert store.people.replace_templates(person.id, [make_template(2)]).template_count == 1
    np.testing.assert_array_equal(
        store.people.templates(MODEL).vectors[0], make_template(2).embedding.vector
    )
    with pytest.raises(EnrolmentError):
        store.people.replace_templates(person.id, [])
    assert store.people.add_templates(person.id, [make_template(3)]).template_count == 2


@pytest.mark.parametrize(
    "vector",
    [
        b"",
        b"abc",
        "a text",
        np.zeros(16, "<f4").tobytes(),
        np.full(16, np.nan, "<f4").tobytes(),
        np.full(16, np.inf, "<f4").tobytes(),
        np.full(16, 3e38, "<f4").tobytes(),
        np.array([1, 0], "<f4").tobytes(),
    ],
)
def test_damaged_templates_are_never_used(
    store: Store, make_template: Make, vector: object, caplog: pytest.LogCaptureFixture
) -> None:
    made = [make_template(seed) for seed in range(3)]
    store.people.enrol("Ada", "", None, made, 0)
    store.database.execute("UPDATE templates SET vector = ? WHERE id = 2", (vector,))
    with caplog.at_level(logging.ERROR):
        found = store.people.templates(MODEL)
    assert len(found) == 2
    np.testing.assert_array_equal(found.vectors[1], made[2].embedding.vector)
    assert store.people.damaged_templates == 1
    assert "1 of 3 templates are damaged" in caplog.text


@given(st.lists(st.one_of(st.binary(max_size=40), st.none(), st.text(max_size=3)), max_size=8))
def test_garbage_never_becomes_a_template(blobs: list[object]) -> None:
    vectors, usable = unpack_vectors(blobs)
    assert len(vectors) == usable.sum()
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=2e-3)


def test_changing_an_unknown_person_is_refused(store: Store, make_template: Make) -> None:
    for act in (
        lambda: store.people.rename(9, "Ada"),
        lambda: store.people.set_enabled(9, True),
        lambda: store.people.delete(9),
        lambda: store.people.add_templates(9, [make_template()]),
    ):
        with pytest.raises(EnrolmentError, match="no longer enrolled"):
            act()


def test_deletion_leaves_no_trace_but_the_id(store: Store, make_template: Make) -> None:
    keep = store.people.enrol("Bob", "", None, [make_template(1)], 0)
    person = store.people.enrol("Vanishing Ada", "4711-ada", 5, [make_template(0)], 0)
    for who in (person, keep):
        store.events.append(Event(EventKind.GRANTED, 7, who.id, who.name))
    blob = make_template(0).embedding.vector.tobytes()
    files = [store.database.path, store.database.path.with_name("kiosk.db-wal")]
    assert any(blob in file.read_bytes() for file in files)

    store.people.delete(person.id)

    for file in files:
        data = file.read_bytes()
        assert blob not in data
        assert b"Vanishing" not in data
        assert b"4711-ada" not in data
    assert store.people.find("") == [keep]
    assert store.people.templates(MODEL).person_ids.tolist() == [keep.id]
    assert [(e.person_id, e.person_name) for e in store.events.query()] == [
        (person.id, ""),
        (keep.id, "Bob"),
    ]
    assert store.events.verify() == []


def test_an_id_is_never_given_to_somebody_else(store: Store) -> None:
    first = store.people.add("Ada", "", None, 0)
    store.people.delete(first.id)
    assert store.people.add("Bob", "", None, 0).id > first.id


def test_hours_are_kept_as_written_and_nobody_has_any_at_first(store: Store) -> None:
    ada, bob = (store.people.add(name, "", None, 0) for name in ("Ada", "Bob"))
    assert ada.hours == ""
    changed = store.people.set_hours(ada.id, "Mon 08:00-09:00")
    assert changed.hours == "Mon 08:00-09:00"
    assert store.people.get(ada.id) == changed
    assert store.people.get(bob.id) == bob
    with pytest.raises(EnrolmentError, match="no longer enrolled"):
        store.people.set_hours(99, "never")


@pytest.mark.parametrize("damage", ["x'ff00'", "17", "'Mon 08:00-'", "x'4d6f6e'"])
def test_damaged_hours_are_still_a_text_and_never_an_empty_one(store: Store, damage: str) -> None:
    person = store.people.add("Ada", "", None, 0)
    store.database.execute(f"UPDATE people SET hours = {damage}")
    found = store.people.get(person.id)
    assert found is not None
    with pytest.raises(AccessError):
        AccessHours.parse(found.hours)


@pytest.mark.parametrize("damaged", ["x", "", 2, -1, 0.5, b"\x01", "true"])
def test_a_damaged_mark_of_being_enabled_means_disabled_everywhere(
    store: Store, make_template, damaged: object
) -> None:
    template = make_template(1)
    person = store.people.enrol("Ada", "17", 5, [template], 10)
    model = template.embedding.model
    assert person_numbered(store.database, "17") == person.id
    assert store.people.may_enter(person.id)
    store.database.execute("UPDATE people SET enabled = ?", (damaged,))
    assert not store.people.may_enter(person.id)
    assert [each.enabled for each in store.people.find()] == [False]
    assert person_numbered(store.database, "17") is None
    assert len(store.people.templates(model)) == 0
    assert len(store.people.templates(model, include_disabled=True)) == 1
    assert store.people.people_by_model() == {}
    assert store.people.count_without(ModelId("another", "1", "fp32")) == 0
    assert store.people.set_enabled(person.id, True).enabled
