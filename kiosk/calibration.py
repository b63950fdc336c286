"""Measure thresholds: compare everybody with everybody else, under every condition, and count.

Templates are made as enrolment makes them and probes as the door makes them, so that the rates are
those of the program and not of a bare network.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kiosk.calibrationsample import AS_IS, MASKED, Sample, Samples, stacked
from kiosk.domain import Embedding, ModelId, TemplateKind
from kiosk.errors import ModelError
from kiosk.recognition.centring import fit_centring
from kiosk.recognition.gallery import Gallery
from kiosk.recognition.ramps import ramp_values
from kiosk.recognition.risk import RiskModel, fit_risk
from kiosk.recognition.surface import Comparisons, Surface, fit_surface, levels_of
from kiosk.recognition.tail import rarest_counted
from kiosk.recognition.thresholds import MAX_FMR, Calibration, Scoring
from kiosk.vision.quality import ENROLMENT, check_face

_TURNED_DEG = 22.0
TURNED = "turned"
_CLOSEST_SHARE = 0.01
"""The closeness of a face is its mean similarity to so many strangers, those most alike."""
_USEFUL_SHARE = 0.2
"""Where fewer are known by, a door had better say what would help."""
_MIN_PEOPLE = 20


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """The samples as arrays, with what conditions do to them taken into account."""

    people: NDArray[np.int64]
    """Numbers: comparing names millions of times takes minutes."""
    groups: NDArray[np.str_]
    probes: NDArray[np.float32]
    """Centred, shape (N, D)."""
    templates: NDArray[np.float32]
    """Centred, shape (N, D); for pictures that were spoiled the same as ``probes``."""
    risks: NDArray[np.float64]
    enrollable: NDArray[np.bool_]
    """Which of them the gate of enrolment lets become templates."""


def calibrate(
    samples: Samples, model: ModelId, source: str, promise: float = MAX_FMR
) -> Calibration:
    """Measure the thresholds of ``model``.

    Raises ModelError when the samples support no rate as small as ``promise``: then it names the
    one they support.
    """
    faces = _with_strength(samples.faces)
    clean = [face for face in faces if face.group == AS_IS]
    people = {face.person for face in clean}
    pairs = _impostor_pairs([face.person for face in clean])
    if len(people) < _MIN_PEOPLE or rarest_counted(pairs) > promise:
        # Rounded up: the rate that is named must be one that is then accepted.
        bound = f"{rarest_counted(pairs) * 1.05:.1e}" if pairs else "1"
        raise ModelError(
            f"{len(people)} people in {len(clean)} usable photographs are {pairs:,} comparisons of "
            f"strangers. They support no false-match rate below {bound}, and {promise:.0e} was "
            "asked. Use photographs of more people."
        )
    ramped = np.stack([ramp_values(face.conditions, face.pose) for face in faces])
    raw = stacked([face.probe for face in faces])
    centring = fit_centring(raw, ramped)
    templates = raw.copy()
    for row, face in enumerate(faces):
        if face.template is not None:
            templates[row] = face.template.vector
    measured = Measured(
        np.unique([face.person for face in faces], return_inverse=True)[1].astype(np.int64),
        np.array([_group(face) for face in faces]),
        centring.centred(raw, ramped),
        centring.centred(templates, ramped),
        np.zeros(len(faces)),
        np.array([check_face(ENROLMENT, face.pose, face.conditions) is None for face in faces]),
    )
    risk = _fitted_risk(measured, ramped)
    measured = dataclasses.replace(measured, risks=ramped @ risk.heights)
    surface = _plain_surface(measured)
    max_risk = _useful_risk(measured, surface)
    usable = measured.risks <= max_risk
    if not usable.all():
        measured = _selected(measured, usable)
        surface = _plain_surface(measured)
    usual = float(
        np.median([_original_length(face) for face in samples.faces if face.group == AS_IS])
    )
    scoring = Scoring(centring, risk, usual, max_risk)
    calibration = Calibration(
        model,
        {TemplateKind.PLAIN: surface},
        scoring,
        pairs,
        _genuine_pairs([face.person for face in clean]),
        len(people),
        source,
    )
    return _with_masks(calibration, [f for f, ok in zip(faces, usable, strict=True) if ok])


def _with_strength(faces: Sequence[Sample]) -> list[Sample]:
    """Note how strong each embedding is compared with those of unspoiled pictures."""
    usual = float(np.median([face.probe.length for face in faces if face.group == AS_IS] or [1.0]))

    def noted(embedding: Embedding) -> Embedding:
        if embedding.conditions is None:
            return embedding
        strength = embedding.length / usual if usual > 0 else 1.0
        conditions = dataclasses.replace(embedding.conditions, strength=strength)
        return dataclasses.replace(embedding, conditions=conditions)

    return [dataclasses.replace(face, probe=noted(face.probe)) for face in faces]


def _original_length(face: Sample) -> float:
    return face.probe.length


def _group(face: Sample) -> str:
    if face.group == AS_IS and abs(face.pose.yaw_deg) > _TURNED_DEG:
        return TURNED
    return face.group


def _fitted_risk(measured: Measured, ramped: NDArray[np.float64]) -> RiskModel:
    closeness = np.full(len(measured.people), np.nan)
    for group in np.unique(measured.groups):
        rows = np.flatnonzero(measured.groups == group)
        scores = measured.probes[rows] @ measured.probes[rows].T
        scores[measured.people[rows][:, None] == measured.people[rows]] = -1
        count = max(3, int(_CLOSEST_SHARE * len(rows)))
        if len(rows) > 4 * count:
            top = np.partition(scores, len(rows) - count, axis=1)[:, -count:]
            closeness[rows] = top.mean(axis=1)
    usual = float(np.nanmedian(closeness[measured.groups == AS_IS]))
    known = np.isfinite(closeness)
    # Groups count alike, whatever their number of pictures.
    _, which, sizes = np.unique(measured.groups, return_inverse=True, return_counts=True)
    importance = 1 / sizes[which]
    return fit_risk(ramped[known], closeness[known] - usual, importance[known])


def _plain_surface(measured: Measured) -> Surface:
    try:
        return fit_surface(list(_plain(measured)), levels_of(measured.risks))
    except ValueError as error:
        raise ModelError(
            f"No thresholds can be measured: {error}. Use photographs of more people."
        ) from error


def _plain(measured: Measured) -> Iterator[Comparisons]:
    """Yield impostor comparisons: each kind with itself, and with templates of good pictures.

    Only what the gate of enrolment lets pass can be a template.
    """
    is_good = (measured.groups == AS_IS) | (measured.groups == TURNED)
    good = np.flatnonzero(is_good & measured.enrollable)
    _, first = np.unique(measured.people[good], return_index=True)
    for group in np.unique(measured.groups):
        rows = np.flatnonzero(measured.groups == group)
        templates = rows[measured.enrollable[rows]]
        # Pictures as they are come all together below. Who enrols with a mask on is told to take
        # it off, even if now and then one is missed.
        if len(templates) and group not in (MASKED, AS_IS):
            yield _compared(measured, str(group), rows, templates)
        if group not in (AS_IS, TURNED):
            yield _compared(measured, f"{group} against {AS_IS}", rows, good[first])
    yield _compared(measured, "all as they are", np.flatnonzero(is_good), good)


def _compared(
    measured: Measured, name: str, probes: NDArray[np.intp], templates: NDArray[np.intp]
) -> Comparisons:
    scores = measured.probes[probes] @ measured.templates[templates].T
    others = measured.people[probes][:, None] != measured.people[templates]
    # A pair that may meet in both roles says the same thing twice.
    is_twice = measured.enrollable[probes][:, None] & (probes[:, None] > templates)
    others &= ~(is_twice & np.isin(templates, probes))
    return Comparisons(name, scores, others, measured.risks[probes], measured.risks[templates])


def _useful_risk(measured: Measured, surface: Surface) -> float:
    """Return the risk up to which at least a fifth of the people are still known by.

    A spoiled picture is compared with the other photographs of its person.
    """
    good = np.flatnonzero(np.isin(measured.groups, (AS_IS, TURNED)))
    first: dict[int, int] = {}
    for row in good:
        first.setdefault(int(measured.people[row]), int(row))
    risks, passed = [], []
    for row in np.flatnonzero(~np.isin(measured.groups, (AS_IS, TURNED))):
        person = int(measured.people[row])
        own = good[(measured.people[good] == person) & (good != first.get(person, -1))]
        if not len(own):
            continue
        scores = measured.templates[own] @ measured.probes[row]
        at_levels = surface.cosine(MAX_FMR, float(measured.risks[row]))
        needed = np.interp(measured.risks[own], surface.risks, at_levels)
        risks.append(float(measured.risks[row]))
        passed.append(float((scores >= needed).mean()))
    if len(risks) < 200:
        return float(measured.risks.max())
    order = np.argsort(risks)
    ranked, share = np.array(risks)[order], np.array(passed)[order]
    bad = np.flatnonzero(falling(share) < _USEFUL_SHARE)
    if not len(bad):
        return float(ranked[-1])
    # Pictures of the same risk are as bad as the first of them.
    useful = ranked[ranked < ranked[bad[0]]]
    return float(useful[-1]) if len(useful) else float(ranked[0])


def falling(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the closest sequence that never rises: pool adjacent violators (Barlow, 1972)."""
    pools: list[tuple[float, int]] = []
    for value in values.tolist():
        mean, count = value, 1
        while pools and pools[-1][0] < mean:
            last, size = pools.pop()
            mean, count = (last * size + mean * count) / (size + count), size + count
        pools.append((mean, count))
    return np.repeat([mean for mean, _ in pools], [count for _, count in pools])


