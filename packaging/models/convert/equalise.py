"""Make the channels of every layer alike in range, without changing what the network computes.

An 8-bit tensor has one scale for all its channels: where one channel reaches 100 and another 1,
the second keeps two or three levels. ReLU, leaky ReLU and PReLU let a positive factor pass, so a
channel can be divided by a factor in one convolution and multiplied by it in the next (Nagel et
al., Data-Free Quantization Through Weight Equalization, 2019). Here the ranges are those of the
activations on the calibration set, since weights have a scale for each channel anyway.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from convert.graph import session_for

_HOMOGENEOUS = ("Relu", "LeakyRelu", "PRelu")
_ROUNDS = 2
_MAX_FACTOR = 32.0
_LEAST = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class _Joint:
    """A convolution whose channels can be scaled, and the convolutions that make up for it."""

    node: onnx.NodeProto
    users: tuple[onnx.NodeProto, ...]


def equalised(model: onnx.ModelProto, blobs: Sequence[NDArray[np.float32]]) -> onnx.ModelProto:
    """Return a network with the same outputs and more even channels.

    ``blobs`` are normalised inputs (1, 3, H, W); the ranges are measured on them.
    """
    even = onnx.ModelProto()
    even.CopyFrom(model)
    for _ in range(_ROUNDS):
        _equalise_once(even, blobs)
    return even


def _equalise_once(model: onnx.ModelProto, blobs: Sequence[NDArray[np.float32]]) -> None:
    joints = _joints(model)
    if not joints:
        return
    stored = {each.name: each for each in model.graph.initializer}
    ranges = _ranges(model, [joint.node.output[0] for joint in joints], blobs)

    def weights(name: str) -> NDArray[np.float32]:
        return numpy_helper.to_array(stored[name])

    def replace(name: str, values: NDArray[np.floating]) -> None:
        stored[name].CopyFrom(numpy_helper.from_array(values.astype(np.float32), name))

    for joint in joints:
        reach = np.maximum(ranges[joint.node.output[0]], _LEAST)
        factor = _factors(reach, [weights(user.input[1]) for user in joint.users])
        replace(joint.node.input[1], weights(joint.node.input[1]) / _as_outputs(factor))
        if len(joint.node.input) > 2:
            replace(joint.node.input[2], weights(joint.node.input[2]) / factor)
        for user in joint.users:
            kernel = weights(user.input[1])
            is_depthwise = _is_depthwise(kernel, len(factor))
            scale = _as_outputs(factor) if is_depthwise else _as_inputs(factor)
            replace(user.input[1], kernel * scale)


def _factors(
    reach: NDArray[np.floating], kernels: Sequence[NDArray[np.float32]]
) -> NDArray[np.floating]:
    """Return by what each channel is divided; their geometric mean is 1."""
    if all(_is_depthwise(kernel, len(reach)) for kernel in kernels):
        # A depthwise kernel has a scale of its own for each channel: nothing is lost.
        factor = reach
    else:
        largest = np.max([np.abs(kernel).max(axis=(0, 2, 3)) for kernel in kernels], axis=0)
        factor = np.sqrt(reach / np.maximum(largest, _LEAST))
    factor = factor / np.exp(np.mean(np.log(factor)))
    return np.clip(factor, 1 / _MAX_FACTOR, _MAX_FACTOR)


def _joints(model: onnx.ModelProto) -> list[_Joint]:
    users: dict[str, list[onnx.NodeProto]] = {}
    for node in model.graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node)
    shapes = {each.name: tuple(each.dims) for each in model.graph.initializer}
    final = {each.name for each in model.graph.output}
    shared = {name for name, nodes in users.items() if name in shapes and len(nodes) > 1}
    joints = []
    for node in model.graph.node:
        if node.op_type != "Conv" or node.input[1] not in shapes or shared & {*node.input}:
            continue
        channels = shapes[node.input[1]][0]
        name = node.output[0]
        after = users.get(name, [])
        while len(after) == 1 and after[0].op_type in _HOMOGENEOUS and name not in final:
            name = after[0].output[0]
            after = users.get(name, [])
        if name in final or not after:
            continue
        kernels = [_kernel(user, name, shapes) for user in after]
        is_depthwise = [kernel == (channels, 1) for kernel in kernels]
        is_dense = [kernel is not None and kernel[1] == channels for kernel in kernels]
        if (all(is_depthwise) or all(is_dense)) and not any(shared & {*u.input} for u in after):
            joints.append(_Joint(node, tuple(after)))
    return joints


def _kernel(
    user: onnx.NodeProto, name: str, shapes: Mapping[str, tuple[int, ...]]
) -> tuple[int, int] | None:
    """Return the first two sizes of a convolution's kernel; None when ``name`` is not its input."""
    if user.op_type != "Conv" or user.input[0] != name or user.input[1] not in shapes:
        return None
    outputs, inputs = shapes[user.input[1]][:2]
    return outputs, inputs


def _ranges(
    model: onnx.ModelProto, names: Sequence[str], blobs: Sequence[NDArray[np.float32]]
) -> dict[str, NDArray[np.floating]]:
    session = session_for(model, names)
    ranges = {name: np.zeros(1) for name in names}
    for blob in blobs:
        found = session.run(list(names), {session.get_inputs()[0].name: blob})
        for name, tensor in zip(names, found, strict=True):
            reach = np.abs(tensor).max(axis=(0, 2, 3))
            ranges[name] = np.maximum(ranges[name], reach)
    return ranges


def _is_depthwise(kernel: NDArray[np.float32], channels: int) -> bool:
    return kernel.shape[:2] == (channels, 1)


def _as_outputs(factor: NDArray[np.floating]) -> NDArray[np.floating]:
    return factor[:, None, None, None]


def _as_inputs(factor: NDArray[np.floating]) -> NDArray[np.floating]:
    return factor[None, :, None, None]
