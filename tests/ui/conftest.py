"""A pretend engine, drawn people, and a window to put them in."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PySide6.QtCore import QEvent, QThread
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QLabel, QPushButton
from shiboken6 import isValid

from kiosk.access.pin import PinVerdict
from kiosk.domain import (
    Box,
    CameraState,
    CameraStatus,
    Decision,
    Detection,
    DoorState,
    DoorStatus,
    Event,
    EventKind,
    FaceReport,
    Frame,
    FrameResult,
    Guidance,
    HeadPose,
    Match,
    Outcome,
    Person,
    Phase,
)
from kiosk.health import HealthRow
from kiosk.listener import KioskView
from kiosk.mailbox import Mailbox
from kiosk.store.events import EventQuery
from kiosk.store.export import ExportReceipt
from kiosk.store.removable import RemovableMedium
from tests.ui.fakerights import FakeRights
from ui.app import make_application
from ui.bridge import EngineBridge
from ui.window import KioskWindow
from ui.worker import RecognitionWorker

PIN = "480913"


def done(value: Any = None) -> Future[Any]:
    """Return a future that has its result."""
    future: Future[Any] = Future()
    future.set_result(value)
    return future


def failed(error: BaseException) -> Future[Any]:
    """Return a future that has failed."""
    future: Future[Any] = Future()
    future.set_exception(error)
    return future


@dataclass
class FakeEngine:
    """Answers at once, remembers what it was asked, and never touches a disk or a door."""

    listener: Any = None
    pin: str = PIN
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    paused: bool = False
    answers: dict[str, Callable[..., Future[Any]]] = field(default_factory=dict)
    """Replaces the answer of a method by name."""

    def __post_init__(self) -> None:
        self.preview: Mailbox[Frame] = Mailbox()
        self.results: Mailbox[FrameResult] = Mailbox()
        self.stop_flag = False
        self.script: Callable[[FakeEngine], None] | None = None
        self.persons = [
            Person(1, "Ada Lovelace", "1815", True, 0, 1_760_000_000_000, 5),
            Person(2, "Grace Hopper", "1906", True, 0, 1_760_500_000_000, 5),
            Person(3, "Søren Kierkegaard", "", False, 0, 1_761_000_000_000, 5),
            Person(4, "王小明", "4471", True, 0, 1_761_500_000_000, 5),
            Person(5, "김민준", "4472", True, 0, 1_762_000_000_000, 10),
            Person(
                6,
                "Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh",
                "X-9",
                True,
                0,
                1_762_500_000_000,
                5,
            ),
        ]
        self.rights = FakeRights(self._answer)
        now_ms = round(time.time() * 1000)
        kinds = [
            (EventKind.STARTED, None, "", "version 0.1"),
            (EventKind.ADMIN_LOGIN, None, "", ""),
            (EventKind.ENROLLED, 2, "Grace Hopper", "5 templates"),
            (EventKind.GRANTED, 1, "Ada Lovelace", ""),
            (EventKind.DOOR_UNLOCKED, 1, "Ada Lovelace", "5.0 s"),
            (EventKind.DOOR_LOCKED, None, "", ""),
            (EventKind.NOT_RECOGNISED, None, "", ""),
            (EventKind.CAMERA_LOST, None, "", "/dev/video0 stopped delivering frames."),
            (EventKind.CAMERA_BACK, None, "", ""),
            (EventKind.ADMIN_REFUSED, None, "", ""),
            (EventKind.GRANTED, 4, "王小明", ""),
            (EventKind.EXPORTED, None, "", "213 events to KINGSTON"),
        ]
        self.log = [
            Event(
                kind,
                now_ms - 61_000 * (len(kinds) - n),
                person,
                name,
                detail,
                0.71 if kind is EventKind.GRANTED else None,
                0.48 if kind is EventKind.GRANTED else None,
                n + 1,
            )
            for n, (kind, person, name, detail) in enumerate(kinds)
        ]
        self.media = [
            RemovableMedium("/media/stick", "KINGSTON", "vfat", 14_900_000_000, False, "/dev/sda1"),
            RemovableMedium("/media/old", "", "exfat", 310_000_000, True, "/dev/sdb1"),
        ]
        self.rows = [
            HealthRow("Camera", "ok", "/dev/video0, 1280 × 720, 29.8 frames per second"),
            HealthRow("Models", "ok", "mobilefacenet-112/1/fp16 on the NPU of the rk3588"),
            HealthRow("Relay", "warning", "Simulated: no real door is driven."),
            HealthRow("Store", "ok", "6 people, 213 events, 1.9 MB, last check passed"),
            HealthRow("Disk", "ok", "11.2 GB free"),
            HealthRow("NPU", "ok", "rk3588s, load 42 % / 7 % / 0 %, 600 of 1000 MHz, driver 0.9.8"),
            HealthRow(
                "Temperature",
                "warning",
                "86 °C (soc): too hot. Give it air or a larger heat sink. The computer is hot "
                "(85 °C or more): faces are looked at 4 times a second until it has cooled down.",
            ),
            HealthRow("Memory", "ok", "5120 of 7744 MiB available; this program takes 128 MiB"),
            HealthRow("Clock", "fault", "Not synchronised. Check the network or set the time."),
        ]

    def _answer(self, name: str, default: Callable[[], Any], *args: Any) -> Future[Any]:
        self.calls.append((name, *args))
        if name in self.answers:
            return self.answers[name](*args)
        return done(default())

    def called(self, name: str) -> list[tuple[Any, ...]]:
        """Return the arguments of each call of a method."""
        return [call[1:] for call in self.calls if call[0] == name]

    # --- the loop ---------------------------------------------------------------------------------

    def start(self) -> None:
        self.calls.append(("start",))

    def recognise(self) -> None:
        self.calls.append(("recognise", QThread.currentThread().objectName()))
        if self.script is not None:
            self.script(self)
        while not self.stop_flag:
            time.sleep(0.005)

    def request_stop(self) -> None:
        self.stop_flag = True

    def stop(self) -> None:
        self.calls.append(("stop",))

    def set_paused(self, paused: bool) -> None:
        self.paused = paused

    # --- enrolment --------------------------------------------------------------------------------

    def begin_enrolment(self, existing_person_id: int | None = None) -> None:
        self.calls.append(("begin_enrolment", existing_person_id))

    def cancel_enrolment(self) -> None:
        self.calls.append(("cancel_enrolment",))

    def retake_enrolment(self) -> None:
        self.calls.append(("retake_enrolment",))

    # --- answers ----------------------------------------------------------------------------------

    def people(self, search: str = "") -> Future[list[Person]]:
        wanted = search.casefold()
        return self._answer(
            "people",
            lambda: [p for p in self.persons if wanted in f"{p.name} {p.number}".casefold()],
            search,
        )

    def save_enrolment(self, name: str, number: str) -> Future[Person]:
        return self._answer(
            "save_enrolment", lambda: Person(9, name, number, True, 1, 1, 5), name, number
        )

    def set_person_enabled(self, person_id: int, enabled: bool) -> Future[Person]:
        return self._answer(
            "set_person_enabled",
            lambda: self._change(person_id, enabled=enabled),
            person_id,
            enabled,
        )

    def _change(self, person_id: int, **fields: Any) -> Person:
        found = next(n for n, p in enumerate(self.persons) if p.id == person_id)
        self.persons[found] = replace(self.persons[found], **fields)
        return self.persons[found]

    def delete_person(self, person_id: int) -> Future[None]:
        def remove() -> None:
            self.persons = [p for p in self.persons if p.id != person_id]

        return self._answer("delete_person", remove, person_id)

    def events(self, query: EventQuery) -> Future[list[Event]]:
        found = [e for e in self.log if query.person_id in (None, e.person_id)]
        return self._answer("events", lambda: found[::-1], query)

    def removable_media(self) -> Future[list[RemovableMedium]]:
        return self._answer("removable_media", lambda: self.media)

    def export_events(self, medium: RemovableMedium, query: EventQuery) -> Future[ExportReceipt]:
        receipt = ExportReceipt(
            "/media/stick/doorlog_20261120T093000Z_1.csv",
            213,
            31_000,
            "0" * 64,
            True,
            "213 events written and verified. You may remove the medium now.",
        )
        return self._answer("export_events", lambda: receipt, medium, query)

    def admin_pin_is_set(self) -> Future[bool]:
        return self._answer("admin_pin_is_set", lambda: bool(self.pin))

    def set_admin_pin(self, pin: str) -> Future[None]:
        return self._answer("set_admin_pin", lambda: None, pin)

    def check_admin_pin(self, pin: str) -> Future[PinVerdict]:
        verdict = PinVerdict(True) if pin == self.pin else PinVerdict(False, attempts_left=3)
        return self._answer("check_admin_pin", lambda: verdict, pin)

    def look_alikes(self, person_id: int) -> Future[list[Person]]:
        return self._answer("look_alikes", list, person_id)

    def set_person_pin(self, person_id: int, pin: str) -> Future[Person]:
        return self._answer(
            "set_person_pin", lambda: self._change(person_id, has_pin=True), person_id, pin
        )

    def remove_person_pin(self, person_id: int) -> Future[Person]:
        return self._answer(
            "remove_person_pin", lambda: self._change(person_id, has_pin=False), person_id
        )

    def enter_pin(self, pin: str) -> None:
        self.calls.append(("enter_pin", pin))

    def enter_number_and_pin(self, number: str, pin: str) -> None:
        self.calls.append(("enter_number_and_pin", number, pin))

    def set_duress_pin(self, person_id: int, pin: str) -> Future[Person]:
        return self._answer(
            "set_duress_pin", lambda: self._change(person_id, has_duress_pin=True), person_id, pin
        )

    def remove_duress_pin(self, person_id: int) -> Future[Person]:
        return self._answer(
            "remove_duress_pin", lambda: self._change(person_id, has_duress_pin=False), person_id
        )

    def unlock_door(self, reason: str, extended: bool = False) -> Future[None]:
        return self._answer("unlock_door", lambda: None, reason, extended)

    def begin_free_access(self, minutes: int | None) -> Future[None]:
        return self._answer("begin_free_access", lambda: None, minutes)

    def end_free_access(self) -> Future[None]:
        return self._answer("end_free_access", lambda: None)

    def begin_lockdown(self) -> Future[None]:
        return self._answer("begin_lockdown", lambda: None)

    def end_lockdown(self) -> Future[None]:
        return self._answer("end_lockdown", lambda: None)

    def acknowledge_alarm(self, seq: int) -> Future[None]:
        return self._answer("acknowledge_alarm", lambda: self.rights.acknowledge(seq), seq)

    def confirm_clock(self) -> Future[None]:
        return self._answer("confirm_clock", lambda: None)

    def lists_on(self, medium: RemovableMedium) -> Future[list[str]]:
        return self._answer(
            "lists_on", lambda: ["people_20261120T093000Z.csv", "new staff.csv"], medium
        )

    def read_list(self, medium: RemovableMedium, name: str) -> Future[str]:
        return self._answer("read_list", lambda: "number,name\r\n", medium, name)

    def write_list(self, medium: RemovableMedium, text: str) -> Future[ExportReceipt]:
        receipt = ExportReceipt(
            "/media/stick/people_20261120T093000Z.csv",
            148,
            9_000,
            "0" * 64,
            True,
            "148 lines written and verified. You may remove the medium now.",
        )
        return self._answer("write_list", lambda: receipt, medium, text)

    def test_relay(self) -> Future[None]:
        return self._answer("test_relay", lambda: None)

    def health(self) -> Future[list[HealthRow]]:
        return self._answer("health", lambda: self.rows)


# --- drawn people -----------------------------------------------------------------------------


def drawn_frame(now_ns: int, *, people: int = 1, width: int = 1280, height: int = 720) -> Frame:
    """Draw a corridor and people who do not exist; the subject is in the middle."""
    ramp = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    top, bottom = np.array([168, 158, 150]), np.array([92, 96, 104])
    pixels = np.broadcast_to(top * (1 - ramp) + bottom * ramp, (height, width, 3))
    pixels = np.ascontiguousarray(pixels.astype(np.uint8))
    cv2.rectangle(pixels, (90, 130), (330, height), (74, 92, 112), -1)
    cv2.rectangle(pixels, (960, 90), (1190, 330), (205, 196, 170), -1)
    for place in range(people):
        x, size = (width // 2, 1.0) if place == 0 else (width // 2 + 390, 0.6)
        _draw_person(pixels, x, height // 2 + (10 if place == 0 else 60), size, place)
    pixels = cv2.GaussianBlur(pixels, (0, 0), 1.2)
    return Frame(pixels, now_ns)


def _draw_person(pixels: np.ndarray, x: int, y: int, size: float, number: int) -> None:
    def s(value: float) -> int:
        return round(value * size)

    skin = ((150, 178, 222), (96, 132, 182))[number % 2]
    cloth = ((120, 74, 40), (60, 92, 60))[number % 2]
    line = cv2.LINE_AA
    cv2.ellipse(pixels, (x, y + s(400)), (s(270), s(215)), 0, 0, 360, cloth, -1, line)
    cv2.rectangle(pixels, (x - s(55), y + s(110)), (x + s(55), y + s(220)), skin, -1)
    cv2.ellipse(pixels, (x, y - s(40)), (s(140), s(165)), 0, 0, 360, (40, 52, 70), -1, line)
    cv2.ellipse(pixels, (x, y), (s(122), s(158)), 0, 0, 360, skin, -1, line)
    for side in (-1, 1):
        eye = (x + side * s(48), y - s(25))
        cv2.ellipse(pixels, eye, (s(21), s(12)), 0, 0, 360, (245, 245, 245), -1, line)
        cv2.circle(pixels, eye, s(10), (70, 50, 40), -1, line)
        brow = (eye[0], eye[1] - s(24))
        cv2.ellipse(pixels, brow, (s(26), s(8)), 0, 180, 360, (40, 52, 70), s(6), line)
    cv2.ellipse(pixels, (x, y + s(28)), (s(14), s(20)), 0, 20, 160, (110, 140, 190), s(5), line)
    cv2.ellipse(pixels, (x, y + s(72)), (s(42), s(20)), 0, 10, 170, (90, 90, 170), s(7), line)


def drawn_result(frame: Frame, *, people: int = 1, pose: HeadPose | None = None) -> FrameResult:
    """Return what the pipeline would say about a drawn frame."""
    detections = []
    for place in range(people):
        x, size = (frame.width_px / 2, 1.0) if place == 0 else (frame.width_px / 2 + 390, 0.6)
        y = frame.height_px / 2 + (10 if place == 0 else 60)
        points = [(-48, -25), (48, -25), (0, 42), (-40, 80), (40, 80)]
        landmarks = np.array([(x + a * size, y + b * size) for a, b in points], np.float32)
        box = Box(x - 130 * size, y - 165 * size, x + 130 * size, y + 165 * size)
        detections.append(Detection(box, landmarks, 0.97))
    report = FaceReport(
        detections=tuple(detections),
        subject=detections[0] if detections else None,
        pose=pose or HeadPose(12.0, -3.4, 1.2),
        conditions=None,
        refusal=None,
        embedding=None,
        match=None,
        threshold=None,
        outcome=Outcome.UNKNOWN,
    )
    stages = {"detect": 18.2, "pose": 0.2, "assess": 1.1, "align": 0.4, "embed": 24.6, "match": 0.1}
    return FrameResult(frame, report, Decision(Phase.CHECKING), stages)


def compared_result(at_ns: int, similarity: float, threshold: float = 0.42) -> FrameResult:
    """Return the result of a frame whose face was compared with the people enrolled."""
    frame = drawn_frame(at_ns, width=64, height=36)
    result = drawn_result(frame)
    is_accepted = similarity >= threshold
    report = replace(
        result.report,
        match=Match(1, similarity, 2, 0.1),
        threshold=threshold,
        outcome=Outcome.ACCEPTED if is_accepted else Outcome.UNKNOWN,
    )
    return replace(result, report=report)


def refused_result(at_ns: int, guidance: Guidance) -> FrameResult:
    """Return the result of a frame whose face was not good enough."""
    result = drawn_result(drawn_frame(at_ns, width=64, height=36))
    return replace(result, report=replace(result.report, refusal=guidance, outcome=Outcome.REFUSED))


def past_results(now_ns: int) -> Iterator[FrameResult]:
    """Return what a door saw in the last minutes: five visits, the third of a stranger."""
    rng = np.random.default_rng(3)
    reasons = list(Guidance)[1:9]
    for visit, ago_s in enumerate((290, 221, 160, 95, 24)):
        likely, threshold = (0.22 if visit == 2 else 0.66), 0.40 + 0.04 * visit
        for frame in range(30):
            at_ns = now_ns - round((ago_s - frame / 8) * 1e9)
            if frame < 8:
                yield refused_result(at_ns, reasons[min(int(rng.exponential(2)), 7)])
            else:
                score = float(likely + rng.normal(0, 0.05))
                yield compared_result(at_ns, score, threshold + 0.01 * np.sin(frame / 3))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Allow the one warning that the offscreen platform gives for every window."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.qt_log_ignore("propagateSizeHints"))


# --- fixtures ---------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def qapp() -> QApplication:
    """The application with the bundled fonts, as the program makes it."""
    return make_application()


@pytest.fixture(autouse=True)
def no_leaked_threads() -> Iterator[None]:
    """Fail a test that leaves a Python thread running.

    Replaces the fixture above this folder: a QThread that logs is listed by Python for ever as a
    dummy thread, alive or not; the fixture below looks at QThreads.
    """
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + 2.0
    while True:
        left = [t for t in threading.enumerate() if t not in before and t.is_alive()]
        left = [t for t in left if not isinstance(t, threading._DummyThread)]
        if not left:
            return
        assert time.monotonic() < deadline, f"threads left running: {[t.name for t in left]}"
        time.sleep(0.01)


@pytest.fixture(autouse=True)
def no_leaked_qthreads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail a test that leaves the program's QThread running."""
    made: list[QThread] = []
    make = RecognitionWorker.__init__

    def remember(worker: RecognitionWorker, *args: Any, **options: Any) -> None:
        make(worker, *args, **options)
        made.append(worker)

    monkeypatch.setattr(RecognitionWorker, "__init__", remember)
    yield
    # Looking through all of Python's objects instead takes half a second a test.
    assert set(QThread.__subclasses__()) <= {RecognitionWorker}
    running = [thread.objectName() for thread in made if isValid(thread) and thread.isRunning()]
    assert not running, f"QThreads left running: {running}"


