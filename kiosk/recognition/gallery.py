"""The gallery: every enrolled template, searched in one matrix product."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kiosk.domain import Conditions, Embedding, HeadPose, Match, ModelId, TemplateKind
from kiosk.errors import ModelError
from kiosk.recognition.thresholds import MAX_FMR, Calibration, flat_calibration

_ANYBODY = -1.0


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A probe, or the mean of several, as it is compared."""

    vector: NDArray[np.float32]
    """Centred, shape (D,), of unit length."""
    risk: float
    is_masked: bool


class Gallery:
    """An immutable snapshot; a change of people makes a new one.

    Plain templates are for every probe; a probe with a mask is compared with the masked templates
    instead, of those who have one.
    """

    def __init__(
        self,
        model: ModelId,
        person_ids: NDArray[np.int64],
        vectors: NDArray[np.float32],
        calibration: Calibration | None = None,
        kinds: Sequence[TemplateKind] | None = None,
        conditions: Sequence[Conditions | None] | None = None,
        poses: Sequence[HeadPose | None] | None = None,
    ) -> None:
        """``person_ids`` has shape (N,), ``vectors`` (N, D), rows of unit length.

        The others have N items, or are None: all templates plain, of unknown pictures. Without a
        calibration similarities are plain cosines.
        """
        if vectors.ndim != 2 or len(person_ids) != len(vectors):
            raise ValueError("the gallery needs one person id for each template")
        if calibration is not None and calibration.model != model:
            raise ModelError(f"Thresholds of {calibration.model} say nothing about {model}.")
        count = len(person_ids)
        order = np.argsort(person_ids, kind="stable")
        self.model = model
        self._calibration = calibration or flat_calibration(model, _ANYBODY)
        kinds = [TemplateKind.PLAIN] * count if kinds is None else list(kinds)
        conditions = [None] * count if conditions is None else list(conditions)
        poses = [None] * count if poses is None else list(poses)
        if not len(kinds) == len(conditions) == len(poses) == count:
            raise ValueError("the gallery needs a kind and conditions for each template")
        self._kinds = [kinds[place] for place in order]
        self._conditions = [conditions[place] for place in order]
        self._poses = [poses[place] for place in order]
        self._raw = np.ascontiguousarray(vectors[order], np.float32)
        self._all_ids: NDArray[np.int64] = person_ids[order].astype(np.int64)
        self._prepare()

    def _prepare(self) -> None:
        calibration = self._calibration
        ramped = calibration.ramped(self._conditions, self._poses)
        centred = calibration.centred(self._raw, ramped) if len(self._raw) else self._raw
        risks = np.array(
            [
                calibration.template_risk(condition, pose)
                for condition, pose in zip(self._conditions, self._poses, strict=True)
            ]
        )
        is_plain = np.array([kind is TemplateKind.PLAIN for kind in self._kinds], bool)
        self._plain = Rows(self._all_ids[is_plain], centred[is_plain], risks[is_plain])
        self._searched = _with_means(self._plain)
        masked_ids = self._all_ids[~is_plain]
        self.masked = Rows(
            masked_ids,
            _with_plain(masked_ids, centred[~is_plain], self._plain),
            risks[~is_plain],
        )
        self._unmasked = self._searched.without(masked_ids)
        self._people = int(np.unique(self._all_ids).size)

    @classmethod
    def empty(cls, model: ModelId) -> Gallery:
        """Return a gallery without anybody."""
        return cls(model, np.empty(0, np.int64), np.empty((0, 0), np.float32))

    def without(self, person_id: int) -> Gallery:
        """Return the gallery of everybody else."""
        return self._selected(self._all_ids != person_id, self._calibration)

    def calibrated(self, calibration: Calibration) -> Gallery:
        """Return the same templates under other thresholds. Raises ModelError for another model."""
        return self._selected(np.ones(len(self._all_ids), bool), calibration)

    def _selected(self, keep: NDArray[np.bool_], calibration: Calibration) -> Gallery:
        places = np.flatnonzero(keep).tolist()
        return Gallery(
            self.model,
            self._all_ids[keep],
            self._raw[keep],
            calibration,
            [self._kinds[place] for place in places],
            [self._conditions[place] for place in places],
            [self._poses[place] for place in places],
        )

    def __len__(self) -> int:
        """Return the number of templates that a probe is compared with."""
        return len(self._plain.ids)

    @property
    def people(self) -> int:
        """Number of different people."""
        return self._people

    @property
    def person_ids(self) -> NDArray[np.int64]:
        """The owner of each plain template, shape (N,), in the order of :meth:`similarities`."""
        return self._plain.ids

    def similarities(self, probe: Embedding) -> NDArray[np.float32]:
        """Return the similarity with every plain template, shape (N,).

        Raises ModelError as search does.
        """
        return self._plain.similarities(self._centred(probe))

    def excesses(self, probe: Embedding, fmr: float) -> NDArray[np.float64]:
        """Return by how much every plain template passes its threshold for ``fmr``, shape (N,).

        Raises ModelError as search does.
        """
        return self._plain.compared(
            self._calibration, TemplateKind.PLAIN, self._centred(probe), self._risk(probe), fmr
        )[0]

    def search(self, probe: Embedding, fmr: float = MAX_FMR) -> Match | None:
        """Return the best person and the best other one; None when the gallery is empty.

        Best is who passes the threshold for ``fmr``, under the conditions of probe and template,
        by most. A person counts by their best template. Raises ModelError for a probe of another
        model: such numbers look plausible and mean nothing.
        """
        return self.search_prepared(self.prepare(probe), fmr)

    def prepare(self, probe: Embedding) -> Prepared:
        """Make a probe comparable with the templates. Raises ModelError for another model."""
        return Prepared(
            self._centred(probe), self._risk(probe), self._calibration.is_masked(probe.conditions)
        )

    def search_prepared(self, probe: Prepared, fmr: float) -> Match | None:
        """Search as :meth:`search` does."""
        if not len(self._plain.ids):
            return None
        calibration = self._calibration
        compared = [(self._searched, TemplateKind.PLAIN)]
        if len(self.masked.ids) and probe.is_masked:
            compared = [(self.masked, TemplateKind.MASKED), (self._unmasked, TemplateKind.PLAIN)]
        parts = [
            (rows.ids, *rows.compared(calibration, kind, probe.vector, probe.risk, fmr))
            for rows, kind in compared
            if len(rows.ids)
        ]
        ids = np.concatenate([part[0] for part in parts])
        excesses = np.concatenate([part[1] for part in parts])
        scores = np.concatenate([part[2] for part in parts])
        best = int(excesses.argmax())
        person, similarity = int(ids[best]), float(scores[best])
        threshold = similarity - float(excesses[best])
        if self._people < 2:
            return Match(person, similarity, None, -1.0, threshold)
        # Not −1: another person's template may be as far away as that.
        excesses[ids == person] = -np.inf
        other = int(excesses.argmax())
        # In terms of the best one's threshold, so that the difference is a margin.
        runner_up = float(excesses[other]) + threshold
        return Match(person, similarity, int(ids[other]), runner_up, threshold)

    def _centred(self, probe: Embedding) -> NDArray[np.float32]:
        if probe.model != self.model:
            raise ModelError(f"A probe of {probe.model} cannot be compared with {self.model}.")
        ramped = self._calibration.ramped([probe.conditions], [probe.pose])
        centred: NDArray[np.float32] = self._calibration.centred(probe.vector[None], ramped)[0]
        return centred

    def _risk(self, probe: Embedding) -> float:
        return self._calibration.template_risk(probe.conditions, probe.pose)


