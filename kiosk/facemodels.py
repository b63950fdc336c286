"""From an installed pack to networks that have proved themselves: load, self-test, thresholds."""

from __future__ import annotations

from pathlib import Path

from kiosk.errors import ModelError
from kiosk.models.card import ModelCard, Role
from kiosk.models.onnx import OnnxRuntime
from kiosk.models.pack import Pack, open_pack
from kiosk.models.runtime import Runtime
from kiosk.models.selftest import run_self_test
from kiosk.pipeline import FaceModels
from kiosk.recognition.thresholds import Calibration, CalibrationPoint, load_calibration
from kiosk.vision.detector import RetinaFaceDetector
from kiosk.vision.embedder import FaceEmbedder


def load_face_models(models: Path, min_score: float) -> FaceModels:
    """Load the pack in use, self-tests included.

    Raises ModelError when there is no pack, a byte is wrong, a self-test fails, or the embedder
    has no measured thresholds.
    """
    pack = open_pack(models)
    return FaceModels(
        detector=load_detector(pack, min_score),
        embedder=load_embedder(pack),
        calibration=load_thresholds(pack),
    )


def load_uncalibrated_models(models: Path, min_score: float) -> FaceModels:
    """Load the pack in use with thresholds that accept nobody, to measure real ones with it.

    Raises ModelError as :func:`load_face_models` does, but needs no measured thresholds.
    """
    pack = open_pack(models)
    embedder = load_embedder(pack)
    nobody = (CalibrationPoint(1.0, 0.999), CalibrationPoint(1e-8, 0.999))
    return FaceModels(
        detector=load_detector(pack, min_score),
        embedder=embedder,
        calibration=Calibration(embedder.model, nobody, 0, 0, 0, "not measured"),
    )


def load_detector(pack: Pack, min_score: float) -> RetinaFaceDetector:
    """Load and test the detector. Raises ModelError."""
    card = pack.card(Role.DETECTOR)
    if card.architecture != "retinaface":
        raise ModelError(f"{card.name}: the detector architecture {card.architecture} is unknown.")
    return RetinaFaceDetector(load_tested(pack, card), min_score)


def load_embedder(pack: Pack) -> FaceEmbedder:
    """Load and test the embedder. Raises ModelError."""
    return FaceEmbedder(load_tested(pack, pack.card(Role.EMBEDDER)))


def load_thresholds(pack: Pack) -> Calibration:
    """Return the thresholds measured for the pack's embedder. Raises ModelError."""
    card = pack.card(Role.EMBEDDER)
    return load_calibration(pack.thresholds(card), card.id)


def load_tested(pack: Pack, card: ModelCard) -> Runtime:
    """Load one network and repeat its self-test. Raises ModelError."""
    runtime = OnnxRuntime(card, pack.file(card))
    run_self_test(runtime, pack.self_test(card))
    return runtime


def self_test_pack(pack: Pack) -> dict[str, float]:
    """Check every network of a pack; return the agreement by name. Raises ModelError."""
    return {
        card.name: run_self_test(OnnxRuntime(card, pack.file(card)), pack.self_test(card))
        for card in pack.cards
    }
