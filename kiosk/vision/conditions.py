"""What the picture of a face is like: size, light, noise, sharpness; numbers, no verdicts.

All light and sharpness figures are taken on an oval inside the aligned 112 px chip, so that they
mean the same for every face size and never include hair or background.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.domain import Conditions, Detection, Frame, Pixels
from kiosk.vision.alignment import chip_landmarks, fit_similarity

CHIP_PX = 112
"""Size of the chip that :func:`assess` expects."""

_EYE_DISTANCE_ON_CHIP_PX = float(np.linalg.norm(np.diff(chip_landmarks(CHIP_PX)[:2], axis=0)))
_Y, _X = np.mgrid[0:CHIP_PX, 0:CHIP_PX]
_OVAL: NDArray[np.bool_] = ((_X - 56) / 34) ** 2 + ((_Y - 70) / 38) ** 2 < 1
_OVAL_U8 = _OVAL.astype(np.uint8)
_OVAL_PIXELS = int(_OVAL.sum())
_LEFT, _RIGHT = (_OVAL & (_X < 56)).astype(np.uint8), (_OVAL & (_X >= 56)).astype(np.uint8)
_CLIPPED_FROM = 250
_LEVELS = np.arange(256, dtype=np.float64)
# The difference of two Laplacians: blind to edges that are straight for three pixels.
_NOISE_KERNEL = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
_NOISE_SCALE = float(np.sqrt(np.pi / 2) / 6)
_FINE_SIGMA_PX, _COARSE_SIGMA_PX = 0.8, 2.4
# The oval's surroundings: rows 32–107 and columns 22–89.
_TOP, _BOTTOM, _LEFTMOST, _RIGHTMOST = 32, 108, 22, 90
_OVAL_SHARES = (_OVAL[_TOP:_BOTTOM, _LEFTMOST:_RIGHTMOST].ravel() / _OVAL.sum()).astype(np.float32)
# Horizontal, vertical and the two diagonal steps, with the squared length of each.
_STEPS = ((0, 1, 1), (1, 0, 1), (1, 1, 4), (1, -1, 4))
_STEP_LENGTHS = np.array([[length] for _, _, length in _STEPS], np.float32)
# The median of fine over coarse energy in each direction over 3,900 press and studio photographs.
_TYPICAL_RATIO = np.array([10.5, 13.0, 11.0, 11.0])


def assess(frame: Frame, face: Detection, chip: Pixels) -> Conditions:
    """Measure the conditions of ``face``; ``chip`` is its aligned chip of CHIP_PX."""
    luma = cv2.cvtColor(chip, cv2.COLOR_BGR2GRAY)
    # One histogram serves brightness, contrast and clipping.
    shares = cv2.calcHist([luma], [0], _OVAL_U8, [256], [0, 256]).ravel() / _OVAL_PIXELS
    luminance = float(shares @ _LEVELS)
    contrast = math.sqrt(max(float(shares @ _LEVELS**2) - luminance**2, 0.0))
    left, right = cv2.mean(luma, _LEFT)[0], cv2.mean(luma, _RIGHT)[0]
    grey = luma.astype(np.float32)
    residual = cv2.filter2D(grey, -1, _NOISE_KERNEL)
    noise = _NOISE_SCALE * cv2.norm(residual, cv2.NORM_L1, _OVAL_U8) / _OVAL_PIXELS
    return Conditions(
        eye_distance_px=frontal_eye_distance_px(face),
        luminance=luminance,
        contrast=contrast,
        clipped_fraction=float(shares[_CLIPPED_FROM:].sum()),
        side_light=abs(left - right) / max(left + right, 1e-6),
        noise=float(noise),
        sharpness=sharpness(grey),
        inside_fraction=_inside_fraction(frame, face),
    )


def frontal_eye_distance_px(face: Detection) -> float:
    """Return the distance between the eyes that this face would have if seen from the front.

    From the scale of the fit to the chip: unlike the plain distance it does not shrink when the
    head turns.
    """
    matrix = fit_similarity(face.landmarks, chip_landmarks(CHIP_PX))
    return _EYE_DISTANCE_ON_CHIP_PX / max(float(np.hypot(matrix[0, 0], matrix[1, 0])), 1e-9)


def sharpness(grey: NDArray[np.float32]) -> float:
    """Return resolved detail of a chip (112, 112): 1 for a typical sharp face, 0 for none.

    Energy of second differences at a fine scale, relative to a coarse one, in four directions; the
    least of the four counts, because motion smears along one direction only. A ratio hardly
    depends on contrast (a small constant keeps noise in the dark from passing for detail), a chip
    not on the size of the face.
    """
    return float((directional_ratios(grey) / _TYPICAL_RATIO).min())


def directional_ratios(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the four ratios before they are divided by the typical ones; to calibrate them."""
    scales = np.empty((2, CHIP_PX, CHIP_PX), np.float32)
    cv2.GaussianBlur(grey, (0, 0), _FINE_SIGMA_PX, dst=scales[0])
    cv2.GaussianBlur(grey, (0, 0), _COARSE_SIGMA_PX, dst=scales[1])
    # Both scales and all directions at once: on small pictures the calls cost, not the pixels.
    second = np.empty((len(_STEPS), 2, _BOTTOM - _TOP, _RIGHTMOST - _LEFTMOST), np.float32)
    twice = 2 * scales[:, _TOP:_BOTTOM, _LEFTMOST:_RIGHTMOST]
    for (down, right, _), into in zip(_STEPS, second, strict=True):
        ahead = scales[:, _TOP + down : _BOTTOM + down, _LEFTMOST + right : _RIGHTMOST + right]
        behind = scales[:, _TOP - down : _BOTTOM - down, _LEFTMOST - right : _RIGHTMOST - right]
        np.add(ahead, behind, out=into)
        into -= twice
    np.square(second, out=second)
    energy = (second.reshape(2 * len(_STEPS), -1) @ _OVAL_SHARES).reshape(-1, 2)
    fine, coarse = (energy / _STEP_LENGTHS).T
    ratios: NDArray[np.float32] = fine / (coarse + np.float32(0.05))
    return ratios


def _inside_fraction(frame: Frame, face: Detection) -> float:
    box = face.box
    width = min(box.right, frame.width_px) - max(box.left, 0.0)
    height = min(box.bottom, frame.height_px) - max(box.top, 0.0)
    return max(width, 0.0) * max(height, 0.0) / max(box.area, 1e-9)
