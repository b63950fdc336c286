"""How good: the kiosk's own gate and one-frame decision, run over photographs and counted.

The rates follow ISO/IEC 19795-1. FNIR: share of enrolled people's probes that were not accepted as
the right person (refused ones included). FPIR: share of strangers' probes accepted as anybody.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kiosk.camera.imagefile import read_image
from kiosk.domain import (
    Embedding,
    FaceReport,
    Frame,
    ModelId,
    Outcome,
    Template,
    TemplateKind,
)
from kiosk.enrolment import made_templates
from kiosk.errors import EnrolmentError, ImageError
from kiosk.photolist import Photo
from kiosk.pipeline import Pipeline
from kiosk.recognition.gallery import Gallery
from kiosk.recognition.thresholds import Calibration, flat_calibration
from kiosk.vision.quality import ENROLMENT

Progress = Callable[[int, int], None]
_FMR_TABLE = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
# Fewer impostors than this above a threshold say little about the rate.
_MIN_IMPOSTORS_ABOVE = 3
UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Enrolled:
    """The gallery made from the enrolment list, and what became of each row."""

    gallery: Gallery
    people: tuple[str, ...]
    """Names; a person's id in the gallery is the place in this tuple."""
    rows: tuple[dict[str, Any], ...]
    unreadable: tuple[str, ...] = ()
    """A sentence for each file that is no usable image."""


def enrol_photos(
    pipeline: Pipeline, photos: Sequence[Photo], progress: Progress | None = None
) -> Enrolled:
    """Offer photographs to the enrolment gate.

    Raises EnrolmentError for a row without a person.
    """
    for photo in photos:
        if not photo.person:
            raise EnrolmentError(f"{photo.path}: an enrolment row needs a person.")
    people = sorted({photo.person for photo in photos})
    ids = {name: index for index, name in enumerate(people)}
    rows: list[dict[str, Any]] = []
    unreadable: list[str] = []
    templates: list[Template] = []
    for index, photo in enumerate(photos):
        if progress is not None:
            progress(index, len(photos))
        try:
            frame = Frame(read_image(photo.file), captured_at_ns=index)
        except ImageError as error:
            rows.append(_unreadable(photo))
            unreadable.append(str(error))
            continue
        report = pipeline.examine(frame, limits=ENROLMENT)
        rows.append({**_row(photo, report, people), "threshold": None})
        if report.refusal is None:
            # With nobody to compare it with, accepted means taken into the gallery.
            rows[-1]["outcome"] = Outcome.ACCEPTED.value
            embedding = pipeline.template(frame, report)
            masked = pipeline.masked_template(frame, report) if pipeline.knows_masks else None
            made = made_templates(embedding, masked, "photo", 0)
            templates += [dataclasses.replace(each, person_id=ids[photo.person]) for each in made]
    # An empty one is worth a report all the same: that everything was refused is what it says.
    gallery = gallery_of(pipeline.model, templates)
    return Enrolled(gallery, tuple(people), tuple(rows), tuple(unreadable))


def gallery_of(model: ModelId, templates: Sequence[Template]) -> Gallery:
    """Return the gallery of templates that are in no store."""
    if not templates:
        return Gallery.empty(model)
    return Gallery(
        model,
        np.array([template.person_id for template in templates], np.int64),
        np.stack([template.embedding.vector for template in templates]),
        kinds=[template.kind for template in templates],
        conditions=[template.conditions for template in templates],
        poses=[template.pose for template in templates],
    )


def evaluate(
    pipeline: Pipeline,
    enrol: Sequence[Photo],
    probe: Sequence[Photo],
    progress: Progress | None = None,
    calibration: Calibration | None = None,
) -> dict[str, Any]:
    """Enrol one list, probe with another; return ``enrolled``, ``probes`` and ``summary``.

    ``calibration`` is that of the pipeline's models; without it single comparisons are judged by
    their cosines alone. The pipeline is left with the evaluation's gallery. Raises EnrolmentError.
    """
    enrolled = enrol_photos(pipeline, enrol, progress)
    pipeline.set_gallery(enrolled.gallery)
    calibration = calibration or flat_calibration(pipeline.model, -1.0)
    pairs = _Pairs(enrolled.gallery.calibrated(calibration), calibration, enrolled.people)
    rows = []
    unreadable = list(enrolled.unreadable)
    for index, photo in enumerate(probe):
        if progress is not None:
            progress(index, len(probe))
        try:
            frame = Frame(read_image(photo.file), captured_at_ns=index)
        except ImageError as error:
            rows.append(_unreadable(photo))
            unreadable.append(str(error))
            continue
        report = pipeline.examine(frame)
        rows.append(_row(photo, report, enrolled.people))
        if report.embedding is not None:
            pairs.add(report.embedding, photo.person)
    if progress is not None:
        progress(len(probe), len(probe))
    summary = {
        "templates": len(enrolled.gallery),
        "people_enrolled": enrolled.gallery.people,
        "people_refused": len(enrolled.people) - enrolled.gallery.people,
        "enrolment_refusals": _refusals(enrolled.rows),
        "threshold": round(pipeline.threshold, 5),
        "unreadable": unreadable,
        **_counts(rows, set(enrolled.people)),
        "fmr_table": pairs.table(),
        "by_condition": _by_condition(rows, set(enrolled.people)),
    }
    return {"enrolled": list(enrolled.rows), "probes": rows, "summary": summary}


