"""Train the detector on small parts of pictures around faces, and more and more on whole ones.

Most of a frame is wall, and what takes long to learn is where exactly eyes and mouths are: parts of
128×128 px show eight times as many faces a second as whole frames do. The network is the same at
any size; the last third of the training shows it frames as the kiosk does, padding included.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch
from augment import as_input, recoloured
from contracts import DETECTOR as NAME
from contracts import card
from corpus import load
from loop import LATE_SHARE, Batch, Figures, Losses, Plan, Task, load_weights, train
from losses import match, multibox
from nets import RetinaFace
from numpy.typing import NDArray
from scoring import detection_figures
from torch import Tensor, nn
from torchruntime import TorchRuntime

from kiosk.domain import Frame
from kiosk.vision.detector import RetinaFaceDetector, make_anchors

SIDE_PX = 320
MEAN, STD = card(NAME).mean, card(NAME).std[0]
FINDING = Plan(
    f"{NAME}-finding", steps=5_300, greatest_rate=3e-3, weight_decay=5e-4, is_adam=True, seed=12
)
PLAN = Plan(
    NAME,
    steps=4_000,
    greatest_rate=2e-3,
    weight_decay=5e-4,
    is_adam=True,
    warm_share=0.04,
    seed=15,
)
_LANDMARK_WEIGHTS = {FINDING.name: 2.5, NAME: 15.0}
"""To find a face is learnt soon and to place its parts well takes long: a phase for each."""
MIN_EYE_PX = 6.0
"""Smaller faces, in pixels of the network's input, may be found but need not be."""
MIN_VISIBLE = 0.5
_NEAR, _WIDE, _WHOLE = 128, 192, 320
_BATCHES = {_NEAR: 48, _WIDE: 20, _WHOLE: 6}
"""How many pictures of each size are shown in a step."""
_EARLY_SHARES = {_NEAR: 0.72, _WIDE: 0.22, _WHOLE: 0.06}
_LATE_SHARES = {_NEAR: 0.45, _WIDE: 0.20, _WHOLE: 0.35}
_VALIDATED = 160
"""Frames; more would cost more time than they are worth while a training runs."""
_SCALES = (0.75, 1.4)
_WHOLE_SCALES = (0.85, 1.15)
_TILT_DEG = 6.0
_ON_A_FACE_SHARE = 0.9
_MAX_FILL = 0.9
"""How much of a part a face may fill, so that it is seen whole."""

Sample = tuple[NDArray[np.uint8], NDArray[np.float32]]


def run(work: Path, minutes: float | None) -> None:
    """Train the detector in ``work``: first to find faces, then to place their landmarks."""
    pictures, faces = _frames(work, "training")
    seen, truth = (part[:_VALIDATED] for part in _frames(work, "validation"))
    model = RetinaFace()
    for plan in (FINDING, PLAN):
        torch.manual_seed(plan.seed)
        task = _task(plan, model, pictures, faces, seen, truth)
        train(plan, task, work, None if minutes is None else minutes / 2)
        load_weights(model, work, plan.name)


def _task(
    plan: Plan,
    model: nn.Module,
    pictures: NDArray[np.uint8],
    faces: NDArray[np.float32],
    seen: NDArray[np.uint8],
    truth: NDArray[np.float32],
) -> Task:
    def batch(step: int, share: float) -> Batch:
        rng = np.random.default_rng([plan.seed, step])
        shares = _LATE_SHARES if share >= 1 - LATE_SHARE else _EARLY_SHARES
        size = int(rng.choice(list(shares), p=list(shares.values())))
        rows = rng.integers(0, len(pictures), _BATCHES[size])
        if size == _WHOLE:
            samples = [_whole(rng, pictures[row], faces[row]) for row in rows]
        else:
            samples = [_part(rng, pictures[row], faces[row], size) for row in rows]
        return _ready(rng, samples, size == _WHOLE)

    def loss(model: nn.Module, ready: Batch, share: float) -> Losses:
        x, boxes, counted = ready
        with torch.autocast("cpu", torch.bfloat16):
            found = model(x)
        return multibox(found, match(_anchors(x.shape[-1]), boxes, counted), weight)

    def validate(model: nn.Module) -> Figures:
        return _validated(model, seen, truth)

    weight = _LANDMARK_WEIGHTS[plan.name]
    return Task(model, None, batch, loss, validate)


def counted(faces: NDArray[np.float32]) -> NDArray[np.int64]:
    """Tell of each face (…, 16) whether it must be found (1), may be found (−1) or is none (0)."""
    must = (faces[..., 14] >= MIN_EYE_PX) & (faces[..., 15] >= MIN_VISIBLE)
    counts: NDArray[np.int64] = np.where(must, 1, -1) * (faces[..., 14] > 0)
    return counts


def _frames(work: Path, purpose: str) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    arrays = load(work, "frames", purpose, "picture", "faces")
    return arrays["picture"].astype(np.uint8, copy=False), arrays["faces"].astype(np.float32)


