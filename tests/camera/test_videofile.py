"""A recorded video as a camera."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

import kiosk
from kiosk.camera.opencv import Video
from kiosk.camera.videofile import VideoFileCamera
from kiosk.errors import CameraError


def write_video(path: Path, frames_per_s: float, greys: Sequence[int]) -> None:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), frames_per_s, (64, 48))
    assert writer.isOpened()
    for grey in greys:
        writer.write(np.full((48, 64, 3), grey, np.uint8))
    writer.release()


class UnpacedFrames:
    """Stands in for cv2.VideoCapture on a file that states a certain frame rate."""

    def __init__(self, frames_per_s: float) -> None:
        self._frames_per_s = frames_per_s
        self.released = False

    def __call__(self, source: str, api: int, params: Sequence[int]) -> UnpacedFrames:
        return self

    def isOpened(self) -> bool:
        return True

    def read(self) -> tuple[bool, np.ndarray]:
        return True, np.zeros((2, 2, 3), np.uint8)

    def get(self, prop: int) -> float:
        return self._frames_per_s

    def release(self) -> None:
        self.released = True


def test_plays_every_frame_in_real_time_then_ends(tmp_path: Path) -> None:
    path = tmp_path / "Tür 1:2.avi"
    write_video(path, 50, [20, 60, 100, 140, 180, 220])
    camera = VideoFileCamera(path)
    camera.open()
    begin_s = time.monotonic()
    greys = []
    while (pixels := camera.read()) is not None:
        greys.append(int(pixels.mean()))
    length_s = time.monotonic() - begin_s
    assert camera.read() is None
    camera.close()
    assert camera.frames_per_s == 50
    assert greys == pytest.approx([20, 60, 100, 140, 180, 220], abs=4)
    assert length_s >= 5 / 50 * 0.99
    assert not camera.is_live


def test_can_be_played_again(tmp_path: Path) -> None:
    path = tmp_path / "a.avi"
    write_video(path, 100, [10, 20])
    camera = VideoFileCamera(path)
    for _ in range(2):
        camera.open()
        assert camera.read() is not None
        assert camera.read() is not None
        assert camera.read() is None
        camera.close()


@pytest.mark.parametrize("content", [b"", b"this is not a video", bytes(5000)])
def test_file_that_is_no_video(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    camera = VideoFileCamera(path)
    with pytest.raises(CameraError, match=r"a\.mp4 is not a video"):
        camera.open()
    camera.close()


def test_opencv_and_ffmpeg_write_nothing_to_stderr(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"this is not a video")
    code = (
        "import pathlib, sys\n"
        "from kiosk.camera.videofile import VideoFileCamera\n"
        "from kiosk.errors import CameraError\n"
        "try: VideoFileCamera(pathlib.Path(sys.argv[1])).open()\n"
        "except CameraError: print('refused')\n"
    )
    # In a process of its own: the tests before this one have silenced this one already.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("OPENCV_")}
    environment["PYTHONPATH"] = str(Path(kiosk.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert (done.stdout.strip(), done.stderr) == ("refused", "")


@pytest.mark.parametrize("stated", [0.0, -1.0, 90_000.0, float("nan"), float("inf")])
def test_unusable_frame_rate_becomes_25(stated: float) -> None:
    camera = VideoFileCamera(Path("a.avi"), opener=UnpacedFrames(stated))
    camera.open()
    assert camera.frames_per_s == 25
    camera.close()


def test_another_thread_cannot_release_it() -> None:
    reader = UnpacedFrames(25)
    video = Video.open("a.avi", cv2.CAP_FFMPEG, [], reader)
    assert video is not None
    caught: list[Exception] = []

    def close_elsewhere() -> None:
        try:
            video.close()
        except RuntimeError as error:
            caught.append(error)

    thread = threading.Thread(target=close_elsewhere)
    thread.start()
    thread.join()
    assert len(caught) == 1
    assert not reader.released
    video.close()
    assert reader.released
