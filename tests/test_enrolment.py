"""Guided capture: the views in order, only steady and good ones, only one person."""

from __future__ import annotations

import numpy as np
import pytest

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

MODEL = ModelId("tiny", "1", "fp32")
FRAME_NS = 66_000_000
POSES = {
    View.FRONT: HeadPose(0, 3, 0),
    View.LEFT: HeadPose(25, 3, 0),
    View.RIGHT: HeadPose(-25, 3, 0),
    View.UP: HeadPose(0, 24, 0),
    View.DOWN: HeadPose(0, -22, 0),
}


def unit(*values: float) -> np.ndarray:
    vector = np.array([*values, *([0.0] * (8 - len(values)))], np.float32)
    return vector / np.linalg.norm(vector)


class Sitter:
    """Stands in front of a guided capture and does as told, or not."""

    def __init__(self, gallery: Gallery | None = None, threshold: float = 0.4) -> None:
        self.face = unit(1.0)
        self.capture = GuidedCapture(
            gallery or Gallery.empty(MODEL),
            threshold,
            self._template,
            {7: "Ada"}.get,  # type: ignore[arg-type]
        )
        self._now_ns = 0
        self.taken_from: list[float] = []

    def _template(self, frame: Frame, report: FaceReport) -> Embedding:
        assert report.conditions is not None
        self.taken_from.append(report.conditions.sharpness)
        return Embedding(self.face, MODEL)

    def hold(
        self,
        pose: HeadPose,
        seconds: float,
        refusal: Guidance | None = None,
        sharpness: float = 1.0,
    ) -> EnrolmentProgress:
        progress = None
        for _ in range(max(1, round(seconds * 1e9 / FRAME_NS))):
            self._now_ns += FRAME_NS
            frame = Frame(np.zeros((4, 4, 3), np.uint8), self._now_ns)
            conditions = Conditions(60, 120, 40, 0, 0, 1, sharpness, 1)
            face = Detection(Box(0, 0, 2, 2), np.zeros((5, 2), np.float32), 0.9)
            outcome = Outcome.REFUSED if refusal else Outcome.UNKNOWN
            report = FaceReport((face,), face, pose, conditions, refusal, None, None, None, outcome)
            progress = self.capture.update(frame, report)
        assert progress is not None
        return progress


def test_the_five_views_are_taken_in_order() -> None:
    sitter = Sitter()
    for number, view in enumerate(View):
        assert sitter.capture.step is view
        progress = sitter.hold(POSES[view], 0.7)
        assert len(progress.taken) == number + 1
    assert progress.finished
    assert progress.step is None
    assert [shot.view for shot in sitter.capture.shots] == list(View)


@pytest.mark.parametrize("wanted", list(View))
def test_no_other_pose_is_taken_for_a_view(wanted: View) -> None:
    sitter = Sitter()
    for view in View:
        if view is wanted:
            break
        sitter.hold(POSES[view], 0.7)
    before = len(sitter.capture.shots)
    for view in View:
        if view is not wanted:
            sitter.hold(POSES[view], 1.0)
    assert len(sitter.capture.shots) == before
    sitter.hold(POSES[wanted], 0.7)
    assert len(sitter.capture.shots) == before + 1


def test_a_refused_frame_starts_the_hold_again_and_says_why() -> None:
    sitter = Sitter()
    assert sitter.hold(POSES[View.FRONT], 0.4).hold_fraction > 0.5
    progress = sitter.hold(POSES[View.FRONT], 0.05, refusal=Guidance.MORE_LIGHT)
    assert progress.guidance is Guidance.MORE_LIGHT
    assert sitter.hold(POSES[View.FRONT], 0.2).taken == ()


def test_a_moving_head_is_not_held() -> None:
    sitter = Sitter()
    for step in range(30):
        sitter.hold(HeadPose(-11 + 11 * (step % 3), 0, 0), 0.05)
    assert sitter.capture.shots == ()


def test_the_sharpest_frame_of_the_hold_is_used() -> None:
    sitter = Sitter()
    sitter.hold(POSES[View.FRONT], 0.2, sharpness=0.6)
    sitter.hold(POSES[View.FRONT], 0.07, sharpness=1.4)
    sitter.hold(POSES[View.FRONT], 0.4, sharpness=0.7)
    assert sitter.taken_from == [1.4]


def test_somebody_else_stepping_in_is_not_mixed_into_the_person() -> None:
    sitter = Sitter()
    sitter.hold(POSES[View.FRONT], 0.7)
    sitter.face = unit(0.0, 1.0)
    progress = sitter.hold(POSES[View.LEFT], 0.6)
    assert progress.guidance is Guidance.ONE_AT_A_TIME or progress.taken == (View.FRONT,)
    assert len(sitter.capture.shots) == 1
    sitter.face = unit(1.0, 0.5)
    sitter.hold(POSES[View.LEFT], 0.7)
    assert len(sitter.capture.shots) == 2


def test_somebody_already_enrolled_is_named() -> None:
    gallery = Gallery(MODEL, np.array([7]), unit(1.0, 0.2)[None])
    progress = Sitter(gallery).hold(POSES[View.FRONT], 0.7)
    assert progress.look_alike == "Ada"
    assert progress.look_alike_similarity > 0.9
    stranger = Sitter(Gallery(MODEL, np.array([7]), unit(0.0, 1.0)[None]))
    assert stranger.hold(POSES[View.FRONT], 0.7).look_alike == ""


def test_up_and_down_are_measured_from_the_persons_own_front() -> None:
    sitter = Sitter()
    sitter.hold(HeadPose(0, -12, 0), 0.7)  # a nose that reads as looking down
    sitter.hold(POSES[View.LEFT], 0.7)
    sitter.hold(POSES[View.RIGHT], 0.7)
    assert sitter.hold(HeadPose(0, -12, 0), 0.7).step is View.UP
    assert sitter.hold(HeadPose(0, -2, 0), 0.7).step is View.DOWN


def test_restart_forgets_everything() -> None:
    sitter = Sitter(Gallery(MODEL, np.array([7]), unit(1.0)[None]))
    sitter.hold(POSES[View.FRONT], 0.7)
    sitter.capture.restart()
    progress = sitter.hold(POSES[View.FRONT], 0.1)
    assert progress.taken == ()
    assert progress.look_alike == ""
