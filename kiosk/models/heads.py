"""The heads of a RetinaFace, merged outside the network.

Converted networks end at the nine convolutions of the heads: what follows them only reorders and
scales, and on an NPU in half precision the softmax saturates to ties, so that another anchor wins
and the landmarks move.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kiosk.errors import ModelError

STRIDES = (8, 16, 32)
ANCHORS_PER_CELL = 2
_BOX, _SCORE, _POINTS = 4, 2, 10


def head_shapes(width_px: int, height_px: int) -> list[tuple[int, int, int]]:
    """Return the shapes (C, H, W) of the nine maps: boxes, scores, landmarks, each by stride."""
    return [
        (values * ANCHORS_PER_CELL, -(-height_px // stride), -(-width_px // stride))
        for values in (_BOX, _SCORE, _POINTS)
        for stride in STRIDES
    ]


def merge_heads(
    outputs: Sequence[NDArray[np.float32]], width_px: int, height_px: int
) -> list[NDArray[np.float32]]:
    """Return boxes (A, 4), scores (A, 2) as softmax, landmarks (A, 10) of the nine head maps.

    ``outputs`` are float32 maps (C, H, W) in the order of :func:`head_shapes`; anchors are ordered
    by stride, row, column, size, as in the whole network. Raises ModelError for other shapes.
    """
    expected = head_shapes(width_px, height_px)
    if [output.shape for output in outputs] != expected:
        found = [output.shape for output in outputs]
        raise ModelError(f"The detector's nine heads should be {expected}, not {found}.")
    boxes, logits, points = (
        np.concatenate(
            [
                output.transpose(1, 2, 0).reshape(-1, values)
                for output in outputs[at : at + len(STRIDES)]
            ]
        )
        for at, values in ((0, _BOX), (3, _SCORE), (6, _POINTS))
    )
    # The softmax of two values is the logistic function of their difference.
    face = 1.0 / (1.0 + np.exp(np.clip(logits[:, 0] - logits[:, 1], -80, 80)))
    scores = np.stack([1.0 - face, face], 1).astype(np.float32)
    return [boxes, scores, points]
