"""``models list`` and ``models verify`` with a pack that came along, and importing one like it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from kiosk.models.card import parse_card
from kiosk.models.onnx import OnnxRuntime
from kiosk.models.selftest import record_self_test
from kiosk.recognition.thresholds import Calibration, CalibrationPoint, save_calibration

ANCHORS = 42


def write_network(path: Path, size: int, outputs: dict[str, tuple[int, ...]]) -> None:
    """Write a network whose outputs are sums of its input, in the shapes wanted."""
    nodes = [helper.make_node("AveragePool", ["input"], ["mean"], kernel_shape=[size, size])]
    weights = []
    for name, shape in outputs.items():
        weights.append(
            helper.make_tensor(
                f"{name}_shape", TensorProto.INT64, [len(shape)], np.array(shape, np.int64)
            )
        )
        count = int(np.prod(shape))
        matrix = np.random.default_rng(count).normal(0, 0.001, (3, count)).astype(np.float32)
        weights.append(onnx.numpy_helper.from_array(matrix, f"{name}_w"))
        nodes += [
            helper.make_node("Flatten", ["mean"], [f"{name}_flat"]),
            helper.make_node("MatMul", [f"{name}_flat", f"{name}_w"], [f"{name}_all"]),
            helper.make_node("Reshape", [f"{name}_all", f"{name}_shape"], [name]),
        ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, (1, 3, size, size))],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in outputs.items()],
        weights,
    )
    opset = [helper.make_opsetid("", 13)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)


@pytest.fixture
def embedded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pack of two tiny networks in the place of the one that comes along."""
    folder = tmp_path / "embedded"
    folder.mkdir()
    detector = {"boxes": (1, ANCHORS, 4), "scores": (1, ANCHORS, 2), "marks": (1, ANCHORS, 10)}
    write_network(folder / "eye.onnx", 32, detector)
    write_network(folder / "name.onnx", 16, {"embedding": (1, 8)})
    manifest = []
    for name, role, architecture, size, length in (
        ("eye", "detector", "retinaface", 32, 0),
        ("name", "embedder", "embedding", 16, 8),
    ):
        file = folder / f"{name}.onnx"
        values = {
            "version": "1",
            "role": role,
            "architecture": architecture,
            "file": file.name,
            "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
            "precision": "fp32",
            "width_px": size,
            "height_px": size,
            "colour_order": "BGR",
            "mean": [0, 0, 0],
            "std": [1, 1, 1],
            "embedding_size": length,
            "knows": "simulated",
        }
        # JSON's strings, numbers and lists are TOML's.
        manifest += [f"[{name}]", *(f"{key} = {json.dumps(v)}" for key, v in values.items())]
        card = parse_card(name, values)
        pixels = np.random.default_rng(1).integers(0, 256, (size, size, 3)).astype(np.uint8)
        record_self_test(OnnxRuntime(card, file), pixels, folder / f"{name}.selftest.npz")
        points = (CalibrationPoint(1e-2, 0.4), CalibrationPoint(1e-6, 0.8))
        save_calibration(
            Calibration(card.id, points, 1000, 100, 10, "made up"),
            folder / f"{name}.thresholds.json",
        )
    (folder / "pack.toml").write_text("\n".join(manifest), encoding="utf-8")
    monkeypatch.setattr("kiosk.models.pack.embedded_folder", lambda: folder)
    return folder


def test_list_shows_it_also_where_nothing_is_imported(kiosk, embedded: Path) -> None:
    answer = kiosk("models", "list")
    assert answer.code == 0, answer.err
    assert "No face models are in use" in answer.out
    assert f"Embedded, for --demo: {embedded}" in answer.out
    assert "simulated" in answer.out
    tree = json.loads(kiosk("models", "list", "--json").out)
    assert (tree["folder"], tree["models"]) == (None, [])
    assert [(m["name"], m["knows"]) for m in tree["embedded"]] == [
        ("eye", "simulated"),
        ("name", "simulated"),
    ]


def test_verify_tests_it_and_then_says_that_nothing_is_imported(kiosk, embedded: Path) -> None:
    answer = kiosk("models", "verify")
    assert answer.code == 1
    assert "eye.onnx: digest correct, self-test passed" in answer.out
    assert "door-kiosk models import" in answer.err


@pytest.mark.parametrize("command", ["verify", "list"])
def test_a_missing_file_says_to_install_again(kiosk, embedded: Path, command: str) -> None:
    (embedded / "name.onnx").unlink()
    answer = kiosk("models", command)
    assert answer.code == 1
    assert "name.onnx is missing" in answer.err and "install it again" in answer.err


def test_a_damaged_file_says_to_install_again(kiosk, embedded: Path) -> None:
    data = bytearray((embedded / "name.onnx").read_bytes())
    data[100] ^= 1
    (embedded / "name.onnx").write_bytes(bytes(data))
    answer = kiosk("models", "verify")
    assert answer.code == 1
    assert "name.onnx is damaged" in answer.err and "install it again" in answer.err


def test_imported_it_is_told_apart_and_verified_twice(kiosk, embedded: Path) -> None:
    answer = kiosk("models", "import", embedded)
    assert answer.code == 0, answer.err
    assert "know simulated people only" in answer.out
    tree = json.loads(kiosk("models", "verify", "--json").out)
    assert set(tree["self_tests"]) == set(tree["embedded_self_tests"]) == {"eye", "name"}
    listed = json.loads(kiosk("models", "list", "--json").out)
    assert [m["knows"] for m in listed["models"]] == ["simulated", "simulated"]


def test_imported_it_does_not_start_with_a_real_relay(kiosk, embedded: Path, data: Path) -> None:
    from kiosk.config import Config, DoorConfig
    from kiosk.datafolder import DataFolder
    from kiosk.engine import Engine
    from kiosk.errors import ConfigError

    assert kiosk("models", "import", embedded).code == 0
    with pytest.raises(ConfigError, match="simulated people only"):
        Engine(Config(door=DoorConfig(relay="lcus:/dev/no-such-port")), DataFolder(data))
    Engine(Config(door=DoorConfig(relay="sim:")), DataFolder(data)).stop()


def test_a_damaged_embedded_pack_does_not_hide_the_one_in_use(
    kiosk, embedded: Path, tmp_path: Path
) -> None:
    assert kiosk("models", "import", str(embedded), "--without-thresholds").code == 0
    (embedded / "pack.toml").write_text("garbage")
    answer = kiosk("models", "list")
    assert "In use" in answer.out and "install it again" in answer.err
    assert answer.code == 1
