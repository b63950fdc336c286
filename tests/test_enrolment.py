"""Guided capture: the views in order, only steady and good ones, only one person."""

from __future__ import annotations

import dataclasses

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
    TemplateKind,
)
from kiosk.enrolment import EnrolmentProgress, GuidedCapture, View, made_templates
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


CONDITIONS = Conditions(60, 120, 40, 0, 0, 1, 1, 1)
COVERED = dataclasses.replace(CONDITIONS, mouth_covered=1.0)


class Sitter:
    """Stands in front of a guided capture and does as told, or not."""

    def __init__(
        self, gallery: Gallery | None = None, threshold: float = 0.4, has_masks: bool = True
    ) -> None:
        self.face = unit(1.0)
        self.has_masks = has_masks
        self.masked_from: list[float] = []
        self.capture = GuidedCapture(
            gallery or Gallery.empty(MODEL),
            threshold,
            self._template,
            {7: "Ada"}.get,  # type: ignore[arg-type]
            self._masked_template,
        )
        self._now_ns = 0
        self.taken_from: list[float] = []

    def _template(self, frame: Frame, report: FaceReport) -> Embedding:
        assert report.conditions is not None
        self.taken_from.append(report.conditions.sharpness)
        return Embedding(self.face, MODEL, 1.0, report.conditions, report.pose)

    def _masked_template(self, frame: Frame, report: FaceReport) -> Embedding | None:
        assert report.conditions is not None
        self.masked_from.append(report.conditions.sharpness)
        if not self.has_masks:
            return None
        return Embedding(unit(0.0, 0.0, 1.0), MODEL, 1.0, COVERED, report.pose)

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
            conditions = dataclasses.replace(CONDITIONS, sharpness=sharpness)
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


# --- what is stored -------------------------------------------------------------------------------


def test_every_view_gives_a_plain_and_a_masked_template_with_their_conditions() -> None:
    sitter = Sitter()
    for view in View:
        sitter.hold(POSES[view], 0.7)

    for shot in sitter.capture.shots:
        plain, masked = shot.templates(now_ms=5)
        assert (plain.kind, masked.kind) == (TemplateKind.PLAIN, TemplateKind.MASKED)
        assert plain.embedding is shot.embedding
        assert masked.embedding is shot.masked
        assert (plain.conditions, masked.conditions) == (CONDITIONS, COVERED)
        assert plain.pose == masked.pose == POSES[shot.view]
        for template in (plain, masked):
            assert (template.view, template.created_at_ms) == (shot.view.value, 5)


def test_without_thresholds_for_masks_there_is_a_plain_template_alone() -> None:
    sitter = Sitter(has_masks=False)
    sitter.hold(POSES[View.FRONT], 0.7)

    (shot,) = sitter.capture.shots
    assert [template.kind for template in shot.templates(0)] == [TemplateKind.PLAIN]


def test_masks_are_drawn_on_the_frame_that_was_taken() -> None:
    sitter = Sitter()
    sitter.hold(POSES[View.FRONT], 0.2, sharpness=0.6)
    sitter.hold(POSES[View.FRONT], 0.07, sharpness=1.4)
    sitter.hold(POSES[View.FRONT], 0.4, sharpness=0.7)

    assert sitter.masked_from == sitter.taken_from == [1.4]


def test_no_mask_is_drawn_on_somebody_who_stepped_in() -> None:
    sitter = Sitter()
    sitter.hold(POSES[View.FRONT], 0.7)
    sitter.face = unit(0.0, 1.0)
    sitter.hold(POSES[View.LEFT], 0.6)

    assert len(sitter.taken_from) == 2
    assert len(sitter.masked_from) == 1


def test_a_template_of_a_picture_that_nobody_knows_about_says_so() -> None:
    (template,) = made_templates(Embedding(unit(1.0), MODEL), None, "photo", 3)

    assert (template.conditions, template.pose, template.view) == (None, None, "photo")
