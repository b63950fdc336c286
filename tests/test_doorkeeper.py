"""What is done about decisions, frame by frame: door, log and screen agree."""

from __future__ import annotations

import dataclasses
from concurrent.futures import Future
from datetime import datetime

import numpy as np
import pytest

from kiosk.access.doorpin import DoorPinVerdict
from kiosk.domain import (
    Box,
    Decision,
    DenialReason,
    Detection,
    Event,
    EventKind,
    FaceReport,
    Frame,
    FrameResult,
    Guidance,
    Liveness,
    Match,
    ModelId,
    Outcome,
    Phase,
)
from kiosk.doorkeeper import Doorkeeper
from kiosk.errors import ModelError
from kiosk.faultboard import Fault, FaultBoard
from kiosk.listener import KioskView, SilentListener
from kiosk.people import EnrolledPeople
from kiosk.pindesk import PinDesk
from kiosk.recognition.gallery import Gallery
from kiosk.store.journal import Journal

ADA, EVE, BOB = 3, 7, 9
MONDAY_NOON = datetime(2026, 11, 16, 12, 0)
NOBODY = Gallery.empty(ModelId("fake", "1", "fp32"))
PEOPLE = EnrolledPeople(
    gallery=NOBODY,
    everybody=NOBODY,
    names={ADA: "Ada", EVE: "Eve", BOB: "Bob"},
    all_names={ADA: "Ada", EVE: "Eve", BOB: "Bob"},
    without_template=0,
    groups={ADA: frozenset({ADA, EVE}), EVE: frozenset({ADA, EVE})},
    with_pin=frozenset({ADA}),
)
GRANT = Decision(Phase.WELCOME, granted_now=True, similarity=0.8, threshold=0.5)


class Screen(SilentListener):
    """Remembers what was shown last."""

    def __init__(self) -> None:
        self.view = KioskView(Phase.STARTING)

    def view_changed(self, view: KioskView) -> None:
        self.view = view


class House:
    """A door, a log and a screen around the doorkeeper; three frames a second."""

    def __init__(self) -> None:
        self.people: EnrolledPeople | None = PEOPLE
        self.log: list[Event] = []
        self.opened: list[str] = []
        self.ended = self.proven = 0
        self.log_works = True
        self.network_works = True
        self.answers: list[Future[DoorPinVerdict]] = []
        self.screen = Screen()
        self.board = FaultBoard(self.screen)
        self.board.ready()
        self.pins = PinDesk(self._check)
        self.keeper = Doorkeeper(
            self.board,
            Journal(self._record, lambda: 1000),
            self.pins,
            self._unlock,
            lambda: self.people,
            lambda: MONDAY_NOON,
            shown_s=5.0,
        )
        self._now_s = 100.0

    def _check(self, candidates: frozenset[int], pin: str) -> Future[DoorPinVerdict]:
        self.answers.append(Future())
        return self.answers[-1]

    def _record(self, event: Event) -> bool:
        if self.log_works:
            self.log.append(event)
        return self.log_works

    def _unlock(self, whom: str, now_ns: int) -> bool:
        self.opened.append(whom)
        return True

    def prove(self) -> None:
        self.proven += 1
        if not self.network_works:
            raise ModelError("The network has gone wrong.")

    def end_visit(self) -> None:
        self.ended += 1

    def see(
        self, decision: Decision, person: int | None = None, *, is_empty: bool = False
    ) -> KioskView:
        self._now_s += 1 / 3
        seen = Detection(Box(0, 0, 90, 90), np.zeros((5, 2), np.float32), 0.9)
        match = None if person is None else Match(person, 0.8, None, -1.0)
        report = FaceReport(
            () if is_empty else (seen,),
            None if is_empty else seen,
            None,
            None,
            Guidance.NO_FACE if is_empty else None,
            None,
            match,
            0.5,
            Outcome.UNKNOWN if match is None else Outcome.ACCEPTED,
            Liveness(0.1, 0.8, 0.1),
        )
        frame = Frame(np.zeros((1, 1, 3), np.uint8), round(self._now_s * 1e9))
        self.keeper.act(FrameResult(frame, report, decision), self)
        return self.screen.view

    def grant(self, person: int) -> KioskView:
        return self.see(dataclasses.replace(GRANT, person_id=person), person)

    def stay(self, person: int, phase: Phase = Phase.WELCOME) -> KioskView:
        return self.see(Decision(phase, person_id=person), person)

    @property
    def kinds(self) -> list[EventKind]:
        return [event.kind for event in self.log]


