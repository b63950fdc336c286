"""What the picture of a face is like: size, light, noise, sharpness; numbers, no verdicts.

All figures of light and sharpness are taken on an oval inside the aligned 112 px chip, so that
they mean the same for every face size and never include hair or background. Noise is the sensor's,
so it is taken from the frame, where no resizing has smoothed it.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.domain import Conditions, Detection, Frame, Pixels
from kiosk.vision.alignment import chip_landmarks, fit_similarity
from kiosk.vision.occlusion import assess_occlusion

CHIP_PX = 112
"""Size of the chip that :func:`assess` expects."""

_EYE_DISTANCE_ON_CHIP_PX = float(np.linalg.norm(np.diff(chip_landmarks(CHIP_PX)[:2], axis=0)))
_Y, _X = np.mgrid[0:CHIP_PX, 0:CHIP_PX]
_OVAL: NDArray[np.bool_] = ((_X - 56) / 34) ** 2 + ((_Y - 70) / 38) ** 2 < 1
_OVAL_U8 = _OVAL.astype(np.uint8)
_OVAL_PIXELS = int(_OVAL.sum())
_LEFT, _RIGHT = (_OVAL & (_X < 56)).astype(np.uint8), (_OVAL & (_X >= 56)).astype(np.uint8)
# Forehead and the skin under the eyes; mouth and chin. Eyes and nostrils are dark in any light.
_ABOVE = (_OVAL & ((_Y < 44) | ((_Y >= 58) & (_Y < 66)))).astype(np.uint8)
_BELOW = (_OVAL & (_Y >= 97)).astype(np.uint8)
# By how much the upper part is brighter on most faces: 0.00 in even light (51 studio photographs),
# 0.07 in press photographs, where light comes from above.
_USUAL_FALL = 0.04
_CLIPPED_FROM = 250
_LEVELS = np.arange(256, dtype=np.float64)
# The difference of two Laplacians: blind to edges that are straight for three pixels.
_NOISE_KERNEL = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
_NOISE_SCALE = float(np.sqrt(np.pi / 2) / 6)
_NOISE_BLOCK_PX = 6
_NOISE_QUANTILE = 0.3
# The quantile of the blocks of pure noise lies below its mean by this factor.
_NOISE_SCALE /= 0.875
_NOISE_REACH = (0.8, 0.9)
"""Eye distances from the middle of the face to the sides of the patch that noise is taken from."""
_NOISE_PATCH_PX = 60
"""Greatest half side of that patch: it bounds the cost for large faces."""
_FINE_SIGMA_PX, _COARSE_SIGMA_PX = 0.8, 2.4
# The oval's surroundings: rows 32–107 and columns 22–89.
_TOP, _BOTTOM, _LEFTMOST, _RIGHTMOST = 32, 108, 22, 90
_OVAL_SHARES = (_OVAL[_TOP:_BOTTOM, _LEFTMOST:_RIGHTMOST].ravel() / _OVAL.sum()).astype(np.float32)
# Horizontal, vertical and the two diagonal steps, with the squared length of each.
_STEPS = ((0, 1, 1), (1, 0, 1), (1, 1, 4), (1, -1, 4))
_STEP_LENGTHS = np.array([[length] for _, _, length in _STEPS], np.float32)
# The median of fine over coarse energy in each direction over 3,900 press and studio photographs.
_TYPICAL_RATIO = np.array([10.5, 13.0, 11.0, 11.0])
_COARSE_FLOOR = np.float32(0.02)
# White noise of variance 1 in the frame leaves this much fine energy on the chip, by the chip's
# scale: straight and diagonal steps. Measured by aligning noise; see the tests.
_NOISE_AT = np.log([0.1, 0.2, 0.3, 0.4, 0.5, 0.505, 0.7, 1.0, 1.4, 2.0, 3.0, 4.0])
_NOISE_STRAIGHT = (
    0.0008, 0.0033, 0.0077, 0.0165, 0.042, 0.058, 0.061, 0.072, 0.083, 0.071, 0.035, 0.017,
)  # fmt: skip
_NOISE_DIAGONAL = (
    0.0005, 0.0021, 0.0049, 0.0102, 0.0255, 0.034, 0.037, 0.0465, 0.058, 0.055, 0.031, 0.0155,
)  # fmt: skip
# Below this eye distance a frame's own pixels limit what a chip can show: the ratio of sharp faces
# falls as the 0.8th power of the size (51 studio photographs shrunk to eyes 12 to 70 px apart).
_FULL_DETAIL_EYE_PX, _DETAIL_POWER = 35.0, 0.8


def assess(frame: Frame, face: Detection, chip: Pixels) -> Conditions:
    """Measure the conditions of ``face``; ``chip`` is its aligned chip of CHIP_PX."""
    luma = cv2.cvtColor(chip, cv2.COLOR_BGR2GRAY)
    # One histogram serves brightness, contrast and clipping.
    shares = cv2.calcHist([luma], [0], _OVAL_U8, [256], [0, 256]).ravel() / _OVAL_PIXELS
    luminance = float(shares @ _LEVELS)
    contrast = math.sqrt(max(float(shares @ _LEVELS**2) - luminance**2, 0.0))
    eye_distance_px = frontal_eye_distance_px(face)
    noise = sensor_noise(frame, face, eye_distance_px)
    occlusion = assess_occlusion(chip)
    return Conditions(
        eye_distance_px=eye_distance_px,
        luminance=luminance,
        contrast=contrast,
        clipped_fraction=float(shares[_CLIPPED_FROM:].sum()),
        side_light=abs(_imbalance(luma, _LEFT, _RIGHT)),
        noise=noise,
        sharpness=sharpness(luma.astype(np.float32), noise, eye_distance_px),
        inside_fraction=_inside_fraction(frame, face),
        top_light=_imbalance(luma, _ABOVE, _BELOW) - _USUAL_FALL,
        mouth_covered=occlusion.mouth,
        eyes_covered=occlusion.eyes,
        side_covered=occlusion.side,
    )


def frontal_eye_distance_px(face: Detection) -> float:
    """Return the distance between the eyes that this face would have if seen from the front.

    From the scale of the fit to the chip: unlike the plain distance it does not shrink when the
    head turns.
    """
    matrix = fit_similarity(face.landmarks, chip_landmarks(CHIP_PX))
    return _EYE_DISTANCE_ON_CHIP_PX / max(float(np.hypot(matrix[0, 0], matrix[1, 0])), 1e-9)


def sensor_noise(frame: Frame, face: Detection, eye_distance_px: float) -> float:
    """Return the standard deviation of luma noise on the face in the frame, grey levels.

    After Immerkær (1996): the mean absolute difference of two Laplacians, which smooth skin does
    not answer to. Taken in small blocks, of which a low quantile counts, because eyes, hair and
    glasses do answer. 0 where too little of the face is in the frame. Equal noise in each colour
    channel is 0.67 times as large in luma.
    """
    x, y = face.landmarks.mean(axis=0).tolist()
    across, down = (min(reach * eye_distance_px, _NOISE_PATCH_PX) + 1 for reach in _NOISE_REACH)
    left, top = max(round(x - across), 0), max(round(y - down), 0)
    patch = frame.pixels[top : max(round(y + down), 0), left : max(round(x + across), 0)]
    rows, columns = ((side - 2) // _NOISE_BLOCK_PX for side in patch.shape[:2])
    if min(rows, columns) < 2:
        return 0.0
    grey = cv2.cvtColor(patch, cv2.COLOR_BGR2GRAY).astype(np.float32)
    residual = cv2.absdiff(cv2.filter2D(grey, -1, _NOISE_KERNEL), 0.0)
    inner = residual[1 : 1 + rows * _NOISE_BLOCK_PX, 1 : 1 + columns * _NOISE_BLOCK_PX]
    blocks = cv2.resize(inner, (columns, rows), interpolation=cv2.INTER_AREA).ravel()
    rank = int(_NOISE_QUANTILE * (blocks.size - 1))
    return _NOISE_SCALE * float(np.partition(blocks, rank)[rank])


def sharpness(
    grey: NDArray[np.float32],
    noise: float = 0.0,
    eye_distance_px: float = _EYE_DISTANCE_ON_CHIP_PX,
) -> float:
    """Return resolved detail of a chip (112, 112): 1 for a typical sharp face, 0 for none.

    Energy of second differences at a fine scale, relative to a coarse one, in four directions; the
    least of the four counts, because motion smears along one direction only. A ratio hardly
    depends on contrast (a small constant keeps noise in the dark from passing for detail), a chip
    not on the size of the face. What ``noise`` of the frame (grey levels) adds to the fine energy
    is taken off, and a face that is small in the frame, ``eye_distance_px``, is compared with a
    sharp one of that size.
    """
    scale = _EYE_DISTANCE_ON_CHIP_PX / max(eye_distance_px, 1e-6)
    ratios = directional_ratios(grey, noise, scale) / _TYPICAL_RATIO
    return float(ratios.min() / size_limit(eye_distance_px))


def size_limit(eye_distance_px: float) -> float:
    """Return which share of a chip's detail a sharp face of this size can have, 0–1.

    Sharpness times this share is the detail that an embedder is shown.
    """
    share = max(eye_distance_px, 1.0) / _FULL_DETAIL_EYE_PX
    return min(math.pow(share, _DETAIL_POWER), 1.0)


def directional_ratios(
    grey: NDArray[np.float32], noise: float = 0.0, scale: float = 1.0
) -> NDArray[np.float32]:
    """Return the four ratios before they are divided by the typical ones; to calibrate them.

    ``scale`` is that of the frame's pixels on the chip, by which noise is smoothed.
    """
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
    if noise > 0:
        at = math.log(max(scale, 1e-6))
        straight = np.interp(at, _NOISE_AT, _NOISE_STRAIGHT)
        diagonal = np.interp(at, _NOISE_AT, _NOISE_DIAGONAL)
        added = np.array([straight, straight, diagonal, diagonal], np.float32)
        fine = np.maximum(fine - np.float32(noise**2) * added, 0)
    ratios: NDArray[np.float32] = fine / (coarse + _COARSE_FLOOR)
    return ratios


def _imbalance(luma: NDArray[np.uint8], one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    first, second = cv2.mean(luma, one)[0], cv2.mean(luma, other)[0]
    return float((first - second) / max(first + second, 1e-6))


def _inside_fraction(frame: Frame, face: Detection) -> float:
    box = face.box
    width = min(box.right, frame.width_px) - max(box.left, 0.0)
    height = min(box.bottom, frame.height_px) - max(box.top, 0.0)
    return max(width, 0.0) * max(height, 0.0) / max(box.area, 1e-9)
