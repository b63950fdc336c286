"""Local cameras: fallbacks and sentences, with a stand-in for the device."""

from __future__ import annotations

import errno
import logging
import struct
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from kiosk.camera.v4l2 import (
    Capability,
    DeviceCamera,
    check_device,
    explain_open_error,
    is_virtual,
    list_devices,
    parse_capability,
)
from kiosk.config import CameraConfig
from kiosk.errors import CameraError

MJPG = cv2.VideoWriter.fourcc(*"MJPG")
CONFIG = CameraConfig(width_px=640, height_px=480, frames_per_s=30)


class FakeDevice:
    """Stands in for cv2.VideoCapture: refuses some wishes, then plays a list of reads."""

    def __init__(
        self, reads: Sequence[np.ndarray | Exception | None], refused: Sequence[int] = ()
    ) -> None:
        self._reads = list(reads)
        self._refused = set(refused)
        self._opened = False
        self.attempts: list[dict[int, int]] = []
        self.properties: dict[int, float] = {}
        self.source = ""
        self.releases = 0

    def __call__(self, source: str, api: int, params: Sequence[int]) -> FakeDevice:
        assert api == cv2.CAP_V4L2
        wishes = dict(zip(params[::2], params[1::2], strict=True))
        self.attempts.append(wishes)
        self.source = source
        self._opened = not self._refused & set(wishes)
        return self

    def isOpened(self) -> bool:
        return self._opened

    def set(self, prop: int, value: float) -> bool:
        self.properties[prop] = value
        return True

    def get(self, prop: int) -> float:
        return self.properties.get(prop, -1.0)

    def read(self) -> tuple[bool, np.ndarray | None]:
        if not self._reads:
            return False, None
        item = self._reads.pop(0)
        if isinstance(item, Exception):
            raise item
        return item is not None, item

    def release(self) -> None:
        self.releases += 1


def picture(width: int = 640, height: int = 480) -> np.ndarray:
    return np.zeros((height, width, 3), np.uint8)


def webcam(path: str) -> Capability:
    return Capability("uvcvideo", "HD Webcam", "usb-1", can_capture=True)


def open_fake(device: FakeDevice) -> DeviceCamera:
    camera = DeviceCamera("/dev/video0", CONFIG, opener=device, check=webcam)
    camera.open()
    return camera


def test_asks_for_motion_jpeg_before_the_size_and_for_one_buffer() -> None:
    device = FakeDevice([picture(), picture()])
    camera = open_fake(device)
    assert list(device.attempts[0].items()) == [
        (cv2.CAP_PROP_FOURCC, MJPG),
        (cv2.CAP_PROP_FRAME_WIDTH, 640),
        (cv2.CAP_PROP_FRAME_HEIGHT, 480),
        (cv2.CAP_PROP_FPS, 30),
    ]
    assert device.properties == {cv2.CAP_PROP_BUFFERSIZE: 1}
    assert camera.read().shape == (480, 640, 3)
    camera.close()
    camera.close()
    assert device.releases == 1


@pytest.mark.parametrize(
    ("refused", "attempts"),
    [
        ([cv2.CAP_PROP_FOURCC], 2),
        ([cv2.CAP_PROP_FPS], 3),
        ([cv2.CAP_PROP_FRAME_WIDTH], 4),
    ],
)
def test_a_camera_that_refuses_a_wish_is_opened_without_it(
    refused: list[int], attempts: int
) -> None:
    device = FakeDevice([picture()], refused)
    open_fake(device).close()
    assert len(device.attempts) == attempts
    assert not set(refused) & set(device.attempts[-1])


def test_camera_that_cannot_be_started() -> None:
    def refuse(source: str, api: int, params: Sequence[int]) -> FakeDevice:
        raise cv2.error("driver failure")

    camera = DeviceCamera("/dev/video0", CONFIG, opener=refuse, check=webcam)
    with pytest.raises(CameraError, match=r"/dev/video0 \(HD Webcam\) cannot be started"):
        camera.open()
    camera.close()


def test_camera_without_a_first_frame_is_closed_again() -> None:
    device = FakeDevice([])
    with pytest.raises(CameraError, match="delivers no pictures"):
        open_fake(device)
    assert device.releases == 1


def test_grey_camera_is_refused() -> None:
    with pytest.raises(CameraError, match="format the program does not read"):
        open_fake(FakeDevice([np.zeros((480, 640), np.uint8)]))


def test_other_size_than_configured_is_accepted_and_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        open_fake(FakeDevice([picture(320, 240)])).close()
    assert "delivers 320 x 240 pixels, not the 640 x 480" in caplog.text


def test_a_damaged_frame_does_not_lose_the_camera() -> None:
    device = FakeDevice([picture(), None, cv2.error("empty buffer"), picture()])
    camera = open_fake(device)
    assert camera.read().shape == (480, 640, 3)
    camera.close()


def test_unplugged_camera_is_lost() -> None:
    camera = open_fake(FakeDevice([picture()]))
    with pytest.raises(CameraError, match="Check its cable"):
        camera.read()
    camera.close()


def test_a_link_is_followed_at_every_opening(tmp_path: Path) -> None:
    first, second, link = tmp_path / "video0", tmp_path / "video1", tmp_path / "by-id"
    link.symlink_to(first)
    device = FakeDevice([picture(), picture()])
    camera = DeviceCamera(str(link), CONFIG, opener=device, check=webcam)
    camera.open()
    assert device.source == str(first)
    camera.close()
    link.unlink()
    link.symlink_to(second)
    camera.open()
    assert device.source == str(second)
    assert camera.name == str(link)
    camera.close()


