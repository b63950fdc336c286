"""A schematic face, drawn: nobody's. The detector finds it; self-tests and benchmarks use it.

The surroundings are colourful on purpose: swapped channels must change what a network answers.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.domain import Pixels


def draw_face(width_px: int, height_px: int, face_px: float, seed: int = 1) -> Pixels:
    """Return a picture (height_px, width_px, 3), uint8 BGR, with one face in the middle.

    ``face_px`` is a quarter less than the height of the head. The same seed gives the same face.
    """
    return _Canvas(width_px, height_px, face_px, seed).painted()


class _Canvas:
    def __init__(self, width_px: int, height_px: int, face_px: float, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        coarse = self._rng.uniform(20, 235, (6, 6, 3)).astype(np.float32)
        size = (width_px, height_px)
        self._picture: NDArray[np.float32] = cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)
        y, x = np.mgrid[0:height_px, 0:width_px].astype(np.float32)
        self._u = (x - width_px / 2) / face_px
        self._v = (y - height_px / 2) / face_px

    def painted(self) -> Pixels:
        self._head()
        self._spot(0, -0.62, 0.42, 0.2, (25, 40, 70))
        for side in (-1, 1):
            self._spot(side * 0.2, -0.2, 0.1, 0.022, (30, 40, 60))
            self._spot(side * 0.2, -0.11, 0.085, 0.042, (225, 228, 235))
            self._spot(side * 0.2, -0.11, 0.038, 0.038, (120, 60, 30))
            self._spot(side * 0.2, -0.11, 0.017, 0.017, (10, 10, 10))
            self._spot(side * 0.045, 0.13, 0.03, 0.02, (60, 80, 130))
        self._spot(0.03, 0.05, 0.03, 0.1, (150, 195, 250))
        self._spot(0, 0.3, 0.15, 0.045, (70, 70, 185))
        self._spot(0, 0.3, 0.13, 0.01, (40, 35, 90))
        noisy = self._picture + self._rng.normal(0, 2, self._picture.shape)
        return np.clip(noisy, 0, 255).astype(np.uint8)

    def _head(self) -> None:
        inside = (self._u / 0.48) ** 2 + (self._v / 0.66) ** 2
        depth = np.sqrt(np.clip(1 - inside, 0, 1))
        shade = (0.55 + 0.5 * depth + 0.15 * self._u)[..., None]
        skin = np.array([105, 150, 215], np.float32) * shade
        self._picture = np.where(inside[..., None] < 1, skin, self._picture)

    def _spot(
        self, x: float, y: float, radius_x: float, radius_y: float, bgr: tuple[int, int, int]
    ) -> None:
        distance = ((self._u - x) / radius_x) ** 2 + ((self._v - y) / radius_y) ** 2
        cover = (1 / (1 + np.exp(np.clip((distance - 1) * 6, -30, 30))))[..., None]
        self._picture = self._picture * (1 - cover) + np.array(bgr, np.float32) * cover
