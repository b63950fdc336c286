"""The networks that are converted, in full precision, as the program uses them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kiosk.domain import Pixels
from kiosk.errors import ModelError
from kiosk.models.card import ONNX, ModelCard, Role
from kiosk.models.onnx import OnnxRuntime
from kiosk.models.pack import MANIFEST, Pack, builtin_folder, check_digest, read_manifest
from kiosk.models.runtime import Runtime
from kiosk.vision.detector import RetinaFaceDetector
from kiosk.vision.embedder import FaceEmbedder
from kiosk.vision.head_pose_network import HeadPoseNetwork
from kiosk.vision.liveness import LivenessNetwork

MIN_SCORE = 0.6
"""From which on the kiosk takes something for a face, unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Networks:
    """What looks at a frame; a pack need not have the last two."""

    detector: RetinaFaceDetector
    embedder: FaceEmbedder
    liveness: LivenessNetwork | None
    head_pose: HeadPoseNetwork | None


class Recorder:
    """A runtime that keeps what it is fed: the calibration set is what the program really feeds."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self.fed: list[Pixels] = []

    @property
    def card(self) -> ModelCard:
        """The card of the runtime inside."""
        return self._runtime.card

    def infer(self, pixels: Pixels) -> list[NDArray[np.float32]]:
        """Keep a copy and run the network."""
        self.fed.append(np.array(pixels))
        return self._runtime.infer(pixels)

    def close(self) -> None:
        """Close the runtime inside."""
        self._runtime.close()


def open_source(folder: Path) -> tuple[Pack, Path]:
    """Return the full-precision networks in a folder, and where what is measured of them lies.

    The folder is a pack, or holds files that the catalogue knows. Raises ModelError.
    """
    own = folder / MANIFEST
    is_pack = own.is_file()
    cards = read_manifest(own if is_pack else builtin_folder() / "catalogue.toml")
    present = tuple(
        card
        for card in cards
        if card.target == ONNX and card.precision == "fp32" and (folder / card.file).is_file()
    )
    for card in present:
        check_digest(folder / card.file, card)
    pack = Pack(folder, present)
    for role in (Role.DETECTOR, Role.EMBEDDER):
        if pack.optional_card(role) is None:
            raise ModelError(f"{folder} holds no {role.value} in full precision (ONNX).")
    return pack, folder if is_pack else builtin_folder()


def runtimes(pack: Pack) -> dict[Role, Runtime]:
    """Load every network of a pack by ONNX Runtime. Raises ModelError."""
    return {card.role: OnnxRuntime(card, pack.file(card)) for card in pack.cards}


def assembled(by_role: dict[Role, Runtime]) -> Networks:
    """Put the program's decoders on runtimes."""
    liveness, head_pose = by_role.get(Role.LIVENESS), by_role.get(Role.HEAD_POSE)
    return Networks(
        RetinaFaceDetector(by_role[Role.DETECTOR], MIN_SCORE),
        FaceEmbedder(by_role[Role.EMBEDDER]),
        None if liveness is None else LivenessNetwork(liveness),
        None if head_pose is None else HeadPoseNetwork(head_pose),
    )
