"""Cut a face with its surroundings in the shape of its box, inside the frame.

How MiniFASNets were trained: a window of the box's own proportions, shifted into the frame where it
reaches beyond it, made smaller where it does not fit, and stretched to the network's square. What
the frame does not show is never made up: repeated edges look like the edges of paper to them, and
a square window of a tall face like a squeezed picture.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from kiosk.domain import Box, Pixels


def crop_box(pixels: Pixels, box: Box, factor: float, size_px: int) -> Pixels:
    """Return the window (size_px, size_px, 3), ``factor`` box sides wide or as many as there are.

    Raises ValueError when the box is none (empty, not finite or outside the frame).
    """
    height, width = pixels.shape[:2]
    x, y = box.centre
    numbers = (box.left, box.top, box.right, box.bottom)
    if not all(map(math.isfinite, numbers)) or min(box.width, box.height) < 1:
        raise ValueError(f"{box} frames no face in {width}×{height} px")
    if box.right <= 0 or box.bottom <= 0 or box.left >= width or box.top >= height:
        raise ValueError(f"{box} lies outside {width}×{height} px")
    scale = min(factor, (width - 1) / box.width, (height - 1) / box.height)
    half_width, half_height = scale * box.width / 2, scale * box.height / 2
    left = int(np.clip(x - half_width, 0, width - 1 - 2 * half_width))
    top = int(np.clip(y - half_height, 0, height - 1 - 2 * half_height))
    right = min(left + math.ceil(2 * half_width), width - 1)
    bottom = min(top + math.ceil(2 * half_height), height - 1)
    # Sampled, not averaged: so were the pictures they learned from, and averaging cost twice the
    # false alarms.
    seen = pixels[top : bottom + 1, left : right + 1]
    window: Pixels = cv2.resize(seen, (size_px, size_px), interpolation=cv2.INTER_LINEAR)
    return window
