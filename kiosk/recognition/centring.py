"""What faces in the same light have in common tells nobody apart: it is subtracted.

An embedding of a dark, blurred or masked face leans towards what all such faces share, which is why
strangers look alike in bad conditions. A ridge regression says what faces under given conditions
have in common; embeddings are compared without it. Speaker recognition calls the constant form of
this centring; here the centre depends on the conditions. In good light it is the mean face.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kiosk.recognition.ramps import RAMPS

# Pose, size and contrast are left out: in good photographs they vary with the person and the
# occasion, and taking them into account made ordinary comparisons worse (BENCHMARKS.md).
_LEFT_OUT = ("turn_deg", "nod_deg", "eye_distance_px", "contrast", "clipped_fraction", "strength")
_USED = [place for place, ramp in enumerate(RAMPS) if ramp.name not in _LEFT_OUT]
_RIDGE = 30.0
_MIN_NORM = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Centring:
    """The mean face, and what each ramp adds to it."""

    mean: NDArray[np.float32]
    """Shape (D,)."""
    slopes: NDArray[np.float32]
    """Shape (ramps, D), zero for the ramps that are left out."""

    def __post_init__(self) -> None:
        if self.mean.ndim != 1 or self.slopes.shape != (len(RAMPS), len(self.mean)):
            raise ValueError(f"the centring needs a row for each of {len(RAMPS)} ramps")
        if not (np.isfinite(self.mean).all() and np.isfinite(self.slopes).all()):
            raise ValueError("the centring holds values that are no numbers")

    def centred(
        self, vectors: NDArray[np.float32], ramped: NDArray[np.float64]
    ) -> NDArray[np.float32]:
        """Return embeddings (N, D) without the common part, of unit length.

        ``ramped`` holds the ramps' values of each, shape (N, ramps).
        """
        rest = vectors - self.mean - ramped.astype(np.float32) @ self.slopes
        lengths = np.linalg.norm(rest, axis=1, keepdims=True)
        unit: NDArray[np.float32] = (rest / np.maximum(lengths, _MIN_NORM)).astype(np.float32)
        return unit


def fit_centring(vectors: NDArray[np.float32], ramped: NDArray[np.float64]) -> Centring:
    """Fit the common part of embeddings (N, D) to their ramp values (N, ramps)."""
    x = np.column_stack([np.ones(len(ramped)), ramped[:, _USED]])
    ridge = np.full(x.shape[1], _RIDGE)
    ridge[0] = 1e-3  # the mean face is not held back
    weights = np.linalg.solve(x.T @ x + np.diag(ridge), x.T @ vectors)
    slopes = np.zeros((len(RAMPS), vectors.shape[1]), np.float32)
    slopes[_USED] = weights[1:]
    return Centring(weights[0].astype(np.float32), slopes)
