"""The engine with its real threads: a face opens the door, a fault keeps it shut."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

import kiosk.engine
from kiosk.config import CameraConfig, Config, DoorConfig
from kiosk.datafolder import DataFolder
from kiosk.domain import (
    Box,
    CameraStatus,
    Detection,
    DoorState,
    DoorStatus,
    Embedding,
    EventKind,
    Frame,
    ModelId,
    Phase,
    Pixels,
    Template,
)
from kiosk.door.simulated import SimulatedRelay
from kiosk.engine import Engine
from kiosk.enrolment import EnrolmentProgress
from kiosk.errors import EnrolmentError, ModelError, RelayError
from kiosk.listener import KioskView
from kiosk.pipeline import FaceModels
from kiosk.recognition.thresholds import Calibration, CalibrationPoint
from kiosk.store.events import EventQuery
from kiosk.store.store import Store, opened
from kiosk.vision.alignment import chip_landmarks

MODEL = ModelId("fake", "1", "fp32")
ADA, BOB = 40, 200
"""Red levels that stand for people: the fakes recognise a face by its colour."""


class FakeDetector:
    """Finds one face wherever the picture is not black."""

    def detect(self, frame: Frame) -> tuple[Detection, ...]:
        if frame.pixels.max() < 5:
            return ()
        landmarks = (chip_landmarks(112) * 2 + 200).astype(np.float32)
        return (Detection(Box(210, 220, 410, 450), landmarks, 0.99),)


class FakeEmbedder:
    """Turns the red of the picture's middle into a direction."""

    chip_size_px = 112
    embedding_size = 4
    model = MODEL

    def embed(self, chip: Pixels) -> Embedding:
        level = float(chip[56, 56, 2])
        vector = np.zeros(4, np.float32)
        vector[0 if level < 100 else 1] = 1.0
        return Embedding(vector, MODEL)

    embed_for_enrolment = embed


class FailingEmbedder(FakeEmbedder):
    """Breaks on its second run."""

    runs = 0

    def embed(self, chip: Pixels) -> Embedding:
        self.runs += 1
        if self.runs == 2:
            raise ModelError("the network failed")
        return super().embed(chip)


CALIBRATION = Calibration(
    MODEL, (CalibrationPoint(0.1, 0.3), CalibrationPoint(1e-6, 0.5)), 10**7, 100, 100, "test"
)


