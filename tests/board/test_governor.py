"""The governor: slower when hot, not back too soon, exactly as often as it says."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.board.governor import Governor, GovernorRules
from kiosk.errors import ConfigError

TEMPERATURES = st.floats(-40, 150)
MIN_RATES = st.floats(0.5, 20)
NS = 1_000_000_000


@st.composite
def rules(draw: st.DrawFn) -> GovernorRules:
    """Any rules that are allowed."""
    count = draw(st.integers(0, 4))
    degrees = draw(st.lists(st.integers(40, 110), min_size=count, max_size=count, unique=True))
    rates = draw(st.lists(st.integers(1, 30), min_size=count, max_size=count, unique=True))
    steps = zip(sorted(map(float, degrees)), sorted(map(float, rates), reverse=True), strict=True)
    return GovernorRules(tuple(steps), draw(st.floats(0.5, 20)))


def limit(governor: Governor) -> float:
    return math.inf if governor.rate is None else governor.rate


class TestLevels:
    def test_the_default_steps(self) -> None:
        governor = Governor(GovernorRules(), min_rate=2)
        rates = []
        for celsius in (20, 74.9, 75, 79.9, 80, 85, 120, 80.1, 80, 75.1, 75, 70.1, 70, 20):
            governor.update(celsius)
            rates.append(governor.rate)
        assert rates == [None, None, 15, 15, 8, 4, 4, 4, 8, 8, 15, 15, None, None]

    def test_only_a_change_is_told(self) -> None:
        governor = Governor(GovernorRules(), min_rate=2)
        told = [governor.update(celsius) for celsius in (20, 76, 77, 71, 81, 81, 20, 20)]
        assert told == [False, True, False, False, True, False, True, False]

    def test_the_sentence_names_the_rate(self) -> None:
        governor = Governor(GovernorRules(), min_rate=2)
        assert governor.sentence is None
        governor.update(81)
        assert governor.sentence == (
            "The computer is hot (80 °C or more): faces are looked at 8 times a second until it "
            "has cooled down."
        )

    def test_no_temperature_is_no_limit(self) -> None:
        for nothing in (None, math.nan):
            governor = Governor(GovernorRules(), min_rate=2)
            governor.update(90)
            for _ in range(10):
                assert not governor.update(nothing) and governor.rate == 4
            assert governor.update(nothing) and governor.rate is None

    def test_a_sensor_that_fails_now_and_then_does_not_free_a_hot_chip(self) -> None:
        governor = Governor(GovernorRules(), min_rate=2)
        for reading in (90, None, 90, math.nan, 90, None, None, 90):
            governor.update(reading)
            assert governor.rate == 4

    def test_votes_must_still_fit(self) -> None:
        governor = Governor(GovernorRules(), min_rate=6.5)
        governor.update(90)
        assert governor.rate == 6.5

    @pytest.mark.parametrize(
        "steps",
        [
            ((80.0, 8.0), (75.0, 4.0)),
            ((75.0, 8.0), (80.0, 8.0)),
            ((75.0, 8.0), (75.0, 4.0)),
            ((75.0, 0.0),),
            ((math.nan, 8.0),),
        ],
    )
    def test_steps_that_make_no_sense(self, steps: tuple[tuple[float, float], ...]) -> None:
        with pytest.raises(ConfigError):
            GovernorRules(steps)

    def test_a_hysteresis_is_needed(self) -> None:
        with pytest.raises(ConfigError, match="hysteresis"):
            GovernorRules(hysteresis_c=0)
        with pytest.raises(ValueError, match="min_rate"):
            Governor(GovernorRules(), 0)


class TestProperties:
    @given(rules(), MIN_RATES, st.lists(TEMPERATURES, max_size=40))
    def test_never_below_the_least_and_told_when_changed(self, given_rules, least, history) -> None:
        governor = Governor(given_rules, least)
        for celsius in history:
            before = governor.sentence
            assert governor.update(celsius) == (governor.sentence != before)
            assert limit(governor) >= least

    @given(rules(), MIN_RATES, st.lists(st.tuples(TEMPERATURES, st.floats(0, 30)), max_size=40))
    def test_who_was_always_hotter_is_never_faster(self, given_rules, least, history) -> None:
        cool, hot = Governor(given_rules, least), Governor(given_rules, least)
        for celsius, more in history:
            cool.update(celsius)
            hot.update(celsius + more)
            assert limit(hot) <= limit(cool)

    @given(rules(), MIN_RATES, st.lists(TEMPERATURES, max_size=40))
    def test_monotone_both_ways(self, given_rules, least, history) -> None:
        governor = Governor(given_rules, least)

        def limits(temperatures: list[float]) -> list[float]:
            found = []
            for celsius in temperatures:
                governor.update(celsius)
                found.append(limit(governor))
            return found

        rising = limits(sorted(history))
        assert all(first >= second for first, second in pairwise(rising))
        falling = limits(sorted(history, reverse=True))
        assert all(first <= second for first, second in pairwise(falling))

    @given(rules(), TEMPERATURES, st.data())
    def test_no_flapping_within_the_hysteresis(self, given_rules, middle, data) -> None:
        """Temperatures that stay within a band narrower than the hysteresis settle at once."""
        governor = Governor(given_rules, 1)
        half = given_rules.hysteresis_c * 0.49
        history = data.draw(st.lists(st.floats(middle - half, middle + half), max_size=30))
        governor.update(data.draw(TEMPERATURES))
        changes = [limit(governor)]
        for celsius in history:
            if governor.update(celsius):
                changes.append(limit(governor))
        # Having come from elsewhere it may move once into the band and then up to its own step,
        # but never back and forth.
        down = [second < first for first, second in pairwise(changes)]
        turns = sum(first != second for first, second in pairwise(down))
        assert turns <= 1


def let_through(governor: Governor, fps: float, seconds: float) -> int:
    return sum(governor.may_examine(round(i * NS / fps)) for i in range(round(fps * seconds)))


class TestRate:
    def test_every_frame_while_it_is_cool(self) -> None:
        assert let_through(Governor(GovernorRules(), 2), 30, 10) == 300

    def test_a_rate_that_does_not_divide_the_cameras(self) -> None:
        governor = Governor(GovernorRules(((50.0, 20.0),)), 2)
        governor.update(60)
        assert let_through(governor, 30, 10) == pytest.approx(200, abs=2)

    @given(st.floats(5, 120), st.floats(1, 60), st.floats(0, 0.9), st.integers(0, 99))
    def test_the_rate_whatever_the_cameras(self, fps, rate, jitter, seed) -> None:
        governor = Governor(GovernorRules(((50.0, rate),)), 0.5)
        governor.update(60)
        seconds, count = 20, round(fps * 20)
        late = np.random.default_rng(seed).uniform(-0.5, 0.5, count) * jitter
        times = [round((i + late[i]) * NS / fps) for i in range(count)]
        passed = sum(map(governor.may_examine, times))
        wanted = min(rate, fps) * seconds
        # What a late frame loses when the rate comes close to the camera's own is bounded.
        lost = wanted * jitter * (0.5 if rate > 0.5 * fps else 0)
        assert wanted - lost - 3 <= passed <= min(rate * seconds + 3, count)

    @given(st.floats(1, 30), st.floats(0.1, 1e4))
    def test_a_pause_saves_nothing_up(self, rate, pause_s) -> None:
        governor = Governor(GovernorRules(((50.0, rate),)), 0.5)
        governor.update(60)
        governor.may_examine(0)
        start = round(pause_s * NS)
        burst = sum(governor.may_examine(start + i) for i in range(50))
        assert burst <= 2

    def test_a_clock_that_stands_still_or_runs_back_earns_nothing(self) -> None:
        governor = Governor(GovernorRules(), 2)
        governor.update(90)
        assert governor.may_examine(5 * NS)
        assert not any(governor.may_examine(at) for at in (5 * NS, 4 * NS, 0, 5 * NS))
        # Nor does it cost anything.
        assert governor.may_examine(5 * NS + NS // 4)

    def test_cool_again_and_hot_again(self) -> None:
        governor = Governor(GovernorRules(((50.0, 1.0),)), 0.5)
        governor.update(60)
        assert [governor.may_examine(NS * i // 10) for i in range(3)] == [True, False, False]
        governor.update(20)
        assert all(governor.may_examine(NS * i // 10) for i in range(3, 6))
        governor.update(60)
        assert let_through(governor, 10, 5) <= 6
