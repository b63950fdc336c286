"""Under emulation: what fails while it runs."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from emulatedboard import PICTURES, calls, misbehave, refusal, scenario, set_up_board, start

from kiosk.models.card import Role


def fails_then_recovers(**fault: object) -> dict[str, Any]:
    """One good answer, then the fault, then a new context."""
    set_up_board()
    first, second = PICTURES[Role.EMBEDDER][:2]
    runtime = start()
    good = runtime.infer(first)
    misbehave(**fault)
    begun = time.monotonic()
    found: dict[str, Any] = {"said": refusal(lambda: runtime.infer(second))}
    found["took_s"] = time.monotonic() - begun
    misbehave()
    found["again"] = refusal(lambda: runtime.infer(first))
    runtime.close()
    runtime = start()
    found["recovers"] = bool(np.array_equal(runtime.infer(first)[0], good[0]))
    runtime.close()
    return found


@scenario
def run_fails() -> dict[str, Any]:
    return fails_then_recovers(run=-1)


@scenario
def set_fails() -> dict[str, Any]:
    return fails_then_recovers(set=-8)


@scenario
def get_fails() -> dict[str, Any]:
    return fails_then_recovers(get=-9)


@scenario
def answers_nan() -> dict[str, Any]:
    return fails_then_recovers(output="nan")


@scenario
def answers_zero() -> dict[str, Any]:
    return fails_then_recovers(output="zero")


@scenario
def answers_stuck() -> dict[str, Any]:
    return fails_then_recovers(output="stuck")


@scenario
def first_run_fails() -> str:
    set_up_board()
    runtime = start()
    misbehave(run=-1)
    said = refusal(lambda: runtime.infer(PICTURES[Role.EMBEDDER][0]))
    runtime.close()
    return said


@scenario
def hangs() -> dict[str, Any]:
    found = fails_then_recovers(run_pause_s=5)
    # What hung comes back after all, and then lets go of its context.
    deadline = time.monotonic() + 20.0
    while sum(call["call"] == "destroy" for call in calls()) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    return found
