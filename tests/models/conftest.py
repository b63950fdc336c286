"""Tiny networks, built on the spot, and packs made of them."""

from __future__ import annotations

import hashlib
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from kiosk.facemodels import self_test_pack
from kiosk.models.card import ModelCard, parse_card
from kiosk.models.onnx import OnnxRuntime
from kiosk.models.pack import Pack, import_pack
from kiosk.models.selftest import record_self_test
from kiosk.recognition.thresholdfile import save_calibration

DETECTOR_PX = 32
DETECTOR_ANCHORS = 42


class NetworkBuilder:
    """Writes ONNX files: pure functions of their input, so that every number can be foretold."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(
        self,
        name: str,
        shape: tuple[Any, ...],
        nodes: list[Any],
        outputs: dict[str, tuple[Any, ...]],
        weights: dict[str, np.ndarray] | None = None,
        kind: int = TensorProto.FLOAT,
        output_kind: int | None = None,
    ) -> Path:
        graph = helper.make_graph(
            nodes,
            "tiny",
            [helper.make_tensor_value_info("input", kind, shape)],
            [
                helper.make_tensor_value_info(key, output_kind or kind, value)
                for key, value in outputs.items()
            ],
            [numpy_helper.from_array(value, key) for key, value in (weights or {}).items()],
        )
        opset = [helper.make_opsetid("", 13)]
        model = helper.make_model(graph, opset_imports=opset, ir_version=8)
        onnx.checker.check_model(model)
        path = self.folder / name
        onnx.save(model, path)
        return path

    def echo(self, width: int, height: int, name: str = "echo.onnx", **kinds: Any) -> Path:
        """Return a network whose output is its input."""
        shape = (1, 3, height, width)
        node = helper.make_node("Identity", ["input"], ["output"])
        return self.save(name, shape, [node], {"output": shape}, **kinds)

    def embedder(self, size: int, length: int, seed: int = 1, name: str = "embedder.onnx") -> Path:
        """Return a linear embedder: averages of 8×8 cells times a random matrix, length ≫ 1."""
        cells = 3 * (size // 8) ** 2
        rng = np.random.default_rng(seed)
        matrix = rng.normal(size=(cells, length)).astype(np.float32)
        nodes = [
            helper.make_node(
                "AveragePool", ["input"], ["cells"], kernel_shape=[8, 8], strides=[8, 8]
            ),
            helper.make_node("Flatten", ["cells"], ["flat"]),
            helper.make_node("MatMul", ["flat", "matrix"], ["embedding"]),
        ]
        shape = (1, 3, size, size)
        return self.save(name, shape, nodes, {"embedding": (1, length)}, {"matrix": matrix})

    def detector(self, seed: int = 2, name: str = "detector.onnx") -> Path:
        """Return a linear network with a RetinaFace's outputs at 32×32 px."""
        rng = np.random.default_rng(seed)
        nodes = [
            helper.make_node(
                "AveragePool", ["input"], ["cells"], kernel_shape=[8, 8], strides=[8, 8]
            ),
            helper.make_node("Flatten", ["cells"], ["flat"]),
        ]
        weights = {}
        for key, width in (("boxes", 4), ("scores", 2), ("landmarks", 10)):
            matrix = rng.normal(0, 0.002, (48, DETECTOR_ANCHORS * width))
            weights[f"w_{key}"] = matrix.astype(np.float32)
            weights[f"s_{key}"] = np.array([1, DETECTOR_ANCHORS, width], np.int64)
            raw = key if key != "scores" else "logits"
            nodes.append(helper.make_node("MatMul", ["flat", f"w_{key}"], [f"f_{key}"]))
            nodes.append(helper.make_node("Reshape", [f"f_{key}", f"s_{key}"], [raw]))
        nodes.append(helper.make_node("Softmax", ["logits"], ["scores"], axis=2))
        outputs = {"boxes": 4, "scores": 2, "landmarks": 10}
        shapes = {key: (1, DETECTOR_ANCHORS, width) for key, width in outputs.items()}
        return self.save(name, (1, 3, DETECTOR_PX, DETECTOR_PX), nodes, shapes, weights)

    def values(self, size: int, length: int, seed: int = 3, name: str = "values.onnx") -> Path:
        """Return a network that gives a few values about as large as probabilities."""
        cells = 3 * (size // 8) ** 2
        rng = np.random.default_rng(seed)
        matrix = rng.normal(0, 0.02 / cells**0.5, (cells, length)).astype(np.float32)
        nodes = [
            helper.make_node(
                "AveragePool", ["input"], ["cells"], kernel_shape=[8, 8], strides=[8, 8]
            ),
            helper.make_node("Flatten", ["cells"], ["flat"]),
            helper.make_node("MatMul", ["flat", "matrix"], ["values"]),
        ]
        shape = (1, 3, size, size)
        return self.save(name, shape, nodes, {"values": (1, length)}, {"matrix": matrix})


@pytest.fixture
def networks(tmp_path: Path) -> NetworkBuilder:
    folder = tmp_path / "networks"
    folder.mkdir()
    return NetworkBuilder(folder)


def card_values(path: Path | None = None, **changes: Any) -> dict[str, Any]:
    digest = hashlib.sha256(path.read_bytes()).hexdigest() if path else "0" * 64
    values: dict[str, Any] = {
        "version": "1",
        "role": "embedder",
        "architecture": "embedding",
        "file": path.name if path else "tiny.onnx",
        "sha256": digest,
        "precision": "fp32",
        "width_px": 16,
        "height_px": 16,
        "colour_order": "RGB",
        "mean": [0, 0, 0],
        "std": [1, 1, 1],
        "embedding_size": 8,
    }
    return values | changes


@pytest.fixture
def values() -> Callable[..., dict[str, Any]]:
    """Make one table of a manifest; keywords replace its entries."""
    return card_values


@pytest.fixture
def make_card() -> Callable[..., ModelCard]:
    """Make the card of a network file; keywords replace its entries."""

    def make(path: Path | None = None, **changes: Any) -> ModelCard:
        return parse_card("tiny", card_values(path, **changes))

    return make


def _toml(value: Any) -> str:
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return str(value)


class PackFolder:
    """A folder somebody hands to ``models import``: two tiny networks and their papers."""

    def __init__(self, folder: Path, seed: int, calibrations: types.ModuleType) -> None:
        folder.mkdir()
        self.folder = folder
        self._calibrations = calibrations
        build = NetworkBuilder(folder)
        self.tables: dict[str, dict[str, Any]] = {
            "tiny-detector": card_values(
                build.detector(seed),
                role="detector",
                architecture="retinaface",
                width_px=DETECTOR_PX,
                height_px=DETECTOR_PX,
                colour_order="BGR",
                mean=[104, 117, 123],
                embedding_size=0,
            ),
            "tiny-facenet": card_values(
                build.embedder(160, 512, seed),
                width_px=160,
                height_px=160,
                mean=[127.5] * 3,
                std=[128.0] * 3,
                embedding_size=512,
            ),
        }
        self.seed = seed
        self.finish()

    def add_liveness_and_head_pose(self) -> None:
        """Add the two optional networks."""
        build = NetworkBuilder(self.folder)
        for name, role, architecture, size, length in (
            ("tiny-liveness", "liveness", "liveness80", 80, 3),
            ("tiny-headpose", "head_pose", "headpose64", 64, 9),
        ):
            self.tables[name] = card_values(
                build.values(size, length, self.seed, f"{name}.onnx"),
                role=role,
                architecture=architecture,
                width_px=size,
                height_px=size,
                colour_order="BGR",
                embedding_size=0,
            )
        self.finish()

    def add_thresholds(self) -> None:
        """Add thresholds for the embedder."""
        card = parse_card("tiny-facenet", self.tables["tiny-facenet"])
        save_calibration(
            self._calibrations.graded(card.id), self.folder / "tiny-facenet.thresholds.json"
        )

    def finish(self) -> None:
        """Write the manifest and record the self-tests."""
        self.write_manifest()
        folder, rng = self.folder, np.random.default_rng(self.seed)
        for name, table in self.tables.items():
            card = parse_card(name, table)
            shape = (card.height_px, card.width_px, 3)
            pixels = rng.integers(0, 256, shape).astype(np.uint8)
            record_self_test(
                OnnxRuntime(card, folder / card.file), pixels, folder / f"{name}.selftest.npz"
            )

    def write_manifest(self) -> None:
        lines = []
        for name, table in self.tables.items():
            lines.append(f"[{_toml(name)}]")
            lines.extend(f"{key} = {_toml(value)}" for key, value in table.items())
        text = "\n".join(lines) + "\n"
        (self.folder / "pack.toml").write_text(text, encoding="utf-8")

    def import_into(self, models: Path, check: Callable[[Pack], object] = self_test_pack) -> Pack:
        return import_pack(self.folder, models, check)


@pytest.fixture
def make_pack_folder(tmp_path: Path, calibrations: types.ModuleType) -> Callable[..., PackFolder]:
    """Make a folder with a custom pack; another ``seed`` makes other networks."""

    def make(name: str = "stick", seed: int = 1) -> PackFolder:
        return PackFolder(tmp_path / name, seed, calibrations)

    return make
