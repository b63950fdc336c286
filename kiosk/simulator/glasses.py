"""Put glasses on a head: rims, bridge, temples, and what the lenses do to the eyes behind them."""

from __future__ import annotations

import numpy as np

from kiosk.simulator.hair import Way
from kiosk.simulator.looks import Glasses
from kiosk.simulator.plane import Map, rise

_LEVEL = 0.03
_STAND_OFF = 0.05


def wear_glasses(glasses: Glasses, radius: Map, colour: Map, way: Way) -> None:
    """Change a head's maps so that it wears these glasses."""
    x, y = radius * way.right, radius * way.down - np.float32(_LEVEL)
    ahead = rise(0.0, 0.15, way.forward)
    power = np.float32(2.0 + 4.0 * (1 - glasses.roundness))
    across = np.abs(np.abs(x) - 0.515) / glasses.width
    distance = (across**power + np.abs(y / glasses.height) ** power) ** (1 / power)
    half = glasses.thickness / (2 * glasses.height)
    edge = np.abs(distance - 1)
    rim = rise(half + 0.09, half * 0.6, edge.astype(np.float32)) * ahead
    gap = 0.515 - glasses.width
    bridge = np.exp(-(((y + 0.05) / (0.6 * glasses.thickness + 0.012)) ** 2)) * (np.abs(x) < gap)
    hinge = 0.515 + glasses.width
    temple = np.exp(-(((y + 0.06) / (0.5 * glasses.thickness + 0.012)) ** 2))
    temple = temple * rise(hinge - 0.03, hinge + 0.01, np.abs(x)) * rise(-0.2, -0.1, way.forward)
    frame = np.maximum(np.maximum(rim, bridge * ahead), temple)

    lens = rise(1.0, 0.96, distance.astype(np.float32)) * ahead
    colour *= (1 - glasses.tint * lens)[..., None]
    # A window mirrored in the glass: a pale slanting band.
    band = np.exp(-(((x * 0.6 + y - 0.5 * np.sign(x) * 0.3 + 0.05) / 0.05) ** 2)) * 0.16
    colour += ((band * lens)[..., None] * (0.95 - colour)).astype(np.float32)
    paint = np.asarray(glasses.colour, np.float32)
    colour += (0.96 * frame)[..., None].astype(np.float32) * (paint - colour)
    radius += (_STAND_OFF * frame).astype(np.float32)
