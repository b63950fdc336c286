"""Hands that hold something up: fingers, palms and arms as shaded rounded rods."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.domain import Pixels
from kiosk.simulator.scene import Light

Point = NDArray[np.float64]
"""(2,) frame pixels."""

_SKIN = np.array(
    [
        (190, 208, 238),
        (160, 184, 226),
        (132, 160, 208),
        (98, 130, 180),
        (66, 94, 142),
        (44, 62, 98),
    ],
    np.float32,
)
"""BGR from light to dark."""


@dataclass(frozen=True, slots=True, eq=False)
class Rod:
    """A limb between two points, round, of changing thickness, in frame pixels."""

    start: Point
    end: Point
    start_radius: float
    end_radius: float
    colour: NDArray[np.float32]
    nail: bool = False
    """A finger nail near ``end``."""


def skin_colour(share: float) -> NDArray[np.float32]:
    """Return a BGR skin colour: ``share`` 0 light … 1 dark."""
    place = min(max(share, 0.0), 1.0) * (len(_SKIN) - 1)
    low = min(int(place), len(_SKIN) - 2)
    colour: NDArray[np.float32] = _SKIN[low] + (_SKIN[low + 1] - _SKIN[low]) * np.float32(
        place - low
    )
    return colour


def lamp(light: Light) -> NDArray[np.float32]:
    """Return the unit vector (3,) to the lamp: x right, y down, z towards the camera."""
    azimuth, elevation = math.radians(light.azimuth_deg), math.radians(light.elevation_deg)
    across = math.cos(elevation)
    return np.array(
        [math.sin(azimuth) * across, -math.sin(elevation), math.cos(azimuth) * across], np.float32
    )


def draw(canvas: Pixels, rods: list[Rod], light: Light) -> None:
    """Draw the rods in order, the later over the earlier, each with a thin shadow around it."""
    for rod in rods:
        _draw_rod(canvas, rod, light)


def _draw_rod(canvas: Pixels, rod: Rod, light: Light) -> None:
    reach = max(rod.start_radius, rod.end_radius) * 1.3 + 2
    low = np.floor(np.minimum(rod.start, rod.end) - reach)
    high = np.ceil(np.maximum(rod.start, rod.end) + reach) + 1
    limit = np.array([canvas.shape[1], canvas.shape[0]], np.float64)
    x0, y0 = (int(v) for v in np.clip(low, 0, limit))
    x1, y1 = (int(v) for v in np.clip(high, 0, limit))
    if x0 >= x1 or y0 >= y1:
        return
    x = (np.arange(x0, x1, dtype=np.float32) - np.float32(rod.start[0]))[None, :]
    y = (np.arange(y0, y1, dtype=np.float32) - np.float32(rod.start[1]))[:, None]
    dx, dy = (float(v) for v in rod.end - rod.start)
    share = np.clip((x * dx + y * dy) / max(dx * dx + dy * dy, 1e-6), 0, 1)
    radius = rod.start_radius + share * (rod.end_radius - rod.start_radius)
    off_x, off_y = x - share * dx, y - share * dy
    distance = np.sqrt(off_x * off_x + off_y * off_y)
    cover = np.clip(radius - distance + 0.5, 0, 1)
    toward = lamp(light)
    over_x, over_y = off_x + toward[0] * radius * 0.15, off_y + toward[1] * radius * 0.15
    around = np.sqrt(over_x * over_x + over_y * over_y)
    dark = 1 - 0.4 * np.clip((radius * 1.25 - around) / (radius * 0.3), 0, 1)
    part = canvas[y0:y1, x0:x1]
    shade = _shade(light, off_x / radius, off_y / radius, distance / radius)
    shaded = cv2.LUT(_three(shade), _skin_tones(tuple(rod.colour.tolist())))
    if rod.nail:
        shaded = _with_nail(rod, shaded, x, y, dx, dy)
    behind = cv2.multiply(part, _three((dark * (1 - cover) * 255).astype(np.uint8)), scale=1 / 255)
    over = cv2.multiply(shaded, _three((cover * 255).astype(np.uint8)), scale=1 / 255)
    part[:] = cv2.add(behind, over)


def _shade(
    light: Light,
    across: NDArray[np.float32],
    down: NDArray[np.float32],
    rim: NDArray[np.float32],
) -> NDArray[np.uint8]:
    """Return the brightness of a rounded surface, 160 is ×1."""
    toward = lamp(light)
    # A flattened round: limbs are not balls, and the rim must not go black.
    height = np.sqrt(np.maximum(1 - 0.8 * rim * rim, 0.05))
    lit = np.maximum(across * toward[0] + down * toward[1] + height * toward[2], 0)
    everywhere = 1 - light.directness
    shade = everywhere * 0.55 + height * (everywhere * 0.45) + lit * (light.directness * 1.2)
    brightness: NDArray[np.uint8] = np.minimum(shade * 160, 255).astype(np.uint8)
    return brightness


@functools.lru_cache(maxsize=32)
def _skin_tones(colour: tuple[float, float, float]) -> NDArray[np.uint8]:
    """Return the table brightness → BGR; shadows are redder, as skin lets light through."""
    shade = (np.arange(256) / 160)[:, None]
    depth = np.clip(1.1 - shade, 0, 1)
    tones = np.array(colour) * shade**0.75 * (1 - depth * np.array([0.22, 0.14, 0.0]))
    table: NDArray[np.uint8] = np.clip(tones, 0, 255).astype(np.uint8)[None]
    return table


def _with_nail(
    rod: Rod,
    shaded: Pixels,
    x: NDArray[np.float32],
    y: NDArray[np.float32],
    dx: float,
    dy: float,
) -> Pixels:
    length = max(math.hypot(dx, dy), 1e-6)
    ux, uy = dx / length, dy / length
    radius = rod.end_radius
    along = (x - dx) * ux + (y - dy) * uy - radius * 0.15
    side = y * ux - x * uy
    inside = 1 - np.square(np.square(along / (radius * 0.72)) + np.square(side / (radius * 0.6)))
    cover = np.clip(inside * radius * 0.5, 0, 1)
    gain = _three((cover * 16).astype(np.uint8))
    return cv2.add(shaded, gain)  # type: ignore[no-any-return]


def _three(plane: NDArray[np.uint8]) -> Pixels:
    return cv2.cvtColor(plane, cv2.COLOR_GRAY2BGR)  # type: ignore[no-any-return]
