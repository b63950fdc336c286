"""Under emulation: a board made of files, a stub that can misbehave, and a network on it."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from kiosk.board.soc import read_soc
from kiosk.errors import ModelError
from kiosk.models.card import ModelCard, Role
from kiosk.models.rknn import START_TIMEOUT_S, RknnRuntime

BOARD, STUBS, WORK = (Path(argument).absolute() for argument in sys.argv[1:4])
RUN_TIMEOUT_S = 1.0
PICTURES = {role: np.load(WORK / f"{role.value}.npy") for role in (Role.DETECTOR, Role.EMBEDDER)}


SCENARIOS: dict[str, Callable[[], Any]] = {}


def scenario(function: Callable[[], Any]) -> Callable[[], Any]:
    """Add a function to what is tried; each is run in a process of its own."""
    SCENARIOS[function.__name__] = function
    return function


def set_up_board(
    chip: str = "rk3588", library: str | None = "2.5.0", driver: str | None = "0.9.8"
) -> None:
    """Put a board's files where the emulator shows them as /proc, /sys, /dev and /usr/lib.

    The kernel's note which node is the NPU's is left out: whether a file may be used, the emulator
    asks the computer it runs on.
    """
    for place in ("proc/device-tree", "sys/module", "dev/dri"):
        shutil.rmtree(BOARD / place, ignore_errors=True)
    write("proc/device-tree/compatible", f"vendor,board\0rockchip,{chip}\0")
    write("dev/dri/renderD129", "")
    if driver is not None:
        write("sys/module/rknpu/version", f"{driver}\n")
    place = BOARD / "usr/lib/librknnrt.so"
    place.unlink(missing_ok=True)
    if library is not None:
        shutil.copy(STUBS / f"librknnrt-{library}.so", place)


def write(path: str, text: str) -> None:
    (BOARD / path).parent.mkdir(parents=True, exist_ok=True)
    (BOARD / path).write_text(text, encoding="utf-8")


def misbehave(**values: object) -> None:
    """Set what the stub library is told, e.g. ``run=-1``; nothing told means that it works."""
    for name in ("INIT", "INIT_PAUSE_S", "MASK", "SET", "RUN", "RUN_PAUSE_S", "GET", "OUTPUT"):
        os.environ.pop(f"RKNN_STUB_{name}", None)
    for name, value in values.items():
        os.environ[f"RKNN_STUB_{name.upper()}"] = str(value)


def card(role: Role = Role.EMBEDDER, **changes: Any) -> ModelCard:
    is_detector = role is Role.DETECTOR
    side = 320 if is_detector else 112
    values: dict[str, Any] = {
        "name": role.value,
        "version": "1",
        "role": role,
        "architecture": "retinaface" if is_detector else "embedding",
        "file": f"{role.value}.rknn",
        "sha256": "0" * 64,
        "precision": "fp16",
        "width_px": side,
        "height_px": side,
        "colour_order": "BGR" if is_detector else "RGB",
        "mean": (0.0, 0.0, 0.0),
        "std": (1.0, 1.0, 1.0),
        "embedding_size": 0 if is_detector else 128,
        "target": "rk3588",
        "cut_heads": is_detector,
    }
    return ModelCard(**values | changes)


def start(
    role: Role = Role.EMBEDDER, start_timeout_s: float = START_TIMEOUT_S, **changes: Any
) -> RknnRuntime:
    wanted = card(role, **changes)
    soc = read_soc()
    assert soc is not None, "the emulator shows no board"
    return RknnRuntime(
        wanted,
        WORK / wanted.file,
        soc,
        start_timeout_s=start_timeout_s,
        run_timeout_s=RUN_TIMEOUT_S,
    )


def refusal(act: Callable[[], object]) -> str:
    """Return the ModelError's message; anything else is a failure of the scenario."""
    try:
        act()
    except ModelError as error:
        return str(error)
    raise AssertionError("no ModelError")


def calls() -> list[dict[str, Any]]:
    path = Path(os.environ["RKNN_STUB_LOG"])
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
