"""What no door can be worked by is refused, in words."""

from __future__ import annotations

import dataclasses
import math

import pytest

from kiosk.config import DoorConfig, parse_config
from kiosk.door.rules import DoorRules
from kiosk.errors import ConfigError


def test_the_defaults_of_the_settings_are_those_of_the_door() -> None:
    assert DoorRules.from_config(DoorConfig()) == DoorRules()


def test_every_setting_reaches_the_door() -> None:
    section = {
        "pulse_s": 3,
        "extended_s": 20,
        "held_s": 60,
        "prealarm_s": 10,
        "relock": "close",
        "relock_delay_s": 1,
        "debounce_ms": 50,
        "exit_grace_s": 5,
        "exit_unlocks": True,
        "lockdown_exit": False,
    }
    rules = DoorRules.from_config(parse_config({"door": section}).door)
    expected = dict(section, debounce_s=0.05)
    del expected["debounce_ms"]
    assert dataclasses.asdict(rules) == expected
    assert all(
        getattr(rules, field.name) != field.default for field in dataclasses.fields(DoorRules)
    )


@pytest.mark.parametrize("value", [-1, math.nan, math.inf, 1e9])
@pytest.mark.parametrize(
    "name",
    [
        "pulse_s",
        "extended_s",
        "held_s",
        "prealarm_s",
        "relock_delay_s",
        "debounce_s",
        "exit_grace_s",
    ],
)
def test_times_out_of_range_are_refused(name: str, value: float) -> None:
    with pytest.raises(ConfigError, match="must be between"):
        DoorRules(**{name: value})


@pytest.mark.parametrize("pulse_s", [0, 61])
def test_a_pulse_out_of_range_is_refused(pulse_s: float) -> None:
    with pytest.raises(ConfigError, match=r"The door's pulse must be between 0\.01 and 60 s"):
        DoorRules(pulse_s=pulse_s)


def test_unknown_relocking_is_refused() -> None:
    with pytest.raises(ConfigError, match="relocks on one of open, close, pulse, not on 'soon'"):
        DoorRules(relock="soon")


def test_a_warning_has_to_come_before_the_alarm() -> None:
    with pytest.raises(ConfigError, match=r"choose a shorter prealarm_s or a longer held_s"):
        DoorRules(held_s=5, prealarm_s=5)
    assert DoorRules(held_s=0, prealarm_s=5).held_s == 0