def _ready(rng: np.random.Generator, samples: list[Sample], is_whole: bool) -> Batch:
    pictures = recoloured(rng, np.stack([picture for picture, _ in samples]), 0.8)
    faces = np.stack([truth for _, truth in samples])
    if is_whole:
        height, width = pictures.shape[1:3]
        canvas = np.empty((len(pictures), SIDE_PX, SIDE_PX, 3), np.uint8)
        canvas[:] = np.array(MEAN, np.uint8)
        canvas[:, :height, :width] = pictures
        pictures = canvas
    return (
        as_input(pictures, MEAN, STD),
        torch.from_numpy(faces[..., :14].copy()),
        torch.from_numpy(counted(faces)),
    )


def _part(
    rng: np.random.Generator,
    picture: NDArray[np.uint8],
    faces: NDArray[np.float32],
    size: int,
) -> Sample:
    """Cut a square, mostly around one of the faces that fit, turned and scaled a little."""
    height, width = picture.shape[:2]
    scale = float(np.exp(rng.uniform(*np.log(_SCALES))))
    longer = np.maximum(faces[:, 2] - faces[:, 0], faces[:, 3] - faces[:, 1])
    fitting = faces[(faces[:, 14] > 0) & (longer * scale < _MAX_FILL * size)]
    if len(fitting) and rng.random() < _ON_A_FACE_SHARE:
        box = fitting[rng.integers(len(fitting)), :4]
        # The face anywhere in the part.
        room = (size / scale - (box[2:] - box[:2])) / 2
        centre = (box[:2] + box[2:]) / 2 + rng.uniform(-room, room)
    else:
        centre = rng.uniform((0, 0), (width, height))
    half = size / scale / 2
    low, high = np.full(2, half), np.array([width, height]) - half
    # Within the picture where it can be: what lies outside is the padding's colour.
    centre = np.where(low < high, np.clip(centre, low, np.maximum(low, high)), (low + high) / 2)
    return _warped(rng, picture, faces, scale, centre, (size, size), _TILT_DEG)


def _whole(
    rng: np.random.Generator, picture: NDArray[np.uint8], faces: NDArray[np.float32]
) -> Sample:
    """Return the picture at its own size, shifted, scaled and mirrored a little, or as it is."""
    height, width = picture.shape[:2]
    middle = np.array([width, height]) / 2
    if rng.random() < 0.5:
        return _warped(rng, picture, faces, 1.0, middle, (width, height), 0.0)
    scale = float(rng.uniform(*_WHOLE_SCALES))
    centre = middle + rng.uniform(-0.06, 0.06, 2) * width
    return _warped(rng, picture, faces, scale, centre, (width, height), _TILT_DEG / 2)


def _warped(
    rng: np.random.Generator,
    picture: NDArray[np.uint8],
    faces: NDArray[np.float32],
    scale: float,
    centre: NDArray[np.float64],
    size: tuple[int, int],
    tilt_deg: float,
) -> Sample:
    """Bring ``centre`` (area coordinates) to the middle of a picture of ``size``."""
    angle = np.radians(rng.uniform(-tilt_deg, tilt_deg))
    is_mirrored = rng.random() < 0.5
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) * scale
    if is_mirrored:
        turn[0] = -turn[0]
    shift = np.array(size) / 2 - turn @ centre
    # OpenCV counts from the centres of pixels, the truth from their corners.
    pixel_shift = shift + turn @ (0.5, 0.5) - 0.5
    warped = cv2.warpAffine(
        picture,
        np.column_stack([turn, pixel_shift]),
        size,
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=MEAN,
    )
    return warped, _moved(faces, turn, shift, size, scale, is_mirrored)


def _moved(
    faces: NDArray[np.float32],
    turn: NDArray[np.float64],
    shift: NDArray[np.float64],
    size: tuple[int, int],
    scale: float,
    is_mirrored: bool,
) -> NDArray[np.float32]:
    moved = np.zeros_like(faces)
    for before, after in zip(faces, moved, strict=True):
        if before[14] == 0:
            continue
        # The box keeps its shape: it frames a head, which turns about its middle.
        centre = turn @ ((before[:2] + before[2:4]) / 2) + shift
        half = (before[2:4] - before[:2]) / 2 * scale
        points = before[4:14].reshape(5, 2) @ turn.T + shift
        if is_mirrored:
            points = points[[1, 0, 2, 4, 3]]
        low, high = centre - half, centre + half
        inside = np.clip(np.minimum(high, size) - np.maximum(low, 0), 0, None) / (2 * half)
        visible = float(before[15] * inside.prod())
        if visible < 0.05:
            continue
        after[:2], after[2:4], after[4:14] = low, high, points.ravel()
        after[14:] = before[14] * scale, visible
    return moved


_known_anchors: dict[int, Tensor] = {}


def _anchors(side_px: int) -> Tensor:
    if side_px not in _known_anchors:
        _known_anchors[side_px] = torch.from_numpy(make_anchors(side_px, side_px) * side_px)
    return _known_anchors[side_px]


def _validated(
    model: nn.Module, pictures: NDArray[np.uint8], faces: NDArray[np.float32]
) -> Figures:
    """Count with the program's own decoder."""
    model.is_exported = True
    detector = RetinaFaceDetector(TorchRuntime(model, card(NAME)))
    found = [detector.detect(Frame(picture, 0)) for picture in pictures]
    model.is_exported = False
    # A picture lies unscaled in the input; detections are counted from the centres of pixels.
    truth = [np.concatenate([rows[:, :14] - 0.5, rows[:, 14:]], 1) for rows in faces]
    return detection_figures(found, truth, list(counted(faces)))
