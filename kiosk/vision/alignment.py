"""Five-point alignment: turn, scale and shift a face onto the standard face chip.

The similarity transform is the closed-form least-squares fit of Umeyama (1991), in the complex
form that holds in the plane; robust estimators (LMEDS, RANSAC) fit a subset of five points and
jump between frames.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.domain import Detection, Frame, Pixels

_CHIP_112: NDArray[np.float64] = np.array(
    [
        [38.2946, 51.6963],
        [73.5318, 51.5014],
        [56.0252, 71.7366],
        [41.5493, 92.3655],
        [70.7299, 92.2041],
    ]
)
"""Where the landmarks belong on a 112×112 chip (Deng et al., ArcFace, 2019)."""
_MIN_SCALE = 1e-4


def chip_landmarks(size_px: int) -> NDArray[np.float64]:
    """Return the standard landmarks (5, 2) for a square chip of ``size_px``.

    112 is ArcFace's layout. Other sizes scale it about pixel areas, so that the same part of the
    head is seen; FaceNet's 160 px chips follow from that.
    """
    return (_CHIP_112 + 0.5) * (size_px / 112) - 0.5


def fit_similarity(
    source: NDArray[np.floating], target: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Return the 2×3 matrix of the least-squares similarity from (N, 2) to (N, 2) points.

    With points as complex numbers and means removed, minimising Σ|t − a·s|² over complex a gives
    a = Σ conj(s)·t / Σ|s|². Raises ValueError when the source points coincide.
    """
    s = source[:, 0].astype(np.float64) + 1j * source[:, 1].astype(np.float64)
    t = target[:, 0].astype(np.float64) + 1j * target[:, 1].astype(np.float64)
    s_mean, t_mean = s.mean(), t.mean()
    spread = float((np.abs(s - s_mean) ** 2).sum())
    if not spread > 1e-9:
        raise ValueError("the landmarks coincide")
    a = complex((np.conj(s - s_mean) * (t - t_mean)).sum() / spread)
    shift = complex(t_mean - a * s_mean)
    return np.array([[a.real, -a.imag, shift.real], [a.imag, a.real, shift.imag]])


def align(frame: Frame, face: Detection, size_px: int) -> Pixels:
    """Return the face chip, shape (size_px, size_px, 3), uint8 BGR.

    A face larger than the chip is averaged down first: bilinear sampling alone would alias.
    Raises ValueError when the landmarks are no face: they coincide or are a mirror image of one.
    """
    matrix = fit_similarity(face.landmarks, chip_landmarks(size_px))
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if not scale > _MIN_SCALE:
        raise ValueError("the landmarks do not form a face")
    pixels = frame.pixels
    if scale <= 0.5:
        pixels, matrix = _averaged_down(pixels, face, matrix, int(1 / scale))
    chip: Pixels = cv2.warpAffine(
        pixels,
        matrix,
        (size_px, size_px),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
    )
    return chip


def _averaged_down(
    pixels: Pixels, face: Detection, matrix: NDArray[np.float64], factor: int
) -> tuple[Pixels, NDArray[np.float64]]:
    """Shrink the face's surroundings by a whole factor and adapt the matrix to it."""
    height, width = pixels.shape[:2]
    margin = face.box.width
    left = max(0, int(face.box.left - margin))
    top = max(0, int(face.box.top - margin))
    right = min(width, int(face.box.right + margin) + 1)
    bottom = min(height, int(face.box.bottom + margin) + 1)
    size = ((right - left) // factor, (bottom - top) // factor)
    if min(size) < 1:
        return pixels, matrix
    part = pixels[top : top + size[1] * factor, left : left + size[0] * factor]
    small = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
    # Small pixel (u, v) covers frame pixels left + factor·u …: its centre in frame coordinates.
    to_frame = np.array(
        [
            [factor, 0, left + (factor - 1) / 2],
            [0, factor, top + (factor - 1) / 2],
            [0, 0, 1.0],
        ]
    )
    return small, matrix @ to_frame
