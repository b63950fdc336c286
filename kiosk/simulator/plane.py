"""The front plane: the sheet on which a face is drawn before it is wrapped around the head.

It is the view from straight ahead: x to the right, y down, in eye distances from the point between
the pupils. ``height`` says how far each point stands out towards the viewer beyond the plain skull.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Map = NDArray[np.floating[Any]]

HALF_WIDTH = 1.35
TOP, BOTTOM = -1.75, 2.15


@dataclass(slots=True)
class Plane:
    """What is drawn: ``height`` (H, W) in eye distances and ``colour`` (H, W, 3) BGR 0–1."""

    x: Map
    y: Map
    height: Map
    colour: Map
    px: float
    """Picture elements in an eye distance."""

    def copy(self) -> Plane:
        """Return a plane that can be drawn on without changing this one."""
        return Plane(self.x, self.y, self.height.copy(), self.colour.copy(), self.px)

    def window(self, left: float, top: float, right: float, bottom: float) -> Plane:
        """Return the part between these coordinates; drawing on it draws on this plane."""
        rows = slice(max(0, int((top - TOP) * self.px)), max(1, int((bottom - TOP) * self.px) + 1))
        columns = slice(
            max(0, int((left + HALF_WIDTH) * self.px)),
            max(1, int((right + HALF_WIDTH) * self.px) + 1),
        )
        part = (rows, columns)
        return Plane(self.x[part], self.y[part], self.height[part], self.colour[part], self.px)

    def paint(self, cover: Map, colour: tuple[float, float, float] | Map) -> None:
        """Lay a colour over the plane where ``cover`` (0–1) is."""
        self.colour += cover[..., None] * (np.asarray(colour, np.float32) - self.colour)

    def darken(self, cover: Map) -> None:
        """Multiply the colour by ``1 − cover``."""
        self.colour *= (1 - cover)[..., None]

    def spot(self, x: float, y: float, radius_x: float, radius_y: float, turn: float = 0.0) -> Map:
        """Return a bell 0–1 about a point, its standard deviations being the radii."""
        dx, dy = self.x - np.float32(x), self.y - np.float32(y)
        if turn:
            cos, sin = np.float32(np.cos(turn)), np.float32(np.sin(turn))
            dx, dy = dx * cos + dy * sin, dy * cos - dx * sin
        power = (dx * np.float32(1 / radius_x)) ** 2 + (dy * np.float32(1 / radius_y)) ** 2
        bell: Map = cv2.exp(np.float32(-0.5) * power)
        return bell


def blank_plane(px: float) -> Plane:
    """Return an empty plane with ``px`` picture elements in an eye distance."""
    x, y = _coordinates(px)
    return Plane(x, y, np.zeros_like(x), np.zeros((*x.shape, 3), np.float32), px)


@functools.lru_cache(maxsize=4)
def _coordinates(px: float) -> tuple[Map, Map]:
    columns, rows = round(2 * HALF_WIDTH * px), round((BOTTOM - TOP) * px)
    x = (np.arange(columns, dtype=np.float32) + 0.5) / np.float32(px) - np.float32(HALF_WIDTH)
    y = (np.arange(rows, dtype=np.float32) + 0.5) / np.float32(px) + np.float32(TOP)
    grid_x, grid_y = np.meshgrid(x, y)
    return grid_x, grid_y


def rise(low: float, high: float, values: Map) -> Map:
    """Return the smooth step from 0 at ``low`` to 1 at ``high`` (which may be the lower one)."""
    t = np.clip((values - np.float32(low)) * np.float32(1 / (high - low)), 0, 1)
    step: Map = t * t * (3 - 2 * t)
    return step


def noise(seed: int, shape: tuple[int, ...], cell_px: tuple[float, float]) -> Map:
    """Return smooth noise, mean 0 and standard deviation about 1, of a grain (across, down)."""
    rng = np.random.default_rng([0x2015E, seed])
    rows = max(2, round(shape[0] / cell_px[1]) + 2)
    columns = max(2, round(shape[1] / cell_px[0]) + 2)
    coarse = rng.standard_normal((rows, columns), dtype=np.float32)
    fine = cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
    return np.asarray(fine, np.float32)
