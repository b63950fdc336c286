"""The pack that a conversion writes is one that the program imports."""

from __future__ import annotations

import dataclasses
import hashlib

import numpy as np
import pytest
from convert.networks import open_source
from convert.packing import Converted, manifest, rebind_thresholds, write_pack, write_self_test

from kiosk.errors import ModelError
from kiosk.models.card import Role
from kiosk.models.onnx import OnnxRuntime
from kiosk.models.pack import MANIFEST, Pack, embedded_folder, import_pack, read_manifest
from kiosk.recognition.surface import RATES
from kiosk.recognition.thresholdfile import load_calibration


@pytest.fixture(scope="module")
def source():
    return open_source(embedded_folder())


def converted(folder, card, precision="int8", target="rk3588"):
    data = f"{card.name} {precision} {target}".encode()
    path = folder / f"{card.name}.{target}.{precision}.rknn"
    path.write_bytes(data)
    made = dataclasses.replace(
        card,
        file=path.name,
        sha256=hashlib.sha256(data).hexdigest(),
        precision=precision,
        target=target,
        version="1+0123abcd" if precision == "int8" else "1",
        size_bytes=len(data),
        upstream="",
        cut_heads=card.role is Role.DETECTOR,
    )
    return Converted(made, path)


def test_the_manifest_says_what_the_cards_say(tmp_path, source):
    pack, _ = source
    made = [converted(tmp_path, card, p).card for card in pack.cards for p in ("fp16", "int8")]
    (tmp_path / MANIFEST).write_text(manifest(pack.cards, made), encoding="utf-8")
    read = read_manifest(tmp_path / MANIFEST)
    assert set(read) == {*pack.cards, *made}


def test_a_pack_with_converted_files_can_be_imported(tmp_path, source):
    pack, extras = source
    files = [converted(tmp_path, card) for card in pack.cards]
    out = tmp_path / "out"
    cards = write_pack(out, pack, extras, files)
    assert len(cards) == 2 * len(pack.cards)
    imported = import_pack(out, tmp_path / "models", check=lambda _: None)
    assert set(imported.cards) == set(cards)
    for card in pack.cards:
        assert imported.self_test(card).is_file()


def test_a_self_test_is_recorded_once_and_repeated_for_other_chips(tmp_path, source, fake_runtime):
    pack, extras = source
    card = pack.card(Role.HEAD_POSE)
    made = converted(tmp_path, card).card
    inner = OnnxRuntime(card, pack.file(card))
    write_self_test(tmp_path, extras, card, pack.file(card), fake_runtime(made, inner))
    recorded = (tmp_path / f"{card.name}.int8.selftest.npz").read_bytes()
    write_self_test(tmp_path, extras, card, pack.file(card), fake_runtime(made, inner))
    assert (tmp_path / f"{card.name}.int8.selftest.npz").read_bytes() == recorded
    with pytest.raises(ModelError, match="failed its self-test"):
        wrong = fake_runtime(made, inner, change=lambda pixels: np.ascontiguousarray(pixels[::-1]))
        write_self_test(tmp_path, extras, card, pack.file(card), wrong)


def test_half_precision_takes_over_the_thresholds(tmp_path, source):
    pack, extras = source
    card = pack.card(Role.EMBEDDER)
    made = converted(tmp_path, card, "fp16").card
    assert rebind_thresholds(tmp_path, extras, card, made)
    known = load_calibration(pack.thresholds(card), card.id)
    bound = load_calibration(Pack(tmp_path, ()).thresholds(made), made.id)
    assert [bound.threshold(rate) for rate in RATES] == [known.threshold(rate) for rate in RATES]
    assert bound.surfaces.keys() == known.surfaces.keys()
    assert str(card.id) in bound.source


def test_only_embedders_have_thresholds(tmp_path, source):
    pack, extras = source
    card = pack.card(Role.DETECTOR)
    assert not rebind_thresholds(tmp_path, extras, card, converted(tmp_path, card, "fp16").card)


def test_strange_letters_in_a_licence_stay_what_they_are(tmp_path, rk_card):
    card = dataclasses.replace(rk_card, target="onnx", licence='Apache-2.0 "ä" \\ new\nline')
    (tmp_path / MANIFEST).write_text(manifest([card], []), encoding="utf-8")
    assert read_manifest(tmp_path / MANIFEST)[0].licence == card.licence
