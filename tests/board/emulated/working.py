"""Under emulation: what works, and how the wrapper misbehaves."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
from emulatedboard import PICTURES, WORK, calls, misbehave, refusal, scenario, set_up_board, start
from rknnlite.api import RKNNLite

from kiosk.models.card import Role


def run_through(role: Role, **changes: Any) -> dict[str, Any]:
    """Load, run every picture and the first again, release; save the outputs."""
    runtime = start(role, **changes)
    pictures = [*PICTURES[role], PICTURES[role][0]]
    answers = [runtime.infer(picture) for picture in pictures]
    holds_file = runtime._rknn.rknn_data is not None
    runtime.close()
    file = WORK / f"{threading.current_thread().name}.npz"
    np.savez(
        file, **{f"{i}_{j}": out for i, outs in enumerate(answers) for j, out in enumerate(outs)}
    )
    return {
        "file": file.name,
        "sdk_version": runtime.sdk_version,
        "holds_file": holds_file,
        "after_close": refusal(lambda: runtime.infer(pictures[0])),
    }


@scenario
def embedder() -> dict[str, Any]:
    set_up_board()
    return run_through(Role.EMBEDDER)


@scenario
def detector() -> dict[str, Any]:
    set_up_board()
    return run_through(Role.DETECTOR)


@scenario
def loaded_anew() -> list[float]:
    set_up_board()
    firsts = []
    for _ in range(3):
        runtime = start()
        firsts.append(float(runtime.infer(PICTURES[Role.EMBEDDER][0])[0][0]))
        runtime.close()
    return firsts


@scenario
def side_by_side() -> list[int]:
    """Two contexts used by two threads at once: how many answers were right, of how many."""
    set_up_board()
    fine: list[bool] = []

    def repeat(role: Role) -> None:
        runtime = start(role)
        first, second = PICTURES[role][:2]
        expected = [runtime.infer(picture) for picture in (first, second)]
        for _ in range(10):
            found = [runtime.infer(picture) for picture in (first, second)]
            fine.extend(
                np.array_equal(left, right)
                for one, other in zip(expected, found, strict=True)
                for left, right in zip(one, other, strict=True)
            )
        runtime.close()

    threads = [threading.Thread(target=repeat, args=[role]) for role in PICTURES]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [sum(fine), len(fine)]


@scenario
def old_library() -> list[float]:
    """One from before the functions that the wheel takes from newer ones."""
    set_up_board(library="1.4.0")
    runtime = start(file="old.rknn")
    answer = runtime.infer(PICTURES[Role.EMBEDDER][0])[0]
    runtime.close()
    return [float(value) for value in answer]


@scenario
def chips() -> dict[str, list[int]]:
    """The core masks sent on each chip, detector first; none where the choice is automatic."""
    found = {}
    for chip, target in (
        ("rk3588", "rk3588"),
        ("rk3588s", "rk3588"),
        ("rk3576", "rk3576"),
        ("rk3568", "rk3568"),
        ("rk3566", "rk3568"),
        ("rk3562", "rk3562"),
    ):
        set_up_board(chip)
        before = len(calls())
        for role in (Role.DETECTOR, Role.EMBEDDER):
            runtime = start(role, file=f"{role.value}.{target}.rknn", target=target)
            runtime.infer(PICTURES[role][0])
            runtime.close()
        found[chip] = [call["mask"] for call in calls()[before:] if "mask" in call]
    return found


@scenario
def wrapper() -> dict[str, Any]:
    set_up_board()
    first, second = PICTURES[Role.EMBEDDER][:2]
    (WORK / "seven.rknn").write_bytes(b"garbage")
    rknn = RKNNLite()
    garbage = rknn.load_rknn(str(WORK / "seven.rknn")), rknn.init_runtime()
    loaded = rknn.load_rknn(str(WORK / "embedder.rknn")), rknn.init_runtime(core_mask=2)
    found: dict[str, Any] = {"garbage": garbage, "loaded": loaded}
    found["wrong_mask"] = rknn.init_runtime(core_mask=5)
    rknn.init_runtime()
    answer = rknn.inference(inputs=[first[None]])
    found["type"] = f"{type(answer).__name__} of {type(answer[0]).__name__} {answer[0].dtype}"
    found["three_dimensions"] = rknn.inference(inputs=[first])
    misbehave(run=-1)
    stale = rknn.inference(inputs=[second[None]])
    found["failed_run_repeats"] = bool(np.array_equal(stale[0], answer[0]))
    misbehave(set=-8)
    found["failed_set"] = rknn.inference(inputs=[second[None]])
    misbehave(get=-9)
    found["failed_get"] = rknn.inference(inputs=[second[None]])
    misbehave()
    rknn.release()
    rknn.release()
    found["released"] = rknn.inference(inputs=[first[None]])
    found["platforms"] = rknn.list_support_target_platform(str(WORK / "embedder.rknn"))
    return found
