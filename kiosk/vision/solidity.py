"""Three-dimensional consistency: does the face that moves there have depth?

Eyes and mouth corners of a face lie nearly in one plane; the tip of the nose stands half an eye
distance before it. An affine map takes the four from frame to frame, and where it takes the nose
says what is looked at: on anything flat, turned and tilted however one likes, the nose keeps its
coordinates in the frame of the four (they are invariant); on a head that turns by ψ it wanders
along the line of the eyes by its depth × tan ψ. A bent print has some depth, too: paper bent to the
radius of a face lifts the nose by a tenth of the eye distance, and detectors, which expect a head,
see half as much again in paper that is turned far.

What adds up over the frames of a visit is how much likelier a solid face is than a flat one. A
solid face explains every place of the nose; a flat one explains places up to 0.15 from where the
nose belongs, beyond it only as errors of the landmarks. So somebody who stands still, and a picture
however it is held, bring nothing: ask for a turn (:mod:`kiosk.vision.challenge`). Where the nose
belongs differs from person to person and is integrated over. How far the four are squeezed
together is left out: a smile changes it as much as a turn by 40°.

Measured on photographs of 51 people from three quarters: the nose wanders by 0.41–0.68, on their
frontal photographs tilted by 50° by at most 0.11, bent as well by at most 0.16; a smile moves it by
at most 0.07. A film of somebody who turns has depth by this measure, as has a mask.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kiosk.vision.head_pose import SHAPE

_NOSE_DEPTH = 0.5
_FLAT_REACH = 0.15
_STRAY = 0.035
"""Standard deviation of the nose's place within a visit, expression included."""
# People's own places of the nose: standard deviation, and those that are tried.
_OWN = 0.04
_PLACES = _OWN * np.linspace(-2.5, 2.5, 11)
_PRIOR = -0.5 * (_PLACES / _OWN) ** 2
_FULL_WEIGHT_S = 0.25
"""Landmarks of frames close in time err alike: a frame counts by the time since the last one."""
_MOST = 8.0
"""One misplaced landmark is worth this much at most."""
_PLANE = np.column_stack([SHAPE[[0, 1, 3, 4], :2], np.ones(4)])
_INVERSE: NDArray[np.float64] = np.linalg.pinv(_PLANE)
_KEPT = 64


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the frames so far say."""

    log_ratio: float
    """Natural logarithm of how much likelier a solid face is than a flat one; 0 when unknown.
    Nothing speaks for flat, as who stands still looks flat."""
    turned_deg: float
    """How far the nose's parallax says the head turned between its two extremes."""
    seconds: float
    """Independent looks × 0.25 s: the time that was added up."""


class Solidity:
    """Adds up the landmarks of one face over a visit."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything: another face."""
        self._against_flat = np.zeros(len(_PLACES))
        self._last_ns: int | None = None
        self._seconds = 0.0
        self._recent: deque[float] = deque(maxlen=3)
        self._seen: deque[float] = deque(maxlen=_KEPT)

    def update(self, at_ns: int, landmarks: NDArray[np.float32]) -> None:
        """Add a frame's landmarks (5, 2); frames must come in order.

        Landmarks that frame no face add nothing.
        """
        u = nose_in_plane(landmarks)
        if u is None:
            return
        since_s = _FULL_WEIGHT_S if self._last_ns is None else (at_ns - self._last_ns) / 1e9
        if since_s <= 0:
            return
        self._last_ns = at_ns
        weight = min(since_s / _FULL_WEIGHT_S, 1.0)
        beyond = np.maximum(abs(u - _PLACES) - _FLAT_REACH, 0) / _STRAY
        self._against_flat += weight * np.minimum(0.5 * beyond**2, _MOST)
        self._seconds += weight * _FULL_WEIGHT_S
        self._recent.append(u)
        if len(self._recent) == 3:
            self._seen.append(sorted(self._recent)[1])

    @property
    def evidence(self) -> Evidence:
        """What all frames since the last reset say together."""
        log_ratio = _log_sum(_PRIOR) - _log_sum(_PRIOR - self._against_flat)
        turned = 0.0
        if self._seen:
            low, high = (math.atan(u / _NOSE_DEPTH) for u in (min(self._seen), max(self._seen)))
            turned = math.degrees(high - low)
        return Evidence(log_ratio, turned, self._seconds)


def nose_in_plane(landmarks: NDArray[np.float32]) -> float | None:
    """Return the nose's coordinate along the eyes, in the affine frame of eyes and mouth.

    In eye distances from the middle. None for landmarks (5, 2) that coincide or are mirrored.
    """
    points = landmarks.astype(np.float64)
    if not np.isfinite(points).all():
        return None
    fitted = _INVERSE @ points[[0, 1, 3, 4]]
    across, down = fitted[0], fitted[1]
    area = float(across[0] * down[1] - across[1] * down[0])
    if area < 1.0:
        return None
    nose = points[2] - fitted[2]
    return float(nose[0] * down[1] - nose[1] * down[0]) / area


def _log_sum(values: NDArray[np.float64]) -> float:
    top = float(values.max())
    return top + math.log(float(np.exp(values - top).sum()))