def door_comparisons(
    gallery: Gallery, calibration: Calibration, probe: Embedding, fmr: float
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return whose templates the door compares a probe with, and the excesses over the thresholds.

    Both have shape (N,); excesses are similarity − threshold for ``fmr`` under the conditions of
    probe and template. A masked probe is compared with masked templates where there are any.
    Raises ModelError for a probe of another model.
    """
    ids, excesses = gallery.person_ids, gallery.excesses(probe, fmr)
    prepared = gallery.prepare(probe)
    if not (prepared.is_masked and len(gallery.masked.ids)):
        return ids, excesses
    rows = gallery.masked
    masked, _ = rows.compared(calibration, TemplateKind.MASKED, prepared.vector, prepared.risk, fmr)
    others = ~np.isin(ids, rows.ids)
    return np.concatenate([rows.ids, ids[others]]), np.concatenate([masked, excesses[others]])


def _row(photo: Photo, report: FaceReport, people: Sequence[str]) -> dict[str, Any]:
    subject, pose, match = report.subject, report.pose, report.match
    accepted = report.outcome is Outcome.ACCEPTED and match is not None
    return {
        "path": photo.path,
        "person": photo.person,
        "condition": photo.condition,
        "outcome": report.outcome.value,
        "matched": people[match.person_id] if accepted and match else None,
        "similarity": round(match.similarity, 5) if match else None,
        "threshold": round(report.threshold, 5) if report.threshold is not None else None,
        "refusal": report.refusal.value if report.refusal else None,
        "box": _rounded(asdict(subject.box).values()) if subject else None,
        "landmarks": [_rounded(point) for point in subject.landmarks] if subject else None,
        "yaw_deg": round(pose.yaw_deg, 1) if pose else None,
        "pitch_deg": round(pose.pitch_deg, 1) if pose else None,
        "roll_deg": round(pose.roll_deg, 1) if pose else None,
        "conditions": (
            {name: round(value, 4) for name, value in asdict(report.conditions).items()}
            if report.conditions
            else None
        ),
    }


def _unreadable(photo: Photo) -> dict[str, Any]:
    nothing = FaceReport((), None, None, None, None, None, None, None, Outcome.REFUSED)
    return {**_row(photo, nothing, ()), "refusal": UNREADABLE}


def _rounded(values: Iterable[float]) -> list[float]:
    return [round(float(value), 2) for value in values]


def _counts(rows: Sequence[dict[str, Any]], known: set[str]) -> dict[str, Any]:
    """Count outcomes. A named person who is not in the enrolment list is a stranger too."""
    genuine = [row for row in rows if row["person"] in known]
    strangers = [row for row in rows if row["person"] not in known]
    right = sum(row["matched"] == row["person"] for row in genuine)
    wrong = sum(row["matched"] is not None and row["matched"] != row["person"] for row in genuine)
    let_in = sum(row["matched"] is not None for row in strangers)
    return {
        "genuine": len(genuine),
        "genuine_accepted": right,
        "wrong_person": wrong,
        "strangers": len(strangers),
        "strangers_accepted": let_in,
        "fnir": _rate(len(genuine) - right, len(genuine)),
        "fpir": _rate(let_in, len(strangers)),
        "wrong_person_rate": _rate(wrong, len(genuine)),
        "refusals": _refusals(rows),
    }


def _by_condition(rows: Sequence[dict[str, Any]], known: set[str]) -> dict[str, Any]:
    names = sorted({row["condition"] for row in rows if row["condition"]})
    return {
        name: _counts([row for row in rows if row["condition"] == name], known) for name in names
    }


def _refusals(rows: Sequence[dict[str, Any]]) -> dict[str, int]:
    return dict(Counter(row["refusal"] for row in rows if row["refusal"]).most_common())


def _rate(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None


class _Pairs:
    """Single comparisons, gathered to say FNMR at false-match rates as far as counts allow."""

    def __init__(self, gallery: Gallery, calibration: Calibration, people: Sequence[str]) -> None:
        self._gallery, self._calibration = gallery, calibration
        self._people = np.array(people)
        self._genuine: dict[float, list[NDArray[np.float64]]] = {fmr: [] for fmr in _FMR_TABLE}
        self._impostors: dict[float, list[NDArray[np.float64]]] = {fmr: [] for fmr in _FMR_TABLE}

    def add(self, probe: Embedding, person: str) -> None:
        """Compare a probe with everybody, as the door does."""
        if not len(self._gallery):
            return
        for fmr in _FMR_TABLE:
            ids, excesses = door_comparisons(self._gallery, self._calibration, probe, fmr)
            same = self._people[ids] == person
            self._genuine[fmr].append(excesses[same])
            self._impostors[fmr].append(excesses[~same])

    def table(self) -> list[dict[str, Any]]:
        """Return a row for each rate; all thresholds are moved by the same to measure it exactly.

        ``cosine`` is the threshold in good conditions then, and ``offset`` how far it was moved;
        the ``promised_`` figures are those without moving.
        """
        return [self._row(fmr) for fmr in _FMR_TABLE if self._supports(fmr)]

    def _supports(self, fmr: float) -> bool:
        return fmr * sum(map(len, self._impostors[fmr])) >= _MIN_IMPOSTORS_ABOVE

    def _row(self, fmr: float) -> dict[str, Any]:
        genuine = np.concatenate(self._genuine[fmr])
        impostors = np.sort(np.concatenate(self._impostors[fmr]))[::-1]
        offset = float(impostors[int(fmr * len(impostors))])
        return {
            "fmr": fmr,
            "cosine": round(self._calibration.threshold(fmr) + offset, 5),
            "fnmr": _rate(int((genuine <= offset).sum()), genuine.size),
            "impostor_pairs": int(impostors.size),
            "genuine_pairs": int(genuine.size),
            "offset": round(offset, 5),
            "promised_cosine": round(self._calibration.threshold(fmr), 5),
            "promised_fmr": _rate(int((impostors >= 0).sum()), impostors.size),
            "promised_fnmr": _rate(int((genuine < 0).sum()), genuine.size),
        }
