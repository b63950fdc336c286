"""A command line to drive, and a data folder with the real networks."""

from __future__ import annotations

import csv
import functools
import hashlib
import json
import shutil
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from kiosk.cli import main
from kiosk.models.card import parse_card
from kiosk.models.onnx import OnnxRuntime
from kiosk.models.selftest import record_self_test
from kiosk.recognition.thresholdfile import save_calibration

ANCHORS = 42


@dataclass(frozen=True)
class Answer:
    """What a command did."""

    code: int
    out: str
    err: str


Kiosk = Callable[..., Answer]


@pytest.fixture
def kiosk(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Kiosk:
    """Run a command on the data folder ``tmp_path / "data"``."""

    def run(*arguments: object) -> Answer:
        capsys.readouterr()
        code = main([*map(str, arguments), "--data", str(tmp_path / "data")])
        said = capsys.readouterr()
        assert "Traceback" not in said.err, said.err
        return Answer(code, said.out, said.err)

    return run


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The data folder that ``kiosk`` works on; not made yet."""
    return tmp_path / "data"


@pytest.fixture(scope="session")
def imported(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder into which the real networks were imported."""
    folder = tmp_path_factory.mktemp("imported")
    assert main(["models", "import", str(shared / "models"), "--data", str(folder)]) == 0
    return folder


@pytest.fixture
def with_models(imported: Path, data: Path) -> Path:
    """The data folder, with the real networks and nobody enrolled."""
    data.mkdir()
    shutil.copytree(imported / "models", data / "models")
    return data


@pytest.fixture
def write_list(tmp_path: Path) -> Callable[..., Path]:
    """Write a CSV list of photographs."""

    def write(
        rows: Sequence[Sequence[object]],
        columns: Sequence[str] = ("person", "path"),
        name: str = "list.csv",
    ) -> Path:
        path = tmp_path / name
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([columns, *rows])
        return path

    return write


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


def write_tiny_pack(calibrations: types.ModuleType, folder: Path, **changes: Any) -> Path:
    """Write a pack of two networks that know nobody; ``changes`` are entries of both tables."""
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
            **changes,
        }
        # JSON's strings, numbers and lists are TOML's.
        manifest += [f"[{name}]", *(f"{key} = {json.dumps(v)}" for key, v in values.items())]
        card = parse_card(name, values)
        pixels = np.random.default_rng(1).integers(0, 256, (size, size, 3)).astype(np.uint8)
        record_self_test(OnnxRuntime(card, file), pixels, folder / f"{name}.selftest.npz")
        save_calibration(calibrations.graded(card.id), folder / f"{name}.thresholds.json")
    (folder / "pack.toml").write_text("\n".join(manifest) + "\n", encoding="utf-8")
    return folder


@pytest.fixture
def make_tiny_pack(calibrations: types.ModuleType) -> Callable[..., Path]:
    """Write a pack of two tiny networks into a new folder."""
    return functools.partial(write_tiny_pack, calibrations)
