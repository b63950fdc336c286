"""The engine with its real threads: a face opens the door, a fault keeps it shut."""

from __future__ import annotations

import dataclasses
import os
import select
import threading
import time
import types
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import kiosk.engine
import kiosk.modelkeeper
import kiosk.pipeline
from kiosk.access.model import Schedule, Window
from kiosk.clockwatch import GivenTime
from kiosk.config import AccessConfig, CameraConfig, Config, DoorConfig
from kiosk.datafolder import DataFolder
from kiosk.domain import (
    Box,
    CameraState,
    CameraStatus,
    Detection,
    DoorState,
    DoorStatus,
    Embedding,
    Event,
    EventKind,
    Frame,
    Guidance,
    Liveness,
    ModelId,
    Phase,
    Pixels,
    Template,
)
from kiosk.door.lcus import Op, build_frame
from kiosk.door.simulated import SimulatedRelay
from kiosk.drawnface import draw_face
from kiosk.engine import Engine
from kiosk.enrolment import EnrolmentProgress
from kiosk.errors import ConfigError, EnrolmentError, ModelError, RelayError
from kiosk.faultboard import Fault
from kiosk.listener import KioskView
from kiosk.models.card import ModelCard, Role
from kiosk.models.pack import Pack
from kiosk.pipeline import FaceModels
from kiosk.recognition.thresholds import Calibration
from kiosk.store.events import EventQuery
from kiosk.store.store import Store, opened
from kiosk.vision.alignment import chip_landmarks

MODEL = ModelId("fake", "1", "fp32")
ADA, BOB = 40, 200
"""Red levels that stand for people: the fakes recognise a face by its colour."""


class FakeSearch:
    """Finds one face wherever the picture is not black."""

    def __init__(self, detector: object, region_factor: float = 2.0) -> None: ...

    def look(self, frame: Frame) -> tuple[Detection, ...]:
        if frame.pixels.max() < 5:
            return ()
        landmarks = (chip_landmarks(112) * 2 + 200).astype(np.float32)
        return (Detection(Box(210, 220, 410, 450), landmarks, 0.99),)

    follow = look

    def forget(self) -> None: ...


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

    def embed_mirrored(self, *chips: Pixels) -> Embedding:
        return self.embed(chips[0])


class FailingEmbedder(FakeEmbedder):
    """Breaks on its second run."""

    runs = 0

    def embed(self, chip: Pixels) -> Embedding:
        self.runs += 1
        if self.runs == 2:
            raise ModelError("the network failed")
        return super().embed(chip)


class FakeLiveness:
    """Takes every face for a photograph held up."""

    min_live = 0.5

    def judge(self, frame: Frame, detection: Detection) -> Liveness:
        return Liveness(live=0.1, print=0.8, screen=0.1)


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

    def alarms_changed(self) -> None: ...

    def enrolment_changed(self, progress: EnrolmentProgress) -> None:
        self._keep(self.progress, progress)

    def wait(self, condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
        with self._news:
            assert self._news.wait_for(condition, timeout_s), (self.views, self.doors)

    def saw(self, phase: Phase) -> bool:
        return any(view.phase is phase for view in self.views)


def picture(red: int) -> Pixels:
    """Return a picture on which every quality figure passes."""
    # The face is drawn in the middle; the fakes see one further down.
    pixels = np.roll(draw_face(640, 480, 220), (85, -8), (0, 1)).copy()
    pixels[306:320, 304:322, 2] = red
    return pixels


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    folder = DataFolder(tmp_path / "data")
    folder.create()
    return folder


@pytest.fixture(autouse=True)
def search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kiosk.pipeline, "FaceSearch", FakeSearch)


@pytest.fixture
def calibration(calibrations: types.ModuleType) -> Calibration:
    return calibrations.graded(MODEL, {0.1: 0.3, 1e-6: 0.5})


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch, calibration: Calibration) -> None:
    def load(models: Path, min_score: float, settings: object) -> FaceModels:
        return FaceModels(object(), FakeEmbedder(), calibration)  # type: ignore[arg-type]

    monkeypatch.setattr(kiosk.modelkeeper, "load_face_models", load)


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

    def __init__(self, config: Config, folder: DataFolder, **options: Any) -> None:
        self.witness = Witness()
        options.setdefault("clock", GivenTime())
        self.engine = Engine(config, folder, self.witness, **options)
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


