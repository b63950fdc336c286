"""ONNX graphs: find the heads of a detector, cut the rest off, shorten names."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper

from kiosk.errors import ModelError

_ACTIVATIONS = ("Relu", "LeakyRelu", "PRelu", "Clip")
_WIDTHS = (4, 2, 10)
"""Values of a box, of the two scores and of five landmarks: the order of the heads."""


def find_heads(model: onnx.ModelProto) -> list[str]:
    """Return the outputs of a RetinaFace's nine head convolutions: boxes, scores, landmarks.

    Within each of the three, from the finest map to the coarsest. Found by walking back from the
    network's three outputs to the nearest convolutions. Raises ModelError when they are not nine.
    """
    made_by = {name: node for node in model.graph.node for name in node.output}
    widths = {each.name: _last_dimension(each) for each in model.graph.output}
    if sorted(widths.values()) != sorted(_WIDTHS):
        raise ModelError(f"Not a RetinaFace: its outputs have {sorted(widths.values())} values.")
    heads: dict[int, list[str]] = {}
    for output, width in widths.items():
        found, seen, waiting = [], set(), [output]
        while waiting:
            node = made_by.get(waiting.pop())
            if node is None or node.output[0] in seen:
                continue
            seen.add(node.output[0])
            if node.op_type == "Conv":
                found.append(node.output[0])
            else:
                waiting += node.input
        heads[width] = found
    if any(len(found) != 3 for found in heads.values()):
        counts = {width: len(found) for width, found in heads.items()}
        raise ModelError(f"A RetinaFace has three heads a kind, this network {counts}.")
    shapes = _shapes(model, [name for found in heads.values() for name in found])
    return [
        name
        for width in _WIDTHS
        for name in sorted(heads[width], key=lambda each: -shapes[each][2] * shapes[each][3])
    ]


def cut_after(model: onnx.ModelProto, outputs: Sequence[str]) -> onnx.ModelProto:
    """Return the part of a network that leads to ``outputs``, with these as its outputs."""
    needed, nodes = set(outputs), []
    for node in reversed(model.graph.node):
        if needed.intersection(node.output):
            nodes.append(node)
            needed.update(node.input)
    initializers = [each for each in model.graph.initializer if each.name in needed]
    stored = {each.name for each in initializers}
    return helper.make_model(
        helper.make_graph(
            nodes[::-1],
            model.graph.name or "network",
            [each for each in model.graph.input if each.name in needed and each.name not in stored],
            [
                helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
                for name, shape in _shapes(model, outputs).items()
            ],
            initializers,
        ),
        opset_imports=model.opset_import,
        ir_version=model.ir_version,
    )


def shortened(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a network whose inner names are short: the converted file carries them all."""
    short = onnx.ModelProto()
    short.CopyFrom(model)
    kept = {each.name for each in [*short.graph.input, *short.graph.output]}
    names: dict[str, str] = {}

    def name_of(long: str) -> str:
        return long if not long or long in kept else names.setdefault(long, f"t{len(names)}")

    for number, node in enumerate(short.graph.node):
        node.name, node.doc_string = f"n{number}", ""
        node.input[:] = [name_of(each) for each in node.input]
        node.output[:] = [name_of(each) for each in node.output]
    for each in short.graph.initializer:
        each.name = name_of(each.name)
    del short.graph.value_info[:]
    return short


def first_convolutions(model: onnx.ModelProto, count: int) -> list[str]:
    """Return the outputs of the first convolutions and of the activations behind them."""
    users: dict[str, list[onnx.NodeProto]] = {}
    for node in model.graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node)
    found = []
    for node in [each for each in model.graph.node if each.op_type == "Conv"][:count]:
        found.append(node.output[0])
        after = users.get(node.output[0], [])
        if len(after) == 1 and after[0].op_type in _ACTIVATIONS:
            found.append(after[0].output[0])
    return found


def run_tensors(
    model: onnx.ModelProto, names: Sequence[str], blob: NDArray[np.float32]
) -> dict[str, NDArray[np.float32]]:
    """Run a network on one input and return inner tensors by name."""
    session = session_for(model, names)
    found = session.run(list(names), {session.get_inputs()[0].name: blob})
    return dict(zip(names, found, strict=True))


def session_for(model: onnx.ModelProto, names: Sequence[str]) -> onnxruntime.InferenceSession:
    """Return a session of a network which also gives the inner tensors ``names``."""
    wider = onnx.ModelProto()
    wider.CopyFrom(model)
    present = {each.name for each in wider.graph.output}
    wider.graph.output.extend(
        helper.make_tensor_value_info(name, TensorProto.FLOAT, None)
        for name in dict.fromkeys(names)
        if name not in present
    )
    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 3, 1
    return onnxruntime.InferenceSession(
        wider.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def _shapes(model: onnx.ModelProto, names: Sequence[str]) -> dict[str, tuple[int, ...]]:
    size = [each.dim_value or 1 for each in model.graph.input[0].type.tensor_type.shape.dim]
    tensors = run_tensors(model, names, np.zeros(size, np.float32))
    return {name: tensor.shape for name, tensor in tensors.items()}


def _last_dimension(value: onnx.ValueInfoProto) -> int:
    dimensions = value.type.tensor_type.shape.dim
    return int(dimensions[-1].dim_value) if dimensions else 0
