"""Waits grow while something keeps failing, and start over after a calm while."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kiosk.backoff import Backoff


def test_waits_double_up_to_the_longest() -> None:
    backoff, now_s, waits = Backoff(2, 15), 0.0, []
    for _ in range(6):
        waits.append(backoff.next_s(now_s))
        now_s += waits[-1]

    assert waits == [2, 4, 8, 15, 15, 15]


def test_what_works_for_a_moment_only_is_not_calm() -> None:
    backoff = Backoff(2, 15)

    assert [backoff.next_s(s) for s in (0, 30, 60)] == [2, 4, 8]
    assert backoff.next_s(60 + 61) == 2


@given(st.lists(st.floats(0, 1000), max_size=50))
def test_a_wait_is_never_shorter_than_the_first_nor_longer_than_the_longest(
    gaps: list[float],
) -> None:
    backoff, now_s = Backoff(0.5, 10), 0.0
    for gap in gaps:
        now_s += gap
        assert 0.5 <= backoff.next_s(now_s) <= 10
