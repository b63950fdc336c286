"""A question for a PIN: what answers it, what ends it, and that nothing else does."""

from __future__ import annotations

import logging
from concurrent.futures import Future

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.access.doorpin import DoorPinVerdict
from kiosk.domain import (
    Box,
    Decision,
    DenialReason,
    Detection,
    FaceReport,
    Guidance,
    Match,
    Outcome,
    Phase,
)
from kiosk.errors import PinError, StoreError
from kiosk.pindesk import PinDesk, PinRules, PinStep

TWIN, ADA, EVE, BOB = 3, 3, 7, 9
TWINS = frozenset({ADA, EVE})
FRAME_S = 0.1


class Checker:
    """Keeps what is to be checked until the test answers it."""

    def __init__(self) -> None:
        self.asked: list[tuple[frozenset[int], str, Future[DoorPinVerdict]]] = []

    def __call__(self, candidates: frozenset[int], pin: str) -> Future[DoorPinVerdict]:
        future: Future[DoorPinVerdict] = Future()
        self.asked.append((candidates, pin, future))
        return future

    def answer(self, person: int | None, wait_s: float = 0.0, left: int = 4) -> None:
        self.asked[-1][2].set_result(DoorPinVerdict(person, wait_s, left))


def face(person: int | None, refusal: Guidance | None = None) -> FaceReport:
    """Return the report of a frame that recognises somebody, nobody, or is refused."""
    seen = Detection(Box(0, 0, 90, 90), np.zeros((5, 2), np.float32), 0.9)
    match = None if person is None else Match(person, 0.8, None, -1.0)
    outcome = Outcome.UNKNOWN if person is None else Outcome.ACCEPTED
    if refusal is not None:
        match, outcome = None, Outcome.REFUSED
    return FaceReport((seen,), seen, None, None, refusal, None, match, 0.5, outcome)


EMPTY = FaceReport((), None, None, None, Guidance.NO_FACE, None, None, None, Outcome.REFUSED)
SAME = Decision(Phase.WELCOME, person_id=TWIN)


class Door:
    """A desk with a question under way, and frames every tenth of a second."""

    def __init__(self, rules: PinRules | None = None) -> None:
        self.checker = Checker()
        self.desk = PinDesk(self.checker, rules)
        self.now_s = 100.0
        self.ask()

    def ask(self) -> None:
        self.desk.ask(TWIN, TWINS, round(self.now_s * 1e9))

    def see(
        self, report: FaceReport | None = None, decision: Decision = SAME, seconds: float = FRAME_S
    ) -> PinStep | None:
        """Show frames for some time and return what the last of them led to, or the end."""
        step = None
        for _ in range(round(seconds / FRAME_S)):
            self.now_s += FRAME_S
            step = self.desk.follow(decision, report or face(TWIN), round(self.now_s * 1e9))
            if step is None or step.prompt is None:
                break
        return step


@pytest.fixture
def door() -> Door:
    return Door()


def test_without_a_question_there_is_nothing_to_follow_or_enter() -> None:
    checker = Checker()
    desk = PinDesk(checker)
    desk.enter("7294")
    assert desk.follow(SAME, face(TWIN), 1) is None
    assert not checker.asked
    assert not desk.is_asking


def test_a_right_pin_passes_once_as_whom_it_belongs_to(door: Door) -> None:
    step = door.see()
    assert step is not None and step.prompt is not None
    assert (step.prompt.is_checking, step.prompt.is_right, step.prompt.answers) == (False, False, 0)
    door.desk.enter("7294")
    assert door.checker.asked[0][:2] == (TWINS, "7294")
    step = door.see()
    assert step is not None and step.prompt is not None and step.prompt.is_checking
    door.checker.answer(EVE)
    assert door.see() == PinStep(passed=EVE)
    assert door.see() is None
    assert not door.desk.is_asking


