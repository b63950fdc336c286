"""Under emulation: what cannot be started."""

from __future__ import annotations

import sys
import time
from typing import Any

from emulatedboard import BOARD, WORK, misbehave, refusal, scenario, set_up_board, start, write


@scenario
def no_library() -> str:
    set_up_board(library=None)
    return refusal(start)


@scenario
def no_wrapper() -> str:
    set_up_board()
    sys.modules["rknnlite.api"] = None  # type: ignore[assignment]
    return refusal(start)


@scenario
def other_chip() -> str:
    set_up_board("rk3568")
    return refusal(start)


@scenario
def other_chip_says_the_library() -> str:
    set_up_board()
    misbehave(init=-13)
    return refusal(start)


@scenario
def garbage() -> str:
    set_up_board()
    (WORK / "garbage.rknn").write_bytes(b"garbage")
    return refusal(lambda: start(file="garbage.rknn"))


@scenario
def cut_off() -> list[str]:
    set_up_board()
    whole = (WORK / "embedder.rknn").read_bytes()
    found = []
    for length in (20, 100, len(whole) // 2, len(whole) - 1):
        (WORK / "cut.rknn").write_bytes(whole[:length])
        found.append(refusal(lambda: start(file="cut.rknn")))
    return found


@scenario
def damaged() -> str:
    """A file whose description is whole, but which the library refuses."""
    set_up_board()
    misbehave(init=-6)
    return refusal(start)


@scenario
def library_older_than_file() -> str:
    set_up_board(library="1.6.0")
    return refusal(start)


@scenario
def library_is_none() -> str:
    set_up_board()
    write("usr/lib/librknnrt.so", "404: Not Found")
    return refusal(start)


@scenario
def library_is_incomplete() -> str:
    """The wheel raises where it should return -1."""
    set_up_board(library="incomplete")
    return refusal(start)


@scenario
def start_hangs() -> dict[str, Any]:
    set_up_board()
    misbehave(init_pause_s=4)
    begun = time.monotonic()
    return {
        "said": refusal(lambda: start(start_timeout_s=1.0)),
        "took_s": time.monotonic() - begun,
    }


@scenario
def driver_too_old() -> str:
    set_up_board(driver="0.8.2")
    misbehave(init=-1)
    return refusal(start)


@scenario
def no_driver() -> str:
    set_up_board(driver=None)
    misbehave(init=-3)
    return refusal(start)


@scenario
def mainline_kernel() -> str:
    set_up_board(driver=None)
    write("sys/module/rocket/initstate", "live\n")
    return refusal(start)


@scenario
def container_without_device() -> str:
    set_up_board()
    write(".dockerenv", "")
    (BOARD / "dev/dri/renderD129").unlink()
    return refusal(start)


@scenario
def mask_refused() -> str:
    set_up_board()
    misbehave(mask=-5)
    return refusal(start)
