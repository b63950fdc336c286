"""A camera that says it is lost, and one that says nothing."""

from __future__ import annotations

import pytest

from kiosk.camera.watch import CameraWatch
from kiosk.domain import CameraState, CameraStatus, EventKind

S = 1_000_000_000
STREAMING = CameraStatus(CameraState.STREAMING, "the camera")
LOST = CameraStatus(CameraState.LOST, "the camera", "Its cable is out.")


class News:
    """What a watch told."""

    def __init__(self) -> None:
        self.lost: list[str | None] = []
        self.stalled: list[str | None] = []
        self.events: list[tuple[EventKind, str]] = []
        self.watch = CameraWatch(
            self.lost.append,
            self.stalled.append,
            lambda kind, text: self.events.append((kind, text)),
        )


@pytest.fixture
def news() -> News:
    return News()


def test_lost_is_recorded_once_however_often_it_is_said(news: News) -> None:
    for status in (STREAMING, LOST, LOST, STREAMING):
        news.watch.changed(status)
    assert news.lost == [None, "Its cable is out.", "Its cable is out.", None]
    assert news.events == [
        (EventKind.CAMERA_LOST, "Its cable is out."),
        (EventKind.CAMERA_BACK, ""),
    ]
    assert news.watch.status is STREAMING


def test_silence_for_more_than_three_seconds_is_a_fault_until_a_picture_comes(news: News) -> None:
    news.watch.changed(STREAMING)
    for age_ns in (S, 3 * S, 3 * S + 1, 0):
        news.watch.look(age_ns)
    said = "the camera has stopped delivering pictures."
    assert news.stalled == [None, None, said, None]


@pytest.mark.parametrize(
    "status",
    [None, LOST, CameraStatus(CameraState.OPENING, "x"), CameraStatus(CameraState.ENDED, "x")],
)
def test_only_a_camera_that_claims_to_stream_can_stall(
    news: News, status: CameraStatus | None
) -> None:
    if status is not None:
        news.watch.changed(status)
    before = len(news.stalled)
    news.watch.look(60 * S)
    assert len(news.stalled) == before
