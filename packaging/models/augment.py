"""Cheap changes to whole batches: what a camera might have done differently."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def as_input(
    pictures: NDArray[np.uint8], mean: tuple[float, ...], std: float, is_rgb: bool = False
) -> Tensor:
    """Return pictures (N, H, W, 3) BGR as a network's input: (pixel − mean) / std, (N, 3, H, W)."""
    x = torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float()
    if is_rgb:
        x = x.flip(1).contiguous(memory_format=torch.channels_last)
    return x.sub_(torch.tensor(mean).view(1, 3, 1, 1)).div_(std)


def recoloured(
    rng: np.random.Generator, pictures: NDArray[np.uint8], strength: float = 1.0
) -> NDArray[np.uint8]:
    """Return the pictures (N, H, W, 3) with other gains, colours and contrasts, each its own."""
    count = len(pictures)
    gain = np.exp(
        rng.normal(0, 0.12 * strength, (count, 1)) + rng.normal(0, 0.05 * strength, (count, 3))
    )
    gamma = np.exp(rng.normal(0, 0.12 * strength, count))
    changed = np.empty_like(pictures)
    ramp = np.arange(256) / 255
    for before, after, gains, power in zip(pictures, changed, gain, gamma, strict=True):
        for channel in range(3):
            curve = np.clip(gains[channel] * ramp**power * 255, 0, 255).astype(np.uint8)
            np.take(curve, before[..., channel], out=after[..., channel])
    return changed


def mirrored(rng: np.random.Generator, pictures: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Mirror half of the pictures in place; return which."""
    chosen = rng.random(len(pictures)) < 0.5
    pictures[chosen] = pictures[chosen, :, ::-1]
    return chosen


class NoiseBank:
    """Noise to add that was drawn once: fresh noise costs as much as a network's step."""

    def __init__(self, seed: int, size: int = 1 << 22) -> None:
        self._bank = np.random.default_rng(seed).normal(0, 1, size).astype(np.float32)

    def add(self, rng: np.random.Generator, x: Tensor, greatest: float) -> Tensor:
        """Add noise of up to ``greatest`` standard deviation, its own to each picture, in place."""
        strength = torch.from_numpy(rng.uniform(0, greatest, (len(x), 1, 1, 1)).astype(np.float32))
        each = x[0].numel()
        starts = rng.integers(0, len(self._bank) - each, len(x))
        for picture, start, by in zip(x, starts, strength, strict=True):
            noise = torch.from_numpy(self._bank[start : start + each]).view(
                picture.shape[1], picture.shape[2], 3
            )
            picture.add_(noise.permute(2, 0, 1) * by)
        return x
