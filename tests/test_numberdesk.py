"""A number and a PIN typed without a face: what answers them, what voids them."""

from __future__ import annotations

import logging
from concurrent.futures import Future

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.access.doorpin import DoorPinVerdict
from kiosk.domain import DenialReason
from kiosk.errors import StoreError
from kiosk.listener import NumberPrompt
from kiosk.numberdesk import NumberDesk, NumberRules, NumberStep

ADA = 3


class Keypad:
    """A desk, and a thread that compares when the test says so."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.futures: list[Future[DoorPinVerdict]] = []
        self.desk = NumberDesk(self._check, NumberRules(check_s=10, retry_s=15, face_s=15))
        self.now_s = 100.0

    def _check(self, number: str, pin: str) -> Future[DoorPinVerdict]:
        self.asked.append((number, pin))
        self.futures.append(Future())
        return self.futures[-1]

    def answer(self, person: int | None, wait_s: float = 0.0, left: int = 0) -> None:
        self.futures[-1].set_result(DoorPinVerdict(person, wait_s, left))

    def see(self, seconds: float = 0.1) -> NumberStep | None:
        self.now_s += seconds
        return self.desk.follow(round(self.now_s * 1e9))


@pytest.fixture
def keypad() -> Keypad:
    return Keypad()


def test_what_was_typed_is_compared_once_and_passes_once(keypad: Keypad) -> None:
    assert keypad.see() is None
    keypad.desk.enter(" 17 ", "7294")
    keypad.desk.enter("18", "581063")
    assert keypad.asked == [("17", "7294")]
    assert keypad.see() == NumberStep(NumberPrompt(is_checking=True))
    keypad.answer(ADA)
    assert keypad.see() == NumberStep(passed=ADA)
    assert keypad.see() is None


def test_wrong_ones_are_counted_until_nobody_types_any_more(keypad: Keypad) -> None:
    for answers in (1, 2):
        keypad.desk.enter("17", "9034")
        keypad.answer(None, left=5 - answers)
        assert keypad.see() == NumberStep(NumberPrompt(answers=answers, attempts_left=5 - answers))
    assert keypad.see(14.9) is not None
    assert keypad.see(0.2) == NumberStep()
    assert keypad.see() is None
    keypad.desk.enter("17", "9034")
    keypad.answer(None, wait_s=30)
    assert keypad.see() == NumberStep(denial=DenialReason.PIN_LOCKED, wait_s=30)


def test_a_right_answer_that_comes_too_late_is_void(keypad: Keypad) -> None:
    keypad.desk.enter("17", "7294")
    keypad.see()
    assert keypad.see(10.1) == NumberStep(denial=DenialReason.PIN_UNCHECKED)
    keypad.answer(ADA)
    assert keypad.see() is None
    keypad.desk.enter("17", "7294")
    keypad.desk.cancel()
    keypad.answer(ADA)
    assert keypad.see() is None


def test_a_face_is_waited_for_and_missed(keypad: Keypad) -> None:
    keypad.desk.wait_for_face(ADA, round(keypad.now_s * 1e9))
    assert keypad.desk.awaited == ADA
    assert keypad.see() == NumberStep(NumberPrompt(is_right=True))
    assert keypad.see(15) == NumberStep(denial=DenialReason.FACE_NEEDED, missed=ADA)
    assert keypad.desk.awaited is None
    keypad.desk.wait_for_face(ADA, round(keypad.now_s * 1e9))
    # Whoever types next takes the place of who did not show their face.
    keypad.desk.enter("18", "581063")
    assert keypad.desk.awaited is None


@pytest.mark.parametrize("error", [StoreError("The disk is gone."), ValueError("a bug")])
def test_what_cannot_be_compared_is_told(
    keypad: Keypad, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    keypad.desk.enter("17", "7294")
    with caplog.at_level(logging.INFO):
        keypad.futures[-1].set_exception(error)
    assert keypad.see() == NumberStep(denial=DenialReason.PIN_UNCHECKED)
    assert str(error) in caplog.text and "7294" not in caplog.text


ACTS = st.sampled_from(["enter", "right", "wrong", "locked", "fail", "cancel", "face", "see"])


@given(st.lists(st.tuples(ACTS, st.floats(0, 20)), max_size=60))
def test_nobody_passes_but_by_the_right_answer_to_what_was_typed_last(
    script: list[tuple[str, float]],
) -> None:
    keypad, right = Keypad(), set[int]()
    current: int | None = None
    for act, seconds in script:
        waits = bool(keypad.futures) and not keypad.futures[-1].done()
        if act == "enter":
            keypad.desk.enter("17", "7294")
            current = len(keypad.futures) - 1
        elif act == "cancel":
            keypad.desk.cancel()
            current = None
        elif act == "face":
            keypad.desk.wait_for_face(ADA, round(keypad.now_s * 1e9))
            current = None
        elif act == "fail" and waits:
            keypad.futures[-1].set_exception(StoreError("gone"))
        elif act in ("right", "wrong", "locked") and waits:
            keypad.answer(ADA if act == "right" else None, 30 if act == "locked" else 0)
            if act == "right":
                right.add(len(keypad.futures) - 1)
        elif act == "see":
            step = keypad.see(seconds)
            if step is not None and step.passed is not None:
                assert step.passed == ADA and current in right
                current = None
            assert step is None or step.prompt is None or step.passed is None


def test_a_right_one_waits_while_somebody_else_is_let_in(keypad: Keypad) -> None:
    keypad.desk.enter("17", "7294")
    keypad.answer(ADA)
    for _ in range(2):
        at_ns = round(keypad.now_s * 1e9)
        assert keypad.desk.follow(at_ns, let_in=7) == NumberStep(NumberPrompt(is_checking=True))
    assert keypad.see() == NumberStep(passed=ADA)
    keypad.desk.enter("17", "7294")
    keypad.answer(ADA)
    assert keypad.desk.follow(round(keypad.now_s * 1e9), let_in=ADA) == NumberStep(passed=ADA)