def _with_masks(calibration: Calibration, faces: Sequence[Sample]) -> Calibration:
    """Measure masked probes against templates with a mask drawn over them."""
    enrolled = [face for face in faces if face.masked_template is not None]
    probes = [face for face in faces if face.group == MASKED]
    if len(enrolled) < _MIN_PEOPLE or len(probes) < _MIN_PEOPLE:
        return calibration
    names = sorted({face.person for face in enrolled})
    ids = {name: place for place, name in enumerate(names)}
    templates: list[Embedding] = []
    kinds, owners = [], []
    for face in enrolled:
        for embedding, kind in (
            (face.template, TemplateKind.PLAIN),
            (face.masked_template, TemplateKind.MASKED),
        ):
            if embedding is not None:
                templates.append(embedding)
                kinds.append(kind)
                owners.append(ids[face.person])
    gallery = Gallery(
        calibration.model,
        np.array(owners, np.int64),
        stacked(templates),
        calibration,
        kinds,
        [embedding.conditions for embedding in templates],
        [embedding.pose for embedding in templates],
    )
    masked = gallery.masked
    prepared = [gallery.prepare(face.probe) for face in probes]
    scores = np.stack([probe.vector for probe in prepared]) @ masked.vectors.T
    owner = np.array([ids.get(face.person, -1) for face in probes])
    others = owner[:, None] != masked.ids
    risks = np.array([probe.risk for probe in prepared])
    group = Comparisons(MASKED, scores, others, risks, masked.risks)
    try:
        surface = fit_surface([group], np.array([np.inf]))
    except ValueError:  # too few comparisons
        return calibration
    surfaces = {**calibration.surfaces, TemplateKind.MASKED: surface}
    return dataclasses.replace(calibration, surfaces=surfaces)


def _selected(measured: Measured, keep: NDArray[np.bool_]) -> Measured:
    return Measured(
        measured.people[keep],
        measured.groups[keep],
        measured.probes[keep],
        measured.templates[keep],
        measured.risks[keep],
        measured.enrollable[keep],
    )


def _impostor_pairs(people: Sequence[str]) -> int:
    _, counts = np.unique(people, return_counts=True)
    total = int(counts.sum()) if len(counts) else 0
    return (total * total - int((counts**2).sum())) // 2


def _genuine_pairs(people: Sequence[str]) -> int:
    _, counts = np.unique(people, return_counts=True)
    return int((counts * (counts - 1)).sum()) // 2
