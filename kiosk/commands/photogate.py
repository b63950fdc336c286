"""Enrolment from photographs: the same gate as at the door, and a look at who is there already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kiosk.camera.imagefile import printable, read_image
from kiosk.commands.setup import make_pipeline
from kiosk.commands.wording import REFUSALS
from kiosk.config import Config
from kiosk.domain import Embedding, Frame, Template
from kiosk.enrolment import made_templates
from kiosk.errors import ImageError
from kiosk.people import EnrolledPeople, Likeness
from kiosk.pipeline import FaceModels
from kiosk.recognition.gallery import Gallery
from kiosk.vision.quality import ENROLMENT

# One pair of strangers in a hundred is more alike than two photographs of one person must be here:
# far poses of one person pass, a wrong line in a list does not.
_STRANGER_FMR = 1e-2


@dataclass(frozen=True, slots=True)
class LookAlike:
    """Somebody enrolled whom a new face resembles as much as a match."""

    name: str
    similarity: float


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """What the photographs of one person came to."""

    embeddings: tuple[Embedding, ...]
    masked: tuple[Embedding | None, ...]
    """Of the same pictures with masks drawn over the face."""
    refused: tuple[str, ...]
    """A line for each photograph that was refused, with the reason."""
    look_alike: LookAlike | None
    """The most similar of those enrolled who are like a match."""
    alike_ids: frozenset[int]
    """All of these."""

    def templates(self, now_ms: int) -> list[Template]:
        """Return the templates to store."""
        pairs = zip(self.embeddings, self.masked, strict=True)
        made = (made_templates(plain, masked, "photo", now_ms) for plain, masked in pairs)
        return [template for templates in made for template in templates]


class PhotoGate:
    """Examines photographs and compares them with everybody enrolled."""

    def __init__(self, models: FaceModels, config: Config, people: EnrolledPeople | None) -> None:
        """``people`` may be None: nobody is enrolled yet."""
        self._models = models
        self._likeness = Likeness(models.calibration, config.recognition.stranger_rate)
        self._pipeline = make_pipeline(models, config)
        model = models.embedder.model
        self._enrolled = people.everybody if people else Gallery.empty(model)
        self._admitted = Gallery.empty(model)
        self._ids: list[int] = []
        self._faces: list[Embedding] = []
        self._names = dict(people.all_names) if people else {}

    def examine(self, paths: Sequence[Path]) -> Candidate:
        """Offer photographs of one person to the enrolment gate. Raises ModelError."""
        embeddings: list[Embedding] = []
        masked: list[Embedding | None] = []
        refused: list[str] = []
        for path in paths:
            shown = printable(path)
            try:
                frame = Frame(read_image(path), captured_at_ns=0, label=shown)
            except ImageError as error:
                refused.append(str(error))
                continue
            report = self._pipeline.examine(frame, limits=ENROLMENT)
            if report.refusal is not None:
                refused.append(f"{shown}: {REFUSALS[report.refusal]}.")
                continue
            embedding = self._pipeline.template(frame, report)
            similarity = max((float(embedding.vector @ e.vector) for e in embeddings), default=1.0)
            if similarity < self._models.calibration.threshold(_STRANGER_FMR):
                refused.append(
                    f"{shown}: it shows somebody else than the photographs before it (similarity "
                    f"{similarity:.2f})."
                )
                continue
            embeddings.append(embedding)
            knows = self._pipeline.knows_masks
            masked.append(self._pipeline.masked_template(frame, report) if knows else None)
        alike = self._alike(embeddings)
        like = max(alike, key=lambda person: alike[person], default=None)
        look_alike = None
        if like is not None:
            look_alike = LookAlike(self._names.get(like, ""), alike[like])
        return Candidate(
            tuple(embeddings), tuple(masked), tuple(refused), look_alike, frozenset(alike)
        )

    def admit(self, person_id: int, name: str, embeddings: Sequence[Embedding]) -> None:
        """Compare those who come later with this person too."""
        self._names[person_id] = name
        self._ids += [person_id] * len(embeddings)
        self._faces += embeddings
        self._admitted = Gallery(
            self._admitted.model,
            np.array(self._ids, np.int64),
            np.stack([face.vector for face in self._faces]),
            conditions=[face.conditions for face in self._faces],
            poses=[face.pose for face in self._faces],
        )

    def _alike(self, faces: Sequence[Embedding]) -> dict[int, float]:
        """Return whom these faces look like, with the similarity."""
        count = len(self._enrolled) + len(self._admitted)
        found = self._likeness.whom(self._enrolled, faces, count)
        return {**found, **self._likeness.whom(self._admitted, faces, count)}
