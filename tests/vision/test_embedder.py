"""The embedder's own part: one unit vector a chip, or a fault in a sentence."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from kiosk.domain import Pixels
from kiosk.errors import ModelError
from kiosk.models.card import ModelCard, Role
from kiosk.vision.embedder import FaceEmbedder

CARD = ModelCard(
    name="scripted",
    version="1",
    role=Role.EMBEDDER,
    architecture="embedding",
    file="none.onnx",
    sha256="0" * 64,
    precision="fp32",
    width_px=8,
    height_px=8,
    colour_order="RGB",
    mean=(0.0, 0.0, 0.0),
    std=(1.0, 1.0, 1.0),
    embedding_size=4,
)


class ScriptedRuntime:
    """Gives one answer, or the means of the chip's four quarters."""

    def __init__(self, answer: object = None, card: ModelCard = CARD) -> None:
        self.card = card
        self._answer = answer

    def infer(self, pixels: Pixels) -> list[NDArray[np.float32]]:
        if self._answer is not None:
            return [np.array(self._answer, np.float32)]
        quarters = [pixels[y : y + 4, x : x + 4].mean() for y in (0, 4) for x in (0, 4)]
        return [np.array(quarters, np.float32)]

    def close(self) -> None:
        pass


CHIP = np.arange(192, dtype=np.uint8).reshape(8, 8, 3)


def test_the_answer_is_made_unit_length_and_signed() -> None:
    embedding = FaceEmbedder(ScriptedRuntime([3, 0, -4, 0])).embed(CHIP)

    assert embedding.vector == pytest.approx([0.6, 0, -0.8, 0])
    assert embedding.vector.dtype == np.float32
    assert embedding.model == CARD.id


def test_an_answer_with_spare_dimensions_is_flattened() -> None:
    embedding = FaceEmbedder(ScriptedRuntime([[[0]], [[2]], [[0]], [[0]]])).embed(CHIP)

    assert embedding.vector.shape == (4,)


@pytest.mark.parametrize("answer", [[0, 0, 0, 0], [1e-9, 0, 0, 0], [np.nan, 1, 0, 0]])
def test_an_answer_without_direction_is_a_fault(answer: list[float]) -> None:
    with pytest.raises(ModelError, match="without a direction"):
        FaceEmbedder(ScriptedRuntime(answer)).embed(CHIP)


def test_a_long_answer_keeps_its_direction() -> None:
    embedding = FaceEmbedder(ScriptedRuntime([3e30, 0, -4e30, 0])).embed(CHIP)

    assert embedding.vector == pytest.approx([0.6, 0, -0.8, 0])


@pytest.mark.parametrize("answer", [[1.0, 2, 3], [1.0, 2, 3, 4, 5]])
def test_an_answer_of_the_wrong_size_is_a_fault(answer: list[float]) -> None:
    with pytest.raises(ModelError, match="its card says 4"):
        FaceEmbedder(ScriptedRuntime(answer)).embed(CHIP)


def test_a_card_for_chips_that_are_not_square_is_refused() -> None:
    with pytest.raises(ModelError, match="square"):
        FaceEmbedder(ScriptedRuntime(card=dataclasses.replace(CARD, width_px=16)))


def test_a_template_is_the_mean_with_the_mirror_image() -> None:
    embedder = FaceEmbedder(ScriptedRuntime())

    template = embedder.embed_mirrored(CHIP).vector

    both = embedder.embed(CHIP).vector + embedder.embed(cv2.flip(CHIP, 1)).vector
    assert template == pytest.approx(both / np.linalg.norm(both), abs=1e-6)
    assert template[0] == pytest.approx(template[1])  # left and right have become alike
    assert template[0] != pytest.approx(template[2])  # top and bottom have not
    assert not template.flags.writeable


def test_several_chips_of_one_face_count_alike_with_their_mirror_images() -> None:
    embedder = FaceEmbedder(ScriptedRuntime())
    chips = [CHIP, np.roll(CHIP, 3, 0), CHIP // 2]

    template = embedder.embed_mirrored(*chips)

    singles = [embedder.embed(each) for chip in chips for each in (chip, cv2.flip(chip, 1))]
    mean = np.sum([single.vector for single in singles], axis=0)
    assert template.vector == pytest.approx(mean / np.linalg.norm(mean), abs=1e-6)
    assert template.length == pytest.approx(np.mean([single.length for single in singles]))


def test_the_length_is_that_of_the_answer() -> None:
    embedder = FaceEmbedder(ScriptedRuntime([3, 0, -4, 0]))

    assert embedder.embed(CHIP).length == pytest.approx(5)
    assert embedder.embed_mirrored(CHIP).length == pytest.approx(5)


def test_answers_that_cancel_each_other_are_a_fault() -> None:
    class Fickle(ScriptedRuntime):
        sign = 1.0

        def infer(self, pixels: Pixels) -> list[NDArray[np.float32]]:
            self.sign = -self.sign
            return [np.array([self.sign, 0, 0, 0], np.float32)]

    with pytest.raises(ModelError, match="without a direction"):
        FaceEmbedder(Fickle()).embed_mirrored(CHIP)
