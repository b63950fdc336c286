"""Liveness: what the network is shown, and what its three numbers mean."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from kiosk.domain import Detection, Frame, Liveness, Pixels
from kiosk.errors import ModelError
from kiosk.models.card import ModelCard, Role
from kiosk.models.onnx import OnnxRuntime
from kiosk.models.pack import builtin_folder, read_manifest
from kiosk.vision.detector import RetinaFaceDetector
from kiosk.vision.liveness import LivenessNetwork, in_words

CARD = ModelCard(
    name="scripted",
    version="1",
    role=Role.LIVENESS,
    architecture="liveness80",
    file="none.onnx",
    sha256="0" * 64,
    precision="fp32",
    width_px=80,
    height_px=80,
    colour_order="BGR",
    mean=(0.0, 0.0, 0.0),
    std=(1.0, 1.0, 1.0),
    min_live=0.7,
)


class Scripted:
    """Gives one answer and keeps what it was shown."""

    def __init__(self, answer: object, card: ModelCard = CARD) -> None:
        self.card = card
        self._answer = np.array(answer, np.float32)
        self.shown: list[Pixels] = []

    def infer(self, pixels: Pixels) -> list[NDArray[np.float32]]:
        self.shown.append(pixels)
        return [self._answer]

    def close(self) -> None:
        pass


@pytest.fixture
def frame() -> Frame:
    pixels = np.zeros((480, 640, 3), np.uint8)
    pixels[180:300, 270:370] = (10, 20, 30)
    return Frame(pixels, 0)


def test_the_classes_are_print_live_and_screen(
    frame: Frame, make_detection: Callable[..., Detection]
) -> None:
    face = make_detection(270, 180, 370, 300)
    logits = np.log([0.1, 0.7, 0.2]) + 50

    found = LivenessNetwork(Scripted(logits)).judge(frame, face)

    assert (found.print, found.live, found.screen) == pytest.approx((0.1, 0.7, 0.2), abs=1e-5)


def test_logits_far_apart_are_no_overflow(
    frame: Frame, make_detection: Callable[..., Detection]
) -> None:
    face = make_detection(270, 180, 370, 300)

    found = LivenessNetwork(Scripted([-900, 900, 0])).judge(frame, face)

    assert found == Liveness(live=1.0, print=0.0, screen=0.0)


def test_it_sees_the_face_with_its_surroundings(
    frame: Frame, make_detection: Callable[..., Detection]
) -> None:
    network = Scripted([0, 0, 0])

    LivenessNetwork(network).judge(frame, make_detection(270, 180, 370, 300))

    (shown,) = network.shown
    assert shown.shape == (80, 80, 3) and shown.dtype == np.uint8
    # 120 px of 324 in height and 100 in width: the face fills that much, in the middle, in BGR.
    assert shown[40, 40].tolist() == [10, 20, 30]
    face = shown[..., 2] >= 15
    assert face.any(1).sum() == pytest.approx(80 * 120 / 324, abs=1.5)
    assert face.any(0).sum() == pytest.approx(80 * 100 / 324, abs=1.5)
    assert face.any(1).nonzero()[0].mean() == pytest.approx(39.5, abs=1)


def test_the_threshold_is_the_cards() -> None:
    assert LivenessNetwork(Scripted([0, 0, 0])).min_live == 0.7


@pytest.mark.parametrize("answer", [[0.0, 1.0], [0.0] * 4, []])
def test_another_number_of_classes_is_a_fault(
    frame: Frame, make_detection: Callable[..., Detection], answer: list[float]
) -> None:
    with pytest.raises(ModelError, match="not 3 classes"):
        LivenessNetwork(Scripted(answer)).judge(frame, make_detection(270, 180, 370, 300))


def test_a_card_that_is_not_square_is_refused() -> None:
    with pytest.raises(ModelError, match="squares"):
        LivenessNetwork(Scripted([0, 0, 0], dataclasses.replace(CARD, width_px=64)))


def test_the_log_says_what_was_held_up() -> None:
    assert in_words(Liveness(0.25, 0.7, 0.05)) == "photograph (live 0.25)"
    assert in_words(Liveness(0.01, 0.19, 0.8)) == "screen (live 0.01)"
    assert in_words(None) == ""


def test_minifasnet_sees_the_shape_of_the_box(
    frame: Frame, make_detection: Callable[..., Detection]
) -> None:
    network = Scripted([0, 0, 0], dataclasses.replace(CARD, architecture="minifasnet80"))

    LivenessNetwork(network).judge(frame, make_detection(270, 180, 370, 300))

    (shown,) = network.shown
    face = shown[..., 2] >= 15
    # A window of 270×324 px: the face fills the same share of it across and down.
    assert face.any(1).sum() == pytest.approx(80 / 2.7, abs=1.5)
    assert face.any(0).sum() == pytest.approx(80 / 2.7, abs=1.5)


# --- real photographs, of somebody and of pictures of somebody ------------------------------------


@pytest.fixture(scope="module")
def minifasnet(shared: Path) -> LivenessNetwork:
    cards = read_manifest(builtin_folder() / "catalogue.toml")
    card = next(card for card in cards if card.role is Role.LIVENESS)
    return LivenessNetwork(OnnxRuntime(card, shared / "models" / card.file))


@pytest.mark.shared
@pytest.mark.parametrize("size", [1.0, 0.5])
def test_the_live_photograph_passes_and_both_attacks_are_refused(
    shared: Path, detector: RetinaFaceDetector, minifasnet: LivenessNetwork, size: float
) -> None:
    found = {}
    for path in (shared / "faces" / "spoof").glob("*/*.jpg"):
        pixels = cv2.resize(cv2.imread(str(path)), None, fx=size, fy=size)
        photograph = Frame(pixels, 0)
        face = max(detector.detect(photograph), key=lambda face: face.box.area)
        found[path.parent.name] = minifasnet.judge(photograph, face).live

    assert len(found) == 3
    assert found["ST1"] > 0.95
    assert max(found["SF1"], found["SF2"]) < minifasnet.min_live / 3


@pytest.mark.shared
def test_photographs_of_people_are_seldom_taken_for_pictures_of_pictures(
    shared: Path, detector: RetinaFaceDetector, minifasnet: LivenessNetwork
) -> None:
    passed = []
    for path in sorted((shared / "faces" / "london").glob("*/*_front.jpg"))[:40]:
        photograph = Frame(cv2.imread(str(path)), 0)
        face = max(detector.detect(photograph), key=lambda face: face.box.area)
        passed.append(minifasnet.judge(photograph, face).live >= minifasnet.min_live)

    # A square window gave 0.7 here: its proportions are not those of the training.
    assert np.mean(passed) >= 0.93
