"""From a pack to networks that have proved themselves: load, self-test, thresholds."""

from __future__ import annotations

from pathlib import Path

from kiosk.errors import ConfigError, ModelError
from kiosk.models.card import ModelCard, Role
from kiosk.models.onnx import OnnxRuntime
from kiosk.models.pack import Pack, open_pack
from kiosk.models.runtime import Runtime
from kiosk.models.selftest import run_self_test
from kiosk.pipeline import FaceModels
from kiosk.recognition.thresholds import Calibration, CalibrationPoint, load_calibration
from kiosk.vision.detector import RetinaFaceDetector
from kiosk.vision.embedder import FaceEmbedder
from kiosk.vision.head_pose_network import HeadPoseNetwork
from kiosk.vision.liveness import LivenessNetwork

SIMULATED_ONLY = (
    "The face models in use know simulated people only and must not open a real door. Import "
    "models for real people with: door-kiosk models import DIR, or use the relay sim: instead."
)


def refuse_real_door(models: Path | Pack) -> None:
    """Raise ConfigError when a pack, or the one in use in the folder ``models``, is simulated only.

    To be asked before a real relay is touched. A pack that cannot be read yet is no reason: it
    opens nothing before it is loaded, and :attr:`FaceModels.simulated_only` is looked at then.
    """
    try:
        pack = models if isinstance(models, Pack) else open_pack(models)
    except ModelError:
        return
    if pack.simulated_only:
        raise ConfigError(SIMULATED_ONLY)


def load_face_models(models: Path | Pack, min_score: float) -> FaceModels:
    """Load a pack, or the one in use in the folder ``models``, self-tests included.

    Raises ModelError when there is no pack, a byte is wrong, a self-test fails, or the embedder
    has no measured thresholds.
    """
    pack = models if isinstance(models, Pack) else open_pack(models)
    return FaceModels(
        detector=load_detector(pack, min_score),
        embedder=load_embedder(pack),
        calibration=load_thresholds(pack),
        liveness=load_liveness(pack),
        head_pose=load_head_pose(pack),
        simulated_only=pack.simulated_only,
    )


def load_uncalibrated_models(models: Path | Pack, min_score: float) -> FaceModels:
    """Load a pack, or the one in use, to measure thresholds with it: they accept nobody yet.

    Raises ModelError as :func:`load_face_models` does, but needs no measured thresholds.
    """
    pack = models if isinstance(models, Pack) else open_pack(models)
    embedder = load_embedder(pack)
    nobody = (CalibrationPoint(1.0, 0.999), CalibrationPoint(1e-8, 0.999))
    return FaceModels(
        detector=load_detector(pack, min_score),
        embedder=embedder,
        calibration=Calibration(embedder.model, nobody, 0, 0, 0, "not measured"),
        liveness=load_liveness(pack),
        head_pose=load_head_pose(pack),
        simulated_only=pack.simulated_only,
    )


def load_detector(pack: Pack, min_score: float) -> RetinaFaceDetector:
    """Load and test the detector. Raises ModelError."""
    card = _known(pack.card(Role.DETECTOR), "retinaface")
    return RetinaFaceDetector(load_tested(pack, card), min_score)


def load_embedder(pack: Pack) -> FaceEmbedder:
    """Load and test the embedder. Raises ModelError."""
    return FaceEmbedder(load_tested(pack, pack.card(Role.EMBEDDER)))


def load_liveness(pack: Pack) -> LivenessNetwork | None:
    """Load and test the liveness network; None when the pack has none. Raises ModelError."""
    card = pack.optional_card(Role.LIVENESS)
    if card is None:
        return None
    return LivenessNetwork(load_tested(pack, _known(card, "liveness80")))


def load_head_pose(pack: Pack) -> HeadPoseNetwork | None:
    """Load and test the head-pose network; None when the pack has none. Raises ModelError."""
    card = pack.optional_card(Role.HEAD_POSE)
    if card is None:
        return None
    return HeadPoseNetwork(load_tested(pack, _known(card, "headpose64")))


def load_thresholds(pack: Pack) -> Calibration:
    """Return the thresholds measured for the pack's embedder. Raises ModelError."""
    card = pack.card(Role.EMBEDDER)
    return load_calibration(pack.thresholds(card), card.id)


def load_tested(pack: Pack, card: ModelCard) -> Runtime:
    """Load one network and repeat its self-test. Raises ModelError."""
    runtime = OnnxRuntime(card, pack.file(card))
    run_self_test(runtime, pack.self_test(card), pack.mending)
    return runtime


def self_test_pack(pack: Pack) -> dict[str, float]:
    """Check every network of a pack; return the agreement by name. Raises ModelError."""
    return {
        card.name: run_self_test(
            OnnxRuntime(card, pack.file(card)), pack.self_test(card), pack.mending
        )
        for card in pack.cards
    }


def _known(card: ModelCard, architecture: str) -> ModelCard:
    # One that is not understood must not be left out in silence: it may be what keeps photographs
    # from opening the door.
    if card.architecture != architecture:
        role = card.role.value.replace("_", "-")
        raise ModelError(
            f"{card.name}: the {role} architecture {card.architecture} is unknown. "
            f"This program understands {architecture}."
        )
    return card
