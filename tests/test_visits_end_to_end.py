"""Scripted visits before the real engine: networks, decisions, log and door, nothing replaced.

Most visits run on a clock that flies: the engine is given frames whose times are a sixth of a
second apart, as fast as it can examine them. They run on the embedded networks and, where
they are at hand, on real ones. Real networks were not made for simulated people: what is asked of
them is less, and is said where it is.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from kiosk.camera.authenticity import DEVICE_RULES
from kiosk.camera.simulated import SimulatedCamera
from kiosk.cli import main
from kiosk.clockwatch import GivenTime
from kiosk.config import CameraConfig, Config, DoorConfig, KioskConfig
from kiosk.datafolder import DataFolder
from kiosk.demo.demonstration import Demonstration
from kiosk.demo.town import JOSE, NIKOS, SOREN, TRANG, VISITOR, WANG, ZOFIA, Resident, enrol_town
from kiosk.demo.town import residents as town_on
from kiosk.domain import (
    CameraState,
    CameraStatus,
    DoorState,
    DoorStatus,
    Event,
    EventKind,
    Frame,
    Guidance,
    Phase,
    Pixels,
)
from kiosk.engine import Engine
from kiosk.enrolment import EnrolmentProgress, View
from kiosk.facemodels import load_face_models
from kiosk.listener import KioskView, SilentListener
from kiosk.models.pack import MANIFEST, Pack, embedded_folder, embedded_pack, open_pack
from kiosk.simulator.visits import Cast, Visit, visit
from kiosk.simulator.visits_script import Script
from kiosk.store.events import EventQuery
from kiosk.store.store import opened

FRAMES_PER_S = 6
PULSE_S = 0.6
CONFIG = Config(
    camera=CameraConfig(source="sim:", width_px=640, height_px=480, frames_per_s=FRAMES_PER_S),
    door=DoorConfig(relay="sim:", pulse_s=PULSE_S),
    kiosk=KioskConfig(welcome_s=1.0),
)


@dataclass(frozen=True)
class Bench:
    """A pack, and a data folder in which the town is enrolled with it."""

    pack: Pack
    enrolled: Path

    @property
    def knows_simulated_people(self) -> bool:
        """Whether strangers among simulated people may be expected to be told apart."""
        return self.pack.simulated_only


def embedded() -> Pack:
    if not (embedded_folder() / MANIFEST).is_file():
        pytest.skip("the embedded networks are not there")
    return embedded_pack()


@pytest.fixture(scope="module", params=["embedded", pytest.param("real", marks=pytest.mark.shared)])
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    if request.param == "embedded":
        pack = embedded()
    else:
        data = tmp_path_factory.mktemp("real")
        # The network that tells pictures of faces from faces takes drawn people for what they are.
        models = data / "stick"
        shutil.copytree(
            request.getfixturevalue("shared") / "models",
            models,
            ignore=shutil.ignore_patterns("minifasnet*"),
        )
        assert main(["models", "import", str(models), "--data", str(data)]) == 0
        pack = open_pack(DataFolder(data).models)
    folder = tmp_path_factory.mktemp("town")
    models = load_face_models(pack, CONFIG.recognition.min_detection_score)
    with opened(DataFolder(folder).database) as store:
        assert enrol_town(store, models, town_on(date.today()), 0) == 12
    return Bench(pack, folder)


class Clock:
    """Time passes only while somebody sleeps."""

    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds


class ElsewhereCamera:
    """Keeps the engine's own camera thread content while frames come from the test."""

    name, is_live = "elsewhere", True

    def open(self) -> None: ...

    def read(self) -> Pixels:
        time.sleep(0.05)
        return np.zeros((48, 64, 3), np.uint8)

    def close(self) -> None: ...


@dataclass
class Witness(SilentListener):
    """Remembers what the engine told."""

    views: list[KioskView] = field(default_factory=list)
    doors: list[tuple[int, DoorStatus]] = field(default_factory=list)
    cameras: list[CameraStatus] = field(default_factory=list)

    def view_changed(self, view: KioskView) -> None:
        self.views.append(view)

    def door_changed(self, status: DoorStatus) -> None:
        self.doors.append((time.monotonic_ns(), status))

    def camera_changed(self, status: CameraStatus) -> None:
        self.cameras.append(status)

    @property
    def named(self) -> set[str]:
        return {view.person_name for view in self.views if view.person_name}

    @property
    def hints(self) -> list[Guidance]:
        return [view.guidance for view in self.views if view.guidance is not None]

    def saw(self, phase: Phase) -> bool:
        return any(view.phase is phase for view in self.views)


