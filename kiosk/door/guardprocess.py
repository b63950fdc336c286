"""A guard's process as the kiosk sees it: its pipes, its state, its last words."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import time
from pathlib import Path

import kiosk
from kiosk.door.guardprotocol import LineBuffer

PRIORITY = -10
"""Of the guard's processes; the service has to permit it (``LimitNICE=-10``)."""

_LOOK_S = 0.05
_WORDS_OF_FAILURE = 2000


class GuardProcess:
    """A guard's process and the three pipes to it."""

    def __init__(self, command: list[str]) -> None:
        root = str(Path(kiosk.__file__).parent.parent)
        paths = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", ""))))
        self._process = subprocess.Popen(
            command,
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # Its own session: Ctrl-C and the end of a terminal are for the kiosk.
            start_new_session=True,
            # The guard of this very program, wherever it was started from.
            env={**os.environ, "PYTHONPATH": paths},
        )
        with contextlib.suppress(OSError):
            # Where it is permitted. The deadline must not wait for who recognises faces, and a
            # guard that takes over must not either while it starts.
            os.setpriority(os.PRIO_PROCESS, self._process.pid, PRIORITY)
        assert self._process.stdin and self._process.stdout and self._process.stderr
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        self._stderr = self._process.stderr
        for pipe in (self._stdin, self._stdout, self._stderr):
            os.set_blocking(pipe.fileno(), False)
        self._buffer = LineBuffer()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_stopped(self) -> bool:
        """Whether the process was stopped by a signal, which no pipe tells."""
        options = os.WSTOPPED | os.WNOHANG | os.WNOWAIT
        with contextlib.suppress(ChildProcessError):
            return os.waitid(os.P_PID, self._process.pid, options) is not None
        return False

    @property
    def is_waiting(self) -> bool:
        """Whether it lives and is not stopped."""
        return self._process.poll() is None and not self.is_stopped

    def write(self, line: bytes) -> None:
        """Raises OSError when the guard has gone or does not read."""
        os.write(self._stdin.fileno(), line)

    def read(self, timeout_s: float) -> list[bytes]:
        """Return the lines that come in time. Raises EOFError, and GuardError for nonsense."""
        ready, _, _ = select.select([self._stdout], [], [], timeout_s)
        if not ready:
            return []
        data = os.read(self._stdout.fileno(), 65536)
        if not data:
            raise EOFError
        return self._buffer.feed(data)

    def wait(self, limit_s: float) -> bool:
        """Return whether it ended in time; a stopped one never will."""
        deadline_s = time.monotonic() + limit_s
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_LOOK_S)
                return True
            if self.is_stopped or time.monotonic() > deadline_s:
                return False

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def last_words(self) -> str:
        """Return the end of what it wrote to its log since it was asked last."""
        with contextlib.suppress(OSError):
            words = os.read(self._stderr.fileno(), 65536)
            return words[-_WORDS_OF_FAILURE:].decode("utf-8", "replace").strip()
        return ""

    def hang_up(self) -> None:
        for pipe in (self._stdin, self._stdout, self._stderr):
            with contextlib.suppress(OSError):
                pipe.close()

    def leave(self) -> None:
        # Popen complains about a process that outlives it, which here is meant.
        self._process.returncode = 0
