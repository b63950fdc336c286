"""Train the embedder on chips of thousands of simulated people."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from augment import as_input, mirrored, recoloured
from contracts import EMBEDDER as NAME
from contracts import card
from corpus import CHIP_MARGIN_PX, load
from loop import Batch, Figures, Losses, Plan, Task, train
from losses import AngularMargin
from nets import EMBEDDING_SIZE, Embedder
from numpy.typing import NDArray
from scoring import false_non_match_rate
from torch import Tensor, nn

SIDE_PX = 112
MEAN, STD = card(NAME).mean, card(NAME).std[0]
PLAN = Plan(NAME, steps=6_500, greatest_rate=0.1, weight_decay=5e-4, is_adam=False, seed=11)
_BATCH = 128
_MARGIN = 0.4
_FULL_MARGIN_AT = 0.4
"""Share of the training after which the margin has grown to its full size."""


def run(work: Path, minutes: float | None) -> None:
    """Train the embedder in ``work``."""
    torch.manual_seed(PLAN.seed)
    chips, classes = _chips(work, "training")
    seen, people = _chips(work, "validation")
    middle = slice(CHIP_MARGIN_PX, CHIP_MARGIN_PX + SIDE_PX)
    seen = seen[:, middle, middle]
    head = AngularMargin(int(classes.max()) + 1, EMBEDDING_SIZE)

    def batch(step: int, share: float) -> Batch:
        rng = np.random.default_rng([PLAN.seed, step])
        rows = _rows(len(chips), step)
        chosen = _shifted(rng, chips, rows)
        mirrored(rng, chosen)
        x = as_input(recoloured(rng, chosen), MEAN, STD, is_rgb=True)
        return x, torch.from_numpy(classes[rows])

    def loss(model: nn.Module, ready: Batch, share: float) -> Losses:
        x, wanted = ready
        with torch.autocast("cpu", torch.bfloat16):
            embeddings = model(x)
        margin = _MARGIN * min(share / _FULL_MARGIN_AT, 1.0)
        return {"margin": head(embeddings, wanted, margin)}

    def validate(model: nn.Module) -> Figures:
        vectors = embed(model, seen)
        return {
            f"fnmr_at_{rate:g}": false_non_match_rate(vectors, people, rate)
            for rate in (1e-3, 1e-4)
        }

    train(PLAN, Task(Embedder(), head, batch, loss, validate), work, minutes)


def embed(model: nn.Module, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return unit vectors (N, 128) of chips (N, 112, 112, 3) BGR."""
    rows: list[Tensor] = [
        nn.functional.normalize(model(as_input(chips[i : i + _BATCH], MEAN, STD, is_rgb=True)))
        for i in range(0, len(chips), _BATCH)
    ]
    vectors: NDArray[np.float32] = torch.cat(rows).numpy()
    return vectors


def _chips(work: Path, purpose: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    arrays = load(work, "portraits", purpose, "chip", "person", "is_chip")
    kept = arrays["is_chip"].astype(bool)
    _, classes = np.unique(arrays["person"][kept], return_inverse=True)
    return arrays["chip"][kept].astype(np.uint8, copy=False), classes.astype(np.int64)


def _rows(count: int, step: int) -> NDArray[np.int64]:
    """Return which chips a step sees: every chip once an epoch, in another order each time."""
    per_epoch = max(1, count // _BATCH)
    epoch, place = divmod(step, per_epoch)
    order = np.random.default_rng([PLAN.seed, 1 << 20, epoch]).permutation(count)
    return order[place * _BATCH : (place + 1) * _BATCH]


def _shifted(
    rng: np.random.Generator, chips: NDArray[np.uint8], rows: NDArray[np.int64]
) -> NDArray[np.uint8]:
    """Cut the chips out of the stored ones, which are larger, a little beside the middle."""
    # Mostly near the middle: the stored chips are already off by a detector's error.
    shifts = rng.integers(0, CHIP_MARGIN_PX + 1, (len(rows), 2, 2)).sum(2)
    cut = np.empty((len(rows), SIDE_PX, SIDE_PX, 3), np.uint8)
    for place, (row, (down, right)) in enumerate(zip(rows, shifts, strict=True)):
        cut[place] = chips[row, down : down + SIDE_PX, right : right + SIDE_PX]
    return cut
