"""The one guided capture under way, shared by the screens and the recognition thread."""

from __future__ import annotations

import threading

from kiosk.domain import FaceReport, Frame
from kiosk.enrolment import EnrolmentProgress, GuidedCapture, Shot
from kiosk.errors import EnrolmentError
from kiosk.people import EnrolledPeople
from kiosk.pipeline import FaceModels, Pipeline
from kiosk.recognition.thresholds import comparison_rate
from kiosk.vision.quality import ENROLMENT


class EnrolmentDesk:
    """Begun, restarted and saved from any thread; frames come from the recognition thread."""

    def __init__(self, stranger_rate: float) -> None:
        """``stranger_rate``: the FPIR at which somebody enrolled counts as a look-alike."""
        self._stranger_rate = stranger_rate
        self._lock = threading.Lock()
        self._capture: GuidedCapture | None = None
        self._existing_id: int | None = None

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
        capture = GuidedCapture(
            others,
            models.calibration.threshold(rate),
            pipeline.template,
            lambda person_id: people.all_names.get(person_id, ""),
        )
        with self._lock:
            self._capture, self._existing_id = capture, existing_id

    def restart(self) -> None:
        """Throw the shots away and begin again."""
        with self._lock:
            if self._capture is not None:
                self._capture.restart()

    def cancel(self) -> None:
        """Forget the capture."""
        with self._lock:
            self._capture = None

    def take(self, frame: Frame, pipeline: Pipeline) -> tuple[FaceReport, EnrolmentProgress] | None:
        """Give the capture a frame; None when none is under way. Raises ModelError."""
        with self._lock:
            if self._capture is None:
                return None
            report = pipeline.examine(frame, limits=ENROLMENT)
            return report, self._capture.update(frame, report)

    def finished(self) -> tuple[tuple[Shot, ...], int | None]:
        """Return the shots, none before the capture is complete, and whom they are for."""
        with self._lock:
            if self._capture is None or not self._capture.finished:
                return (), self._existing_id
            return self._capture.shots, self._existing_id
