"""The cosine for a rate: never too low, by count or beyond it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from kiosk.recognition.tail import cosines_for, fit_pareto, rarest_counted

SIGMA = 0.1
RATES = [10.0**-k for k in range(1, 9)]


def exceedance(cosine: float) -> float:
    """Share of a Gaussian of SIGMA above ``cosine``."""
    return math.erfc(cosine / SIGMA / math.sqrt(2)) / 2


@pytest.mark.parametrize("seed", range(5))
def test_the_promise_holds_for_the_distribution_that_was_sampled(seed: int) -> None:
    scores = np.random.default_rng(seed).normal(0, SIGMA, 200_000)

    for rate, cosine in zip(RATES, cosines_for(scores, RATES), strict=True):
        # Beyond the counts a Gaussian tail falls faster than the fit may: strict, not lax.
        assert exceedance(cosine) <= rate * (1.02 if rate * 200_000 > 100 else 1.0)


def test_it_is_not_much_stricter_than_needed_where_it_is_counted() -> None:
    scores = np.random.default_rng(1).normal(0, SIGMA, 400_000)

    cosine = float(cosines_for(scores, [1e-3])[0])

    assert exceedance(cosine) > 0.75e-3


def test_few_comparisons_give_a_stricter_threshold() -> None:
    rng = np.random.default_rng(2)
    scores = rng.normal(0, SIGMA, 100_000)

    few = np.mean([cosines_for(part, [1e-4])[0] for part in np.split(scores, 50)])

    assert few > cosines_for(scores, [1e-4])[0]


def test_rarer_is_never_laxer() -> None:
    for seed in range(20):
        scores = np.random.default_rng(seed).beta(2, 8, 3000)
        found = cosines_for(scores, RATES)
        assert (np.diff(found) >= 0).all()
        assert found[-1] <= 0.999


def test_too_few_scores_are_refused() -> None:
    with pytest.raises(ValueError, match="too few"):
        cosines_for(np.zeros(199), RATES)


def test_equal_scores_do_no_harm() -> None:
    assert cosines_for(np.full(1000, 0.25), RATES)[-1] >= 0.25


@pytest.mark.parametrize("shape", [-0.4, -0.2, 0.0, 0.2])
def test_the_fit_finds_the_distribution(shape: float) -> None:
    uniform = np.random.default_rng(3).random(200_000)
    excesses = 0.05 * (uniform**-shape - 1) / shape if shape else -0.05 * np.log(uniform)

    found, scale = fit_pareto(excesses)

    assert found == pytest.approx(shape, abs=0.02)
    assert scale == pytest.approx(0.05, rel=0.02)


def test_the_rarest_counted_rate_needs_twenty_comparisons() -> None:
    assert rarest_counted(200_000) == pytest.approx(1e-4)
    assert rarest_counted(0) >= 1
