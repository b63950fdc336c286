"""What is done about decisions, frame by frame: door, log and screen agree."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.access.doorpin import DoorPinVerdict
from kiosk.access.ledger import Ledger
from kiosk.access.model import AuthMode, Group, PersonRights, Schedule, Window
from kiosk.access.rights import AccessRules, RightsBook
from kiosk.domain import (
    Box,
    Decision,
    DenialReason,
    Detection,
    DoorInputs,
    DoorState,
    DoorStatus,
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
from kiosk.entrance import Entrance
from kiosk.errors import ModelError, RightsChangedError, StoreError, UsedUpError
from kiosk.faultboard import Fault, FaultBoard
from kiosk.listener import KioskView, SilentListener
from kiosk.numberdesk import NumberDesk
from kiosk.people import EnrolledPeople
from kiosk.pindesk import PinDesk
from kiosk.recognition.gallery import Gallery
from kiosk.store.journal import Journal

ADA, EVE, BOB = 3, 7, 9
MONDAY_NOON_MS = 1_794_830_400_000
"""2026-11-16 12:00 UTC."""
DAY = (Window(0, 24 * 60),)
NOBODY = Gallery.empty(ModelId("fake", "1", "fp32"))


def book(
    mode: AuthMode = AuthMode.FACE,
    *,
    rules: AccessRules | None = None,
    needs_two: bool = False,
    people: Sequence[PersonRights] = (),
    week: tuple[tuple[Window, ...], ...] = (DAY,) * 7,
    waits_for_first: bool = False,
) -> RightsBook:
    """Return rights by which everybody is in one group, which may do so at all times."""
    known = {each.person_id: each for each in people}
    group = frozenset({1})
    everybody = [
        dataclasses.replace(known.get(person, PersonRights(person)), group_ids=group)
        for person in (ADA, EVE, BOB)
        if person != BOB or not waits_for_first
    ]
    if waits_for_first:
        everybody.append(PersonRights(BOB, frozenset({2})))
    return RightsBook.build(
        [Schedule(1, "all", week, mode=mode, waits_for_first=waits_for_first)],
        [
            Group(1, "all", (1,), needs_two=needs_two),
            Group(2, "first", (1,), is_first=True),
        ],
        (),
        everybody,
        zone="UTC",
        rules=rules,
    )


PEOPLE = EnrolledPeople(
    gallery=NOBODY,
    everybody=NOBODY,
    names={ADA: "Ada", EVE: "Eve", BOB: "Bob"},
    all_names={ADA: "Ada", EVE: "Eve", BOB: "Bob"},
    without_template=0,
    groups={ADA: frozenset({ADA, EVE}), EVE: frozenset({ADA, EVE})},
    with_pin=frozenset({ADA}),
    rights=book(),
)
ALONE = dataclasses.replace(PEOPLE, groups={}, with_pin=frozenset({ADA, EVE, BOB}))
"""Nobody looks like anybody else."""
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
        self.spent: list[int] = []
        self.ended = self.proven = 0
        self.log_works = self.network_works = self.door_works = self.clock_works = True
        self.write_error: Exception | None = None
        self.door = DoorStatus(DoorState.LOCKED, "a relay", is_simulated=False)
        self.now_ms = MONDAY_NOON_MS
        self.day = Ledger()
        self.answers: list[Future[DoorPinVerdict]] = []
        self.screen = Screen()
        self.board = FaultBoard(self.screen)
        self.board.ready()
        self.pins = PinDesk(self._check)
        self.numbers = NumberDesk(self._check_number)
        journal = Journal(self._record, lambda: self.now_ms)
        entrance = Entrance(
            journal,
            self._write,
            self._unlock,
            lambda: self.door,
            lambda: self.clock_works,
            lambda: self.day,
            lambda: self.now_ms,
            lambda: round(self._now_s * 1e9),
        )
        self.keeper = Doorkeeper(
            self.board,
            journal,
            self.pins,
            self.numbers,
            entrance,
            lambda: self.people,
            lambda: self.clock_works,
            lambda: self.now_ms,
            shown_s=5.0,
        )
        self._now_s = 100.0

    def _check(self, candidates: frozenset[int], pin: str) -> Future[DoorPinVerdict]:
        self.answers.append(Future())
        return self.answers[-1]

    def _check_number(self, number: str, pin: str) -> Future[DoorPinVerdict]:
        self.answers.append(Future())
        return self.answers[-1]

    def _record(self, event: Event) -> bool:
        if self.log_works:
            self.log.append(event)
        return self.log_works

    def _write(
        self, events: Sequence[Event], spending: Sequence[int] = (), generation: int | None = None
    ) -> None:
        if self.write_error is not None:
            raise self.write_error
        if not self.log_works:
            raise StoreError("The disk is full.")
        self.log += events
        self.spent += spending

    def _unlock(self, reason: str, now_ns: int, *, extended: bool = False) -> bool:
        if self.door_works:
            self.opened.append(f"{reason}, slowly" if extended else reason)
        return self.door_works

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
        self.now_ms += 333
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

    def leave(self, seconds: float = 1.0) -> KioskView:
        for _ in range(round(seconds * 3)):
            self.see(Decision(Phase.IDLE), is_empty=True)
        return self.screen.view

    def type_pin(self, person: int | None, **verdict: Any) -> None:
        self.pins.enter("7294")
        self.answers[-1].set_result(DoorPinVerdict(person, **verdict))

    def type_number(self, person: int | None, **verdict: Any) -> None:
        self.numbers.enter("17", "7294")
        self.answers[-1].set_result(DoorPinVerdict(person, **verdict))

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


def test_who_looks_like_somebody_disabled_is_not_named_by_their_face(house: House) -> None:
    house.people = dataclasses.replace(PEOPLE, names={ADA: "Ada", BOB: "Bob"}, with_pin=frozenset())
    assert house.grant(ADA).person_name == ""
    assert [(e.person_id, e.detail) for e in house.log] == [
        (None, f"no PIN to tell look-alikes apart (looks like {ADA})")
    ]


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


# --- what the rights ask for ----------------------------------------------------------------------


def with_rights(rights: RightsBook, **changes: Any) -> EnrolledPeople:
    return dataclasses.replace(ALONE, rights=rights, **changes)


def test_face_and_pin_asks_for_their_own_pin(house: House) -> None:
    house.people = with_rights(book(AuthMode.FACE_AND_PIN))
    view = house.grant(BOB)
    assert view.phase is Phase.PIN and view.pin is not None and view.pin.is_scheduled
    assert house.opened == []
    house.type_pin(BOB)
    view = house.stay(BOB, Phase.IDLE)
    assert (view.phase, view.person_name) == (Phase.WELCOME, "Bob")
    assert [(e.kind, e.person_id, e.detail) for e in house.log] == [
        (EventKind.GRANTED, BOB, "with PIN")
    ]


def test_whoever_has_no_pin_is_told_that_one_is_needed(house: House) -> None:
    house.people = with_rights(book(AuthMode.FACE_AND_PIN), with_pin=frozenset({ADA}))
    view = house.grant(BOB)
    assert (view.phase, view.denial, view.person_name) == (
        Phase.DENIED,
        DenialReason.PIN_NEEDED,
        "Bob",
    )
    assert (house.opened, house.kinds) == ([], [EventKind.DENIED])


def test_a_missed_question_of_the_schedule_names_who_missed_it(house: House) -> None:
    house.people = with_rights(book(AuthMode.FACE_AND_PIN))
    house.grant(BOB)
    views = [house.stay(BOB, Phase.IDLE) for _ in range(64)]
    denied = next(view for view in views if view.phase is Phase.DENIED)
    assert (denied.denial, denied.person_name) == (DenialReason.PIN_MISSED, "Bob")
    assert [(e.kind, e.person_id, e.detail) for e in house.log] == [
        (EventKind.DENIED, BOB, "no right PIN in time")
    ]


def test_a_look_alike_is_asked_once_even_where_everybody_is(house: House) -> None:
    house.people = dataclasses.replace(PEOPLE, rights=book(AuthMode.FACE_AND_PIN))
    house.grant(ADA)
    house.type_pin(EVE)
    assert house.stay(ADA).person_name == "Eve"
    assert house.opened == [f"person {EVE}"]


def test_a_duress_pin_changes_nothing_that_can_be_seen_at_the_door() -> None:
    def visit(is_duress: bool) -> tuple[list[KioskView], list[str], list[Event]]:
        house = House()
        house.people = with_rights(book(AuthMode.FACE_AND_PIN))
        views = [house.grant(BOB)]
        house.type_pin(BOB, is_duress=is_duress)
        views += [house.stay(BOB, Phase.IDLE) for _ in range(20)]
        return views, house.opened, house.log

    assert visit(True) == visit(False)


# --- number and PIN -------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [AuthMode.PIN, AuthMode.FACE_OR_PIN])
def test_number_and_pin_alone_open_with_nobody_in_the_picture(house: House, mode: AuthMode) -> None:
    house.people = with_rights(book(mode))
    assert house.leave().offers_keypad
    house.numbers.enter("17", "7294")
    view = house.leave()
    assert view.number_prompt is not None and view.number_prompt.is_checking
    house.answers[-1].set_result(DoorPinVerdict(BOB))
    view = house.leave()
    assert (view.phase, view.person_name, view.number_prompt) == (Phase.WELCOME, "Bob", None)
    assert house.leave(6).phase is Phase.IDLE
    assert house.opened == [f"person {BOB}"]
    assert [(e.kind, e.person_id, e.detail, e.similarity) for e in house.log] == [
        (EventKind.GRANTED, BOB, "with number and PIN", None)
    ]


def test_a_wrong_number_or_pin_is_told_with_what_may_be_tried(house: House) -> None:
    house.people = with_rights(book(AuthMode.PIN))
    for answers in (1, 2):
        house.type_number(None, attempts_left=5 - answers)
        prompt = house.leave().number_prompt
        assert prompt is not None and not prompt.is_checking
        assert (prompt.answers, prompt.attempts_left) == (answers, 5 - answers)
    house.type_number(None, wait_s=30)
    view = house.leave()
    assert (view.phase, view.denial, view.wait_s) == (Phase.DENIED, DenialReason.PIN_LOCKED, 30)
    # It counts anew for whoever comes next.
    house.leave(6)
    house.type_number(None, attempts_left=4)
    prompt = house.leave().number_prompt
    assert prompt is not None and prompt.answers == 1
    assert house.leave(20).number_prompt is None
    assert house.opened == []


def test_where_the_face_is_needed_it_is_waited_for(house: House) -> None:
    house.people = with_rights(book(AuthMode.FACE_AND_PIN))
    assert not house.leave().offers_keypad
    house.type_number(BOB)
    view = house.leave()
    assert (view.phase, view.guidance) == (Phase.GUIDANCE, Guidance.LOOK_AT_CAMERA)
    assert view.number_prompt is not None and view.number_prompt.is_right
    view = house.grant(BOB)
    assert (view.phase, view.person_name) == (Phase.WELCOME, "Bob")
    assert [(e.kind, e.detail) for e in house.log] == [
        (EventKind.GRANTED, "with number, PIN and face")
    ]
    assert house.opened == [f"person {BOB}"]


def test_whoever_is_asked_for_the_pin_may_type_number_and_pin_instead(house: House) -> None:
    house.people = with_rights(book(AuthMode.FACE_AND_PIN))
    house.grant(BOB)
    house.type_number(BOB)
    assert house.stay(BOB, Phase.IDLE).phase is Phase.WELCOME
    assert house.opened == [f"person {BOB}"]


@pytest.mark.parametrize("flaw", ["suspect", "another", "unknown"])
def test_a_face_that_is_not_surely_theirs_does_not_follow_a_number(house: House, flaw: str) -> None:
    house.people = with_rights(book(AuthMode.FACE_AND_PIN))
    house.type_number(BOB)
    seen = {"suspect": BOB, "another": ADA, "unknown": None}[flaw]
    decided = None if flaw == "unknown" else BOB
    for _ in range(6):
        house.see(Decision(Phase.CHECKING, person_id=decided, is_suspect=flaw == "suspect"), seen)
    assert house.opened == []
    house.grant(ADA)
    assert house.opened == []


def test_the_face_that_does_not_come_is_missed(house: House) -> None:
    house.people = with_rights(book(AuthMode.FACE_AND_PIN))
    house.type_number(BOB)
    views = [house.leave(1 / 3) for _ in range(60)]
    denied = next(view for view in views if view.phase is Phase.DENIED)
    assert (denied.denial, denied.person_name) == (DenialReason.FACE_NEEDED, "Bob")
    assert [(e.kind, e.person_id) for e in house.log] == [(EventKind.DENIED, BOB)]
    house.grant(BOB)
    assert house.opened == []


def test_who_came_by_number_is_not_let_in_again_by_their_face_at_once(house: House) -> None:
    house.people = with_rights(book(AuthMode.FACE_OR_PIN))
    house.type_number(BOB)
    house.see(Decision(Phase.CHECKING))
    view = house.grant(BOB)
    assert (view.phase, view.person_name) == (Phase.WELCOME, "Bob")
    view = house.see(Decision(Phase.NOT_RECOGNISED, rejected_now=True))
    assert view.phase is Phase.WELCOME
    assert house.opened == [f"person {BOB}"]
    # Somebody else may, and does not read it.
    assert house.grant(ADA).person_name == "Ada"
    assert house.opened == [f"person {BOB}", f"person {ADA}"]


def test_who_came_by_face_is_not_let_in_again_by_the_number_they_typed(house: House) -> None:
    house.people = with_rights(book(AuthMode.FACE_OR_PIN))
    house.type_number(BOB)
    view = house.grant(BOB)
    assert (view.phase, view.person_name) == (Phase.WELCOME, "Bob")
    assert (house.opened, house.kinds) == ([f"person {BOB}"], [EventKind.GRANTED])


def test_a_number_counts_for_nothing_after_a_fault_or_for_somebody_deleted(house: House) -> None:
    house.people = with_rights(book(AuthMode.PIN))
    house.numbers.enter("17", "7294")
    house.keeper.forget()
    house.answers[-1].set_result(DoorPinVerdict(BOB))
    house.leave()
    house.type_number(BOB)
    house.people = dataclasses.replace(house.people, names={ADA: "Ada"})
    house.leave()
    house.people = with_rights(book(AuthMode.PIN))
    house.board.set(Fault.STORE, "The disk is full.")
    house.type_number(BOB)
    house.leave()
    assert (house.opened, house.log) == ([], [])


def test_a_number_that_cannot_be_checked_opens_nothing(house: House) -> None:
    house.people = with_rights(book(AuthMode.PIN))
    house.numbers.enter("17", "7294")
    house.answers[-1].set_exception(StoreError("gone"))
    assert house.leave().denial is DenialReason.PIN_UNCHECKED
    house.numbers.enter("17", "7294")
    house.leave(12)
    house.answers[-1].set_result(DoorPinVerdict(BOB))
    house.leave()
    assert house.opened == []


def test_the_lockout_is_read_by_whoever_stands_there_recognised(house: House) -> None:
    house.people = with_rights(book(AuthMode.PIN), with_pin=frozenset())
    house.grant(ADA)
    house.type_number(None, wait_s=30)
    assert house.stay(ADA, Phase.IDLE).denial is DenialReason.PIN_LOCKED
    assert house.stay(ADA, Phase.IDLE).denial is DenialReason.PIN_LOCKED


def test_one_frame_lets_in_one_and_the_next_whoever_typed_meanwhile(house: House) -> None:
    house.people = with_rights(book(AuthMode.FACE_OR_PIN))
    house.type_number(ADA)
    view = house.grant(EVE)
    assert (view.phase, view.person_name) == (Phase.WELCOME, "Eve")
    assert house.opened == [f"person {EVE}"]
    assert house.stay(EVE).person_name == "Ada"
    assert house.opened == [f"person {EVE}", f"person {ADA}"]
    assert [(e.kind, e.person_id, e.detail) for e in house.log] == [
        (EventKind.GRANTED, EVE, ""),
        (EventKind.GRANTED, ADA, "with number and PIN"),
    ]


def test_a_wrong_number_is_told_though_somebody_is_let_in_on_the_same_frame(house: House) -> None:
    house.people = with_rights(book(AuthMode.FACE_OR_PIN))
    house.type_number(None, attempts_left=4)
    prompt = house.grant(EVE).number_prompt
    assert prompt is not None and prompt.attempts_left == 4


# --- two persons ----------------------------------------------------------------------------------

TWO = AccessRules(two_person_s=10)


def test_two_who_come_together_are_let_in_together(house: House) -> None:
    house.people = with_rights(book(needs_two=True, rules=TWO))
    view = house.grant(ADA)
    assert (view.phase, view.person_name) == (Phase.SECOND, "Ada")
    assert view.answer_by_ns is not None
    assert (house.opened, house.log) == ([], [])
    assert house.stay(ADA, Phase.IDLE).phase is Phase.SECOND
    assert house.see(Decision(Phase.CHECKING)).phase is Phase.CHECKING
    view = house.grant(BOB)
    assert (view.phase, view.person_name) == (Phase.WELCOME, "Bob")
    assert house.opened == [f"person {ADA} and person {BOB}"]
    assert [(e.kind, e.person_id, e.detail) for e in house.log] == [
        (EventKind.GRANTED, ADA, f"with person {BOB}"),
        (EventKind.GRANTED, BOB, f"with person {ADA}"),
    ]
    assert house.leave(15).phase is Phase.IDLE
    assert len(house.log) == 2


def test_nobody_is_their_own_second_person(house: House) -> None:
    house.people = with_rights(book(needs_two=True, rules=TWO))
    for _ in range(3):
        assert house.grant(ADA).phase is Phase.SECOND
    house.type_number(ADA)
    house.leave()
    assert house.opened == []


def test_a_second_person_who_comes_too_late_waits_anew(house: House) -> None:
    house.people = with_rights(book(needs_two=True, rules=TWO))
    house.grant(ADA)
    views = [house.leave(1 / 3) for _ in range(40)]
    denied = next(view for view in views if view.phase is Phase.DENIED)
    assert (denied.denial, denied.person_name) == (DenialReason.SECOND_MISSING, "Ada")
    assert house.grant(BOB).phase is Phase.SECOND
    assert [(e.kind, e.person_id) for e in house.log] == [(EventKind.DENIED, ADA)]
    assert house.opened == []


def test_a_fault_ends_the_wait_for_a_second_person(house: House) -> None:
    house.people = with_rights(book(needs_two=True, rules=TWO))
    house.grant(ADA)
    house.keeper.forget()
    assert house.grant(BOB).phase is Phase.SECOND
    assert house.opened == []


def test_who_lost_the_right_while_waiting_does_not_come_in_with_the_second(house: House) -> None:
    house.people = with_rights(book(needs_two=True, rules=TWO))
    house.grant(ADA)
    expired = PersonRights(ADA, valid_until_ms=MONDAY_NOON_MS)
    house.people = with_rights(book(needs_two=True, rules=TWO, people=[expired]))
    assert house.grant(BOB).phase is Phase.SECOND
    assert [(e.kind, e.person_id, e.detail) for e in house.log] == [
        (EventKind.DENIED, ADA, "no longer valid")
    ]
    house.people = with_rights(book(needs_two=True, rules=TWO))
    house.grant(ADA)
    assert house.opened == [f"person {BOB} and person {ADA}"]


def test_each_of_two_shows_what_the_time_of_day_asks_for(house: House) -> None:
    house.people = with_rights(book(AuthMode.FACE_AND_PIN, needs_two=True, rules=TWO))
    house.grant(ADA)
    house.type_pin(ADA)
    assert house.stay(ADA, Phase.IDLE).phase is Phase.SECOND
    assert house.grant(BOB).phase is Phase.PIN
    assert house.opened == []
    house.type_pin(BOB)
    house.stay(BOB, Phase.IDLE)
    assert house.opened == [f"person {ADA} and person {BOB}"]


def test_of_two_the_one_without_an_entry_left_is_named_and_waits_no_longer(house: House) -> None:
    guest = PersonRights(ADA, uses_left=1)
    house.people = with_rights(book(needs_two=True, rules=TWO, people=[guest]))
    house.grant(ADA)
    # The snapshot is still the old one: the database knows better.
    house.write_error = UsedUpError(ADA)
    view = house.grant(BOB)
    assert (view.phase, view.person_name) == (Phase.SECOND, "Bob")
    assert [(e.kind, e.person_id, e.person_name, e.detail) for e in house.log] == [
        (EventKind.DENIED, ADA, "Ada", "every entry of the pass has been used")
    ]
    house.write_error = None
    house.grant(EVE)
    assert house.opened == [f"person {BOB} and person {EVE}"]
    house.leave(15)
    assert house.kinds.count(EventKind.DENIED) == 1


def test_who_comes_second_without_an_entry_left_leaves_the_first_waiting(house: House) -> None:
    guest = PersonRights(BOB, uses_left=1)
    house.people = with_rights(book(needs_two=True, rules=TWO, people=[guest]))
    house.grant(ADA)
    house.write_error = UsedUpError(BOB)
    assert denied(house)[0] is DenialReason.USED_UP
    house.write_error = None
    house.grant(EVE)
    assert house.opened == [f"person {ADA} and person {EVE}"]


# --- rights that change, people who come again ----------------------------------------------------


def test_rights_that_change_before_the_entry_is_written_let_nobody_in(house: House) -> None:
    house.write_error = RightsChangedError("changed")
    assert house.grant(BOB).phase is Phase.IDLE
    assert (house.opened, house.log) == ([], [])
    # The next frames decide anew, by the people as they are then.
    assert house.ended == 1
    house.write_error = None
    house.grant(BOB)
    assert house.opened == [f"person {BOB}"]


def unlocked_for(house: House, *pulses: tuple[str, float], state: DoorState) -> None:
    """Let the door say whose pulses last, and for how many seconds yet."""
    now_ns = round(house._now_s * 1e9)
    let_in = tuple((reason, now_ns + round(left_s * 1e9)) for reason, left_s in pulses)
    house.door = dataclasses.replace(house.door, state=state, let_in=let_in)


@pytest.mark.parametrize("state", [DoorState.UNLOCKED, DoorState.OPEN])
@pytest.mark.parametrize("reason", ["person 9", "person 7 and person 9", "person 9 and person 3"])
def test_who_was_let_in_a_moment_ago_is_welcomed_and_nothing_else(
    house: House, state: DoorState, reason: str
) -> None:
    rules = AccessRules(passback="hard")
    house.people = with_rights(book(rules=rules, people=[PersonRights(BOB, uses_left=1)]))
    house.grant(BOB)
    before = (list(house.opened), list(house.log), list(house.spent))
    unlocked_for(house, (reason, 4), state=state)
    view = house.grant(BOB)
    assert (view.phase, view.person_name) == (Phase.WELCOME, "Bob")
    assert (house.opened, house.log, house.spent) == before


@pytest.mark.parametrize(
    ("pulses", "state"),
    [
        ([], DoorState.UNLOCKED),
        ([("person 99", 4)], DoorState.UNLOCKED),
        ([("person 3", 4), ("by an administrator", 4)], DoorState.OPEN),
        ([("person 9", 0.2), ("person 3", 4)], DoorState.UNLOCKED),
        ([("person 9", 4)], DoorState.LOCKED),
        ([("person 9", 4)], DoorState.FAULT),
        ([("person 9", 4)], DoorState.FREE_ACCESS),
    ],
)
def test_a_pulse_that_is_not_their_own_lets_nobody_in_unwritten(
    house: House, pulses: list[tuple[str, float]], state: DoorState
) -> None:
    unlocked_for(house, *pulses, state=state)
    house.grant(BOB)
    assert (house.opened, house.kinds) == ([f"person {BOB}"], [EventKind.GRANTED])


def test_who_is_in_already_does_not_end_the_wait_of_another(house: House) -> None:
    house.people = with_rights(book(needs_two=True, rules=TWO))
    house.grant(ADA)
    unlocked_for(house, ("person 7 and person 9", 4), state=DoorState.OPEN)
    assert house.grant(BOB).phase is Phase.WELCOME
    assert house.opened == []
    house.door = dataclasses.replace(house.door, state=DoorState.LOCKED, let_in=())
    assert house.stay(BOB, Phase.IDLE).phase is Phase.SECOND
    house.grant(EVE)
    assert house.opened == [f"person {ADA} and person {EVE}"]


# --- denials of the rights and of the door --------------------------------------------------------


def denied(house: House, person: int = BOB) -> tuple[DenialReason, str]:
    before = len(house.opened)
    view = house.grant(person)
    assert (view.phase, view.person_name) == (Phase.DENIED, house.people.names[person])  # type: ignore[union-attr]
    assert house.log[-1].kind is EventKind.DENIED and house.log[-1].person_id == person
    assert len(house.opened) == before
    return view.denial, view.hours


def test_lockdown_stops_everybody_before_any_question(house: House) -> None:
    house.door = dataclasses.replace(house.door, state=DoorState.LOCKDOWN, is_lockdown=True)
    house.people = with_rights(book(AuthMode.FACE_OR_PIN))
    assert not house.leave().offers_keypad
    assert denied(house)[0] is DenialReason.LOCKDOWN
    house.people = dataclasses.replace(PEOPLE, rights=book())
    assert house.grant(ADA).denial is DenialReason.LOCKDOWN
    assert not house.pins.is_asking
    house.type_number(BOB)
    assert house.leave().denial is DenialReason.LOCKDOWN
    assert house.opened == []


def test_an_open_second_door_stops_whoever_might_enter(house: House) -> None:
    house.door = dataclasses.replace(house.door, inputs=DoorInputs(other_open=True))
    assert denied(house)[0] is DenialReason.INTERLOCK
    house.door = dataclasses.replace(house.door, inputs=DoorInputs(other_open=False))
    house.grant(BOB)
    assert house.opened == [f"person {BOB}"]


def test_outside_their_hours_they_read_when_they_may(house: House) -> None:
    tuesday = ((), (Window(480, 600),), (), (), (), (), ())
    house.people = with_rights(book(week=tuesday))
    reason, hours = denied(house)
    assert reason is DenialReason.HOURS and "08:00" in hours
    assert house.log[-1].detail == f"outside hours {hours}"


def test_a_clock_that_is_not_trusted_is_told(house: House) -> None:
    house.clock_works = False
    house.people = with_rights(book(week=((Window(0, 1200),),) * 7))
    assert denied(house)[0] is DenialReason.CLOCK
    assert not house.screen.view.clock_ok
    house.clock_works = True
    house.leave(2)
    assert house.screen.view.clock_ok


def test_hard_passback_refuses_and_soft_notes(house: House) -> None:
    house.people = with_rights(book(rules=AccessRules(passback="hard", passback_s=60)))
    house.grant(BOB)
    house.leave(10)
    assert denied(house)[0] is DenialReason.PASSBACK
    house.people = with_rights(book(rules=AccessRules(passback="soft", passback_s=60)))
    house.grant(BOB)
    assert house.kinds[-2:] == [EventKind.GRANTED, EventKind.PASSBACK]
    house.leave(70)
    house.grant(BOB)
    assert house.kinds[-1] is EventKind.GRANTED
    assert len(house.opened) == 3


def test_nobody_enters_before_somebody_who_begins_the_day(house: House) -> None:
    house.people = with_rights(book(waits_for_first=True))
    assert denied(house, ADA)[0] is DenialReason.WAITS_FOR_FIRST
    house.grant(BOB)
    house.grant(ADA)
    assert house.opened == [f"person {BOB}", f"person {ADA}"]


def test_a_pass_for_one_entry_is_spent_with_it(house: House) -> None:
    guest = PersonRights(BOB, uses_left=1, is_guest=True)
    house.people = with_rights(book(people=[guest]))
    house.grant(BOB)
    assert house.spent == [BOB]
    # The snapshot is still the old one: the database knows better.
    house.write_error = UsedUpError(BOB)
    assert denied(house)[0] is DenialReason.USED_UP


def test_whoever_is_slow_has_the_door_open_longer(house: House) -> None:
    house.people = with_rights(book(people=[PersonRights(BOB, is_slow=True)]))
    house.grant(BOB)
    house.grant(ADA)
    assert house.opened == [f"person {BOB}, slowly", f"person {ADA}"]


def test_somebody_the_rights_do_not_know_stays_outside(house: House) -> None:
    house.people = with_rights(RightsBook.build((), (), (), ()))
    assert denied(house)[0] is DenialReason.RIGHTS_DAMAGED


def test_a_door_that_does_not_open_lets_nobody_in(house: House) -> None:
    house.door_works = False
    house.people = with_rights(book(rules=AccessRules(passback="hard")))
    assert house.grant(BOB).phase is Phase.IDLE
    house.door_works = True
    house.leave(2)
    house.grant(BOB)
    assert house.opened == [f"person {BOB}"]


# --- whatever happens -----------------------------------------------------------------------------

MODES = st.sampled_from(list(AuthMode))
WHO = st.sampled_from([ADA, EVE, BOB])
ACTS = st.one_of(
    st.tuples(st.sampled_from(["grant", "stay", "pin", "number", "typed"]), WHO),
    st.tuples(
        st.sampled_from(["leave", "wrong", "lockdown", "interlock", "forget", "deaf", "reject"]),
        st.just(0),
    ),
)


@settings(max_examples=200)
@given(MODES, st.booleans(), st.booleans(), st.lists(ACTS, max_size=40))
def test_the_door_opens_only_as_the_rights_say_and_only_after_it_is_written(
    mode: AuthMode, needs_two: bool, twins: bool, script: list[tuple[str, int]]
) -> None:
    house = House()
    rights = book(mode, needs_two=needs_two, rules=TWO)
    house.people = with_rights(rights, groups=PEOPLE.groups if twins else {})
    faces, typed = set[int](), set[int]()
    for act, who in script:
        opened, written = len(house.opened), len(house.log)
        if act == "grant":
            faces |= house.people.candidates(who)
            house.grant(who)
        elif act == "stay" and who in faces:
            house.stay(who, Phase.IDLE)
        elif act in ("pin", "number") and not any(not a.done() for a in house.answers):
            if act == "pin":
                house.pins.enter("7294")
            else:
                house.numbers.enter("17", "7294")
        elif act in ("typed", "wrong"):
            for answer in house.answers:
                if not answer.done():
                    typed |= {who} - {0}
                    answer.set_result(DoorPinVerdict(who or None, attempts_left=3))
        elif act == "leave":
            house.leave(2)
        elif act == "reject":
            house.see(Decision(Phase.NOT_RECOGNISED, rejected_now=True))
        elif act == "forget":
            house.keeper.forget()
        elif act == "deaf":
            house.log_works = not house.log_works
        elif act == "lockdown":
            house.door = dataclasses.replace(house.door, is_lockdown=not house.door.is_lockdown)
        elif act == "interlock":
            is_open = not house.door.inputs.other_open
            house.door = dataclasses.replace(house.door, inputs=DoorInputs(other_open=is_open))
        if len(house.opened) == opened:
            continue
        (reason,) = house.opened[opened:]
        granted = [e for e in house.log[written:] if e.kind is EventKind.GRANTED]
        assert reason == " and ".join(f"person {e.person_id}" for e in granted)
        assert len({e.person_id for e in granted}) == (2 if needs_two else 1)
        assert house.log_works and house.door.is_lockdown is False
        assert not house.door.inputs.other_open
        for event in granted:
            has_face, has_pin = event.person_id in faces, event.person_id in typed
            assert {
                AuthMode.FACE: has_face,
                AuthMode.FACE_AND_PIN: has_face and has_pin,
                AuthMode.PIN: has_pin,
                AuthMode.FACE_OR_PIN: has_face or has_pin,
            }[mode]
            assert has_pin or not (twins and event.person_id in (ADA, EVE))
