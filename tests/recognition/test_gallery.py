"""The gallery against a loop that compares everybody with everybody."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from kiosk.domain import Embedding, ModelId
from kiosk.errors import ModelError
from kiosk.recognition.gallery import Gallery

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
    for person, vector in zip(ids, vectors, strict=True):
        cosine = float(vector.astype(np.float64) @ probe.vector)
        best[person] = max(best.get(person, -2.0), cosine)
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