class Witness:
    """A listener that remembers everything and can be waited for."""

    def __init__(self) -> None:
        self.views: list[KioskView] = []
        self.doors: list[DoorStatus] = []
        self.progress: list[EnrolmentProgress] = []
        self._news = threading.Condition()

    def _keep(self, where: list, value: object) -> None:
        with self._news:
            where.append(value)
            self._news.notify_all()

    def frame_arrived(self) -> None: ...

    def result_arrived(self) -> None: ...

    def view_changed(self, view: KioskView) -> None:
        self._keep(self.views, view)

    def door_changed(self, status: DoorStatus) -> None:
        self._keep(self.doors, status)

    def camera_changed(self, status: CameraStatus) -> None: ...

    def enrolment_changed(self, progress: EnrolmentProgress) -> None:
        self._keep(self.progress, progress)

    def wait(self, condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
        with self._news:
            assert self._news.wait_for(condition, timeout_s), (self.views, self.doors)

    def saw(self, phase: Phase) -> bool:
        return any(view.phase is phase for view in self.views)


def picture(red: int) -> Pixels:
    """Return a picture on which every quality figure passes."""
    noise = np.random.default_rng(1).normal(0, 28, (60, 80)).astype(np.float32)
    grey = cv2.resize(noise, (640, 480), interpolation=cv2.INTER_CUBIC) + 120
    grey += np.random.default_rng(2).normal(0, 14, grey.shape)
    pixels = np.repeat(np.clip(grey, 0, 250).astype(np.uint8)[..., None], 3, 2)
    pixels[300:380, 290:350, 2] = red
    return pixels


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    folder = DataFolder(tmp_path / "data")
    folder.create()
    return folder


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(models: Path, min_score: float) -> FaceModels:
        return FaceModels(FakeDetector(), FakeEmbedder(), CALIBRATION)  # type: ignore[arg-type]

    monkeypatch.setattr(kiosk.engine, "load_face_models", load)


def enrol(folder: DataFolder, name: str, axis: int, model: ModelId = MODEL) -> int:
    vector = np.zeros(4, np.float32)
    vector[axis] = 1.0
    with opened(folder.database) as store:
        template = Template(0, Embedding(vector, model), "front", 0)
        return store.people.enrol(name, "", None, [template], 0).id


def config(tmp_path: Path, *reds: int, pulse_s: float = 0.5, hold_s: float = 1.0) -> Config:
    """Return settings whose camera shows people one after the other; −1 is an empty room."""
    pictures = tmp_path / "pictures"
    pictures.mkdir(exist_ok=True)
    for index, red in enumerate(reds):
        shown = picture(red) if red >= 0 else np.zeros((480, 640, 3), np.uint8)
        cv2.imwrite(str(pictures / f"{index}.png"), shown)
    base = Config()
    return dataclasses.replace(
        base,
        camera=CameraConfig(source=str(pictures), image_hold_s=hold_s),
        door=DoorConfig(pulse_s=pulse_s),
        kiosk=dataclasses.replace(base.kiosk, welcome_s=1.0),
    )


class Running:
    """An engine with its recognition thread, stopped at the end of the block."""

    def __init__(self, config: Config, folder: DataFolder) -> None:
        self.witness = Witness()
        self.engine = Engine(config, folder, self.witness)
        self._thread = threading.Thread(target=self._run, name="recognition")
        self.error: BaseException | None = None

    def _run(self) -> None:
        try:
            self.engine.start()
            self.engine.recognise()
        except BaseException as error:
            self.error = error

    def __enter__(self) -> Running:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.engine.request_stop()
        self._thread.join(10)
        self.engine.stop()
        assert self.error is None


def kinds(folder: DataFolder) -> list[EventKind]:
    with opened(folder.database) as store:
        assert store.events.verify() == []
        return [event.kind for event in store.events.query(EventQuery())]


def test_an_enrolled_face_opens_the_door_once_and_it_locks_again(
    tmp_path: Path, folder: DataFolder, models: None
) -> None:
    enrol(folder, "Ada", 0)
    with Running(config(tmp_path, ADA, hold_s=2), folder) as run:
        run.witness.wait(lambda: run.witness.saw(Phase.WELCOME))
        states = lambda: [status.state for status in run.witness.doors]  # noqa: E731
        run.witness.wait(
            lambda: DoorState.UNLOCKED in states() and states()[-1] is DoorState.LOCKED
        )
    welcome = next(view for view in run.witness.views if view.phase is Phase.WELCOME)
    assert welcome.person_name == "Ada"
    assert kinds(folder) == [
        EventKind.STARTED,
        EventKind.GRANTED,
        EventKind.DOOR_UNLOCKED,
        EventKind.DOOR_LOCKED,
        EventKind.STOPPED,
    ]


def test_a_stranger_is_not_recognised_and_the_door_stays_shut(
    tmp_path: Path, folder: DataFolder, models: None
) -> None:
    enrol(folder, "Ada", 0)
    with Running(config(tmp_path, BOB, hold_s=3), folder) as run:
        run.witness.wait(lambda: run.witness.saw(Phase.NOT_RECOGNISED))
    assert all(status.state is not DoorState.UNLOCKED for status in run.witness.doors)
    assert EventKind.NOT_RECOGNISED in kinds(folder)
    assert EventKind.GRANTED not in kinds(folder)


def test_a_deleted_person_is_not_let_in_once_the_deletion_is_confirmed(
    tmp_path: Path, folder: DataFolder, models: None
) -> None:
    person = enrol(folder, "Ada", 0)
    with Running(config(tmp_path, -1, ADA, hold_s=1.5), folder) as run:
        run.witness.wait(lambda: run.witness.saw(Phase.IDLE))
        run.engine.delete_person(person).result(5)
        run.witness.wait(lambda: run.witness.saw(Phase.CHECKING))
        time.sleep(0.8)  # long enough for several votes
    assert EventKind.GRANTED not in kinds(folder)


def test_templates_of_another_model_are_not_compared_but_reported(
    tmp_path: Path, folder: DataFolder, models: None
) -> None:
    enrol(folder, "Ada", 0, ModelId("fake", "0", "fp32"))
    with Running(config(tmp_path, ADA, hold_s=2), folder) as run:
        run.witness.wait(lambda: run.witness.saw(Phase.CHECKING))
        run.witness.wait(
            lambda: any("another model" in text for text in run.witness.views[-1].warnings)
        )
    assert EventKind.GRANTED not in kinds(folder)


def test_without_models_the_kiosk_says_how_to_import_them(
    tmp_path: Path, folder: DataFolder
) -> None:
    with Running(config(tmp_path, ADA), folder) as run:
        run.witness.wait(lambda: run.witness.saw(Phase.OUT_OF_ORDER))
        assert run.engine.preview.take(5) is not None
        with pytest.raises(EnrolmentError):
            run.engine.begin_enrolment()
    faults = next(v for v in run.witness.views if v.phase is Phase.OUT_OF_ORDER).faults
    assert any("door-kiosk models import" in sentence for sentence in faults)


def test_a_failing_network_is_shown_recorded_and_loaded_again(
    tmp_path: Path, folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedder = FailingEmbedder()
    monkeypatch.setattr(kiosk.engine, "_RETRY_S", 0.05)
    monkeypatch.setattr(
        kiosk.engine,
        "load_face_models",
        lambda models, score: FaceModels(FakeDetector(), embedder, CALIBRATION),  # type: ignore[arg-type]
    )
    enrol(folder, "Ada", 0)
    with Running(config(tmp_path, ADA, hold_s=4), folder) as run:
        run.witness.wait(lambda: run.witness.saw(Phase.OUT_OF_ORDER))
        run.witness.wait(lambda: run.witness.saw(Phase.WELCOME))
    assert EventKind.FAULT in kinds(folder)


def test_a_relay_that_is_not_there_keeps_the_kiosk_out_of_order(
    tmp_path: Path, folder: DataFolder, models: None
) -> None:
    enrol(folder, "Ada", 0)
    settings = config(tmp_path, ADA, hold_s=2)
    settings = dataclasses.replace(settings, door=DoorConfig(relay="lcus:/dev/no-such-port"))
    with Running(settings, folder) as run:
        run.witness.wait(lambda: run.witness.saw(Phase.OUT_OF_ORDER))
        time.sleep(0.6)
    assert any("/dev/no-such-port" in text for text in run.witness.views[-1].faults)
    assert not run.witness.saw(Phase.WELCOME)
    assert EventKind.GRANTED not in kinds(folder)


def test_a_log_that_cannot_be_written_keeps_the_door_shut(
    tmp_path: Path, folder: DataFolder, models: None
) -> None:
    enrol(folder, "Ada", 0)

    def fill(store: Store) -> None:
        pages = store.database.execute("PRAGMA page_count", ())[0][0]
        store.database.execute(f"PRAGMA max_page_count = {pages}", ())

    with Running(config(tmp_path, -1, ADA, hold_s=2), folder) as run:
        run.witness.wait(lambda: run.witness.saw(Phase.IDLE))
        run.engine._lane.submit(fill).result(5)
        for _ in range(200):
            run.engine._record(EventKind.FAULT, detail="x" * 200)
        run.witness.wait(lambda: run.witness.views[-1].phase is Phase.OUT_OF_ORDER)
        time.sleep(2.0)
    assert all(status.state is not DoorState.UNLOCKED for status in run.witness.doors)


def test_a_relay_slow_to_connect_costs_nobody_the_grant(
    tmp_path: Path, folder: DataFolder, models: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    class SlowRelay(SimulatedRelay):
        def connect(self) -> None:
            time.sleep(1.0)
            super().connect()

    monkeypatch.setattr(kiosk.engine, "parse_relay", lambda url: SlowRelay())
    enrol(folder, "Ada", 0)
    with Running(config(tmp_path, ADA, hold_s=4), folder) as run:
        run.witness.wait(
            lambda: any(status.state is DoorState.UNLOCKED for status in run.witness.doors)
        )
    assert EventKind.FAULT not in kinds(folder)


def test_a_relay_that_refuses_is_no_welcome_and_may_be_tried_again(
    tmp_path: Path, folder: DataFolder, models: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    class StubbornRelay(SimulatedRelay):
        refusals = 1

        def switch_on(self) -> None:
            if self.refusals:
                self.refusals -= 1
                raise RelayError("The relay does not confirm being switched on.")
            super().switch_on()

    monkeypatch.setattr(kiosk.engine, "parse_relay", lambda url: StubbornRelay())
    enrol(folder, "Ada", 0)
    with Running(config(tmp_path, ADA, hold_s=6), folder) as run:
        run.witness.wait(
            lambda: any(status.state is DoorState.UNLOCKED for status in run.witness.doors)
        )
    assert kinds(folder).count(EventKind.GRANTED) == 2


def test_a_database_removed_while_in_use_keeps_the_door_shut(
    tmp_path: Path, folder: DataFolder, models: None
) -> None:
    enrol(folder, "Ada", 0)
    with Running(config(tmp_path, -1, ADA, hold_s=2), folder) as run:
        run.witness.wait(lambda: run.witness.saw(Phase.IDLE))
        for path in folder.root.glob("kiosk.db*"):
            path.unlink()
        run.engine._record(EventKind.FAULT, detail="something to write")
        run.witness.wait(lambda: run.witness.views[-1].phase is Phase.OUT_OF_ORDER)
        time.sleep(2.0)
        assert "was removed or replaced" in run.witness.views[-1].faults[0]
    assert all(status.state is not DoorState.UNLOCKED for status in run.witness.doors)


def test_a_damaged_database_is_a_fault_on_screen_and_is_left_alone(
    tmp_path: Path, folder: DataFolder, models: None
) -> None:
    folder.database.write_bytes(b"this is no database" * 100)
    with Running(config(tmp_path, ADA), folder) as run:
        run.witness.wait(lambda: run.witness.saw(Phase.OUT_OF_ORDER))
        time.sleep(0.3)
    assert not run.witness.saw(Phase.WELCOME)
    assert folder.database.read_bytes() == b"this is no database" * 100


def test_while_the_administrator_is_at_work_nobody_is_let_in(
    tmp_path: Path, folder: DataFolder, models: None
) -> None:
    enrol(folder, "Ada", 0)
    with Running(config(tmp_path, -1, ADA, hold_s=1.5), folder) as run:
        run.witness.wait(lambda: run.witness.saw(Phase.IDLE))
        run.engine.set_paused(True)
        time.sleep(2.5)
    assert EventKind.GRANTED not in kinds(folder)


def test_the_engine_stops_twice_and_before_it_started(tmp_path: Path, folder: DataFolder) -> None:
    engine = Engine(config(tmp_path, ADA), folder)
    engine.stop()
    engine.stop()


def test_the_administrators_pin_is_asked_for_once_and_checked(
    tmp_path: Path, folder: DataFolder, models: None
) -> None:
    with Running(config(tmp_path, -1, hold_s=5), folder) as run:
        run.witness.wait(lambda: run.witness.saw(Phase.IDLE))
        assert run.engine.admin_pin_is_set().result(5) is False
        run.engine.set_admin_pin("280417").result(5)
        assert run.engine.admin_pin_is_set().result(5) is True
        assert run.engine.check_admin_pin("280418").result(5).accepted is False
        assert run.engine.check_admin_pin("280417").result(5).accepted is True
    assert EventKind.ADMIN_REFUSED in kinds(folder)
    assert EventKind.ADMIN_LOGIN in kinds(folder)


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(kiosk.engine, "_RETRY_S", 0.1)
    yield
