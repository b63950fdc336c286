"""The gallery against a loop that compares everybody with everybody."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from kiosk.domain import Embedding, ModelId, TemplateKind
from kiosk.errors import ModelError
from kiosk.recognition.gallery import Gallery
from kiosk.recognition.thresholds import Calibration, flat_calibration

MakeEmbedding = Callable[..., Embedding]


def unit(rows: NDArray[np.float64]) -> NDArray[np.float32]:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@settings(deadline=None)
@given(
    ids=st.lists(st.integers(1, 5), min_size=1, max_size=12),
    seed=st.integers(0, 10_000),
    few_directions=st.booleans(),
)
def test_it_finds_what_a_plain_loop_finds(
    model: ModelId,
    embedding: MakeEmbedding,
    ids: list[int],
    seed: int,
    few_directions: bool,
) -> None:
    rng = np.random.default_rng(seed)
    if few_directions:  # ties, equal and opposite vectors
        axes = np.concatenate([np.eye(3), -np.eye(3)])
        vectors, probe = axes[rng.integers(0, 6, len(ids))], embedding(axes[rng.integers(0, 6)])
    else:
        vectors, probe = rng.normal(size=(len(ids), 3)), embedding(rng.normal(size=3))
    vectors = unit(vectors)

    match = Gallery(model, np.array(ids), vectors).search(probe)

    best: dict[int, float] = {}
    for person in set(ids):
        own = vectors[[each == person for each in ids]].astype(np.float64)
        # What somebody's pictures have in common counts like one picture more.
        mean = own.mean(0) / max(float(np.linalg.norm(own.sum(0))), 1e-6) * len(own)
        best[person] = max(float(each @ probe.vector) for each in (*own, mean))
    ranked = sorted(best.values(), reverse=True)
    assert match is not None
    assert match.similarity == pytest.approx(ranked[0], abs=1e-6)
    assert best[match.person_id] == pytest.approx(ranked[0], abs=1e-6)
    if len(best) == 1:
        assert (match.runner_up_id, match.runner_up_similarity) == (None, -1.0)
    else:
        assert match.runner_up_id != match.person_id
        assert match.runner_up_similarity == pytest.approx(ranked[1], abs=1e-6)
        assert best[match.runner_up_id or 0] == pytest.approx(ranked[1], abs=1e-6)


def test_a_person_counts_by_what_their_pictures_have_in_common(
    model: ModelId, embedding: MakeEmbedding
) -> None:
    vectors = unit(np.array([[1, 1, 0], [1, -1, 0], [0.8, 0, 0.6]]))
    gallery = Gallery(model, np.array([1, 1, 2]), vectors)

    match = gallery.search(embedding([1, 0, 0]))

    assert match is not None
    assert (match.person_id, match.similarity) == (1, pytest.approx(1))
    assert (len(gallery), len(gallery.similarities(embedding([1, 0, 0])))) == (3, 3)


def test_the_runner_up_is_another_person_not_another_photograph(
    model: ModelId, embedding: MakeEmbedding
) -> None:
    vectors = unit(np.array([[1, 0], [1, 0.1], [0, 1.0], [1, 0.2]]))
    gallery = Gallery(model, np.array([7, 7, 9, 7]), vectors)

    match = gallery.search(embedding([1, 0]))

    assert match is not None
    assert (match.person_id, match.runner_up_id) == (7, 9)
    assert match.runner_up_similarity == pytest.approx(0)


def test_the_exact_opposite_is_still_the_runner_up(
    model: ModelId, embedding: MakeEmbedding
) -> None:
    gallery = Gallery(model, np.array([1, 2]), unit(np.array([[1.0, 0], [-1.0, 0]])))

    match = gallery.search(embedding([1, 0]))

    assert match is not None
    assert (match.person_id, match.runner_up_id) == (1, 2)


def test_an_empty_gallery_knows_nobody(model: ModelId, embedding: MakeEmbedding) -> None:
    gallery = Gallery.empty(model)

    assert (len(gallery), gallery.people) == (0, 0)
    assert gallery.search(embedding([1, 0])) is None


def test_numbers_of_templates_and_people(model: ModelId) -> None:
    gallery = Gallery(model, np.array([3, 1, 3, 3]), unit(np.eye(4)))

    assert (len(gallery), gallery.people) == (4, 2)


def test_similarities_belong_to_the_owners_given(model: ModelId, embedding: MakeEmbedding) -> None:
    gallery = Gallery(model, np.array([30, 10, 20]), unit(np.eye(3)))

    scores = gallery.similarities(embedding([0, 1, 0]))

    assert dict(zip(gallery.person_ids.tolist(), scores.tolist(), strict=True)) == {
        10: pytest.approx(1),
        20: pytest.approx(0),
        30: pytest.approx(0),
    }


def test_a_search_leaves_nothing_behind(model: ModelId, embedding: MakeEmbedding) -> None:
    gallery = Gallery(model, np.array([1, 2]), unit(np.eye(2)))
    probe = embedding([1, 0.2])

    assert gallery.search(probe) == gallery.search(probe)


def test_it_is_a_snapshot(model: ModelId, embedding: MakeEmbedding) -> None:
    vectors, ids = unit(np.eye(2)), np.array([1, 2])
    gallery = Gallery(model, ids, vectors)
    before = gallery.search(embedding([1, 0]))

    vectors[:] = 0
    ids[:] = 99

    assert gallery.search(embedding([1, 0])) == before


def test_without_somebody_everybody_else_remains(model: ModelId, embedding: MakeEmbedding) -> None:
    gallery = Gallery(model, np.array([1, 2, 1]), unit(np.array([[1, 0], [0.9, 0.1], [0.0, 1]])))

    rest = gallery.without(1)

    match = rest.search(embedding([1, 0]))
    assert match is not None
    assert (match.person_id, match.runner_up_id, len(rest)) == (2, None, 1)
    assert len(gallery) == 3
    assert rest.without(2).search(embedding([1, 0])) is None


@pytest.mark.parametrize(
    "other",
    [
        ModelId("mobilefacenet", "1", "fp32"),
        ModelId("facenet", "2", "fp32"),
        ModelId("facenet", "1", "int8"),
    ],
)
def test_embeddings_of_another_model_are_never_compared(
    model: ModelId, embedding: MakeEmbedding, other: ModelId
) -> None:
    gallery = Gallery(model, np.array([1, 2]), unit(np.eye(2)))

    with pytest.raises(ModelError, match="cannot be compared"):
        gallery.search(embedding([1, 0], other))
    with pytest.raises(ModelError, match="cannot be compared"):
        gallery.similarities(embedding([1, 0], other))


@pytest.mark.parametrize(
    "vectors", [np.zeros((3, 4), np.float32), np.zeros(2, np.float32), np.zeros((2, 2, 2))]
)
def test_ids_and_templates_must_pair(model: ModelId, vectors: NDArray[np.float32]) -> None:
    with pytest.raises(ValueError, match="one person id"):
        Gallery(model, np.array([1, 2]), vectors)


# --- under measured thresholds --------------------------------------------------------------------

FMR = 1e-4
PLAIN, MASKED = TemplateKind.PLAIN, TemplateKind.MASKED


class Door:
    """Templates in known conditions, and probes to search them with."""

    def __init__(self, fakes: types.ModuleType, calibration: Calibration) -> None:
        self.fakes, self.calibration = fakes, calibration
        self._rows: list[tuple[int, Any, TemplateKind, Any]] = []

    def add(
        self, person: int, vector: object, conditions: Any = None, kind: TemplateKind = PLAIN
    ) -> None:
        self._rows.append((person, vector, kind, conditions))

    def gallery(self, calibration: Calibration | None = None) -> Gallery:
        people, vectors, kinds, conditions = zip(*self._rows, strict=True)
        return Gallery(
            self.calibration.model,
            np.array(people),
            unit(np.array(vectors, np.float64)),
            calibration or self.calibration,
            kinds,
            conditions,
            [None if each is None else self.fakes.FRONT for each in conditions],
        )

    def probe(self, vector: object, conditions: Any) -> Embedding:
        values = unit(np.array([vector], np.float64))[0]
        return Embedding(values, self.calibration.model, 10.0, conditions, self.fakes.FRONT)


@pytest.fixture
def door(model: ModelId, calibrations: types.ModuleType) -> Door:
    """Masked faces need 0.3 in it, plain ones 0.4 to 0.6."""
    made = calibrations.by_light(model, 4, masked={1e-2: 0.3, 1e-6: 0.3})
    return Door(calibrations, made)


def test_the_threshold_is_that_for_the_conditions_of_both(door: Door) -> None:
    fakes = door.fakes
    door.add(1, [1, 0, 0, 0], fakes.GOOD)
    door.add(2, [0, 1, 0, 0], fakes.DARK)
    gallery = door.gallery()

    def threshold(vector: list[float], conditions: Any) -> float:
        match = gallery.search(door.probe(vector, conditions), FMR)
        assert match is not None
        return match.threshold

    assert threshold([1, 0, 0, 0], fakes.GOOD) == pytest.approx(0.4)
    assert threshold([1, 0, 0, 0], fakes.DARK) == pytest.approx(0.5, abs=1e-6)
    assert threshold([0, 1, 0, 0], fakes.GOOD) == pytest.approx(0.5, abs=1e-6)
    assert threshold([0, 1, 0, 0], fakes.DARK) == pytest.approx(0.6, abs=1e-6)


@pytest.mark.parametrize("probe_conditions", ["GOOD", None])
def test_unknown_conditions_count_as_the_riskiest(door: Door, probe_conditions: str | None) -> None:
    conditions = None if probe_conditions is None else door.fakes.GOOD
    door.add(1, [1, 0, 0, 0])

    match = door.gallery().search(door.probe([1, 0, 0, 0], conditions), FMR)

    assert match is not None
    assert match.threshold == pytest.approx(0.5 if conditions else 0.6)


def test_the_best_is_who_passes_the_threshold_by_most(door: Door) -> None:
    fakes = door.fakes
    door.add(1, [0.56, 0.0, 0.828, 0], fakes.DARK)
    door.add(2, [0.53, 0.848, 0, 0], fakes.GOOD)

    match = door.gallery().search(door.probe([1, 0, 0, 0], fakes.GOOD), FMR)

    assert match is not None
    assert match.person_id == 2
    assert match.similarity == pytest.approx(0.53, abs=1e-3)
    assert match.threshold == pytest.approx(0.4)
    # 0.56 in the dark, where 0.5 are asked, is worth as much as 0.46 here.
    assert match.runner_up_id == 1
    assert match.runner_up_similarity == pytest.approx(0.46, abs=1e-3)


def test_a_masked_probe_meets_masked_templates_of_those_who_have_one(door: Door) -> None:
    fakes = door.fakes
    door.add(1, [1, 0, 0, 0], fakes.GOOD)
    door.add(1, [0, 1, 0, 0], fakes.COVERED, MASKED)
    door.add(2, [0, 0, 1, 0], fakes.GOOD)
    gallery = door.gallery()

    first = gallery.search(door.probe([1, 0, 0, 0], fakes.COVERED), FMR)
    second = gallery.search(door.probe([0, 0, 1, 0], fakes.COVERED), FMR)
    plain = gallery.search(door.probe([1, 0, 0, 0], fakes.GOOD), FMR)

    assert first is not None and second is not None and plain is not None
    # The mean of the masked and the plain template; the plain one alone would give 1.
    assert (first.person_id, first.threshold) == (1, pytest.approx(0.3))
    assert first.similarity == pytest.approx(0.5**0.5)
    assert (second.person_id, second.threshold) == (2, pytest.approx(0.4))
    assert second.similarity == pytest.approx(1)
    assert (plain.person_id, plain.similarity) == (1, pytest.approx(1))
    assert (len(gallery), gallery.people) == (2, 2)


def test_where_nobody_has_a_masked_template_a_masked_probe_meets_the_plain_ones(
    door: Door,
) -> None:
    door.add(1, [1, 0, 0, 0], door.fakes.GOOD)

    match = door.gallery().search(door.probe([1, 0, 0, 0], door.fakes.COVERED), FMR)

    assert match is not None
    assert (match.similarity, match.threshold) == (pytest.approx(1), pytest.approx(0.4))


def test_without_thresholds_for_masks_masked_templates_are_left_alone(door: Door) -> None:
    fakes = door.fakes
    door.add(1, [1, 0, 0, 0], fakes.GOOD)
    door.add(1, [0, 1, 0, 0], fakes.COVERED, MASKED)
    gallery = door.gallery(flat_calibration(door.calibration.model, 0.5))

    match = gallery.search(door.probe([0, 1, 0, 0], fakes.COVERED), FMR)

    assert match is not None
    assert match.similarity == pytest.approx(0, abs=1e-6)


def test_a_masked_template_alone_names_nobody(door: Door) -> None:
    door.add(1, [0, 1, 0, 0], door.fakes.COVERED, MASKED)
    gallery = door.gallery()

    assert gallery.search(door.probe([0, 1, 0, 0], door.fakes.COVERED), FMR) is None
    assert (len(gallery), gallery.people) == (0, 1)


@settings(deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(1, 6))
def test_masked_templates_change_nothing_for_uncovered_faces(
    model: ModelId, calibrations: types.ModuleType, seed: int, count: int
) -> None:
    rng = np.random.default_rng(seed)
    made = calibrations.by_light(model, 4, masked={1e-2: 0.1, 1e-6: 0.1}, mean=0.2)
    without, with_masks = (Door(calibrations, made) for _ in range(2))
    for person in range(count):
        vector = rng.normal(size=4)
        for each in (without, with_masks):
            each.add(person, vector, calibrations.GOOD)
        with_masks.add(person, rng.normal(size=4), calibrations.COVERED, MASKED)
    probe = without.probe(rng.normal(size=4), calibrations.DARK)

    assert with_masks.gallery().search(probe, FMR) == without.gallery().search(probe, FMR)


def test_what_all_faces_have_in_common_is_not_compared(
    model: ModelId, calibrations: types.ModuleType
) -> None:
    door = Door(calibrations, calibrations.by_light(model, 4, mean=0.6))
    one, other = [0.6, 0.8, 0, 0], [0.6, 0, 0.8, 0]
    door.add(1, one, calibrations.GOOD)

    plain = door.gallery(flat_calibration(model, 0.5))
    centred = door.gallery()

    assert plain.similarities(door.probe(other, calibrations.GOOD)) == pytest.approx([0.36])
    assert centred.similarities(door.probe(other, calibrations.GOOD)) == pytest.approx(
        [0.0], abs=1e-6
    )
    assert centred.similarities(door.probe(one, calibrations.GOOD)) == pytest.approx([1.0])


def test_other_thresholds_for_the_same_templates(door: Door) -> None:
    fakes = door.fakes
    door.add(2, [0, 0, 1, 0], fakes.DARK)
    door.add(1, [1, 0, 0, 0], fakes.GOOD)
    door.add(1, [0, 1, 0, 0], fakes.COVERED, MASKED)
    flat = door.gallery(flat_calibration(door.calibration.model, 0.9))

    again = flat.calibrated(door.calibration)

    for vector in np.eye(4):
        for conditions in (fakes.GOOD, fakes.DARK, fakes.COVERED):
            probe = door.probe(vector, conditions)
            assert again.search(probe, FMR) == door.gallery().search(probe, FMR)
            assert flat.search(probe, FMR) != again.search(probe, FMR)
    without = again.without(1)
    assert without.people == 1
    covered = without.search(door.probe([0, 1, 0, 0], fakes.COVERED), FMR)
    assert covered is not None and covered.person_id == 2


def test_thresholds_of_another_model_are_refused(door: Door) -> None:
    door.add(1, [1, 0, 0, 0], door.fakes.GOOD)
    other = dataclasses.replace(door.calibration.model, version="2")

    with pytest.raises(ModelError, match="say nothing about"):
        door.gallery().calibrated(flat_calibration(other, 0.5))


def test_excesses_are_similarities_over_the_thresholds(door: Door) -> None:
    fakes = door.fakes
    door.add(2, [0.6, 0.8, 0, 0], fakes.DARK)
    door.add(1, [1, 0, 0, 0], fakes.GOOD)
    probe, gallery = door.probe([1, 0, 0, 0], fakes.GOOD), door.gallery()

    found = dict(zip(gallery.person_ids.tolist(), gallery.excesses(probe, FMR), strict=True))

    assert found == {
        1: pytest.approx(1 - 0.4),
        2: pytest.approx(0.6 - 0.5, abs=1e-6),
    }


@pytest.mark.parametrize("field", ["kinds", "conditions", "poses"])
def test_every_template_needs_its_kind_and_conditions(model: ModelId, field: str) -> None:
    with pytest.raises(ValueError, match="a kind and conditions for each template"):
        Gallery(model, np.array([1, 2]), unit(np.eye(2)), **{field: [None]})
