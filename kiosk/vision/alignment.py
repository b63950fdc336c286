"""Five-point alignment: turn, scale and shift a face onto the standard face chip.

The similarity transform is the closed-form least-squares fit of Umeyama (1991), in the complex
form that holds in the plane; robust estimators (LMEDS, RANSAC) fit a subset of five points and
jump between frames.
"""

from __future__ import annotations

import functools

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


@functools.lru_cache(maxsize=8)
def chip_landmarks(size_px: int) -> NDArray[np.float64]:
    """Return the standard landmarks (5, 2) for a square chip of ``size_px``.

    112 is ArcFace's layout. Other sizes scale it about pixel areas, so that the same part of the
    head is seen; FaceNet's 160 px chips follow from that.
    """
    landmarks = (_CHIP_112 + 0.5) * (size_px / 112) - 0.5
    landmarks.flags.writeable = False
    return landmarks


def fit_similarity(
    source: NDArray[np.floating], target: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Return the 2×3 matrix of the least-squares similarity from (N, 2) to (N, 2) points.

    With points as complex numbers and means removed, minimising Σ|t − a·s|² over complex a gives
    a = Σ conj(s)·t / Σ|s|². Raises ValueError when the source points coincide.
    """
    # Plain floats: for five points NumPy's calls cost more than the arithmetic, on every frame.
    pairs = list(zip(source.tolist(), target.tolist(), strict=True))
    count = len(pairs)
    sx_mean = sum(s[0] for s, _ in pairs) / count
    sy_mean = sum(s[1] for s, _ in pairs) / count
    tx_mean = sum(t[0] for _, t in pairs) / count
    ty_mean = sum(t[1] for _, t in pairs) / count
    spread = real = imaginary = 0.0
    for (sx, sy), (tx, ty) in pairs:
        sx, sy, tx, ty = sx - sx_mean, sy - sy_mean, tx - tx_mean, ty - ty_mean
        spread += sx * sx + sy * sy
        real += sx * tx + sy * ty
        imaginary += sx * ty - sy * tx
    if not spread > 1e-9:
        raise ValueError("the landmarks coincide")
    c, d = real / spread, imaginary / spread
    x, y = tx_mean - c * sx_mean + d * sy_mean, ty_mean - d * sx_mean - c * sy_mean
    return np.array([[c, -d, x], [d, c, y]])


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
