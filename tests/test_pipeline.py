"""One frame, start to finish: each stage's result, and what a refusal leaves out."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import kiosk.pipeline
from kiosk.camera.imagefile import read_image
from kiosk.domain import (
    Box,
    Detection,
    Embedding,
    FaceReport,
    Frame,
    Guidance,
    Liveness,
    LivenessPolicy,
    ModelId,
    Outcome,
    Phase,
    Pixels,
)
from kiosk.drawnface import draw_face
from kiosk.errors import ModelError
from kiosk.facemodels import load_face_models
from kiosk.models.pack import import_pack
from kiosk.pipeline import FaceModels, Pipeline
from kiosk.recognition.decision import VisitDecider, VisitRules
from kiosk.recognition.gallery import Gallery
from kiosk.recognition.thresholds import Calibration
from kiosk.vision.alignment import chip_landmarks
from kiosk.vision.quality import ENROLMENT, GateLimits

MODEL = ModelId("fake", "1", "fp32")
ANNA = np.array([1, 0, 0], np.float32)
BORIS = np.array([0, 1, 0], np.float32)


class FakeDetector:
    """Sees the faces it is told to see."""

    def __init__(self) -> None:
        self.faces: tuple[Detection, ...] = ()


class FakeSearch:
    """Passes on what the fake detector sees; remembers how it was asked."""

    def __init__(self, detector: FakeDetector, region_factor: float = 2.0) -> None:
        self._detector = detector
        self.asked: list[str] = []

    def look(self, frame: Frame) -> tuple[Detection, ...]:
        self.asked.append("look")
        return self._detector.faces

    def follow(self, frame: Frame) -> tuple[Detection, ...]:
        self.asked.append("follow")
        return self._detector.faces


class FakeEmbedder:
    """Answers with the vector it is told, with BORIS to several chips; keeps all of them."""

    def __init__(self, chip_size_px: int = 112) -> None:
        self.chip_size_px = chip_size_px
        self.model = MODEL
        self.vector = ANNA
        self.length = 10.0
        self.chips: list[Pixels] = []

    def embed_mirrored(self, *chips: Pixels) -> Embedding:
        self.chips += chips
        vector = self.vector if len(chips) == 1 else BORIS
        return Embedding(vector, self.model, self.length)


class FakeLiveness:
    """Gives the probability it is told, and counts."""

    min_live = 0.6

    def __init__(self, live: float) -> None:
        self.live = live
        self.asked = 0

    def judge(self, frame: Frame, detection: Detection) -> Liveness:
        self.asked += 1
        return Liveness(self.live, 1 - self.live, 0.0)


class Bench:
    """A pipeline of fakes and a good frame for it."""

    def __init__(
        self,
        calibration: Calibration,
        chip_size_px: int = 112,
        liveness: FakeLiveness | None = None,
    ) -> None:
        self.detector = FakeDetector()
        self.embedder = FakeEmbedder(chip_size_px)
        self.ticks = 0
        gallery = Gallery(MODEL, np.array([7, 9]), np.stack([ANNA, BORIS]))
        self.pipeline = Pipeline(
            FaceModels(
                self.detector,  # type: ignore[arg-type]
                self.embedder,  # type: ignore[arg-type]
                calibration,
                liveness,  # type: ignore[arg-type]
            ),
            gallery,
            VisitDecider(VisitRules()),
            stranger_rate=0.005,
            margin=0.05,
            clock_ns=self._tick,
        )
        self.search: FakeSearch = self.pipeline._search  # type: ignore[assignment]
        self.pixels = draw_face(640, 480, 220)
        self.detector.faces = (face_at(320, 240),)

    def step_back(self) -> None:
        """Stand so that the frame holds enough around the face to tell a picture by."""
        self.pixels = draw_face(640, 480, 176)
        self.detector.faces = (face_at(320, 240, 2.0),)

    def _tick(self) -> int:
        self.ticks += 1
        return self.ticks * 2_000_000

    def frame(self, at_ms: int = 0) -> Frame:
        return Frame(self.pixels, at_ms * 1_000_000)


def face_at(x: float, y: float, scale: float = 2.5) -> Detection:
    """A frontal face whose standard chip is enlarged by ``scale`` about (x, y)."""
    points = (chip_landmarks(112) - 56) * scale + (x, y)
    half = 45 * scale
    box = Box(x - half, y - half, x + half, y + half)
    return Detection(box, points.astype(np.float32), 0.95)


MakeBench = Callable[..., Bench]


@pytest.fixture
def make_bench(monkeypatch: pytest.MonkeyPatch, calibrations: types.ModuleType) -> MakeBench:
    monkeypatch.setattr(kiosk.pipeline, "FaceSearch", FakeSearch)
    usual = calibrations.graded(MODEL, {10.0**-n: 0.1 * n for n in range(1, 7)})

    def make(calibration: Calibration | None = None, **options: Any) -> Bench:
        return Bench(calibration or usual, **options)

    return make


@pytest.fixture
def bench(make_bench: MakeBench) -> Bench:
    return make_bench()


def test_an_accepted_face_has_everything(bench: Bench) -> None:
    report = bench.pipeline.examine(bench.frame())

    assert report.outcome is Outcome.ACCEPTED
    assert report.subject is bench.detector.faces[0]
    assert report.refusal is None
    assert report.pose is not None
    assert abs(report.pose.yaw_deg) < 5
    assert report.conditions is not None
    assert report.embedding is not None
    assert report.match is not None
    assert (report.match.person_id, report.match.runner_up_id) == (7, 9)
    assert report.match.similarity == pytest.approx(1)
    assert report.threshold == bench.pipeline.threshold


def test_a_stranger_is_unknown(bench: Bench) -> None:
    bench.embedder.vector = np.array([0.3, 0, 0.954], np.float32)

    report = bench.pipeline.examine(bench.frame())

    assert report.outcome is Outcome.UNKNOWN
    assert report.match is not None
    assert report.match.similarity == pytest.approx(0.3)


def test_two_people_too_much_alike_are_neither(bench: Bench) -> None:
    bench.embedder.vector = np.array([0.72, 0.69, 0.07], np.float32)

    assert bench.pipeline.examine(bench.frame()).outcome is Outcome.UNKNOWN


def test_nobody_enrolled_is_nobody_known(bench: Bench) -> None:
    bench.pipeline.set_gallery(Gallery.empty(MODEL))

    report = bench.pipeline.examine(bench.frame())

    assert (report.match, report.outcome) == (None, Outcome.UNKNOWN)


def test_a_frame_without_a_face_stops_at_the_detector(bench: Bench) -> None:
    bench.detector.faces = ()

    report = bench.pipeline.examine(bench.frame())

    assert (report.subject, report.refusal) == (None, Guidance.NO_FACE)
    assert report.outcome is Outcome.REFUSED
    assert report.pose is report.conditions is report.embedding is report.match is None


def test_a_refused_face_is_never_embedded(bench: Bench) -> None:
    bench.pixels = np.zeros((480, 640, 3), np.uint8)

    report = bench.pipeline.examine(bench.frame())

    assert report.refusal is Guidance.MORE_LIGHT
    assert report.outcome is Outcome.REFUSED
    assert report.pose is not None
    assert report.conditions is not None
    assert report.embedding is report.match is report.threshold is None
    assert bench.embedder.chips == []


@pytest.mark.parametrize(("live", "is_face"), [(0.0, False), (0.59, False), (0.6, True), (1, True)])
@pytest.mark.parametrize("limits", [None, ENROLMENT])
def test_a_picture_of_a_face_is_refused_at_the_door_and_at_enrolment(
    make_bench: MakeBench, live: float, is_face: bool, limits: GateLimits | None
) -> None:
    bench = make_bench(liveness=FakeLiveness(live))

    report = bench.pipeline.examine(bench.frame(), limits)

    assert report.liveness == Liveness(live, 1 - live, 0.0)
    assert report.refusal is (None if is_face else Guidance.PRESENTATION)
    assert report.outcome is (Outcome.ACCEPTED if is_face else Outcome.REFUSED)
    assert (report.embedding is not None) is is_face
    assert len(bench.embedder.chips) == is_face
    assert report.pose is not None and report.conditions is not None


def test_liveness_is_asked_only_of_a_face_that_passed_the_gate_and_is_timed(
    make_bench: MakeBench,
) -> None:
    liveness = FakeLiveness(1.0)
    bench = make_bench(liveness=liveness)
    result = bench.pipeline.step(bench.frame(1))
    assert list(result.stage_ms) == [
        *("detect", "pose", "align", "assess", "liveness", "embed", "match")
    ]
    assert liveness.asked == 1

    bench.pixels = np.zeros((480, 640, 3), np.uint8)
    assert bench.pipeline.examine(bench.frame(2)).refusal is Guidance.MORE_LIGHT
    assert liveness.asked == 1


def test_a_box_that_frames_nothing_is_no_face(make_bench: MakeBench) -> None:
    class Nothing(FakeLiveness):
        def judge(self, frame: Frame, detection: Detection) -> Liveness:
            raise ValueError("no face")

    bench = make_bench(liveness=Nothing(1.0))

    assert bench.pipeline.examine(bench.frame()).refusal is Guidance.NO_FACE


@pytest.mark.parametrize("place", [(100.0, 100.0), (0.0, 0.0)])
def test_landmarks_that_coincide_are_no_face(bench: Bench, place: tuple[float, float]) -> None:
    points = np.array([place] * 5, np.float32)
    bench.detector.faces = (Detection(Box(50, 50, 200, 200), points, 0.9),)

    report = bench.pipeline.examine(bench.frame())

    assert (report.subject, report.refusal) == (None, Guidance.NO_FACE)
    assert len(report.detections) == 1


def test_two_people_in_front_of_the_door_are_asked_to_come_one_by_one(bench: Bench) -> None:
    bench.detector.faces = (face_at(220, 240, 1.5), face_at(420, 240, 1.5))

    report = bench.pipeline.examine(bench.frame())

    assert report.refusal is Guidance.ONE_AT_A_TIME
    assert len(report.detections) == 2


def test_the_one_at_the_door_is_judged_not_the_passer_by(bench: Bench) -> None:
    passer, visitor = face_at(40, 100, 0.6), face_at(320, 240)
    bench.detector.faces = (passer, visitor)

    report = bench.pipeline.examine(bench.frame())

    assert report.subject is visitor
    assert report.outcome is Outcome.ACCEPTED


@pytest.mark.parametrize("size_px", [112, 160])
def test_the_embedder_gets_chips_of_its_own_size(make_bench: MakeBench, size_px: int) -> None:
    bench = make_bench(chip_size_px=size_px)

    report = bench.pipeline.examine(bench.frame())
    bench.pipeline.template(bench.frame(), report)
    bench.pipeline.masked_template(bench.frame(), report)

    # One at the door, three a few pixels apart for a template, four masks.
    probe, *shifted = chips = bench.embedder.chips
    assert [chip.shape for chip in chips] == [(size_px, size_px, 3)] * (1 + 3 + 4)
    assert np.array_equal(probe, shifted[0])


def test_a_template_is_only_made_of_a_face_that_passed(bench: Bench) -> None:
    report = bench.pipeline.examine(bench.frame())
    assert np.array_equal(bench.pipeline.template(bench.frame(), report).vector, BORIS)

    refused = dataclasses.replace(report, refusal=Guidance.HOLD_STILL)
    nobody = dataclasses.replace(report, subject=None)
    for bad in (refused, nobody):
        with pytest.raises(ValueError, match="passed the gate"):
            bench.pipeline.template(bench.frame(), bad)


def test_other_limits_can_be_asked_for(bench: Bench) -> None:
    strict = dataclasses.replace(ENROLMENT, min_eye_distance_px=1000)

    assert bench.pipeline.examine(bench.frame(), limits=strict).refusal is Guidance.STEP_CLOSER
    assert bench.pipeline.examine(bench.frame()).refusal is None


def test_the_threshold_follows_the_gallery(bench: Bench) -> None:
    def with_templates(count: int) -> float:
        vectors = np.tile(ANNA, (count, 1))
        bench.pipeline.set_gallery(Gallery(MODEL, np.arange(count), vectors))
        return bench.pipeline.threshold

    # FPIR 0.005 over 5,000 templates is an FMR of 1e-6; never more than 1e-4.
    assert with_templates(1) == pytest.approx(0.4)
    assert with_templates(50) == pytest.approx(0.4)
    assert with_templates(5000) == pytest.approx(0.6, abs=0.001)


def test_a_gallery_of_another_model_is_a_fault(bench: Bench) -> None:
    other = ModelId("other", "1", "fp32")

    with pytest.raises(ModelError, match="say nothing about other"):
        bench.pipeline.set_gallery(Gallery(other, np.array([7]), ANNA[None]))
    # The one before stays.
    assert bench.pipeline.examine(bench.frame()).outcome is Outcome.ACCEPTED


def test_a_probe_of_another_model_is_a_fault(bench: Bench) -> None:
    bench.embedder.model = ModelId("other", "1", "fp32")

    with pytest.raises(ModelError, match="cannot be compared"):
        bench.pipeline.examine(bench.frame())
    with pytest.raises(ModelError, match="cannot be compared"):
        bench.pipeline.step(bench.frame(1))


@pytest.mark.parametrize(
    ("vector", "granted"),
    [
        pytest.param([0.45, 0, 0.893], [0, 0, 1, 0, 0], id="likely"),
        pytest.param([1, 0, 0], [0, 1, 0, 0, 0], id="beyond doubt"),
    ],
)
def test_steps_become_a_visit_and_a_grant(
    bench: Bench, vector: list[float], granted: list[int]
) -> None:
    bench.embedder.vector = np.array(vector, np.float32)

    results = [bench.pipeline.step(bench.frame(at_ms)) for at_ms in range(100, 600, 100)]

    first = granted.index(1)
    assert [result.decision.granted_now for result in results] == granted
    assert results[first].decision.person_id == 7
    assert results[first].decision.phase is Phase.WELCOME
    assert results[first].frame.captured_at_ns == (first + 1) * 100_000_000


def test_the_same_frame_over_and_over_opens_nothing(bench: Bench) -> None:
    frame = bench.frame(100)

    assert not any(bench.pipeline.step(frame).decision.granted_now for _ in range(50))


def test_the_stages_are_timed_in_order(bench: Bench) -> None:
    whole = bench.pipeline.step(bench.frame(1)).stage_ms
    bench.detector.faces = ()
    empty = bench.pipeline.step(bench.frame(2)).stage_ms

    assert list(whole) == ["detect", "pose", "align", "assess", "embed", "match"]
    assert list(empty) == ["detect"]
    assert all(value > 0 for value in whole.values())
    assert whole["detect"] == 2.0


def test_a_single_picture_is_searched_thoroughly_and_a_camera_quickly(bench: Bench) -> None:
    bench.pipeline.examine(bench.frame())
    bench.pipeline.step(bench.frame(1))

    assert bench.search.asked == ["look", "follow"]


# --- conditions -----------------------------------------------------------------------------------


def dimmed(bench: Bench, share: float) -> None:
    bench.pixels = (bench.pixels * share).astype(np.uint8)


def test_a_dark_chip_is_relit_for_the_embedder_and_reported_as_it_was(bench: Bench) -> None:
    bright = bench.pipeline.examine(bench.frame())
    dimmed(bench, 0.25)

    dark = bench.pipeline.examine(bench.frame())

    assert bright.conditions is not None and dark.conditions is not None
    assert dark.conditions.luminance == pytest.approx(bright.conditions.luminance / 4, rel=0.1)
    usual, relit = bench.embedder.chips
    assert relit.mean() == pytest.approx(usual.mean(), rel=0.3)


def test_how_strongly_the_embedder_answered_is_a_condition(
    make_bench: MakeBench, calibrations: types.ModuleType
) -> None:
    bench = make_bench(calibrations.by_light(MODEL, 3))
    bench.embedder.length = 4.0

    report = bench.pipeline.examine(bench.frame())

    assert report.conditions is not None
    assert report.conditions.strength == pytest.approx(0.4)
    assert report.embedding is not None
    assert (report.embedding.conditions, report.embedding.pose) == (report.conditions, report.pose)


def test_the_threshold_is_that_for_the_conditions(
    make_bench: MakeBench, calibrations: types.ModuleType
) -> None:
    bench = make_bench(calibrations.by_light(MODEL, 3))
    bright = bench.pipeline.examine(bench.frame())
    dimmed(bench, 0.25)
    dark = bench.pipeline.examine(bench.frame())

    # The templates are of unknown pictures: half of the rise is theirs.
    assert bright.threshold == pytest.approx(0.5, abs=0.01)
    assert dark.threshold == pytest.approx(0.56, abs=0.04)
    assert bench.pipeline.threshold == pytest.approx(0.4)


def test_a_face_that_no_threshold_was_measured_for_is_told_what_helps(
    make_bench: MakeBench, calibrations: types.ModuleType
) -> None:
    calibration = calibrations.by_light(MODEL, 3)
    strict = dataclasses.replace(calibration.scoring, max_risk=0.03)
    bench = make_bench(dataclasses.replace(calibration, scoring=strict))
    assert bench.pipeline.examine(bench.frame()).outcome is Outcome.ACCEPTED
    dimmed(bench, 0.25)

    report = bench.pipeline.examine(bench.frame())

    assert (report.outcome, report.refusal) == (Outcome.REFUSED, Guidance.MORE_LIGHT)
    assert report.embedding is report.match is report.threshold is None
    assert report.conditions is not None and report.conditions.strength == 1.0


@pytest.mark.parametrize("share", [1.0, 0.25])
@pytest.mark.parametrize("is_known", [True, False])
def test_who_is_not_recognised_in_the_dark_is_advised(
    make_bench: MakeBench, calibrations: types.ModuleType, share: float, is_known: bool
) -> None:
    bench = make_bench(calibrations.by_light(MODEL, 3))
    bench.embedder.vector = ANNA if is_known else np.array([0.3, 0, 0.954], np.float32)
    dimmed(bench, share)

    report = bench.pipeline.examine(bench.frame())

    assert report.outcome is (Outcome.ACCEPTED if is_known else Outcome.UNKNOWN)
    is_advised = share < 1 and not is_known
    assert report.advice is (Guidance.MORE_LIGHT if is_advised else None)


# --- the frames of a visit together ---------------------------------------------------------------

ONE_WAY, OTHER_WAY = np.array([[0.8, 0, 0.6], [0.8, 0, -0.6]], np.float32)


@pytest.fixture
def strict(make_bench: MakeBench, calibrations: types.ModuleType) -> Bench:
    """A door that asks for 0.85, which neither ONE_WAY nor OTHER_WAY has with ANNA."""
    return make_bench(calibrations.graded(MODEL, {1e-1: 0.85, 1e-6: 0.85}))


def shown(bench: Bench, at_ms: int, vector: NDArray[np.float32]) -> FaceReport:
    bench.embedder.vector = vector
    return bench.pipeline.step(bench.frame(at_ms)).report


def test_frames_that_are_too_little_alone_are_enough_together(strict: Bench) -> None:
    first, second = shown(strict, 100, ONE_WAY), shown(strict, 200, OTHER_WAY)

    assert first.outcome is Outcome.UNKNOWN
    assert second.outcome is Outcome.ACCEPTED
    assert second.match is not None
    assert second.match.similarity == pytest.approx(1)
    # A picture by itself is judged by itself.
    assert strict.pipeline.examine(strict.frame(300)).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("what", ["no face", "end of visit", "other gallery", "jump"])
def test_a_new_visit_does_not_profit_from_the_last(strict: Bench, what: str) -> None:
    shown(strict, 100, ONE_WAY)
    if what == "no face":
        strict.detector.faces = ()
        strict.pipeline.step(strict.frame(150))
        strict.detector.faces = (face_at(320, 240),)
    elif what == "end of visit":
        strict.pipeline.end_visit()
    elif what == "other gallery":
        strict.pipeline.set_gallery(strict.pipeline.gallery)
    else:
        strict.detector.faces = (face_at(160, 240, 1.0),)
        shown(strict, 150, ONE_WAY)
        strict.detector.faces = (face_at(320, 240),)

    assert shown(strict, 200, OTHER_WAY).outcome is Outcome.UNKNOWN


def test_a_frame_that_names_somebody_else_speaks_for_itself(bench: Bench) -> None:
    for at_ms in (100, 200, 300):
        shown(bench, at_ms, ANNA)

    report = shown(bench, 400, np.array([0.6, 0.8, 0], np.float32))

    assert report.match is not None
    assert report.match.person_id == 9
    assert report.match.similarity == pytest.approx(0.8)


# --- pictures of faces ----------------------------------------------------------------------------


def test_nobody_is_let_in_before_the_judge_of_pictures_is_satisfied(
    make_bench: MakeBench,
) -> None:
    without, with_judge = make_bench(), make_bench(liveness=FakeLiveness(1.0))

    def granted(bench: Bench) -> list[bool]:
        bench.step_back()
        frames = [bench.frame(at_ms) for at_ms in range(100, 700, 100)]
        return [bench.pipeline.step(frame).decision.granted_now for frame in frames]

    assert granted(without) == [0, 1, 0, 0, 0, 0]
    # One live frame more: two may be a lucky glimpse.
    assert granted(with_judge) == [0, 0, 1, 0, 0, 0]


def test_pictures_shown_before_hold_the_grant_back(make_bench: MakeBench) -> None:
    liveness = FakeLiveness(0.1)
    bench = make_bench(liveness=liveness)
    bench.step_back()
    for at_ms in (100, 200):
        assert bench.pipeline.step(bench.frame(at_ms)).report.refusal is Guidance.PRESENTATION
    liveness.live = 1.0

    steps = [bench.pipeline.step(bench.frame(at_ms)) for at_ms in range(300, 4000, 100)]

    first = [step.decision.granted_now for step in steps].index(True)
    assert first > 5
    assert all(step.decision.is_suspect for step in steps[: first - 1])
    assert all(step.report.outcome is Outcome.ACCEPTED for step in steps)


def test_a_turn_that_is_asked_for_and_not_made_opens_nothing(make_bench: MakeBench) -> None:
    bench = make_bench(liveness=FakeLiveness(1.0))
    bench.step_back()
    bench.pipeline.set_liveness_policy(LivenessPolicy.PASSIVE_CHALLENGE)

    steps = [bench.pipeline.step(bench.frame(at_ms)) for at_ms in range(100, 4000, 100)]

    assert not any(step.decision.granted_now for step in steps)
    asked = {step.decision.guidance for step in steps}
    assert asked & {Guidance.TURN_LEFT, Guidance.TURN_RIGHT}


def test_strangers_are_not_asked_to_turn(make_bench: MakeBench) -> None:
    bench = make_bench(liveness=FakeLiveness(1.0))
    bench.step_back()
    bench.embedder.vector = np.array([0.1, 0, 0.995], np.float32)
    bench.pipeline.set_liveness_policy(LivenessPolicy.PASSIVE_CHALLENGE)

    steps = [bench.pipeline.step(bench.frame(at_ms)) for at_ms in range(100, 4000, 100)]

    turns = {Guidance.TURN_LEFT, Guidance.TURN_RIGHT}
    assert not turns & {step.decision.guidance for step in steps}
    assert any(step.decision.rejected_now for step in steps)


# --- templates ------------------------------------------------------------------------------------


def test_templates_know_their_picture(bench: Bench) -> None:
    report = bench.pipeline.examine(bench.frame())

    template = bench.pipeline.template(bench.frame(), report)

    assert template.conditions is not None
    assert (template.conditions, template.pose) == (report.conditions, report.pose)


def test_a_masked_template_is_made_of_the_face_with_masks_drawn_on(bench: Bench) -> None:
    report = bench.pipeline.examine(bench.frame())
    (bare,) = bench.embedder.chips
    bench.embedder.chips.clear()

    template = bench.pipeline.masked_template(bench.frame(), report)

    assert template is not None and template.conditions is not None
    assert report.conditions is not None and report.conditions.mouth_covered < 0.5
    assert template.conditions == dataclasses.replace(report.conditions, mouth_covered=1.0)
    assert template.pose == report.pose
    mouth = np.s_[85:95, 45:68]
    assert len(bench.embedder.chips) == 4
    for chip in bench.embedder.chips:
        assert np.abs(chip[mouth].astype(int) - bare[mouth]).mean() > 10


def test_of_a_face_with_a_mask_on_no_masked_template_is_made(bench: Bench) -> None:
    report = bench.pipeline.examine(bench.frame())
    assert report.conditions is not None
    covered = dataclasses.replace(report.conditions, mouth_covered=0.7)
    bench.embedder.chips.clear()

    masked = dataclasses.replace(report, conditions=covered)

    assert bench.pipeline.masked_template(bench.frame(), masked) is None
    assert bench.embedder.chips == []
    refused = dataclasses.replace(report, refusal=Guidance.HOLD_STILL)
    with pytest.raises(ValueError, match="passed the gate"):
        bench.pipeline.masked_template(bench.frame(), refused)


def test_masked_templates_are_of_use_where_masks_have_thresholds(
    make_bench: MakeBench, calibrations: types.ModuleType
) -> None:
    assert not make_bench().pipeline.knows_masks
    assert make_bench(
        calibrations.graded(MODEL, masked={1e-2: 0.3, 1e-6: 0.5})
    ).pipeline.knows_masks


# --- with the real networks -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def models(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> FaceModels:
    folder = tmp_path_factory.mktemp("models")
    import_pack(shared / "models", folder, lambda pack: None)
    return load_face_models(folder, 0.6)


def real_pipeline(models: FaceModels, gallery: Gallery | None = None) -> Pipeline:
    gallery = gallery or Gallery.empty(models.embedder.model)
    return Pipeline(models, gallery, VisitDecider(VisitRules()), 0.005, 0.05)


def photo(shared: Path, person: str, view: str) -> Frame:
    return Frame(read_image(shared / "faces" / "london" / person / f"{view}.jpg"), 0)


def test_a_person_is_known_again_and_another_is_not(shared: Path, models: FaceModels) -> None:
    pipeline = real_pipeline(models)
    front = photo(shared, "L001", "neutral_front")
    template = pipeline.template(front, pipeline.examine(front, ENROLMENT))
    pipeline.set_gallery(Gallery(template.model, np.array([1]), template.vector[None]))

    again = pipeline.examine(photo(shared, "L001", "smiling_front"))
    other = pipeline.examine(photo(shared, "L003", "neutral_front"))
    profile = pipeline.examine(photo(shared, "L001", "neutral_left_profile"))

    assert again.outcome is Outcome.ACCEPTED
    assert other.outcome is Outcome.UNKNOWN
    assert profile.outcome is Outcome.REFUSED


def test_the_drawn_face_goes_all_the_way(models: FaceModels) -> None:
    pipeline = real_pipeline(models)
    frame = Frame(draw_face(1280, 720, 330), 0)

    report = pipeline.examine(frame, limits=ENROLMENT)

    assert report.refusal is None
    template: NDArray[np.float32] = pipeline.template(frame, report).vector
    assert np.linalg.norm(template) == pytest.approx(1, abs=1e-6)
    pipeline.set_gallery(Gallery(models.embedder.model, np.array([5]), template[None]))
    smaller = pipeline.examine(Frame(draw_face(640, 480, 200), 0))
    assert smaller.outcome is Outcome.ACCEPTED
