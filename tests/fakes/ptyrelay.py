"""An LCUS board behind a pseudo-terminal that notes when every byte came over the wire.

It is powered by its cable, as these boards are: unplugged, its relay drops.
"""

from __future__ import annotations

import contextlib
import os
import select
import threading
import time
import tty
from collections import deque
from dataclasses import dataclass
from pathlib import Path

OFF, ON = bytes.fromhex("A00100A1"), bytes.fromhex("A00101A2")
_STATE_AFTER = {OFF: False, bytes.fromhex("A00102A3"): False, ON: True}
_STATE_AFTER[bytes.fromhex("A00103A4")] = True
_ASKS = (bytes.fromhex("A00102A3"), bytes.fromhex("A00103A4"), bytes.fromhex("A00105A6"))


@dataclass(frozen=True, slots=True)
class Edge:
    at_ns: int
    """When the last byte of the frame came; monotonic."""
    is_on: bool
    is_unplugged: bool = False


class PtyRelay:
    """``path`` is a link that stays the same whenever the cable is plugged in."""

    def __init__(self, path: Path, *, answers: bool = True) -> None:
        self.path = path
        self.answers = answers
        self.byte_s = 0.0
        """How long the wire takes for a byte, in both directions."""
        self._changed = threading.Condition()
        self._edges: list[Edge] = []
        self._seen: list[tuple[int, bytes]] = []
        self._is_on = False
        self._frame = b""
        self._outgoing: deque[int] = deque()
        self._wanted = True
        self._noise = b""
        self._master = self._slave = -1
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_write, False)
        self._ending = False
        self._plug()
        self._thread = threading.Thread(target=self._run, name="pty relay")
        self._thread.start()

    @property
    def url(self) -> str:
        return f"lcus:{self.path}"

    @property
    def edges(self) -> list[Edge]:
        with self._changed:
            return list(self._edges)

    @property
    def is_on(self) -> bool:
        with self._changed:
            return self._is_on

    @property
    def received(self) -> list[tuple[int, bytes]]:
        """Everything that came, with the time of each chunk."""
        with self._changed:
            return list(self._seen)

    def wait_for(self, is_on: bool, timeout_s: float = 10.0) -> Edge:
        """Wait until the relay is on or off; return the edge."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._is_on == is_on, timeout_s), self._edges[-5:]
            return self._edges[-1] if self._edges else Edge(0, False)

    def wait_for_bytes(self, after_ns: int = 0, timeout_s: float = 10.0) -> None:
        with self._changed:
            assert self._changed.wait_for(
                lambda: bool(self._seen) and self._seen[-1][0] >= after_ns, timeout_s
            )

    def unplug(self) -> None:
        self._tell(lambda: setattr(self, "_wanted", False))

    def plug(self) -> None:
        self._tell(lambda: setattr(self, "_wanted", True))

    def send(self, noise: bytes) -> None:
        """Say something nobody asked for."""
        self._tell(lambda: setattr(self, "_noise", self._noise + noise))

    def close(self) -> None:
        self._tell(lambda: setattr(self, "_ending", True))
        self._thread.join()
        self._unplug()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _tell(self, change) -> None:
        with self._changed:
            change()
        with contextlib.suppress(BlockingIOError):
            os.write(self._wake_write, b".")

    def _run(self) -> None:
        while True:
            with self._changed:
                if self._ending:
                    return
                wanted = self._wanted
                self._outgoing.extend(self._noise if self._master >= 0 else b"")
                self._noise = b""
            if wanted != (self._master >= 0):
                self._plug() if wanted else self._unplug()
            watched = [self._wake_read, *([self._master] if self._master >= 0 else [])]
            timeout_s = self.byte_s if self._outgoing else None
            ready, _, _ = select.select(watched, [], [], timeout_s)
            if self._wake_read in ready:
                os.read(self._wake_read, 1000)
            if self._master >= 0 and self._master in ready:
                if self.byte_s:
                    time.sleep(self.byte_s)
                self._take(os.read(self._master, 1 if self.byte_s else 4096))
            if self._outgoing and self._master >= 0:
                self._give()

    def _give(self) -> None:
        count = 1 if self.byte_s else len(self._outgoing)
        os.write(self._master, bytes(self._outgoing.popleft() for _ in range(count)))

    def _take(self, data: bytes) -> None:
        now_ns = time.monotonic_ns()
        with self._changed:
            self._seen.append((now_ns, data))
            del self._seen[:-10_000]
            for byte in data:
                self._frame = (self._frame + bytes((byte,)))[-4:]
                if self._frame in _STATE_AFTER:
                    self._switch(_STATE_AFTER[self._frame], now_ns)
                if self.answers and self._frame in _ASKS:
                    self._outgoing.extend(ON if self._is_on else OFF)
            self._changed.notify_all()

    def _switch(self, is_on: bool, now_ns: int, is_unplugged: bool = False) -> None:
        if is_on != self._is_on:
            self._is_on = is_on
            self._edges.append(Edge(now_ns, is_on, is_unplugged))

    def _plug(self) -> None:
        self._master, self._slave = os.openpty()
        # Echoing is the terminal's habit until somebody opens it as a serial port.
        tty.setraw(self._slave)
        fresh = self.path.with_name(self.path.name + ".new")
        fresh.symlink_to(os.ttyname(self._slave))
        fresh.replace(self.path)

    def _unplug(self) -> None:
        for fd in (self._master, self._slave):
            if fd >= 0:
                os.close(fd)
        self._master = self._slave = -1
        self._outgoing.clear()
        self._frame = b""
        with self._changed:
            self.path.unlink(missing_ok=True)
            self._switch(False, time.monotonic_ns(), is_unplugged=True)
            self._changed.notify_all()
