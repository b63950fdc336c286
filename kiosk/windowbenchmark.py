"""How fast with the window: cold start, memory and stalls, each in a fresh process.

The children run offscreen; this module starts them and knows no Qt.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from kiosk.datafolder import DataFolder
from kiosk.domain import Frame
from kiosk.drawnface import draw_face
from kiosk.enrolment import made_templates
from kiosk.errors import KioskError
from kiosk.facemodels import load_face_models
from kiosk.pipeline import Pipeline
from kiosk.recognition.decision import VisitDecider, VisitRules
from kiosk.recognition.gallery import Gallery
from kiosk.store.store import opened
from kiosk.vision.quality import ENROLMENT

_STARTS = 5
_STALL_SECONDS = 10
_NAME = "Drawn Face"


def run_window_benchmarks(models: Path, min_score: float) -> dict[str, Any]:
    """Start the kiosk several times on a drawn face, then count stalls. Raises KioskError."""
    with tempfile.TemporaryDirectory(prefix="door-kiosk-bench-") as name:
        folder = _prepare(Path(name), models, min_score)
        starts = [_cold_start(folder, Path(name) / "pictures") for _ in range(_STARTS)]
        stalls = _child([sys.executable, "-m", "ui.stalls", str(folder.root), str(_STALL_SECONDS)])
    return {
        # The first start pays for a cold disk cache as well; it is listed, not hidden.
        "cold_start_s": round(float(np.median([seconds for seconds, _ in starts])), 3),
        "cold_starts_s": [round(seconds, 3) for seconds, _ in starts],
        "peak_memory_mb": round(max(memory for _, memory in starts), 1),
        **stalls,
    }


def _prepare(root: Path, models: Path, min_score: float) -> DataFolder:
    """Make a data folder in which the drawn face is enrolled, and pictures of it."""
    folder = DataFolder(root / "data")
    folder.create()
    shutil.copytree(models, folder.models)
    loaded = load_face_models(folder.models, min_score)
    pipeline = Pipeline(
        loaded, Gallery.empty(loaded.embedder.model), VisitDecider(VisitRules()), 0.005, 0.05
    )
    frame = Frame(draw_face(640, 480, 120), 0)
    report = pipeline.examine(frame, limits=ENROLMENT)
    if report.refusal is not None:
        raise KioskError(f"The benchmark's drawn face was refused: {report.refusal.value}.")
    templates = made_templates(pipeline.template(frame, report), None, "front", 0)
    with opened(folder.database) as store:
        store.people.enrol(_NAME, "", None, templates, 0)
    pictures = root / "pictures"
    pictures.mkdir()
    cv2.imwrite(str(pictures / "face.png"), frame.pixels)
    return folder


def _cold_start(folder: DataFolder, pictures: Path) -> tuple[float, float]:
    """Return seconds from the start of the process to the welcome, and peak memory in MB."""
    began = time.perf_counter()
    with subprocess.Popen(
        [
            *(sys.executable, "-m", "kiosk", "run", "--relay", "sim:"),
            *("--camera", str(pictures), "--data", str(folder.root)),
        ],
        env=_offscreen(),
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        recognised_s, peak_mb = None, 0.0
        lines = []
        for line in child.stdout:
            lines.append(line)
            peak_mb = max(peak_mb, _peak_mb(child.pid))
            if recognised_s is None and f"welcome {_NAME}" in line:
                recognised_s = time.perf_counter() - began
    if recognised_s is None:
        raise KioskError("The kiosk did not recognise the drawn face:\n" + "".join(lines))
    return recognised_s, peak_mb


def _peak_mb(pid: int) -> float:
    """Return the most memory a running process has had, MB; 0 when it has gone.

    Not from wait4: what that tells of a child begins with the memory of whom it was forked from.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    found = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0


def _child(command: list[str]) -> dict[str, Any]:
    done = subprocess.run(command, env=_offscreen(), stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise KioskError(f"The measurement {' '.join(command[1:3])} ended with an error.")
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _offscreen() -> dict[str, str]:
    return {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONUNBUFFERED": "1"}
