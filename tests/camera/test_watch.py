"""A camera that says it is lost, one that says nothing, and one that shows what is not there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kiosk.camera.authenticity import DEVICE_RULES, Suspicion
from kiosk.camera.source import parse_source
from kiosk.camera.watch import SENTENCES, CameraWatch
from kiosk.config import CameraConfig
from kiosk.domain import CameraState, CameraStatus, EventKind, Frame, Pixels

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


# --- pictures that are not those of the door ------------------------------------------------------

FRAME_NS = 100_000_000


class Judged:
    """A watch over a sensor that films noise, and what it told of it."""

    def __init__(self) -> None:
        self.suspected: list[tuple[Suspicion, str | None]] = []
        self.events: list[tuple[EventKind, str]] = []
        self.is_virtual = False
        self.now_ns = S
        self._rng = np.random.default_rng(0)
        self.watch = CameraWatch(
            lambda sentence: None,
            lambda sentence: None,
            lambda kind, text: self.events.append((kind, text)),
            lambda suspicion, sentence: self.suspected.append((suspicion, sentence)),
            DEVICE_RULES,
            lambda: self.is_virtual,
        )
        self.watch.changed(STREAMING)

    def film(self) -> Pixels:
        return self._rng.integers(90, 110, (48, 64, 3), dtype=np.uint8)

    def show(self, seconds: float, pixels: Pixels | None = None) -> list[bool]:
        new = []
        for _ in range(round(seconds * S / FRAME_NS)):
            self.now_ns += FRAME_NS
            shown = self.film() if pixels is None else pixels
            new.append(self.watch.seen(Frame(shown, self.now_ns)))
        return new

    @property
    def kinds(self) -> list[tuple[Suspicion, bool]]:
        return [(suspicion, sentence is not None) for suspicion, sentence in self.suspected]


@pytest.fixture
def judged() -> Judged:
    return Judged()


def test_a_living_camera_is_not_suspected(judged: Judged) -> None:
    assert judged.show(20) == [True] * 200
    assert (judged.suspected, judged.events) == ([], [])


def test_repeated_frames_are_no_news_and_then_a_fault_told_and_logged_once(judged: Judged) -> None:
    frozen = judged.film()
    assert judged.show(10, frozen) == [True] + [False] * 99
    judged.show(1)
    assert judged.kinds == [(Suspicion.FROZEN, True), (Suspicion.FROZEN, False)]
    sentence = "the camera delivers the same picture all the time. Plug it in again."
    assert judged.suspected[0][1] == sentence
    assert judged.events == [(EventKind.FAULT, sentence)]


def test_a_fault_that_comes_and_goes_fills_no_log(judged: Judged) -> None:
    frozen = judged.film()
    for _ in range(10):
        judged.show(3, frozen)
        judged.show(1)
    assert len(judged.kinds) == 20
    assert len(judged.events) == 1
    judged.show(60)
    judged.show(3, frozen)
    assert len(judged.events) == 2


def test_between_two_faults_the_door_is_never_in_order(judged: Judged) -> None:
    judged.show(3, judged.film())
    judged.show(3, np.zeros((48, 64, 3), np.uint8))
    judged.show(2)
    kinds = judged.kinds
    assert kinds[:3] == [
        (Suspicion.FROZEN, True),
        (Suspicion.BLACK, True),
        (Suspicion.FROZEN, False),
    ]
    assert sum(1 if begun else -1 for _, begun in kinds) == 0


def test_a_virtual_camera_is_a_fault_from_its_first_frame(judged: Judged) -> None:
    judged.is_virtual = True
    judged.show(5)
    assert judged.kinds == [(Suspicion.VIRTUAL, True)]
    assert "allow_virtual" in str(judged.suspected[0][1])
    judged.is_virtual = False
    judged.show(0.1)
    assert judged.kinds[-1] == (Suspicion.VIRTUAL, False)


def test_a_lost_camera_is_lost_and_nothing_else(judged: Judged) -> None:
    frozen = judged.film()
    judged.show(3, frozen)
    judged.watch.changed(LOST)
    assert judged.kinds[-1] == (Suspicion.FROZEN, False)
    judged.watch.changed(STREAMING)
    # Opened again it has its time again.
    judged.show(1.4, frozen)
    assert judged.kinds[-1] == (Suspicion.FROZEN, False)
    judged.show(1, frozen)
    assert judged.kinds[-1] == (Suspicion.FROZEN, True)


def test_what_claims_to_be_no_sensor_is_not_judged(news: News) -> None:
    black = np.zeros((48, 64, 3), np.uint8)
    assert all(news.watch.seen(Frame(black, n * S)) for n in range(30))
    assert news.events == []


def test_every_suspicion_has_a_fault_and_a_sentence_that_says_what_to_do() -> None:
    assert set(SENTENCES) == set(Suspicion)
    for sentence in SENTENCES.values():
        assert sentence.count("{name}") == 1
        assert sentence.count(". ") >= 1


def test_only_devices_and_streams_claim_to_be_sensors(tmp_path: Path) -> None:
    config = CameraConfig()
    (tmp_path / "a.mp4").touch()
    for source, is_sensor in {
        "0": True,
        "rtsp://host/path": True,
        "test": False,
        "sim:": False,
        str(tmp_path): False,
        str(tmp_path / "a.mp4"): False,
    }.items():
        camera = parse_source(source, config)
        assert (getattr(camera, "sensor_rules", None) is not None) is is_sensor, source
