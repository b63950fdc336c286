"""Names and input contracts of the embedded networks: what their cards say."""

from __future__ import annotations

from kiosk.models.card import SIMULATED, ModelCard, Role

DETECTOR = "sim-retinaface-025"
EMBEDDER = "sim-mobilefacenet"
HEAD_POSE = "sim-headpose-64"
LIVENESS = "sim-liveness-80"
VERSION = "1"

Triple = tuple[float, float, float]
_HALF: Triple = (127.5, 127.5, 127.5)
_UNIT: Triple = (128.0, 128.0, 128.0)
_CONTRACTS: dict[str, tuple[Role, str, int, str, Triple, Triple]] = {
    DETECTOR: (Role.DETECTOR, "retinaface", 320, "BGR", (104.0, 117.0, 123.0), (1.0, 1.0, 1.0)),
    EMBEDDER: (Role.EMBEDDER, "embedding", 112, "RGB", _HALF, _UNIT),
    LIVENESS: (Role.LIVENESS, "liveness80", 80, "BGR", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    HEAD_POSE: (Role.HEAD_POSE, "headpose64", 64, "BGR", _HALF, _UNIT),
}
NAMES = tuple(_CONTRACTS)


def card(name: str, sha256: str = "0" * 64) -> ModelCard:
    """Return the card of a network whose file has this digest."""
    role, architecture, side_px, order, mean, std = _CONTRACTS[name]
    return ModelCard(
        name=name,
        version=VERSION,
        role=role,
        architecture=architecture,
        file=f"{name}.onnx",
        sha256=sha256,
        precision="fp32",
        width_px=side_px,
        height_px=side_px,
        colour_order=order,
        mean=mean,
        std=std,
        embedding_size=128 if role is Role.EMBEDDER else 0,
        # Large faces are what the embedded detector learnt least.
        region_factor=4.0 if role is Role.DETECTOR else 2.0,
        knows=SIMULATED,
        licence="Apache-2.0",
        upstream="packaging/models/train.py",
    )
