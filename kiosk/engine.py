"""The engine: the threads, the acts, one shutdown list. It knows no screen.

Threads: ``camera`` reads frames, the caller's thread of :meth:`Engine.recognise` (the window's
QThread) examines them, ``npu …`` run networks on a board, ``board`` watches its temperature,
``door`` owns the relay, ``store`` owns the database, ``media`` writes to USB sticks. Frames travel
through newest-frame mailboxes and may be dropped; events never are.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime
from functools import partial

from kiosk import __version__
from kiosk.access.calendar import load_zone
from kiosk.access.hours import wall_clock
from kiosk.access.ledger import Ledger
from kiosk.access.livenesspolicy import LivenessSchedule
from kiosk.administration import Administration
from kiosk.backoff import Backoff
from kiosk.camera.authenticity import Suspicion
from kiosk.camera.capture import Capture
from kiosk.camera.source import Camera, parse_source
from kiosk.camera.watch import CameraWatch
from kiosk.clockwatch import ClockWatch, TimeOfDay
from kiosk.config import Config
from kiosk.datafolder import DataFolder
from kiosk.domain import (
    ALARM_KINDS,
    CameraStatus,
    Decision,
    DoorState,
    DoorStatus,
    Event,
    EventKind,
    Frame,
    FrameResult,
    LivenessPolicy,
    Person,
    Phase,
)
from kiosk.door.controller import DoorController
from kiosk.door.latches import make_latch
from kiosk.door.rules import DoorRules
from kiosk.doordesk import DoorDesk
from kiosk.doorkeeper import Doorkeeper
from kiosk.enginehealth import CameraHealth, log_row, machine_rows, state_rows
from kiosk.enrolmentdesk import EnrolmentDesk
from kiosk.entrance import Entrance
from kiosk.errors import ModelError, StoreError
from kiosk.facemodels import refuse_real_door
from kiosk.faultboard import Fault, FaultBoard
from kiosk.grants import GrantLog, restored_ledger
from kiosk.health import HealthRow
from kiosk.heat import HeatGuard
from kiosk.listener import KioskView, Listener, SilentListener
from kiosk.mailbox import Mailbox
from kiosk.modelkeeper import ModelKeeper
from kiosk.models.pack import Pack
from kiosk.numberdesk import NumberDesk
from kiosk.people import EnrolledPeople, access_here, load_people, rights_book
from kiosk.pinchecks import PinChecks
from kiosk.pindesk import PinDesk
from kiosk.pipeline import FaceModels, Pipeline
from kiosk.recognition.decision import VisitDecider, VisitRules
from kiosk.recognition.gallery import Gallery
from kiosk.rightsdesk import RightsDesk
from kiosk.signals.commands import carry_out
from kiosk.signals.signals import Signals
from kiosk.store.journal import Journal
from kiosk.store.lane import StoreLane
from kiosk.store.store import Store
from kiosk.store.watch import StoreWatch

_log = logging.getLogger(__name__)

_TAKE_TIMEOUT_S = 0.2
_RETRY_S, _LONGEST_RETRY_S = 2.0, 15.0
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
        pack: Pack | None = None,
        local_time: Callable[[int], datetime] = wall_clock,
        clock: TimeOfDay | None = None,
    ) -> None:
        """Wire everything; no thread runs and no device is touched yet.

        ``camera`` takes the place of the configured one, ``pack`` that of the imported networks.
        ``local_time`` turns UTC milliseconds into the time that the liveness schedule is about.
        ``clock`` judges the time of day, which is otherwise done by what the system knows.

        Raises ConfigError or CameraError for a camera, relay or liveness schedule that cannot be
        meant, and ConfigError for networks that know simulated people only and a relay that is
        none.
        """
        self.preview: Mailbox[Frame] = Mailbox()
        self.results: Mailbox[FrameResult] = Mailbox()
        self._inbox: Mailbox[Frame] = Mailbox()
        self._config = config
        self._folder = folder
        self._listener: Listener = listener or SilentListener()
        self._now_ms, self._local_time = now_ms, local_time
        self._stopping = threading.Event()
        self._paused = False
        self._board = FaultBoard(self._listener)
        self._visit_void = threading.Event()
        self._lane = StoreLane(
            folder.database, on_fault=lambda fault: self._store.writing_is(fault)
        )
        self._store = StoreWatch(self._lane, partial(self._put, Fault.STORE))
        self._journal = Journal(self._write, now_ms)
        self._record = self._journal.note
        self._liveness = LivenessSchedule.parse(
            config.liveness.schedule, LivenessPolicy(config.liveness.policy)
        )
        load_zone(config.access.zone)
        latch = make_latch(config.door.relay, folder.guard_journal)
        if not latch.is_simulated:
            # Before anything is sent to a port: connecting alone writes to it.
            refuse_real_door(pack or folder.models)
        self._door = DoorController(
            latch, DoorRules.from_config(config.door), self._door_changed, self._door_fact
        )
        self._models = ModelKeeper(
            self._board,
            self._fact,
            config,
            pack or folder.models,
            drives_real_door=not latch.is_simulated,
            wants_liveness=self._liveness.policies != {LivenessPolicy.OFF},
            now_ms=now_ms,
        )
        self._clock = clock or ClockWatch(self._lane, self._fact)
        source = camera or parse_source(config.camera.source, config.camera)
        self._new_frame_ns = 0
        self._camera = CameraWatch(
            partial(self._put, Fault.CAMERA),
            partial(self._put, Fault.STALLED),
            lambda kind, detail: self._record(kind, detail=detail),
            self._camera_suspected,
            getattr(source, "sensor_rules", None),
            lambda: getattr(source, "is_suspect", False),
        )
        self._capture = Capture(source, [self._frame_came, self._show_frame], self._camera_changed)
        self._heat = HeatGuard(config.recognition, partial(self._board.put_warning, "heat"))
        self._admin = Administration(self._lane, self._record, self._reload_people, now_ms)
        self.rights = RightsDesk(
            self._lane, self._record, self._reload_people, now_ms, access_here(config)
        )
        self._doordesk = DoorDesk(
            self._door,
            self._lane,
            now_ms,
            self._why_not,
            self._listener.alarms_changed,
        )
        self._signals = Signals(
            config.mqtt,
            self._lane,
            partial(carry_out, desk=self._doordesk),
            config.kiosk.door_name,
            now_ms,
        )
        self._people: EnrolledPeople | None = None
        self._pipeline: Pipeline | None = None
        self._desk = EnrolmentDesk(config.recognition.stranger_rate)
        self._searched: Gallery | None = None
        checks = PinChecks(self._lane, self._record)
        self._pins = PinDesk(checks.check)
        self._numbers = NumberDesk(checks.check_number)
        self._day = Ledger()
        entrance = Entrance(
            self._journal,
            GrantLog(self._lane, self._reload_people).write,
            self._door.unlock,
            lambda: self._door.status,
            lambda: self._clock.state.ok,
            lambda: self._day,
            now_ms,
            time.monotonic_ns,
        )
        self._keeper = Doorkeeper(
            self._board,
            self._journal,
            self._pins,
            self._numbers,
            entrance,
            lambda: self._people,
            lambda: self._clock.state.ok,
            now_ms,
            self._welcome_s,
        )
        self._started = self._stopped = False
        self._backoff = Backoff(_RETRY_S, _LONGEST_RETRY_S)

        self.retake_enrolment = self._desk.restart
        self.cancel_enrolment = self._desk.cancel
        self.people = self._admin.people
        self.set_person_enabled = self._admin.set_person_enabled
        self.delete_person = self._admin.delete_person
        self.events = self._admin.events
        self.removable_media = self._admin.removable_media
        self.export_events = self._admin.export_events
        self.lists_on = self._admin.lists_on
        self.read_list = self._admin.read_list
        self.write_list = self._admin.write_list
        self.admin_pin_is_set = self._admin.admin_pin_is_set
        self.set_admin_pin = self._admin.set_admin_pin
        self.check_admin_pin = self._admin.check_admin_pin
        self.set_person_pin = self._admin.set_person_pin
        self.remove_person_pin = self._admin.remove_person_pin
        self.look_alikes = self._admin.look_alikes
        self.set_duress_pin = checks.set_duress_pin
        self.remove_duress_pin = checks.remove_duress_pin
        self.enter_pin = self._pins.enter
        self.enter_number_and_pin = self._numbers.enter
        self.unlock_door = self._doordesk.unlock
        self.begin_free_access = self._doordesk.begin_free_access
        self.end_free_access = self._doordesk.end_free_access
        self.begin_lockdown = self._doordesk.begin_lockdown
        self.end_lockdown = self._doordesk.end_lockdown
        self.acknowledge_alarm = self._doordesk.acknowledge_alarm
        self.confirm_clock = self._clock.confirm

    # --- life -------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the threads. Faults of the world do not raise: they are shown and retried."""
        self._started = True
        if self._door.status.is_simulated:
            self._board.warn("Simulated relay: no real door is driven.")
        self._record(EventKind.STARTED, detail=f"door-kiosk {__version__}")
        self._store.open()
        self._signals.start()
        self._door.start()
        self._capture.start()
        self._heat.start()

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
            self._heat.stop(_STOP_TIMEOUT_S)
        self._admin.close()
        if self._started:
            self._record(EventKind.STOPPED)
            if not self._signals.stop(_STOP_TIMEOUT_S):
                _log.error("the connection to the MQTT broker hangs; leaving it behind")
            if not self._lane.stop(_STOP_TIMEOUT_S):
                _log.error("the database did not take every event in time")
        self._models.free()
        self.preview.close()
        self.results.close()

    # --- the recognition thread -------------------------------------------------------------------

    def recognise(self) -> None:
        """Examine frames until :meth:`request_stop`. What it raises is a bug."""
        while not self._stopping.is_set():
            self._look_at_time(time.monotonic_ns())
            if self._pipeline is None and not self._prepare():
                self._stopping.wait(self._backoff.next_s(time.monotonic()))
                continue
            frame = self._inbox.take(_TAKE_TIMEOUT_S)
            self._camera.look(self._capture.age_ns(time.monotonic_ns()))
            self._store.look(time.monotonic_ns())
            if frame is None or self._pipeline is None:
                if time.monotonic_ns() - self._new_frame_ns > _QUIET_NS:
                    self._keeper.forget()
                    self._board.show(Decision(self._board.idle_phase), "")
                continue
            if not self._heat.may_examine(frame.captured_at_ns):
                continue
            try:
                self._examine(frame, self._pipeline)
            except ModelError as error:
                # A network that fails once is not trusted again before its self-test passes.
                self._pipeline = None
                self._models.failed(error)
                self._stopping.wait(self._backoff.next_s(time.monotonic()))

    def _prepare(self) -> bool:
        """Load networks and people; say what is missing and return False when that fails."""
        self._store.reopen_if_failed()
        try:
            # First: without networks nobody is recognised, but a door locked down stays so.
            self._lane.submit(self._restore).result()
            models = self._models.ready()
            people = self._lane.submit(self._read_people).result()
            ledger = self._lane.submit(
                partial(restored_ledger, rights=people.rights, now_ms=self._now_ms())
            ).result()
        except ModelError as error:
            self._models.failed(error)
            return False
        except StoreError as error:
            self._store.reading_is(str(error))
            return False
        self._store.reading_is(None)
        self._board.clear(Fault.MODELS)
        self._day = ledger
        self._pipeline = self._make_pipeline(models, people)
        self._board.ready()
        return True

    def _restore(self, store: Store) -> None:
        """Take up what was true of door and clock before the restart; on the store's thread."""
        self._clock.restore(store)
        self._doordesk.restore(store)

    def _look_at_time(self, now_ns: int) -> None:
        """Follow the clock, and unlock for everybody when a schedule says so."""
        self._clock.look(now_ns)
        state = self._clock.state
        self._board.put_warning("clock", state.reason or None)
        people = self._people
        if people is None:
            return
        until_ms = people.rights.free_access_at(
            people.free_schedule, self._now_ms(), clock_ok=state.ok, day=self._day
        )
        self._doordesk.follow_schedule(until_ms, may_begin=not self._board.is_out_of_order)
        if self._door.status.is_free and self._board.has(Fault.STORE):
            # A door that is open to everybody, and nobody would know of it.
            self._door.end_free_access("the log cannot be written")

    def _make_pipeline(self, models: FaceModels, people: EnrolledPeople) -> Pipeline:
        wanted = self._config.recognition
        rules = VisitRules(
            votes=wanted.votes, vote_window_s=wanted.vote_window_s, welcome_s=self._welcome_s
        )
        return Pipeline(
            models, people.gallery, VisitDecider(rules), wanted.stranger_rate, wanted.margin
        )

    @property
    def _welcome_s(self) -> float:
        return max(self._config.kiosk.welcome_s, self._config.door.pulse_s)

    def _end_visit(self, pipeline: Pipeline) -> None:
        pipeline.end_visit()
        self._keeper.forget()

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
            self._end_visit(pipeline)
        if self._board.is_out_of_order or self._door.status.state is DoorState.FAULT:
            # The picture stays alive, but nobody gathers votes for a door that must not open, and
            # what was decided before the fault is void.
            self._end_visit(pipeline)
            self._publish(FrameResult(frame, pipeline.examine(frame), Decision(Phase.OUT_OF_ORDER)))
            return
        if people.gallery is not self._searched:
            pipeline.set_gallery(people.gallery)
            self._searched = people.gallery
        pipeline.set_liveness_policy(self._liveness.policy_at(self._local_time(self._now_ms())))
        result = pipeline.step(frame)
        self._publish(result)
        self._keeper.act(result, pipeline)

    def _publish(self, result: FrameResult) -> None:
        conditions = result.report.conditions
        self._capture.meter(None if conditions is None else conditions.luminance)
        self.results.put(result)
        self._listener.result_arrived()

    # --- news from the other threads --------------------------------------------------------------

    def _frame_came(self, frame: Frame) -> None:
        # First of all: a fault must be known before the picture is examined.
        if self._camera.seen(frame):
            # The same picture again is no second vote for whoever is in it.
            self._new_frame_ns = frame.captured_at_ns
            self._inbox.put(frame)

    def _show_frame(self, frame: Frame) -> None:
        self.preview.put(frame)
        self._listener.frame_arrived()

    def _camera_suspected(self, suspicion: Suspicion, sentence: str | None) -> None:
        self._put(Fault[suspicion.name], sentence)

    def _put(self, fault: Fault, sentence: str | None) -> None:
        """Show a fault or that it is over; what was decided before a fault is void."""
        if sentence is not None:
            self._visit_void.set()
        self._board.put(fault, sentence)

    def _camera_changed(self, status: CameraStatus) -> None:
        self._camera.changed(status)
        self._listener.camera_changed(status)

    def _door_fact(self, kind: EventKind, detail: str) -> None:
        self._record(kind, detail=detail)
        if kind in ALARM_KINDS:
            self._listener.alarms_changed()
        if kind is EventKind.FAULT:
            # The door did not open: whoever was welcomed may be recognised again at once.
            self._visit_void.set()
            self._board.show(Decision(self._board.idle_phase), "")

    def _write(self, event: Event) -> bool:
        is_taken = self._store.record(event)
        self._signals.events_written()
        return is_taken

    def _fact(self, kind: EventKind, detail: str) -> None:
        self._record(kind, detail=detail)

    def _door_changed(self, status: DoorStatus) -> None:
        self._put(Fault.DOOR, status.message if status.state is DoorState.FAULT else None)
        self._board.door_is(status)
        self._signals.door_changed(status)
        self._listener.door_changed(status)

    # --- people -----------------------------------------------------------------------------------

    def _read_people(self, store: Store) -> EnrolledPeople:
        models = self._models.models
        if models is None:
            raise StoreError("People cannot be read before the models are loaded.")
        people = load_people(store, models.embedder.model, access_here(self._config))
        self._people = people
        if people.without_template:
            self._board.warn(
                f"{people.without_template} people have templates of another model and are not "
                "recognised. Enrol them again."
            )
        return people

    def _reload_people(self, store: Store) -> None:
        people = self._people
        if self._models.models is not None:
            self._read_people(store)
        elif people is not None:
            # Without networks nobody is recognised, but the door may be free by a schedule.
            access = access_here(self._config)
            book, free = rights_book(store, access), store.rights.free_schedule()
            self._people = replace(people, rights=book, free_schedule=free)

    # --- enrolment and administration -------------------------------------------------------------

    def set_paused(self, paused: bool) -> None:
        """Make no decisions while an administrator uses the screens."""
        self._paused = paused
        if paused:
            self._pins.cancel()
            self._numbers.cancel()
            self._board.show(Decision(self._board.idle_phase), "")

    def begin_enrolment(self, existing_person_id: int | None = None) -> None:
        """Feed frames to a guided capture from now on. Raises EnrolmentError without models."""
        self._desk.begin(self._people, self._models.models, self._pipeline, existing_person_id)

    def save_enrolment(self, name: str, number: str) -> Future[Person]:
        """Store the finished capture; the future fails with EnrolmentError when it is not."""
        shots, existing_id = self._desk.finished()
        return self._admin.save_person(name, number, shots, existing_id, self._desk.likeness)

    def test_relay(self) -> Future[None]:
        """Open the door for one pulse; the future fails with RelayError when that is refused."""
        return self._doordesk.unlock("relay test")

    def _why_not(self) -> str:
        """Say why the door must not be unlocked by hand or schedule; empty when it may."""
        return self._models.refusal or self._board.sentence(Fault.STORE)

    def health(self) -> Future[list[HealthRow]]:
        """Say how everything is; for the diagnostics screen."""
        return self._lane.submit(self._health)

    def _health(self, store: Store) -> list[HealthRow]:
        dropped = self._inbox.dropped + self._heat.held_back
        camera = CameraHealth(self._camera.status, self._capture.frames_per_s, dropped)
        threshold = self._pipeline.threshold if self._pipeline is not None else None
        return [
            *state_rows(camera, self._door.status, self._models.models, self._people, threshold),
            log_row(store, self._lane.waiting_events),
            self._signals.health_row(store.events.head()[0]),
            *self._heat.rows(),
            *machine_rows(self._now_ms(), self._folder.root),
        ]


__all__ = ["Engine", "KioskView", "Listener"]
