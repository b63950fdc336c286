"""Exposure metered on the face before the door, instead of on the bright door behind it.

Only where V4L2 lets a program set the exposure time; elsewhere, and while nobody is there, the
camera's own automatic exposure is left to do its work.
"""

from __future__ import annotations

import enum
import logging
from typing import Protocol

import cv2

_log = logging.getLogger(__name__)

TARGET_LUMINANCE = 125.0
"""Mean luma wanted on the face, 0–255."""
_WELL_LIT = (110.0, 140.0)
"""Steps end inside."""
_TOLERATED = (95.0, 160.0)
"""Steps begin outside."""
_GAMMA = 2.2
"""Luma is the light to the power of 1 / 2.2, about (sRGB's curve)."""
_LARGEST_STEP = 2.0
_PATIENCE_NS = 600_000_000
"""Automatic exposure is given so long to find the light by itself."""
_STEP_EVERY_NS = 250_000_000
"""A new exposure shows after some frames; what was measured before says nothing about it."""
_RELEASE_NS = 3_000_000_000

# V4L2_CID_EXPOSURE_AUTO: 0 automatic, 1 manual, 2 shutter priority, 3 aperture priority (webcams).
_MANUAL = 1.0
_AUTOMATIC = (3.0, 0.0)
# V4L2_CID_EXPOSURE_ABSOLUTE counts in 100 µs.
_TICKS_PER_S = 10_000
_GAIN_STEP = 0.25
_LEAST_GAIN_STEP = 4.0


class Release(enum.Enum):
    """The answer that gives the exposure back to the camera."""

    RELEASE = "release"


RELEASE = Release.RELEASE


class FaceMeter:
    """Decides, on times passed in, by how much more or less light a face needs."""

    def __init__(self) -> None:
        self._metering = self._stepping = False
        self._off_since_ns: int | None = None
        self._face_ns = self._stepped_ns = 0

    def step(self, luminance: float | None, at_ns: int) -> float | Release | None:
        """Take the mean luma of the face now, None without one.

        Returns by what to multiply the light, 0.5–2; None for no change; RELEASE once when nobody
        was there for three seconds.
        """
        if luminance is None:
            self._off_since_ns = None
            if self._metering and at_ns - self._face_ns > _RELEASE_NS:
                self._metering = self._stepping = False
                return RELEASE
            return None
        self._face_ns = at_ns
        if not self._metering:
            self._metering = self._has_waited(luminance, at_ns)
            if not self._metering:
                return None
        elif at_ns - self._stepped_ns < _STEP_EVERY_NS:
            return None
        low, high = _WELL_LIT if self._stepping else _TOLERATED
        self._stepping = not low <= luminance <= high
        if not self._stepping:
            return None
        self._stepped_ns = at_ns
        factor = float((TARGET_LUMINANCE / max(luminance, 1.0)) ** _GAMMA)
        return min(max(factor, 1 / _LARGEST_STEP), _LARGEST_STEP)

    def _has_waited(self, luminance: float, at_ns: int) -> bool:
        low, high = _TOLERATED
        if low <= luminance <= high:
            self._off_since_ns = None
            return False
        if self._off_since_ns is None:
            self._off_since_ns = at_ns
        return at_ns - self._off_since_ns >= _PATIENCE_NS


class Controls(Protocol):
    """What is needed of :class:`kiosk.camera.opencv.Video`."""

    def number(self, prop: int) -> float:
        """Return a property; 0 or -1 when it is not known."""

    def set(self, prop: int, value: float) -> bool:
        """Set a property; False when that is refused."""


class FaceExposure:
    """Applies a :class:`FaceMeter` to an open device; used by the thread that reads it.

    What is set is read back: a camera that does not do as it is told is given back its automatic
    exposure and left alone. A device found in manual mode is put into automatic mode first: an
    earlier run may have ended without doing so.
    """

    def __init__(self, controls: Controls, frames_per_s: int) -> None:
        self._controls = controls
        self._meter = FaceMeter()
        self._longest = _TICKS_PER_S / frames_per_s
        self._is_manual = False
        self._least_gain: float | None = None
        self._automatic = self._find_automatic()

    @property
    def is_available(self) -> bool:
        """Whether this camera lets its exposure be set, as far as is known."""
        return self._automatic is not None

    def meter(self, luminance: float | None, at_ns: int) -> None:
        """Take the mean luma of the face now, 0–255; None when nobody is there."""
        if self._automatic is None:
            return
        wish = self._meter.step(luminance, at_ns)
        if wish is RELEASE:
            self.release()
        elif isinstance(wish, float) and not self._expose(wish):
            _log.info("The camera does not take an exposure time; it keeps its automatic one")
            self.release()
            self._automatic = None

    def release(self) -> None:
        """Give the exposure back to the camera."""
        if self._automatic is None or not self._is_manual:
            return
        self._is_manual = False
        if self._least_gain is not None:
            self._controls.set(cv2.CAP_PROP_GAIN, self._least_gain)
        self._controls.set(cv2.CAP_PROP_AUTO_EXPOSURE, self._automatic)

    def _find_automatic(self) -> float | None:
        """Return the device's automatic mode; None when it has no controls."""
        mode = self._controls.number(cv2.CAP_PROP_AUTO_EXPOSURE)
        if mode < 0 or self._controls.number(cv2.CAP_PROP_EXPOSURE) <= 0:
            return None
        if mode != _MANUAL:
            return mode
        return next((each for each in _AUTOMATIC if self._became(each)), None)

    def _became(self, mode: float) -> bool:
        accepted = self._controls.set(cv2.CAP_PROP_AUTO_EXPOSURE, mode)
        return accepted and self._controls.number(cv2.CAP_PROP_AUTO_EXPOSURE) == mode

    def _expose(self, factor: float) -> bool:
        """Give more or less light; False when the camera does not obey."""
        ticks = self._controls.number(cv2.CAP_PROP_EXPOSURE)
        if not self._is_manual:
            # Also when it refuses: then release() must put it back.
            self._is_manual = True
            if not self._became(_MANUAL):
                return False
            gain = self._controls.number(cv2.CAP_PROP_GAIN)
            self._least_gain = gain if gain >= 0 else None
        if factor < 1 and self._change_gain(factor):
            return True
        # A longer exposure than a frame lasts would slow the camera down and blur the face.
        wanted = round(min(max(ticks * factor, 1.0), self._longest))
        became = ticks
        if (wanted - ticks) * (factor - 1) > 0:
            self._controls.set(cv2.CAP_PROP_EXPOSURE, wanted)
            became = self._controls.number(cv2.CAP_PROP_EXPOSURE)
        # Cameras round to what they can do: the direction counts.
        has_moved = (became - ticks) * (factor - 1) > 0
        if factor > 1:
            # What does not grow may be as long as the camera can: then the gain is left.
            return has_moved or self._change_gain(factor) or became == ticks
        return has_moved or wanted >= ticks

    def _change_gain(self, factor: float) -> bool:
        """Step the gain, never below where it was at first; False when it has not moved."""
        least = self._least_gain
        if least is None:
            return False
        gain = self._controls.number(cv2.CAP_PROP_GAIN)
        size = max(_LEAST_GAIN_STEP, abs(gain) * _GAIN_STEP)
        wanted = gain + size if factor > 1 else max(gain - size, least)
        if wanted == gain:
            return False
        self._controls.set(cv2.CAP_PROP_GAIN, round(wanted))
        return self._controls.number(cv2.CAP_PROP_GAIN) != gain
