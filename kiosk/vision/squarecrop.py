"""Cut a square around a face and scale it to a network's input.

Where the square reaches beyond the frame, the frame's edge pixels are repeated: the face stays in
the middle and at its scale, which are what the networks were trained on. (Shifting the square
inwards, as some do, would move the face.)
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.domain import Box, Pixels

_MAX_SIDES = 4
"""A square more than this many times the frame's longer side shows no face any more."""


@dataclass(frozen=True, slots=True, eq=False)
class SquareCrop:
    """The square's pixels (size, size, 3), and where it was: whole frame pixels."""

    pixels: Pixels
    left: int
    top: int
    side: int

    def to_frame(self, fractions: NDArray[np.float32]) -> NDArray[np.float32]:
        """Map points (..., 2), as fractions 0–1 of the square, to frame pixel-centre coordinates.

        (0, 0) is the outer corner of the square's first pixel.
        """
        corner = np.array([self.left, self.top], np.float32) - np.float32(0.5)
        mapped: NDArray[np.float32] = fractions * np.float32(self.side) + corner
        return mapped

    def to_fractions(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Undo :meth:`to_frame`."""
        corner = np.array([self.left, self.top], np.float32) - np.float32(0.5)
        mapped: NDArray[np.float32] = (points - corner) / np.float32(self.side)
        return mapped


def crop_square(pixels: Pixels, box: Box, factor: float, size_px: int) -> SquareCrop:
    """Return the square of ``factor`` × the box's longer side, centred on it, ``size_px`` wide.

    Raises ValueError when the box is none (empty, not finite, outside the frame or enormous).
    """
    height, width = pixels.shape[:2]
    x, y = box.centre
    longer = factor * max(box.width, box.height)
    if not (math.isfinite(x + y + longer) and 1 <= longer <= _MAX_SIDES * max(width, height)):
        raise ValueError(f"{box} frames no face in {width}×{height} px")
    side = max(2, round(longer))
    # Pixel i covers [i − ½, i + ½): the first pixel of a square centred on x.
    left, top = round(x + 0.5 - side / 2), round(y + 0.5 - side / 2)
    first_x, first_y = max(left, 0), max(top, 0)
    end_x, end_y = min(left + side, width), min(top + side, height)
    if first_x >= end_x or first_y >= end_y:
        raise ValueError(f"{box} lies outside {width}×{height} px")
    inner = pixels[first_y:end_y, first_x:end_x]
    margins = (first_y - top, top + side - end_y, first_x - left, left + side - end_x)
    if any(margins):
        inner = cv2.copyMakeBorder(inner, *margins, cv2.BORDER_REPLICATE)
    # Averaging when it shrinks keeps moiré from folding into a false pattern.
    how = cv2.INTER_AREA if side > size_px else cv2.INTER_LINEAR
    return SquareCrop(cv2.resize(inner, (size_px, size_px), interpolation=how), left, top, side)