@pytest.fixture
def house() -> House:
    return House()


def test_who_is_granted_enters_once(house: House) -> None:
    assert house.grant(BOB).person_name == "Bob"
    assert house.stay(BOB).phase is Phase.WELCOME
    assert house.opened == [f"person {BOB}"]
    assert [(e.kind, e.person_id, e.similarity) for e in house.log] == [
        (EventKind.GRANTED, BOB, 0.8)
    ]
    assert house.stay(BOB, Phase.IDLE).phase is Phase.IDLE


def test_nobody_is_welcomed_whom_the_door_did_not_open_for(house: House) -> None:
    house.log_works = False
    assert house.grant(BOB).phase is Phase.IDLE
    house.log_works = True
    house.people = dataclasses.replace(PEOPLE, names={ADA: "Ada"})
    assert house.grant(BOB).phase is Phase.IDLE
    house.people = None
    assert house.grant(BOB).phase is Phase.IDLE
    house.people = PEOPLE
    house.board.set(Fault.STORE, "The disk is full.")
    assert house.grant(BOB).phase is Phase.OUT_OF_ORDER
    assert house.opened == []


def test_networks_are_proven_before_the_door_opens_and_before_a_pin_counts(house: House) -> None:
    house.network_works = False
    with pytest.raises(ModelError):
        house.grant(BOB)
    house.network_works = True
    house.grant(ADA)
    house.pins.enter("7294")
    house.answers[-1].set_result(DoorPinVerdict(ADA))
    house.network_works = False
    with pytest.raises(ModelError):
        house.stay(ADA)
    house.network_works = True
    house.stay(ADA)
    assert house.opened == []


def test_a_look_alike_enters_by_pin_and_is_welcomed_long_enough_to_read_it(house: House) -> None:
    view = house.grant(ADA)
    assert (view.phase, view.person_name) == (Phase.PIN, "")
    for _ in range(20):
        view = house.stay(ADA, Phase.IDLE)
    assert view.phase is Phase.PIN
    house.pins.enter("7294")
    house.answers[-1].set_result(DoorPinVerdict(EVE))
    view = house.stay(ADA, Phase.IDLE)
    assert (view.phase, view.person_name) == (Phase.WELCOME, "Eve")
    assert house.opened == [f"person {EVE}"]
    # They walk through the door; the decision has forgotten them long before the welcome ends.
    view = house.see(Decision(Phase.IDLE), is_empty=True)
    assert (view.phase, view.person_name) == (Phase.WELCOME, "Eve")
    # Whoever comes next must not read it.
    assert house.see(Decision(Phase.CHECKING)).phase is Phase.CHECKING
    assert house.kinds == [EventKind.GRANTED]
    assert house.proven == 2


def test_a_welcome_by_pin_ends(house: House) -> None:
    house.grant(ADA)
    house.pins.enter("7294")
    house.answers[-1].set_result(DoorPinVerdict(ADA))
    phases = [house.stay(ADA, Phase.IDLE).phase for _ in range(18)]
    assert phases[:15] == [Phase.WELCOME] * 15
    assert phases[16:] == [Phase.IDLE] * 2
    assert house.opened == [f"person {ADA}"]


