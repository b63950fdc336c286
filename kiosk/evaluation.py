"""How good: the kiosk's own gate and one-frame decision, run over photographs and counted.

The rates follow ISO/IEC 19795-1. FNIR: share of enrolled people's probes that were not accepted as
the right person (refused ones included). FPIR: share of strangers' probes accepted as anybody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kiosk.camera.imagefile import read_image
from kiosk.domain import FaceReport, Frame, Outcome
from kiosk.errors import EnrolmentError, ImageError
from kiosk.photolist import Photo
from kiosk.pipeline import Pipeline
from kiosk.recognition.gallery import Gallery
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
    person_ids, vectors = [], []
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
            template = pipeline.template(frame, report)
            person_ids.append(ids[photo.person])
            vectors.append(template.vector)
    if not vectors:
        # Worth a report all the same: that everything was refused is what it says.
        gallery = Gallery.empty(pipeline.model)
    else:
        gallery = Gallery(pipeline.model, np.array(person_ids, np.int64), np.stack(vectors))
    return Enrolled(gallery, tuple(people), tuple(rows), tuple(unreadable))


def evaluate(
    pipeline: Pipeline,
    enrol: Sequence[Photo],
    probe: Sequence[Photo],
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Enrol one list, probe with another; return ``enrolled``, ``probes`` and ``summary``.

    The pipeline is left with the evaluation's gallery. Raises EnrolmentError.
    """
    enrolled = enrol_photos(pipeline, enrol, progress)
    pipeline.set_gallery(enrolled.gallery)
    rows, scores, owners = [], [], []
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
            scores.append(enrolled.gallery.similarities(report.embedding))
            owners.append(photo.person)
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
        "fmr_table": _fmr_table(scores, owners, enrolled),
        "by_condition": _by_condition(rows, set(enrolled.people)),
    }
    return {"enrolled": list(enrolled.rows), "probes": rows, "summary": summary}


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


def _fmr_table(
    scores: Sequence[NDArray[np.float32]], owners: Sequence[str], enrolled: Enrolled
) -> list[dict[str, Any]]:
    """Return FNMR at false-match rates of single comparisons, as far as the counts allow."""
    if not scores:
        return []
    table = np.stack(scores)
    names = np.array(enrolled.people)[enrolled.gallery.person_ids]
    same = np.array(owners)[:, None] == names[None, :]
    genuine, impostors = table[same], np.sort(table[~same])[::-1]
    return [
        {
            "fmr": fmr,
            "cosine": round(float(impostors[int(fmr * len(impostors))]), 5),
            "fnmr": _rate(
                int((genuine <= impostors[int(fmr * len(impostors))]).sum()), genuine.size
            ),
            "impostor_pairs": int(impostors.size),
            "genuine_pairs": int(genuine.size),
        }
        for fmr in _FMR_TABLE
        if fmr * len(impostors) >= _MIN_IMPOSTORS_ABOVE
    ]
