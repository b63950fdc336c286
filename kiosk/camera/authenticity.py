"""Whether a camera's pictures are those of a living sensor: not black, not frozen, not a loop.

No two pictures of a sensor are alike: even a very quiet one (noise of 0.3 grey levels) behind
strong Motion-JPEG compression (quality 40) changes one pixel in eight from frame to frame, by 0.5
grey levels root mean square [measured on made frames]. Video codecs do repeat pictures of a still
scene, and cameras do so in low light; hence one repetition is no fault, and a picture is frozen
only when no frame was new for long. What passes: a recording that is not repeated within a minute,
and one that is changed each time, by noise of its own or by a stronger compression than before.
"""

from __future__ import annotations

import enum
from collections import deque
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from kiosk.camera.loops import CODE_LENGTH, LoopMemory
from kiosk.domain import Pixels

_S = 1_000_000_000

_ROWS, _COLUMNS = 48, 64
_GREEN = 1
_BLACK_MEAN, _BLACK_STD = 8.0, 4.0
_BLACK_AFTER_NS = 2 * _S
_LIT_FOR_NS = _S // 2
_NEW_TO_RECOVER = 3
_RECOVER_WITHIN_NS = 3 * _S

Samples = NDArray[np.uint8]


class Suspicion(enum.Enum):
    """Why a camera's pictures are not taken for what is before the door."""

    VIRTUAL = "virtual"
    """The device is a program, not a sensor."""
    BLACK = "black"
    """The lens is covered, or it is pitch dark."""
    FROZEN = "frozen"
    """The same picture comes all the time."""
    LOOPED = "looped"
    """A recording is played over and over."""


@dataclass(frozen=True, slots=True)
class SensorRules:
    """What a kind of camera does by itself."""

    least_change: float
    """A frame is new when its pixels differ by at least this, root mean square, grey levels."""
    frozen_after_s: float
    """A camera without a new frame for longer is frozen."""


DEVICE_RULES = SensorRules(least_change=0.15, frozen_after_s=1.5)
# A video codec may send nothing new of a still scene until its next whole picture.
STREAM_RULES = SensorRules(least_change=0.03, frozen_after_s=15.0)


class Authenticity:
    """Judges the frames of one camera in turn, on their own clock; used by one thread."""

    def __init__(self, rules: SensorRules = DEVICE_RULES) -> None:
        self._least_square = rules.least_change**2
        self._frozen_after_ns = round(rules.frozen_after_s * _S)
        self._loops = LoopMemory()
        self._reference: Samples | None = None
        self._new_at_ns: deque[int] = deque(maxlen=_NEW_TO_RECOVER)
        self._is_frozen = self._is_black = self._is_new = False
        self._dark_since_ns: int | None = None
        self._lit_since_ns: int | None = None

    @property
    def is_new(self) -> bool:
        """Whether the frame last judged is more than a repetition of the one before it."""
        return self._is_new

    def restart(self) -> None:
        """Begin anew with a camera that was opened again; what is known of loops is kept."""
        self._reference = None
        self._new_at_ns.clear()
        self._is_frozen = self._is_black = False
        self._dark_since_ns = self._lit_since_ns = None

    def judge(self, pixels: Pixels, at_ns: int) -> Suspicion | None:
        """Take the next frame and say what is wrong, None for nothing."""
        samples = _sample(pixels)
        self._is_new = self._differs(samples)
        if self._is_new:
            self._reference = samples
            self._new_at_ns.append(at_ns)
        self._look_for_light(samples, at_ns)
        self._look_for_life(at_ns)
        code = samples.ravel()[_code_places(samples.size)]
        is_loop = self._loops.seen_before(code, at_ns, self._is_new and not self._is_dark)
        if self._is_black:
            return Suspicion.BLACK
        if self._is_frozen:
            return Suspicion.FROZEN
        return Suspicion.LOOPED if is_loop else None

    @property
    def _is_dark(self) -> bool:
        return self._dark_since_ns is not None

    def _differs(self, samples: Samples) -> bool:
        # From the last new frame, not the last one: slow changes add up.
        reference = self._reference
        if reference is None or reference.shape != samples.shape:
            return True
        change = np.subtract(samples, reference, dtype=np.float32).ravel()
        return float(change @ change) >= self._least_square * change.size

    def _look_for_light(self, samples: Samples, at_ns: int) -> None:
        if float(samples.mean()) < _BLACK_MEAN and float(samples.std()) < _BLACK_STD:
            self._lit_since_ns = None
            if self._dark_since_ns is None:
                self._dark_since_ns = at_ns
            if at_ns - self._dark_since_ns >= _BLACK_AFTER_NS:
                self._is_black = True
            return
        if self._lit_since_ns is None:
            self._lit_since_ns = at_ns
        if not self._is_black or at_ns - self._lit_since_ns >= _LIT_FOR_NS:
            self._is_black, self._dark_since_ns = False, None

    def _look_for_life(self, at_ns: int) -> None:
        times = self._new_at_ns
        if self._is_frozen:
            lively = len(times) == _NEW_TO_RECOVER and at_ns - times[0] <= _RECOVER_WITHIN_NS
            self._is_frozen = not lively
        elif not self._is_dark:  # where the noise is cut off; black is said of it instead
            self._is_frozen = at_ns - times[-1] > self._frozen_after_ns
            if self._is_frozen:
                times.clear()  # life from before the frost is none


def _sample(pixels: Pixels) -> Samples:
    """Return single pixels of one channel, noise and all, about 48 x 64 of them."""
    height, width = pixels.shape[:2]
    down, right = max(1, height // _ROWS), max(1, width // _COLUMNS)
    return np.ascontiguousarray(pixels[down // 2 :: down, right // 2 :: right, _GREEN])


@lru_cache(maxsize=4)
def _code_places(samples: int) -> NDArray[np.intp]:
    return np.linspace(0, samples - 1, CODE_LENGTH).astype(np.intp)
