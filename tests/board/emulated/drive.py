"""Runs under emulation: the program's NPU adapter on the vendor's wheel.

    drive.py BOARD STUBS WORK

``BOARD`` is the folder the emulator shows as the root, ``STUBS`` holds the stub libraries and
``WORK`` the networks and pictures; what each scenario found goes to ``WORK/NAME.json``.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
import traceback

import failures
import refusals
import working
from emulatedboard import SCENARIOS, WORK, calls, set_up_board

TIME_LIMIT_S = 60
_USED = (working, refusals, failures)


def run(name: str) -> None:
    """Run one scenario in a process of its own; its result, or its failure, becomes a file."""
    os.environ["RKNN_STUB_LOG"] = str(WORK / f"{name}.log")
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    signal.alarm(TIME_LIMIT_S)
    output = os.open(WORK / f"{name}.out", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    threading.current_thread().name = name
    begun = time.monotonic()
    try:
        result = {"result": SCENARIOS[name]()}
    except BaseException:
        result = {"failure": traceback.format_exc()}
    result |= {"took_s": time.monotonic() - begun, "calls": calls(), "thread": os.getpid()}
    (WORK / f"{name}.json").write_text(json.dumps(result))
    os._exit(0)


if __name__ == "__main__":
    set_up_board()
    for name in SCENARIOS:
        run(name)
