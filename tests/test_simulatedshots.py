"""Simulated people for a calibration."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from kiosk.calibrationsample import AS_IS, MASKED
from kiosk.errors import ConfigError
from kiosk.simulatedshots import simulated_shots


def test_every_person_comes_in_good_light_and_in_bad() -> None:
    drawn = simulated_shots(2)
    shots = list(drawn.shots)

    assert len(shots) == drawn.count
    assert len({shot.person for shot in shots}) == 2
    groups = Counter(shot.group for shot in shots)
    assert groups[AS_IS] >= 2 * 3
    assert groups[MASKED] == groups["darkness"] == groups["side light"] == 2
    first = [shot for shot in shots if shot.is_first]
    assert [shot.group for shot in first] == [AS_IS, AS_IS]
    light = {group: shots[[s.group for s in shots].index(group)] for group in groups}
    assert light["darkness"].frame.pixels.mean() < 0.6 * light[AS_IS].frame.pixels.mean()


def test_the_same_people_every_time() -> None:
    one, other = (next(simulated_shots(1).shots) for _ in range(2))

    assert one.person == other.person
    assert np.array_equal(one.frame.pixels, other.frame.pixels)


def test_nobody_is_refused_as_a_number() -> None:
    with pytest.raises(ConfigError, match="hundreds"):
        simulated_shots(0)
    with pytest.raises(ConfigError, match="hundreds"):
        simulated_shots(-3)