def test_who_is_deleted_while_typing_stays_outside(house: House) -> None:
    house.grant(ADA)
    house.pins.enter("7294")
    house.people = dataclasses.replace(PEOPLE, names={EVE: "Eve", BOB: "Bob"})
    house.answers[-1].set_result(DoorPinVerdict(ADA))
    assert house.stay(ADA).phase is Phase.IDLE
    assert (house.opened, house.log) == ([], [])


def test_without_a_pin_in_the_group_nobody_is_asked(house: House) -> None:
    house.people = dataclasses.replace(PEOPLE, with_pin=frozenset({BOB}))
    view = house.grant(ADA)
    assert (view.phase, view.denial, view.person_name) == (
        Phase.DENIED,
        DenialReason.NO_PIN,
        "",
    )
    house.pins.enter("7294")
    assert house.answers == []
    (event,) = house.log
    assert (event.kind, event.person_id, event.person_name) == (EventKind.DENIED, None, "")
    assert event.detail.endswith("(looks like 3, 7)")


def test_a_question_that_ends_is_told_and_noted_once(house: House) -> None:
    house.grant(ADA)
    views = [house.stay(ADA, Phase.IDLE) for _ in range(64)]
    shown = [view.denial for view in views if view.phase is Phase.DENIED]
    assert 13 <= len(shown) <= 16 and set(shown) == {DenialReason.PIN_MISSED}
    assert views[-1].phase is Phase.IDLE
    assert house.kinds == [EventKind.DENIED]
    assert (house.opened, house.ended) == ([], 0)


def test_whoever_leaves_begins_another_visit_and_nothing_is_noted(house: House) -> None:
    house.grant(ADA)
    view = house.see(Decision(Phase.WELCOME, person_id=ADA), BOB)
    assert view.phase is Phase.IDLE
    assert (house.ended, house.log, house.opened) == (1, [], [])
    assert not house.pins.is_asking


@pytest.mark.parametrize("flag", ["rejected_now", "granted_now"])
def test_another_verdict_ends_the_question(house: House, flag: str) -> None:
    house.grant(ADA)
    house.pins.enter("7294")
    house.answers[-1].set_result(DoorPinVerdict(ADA))
    person = BOB if flag == "granted_now" else None
    phase = Phase.WELCOME if person else Phase.NOT_RECOGNISED
    house.see(dataclasses.replace(Decision(phase, person_id=person), **{flag: True}), person)
    assert house.opened == ([f"person {BOB}"] if person else [])
    assert not house.pins.is_asking


def test_a_picture_held_up_is_noted_and_ends_the_question(house: House) -> None:
    house.grant(ADA)
    told = Decision(
        Phase.GUIDANCE, guidance=Guidance.PRESENTATION, person_id=ADA, attacked_now=True
    )
    view = house.see(told)
    assert (view.phase, view.guidance) == (Phase.GUIDANCE, Guidance.PRESENTATION)
    assert house.kinds == [EventKind.PRESENTATION_ATTACK]
    assert not house.pins.is_asking
    # The attack stays on the decision's account.
    assert house.ended == 0


def test_a_face_that_lacks_something_for_the_door_is_told_what(house: House) -> None:
    house.grant(ADA)
    near = Decision(Phase.GUIDANCE, guidance=Guidance.STEP_BACK, person_id=ADA)
    assert house.see(near).guidance is None
    house.pins.enter("7294")
    house.answers[-1].set_result(DoorPinVerdict(ADA))
    view = house.see(near)
    assert (view.phase, view.guidance) == (Phase.PIN, Guidance.STEP_BACK)
    assert house.opened == []


def test_forgetting_ends_question_and_welcome(house: House) -> None:
    house.grant(BOB)
    house.keeper.forget()
    assert house.stay(BOB).phase is Phase.IDLE
    house.grant(ADA)
    house.keeper.forget()
    house.pins.enter("7294")
    assert house.stay(ADA).phase is Phase.IDLE
    assert house.answers == []
