"""Whether pictures come again: a recording played over and over.

Frames of one live scene, however still, differ by the sensor's noise; a frame of a recording that
is repeated differs from its first showing by little or nothing. So what is compared is single
pixels, noise and all, and "the same" is measured by the least difference between any two neighbours
of the last minute. One frame that comes again proves nothing: video codecs make scenes of few
states. A run of them, unlike each other and what came in the second before, and all equally long
after their first showing, is a loop.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

_S = 1_000_000_000

CODE_LENGTH = 256
_KEYS = 640
_KEY_EVERY_NS = 95_000_000
_GLANCE_STEP = 8
_LAG_MIN_NS, _LAG_MAX_NS = 5 * _S, 62 * _S
_COMMON_NS = _S
_NEAR = 0.5
"""Of the least difference of neighbours: less is a repetition. In 20 minutes of made still scenes
(noise 0.1 to 1.5, Motion-JPEG and MPEG-4) no code came as near as 0.55 to one of before."""
_LEAST_NOISE = 0.05
_LAG_TOLERANCE_NS = 150_000_000
_RUN_GAP_NS = _S
_RUN_FRAMES, _RUN_NS = 8, 700_000_000
_MAX_RUNS = 16
_OVER_NS = 10 * _S

Code = NDArray[np.uint8]
"""Shape (256,): single pixels spread over a frame."""


@dataclass(slots=True)
class _Run:
    """Frames that have come again, all about ``lag_ns`` after their first showing."""

    lag_ns: int
    first_ns: int
    last_ns: int
    codes: list[Code] = field(default_factory=list)
    """Unlike each other; at most as many as prove a loop."""


class LoopMemory:
    """Ten codes a second of the last minute (230 kB), and the runs of those that came again."""

    def __init__(self) -> None:
        self._codes = np.zeros((_KEYS, CODE_LENGTH), np.uint8)
        self._glances = np.zeros((_KEYS, CODE_LENGTH // _GLANCE_STEP), np.int16)
        self._times = np.full(_KEYS, -2 * _LAG_MAX_NS, np.int64)
        self._noises = np.full(_KEYS, np.inf, np.float32)
        self._next = 0
        self._last_key_ns: int | None = None
        self._last: Code | None = None
        self._noise = float("inf")
        self._runs: list[_Run] = []
        self._looped_at_ns: int | None = None

    def seen_before(self, code: Code, at_ns: int, is_new: bool) -> bool:
        """Take the code of a frame; True while a loop is played, and for ten seconds after.

        Frames that are not new (like the one before) are no evidence of anything.
        """
        if is_new:
            self._follow(code, at_ns)
            self._keep(code, at_ns)
        if self._looped_at_ns is not None and at_ns - self._looped_at_ns > _OVER_NS:
            self._looped_at_ns = None
        return self._looped_at_ns is not None

    def _follow(self, code: Code, at_ns: int) -> None:
        self._runs = [run for run in self._runs if at_ns - run.last_ns <= _RUN_GAP_NS]
        limit = self._limit()
        again = self._again(code, at_ns, limit)
        ages = at_ns - self._times[again]
        if bool(np.any(ages < _COMMON_NS)):
            return
        for key, age in zip(again.tolist(), ages.tolist(), strict=True):
            if age >= _LAG_MIN_NS:
                self._extend(self._codes[key], age, at_ns, limit)

    def _limit(self) -> float:
        """Return how much codes of the same picture may differ, mean of grey levels."""
        floor = min(self._noise, float(self._noises.min()))
        return _NEAR * floor if _LEAST_NOISE <= floor < float("inf") else 0.0

    def _again(self, code: Code, at_ns: int, limit: float) -> NDArray[np.intp]:
        """Return the places of the codes that are the same as this one but for a rest of noise."""
        is_kept = at_ns - self._times <= _LAG_MAX_NS
        glance = code[::_GLANCE_STEP].astype(np.int16)
        unlike = np.abs(self._glances - glance).sum(axis=1)
        may_be = np.flatnonzero(is_kept & (unlike <= 1.5 * limit * glance.size))
        wide = np.abs(self._codes[may_be].astype(np.int16) - code.astype(np.int16))
        again: NDArray[np.intp] = may_be[wide.sum(axis=1) <= limit * CODE_LENGTH]
        return again

    def _extend(self, code: Code, lag_ns: int, at_ns: int, limit: float) -> None:
        """Add a code that was shown before to the run with its lag, or begin one."""
        near = (run for run in self._runs if abs(run.lag_ns - lag_ns) <= _LAG_TOLERANCE_NS)
        run = next(near, None)
        if run is None:
            if len(self._runs) < _MAX_RUNS:
                self._runs.append(_Run(lag_ns, at_ns, at_ns, [code.copy()]))
            return
        run.last_ns = at_ns
        if len(run.codes) < _RUN_FRAMES and all(_unlike(code, c) > limit for c in run.codes):
            run.codes.append(code.copy())
        if len(run.codes) == _RUN_FRAMES and at_ns - run.first_ns >= _RUN_NS:
            self._looped_at_ns = at_ns

    def _keep(self, code: Code, at_ns: int) -> None:
        if self._last is not None:
            self._noise = min(self._noise, _unlike(code, self._last))
        self._last = code
        if self._last_key_ns is not None and at_ns - self._last_key_ns < _KEY_EVERY_NS:
            return
        self._last_key_ns = at_ns
        place = self._next
        self._codes[place], self._times[place] = code, at_ns
        self._glances[place] = code[::_GLANCE_STEP]
        self._noises[place], self._noise = self._noise, float("inf")
        self._next = (place + 1) % _KEYS


def _unlike(one: Code, other: Code) -> float:
    """Return the mean difference of two codes, grey levels."""
    return float(np.abs(one.astype(np.int16) - other.astype(np.int16)).mean())
