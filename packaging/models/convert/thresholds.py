"""Thresholds of an 8-bit embedder, measured with the simulated 8-bit networks."""

from __future__ import annotations

from pathlib import Path

from convert.networks import MIN_SCORE
from kiosk.calibration import measure_thresholds
from kiosk.config import RecognitionConfig
from kiosk.models.pack import Pack
from kiosk.models.runtime import Runtime
from kiosk.photolist import read_photo_list
from kiosk.pipeline import FaceModels, Pipeline
from kiosk.recognition.decision import VisitDecider, VisitRules
from kiosk.recognition.gallery import Gallery
from kiosk.recognition.thresholds import Calibration, CalibrationPoint, save_calibration
from kiosk.vision.detector import RetinaFaceDetector
from kiosk.vision.embedder import FaceEmbedder


def measure_int8(out: Path, detector: Runtime, embedder: Runtime, photos: Path) -> Path:
    """Compare everybody on a list of photographs with everybody else; write the thresholds.

    Raises KioskError when the list cannot be read or shows too few people.
    """
    wrapped = FaceEmbedder(embedder)
    pipeline = open_pipeline(detector, embedder)
    run = measure_thresholds(pipeline, wrapped.model, read_photo_list(photos), photos.name)
    path = Pack(out, ()).thresholds(embedder.card)
    save_calibration(run.calibration, path)
    return path


def open_pipeline(detector: Runtime, embedder: Runtime) -> Pipeline:
    """Return the kiosk's pipeline on two runtimes; it tells who is most alike, however little."""
    settings = RecognitionConfig()
    wrapped = FaceEmbedder(embedder)
    anybody = (CalibrationPoint(1.0, -1.0), CalibrationPoint(1e-8, -1.0))
    models = FaceModels(
        detector=RetinaFaceDetector(detector, MIN_SCORE),
        embedder=wrapped,
        calibration=Calibration(wrapped.model, anybody, 0, 0, 0, "none"),
    )
    return Pipeline(
        models,
        Gallery.empty(wrapped.model),
        VisitDecider(VisitRules()),
        settings.stranger_rate,
        settings.margin,
    )
