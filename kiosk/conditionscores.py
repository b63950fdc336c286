"""Three ways to judge the same comparisons: one fixed threshold, a guessed formula, measured ones.

All three see the same embeddings, so that they differ in nothing but the threshold. A score is
compared with one number in each way, which :mod:`kiosk.conditiontable` chooses alike for all.

The formula is that of the published work on door terminals that adapts its threshold: the distance
1 − cosine at which a face still passes is multiplied by 1 + a·light + b·angle + c·occlusion. Its
factors are guesses and were not published; those here are ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kiosk.calibrationsample import AS_IS
from kiosk.conditionfaces import Face, is_usable, noted
from kiosk.domain import Conditions, Embedding, HeadPose, TemplateKind
from kiosk.evaluation import door_comparisons
from kiosk.recognition.gallery import Gallery
from kiosk.recognition.thresholds import Calibration

FIXED, FORMULA, OURS = "fixed", "formula", "ours"
METHODS = (FIXED, FORMULA, OURS)
TURNED, PROFILE = "turned", "profile"
_TURNED_DEG, _PROFILE_DEG = 22.0, 45.0
PROMISES = (1e-3, 1e-4)
_LIGHT, _ANGLE, _OCCLUSION = 0.20, 0.15, 0.25
_DARK_LUMINANCE, _FULL_TURN_DEG = 100.0, 60.0
"""Below the one and up to the other the formula loosens: grey levels, degrees."""

Scores = Mapping[str, NDArray[np.float64]]
"""One array for each of METHODS; −inf where the face was not found or is refused."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a promise: ``matches`` of strangers among ``pairs`` that were compared."""

    rate: float
    pairs: int
    matches: int


@dataclass(frozen=True, slots=True, eq=False)
class KindScores:
    """All comparisons of one kind of conditions."""

    kind: str
    probes: int
    refused: int
    """Of the probes, those that the door compares with nobody, or finds no face in."""
    lost: int
    """Of the refused, those in which no face was found."""
    at_gate: int
    """Of the refused, those that the quality gate refuses; the thresholds refuse the rest."""
    genuine: Scores
    """The probe spoiled, the template another photograph of the same person, as it is."""
    impostors: Scores
    """The same with templates of other people."""
    both: Scores
    """Both pictures spoiled in the same way; every pair once."""
    kept: tuple[Kept, ...]
    """For each of PROMISES: both pictures spoiled."""


@dataclass(frozen=True, slots=True, eq=False)
class _Probes:
    """Faces of one kind, ready to be compared."""

    faces: Sequence[Face]
    raw: NDArray[np.float32]
    """Shape (N, D); zero where no face was found."""
    found: NDArray[np.bool_]
    usable: NDArray[np.bool_]
    loosening: NDArray[np.float64]


def scores_by_kind(
    faces: Sequence[Face], calibration: Calibration, rate: float
) -> Iterator[KindScores]:
    """Compare faces kind by kind; ours is the excess over the threshold for ``rate``.

    ``faces`` as from :mod:`kiosk.conditionfaces`. Yields nothing when there is no template.
    """
    known = [noted(face, calibration) for face in faces]
    enrolled = [face for face in known if face.template is not None]
    if not enrolled:
        return
    templates = np.stack([f.template.vector for f in enrolled if f.template is not None])
    gallery = _gallery(enrolled, calibration)
    for kind, members in _kinds(known):
        probes = _probes(members, calibration, templates.shape[1])
        same = _equal(probes.faces, enrolled, "person")
        own = _equal(probes.faces, enrolled, "photo")
        scores = {
            **_plain_scores(probes, templates),
            OURS: _excesses(probes, gallery, calibration, rate),
        }
        again = _gallery_of_probes(probes, calibration)
        both = {
            **_plain_scores(probes, probes.raw),
            OURS: _excesses(probes, again, calibration, rate),
        }
        for method in METHODS:
            both[method][:, ~(probes.usable if method == OURS else probes.found)] = -np.inf
        different = ~_equal(probes.faces, probes.faces, "person")
        pairs = np.triu(different, 1)
        yield KindScores(
            kind,
            len(same),
            int((~probes.usable).sum()),
            int((~probes.found).sum()),
            sum(face.probe is not None and not face.at_door for face in probes.faces),
            {method: scores[method][same & ~own] for method in METHODS},
            {method: scores[method][~same] for method in METHODS},
            {method: both[method][pairs] for method in METHODS},
            tuple(_kept(probes, again, calibration, pairs, promise) for promise in PROMISES),
        )


@dataclass(frozen=True, slots=True, eq=False)
class AsTheyAre:
    """Unspoiled photographs compared with each other."""

    probes: tuple[Face, ...]
    templates: tuple[Face, ...]
    excesses: NDArray[np.float64]
    """Over the thresholds, shape (probes, templates); −inf where the probe is refused."""


def compared_as_they_are(faces: Sequence[Face], calibration: Calibration, rate: float) -> AsTheyAre:
    """Compare every photograph as it is with the template of every other."""
    known = [noted(face, calibration) for face in faces if face.kind == AS_IS]
    enrolled = [face for face in known if face.template is not None]
    if not enrolled:
        return AsTheyAre(tuple(known), (), np.empty((len(known), 0)))
    gallery = _gallery(enrolled, calibration)
    # Faces as they are were all found.
    probes = _probes(known, calibration, 1)
    return AsTheyAre(tuple(known), tuple(enrolled), _excesses(probes, gallery, calibration, rate))


