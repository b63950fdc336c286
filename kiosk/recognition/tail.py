"""Which cosine so few impostors pass: counted where the counts suffice, extrapolated beyond.

The exceedances of a high threshold follow a generalised Pareto distribution (Pickands, 1975),
fitted by probability-weighted moments (Hosking & Wallis, 1987). Confidence bounds are used on the
side of refusing, for counts and for the fit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_Z_95 = 1.645
_COUNTED_FROM = 20
"""From so many expected impostors on a rate is counted, below it is extrapolated."""
_TAIL_SHARE, _MIN_TAIL, _MAX_TAIL = 2e-3, 100, 2000
MAX_COSINE = 0.999


def cosines_for(
    impostors: NDArray[np.floating], rates: Sequence[float], is_bounded: bool = True
) -> NDArray[np.float64]:
    """Return for each false-match rate the cosine that keeps it, from impostor cosines (n,).

    ``rates`` fall. ``is_bounded`` False gives the plain estimate instead of its upper 95 % bound.
    Raises ValueError for fewer than 200 scores.
    """
    count = len(impostors)
    if count < 2 * _MIN_TAIL:
        raise ValueError(f"{count} comparisons are too few for a tail")
    size = int(min(max(_TAIL_SHARE * count, _MIN_TAIL), _MAX_TAIL, count - 1))
    counted = max((rate * count for rate in rates if rate * count >= _COUNTED_FROM), default=0.0)
    needed = min(count, max(size, math.ceil(counted)) + 1)
    top = np.sort(np.partition(impostors, count - needed)[count - needed :])[::-1]
    top = top.astype(np.float64)
    found = [
        _counted(top, rate * count, is_bounded)
        if rate * count >= _COUNTED_FROM
        else _extrapolated(top, size, rate * count, is_bounded)
        for rate in rates
    ]
    # A rarer match never needs the lower cosine.
    return np.minimum(np.maximum.accumulate(found), MAX_COSINE)


def rarest_counted(count: int) -> float:
    """Return the smallest rate that ``count`` comparisons support without extrapolation."""
    return _COUNTED_FROM / max(count, 1)


def _counted(top: NDArray[np.float64], expected: float, is_bounded: bool) -> float:
    allowed = int(expected)
    if is_bounded:
        while allowed > 0 and _upper_bound(allowed) > expected:
            allowed -= max(1, int(math.sqrt(allowed) / 4))
    return float(np.nextafter(top[min(allowed, len(top) - 1)], np.inf))


def _upper_bound(count: int) -> float:
    """Return the upper 95 % bound of a Poisson count (Wilson)."""
    half = _Z_95**2 / 2
    return count + half + _Z_95 * math.sqrt(count + half / 2)


def _extrapolated(top: NDArray[np.float64], size: int, expected: float, is_bounded: bool) -> float:
    start = float(top[size])
    shape, scale = fit_pareto(top[:size] - start)
    if is_bounded:
        error = math.sqrt(max(_shape_variance(shape), 0.0) / size)
        shape = shape + _Z_95 * error
        scale *= 1 + _Z_95 / math.sqrt(size)
    # Cosines have an end, so no heavier tail than the exponential one is believed.
    shape = min(shape, 0.0)
    ratio = size / expected
    if shape > -1e-6:
        return start + scale * math.log(ratio)
    return float(start + scale / shape * (ratio**shape - 1))


def fit_pareto(excesses: NDArray[np.float64]) -> tuple[float, float]:
    """Return shape ξ and scale σ of the generalised Pareto distribution of excesses (n,) > 0.

    With b0 = E[x] and b1 = E[x·(1 − F(x))], ξ = 2 − b0/(b0 − 2·b1) and σ = 2·b0·b1/(b0 − 2·b1).
    """
    ordered = np.sort(excesses)
    n = len(ordered)
    b0 = float(ordered.mean())
    b1 = float((ordered * (n - 1 - np.arange(n)) / (n - 1)).mean())
    spread = max(b0 - 2 * b1, 1e-12)
    return 2 - b0 / spread, max(2 * b0 * b1 / spread, 1e-9)


def _shape_variance(shape: float) -> float:
    """Return n times the variance of the estimated shape (Hosking & Wallis, 1987, eq. 12)."""
    # Their k is −ξ.
    k = -min(shape, 0.4)
    above = (1 + k) * (2 + k) ** 2 * (1 + k + 2 * k**2)
    return above / ((1 + 2 * k) * (3 + 2 * k))
