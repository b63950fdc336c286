"""Thresholds of an 8-bit embedder, measured with the simulated 8-bit networks."""

from __future__ import annotations

from pathlib import Path

from convert.networks import MIN_SCORE
from kiosk.calibration import calibrate
from kiosk.calibrationsample import collect, photo_shots
from kiosk.config import RecognitionConfig
from kiosk.models.pack import Pack
from kiosk.models.runtime import Runtime
from kiosk.photolist import read_photo_list
from kiosk.pipeline import FaceModels, Pipeline
from kiosk.recognition.decision import VisitDecider, VisitRules
from kiosk.recognition.gallery import Gallery
from kiosk.recognition.thresholdfile import save_calibration
from kiosk.recognition.thresholds import flat_calibration
from kiosk.vision.detector import RetinaFaceDetector
from kiosk.vision.embedder import FaceEmbedder


def measure_int8(out: Path, detector: Runtime, embedder: Runtime, photos: Path) -> Path:
    """Compare everybody on a list of photographs with everybody else; write the thresholds.

    Every face is looked at under every kind of degradation, which takes seconds a person: a list
    of a thousand people is a night's work. Raises KioskError when the list cannot be read or shows
    too few people.
    """
    pipeline, listed = open_pipeline(detector, embedder), read_photo_list(photos)
    samples = collect(pipeline, photo_shots(listed), len(listed), _tell)
    path = Pack(out, ()).thresholds(embedder.card)
    save_calibration(calibrate(samples, pipeline.model, photos.name), path)
    return path


def _tell(done: int, total: int) -> None:
    print(
        f"  thresholds: {done}/{total} photographs", end="\n" if done == total else "\r", flush=True
    )


def open_pipeline(detector: Runtime, embedder: Runtime) -> Pipeline:
    """Return the kiosk's pipeline on two runtimes; it tells who is most alike, however little."""
    settings = RecognitionConfig()
    wrapped = FaceEmbedder(embedder)
    models = FaceModels(
        detector=RetinaFaceDetector(detector, MIN_SCORE),
        embedder=wrapped,
        calibration=flat_calibration(wrapped.model, -1.0),
    )
    return Pipeline(
        models,
        Gallery.empty(wrapped.model),
        VisitDecider(VisitRules()),
        settings.stranger_rate,
        settings.margin,
    )
