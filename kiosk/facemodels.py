"""From a pack to networks that have proved themselves: load, self-test, thresholds."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from kiosk.board.soc import Soc, hides_soc, read_soc
from kiosk.config import ModelsConfig
from kiosk.errors import ConfigError, ModelError
from kiosk.models.card import ONNX, ModelCard, Role
from kiosk.models.choice import AUTO, Wish, chosen_pack, npu_of
from kiosk.models.onnx import OnnxRuntime
from kiosk.models.pack import Pack, open_pack
from kiosk.models.rknn import RknnRuntime
from kiosk.models.runtime import Runtime
from kiosk.models.selftest import read_self_test, repeat_self_test, run_self_test
from kiosk.pipeline import FaceModels
from kiosk.recognition.thresholdfile import load_calibration
from kiosk.recognition.thresholds import Calibration, flat_calibration
from kiosk.vision.detector import RetinaFaceDetector
from kiosk.vision.embedder import FaceEmbedder
from kiosk.vision.head_pose_network import HeadPoseNetwork
from kiosk.vision.liveness import ARCHITECTURES, LivenessNetwork

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


def open_chosen(
    models: Path | Pack, settings: ModelsConfig | None = None, soc: Soc | None = None
) -> Pack:
    """Return a pack, or the one in use in a folder, with one file for each role: what runs here.

    ``soc`` takes the place of this computer's chip. Raises ModelError when there is none, or it
    holds nothing that can run here as the settings ask.
    """
    settings = settings or ModelsConfig()
    pack = models if isinstance(models, Pack) else open_pack(models)
    soc = soc or read_soc()
    wish = Wish(settings.target, settings.precision)
    is_for_npu = any(card.target != ONNX for card in pack.cards)
    if soc is None and wish.target == AUTO and is_for_npu and hides_soc():
        # On the CPU the kiosk would compare with other templates than on the NPU it may have.
        raise ModelError(
            "This computer does not tell which chip it has: /proc/device-tree/compatible cannot "
            "be read. In a container, mount it; where there is no NPU, write "
            '[models] target = "onnx" into the settings.'
        )
    return chosen_pack(pack, soc, wish)


def load_face_models(
    models: Path | Pack, min_score: float, settings: ModelsConfig | None = None
) -> FaceModels:
    """Load a pack, or the one in use in the folder ``models``, self-tests included.

    Raises ModelError when there is no pack, a byte is wrong, a self-test fails, or the embedder
    has no measured thresholds.
    """
    pack = open_chosen(models, settings)
    return _load(pack, min_score, load_thresholds(pack))


def load_uncalibrated_models(
    models: Path | Pack, min_score: float, settings: ModelsConfig | None = None
) -> FaceModels:
    """Load a pack, or the one in use, to measure thresholds with it: they accept nobody yet.

    Raises ModelError as :func:`load_face_models` does, but needs no measured thresholds.
    """
    pack = open_chosen(models, settings)
    model = pack.card(Role.EMBEDDER).id
    return _load(pack, min_score, flat_calibration(model, 0.999))


def _load(pack: Pack, min_score: float, calibration: Calibration) -> FaceModels:
    loaded: list[Runtime] = []
    try:
        return FaceModels(
            detector=load_detector(pack, min_score, loaded),
            embedder=load_embedder(pack, loaded),
            calibration=calibration,
            liveness=load_liveness(pack, loaded),
            head_pose=load_head_pose(pack, loaded),
            region_factor=pack.card(Role.DETECTOR).region_factor,
            simulated_only=pack.simulated_only,
            runtimes=tuple(loaded),
            proofs=tuple(_proof(pack, each) for each in loaded if each.card.target != ONNX),
        )
    except BaseException:
        # On an NPU each of them holds memory of the board.
        for runtime in loaded:
            runtime.close()
        raise


def _proof(pack: Pack, runtime: Runtime) -> Callable[[], object]:
    """Return the self-test of a loaded network; it is read once."""
    card = runtime.card
    stored = read_self_test(card.name, pack.self_test(card), pack.mending)
    return partial(repeat_self_test, runtime, stored, pack.mending)


def load_detector(
    pack: Pack, min_score: float, loaded: list[Runtime] | None = None
) -> RetinaFaceDetector:
    """Load and test the detector; what executes it is added to ``loaded``. Raises ModelError."""
    card = _known(pack.card(Role.DETECTOR), "retinaface")
    return RetinaFaceDetector(load_tested(pack, card, loaded), min_score)


def load_embedder(pack: Pack, loaded: list[Runtime] | None = None) -> FaceEmbedder:
    """Load and test the embedder; ``loaded`` as above. Raises ModelError."""
    return FaceEmbedder(load_tested(pack, pack.card(Role.EMBEDDER), loaded))


def load_liveness(pack: Pack, loaded: list[Runtime] | None = None) -> LivenessNetwork | None:
    """Load and test the liveness network; None when the pack has none. Raises ModelError."""
    card = pack.optional_card(Role.LIVENESS)
    if card is None:
        return None
    return LivenessNetwork(load_tested(pack, _known(card, *ARCHITECTURES), loaded))


def load_head_pose(pack: Pack, loaded: list[Runtime] | None = None) -> HeadPoseNetwork | None:
    """Load and test the head-pose network; None when the pack has none. Raises ModelError."""
    card = pack.optional_card(Role.HEAD_POSE)
    if card is None:
        return None
    return HeadPoseNetwork(load_tested(pack, _known(card, "headpose64"), loaded))


def load_thresholds(pack: Pack) -> Calibration:
    """Return the thresholds measured for the pack's embedder. Raises ModelError."""
    card = pack.card(Role.EMBEDDER)
    calibration = load_calibration(pack.thresholds(card), card.id)
    scoring = calibration.scoring
    if scoring is not None and len(scoring.centring.mean) != card.embedding_size:
        raise ModelError(
            f"The thresholds of {card.name} are for embeddings of {len(scoring.centring.mean)} "
            f"values, not {card.embedding_size}. Measure them anew with: door-kiosk calibrate"
        )
    return calibration


