"""What the networks are asked to make small."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

_CENTRE_VARIANCE, _SIZE_VARIANCE = 0.1, 0.2
_FACE_FROM_IOU = 0.35
_UNSURE_FROM_IOU = 0.25
_NEGATIVES_PER_POSITIVE = 7
_LEAST_NEGATIVES = 128
_SHARPNESS = 0.05
"""Where the smooth L1 loss turns from square to straight, in units of the offsets."""


class AngularMargin(nn.Module):
    """Additive angular margin softmax (ArcFace, Deng et al., 2019).

    Triplets would have to be mined and see few pairs a step; this compares every chip with all
    identities at once, which pays when a step is as dear as on a CPU. The margin grows from zero,
    because a thin network does not start with a full one.
    """

    def __init__(self, classes: int, size: int, scale: float = 32.0) -> None:
        super().__init__()
        self.centres = nn.Parameter(torch.randn(classes, size) * 0.05)
        self.scale = scale

    def forward(self, embeddings: Tensor, classes: Tensor, margin: float) -> Tensor:
        """Return the mean loss of embeddings (N, size) of the given classes (N,)."""
        cosine = functional.linear(
            functional.normalize(embeddings.float()), functional.normalize(self.centres)
        )
        own = cosine.gather(1, classes[:, None]).clamp(-1 + 1e-6, 1 - 1e-6)
        harder = own * math.cos(margin) - (1 - own * own).sqrt() * math.sin(margin)
        # Beyond π − m the cosine would rise again.
        harder = torch.where(own > -math.cos(margin), harder, own - margin * math.sin(margin))
        logits = cosine.scatter(1, classes[:, None], harder) * self.scale
        return functional.cross_entropy(logits, classes)


@dataclass(frozen=True, slots=True)
class Targets:
    """What the anchors of a batch should say: (N, A) classes and (N, A, …) offsets.

    A class is 1 face, 0 background, −1 not asked.
    """

    classes: Tensor
    boxes: Tensor
    landmarks: Tensor


def match(anchors: Tensor, faces: Tensor, is_counted: Tensor) -> Targets:
    """Assign anchors (A, 4; centre and size) to faces (N, G, 14; corners and landmarks), all px.

    ``is_counted`` (N, G) is 1 for a face that must be found, −1 for one that may be, 0 for none.
    """
    corners = torch.cat(
        [anchors[:, :2] - anchors[:, 2:] / 2, anchors[:, :2] + anchors[:, 2:] / 2], 1
    )
    overlap = _iou(corners, faces[..., :4]) * (is_counted != 0)[:, None, :]
    wanted = overlap * (is_counted > 0)[:, None, :]
    best, which = wanted.max(2)
    # The best anchor of each face belongs to it, however little they overlap.
    closest = wanted.argmax(1)
    for face in range(faces.shape[1]):
        rows = torch.nonzero(is_counted[:, face] > 0)[:, 0]
        best[rows, closest[rows, face]] = 2.0
        which[rows, closest[rows, face]] = face
    classes = torch.zeros(best.shape, dtype=torch.long)
    classes[overlap.amax(2) >= _UNSURE_FROM_IOU] = -1
    classes[best >= _FACE_FROM_IOU] = 1
    chosen = torch.gather(faces, 1, which[..., None].expand(-1, -1, 14))
    size = anchors[None, :, 2:]
    centre = (chosen[..., :2] + chosen[..., 2:4]) / 2
    extent = (chosen[..., 2:4] - chosen[..., :2]).clamp(min=1e-3)
    boxes = torch.cat(
        [
            (centre - anchors[None, :, :2]) / (size * _CENTRE_VARIANCE),
            (extent / size).log() / _SIZE_VARIANCE,
        ],
        2,
    )
    away = chosen[..., 4:].unflatten(2, (5, 2)) - anchors[None, :, None, :2]
    landmarks = (away / (size[:, :, None] * _CENTRE_VARIANCE)).flatten(2)
    return Targets(classes, boxes, landmarks)


def multibox(
    found: tuple[Tensor, Tensor, Tensor], targets: Targets, landmark_weight: float
) -> dict[str, Tensor]:
    """Return the parts of the detector's loss; the sum is to be made small.

    Of the background only the hardest anchors of the whole batch count, seven for each positive.
    """
    boxes, scores, landmarks = found
    is_face = targets.classes == 1
    count = int(is_face.sum())
    each = functional.cross_entropy(
        scores.flatten(0, 1), targets.classes.flatten().clamp(min=0), reduction="none"
    )
    background = each[(targets.classes == 0).flatten()]
    hardest = min(max(_NEGATIVES_PER_POSITIVE * count, _LEAST_NEGATIVES), background.numel())
    negative = background.topk(hardest).values.sum()
    positive = each[is_face.flatten()].sum()
    if not count:
        zero = boxes.sum() * 0
        return {"class": negative / hardest, "box": zero, "landmark": zero}
    return {
        "class": (positive + negative) / count,
        "box": functional.smooth_l1_loss(boxes[is_face], targets.boxes[is_face], beta=_SHARPNESS),
        "landmark": landmark_weight
        * functional.smooth_l1_loss(
            landmarks[is_face], targets.landmarks[is_face], beta=_SHARPNESS
        ),
    }


def pose_loss(found: Tensor, wanted: Tensor) -> Tensor:
    """Return the loss of the nine values of the head-pose network."""
    points = functional.smooth_l1_loss(found[:, :6], wanted[:, :6], beta=0.01)
    angles = functional.smooth_l1_loss(found[:, 6:], wanted[:, 6:], beta=0.02)
    return 2.0 * points + angles


def _iou(anchors: Tensor, boxes: Tensor) -> Tensor:
    """Return intersection over union of anchors (A, 4) and boxes (N, G, 4), shape (N, A, G)."""
    low = torch.maximum(anchors[None, :, None, :2], boxes[:, None, :, :2])
    high = torch.minimum(anchors[None, :, None, 2:], boxes[:, None, :, 2:])
    inner = (high - low).clamp(min=0).prod(3)
    own = (anchors[:, 2:] - anchors[:, :2]).prod(1)[None, :, None]
    other = (boxes[..., 2:] - boxes[..., :2]).clamp(min=0).prod(2)[:, None, :]
    return inner / (own + other - inner).clamp(min=1e-6)
