"""Enrolment from photographs: the same gate as at the door, and a look at who is there already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kiosk.camera.imagefile import printable, read_image
from kiosk.commands.setup import make_pipeline
from kiosk.commands.wording import REFUSALS
from kiosk.config import Config
from kiosk.domain import Embedding, Frame, Template
from kiosk.errors import ImageError
from kiosk.people import EnrolledPeople
from kiosk.pipeline import FaceModels
from kiosk.recognition.gallery import Gallery
from kiosk.recognition.thresholds import comparison_rate
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
    refused: tuple[str, ...]
    """A line for each photograph that was refused, with the reason."""
    look_alike: LookAlike | None

    def templates(self, now_ms: int) -> list[Template]:
        """Return the templates to store."""
        return [Template(0, embedding, "photo", now_ms) for embedding in self.embeddings]


class PhotoGate:
    """Examines photographs and compares them with everybody enrolled."""

    def __init__(self, models: FaceModels, config: Config, people: EnrolledPeople | None) -> None:
        """``people`` may be None: nobody is enrolled yet."""
        self._models = models
        self._rate = config.recognition.stranger_rate
        self._pipeline = make_pipeline(models, config)
        model = models.embedder.model
        self._enrolled = people.everybody if people else Gallery.empty(model)
        self._admitted = Gallery.empty(model)
        self._ids: list[int] = []
        self._vectors: list[NDArray[np.float32]] = []
        self._names = dict(people.all_names) if people else {}

    def examine(self, paths: Sequence[Path]) -> Candidate:
        """Offer photographs of one person to the enrolment gate. Raises ModelError."""
        embeddings: list[Embedding] = []
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
        return Candidate(tuple(embeddings), tuple(refused), self._find_like(embeddings))

    def admit(self, person_id: int, name: str, embeddings: Sequence[Embedding]) -> None:
        """Compare those who come later with this person too."""
        self._names[person_id] = name
        self._ids += [person_id] * len(embeddings)
        self._vectors += [embedding.vector for embedding in embeddings]
        self._admitted = Gallery(
            self._admitted.model, np.array(self._ids, np.int64), np.stack(self._vectors)
        )

    def _find_like(self, embeddings: Sequence[Embedding]) -> LookAlike | None:
        galleries = (self._enrolled, self._admitted)
        found = (gallery.search(embedding) for gallery in galleries for embedding in embeddings)
        matches = [match for match in found if match is not None]
        best = max(matches, key=lambda match: match.similarity, default=None)
        if best is None or best.similarity < self._threshold(sum(map(len, galleries))):
            return None
        return LookAlike(self._names.get(best.person_id, ""), best.similarity)

    def _threshold(self, templates: int) -> float:
        return self._models.calibration.threshold(comparison_rate(self._rate, templates))
