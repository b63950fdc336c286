"""From an installed pack to networks that have proved themselves."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from kiosk.config import ModelsConfig
from kiosk.errors import ModelError
from kiosk.facemodels import (
    load_detector,
    load_embedder,
    load_face_models,
    load_thresholds,
    open_chosen,
    self_test_pack,
)
from kiosk.models.card import Role
from kiosk.models.pack import Pack, builtin_folder, embedded_pack, import_pack, open_pack


def import_without_tests(source: Path, models: Path) -> Pack:
    return import_pack(source, models, lambda pack: None)


@pytest.fixture
def models(shared: Path, tmp_path: Path) -> Path:
    import_without_tests(shared / "models", tmp_path / "models")
    return tmp_path / "models"


def test_without_a_pack_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="door-kiosk models import"):
        load_face_models(tmp_path / "models", 0.6)


def test_the_known_networks_load_with_their_thresholds(models: Path) -> None:
    loaded = load_face_models(models, 0.6)

    assert loaded.embedder.chip_size_px == 112
    assert loaded.embedder.model == loaded.calibration.model
    assert loaded.calibration.rarest_fmr < 2e-5


def test_every_network_of_the_pack_is_tested(models: Path) -> None:
    agreement = self_test_pack(open_pack(models))

    assert {"retinaface-mobile025-320", "mobilefacenet-112"} <= set(agreement)
    assert min(agreement.values()) > 0.99


def test_a_wrong_byte_stops_the_start(models: Path) -> None:
    pack = open_pack(models)
    path = pack.folder / pack.card(Role.EMBEDDER).file
    data = bytearray(path.read_bytes())
    data[-1000] ^= 0x10
    path.write_bytes(bytes(data))

    with pytest.raises(ModelError, match="damaged"):
        load_face_models(models, 0.6)


@pytest.mark.parametrize("role", [Role.DETECTOR, Role.EMBEDDER])
def test_a_failing_self_test_stops_the_start(models: Path, role: Role) -> None:
    pack = open_pack(models)
    card = pack.card(role)
    wrong = dataclasses.replace(card, mean=(0.0, 0.0, 0.0))
    cards = tuple(wrong if other is card else other for other in pack.cards)
    fed_wrongly = Pack(pack.folder, cards)
    load = load_detector if role is Role.DETECTOR else load_embedder

    with pytest.raises(ModelError, match="failed its self-test"):
        if load is load_detector:
            load_detector(fed_wrongly, 0.6)
        else:
            load_embedder(fed_wrongly)
    with pytest.raises(ModelError, match="failed its self-test"):
        self_test_pack(fed_wrongly)


def test_a_lost_self_test_stops_the_start(models: Path) -> None:
    pack = open_pack(models)
    pack.self_test(pack.card(Role.DETECTOR)).unlink()

    with pytest.raises(ModelError, match="self-test"):
        load_face_models(models, 0.6)


def test_a_detector_of_an_unknown_make_is_refused(models: Path) -> None:
    pack = open_pack(models)
    cards = tuple(dataclasses.replace(card, architecture="yolo") for card in pack.cards)

    with pytest.raises(ModelError, match="yolo is unknown"):
        load_detector(Pack(pack.folder, cards), 0.6)


def test_thresholds_of_another_network_are_refused(models: Path) -> None:
    pack = open_pack(models)
    path = pack.thresholds(pack.card(Role.EMBEDDER))
    tree = json.loads(path.read_text(encoding="utf-8"))
    tree["model"]["precision"] = "int8"
    path.write_text(json.dumps(tree), encoding="utf-8")

    with pytest.raises(ModelError, match="not with mobilefacenet-112/1/fp32"):
        load_face_models(models, 0.6)
    path.unlink()
    with pytest.raises(ModelError, match="door-kiosk calibrate"):
        load_thresholds(pack)


def test_a_swapped_file_is_found_on_import(shared: Path, tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    detector, embedder = "retinaface_mobile025_320.onnx", "mobilefacenet_112.onnx"
    shutil.copy(shared / "models" / detector, stick / embedder)
    shutil.copy(shared / "models" / embedder, stick / detector)

    with pytest.raises(ModelError, match="not the expected file"):
        import_pack(stick, tmp_path / "models", self_test_pack)

    assert not (tmp_path / "models").exists()


def test_what_the_program_brings_belongs_to_the_known_networks() -> None:
    folder = builtin_folder()

    assert (folder / "retinaface-mobile025-320.selftest.npz").is_file()
    assert (folder / "mobilefacenet-112.selftest.npz").is_file()
    assert (folder / "mobilefacenet-112.thresholds.json").is_file()


def test_an_arm_computer_that_hides_its_chip_is_asked_about_it(
    npu: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = embedded_pack()
    converted = npu.FakeBoard(tmp_path / "root").convert(whole, tmp_path / "files")
    both = dataclasses.replace(whole, cards=(*whole.cards, *converted.cards))
    monkeypatch.setattr("kiosk.facemodels.hides_soc", lambda: True)

    with pytest.raises(ModelError, match="does not tell which chip"):
        open_chosen(both)
    assert len(open_chosen(both, ModelsConfig(target="onnx")).cards) == 4
    assert len(open_chosen(whole).cards) == 4
