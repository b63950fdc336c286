"""Which file runs depends on chip, pack and settings alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from kiosk.board.soc import Soc
from kiosk.errors import ModelError
from kiosk.models.card import ModelCard, Role, parse_cards
from kiosk.models.choice import Wish, choose, chosen_pack, npu_of
from kiosk.models.pack import Pack

RK3588 = Soc("rk3588s", "rk3588", 3, 2)
RK3566 = Soc("rk3566", "rk3566", 1, 2)
RK3576 = Soc("rk3576", "rk3576", 2, 2)


@pytest.fixture
def cards(make_card: Callable[..., ModelCard]) -> list[ModelCard]:
    """A detector and an embedder for two chips, and a head pose for PCs only."""
    found = []
    for role, name in ((Role.DETECTOR, "finder"), (Role.EMBEDDER, "facenet")):
        whole = dataclasses.replace(make_card(), role=role, name=name, file=f"{name}.onnx")
        found.append(whole)
        for target, precision in (("rk3588", "fp16"), ("rk3588", "int8"), ("rk3568", "int8")):
            file = f"{name}.{target}.{precision}.rknn"
            found.append(dataclasses.replace(whole, target=target, precision=precision, file=file))
    found.append(dataclasses.replace(found[0], role=Role.HEAD_POSE, name="pose", file="pose.onnx"))
    return found


@pytest.mark.parametrize(
    ("soc", "wish", "file", "why"),
    [
        (None, Wish(), "facenet.onnx", "no Rockchip NPU"),
        (RK3588, Wish(), "facenet.rk3588.fp16.rknn", "fp16 is preferred on the rk3588s"),
        (RK3588, Wish(precision="int8"), "facenet.rk3588.int8.rknn", "asks for int8"),
        (RK3588, Wish("rk3588"), "facenet.rk3588.fp16.rknn", "preferred"),
        (RK3588, Wish("onnx"), "facenet.onnx", "target asks for it"),
        (RK3566, Wish(), "facenet.rk3568.int8.rknn", "int8 is preferred on the rk3566"),
        (RK3576, Wish(), "facenet.onnx", "no embedder for the rk3576"),
    ],
)
def test_the_file_that_fits(
    cards: list[ModelCard], soc: Soc | None, wish: Wish, file: str, why: str
) -> None:
    choices = {choice.card.role: choice for choice in choose(cards, soc, wish)}

    assert choices[Role.EMBEDDER].card.file == file
    assert why in choices[Role.EMBEDDER].why
    assert choices[Role.HEAD_POSE].card.file == "pose.onnx"


@pytest.mark.parametrize(
    ("soc", "wish", "words"),
    [
        (None, Wish("rk3588"), "this computer has no Rockchip NPU"),
        (RK3566, Wish("rk3588"), "this computer is a rk3566"),
        (RK3588, Wish(precision="fp32"), "only as fp16, int8"),
        (RK3576, Wish("rk3576"), "the pack has no detector for it"),
        (None, Wish("rk1808"), "the pack has no detector for it"),
        (None, Wish(precision="int8"), "ONNX Runtime only as fp32"),
        (RK3588, Wish("onnx", "fp16"), "ONNX Runtime only as fp32"),
    ],
)
def test_a_wish_that_cannot_be_met_is_refused(
    cards: list[ModelCard], soc: Soc | None, wish: Wish, words: str
) -> None:
    with pytest.raises(ModelError, match=words):
        choose(cards, soc, wish)


def test_a_pack_for_boards_only_is_refused_on_a_pc(cards: list[ModelCard]) -> None:
    converted = [card for card in cards if card.target != "onnx"]

    with pytest.raises(ModelError, match="for rk3568, rk3588 only"):
        choose(converted, None)


def test_the_chosen_pack_has_one_file_a_role(cards: list[ModelCard], tmp_path: Path) -> None:
    pack = chosen_pack(Pack(tmp_path, tuple(cards)), RK3588)

    assert [card.file for card in pack.cards] == [
        "finder.rk3588.fp16.rknn",
        "facenet.rk3588.fp16.rknn",
        "pose.onnx",
    ]


def test_a_stick_is_found_behind_any_computer(cards: list[ModelCard]) -> None:
    stick = dataclasses.replace(cards[0], target="rk1808", precision="int8")

    assert npu_of(cards[0], None) is None
    assert npu_of(stick, None) == npu_of(stick, RK3588) == Soc("rk1808", "rk1808", 1, 1)
    assert npu_of(cards[1], RK3588) is RK3588
    assert npu_of(cards[1], None) is None


def test_eight_bits_are_not_taken_unasked_on_a_pc(cards: list[ModelCard]) -> None:
    small = dataclasses.replace(cards[0], precision="int8-qdq", file="finder.int8.onnx")
    finders = [small, *cards[:1]]

    assert choose(finders, None)[0].card.precision == "fp32"
    assert choose(finders, None, Wish(precision="int8"))[0].card is small


def test_a_manifest_may_name_more_files_of_a_network(values: Callable[..., dict]) -> None:
    other = {"file": "t.rknn", "sha256": "1" * 64, "target": "rk3588", "precision": "fp16"}
    table = values(bytes=70) | {"files": [other, other | {"file": "u.rknn", "version": "1+ab"}]}

    first, second, third = parse_cards("tiny", table)

    assert (first.target, first.size_bytes, first.stem) == ("onnx", 70, "tiny")
    assert (second.target, second.size_bytes, second.stem) == ("rk3588", 0, "tiny.fp16")
    assert second.mean == first.mean and second.version == "1"
    assert third.version == "1+ab"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"target": "rk9999"}, "target 'rk9999' is unknown"),
        ({"bytes": -1}, "bytes on the model card"),
        ({"bytes": 1.5}, "not a whole number"),
        ({"cut_heads": "yes"}, "neither true nor false"),
        ({"cut_heads": True}, "for detectors only"),
        ({"precision": "../x"}, "not a file name"),
        ({"file": "../x"}, "not a file name"),
        ({"mean": [0, 0, 0]}, "unknown key mean"),
    ],
)
def test_a_bad_file_entry_is_named(values: Callable[..., dict], changes: dict, words: str) -> None:
    other = {"file": "t.rknn", "sha256": "1" * 64, "target": "rk3588", "precision": "fp16"}

    with pytest.raises(ModelError, match=words):
        parse_cards("tiny", values() | {"files": [other | changes]})


@pytest.mark.parametrize("files", ["x", {"file": "x"}, [1]])
def test_files_that_are_no_tables_are_refused(values: Callable[..., dict], files: object) -> None:
    with pytest.raises(ModelError, match=r"\[\[tiny\.files\]\]"):
        parse_cards("tiny", values() | {"files": files})
