"""One frame, start to finish. It decides and touches nothing: no door, no log, no screen."""

from __future__ import annotations

import dataclasses
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
    LivenessPolicy,
    Match,
    ModelId,
    Outcome,
)
from kiosk.models.runtime import Runtime
from kiosk.recognition.decision import Clearance, VisitDecider
from kiosk.recognition.fusion import VisitFusion
from kiosk.recognition.gallery import Gallery
from kiosk.recognition.thresholds import MASKED_FROM, Calibration, classify, comparison_rate
from kiosk.vision.alignment import align
from kiosk.vision.conditions import CHIP_PX, assess
from kiosk.vision.crops import masked_chips, template_chips
from kiosk.vision.detector import RetinaFaceDetector
from kiosk.vision.embedder import FaceEmbedder
from kiosk.vision.head_pose import estimate_head_pose
from kiosk.vision.head_pose_network import HeadPoseNetwork
from kiosk.vision.liveness import LivenessNetwork
from kiosk.vision.presentation import PresentationJudge, PresentationState
from kiosk.vision.quality import DOOR, DRAWN_DOOR, GateLimits, check_quality
from kiosk.vision.relight import relight
from kiosk.vision.search import REGION_FACTOR, FaceSearch
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
    region_factor: float = REGION_FACTOR
    """How closely the detector is to look at a face again."""
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


_TURNED = (None, Guidance.LOOK_AT_CAMERA, Guidance.PRESENTATION)
"""What a face that turns as asked may be refused for."""


