"""What the demonstration does around the engine; the engine itself is tried end to end."""

from __future__ import annotations

import logging
from datetime import date
from pathlib import Path

import pytest

from kiosk.datafolder import DataFolder
from kiosk.demo.demonstration import DemoListener, Demonstration, temporary_folder
from kiosk.demo.sitter import Sitter
from kiosk.domain import CameraState, CameraStatus, DoorState, DoorStatus, Guidance, Phase
from kiosk.enrolment import EnrolmentProgress, View
from kiosk.errors import KioskError
from kiosk.listener import KioskView, SilentListener
from kiosk.models.pack import Pack

FIRST = EnrolmentProgress(View.FRONT, (), Guidance.NO_FACE, 0.0)
IDLE = KioskView(Phase.IDLE)


@pytest.fixture
def demonstration(tmp_path: Path) -> Demonstration:
    return Demonstration(DataFolder(tmp_path), Pack(tmp_path, ()), date(2026, 11, 21))


def on_stage(demonstration: Demonstration, now_s: float) -> str:
    return demonstration.script.moment(now_s)[0].name


def test_the_story_begins_when_the_kiosk_is_ready(demonstration: Demonstration) -> None:
    assert on_stage(demonstration, 0.0) == "empty"
    assert demonstration.narrator.caption.title == ""
    demonstration.narrator.saw(IDLE)
    demonstration.script.moment(5.0)
    assert demonstration.narrator.caption.chapter == 1


def test_a_key_sends_in_its_visitor_at_once(demonstration: Demonstration) -> None:
    demonstration.narrator.saw(IDLE)
    on_stage(demonstration, 0.0)
    for key, name in (("s", "stranger"), ("P", "photograph"), ("3", "dark")):
        assert demonstration.send_in(key)
        assert on_stage(demonstration, 0.1) == name
    assert not demonstration.send_in("x")


def test_next_goes_on_with_the_story_and_begins_it_again(demonstration: Demonstration) -> None:
    demonstration.narrator.saw(IDLE)
    now_s, seen = 0.0, [on_stage(demonstration, 0.0)]
    while not demonstration.narrator.has_ended:
        demonstration.next_visitor()
        now_s += 0.1
        seen.append(on_stage(demonstration, now_s))
    names = [chapter.visit.name for chapter in demonstration.chapters]
    assert seen == [*names, "empty"]
    demonstration.next_visitor()
    demonstration.script.moment(now_s + 1)
    demonstration.next_visitor()
    assert demonstration.script.moment(now_s + 2)[0] is demonstration.chapters[1].visit


def test_an_enrolment_brings_the_visitor(demonstration: Demonstration) -> None:
    demonstration.narrator.saw(IDLE)
    on_stage(demonstration, 0.0)
    demonstration.follow_enrolment(FIRST)
    demonstration.follow_enrolment(FIRST)
    sitter, _ = demonstration.script.moment(0.1)
    assert isinstance(sitter, Sitter)
    assert demonstration.script.moment(50.0)[0] is sitter
    assert demonstration.narrator.caption.title == "Enrolment"


def test_nobody_comes_when_all_views_are_taken(demonstration: Demonstration) -> None:
    demonstration.narrator.saw(IDLE)
    before = on_stage(demonstration, 0.0)
    demonstration.follow_enrolment(EnrolmentProgress(None, tuple(View), None, 0.0, finished=True))
    assert on_stage(demonstration, 0.1) == before


class Notes(SilentListener):
    def __init__(self) -> None:
        self.told: list[object] = []
        self.frames = 0

    def frame_arrived(self) -> None:
        self.frames += 1

    def view_changed(self, view: KioskView) -> None:
        self.told.append(view)

    def door_changed(self, status: DoorStatus) -> None:
        self.told.append(status)

    def camera_changed(self, status: CameraStatus) -> None:
        self.told.append(status)

    def enrolment_changed(self, progress: EnrolmentProgress) -> None:
        self.told.append(progress)


def test_all_news_reach_the_screens_unchanged(demonstration: Demonstration) -> None:
    notes = Notes()
    listener = DemoListener(notes, demonstration)
    door = DoorStatus(DoorState.LOCKED, "sim", True)
    camera = CameraStatus(CameraState.STREAMING, "sim")
    listener.frame_arrived()
    listener.result_arrived()
    listener.view_changed(IDLE)
    listener.door_changed(door)
    listener.camera_changed(camera)
    listener.enrolment_changed(FIRST)
    assert notes.told == [IDLE, door, camera, FIRST]
    assert notes.frames == 1


def test_its_folder_is_its_own_and_goes_with_it() -> None:
    with temporary_folder() as first, temporary_folder() as second:
        assert first.root.is_dir() and second.root.is_dir()
        assert first.root != second.root
        (first.root / "kiosk.db").write_text("people")
    assert not first.root.parent.exists()


def test_without_a_place_for_temporary_files_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "absent"))
    with pytest.raises(KioskError, match="TMPDIR"), temporary_folder():
        pass


def test_networks_that_are_missing_are_shown_by_the_engine(
    demonstration: Demonstration, caplog: pytest.LogCaptureFixture
) -> None:
    class StillCamera:
        name, is_live = "still", False

        def open(self) -> None: ...

        def read(self) -> None:
            return None

        def close(self) -> None: ...

    engine = demonstration.make_engine(SilentListener(), StillCamera())
    with caplog.at_level(logging.ERROR):
        engine.start()
    engine.stop()
    assert "the town cannot move in" in caplog.text
