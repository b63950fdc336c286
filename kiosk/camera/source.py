"""What a camera is to the rest of the program, and how the setting ``camera.source`` names one."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from kiosk.camera.images import SUFFIXES, ImageFolderCamera
from kiosk.camera.simulated import SCHEME, parse_simulated
from kiosk.camera.stream import SCHEMES, StreamCamera, redact
from kiosk.camera.testcard import TestPictureCamera
from kiosk.camera.v4l2 import DeviceCamera
from kiosk.camera.videofile import VideoFileCamera
from kiosk.config import CameraConfig
from kiosk.domain import Pixels
from kiosk.errors import CameraError, ConfigError

_KINDS = (
    "Use a number or device (0, /dev/video0), a stream (rtsp://host/path), a video file, a folder "
    "of images, test, or sim: (people who do not exist; sim:NAME for one scene)"
)


class Camera(Protocol):
    """A source of frames. All methods are called by one thread, the one that calls ``open``.

    A camera that also has a string attribute ``label`` names each picture with it (a file name).
    One with ``sensor_rules`` (:class:`~kiosk.camera.authenticity.SensorRules`) claims to be a live
    sensor, and its pictures are judged by them; ``is_suspect`` is True while it is a virtual one
    that the settings do not allow. One with a method ``meter(luminance, at_ns)`` has an exposure
    that can be metered on a face.
    """

    @property
    def name(self) -> str:
        """The source in words, without passwords."""

    @property
    def is_live(self) -> bool:
        """True when it has no end, so that a loss is worth another try."""

    def open(self) -> None:
        """Make it ready to read; may be called again after ``close``. Raises CameraError."""

    def read(self) -> Pixels | None:
        """Wait for the next frame (BGR, uint8); None at the end of a finite source.

        Raises CameraError when a live source is lost or stalled.
        """

    def close(self) -> None:
        """Let go of it; harmless when it is not open. Does not raise."""


def parse_source(text: str, config: CameraConfig) -> Camera:
    """Return the camera that ``text`` names; devices and streams are not opened yet.

    Raises ConfigError when the text cannot name a source, CameraError when it names a file or
    folder that does not exist.
    """
    text = text.strip()
    if not text or not text.isprintable():
        raise ConfigError(f"The camera source is empty or holds control characters. {_KINDS}.")
    if text == "test":
        return TestPictureCamera(config)
    if text.startswith(SCHEME):
        return parse_simulated(text, config)
    if re.fullmatch(r"[0-9]{1,3}", text):
        return DeviceCamera(f"/dev/video{int(text)}", config)
    if "://" in text:
        return _parse_stream(text)
    path = Path(text).expanduser()
    is_below_dev = path.is_absolute() and Path(os.path.normpath(path)).is_relative_to("/dev")
    if is_below_dev and not path.is_file() and not path.is_dir():
        return DeviceCamera(str(path), config)
    return _parse_path(path, text, config)


def _parse_stream(text: str) -> StreamCamera:
    shown = redact(text)
    # The parser's own messages quote the address, so they are not passed on or chained.
    problem = ""
    try:
        parts = urlsplit(text)
        _ = parts.port
        scheme, host = parts.scheme.lower(), parts.netloc.rpartition("@")[2]
    except ValueError:
        scheme = host = ""
        problem = f"The camera address {shown} is not valid. Write it as rtsp://host:554/path."
    if not problem and scheme not in SCHEMES:
        problem = (
            f"The camera address {shown} begins with an unknown scheme. Use one of "
            f"{', '.join(f'{name}://' for name in SCHEMES)}, or a path without a scheme."
        )
    if not problem and not host:
        problem = f"The camera address {shown} names no host. Write it as rtsp://host:554/path."
    if problem:
        raise ConfigError(problem)
    return StreamCamera(text)


def _parse_path(path: Path, text: str, config: CameraConfig) -> Camera:
    if path.is_dir():
        return ImageFolderCamera(path, config)
    if path.is_file():
        if path.suffix.lower() in SUFFIXES:
            raise ConfigError(
                f"The camera source {text} is a single image. Name the folder that holds it."
            )
        return VideoFileCamera(path)
    if path.exists():
        raise ConfigError(f"The camera source {text} is no video file and no folder. {_KINDS}.")
    # A mistyped address lands here too, so what looks like a password is left out.
    raise CameraError(f"There is no file or folder {redact(text)}. {_KINDS}.")
