"""Trade-off curves, against plain counting."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from kiosk.conditionscores import FIXED, METHODS, OURS, KindScores
from kiosk.detcurves import Curves, curve_plots, det_curve, title_of


def test_the_trade_off_by_hand() -> None:
    impostors = np.arange(1000) / 1000
    genuine = np.array([0.2, 0.95, 0.9985, 1.5])

    points = dict(det_curve(genuine, impostors))

    # 100 strangers lie above 0.899, 10 above 0.989, and so on.
    assert points[0.1] == 0.25
    assert points[0.01] == 0.5
    assert min(points) >= 3 / 1000
    rates = [rate for rate, _ in det_curve(genuine, impostors)]
    assert rates == sorted(rates)


def scores(kind: str, genuine: NDArray[np.float64], refused: int) -> KindScores:
    impostors = np.linspace(-1, 0.5, 1000)
    everywhere = dict.fromkeys(METHODS, genuine)
    strangers = dict.fromkeys(METHODS, impostors)
    return KindScores(kind, 10, refused, 0, refused, everywhere, strangers, strangers, ())


def test_kinds_of_a_group_are_one_curve() -> None:
    curves = Curves()
    curves.add(scores("defocus-1", np.array([0.9, 0.9]), 1))
    curves.add(scores("defocus-3", np.array([0.9, -0.9]), 4))
    curves.add(scores("mask", np.empty(0), 0))

    assert curves.groups() == ["defocus"]
    assert curves.refused("defocus") == pytest.approx(0.25)
    assert {missed for _, missed in curves.curve("defocus", OURS)} == {0.25}


def test_refused_faces_are_told_apart_from_missed_ones() -> None:
    curves = Curves()
    curves.add(scores("noise-30", np.array([0.9, -np.inf, -np.inf]), 2))

    assert {missed for _, missed in curves.curve("noise", FIXED)} == {0.0}
    assert "Noise (20 % refused)" in "".join(curve_plots(curves))


def test_nothing_to_compare_draws_nothing() -> None:
    assert list(curve_plots(Curves())) == []


def test_names_that_are_not_known_stay() -> None:
    assert title_of("fog") == "fog"