@dataclass(frozen=True)
class Course:
    """What a visit came to."""

    witness: Witness
    events: list[Event]

    @property
    def kinds(self) -> list[EventKind]:
        return [event.kind for event in self.events]

    def of(self, kind: EventKind) -> list[Event]:
        return [event for event in self.events if event.kind is kind]

    @property
    def opened_door(self) -> bool:
        return any(status.state is DoorState.UNLOCKED for _, status in self.witness.doors)


def wait_until(condition: Callable[[], bool], what: str, timeout_s: float = 20.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.01)


def read_events(folder: DataFolder) -> list[Event]:
    with opened(folder.database) as store:
        return store.events.query(EventQuery())


def in_order(events: list[Event]) -> list[Event]:
    return sorted((e for e in events if e.kind is not EventKind.ENROLLED), key=lambda e: e.seq or 0)


class Door:
    """The bench's engine, stopped at the end of the block."""

    def __init__(self, bench: Bench, tmp_path: Path, camera: object = None) -> None:
        self.folder = DataFolder(tmp_path / "data")
        shutil.copytree(bench.enrolled, self.folder.root)
        self.witness = Witness()
        self.engine = Engine(
            CONFIG,
            self.folder,
            self.witness,
            camera or ElsewhereCamera(),  # type: ignore[arg-type]
            pack=bench.pack,
            clock=GivenTime(),
        )

    def __enter__(self) -> Door:
        self.engine.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.engine.request_stop()
        self.engine.stop()

    def film(self, *visits: Visit) -> None:
        """Show the engine every frame of some visits, one after the other."""
        wait_until(self.engine._prepare, "the engine is ready")
        wait_until(lambda: not self.engine._board.is_out_of_order, "all is in order")
        clock, script = Clock(), Script(visits)
        camera = SimulatedCamera(CONFIG.camera, script, clock=clock, sleep=clock.sleep)
        camera.open()
        seconds = sum(played.seconds for played in visits) + 1.5
        for number in range(round(seconds * FRAMES_PER_S)):
            pixels = camera.read()
            pixels.flags.writeable = False
            frame = Frame(pixels, round(clock.now_s * 1e9), number, camera.label)
            assert self.engine._pipeline is not None
            self.engine._examine(frame, self.engine._pipeline)

    def wait_locked(self) -> None:
        wait_until(
            lambda: self.witness.doors[-1][1].state is DoorState.LOCKED, "the door is locked again"
        )


def play(bench: Bench, tmp_path: Path, *visits: Visit) -> Course:
    """Film visits on a flying clock and return what came of them."""
    with Door(bench, tmp_path) as door:
        door.film(*visits)
        door.wait_locked()
    return Course(door.witness, in_order(read_events(door.folder)))


def played(name: str, who: Resident | int, other: Resident | int = VISITOR, seed: int = 1) -> Visit:
    numbers = [each if isinstance(each, int) else each.person for each in (who, other)]
    return visit(name, Cast(*numbers, room=11, seed=seed))


# --- those who may enter --------------------------------------------------------------------------


@pytest.mark.parametrize("who", [SOREN, WANG, ZOFIA], ids=lambda who: who.number)
def test_a_resident_is_let_in_once_and_by_name(bench: Bench, tmp_path: Path, who: Resident) -> None:
    course = play(bench, tmp_path, played("approach", who))
    (granted,) = course.of(EventKind.GRANTED)
    assert granted.person_name == who.name
    assert granted.similarity is not None and granted.threshold is not None
    assert granted.similarity >= granted.threshold
    assert course.witness.named == {who.name}
    kinds = [k for k in course.kinds if k not in (EventKind.STARTED, EventKind.STOPPED)]
    assert kinds == [EventKind.GRANTED, EventKind.DOOR_UNLOCKED, EventKind.DOOR_LOCKED]


