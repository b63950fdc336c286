"""The camera at the door, as flat panels and upright things in metres are seen by it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.domain import Pixels
from kiosk.simulator.standing import Stander
from kiosk.simulator.surfaces import Panel

EYE_M = 1.45
"""Height of the camera above the floor."""
_FOCAL_PER_WIDTH = 0.85
_NEAR_M = 0.05
Vector = tuple[float, float, float]
"""Metres: x to the right, y down from the camera's height, z ahead."""


class View:
    """The camera and the picture it fills, far things first."""

    def __init__(self, width_px: int, height_px: int, rng: np.random.Generator) -> None:
        self.picture: Pixels = np.zeros((height_px, width_px, 3), np.uint8)
        yaw, pitch = math.radians(rng.normal(0, 7)), math.radians(rng.normal(-1, 3))
        about_y = np.array(
            [[math.cos(yaw), 0, -math.sin(yaw)], [0, 1, 0], [math.sin(yaw), 0, math.cos(yaw)]]
        )
        about_x = np.array(
            [[1, 0, 0], [0, math.cos(pitch), math.sin(pitch)],
             [0, -math.sin(pitch), math.cos(pitch)]]
        )  # fmt: skip
        focal = _FOCAL_PER_WIDTH * max(width_px, height_px)
        lens = np.array([[focal, 0, width_px / 2], [0, focal, height_px / 2], [0, 0, 1]])
        self._turn: NDArray[np.float64] = about_x @ about_y
        self._project: NDArray[np.float64] = lens @ self._turn

    def put(self, panel: Panel, corner: Vector, across: Vector, down: Vector) -> None:
        """Draw a panel whose top-left corner and directions of its axes (unit) are given."""
        start, u, v = (np.array(vector, np.float64) for vector in (corner, across, down))
        matrix = self._project @ np.stack([u / panel.px_per_m, v / panel.px_per_m, start], axis=1)
        height, width = panel.pixels.shape[:2]
        outline = _ahead(matrix, [(0, 0), (width, 0), (width, height), (0, height)])
        if len(outline) < 3:
            return
        limit = np.array([self.picture.shape[1], self.picture.shape[0]])
        low = np.clip(np.floor(outline.min(axis=0)), 0, limit).astype(int)
        high = np.clip(np.ceil(outline.max(axis=0)) + 1, 0, limit).astype(int)
        if (high <= low).any():
            return
        shift = np.array([[1, 0, -low[0]], [0, 1, -low[1]], [0, 0, 1.0]])
        size = (int(high[0] - low[0]), int(high[1] - low[1]))
        seen = cv2.warpPerspective(
            panel.pixels, shift @ matrix, size, flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        cover = np.zeros((size[1], size[0]), np.uint8)
        corners = np.clip((outline - low) * 16, -1e6, 1e6).astype(np.int32)
        cv2.fillPoly(cover, [corners], 255, shift=4)
        part = self.picture[low[1] : high[1], low[0] : high[0]]
        cv2.copyTo(seen, cover, part)

    def stand(self, thing: Stander, rng: np.random.Generator, x: float, z: float) -> None:
        """Draw something upright on the floor at x metres to the right and z ahead."""
        foot = self._project @ np.array([x, EYE_M, z])
        if foot[2] < 0.5:
            return
        focal = _FOCAL_PER_WIDTH * max(self.picture.shape[:2])
        thing(
            self.picture, rng, float(foot[0] / foot[2]), float(foot[1] / foot[2]),
            float(focal / foot[2]),
        )  # fmt: skip


def _ahead(
    matrix: NDArray[np.float64], outline: Sequence[tuple[float, float]]
) -> NDArray[np.float64]:
    """Return the picture of an outline, cut off where it passes the camera."""
    spots = [matrix @ np.array([x, y, 1.0]) for x, y in outline]
    kept: list[NDArray[np.float64]] = []
    for here, after in zip(spots, [*spots[1:], spots[0]], strict=True):
        if here[2] >= _NEAR_M:
            kept.append(here)
        if (here[2] >= _NEAR_M) != (after[2] >= _NEAR_M):
            share = (_NEAR_M - here[2]) / (after[2] - here[2])
            kept.append(here + share * (after - here))
    return np.array([spot[:2] / spot[2] for spot in kept]).reshape(-1, 2)
