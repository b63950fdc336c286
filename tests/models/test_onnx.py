"""The runtime: every number that reaches a network, and every way it can refuse."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from kiosk.errors import ModelError
from kiosk.models.card import ModelCard
from kiosk.models.onnx import OnnxRuntime

MakeCard = Callable[..., ModelCard]

MEAN = (10.0, 100.0, 200.0)
STD = (2.0, 50.0, 128.0)


def picture(width: int = 16, height: int = 16) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (height, width, 3)).astype(np.uint8)


@pytest.mark.parametrize("order", ["RGB", "BGR"])
@pytest.mark.parametrize(("width", "height"), [(16, 16), (24, 8)])
def test_the_network_gets_pixel_minus_mean_over_std_in_its_own_channel_order(
    networks: Any, make_card: MakeCard, order: str, width: int, height: int
) -> None:
    path = networks.echo(width, height)
    card = make_card(
        path, colour_order=order, mean=list(MEAN), std=list(STD), width_px=width, height_px=height
    )
    pixels = picture(width, height)

    (found,) = OnnxRuntime(card, path).infer(pixels)

    channels = pixels[..., ::-1] if order == "RGB" else pixels
    expected = (channels.astype(np.float64) - MEAN) / STD
    assert found.shape == (3, height, width)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected.transpose(2, 0, 1), rtol=2e-6, atol=1e-5)


def test_pixels_of_any_memory_layout_give_the_same(networks: Any, make_card: MakeCard) -> None:
    path = networks.echo(16, 16)
    runtime = OnnxRuntime(make_card(path), path)
    pixels = picture()
    expected = runtime.infer(pixels)[0]
    wide = np.repeat(pixels, 2, axis=1)

    assert np.array_equal(runtime.infer(wide[:, ::2])[0], expected)
    assert np.array_equal(runtime.infer(np.asfortranarray(pixels))[0], expected)
    assert np.array_equal(runtime.infer(pixels[:, ::-1][:, ::-1])[0], expected)


def test_the_pixels_are_left_as_they_were(networks: Any, make_card: MakeCard) -> None:
    path = networks.echo(16, 16)
    pixels = picture()
    before = pixels.copy()
    pixels.flags.writeable = False

    OnnxRuntime(make_card(path, mean=list(MEAN)), path).infer(pixels)

    assert np.array_equal(pixels, before)


def test_answers_of_one_run_survive_the_next(networks: Any, make_card: MakeCard) -> None:
    path = networks.echo(16, 16)
    runtime = OnnxRuntime(make_card(path), path)
    (first,) = runtime.infer(np.zeros((16, 16, 3), np.uint8))

    runtime.infer(np.full((16, 16, 3), 255, np.uint8))

    assert not first.any()


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((16, 17, 3), np.uint8),
        np.zeros((17, 16, 3), np.uint8),
        np.zeros((16, 16), np.uint8),
        np.zeros((16, 16, 1), np.uint8),
        np.zeros((16, 16, 4), np.uint8),
        np.zeros((3, 16, 16), np.uint8),
        np.zeros((1, 16, 16, 3), np.uint8),
        np.zeros((0, 0, 3), np.uint8),
        np.zeros((16, 16, 3), np.int8),
        np.zeros((16, 16, 3), np.float32),
        np.zeros((16, 16, 3), np.uint16),
    ],
    ids=lambda pixels: f"{pixels.dtype}{pixels.shape}",
)
def test_pixels_that_do_not_fit_the_card_are_refused(
    networks: Any, make_card: MakeCard, pixels: np.ndarray
) -> None:
    path = networks.echo(16, 16)

    with pytest.raises(ModelError, match="takes uint8"):
        OnnxRuntime(make_card(path), path).infer(pixels)


@pytest.mark.parametrize("content", [b"", b"garbage" * 100, b"\x08\x07", b"\0" * 4096])
def test_a_garbage_file_is_refused(tmp_path: Path, make_card: MakeCard, content: bytes) -> None:
    path = tmp_path / "tiny.onnx"
    path.write_bytes(content)

    with pytest.raises(ModelError, match=r"tiny\.onnx"):
        OnnxRuntime(make_card(), path)


def test_a_missing_file_is_refused(tmp_path: Path, make_card: MakeCard) -> None:
    with pytest.raises(ModelError, match=r"none\.onnx"):
        OnnxRuntime(make_card(), tmp_path / "none.onnx")


def test_a_cut_off_file_is_refused(networks: Any, make_card: MakeCard) -> None:
    path = networks.embedder(16, 8)
    path.write_bytes(path.read_bytes()[:-100])

    with pytest.raises(ModelError):
        OnnxRuntime(make_card(path), path)


@pytest.mark.parametrize("size", [(24, 16), (16, 24), (8, 8)])
def test_a_network_of_another_size_than_its_card_is_refused(
    networks: Any, make_card: MakeCard, size: tuple[int, int]
) -> None:
    path = networks.echo(*size)

    with pytest.raises(ModelError, match="its card says"):
        OnnxRuntime(make_card(path), path)


def test_a_network_that_takes_channels_last_is_refused(networks: Any, make_card: MakeCard) -> None:
    node = helper.make_node("Identity", ["input"], ["output"])
    path = networks.save("nhwc.onnx", (1, 16, 16, 3), [node], {"output": (1, 16, 16, 3)})

    with pytest.raises(ModelError, match="its card says"):
        OnnxRuntime(make_card(path), path)


def test_a_batch_dimension_may_be_open(networks: Any, make_card: MakeCard) -> None:
    node = helper.make_node("Identity", ["input"], ["output"])
    path = networks.save("n.onnx", ("N", 3, 16, 16), [node], {"output": ("N", 3, 16, 16)})

    (found,) = OnnxRuntime(make_card(path), path).infer(picture())

    assert found.shape == (3, 16, 16)


def test_a_network_that_wants_four_pictures_at_once_is_refused(
    networks: Any, make_card: MakeCard
) -> None:
    node = helper.make_node("Identity", ["input"], ["output"])
    path = networks.save("n.onnx", (4, 3, 16, 16), [node], {"output": (4, 3, 16, 16)})

    with pytest.raises(ModelError, match="failed to run"):
        OnnxRuntime(make_card(path), path).infer(picture())


def test_a_network_that_takes_bytes_is_refused(networks: Any, make_card: MakeCard) -> None:
    path = networks.echo(16, 16, kind=TensorProto.UINT8)

    with pytest.raises(ModelError, match="failed to run"):
        OnnxRuntime(make_card(path), path).infer(picture())


@pytest.mark.parametrize("operator", ["Log", "Sqrt"])
def test_not_a_number_is_refused(networks: Any, make_card: MakeCard, operator: str) -> None:
    shape = (1, 3, 16, 16)
    node = helper.make_node(operator, ["input"], ["output"])
    path = networks.save("nan.onnx", shape, [node], {"output": shape})
    runtime = OnnxRuntime(make_card(path, mean=[128] * 3), path)

    with pytest.raises(ModelError, match="not numbers"):
        runtime.infer(np.zeros((16, 16, 3), np.uint8))


def test_infinity_in_the_second_output_is_refused(networks: Any, make_card: MakeCard) -> None:
    shape = (1, 3, 16, 16)
    nodes = [
        helper.make_node("Identity", ["input"], ["fine"]),
        helper.make_node("Reciprocal", ["input"], ["endless"]),
    ]
    path = networks.save("inf.onnx", shape, nodes, {"fine": shape, "endless": shape})

    with pytest.raises(ModelError, match="not numbers"):
        OnnxRuntime(make_card(path), path).infer(np.zeros((16, 16, 3), np.uint8))


def test_outputs_keep_the_networks_order_and_become_float32(
    networks: Any, make_card: MakeCard
) -> None:
    shape = (1, 3, 16, 16)
    nodes = [
        helper.make_node("Cast", ["input"], ["b"], to=TensorProto.INT64),
        helper.make_node("Neg", ["b"], ["a"]),
    ]
    path = networks.save(
        "int.onnx", shape, nodes, {"b": shape, "a": shape}, output_kind=TensorProto.INT64
    )
    pixels = picture()

    plain, negative = OnnxRuntime(make_card(path, colour_order="BGR"), path).infer(pixels)

    assert plain.dtype == negative.dtype == np.float32
    assert np.array_equal(plain, pixels.transpose(2, 0, 1))
    assert np.array_equal(negative, -plain)


def test_an_output_without_a_batch_dimension_is_refused(networks: Any, make_card: MakeCard) -> None:
    node = helper.make_node("ReduceSum", ["input"], ["total"], keepdims=0)
    path = networks.save("sum.onnx", (1, 3, 16, 16), [node], {"total": ()})

    with pytest.raises(ModelError, match="failed to run"):
        OnnxRuntime(make_card(path), path).infer(picture())


def test_it_can_be_closed_twice(networks: Any, make_card: MakeCard) -> None:
    path = networks.echo(16, 16)
    runtime = OnnxRuntime(make_card(path), path)
    runtime.close()
    runtime.close()


def test_the_runtime_leaves_no_identifier_and_no_usage_data_behind(tmp_path: Path) -> None:
    code = "import kiosk.models.onnx, onnxruntime; onnxruntime.SessionOptions()"
    home = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    # CI variables would silence it as well, and the test could not fail.
    quiet = ("ORT_DISABLE_TELEMETRY", "CI", "TF_BUILD", "GITHUB_ACTIONS")
    environment = {name: value for name, value in os.environ.items() if name not in quiet}
    subprocess.run([sys.executable, "-c", code], env=environment | home, check=True)

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
