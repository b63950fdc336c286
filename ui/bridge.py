"""The one place where news from engine threads becomes Qt signals on the GUI thread.

Each ``Listener`` method below runs on an engine thread. It only emits a private signal that is
queued to a bound method of this object; that method, on the GUI thread, emits the public signal.
Frames are announced, not carried: at most one announcement is under way, and the receiver takes
whatever is newest, so a slow screen never collects old frames.
"""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, Qt, Signal, Slot

from kiosk.domain import CameraStatus, DoorStatus, Event, Frame, FrameResult, Person
from kiosk.mailbox import Mailbox

if TYPE_CHECKING:
    from kiosk.access.pin import PinVerdict
    from kiosk.enrolment import EnrolmentProgress
    from kiosk.health import HealthRow
    from kiosk.listener import KioskView
    from kiosk.rightsdesk import RightsDesk
    from kiosk.store.events import EventQuery
    from kiosk.store.export import ExportReceipt
    from kiosk.store.removable import RemovableMedium


class EngineLike(Protocol):
    """What the screens need of :class:`kiosk.engine.Engine`."""

    @property
    def preview(self) -> Mailbox[Frame]: ...
    @property
    def results(self) -> Mailbox[FrameResult]: ...

    def start(self) -> None: ...
    def recognise(self) -> None: ...
    def request_stop(self) -> None: ...
    def stop(self) -> None: ...
    def set_paused(self, paused: bool) -> None: ...

    def begin_enrolment(self, existing_person_id: int | None = None) -> None: ...
    def cancel_enrolment(self) -> None: ...
    def retake_enrolment(self) -> None: ...

    def people(self, search: str = "") -> Future[list[Person]]: ...
    def save_enrolment(self, name: str, number: str) -> Future[Person]: ...
    def set_person_enabled(self, person_id: int, enabled: bool) -> Future[Person]: ...
    def delete_person(self, person_id: int) -> Future[None]: ...
    def events(self, query: EventQuery) -> Future[list[Event]]: ...
    def removable_media(self) -> Future[list[RemovableMedium]]: ...
    def export_events(
        self, medium: RemovableMedium, query: EventQuery
    ) -> Future[ExportReceipt]: ...
    def admin_pin_is_set(self) -> Future[bool]: ...
    def set_admin_pin(self, pin: str) -> Future[None]: ...
    def check_admin_pin(self, pin: str) -> Future[PinVerdict]: ...
    def look_alikes(self, person_id: int) -> Future[list[Person]]: ...
    def set_person_pin(self, person_id: int, pin: str) -> Future[Person]: ...
    def remove_person_pin(self, person_id: int) -> Future[Person]: ...
    def enter_pin(self, pin: str) -> None: ...
    def enter_number_and_pin(self, number: str, pin: str) -> None: ...
    def test_relay(self) -> Future[None]: ...
    def health(self) -> Future[list[HealthRow]]: ...

    @property
    def rights(self) -> RightsDesk: ...
    def unlock_door(self, reason: str, extended: bool = False) -> Future[None]: ...
    def begin_free_access(self, minutes: int | None) -> Future[None]: ...
    def end_free_access(self) -> Future[None]: ...
    def begin_lockdown(self) -> Future[None]: ...
    def end_lockdown(self) -> Future[None]: ...
    def acknowledge_alarm(self, seq: int) -> Future[None]: ...
    def confirm_clock(self) -> Future[None]: ...
    def set_duress_pin(self, person_id: int, pin: str) -> Future[Person]: ...
    def remove_duress_pin(self, person_id: int) -> Future[Person]: ...
    def lists_on(self, medium: RemovableMedium) -> Future[list[str]]: ...
    def read_list(self, medium: RemovableMedium, name: str) -> Future[str]: ...
    def write_list(self, medium: RemovableMedium, text: str) -> Future[ExportReceipt]: ...


