"""One frame, start to finish. It decides and touches nothing: no door, no log, no screen."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from kiosk.domain import (
    Conditions,
    Detection,
    Embedding,
    FaceReport,
    Frame,
    FrameResult,
    Guidance,
    HeadPose,
    Liveness,
    ModelId,
    Outcome,
)
from kiosk.models.runtime import Runtime
from kiosk.recognition.decision import VisitDecider
from kiosk.recognition.gallery import Gallery
from kiosk.recognition.thresholds import Calibration, classify, comparison_rate
from kiosk.vision.alignment import align
from kiosk.vision.conditions import CHIP_PX, assess
from kiosk.vision.detector import RetinaFaceDetector
from kiosk.vision.embedder import FaceEmbedder
from kiosk.vision.head_pose import estimate_head_pose
from kiosk.vision.head_pose_network import HeadPoseNetwork
from kiosk.vision.liveness import LivenessNetwork
from kiosk.vision.quality import DOOR, GateLimits, check_quality
from kiosk.vision.subject import choose_subject


@dataclass(frozen=True, slots=True)
class FaceModels:
    """The networks and what was measured about them."""

    detector: RetinaFaceDetector
    embedder: FaceEmbedder
    calibration: Calibration
    liveness: LivenessNetwork | None = None
    """Without it, a photograph of somebody enrolled is let in."""
    head_pose: HeadPoseNetwork | None = None
    """Asked on demand only: decisions take the pose from the landmarks."""
    simulated_only: bool = False
    """Trained on drawn people: no real door may be opened with them."""
    runtimes: tuple[Runtime, ...] = ()
    """What executes them, to be freed."""
    proofs: tuple[Callable[[], object], ...] = ()
    """The self-tests of those that can go wrong while they run: on an NPU."""

    def prove(self) -> None:
        """Repeat these self-tests, before somebody is let in or enrolled. Raises ModelError."""
        for proof in self.proofs:
            proof()

    def close(self) -> None:
        """Free the networks, all at once, since each may hang; they cannot be asked afterwards."""
        if not self.runtimes:
            return
        with ThreadPoolExecutor(len(self.runtimes), "close networks") as pool:
            for runtime in self.runtimes:
                pool.submit(runtime.close)


class Pipeline:
    """Takes frames in order; used by one thread."""

    def __init__(
        self,
        models: FaceModels,
        gallery: Gallery,
        decider: VisitDecider,
        stranger_rate: float,
        margin: float,
        limits: GateLimits = DOOR,
        clock_ns: Callable[[], int] = time.perf_counter_ns,
    ) -> None:
        """``clock_ns`` only measures how long stages take; decisions use the frames' times."""
        self._models = models
        self._decider = decider
        self._stranger_rate = stranger_rate
        self._margin = margin
        self._limits = limits
        self._clock_ns = clock_ns
        self.set_gallery(gallery)

    def set_gallery(self, gallery: Gallery) -> None:
        """Search another gallery from the next frame on; the threshold follows its size."""
        rate = comparison_rate(self._stranger_rate, len(gallery))
        self._gallery = gallery
        self._threshold = self._models.calibration.threshold(rate)

    def end_visit(self) -> None:
        """Forget the visit under way: it came to nothing, and the next frame begins another."""
        self._decider.end_visit()

    def prove(self) -> None:
        """Make sure that the networks still answer as they should. Raises ModelError."""
        self._models.prove()

    @property
    def model(self) -> ModelId:
        """The embedder whose templates can be compared here."""
        return self._models.embedder.model

    @property
    def threshold(self) -> float:
        """The cosine in force for the present gallery."""
        return self._threshold

    def step(self, frame: Frame) -> FrameResult:
        """Examine a frame and let it vote. Raises ModelError when a network fails."""
        stage_ms: dict[str, float] = {}
        report = self.examine(frame, stage_ms=stage_ms)
        return FrameResult(
            frame, report, self._decider.update(report, frame.captured_at_ns), stage_ms
        )

    def examine(
        self,
        frame: Frame,
        limits: GateLimits | None = None,
        stage_ms: dict[str, float] | None = None,
    ) -> FaceReport:
        """Say what one frame shows, without regard to other frames. Raises ModelError.

        ``limits`` replaces the door's gate, e.g. by the stricter one of enrolment.
        """
        lap = _Laps(stage_ms if stage_ms is not None else {}, self._clock_ns)
        detections = self._models.detector.detect(frame)
        lap("detect")
        subject, rival = choose_subject(frame, detections)
        if subject is None:
            return _report(detections, Guidance.NO_FACE)
        try:
            pose = estimate_head_pose(subject.landmarks)
            lap("pose")
            chip = align(frame, subject, CHIP_PX)
        except ValueError:  # landmarks that coincide are no face
            return _report(detections, Guidance.NO_FACE)
        lap("align")
        conditions = assess(frame, subject, chip)
        lap("assess")
        refusal = check_quality(limits or self._limits, frame, subject, rival, pose, conditions)
        if refusal is not None:
            return _report(detections, refusal, subject, pose, conditions)
        liveness = None
        if self._models.liveness is not None:
            try:
                liveness = self._models.liveness.judge(frame, subject)
            except ValueError:  # nor is a box that frames nothing
                return _report(detections, Guidance.NO_FACE)
            lap("liveness")
            if liveness.live < self._models.liveness.min_live:
                return _report(
                    detections, Guidance.PRESENTATION, subject, pose, conditions, liveness
                )
        size_px = self._models.embedder.chip_size_px
        embedding = self._models.embedder.embed(
            chip if size_px == CHIP_PX else align(frame, subject, size_px)
        )
        lap("embed")
        match = self._gallery.search(embedding)
        outcome = classify(match, self._threshold, self._margin)
        lap("match")
        return FaceReport(
            detections,
            subject,
            pose,
            conditions,
            None,
            embedding,
            match,
            self._threshold,
            outcome,
            liveness,
        )

    def template(self, frame: Frame, report: FaceReport) -> Embedding:
        """Return the embedding to enrol for a report that passed the gate. Raises ModelError."""
        if report.subject is None or report.refusal is not None:
            raise ValueError("only a face that passed the gate can be enrolled")
        chip = align(frame, report.subject, self._models.embedder.chip_size_px)
        return self._models.embedder.embed_for_enrolment(chip)


class _Laps:
    """Writes down the time since the last lap under a stage's name."""

    def __init__(self, stage_ms: dict[str, float], clock_ns: Callable[[], int]) -> None:
        self._stage_ms, self._clock_ns, self._last_ns = stage_ms, clock_ns, clock_ns()

    def __call__(self, stage: str) -> None:
        now_ns = self._clock_ns()
        self._stage_ms[stage] = (now_ns - self._last_ns) / 1e6
        self._last_ns = now_ns


def _report(
    detections: tuple[Detection, ...],
    refusal: Guidance,
    subject: Detection | None = None,
    pose: HeadPose | None = None,
    conditions: Conditions | None = None,
    liveness: Liveness | None = None,
) -> FaceReport:
    return FaceReport(
        detections=detections,
        subject=subject,
        pose=pose,
        conditions=conditions,
        refusal=refusal,
        embedding=None,
        match=None,
        threshold=None,
        outcome=Outcome.REFUSED,
        liveness=liveness,
    )
