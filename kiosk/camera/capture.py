"""The camera thread: it opens, reads, stamps and hands out frames, and tries again after a loss."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

from kiosk.camera.source import Camera
from kiosk.domain import CameraState, CameraStatus, Frame, Pixels
from kiosk.errors import CameraError

_log = logging.getLogger(__name__)

FIRST_RETRY_S = 0.5
LAST_RETRY_S = 5.0
# Backoff starts over only after a connection lasted this long: a camera that comes and goes with
# every frame must not be reopened twice a second for days.
_STEADY_NS = 5_000_000_000
_RATE_WEIGHT = 0.1
_METERED_NS = 500_000_000
"""A face measured longer ago may have left."""


class Capture:
    """Run one camera in one thread named "camera".

    Sinks are called in that thread with every frame and must return at once (a
    :class:`~kiosk.mailbox.Mailbox`'s ``put``); one that raises is logged and counted, and the
    others still get the frame. ``on_status`` is called there too, only when something changed.
    A lost live camera is LOST and retried for ever; a finite source that fails stays LOST, and one
    that was read to its end is ENDED. Setting ``stop`` ends the thread, like :meth:`request_stop`.
    """

    def __init__(
        self,
        camera: Camera,
        sinks: Sequence[Callable[[Frame], object]],
        on_status: Callable[[CameraStatus], None],
        clock_ns: Callable[[], int] = time.monotonic_ns,
        stop: threading.Event | None = None,
    ) -> None:
        self._camera = camera
        self._sinks = tuple(sinks)
        self._on_status = on_status
        self._clock_ns = clock_ns
        self._stop = threading.Event() if stop is None else stop
        self._retry_s = FIRST_RETRY_S
        # A daemon: a driver that hangs for ever must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)
        self._status: CameraStatus | None = None
        self._sequence = 0
        self._last_frame_ns: int | None = None
        self._interval_ns = 0.0
        self._callback_failures = 0
        self._metered: tuple[float, int] | None = None

    @property
    def is_alive(self) -> bool:
        """True while the thread runs."""
        return self._thread.is_alive()

    @property
    def frame_count(self) -> int:
        """Frames delivered since the start."""
        return self._sequence

    @property
    def frames_per_s(self) -> float:
        """Frame rate, exponentially smoothed; 0 until two frames came in a row."""
        return 1e9 / self._interval_ns if self._interval_ns > 0 else 0.0

    @property
    def callback_failures(self) -> int:
        """How often a sink or the status callback raised."""
        return self._callback_failures

    def age_ns(self, now_ns: int) -> int:
        """Nanoseconds since the newest frame, or since the start while there was none."""
        last = self._last_frame_ns
        return 0 if last is None else max(0, now_ns - last)

    def meter(self, luminance: float | None) -> None:
        """Say how bright the face before the door is (mean luma, 0–255); None when nobody is there.

        From any thread. The camera's exposure follows, where it can.
        """
        # One tuple, swapped at once: no lock is needed.
        self._metered = None if luminance is None else (luminance, self._clock_ns())

    def start(self) -> None:
        """Start the thread; once only."""
        self._last_frame_ns = self._clock_ns()
        self._thread.start()

    def request_stop(self) -> None:
        """Ask the thread to end; returns at once."""
        self._stop.set()

    def join(self, timeout_s: float) -> bool:
        """Wait for the thread to end; False when it hangs inside the driver."""
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        if self._thread.is_alive():
            _log.error(
                "The camera thread did not end within %.1f s: %s hangs in its driver",
                timeout_s,
                self._camera.name,
            )
            return False
        return True

    def _run(self) -> None:
        self._report(CameraState.OPENING)
        try:
            while not self._stop.is_set() and self._connect():
                pass
        except BaseException:
            # A bug, not a fault of the world. Said on screen before the thread ends with it.
            self._report(
                CameraState.LOST, "The camera stopped by an internal error. Restart the program."
            )
            raise

    def _connect(self) -> bool:
        """Run the camera once; True when it is worth another try."""
        try:
            self._stream()
        except CameraError as error:
            return self._lost(error)
        if not self._stop.is_set():
            self._report(CameraState.ENDED)
        return False

    def _stream(self) -> None:
        """Deliver frames until the source ends or a stop is asked for. Raises CameraError."""
        opened_ns = self._clock_ns()
        self._interval_ns = 0.0
        previous_ns: int | None = None
        try:
            self._camera.open()
            while not self._stop.is_set():
                pixels = self._camera.read()
                now_ns = self._clock_ns()
                if pixels is None:
                    return
                if previous_ns is not None:
                    self._measure(now_ns - previous_ns)
                previous_ns = now_ns
                self._deliver(pixels, now_ns)
                self._expose(now_ns)
                if now_ns - opened_ns >= _STEADY_NS:
                    self._retry_s = FIRST_RETRY_S
        finally:
            self._camera.close()

    def _lost(self, error: CameraError) -> bool:
        """Report the loss and wait for the next try; False when there is none."""
        self._interval_ns = 0.0
        if self._stop.is_set():
            return False
        if self._report(CameraState.LOST, str(error)):
            _log.warning("%s", error)
        if not self._camera.is_live:
            return False
        stopped = self._stop.wait(self._retry_s)
        self._retry_s = min(self._retry_s * 2, LAST_RETRY_S)
        return not stopped

    def _deliver(self, pixels: Pixels, now_ns: int) -> None:
        # Several threads read the frame at once; a write by one would be seen by all.
        pixels.flags.writeable = False
        frame = Frame(pixels, now_ns, self._sequence, getattr(self._camera, "label", ""))
        self._sequence += 1
        self._last_frame_ns = now_ns
        self._report(CameraState.STREAMING, width_px=frame.width_px, height_px=frame.height_px)
        for sink in self._sinks:
            self._hand_over(frame, sink)

    def _expose(self, now_ns: int) -> None:
        meter = getattr(self._camera, "meter", None)
        if meter is None:
            return
        metered = self._metered
        is_recent = metered is not None and now_ns - metered[1] <= _METERED_NS
        meter(metered[0] if metered is not None and is_recent else None, now_ns)

    def _hand_over(self, frame: Frame, sink: Callable[[Frame], object]) -> None:
        try:
            sink(frame)
        except Exception:
            self._failed("A receiver of camera frames")

    def _measure(self, interval_ns: int) -> None:
        if self._interval_ns == 0:
            self._interval_ns = float(interval_ns)
        else:
            self._interval_ns += _RATE_WEIGHT * (interval_ns - self._interval_ns)

    def _report(
        self, state: CameraState, message: str = "", width_px: int = 0, height_px: int = 0
    ) -> bool:
        """Pass on a status unless it is the last one again; True when it was new."""
        status = CameraStatus(state, self._camera.name, message, width_px, height_px)
        if status == self._status:
            return False
        self._status = status
        try:
            self._on_status(status)
        except Exception:
            self._failed("The receiver of the camera's status")
        return True

    def _failed(self, who: str) -> None:
        self._callback_failures += 1
        # The first traceback tells the story; thirty a second would fill the disk.
        if self._callback_failures == 1:
            _log.exception("%s failed", who)
        else:
            _log.debug("%s failed again", who)
