"""The loop that all trainings share: schedule, averaging, checkpoints, curve.

A step's batch is drawn from the seed and the step's number alone, so that a training that was
stopped goes on as if it had not been.
"""

from __future__ import annotations

import contextlib
import copy
import csv
import math
import os
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

_CHECKPOINT_S = 120.0
_PROGRESS_S = 20.0
_MEASURED_STEPS = 24
_AHEAD = 4
LATE_SHARE = 0.35
"""The last part of a training, in which the detector sees whole pictures."""

Batch = tuple[Tensor, ...]
Losses = dict[str, Tensor]
Figures = dict[str, float]


@dataclass(frozen=True, slots=True)
class Plan:
    """How one network is trained."""

    name: str
    steps: int
    greatest_rate: float
    weight_decay: float
    is_adam: bool
    warm_share: float = 0.1
    averaged_over: int = 300
    """Steps over which the weights are averaged (exponentially) for the network that is kept."""
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Task:
    """What a training works on.

    ``batch(step, share)`` and ``loss(model, batch, share)`` are told how far the training is, 0–1;
    ``validate`` measures the averaged network.
    """

    model: nn.Module
    head: nn.Module | None
    """Trained along and kept in checkpoints only."""
    batch: Callable[[int, float], Batch]
    loss: Callable[[nn.Module, Batch, float], Losses]
    validate: Callable[[nn.Module], Figures]


def train(plan: Plan, task: Task, work: Path, minutes: float | None) -> None:
    """Train, or go on training, and write ``NAME.pt`` with the averaged weights into ``work``.

    With ``minutes`` the number of steps is set so that it takes about that long on this machine.
    """
    # Two trainings side by side are faster with a thread each than both with two.
    torch.set_num_threads(int(os.environ.get("TRAINING_THREADS", "2")))
    run = _Run(plan, task, work)
    if run.steps == 0:
        run.steps = plan.steps if minutes is None else run.steps_in(minutes)
    print(f"{plan.name}: {run.step} of {run.steps} steps done, {_size(task.model)}", flush=True)
    run.finish()


def load_weights(model: nn.Module, work: Path, name: str) -> Path:
    """Load what :func:`train` wrote. Raises FileNotFoundError."""
    path = work / f"{name}.pt"
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing: run train.py first.")
    model.load_state_dict(torch.load(path, weights_only=True))
    return path