def events(folder: DataFolder) -> list[Event]:
    with opened(folder.database) as store:
        assert store.events.verify() == []
        return store.events.query(EventQuery())


def kinds(folder: DataFolder) -> list[EventKind]:
    return [event.kind for event in events(folder)]


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
    tmp_path: Path,
    folder: DataFolder,
    monkeypatch: pytest.MonkeyPatch,
    calibration: Calibration,
) -> None:
    embedder = FailingEmbedder()
    monkeypatch.setattr(kiosk.engine, "_RETRY_S", 0.05)
    monkeypatch.setattr(
        kiosk.modelkeeper,
        "load_face_models",
        lambda models, score, settings: FaceModels(object(), embedder, calibration),  # type: ignore[arg-type]
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

    monkeypatch.setattr("kiosk.door.latches.parse_relay", lambda url: SlowRelay())
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

    monkeypatch.setattr("kiosk.door.latches.parse_relay", lambda url: StubbornRelay())
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


# --- who may not enter now ------------------------------------------------------------------------

MONDAY_NOON = datetime(2026, 3, 2, 12, 0, tzinfo=timezone.utc)


def monday_noon_ms() -> int:
    return round(MONDAY_NOON.timestamp() * 1000)


def in_utc(config: Config) -> Config:
    return dataclasses.replace(config, access=AccessConfig(zone="UTC"))


def give_hours(folder: DataFolder, person_id: int, hours: str) -> None:
    with opened(folder.database) as store:
        store.people.set_hours(person_id, hours)


@pytest.mark.parametrize(
    ("hours", "shown", "reason"),
    [
        (
            "Tue-Fri 08:00-18:00; Mon 14:00-15:00",
            "Tue-Fri 08:00-18:00; Mon 14:00-15:00",
            "outside hours Tue-Fri 08:00-18:00; Mon 14:00-15:00",
        ),
        ("never", "never", "outside hours never"),
        ("Mon-Fry 08:00-18:00", "", "rights that cannot be read"),
    ],
)
def test_outside_their_hours_somebody_is_known_and_not_let_in(
    tmp_path: Path, folder: DataFolder, models: None, hours: str, shown: str, reason: str
) -> None:
    person = enrol(folder, "Ada", 0)
    give_hours(folder, person, hours)
    with Running(
        in_utc(config(tmp_path, ADA, -1, hold_s=1.5)), folder, now_ms=monday_noon_ms
    ) as run:
        run.witness.wait(lambda: run.witness.saw(Phase.DENIED))
        run.witness.wait(lambda: run.witness.views[-1].phase is Phase.IDLE)
    denied = next(view for view in run.witness.views if view.phase is Phase.DENIED)
    assert (denied.person_name, denied.hours, denied.relock_at_ns) == ("Ada", shown, None)
    assert not run.witness.saw(Phase.WELCOME)
    assert all(status.state is not DoorState.UNLOCKED for status in run.witness.doors)
    found = [event for event in events(folder) if event.kind is EventKind.DENIED]
    assert [(event.person_id, event.detail) for event in found] == [(person, reason)]
    assert EventKind.GRANTED not in kinds(folder)


def test_within_their_hours_somebody_is_let_in_by_the_clock_on_the_wall(
    tmp_path: Path, folder: DataFolder, models: None
) -> None:
    give_hours(folder, enrol(folder, "Ada", 0), "Mon 21:00-23:00")
    asked: list[int] = []

    def local(at_ms: int) -> datetime:
        asked.append(at_ms)
        return MONDAY_NOON

    far_east = dataclasses.replace(
        config(tmp_path, ADA, hold_s=2), access=AccessConfig(zone="Asia/Vladivostok")
    )
    with Running(far_east, folder, now_ms=monday_noon_ms, local_time=local) as run:
        run.witness.wait(lambda: run.witness.saw(Phase.WELCOME))
    # The schedule of the liveness policy goes by the computer's own zone.
    assert set(asked) == {monday_noon_ms()}
    assert EventKind.GRANTED in kinds(folder)


def test_after_somebody_denied_the_next_one_is_welcomed(
    tmp_path: Path, folder: DataFolder, models: None
) -> None:
    give_hours(folder, enrol(folder, "Ada", 0), "never")
    enrol(folder, "Bob", 1)
    with Running(config(tmp_path, ADA, BOB, hold_s=2.5), folder) as run:
        run.witness.wait(lambda: run.witness.saw(Phase.DENIED))
        run.witness.wait(lambda: run.witness.saw(Phase.WELCOME))
    names = {(v.phase, v.person_name) for v in run.witness.views if v.person_name}
    assert names == {(Phase.DENIED, "Ada"), (Phase.WELCOME, "Bob")}


# --- pictures of faces ----------------------------------------------------------------------------


def test_a_photograph_of_somebody_enrolled_opens_nothing_and_is_recorded_once(
    tmp_path: Path,
    folder: DataFolder,
    monkeypatch: pytest.MonkeyPatch,
    calibration: Calibration,
) -> None:
    models = FaceModels(
        object(),  # type: ignore[arg-type]
        FakeEmbedder(),  # type: ignore[arg-type]
        calibration,
        liveness=FakeLiveness(),  # type: ignore[arg-type]
    )
    monkeypatch.setattr(kiosk.modelkeeper, "load_face_models", lambda pack, score, settings: models)
    enrol(folder, "Ada", 0)
    with Running(config(tmp_path, ADA, hold_s=2.5), folder) as run:
        run.witness.wait(
            lambda: any(view.guidance is Guidance.PRESENTATION for view in run.witness.views)
        )
        assert run.engine.preview.take(5) is not None
        # A picture is no template either.
        run.engine.begin_enrolment()
        run.witness.wait(lambda: len(run.witness.progress) > 3)
        assert all(not progress.taken for progress in run.witness.progress)
        assert {progress.guidance for progress in run.witness.progress} == {Guidance.PRESENTATION}
        run.engine.cancel_enrolment()
    found = [event for event in events(folder) if event.kind is EventKind.PRESENTATION_ATTACK]
    assert [event.detail for event in found] == ["photograph (live 0.10)"]
    assert EventKind.GRANTED not in kinds(folder)
    assert all(status.state is not DoorState.UNLOCKED for status in run.witness.doors)


# --- networks that know simulated people only -----------------------------------------------------


def drawn_pack(where: Path) -> Pack:
    """Write a pack whose manifest says it knows simulated people only."""
    where.mkdir(parents=True)
    (where / "net.onnx").write_bytes(b"")
    (where / "pack.toml").write_text(
        """[net]
        version = "1"
        role = "detector"
        architecture = "retinaface"
        file = "net.onnx"
        sha256 = "%s"
        precision = "fp32"
        width_px = 32
        height_px = 32
        colour_order = "BGR"
        mean = [0, 0, 0]
        std = [1, 1, 1]
        knows = "simulated"
        """
        % ("0" * 64),
        encoding="utf-8",
    )
    card = ModelCard(
        *("net", "1", Role.DETECTOR, "retinaface", "net.onnx", "0" * 64, "fp32", 32, 32, "BGR"),
        *((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
        knows="simulated",
    )
    return Pack(where, (card,))


@pytest.fixture
def port() -> Iterator[tuple[int, str]]:
    """A pseudo-terminal: where its bytes can be read, and the path of its port."""
    master, slave = os.openpty()
    yield master, os.ttyname(slave)
    os.close(slave)
    os.close(master)


def written_to(master: int) -> bytes:
    found = b""
    while select.select([master], [], [], 0)[0]:
        found += os.read(master, 4096)
    return found


@pytest.mark.parametrize("how", ["given", "imported"])
def test_simulated_networks_do_not_start_with_a_real_relay(
    tmp_path: Path, folder: DataFolder, port: tuple[int, str], how: str
) -> None:
    master, path = port
    settings = dataclasses.replace(
        config(tmp_path, ADA), door=DoorConfig(relay=f"lcus:{path}", pulse_s=0.5)
    )
    given = drawn_pack(folder.models / "pack-a") if how == "imported" else None
    if how == "imported":
        (folder.models / "current").write_text("pack-a\n", encoding="utf-8")
    else:
        given = drawn_pack(tmp_path / "embedded")
    with pytest.raises(ConfigError, match="simulated people only"):
        Engine(settings, folder, pack=None if how == "imported" else given)
    assert written_to(master) == b""


def test_simulated_networks_drive_the_simulated_relay_and_say_what_they_are(
    tmp_path: Path,
    folder: DataFolder,
    monkeypatch: pytest.MonkeyPatch,
    calibration: Calibration,
) -> None:
    pack = drawn_pack(tmp_path / "embedded")
    loaded: list[object] = []

    def load(models: object, score: float, settings: object) -> FaceModels:
        loaded.append(models)
        fakes = FaceModels(object(), FakeEmbedder(), calibration)  # type: ignore[arg-type]
        return dataclasses.replace(fakes, simulated_only=True)

    monkeypatch.setattr(kiosk.modelkeeper, "load_face_models", load)
    enrol(folder, "Ada", 0)
    with Running(config(tmp_path, ADA, hold_s=2), folder, pack=pack) as run:
        run.witness.wait(lambda: run.witness.saw(Phase.WELCOME))
        rows = {row.name: row for row in run.engine.health().result(5)}
    assert loaded == [pack]
    assert any("simulated people only" in text for text in run.witness.views[-1].warnings)
    assert rows["Models"].level == "warning"


def test_networks_that_turn_out_to_be_simulated_never_switch_a_real_relay_on(
    tmp_path: Path,
    folder: DataFolder,
    port: tuple[int, str],
    monkeypatch: pytest.MonkeyPatch,
    calibration: Calibration,
) -> None:
    master, path = port
    settings = dataclasses.replace(
        config(tmp_path, ADA, hold_s=4), door=DoorConfig(relay=f"lcus:{path}", pulse_s=0.5)
    )
    fakes = FaceModels(
        object(),  # type: ignore[arg-type]
        FakeEmbedder(),  # type: ignore[arg-type]
        calibration,
        simulated_only=True,
    )
    monkeypatch.setattr(kiosk.modelkeeper, "load_face_models", lambda pack, score, settings: fakes)
    enrol(folder, "Ada", 0)
    with Running(settings, folder) as run:
        run.witness.wait(
            lambda: any("simulated people" in text for v in run.witness.views for text in v.faults)
        )
        run.witness.wait(lambda: any(s.state is DoorState.LOCKED for s in run.witness.doors))
        with pytest.raises(RelayError, match="simulated people"):
            run.engine.test_relay().result(5)
        assert run.engine.preview.take(5) is not None
    written = written_to(master)
    # The relay was connected, so it was switched off; the frames that switch on never came.
    assert build_frame(1, Op.OFF) in written or build_frame(1, Op.OFF_ANSWERED) in written
    assert build_frame(1, Op.ON) not in written
    assert build_frame(1, Op.ON_ANSWERED) not in written
    assert EventKind.GRANTED not in kinds(folder)


# --- what was decided before a fault is void ------------------------------------------------------


def fail_camera(engine: Engine) -> None:
    engine._camera_changed(CameraStatus(CameraState.LOST, "test", "It is gone."))
    engine._camera_changed(CameraStatus(CameraState.STREAMING, "test"))


def fail_relay(engine: Engine) -> None:
    engine._door_changed(DoorStatus(DoorState.FAULT, "sim", True, message="It is gone."))
    engine._door_changed(DoorStatus(DoorState.LOCKED, "sim", True))


def refuse_unlock(engine: Engine) -> None:
    engine._door_fact(EventKind.FAULT, "Unlock refused: too late")


def fail_store(engine: Engine) -> None:
    engine._store.writing_is("The disk is full.")
    engine._store.writing_is(None)


def nothing(engine: Engine) -> None: ...


def end_pulse(engine: Engine) -> None:
    """Lock the door: while their own pulse runs, nobody is let in a second time."""
    engine._door.begin_lockdown("the test")
    engine._door.end_lockdown("the test")
    wait_for_door(engine, lambda status: status.state is DoorState.LOCKED)


@pytest.mark.parametrize(
    ("fault", "grants"),
    [(nothing, 1), (fail_camera, 2), (fail_relay, 2), (refuse_unlock, 2), (fail_store, 2)],
)
def test_a_welcome_from_before_a_fault_is_void_and_the_person_recognised_anew(
    tmp_path: Path,
    folder: DataFolder,
    models: None,
    fault: Callable[[Engine], None],
    grants: int,
) -> None:
    enrol(folder, "Ada", 0)
    engine = Engine(config(tmp_path, ADA), folder, Witness(), clock=GivenTime())
    engine.start()
    try:
        assert engine._prepare()
        pipeline = engine._pipeline
        assert pipeline is not None

        def look(*at_ms: int) -> None:
            for each in at_ms:
                engine._examine(Frame(picture(ADA), each * 1_000_000), pipeline)

        look(100, 200, 300, 400)
        assert engine._board.phase is Phase.WELCOME
        # Shorter than the time between two frames, so that no frame sees it.
        fault(engine)
        if fault is not nothing:
            assert engine._board.phase is Phase.IDLE
            end_pulse(engine)
        look(500)
        assert engine._board.phase is (Phase.WELCOME if fault is nothing else Phase.CHECKING)
        look(600, 700, 800, 900)
        assert engine._board.phase is Phase.WELCOME
    finally:
        engine.stop()
    assert kinds(folder).count(EventKind.GRANTED) == grants


def wait_for_door(engine: Engine, is_wanted: Callable[[DoorStatus], bool]) -> None:
    deadline = time.monotonic() + 10
    while not is_wanted(engine._door.status):
        assert time.monotonic() < deadline, engine._door.status
        time.sleep(0.01)


def always() -> Schedule:
    whole_day = (Window(0, 1440),)
    return Schedule(None, "Market day", (whole_day,) * 7, whole_day)


def test_free_access_by_schedule_ends_when_told_whatever_is_out_of_order(
    tmp_path: Path, folder: DataFolder, models: None
) -> None:
    engine = Engine(config(tmp_path, ADA), folder, Witness(), clock=GivenTime())
    engine.start()
    try:
        assert engine._prepare()
        schedule = engine.rights.save_schedule(always()).result(10)
        engine.rights.set_free_schedule(schedule.id).result(10)
        engine._look_at_time(time.monotonic_ns())
        wait_for_door(engine, lambda status: status.is_free and status.is_unlocked)
        engine._put(Fault.CAMERA, "The camera is covered.")
        engine.rights.set_free_schedule(None).result(10)
        engine._look_at_time(time.monotonic_ns())
        wait_for_door(engine, lambda status: not status.is_free and not status.is_unlocked)
    finally:
        engine.stop()


def test_a_lockdown_outlives_a_restart_without_networks(tmp_path: Path, folder: DataFolder) -> None:
    for is_first in (True, False):
        engine = Engine(config(tmp_path, ADA), folder, Witness(), clock=GivenTime())
        engine.start()
        try:
            assert not engine._prepare()
            if is_first:
                engine.begin_lockdown().result(10)
            wait_for_door(engine, lambda status: status.is_lockdown)
        finally:
            engine.stop()


def test_free_access_ends_when_nobody_would_know_of_it(
    tmp_path: Path, folder: DataFolder, models: None
) -> None:
    engine = Engine(config(tmp_path, ADA), folder, Witness(), clock=GivenTime())
    engine.start()
    try:
        assert engine._prepare()
        engine.begin_free_access(None).result(10)
        wait_for_door(engine, lambda status: status.is_free)
        engine._store.writing_is("The disk is full.")
        engine._look_at_time(time.monotonic_ns())
        wait_for_door(engine, lambda status: not status.is_free and not status.is_unlocked)
        with pytest.raises(RelayError, match="disk is full"):
            engine.test_relay().result(10)
        engine._store.writing_is(None)
    finally:
        engine.stop()


def test_a_database_put_back_ends_the_fault(
    tmp_path: Path, folder: DataFolder, models: None
) -> None:
    enrol(folder, "Ada", 0)
    away = folder.root / "elsewhere.db"
    with Running(config(tmp_path, -1, hold_s=20), folder) as run:
        run.witness.wait(lambda: run.witness.saw(Phase.IDLE))
        folder.database.rename(away)
        run.witness.wait(lambda: run.witness.views[-1].phase is Phase.OUT_OF_ORDER)
        assert "was removed or replaced" in run.witness.views[-1].faults[0]
        away.rename(folder.database)
        run.witness.wait(lambda: run.witness.views[-1].phase is Phase.IDLE)
