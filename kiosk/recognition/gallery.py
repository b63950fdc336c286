"""The gallery: every enrolled template, searched in one matrix product."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kiosk.domain import Embedding, Match, ModelId
from kiosk.errors import ModelError


class Gallery:
    """An immutable snapshot; a change of people makes a new one."""

    def __init__(
        self, model: ModelId, person_ids: NDArray[np.int64], vectors: NDArray[np.float32]
    ) -> None:
        """``person_ids`` has shape (N,), ``vectors`` (N, D), rows of unit length."""
        if vectors.ndim != 2 or len(person_ids) != len(vectors):
            raise ValueError("the gallery needs one person id for each template")
        self.model = model
        order = np.argsort(person_ids, kind="stable")
        self._ids = person_ids[order]
        self._vectors = np.ascontiguousarray(vectors[order], np.float32)
        self._people = int(np.unique(person_ids).size)

    @classmethod
    def empty(cls, model: ModelId) -> Gallery:
        """Return a gallery without anybody."""
        return cls(model, np.empty(0, np.int64), np.empty((0, 0), np.float32))

    def without(self, person_id: int) -> Gallery:
        """Return the gallery of everybody else."""
        keep = self._ids != person_id
        return Gallery(self.model, self._ids[keep], self._vectors[keep])

    def __len__(self) -> int:
        """Return the number of templates."""
        return len(self._ids)

    @property
    def people(self) -> int:
        """Number of different people."""
        return self._people

    @property
    def person_ids(self) -> NDArray[np.int64]:
        """The owner of each template, shape (N,), in the order of :meth:`similarities`."""
        return self._ids

    def similarities(self, probe: Embedding) -> NDArray[np.float32]:
        """Return the cosine with every template, shape (N,). Raises ModelError as search does."""
        if probe.model != self.model:
            raise ModelError(f"A probe of {probe.model} cannot be compared with {self.model}.")
        if not len(self._ids):
            return np.empty(0, np.float32)
        scores: NDArray[np.float32] = self._vectors @ probe.vector
        return scores

    def search(self, probe: Embedding) -> Match | None:
        """Return the best person and the best other one; None when the gallery is empty.

        A person's similarity is that of their best template. Raises ModelError for a probe of
        another model: such numbers look plausible and mean nothing.
        """
        if not len(self._ids):
            return None
        scores = self.similarities(probe)
        best = int(scores.argmax())
        person, similarity = int(self._ids[best]), float(scores[best])
        first = int(np.searchsorted(self._ids, person, "left"))
        last = int(np.searchsorted(self._ids, person, "right"))
        if self._people < 2:
            return Match(person, similarity, None, -1.0)
        # Not −1: another person's template may be as far away as that.
        scores[first:last] = -np.inf
        other = int(scores.argmax())
        return Match(person, similarity, int(self._ids[other]), float(scores[other]))
