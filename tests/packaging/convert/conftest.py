"""The conversion is a set of scripts beside the program; its folder joins the search path last."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from kiosk.models.card import ModelCard, Role

SCRIPTS = str(Path(__file__).parents[3] / "packaging/models")
if SCRIPTS not in sys.path:
    sys.path.append(SCRIPTS)

SIDE_PX = 64


class FakeRuntime:
    """Answers as another runtime does, under a card of its own; may turn what it is fed."""

    def __init__(self, card, inner, change=lambda pixels: pixels):
        self.card, self._inner, self._change = card, inner, change

    def infer(self, pixels):
        return self._inner.infer(self._change(pixels))

    def close(self):
        pass


@pytest.fixture
def fake_runtime():
    return FakeRuntime


@pytest.fixture
def rk_card():
    """The card of an 8-bit file for the RK3588."""
    return ModelCard(
        name="tiny",
        version="1",
        role=Role.HEAD_POSE,
        architecture="headpose64",
        file="tiny.rk3588.int8.rknn",
        sha256="0" * 64,
        precision="int8",
        width_px=64,
        height_px=64,
        colour_order="BGR",
        mean=(127.5, 127.5, 127.5),
        std=(128.0, 128.0, 128.0),
        target="rk3588",
    )


class GraphBuilder:
    """Adds nodes and weights to a graph; weights are drawn from one seed."""

    def __init__(self):
        self.nodes, self.weights = [], []
        self.rng = np.random.default_rng(3)

    def conv(self, source, name, shape, stride=1, group=1, spread=None):
        values = self.rng.normal(0, 0.3, shape)
        if spread is not None:
            values *= spread[:, None, None, None]
        bias = self.rng.normal(0, 0.1, shape[0])
        for suffix, array in (("w", values), ("b", bias)):
            array = array.astype(np.float32)
            self.weights.append(numpy_helper.from_array(array, f"{name}.{suffix}"))
        pad = shape[2] // 2
        self.node(
            "Conv",
            [source, f"{name}.w", f"{name}.b"],
            name,
            strides=[stride, stride],
            pads=[pad] * 4,
            group=group,
        )
        return name

    def node(self, kind, sources, name, **attributes):
        self.nodes.append(helper.make_node(kind, sources, [name], **attributes))
        return name

    def constant(self, name, values):
        self.weights.append(numpy_helper.from_array(np.array(values, np.int64), name))
        return name

    def model(self, outputs):
        graph = helper.make_graph(
            self.nodes,
            "tiny",
            [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, SIDE_PX, SIDE_PX])],
            [
                helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
                for name, shape in outputs.items()
            ],
            self.weights,
        )
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        onnx.checker.check_model(made)
        return made


@pytest.fixture
def tiny_retinaface():
    """A RetinaFace of random weights: uneven channels, three strides, three kinds of heads."""
    build = GraphBuilder()
    uneven = np.geomspace(0.02, 20.0, 6)
    stem = build.conv("input", "stem", (6, 3, 3, 3), stride=4, spread=uneven)
    stem = build.node("LeakyRelu", [stem], "stem.act", alpha=0.1)
    deep = build.conv(stem, "deep", (6, 1, 3, 3), group=6)
    deep = build.node("Relu", [deep], "deep.act")
    maps = []
    for index, stride in enumerate((2, 2, 2)):
        deep = build.conv(deep, f"map{index}", (6, 6, 3, 3), stride=stride)
        deep = build.node("Relu", [deep], f"map{index}.act")
        maps.append(deep)
    outputs = {}
    anchors = sum((SIDE_PX // stride) ** 2 * 2 for stride in (8, 16, 32))
    for kind, width in (("landmarks", 10), ("boxes", 4), ("scores", 2)):
        rows = []
        shape = build.constant(f"{kind}.shape", [1, -1, width])
        for index in (2, 0, 1):
            head = build.conv(maps[index], f"{kind}{index}", (2 * width, 6, 1, 1))
            turned = build.node("Transpose", [head], f"{head}.t", perm=[0, 2, 3, 1])
            rows.append((index, build.node("Reshape", [turned, shape], f"{head}.r")))
        joined = [name for _, name in sorted(rows)]
        last = build.node("Concat", joined, f"{kind}.all" if width == 2 else kind, axis=1)
        if width == 2:
            build.node("Softmax", [last], kind, axis=2)
        outputs[kind] = [1, anchors, width]
    return build.model(outputs)
