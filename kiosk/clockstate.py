"""What the system knows about its clock: whether a time server keeps it, and a battery.

Linux only; elsewhere, and where nothing can be read, the answer is that nobody vouches for it.
"""

from __future__ import annotations

import calendar
import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

MADE_MS = calendar.timegm((2026, 11, 1, 0, 0, 0)) * 1000
"""UTC milliseconds at which this program did not exist yet; raised with each release."""

RTC_CLASS = Path("/sys/class/rtc")
TIMESYNC_MARK = Path("/run/systemd/timesync/synchronized")

_STA_UNSYNC = 0x0040
_TIME_ERROR = 5
_TIMEX_BYTES = 208
_STATUS_OFFSET = 5 * ctypes.sizeof(ctypes.c_long)
"""Of ``int status`` in ``struct timex``: behind ``modes`` and its padding, and four longs."""
_RTC_AGREES_S = 300


@dataclass(frozen=True, slots=True)
class ClockSources:
    """Who vouches for the time of day."""

    synchronised: bool
    """A time server keeps it right now."""
    was_synchronised: bool
    """One has set it since the computer was switched on."""
    has_rtc: bool
    """A clock with a battery says the same."""


def read_clock_sources(
    wall_ms: int,
    *,
    rtc_class: Path = RTC_CLASS,
    timesync_mark: Path = TIMESYNC_MARK,
    kernel_status: Callable[[], int | None] | None = None,
) -> ClockSources:
    """Return who vouches for the clock that shows ``wall_ms``."""
    status = (read_kernel_status if kernel_status is None else kernel_status)()
    synchronised = status is not None and not status & _STA_UNSYNC
    return ClockSources(
        synchronised=synchronised,
        # The mark stays when the clock is set by hand later; the kernel's status does not.
        was_synchronised=synchronised or _exists(timesync_mark),
        has_rtc=_has_rtc(rtc_class, wall_ms),
    )


def is_synchronised() -> bool:
    """Tell whether the kernel says that a time server keeps the clock; takes microseconds."""
    status = read_kernel_status()
    return status is not None and not status & _STA_UNSYNC


def read_kernel_status() -> int | None:
    """Return the kernel's clock status bits (adjtimex(2)), or None where it does not tell."""
    try:
        adjtimex = ctypes.CDLL(None, use_errno=True).adjtimex
    except (OSError, AttributeError):
        return None
    # Zero modes: nothing is changed, and no privilege is asked for.
    timex = ctypes.create_string_buffer(_TIMEX_BYTES)
    state = int(adjtimex(timex))
    if state < 0:
        return None
    status = ctypes.c_int.from_buffer(timex, _STATUS_OFFSET).value
    return status | _STA_UNSYNC if state == _TIME_ERROR else status


def _has_rtc(rtc_class: Path, wall_ms: int) -> bool:
    try:
        clocks = sorted(rtc_class.iterdir())
    except OSError:
        return False
    return any(_agrees(each / "since_epoch", wall_ms) for each in clocks)


def _agrees(path: Path, wall_ms: int) -> bool:
    """Tell whether a battery clock shows the same time; one without a battery shows its own."""
    try:
        shown_s = int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return False
    return abs(shown_s - wall_ms / 1000) <= _RTC_AGREES_S


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False
