"""One thread that owns something which may hang, and gives up on it in time."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

_T = TypeVar("_T")


class LaneHungError(Exception):
    """A call did not return in time."""


@dataclass(frozen=True, slots=True)
class _Call:
    work: Callable[[], Any]
    is_last: bool = False
    future: Future[Any] = field(default_factory=Future)


class HangingLane:
    """Runs calls one after another on a thread of its own.

    A driver that hangs cannot be interrupted: its thread is left behind, counted while it hangs,
    and lets go of what it owns should it ever come back. As a daemon it does not keep the program
    from ending.
    """

    _left_behind: ClassVar[int] = 0
    _lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, name: str) -> None:
        self._calls: queue.Queue[_Call] = queue.Queue()
        # One caller at a time: the others would only wait behind a call that may hang.
        self._turn = threading.Lock()
        self._is_hung = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @classmethod
    def left_behind(cls) -> int:
        """Return how many threads hang now."""
        return cls._left_behind

    def call(self, work: Callable[[], _T], timeout_s: float) -> _T:
        """Run ``work`` and return its result or raise its error. Raises LaneHungError."""
        result: _T = self._await(_Call(work), timeout_s)
        return result

    def close(self, last: Callable[[], object], timeout_s: float) -> bool:
        """Run a last call and end the thread; False when it hangs. Not to be called twice."""
        call = _Call(last, is_last=True)
        with contextlib.suppress(Exception):
            self._await(call, timeout_s)
        if not call.future.done():
            # Waits for the day when the driver comes back.
            self._calls.put(call)
            return False
        self._thread.join(timeout_s)
        return True

    def _await(self, call: _Call, timeout_s: float) -> Any:
        if not self._turn.acquire(timeout=timeout_s):
            raise LaneHungError
        try:
            if self._is_hung:
                raise LaneHungError
            self._calls.put(call)
            if wait([call.future], timeout_s).done:
                return call.future.result()
            with HangingLane._lock:
                self._is_hung = True
                HangingLane._left_behind += 1
            raise LaneHungError
        finally:
            self._turn.release()

    def _run(self) -> None:
        is_last = False
        while not is_last:
            call = self._calls.get()
            is_last = call.is_last
            try:
                call.future.set_result(call.work())
            except BaseException as error:  # the caller's business
                call.future.set_exception(error)
            # Not to keep pictures and outputs alive until the next call.
            del call
        with HangingLane._lock:
            if self._is_hung:
                HangingLane._left_behind -= 1
