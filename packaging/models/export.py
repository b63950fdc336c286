"""Write the embedded pack: PyTorch → ONNX → simplified, each step compared with the one before."""

from __future__ import annotations

import hashlib
import json
from contextlib import closing
from pathlib import Path

import numpy as np
import onnx
import onnxslim
import torch
from augment import as_input
from contracts import DETECTOR, EMBEDDER, HEAD_POSE, LIVENESS, NAMES, card
from corpus import load
from loop import load_weights
from nets import Embedder, HeadPoseNet, LivenessNet, RetinaFace
from numpy.typing import NDArray
from selftests import record_telling_self_test
from torch import nn

from kiosk.calibration import calibrate
from kiosk.calibrationsample import collect
from kiosk.commands.setup import make_pipeline
from kiosk.config import Config
from kiosk.facemodels import load_uncalibrated_models
from kiosk.models.card import ModelCard
from kiosk.models.onnx import OnnxRuntime
from kiosk.models.pack import embedded_pack
from kiosk.recognition.thresholdfile import save_calibration
from kiosk.simulatedshots import simulated_shots

_OPSET = 13
_COMPARED = 48
_MAX_DIFFERENCE = 2e-3
_MIN_COSINE = 0.99999
_OUTPUTS = {
    DETECTOR: ["boxes", "scores", "landmarks"],
    EMBEDDER: ["embedding"],
    HEAD_POSE: ["pose"],
    LIVENESS: ["logits"],
}


def export_pack(work: Path, out: Path, people: int) -> None:
    """Write networks, manifest, self-tests and thresholds into ``out``. Raises ValueError.

    ``people`` strangers to each other give the thresholds.
    """
    out.mkdir(parents=True, exist_ok=True)
    cards = [_export(name, work, out) for name in NAMES]
    _write_manifest(cards, out / "pack.toml")
    for each in cards:
        print(f"{each.name}: self-test notices {record_telling_self_test(each, out)}", flush=True)
    measure_thresholds(out, people)
    total = sum(path.stat().st_size for path in out.iterdir())
    print(f"{out}: {total / 1e6:.2f} MB in all")


def measure_thresholds(pack: Path, people: int) -> None:
    """Compare everybody with everybody else and write the embedder's thresholds.

    The same as ``door-kiosk calibrate --simulated``.
    """
    config = Config()
    with closing(
        load_uncalibrated_models(embedded_pack(pack), config.recognition.min_detection_score)
    ) as models:
        shots = simulated_shots(people)
        samples = collect(make_pipeline(models, config), shots.shots, shots.count, _tell)
        source = f"{people} simulated people"
        calibration = calibrate(samples, models.embedder.model, source)
    save_calibration(calibration, pack / f"{EMBEDDER}.thresholds.json")
    print(f"thresholds: {calibration.people} people, {calibration.impostor_pairs} pairs")


def _tell(done: int, total: int) -> None:
    end = "\n" if done == total else "\r"
    print(f"  thresholds: {done}/{total} pictures", end=end, flush=True)


def _export(name: str, work: Path, out: Path) -> ModelCard:
    model = _trained(name, work)
    contract = card(name)
    path = out / contract.file
    example = torch.zeros(1, 3, contract.height_px, contract.width_px)
    torch.onnx.export(
        model,
        (example,),
        path,
        input_names=["input"],
        output_names=_OUTPUTS[name],
        opset_version=_OPSET,
        dynamo=False,
    )
    simplified = onnxslim.slim(onnx.load(path))
    if simplified is None:
        raise ValueError(f"{name} could not be simplified.")
    del simplified.metadata_props[:]
    simplified.producer_name, simplified.producer_version = "door-kiosk", "1"
    simplified.doc_string = "Trained on simulated people only, from random initialisation."
    for node in simplified.graph.node:
        node.doc_string = ""
    onnx.checker.check_model(simplified)
    onnx.save(simplified, path)
    exported = card(name, hashlib.sha256(path.read_bytes()).hexdigest())
    difference, cosine = _compared(model, OnnxRuntime(exported, path), _real_inputs(name, work))
    kinds = sorted({node.op_type for node in simplified.graph.node})
    print(
        f"{name}: {path.stat().st_size / 1e6:.2f} MB, {', '.join(kinds)}; against PyTorch: "
        f"largest difference {difference:.1e}, least cosine {cosine:.7f}",
        flush=True,
    )
    if difference > _MAX_DIFFERENCE or cosine < _MIN_COSINE:
        raise ValueError(f"{name}: the exported network does not answer as the trained one does.")
    return exported