def _kinds(faces: Sequence[Face]) -> Iterator[tuple[str, list[Face]]]:
    """Yield the probes of every kind in the order in which kinds come up."""
    as_is = [face for face in faces if face.kind == AS_IS]
    yield AS_IS, [face for face in as_is if face.is_first]
    for name, least, most in (
        (TURNED, _TURNED_DEG, _PROFILE_DEG),
        (PROFILE, _PROFILE_DEG, 360.0),
    ):
        turned = [face for face in as_is if least < _turn_deg(face) <= most]
        if turned:
            yield name, turned
    for kind in dict.fromkeys(face.kind for face in faces if face.kind != AS_IS):
        yield kind, [face for face in faces if face.kind == kind]


def _turn_deg(face: Face) -> float:
    pose = None if face.probe is None else face.probe.pose
    return 0.0 if pose is None else abs(pose.yaw_deg)


def loosening(conditions: Conditions, pose: HeadPose) -> float:
    """Return by what factor the formula multiplies the distance that still passes, 1 or more."""
    darkness = 1 - conditions.luminance / _DARK_LUMINANCE
    light = max(min(max(darkness, 0.0), 1.0), conditions.side_light)
    angle = min(max(abs(pose.yaw_deg), abs(pose.pitch_deg)) / _FULL_TURN_DEG, 1.0)
    covered = max(conditions.mouth_covered, conditions.eyes_covered, conditions.side_covered)
    return 1 + _LIGHT * light + _ANGLE * angle + _OCCLUSION * covered


def _probes(faces: Sequence[Face], calibration: Calibration, size: int) -> _Probes:
    nothing = np.zeros(size, np.float32)
    return _Probes(
        faces,
        np.stack([nothing if f.probe is None else f.probe.vector for f in faces]),
        np.array([f.probe is not None for f in faces]),
        np.array([is_usable(f, calibration) for f in faces]),
        np.array([1.0 if f.probe is None else _loosening(f.probe) for f in faces]),
    )


def _loosening(probe: Embedding) -> float:
    if probe.conditions is None or probe.pose is None:
        return 1.0
    return loosening(probe.conditions, probe.pose)


def _plain_scores(
    probes: _Probes, templates: NDArray[np.float32]
) -> dict[str, NDArray[np.float64]]:
    cosines = (probes.raw @ templates.T).astype(np.float64)
    # cosine ≥ 1 − (1 − base)·f is the same as 1 − (1 − cosine)/f ≥ base.
    loosened = 1 - (1 - cosines) / probes.loosening[:, None]
    cosines[~probes.found] = -np.inf
    loosened[~probes.found] = -np.inf
    return {FIXED: cosines, FORMULA: loosened}


def _excesses(
    probes: _Probes, gallery: Gallery, calibration: Calibration, rate: float
) -> NDArray[np.float64]:
    """Return ours, shape (probes, people of the gallery), whose ids count up from 0."""
    excesses = np.full((len(probes.faces), gallery.people), -np.inf)
    for row in np.flatnonzero(probes.usable).tolist():
        probe = probes.faces[row].probe
        assert probe is not None
        ids, values = door_comparisons(gallery, calibration, probe, rate)
        excesses[row, ids] = values
    return excesses


def _kept(
    probes: _Probes,
    gallery: Gallery,
    calibration: Calibration,
    pairs: NDArray[np.bool_],
    promise: float,
) -> Kept:
    compared = pairs & probes.usable[:, None] & probes.usable[None, :]
    excesses = _excesses(probes, gallery, calibration, promise)
    return Kept(promise, int(compared.sum()), int((excesses[compared] >= 0).sum()))


def _gallery(enrolled: Sequence[Face], calibration: Calibration) -> Gallery:
    """Return a gallery in which every photograph is somebody of its own."""
    rows = [(i, f.template, TemplateKind.PLAIN) for i, f in enumerate(enrolled)]
    if calibration.knows_masks:
        rows += [(i, f.masked_template, TemplateKind.MASKED) for i, f in enumerate(enrolled)]
    chosen = [(i, template, kind) for i, template, kind in rows if template is not None]
    return Gallery(
        calibration.model,
        np.array([i for i, _, _ in chosen], np.int64),
        np.stack([template.vector for _, template, _ in chosen]),
        calibration,
        [kind for _, _, kind in chosen],
        [template.conditions for _, template, _ in chosen],
        [template.pose for _, template, _ in chosen],
    )


def _gallery_of_probes(probes: _Probes, calibration: Calibration) -> Gallery:
    embeddings = [face.probe for face in probes.faces]
    return Gallery(
        calibration.model,
        np.arange(len(embeddings)),
        probes.raw,
        calibration,
        None,
        [None if each is None else each.conditions for each in embeddings],
        [None if each is None else each.pose for each in embeddings],
    )


def _equal(probes: Sequence[Face], others: Sequence[Face], attribute: str) -> NDArray[np.bool_]:
    one = np.array([getattr(face, attribute) for face in probes])
    other = np.array([getattr(face, attribute) for face in others])
    equal: NDArray[np.bool_] = one[:, None] == other[None, :]
    return equal
