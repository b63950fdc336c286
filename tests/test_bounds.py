"""Intervals of rates, against published values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.bounds import wilson_interval


def test_values_worked_out_elsewhere() -> None:
    # Newcombe (1998), table I: 81 of 263, and 0 of 20.
    assert wilson_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson_interval(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)


def test_nothing_tried_says_nothing() -> None:
    assert wilson_interval(0, 0) == (0.0, 1.0)


@given(st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_rate_lies_within(pair: tuple[int, int]) -> None:
    count, tries = pair
    low, high = wilson_interval(count, tries)

    assert 0 <= low <= count / tries + 1e-12
    assert count / tries - 1e-12 <= high <= 1
    assert wilson_interval(count, tries, 1.645)[1] <= high + 1e-12