def test_virtual_camera_is_announced_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    def loopback(path: str) -> Capability:
        return Capability("v4l2 loopback", "Dummy", "platform:v4l2loopback", can_capture=True)

    camera = DeviceCamera("/dev/video9", CONFIG, opener=FakeDevice([picture()]), check=loopback)
    camera.open()
    camera.close()
    assert "/dev/video9 is a virtual camera" in caplog.text


def loopback(path: str) -> Capability:
    return Capability("v4l2 loopback", "Dummy", "platform:v4l2loopback-000", can_capture=True)


@pytest.mark.parametrize("is_allowed", [False, True])
def test_virtual_camera_is_suspect_unless_the_settings_allow_it(is_allowed: bool) -> None:
    config = CameraConfig(width_px=640, height_px=480, allow_virtual=is_allowed)
    answers = [loopback, webcam]
    camera = DeviceCamera(
        "/dev/video9",
        config,
        opener=FakeDevice([picture(), picture()]),
        check=lambda path: answers.pop(0)(path),
    )
    assert not camera.is_suspect
    camera.open()
    assert camera.is_suspect is not is_allowed
    camera.close()
    # Judged at each opening: the link leads to a real camera now.
    camera.open()
    assert not camera.is_suspect
    camera.close()


@pytest.mark.parametrize(
    ("driver", "bus", "place", "expected"),
    [
        ("uvcvideo", "usb-0000:00:14.0-1", "devices/pci0000:00/usb1/1-1/video4linux", False),
        ("rkisp", "platform:rkisp0-vir0", "devices/platform/rkisp0-vir0/video4linux", False),
        ("v4l2 loopback", "platform:v4l2loopback-000", "devices/virtual/video4linux", True),
        ("vivid", "platform:vivid-000", "devices/platform/vivid.0/video4linux", True),
        # A driver that calls itself something else still has no place on a bus.
        ("uvcvideo", "usb-0000:00:14.0-1", "devices/virtual/video4linux", True),
    ],
)
def test_virtual_is_told_by_driver_and_place(
    driver: str, bus: str, place: str, expected: bool, tmp_path: Path
) -> None:
    device = tmp_path / "sys" / place / "video3"
    device.mkdir(parents=True)
    shelf = tmp_path / "sys/class/video4linux"
    shelf.mkdir(parents=True)
    (shelf / "video3").symlink_to(device)
    link = tmp_path / "by-id"
    link.symlink_to("/dev/video3")
    capability = Capability(driver, "HD Webcam", bus, can_capture=True)
    assert is_virtual("/dev/video3", capability, tmp_path) is expected
    assert is_virtual(str(link), capability, tmp_path) is expected


def test_missing_device() -> None:
    with pytest.raises(CameraError, match="There is no camera at /dev/video987"):
        DeviceCamera("/dev/video987", CONFIG).open()


def test_file_that_is_no_device(tmp_path: Path) -> None:
    path = tmp_path / "video0"
    path.touch()
    with pytest.raises(CameraError, match="is not a camera"):
        check_device(str(path))


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (errno.EACCES, "group video"),
        (errno.EBUSY, "in use by another program"),
        (errno.ENOENT, r"There is no camera at /dev/video0. These exist: /dev/video2 \(Cam\)."),
        (errno.ENODEV, "There is no camera"),
        (errno.EIO, "Input/output error"),
    ],
)
def test_each_fault_has_its_sentence(code: int, sentence: str) -> None:
    error = OSError(code, "x")
    with pytest.raises(CameraError, match=sentence):
        raise CameraError(explain_open_error(error, "/dev/video0", ["/dev/video2 (Cam)"]))


def test_no_camera_connected_and_many_connected() -> None:
    missing = OSError(errno.ENOENT, "x")
    assert "No camera is connected" in explain_open_error(missing, "/dev/video0", [])
    many = [f"/dev/video{number}" for number in range(20)]
    assert explain_open_error(missing, "/dev/video99", many).endswith("/dev/video7 and 12 more.")


def test_devices_are_listed_by_number_with_their_names(tmp_path: Path) -> None:
    dev, sysfs = tmp_path / "dev", tmp_path / "sys"
    dev.mkdir()
    for name in ("video10", "video2", "video-dec0", "videodev"):
        (dev / name).touch()
    (sysfs / "video2").mkdir(parents=True)
    (sysfs / "video2" / "name").write_text("HD Webcam: HD\n")
    assert list_devices(dev, sysfs) == [f"{dev}/video2 (HD Webcam: HD)", f"{dev}/video10"]


@pytest.mark.parametrize(
    ("capabilities", "device_capabilities", "can_capture"),
    [
        (0x84A00001, 0x04200001, True),  # a webcam's picture node
        (0x84A00001, 0x04A00000, False),  # the same webcam's metadata node
        (0x84201000, 0x04201000, True),  # a multiplanar ISP
        (0x00000001, 0x00000000, True),  # an old driver without device capabilities
    ],
)
def test_capability_is_that_of_the_node(
    capabilities: int, device_capabilities: int, can_capture: bool
) -> None:
    answer = struct.pack(
        "=16s32s32sIII12x",
        b"uvcvideo",
        b"HD Webcam",
        b"usb-0000:00:14.0-1",
        0x060100,
        capabilities,
        device_capabilities,
    )
    assert len(answer) == 104
    capability = parse_capability(answer)
    assert capability == Capability("uvcvideo", "HD Webcam", "usb-0000:00:14.0-1", can_capture)
