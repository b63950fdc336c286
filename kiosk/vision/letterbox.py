"""Fit a frame into a network's square input, and map points back without a pixel of error.

Both pictures are treated as areas: pixel i covers [i, i + 1) and its centre is i + ½. A resize
from width ``w`` to ``v`` then maps a coordinate x to (x + ½)·v/w − ½, whatever the route.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.domain import Pixels


@dataclass(frozen=True, slots=True, eq=False)
class Letterboxed:
    """A frame scaled into the top left of a canvas; ``scale_*`` are canvas px per frame px."""

    pixels: Pixels
    scale_x: float
    scale_y: float

    def to_frame(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Map canvas *area* coordinates, shape (..., 2), to frame pixel-centre coordinates."""
        scale = np.array([self.scale_x, self.scale_y], np.float32)
        mapped: NDArray[np.float32] = points / scale - np.float32(0.5)
        return mapped


def letterbox(
    pixels: Pixels,
    width_px: int,
    height_px: int,
    fill: tuple[int, int, int],
    canvas: Pixels | None = None,
) -> Letterboxed:
    """Scale ``pixels`` to fit ``width_px`` × ``height_px`` keeping its shape; pad with ``fill``.

    ``canvas``, of that size, is written to and returned when given: fresh pages cost as much as
    the scaling itself.

    Shrinking halves the picture with exact 2×2 averages first: plain bilinear sampling would skip
    pixels and alias, area averaging in one go costs eight times as much.
    """
    height, width = pixels.shape[:2]
    scale = min(width_px / width, height_px / height)
    inner = (
        max(1, min(width_px, round(width * scale))),
        max(1, min(height_px, round(height * scale))),
    )
    scaled = pixels
    while scaled.shape[1] >= 4 * inner[0] and scaled.shape[0] >= 4 * inner[1]:
        half = (scaled.shape[1] // 2, scaled.shape[0] // 2)
        scaled = cv2.resize(scaled, half, interpolation=cv2.INTER_LINEAR)
    if scaled.shape[1] >= 2 * inner[0] and scaled.shape[0] >= 2 * inner[1]:
        half = (scaled.shape[1] // 2, scaled.shape[0] // 2)
        if half != inner:
            scaled = cv2.resize(scaled, half, interpolation=cv2.INTER_LINEAR)
    if canvas is None:
        canvas = np.empty((height_px, width_px, 3), np.uint8)
    place = canvas[: inner[1], : inner[0]]
    # Written straight into its place; OpenCV takes a slice of rows and columns as it is.
    cv2.resize(scaled, inner, dst=place, interpolation=cv2.INTER_LINEAR)
    row = np.full((width_px, 3), fill, np.uint8)  # whole rows copy faster than single pixels
    canvas[inner[1] :] = row
    canvas[: inner[1], inner[0] :] = row[inner[0] :]
    return Letterboxed(canvas, inner[0] / width, inner[1] / height)
