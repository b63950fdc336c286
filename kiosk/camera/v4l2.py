"""A camera on this computer, through Video4Linux2."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import re
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2

from kiosk.camera.authenticity import DEVICE_RULES
from kiosk.camera.exposure import FaceExposure
from kiosk.camera.opencv import Video, VideoOpener
from kiosk.config import CameraConfig
from kiosk.domain import Pixels
from kiosk.errors import CameraError

_log = logging.getLogger(__name__)

_VIDIOC_QUERYCAP = 0x80685600
_CAPABILITY = struct.Struct("=16s32s32sIII12x")
_CAP_VIDEO_CAPTURE = 0x00000001
_CAP_VIDEO_CAPTURE_MPLANE = 0x00001000
_CAP_DEVICE_CAPS = 0x80000000

# A single damaged frame is common on USB and no reason to close the camera; one that stays silent
# is lost at once.
_READ_ATTEMPTS = 3
_READ_PATIENCE_S = 1.0
_SELECT_TIMEOUT_S = "2"
_MAX_LISTED = 8
# Drivers of devices that show what a program or a generator gives them.
_VIRTUAL_DRIVERS = ("loopback", "vivid", "vimc", "akvcam", "vcam")


@dataclass(frozen=True, slots=True)
class Capability:
    """What a V4L2 device says it is."""

    driver: str
    card: str
    bus: str
    can_capture: bool


class DeviceCamera:
    """Frames from /dev/videoN, or from a stable link such as those in /dev/v4l/by-id."""

    is_live = True
    sensor_rules = DEVICE_RULES

    def __init__(
        self,
        path: str,
        config: CameraConfig,
        opener: VideoOpener = cv2.VideoCapture,
        check: Callable[[str], Capability] | None = None,
        root: Path = Path("/"),
    ) -> None:
        """``root`` is where /sys is looked for."""
        self.name = path
        self._config = config
        self._opener = opener
        self._check = check_device if check is None else check
        self._root = root
        self._video: Video | None = None
        self._exposure: FaceExposure | None = None
        self.is_suspect = False
        """True while the device opened last is a virtual one and the settings do not allow it."""

    def open(self) -> None:
        """Open the device and see its first frame. Raises CameraError saying what to do."""
        capability = self._check(self.name)
        # Looked at each time: the link may point to another device now.
        virtual = is_virtual(self.name, capability, self._root)
        if virtual:
            _log.warning("%s is a virtual camera: any program can feed it pictures", self.name)
        self.is_suspect = virtual and not self._config.allow_virtual
        # OpenCV reads it at its first request to a device; the default of 10 s would hold up
        # shutdown and hide a stalled camera for too long.
        os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", _SELECT_TIMEOUT_S)
        # Resolved each time: a link by id points elsewhere after the camera was plugged in again.
        target = os.path.realpath(self.name)
        for params in self._wishes():
            self._video = Video.open(target, cv2.CAP_V4L2, params, self._opener)
            if self._video is not None:
                break
        else:
            raise CameraError(
                f"The camera {self.name} ({capability.card}) cannot be started. Close other "
                "programs that use it, or plug it in again."
            )
        try:
            self._video.set(cv2.CAP_PROP_BUFFERSIZE, 1)
            first = self.read()
            if self._config.meter_on_face:
                self._exposure = FaceExposure(self._video, self._config.frames_per_s)
        except CameraError:
            self.close()
            raise
        height, width = first.shape[:2]
        _log.info(
            "%s: %s (%s, %s), %d x %d",
            self.name,
            capability.card,
            capability.driver,
            capability.bus,
            width,
            height,
        )
        if (width, height) != (self._config.width_px, self._config.height_px):
            _log.warning(
                "%s delivers %d x %d pixels, not the %d x %d of the settings",
                self.name,
                width,
                height,
                self._config.width_px,
                self._config.height_px,
            )

    def read(self) -> Pixels:
        """Wait for the next frame. Raises CameraError when the camera is lost or stalled."""
        if self._video is None:
            raise RuntimeError("the camera is not open")
        give_up_at = time.monotonic() + _READ_PATIENCE_S
        for _ in range(_READ_ATTEMPTS):
            pixels = self._video.read()
            if pixels is not None:
                return pixels
            if time.monotonic() > give_up_at:
                break
        raise CameraError(
            f"The camera {self.name} delivers no pictures. Check its cable; it is tried again."
        )

    def meter(self, luminance: float | None, at_ns: int) -> None:
        """Expose for a face of this mean luma, 0–255, or as the camera likes with None."""
        if self._exposure is not None:
            self._exposure.meter(luminance, at_ns)

    def close(self) -> None:
        """Release the device; call from the thread that opened it."""
        exposure, self._exposure = self._exposure, None
        if exposure is not None:
            # The device keeps its settings: the next program would find it too dark or too bright.
            exposure.release()
        video, self._video = self._video, None
        if video is not None:
            video.close()

    def _wishes(self) -> list[list[int]]:
        size = [
            *(cv2.CAP_PROP_FRAME_WIDTH, self._config.width_px),
            *(cv2.CAP_PROP_FRAME_HEIGHT, self._config.height_px),
            *(cv2.CAP_PROP_FPS, self._config.frames_per_s),
        ]
        # Motion-JPEG comes before the size: raw 720p does not fit through USB 2. OpenCV refuses to
        # open a device that rejects one of the wishes, hence the later, smaller lists.
        motion_jpeg = [cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG")]
        return [motion_jpeg + size, size, size[:4], []]


def check_device(path: str) -> Capability:
    """Return what the device is. Raises CameraError when it is missing, barred or no camera."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise CameraError(explain_open_error(error, path, list_devices())) from error
    try:
        answer = bytearray(_CAPABILITY.size)
        fcntl.ioctl(descriptor, _VIDIOC_QUERYCAP, answer)
    except OSError as error:
        raise CameraError(f"{path} is not a camera. {_listing(list_devices())}") from error
    finally:
        os.close(descriptor)
    capability = parse_capability(bytes(answer))
    if not capability.can_capture:
        raise CameraError(
            f"{path} ({capability.card}) is a device that delivers no pictures; cameras often have "
            f"such a second one. {_listing(list_devices())}"
        )
    return capability


