"""Heads are found by their place in the graph; what is done to it changes no answer."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from convert.equalise import equalised
from convert.graph import cut_after, find_heads, first_convolutions, run_tensors, shortened

from kiosk.errors import ModelError
from kiosk.models.heads import head_shapes, merge_heads
from kiosk.models.pack import builtin_folder

HEADS = [f"{kind}{index}" for kind in ("boxes", "scores", "landmarks") for index in range(3)]


def blob(seed=0, side=64):
    return np.random.default_rng(seed).normal(0, 40, (1, 3, side, side)).astype(np.float32)


def outputs(model, data):
    names = [each.name for each in model.graph.output]
    return list(run_tensors(model, names, data).values())


def test_the_heads_are_found_whatever_order_the_graph_is_in(tiny_retinaface):
    assert find_heads(tiny_retinaface) == HEADS


def test_the_heads_of_the_embedded_detector_have_the_programs_shapes():
    model = onnx.load(builtin_folder() / "embedded/sim-retinaface-025.onnx")
    cut = cut_after(model, find_heads(model))
    shapes = [output.shape[1:] for output in outputs(cut, blob(side=320))]
    assert shapes == head_shapes(320, 320)


def test_cut_heads_merged_are_the_whole_network(tiny_retinaface):
    data = blob()
    whole = run_tensors(tiny_retinaface, ["boxes", "scores", "landmarks"], data)
    cut = cut_after(tiny_retinaface, find_heads(tiny_retinaface))
    merged = merge_heads([output[0] for output in outputs(cut, data)], 64, 64)
    for mine, theirs in zip(merged, whole.values(), strict=True):
        assert mine == pytest.approx(theirs[0], abs=1e-5)


def test_an_embedder_is_not_taken_for_a_detector():
    model = onnx.load(builtin_folder() / "embedded/sim-mobilefacenet.onnx")
    with pytest.raises(ModelError, match="Not a RetinaFace"):
        find_heads(model)


def test_short_names_compute_the_same(tiny_retinaface):
    short = shortened(tiny_retinaface)
    for mine, theirs in zip(outputs(short, blob()), outputs(tiny_retinaface, blob()), strict=True):
        assert np.array_equal(mine, theirs)
    assert len(short.SerializeToString()) < len(tiny_retinaface.SerializeToString())


def test_equalising_changes_the_channels_and_not_the_answer(tiny_retinaface):
    cut = cut_after(tiny_retinaface, find_heads(tiny_retinaface))
    data = [blob(seed) for seed in range(3)]
    even = equalised(cut, data)
    for mine, theirs in zip(outputs(even, data[0]), outputs(cut, data[0]), strict=True):
        assert mine == pytest.approx(theirs, rel=1e-3, abs=1e-3 * float(np.abs(theirs).max()))

    def unevenness(model):
        reach = np.abs(run_tensors(model, ["stem"], data[0])["stem"]).max(axis=(0, 2, 3))
        return reach.max() / reach.min()

    assert unevenness(cut) > 100
    assert unevenness(even) < 2


def test_the_first_convolutions_come_with_their_activations(tiny_retinaface):
    assert first_convolutions(tiny_retinaface, 2) == ["stem", "stem.act", "deep", "deep.act"]
