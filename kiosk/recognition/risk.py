"""How much more alike strangers look under these conditions: one number, monotone in each.

The number, the *risk*, is in cosines: by how much the most alike strangers come closer to each
other than in good light. It is a sum of ramps (:mod:`kiosk.recognition.ramps`), one or more for
each condition, whose heights are fitted by non-negative least squares.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kiosk.domain import Guidance
from kiosk.recognition.ramps import RAMPS


@dataclass(frozen=True, slots=True, eq=False)
class RiskModel:
    """The fitted heights of RAMPS, shape (ramps,), none negative, in cosines."""

    heights: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.heights.shape != (len(RAMPS),):
            raise ValueError(f"the risk needs {len(RAMPS)} heights")
        if not (np.isfinite(self.heights).all() and (self.heights >= 0).all()):
            raise ValueError("a height of the risk is negative or no number")

    def risk(self, ramped: NDArray[np.float64]) -> float:
        """Return the risk for the values of :func:`ramp_values`."""
        return float(self.heights @ ramped)

    @property
    def worst(self) -> float:
        """The risk when everything is as bad as can be."""
        return float(self.heights.sum())

    def remedy(self, ramped: NDArray[np.float64]) -> Guidance:
        """Say what would lower the risk most."""
        shares: dict[Guidance, float] = {}
        for ramp, part in zip(RAMPS, self.heights * ramped, strict=True):
            shares[ramp.remedy] = shares.get(ramp.remedy, 0.0) + float(part)
        return max(shares, key=lambda guidance: shares[guidance])


def fit_risk(
    ramped: NDArray[np.float64], closeness: NDArray[np.float64], importance: NDArray[np.float64]
) -> RiskModel:
    """Fit the heights so that the risk follows ``closeness`` (N,) as well as it can.

    ``ramped`` has shape (N, ramps). Non-negative least squares by coordinate descent (Franc et al.,
    2005): the problem is convex, and a thousand rounds are far more than it needs.
    """
    x = ramped * np.sqrt(importance)[:, None]
    y = closeness * np.sqrt(importance)
    gram, target = x.T @ x, x.T @ y
    heights = np.zeros(len(RAMPS))
    slope = -target
    for _ in range(1000):
        for index in range(len(RAMPS)):
            if gram[index, index] < 1e-9:
                continue
            new = max(0.0, heights[index] - slope[index] / gram[index, index])
            slope += (new - heights[index]) * gram[:, index]
            heights[index] = new
    return RiskModel(heights)