def load_tested(pack: Pack, card: ModelCard, loaded: list[Runtime] | None = None) -> Runtime:
    """Load one network and repeat its self-test; it is added to ``loaded``. Raises ModelError."""
    runtime = load_untested(pack, card)
    try:
        run_self_test(runtime, pack.self_test(card), pack.mending)
    except BaseException:
        runtime.close()
        raise
    if loaded is not None:
        loaded.append(runtime)
    return runtime


def load_untested(pack: Pack, card: ModelCard) -> Runtime:
    """Load one network, its digest checked, where its target says. Raises ModelError."""
    path = pack.file(card)
    if card.target == ONNX:
        return OnnxRuntime(card, path)
    own = read_soc()
    chip = npu_of(card, own)
    if chip is None:
        raise ModelError(f"{card.file} is for the {card.target} and cannot run on this computer.")
    return RknnRuntime(card, path, chip, is_attached=chip is not own)


def self_test_pack(pack: Pack, settings: ModelsConfig | None = None) -> dict[str, float]:
    """Check every network of a pack; return the agreement by name. Raises ModelError.

    Every file's bytes are checked; of the files of one network the one that runs here is tested.
    """
    for card in pack.cards:
        pack.file(card)
    agreement = {}
    for card in open_chosen(pack, settings).cards:
        runtime = load_untested(pack, card)
        try:
            agreement[card.name] = run_self_test(runtime, pack.self_test(card), pack.mending)
        finally:
            runtime.close()
    return agreement


def _known(card: ModelCard, *architectures: str) -> ModelCard:
    # One that is not understood must not be left out in silence: it may be what keeps photographs
    # from opening the door.
    if card.architecture not in architectures:
        role = card.role.value.replace("_", "-")
        raise ModelError(
            f"{card.name}: the {role} architecture {card.architecture} is unknown. "
            f"This program understands {' and '.join(architectures)}."
        )
    return card
