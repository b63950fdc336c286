"""Train the head-pose network on crops around simulated heads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from augment import NoiseBank, as_input, mirrored, recoloured
from contracts import HEAD_POSE as NAME
from contracts import card
from corpus import load
from loop import Batch, Figures, Losses, Plan, Task, train
from losses import pose_loss
from nets import HeadPoseNet
from numpy.typing import NDArray
from torch import nn

from kiosk.vision.head_pose_network import CROP_FACTOR, DEGREES

SIDE_PX = 64
MEAN, STD = card(NAME).mean, card(NAME).std[0]
PLAN = Plan(NAME, steps=5_000, greatest_rate=2e-3, weight_decay=1e-3, is_adam=True, seed=13)
_BATCH = 128
_NOISE = 6 / STD


def run(work: Path, minutes: float | None) -> None:
    """Train the head-pose network in ``work``."""
    torch.manual_seed(PLAN.seed)
    crops, wanted = _samples(work, "training")
    seen, truth = _samples(work, "validation")
    noise = NoiseBank(PLAN.seed)

    def batch(step: int, share: float) -> Batch:
        rng = np.random.default_rng([PLAN.seed, step])
        rows = rng.integers(0, len(crops), _BATCH)
        chosen, values = crops[rows], wanted[rows]
        flipped = mirrored(rng, chosen)
        values[flipped] = mirrored_values(values[flipped])
        x = as_input(recoloured(rng, chosen), MEAN, STD)
        return noise.add(rng, x, _NOISE), torch.from_numpy(values)

    def loss(model: nn.Module, ready: Batch, share: float) -> Losses:
        x, values = ready
        with torch.autocast("cpu", torch.bfloat16):
            found = model(x)
        return {"pose": pose_loss(found, values)}

    def validate(model: nn.Module) -> Figures:
        rows = [
            model(as_input(seen[i : i + 256], MEAN, STD)).numpy() for i in range(0, len(seen), 256)
        ]
        off = np.abs(np.concatenate(rows) - truth)
        away = np.linalg.norm((np.concatenate(rows) - truth)[:, :6].reshape(-1, 3, 2), axis=2)
        # The article's measure: within a tenth of the head, which is the crop without its margin.
        figures = {"pck": float(np.mean(away * CROP_FACTOR <= 0.1))}
        for place, name in enumerate(("yaw", "pitch", "roll")):
            figures[f"{name}_deg"] = float(off[:, 6 + place].mean() * DEGREES)
        return figures

    train(PLAN, Task(HeadPoseNet(), None, batch, loss, validate), work, minutes)


def mirrored_values(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what is true (N, 9) of the mirrored crops: left is right, yaw and roll change sign."""
    points = values[:, :6].reshape(-1, 3, 2)[:, [1, 0, 2]].copy()
    points[..., 0] = 1 - points[..., 0]
    angles = values[:, 6:] * np.array([-1, 1, -1], np.float32)
    return np.concatenate([points.reshape(-1, 6), angles], 1).astype(np.float32)


def _samples(work: Path, purpose: str) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    arrays = load(work, "portraits", purpose, "crop", "points", "angles")
    values = np.concatenate([arrays["points"], arrays["angles"]], 1).astype(np.float32)
    return arrays["crop"].astype(np.uint8, copy=False), values
