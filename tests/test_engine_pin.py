"""The engine with its real threads: who enters with a PIN, a number or a second person."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import kiosk.modelkeeper
import kiosk.pipeline
from kiosk.access.model import AuthMode, Group, PersonRights, Schedule, Window
from kiosk.clockwatch import GivenTime
from kiosk.config import AccessConfig, Config, DoorConfig
from kiosk.datafolder import DataFolder
from kiosk.domain import (
    Box,
    DenialReason,
    Detection,
    DoorState,
    DoorStatus,
    Embedding,
    Event,
    EventKind,
    Frame,
    ModelId,
    Phase,
    Pixels,
    Template,
)
from kiosk.engine import Engine
from kiosk.enrolment import Shot, View
from kiosk.errors import StoreError
from kiosk.listener import KioskView, SilentListener
from kiosk.people import Likeness
from kiosk.personalpins import set_duress_pin, set_pin
from kiosk.pipeline import FaceModels
from kiosk.recognition.thresholds import flat_calibration
from kiosk.store.events import EventQuery
from kiosk.store.store import opened
from kiosk.vision.alignment import chip_landmarks

MODEL = ModelId("fake", "1", "fp32")
TWIN, BOB, NOBODY = 40, 200, -1
"""Red levels that stand for faces: both twins have the same."""
ADA_PIN, EVE_PIN, WRONG = "7294", "581063", "9034"


class FakeSearch:
    """Finds one face wherever the picture is not black."""

    def __init__(self, detector: object, region_factor: float = 2.0) -> None: ...

    def look(self, frame: Frame) -> tuple[Detection, ...]:
        if frame.pixels.max() < 20:
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

    def embed_mirrored(self, *chips: Pixels) -> Embedding:
        vector = np.zeros(4, np.float32)
        vector[0 if chips[0][56, 56, 2] < 100 else 1] = 1.0
        return Embedding(vector, MODEL)


CALIBRATION = flat_calibration(MODEL, 0.5)


class Stage:
    """A camera in front of which the test says who stands; no two frames are the same."""

    name, is_live = "stage", True

    def __init__(self) -> None:
        noise = np.random.default_rng(1).normal(0, 28, (60, 80)).astype(np.float32)
        grey = cv2.resize(noise, (640, 480), interpolation=cv2.INTER_CUBIC) + 120
        self._grey = grey + np.random.default_rng(2).normal(0, 14, grey.shape)
        self._rng = np.random.default_rng(3)
        self.red = NOBODY

    def open(self) -> None: ...

    def read(self) -> Pixels:
        time.sleep(1 / 15)
        grain = self._rng.normal(0, 2, (480, 640))
        if self.red < 0:
            return np.repeat(np.clip(grain, 0, 9).astype(np.uint8)[..., None], 3, 2)
        shown = np.clip(self._grey + grain, 0, 250).astype(np.uint8)
        pixels = np.repeat(shown[..., None], 3, 2)
        pixels[300:380, 290:350, 2] = self.red
        return pixels

    def close(self) -> None: ...


class Witness(SilentListener):
    """Remembers views and doors, and can be waited for."""

    def __init__(self) -> None:
        self.views: list[KioskView] = []
        self.doors: list[DoorStatus] = []
        self._news = threading.Condition()

    def view_changed(self, view: KioskView) -> None:
        with self._news:
            self.views.append(view)
            self._news.notify_all()

    def door_changed(self, status: DoorStatus) -> None:
        with self._news:
            self.doors.append(status)
            self._news.notify_all()

    def wait(self, condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
        with self._news:
            assert self._news.wait_for(condition, timeout_s), (self.views, self.doors)

    def wait_for(self, phase: Phase, times: int = 1) -> KioskView:
        def found() -> list[KioskView]:
            # A keypad that is still there is one question, however its words change.
            fresh = [
                view
                for before, view in zip([None, *self.views], self.views, strict=False)
                if before is None or before.phase is not view.phase
            ]
            return [view for view in fresh if view.phase is phase]

        self.wait(lambda: len(found()) >= times)
        return found()[times - 1]

    @property
    def has_opened(self) -> bool:
        return any(status.state is DoorState.UNLOCKED for status in self.doors)


class Door:
    """An engine, a stage and two people who look alike; stopped at the end of the block."""

    def __init__(
        self, folder: DataFolder, welcome_s: float = 1.0, access: AccessConfig | None = None
    ) -> None:
        base = Config()
        config = dataclasses.replace(
            base,
            door=DoorConfig(pulse_s=0.5),
            kiosk=dataclasses.replace(base.kiosk, welcome_s=welcome_s),
            access=access or base.access,
        )
        self.folder = folder
        self.witness = Witness()
        self.stage = Stage()
        self.engine = Engine(config, folder, self.witness, camera=self.stage, clock=GivenTime())
        self._thread = threading.Thread(target=self._run, name="recognition")
        self._error: BaseException | None = None

    def _run(self) -> None:
        try:
            self.engine.start()
            self.engine.recognise()
        except BaseException as error:
            self._error = error

    def __enter__(self) -> Door:
        self._thread.start()
        self.witness.wait_for(Phase.IDLE)
        return self

    def __exit__(self, *_: object) -> None:
        self.engine.request_stop()
        self._thread.join(10)
        self.engine.stop()
        assert self._error is None

    def events(self, *wanted: EventKind) -> list[Event]:
        with opened(self.folder.database) as store:
            return [e for e in store.events.query(EventQuery()) if e.kind in wanted]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataFolder:
    def load(models: Path, min_score: float, settings: object) -> FaceModels:
        return FaceModels(object(), FakeEmbedder(), CALIBRATION)  # type: ignore[arg-type]

    monkeypatch.setattr(kiosk.pipeline, "FaceSearch", FakeSearch)
    monkeypatch.setattr(kiosk.modelkeeper, "load_face_models", load)
    folder = DataFolder(tmp_path / "data")
    folder.create()
    return folder


def enrol(folder: DataFolder, name: str, axis: int, pin: str = "") -> int:
    vector = np.zeros(4, np.float32)
    vector[axis] = 1.0
    with opened(folder.database) as store:
        template = Template(0, Embedding(vector, MODEL), "front", 0)
        person = store.people.enrol(name, "", None, [template], 0)
        if pin:
            set_pin(store, person.id, pin)
    return person.id


def twins(folder: DataFolder, ada_pin: str = ADA_PIN, eve_pin: str = EVE_PIN) -> tuple[int, int]:
    ada, eve = enrol(folder, "Ada", 0, ada_pin), enrol(folder, "Eve", 0, eve_pin)
    with opened(folder.database) as store:
        store.look_alikes.mark(ada, [eve])
    return ada, eve


@pytest.mark.parametrize(("pin", "name"), [(ADA_PIN, "Ada"), (EVE_PIN, "Eve")])
def test_the_pin_of_either_opens_the_door_as_that_person(
    folder: DataFolder, pin: str, name: str
) -> None:
    twins(folder)
    with Door(folder) as door:
        door.stage.red = TWIN
        door.witness.wait_for(Phase.PIN)
        assert not door.witness.has_opened
        door.engine.enter_pin(pin)
        assert door.witness.wait_for(Phase.WELCOME).person_name == name
        door.witness.wait(lambda: door.witness.has_opened)
    (granted,) = door.events(EventKind.GRANTED)
    assert (granted.person_name, granted.detail) == (name, "with PIN")
    assert granted.similarity == pytest.approx(1.0)
    assert not door.events(EventKind.DENIED, EventKind.PIN_REFUSED)
    assert all(pin not in str(dataclasses.astuple(view)) for view in door.witness.views)


def test_a_wrong_pin_opens_nothing_and_is_recorded(folder: DataFolder) -> None:
    ada, eve = twins(folder)
    with Door(folder) as door:
        door.stage.red = TWIN
        door.witness.wait_for(Phase.PIN)
        for count in (1, 2):
            door.engine.enter_pin(WRONG)
            door.witness.wait(
                lambda n=count: (p := door.witness.views[-1].pin) is not None and p.answers == n
            )
        assert (prompt := door.witness.views[-1].pin) is not None
        assert prompt.attempts_left == 3
        assert not door.witness.has_opened
    refused = door.events(EventKind.PIN_REFUSED)
    assert [(e.person_id, e.detail) for e in refused] == [(None, f"looks like {ada}, {eve}")] * 2
    assert not door.events(EventKind.GRANTED)


def test_five_wrong_pins_lock_even_the_right_ones_out(folder: DataFolder) -> None:
    twins(folder)
    with Door(folder, welcome_s=1.0) as door:
        door.stage.red = TWIN
        door.witness.wait_for(Phase.PIN)
        for count in range(1, 5):
            door.engine.enter_pin(WRONG)
            door.witness.wait(
                lambda n=count: (p := door.witness.views[-1].pin) is not None and p.answers == n
            )
        door.engine.enter_pin(WRONG)
        denied = door.witness.wait_for(Phase.DENIED)
        assert (denied.denial, denied.wait_s, denied.person_name) == (
            DenialReason.PIN_LOCKED,
            30,
            "",
        )
        # Somebody who comes back is asked, and their right PIN is not looked at.
        door.stage.red = NOBODY
        door.witness.wait(lambda: door.witness.views[-1].phase is Phase.IDLE)
        door.stage.red = TWIN
        door.witness.wait_for(Phase.PIN, 2)
        door.engine.enter_pin(ADA_PIN)
        assert door.witness.wait_for(Phase.DENIED, 2).denial is DenialReason.PIN_LOCKED
        assert not door.witness.has_opened
    assert len(door.events(EventKind.PIN_REFUSED)) == 5
    assert len(door.events(EventKind.PIN_LOCKOUT)) == 2
    assert not door.events(EventKind.GRANTED)


def test_without_any_pin_look_alikes_are_sent_to_the_administrator(folder: DataFolder) -> None:
    ada, eve = twins(folder, "", "")
    # Long enough that the denial is still read while the PIN is set: when it ends, so does the
    # visit.
    with Door(folder, welcome_s=4.0) as door:
        door.stage.red = TWIN
        denied = door.witness.wait_for(Phase.DENIED)
        assert (denied.denial, denied.person_name) == (DenialReason.NO_PIN, "")
        door.engine.enter_pin(ADA_PIN)
        # The administrator gives one of them a PIN; at their next visit it counts.
        door.engine.set_person_pin(eve, EVE_PIN).result(10)
        door.stage.red = NOBODY
        door.witness.wait(lambda: door.witness.views[-1].phase is Phase.IDLE)
        door.stage.red = TWIN
        door.witness.wait_for(Phase.PIN)
        door.engine.enter_pin(EVE_PIN)
        assert door.witness.wait_for(Phase.WELCOME).person_name == "Eve"
    (denied_event,) = door.events(EventKind.DENIED)
    assert denied_event.person_id is None
    assert denied_event.detail == f"no PIN to tell look-alikes apart (looks like {ada}, {eve})"
    (changed,) = door.events(EventKind.PERSON_CHANGED)
    assert (changed.person_id, changed.detail) == (eve, "personal PIN set")


def test_whoever_walks_away_takes_the_question_with_them(folder: DataFolder) -> None:
    twins(folder)
    with Door(folder) as door:
        door.stage.red = TWIN
        door.witness.wait_for(Phase.PIN)
        door.stage.red = NOBODY
        door.witness.wait(lambda: door.witness.views[-1].phase is Phase.IDLE)
        door.engine.enter_pin(ADA_PIN)
        door.stage.red = TWIN
        door.witness.wait_for(Phase.PIN, 2)
        assert not door.witness.has_opened
    assert not door.events(EventKind.GRANTED, EventKind.PIN_REFUSED)


def test_somebody_else_who_steps_in_is_judged_for_themselves(folder: DataFolder) -> None:
    twins(folder)
    enrol(folder, "Bob", 1)
    with Door(folder) as door:
        door.stage.red = TWIN
        door.witness.wait_for(Phase.PIN)
        door.stage.red = BOB
        assert door.witness.wait_for(Phase.WELCOME).person_name == "Bob"
        door.engine.enter_pin(ADA_PIN)
    assert [e.person_name for e in door.events(EventKind.GRANTED)] == ["Bob"]


def test_a_stranger_who_steps_in_cannot_use_a_pin_they_know(folder: DataFolder) -> None:
    twins(folder)
    with Door(folder) as door:
        door.stage.red = TWIN
        door.witness.wait_for(Phase.PIN)
        door.stage.red = BOB
        door.witness.wait(lambda: door.witness.views[-1].phase is not Phase.PIN)
        door.engine.enter_pin(ADA_PIN)
        door.witness.wait_for(Phase.NOT_RECOGNISED)
        assert not door.witness.has_opened
    assert not door.events(EventKind.GRANTED)


def test_a_disabled_twin_opens_nothing_and_the_other_still_needs_the_pin(
    folder: DataFolder,
) -> None:
    ada, eve = twins(folder)
    with Door(folder) as door:
        door.engine.set_person_enabled(ada, False).result(10)
        door.stage.red = TWIN
        door.witness.wait_for(Phase.PIN)
        door.engine.enter_pin(ADA_PIN)
        door.witness.wait(lambda: (p := door.witness.views[-1].pin) is not None and p.answers == 1)
        assert not door.witness.has_opened
        door.engine.enter_pin(EVE_PIN)
        assert door.witness.wait_for(Phase.WELCOME).person_name == "Eve"
    assert [e.person_id for e in door.events(EventKind.GRANTED)] == [eve]


def test_when_a_twin_is_deleted_the_other_enters_by_face(folder: DataFolder) -> None:
    ada, eve = twins(folder)
    with Door(folder) as door:
        door.engine.delete_person(ada).result(10)
        door.stage.red = TWIN
        assert door.witness.wait_for(Phase.WELCOME).person_name == "Eve"
    assert [e.person_id for e in door.events(EventKind.GRANTED)] == [eve]


def test_outside_their_hours_the_right_pin_opens_nothing(folder: DataFolder) -> None:
    ada, _eve = twins(folder)
    with opened(folder.database) as store:
        store.people.set_hours(ada, "never")
    with Door(folder) as door:
        door.stage.red = TWIN
        door.witness.wait_for(Phase.PIN)
        door.engine.enter_pin(ADA_PIN)
        denied = door.witness.wait_for(Phase.DENIED)
        assert (denied.person_name, denied.hours) == ("Ada", "never")
        assert denied.denial is DenialReason.HOURS
        assert not door.witness.has_opened
    assert [e.person_id for e in door.events(EventKind.DENIED)] == [ada]


def test_a_pin_that_cannot_be_checked_opens_nothing(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise StoreError("The disk does not answer.")

    monkeypatch.setattr("kiosk.pinchecks.who_typed", fail)
    twins(folder)
    with Door(folder) as door:
        door.stage.red = TWIN
        door.witness.wait_for(Phase.PIN)
        door.engine.enter_pin(ADA_PIN)
        assert door.witness.wait_for(Phase.DENIED).denial is DenialReason.PIN_UNCHECKED
        assert not door.witness.has_opened


def test_an_administrator_at_work_ends_the_question(folder: DataFolder) -> None:
    twins(folder)
    with Door(folder) as door:
        door.stage.red = TWIN
        door.witness.wait_for(Phase.PIN)
        door.engine.set_paused(True)
        door.engine.enter_pin(ADA_PIN)
        door.engine.set_paused(False)
        door.witness.wait(lambda: door.witness.views[-1].phase is not Phase.PIN)
        assert not door.witness.has_opened
    assert not door.events(EventKind.GRANTED)


def test_enrolling_a_twin_marks_both_and_their_pins_are_asked_for(folder: DataFolder) -> None:
    ada = enrol(folder, "Ada", 0)
    with Door(folder) as door:
        face = Embedding(np.array([1, 0, 0, 0], np.float32), MODEL)
        shots = (Shot(View.FRONT, face),)
        eve = door.engine._admin.save_person(
            "Eve", "", shots, None, Likeness(CALIBRATION, 0.005)
        ).result(10)
        assert eve.is_look_alike and not eve.has_pin
        assert [p.id for p in door.engine.look_alikes(eve.id).result(10)] == [ada]
        door.stage.red = TWIN
        assert door.witness.wait_for(Phase.DENIED).denial is DenialReason.NO_PIN
    changed = [(e.person_id, e.detail) for e in door.events(EventKind.PERSON_CHANGED)]
    assert sorted(changed) == [(ada, f"looks like {eve.id}"), (eve.id, f"looks like {ada}")]


# --- what the schedule asks for -------------------------------------------------------------------


def allow(folder: DataFolder, mode: AuthMode, *people: int, **rights: Any) -> None:
    """Put people into a group that may enter at all times, and give them numbers by their ids."""
    needs_two = rights.pop("needs_two", False)
    with opened(folder.database) as store:
        always = Schedule(None, "always", ((Window(0, 24 * 60),),) * 7, mode=mode)
        schedule = store.rights.save_schedule(always)
        group = store.rights.save_group(
            Group(None, "all", (schedule.id or 0,), needs_two=needs_two)
        )
        for person in people:
            store.rights.save_rights(PersonRights(person, frozenset({group.id or 0}), **rights))
            store.people.set_number(person, f"70{person}")


@pytest.mark.parametrize("is_duress", [False, True])
def test_number_and_pin_alone_open_the_same_door_under_threat_as_without(
    folder: DataFolder, is_duress: bool
) -> None:
    ada = enrol(folder, "Ada", 0, ADA_PIN)
    allow(folder, AuthMode.PIN, ada)
    with opened(folder.database) as store:
        set_duress_pin(store, ada, "4027")
    with Door(folder) as door:
        door.witness.wait(lambda: door.witness.views[-1].offers_keypad)
        door.engine.enter_number_and_pin(f"70{ada}", WRONG)
        door.witness.wait(
            lambda: (p := door.witness.views[-1].number_prompt) is not None and p.answers == 1
        )
        assert not door.witness.has_opened
        door.engine.enter_number_and_pin(f"70{ada}", "4027" if is_duress else ADA_PIN)
        assert door.witness.wait_for(Phase.WELCOME).person_name == "Ada"
        door.witness.wait(lambda: door.witness.has_opened)
    (granted,) = door.events(EventKind.GRANTED)
    assert (granted.person_id, granted.detail) == (ada, "with number and PIN")
    alarms = door.events(EventKind.DURESS)
    assert [event.person_id for event in alarms] == ([ada] if is_duress else [])
    assert [event.detail for event in door.events(EventKind.PIN_REFUSED)] == ["typed with a number"]


def test_face_and_pin_asks_everybody_for_their_own_pin(folder: DataFolder) -> None:
    bob = enrol(folder, "Bob", 1, EVE_PIN)
    allow(folder, AuthMode.FACE_AND_PIN, bob)
    with Door(folder) as door:
        door.stage.red = BOB
        asked = door.witness.wait_for(Phase.PIN)
        assert asked.pin is not None and asked.pin.is_scheduled
        door.engine.enter_pin(EVE_PIN)
        assert door.witness.wait_for(Phase.WELCOME).person_name == "Bob"
    assert [event.detail for event in door.events(EventKind.GRANTED)] == ["with PIN"]


def test_a_pass_for_one_entry_opens_once_even_after_a_restart(folder: DataFolder) -> None:
    bob = enrol(folder, "Bob", 1)
    allow(folder, AuthMode.FACE, bob, uses_left=1, is_guest=True)
    with Door(folder) as door:
        door.stage.red = BOB
        door.witness.wait_for(Phase.WELCOME)
    with Door(folder) as door:
        door.stage.red = BOB
        assert door.witness.wait_for(Phase.DENIED).denial is DenialReason.USED_UP
        assert not door.witness.has_opened
    assert len(door.events(EventKind.GRANTED)) == 1


def test_who_came_in_before_a_restart_does_not_come_in_twice(folder: DataFolder) -> None:
    bob = enrol(folder, "Bob", 1)
    access = AccessConfig(passback="hard", passback_s=3600)
    for phase in (Phase.WELCOME, Phase.DENIED):
        with Door(folder, access=access) as door:
            door.stage.red = BOB
            view = door.witness.wait_for(phase)
    assert view.denial is DenialReason.PASSBACK
    assert [event.person_id for event in door.events(EventKind.GRANTED)] == [bob]


def test_two_persons_come_in_together_or_not_at_all(folder: DataFolder) -> None:
    ada, bob = enrol(folder, "Ada", 0), enrol(folder, "Bob", 1)
    allow(folder, AuthMode.FACE, ada, bob, needs_two=True)
    with Door(folder) as door:
        door.stage.red = TWIN
        assert door.witness.wait_for(Phase.SECOND).person_name == "Ada"
        assert not door.witness.has_opened
        door.stage.red = BOB
        assert door.witness.wait_for(Phase.WELCOME).person_name == "Bob"
        door.witness.wait(lambda: door.witness.has_opened)
    granted = [(event.person_id, event.detail) for event in door.events(EventKind.GRANTED)]
    assert granted == [(ada, f"with person {bob}"), (bob, f"with person {ada}")]
