"""Train the liveness network on faces, and on pictures of faces that are held up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from augment import NoiseBank, as_input, mirrored, recoloured
from contracts import LIVENESS as NAME
from contracts import card
from corpus import load
from loop import Batch, Figures, Losses, Plan, Task, train
from nets import LivenessNet
from numpy.typing import NDArray
from torch import nn

SIDE_PX = 80
MEAN, STD = card(NAME).mean, card(NAME).std[0]
PLAN = Plan(NAME, steps=3_500, greatest_rate=2e-3, weight_decay=5e-3, is_adam=True, seed=14)
LIVE = 1
_BATCH = 128
_SHARES = (0.28, 0.44, 0.28)
"""How much of a batch is print, live and screen."""
_NOISE = 5.0


def run(work: Path, minutes: float | None) -> None:
    """Train the liveness network in ``work``."""
    torch.manual_seed(PLAN.seed)
    crops, classes = _samples(work, "training")
    seen, truth = _samples(work, "validation")
    noise = NoiseBank(PLAN.seed)
    by_class = [np.flatnonzero(classes == kind) for kind in range(3)]

    def batch(step: int, share: float) -> Batch:
        rng = np.random.default_rng([PLAN.seed, step])
        kinds = rng.choice(3, _BATCH, p=_SHARES)
        rows = np.array([by_class[kind][rng.integers(len(by_class[kind]))] for kind in kinds])
        chosen = crops[rows]
        mirrored(rng, chosen)
        x = as_input(recoloured(rng, chosen), MEAN, STD)
        return noise.add(rng, x, _NOISE), torch.from_numpy(kinds)

    def loss(model: nn.Module, ready: Batch, share: float) -> Losses:
        x, kinds = ready
        with torch.autocast("cpu", torch.bfloat16):
            logits = model(x)
        return {"class": nn.functional.cross_entropy(logits, kinds, label_smoothing=0.02)}

    def validate(model: nn.Module) -> Figures:
        rows = [model(as_input(seen[i : i + 256], MEAN, STD)) for i in range(0, len(seen), 256)]
        live = torch.cat(rows).softmax(1)[:, LIVE].numpy()
        is_live = truth == LIVE
        return {
            "live_refused": float(np.mean(live[is_live] < 0.5)),
            "print_passed": float(np.mean(live[truth == 0] >= 0.5)),
            "screen_passed": float(np.mean(live[truth == 2] >= 0.5)),
        }

    train(PLAN, Task(LivenessNet(), None, batch, loss, validate), work, minutes)


def _samples(work: Path, purpose: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    parts = [load(work, kind, purpose, "crop", "class") for kind in ("presentations", "frames")]
    crops = np.concatenate([part["crop"] for part in parts]).astype(np.uint8, copy=False)
    return crops, np.concatenate([part["class"] for part in parts]).astype(np.int64)
