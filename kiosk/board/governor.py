"""How often faces are looked at on a chip that grows hot: less often, never less well.

The rate is lowered in steps and comes back only some degrees below the step, so that the screen
does not flicker between two states.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

from kiosk.errors import ConfigError

_NS = 1_000_000_000
# One frame that is due, and the part of the next one that has been saved up meanwhile: with less,
# a rate that does not divide the camera's would fall to the next one that does.
_MAX_CREDIT = 2.0
# A sensor that fails now and then must not make a hot chip run at full speed in between.
_PATIENCE = 10


@dataclass(frozen=True, slots=True)
class GovernorRules:
    """Steps of (from this temperature on, °C; frames per second), coolest first.

    Before the chip's own limits: an RK3588 slows itself down at 85 °C and switches itself off at
    115 °C. Raises ConfigError when hotter does not mean slower.
    """

    steps: tuple[tuple[float, float], ...] = ((75.0, 15.0), (80.0, 8.0), (85.0, 4.0))
    hysteresis_c: float = 5.0

    def __post_init__(self) -> None:
        if not all(math.isfinite(c) and math.isfinite(rate) for c, rate in self.steps):
            raise ConfigError("Temperatures and rates of the governor must be numbers.")
        if not all(low[0] < high[0] and low[1] > high[1] for low, high in pairwise(self.steps)):
            raise ConfigError("Each step of the governor must be hotter and slower than the last.")
        if any(rate <= 0 for _, rate in self.steps):
            raise ConfigError("The rates of the governor must be positive.")
        if not 0 < self.hysteresis_c < 100:
            raise ConfigError("The governor's hysteresis must lie between 0 and 100 °C.")


class Governor:
    """Decides which frames are examined. Used by one thread at a time."""

    def __init__(self, rules: GovernorRules, min_rate: float) -> None:
        """``min_rate``: frames per second that a visit needs to be decided at all."""
        if not (math.isfinite(min_rate) and min_rate > 0):
            raise ValueError("min_rate must be positive")
        self._rules = rules
        self._min_rate = min_rate
        self._level = 0
        self._unread = 0
        self._credit = 1.0
        self._credited_at_ns: int | None = None

    @property
    def rate(self) -> float | None:
        """Frames per second that may be examined; None: every frame."""
        if self._level == 0:
            return None
        return max(self._rules.steps[self._level - 1][1], self._min_rate)

    @property
    def sentence(self) -> str | None:
        """What to tell people about it; None when nothing is held back."""
        rate = self.rate
        if rate is None:
            return None
        degrees = self._rules.steps[self._level - 1][0]
        return (
            f"The computer is hot ({degrees:g} °C or more): faces are looked at {rate:g} times "
            "a second until it has cooled down."
        )

    def update(self, temperature_c: float | None) -> bool:
        """Take a temperature; return whether the sentence changed.

        None, for one that could not be read, leaves the limit for a while and then lifts it.
        """
        before = self._level
        if temperature_c is not None and math.isfinite(temperature_c):
            self._unread = 0
            self._follow(temperature_c)
        else:
            self._unread += 1
            if self._unread > _PATIENCE:
                self._level = 0
        return self._level != before

    def _follow(self, temperature_c: float) -> None:
        steps = self._rules.steps
        while self._level < len(steps) and temperature_c >= steps[self._level][0]:
            self._level += 1
        cool_c = self._rules.hysteresis_c
        while self._level > 0 and temperature_c <= steps[self._level - 1][0] - cool_c:
            self._level -= 1

    def may_examine(self, now_ns: int) -> bool:
        """Tell whether the frame captured at ``now_ns`` (monotonic) is examined.

        Time earns credit and each examined frame costs one, so that over time exactly the rate is
        let through, whatever the camera's.
        """
        rate = self.rate
        if rate is None:
            self._credit, self._credited_at_ns = 1.0, now_ns
            return True
        last_ns = now_ns if self._credited_at_ns is None else self._credited_at_ns
        earned = max(0, now_ns - last_ns) / _NS * rate
        self._credit = min(_MAX_CREDIT, self._credit + earned)
        self._credited_at_ns = max(now_ns, last_ns)
        if self._credit < 1.0:
            return False
        self._credit -= 1.0
        return True