class EngineBridge(QObject):
    """A listener for the engine, and a source of signals for the screens."""

    # On the GUI thread, for the screens. Keyword: what the object is.
    frame_shown = Signal(object)  # Frame: the newest one of the camera
    result_shown = Signal(object)  # FrameResult: the newest one of the recognition
    view_shown = Signal(object)  # KioskView: the one state in large type
    door_shown = Signal(object)  # DoorStatus
    camera_shown = Signal(object)  # CameraStatus
    enrolment_shown = Signal(object)  # EnrolmentProgress
    alarms_shown = Signal()  # there are others to acknowledge than before

    # From engine threads to this object.
    _frame_came = Signal()
    _result_came = Signal()
    _view_came = Signal(object)
    _door_came = Signal(object)
    _camera_came = Signal(object)
    _enrolment_came = Signal(object)
    _alarms_came = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._engine: EngineLike | None = None
        self._closed = False
        self._frame_pending = False
        self._result_pending = False
        self.view: KioskView | None = None
        self.door: DoorStatus | None = None
        self.camera: CameraStatus | None = None
        self.result: FrameResult | None = None
        queued = Qt.ConnectionType.QueuedConnection
        self._frame_came.connect(self._take_frame, queued)
        self._result_came.connect(self._take_result, queued)
        self._view_came.connect(self._keep_view, queued)
        self._door_came.connect(self._keep_door, queued)
        self._camera_came.connect(self._keep_camera, queued)
        self._enrolment_came.connect(self._pass_enrolment, queued)
        self._alarms_came.connect(self._pass_alarms, queued)

    def attach(self, engine: EngineLike) -> None:
        """Take frames and results from this engine. Call before it starts."""
        self._engine = engine

    def close(self) -> None:
        """Ignore everything from now on (the program is ending)."""
        self._closed = True

    # --- Listener: engine threads -----------------------------------------------------------------

    def frame_arrived(self) -> None:
        if not self._frame_pending and not self._closed:
            self._frame_pending = True
            self._frame_came.emit()

    def result_arrived(self) -> None:
        if not self._result_pending and not self._closed:
            self._result_pending = True
            self._result_came.emit()

    def view_changed(self, view: KioskView) -> None:
        if not self._closed:
            self._view_came.emit(view)

    def door_changed(self, status: DoorStatus) -> None:
        if not self._closed:
            self._door_came.emit(status)

    def camera_changed(self, status: CameraStatus) -> None:
        if not self._closed:
            self._camera_came.emit(status)

    def enrolment_changed(self, progress: EnrolmentProgress) -> None:
        if not self._closed:
            self._enrolment_came.emit(progress)

    def alarms_changed(self) -> None:
        if not self._closed:
            self._alarms_came.emit()

    # --- the GUI thread ---------------------------------------------------------------------------

    @Slot()
    def _take_frame(self) -> None:
        # Cleared before taking: a frame that comes in between is announced again.
        self._frame_pending = False
        if self._engine is not None and not self._closed:
            frame = self._engine.preview.take()
            if frame is not None:
                self.frame_shown.emit(frame)

    @Slot()
    def _take_result(self) -> None:
        self._result_pending = False
        if self._engine is not None and not self._closed:
            result = self._engine.results.take()
            if result is not None:
                self.result = result
                self.result_shown.emit(result)

    @Slot(object)
    def _keep_view(self, view: KioskView) -> None:
        if not self._closed:
            self.view = view
            self.view_shown.emit(view)

    @Slot(object)
    def _keep_door(self, status: DoorStatus) -> None:
        if not self._closed:
            self.door = status
            self.door_shown.emit(status)

    @Slot(object)
    def _keep_camera(self, status: CameraStatus) -> None:
        if not self._closed:
            self.camera = status
            self.camera_shown.emit(status)

    @Slot(object)
    def _pass_enrolment(self, progress: EnrolmentProgress) -> None:
        if not self._closed:
            self.enrolment_shown.emit(progress)

    @Slot()
    def _pass_alarms(self) -> None:
        if not self._closed:
            self.alarms_shown.emit()