@dataclass
class Stage:
    """A window on a pretend engine."""

    engine: FakeEngine
    bridge: EngineBridge
    window: KioskWindow
    qtbot: Any

    def settle(self) -> None:
        """Let queued signals arrive and layouts come to rest."""
        for _ in range(4):
            QApplication.processEvents()

    def show_view(self, view: KioskView) -> None:
        self.bridge.view_changed(view)
        self.settle()

    def show_people(self, people: int = 1, pose: HeadPose | None = None) -> None:
        """Put a drawn frame and its result on screen, through the mailboxes."""
        frame = drawn_frame(time.monotonic_ns(), people=max(1, people))
        self.engine.preview.put(frame)
        self.bridge.frame_arrived()
        self.engine.results.put(drawn_result(frame, people=people, pose=pose))
        self.bridge.result_arrived()
        self.settle()

    def open_admin(self) -> None:
        self.window.show_admin()
        self.settle()

    def streaming(self) -> None:
        """Say that camera and door are well."""
        self.bridge.camera_changed(
            CameraStatus(CameraState.STREAMING, "/dev/video0", "", 1280, 720)
        )
        self.bridge.door_changed(DoorStatus(DoorState.LOCKED, "LCUS on /dev/ttyUSB0", False))
        self.settle()


@pytest.fixture
def make_stage(qapp: QApplication, qtbot: Any) -> Iterator[Callable[..., Stage]]:
    """Return a function that opens a window of a given size on a pretend engine."""
    stages: list[Stage] = []

    def make(size: tuple[int, int] = (1280, 800), **options: Any) -> Stage:
        engine = FakeEngine()
        bridge = EngineBridge()
        bridge.attach(engine)
        window = KioskWindow(engine, bridge, windowed=True, **options)
        qtbot.addWidget(window)
        window.resize(*size)
        window.show()
        stage = Stage(engine, bridge, window, qtbot)
        stages.append(stage)
        stage.settle()
        return stage

    yield make
    for stage in stages:
        stage.bridge.close()
        stage.window.quit()
        stage.window.deleteLater()
    # Outside of an event loop nothing is deleted later, and the timers of a few hundred windows
    # that nobody sees keep the screen's thread busy for seconds.
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


