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
    pixels: Pixels, width_px: int, height_px: int, fill: tuple[int, int, int]
) -> Letterboxed:
    """Scale ``pixels`` to fit ``width_px`` × ``height_px`` keeping its shape; pad with ``fill``."""
    return Letterboxer(width_px, height_px, fill).fit(pixels)


class Letterboxer:
    """Letterboxes one frame after the other onto the same canvas.

    Fresh pages and padding that is there already cost as much as the scaling itself.
    """

    def __init__(self, width_px: int, height_px: int, fill: tuple[int, int, int]) -> None:
        self._size = (width_px, height_px)
        self._fill = fill
        self._canvas: Pixels = np.empty((height_px, width_px, 3), np.uint8)
        self._inner: tuple[int, int] | None = None

    def fit(self, pixels: Pixels) -> Letterboxed:
        """Return ``pixels`` scaled to fit the canvas; the next call overwrites it.

        Shrinking halves the picture with exact 2×2 averages first: plain bilinear sampling would
        skip pixels and alias, area averaging in one go costs eight times as much.
        """
        height, width = pixels.shape[:2]
        scale = min(self._size[0] / width, self._size[1] / height)
        inner = (
            max(1, min(self._size[0], round(width * scale))),
            max(1, min(self._size[1], round(height * scale))),
        )
        if inner != self._inner:
            self._canvas[:] = self._fill
            self._inner = inner
        place = self._canvas[: inner[1], : inner[0]]
        # Written straight into its place; OpenCV takes a slice of rows and columns as it is.
        cv2.resize(_halved(pixels, inner), inner, dst=place, interpolation=cv2.INTER_LINEAR)
        return Letterboxed(self._canvas, inner[0] / width, inner[1] / height)


def _halved(pixels: Pixels, inner: tuple[int, int]) -> Pixels:
    """Halve a picture as long as it stays at least as large as ``inner``; not the last time."""
    while pixels.shape[1] >= 2 * inner[0] and pixels.shape[0] >= 2 * inner[1]:
        half = (pixels.shape[1] // 2, pixels.shape[0] // 2)
        if half == inner:
            break  # the final resize does exactly this step
        pixels = cv2.resize(pixels, half, interpolation=cv2.INTER_LINEAR)
    return pixels
