"""A camera on the network, read through FFmpeg."""

from __future__ import annotations

import re

import cv2

from kiosk.camera.authenticity import STREAM_RULES
from kiosk.camera.opencv import Video, VideoOpener
from kiosk.domain import Pixels
from kiosk.errors import CameraError

SCHEMES = ("rtsp", "rtsps", "http", "https", "tcp", "udp")

OPEN_TIMEOUT_MS = 3000
READ_TIMEOUT_MS = 1000

# Greedy up to the last "@": a password may itself hold "@", "/" or "#".
_USER_INFO = re.compile(r"^([a-z][a-z0-9+.-]*:/{1,2})?.*@", re.IGNORECASE | re.DOTALL)
_QUERY = re.compile(r"[?#].*$", re.DOTALL)
# Some cameras take the account in the path: rtsp://host/user=admin&password=...
_PATH_SECRET = re.compile(
    r"((?:user(?:name)?|usr|login|pass(?:word|wd)?|pwd|token|key|auth|secret)=).*$",
    re.IGNORECASE | re.DOTALL,
)


def redact(address: str) -> str:
    """Return an address without user name, password and query, for messages and logs."""
    address = _USER_INFO.sub(lambda found: f"{found[1] or ''}***@", address)
    address = _QUERY.sub("?***", address)
    return _PATH_SECRET.sub(r"\1***", address)


class StreamCamera:
    """Frames from an address such as rtsp://host/stream; its password appears in no message."""

    is_live = True
    sensor_rules = STREAM_RULES

    def __init__(
        self,
        address: str,
        open_timeout_ms: int = OPEN_TIMEOUT_MS,
        read_timeout_ms: int = READ_TIMEOUT_MS,
        opener: VideoOpener = cv2.VideoCapture,
    ) -> None:
        self.name = redact(address)
        self._address = address
        self._params = [
            *(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, open_timeout_ms),
            *(cv2.CAP_PROP_READ_TIMEOUT_MSEC, read_timeout_ms),
        ]
        self._opener = opener
        self._video: Video | None = None

    def __repr__(self) -> str:
        return f"StreamCamera({self.name!r})"

    def open(self) -> None:
        """Connect. Raises CameraError when nothing usable answers in time."""
        self._video = Video.open(self._address, cv2.CAP_FFMPEG, self._params, self._opener)
        if self._video is None:
            raise CameraError(
                f"The camera stream {self.name} cannot be opened. Check the network, the address, "
                "the user name and the password."
            )

    def read(self) -> Pixels:
        """Wait for the next frame. Raises CameraError when the stream stalls or ends."""
        if self._video is None:
            raise RuntimeError("the stream is not open")
        pixels = self._video.read()
        if pixels is None:
            raise CameraError(
                f"The camera stream {self.name} delivers no pictures. Check the camera and the "
                "network; it is tried again."
            )
        return pixels

    def close(self) -> None:
        """Disconnect; call from the thread that opened it."""
        video, self._video = self._video, None
        if video is not None:
            video.close()
