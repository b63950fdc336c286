"""What the full-precision networks say about the held-out frames; computed once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convert.networks import Networks
from convert.pictures import Picture
from kiosk.domain import Detection, Frame, Pixels
from kiosk.models.card import SIMULATED, Role
from kiosk.models.runtime import Runtime
from kiosk.vision.alignment import align
from kiosk.vision.subject import choose_subject

SECOND_LOOK_IOU = 0.2
"""A detection this near to a better one is a second look at the same face."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """One frame as the full-precision networks see it."""

    picture: Picture
    faces: tuple[Detection, ...]
    """Without second looks."""
    subject: Detection | None
    chip: Pixels | None
    """Of the subject, aligned for the embedder."""
    is_of_its_kind: bool
    """Whether it shows whom the embedder knows: people or drawn people."""

    @property
    def frame(self) -> Frame:
        """The frame."""
        return self.picture.frame


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """All held-out frames, and the networks they are compared with."""

    networks: Networks
    runtimes: dict[Role, Runtime]
    seen: tuple[Seen, ...]
    source: str


def look_at(
    networks: Networks, runtimes: dict[Role, Runtime], pictures: Sequence[Picture], source: str
) -> Reference:
    """Detect, choose and align on every picture."""
    knows_drawn = runtimes[Role.EMBEDDER].card.knows == SIMULATED
    is_mixed = len({picture.is_drawn for picture in pictures}) > 1
    seen = []
    for picture in pictures:
        detections = networks.detector.detect(picture.frame)
        subject, _ = choose_subject(picture.frame, detections)
        is_of_its_kind = not is_mixed or picture.is_drawn == knows_drawn
        chip = None
        if subject is not None:
            try:
                chip = align(picture.frame, subject, networks.embedder.chip_size_px)
            except ValueError:
                subject = None
        seen.append(Seen(picture, first_looks(detections), subject, chip, is_of_its_kind))
    return Reference(networks, runtimes, tuple(seen), source)


def first_looks(detections: Sequence[Detection]) -> tuple[Detection, ...]:
    """Return the detections, best first, that are not near to a better one."""
    kept: list[Detection] = []
    for each in detections:
        if not overlaps(each, kept, SECOND_LOOK_IOU):
            kept.append(each)
    return tuple(kept)


def overlaps(one: Detection, others: Sequence[Detection], least: float) -> list[int]:
    """Return the places of those that overlap ``one`` by at least so much, the most first."""
    found = [(_iou(one, other), place) for place, other in enumerate(others)]
    return [place for value, place in sorted(found, reverse=True) if value >= least]


def eye_distance(face: Detection) -> float:
    """Return the distance between the eyes in frame pixels."""
    return float(np.linalg.norm(face.landmarks[1] - face.landmarks[0]))


def unit_rows(vectors: Sequence[NDArray[np.float32]]) -> NDArray[np.float64]:
    """Return vectors as rows of length 1."""
    rows = np.array(vectors, np.float64)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)


def _iou(one: Detection, other: Detection) -> float:
    a, b = one.box, other.box
    across = min(a.right, b.right) - max(a.left, b.left)
    down = min(a.bottom, b.bottom) - max(a.top, b.top)
    inner = max(across, 0.0) * max(down, 0.0)
    return inner / max(a.area + b.area - inner, 1e-9)
