"""One frame, start to finish: each stage's result, and what a refusal leaves out."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from kiosk.camera.imagefile import read_image
from kiosk.domain import (
    Box,
    Detection,
    Embedding,
    Frame,
    Guidance,
    Liveness,
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
from kiosk.recognition.thresholds import Calibration, CalibrationPoint
from kiosk.vision.alignment import chip_landmarks
from kiosk.vision.quality import ENROLMENT, GateLimits

MODEL = ModelId("fake", "1", "fp32")
POINTS = tuple(CalibrationPoint(10.0**-n, 0.1 * n) for n in range(1, 7))
CALIBRATION = Calibration(MODEL, POINTS, 10_000_000, 1000, 100, "made up")
ANNA = np.array([1, 0, 0], np.float32)
BORIS = np.array([0, 1, 0], np.float32)


class FakeDetector:
    """Sees the faces it is told to see."""

    def __init__(self) -> None:
        self.faces: tuple[Detection, ...] = ()

    def detect(self, frame: Frame) -> tuple[Detection, ...]:
        return self.faces


class FakeEmbedder:
    """Answers with the vector it is told, and keeps the chips."""

    def __init__(self, chip_size_px: int = 112) -> None:
        self.chip_size_px = chip_size_px
        self.model = MODEL
        self.vector = ANNA
        self.chips: list[Pixels] = []

    def embed(self, chip: Pixels) -> Embedding:
        self.chips.append(chip)
        return Embedding(self.vector, self.model)

    def embed_for_enrolment(self, chip: Pixels) -> Embedding:
        self.chips.append(chip)
        return Embedding(BORIS, self.model)


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

    def __init__(self, chip_size_px: int = 112, liveness: FakeLiveness | None = None) -> None:
        self.detector = FakeDetector()
        self.embedder = FakeEmbedder(chip_size_px)
        self.ticks = 0
        gallery = Gallery(MODEL, np.array([7, 9]), np.stack([ANNA, BORIS]))
        self.pipeline = Pipeline(
            FaceModels(
                self.detector,  # type: ignore[arg-type]
                self.embedder,  # type: ignore[arg-type]
                CALIBRATION,
                liveness,  # type: ignore[arg-type]
            ),
            gallery,
            VisitDecider(VisitRules()),
            stranger_rate=0.005,
            margin=0.05,
            clock_ns=self._tick,
        )
        self.pixels = draw_face(640, 480, 220)
        self.detector.faces = (face_at(320, 240),)

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


@pytest.fixture
def bench() -> Bench:
    return Bench()


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
    live: float, is_face: bool, limits: GateLimits | None
) -> None:
    bench = Bench(liveness=FakeLiveness(live))

    report = bench.pipeline.examine(bench.frame(), limits)

    assert report.liveness == Liveness(live, 1 - live, 0.0)
    assert report.refusal is (None if is_face else Guidance.PRESENTATION)
    assert report.outcome is (Outcome.ACCEPTED if is_face else Outcome.REFUSED)
    assert (report.embedding is not None) is is_face
    assert len(bench.embedder.chips) == is_face
    assert report.pose is not None and report.conditions is not None


def test_liveness_is_asked_only_of_a_face_that_passed_the_gate_and_is_timed() -> None:
    liveness = FakeLiveness(1.0)
    bench = Bench(liveness=liveness)
    result = bench.pipeline.step(bench.frame(1))
    assert list(result.stage_ms) == [
        *("detect", "pose", "align", "assess", "liveness", "embed", "match")
    ]
    assert liveness.asked == 1

    bench.pixels = np.zeros((480, 640, 3), np.uint8)
    assert bench.pipeline.examine(bench.frame(2)).refusal is Guidance.MORE_LIGHT
    assert liveness.asked == 1


def test_a_box_that_frames_nothing_is_no_face() -> None:
    class Nothing(FakeLiveness):
        def judge(self, frame: Frame, detection: Detection) -> Liveness:
            raise ValueError("no face")

    bench = Bench(liveness=Nothing(1.0))

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
def test_the_embedder_gets_a_chip_of_its_own_size(size_px: int) -> None:
    bench = Bench(size_px)

    report = bench.pipeline.examine(bench.frame())
    bench.pipeline.template(bench.frame(), report)

    assert [chip.shape for chip in bench.embedder.chips] == [(size_px, size_px, 3)] * 2
    assert np.array_equal(*bench.embedder.chips)


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
    bench.pipeline.set_gallery(Gallery(other, np.array([7]), ANNA[None]))

    with pytest.raises(ModelError, match="cannot be compared"):
        bench.pipeline.examine(bench.frame())


def test_steps_become_a_visit_and_a_grant(bench: Bench) -> None:
    results = [bench.pipeline.step(bench.frame(at_ms)) for at_ms in range(100, 600, 100)]

    assert [result.decision.granted_now for result in results] == [0, 0, 1, 0, 0]
    assert results[2].decision.person_id == 7
    assert results[2].decision.phase is Phase.WELCOME
    assert results[2].frame.captured_at_ns == 300_000_000


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
