"""Pictures of simulated people to calibrate by: for networks that know no others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from kiosk.calibrationsample import AS_IS, MASKED, Shot
from kiosk.domain import Frame
from kiosk.errors import ConfigError
from kiosk.simulator.render import Renderer
from kiosk.simulator.sampling import portrait_scene

# Far from the people that networks are trained, validated and judged by.
_FIRST_PERSON = 300_000
_SEED = 78
_WIDTH_PX, _HEIGHT_PX = 448, 336
"""A face is then about 95 px wide, as the kinds of degradation are meant for."""
_TEXTURE_PX = 256
_VIEWS = (
    ("frontal", AS_IS),
    ("frontal", AS_IS),
    ("turned left", AS_IS),
    ("turned right", AS_IS),
    ("side light", "side light"),
    ("dark", "darkness"),
    ("masked", MASKED),
)
"""Conditions of the simulator, and the group of each."""


@dataclass(frozen=True, slots=True)
class SimulatedShots:
    """Pictures drawn one by one as they are asked for, and how many there will be."""

    shots: Iterator[Shot]
    count: int


def simulated_shots(people: int) -> SimulatedShots:
    """Draw so many people, each in good light, from the side, in the dark and with a mask.

    The same pictures each time. Raises ConfigError for a number below 1.
    """
    if people < 1:
        raise ConfigError(f"{people} simulated people cannot be measured. Ask for some hundreds.")
    return SimulatedShots(_drawn(people), people * len(_VIEWS))


def _drawn(people: int) -> Iterator[Shot]:
    renderer = Renderer(_WIDTH_PX, _HEIGHT_PX, _TEXTURE_PX)
    for person in range(_FIRST_PERSON, _FIRST_PERSON + people):
        rng = np.random.default_rng([_SEED, person])
        for place, (condition, group) in enumerate(_VIEWS):
            scene = portrait_scene(rng, person, condition, _WIDTH_PX, _HEIGHT_PX)
            pixels = renderer.render(scene).pixels
            yield Shot(f"S{person}", Frame(pixels, place), group, is_first=place == 0)
