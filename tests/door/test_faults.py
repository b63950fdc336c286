"""The promise of the door, under random faults: it is never open too long nor without a grant.

The long run is 1,000 faults in four parts of about six minutes, each of which can be run alone:
``pytest -m slow -s tests/door/test_faults.py``, with ``-k second`` for the second part.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def check(campaign: Any, count: int) -> None:
    found = campaign.run(count)
    print(f"\n{found}")
    assert found.unlocks >= count / 5, found
    assert not found.after_deadline, found
    assert not found.without_grant, found
    assert not found.unlogged, found
    assert found.acknowledged, found
    assert not found.lost, found
    assert not found.chain, found


@pytest.fixture
def make_campaign(
    faultcampaign: types.ModuleType,
    processes: types.ModuleType,
    make_board: Callable[..., Any],
    tmp_path: Path,
) -> Callable[[int], Any]:
    def make(seed: int) -> Any:
        return faultcampaign.FaultCampaign(make_board(), tmp_path, seed, processes)

    return make


def test_the_door_keeps_its_promise_under_faults(make_campaign: Callable[[int], Any]) -> None:
    check(make_campaign(7), 25)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3, 4], ids=["first", "second", "third", "fourth"])
def test_the_door_keeps_its_promise_under_a_thousand_faults(
    make_campaign: Callable[[int], Any], seed: int
) -> None:
    check(make_campaign(seed), 250)
