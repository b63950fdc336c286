"""Faces to judge thresholds by: photographs as they are, and spoiled by known amounts.

Unlike a calibration, which looks at everything, this knows what the door and enrolment refuse.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from kiosk.calibrationsample import AS_IS, MASKED, MEASURED, Sample, Samples, Shot, photo_shots
from kiosk.degradation import KINDS, Degradation
from kiosk.domain import Box, Detection, Embedding, Frame
from kiosk.photolist import Photo
from kiosk.pipeline import Pipeline
from kiosk.recognition.thresholds import Calibration
from kiosk.vision.maskstyle import random_style
from kiosk.vision.paintedmask import paint_mask
from kiosk.vision.quality import DOOR, ENROLMENT, GateLimits, check_quality
from kiosk.vision.subject import choose_subject

Progress = Callable[[int, int], None]

MASK = Degradation(
    MASKED,
    MASKED,
    lambda pixels, landmarks, rng: np.asarray(
        paint_mask(pixels.astype(np.uint8), landmarks, random_style(rng)), np.float32
    ),
)
"""A drawn mask of any cut, colour and height, another one for each picture."""
EVALUATED: tuple[Degradation, ...] = (*(kind for kind in KINDS if kind.group != AS_IS), MASK)
# Other noise and masks than those of a calibration with the same photographs.
_SEED = 6
_BLANK = Frame(np.zeros((1, 1, 3), np.uint8), 0)
_SOMEWHERE = Detection(Box(0, 0, 1, 1), np.zeros((5, 2), np.float32), 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One look at one picture."""

    person: str
    photo: int
    """Which photograph it was, or was made of."""
    kind: str
    """AS_IS, or the name of what was done to the picture."""
    probe: Embedding | None
    """As the door makes it, whatever its gate says; None where no face was found."""
    at_door: bool = False
    """Whether the door's gate lets it pass; what the thresholds refuse is another matter."""
    template: Embedding | None = None
    """As enrolment makes it; None for what enrolment refuses and for pictures that were spoiled."""
    masked_template: Embedding | None = None
    is_first: bool = False
    """Whether this picture as it is was spoiled too."""


def look_at(
    pipeline: Pipeline,
    photos: Sequence[Photo],
    kinds: Sequence[Degradation] = EVALUATED,
    progress: Progress | None = None,
) -> list[Face]:
    """Look at every photograph, and at the spoiled copies of each person's first.

    The pipeline's own thresholds must refuse nobody. Raises ModelError when a network fails.
    """
    faces: list[Face] = []
    for index, shot in enumerate(photo_shots(photos)):
        if progress is not None:
            progress(index, len(photos))
        if shot is not None:
            faces += _looked(pipeline, shot, index, kinds)
    if progress is not None:
        progress(len(photos), len(photos))
    return faces


def _looked(
    pipeline: Pipeline, shot: Shot, index: int, kinds: Sequence[Degradation]
) -> Iterator[Face]:
    report = pipeline.examine(shot.frame, limits=MEASURED)
    if report.embedding is None or report.subject is None:
        return
    _, rival = choose_subject(shot.frame, report.detections)
    can_enrol = _passes(ENROLMENT, report.embedding, rival)
    wants_masks = can_enrol and any(kind.group == MASKED for kind in kinds)
    yield Face(
        shot.person,
        index,
        AS_IS,
        report.embedding,
        _passes(DOOR, report.embedding, rival),
        pipeline.template(shot.frame, report) if can_enrol else None,
        pipeline.masked_template(shot.frame, report) if wants_masks else None,
        shot.is_first,
    )
    if not shot.is_first:
        return
    rng = np.random.default_rng((_SEED, index))
    for kind in kinds:
        pixels = kind.apply(shot.frame.pixels, report.subject.landmarks, rng)
        frame = Frame(pixels, shot.frame.captured_at_ns)
        found = pipeline.examine(frame, limits=MEASURED)
        _, rival = choose_subject(frame, found.detections)
        passes = found.embedding is not None and _passes(DOOR, found.embedding, rival)
        yield Face(shot.person, index, kind.name, found.embedding, passes)


def faces_of(samples: Samples) -> list[Face]:
    """Return the faces of a calibration. Second faces in a picture are not known of there."""
    faces: list[Face] = []
    kinds = {kind.name for kind in KINDS}
    for photo, run in enumerate(_runs(samples.faces)):
        is_first = any(sample.group in kinds for sample in run)
        for sample in run:
            is_as_is = sample.group == AS_IS
            can_enrol = is_as_is and _passes(ENROLMENT, sample.probe)
            faces.append(
                Face(
                    sample.person,
                    photo,
                    sample.group,
                    sample.probe,
                    _passes(DOOR, sample.probe),
                    sample.template if can_enrol else None,
                    sample.masked_template if can_enrol else None,
                    is_as_is and is_first,
                )
            )
    # A spoiled picture in which no face was found left no sample.
    named = kinds & {face.kind for face in faces}
    seen = {(face.photo, face.kind) for face in faces}
    lost = [
        Face(face.person, face.photo, name, None)
        for face in faces
        if face.is_first
        for name in sorted(named)
        if (face.photo, name) not in seen
    ]
    return faces + lost


def _runs(samples: Sequence[Sample]) -> Iterator[list[Sample]]:
    """Yield each picture's samples: as it is, then spoiled."""
    run: list[Sample] = []
    for sample in samples:
        if run and (sample.group == AS_IS or sample.person != run[0].person):
            yield run
            run = []
        run.append(sample)
    if run:
        yield run


def noted(face: Face, calibration: Calibration) -> Face:
    """Return the face with the strength of its embedding noted, as the door does."""
    if face.probe is None:
        return face
    strength = calibration.strength(face.probe.length)

    def with_strength(embedding: Embedding | None) -> Embedding | None:
        if embedding is None or embedding.conditions is None:
            return embedding
        conditions = dataclasses.replace(embedding.conditions, strength=strength)
        return dataclasses.replace(embedding, conditions=conditions)

    return dataclasses.replace(
        face,
        probe=with_strength(face.probe),
        template=with_strength(face.template),
        masked_template=with_strength(face.masked_template),
    )


def is_usable(face: Face, calibration: Calibration) -> bool:
    """Say whether the door would compare this face with anybody. ``face`` as from :func:`noted`."""
    probe = face.probe
    if not face.at_door or probe is None or probe.conditions is None or probe.pose is None:
        return False
    return calibration.refusal(probe.conditions, probe.pose) is None


def _passes(limits: GateLimits, embedding: Embedding, rival: float = 0.0) -> bool:
    if embedding.conditions is None or embedding.pose is None:
        return False
    # Frame and face only choose between two ways to say that a face is cut off.
    refusal = check_quality(limits, _BLANK, _SOMEWHERE, rival, embedding.pose, embedding.conditions)
    return refusal is None
