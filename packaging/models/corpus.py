"""Render what the networks learn from: portraits, frames and presentations, once, in shards.

Each shard is drawn from its own seed and written in one step, so that a stopped run goes on where
it was, and the same command always gives the same pictures.
"""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[np.generic]]

SEED = 20260
CHIP_MARGIN_PX = 3
"""What a stored chip has more than the network sees on each side: room for random shifts."""
TRAINING_PEOPLE = 0
VALIDATION_PEOPLE = 100_000
"""The first number of each group of people; the groups never meet."""


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of pictures for one purpose: ``shards`` files from people ``first`` and up."""

    kind: str
    purpose: str
    shards: int
    first: int

    @property
    def name(self) -> str:
        return f"{self.kind}-{self.purpose}"


PARTS = (
    Part("portraits", "training", 100, TRAINING_PEOPLE),
    Part("portraits", "validation", 6, VALIDATION_PEOPLE),
    Part("frames", "training", 36, TRAINING_PEOPLE + 20_000),
    Part("frames", "validation", 2, VALIDATION_PEOPLE + 20_000),
    Part("presentations", "training", 24, TRAINING_PEOPLE + 40_000),
    Part("presentations", "validation", 3, VALIDATION_PEOPLE + 40_000),
)


def render_all(work: Path, processes: int, share: float) -> None:
    """Render every shard that is missing; ``share`` of the training shards only, for trials."""
    folder = work / "data"
    jobs = []
    for part in PARTS:
        (folder / part.name).mkdir(parents=True, exist_ok=True)
        count = max(1, round(part.shards * share))
        jobs += [(part, i) for i in range(count) if not shard_file(folder, part, i).exists()]
    started = time.monotonic()
    with ProcessPoolExecutor(processes, initializer=_prepare) as pool:
        waiting = {pool.submit(_render_shard, folder, part, i): part for part, i in jobs}
        for done, future in enumerate(as_completed(waiting), 1):
            future.result()
            minutes = (time.monotonic() - started) / 60
            left = minutes / done * (len(jobs) - done)
            print(
                f"data: {done}/{len(jobs)} shards, {waiting[future].name}, "
                f"{minutes:.1f} min, about {left:.1f} min left",
                flush=True,
            )


def load(work: Path, kind: str, purpose: str, *names: str) -> Arrays:
    """Return the named arrays of all shards of one kind, joined. Raises FileNotFoundError."""
    files = sorted((work / "data" / f"{kind}-{purpose}").glob("*.npz"))
    if not files:
        raise FileNotFoundError(f"There are no {kind} for {purpose}: run train.py data first.")
    shards = list(_opened(files, names))
    return {name: np.concatenate([shard[name] for shard in shards]) for name in names}


def shard_file(folder: Path, part: Part, index: int) -> Path:
    """Return where a shard lies."""
    return folder / part.name / f"{index:03d}.npz"


def _opened(files: list[Path], names: tuple[str, ...]) -> Iterator[Arrays]:
    for file in files:
        with np.load(file) as stored:
            yield {name: stored[name] for name in names}


def _prepare() -> None:
    cv2.setNumThreads(0)
    os.nice(5)


def _render_shard(folder: Path, part: Part, index: int) -> None:
    rng = np.random.default_rng([SEED, PARTS.index(part), index])
    arrays = _maker(part.kind)(rng, part.first, index)
    file = shard_file(folder, part, index)
    unfinished = file.with_suffix(".part.npz.tmp")
    with unfinished.open("wb") as stream:
        np.savez(stream, **arrays)  # type: ignore[arg-type]
    unfinished.replace(file)


@functools.cache
def _maker(kind: str) -> Callable[[np.random.Generator, int, int], Arrays]:
    # Imported here: training needs the arrays only, and not the simulator.
    import frames
    import portraits

    return {
        "portraits": portraits.make_shard,
        "frames": frames.make_frames,
        "presentations": frames.make_presentations,
    }[kind]
