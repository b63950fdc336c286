"""The simulated visitor follows a real guided capture to its end, on a clock that flies."""

from __future__ import annotations

import numpy as np
import pytest

from kiosk.demo.sitter import PATIENCE_S, Sitter
from kiosk.domain import (
    Box,
    Conditions,
    Detection,
    Embedding,
    FaceReport,
    Frame,
    Guidance,
    HeadPose,
    ModelId,
    Outcome,
)
from kiosk.enrolment import EnrolmentProgress, GuidedCapture, View
from kiosk.recognition.gallery import Gallery
from kiosk.simulator.scene import Actor

MODEL = ModelId("fake", "1", "fp32")
FACE = Embedding(np.array([1, 0, 0, 0], np.float32), MODEL)
STEP_S = 0.1


class Studio:
    """A sitter, a guided capture, and a measurement of the head that is off by a factor."""

    def __init__(self, gain: float = 1.0, min_eye_px: float = 0.0) -> None:
        self.now_s = 50.0
        self.began_s = self.now_s
        self.sitter = Sitter(1_000_040, 7, clock=lambda: self.now_s)
        self.gain, self.min_eye_px = gain, min_eye_px
        self.capture = GuidedCapture(
            Gallery.empty(MODEL), 0.5, lambda frame, report: FACE, lambda person: ""
        )
        self.actors: list[Actor] = []

    def step(self) -> EnrolmentProgress:
        self.now_s += STEP_S
        (actor,) = self.sitter.scene_at(self.now_s - self.began_s, 640, 480).actors
        self.actors.append(actor)
        frame = Frame(np.zeros((480, 640, 3), np.uint8), round(self.now_s * 1e9))
        progress = self.capture.update(frame, self.report(actor))
        self.sitter.follow(progress)
        return progress

    def report(self, actor: Actor) -> FaceReport:
        refusal = None
        if not 0.2 < actor.x_px / 640 < 0.8:
            refusal = Guidance.NO_FACE
        elif actor.eye_px < self.min_eye_px:
            refusal = Guidance.STEP_CLOSER
        face = Detection(Box(0, 0, 9, 9), np.zeros((5, 2), np.float32), 0.9)
        pose = HeadPose(actor.yaw_deg * self.gain, actor.pitch_deg * self.gain, actor.roll_deg)
        conditions = Conditions(60, 120, 40, 0, 0, 2, 1, 1)
        return FaceReport(
            (face,), face, pose, conditions, refusal, FACE, None, None, Outcome.UNKNOWN
        )


@pytest.mark.parametrize("gain", [0.7, 1.0, 1.35])
def test_all_views_are_taken_in_time(gain: float) -> None:
    """Also where the kiosk measures less or more than the head turns."""
    studio = Studio(gain)
    for _ in range(400):
        if studio.step().finished:
            break
    assert [shot.view for shot in studio.capture.shots] == list(View)
    assert len(studio.actors) * STEP_S < 25


def test_the_head_turns_smoothly() -> None:
    studio = Studio()
    while not studio.step().finished:
        assert len(studio.actors) < 400
    yaws = np.array([actor.yaw_deg for actor in studio.actors])
    assert yaws.max() > 20 and yaws.min() < -20
    assert np.abs(np.diff(yaws)).max() < 25


def test_it_comes_closer_when_it_is_asked_to() -> None:
    studio = Studio(min_eye_px=75)
    for _ in range(400):
        if studio.step().finished:
            break
    assert studio.capture.finished
    assert studio.actors[20].eye_px < 75 < studio.actors[-1].eye_px


def test_it_steps_back_when_it_is_asked_to() -> None:
    studio = Studio()
    for n in range(80):
        studio.now_s += STEP_S
        studio.sitter.follow(EnrolmentProgress(View.FRONT, (), Guidance.STEP_BACK, 0.0))
        (actor,) = studio.sitter.scene_at(n * STEP_S, 640, 480).actors
    assert actor.eye_px < 45


def test_without_instructions_it_leaves() -> None:
    studio = Studio()
    for _ in range(30):
        studio.step()
    assert studio.sitter.seconds == float("inf")
    assert not studio.sitter.is_leaving
    places = []
    for _ in range(round((PATIENCE_S + 2) / STEP_S)):
        studio.now_s += STEP_S
        t_s = studio.now_s - studio.began_s
        places.append(studio.sitter.scene_at(t_s, 640, 480).actors[0].x_px)
    assert studio.sitter.is_leaving
    assert studio.sitter.seconds < studio.now_s - studio.began_s
    assert places[0] == pytest.approx(320, abs=20) and places[-1] > 700


def test_it_enters_from_the_side_and_stops_in_the_middle() -> None:
    studio = Studio()
    for _ in range(20):
        studio.step()
    assert studio.actors[0].x_px < 0
    assert studio.actors[-1].x_px == pytest.approx(320, abs=20)
