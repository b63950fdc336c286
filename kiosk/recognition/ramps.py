"""Conditions in numbers: ramps that are 0 in good conditions and rise to 1 as they get worse."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kiosk.domain import Conditions, Guidance, HeadPose


@dataclass(frozen=True, slots=True)
class Ramp:
    """0 up to ``start``, 1 from ``end`` on, straight in between; ``end`` may be the lower one."""

    name: str
    start: float
    end: float
    remedy: Guidance

    def __call__(self, value: float) -> float:
        share = (value - self.start) / (self.end - self.start)
        # NaN counts as the worst.
        return min(max(share, 0.0), 1.0) if share == share else 1.0


RAMPS = (
    Ramp("luminance", 90, 60, Guidance.MORE_LIGHT),
    Ramp("luminance", 60, 30, Guidance.MORE_LIGHT),
    Ramp("luminance", 30, 15, Guidance.MORE_LIGHT),
    Ramp("luminance", 15, 5, Guidance.MORE_LIGHT),
    Ramp("luminance", 190, 240, Guidance.LESS_LIGHT),
    Ramp("contrast", 30, 15, Guidance.MORE_LIGHT),
    Ramp("contrast", 15, 5, Guidance.MORE_LIGHT),
    Ramp("clipped_fraction", 0.05, 0.2, Guidance.LESS_LIGHT),
    Ramp("clipped_fraction", 0.2, 0.5, Guidance.LESS_LIGHT),
    Ramp("side_light", 0.2, 0.5, Guidance.EVEN_LIGHT),
    Ramp("side_light", 0.5, 0.9, Guidance.EVEN_LIGHT),
    Ramp("top_light", 0.2, 0.5, Guidance.EVEN_LIGHT),
    Ramp("top_light", 0.5, 0.9, Guidance.EVEN_LIGHT),
    Ramp("top_light", -0.2, -0.5, Guidance.EVEN_LIGHT),
    Ramp("top_light", -0.5, -0.9, Guidance.EVEN_LIGHT),
    Ramp("noise", 6, 15, Guidance.MORE_LIGHT),
    Ramp("noise", 15, 40, Guidance.MORE_LIGHT),
    Ramp("sharpness", 0.8, 0.6, Guidance.HOLD_STILL),
    Ramp("sharpness", 0.6, 0.4, Guidance.HOLD_STILL),
    Ramp("sharpness", 0.4, 0.25, Guidance.HOLD_STILL),
    Ramp("sharpness", 0.25, 0.1, Guidance.HOLD_STILL),
    Ramp("eye_distance_px", 35, 22, Guidance.STEP_CLOSER),
    Ramp("eye_distance_px", 22, 10, Guidance.STEP_CLOSER),
    Ramp("turn_deg", 20, 40, Guidance.LOOK_AT_CAMERA),
    Ramp("turn_deg", 40, 60, Guidance.LOOK_AT_CAMERA),
    Ramp("nod_deg", 15, 35, Guidance.LOOK_AT_CAMERA),
    Ramp("mouth_covered", 0.3, 0.8, Guidance.UNCOVER_FACE),
    Ramp("eyes_covered", 0.3, 0.8, Guidance.UNCOVER_FACE),
    Ramp("side_covered", 0.3, 0.8, Guidance.UNCOVER_FACE),
    Ramp("strength", 0.95, 0.8, Guidance.HOLD_STILL),
    Ramp("strength", 0.8, 0.65, Guidance.HOLD_STILL),
    Ramp("strength", 0.65, 0.5, Guidance.HOLD_STILL),
    Ramp("strength", 0.5, 0.4, Guidance.HOLD_STILL),
)
"""The shapes; how much each counts is measured."""


_MEASURES = (
    "luminance",
    "contrast",
    "clipped_fraction",
    "side_light",
    "top_light",
    "noise",
    "sharpness",
    "eye_distance_px",
    "turn_deg",
    "nod_deg",
    "mouth_covered",
    "eyes_covered",
    "side_covered",
    "strength",
)
_PLACES = np.array([_MEASURES.index(ramp.name) for ramp in RAMPS])
_STARTS = np.array([ramp.start for ramp in RAMPS], np.float64)
_LENGTHS = np.array([ramp.end - ramp.start for ramp in RAMPS], np.float64)


def ramp_values(conditions: Conditions, pose: HeadPose) -> NDArray[np.float64]:
    """Return how far up each ramp these conditions are, 0–1, shape (ramps,)."""
    measures = np.array(
        [
            conditions.luminance,
            conditions.contrast,
            conditions.clipped_fraction,
            conditions.side_light,
            conditions.top_light,
            conditions.noise,
            conditions.sharpness,
            conditions.eye_distance_px,
            abs(pose.yaw_deg),
            abs(pose.pitch_deg),
            conditions.mouth_covered,
            conditions.eyes_covered,
            conditions.side_covered,
            conditions.strength,
        ]
    )
    shares = (measures[_PLACES] - _STARTS) / _LENGTHS
    shares[np.isnan(shares)] = 1.0  # what cannot be measured counts as the worst
    climbed: NDArray[np.float64] = np.clip(shares, 0.0, 1.0)
    return climbed
