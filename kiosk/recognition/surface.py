"""The surface "cosine for a false-match rate under these conditions of probe and template".

Conditions enter as one risk each (:mod:`kiosk.recognition.risk`). The surface rises with the risk
of either face and as the rate falls, and is linear between its nodes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kiosk.recognition.tail import MAX_COSINE, cosines_for, rarest_counted

RATES = tuple(float(f"{10.0**exponent:.3g}") for exponent in np.arange(-1.0, -8.01, -0.5))
"""The rates at which surfaces have nodes, falling."""
_EDGES = (0.005, 0.015, 0.03, 0.05, 0.08, 0.12)
"""Where risks are parted into levels."""
_MIN_LEVEL_SHARE = 0.01
"""Of the samples, in each level at least."""
_MIN_PAIRS = 1500
_MIN_GROUP, _GROUP_COUNT = 3000, 30
"""A group with fewer pairs, of some dozen faces, says little; nor do fewer expected impostors."""
_GROUP_FACTOR = 1.5
"""No kind of conditions may have more than this many times the rate, by plain count."""


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """Cosines of shape (rates, probe levels, template levels)."""

    risks: NDArray[np.float64]
    """The levels, rising, shape (levels,)."""
    cosines: NDArray[np.float64]
    counted: NDArray[np.bool_] | None = None
    """Which pairs of levels had comparisons enough of their own, shape (levels, levels); the others
    have the thresholds of better conditions. None where that is not known, as from a file."""

    def __post_init__(self) -> None:
        levels = len(self.risks)
        if self.cosines.shape != (len(RATES), levels, levels) or levels < 1:
            raise ValueError("the threshold surface has the wrong shape")
        if not np.isfinite(self.cosines).all() or abs(self.cosines).max() > 1:
            raise ValueError("the threshold surface holds values that are no cosines")
        for axis in range(3):
            if (np.diff(self.cosines, axis=axis) < 0).any():
                raise ValueError("the threshold surface falls where it must rise")
        if not np.isfinite(self.risks).all() or (np.diff(self.risks) <= 0).any():
            raise ValueError("the risks of the threshold surface do not rise")

    def raised(self, offset: float) -> Surface:
        """Return the surface with every threshold so much higher, in cosines, rounded up."""
        cosines = np.minimum(np.ceil((self.cosines + offset) * 1e5) / 1e5, MAX_COSINE)
        return Surface(self.risks, cosines, self.counted)

    def cosine(self, fmr: float, probe_risk: float) -> NDArray[np.float64]:
        """Return the thresholds against templates of each level, shape (levels,).

        Rates rarer than the surface's rarest continue the steepest slope of its last decade.
        """
        probe = self._at_probe(probe_risk)
        wanted = math.log10(min(fmr, RATES[0]))
        logs = np.log10(RATES)
        if wanted < logs[-1]:
            slope = (probe[-1] - probe[-3]) / (logs[-3] - logs[-1])
            beyond: NDArray[np.float64] = probe[-1] + slope * (logs[-1] - wanted)
            return np.minimum(MAX_COSINE, beyond)
        upper = int(np.searchsorted(-logs, -wanted))
        lower = max(upper - 1, 0)
        share = (logs[lower] - wanted) / (logs[lower] - logs[upper]) if upper > lower else 0.0
        between: NDArray[np.float64] = probe[lower] + share * (probe[upper] - probe[lower])
        return between

    def _at_probe(self, risk: float) -> NDArray[np.float64]:
        """Return the thresholds (rates, template levels) for a probe of this risk."""
        if len(self.risks) == 1:
            only: NDArray[np.float64] = self.cosines[:, 0]
            return only
        place = float(np.interp(risk, self.risks, np.arange(len(self.risks))))
        lower = min(int(place), len(self.risks) - 2)
        share = place - lower
        between: NDArray[np.float64] = (1 - share) * self.cosines[:, lower]
        return between + share * self.cosines[:, lower + 1]


@dataclass(frozen=True, slots=True, eq=False)
class Comparisons:
    """Scores of one group, e.g. two dark faces each, with the risks of both faces."""

    group: str
    scores: NDArray[np.float32]
    """Shape (probes, templates)."""
    impostors: NDArray[np.bool_]
    """Which of them are of two different people; of a pair in both roles only one."""
    probe_risks: NDArray[np.float64]
    template_risks: NDArray[np.float64]


def levels_of(risks: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the upper edges of the risk levels for samples with these risks; the last is inf."""
    kept: list[float] = []
    for edge in _EDGES:
        since = (risks > (kept[-1] if kept else -np.inf)) & (risks <= edge)
        if min(since.mean(), (risks > edge).mean()) >= _MIN_LEVEL_SHARE:
            kept.append(edge)
    return np.array([*kept, np.inf])