def test_two_visits_of_one_resident_are_two_entries(bench: Bench, tmp_path: Path) -> None:
    course = play(bench, tmp_path, played("approach", SOREN), played("approach", SOREN, seed=2))
    assert [event.person_name for event in course.of(EventKind.GRANTED)] == [SOREN.name] * 2


def test_who_is_far_is_asked_to_come_closer_first(bench: Bench, tmp_path: Path) -> None:
    course = play(bench, tmp_path, played("too-far", WANG))
    states = [view.guidance or view.phase for view in course.witness.views]
    assert states.index(Guidance.STEP_CLOSER) < states.index(Phase.WELCOME)
    assert course.witness.named == {WANG.name}


def test_in_the_dark_light_is_asked_for_and_then_the_door_opens(
    bench: Bench, tmp_path: Path
) -> None:
    course = play(bench, tmp_path, played("dark", WANG))
    states = [view.guidance or view.phase for view in course.witness.views]
    assert states.index(Guidance.MORE_LIGHT) < states.index(Phase.WELCOME)
    assert course.witness.named == {WANG.name}


def test_with_a_mask_nobody_else_is_named_and_without_it_one_is_let_in(
    bench: Bench, tmp_path: Path
) -> None:
    course = play(bench, tmp_path, played("mask", ZOFIA))
    assert [event.person_name for event in course.of(EventKind.GRANTED)] == [ZOFIA.name]
    assert course.witness.named == {ZOFIA.name}


def test_who_looks_around_is_recognised(bench: Bench, tmp_path: Path) -> None:
    course = play(bench, tmp_path, played("look-around", SOREN))
    assert course.witness.named == {SOREN.name}
    assert len(course.of(EventKind.GRANTED)) == 1


# --- those who may not ----------------------------------------------------------------------------


def test_outside_the_hours_the_door_stays_shut(bench: Bench, tmp_path: Path) -> None:
    course = play(bench, tmp_path, played("approach", JOSE))
    (denied,) = course.of(EventKind.DENIED)
    assert denied.person_name == JOSE.name
    assert course.witness.saw(Phase.DENIED)
    assert not course.opened_door
    assert not course.of(EventKind.GRANTED)


def test_a_stranger_is_not_recognised(bench: Bench, tmp_path: Path) -> None:
    if not bench.knows_simulated_people:
        pytest.skip("real networks do not promise to tell simulated people apart")
    course = play(bench, tmp_path, played("stranger", VISITOR))
    assert course.of(EventKind.NOT_RECOGNISED)
    assert course.witness.saw(Phase.NOT_RECOGNISED)
    assert course.witness.named == set()
    assert not course.opened_door


@pytest.mark.parametrize("attack", ["photograph", "phone"])
@pytest.mark.parametrize("who", [SOREN, WANG], ids=lambda who: who.number)
def test_a_picture_of_a_resident_opens_nothing(
    bench: Bench, tmp_path: Path, attack: str, who: Resident
) -> None:
    if not bench.knows_simulated_people:
        pytest.skip("the real pack has no liveness network")
    course = play(bench, tmp_path, played(attack, who))
    assert course.of(EventKind.PRESENTATION_ATTACK)
    assert Guidance.PRESENTATION in course.witness.hints
    assert not course.of(EventKind.GRANTED)
    assert not course.opened_door


def test_two_at_once_are_asked_to_come_one_by_one(bench: Bench, tmp_path: Path) -> None:
    course = play(bench, tmp_path, played("two-at-once", NIKOS, ZOFIA))
    assert Guidance.ONE_AT_A_TIME in course.witness.hints
    assert not course.of(EventKind.GRANTED)
    assert not course.opened_door


def test_a_follower_is_judged_for_themselves(bench: Bench, tmp_path: Path) -> None:
    if not bench.knows_simulated_people:
        pytest.skip("real networks do not promise to tell simulated people apart")
    course = play(bench, tmp_path, played("tailgating", TRANG, VISITOR))
    assert [event.person_name for event in course.of(EventKind.GRANTED)] == [TRANG.name]
    kinds = course.kinds
    assert kinds.index(EventKind.GRANTED) < kinds.index(EventKind.NOT_RECOGNISED)