def test_a_right_pin_waits_for_a_frame_that_recognises_them(door: Door) -> None:
    door.desk.enter("7294")
    door.checker.answer(ADA)
    for report in (face(None), face(TWIN, Guidance.LOOK_AT_CAMERA), EMPTY):
        step = door.see(report)
        assert step is not None and step.prompt is not None and step.prompt.is_right
    # A second PIN, right or wrong, changes nothing now.
    door.desk.enter("9034")
    assert len(door.checker.asked) == 1
    assert door.see() == PinStep(passed=ADA)


def test_a_right_pin_without_a_face_in_time_is_void() -> None:
    door = Door(PinRules(check_s=0.5))
    door.desk.enter("7294")
    door.checker.answer(ADA)
    assert door.see(face(None), seconds=2) == PinStep(
        denial=DenialReason.PIN_MISSED, candidates=TWINS
    )
    assert door.see() is None


def test_a_wrong_pin_may_be_tried_again_and_time_starts_anew(door: Door) -> None:
    for answers in (1, 2, 3):
        door.see(seconds=10)
        door.desk.enter("9034")
        door.checker.answer(None, left=5 - answers)
        step = door.see()
        assert step is not None and step.prompt is not None
        assert (step.prompt.answers, step.prompt.attempts_left) == (answers, 5 - answers)
        assert not step.prompt.is_checking


def test_while_one_pin_is_checked_no_other_is_taken(door: Door) -> None:
    door.desk.enter("9034")
    door.desk.enter("7294")
    assert [pin for _, pin, _ in door.checker.asked] == ["9034"]


def test_a_lockout_ends_the_question(door: Door) -> None:
    door.desk.enter("9034")
    door.checker.answer(None, wait_s=30, left=0)
    assert door.see() == PinStep(denial=DenialReason.PIN_LOCKED, wait_s=30, candidates=TWINS)
    assert door.see() is None


def test_nobody_is_waited_for_for_ever(door: Door) -> None:
    step = door.see(seconds=15)
    assert step is not None and step.prompt is not None
    assert door.see() == PinStep(denial=DenialReason.PIN_MISSED, candidates=TWINS)


def test_a_pin_entered_in_the_last_moment_is_still_looked_at(door: Door) -> None:
    door.see(seconds=14.9)
    door.desk.enter("7294")
    step = door.see(seconds=3)
    assert step is not None and step.prompt is not None and step.prompt.is_checking
    door.checker.answer(ADA)
    assert door.see() == PinStep(passed=ADA)


def test_a_check_that_hangs_does_not_keep_the_keypad_for_ever(door: Door) -> None:
    door.desk.enter("7294")
    assert door.see(seconds=20) == PinStep(denial=DenialReason.PIN_MISSED, candidates=TWINS)
    door.checker.answer(ADA)
    assert door.see() is None


@pytest.mark.parametrize(
    ("report", "decision"),
    [
        (face(BOB), SAME),
        (face(TWIN), Decision(Phase.CHECKING)),
        (face(BOB), Decision(Phase.WELCOME, person_id=BOB)),
        (face(TWIN), Decision(Phase.IDLE, person_id=BOB)),
    ],
)
def test_anything_that_says_somebody_else_voids_even_a_right_pin(
    door: Door, report: FaceReport, decision: Decision
) -> None:
    door.desk.enter("7294")
    door.checker.answer(ADA)
    assert door.see(report, decision) == PinStep(has_left=True)
    assert door.see() is None


def test_a_face_that_is_gone_for_a_second_voids_the_question(door: Door) -> None:
    step = door.see(EMPTY, seconds=0.9)
    assert step is not None and step.prompt is not None
    step = door.see()
    assert step is not None and step.prompt is not None
    assert door.see(EMPTY, seconds=1.5) == PinStep(has_left=True)


def test_a_picture_held_up_voids_the_question_and_begins_no_new_visit(door: Door) -> None:
    door.desk.enter("7294")
    door.checker.answer(ADA)
    assert door.see(face(None, Guidance.PRESENTATION), seconds=1) == PinStep()
    assert door.see() is None
    door.ask()
    assert door.see(decision=Decision(Phase.GUIDANCE, attacked_now=True, person_id=3)) == PinStep()


