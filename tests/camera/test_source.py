"""What the setting ``camera.source`` can say."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from kiosk.camera.images import ImageFolderCamera
from kiosk.camera.source import parse_source
from kiosk.camera.stream import StreamCamera
from kiosk.camera.testcard import TestPictureCamera
from kiosk.camera.v4l2 import DeviceCamera
from kiosk.camera.videofile import VideoFileCamera
from kiosk.config import CameraConfig
from kiosk.errors import CameraError, ConfigError, KioskError

CONFIG = CameraConfig()


@pytest.mark.parametrize(
    ("text", "kind", "name", "is_live"),
    [
        ("0", DeviceCamera, "/dev/video0", True),
        (" 11 ", DeviceCamera, "/dev/video11", True),
        ("/dev/video2", DeviceCamera, "/dev/video2", True),
        ("/dev/v4l/by-id/usb-Cam-index0", DeviceCamera, "/dev/v4l/by-id/usb-Cam-index0", True),
        ("rtsp://cam:554/live", StreamCamera, "rtsp://cam:554/live", True),
        ("RTSP://cam/live", StreamCamera, "RTSP://cam/live", True),
        ("https://u:p@cam/video", StreamCamera, "https://***@cam/video", True),
        ("udp://@239.0.0.1:1234", StreamCamera, "udp://***@239.0.0.1:1234", True),
        ("tcp://10.0.0.2:5000", StreamCamera, "tcp://10.0.0.2:5000", True),
        ("test", TestPictureCamera, "test picture", True),
    ],
)
def test_sources_that_need_no_file(text: str, kind: type, name: str, is_live: bool) -> None:
    camera = parse_source(text, CONFIG)
    assert type(camera) is kind
    assert camera.name == name
    assert camera.is_live is is_live


def test_files_and_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "walk.mp4").touch()
    (tmp_path / "faces").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    video = parse_source(str(tmp_path / "walk.mp4"), CONFIG)
    folder = parse_source("~/faces", CONFIG)
    assert type(video) is VideoFileCamera
    assert type(folder) is ImageFolderCamera
    assert folder.name == str(tmp_path / "faces")
    assert not video.is_live
    assert not folder.is_live


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("a\0b", "control characters"),
        ("gopher://cam/x", "unknown scheme"),
        ("file:///home/x.mp4", "unknown scheme"),
        ("rtsp:///live", "names no host"),
        ("rtsp://cam:port/live", "is not valid"),
        ("rtsp://[::1/live", "is not valid"),
    ],
)
def test_text_that_names_no_source(text: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        parse_source(text, CONFIG)


def test_missing_file() -> None:
    with pytest.raises(CameraError, match=r"There is no file or folder walk\.mp4"):
        parse_source("walk.mp4", CONFIG)


def test_single_image(tmp_path: Path) -> None:
    (tmp_path / "face.JPG").touch()
    with pytest.raises(ConfigError, match="is a single image"):
        parse_source(str(tmp_path / "face.JPG"), CONFIG)


@pytest.mark.parametrize(
    "text",
    [
        "gopher://admin:s3cret@cam/x",
        "rtsp://admin:s3cret@cam:port/live",
        "rtsp://admin:s3cret@[::1/live",
        "rtsp://admin:s3cret@/live",
        "rtsp:/admin:s3cret@cam/live",
        "admin:s3cret@cam/live",
    ],
)
def test_mistyped_address_does_not_show_its_password(text: str) -> None:
    with pytest.raises(KioskError) as caught:
        parse_source(text, CONFIG)
    shown = "".join(traceback.format_exception_only(caught.type, caught.value))
    assert "s3cret" not in shown
    assert "admin" not in shown
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