def fit_surface(groups: Sequence[Comparisons], edges: NDArray[np.float64]) -> Surface:
    """Fit a surface to impostor comparisons. ``edges`` as from :func:`levels_of`.

    Within each pair of levels the rate is kept over all comparisons at its upper 95 % bound, and in
    no group passed by more than half. The group with most comparisons is taken for that in good
    conditions. Raises ValueError when the best level has too few.
    """
    levels = len(edges)
    cells: dict[tuple[int, int], dict[str, list[NDArray[np.float32]]]] = {}
    lows = np.full(levels, np.inf)
    for group in groups:
        probe = np.searchsorted(edges, group.probe_risks)
        template = np.searchsorted(edges, group.template_risks)
        for row in np.unique(probe):
            # Nodes stand at the lower end of their level: in doubt the higher threshold.
            low = float(np.quantile(group.probe_risks[probe == row], 0.1))
            lows[row] = min(lows[row], low)
            for column in np.unique(template):
                part = np.ix_(probe == row, template == column)
                chosen = group.scores[part][group.impostors[part]]
                # Symmetrical: which of two pictures is the template makes no difference.
                key = (max(int(row), int(column)), min(int(row), int(column)))
                cells.setdefault(key, {}).setdefault(group.group, []).append(chosen)
    best = max(groups, key=lambda group: int(group.impostors.sum()))
    usual = cosines_for(best.scores[best.impostors], RATES)
    found = np.full((len(RATES), levels, levels), -1.0)
    counted = np.zeros((levels, levels), np.bool_)
    for (worse_level, better_level), by_group in cells.items():
        thresholds = _cell(by_group, usual)
        if thresholds is not None:
            found[:, worse_level, better_level] = thresholds
            found[:, better_level, worse_level] = thresholds
            counted[worse_level, better_level] = counted[better_level, worse_level] = True
    if (found[:, 0, 0] < 0).all():
        raise ValueError("too few comparisons in good conditions")
    for axis in range(3):
        found = np.maximum.accumulate(found, axis=axis)
    risks = np.maximum.accumulate(np.where(np.isfinite(lows), lows, 0.0))
    risks = risks + np.arange(levels) * 1e-6
    return Surface(risks, np.minimum(np.ceil(found * 1e5) / 1e5, MAX_COSINE), counted)


def _cell(
    by_group: Mapping[str, Sequence[NDArray[np.float32]]], usual: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """Return the thresholds of one pair of levels; ``usual`` are those in good conditions."""
    merged = {name: np.concatenate(parts) for name, parts in by_group.items()}
    everything = np.concatenate(list(merged.values()))
    if len(everything) < _MIN_PAIRS:
        return None
    found = _continued(cosines_for(everything, RATES), len(everything), usual)
    plain = cosines_for(everything, RATES, is_bounded=False)
    rise = 0.0
    for scores in merged.values():
        # A small group says something about common false matches only.
        counted = [rate for rate in RATES if rate * len(scores) >= _GROUP_COUNT]
        if counted and len(scores) >= _MIN_GROUP:
            relaxed = [rate * _GROUP_FACTOR for rate in counted]
            own = cosines_for(scores, relaxed, is_bounded=False)
            # Only the rarest of them: at common rates groups differ that hardly do in the tail.
            rise = max(rise, float((own - plain[: len(own)])[-2:].max()))
    return found + rise


def _continued(
    own: NDArray[np.float64], count: int, usual: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Go on in parallel to the curve in good conditions where the comparisons become too few.

    That one rests on far more of them: its tail is known better.
    """
    counted = sum(rate >= rarest_counted(count) for rate in RATES)
    last = max(counted - 1, 0)
    return np.concatenate([own[: last + 1], own[last] + usual[last + 1 :] - usual[last]])
