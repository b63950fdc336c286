"""Detection-error trade-off by condition: who is not recognised over who is taken for another."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from kiosk.calibrationsample import AS_IS, MASKED
from kiosk.conditionscores import FIXED, OURS, PROFILE, TURNED, KindScores
from kiosk.degradation import KINDS
from kiosk.htmlpage import figure, figures, heading, paragraph
from kiosk.svgplot import Axis, Line, decades, line_plot

_MOST_IMPOSTORS = 400_000
"""Of each kind, evenly chosen, so that curves of thousands of people fit into memory."""
_MIN_ABOVE = 3
_TITLES = {
    AS_IS: "As they are",
    TURNED: "Turned by 22–45°",
    PROFILE: "Turned by more than 45°",
    "dark": "Dark",
    "gamma": "Washed out or deep shadows",
    "defocus": "Out of focus",
    "motion": "Moving",
    "side_light": "Light from the side",
    "top_light": "Light from above or below",
    "over_exposure": "Too bright",
    "noise": "Noise",
    "small": "Far away",
    "jpeg": "Compressed",
    MASKED: "Wearing a mask",
    "darkness": "Dark, drawn so",
    "side light": "Light from the side, drawn so",
}


class Curves:
    """Gathers scores by group of conditions."""

    def __init__(self) -> None:
        self._groups = {kind.name: kind.group for kind in KINDS}
        self._refused: dict[str, tuple[int, int]] = {}
        self._genuine: dict[str, dict[str, list[NDArray[np.float64]]]] = {}
        self._impostors: dict[str, dict[str, list[NDArray[np.float64]]]] = {}

    def add(self, scores: KindScores) -> None:
        """Take the scores of one kind."""
        group = self._groups.get(scores.kind, scores.kind)
        refused, probes = self._refused.get(group, (0, 0))
        self._refused[group] = (refused + scores.refused, probes + scores.probes)
        for method in (FIXED, OURS):
            genuine, impostors = (
                each[method][np.isfinite(each[method])]
                for each in (scores.genuine, scores.impostors)
            )
            step = max(math.ceil(len(impostors) / _MOST_IMPOSTORS), 1)
            for store, values in ((self._genuine, genuine), (self._impostors, impostors[::step])):
                store.setdefault(group, {}).setdefault(method, []).append(values)

    def groups(self) -> list[str]:
        """Return those with genuine comparisons."""
        return [g for g, by_method in self._genuine.items() if sum(map(len, by_method[OURS]))]

    def refused(self, group: str) -> float:
        """Return the share of the group's probes that the door compares with nobody."""
        refused, probes = self._refused[group]
        return refused / max(probes, 1)

    def curve(self, group: str, method: str) -> list[tuple[float, float]]:
        """Return pairs of FMR and FNMR, rarest first."""
        return det_curve(
            np.concatenate(self._genuine[group][method]),
            np.concatenate(self._impostors[group][method]),
        )


def title_of(group: str) -> str:
    """Return words for a group of conditions; names that are not known stay."""
    return _TITLES.get(group, group)


def det_curve(
    genuine: NDArray[np.floating], impostors: NDArray[np.floating]
) -> list[tuple[float, float]]:
    """Return FNMR over FMR, four points a decade from 0.1 down to where counts are too few."""
    falling = np.sort(impostors)[::-1]
    rising = np.sort(genuine)
    points = []
    for power in np.arange(-1.0, -8.0, -0.25):
        place = int(10.0**power * len(falling))
        if place < _MIN_ABOVE:
            break
        missed = int(np.searchsorted(rising, falling[place], side="right"))
        points.append((place / len(falling), missed / len(rising)))
    return points[::-1]


def curve_plots(curves: Curves) -> Iterator[str]:
    """Yield a section with a plot for each group of conditions."""
    groups = curves.groups()
    if not groups:
        return
    yield heading("Trade-off, condition by condition")
    yield paragraph(
        "The stricter the threshold, the fewer strangers match (to the left) and the more people "
        "are not recognised (up). Solid: thresholds that know the conditions, for the faces that "
        "are not refused; how many are stands above. Dashed: one threshold for all, without "
        "refusing anybody. Each curve is of one condition alone: to keep a promise in all of them, "
        "one threshold must be that of the worst."
    )
    x = Axis("strangers that match (FMR)", 1e-6, 0.1, decades(-6, -1)[::2], is_log=True)
    y = Axis("not recognised (FNMR)", 1e-3, 1.0, decades(-3, 0), is_log=True)
    yield figures(
        [
            figure(
                f"{title_of(group)} ({100 * curves.refused(group):.0f} % refused)",
                line_plot(
                    title_of(group),
                    x,
                    y,
                    [
                        Line("thresholds by condition", curves.curve(group, OURS)),
                        Line("one threshold", curves.curve(group, FIXED), 1, is_dashed=True),
                    ],
                ),
            )
            for group in groups
        ]
    )
