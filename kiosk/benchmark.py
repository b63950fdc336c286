"""How fast: the pipeline's stages against the bare networks, timed in the same run.

Times on a shared machine wander; what is comparable is the ratio of the whole step to the sum of
its networks, because both are measured alternately, frame by frame. The networks of a frame are
one pass of the detector, two of the embedder (the chip and its mirror image) and the liveness
network where there is one; steps cost more in some frames than in others, so both are summed over
the frames between two looks at the whole picture.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from kiosk.config import ModelsConfig
from kiosk.domain import Frame
from kiosk.drawnface import draw_face
from kiosk.errors import ModelError
from kiosk.facemodels import load_face_models
from kiosk.models.card import Role
from kiosk.models.onnx import OnnxRuntime
from kiosk.models.runtime import Runtime
from kiosk.pipeline import FaceModels, Pipeline
from kiosk.recognition.decision import VisitDecider, VisitRules
from kiosk.recognition.gallery import Gallery
from kiosk.vision.search import SURVEY_EVERY

FRAMES = ((640, 480, 120.0), (1280, 720, 160.0))
"""Width, height and size of the drawn face, px."""
GALLERIES = (100, 10_000, 50_000)
_ROUNDS = 150
_WARM_UP = 15
_FRAME_INTERVAL_NS = 33_000_000
_SWAY_PX = 12
_PASSES = {Role.DETECTOR: 1, Role.EMBEDDER: 2, Role.LIVENESS: 1}
"""How often a frame needs each network; head pose is asked on demand only."""


def run_benchmarks(
    models_dir: Path,
    min_score: float,
    stranger_rate: float,
    margin: float = 0.05,
    rounds: int = _ROUNDS,
) -> dict[str, Any]:
    """Time the installed networks and the whole step. Raises ModelError."""
    cv2.setNumThreads(1)
    # The networks on a board are timed by the board's own benchmark.
    models = load_face_models(models_dir, min_score, ModelsConfig(target="onnx"))
    try:
        return _report(models, stranger_rate, margin, rounds)
    finally:
        models.close()


def _report(models: FaceModels, stranger_rate: float, margin: float, rounds: int) -> dict[str, Any]:
    if models.liveness is not None:
        # A drawn face is no live one: it is let through, since only the time counts here.
        models.liveness.min_live = 0.0
    needed = [each for each in models.runtimes for _ in range(_PASSES.get(each.card.role, 0))]
    networks = [_bare(runtime) for runtime in needed]
    cases = [
        _time_case(models, networks, frame, size, stranger_rate, margin, rounds)
        for frame in FRAMES
        for size in GALLERIES
    ]
    return {
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "rounds": rounds,
        "networks": [runtime.card.name for runtime in needed],
        "cases": cases,
        "ratio_step_to_networks": next(
            case["ratio_step_to_networks"]
            for case in cases
            if case["frame"] == "640×480" and case["gallery"] == 10_000
        ),
    }


def _bare(runtime: Runtime) -> Callable[[], object]:
    """Return a call that runs a network alone, on an input that is ready."""
    if not isinstance(runtime, OnnxRuntime):
        raise ModelError(f"{runtime.card.name} does not run on this computer's CPU.")
    card = runtime.card
    pixels = draw_face(card.width_px, card.height_px, card.width_px * 0.45)
    ready = {runtime.session.get_inputs()[0].name: runtime.normalise(pixels)}
    return lambda: runtime.session.run(None, ready)


def _time_case(
    models: FaceModels,
    networks: list[Callable[[], object]],
    frame: tuple[int, int, float],
    gallery_size: int,
    stranger_rate: float,
    margin: float,
    rounds: int,
) -> dict[str, Any]:
    width_px, height_px, face_px = frame
    still = draw_face(width_px, height_px, face_px)
    # Somebody who stands at the door sways.
    sway = np.rint(_SWAY_PX * np.sin(np.arange(16) * np.pi / 8)).astype(int)
    pictures = [np.roll(still, int(shift), 1) for shift in sway]
    gallery = _strangers(models, gallery_size)
    pipeline = Pipeline(models, gallery, VisitDecider(VisitRules()), stranger_rate, margin)
    step_ms: list[float] = []
    bare_ms: list[list[float]] = [[] for _ in networks]
    stages: dict[str, list[float]] = {}
    for number in range(rounds + _WARM_UP):
        shot = Frame(pictures[number % len(pictures)], (number + 1) * _FRAME_INTERVAL_NS)
        began = time.perf_counter_ns()
        result = pipeline.step(shot)
        took = (time.perf_counter_ns() - began) / 1e6
        alone = [_timed_ms(network) for network in networks]
        if result.report.embedding is None:
            raise ModelError(
                f"The benchmark's drawn face was refused ({result.report.refusal}); "
                "these networks cannot be timed with it."
            )
        if number >= _WARM_UP:
            step_ms.append(took)
            for times, value in zip(bare_ms, alone, strict=True):
                times.append(value)
            for stage, value in result.stage_ms.items():
                stages.setdefault(stage, []).append(value)
    cycles = max(1, len(step_ms) // SURVEY_EVERY)
    ratios = [
        sum(steps) / sum(alone)
        for steps, alone in zip(
            np.array_split(step_ms, cycles), np.array_split(np.sum(bare_ms, 0), cycles), strict=True
        )
    ]
    return {
        "frame": f"{width_px}×{height_px}",
        "gallery": gallery_size,
        "step_ms": _summary(step_ms),
        "stages_ms": {stage: _summary(times) for stage, times in stages.items()},
        "networks_ms": [_summary(times) for times in bare_ms],
        # A few frames each: a pause of the machine hits one of the ratios, not the figure.
        "ratio_step_to_networks": round(float(np.median(ratios)), 3),
    }


def _strangers(models: FaceModels, count: int) -> Gallery:
    size = models.embedder.embedding_size
    vectors = np.random.default_rng(7).standard_normal((count, size)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Gallery(models.embedder.model, np.arange(count, dtype=np.int64), vectors)


def _timed_ms(call: Callable[[], object]) -> float:
    began = time.perf_counter_ns()
    call()
    return (time.perf_counter_ns() - began) / 1e6


def _summary(times_ms: list[float]) -> dict[str, float]:
    median, p95 = np.percentile(times_ms, [50, 95])
    return {"median": round(float(median), 3), "p95": round(float(p95), 3)}


def format_report(report: dict[str, Any]) -> str:
    """Return the figures as text."""
    lines = [f"{report['machine']}, {report['rounds']} rounds a case; milliseconds, median (p95)"]
    for case in report["cases"]:
        networks = " + ".join(f"{each['median']:.2f}" for each in case["networks_ms"])
        lines.append("")
        lines.append(
            f"{case['frame']}, gallery of {case['gallery']}: whole step "
            f"{_pair(case['step_ms'])}, bare networks {networks}, "
            f"ratio {case['ratio_step_to_networks']:.2f}"
        )
        stages = ", ".join(f"{name} {_pair(value)}" for name, value in case["stages_ms"].items())
        lines.append(f"  {stages}")
    lines.append("")
    lines.append(f"ratio_step_to_networks {report['ratio_step_to_networks']:.3f}")
    shown = ("machine", "rounds", "networks", "cases", "ratio_step_to_networks")
    lines += [f"{name} {value}" for name, value in report.items() if name not in shown]
    return "\n".join(lines)


def _pair(summary: dict[str, float]) -> str:
    return f"{summary['median']:.2f} ({summary['p95']:.2f})"
