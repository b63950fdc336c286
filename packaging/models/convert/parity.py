"""How far a converted network is from the one it was made of, in the program's own terms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from convert.networks import MIN_SCORE
from convert.reference import (
    SECOND_LOOK_IOU,
    Reference,
    Seen,
    eye_distance,
    overlaps,
    unit_rows,
)
from kiosk.domain import Detection
from kiosk.errors import ConfigError
from kiosk.models.card import Role
from kiosk.models.runtime import Runtime
from kiosk.recognition.thresholds import Calibration
from kiosk.vision.alignment import align
from kiosk.vision.detector import RetinaFaceDetector
from kiosk.vision.embedder import FaceEmbedder
from kiosk.vision.head_pose_network import HeadPoseNetwork
from kiosk.vision.liveness import LivenessNetwork
from kiosk.vision.quality import DOOR

NEAR_EYE_PX = 24.0
"""Faces with less between the eyes may be lost: the kiosk asks who is that far to step closer."""
_SAME_IOU = 0.4
_PCK = 0.1
_RARE = 1e-4

Figures = dict[str, Any]


def measure(
    runtime: Runtime, reference: Reference, calibration: Calibration | None = None
) -> Figures:
    """Return the figures for a converted network of any role.

    ``calibration`` are the thresholds of the full-precision embedder. Raises ConfigError when the
    held-out frames show nothing to compare.
    """
    role = runtime.card.role
    if role is Role.DETECTOR:
        return _detector(runtime, reference)
    if role is Role.EMBEDDER:
        return _embedder(runtime, reference, calibration)
    if role is Role.LIVENESS:
        return _liveness(runtime, reference)
    return _head_pose(runtime, reference)


def _detector(runtime: Runtime, reference: Reference) -> Figures:
    card = runtime.card
    mine, embedder = RetinaFaceDetector(runtime, MIN_SCORE), reference.networks.embedder
    faces = near = lost = lost_near = gained = subjects = moved = 0
    errors, drifts, first, second = [], [], [], []
    cosines: list[float] = []
    for seen in reference.seen:
        frame = seen.frame
        found = mine.detect(frame)
        scale = min(card.width_px / frame.width_px, card.height_px / frame.height_px)
        for face in seen.faces:
            is_near = eye_distance(face) >= NEAR_EYE_PX
            faces, near = faces + 1, near + is_near
            places = overlaps(face, found, _SAME_IOU)
            if not places:
                lost, lost_near = lost + 1, lost_near + is_near
                continue
            twin = found[places[0]]
            errors.append(_landmark_px(face, twin) * scale)
            drifts.append(twin.score - face.score)
        gained += sum(not overlaps(each, seen.faces, SECOND_LOOK_IOU) for each in found)
        if not _is_usable(seen) or not seen.is_of_its_kind:
            continue
        assert seen.subject is not None
        assert seen.chip is not None
        subjects += 1
        places = overlaps(seen.subject, found, _SAME_IOU)
        if not places:
            moved += 1
            continue
        first.append(embedder.embed(seen.chip).vector)
        second.append(_embedded(embedder, seen, found[places[0]]))
    if not faces or not subjects:
        raise ConfigError("The held-out frames show no face near enough to compare with.")
    if first:
        cosines = (unit_rows(first) * unit_rows(second)).sum(1).tolist()
    return {
        "frames": len(reference.seen),
        "faces": faces,
        "near_faces": near,
        "lost": lost_near,
        "lost_any_size": lost,
        "lost_share_any_size": lost / faces,
        "gained": gained,
        "gained_share": gained / faces,
        "landmark_px_mean": _of(np.mean, errors),
        "landmark_px_p95": _of(np.percentile, errors, 95),
        "landmark_px_max": _of(np.max, errors),
        "subjects": subjects,
        "subjects_lost": moved,
        "embedding_cosine_mean": _of(np.mean, cosines),
        "embedding_cosine_min": _of(np.min, cosines),
        "embedding_cosine_p1": _of(np.percentile, cosines, 1),
        "score_drift_mean": _of(np.mean, drifts),
        "score_drift_min": _of(np.min, drifts),
    }


def _embedder(runtime: Runtime, reference: Reference, calibration: Calibration | None) -> Figures:
    mine, theirs = FaceEmbedder(runtime), reference.networks.embedder
    chips = [
        seen.chip
        for seen in reference.seen
        if _is_usable(seen) and seen.is_of_its_kind and seen.chip is not None
    ]
    if len(chips) < 2:
        raise ConfigError("The held-out frames show fewer than two faces near enough.")
    first = unit_rows([theirs.embed(chip).vector for chip in chips])
    second = unit_rows([mine.embed(chip).vector for chip in chips])
    cosines = (first * second).sum(1)
    pairs = np.triu_indices(len(chips), 1)
    before, after = (first @ first.T)[pairs], (second @ second.T)[pairs]
    drift = after - before
    figures = {
        "chips": len(chips),
        "cosine_mean": float(cosines.mean()),
        "cosine_min": float(cosines.min()),
        "cosine_p1": float(np.percentile(cosines, 1)),
        "pairs": len(drift),
        "score_drift_mean": float(drift.mean()),
        "score_drift_sd": float(drift.std()),
        "score_drift_max": float(np.abs(drift).max()),
    }
    if calibration is not None:
        threshold = calibration.threshold(_RARE)
        figures["decisions_changed"] = int(((before >= threshold) != (after >= threshold)).sum())
    return figures


def _liveness(runtime: Runtime, reference: Reference) -> Figures:
    mine, theirs = LivenessNetwork(runtime), reference.networks.liveness
    assert theirs is not None
    pairs = []
    for seen in reference.seen:
        if _is_usable(seen) and seen.subject is not None:
            before = theirs.judge(seen.frame, seen.subject).live
            pairs.append((before, mine.judge(seen.frame, seen.subject).live))
    if not pairs:
        raise ConfigError("The held-out frames show no face near enough to judge.")
    before, after = np.array(pairs).T
    changed = int(((before >= theirs.min_live) != (after >= theirs.min_live)).sum())
    return {
        "faces": len(pairs),
        "probability_off_mean": float(np.abs(after - before).mean()),
        "probability_off_max": float(np.abs(after - before).max()),
        "decisions_changed": changed,
        "decisions_changed_share": changed / len(pairs),
    }


def _head_pose(runtime: Runtime, reference: Reference) -> Figures:
    mine, theirs = HeadPoseNetwork(runtime), reference.networks.head_pose
    assert theirs is not None
    before, after, angles = [], [], []
    for seen in reference.seen:
        for truth in seen.picture.truths:
            drawn = Detection(truth.box, truth.landmarks, 1.0)
            places = overlaps(drawn, seen.faces, _SAME_IOU)
            if not places or truth.visible_fraction < 0.5:
                continue
            face = seen.faces[places[0]]
            head_px = max(truth.box.width, truth.box.height)
            estimates = [each.estimate(seen.frame, face) for each in (theirs, mine)]
            for errors, estimate in zip((before, after), estimates, strict=True):
                away = np.linalg.norm(estimate.points - truth.landmarks[:3], axis=1)
                errors.append(away / head_px)
            one, other = (estimate.pose for estimate in estimates)
            angles.append(
                [
                    abs(one.yaw_deg - other.yaw_deg),
                    abs(one.pitch_deg - other.pitch_deg),
                    abs(one.roll_deg - other.roll_deg),
                ]
            )
    if not angles:
        raise ConfigError("A head-pose network is compared on drawn people; none were found.")
    kept = [100 * float(np.mean(np.array(errors) <= _PCK)) for errors in (before, after)]
    return {
        "heads": len(angles),
        "pck_percent_onnx": kept[0],
        "pck_percent": kept[1],
        "pck_loss": kept[0] - kept[1],
        "angle_off_deg_mean": float(np.mean(angles)),
        "angle_off_deg_max": float(np.max(angles)),
    }


def _of(statistic: Callable[..., Any], values: Sequence[float], *more: float) -> float | None:
    """Return a statistic; None of no values, which breaks every bound on it."""
    return float(statistic(values, *more)) if len(values) else None


def _is_usable(seen: Seen) -> bool:
    """Tell whether the kiosk would go on with the subject rather than ask to step closer."""
    return seen.subject is not None and eye_distance(seen.subject) >= DOOR.min_eye_distance_px


def _landmark_px(one: Detection, other: Detection) -> float:
    return float(np.linalg.norm(one.landmarks - other.landmarks, axis=1).mean())


def _embedded(embedder: FaceEmbedder, seen: Seen, face: Detection) -> Any:
    return embedder.embed(align(seen.frame, face, embedder.chip_size_px)).vector


def in_words(figures: Mapping[str, Any]) -> str:
    """Return the figures that matter as one line of a table."""
    shown = []
    for name, value in figures.items():
        text = f"{value:.4f}" if isinstance(value, float) else f"{value}"
        shown.append(f"{name.replace('_', ' ')} {text}")
    return ", ".join(shown)