class Pipeline:
    """Takes frames in order; used by one thread."""

    def __init__(
        self,
        models: FaceModels,
        gallery: Gallery,
        decider: VisitDecider,
        stranger_rate: float,
        margin: float,
        limits: GateLimits | None = None,
        clock_ns: Callable[[], int] = time.perf_counter_ns,
    ) -> None:
        """``clock_ns`` only measures how long stages take; decisions use the frames' times."""
        self._models = models
        self._decider = decider
        self._stranger_rate = stranger_rate
        self._margin = margin
        self._limits = limits or (DRAWN_DOOR if models.simulated_only else DOOR)
        self._clock_ns = clock_ns
        self._search = FaceSearch(models.detector, models.region_factor)
        self._fusion = VisitFusion()
        self._judge = PresentationJudge(
            LivenessPolicy.OFF if models.liveness is None else LivenessPolicy.PASSIVE,
            min_live=0.0 if models.liveness is None else models.liveness.min_live,
            has_network=models.liveness is not None,
        )
        self.set_gallery(gallery)

    def set_liveness_policy(self, policy: LivenessPolicy) -> None:
        """Look for pictures of faces this hard from the next frame on."""
        self._judge.set_policy(policy)

    def set_gallery(self, gallery: Gallery) -> None:
        """Search another gallery from the next frame on; the threshold follows its size."""
        self._fmr = comparison_rate(self._stranger_rate, len(gallery))
        self._gallery = gallery.calibrated(self._models.calibration)
        self._threshold = self._models.calibration.threshold(self._fmr)
        self._fusion.reset()

    def end_visit(self) -> None:
        """Forget the visit under way: it came to nothing, and the next frame begins another."""
        self._decider.end_visit()
        self._fusion.reset()
        self._judge.reset()

    def prove(self) -> None:
        """Make sure that the networks still answer as they should. Raises ModelError."""
        self._models.prove()

    @property
    def model(self) -> ModelId:
        """The embedder whose templates can be compared here."""
        return self._models.embedder.model

    @property
    def threshold(self) -> float:
        """The cosine in force for the present gallery, in good conditions."""
        return self._threshold

    @property
    def fmr(self) -> float:
        """The false-match rate of one comparison in force for the present gallery."""
        return self._fmr

    @property
    def gallery(self) -> Gallery:
        """Who is searched."""
        return self._gallery

    def step(self, frame: Frame) -> FrameResult:
        """Examine a frame and let it vote. Raises ModelError when a network fails."""
        stage_ms: dict[str, float] = {}
        lap = _Laps(stage_ms, self._clock_ns)
        detections = self._search.follow(frame)
        lap("detect")
        report = self._examined(frame, detections, self._limits, lap)
        report = self._in_visit(frame, report)
        if report.embedding is not None:
            lap("match")
        clearance = self._cleared(frame, report)
        decision = self._decider.update(report, frame.captured_at_ns, clearance)
        return FrameResult(frame, report, decision, stage_ms)

    def _cleared(self, frame: Frame, report: FaceReport) -> Clearance:
        """Let the judge of presentation attacks see the frame."""
        at_ns = frame.captured_at_ns
        # Faces that are refused by their picture may be anybody's: they make no turn for somebody.
        is_seen = not self._judge.turns_are_under_way or report.refusal in _TURNED
        verdict = self._judge.update(
            at_ns,
            report.subject if is_seen else None,
            report.pose if is_seen else None,
            report.liveness,
            (frame.width_px, frame.height_px),
            may_ask=self._decider.may_grant(at_ns),
            person_id=report.match.person_id
            if report.match is not None and report.outcome is Outcome.ACCEPTED
            else None,
            is_matched=report.outcome is not Outcome.REFUSED,
        )
        return Clearance(
            is_live=verdict.state is PresentationState.LIVE,
            is_attack=verdict.state is PresentationState.ATTACK,
            owed=self._judge.owed(at_ns),
            guidance=verdict.guidance,
            reason=verdict.reason,
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
        detections = self._search.look(frame)
        lap("detect")
        report = self._examined(frame, detections, limits or self._limits, lap)
        if report.embedding is None:
            return report
        match = self._gallery.search(report.embedding, self._fmr)
        lap("match")
        return self._judged(report, match)

    def _examined(
        self, frame: Frame, detections: tuple[Detection, ...], limits: GateLimits, lap: _Laps
    ) -> FaceReport:
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
        refusal = check_quality(limits, frame, subject, rival, pose, conditions)
        if refusal is not None:
            return _report(detections, refusal, subject, pose, conditions)
        liveness = None
        if self._models.liveness is not None and self._judge.policy is not LivenessPolicy.OFF:
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
        # The conditions are those of the picture, not of what is made of it.
        embedding = self._models.embedder.embed_mirrored(
            relight(chip if size_px == CHIP_PX else align(frame, subject, size_px))
        )
        lap("embed")
        calibration = self._models.calibration
        strength = calibration.strength(embedding.length)
        conditions = dataclasses.replace(conditions, strength=strength)
        refusal = calibration.refusal(conditions, pose)
        if refusal is not None:
            return _report(detections, refusal, subject, pose, conditions, liveness)
        embedding = dataclasses.replace(embedding, conditions=conditions, pose=pose)
        return FaceReport(
            detections,
            subject,
            pose,
            conditions,
            None,
            embedding,
            None,
            None,
            Outcome.UNKNOWN,
            liveness,
        )

    def _in_visit(self, frame: Frame, report: FaceReport) -> FaceReport:
        """Match what the frames of this visit show together."""
        if report.embedding is None or report.subject is None:
            if report.subject is None:
                self._fusion.reset()
            return report
        prepared = self._gallery.prepare(report.embedding)
        own = self._gallery.search_prepared(prepared, self._fmr)
        fused = self._fusion.add(prepared, report.subject.box, frame.captured_at_ns)
        match = own if fused is prepared else self._gallery.search_prepared(fused, self._fmr)
        if own is None or match is None or own.person_id != match.person_id:
            # A frame that names somebody else says nothing for the person of the visit.
            return self._judged(report, own)
        return self._judged(report, match)

    def _judged(self, report: FaceReport, match: Match | None) -> FaceReport:
        outcome = classify(match, self._margin)
        advice = None
        if outcome is Outcome.UNKNOWN and report.conditions is not None and report.pose is not None:
            advice = self._models.calibration.advice(report.conditions, report.pose)
        return dataclasses.replace(
            report,
            match=match,
            threshold=self._threshold if match is None else match.threshold,
            outcome=outcome,
            advice=advice,
        )

    def template(self, frame: Frame, report: FaceReport) -> Embedding:
        """Return the embedding to enrol for a report that passed the gate. Raises ModelError."""
        subject, size_px = _enrollable(report), self._models.embedder.chip_size_px
        embedding = self._models.embedder.embed_mirrored(*template_chips(frame, subject, size_px))
        return dataclasses.replace(embedding, conditions=report.conditions, pose=report.pose)

    def masked_template(self, frame: Frame, report: FaceReport) -> Embedding | None:
        """Return the embedding to enrol for visits with a mask on; None for a masked face.

        It is the mean of the same face under several drawn masks. Raises ModelError.
        """
        subject, conditions = _enrollable(report), report.conditions
        if conditions is None or conditions.mouth_covered >= MASKED_FROM:
            return None
        chip = relight(align(frame, subject, self._models.embedder.chip_size_px))
        embedding = self._models.embedder.embed_mirrored(*masked_chips(chip))
        # What the camera saw had no mask, what the network saw had one.
        covered = dataclasses.replace(conditions, mouth_covered=1.0)
        return dataclasses.replace(embedding, conditions=covered, pose=report.pose)

    @property
    def knows_masks(self) -> bool:
        """Whether masked templates are of use: whether they have thresholds of their own."""
        return self._models.calibration.knows_masks


def _enrollable(report: FaceReport) -> Detection:
    if report.subject is None or report.refusal is not None:
        raise ValueError("only a face that passed the gate can be enrolled")
    return report.subject


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
