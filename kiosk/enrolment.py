"""Guided capture: five views of one face, each good enough to be trusted for years.

Pure logic: frames' reports go in, progress and finally embeddings come out.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass

from kiosk.domain import Embedding, FaceReport, Frame, Guidance, HeadPose, Template, TemplateKind
from kiosk.recognition.gallery import Gallery

_NS = 1_000_000_000


class View(enum.Enum):
    """The views asked for, in order; left and right are the person's own."""

    FRONT = "front"
    LEFT = "left"
    RIGHT = "right"
    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class CaptureRules:
    """When a view counts; angles in degrees, times in seconds."""

    front_yaw_deg: float = 12
    front_pitch_deg: float = 14
    turn_from_deg: float = 15
    turn_to_deg: float = 40
    nod_from_deg: float = 8
    nod_to_deg: float = 32
    nod_yaw_deg: float = 18
    hold_s: float = 0.5
    """A pose must be kept for so long; the sharpest frame of that time is taken."""
    steady_deg: float = 7
    """How far the pose may stray meanwhile."""


@dataclass(frozen=True, slots=True)
class EnrolmentProgress:
    """What the capture wants next and has so far."""

    step: View | None
    """The view wanted now; None when all are taken."""
    taken: tuple[View, ...]
    guidance: Guidance | None
    """What keeps the shot from being taken; None when only the pose is missing."""
    hold_fraction: float
    """How much of the steady time has passed, 0–1."""
    look_alike: str = ""
    """Name of somebody enrolled whom this face resembles; empty when there is none."""
    look_alike_similarity: float = 0.0
    finished: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """One accepted view."""

    view: View
    embedding: Embedding
    masked: Embedding | None = None
    """Of the same face with masks drawn over it."""

    def templates(self, now_ms: int) -> list[Template]:
        """Return the templates to store."""
        return made_templates(self.embedding, self.masked, self.view.value, now_ms)


def made_templates(
    embedding: Embedding, masked: Embedding | None, view: str, now_ms: int
) -> list[Template]:
    """Return what one picture gives: a template, and one for visits with a mask on."""
    found = [(embedding, TemplateKind.PLAIN)]
    if masked is not None:
        found.append((masked, TemplateKind.MASKED))
    return [
        Template(0, each, view, now_ms, kind=kind, conditions=each.conditions, pose=each.pose)
        for each, kind in found
    ]


@dataclass(frozen=True, slots=True, eq=False)
class _Candidate:
    frame: Frame
    report: FaceReport
    pose: HeadPose
    sharpness: float


def _no_masked(frame: Frame, report: FaceReport) -> Embedding | None:
    return None


class GuidedCapture:
    """Collects the views of one person; used by the recognition thread alone."""

    def __init__(
        self,
        gallery: Gallery,
        threshold: float,
        make_template: Callable[[Frame, FaceReport], Embedding],
        name_of: Callable[[int], str],
        make_masked: Callable[[Frame, FaceReport], Embedding | None] = _no_masked,
        rules: CaptureRules | None = None,
    ) -> None:
        """``gallery`` holds everybody *else*; ``threshold`` is the cosine of a match.

        It serves twice: who of the gallery looks like this face, and whether each further view
        still shows the person of the first.
        """
        self._gallery = gallery
        self._threshold = threshold
        self._make_template = make_template
        self._make_masked = make_masked
        self._name_of = name_of
        self._rules = rules or CaptureRules()
        self.restart()

    def restart(self) -> None:
        """Throw everything away and begin with the front view."""
        self._shots: list[Shot] = []
        self._front_pitch_deg = 0.0
        self._look_alike = ""
        self._look_alike_similarity = 0.0
        self._drop_hold()

    @property
    def shots(self) -> tuple[Shot, ...]:
        """The accepted views."""
        return tuple(self._shots)

    @property
    def step(self) -> View | None:
        """The view wanted now."""
        views = list(View)
        return views[len(self._shots)] if len(self._shots) < len(views) else None

    @property
    def finished(self) -> bool:
        """Whether all views are taken."""
        return self.step is None

    def update(self, frame: Frame, report: FaceReport) -> EnrolmentProgress:
        """Take the report of a frame, examined with the enrolment gate."""
        step = self.step
        if step is None:
            return self._progress(None)
        if report.refusal is not None or report.pose is None or report.conditions is None:
            self._drop_hold()
            return self._progress(report.refusal)
        if not self._is_view(step, report.pose):
            self._drop_hold()
            return self._progress(None)
        candidate = _Candidate(frame, report, report.pose, report.conditions.sharpness)
        if self._hold and not self._is_steady(candidate):
            self._drop_hold()
        self._hold.append(candidate)
        held_ns = frame.captured_at_ns - self._hold[0].frame.captured_at_ns
        if len(self._hold) < 3 or held_ns < self._rules.hold_s * _NS:
            return self._progress(None, min(held_ns / (self._rules.hold_s * _NS), 1.0))
        return self._take(step)

    def _take(self, step: View) -> EnrolmentProgress:
        best = max(self._hold, key=lambda candidate: candidate.sharpness)
        embedding = self._make_template(best.frame, best.report)
        self._drop_hold()
        if self._shots:
            similarity = float(embedding.vector @ self._shots[0].embedding.vector)
            if similarity < self._threshold:
                # Somebody else has stepped in: their face must not become this person's.
                return self._progress(Guidance.ONE_AT_A_TIME)
        else:
            self._front_pitch_deg = best.pose.pitch_deg
            match = self._gallery.search(embedding)
            if match is not None and match.similarity >= self._threshold:
                self._look_alike = self._name_of(match.person_id)
                self._look_alike_similarity = match.similarity
        masked = self._make_masked(best.frame, best.report)
        self._shots.append(Shot(step, embedding, masked))
        return self._progress(None)

    def _is_view(self, view: View, pose: HeadPose) -> bool:
        rules = self._rules
        if view is View.FRONT:
            return (
                abs(pose.yaw_deg) <= rules.front_yaw_deg
                and abs(pose.pitch_deg) <= rules.front_pitch_deg
            )
        if view in (View.LEFT, View.RIGHT):
            # Their left is on the right of an unmirrored picture, where yaw is positive.
            turn = pose.yaw_deg if view is View.LEFT else -pose.yaw_deg
            return rules.turn_from_deg <= turn <= rules.turn_to_deg
        # Noses differ: up and down are measured from this person's own front view.
        nod = pose.pitch_deg - self._front_pitch_deg
        nod = nod if view is View.UP else -nod
        return rules.nod_from_deg <= nod <= rules.nod_to_deg and (
            abs(pose.yaw_deg) <= rules.nod_yaw_deg
        )

    def _is_steady(self, candidate: _Candidate) -> bool:
        first = self._hold[0].pose
        return (
            abs(candidate.pose.yaw_deg - first.yaw_deg) <= self._rules.steady_deg
            and abs(candidate.pose.pitch_deg - first.pitch_deg) <= self._rules.steady_deg
        )

    def _drop_hold(self) -> None:
        self._hold: list[_Candidate] = []

    def _progress(self, guidance: Guidance | None, held: float = 0.0) -> EnrolmentProgress:
        return EnrolmentProgress(
            step=self.step,
            taken=tuple(shot.view for shot in self._shots),
            guidance=guidance,
            hold_fraction=held,
            look_alike=self._look_alike,
            look_alike_similarity=self._look_alike_similarity,
            finished=self.finished,
        )
