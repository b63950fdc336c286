"""One record on the disk about the lock, so that the next start can say what happened.

It is written in place and not synchronised: it survives any end of the programs, costs the door no
time and needs no free space. A power cut may lose it; then the relay has dropped as well.
"""

from __future__ import annotations

import contextlib
import enum
import fcntl
import json
import os
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

_SIZE = 512


class End(enum.Enum):
    """How a guard ended, and what the sentence about it begins with."""

    STOPPED = "stopped"
    KIOSK_GONE = "kiosk_gone"
    KIOSK_HUNG = "kiosk_hung"
    NONSENSE = "nonsense"
    TERMINATED = "terminated"
    GUARD_KILLED = "guard_killed"
    GUARD_HUNG = "guard_hung"
    FAILED = "failed"
    ALL_GONE = "all_gone"


_SENTENCES = {
    End.STOPPED: "The program was stopped",
    End.KIOSK_GONE: "The program ended without stopping",
    End.KIOSK_HUNG: "The program hung",
    End.NONSENSE: "The guard of the door was sent nonsense",
    End.TERMINATED: "The guard of the door was told to end",
    End.GUARD_KILLED: "The guard of the door was killed",
    End.GUARD_HUNG: "The guard of the door hung",
    End.FAILED: "The guard of the door failed",
    End.ALL_GONE: "The program and the guard of the door ended without stopping",
}


@dataclass(frozen=True, slots=True)
class Unlocked:
    """The record of a door that may be unlocked."""

    until_ns: int
    """When it should be locked again; monotonic, 0 when that is over or not known."""
    guard: int
    """The process group of the guards that answer for it; 0 when not known."""


class GuardJournal:
    """The record in the file ``path``, or nowhere for None. Its methods never raise.

    A disk that fails must not keep a door from being locked, so nothing here is an error.
    """

    def __init__(self, path: Path | None) -> None:
        self._fd = -1
        with contextlib.suppress(OSError, ValueError):
            if path is not None:
                self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def wait_for_predecessor(self, limit_s: float = 2.0) -> None:
        """Wait until no other guard holds the journal, and hold it until this process ends.

        A guard whose kiosk died is still locking the door while the next kiosk starts. When it
        does not end in time, the port itself says who owns it.
        """
        deadline_s = time.monotonic() + limit_s
        while not self.take() and time.monotonic() < deadline_s:
            time.sleep(0.01)

    def incident(self) -> str:
        """Return a sentence on how the guard before ended; empty when as it should."""
        text = self.text()
        if not text:
            return ""
        try:
            record = json.loads(text)
            at_s = int(record["at_ms"]) / 1000
            when = datetime.fromtimestamp(at_s, timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
            if record["state"] != "ended":
                return _of_unfinished(record["state"] == "unlocked", when)
            return _of_ended(
                End(record["end"]), bool(record["was_unlocked"]), bool(record["is_locked"]), when
            )
        except (ValueError, KeyError, TypeError, OverflowError, OSError, RecursionError):
            return (
                "The guard's journal is damaged: whether the last run ended with the door locked "
                "is not known."
            )

    def take(self) -> bool:
        """Hold the journal until ``let_go`` or the end of this process; False: another does."""
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except (OSError, ValueError):
            # No journal, or one on a disk without locks.
            return True
        return True

    def let_go(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            fcntl.flock(self._fd, fcntl.LOCK_UN)

    def was_unlocked(self) -> bool:
        """Return whether the door was unlocked when the record was written, for all it says."""
        return self.unlocked() is not None

    def unlocked(self) -> Unlocked | None:
        """Return the record of a door that may be unlocked, None when it says nothing like it."""
        record = self._record()
        if record.get("state") != "unlocked" and record.get("is_locked") is not False:
            return None
        until_ns, guard = record.get("until_ns"), record.get("guard")
        return Unlocked(
            until_ns if type(until_ns) is int else 0, guard if type(guard) is int else 0
        )

    def is_settled(self) -> bool:
        """Return whether the last guard ended for certain with the door locked."""
        record = self._record()
        return record.get("state") == "ended" and record.get("is_locked") is True

    def note_unlocked(self, until_ns: int) -> None:
        """``until_ns``: when the door is to be locked again; monotonic."""
        self._write({"state": "unlocked", "until_ns": until_ns, "guard": os.getpgrp()})

    def note_locked(self) -> None:
        self._write({"state": "locked"})

    def note_ended(self, end: End, *, was_unlocked: bool, is_locked: bool) -> None:
        self._write(
            {
                "state": "ended",
                "end": end.value,
                "was_unlocked": was_unlocked,
                "is_locked": is_locked,
            }
        )

    def text(self) -> bytes:
        """Return the record as it is written; empty when there is none."""
        try:
            return os.pread(self._fd, _SIZE, 0).strip()
        except OSError:
            return b""

    def close(self) -> None:
        """Close the file; may be called twice."""
        fd, self._fd = self._fd, -1
        with contextlib.suppress(OSError):
            os.close(fd)

    def _record(self) -> dict[str, Any]:
        with contextlib.suppress(ValueError, RecursionError):
            record = json.loads(self.text())
            if isinstance(record, dict):
                return record
        return {}

    def _write(self, record: dict[str, object]) -> None:
        # The date is for people only; nothing is decided by it.
        text = json.dumps({**record, "at_ms": time.time_ns() // 1_000_000})
        with contextlib.suppress(OSError):
            os.pwrite(self._fd, text.encode().ljust(_SIZE - 1) + b"\n", 0)


def _of_unfinished(was_unlocked: bool, when: str) -> str:
    if was_unlocked:
        return (
            f"The program and the guard ended while the door was unlocked (since {when}); it was "
            "locked at this start."
        )
    return f"The program and the guard ended without stopping after {when}; the door was locked."


def _of_ended(end: End, was_unlocked: bool, is_locked: bool, when: str) -> str:
    if not is_locked:
        return (
            f"{_SENTENCES[end]} at {when} and the relay could not be switched off: the door may "
            "have been unlocked until this start."
        )
    if was_unlocked and end is not End.STOPPED:
        return f"{_SENTENCES[end]} at {when} while the door was unlocked; the guard locked it."
    if end in (End.STOPPED, End.TERMINATED):
        return ""
    return f"{_SENTENCES[end]} at {when}; the door was locked."