class _Run:
    def __init__(self, plan: Plan, task: Task, work: Path) -> None:
        self._plan, self._task, self._work = plan, task, work
        work.mkdir(parents=True, exist_ok=True)
        modules = [task.model, *([task.head] if task.head is not None else [])]
        for module in modules:
            module.to(memory_format=torch.channels_last)
        self._trained = nn.ModuleList(modules)
        self._average = copy.deepcopy(task.model)
        self._optimiser = _optimiser(plan, self._trained)
        self.step = self.steps = 0
        self._seconds = 0.0
        self._rows: list[Figures] = []
        self._sums: Figures = {}
        self._summed = 0
        if self._checkpoint.exists():
            self._resume()

    @property
    def _checkpoint(self) -> Path:
        return self._work / f"{self._plan.name}.checkpoint"

    def steps_in(self, minutes: float) -> int:
        """Measure how long steps take and return how many fit; the network is left as it was.

        Both ends are measured, because a training may show large pictures last.
        """
        before = copy.deepcopy(self._trained.state_dict())
        seconds = {}
        for share in (0.0, 1.0):
            times = []
            for step in range(_MEASURED_STEPS):
                started = time.monotonic()
                self._one_step(self._task.batch(step, share), share, rate=0.0)
                times.append(time.monotonic() - started)
            seconds[share] = sum(times[2:]) / (_MEASURED_STEPS - 2)
        self._trained.load_state_dict(before)
        self._optimiser = _optimiser(self._plan, self._trained)
        self._sums, self._summed = {}, 0
        mean = (1 - LATE_SHARE) * seconds[0.0] + LATE_SHARE * seconds[1.0]
        return max(10, int(minutes * 60 * 0.95 / mean))

    def finish(self) -> None:
        """Make the steps that are left, validate, and write the averaged network."""
        last_saved = last_told = time.monotonic()
        started = last_saved - self._seconds
        with _Ahead(self._task.batch, self.step, self.steps) as batches:
            while self.step < self.steps:
                share = self.step / self.steps
                self._one_step(batches.next(), share, self._rate(share))
                self._average_weights()
                self.step += 1
                now = time.monotonic()
                self._seconds = now - started
                if now - last_told > _PROGRESS_S or self.step == self.steps:
                    self._tell()
                    last_told = now
                if now - last_saved > _CHECKPOINT_S:
                    self._validate()
                    self._save()
                    last_saved = time.monotonic()
        self._validate()
        self._save()
        torch.save(self._average.state_dict(), self._work / f"{self._plan.name}.pt")
        print(f"{self._plan.name}: done in {self._seconds / 60:.1f} min", flush=True)

    def _one_step(self, batch: Batch, share: float, rate: float) -> None:
        self._trained.train()
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        losses = self._task.loss(self._task.model, batch, share)
        self._optimiser.zero_grad(set_to_none=True)
        torch.stack(list(losses.values())).sum().backward()
        nn.utils.clip_grad_norm_(self._trained.parameters(), 10.0)
        self._optimiser.step()
        for name, loss in losses.items():
            self._sums[name] = self._sums.get(name, 0.0) + float(loss.detach())
        self._summed += 1

    def _rate(self, share: float) -> float:
        """Return the learning rate: a short rise, then half a cosine down to nearly nothing."""
        warm = self._plan.warm_share
        if share < warm:
            return self._plan.greatest_rate * (0.04 + 0.96 * share / warm)
        down = (share - warm) / (1 - warm)
        return self._plan.greatest_rate * (0.002 + 0.998 * (1 + math.cos(math.pi * down)) / 2)

    def _average_weights(self) -> None:
        # Early weights are worth nothing: the average reaches back a tenth of the way at most.
        reach = min(self._plan.averaged_over, max(1.0, self.step / 10))
        keep = 1 - 1 / reach
        with torch.no_grad():
            ours = self._average.state_dict()
            for name, value in self._task.model.state_dict().items():
                if value.dtype.is_floating_point:
                    ours[name].lerp_(value, 1 - keep)
                else:
                    ours[name].copy_(value)

    def _tell(self) -> None:
        means = {name: total / self._summed for name, total in self._sums.items()}
        self._rows.append({"step": self.step, "minutes": self._seconds / 60, **means})
        self._sums, self._summed = {}, 0
        left = self._seconds / max(self.step, 1) * (self.steps - self.step) / 60
        parts = " ".join(f"{name} {value:.4f}" for name, value in means.items())
        print(
            f"{self._plan.name}: step {self.step}/{self.steps} {parts} "
            f"rate {self._rate(self.step / self.steps):.5f}, about {left:.1f} min left",
            flush=True,
        )
        self._write_curve()

    def _validate(self) -> None:
        self._average.eval()
        with torch.no_grad():
            figures = self._task.validate(self._average)
        self._rows.append({"step": self.step, "minutes": self._seconds / 60, **figures})
        parts = " ".join(f"{name} {value:.5g}" for name, value in figures.items())
        print(f"{self._plan.name}: step {self.step} validation: {parts}", flush=True)
        self._write_curve()

    def _write_curve(self) -> None:
        names = list(dict.fromkeys(name for row in self._rows for name in row))
        with (self._work / f"{self._plan.name}.curve.csv").open("w", newline="") as file:
            table = csv.DictWriter(file, names)
            table.writeheader()
            table.writerows(
                {name: f"{value:.6g}" for name, value in row.items()} for row in self._rows
            )

    def _save(self) -> None:
        state: dict[str, Any] = {
            "trained": self._trained.state_dict(),
            "average": self._average.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "step": self.step,
            "steps": self.steps,
            "seconds": self._seconds,
            "rows": self._rows,
        }
        unfinished = self._checkpoint.with_suffix(".unfinished")
        torch.save(state, unfinished)
        unfinished.replace(self._checkpoint)

    def _resume(self) -> None:
        state = torch.load(self._checkpoint, weights_only=True)
        self._trained.load_state_dict(state["trained"])
        self._average.load_state_dict(state["average"])
        self._optimiser.load_state_dict(state["optimiser"])
        self.step, self.steps = state["step"], state["steps"]
        self._seconds, self._rows = state["seconds"], state["rows"]


class _Ahead:
    """Makes the next batches in a thread of its own while the network works."""

    def __init__(self, batch: Callable[[int, float], Batch], step: int, steps: int) -> None:
        self._batch, self._steps, self._step = batch, steps, step
        self._ready: queue.Queue[Batch | BaseException] = queue.Queue(_AHEAD)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="batches", daemon=True)

    def __enter__(self) -> _Ahead:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        while self._thread.is_alive():
            with contextlib.suppress(queue.Empty):
                self._ready.get(timeout=0.1)

    def next(self) -> Batch:
        """Return the next batch. Raises what went wrong in making it."""
        ready = self._ready.get()
        if isinstance(ready, BaseException):
            raise ready
        return ready

    def _work(self) -> None:
        try:
            for step in range(self._step, self._steps):
                if self._stopped.is_set():
                    return
                self._ready.put(self._batch(step, step / self._steps))
        except BaseException as error:
            self._ready.put(error)


def _optimiser(plan: Plan, modules: nn.ModuleList) -> torch.optim.Optimizer:
    # Neither normalisation nor biases are drawn towards zero.
    decayed = [p for p in modules.parameters() if p.ndim > 1]
    others = [p for p in modules.parameters() if p.ndim <= 1]
    groups = [
        {"params": decayed, "weight_decay": plan.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    if plan.is_adam:
        return torch.optim.AdamW(groups, lr=plan.greatest_rate)
    return torch.optim.SGD(groups, lr=plan.greatest_rate, momentum=0.9, nesterov=True)


def _size(model: nn.Module) -> str:
    count = sum(parameter.numel() for parameter in model.parameters())
    return f"{count / 1e6:.2f} million parameters"
