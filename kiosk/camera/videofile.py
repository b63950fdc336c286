"""A recorded video, played in real time as if it were a camera."""

from __future__ import annotations

from pathlib import Path

import cv2

from kiosk.camera.imagefile import printable
from kiosk.camera.opencv import Video, VideoOpener
from kiosk.camera.pacing import Pacer
from kiosk.domain import Pixels
from kiosk.errors import CameraError

DEFAULT_FRAMES_PER_S = 25.0
MIN_FRAMES_PER_S = 1.0
MAX_FRAMES_PER_S = 120.0


class VideoFileCamera:
    """The frames of a video file, once through."""

    is_live = False

    def __init__(self, path: Path, opener: VideoOpener = cv2.VideoCapture) -> None:
        self.name = printable(path)
        self.frames_per_s = DEFAULT_FRAMES_PER_S
        self._path = path
        self._opener = opener
        self._video: Video | None = None
        self._first: Pixels | None = None
        self._pacer = Pacer(1 / DEFAULT_FRAMES_PER_S)

    def open(self) -> None:
        """Open the file and decode its first frame. Raises CameraError when that fails."""
        # Absolute, so that FFmpeg never takes a colon in a file name for a protocol.
        self._video = Video.open(str(self._path.resolve()), cv2.CAP_FFMPEG, [], self._opener)
        self._first = None if self._video is None else self._video.read()
        if self._video is None or self._first is None:
            self.close()
            raise CameraError(
                f"{self.name} is not a video the program can play. Check that the file is complete "
                "and of a common kind such as MP4 or AVI."
            )
        stated = self._video.number(cv2.CAP_PROP_FPS)
        # Written so that NaN fails it too.
        usable = MIN_FRAMES_PER_S <= stated <= MAX_FRAMES_PER_S
        self.frames_per_s = stated if usable else DEFAULT_FRAMES_PER_S
        self._pacer = Pacer(1 / self.frames_per_s)

    def read(self) -> Pixels | None:
        """Return the next frame when it is due; None at the end."""
        if self._video is None:
            raise RuntimeError("the video is not open")
        pixels, self._first = self._first, None
        if pixels is None:
            pixels = self._video.read()
        if pixels is not None:
            self._pacer.wait()
        return pixels

    def close(self) -> None:
        """Close the file; call from the thread that opened it."""
        video, self._video = self._video, None
        if video is not None:
            video.close()
