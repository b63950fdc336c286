"""RetinaFace: faces with five landmarks in a frame.

Decoding follows the paper (Deng et al., RetinaFace, 2019) and its MobileNet-0.25 models: three
strides, two square anchors a cell, centre-size boxes with variances 0.1 and 0.2.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kiosk.domain import Box, Detection, Frame
from kiosk.errors import ModelError
from kiosk.models.runtime import Runtime
from kiosk.vision.letterbox import Letterboxer

_STRIDES = (8, 16, 32)
_ANCHOR_SIZES_PX = ((16, 32), (64, 128), (256, 512))
_CENTRE_VARIANCE = 0.1
_SIZE_VARIANCE = 0.2
_NMS_IOU = 0.4
# Anchors that agree with the winner are averaged: one anchor's landmarks jitter by a pixel, and
# on an NPU two anchors tie. Weight score⁴, overlap as measured on the quantised networks.
_AGREE_FROM_IOU, _AGREE_FULL_IOU = 0.6, 0.7
_AGREE_POWER = 4
_MAX_FACES = 20


class RetinaFaceDetector:
    """Finds faces; one frame at a time."""

    def __init__(self, runtime: Runtime, min_score: float = 0.6) -> None:
        """``min_score``: softmax probability from which on an anchor counts as a face."""
        card = runtime.card
        self._runtime = runtime
        self._min_score = min_score
        self._size = np.array([card.width_px, card.height_px], np.float32)
        self._anchors = make_anchors(card.width_px, card.height_px)
        # Padding in the network's mean colour is zero after normalisation: no false edges' glow.
        mean = card.mean if card.colour_order == "BGR" else card.mean[::-1]
        self._fill = (round(mean[0]), round(mean[1]), round(mean[2]))
        self._letterboxer = Letterboxer(card.width_px, card.height_px, self._fill)

    @property
    def input_size(self) -> tuple[int, int]:
        """Width and height of the network's input, px."""
        return self._runtime.card.width_px, self._runtime.card.height_px

    @property
    def fill(self) -> tuple[int, int, int]:
        """The BGR colour that is nothing to the network: what lies beyond a picture's border."""
        return self._fill

    def detect(self, frame: Frame) -> tuple[Detection, ...]:
        """Return the faces in a frame, best score first, at most 20. Raises ModelError."""
        boxed = self._letterboxer.fit(frame.pixels)
        offsets, scores, landmark_offsets = self._outputs(self._runtime.infer(boxed.pixels))
        candidates = np.flatnonzero(scores >= self._min_score)
        if candidates.size == 0:
            return ()
        score = scores[candidates]
        anchors = self._anchors[candidates]
        corners = decode_boxes(offsets[candidates], anchors) * np.tile(self._size, 2)
        points = decode_landmarks(landmark_offsets[candidates], anchors) * self._size
        found = []
        for box, landmarks, best in merge_agreeing(corners, points, score):
            lines = boxed.to_frame(box.reshape(2, 2)).ravel()
            found.append(
                Detection(
                    Box(float(lines[0]), float(lines[1]), float(lines[2]), float(lines[3])),
                    boxed.to_frame(landmarks),
                    float(best),
                )
            )
            if len(found) == _MAX_FACES:
                break
        return tuple(found)

    def _outputs(
        self, outputs: list[NDArray[np.float32]]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Sort the three outputs by their width: 4 box offsets, 2 scores, 10 landmark offsets."""
        by_width = {output.shape[-1]: output for output in outputs}
        count = len(self._anchors)
        if set(by_width) != {2, 4, 10} or any(o.shape[0] != count for o in by_width.values()):
            shapes = [output.shape for output in outputs]
            raise ModelError(f"{self._runtime.card.name} is not a RetinaFace: outputs {shapes}.")
        return by_width[4], by_width[2][:, 1], by_width[10]


def make_anchors(width_px: int, height_px: int) -> NDArray[np.float32]:
    """Return the anchors of all cells as centre and size, shape (A, 4), in units of the input."""
    rows = []
    for stride, sizes in zip(_STRIDES, _ANCHOR_SIZES_PX, strict=True):
        across, down = -(-width_px // stride), -(-height_px // stride)
        y, x, size = np.meshgrid(
            (np.arange(down) + 0.5) * stride,
            (np.arange(across) + 0.5) * stride,
            np.array(sizes, float),
            indexing="ij",
        )
        rows.append(np.stack([x, y, size, size], -1).reshape(-1, 4))
    scale = np.array([width_px, height_px, width_px, height_px], float)
    anchors: NDArray[np.float32] = (np.concatenate(rows) / scale).astype(np.float32)
    return anchors


def decode_boxes(offsets: NDArray[np.float32], anchors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return corner boxes (N, 4) from network offsets (N, 4)."""
    centre = anchors[:, :2] + offsets[:, :2] * _CENTRE_VARIANCE * anchors[:, 2:]
    half = anchors[:, 2:] * np.exp(offsets[:, 2:] * _SIZE_VARIANCE) / 2
    return np.concatenate([centre - half, centre + half], 1)


def decode_landmarks(
    offsets: NDArray[np.float32], anchors: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return landmarks (N, 5, 2) from network offsets (N, 10)."""
    points: NDArray[np.float32] = (
        anchors[:, None, :2]
        + offsets.reshape(-1, 5, 2) * np.float32(_CENTRE_VARIANCE) * anchors[:, None, 2:]
    )
    return points


def merge_agreeing(
    boxes: NDArray[np.float32], landmarks: NDArray[np.float32], scores: NDArray[np.float32]
) -> list[tuple[NDArray[np.float32], NDArray[np.float32], np.float32]]:
    """Non-maximum suppression in which the anchors that agree with a winner are averaged.

    Takes boxes (N, 4), landmarks (N, 5, 2), scores (N,); returns (box, landmarks, best score) for
    each face, best first.
    """
    order = np.argsort(-scores, kind="stable")
    boxes, landmarks, scores = boxes[order], landmarks[order], scores[order]
    alive = np.ones(len(scores), bool)
    merged = []
    for winner in range(len(scores)):
        if not alive[winner]:
            continue
        overlap = iou(boxes[winner], boxes)
        # A ramp and no step: an anchor on the edge, moved by rounding, must not shift the face.
        share = np.clip((overlap - _AGREE_FROM_IOU) / (_AGREE_FULL_IOU - _AGREE_FROM_IOU), 0, 1)
        agree = alive & (share > 0)
        agree[winner], share[winner] = True, 1.0
        weight = share[agree] * scores[agree] ** _AGREE_POWER
        weight /= weight.sum()
        points = (weight @ landmarks[agree].reshape(-1, 10)).reshape(5, 2)
        merged.append((weight @ boxes[agree], points, scores[winner]))
        alive &= overlap <= _NMS_IOU
    return merged


def iou(box: NDArray[np.float32], boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return intersection over union of one corner box (4,) with others (N, 4)."""
    across = np.minimum(box[2], boxes[:, 2]) - np.maximum(box[0], boxes[:, 0])
    down = np.minimum(box[3], boxes[:, 3]) - np.maximum(box[1], boxes[:, 1])
    inner = np.maximum(across, 0) * np.maximum(down, 0)
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 0)
    own = max(float(box[2] - box[0]), 0.0) * max(float(box[3] - box[1]), 0.0)
    outer = sides[:, 0] * sides[:, 1] + np.float32(own) - inner
    result: NDArray[np.float32] = inner / np.maximum(outer, np.float32(1e-12))
    return result
