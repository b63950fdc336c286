"""A board that is not there: the vendor's wrapper with its measured misbehaviour, and its files.

The wrapper takes garbage for a network, returns -1 or None where others raise, and hands out the
last outputs when a run failed. What it executes is an ONNX network packed as a .rknn file.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
import shutil
import struct
import sys
import threading
import types
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime
import pytest

from kiosk.models.card import ModelCard
from kiosk.models.mistakes import pixels_as_planes, planes_as_pixels
from kiosk.models.pack import Pack
from kiosk.recognition.thresholdfile import load_calibration, save_calibration

_log = logging.getLogger("acuityLogger")
LIBRARY_VERSION = "2.5.0"


def write_rknn(
    path: Path, card: ModelCard, network: Path, target: str = "rk3588", toolkit: str = "2.5.0"
) -> Path:
    """Pack an ONNX network as the converter would: its shapes and its normalisation inside."""
    session = onnxruntime.InferenceSession(str(network), providers=["CPUExecutionProvider"])
    shapes = [[1, 3, card.height_px, card.width_px]]
    shapes += [[1, *output.shape[1:]] for output in session.get_outputs()]
    tensors = [{"tensor_id": i, "size": shape} for i, shape in enumerate(shapes)]
    graph = [
        {"left": "output" if i else "input", "right": "norm_tensor", "right_tensor_id": i}
        for i in range(len(shapes))
    ]
    description = {
        "norm_tensor": tensors,
        "graph": graph,
        "target_platform": [target],
        "version": toolkit,
        "mean": list(card.mean),
        "std": list(card.std),
    }
    text = json.dumps(description).encode()
    payload = network.read_bytes()
    header = b"RKNN" + bytes(4) + struct.pack("<QQ", 6, len(payload)) + bytes(40)
    path.write_bytes(header + payload + struct.pack("<Q", len(text)) + text)
    return path


class FakeBoard:
    """What the tests set, and what the wrapper was asked."""

    def __init__(self, root: Path, soc: str = "rk3588") -> None:
        self.root = root
        self.soc = soc
        self.mistake = ""
        """What goes wrong: see :meth:`FakeRknnLite.inference` and :mod:`kiosk.models.mistakes`."""
        self.said = "RKNN init failed. error code: RKNN_ERR_MODEL_INVALID"
        self.let_go = threading.Event()
        self.hangs_now = threading.Event()
        self.masks: list[int] = []
        self.threads: list[tuple[str, str]] = []
        self.contexts = 0
        self.write("proc/device-tree/compatible", f"vendor,board\0rockchip,{soc}\0")
        self.write("sys/module/rknpu/version", "0.9.8\n")
        self.write("usr/lib/librknnrt.so", f"\x7fELF librknnrt version: {LIBRARY_VERSION} (x)")
        self.write("sys/class/drm/renderD129/device/uevent", "DRIVER=RKNPU\n")
        self.write("dev/dri/renderD129", "")

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def remove(self, name: str) -> None:
        (self.root / name).unlink()

    def make(self) -> FakeRknnLite:
        return FakeRknnLite(self)

    def convert(self, pack: Pack, folder: Path, precision: str = "fp16") -> Pack:
        """Return the pack with every network converted for the board's chip."""
        folder.mkdir(parents=True)
        cards = tuple(self._convert(pack, card, folder, precision) for card in pack.cards)
        return dataclasses.replace(pack, folder=folder, cards=cards)

    def _convert(self, pack: Pack, card: ModelCard, folder: Path, precision: str) -> ModelCard:
        target = self.soc
        path = folder / f"{card.name}.{target}.{precision}.rknn"
        write_rknn(path, card, pack.folder / card.file, target)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        made = dataclasses.replace(
            card, file=path.name, sha256=digest, precision=precision, target=target
        )
        shutil.copyfile(pack.self_test(card), folder / f"{made.stem}.selftest.npz")
        if pack.thresholds(card).exists():
            known = load_calibration(pack.thresholds(card), card.id)
            moved = dataclasses.replace(known, model=made.id)
            save_calibration(moved, folder / f"{made.stem}.thresholds.json")
        return made

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Make the whole program believe that it runs on this board."""
        module = types.ModuleType("rknnlite.api")
        board = self

        class RKNNLite(FakeRknnLite):
            def __init__(self) -> None:
                super().__init__(board)

        module.RKNNLite = RKNNLite  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "rknnlite", types.ModuleType("rknnlite"))
        monkeypatch.setitem(sys.modules, "rknnlite.api", module)
        # An absolute path takes the place of the root that it is joined to.
        device_tree = self.root / "proc/device-tree/compatible"
        monkeypatch.setattr("kiosk.board.soc.COMPATIBLE", device_tree)
        library = self.root / "usr/lib/librknnrt.so"
        monkeypatch.setattr("kiosk.models.npuhost._LIBRARY", library)
        monkeypatch.setattr("kiosk.models.npuhost._CONTAINER_MARK", self.root / ".dockerenv")


class FakeRknnLite:
    """``rknnlite.api.RKNNLite`` of rknn-toolkit-lite2 2.5.0."""

    def __init__(self, board: FakeBoard) -> None:
        _log.propagate = False
        self._board = board
        self.rknn_data: bytes | None = None
        self._session: Any = None
        self._last: list[np.ndarray] | None = None
        self._good: list[list[np.ndarray]] = []
        self._turn = 0
        self._is_released = False

    def _note(self, what: str) -> None:
        self._board.threads.append((what, threading.current_thread().name))

    def load_rknn(self, path: str, key_path: str | None = None) -> int:
        self._note("load")
        if not Path(path).exists():
            _log.error("Invalid RKNN model path: %s", path)
            return -1
        self.rknn_data = Path(path).read_bytes()
        return 0

    def init_runtime(
        self,
        target: str | None = None,
        device_id: str | None = None,
        async_mode: bool = False,
        core_mask: int = 0,
    ) -> int:
        self._note("init")
        board = self._board
        if board.mistake == "hangs_at_start":
            board.hangs_now.set()
            board.let_go.wait()
        if board.mistake == "refuses":
            _log.error(board.said)
            return -1
        allowed = {"rk3588": (0, 1, 2, 3, 4, 7), "rk3576": (0, 1, 2, 3)}.get(board.soc, (0,))
        if core_mask not in allowed:
            _log.error("core_mask is only supported by ['RK3588','RK3576']")
            return -1
        board.masks.append(core_mask)
        data = self.rknn_data or b""
        try:
            (length,) = struct.unpack_from("<Q", data, 16)
            self._description = json.loads(data[72 + length :])
            self._session = onnxruntime.InferenceSession(
                data[64 : 64 + length], providers=["CPUExecutionProvider"]
            )
        except Exception:
            _log.exception("Catch exception when init runtime!")
            return -1
        board.contexts += 1
        return 0

    def inference(
        self,
        inputs: list[np.ndarray],
        data_type: Any = None,
        data_format: Any = None,
        inputs_pass_through: Any = None,
        get_frame_id: bool = False,
        reuse_outputs: bool = False,
    ) -> list[np.ndarray] | None:
        self._note("run")
        board, mistake = self._board, self._board.mistake
        if self._session is None or self._is_released:
            return None
        if mistake == "hangs":
            board.hangs_now.set()
            board.let_go.wait()
        (batch,) = inputs
        if mistake == "fails" or batch.ndim != 4 or batch.dtype == np.float64:
            _log.error("need 4dims input, but %ddims input buffer feed", batch.ndim)
            return None
        if mistake == "run_fails" and self._last is not None:
            return [output.copy() for output in self._last]
        outputs = self._execute(batch[0])
        if mistake == "stuck":
            outputs = self._last or outputs
        elif mistake == "nearly_stuck" and self._last is not None:
            outputs = [output * np.float32(1 + 1e-6) for output in self._last]
        elif mistake == "alternates" and len(self._good) == 2:
            self._turn += 1
            outputs = [output.copy() for output in self._good[self._turn % 2]]
        elif mistake == "behind" and self._last is not None:
            outputs, self._held = getattr(self, "_held", self._last), outputs
        elif mistake == "drifts":
            lean = np.random.default_rng(1).normal(size=outputs[0].shape)
            size = np.linalg.norm(outputs[0]) / np.linalg.norm(lean)
            outputs[0] = (outputs[0] + 0.5 * size * lean).astype(np.float32)
        if not mistake:
            self._good = [*self._good, [output.copy() for output in outputs]][-2:]
        self._last = [output.copy() for output in outputs]
        if mistake == "nan":
            outputs[0].ravel()[3] = np.nan
        elif mistake == "huge":
            outputs = [output * np.float32(1e30) for output in outputs]
        elif mistake == "zeros":
            outputs = [np.zeros_like(output) for output in outputs]
        elif mistake == "float64":
            outputs = [output.astype(np.float64) for output in outputs]
        elif mistake == "fewer":
            outputs = outputs[:-1]
        elif mistake == "misshapen":
            outputs = [output[..., :-1] for output in outputs]
        return outputs

    def _execute(self, pixels: np.ndarray) -> list[np.ndarray]:
        mistake = self._board.mistake
        feeds = {
            "swapped_channels": lambda p: np.ascontiguousarray(p[..., ::-1]),
            "planes_as_pixels": planes_as_pixels,
            "pixels_as_planes": pixels_as_planes,
        }
        fed = feeds.get(mistake, lambda p: p)(pixels)
        mean = np.array(self._description["mean"], np.float32)
        std = np.array(self._description["std"], np.float32)
        values = fed.astype(np.float32)
        if mistake != "not_normalised":
            values = (values - mean) / std
        if mistake == "normalised_twice":
            values = (values - mean) / std
        name = self._session.get_inputs()[0].name
        blob = np.ascontiguousarray(values.transpose(2, 0, 1)[None])
        return [np.asarray(output) for output in self._session.run(None, {name: blob})]

    def get_sdk_version(self) -> str | None:
        return f"RKNN VERSION:\n  API: {LIBRARY_VERSION}\n  DRV: 0.9.8"

    def release(self) -> None:
        self._note("release")
        if not self._is_released and self._session is not None:
            self._board.contexts -= 1
        self._is_released = True


def draw_picture(card: ModelCard, seed: int = 0) -> np.ndarray:
    """Return some picture of the size on a card."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (8, 8, 3)).astype(np.uint8)
    return cv2.resize(coarse, (card.width_px, card.height_px))
