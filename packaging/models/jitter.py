"""Blur the truth as a detector would: nets see detections, never the simulator's own numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kiosk.domain import Box

_LANDMARK_SPREAD = 0.022
_COMMON_SPREAD = 0.015
"""Standard deviations of landmarks, each and together, in eye distances."""
_SHIFT_SPREAD = 0.025
_SIZE_SPREAD = 0.04
"""Standard deviations of a box's place and size, in its longer side."""


def jittered_landmarks(
    rng: np.random.Generator, landmarks: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return landmarks (5, 2) as a detector might find them."""
    # A turned head's eyes come close together, the detector's errors do not.
    scale = 0.4 * float(np.linalg.norm(landmarks[:2].mean(0) - landmarks[3:].mean(0)) / 1.16)
    scale += 0.6 * float(np.linalg.norm(landmarks[1] - landmarks[0]))
    own = rng.normal(0, _LANDMARK_SPREAD, landmarks.shape)
    common = rng.normal(0, _COMMON_SPREAD, (1, 2))
    found: NDArray[np.float32] = (landmarks + (own + common) * scale).astype(np.float32)
    return found


def jittered_box(rng: np.random.Generator, box: Box) -> Box:
    """Return a box as a detector might find it."""
    longer = max(box.width, box.height)
    x, y = np.asarray(box.centre) + rng.normal(0, _SHIFT_SPREAD, 2) * longer
    width, height = np.array([box.width, box.height]) * np.exp(rng.normal(0, _SIZE_SPREAD, 2))
    return Box(
        float(x - width / 2), float(y - height / 2), float(x + width / 2), float(y + height / 2)
    )
