"""Measure thresholds: compare everybody with everybody else and count.

Templates are made as enrolment makes them and probes as the door makes them, both behind their
gates, so that the rates are those of the program and not of a bare network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kiosk.camera.imagefile import read_image
from kiosk.domain import Frame, ModelId
from kiosk.errors import ImageError, ModelError
from kiosk.evaluation import Progress
from kiosk.photolist import Photo
from kiosk.pipeline import Pipeline
from kiosk.recognition.thresholds import Calibration, calibrate
from kiosk.vision.quality import ENROLMENT


@dataclass(frozen=True, slots=True)
class CalibrationRun:
    """A calibration, and how many photographs were used and refused."""

    calibration: Calibration
    used: int
    refused: int


def measure_thresholds(
    pipeline: Pipeline,
    model: ModelId,
    photos: Sequence[Photo],
    source: str,
    progress: Progress | None = None,
) -> CalibrationRun:
    """Compare the photographs of different people. Raises ModelError when they are too few."""
    people, templates, probes = [], [], []
    refused = 0
    for index, photo in enumerate(photos):
        if progress is not None:
            progress(index, len(photos))
        try:
            frame = Frame(read_image(photo.file), captured_at_ns=index)
        except ImageError:
            refused += 1
            continue
        report = pipeline.examine(frame, limits=ENROLMENT)
        if report.embedding is None:
            refused += 1
        else:
            people.append(photo.person)
            probes.append(report.embedding.vector)
            templates.append(pipeline.template(frame, report).vector)
    if progress is not None:
        progress(len(photos), len(photos))
    if len(set(people)) < 2:
        raise ModelError("A calibration needs photographs of several people that pass the gate.")
    similarity = np.stack(templates) @ np.stack(probes).T
    owner = np.array(people)
    same = owner[:, None] == owner[None, :]
    itself = np.eye(len(owner), dtype=bool)
    calibration = calibrate(
        model, similarity[~same], int((same & ~itself).sum()), len(set(people)), source
    )
    return CalibrationRun(calibration, len(people), refused)
