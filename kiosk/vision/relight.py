"""Light a face chip as the embedder knows faces: bright enough, and both sides alike.

Only chips that are dark or lit from one side are changed, and little where that begins: ordinary
photographs gain nothing from any such correction, and several lose (figures in BENCHMARKS.md).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.domain import Pixels

_DARK_FROM, _DARK_FULL = 60.0, 40.0
"""Mean grey level of the face below which it is brightened, and below which entirely."""
_BRIGHT = 130.0
"""The usual level of a face in a photograph."""
_UNEVEN_FROM, _UNEVEN_FULL = 0.3, 0.4
"""|left − right| / (left + right) from which on the ramp is taken out, and entirely."""
_BLUR = 3 / 112
"""Of the chip's side: below the features, above the noise."""
_NOISE_BLUR = 0.7 / 112
"""Of the chip's side: brightening a dark chip brightens its noise."""
_FACE_RADII = (34 / 112, 42 / 112)
_FACE_CENTRE_Y = 70 / 112
_EDGE = 0.65
"""Half widths of the chip from its middle; further out the ramp is not extrapolated."""
_MAX_LOG = 2.3
"""No pixel is divided by more than e to this: ten times."""


@dataclass(frozen=True, slots=True, eq=False)
class _Layout:
    """What is the same for all chips of a size."""

    inner: NDArray[np.bool_]
    weights: NDArray[np.float32]
    sides: tuple[NDArray[np.float32], NDArray[np.float32]]
    terms: NDArray[np.float32]
    """The ramp's linear and cubic term, (2, size): how much of each belongs to a column."""
    solver: NDArray[np.float32]
    """The least-squares fit: (2, pixels inside the face)."""


@functools.lru_cache(maxsize=4)
def _layout(size_px: int) -> _Layout:
    row, column = np.mgrid[0:size_px, 0:size_px].astype(np.float32)
    x = (column + 0.5) / size_px - 0.5
    y = (row + 0.5) / size_px - _FACE_CENTRE_Y
    inner = (x / _FACE_RADII[0]) ** 2 + (y / _FACE_RADII[1]) ** 2 < 1
    weights = inner / inner.sum()
    left, right = inner & (x < 0), inner & (x > 0)
    across = 2 * x[inner]
    powers = np.stack([np.ones_like(across), across, across**3], 1)
    within = np.clip(2 * x[0], -_EDGE, _EDGE)
    return _Layout(
        inner,
        weights.astype(np.float32),
        ((left / left.sum()).astype(np.float32), (right / right.sum()).astype(np.float32)),
        np.stack([within, within**3]).astype(np.float32),
        np.linalg.pinv(powers)[1:].astype(np.float32),
    )


def relight(chip: Pixels) -> Pixels:
    """Return the chip (size, size, 3), uint8 BGR, in better light; itself where there is no need.

    A ramp of brightness from left to right, linear and cubic in the logarithm, is fitted and
    divided out when one side is much darker; a dark face is smoothed a little and brightened.
    """
    layout = _layout(chip.shape[0])
    grey = cv2.cvtColor(chip, cv2.COLOR_BGR2GRAY).astype(np.float32)
    level = float(np.vdot(grey, layout.weights))
    left, right = (float(np.vdot(grey, side)) for side in layout.sides)
    uneven = _share(abs(left - right) / (left + right + 1), _UNEVEN_FROM, _UNEVEN_FULL)
    dark = _share(-level, -_DARK_FROM, -_DARK_FULL)
    if uneven == dark == 0:
        return chip
    if dark > 0:
        smooth = cv2.GaussianBlur(chip, (0, 0), _NOISE_BLUR * len(chip))
        chip = cv2.addWeighted(smooth, dark, chip, 1 - dark, 0)
    factor = np.ones(chip.shape[1], np.float32)
    if uneven > 0:
        factor = np.exp(-np.clip(_ramp(grey, layout) * uneven, -_MAX_LOG, _MAX_LOG))
    wanted = level + dark * (_BRIGHT - level)
    now = float(np.vdot(grey * factor, layout.weights))
    factor = factor * np.float32(wanted / max(now, 1.0))
    bright: Pixels = np.clip(chip * factor[:, None] + 0.5, 0, 255).astype(np.uint8)
    return bright


def _ramp(grey: NDArray[np.float32], layout: _Layout) -> NDArray[np.float32]:
    """Return the logarithm of the light that falls on each column, (size,)."""
    smooth = cv2.GaussianBlur(grey, (0, 0), _BLUR * grey.shape[0])
    # A few grey levels more: noise in black has no logarithm to speak of.
    ramp: NDArray[np.float32] = (layout.solver @ np.log(smooth[layout.inner] + 4)) @ layout.terms
    return ramp


def _share(value: float, none_at: float, full_at: float) -> float:
    return min(max((value - none_at) / (full_at - none_at), 0.0), 1.0)