def _trained(name: str, work: Path) -> nn.Module:
    model: nn.Module
    if name == DETECTOR:
        model = RetinaFace()
        model.is_exported = True
    elif name == EMBEDDER:
        model = Embedder()
    else:
        model = HeadPoseNet() if name == HEAD_POSE else LivenessNet()
    load_weights(model, work, name)
    return model.eval()


def _real_inputs(name: str, work: Path) -> NDArray[np.uint8]:
    """Return rendered pictures as the network sees them."""
    kind, array = {
        DETECTOR: ("frames", "picture"),
        EMBEDDER: ("portraits", "chip"),
        HEAD_POSE: ("portraits", "crop"),
        LIVENESS: ("presentations", "crop"),
    }[name]
    contract = card(name)
    pictures = load(work, kind, "validation", array)[array][:_COMPARED].astype(np.uint8)
    inputs = np.zeros((len(pictures), contract.height_px, contract.width_px, 3), np.uint8)
    if name == DETECTOR:
        inputs[:] = np.array(contract.mean, np.uint8)
        inputs[:, : pictures.shape[1]] = pictures
        return inputs
    margin = (pictures.shape[1] - contract.width_px) // 2
    inside = slice(margin, margin + contract.width_px)
    inputs[:] = pictures[:, inside, inside]
    return inputs


def _compared(
    model: nn.Module, runtime: OnnxRuntime, pictures: NDArray[np.uint8]
) -> tuple[float, float]:
    """Return the largest difference, relative to the outputs' size, and the least cosine."""
    contract = runtime.card
    worst, least = 0.0, 1.0
    for picture in pictures:
        x = as_input(picture[None], contract.mean, contract.std[0], contract.colour_order == "RGB")
        with torch.no_grad():
            trained = model(x)
        wanted = trained if isinstance(trained, tuple) else (trained,)
        for mine, theirs in zip(runtime.infer(picture), wanted, strict=True):
            a, b = mine.ravel().astype(float), theirs[0].numpy().ravel().astype(float)
            worst = max(worst, float(np.abs(a - b).max() / max(1.0, np.abs(b).max())))
            least = min(least, float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b))))
    return worst, least


def _write_manifest(cards: list[ModelCard], path: Path) -> None:
    text = [
        "# The pack that comes along. These networks were trained by this project on simulated",
        "# people only, from random initialisation (packaging/models): they know nobody real and",
        "# must not open a real door.",
    ]
    for each in cards:
        text += ["", f"[{each.name}]"]
        values: dict[str, object] = {
            "version": each.version,
            "role": each.role.value,
            "architecture": each.architecture,
            "file": each.file,
            "sha256": each.sha256,
            "precision": each.precision,
            "width_px": each.width_px,
            "height_px": each.height_px,
            "colour_order": each.colour_order,
            "mean": list(each.mean),
            "std": list(each.std),
        }
        if each.embedding_size:
            values["embedding_size"] = each.embedding_size
        if each.name == LIVENESS:
            values["min_live"] = each.min_live
        if each.name == DETECTOR:
            values["region_factor"] = each.region_factor
        values |= {"knows": each.knows, "licence": each.licence, "upstream": each.upstream}
        text += [
            f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()
        ]
    path.write_text("\n".join(text) + "\n", encoding="utf-8")
