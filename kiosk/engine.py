"""The engine: the threads, the acts, one shutdown list. It knows no screen.

Threads: ``camera`` reads frames, the caller's thread of :meth:`Engine.recognise` (the window's
QThread) examines them, ``door`` owns the relay, ``store`` owns the database, ``media`` writes to
USB sticks. Frames travel through newest-frame mailboxes and may be dropped; events never are.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future

from kiosk import __version__
from kiosk.administration import Administration
from kiosk.camera.capture import Capture
from kiosk.camera.source import Camera, parse_source
from kiosk.config import Config
from kiosk.datafolder import DataFolder
from kiosk.domain import (
    CameraState,
    CameraStatus,
    Decision,
    DoorState,
    DoorStatus,
    Event,
    EventKind,
    Frame,
    FrameResult,
    Person,
    Phase,
)
from kiosk.door.controller import DoorController
from kiosk.door.drivers import parse_relay
from kiosk.enginehealth import (
    CameraHealth,
    camera_row,
    door_row,
    log_row,
    models_row,
    people_row,
)
from kiosk.enrolmentdesk import EnrolmentDesk
from kiosk.errors import KioskError, ModelError, RelayError, StoreError
from kiosk.facemodels import load_face_models
from kiosk.faultboard import Fault, FaultBoard
from kiosk.health import HealthRow, check_clock, check_disk, is_clock_synchronised
from kiosk.listener import KioskView, Listener, SilentListener
from kiosk.mailbox import Mailbox
from kiosk.people import EnrolledPeople, load_people
from kiosk.pipeline import FaceModels, Pipeline
from kiosk.recognition.decision import VisitDecider, VisitRules
from kiosk.recognition.gallery import Gallery
from kiosk.store.lane import StoreLane
from kiosk.store.store import Store

_log = logging.getLogger(__name__)

_TAKE_TIMEOUT_S = 0.2
_RETRY_S = 2.0
_STALLED_NS = 3_000_000_000
_WATCH_STORE_NS = 1_000_000_000
_QUIET_NS = 1_000_000_000
"""Without a frame for this long, nobody can be said to stand there."""
_STOP_TIMEOUT_S = 3.0


class Engine:
    """One door's machinery. Make it, start it, run :meth:`recognise` in a thread, stop it."""

    def __init__(
        self,
        config: Config,
        folder: DataFolder,
        listener: Listener | None = None,
        camera: Camera | None = None,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        """Wire everything; no thread runs and no device is touched yet.

        ``camera`` takes the place of the configured one.

        Raises ConfigError or CameraError for a camera or relay that cannot be meant.
        """
        self.preview: Mailbox[Frame] = Mailbox()
        self.results: Mailbox[FrameResult] = Mailbox()
        self._inbox: Mailbox[Frame] = Mailbox()
        self._config = config
        self._folder = folder
        self._listener: Listener = listener or SilentListener()
        self._now_ms = now_ms
        self._stopping = threading.Event()
        self._paused = False
        self._board = FaultBoard(self._listener)
        self._lane = StoreLane(folder.database, on_fault=self._store_fault)
        self._door = DoorController(
            parse_relay(config.door.relay),
            config.door.pulse_s,
            self._door_changed,
            self._door_fact,
        )
        self._camera_status: CameraStatus | None = None
        self._capture = Capture(
            camera or parse_source(config.camera.source, config.camera),
            [self._show_frame, self._inbox.put],
            self._camera_changed,
        )
        self._admin = Administration(self._lane, self._record, self._reload_people, now_ms)
        self._models: FaceModels | None = None
        self._people: EnrolledPeople | None = None
        self._pipeline: Pipeline | None = None
        self._desk = EnrolmentDesk(config.recognition.stranger_rate)
        self._searched: Gallery | None = None
        self._reopen_store = False
        self._visit_void = threading.Event()
        self._store_watched_at_ns = 0
        self._started = self._stopped = False

        self.retake_enrolment = self._desk.restart
        self.cancel_enrolment = self._desk.cancel
        self.people = self._admin.people
        self.set_person_enabled = self._admin.set_person_enabled
        self.delete_person = self._admin.delete_person
        self.events = self._admin.events
        self.removable_media = self._admin.removable_media
        self.export_events = self._admin.export_events
        self.admin_pin_is_set = self._admin.admin_pin_is_set
        self.set_admin_pin = self._admin.set_admin_pin
        self.check_admin_pin = self._admin.check_admin_pin

    # --- life -------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the threads. Faults of the world do not raise: they are shown and retried."""
        self._started = True
        if self._door.status.is_simulated:
            self._board.warn("Simulated relay: no real door is driven.")
        self._record(EventKind.STARTED, detail=f"door-kiosk {__version__}")
        self._lane.start().add_done_callback(self._store_opened)
        self._door.start()
        self._capture.start()

    def request_stop(self) -> None:
        """Ask every loop to end; returns at once."""
        self._stopping.set()
        self._inbox.close()

    def stop(self) -> None:
        """End everything, the door first; safe to call twice.

        Call it after the thread that runs :meth:`recognise` has ended.
        """
        self.request_stop()
        if self._stopped:
            return
        self._stopped = True
        if self._started:
            self._capture.request_stop()
            if not self._door.stop(_STOP_TIMEOUT_S):
                _log.critical("the door's thread hangs in the relay's port")
            if not self._capture.join(_STOP_TIMEOUT_S):
                _log.error("the camera's driver hangs; leaving it behind")
        self._admin.close()
        if self._started:
            self._record(EventKind.STOPPED)
            if not self._lane.stop(_STOP_TIMEOUT_S):
                _log.error("the database did not take every event in time")
        self.preview.close()
        self.results.close()

    # --- the recognition thread -------------------------------------------------------------------

    def recognise(self) -> None:
        """Examine frames until :meth:`request_stop`. What it raises is a bug."""
        while not self._stopping.is_set():
            if self._pipeline is None and not self._prepare():
                self._stopping.wait(_RETRY_S)
                continue
            frame = self._inbox.take(_TAKE_TIMEOUT_S)
            self._watch_camera()
            self._watch_store()
            if frame is None or self._pipeline is None:
                if self._capture.age_ns(time.monotonic_ns()) > _QUIET_NS:
                    self._board.show(Decision(self._board.idle_phase), "")
                continue
            try:
                self._examine(frame, self._pipeline)
            except ModelError as error:
                # A network that fails once is not trusted again before its self-test passes.
                self._pipeline = None
                self._board.set(Fault.MODELS, str(error))
                self._record(EventKind.FAULT, detail=str(error))

    def _prepare(self) -> bool:
        """Load networks and people; say what is missing and return False when that fails."""
        if self._reopen_store:
            self._reopen_store = False
            self._lane.start().add_done_callback(self._store_opened)
        try:
            if self._models is None or self._board.has(Fault.MODELS):
                self._models = load_face_models(
                    self._folder.models, self._config.recognition.min_detection_score
                )
            people = self._lane.submit(self._read_people).result()
        except ModelError as error:
            self._board.set(Fault.MODELS, str(error))
            return False
        except StoreError as error:
            # Why it could not be opened is known better already.
            if not self._board.has(Fault.STORE):
                self._board.set(Fault.STORE, str(error))
            return False
        self._board.clear(Fault.MODELS)
        self._pipeline = self._make_pipeline(self._models, people)
        self._board.ready()
        return True

    def _make_pipeline(self, models: FaceModels, people: EnrolledPeople) -> Pipeline:
        wanted, kiosk = self._config.recognition, self._config.kiosk
        rules = VisitRules(
            votes=wanted.votes,
            vote_window_s=wanted.vote_window_s,
            welcome_s=max(kiosk.welcome_s, self._config.door.pulse_s),
        )
        return Pipeline(
            models, people.gallery, VisitDecider(rules), wanted.stranger_rate, wanted.margin
        )

    def _examine(self, frame: Frame, pipeline: Pipeline) -> None:
        people = self._people
        if people is None:
            return
        taken = self._desk.take(frame, pipeline)
        if taken is not None:
            report, progress = taken
            self._publish(FrameResult(frame, report, Decision(self._board.phase)))
            self._listener.enrolment_changed(progress)
            return
        if self._paused:
            return
        if self._visit_void.is_set():
            self._visit_void.clear()
            pipeline.end_visit()
        if self._board.is_out_of_order or self._door.status.state is DoorState.FAULT:
            # The picture stays alive, but nobody gathers votes for a door that must not open, and
            # what was decided before the fault is void.
            pipeline.end_visit()
            self._publish(FrameResult(frame, pipeline.examine(frame), Decision(Phase.OUT_OF_ORDER)))
            return
        if people.gallery is not self._searched:
            pipeline.set_gallery(people.gallery)
            self._searched = people.gallery
        result = pipeline.step(frame)
        self._publish(result)
        self._act(result.decision, people)

    def _publish(self, result: FrameResult) -> None:
        self.results.put(result)
        self._listener.result_arrived()

    def _act(self, decision: Decision, people: EnrolledPeople) -> None:
        name = people.name_of(decision.person_id) if decision.person_id is not None else ""
        if decision.granted_now and decision.person_id is not None:
            # Faults lock: without a log there is no door. Nor for somebody deleted just now, while
            # this frame was examined with the gallery of before.
            present = self._people is not None and self._people.name_of(decision.person_id)
            allowed = bool(present) and not self._board.is_out_of_order
            if allowed and self._record_decision(EventKind.GRANTED, decision, name):
                self._door.unlock(f"person {decision.person_id}", time.monotonic_ns())
        elif decision.rejected_now:
            self._record_decision(EventKind.NOT_RECOGNISED, decision, "")
        self._board.show(decision, name)

    # --- news from the other threads --------------------------------------------------------------

    def _show_frame(self, frame: Frame) -> None:
        self.preview.put(frame)
        self._listener.frame_arrived()

    def _camera_changed(self, status: CameraStatus) -> None:
        before, self._camera_status = self._camera_status, status
        lost, was_lost = (
            each is not None and each.state is CameraState.LOST for each in (status, before)
        )
        if lost:
            self._visit_void.set()
            self._board.set(Fault.CAMERA, status.message)
            self._board.clear(Fault.STALLED)
            if not was_lost:
                self._record(EventKind.CAMERA_LOST, detail=status.message)
        elif status.state is CameraState.STREAMING:
            self._board.clear(Fault.CAMERA)
            if was_lost:
                self._record(EventKind.CAMERA_BACK)
        self._listener.camera_changed(status)

    def _watch_camera(self) -> None:
        """Notice a camera that claims to stream and delivers nothing."""
        status = self._camera_status
        if status is None or status.state is not CameraState.STREAMING:
            return
        if self._capture.age_ns(time.monotonic_ns()) > _STALLED_NS:
            self._board.set(Fault.STALLED, f"{status.source} has stopped delivering pictures.")
        else:
            self._board.clear(Fault.STALLED)

    def _door_fact(self, kind: EventKind, detail: str) -> None:
        self._record(kind, detail=detail)
        if kind is EventKind.FAULT:
            # The door did not open: whoever was welcomed may be recognised again at once.
            self._visit_void.set()
            self._board.show(Decision(self._board.idle_phase), "")

    def _door_changed(self, status: DoorStatus) -> None:
        if status.state is DoorState.FAULT:
            self._visit_void.set()
            self._board.set(Fault.DOOR, status.message)
        else:
            self._board.clear(Fault.DOOR)
        self._board.door_is(status)
        self._listener.door_changed(status)

    def _store_opened(self, opened: Future[None]) -> None:
        error = opened.exception()
        if error is None:
            self._board.clear(Fault.STORE)
            return
        self._board.set(Fault.STORE, str(error))
        if not isinstance(error, KioskError):
            _log.error("the database cannot be opened", exc_info=error)
            return
        # Not from here, the store's own thread, which is ending just now.
        self._reopen_store = True

    def _store_fault(self, message: str | None) -> None:
        if message is None:
            self._board.clear(Fault.STORE)
        else:
            self._board.set(Fault.STORE, message)

    def _watch_store(self) -> None:
        """Notice a database that was taken away before the next event needs it."""
        now_ns = time.monotonic_ns()
        if now_ns - self._store_watched_at_ns < _WATCH_STORE_NS:
            return
        self._store_watched_at_ns = now_ns
        check = self._lane.submit(lambda store: store.database.check_in_place())
        check.add_done_callback(self._store_watched)

    def _store_watched(self, check: Future[None]) -> None:
        error = check.exception()
        if isinstance(error, StoreError) and not self._stopping.is_set():
            self._visit_void.set()
            self._board.set(Fault.STORE, str(error))

    # --- people -----------------------------------------------------------------------------------

    def _read_people(self, store: Store) -> EnrolledPeople:
        if self._models is None:
            raise StoreError("People cannot be read before the models are loaded.")
        people = load_people(store, self._models.embedder.model)
        self._people = people
        if people.without_template:
            self._board.warn(
                f"{people.without_template} people have templates of another model and are not "
                "recognised. Enrol them again."
            )
        return people

    def _reload_people(self, store: Store) -> None:
        if self._models is not None:
            self._read_people(store)

    # --- enrolment and administration -------------------------------------------------------------

    def set_paused(self, paused: bool) -> None:
        """Make no decisions while an administrator uses the screens."""
        self._paused = paused
        if paused:
            self._board.show(Decision(self._board.idle_phase), "")

    def begin_enrolment(self, existing_person_id: int | None = None) -> None:
        """Feed frames to a guided capture from now on. Raises EnrolmentError without models."""
        self._desk.begin(self._people, self._models, self._pipeline, existing_person_id)

    def save_enrolment(self, name: str, number: str) -> Future[Person]:
        """Store the finished capture; the future fails with EnrolmentError when it is not."""
        shots, existing_id = self._desk.finished()
        return self._admin.save_person(name, number, shots, existing_id)

    def test_relay(self) -> Future[None]:
        """Open the door for one pulse; the future fails with RelayError when that is refused."""
        done: Future[None] = Future()
        if self._door.unlock("test by administrator", time.monotonic_ns()):
            done.set_result(None)
        else:
            done.set_exception(RelayError(self._door.status.message or "The relay is not ready."))
        return done

    def health(self) -> Future[list[HealthRow]]:
        """Say how everything is; for the diagnostics screen."""
        return self._lane.submit(self._health)

    def _health(self, store: Store) -> list[HealthRow]:
        camera = CameraHealth(self._camera_status, self._capture.frames_per_s, self._inbox.dropped)
        rows = [camera_row(camera), door_row(self._door.status), models_row(self._models)]
        if self._people is not None and self._pipeline is not None:
            rows.append(people_row(self._people, self._pipeline.threshold))
        rows.append(log_row(store, self._lane.waiting_events))
        rows += [
            check_clock(self._now_ms(), is_clock_synchronised()),
            check_disk(self._folder.root),
        ]
        return rows

    # --- events -----------------------------------------------------------------------------------

    def _record_decision(self, kind: EventKind, decision: Decision, name: str) -> bool:
        return self._record_event(
            Event(
                kind,
                self._now_ms(),
                decision.person_id,
                name,
                similarity=decision.similarity,
                threshold=decision.threshold,
            )
        )

    def _record(
        self, kind: EventKind, person_id: int | None = None, name: str = "", detail: str = ""
    ) -> None:
        self._record_event(Event(kind, self._now_ms(), person_id, name, detail))

    def _record_event(self, event: Event) -> bool:
        """Queue an event; return False, with the fault shown, when the log cannot take it."""
        try:
            self._lane.record(event)
        except StoreError as error:
            _log.critical("event not recorded: %s: %s", event.kind.value, error)
            self._board.set(Fault.STORE, str(error))
            return False
        return True


__all__ = ["Engine", "KioskView", "Listener"]