def is_virtual(path: str, capability: Capability, root: Path = Path("/")) -> bool:
    """Tell whether a device has no sensor, by its driver and its place among the devices.

    The driver's name and bus are what the driver says; a driver made to deceive says otherwise.
    """
    said = f"{capability.driver} {capability.bus}".lower()
    if any(name in said for name in _VIRTUAL_DRIVERS):
        return True
    node = Path(os.path.realpath(path)).name
    place = os.path.realpath(root / "sys/class/video4linux" / node)
    return "/devices/virtual/" in place


def parse_capability(answer: bytes) -> Capability:
    """Read the kernel's struct v4l2_capability (104 bytes)."""
    driver, card, bus, _version, capabilities, device_capabilities = _CAPABILITY.unpack(answer)
    if capabilities & _CAP_DEVICE_CAPS:
        capabilities = device_capabilities
    return Capability(
        driver=_text(driver),
        card=_text(card),
        bus=_text(bus),
        can_capture=bool(capabilities & (_CAP_VIDEO_CAPTURE | _CAP_VIDEO_CAPTURE_MPLANE)),
    )


def explain_open_error(error: OSError, path: str, devices: Sequence[str]) -> str:
    """Say in a sentence why a device could not be opened and what to do."""
    if error.errno in (errno.EACCES, errno.EPERM):
        return (
            f"The camera {path} may not be used by this user. Add the user to the group video "
            "(sudo usermod -aG video USER) and start the program again."
        )
    if error.errno == errno.EBUSY:
        return f"The camera {path} is in use by another program. Close that program."
    if error.errno in (errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.ENOTDIR):
        return f"There is no camera at {path}. {_listing(devices)}"
    return f"The camera {path} cannot be opened: {os.strerror(error.errno or 0)}. Plug it in again."


def list_devices(
    dev: Path = Path("/dev"), sysfs: Path = Path("/sys/class/video4linux")
) -> list[str]:
    """Return the video devices that exist, each as ``/dev/videoN (name)``, by number."""
    found: list[tuple[int, str]] = []
    for path in dev.glob("video*"):
        number = re.fullmatch(r"video(\d+)", path.name)
        if number is None:
            continue
        try:
            name = (sysfs / path.name / "name").read_text("utf-8", "replace").strip()
        except OSError:
            name = ""
        found.append((int(number[1]), f"{path} ({name})" if name else str(path)))
    return [text for _, text in sorted(found)]


def _listing(devices: Sequence[str]) -> str:
    if not devices:
        return "No camera is connected: check the cable."
    more = f" and {len(devices) - _MAX_LISTED} more" if len(devices) > _MAX_LISTED else ""
    return f"These exist: {', '.join(devices[:_MAX_LISTED])}{more}."


def _text(field: bytes) -> str:
    return field.split(b"\0", 1)[0].decode("utf-8", "replace")