@pytest.fixture
def stage(make_stage: Callable[..., Stage]) -> Stage:
    """Return a landscape window."""
    return make_stage()


@pytest.fixture
def screenshots(tmp_path: Path) -> Path:
    """Return where screenshots go: $DOOR_KIOSK_SCREENSHOTS, or a folder that is thrown away."""
    folder = Path(os.environ.get("DOOR_KIOSK_SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def distinct_colours(image: QImage) -> int:
    """Count the colours of a coarse grid of pixels: a blank screen has one."""
    return len(
        {
            image.pixel(x, y)
            for x in range(0, image.width(), 16)
            for y in range(0, image.height(), 16)
        }
    )


def clipped_labels(window: KioskWindow) -> list[str]:
    """Return the texts of visible labels that do not fit where they are."""
    clipped = []
    for label in window.findChildren(QLabel):
        if not label.isVisible() or not label.text():
            continue
        if label.wordWrap():
            fits = label.height() + 1 >= label.heightForWidth(label.width())
        else:
            hint = label.sizeHint()
            fits = label.width() + 1 >= hint.width() and label.height() + 1 >= hint.height()
        if not fits:
            clipped.append(label.text())
    return clipped


def clipped_buttons(window: KioskWindow) -> list[str]:
    """Return the texts of visible buttons that are wider than their button."""
    return [
        button.text()
        for button in window.findChildren(QPushButton)
        if button.isVisible()
        and button.text()
        # A field shows as much as there is room for of what was typed into it.
        and button.property("kind") != "field"
        and button.width() + 1 < button.minimumSizeHint().width()
    ]
