"""Draw the pictures that the start-up self-tests are recorded on: nobody's face.

They are colourful on purpose: swapped channels must change what a network answers.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def draw_face(size_px: int, face_px: float, seed: int = 1) -> NDArray[np.uint8]:
    """Return a shaded, schematic face on coloured patches, (size_px, size_px, 3) uint8 BGR.

    ``face_px`` is the distance from brow to chin.
    """
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(20, 235, (6, 6, 3)).astype(np.float32)
    picture = cv2.resize(coarse, (size_px, size_px), interpolation=cv2.INTER_CUBIC)
    y, x = np.mgrid[0:size_px, 0:size_px].astype(np.float32)
    u, v = (x - size_px / 2) / face_px, (y - size_px / 2) / face_px
    inside = (u / 0.48) ** 2 + (v / 0.66) ** 2
    depth = np.sqrt(np.clip(1 - inside, 0, 1))
    skin = np.array([105, 150, 215], np.float32) * (0.55 + 0.5 * depth + 0.15 * u)[..., None]
    picture = np.where(inside[..., None] < 1, skin, picture)

    def spot(cx: float, cy: float, rx: float, ry: float, colour: tuple[int, int, int]) -> None:
        nonlocal picture
        r = ((u - cx) / rx) ** 2 + ((v - cy) / ry) ** 2
        soft = 1 / (1 + np.exp(np.clip((r - 1) * 6, -30, 30)))
        picture = picture * (1 - soft[..., None]) + np.array(colour, np.float32) * soft[..., None]

    spot(0, -0.62, 0.42, 0.2, (25, 40, 70))
    for side in (-1, 1):
        spot(side * 0.2, -0.2, 0.1, 0.022, (30, 40, 60))
        spot(side * 0.2, -0.11, 0.085, 0.042, (225, 228, 235))
        spot(side * 0.2, -0.11, 0.038, 0.038, (120, 60, 30))
        spot(side * 0.2, -0.11, 0.017, 0.017, (10, 10, 10))
        spot(side * 0.045, 0.13, 0.03, 0.02, (60, 80, 130))
    spot(0.03, 0.05, 0.03, 0.1, (150, 195, 250))
    spot(0, 0.3, 0.15, 0.045, (70, 70, 185))
    spot(0, 0.3, 0.13, 0.01, (40, 35, 90))
    return np.clip(picture + rng.normal(0, 2, picture.shape), 0, 255).astype(np.uint8)
