"""A folder of images as a camera."""

from __future__ import annotations

import logging
from pathlib import Path

import cv2
import numpy as np
import pytest

from kiosk.camera.images import ImageFolderCamera, natural_key
from kiosk.config import CameraConfig
from kiosk.errors import CameraError

QUICK = CameraConfig(frames_per_s=30, image_hold_s=0.2)  # 15 frames a second, 3 frames an image


def put_image(path: Path, grey: int) -> None:
    path.write_bytes(cv2.imencode(".png", np.full((8, 8, 3), grey, np.uint8))[1].tobytes())


def play(camera: ImageFolderCamera) -> list[tuple[str, int]]:
    camera.open()
    frames = []
    while (pixels := camera.read()) is not None:
        frames.append((camera.label, int(pixels[0, 0, 0])))
    camera.close()
    return frames


def test_images_are_held_and_come_in_natural_order(tmp_path: Path) -> None:
    put_image(tmp_path / "face10.png", 30)
    put_image(tmp_path / "face2.PNG", 20)
    put_image(tmp_path / "Face1.webp", 10)
    (tmp_path / "notes.txt").write_text("no image")
    put_image(tmp_path / "._face3.png", 99)
    (tmp_path / "folder.png").mkdir()
    expected = [("Face1.webp", 10), ("face2.PNG", 20), ("face10.png", 30)]
    assert play(ImageFolderCamera(tmp_path, QUICK)) == [f for f in expected for _ in range(3)]


def test_damaged_images_are_skipped_counted_and_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    put_image(tmp_path / "a.png", 10)
    (tmp_path / "b.jpg").write_bytes(b"\xff\xd8\xff broken")
    (tmp_path / "c.png").touch()
    put_image(tmp_path / "d.png", 20)
    camera = ImageFolderCamera(tmp_path, QUICK)
    with caplog.at_level(logging.WARNING):
        assert [label for label, _ in play(camera)] == ["a.png"] * 3 + ["d.png"] * 3
    assert camera.skipped == 2
    assert "b.jpg" in caplog.text
    assert "c.png is empty" in caplog.text


def test_only_damaged_images_is_an_error_not_an_end(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    camera = ImageFolderCamera(tmp_path, QUICK)
    camera.open()
    with pytest.raises(CameraError, match="None of the 1 images"):
        camera.read()


def test_folder_without_images(tmp_path: Path) -> None:
    with pytest.raises(CameraError, match="has no images"):
        ImageFolderCamera(tmp_path, QUICK).open()


def test_folder_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(CameraError, match="cannot be read: No such file"):
        ImageFolderCamera(tmp_path / "gone", QUICK).open()


def test_can_be_opened_again_from_the_start(tmp_path: Path) -> None:
    put_image(tmp_path / "a.png", 10)
    camera = ImageFolderCamera(tmp_path, QUICK)
    assert play(camera) == play(camera)
    assert not camera.is_live


def test_a_short_hold_still_shows_each_image_once(tmp_path: Path) -> None:
    put_image(tmp_path / "a.png", 10)
    config = CameraConfig(frames_per_s=1, image_hold_s=0.1)
    assert len(play(ImageFolderCamera(tmp_path, config))) == 1


def test_natural_order_of_mixed_names() -> None:
    names = ["b", "a10", "A2", "10", "9", "", "a"]
    assert sorted(names, key=natural_key) == ["", "9", "10", "a", "A2", "a10", "b"]