def test_who_never_looks_here_is_never_let_in(bench: Bench, tmp_path: Path) -> None:
    course = play(bench, tmp_path, played("looking-away", SOREN))
    assert not course.of(EventKind.GRANTED)
    assert not course.opened_door


# --- cameras that fail ----------------------------------------------------------------------------


def test_a_black_picture_opens_nothing(bench: Bench, tmp_path: Path) -> None:
    course = play(bench, tmp_path, played("black-camera", SOREN))
    assert not course.of(EventKind.GRANTED)
    assert course.witness.views[-1].phase is Phase.IDLE


# --- in real time, with the engine's own threads --------------------------------------------------


class SensorCamera(SimulatedCamera):
    """Films with a sensor's noise and claims to be one, so that its faults are noticed."""

    sensor_rules = DEVICE_RULES


@contextlib.contextmanager
def running(
    bench: Bench,
    tmp_path: Path,
    *visits: Visit,
    camera: type[SimulatedCamera] = SimulatedCamera,
    begins: Phase = Phase.IDLE,
) -> Iterator[Door]:
    """Run the whole engine on the simulated camera, in real time."""
    config = dataclasses.replace(CONFIG.camera, frames_per_s=15)
    ready = threading.Event()

    def programme() -> Iterator[Visit]:
        while not ready.is_set():
            yield dataclasses.replace(visit("empty"), seconds=0.2)
        yield from visits

    door = Door(bench, tmp_path, camera(config, Script(programme())))
    with door:
        thread = threading.Thread(target=door.engine.recognise, name="recognition")
        thread.start()
        try:
            wait_until(
                lambda: door.engine._pipeline is not None and door.witness.saw(begins),
                "the engine is ready",
            )
            ready.set()
            yield door
        finally:
            door.engine.request_stop()
            thread.join(10)


def test_the_door_is_open_for_its_pulse(bench: Bench, tmp_path: Path) -> None:
    with running(bench, tmp_path, played("approach", SOREN)) as door:
        wait_until(
            lambda: any(s.state is DoorState.UNLOCKED for _, s in door.witness.doors),
            "the door opens",
        )
        door.wait_locked()
    unlocked = next(at for at, s in door.witness.doors if s.state is DoorState.UNLOCKED)
    locked = next(
        at for at, s in door.witness.doors if s.state is DoorState.LOCKED and at > unlocked
    )
    assert PULSE_S - 0.05 < (locked - unlocked) / 1e9 < PULSE_S + 0.5
    names = {e.person_name for e in read_events(door.folder) if e.kind is EventKind.GRANTED}
    assert names == {SOREN.name}


@pytest.mark.parametrize(
    ("name", "words"), [("frozen-camera", "the same picture"), ("black-camera", "is black")]
)
def test_a_camera_that_shows_nothing_new_locks_the_door_until_it_does(
    bench: Bench, tmp_path: Path, name: str, words: str
) -> None:
    ill = dataclasses.replace(played(name, SOREN), seconds=5.0)
    with running(bench, tmp_path, ill, camera=SensorCamera) as door:
        wait_until(lambda: door.witness.saw(Phase.OUT_OF_ORDER), "the camera is suspected")
        assert any(words in fault for view in door.witness.views for fault in view.faults)
        wait_until(lambda: door.witness.views[-1].phase is Phase.IDLE, "the camera is well")
    course = Course(door.witness, in_order(read_events(door.folder)))
    (fault,) = course.of(EventKind.FAULT)
    assert words in fault.detail
    # Whoever was recognised in the pictures before may have been let in; the rest were no news.
    before = course.kinds[: course.kinds.index(EventKind.FAULT)]
    assert course.kinds.count(EventKind.GRANTED) == before.count(EventKind.GRANTED) <= 1


class VirtualCamera(SensorCamera):
    """One that a program feeds."""

    is_suspect = True


