"""Other processes, as the kernel shows them."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path


def children(parent: int) -> list[int]:
    """The processes a process has started and that have not been waited for."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError):
                if int(_fields(int(entry.name))[1]) == parent:
                    found.append(int(entry.name))
    return found


def wait_until_gone(process: int, timeout_s: float = 10.0) -> None:
    """Wait for the end of a process that is nobody's child here."""
    deadline_s = time.monotonic() + timeout_s
    with contextlib.suppress(OSError):
        while _fields(process)[0] != "Z":
            assert time.monotonic() < deadline_s, f"process {process} is still there"
            time.sleep(0.01)


def _fields(process: int) -> list[str]:
    """State, parent and the rest of /proc/PID/stat, behind the name in parentheses."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
