"""The one guided capture under way, shared by the screens and the recognition thread."""

from __future__ import annotations

import threading

from kiosk.domain import Embedding, FaceReport, Frame
from kiosk.enrolment import EnrolmentProgress, GuidedCapture, Shot
from kiosk.errors import EnrolmentError
from kiosk.people import EnrolledPeople, Likeness
from kiosk.pipeline import FaceModels, Pipeline
from kiosk.recognition.thresholds import comparison_rate
from kiosk.vision.quality import ENROLMENT


class EnrolmentDesk:
    """Begun, restarted and saved from any thread; frames come from the recognition thread.

    Only the recognition thread touches the capture itself, outside the lock: a network may take
    long to answer, and the screens must not wait for it.
    """

    def __init__(self, stranger_rate: float) -> None:
        """``stranger_rate``: the FPIR at which somebody enrolled counts as a look-alike."""
        self._stranger_rate = stranger_rate
        self._lock = threading.Lock()
        self._capture: GuidedCapture | None = None
        self._existing_id: int | None = None
        self._is_to_restart = False
        self._shots: tuple[Shot, ...] = ()
        self._likeness: Likeness | None = None
        self._pipeline: Pipeline | None = None

    def begin(
        self,
        people: EnrolledPeople | None,
        models: FaceModels | None,
        pipeline: Pipeline | None,
        existing_id: int | None,
    ) -> None:
        """Start over, for a new person or an existing one.

        Raises EnrolmentError while the models are not loaded.
        """
        if people is None or models is None or pipeline is None:
            raise EnrolmentError("Nobody can be enrolled before the face models are there.")
        others = people.everybody
        if existing_id is not None:
            others = others.without(existing_id)
        rate = comparison_rate(self._stranger_rate, len(others))
        threshold = models.calibration.threshold(rate)
        capture = GuidedCapture(
            others,
            threshold,
            self._template,
            lambda person_id: people.all_names.get(person_id, ""),
            self._masked_template,
        )
        with self._lock:
            self._capture, self._existing_id = capture, existing_id
            self._is_to_restart, self._shots = False, ()
            self._likeness = Likeness(models.calibration, self._stranger_rate)

    @property
    def likeness(self) -> Likeness | None:
        """When the person captured counts as somebody's look-alike; None before any capture."""
        with self._lock:
            return self._likeness

    def restart(self) -> None:
        """Throw the shots away and begin again."""
        with self._lock:
            self._is_to_restart, self._shots = True, ()

    def cancel(self) -> None:
        """Forget the capture."""
        with self._lock:
            self._capture, self._shots = None, ()

    def take(self, frame: Frame, pipeline: Pipeline) -> tuple[FaceReport, EnrolmentProgress] | None:
        """Give the capture a frame; None when none is under way. Raises ModelError."""
        with self._lock:
            capture, is_to_restart = self._capture, self._is_to_restart
            self._is_to_restart = False
        if capture is None:
            return None
        # What networks saw before they failed and were loaded anew is not kept.
        if is_to_restart or pipeline is not self._pipeline:
            capture.restart()
        self._pipeline = pipeline
        report = pipeline.examine(frame, limits=ENROLMENT)
        progress = capture.update(frame, report)
        if capture.finished and not self._shots:
            # Whom a network that has gone wrong enrols, everybody may resemble.
            pipeline.prove()
        with self._lock:
            if self._capture is not capture:
                return None
            if not self._is_to_restart:
                self._shots = capture.shots if capture.finished else ()
        return report, progress

    def finished(self) -> tuple[tuple[Shot, ...], int | None]:
        """Return the shots, none before the capture is complete, and whom they are for."""
        with self._lock:
            return self._shots, self._existing_id

    def _template(self, frame: Frame, report: FaceReport) -> Embedding:
        if self._pipeline is None:
            raise ValueError("no frame has been taken")
        return self._pipeline.template(frame, report)

    def _masked_template(self, frame: Frame, report: FaceReport) -> Embedding | None:
        if self._pipeline is None or not self._pipeline.knows_masks:
            return None
        return self._pipeline.masked_template(frame, report)
