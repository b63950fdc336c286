"""Network streams: real Motion-JPEG over HTTP from a server in this process."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from kiosk.camera.capture import Capture
from kiosk.camera.stream import StreamCamera, redact
from kiosk.domain import CameraState, CameraStatus, Frame
from kiosk.errors import CameraError

SECRET = "s3cret"


class MotionJpegServer:
    """Serve ``frames`` pictures to each visitor, then stall until closed, or hang up."""

    def __init__(self, frames: int, stalls: bool) -> None:
        self._frames = frames
        self._stalls = stalls
        self._closing = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, name="mjpeg server")
        self.visits = 0
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}/video"
        self._thread.start()

    def close(self) -> None:
        self._closing.set()
        # Wakes the accept().
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.visits += 1
            with connection:
                try:
                    self._answer(connection)
                except OSError:  # the visitor left
                    continue

    def _answer(self, connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(
            b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n"
        )
        for number in range(self._frames):
            picture = np.full((48, 64, 3), 50 + number % 100, np.uint8)
            data = cv2.imencode(".jpg", picture)[1].tobytes()
            connection.sendall(
                b"--frame\r\nContent-Type: image/jpeg\r\n"
                b"Content-Length: %d\r\n\r\n%s\r\n" % (len(data), data)
            )
        if self._stalls:
            self._closing.wait(20)


@pytest.fixture
def stalling_server() -> Iterator[MotionJpegServer]:
    server = MotionJpegServer(frames=30, stalls=True)
    yield server
    server.close()


@pytest.fixture
def closing_server() -> Iterator[MotionJpegServer]:
    server = MotionJpegServer(frames=30, stalls=False)
    yield server
    server.close()


@pytest.fixture
def silent_server() -> Iterator[MotionJpegServer]:
    server = MotionJpegServer(frames=0, stalls=True)
    yield server
    server.close()


def read_until_lost(camera: StreamCamera) -> tuple[int, str]:
    camera.open()
    frames = 0
    try:
        while frames < 1000:
            assert camera.read().shape == (48, 64, 3)
            frames += 1
    except CameraError as error:
        return frames, str(error)
    finally:
        camera.close()
    raise AssertionError("the stream never ended")


def test_stalled_stream_is_lost_after_the_timeout(stalling_server: MotionJpegServer) -> None:
    camera = StreamCamera(stalling_server.address, read_timeout_ms=300)
    begin_s = time.monotonic()
    frames, message = read_until_lost(camera)
    assert frames >= 20
    assert "delivers no pictures" in message
    assert time.monotonic() - begin_s < 5


def test_closed_stream_is_lost_and_can_be_opened_again(closing_server: MotionJpegServer) -> None:
    camera = StreamCamera(closing_server.address)
    for visit in (1, 2):
        frames, _ = read_until_lost(camera)
        assert frames >= 20
        assert closing_server.visits == visit


def test_server_that_never_sends_a_picture(silent_server: MotionJpegServer) -> None:
    camera = StreamCamera(silent_server.address, open_timeout_ms=300, read_timeout_ms=300)
    begin_s = time.monotonic()
    with pytest.raises(CameraError, match="cannot be opened"):
        camera.open()
    assert time.monotonic() - begin_s < 5
    camera.close()


def test_password_is_shown_nowhere(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    # Nothing listens on a port that was just given back.
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    camera = StreamCamera(f"http://admin:{SECRET}@127.0.0.1:{port}/video?token={SECRET}")
    statuses: list[CameraStatus] = []
    lost = threading.Event()

    def note(status: CameraStatus) -> None:
        statuses.append(status)
        if status.state is CameraState.LOST:
            lost.set()

    with caplog.at_level(logging.DEBUG):
        capture = Capture(camera, [], note)
        capture.start()
        assert lost.wait(10)
        capture.request_stop()
        assert capture.join(10)
    shown = repr(statuses) + caplog.text + "".join(capfd.readouterr()) + camera.name + repr(camera)
    assert f"127.0.0.1:{port}" in shown
    assert SECRET not in shown
    assert "admin" not in shown


def test_frames_of_a_stream_reach_the_sinks(stalling_server: MotionJpegServer) -> None:
    camera = StreamCamera(stalling_server.address, read_timeout_ms=300)
    enough = threading.Event()

    def count(frame: Frame) -> None:
        if frame.sequence == 9:
            enough.set()

    capture = Capture(camera, [count], lambda status: None)
    capture.start()
    assert enough.wait(10)
    capture.request_stop()
    assert capture.join(10)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://cam/live", "rtsp://cam/live"),
        ("rtsp://admin:pw@cam:554/live", "rtsp://***@cam:554/live"),
        ("rtsp://admin:p@s/s#w@cam/live", "rtsp://***@cam/live"),
        ("http://cam/video?user=admin&pwd=pw", "http://cam/video?***"),
        ("rtsp://cam/user=admin&password=pw&channel=1", "rtsp://cam/user=***"),
        ("rtsp:/admin:pw@cam", "rtsp:/***@cam"),
        ("admin:pw@cam", "***@cam"),
        ("/home/door/video.mp4", "/home/door/video.mp4"),
    ],
)
def test_redaction(address: str, shown: str) -> None:
    assert redact(address) == shown
