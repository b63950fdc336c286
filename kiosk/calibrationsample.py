"""What a calibration is measured on: faces, as they are and spoiled by known amounts.

Every photograph is used as it is; the first one of each person also with every kind of
degradation, and with masks drawn over the face.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kiosk.camera.imagefile import read_image
from kiosk.degradation import KINDS, Degradation
from kiosk.domain import Conditions, Embedding, Frame, HeadPose
from kiosk.errors import ImageError
from kiosk.photolist import Photo
from kiosk.pipeline import Pipeline
from kiosk.vision.maskstyle import random_style
from kiosk.vision.paintedmask import paint_mask
from kiosk.vision.quality import GateLimits

Progress = Callable[[int, int], None]

AS_IS, MASKED = "as_is", "mask"
# The milder of two strengths, or the other of two mirrored directions, teaches nothing new.
_NOT_MEASURED = (
    "defocus-1",
    "motion-5-0",
    "motion-5-45",
    "motion-5-90",
    "motion-7-0",
    "motion-7-90",
    "light-0.3-from-180",
    "light-0.1-from-180-wide",
    "noise-10",
    "small-44",
    "small-30",
)
MEASURED_KINDS = tuple(kind for kind in KINDS if kind.name not in _NOT_MEASURED)
_MASKS_PER_PERSON = 2
_SEED = 5
_TWIN_COSINE = 0.97
"""Above it two pictures are nearly one. In 510 studio photographs of 51 people strangers reach
0.84, and one person's own pictures seldom pass it: 9 pairs of 2,295."""
MEASURED = GateLimits(
    min_eye_distance_px=6,
    max_yaw_deg=90,
    max_pitch_deg=90,
    max_roll_deg=90,
    min_luminance=4,
    max_luminance=254,
    min_contrast=2,
    max_clipped_fraction=1.0,
    max_side_light=1.0,
    max_top_light=1.0,
    min_sharpness=0.05,
    min_inside_fraction=0.5,
    max_covered=1.0,
    max_rival=1.0,
)
"""What is measured is far worse than what the door's gate lets pass: a surface needs an edge."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One face that was looked at."""

    person: str
    group: str
    """What was done to the picture: its kind of degradation."""
    probe: Embedding
    """As the door makes it."""
    template: Embedding | None = None
    """As enrolment makes it; of pictures as they are."""
    masked_template: Embedding | None = None

    @property
    def conditions(self) -> Conditions:
        assert self.probe.conditions is not None
        return self.probe.conditions

    @property
    def pose(self) -> HeadPose:
        assert self.probe.pose is not None
        return self.probe.pose


@dataclass(frozen=True, slots=True)
class Samples:
    """Everything that was looked at, and how many pictures showed no usable face."""

    faces: tuple[Sample, ...]
    photographs: int
    refused: int


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """A picture to be measured; ``group`` as in Sample."""

    person: str
    frame: Frame
    group: str = AS_IS
    is_first: bool = True
    """Whether it is the one of its person that is spoiled too."""


@dataclass(frozen=True, slots=True)
class Twins:
    """Pictures of different people that are nearly the same."""

    pairs: int
    one: str
    other: str
    """The two people whose pictures are most alike."""
    cosine: float

    def in_words(self) -> str:
        """Say who they are and what to do."""
        others = f" (one of {self.pairs:,} such pairs)" if self.pairs > 1 else ""
        return (
            f"Pictures of {self.one} and {self.other} are nearly the same, cosine "
            f"{self.cosine:.3f}{others}. If that is one person under two names, or a copied "
            "picture, remove one and measure again: as strangers they raise every threshold."
        )


def twins_among(samples: Samples) -> Twins | None:
    """Find pictures as they are whose people differ and whose embeddings hardly do.

    Another picture of somebody under a second name is less alike and is not found.
    """
    faces = [face for face in samples.faces if face.group == AS_IS]
    if not faces:
        return None
    vectors = stacked([face.probe for face in faces])
    people = np.unique([face.person for face in faces], return_inverse=True)[1]
    pairs, best = 0, (-1.0, 0, 0)
    # Row by row: all cosines at once would need the memory of a calibration again.
    for row in range(len(faces) - 1):
        cosines = vectors[row + 1 :] @ vectors[row]
        cosines[people[row + 1 :] == people[row]] = -1
        pairs += int((cosines > _TWIN_COSINE).sum())
        most = int(cosines.argmax())
        best = max(best, (float(cosines[most]), row, row + 1 + most))
    if not pairs:
        return None
    cosine, one, other = best
    return Twins(pairs, faces[one].person, faces[other].person, cosine)


def photo_shots(photos: Sequence[Photo]) -> Iterator[Shot | None]:
    """Read photographs one by one; None for a file that is no usable image."""
    seen: set[str] = set()
    for index, photo in enumerate(photos):
        try:
            frame = Frame(read_image(photo.file), captured_at_ns=index)
        except ImageError:
            yield None
            continue
        yield Shot(photo.person, frame, is_first=photo.person not in seen)
        seen.add(photo.person)


def collect(
    pipeline: Pipeline,
    shots: Iterable[Shot | None],
    count: int,
    progress: Progress | None = None,
    kinds: Sequence[Degradation] = MEASURED_KINDS,
) -> Samples:
    """Look at ``count`` shots and their spoiled copies. Raises ModelError when a network fails."""
    faces: list[Sample] = []
    done = refused = 0
    for shot in shots:
        if progress is not None:
            progress(done, count)
        done += 1
        found = [] if shot is None else list(_look(pipeline, shot, kinds, seed=(_SEED, done)))
        refused += not found
        faces += found
    if progress is not None:
        progress(count, count)
    return Samples(tuple(faces), done, refused)


def _look(
    pipeline: Pipeline, shot: Shot, kinds: Sequence[Degradation], seed: tuple[int, int]
) -> Iterator[Sample]:
    report = pipeline.examine(shot.frame, limits=MEASURED)
    if report.embedding is None or report.subject is None:
        return
    if shot.group != AS_IS:
        yield Sample(shot.person, shot.group, report.embedding)
        return
    yield Sample(
        shot.person,
        AS_IS,
        report.embedding,
        pipeline.template(shot.frame, report),
        pipeline.masked_template(shot.frame, report) if shot.is_first else None,
    )
    if not shot.is_first:
        return
    rng = np.random.default_rng(seed)
    landmarks, pixels = report.subject.landmarks, shot.frame.pixels
    for kind in kinds:
        if kind.group == AS_IS:
            continue
        spoiled = Frame(kind.apply(pixels, landmarks, rng), shot.frame.captured_at_ns)
        embedding = pipeline.examine(spoiled, limits=MEASURED).embedding
        if embedding is not None:
            yield Sample(shot.person, kind.name, embedding)
    for _ in range(_MASKS_PER_PERSON):
        masked = Frame(paint_mask(pixels, landmarks, random_style(rng)), shot.frame.captured_at_ns)
        embedding = pipeline.examine(masked, limits=MEASURED).embedding
        if embedding is not None:
            yield Sample(shot.person, MASKED, embedding)


def stacked(embeddings: Sequence[Embedding]) -> NDArray[np.float32]:
    """Return vectors (N, D)."""
    return np.stack([embedding.vector for embedding in embeddings])
