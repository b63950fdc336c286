"""Record the self-tests of the networks in a folder: python record_selftests.py FOLDER OUT.

FOLDER holds the networks named in the catalogue, or in its own pack.toml.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np

from kiosk.domain import Frame
from kiosk.drawnface import draw_face
from kiosk.models.card import ONNX, ModelCard, Role
from kiosk.models.mistakes import mistaken_answers
from kiosk.models.onnx import OnnxRuntime
from kiosk.models.pack import MANIFEST, builtin_folder, check_digest, read_manifest
from kiosk.models.selftest import record_self_test
from kiosk.vision.alignment import align
from kiosk.vision.detector import RetinaFaceDetector

# Dim and bluish: see kiosk/models/selftest.py.
_CAST_BGR = (0.35, 0.1225, 0.035)
_CHIP_CAST_BGR = (0.6, 0.3, 0.2)


def main(source: Path, out: Path) -> None:
    """Write NAME.selftest.npz for every network found."""
    own = source / MANIFEST
    cards = read_manifest(own if own.is_file() else builtin_folder() / "catalogue.toml")
    present = [card for card in cards if card.target == ONNX and (source / card.file).is_file()]
    runtimes = {}
    for card in present:
        check_digest(source / card.file, card)
        runtimes[card.role] = OnnxRuntime(card, source / card.file)
    detector = RetinaFaceDetector(runtimes[Role.DETECTOR])
    for card in present:
        runtime = runtimes[card.role]
        pixels = _picture(card, detector)
        mistaken = mistaken_answers(card, source / card.file, pixels)
        record_self_test(runtime, pixels, out / f"{card.stem}.selftest.npz", mistaken)
        print(f"recorded {card.name}")


def _picture(card: ModelCard, detector: RetinaFaceDetector) -> np.ndarray:
    if card.role is Role.EMBEDDER:
        frame = Frame(draw_face(640, 640, 300), 0)
        chip = align(frame, detector.detect(frame)[0], card.width_px)
        return _cast(chip, _CHIP_CAST_BGR)
    if card.role is Role.LIVENESS:
        # Of several drawn faces the one on which the answer to swapped channels differs most.
        face = draw_face(320, 320, 96, seed=2)
        size = (card.width_px, card.height_px)
        return _cast(cv2.resize(face, size, interpolation=cv2.INTER_AREA), _CAST_BGR)
    square = cv2.resize(draw_face(320, 320, 150), (card.width_px, card.height_px))
    return _cast(square, _CAST_BGR)


def _cast(picture: np.ndarray, gains: tuple[float, float, float]) -> np.ndarray:
    return np.clip(picture * np.array(gains), 0, 255).astype(np.uint8)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
