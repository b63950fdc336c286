"""The pack that comes along: whole or refused, and known to know simulated people only."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kiosk.domain import Box, Detection, Frame
from kiosk.drawnface import draw_face
from kiosk.errors import ConfigError, ModelError
from kiosk.facemodels import (
    load_face_models,
    load_head_pose,
    load_liveness,
    load_uncalibrated_models,
    refuse_real_door,
    self_test_pack,
)
from kiosk.models.card import ModelCard, Role, parse_card
from kiosk.models.pack import Pack, embedded_folder, embedded_pack, open_pack
from kiosk.vision.alignment import chip_landmarks

MakePackFolder = Callable[..., Any]


@pytest.fixture
def folder(make_pack_folder: MakePackFolder) -> Path:
    """A whole pack of tiny networks that know simulated people only."""
    made = make_pack_folder("embedded")
    made.add_liveness_and_head_pose()
    for table in made.tables.values():
        table["knows"] = "simulated"
    made.tables["tiny-liveness"]["min_live"] = 0.8
    made.write_manifest()
    made.add_thresholds()
    return Path(made.folder)


def test_it_is_loaded_with_all_its_networks(folder: Path) -> None:
    models = load_face_models(embedded_pack(folder), 0.6)

    assert models.simulated_only
    assert models.liveness is not None and models.liveness.min_live == 0.8
    assert models.calibration.model == models.embedder.model
    assert models.head_pose is not None
    points = (chip_landmarks(112) * 2 + 200).astype("float32")
    face = Detection(Box(210, 150, 410, 380), points, 0.9)
    frame = Frame(draw_face(640, 480, 220), 0)
    judged = models.liveness.judge(frame, face)
    assert judged.live + judged.print + judged.screen == pytest.approx(1)
    assert models.head_pose.estimate(frame, face).points.shape == (3, 2)
    assert len(self_test_pack(embedded_pack(folder))) == 4


@pytest.mark.parametrize("name", ["detector.onnx", "embedder.onnx", "tiny-liveness.onnx"])
def test_a_damaged_file_is_named_and_reinstalling_advised(folder: Path, name: str) -> None:
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(bytes(data))

    pack = embedded_pack(folder)

    with pytest.raises(ModelError, match=f"{name} is damaged.*install it again"):
        load_face_models(pack, 0.6)


def test_a_file_damaged_after_one_load_is_found_at_the_next(folder: Path) -> None:
    pack = embedded_pack(folder)
    load_face_models(pack, 0.6)
    (folder / "tiny-headpose.onnx").write_bytes(b"")
    with pytest.raises(ModelError, match="install it again"):
        load_face_models(pack, 0.6)


@pytest.mark.parametrize("name", ["embedder.onnx", "tiny-liveness.onnx", "pack.toml"])
def test_a_missing_file_is_not_just_left_out(folder: Path, name: str) -> None:
    (folder / name).unlink()

    with pytest.raises(ModelError, match=f"{name}.*install it again"):
        embedded_pack(folder)


def test_a_failing_or_lost_self_test_advises_the_same(folder: Path) -> None:
    pack = embedded_pack(folder)
    wrong = tuple(dataclasses.replace(card, mean=(90.0, 0.0, 0.0)) for card in pack.cards)
    with pytest.raises(ModelError, match=r"failed its self-test.*install it again"):
        load_face_models(dataclasses.replace(pack, cards=wrong), 0.6)
    pack.self_test(pack.card(Role.DETECTOR)).unlink()
    with pytest.raises(ModelError, match=r"cannot be read.*install it again"):
        load_face_models(pack, 0.6)


@pytest.mark.parametrize("load", [load_liveness, load_head_pose])
def test_an_optional_network_of_another_make_is_refused_not_ignored(
    folder: Path, load: Callable[[Pack], object]
) -> None:
    pack = embedded_pack(folder)
    cards = tuple(dataclasses.replace(card, architecture="other") for card in pack.cards)
    with pytest.raises(ModelError, match="architecture other is unknown"):
        load(dataclasses.replace(pack, cards=cards))


def test_an_imported_pack_without_the_optional_networks_has_none(
    make_pack_folder: MakePackFolder, tmp_path: Path
) -> None:
    pack = make_pack_folder().import_into(tmp_path / "models")
    models = load_uncalibrated_models(pack, 0.6)
    assert (models.liveness, models.head_pose, models.simulated_only) == (None, None, False)
    refuse_real_door(tmp_path / "models")


def test_no_real_door_for_simulated_networks_however_they_came(
    folder: Path, make_pack_folder: MakePackFolder, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="simulated people only"):
        refuse_real_door(embedded_pack(folder))
    # One such network among others is enough.
    stick = make_pack_folder()
    stick.tables["tiny-facenet"]["knows"] = "simulated"
    stick.write_manifest()
    stick.import_into(tmp_path / "models")
    assert open_pack(tmp_path / "models").simulated_only
    with pytest.raises(ConfigError, match="simulated people only"):
        refuse_real_door(tmp_path / "models")
    refuse_real_door(tmp_path / "nothing imported yet")


def test_what_came_along_is_whole_and_tested() -> None:
    if not embedded_folder().is_dir():
        # An installation made without it; the tests above cover the code.
        with pytest.raises(ModelError, match="install it again"):
            embedded_pack()
        return
    pack = embedded_pack()
    assert pack.simulated_only
    assert {card.knows for card in pack.cards} == {"simulated"}
    assert {card.role for card in pack.cards} == set(Role)
    assert min(self_test_pack(pack).values()) > 0.95
    assert sum(path.stat().st_size for path in pack.folder.iterdir()) <= 8_000_000


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"knows": "everybody"}, "people or simulated"),
        ({"min_live": 0}, "min_live"),
        ({"min_live": 1.5}, "min_live"),
        ({"min_live": "high"}, "cannot be read"),
        ({"min_live": float("nan")}, "min_live"),
    ],
)
def test_nonsense_on_a_card_is_refused(
    values: Callable[..., dict[str, Any]], changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(ModelError, match=said):
        parse_card("tiny", values(**changes))


def test_a_card_says_people_unless_it_says_otherwise(make_card: Callable[..., ModelCard]) -> None:
    assert make_card().knows == "people"
    assert make_card().min_live == 0.5
    assert make_card(role="head_pose").role is Role.HEAD_POSE
