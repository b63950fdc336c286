"""OpenCV's video capture, made to fail in one way. The only place that uses cv2.VideoCapture."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np

from kiosk.domain import Pixels
from kiosk.errors import CameraError

VideoOpener = Callable[[str, int, Sequence[int]], Any]
"""``cv2.VideoCapture``, or something that behaves like it."""

_LOG_LEVEL_SILENT = 0
_FFMPEG_QUIET = "-8"


@functools.cache
def silence_opencv() -> None:
    """Keep OpenCV and FFmpeg from writing to stderr; faults are reported as errors instead.

    Their lines can hold addresses with passwords, and repeat for every damaged frame.
    """
    # OpenCV 5 moved the function.
    set_level = getattr(cv2, "setLogLevel", None) or cv2.utils.logging.setLogLevel
    set_level(_LOG_LEVEL_SILENT)
    # OpenCV reads it when FFmpeg is first used.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", _FFMPEG_QUIET)


class Video:
    """An open ``cv2.VideoCapture``, read and released only by the thread that opened it.

    Releasing it while another thread reads crashes the process, so that is refused.
    """

    def __init__(self, reader: Any) -> None:
        self._reader = reader
        self._owner = threading.get_ident()

    @classmethod
    def open(
        cls, source: str, api: int, params: Sequence[int], opener: VideoOpener
    ) -> Video | None:
        """Open a device, address or file; None when OpenCV cannot (it never says why)."""
        silence_opencv()
        try:
            reader = opener(source, api, list(params))
        except cv2.error:
            return None
        if not reader.isOpened():
            reader.release()
            return None
        return cls(reader)

    def read(self) -> Pixels | None:
        """Return the next frame; None when there is none. Raises CameraError for a strange format.

        ``isOpened()`` stays True after a camera is lost, so only this tells.
        """
        self._check_thread()
        try:
            ok, frame = self._reader.read()
        except cv2.error:  # a damaged Motion-JPEG frame, among others
            return None
        if not ok or frame is None or frame.size == 0:
            return None
        if frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8:
            raise CameraError(
                "The camera delivers pictures in a format the program does not read "
                f"(shape {frame.shape}, {frame.dtype}). Use a camera with colour pictures."
            )
        pixels: Pixels = frame
        return pixels

    def number(self, prop: int) -> float:
        """Return a numeric property; 0 or -1 when it is not known."""
        return float(self._reader.get(prop))

    def set(self, prop: int, value: float) -> bool:
        """Set a property; False when the backend says that it cannot."""
        return bool(self._reader.set(prop, value))

    def close(self) -> None:
        """Release the device or file."""
        self._check_thread()
        self._reader.release()

    def _check_thread(self) -> None:
        if threading.get_ident() != self._owner:
            raise RuntimeError("a video may only be used by the thread that opened it")
