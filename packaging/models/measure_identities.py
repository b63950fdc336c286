"""Embedders: how often strangers look alike and how often one is not known again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from heldout import IDENTITY_PEOPLE, portraits
from numpy.typing import NDArray
from scoring import area_under_curve, pair_scores, threshold_at

from kiosk.simulator.sampling import CONDITIONS

_NORMAL = ("frontal", "turned left", "turned right")
_RATE = 1e-4

Row = tuple[str, str, str]


def embedded(pack: Path, people: int, processes: int) -> tuple[dict[str, Any], list[Row]]:
    """Compare a frontal template of everybody with probes of everybody, condition by condition.

    The threshold is where 1e-4 of the impostor comparisons in normal light pass. A face that is not
    found counts as not known again.
    """
    names = tuple(CONDITIONS)
    seen = portraits(pack, IDENTITY_PEOPLE, people, names, processes)
    scores = {name: _compared(seen.templates, seen.probes[:, i]) for i, name in enumerate(names)}
    strangers = np.concatenate([scores[name][1] for name in _NORMAL])
    threshold = threshold_at(strangers, _RATE)
    normal = np.concatenate([scores[name][0] for name in _NORMAL])
    figures: dict[str, Any] = {
        "people": people,
        "threshold": threshold,
        "impostor_pairs": int(strangers.size),
        "fnmr": float(np.mean(~(normal > threshold))),
        "auc": area_under_curve(normal[np.isfinite(normal)], strangers),
        "conditions": {},
    }
    rows = [
        (
            f"embedder, {people} people, {strangers.size:,} impostor pairs: "
            "FNMR at FMR 1e-4, frontal to ±25° in normal light",
            "≤ 1 %",
            f"{100 * figures['fnmr']:.2f} % (cosine {threshold:.3f})",
        )
    ]
    for name in names:
        genuine, others = scores[name]
        missed = float(np.mean(~(genuine > threshold)))
        passed = float(np.mean(others > threshold))
        lost = float(np.mean(~np.isfinite(genuine)))
        figures["conditions"][name] = {"fnmr": missed, "fmr": passed, "not_found": lost}
        rows.append(
            (
                f"embedder, {name}, at that threshold: FNMR, FMR",
                "",
                f"{100 * missed:.2f} %, {passed:.1e} (face not found: {100 * lost:.2f} %)",
            )
        )
    return figures, rows


def real(models: Path, people: int, processes: int) -> tuple[dict[str, Any], list[Row]]:
    """Compare all pictures of simulated people in all conditions by the embedder for real ones."""
    names = tuple(CONDITIONS)
    seen = portraits(models, IDENTITY_PEOPLE, people, names, processes)
    vectors = seen.probes.reshape(-1, seen.probes.shape[2])
    owner = np.repeat(np.arange(people), len(names))
    found = np.isfinite(vectors).all(1)
    genuine, strangers = pair_scores(vectors[found], owner[found])
    area = area_under_curve(genuine, strangers)
    figures = {
        "people": people,
        "auc": area,
        "genuine_pairs": int(genuine.size),
        "impostor_pairs": int(strangers.size),
        "not_found": float(np.mean(~found)),
    }
    rows = [
        (
            f"real MobileFaceNet, {people} people × {len(names)} conditions, "
            f"{genuine.size + strangers.size:,} pairs: ROC AUC",
            "≥ 0.98",
            f"{area:.4f} (face not found: {100 * figures['not_found']:.2f} %)",
        )
    ]
    return figures, rows


def _compared(
    templates: NDArray[np.float32], probes: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return genuine scores, NaN where a face was not found, and finite impostor scores."""
    scores = templates @ probes.T
    own = np.eye(len(scores), dtype=bool)
    strangers = scores[~own]
    return scores[own], strangers[np.isfinite(strangers)]
