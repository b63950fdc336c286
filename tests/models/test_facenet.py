"""FaceNet's contract: 160×160, RGB, fixed standardisation, 512 values of any length."""

from __future__ import annotations

import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from kiosk.domain import Embedding, ModelId
from kiosk.errors import ModelError
from kiosk.facemodels import load_embedder, load_thresholds
from kiosk.models.pack import open_pack
from kiosk.recognition.gallery import Gallery
from kiosk.recognition.thresholdfile import save_calibration


def face_chip(seed: int = 4) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (160, 160, 3)).astype(np.uint8)


def test_a_chip_becomes_the_unit_vector_of_the_networks_answer(
    make_pack_folder: Callable[..., Any], tmp_path: Path
) -> None:
    make_pack_folder(seed=3).import_into(tmp_path / "models")
    embedder = load_embedder(open_pack(tmp_path / "models"))
    chip = face_chip()

    embedding = embedder.embed(chip)

    # The tiny network by hand: means of 8×8 cells of the standardised RGB picture, times a matrix.
    matrix = np.random.default_rng(3).normal(size=(1200, 512)).astype(np.float32)
    standard = (chip[..., ::-1].astype(np.float64) - 127.5) / 128
    cells = standard.reshape(20, 8, 20, 8, 3).mean((1, 3)).transpose(2, 0, 1).ravel()
    raw = cells @ matrix
    assert abs(np.linalg.norm(raw) - 1) > 0.5
    assert embedder.chip_size_px == 160
    assert embedding.model == ModelId("tiny-facenet", "1", "fp32")
    assert embedding.vector.shape == (512,)
    assert embedding.vector.dtype == np.float32
    assert np.linalg.norm(embedding.vector) == pytest.approx(1, abs=1e-6)
    np.testing.assert_allclose(embedding.vector, raw / np.linalg.norm(raw), atol=1e-5)
    with pytest.raises(ValueError, match="read-only"):
        embedding.vector[0] = 0


def test_a_template_is_the_unit_mean_of_the_chip_and_its_mirror_image(
    make_pack_folder: Callable[..., Any], tmp_path: Path
) -> None:
    embedder = load_embedder(make_pack_folder().import_into(tmp_path / "models"))
    chip = face_chip()

    template = embedder.embed_mirrored(chip)

    both = embedder.embed(chip).vector + embedder.embed(cv2.flip(chip, 1)).vector
    assert np.linalg.norm(template.vector) == pytest.approx(1, abs=1e-6)
    np.testing.assert_allclose(template.vector, both / np.linalg.norm(both), atol=1e-6)
    mirrored = embedder.embed_mirrored(cv2.flip(chip, 1))
    np.testing.assert_allclose(mirrored.vector, template.vector, atol=1e-6)


def test_chips_of_another_networks_size_are_refused(
    make_pack_folder: Callable[..., Any], tmp_path: Path
) -> None:
    embedder = load_embedder(make_pack_folder().import_into(tmp_path / "models"))

    with pytest.raises(ModelError, match="160"):
        embedder.embed(np.zeros((112, 112, 3), np.uint8))


@pytest.mark.parametrize(
    "other",
    [
        ModelId("mobilefacenet-112", "1", "fp32"),
        ModelId("tiny-facenet", "2", "fp32"),
        ModelId("tiny-facenet", "1", "int8"),
    ],
)
def test_templates_of_another_model_are_never_compared(
    make_pack_folder: Callable[..., Any], tmp_path: Path, other: ModelId
) -> None:
    embedder = load_embedder(make_pack_folder().import_into(tmp_path / "models"))
    probe = embedder.embed(face_chip())
    gallery = Gallery(other, np.array([1]), probe.vector[None])

    with pytest.raises(ModelError, match="cannot be compared"):
        gallery.search(probe)
    with pytest.raises(ModelError, match="cannot be compared"):
        gallery.similarities(Embedding(probe.vector, embedder.model))


def test_the_packs_own_thresholds_are_used_and_no_others(
    make_pack_folder: Callable[..., Any], tmp_path: Path, calibrations: types.ModuleType
) -> None:
    stick = make_pack_folder()
    model = ModelId("tiny-facenet", "1", "fp32")
    own = calibrations.graded(model, {0.1: 0.2, 0.001: 0.4}, source="drawn")
    save_calibration(own, stick.folder / "tiny-facenet.thresholds.json")

    used = load_thresholds(stick.import_into(tmp_path / "models"))
    assert (used.model, used.source) == (model, "drawn")
    for fmr in (0.1, 0.01, 0.001, 1e-6):
        assert used.threshold(fmr) == pytest.approx(own.threshold(fmr), abs=1e-6)
    assert own.threshold(0.01) == pytest.approx(0.3)

    stick.tables["tiny-facenet"]["version"] = "2"
    stick.write_manifest()
    with pytest.raises(ModelError, match="measured with tiny-facenet/1"):
        load_thresholds(stick.import_into(tmp_path / "models"))


def test_a_pack_without_thresholds_says_how_to_measure_them(
    make_pack_folder: Callable[..., Any], tmp_path: Path
) -> None:
    pack = make_pack_folder().import_into(tmp_path / "models")

    with pytest.raises(ModelError, match="door-kiosk calibrate"):
        load_thresholds(pack)
