"""The threshold surface: monotone everywhere, and kept in every group of conditions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.recognition.surface import RATES, Comparisons, Surface, fit_surface, levels_of

PEOPLE, SIZE = 500, 24


def drawn(rng: np.random.Generator, common: float) -> np.ndarray:
    """Strangers' unit vectors that share a direction of the given weight."""
    vectors = rng.standard_normal((PEOPLE, SIZE)) / np.sqrt(SIZE)
    vectors[:, 0] += common
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def group(name: str, vectors: np.ndarray, risk: float) -> Comparisons:
    impostors = np.tri(len(vectors), k=-1, dtype=bool)
    risks = np.full(len(vectors), risk) + np.linspace(0, 1e-3, len(vectors))
    return Comparisons(name, vectors @ vectors.T, impostors, risks, risks)


@pytest.fixture(scope="module")
def fitted() -> Surface:
    rng = np.random.default_rng(0)
    groups = [
        group("good", drawn(rng, 0.0), 0.0),
        group("dark", drawn(rng, 0.4), 0.05),
        group("black", drawn(rng, 0.9), 0.1),
    ]
    risks = np.concatenate([each.probe_risks for each in groups])
    return fit_surface(groups, levels_of(risks))


@pytest.mark.parametrize(("common", "risk"), [(0.0, 0.0005), (0.4, 0.0505), (0.9, 0.1005)])
def test_other_strangers_match_no_oftener_than_promised(
    fitted: Surface, common: float, risk: float
) -> None:
    vectors = drawn(np.random.default_rng(9), common)
    scores = (vectors @ vectors.T)[np.tri(PEOPLE, k=-1, dtype=bool)]

    for fmr in (1e-2, 1e-3):
        at_levels = fitted.cosine(fmr, risk)
        threshold = float(np.interp(risk, fitted.risks, at_levels))
        # The pairs of 500 people are not independent: twice as promised would be a breach.
        assert (scores >= threshold).mean() <= 1.5 * fmr


def test_good_faces_are_not_asked_for_what_dark_ones_are(fitted: Surface) -> None:
    good = fitted.cosine(1e-3, 0.0)[0]
    dark = fitted.cosine(1e-3, 0.1005)[-1]

    assert good < dark - 0.2


_RISKS = st.floats(0, 0.3)


@settings(deadline=None, max_examples=60)
@given(risks=st.tuples(_RISKS, _RISKS), rates=st.tuples(st.floats(-12, 0), st.floats(-12, 0)))
def test_worse_conditions_and_rarer_rates_never_lower_it(
    fitted: Surface, risks: tuple[float, float], rates: tuple[float, float]
) -> None:
    better, worse = sorted(risks)
    rarer, commoner = (10**rate for rate in sorted(rates))

    assert (fitted.cosine(rarer, better) >= fitted.cosine(commoner, better) - 1e-12).all()
    assert (fitted.cosine(commoner, worse) >= fitted.cosine(commoner, better) - 1e-12).all()
    assert (np.diff(fitted.cosine(commoner, worse)) >= -1e-12).all()


def test_it_is_exact_at_its_nodes_and_linear_between() -> None:
    cosines = np.broadcast_to(np.linspace(0.1, 0.8, len(RATES))[:, None, None], (len(RATES), 1, 1))
    surface = Surface(np.zeros(1), cosines)

    for place, rate in enumerate(RATES):
        assert surface.cosine(rate, 0.0)[0] == pytest.approx(cosines[place, 0, 0], abs=1e-3)
    between = surface.cosine(10**-2.25, 0.0)[0]
    assert surface.cosine(1e-2, 0.0)[0] < between < surface.cosine(10**-2.5, 0.0)[0]
    assert surface.cosine(0.9, 0.0)[0] == pytest.approx(0.1)
    assert 0.8 < surface.cosine(1e-9, 0.0)[0] <= 0.999


def test_too_few_good_faces_are_refused() -> None:
    rng = np.random.default_rng(1)
    few = group("good", drawn(rng, 0.0)[:30], 0.0)

    with pytest.raises(ValueError, match="too few"):
        fit_surface([few], np.array([np.inf]))


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_surface_that_falls_cannot_be_made(axis: int) -> None:
    cosines = np.zeros((len(RATES), 2, 2))
    place = [-1, -1, -1]
    cosines += 0.5
    cosines[tuple(place)] = 0.4

    with pytest.raises(ValueError, match="falls"):
        Surface(np.array([0.0, 1.0]), cosines)


def test_levels_without_comparisons_enough_are_marked() -> None:
    rng = np.random.default_rng(3)
    few = group("dark", drawn(rng, 0.4)[:30], 0.05)
    surface = fit_surface([group("good", drawn(rng, 0.0), 0.0), few], np.array([0.01, np.inf]))

    assert surface.counted is not None
    # 435 pairs of dark faces, none of a dark and a good one.
    assert surface.counted.tolist() == [[True, False], [False, False]]
    assert (surface.cosines[:, 1, 1] == surface.cosines[:, 0, 0]).all()


def test_all_levels_that_have_comparisons_enough_are_marked(fitted: Surface) -> None:
    assert fitted.counted is not None
    assert fitted.counted.diagonal().all()


def test_a_raised_surface_asks_for_that_much_more(fitted: Surface) -> None:
    raised = fitted.raised(0.0123456)

    expected = np.minimum(fitted.cosines + 0.0123456, 0.999)
    assert (raised.cosines >= expected).all()
    assert raised.cosines == pytest.approx(expected, abs=2.1e-5)
    assert raised.counted is fitted.counted
    assert fitted.raised(5.0).cosines.max() == 0.999
