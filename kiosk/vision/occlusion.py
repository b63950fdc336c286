"""What hides part of a face: a mask or hand over the mouth, dark glasses, something on one side.

A few averages over the aligned chip (light, colour, texture of eighteen fields, the sharpest edge
across them) and a logistic regression on each question. It asks for no network: it is to be had on
every board and costs a tenth of a millisecond.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.domain import Pixels
from kiosk.vision.occlusiontable import EYES, MOUTH, SIDE

_SIDE_PX = 56
"""Features are taken at half the chip's size: finer detail is noise to them."""
# Rows: forehead, eyes, under the eyes, nose, mouth, chin. Columns: left, middle, right.
_ROWS = ((30, 42), (44, 58), (58, 66), (66, 78), (82, 100), (102, 112))
_COLUMNS = ((24, 42), (44, 68), (70, 88))
_EDGE_ROWS = (24, 44)
"""Half-size rows between which a mask's upper edge lies."""
_LIPS = (slice(43, 49), slice(23, 33))
_DARK = np.float32(12)
"""Grey levels added before logarithms and quotients: colour means little in the dark."""


def _fields() -> NDArray[np.float32]:
    weights = np.zeros((len(_ROWS), len(_COLUMNS), _SIDE_PX, _SIDE_PX), np.float32)
    for row, (top, bottom) in enumerate(_ROWS):
        for column, (left, right) in enumerate(_COLUMNS):
            part = weights[row, column, top // 2 : bottom // 2, left // 2 : right // 2]
            part[:] = 1 / part.size
    return np.ascontiguousarray(weights.reshape(-1, _SIDE_PX * _SIDE_PX).T)


_FIELDS = _fields()


@dataclass(frozen=True, slots=True)
class Occlusion:
    """How likely each part of a face is covered, 0–1."""

    mouth: float
    eyes: float
    side: float


def assess_occlusion(chip: Pixels) -> Occlusion:
    """Judge an aligned chip (112, 112, 3), uint8 BGR.

    The scores are probabilities where half of the faces are covered, as in the fit. On others at
    most one plain face in a hundred scores above 0.64 (mouth), 0.26 (eyes) and 0.60
    (side); 98, 99 and 97 % of the painted coverings do. A profile (beyond about 60°) reads as a
    covered side, glaring light as anything.
    """
    found = features(chip)
    mouth, eyes, side = (
        _probability(float(table[1:] @ found) + float(table[0])) for table in (MOUTH, EYES, SIDE)
    )
    return Occlusion(mouth, eyes, side)


def features(chip: Pixels) -> NDArray[np.float32]:
    """Return what the regressions look at: shape (F,), dtype float32; the same for a mirrored chip.

    Light is a logarithm, colour a quotient, texture relative to the whole face: none depends on
    how bright the picture is.
    """
    half = cv2.resize(chip, (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_AREA).astype(np.float32)
    luma = cv2.cvtColor(half, cv2.COLOR_BGR2GRAY)
    maps = np.zeros((6, _SIDE_PX, _SIDE_PX), np.float32)
    light, blue, red, across, down, squares = maps
    light[:] = luma
    inverse = 1 / (luma + _DARK)
    np.multiply(half[..., 0] - luma, inverse, out=blue)
    np.multiply(half[..., 2] - luma, inverse, out=red)
    np.abs(luma[:, 2:] - luma[:, :-2], out=across[:, 1:-1])
    np.abs(luma[2:] - luma[:-2], out=down[1:-1])
    np.square(luma, out=squares)
    fields = (maps.reshape(6, -1) @ _FIELDS).reshape(6, len(_ROWS), len(_COLUMNS))
    fields[5] = np.sqrt(np.maximum(fields[5] - fields[0] ** 2, 0))
    fields[0] = np.log(fields[0] + _DARK)
    fields[3:] = np.log(fields[3:] + _DARK / 10)
    fields -= fields.mean(axis=(1, 2), keepdims=True)
    middle, sides = fields[..., 1], (fields[..., 0] + fields[..., 2]) / 2
    columns = np.stack([middle, sides])
    steps = np.abs(np.diff(columns[:, :3], axis=2))
    unequal = np.abs(fields[..., 0] - fields[..., 2])
    return np.concatenate(
        [
            columns.ravel(),
            steps.ravel(),
            unequal.ravel(),
            unequal[:3].max(axis=1),
            np.square(columns[:, :3]).ravel(),
            _edges(maps),
            _lips(maps),
        ]
    )


def _edges(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the sharpest step from one row to the next, in light and colour, by column."""
    top, bottom = _EDGE_ROWS
    strips = np.stack(
        [maps[:3, top:bottom, left // 2 : right // 2].mean(axis=2) for left, right in _COLUMNS]
    )
    strips[:, 0] = np.log(strips[:, 0] + _DARK)
    steps = np.abs(strips[..., 2:] - strips[..., :-2]).max(axis=2)
    left, middle, right = steps
    return np.concatenate([np.minimum(left, right), np.maximum(left, right), middle])


def _lips(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how much redder and darker the lips are than the skin around them."""
    lips = maps[:3, _LIPS[0], _LIPS[1]]
    above, below = maps[:3, 38:41, 20:36], maps[:3, 52:55, 22:34]
    around = (above.mean(axis=(1, 2)) + below.mean(axis=(1, 2))) / 2
    rows = lips.mean(axis=2)
    return np.array(
        [
            rows[2].max() - around[2],
            rows[2].max() - rows[2].min(),
            math.log((float(rows[0].min()) + 12) / (float(around[0]) + 12)),
            rows[1].min() - around[1],
        ],
        np.float32,
    )


def _probability(logit: float) -> float:
    return 1 / (1 + math.exp(-max(min(logit, 30.0), -30.0)))