class Rows:
    """Templates of one kind, ready to be compared."""

    def __init__(
        self, ids: NDArray[np.int64], vectors: NDArray[np.float32], risks: NDArray[np.float64]
    ) -> None:
        self.ids, self.vectors, self.risks = ids, np.ascontiguousarray(vectors), risks

    def without(self, people: NDArray[np.int64]) -> Rows:
        keep = ~np.isin(self.ids, people)
        return Rows(self.ids[keep], self.vectors[keep], self.risks[keep])

    def similarities(self, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        if not len(self.ids):
            return np.empty(0, np.float32)
        scores: NDArray[np.float32] = self.vectors @ vector
        return scores

    def compared(
        self,
        calibration: Calibration,
        kind: TemplateKind,
        vector: NDArray[np.float32],
        risk: float,
        fmr: float,
    ) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        """Return excesses over the thresholds and similarities."""
        surface = calibration.surfaces[kind]
        scores = self.similarities(vector)
        thresholds = np.interp(self.risks, surface.risks, surface.cosine(fmr, risk))
        return scores - thresholds, scores


def _with_means(plain: Rows) -> Rows:
    """Return templates with the mean of each person who has several.

    What somebody's pictures have in common is them. Such a mean meets strangers no oftener than the
    pictures do (BENCHMARKS.md), so that it does not count as one more comparison.
    """
    people, means, risks, counts = _means(plain)
    several = counts > 1
    return Rows(
        np.concatenate([plain.ids, people[several]]),
        np.concatenate([plain.vectors, means[several]]),
        np.concatenate([plain.risks, risks[several]]),
    )


def _means(
    rows: Rows,
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float64], NDArray[np.intp]]:
    """Return people, the unit mean of each one's rows, their mean risk and their number."""
    if not len(rows.ids):
        return rows.ids, rows.vectors, rows.risks, np.empty(0, np.intp)
    # Rows are in the order of their ids.
    people, first, counts = np.unique(rows.ids, return_index=True, return_counts=True)
    sums = np.add.reduceat(rows.vectors, first, axis=0)
    lengths = np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-6)
    means: NDArray[np.float32] = (sums / lengths).astype(np.float32)
    return people, means, np.add.reduceat(rows.risks, first) / counts, counts


def _with_plain(
    ids: NDArray[np.int64], vectors: NDArray[np.float32], plain: Rows
) -> NDArray[np.float32]:
    """Return masked templates averaged with their owners' plain ones: what both show counts."""
    people, means, _, _ = _means(plain)
    fused = vectors.copy()
    if len(people) and len(ids):
        places = np.minimum(np.searchsorted(people, ids), len(people) - 1)
        has_plain = people[places] == ids
        fused[has_plain] += means[places[has_plain]]
    lengths = np.linalg.norm(fused, axis=1, keepdims=True)
    unit: NDArray[np.float32] = (fused / np.maximum(lengths, 1e-6)).astype(np.float32)
    return unit
