"""The whole engine on a board that is not there: it opens when all is well, and only then."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import kiosk.engine
import kiosk.modelkeeper
from kiosk.board.sensors import BoardSensors
from kiosk.camera.simulated import SimulatedCamera
from kiosk.clockwatch import GivenTime
from kiosk.config import CameraConfig, Config, DoorConfig, KioskConfig
from kiosk.datafolder import DataFolder
from kiosk.demo.town import SOREN, VISITOR, enrol_town, residents
from kiosk.domain import DoorState, DoorStatus, Event, EventKind, Phase, Pixels
from kiosk.engine import Engine
from kiosk.enrolment import EnrolmentProgress
from kiosk.errors import ModelError
from kiosk.facemodels import load_face_models
from kiosk.listener import KioskView, SilentListener
from kiosk.models.lane import HangingLane
from kiosk.models.pack import Pack, embedded_pack
from kiosk.simulator.visits import Cast, visit
from kiosk.simulator.visits_script import Script
from kiosk.store.events import EventQuery
from kiosk.store.store import opened

FRAMES_PER_S = 12
CONFIG = Config(
    camera=CameraConfig(source="sim:", width_px=640, height_px=480, frames_per_s=6),
    door=DoorConfig(relay="sim:", pulse_s=0.5),
    kiosk=KioskConfig(welcome_s=1.0),
)


@pytest.fixture(scope="module")
def film() -> list[Pixels]:
    """A resident walks up to the door and stays there."""

    class Clock:
        now_s = 1000.0

        def __call__(self) -> float:
            return self.now_s

        def sleep(self, seconds: float) -> None:
            self.now_s += seconds

    clock = Clock()
    played = visit("approach", Cast(SOREN.person, VISITOR, room=11, seed=1))
    camera = SimulatedCamera(CONFIG.camera, Script([played]), clock=clock, sleep=clock.sleep)
    camera.open()
    return [camera.read() for _ in range(int(played.seconds * 6))]


class LoopingCamera:
    """Shows a film again and again."""

    name, is_live = "film", True

    def __init__(self, film: list[Pixels]) -> None:
        self._film, self._next = film, 0

    def open(self) -> None: ...

    def read(self) -> Pixels:
        time.sleep(1 / FRAMES_PER_S)
        self._next += 1
        return self._film[self._next % len(self._film)].copy()

    def close(self) -> None: ...


@dataclass
class Witness(SilentListener):
    """Remembers what the engine told."""

    views: list[KioskView] = field(default_factory=list)
    doors: list[DoorStatus] = field(default_factory=list)
    steps: list[EnrolmentProgress] = field(default_factory=list)

    def enrolment_changed(self, progress: EnrolmentProgress) -> None:
        self.steps.append(progress)

    @property
    def shots(self) -> int:
        return len(self.steps[-1].taken) if self.steps else 0

    def view_changed(self, view: KioskView) -> None:
        self.views.append(view)

    def door_changed(self, status: DoorStatus) -> None:
        self.doors.append(status)

    def count(self, phase: Phase) -> int:
        return sum(view.phase is phase for view in self.views)

    @property
    def warnings(self) -> str:
        return " ".join(self.views[-1].warnings) if self.views else ""

    @property
    def faults(self) -> str:
        return " ".join(text for view in self.views for text in view.faults)


def wait_until(condition: Callable[[], object], what: str, timeout_s: float = 30.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.01)


@pytest.fixture
def board(npu: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    board = npu.FakeBoard(tmp_path / "root")
    board.install(monkeypatch)
    monkeypatch.setattr(HangingLane, "_left_behind", 0)
    monkeypatch.setattr(kiosk.engine, "_RETRY_S", 0.05)
    yield board
    board.let_go.set()


@pytest.fixture
def pack(board: Any, tmp_path: Path) -> Pack:
    return board.convert(embedded_pack(), tmp_path / "converted")


@pytest.fixture
def folder(pack: Pack, tmp_path: Path) -> DataFolder:
    folder = DataFolder(tmp_path / "data")
    folder.root.mkdir()
    models = load_face_models(pack, CONFIG.recognition.min_detection_score)
    with opened(folder.database) as store:
        people = [each for each in residents(date.today()) if each.number == SOREN.number]
        assert enrol_town(store, models, people, 0) == 1
    models.close()
    return folder


class Running:
    """An engine with its recognition thread, stopped at the end of the block."""

    def __init__(self, folder: DataFolder, pack: Pack, film: list[Pixels]) -> None:
        self.witness = Witness()
        camera: Any = LoopingCamera(film)
        self.engine = Engine(CONFIG, folder, self.witness, camera, pack=pack, clock=GivenTime())
        self._thread = threading.Thread(target=self.engine.recognise, name="recognition")

    def __enter__(self) -> Running:
        self.engine.start()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.engine.request_stop()
        self._thread.join(10)
        self.engine.stop()


def read_events(folder: DataFolder) -> list[Event]:
    with opened(folder.database) as store:
        return store.events.query(EventQuery())


def details(folder: DataFolder, kind: EventKind) -> list[str]:
    return [event.detail for event in read_events(folder) if event.kind is kind]


def test_on_the_npu_a_resident_is_let_in(
    board: Any, pack: Pack, folder: DataFolder, film: list[Pixels]
) -> None:
    board.masks.clear()
    with Running(folder, pack, film) as run:
        wait_until(lambda: run.witness.count(Phase.WELCOME), "the resident is welcomed")
        states = lambda: [status.state for status in run.witness.doors]  # noqa: E731
        wait_until(lambda: DoorState.UNLOCKED in states(), "the door is unlocked")
        assert board.contexts == 4

    assert sorted(board.masks) == [1, 2, 4, 4]
    assert board.contexts == 0


@pytest.mark.parametrize(
    ("mistake", "cause"),
    [
        ("swapped_channels", "red and blue are swapped"),
        ("normalised_twice", "normalised twice"),
        ("not_normalised", "not normalised"),
        ("planes_as_pixels", "planes (NCHW) taken for pixels"),
        ("pixels_as_planes", "pixels (NHWC) taken for planes"),
        ("stuck", "renew its answer"),
        ("nan", "not numbers"),
    ],
)
def test_with_a_fault_from_the_start_nobody_is_recognised_and_the_cause_is_named(
    board: Any, pack: Pack, folder: DataFolder, film: list[Pixels], mistake: str, cause: str
) -> None:
    board.mistake = mistake
    with Running(folder, pack, film) as run:
        wait_until(lambda: run.witness.faults, "the kiosk is out of order")
        before = len(board.threads)
        wait_until(lambda: len(board.threads) > before + 20, "it has tried again and again")

    assert cause in run.witness.faults
    assert not run.witness.count(Phase.WELCOME)
    assert not any(status.state is DoorState.UNLOCKED for status in run.witness.doors)
    faults = details(folder, EventKind.FAULT)
    assert len(faults) == 1 and cause in faults[0]
    assert not details(folder, EventKind.GRANTED)
    assert board.contexts == 0


@pytest.mark.parametrize("mistake", ["fails", "run_fails", "nan", "hangs"])
def test_a_fault_on_the_way_locks_and_the_context_is_built_again(
    board: Any, pack: Pack, folder: DataFolder, film: list[Pixels], mistake: str
) -> None:
    with Running(folder, pack, film) as run:
        wait_until(lambda: run.witness.count(Phase.WELCOME), "the resident is welcomed")
        board.mistake = mistake
        wait_until(lambda: run.witness.faults, "the kiosk is out of order")
        board.mistake = ""
        seen = len(run.witness.views)
        wait_until(
            lambda: any(view.phase is Phase.WELCOME for view in run.witness.views[seen:]),
            "the resident is welcomed again",
        )
        board.let_go.set()

    assert sum("on the NPU" in text for text in details(folder, EventKind.FAULT)) == 1
    wait_until(lambda: board.contexts == 0, "every context is freed")


@pytest.mark.parametrize("mistake", ["drifts", "behind", "nearly_stuck"])
def test_what_goes_wrong_on_the_way_is_noticed_before_the_door_opens(
    board: Any, pack: Pack, folder: DataFolder, film: list[Pixels], mistake: str
) -> None:
    """The embedder still answers, only not to what it is asked."""
    with Running(folder, pack, film) as run:
        pipeline = lambda: run.engine._pipeline  # noqa: E731
        wait_until(pipeline, "the networks are loaded")
        pipeline().prove()
        board.mistake = mistake
        with pytest.raises(ModelError):
            pipeline().prove()


def test_faults_that_come_back_do_not_flood_the_log(
    board: Any,
    pack: Pack,
    folder: DataFolder,
    film: list[Pixels],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kiosk.modelkeeper, "load_face_models", flaky_models(load_face_models))
    with Running(folder, pack, film) as run:
        wait_until(lambda: run.witness.count(Phase.OUT_OF_ORDER) > 4, "it has failed five times")

    assert details(folder, EventKind.FAULT) == ["The network stumbled."]


def flaky_models(load: Any) -> Any:
    """Load networks that pass every test and fail with every frame."""

    class Stumbling:
        def detect(self, frame: Any) -> Any:
            raise ModelError("The network stumbled.")

    return lambda *args: dataclasses.replace(load(*args), detector=Stumbling())


def test_an_enrolment_goes_on_with_the_networks_that_were_loaded_anew(
    board: Any, pack: Pack, folder: DataFolder, film: list[Pixels]
) -> None:
    with Running(folder, pack, film) as run:
        wait_until(lambda: run.engine._pipeline, "the networks are loaded")
        run.engine.set_paused(True)
        run.engine.begin_enrolment()
        wait_until(lambda: run.witness.shots > 0, "the first view is taken")
        board.mistake = "fails"
        wait_until(lambda: run.witness.faults, "the kiosk is out of order")
        board.mistake = ""
        run.witness.steps.clear()
        wait_until(lambda: run.witness.shots > 0, "the first view is taken again")
        assert run.witness.steps[0].taken == ()

    assert sum("has been closed" in text for text in details(folder, EventKind.FAULT)) == 0


def test_the_screens_do_not_wait_for_a_network_that_hangs(
    board: Any, pack: Pack, folder: DataFolder, film: list[Pixels]
) -> None:
    with Running(folder, pack, film) as run:
        wait_until(lambda: run.engine._pipeline, "the networks are loaded")
        run.engine.set_paused(True)
        run.engine.begin_enrolment()
        wait_until(lambda: run.witness.steps, "the capture has begun")
        board.mistake = "hangs"
        assert board.hangs_now.wait(10)
        started = time.monotonic()
        run.engine.retake_enrolment()
        run.engine.cancel_enrolment()
        waited_s = time.monotonic() - started
        board.mistake = ""
        board.let_go.set()

    assert waited_s < 0.5
    wait_until(lambda: board.contexts == 0, "every context is freed")


def test_an_engine_whose_npu_hangs_stops_in_bounded_time(
    board: Any, pack: Pack, folder: DataFolder, film: list[Pixels]
) -> None:
    with Running(folder, pack, film) as run:
        wait_until(lambda: run.engine._pipeline, "the networks are loaded")
        board.mistake = "hangs"
        assert board.hangs_now.wait(10)
        run.engine.request_stop()
        started = time.monotonic()
    # Two seconds for the run, two for all the networks that are freed at once.
    assert time.monotonic() - started < 8
    board.let_go.set()
    wait_until(lambda: board.contexts == 0, "every context is freed")


def test_on_a_board_whose_library_is_missing_the_screen_says_how_to_install_it(
    board: Any, pack: Pack, folder: DataFolder, film: list[Pixels]
) -> None:
    board.remove("usr/lib/librknnrt.so")
    with Running(folder, pack, film) as run:
        wait_until(lambda: run.witness.faults, "the kiosk is out of order")

    assert "sudo curl" in run.witness.faults
    assert board.contexts == 0


def test_a_hot_board_looks_less_often_says_so_and_still_opens(
    board: Any,
    pack: Pack,
    folder: DataFolder,
    film: list[Pixels],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    zone = "sys/class/thermal/thermal_zone0/"
    board.write(f"{zone}type", "soc-thermal\n")
    board.write(f"{zone}temp", "91000\n")
    monkeypatch.setattr("kiosk.heat.BoardSensors", lambda: BoardSensors(board.root))
    with Running(folder, pack, film) as run:
        wait_until(lambda: "is hot" in run.witness.warnings, "the heat is shown")
        wait_until(lambda: run.witness.count(Phase.WELCOME), "the resident is welcomed")
        rows = {row.name: row for row in run.engine.health().result(5)}
        board.write(f"{zone}temp", "60000\n")
        wait_until(lambda: "is hot" not in run.witness.warnings, "it is over")

    assert rows["Temperature"].level == "warning"
    assert "91 °C" in rows["Temperature"].text and "4 times a second" in rows["Temperature"].text
    assert not rows["Camera"].text.endswith(" 0 not examined")
    assert "on the NPU of the rk3588" in rows["Models"].text or "simulated" in rows["Models"].text


def test_the_settings_may_keep_it_off_the_npu(pack: Pack) -> None:
    settings = dataclasses.replace(CONFIG.models, target="onnx")
    with pytest.raises(ModelError, match="for rk3588 only"):
        load_face_models(pack, 0.6, settings)