def test_a_stray_alarm_of_the_liveness_network_voids_nothing(door: Door) -> None:
    for _ in range(4):
        door.see(seconds=0.5)
        step = door.see(face(None, Guidance.PRESENTATION))
        assert step is not None and step.prompt is not None
    door.desk.enter("7294")
    door.checker.answer(ADA)
    # But it is not a frame that recognises anybody.
    step = door.see(face(None, Guidance.PRESENTATION))
    assert step is not None and step.prompt is not None and step.prompt.is_right
    assert door.see() == PinStep(passed=ADA)


def test_on_a_frame_that_may_show_a_picture_nobody_passes(door: Door) -> None:
    door.desk.enter("7294")
    door.checker.answer(ADA)
    step = door.see(decision=Decision(Phase.GUIDANCE, person_id=TWIN, is_suspect=True), seconds=2)
    assert step is not None and step.prompt is not None and step.prompt.is_right
    assert door.see() == PinStep(passed=ADA)


def test_leaving_after_a_picture_does_not_wipe_the_slate(door: Door) -> None:
    door.see(face(None, Guidance.PRESENTATION))
    assert door.see(face(BOB)) == PinStep()


def test_an_answer_to_an_earlier_question_is_void(door: Door) -> None:
    door.desk.enter("7294")
    door.desk.cancel()
    door.ask()
    door.checker.answer(ADA)
    step = door.see()
    assert step is not None and step.prompt is not None
    assert (step.prompt.answers, step.prompt.is_right, step.prompt.is_checking) == (0, False, False)


@pytest.mark.parametrize(
    ("error", "denial"),
    [
        (PinError("None has a PIN."), DenialReason.NO_PIN),
        (StoreError("The database is busy."), DenialReason.PIN_UNCHECKED),
        (ValueError("a bug"), DenialReason.PIN_UNCHECKED),
    ],
)
def test_a_check_that_fails_ends_the_question(
    door: Door,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    denial: DenialReason,
) -> None:
    door.desk.enter("7294")
    with caplog.at_level(logging.INFO):
        door.checker.asked[-1][2].set_exception(error)
    assert door.see() == PinStep(denial=denial, candidates=TWINS)
    assert str(error) in caplog.text
    assert "7294" not in caplog.text


def test_a_question_of_the_schedule_says_so_and_names_the_missing_pin(door: Door) -> None:
    door.desk.ask(ADA, frozenset({ADA}), round(door.now_s * 1e9), is_scheduled=True)
    step = door.see()
    assert step is not None and step.prompt is not None and step.prompt.is_scheduled
    door.desk.enter("7294")
    door.checker.asked[-1][2].set_exception(PinError("Damaged."))
    assert door.see() == PinStep(denial=DenialReason.PIN_NEEDED, candidates=frozenset({ADA}))


frames = st.sampled_from(
    [
        face(TWIN),
        face(BOB),
        face(None),
        face(TWIN, Guidance.LOOK_AT_CAMERA),
        face(None, Guidance.PRESENTATION),
        EMPTY,
    ]
)
acts = st.one_of(frames, st.sampled_from(["enter", "right", "wrong", "locked", "fail", "cancel"]))


@given(st.lists(acts, max_size=60))
def test_only_a_right_pin_and_a_frame_of_them_pass(script: list[FaceReport | str]) -> None:
    door = Door()
    answered = False
    for act in script:
        asked = door.checker.asked
        is_open = bool(asked) and not asked[-1][2].done()
        if act == "enter":
            door.desk.enter("7294")
        elif act == "cancel":
            door.desk.cancel()
            answered = False
        elif act == "fail" and is_open:
            asked[-1][2].set_exception(StoreError("gone"))
        elif isinstance(act, str) and is_open:
            door.checker.answer(EVE if act == "right" else None, 30 if act == "locked" else 0)
            answered |= act == "right"
        elif not isinstance(act, str):
            step = door.see(act)
            if step is not None and step.passed is not None:
                assert answered and act.match is not None and act.match.person_id == TWIN
                assert step.passed == EVE
            if step is None or step.prompt is None:
                answered = False