def test_a_virtual_camera_opens_nothing(bench: Bench, tmp_path: Path) -> None:
    visits = (played("approach", SOREN), visit("stranger"))
    filmed: list[str] = []
    with running(bench, tmp_path, *visits, camera=VirtualCamera, begins=Phase.OUT_OF_ORDER) as door:
        door.witness.frame_arrived = lambda: filmed.append(  # type: ignore[method-assign]
            frame.label if (frame := door.engine.preview.take()) else ""
        )
        wait_until(lambda: "stranger" in filmed, "the resident has been filmed and has left")
    assert "approach" in filmed
    course = Course(door.witness, in_order(read_events(door.folder)))
    (fault,) = course.of(EventKind.FAULT)
    assert "virtual camera" in fault.detail
    assert not course.of(EventKind.GRANTED)
    assert not course.opened_door
    assert {view.phase for view in door.witness.views[1:]} == {Phase.OUT_OF_ORDER}


def test_a_living_sensor_is_not_suspected(bench: Bench, tmp_path: Path) -> None:
    with running(bench, tmp_path, played("approach", SOREN), camera=SensorCamera) as door:
        wait_until(lambda: door.witness.saw(Phase.WELCOME), "somebody is let in")
        door.wait_locked()
    assert not door.witness.saw(Phase.OUT_OF_ORDER)


def test_a_dead_camera_is_out_of_order_and_recovers(bench: Bench, tmp_path: Path) -> None:
    with running(bench, tmp_path, visit("dead-camera")) as door:
        wait_until(lambda: door.witness.saw(Phase.OUT_OF_ORDER), "the camera is missed")
        wait_until(
            lambda: (
                door.witness.cameras[-1].state is CameraState.STREAMING
                and door.witness.views[-1].phase is Phase.IDLE
            ),
            "the camera is back",
        )
    kinds = [event.kind for event in in_order(read_events(door.folder))]
    assert kinds.index(EventKind.CAMERA_LOST) < kinds.index(EventKind.CAMERA_BACK)
    assert EventKind.DOOR_UNLOCKED not in kinds


# --- enrolment ------------------------------------------------------------------------------------


class Guide(Witness):
    """Remembers how the guided capture went on."""

    def __init__(self) -> None:
        super().__init__()
        self.progress: list[EnrolmentProgress] = []

    def enrolment_changed(self, progress: EnrolmentProgress) -> None:
        self.progress.append(progress)


def test_the_visitor_follows_an_enrolment_and_is_let_in_afterwards(
    bench: Bench, tmp_path: Path
) -> None:
    """With the demonstration's own steering, on a clock that flies."""
    folder = DataFolder(tmp_path / "data")
    folder.create()
    demonstration = Demonstration(folder, bench.pack, date.today())
    guide, clock = Guide(), Clock()
    camera = SimulatedCamera(CONFIG.camera, demonstration.script, clock=clock, sleep=clock.sleep)
    engine = demonstration.make_engine(guide, ElsewhereCamera())
    numbers = itertools.count()

    def film(seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        for _ in range(round(seconds * FRAMES_PER_S)):
            pixels = camera.read()
            pixels.flags.writeable = False
            frame = Frame(pixels, round(clock.now_s * 1e9), next(numbers), camera.label)
            assert engine._pipeline is not None
            engine._examine(frame, engine._pipeline)
            if until():
                return

    engine.start()
    try:
        wait_until(engine._prepare, "the engine is ready")
        camera.open()
        film(1.0)
        engine.begin_enrolment()
        film(60, until=lambda: bool(guide.progress) and guide.progress[-1].finished)
        assert guide.progress[-1].taken == tuple(View), guide.progress[-1]
        person = engine.save_enrolment("Visitor", "2001").result(10)
        engine.cancel_enrolment()
        # Those for visits with a mask on are of the same pictures and not counted.
        assert person.template_count == len(View)
        guide.views.clear()
        demonstration.send_in("S")
        film(8.0)
    finally:
        engine.request_stop()
        engine.stop()
    events = read_events(folder)
    if not bench.knows_simulated_people:
        # To a real network drawn people look alike: it must say so, and name and admit nobody.
        (denied,) = [e for e in events if e.kind is EventKind.DENIED]
        assert "look-alikes" in denied.detail
        assert guide.named == set()
        assert not [e for e in events if e.kind is EventKind.GRANTED]
        return
    assert guide.named == {"Visitor"}
    granted = [e for e in events if e.kind is EventKind.GRANTED]
    assert granted[-1].person_name == "Visitor"
