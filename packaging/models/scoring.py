"""Figures from comparisons, poses and detections; NumPy only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kiosk.domain import Detection
from kiosk.vision.detector import iou

_HIT_IOU = 0.4
_NEAR_IOU = 0.2
"""A detection this near to a face is not of nothing: a second look, or a face that is hidden."""


def pair_scores(
    vectors: NDArray[np.float32], people: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the cosines of all genuine and of all impostor pairs of unit vectors (N, D)."""
    cosines = vectors @ vectors.T
    once = np.triu(np.ones(cosines.shape, bool), 1)
    same = people[:, None] == people[None, :]
    return cosines[once & same], cosines[once & ~same]


def threshold_at(impostors: NDArray[np.float32], rate: float) -> float:
    """Return the cosine which the given share of impostors reaches."""
    allowed = int(rate * impostors.size)
    return float(
        np.partition(impostors, impostors.size - 1 - allowed)[impostors.size - 1 - allowed]
    )


def false_non_match_rate(
    vectors: NDArray[np.float32], people: NDArray[np.int64], rate: float
) -> float:
    """Return the share of genuine pairs refused where ``rate`` of the impostor pairs pass."""
    genuine, impostors = pair_scores(vectors, people)
    return float(np.mean(genuine <= threshold_at(impostors, rate)))


def area_under_curve(genuine: NDArray[np.float32], impostors: NDArray[np.float32]) -> float:
    """Return the ROC area: how often a genuine pair is more alike than an impostor pair."""
    ordered = np.sort(impostors)
    below = np.searchsorted(ordered, genuine, side="left")
    level = np.searchsorted(ordered, genuine, side="right")
    return float(np.mean((below + level) / 2) / ordered.size)


def detection_figures(
    found: list[tuple[Detection, ...]],
    faces: list[NDArray[np.float32]],
    counted: list[NDArray[np.int64]],
) -> dict[str, float]:
    """Compare detections with the truth of as many frames.

    ``faces`` are (G, 16) as frames.py stores them but in frame pixels; ``counted`` (G,) says 1 for
    what must be found, −1 for what may be. Landmark errors are the mean over the five points of
    the faces found, in percent of the eye distance of the head facing the camera, and likewise
    (``_seen``) of the distance as it appears in the picture.
    """
    wanted = hit = false = 0
    errors, seen_errors = [], []
    for detections, truth, counts in zip(found, faces, counted, strict=True):
        is_free = counts == 1
        wanted += int(is_free.sum())
        for detection in detections:
            box = detection.box
            mine = np.array([box.left, box.top, box.right, box.bottom], np.float32)
            overlap = iou(mine, truth[:, :4]) * (counts != 0)
            free = overlap * is_free
            if free.size and free.max() >= _HIT_IOU:
                best = int(free.argmax())
                is_free[best] = False
                hit += 1
                points = truth[best, 4:14].reshape(5, 2)
                off = float(np.linalg.norm(detection.landmarks - points, axis=1).mean())
                errors.append(off / float(truth[best, 14]))
                seen_errors.append(off / max(float(np.linalg.norm(points[1] - points[0])), 1.0))
            elif not overlap.size or overlap.max() < _NEAR_IOU:
                false += 1
    return {
        "faces": wanted,
        "recall": hit / max(wanted, 1),
        "false_per_frame": false / max(len(found), 1),
        "landmark_error_pct": 100 * float(np.mean(errors)) if errors else 100.0,
        "landmark_error_seen_pct": 100 * float(np.mean(seen_errors)) if errors else 100.0,
    }
