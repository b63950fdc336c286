"""The judge of pictures: its account, its doubts and the turns it asks for."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from kiosk.domain import Box, Detection, Guidance, HeadPose, Liveness, LivenessPolicy
from kiosk.vision.challenge import Challenge, Progress, Side
from kiosk.vision.presentation import (
    PresentationJudge,
    PresentationState,
    PresentationVerdict,
    draw_side,
)

MS = 1_000_000
SIZE = (640, 480)
HERE, ELSEWHERE = (320.0, 240.0), (520.0, 240.0)
LIVE, UNSURE, ATTACK = PresentationState.LIVE, PresentationState.UNSURE, PresentationState.ATTACK
ANNA, BORIS, STRANGER = 1, 2, None
GOOD, FAIR, BAD = 0.97, 0.7, 0.05
LandmarksOf = Callable[..., NDArray[np.float32]]


class Lobby:
    """Shows a judge frames, every 100 ms."""

    def __init__(
        self,
        landmarks_of: LandmarksOf,
        policy: LivenessPolicy = LivenessPolicy.PASSIVE,
        sides: str = "LR",
        has_network: bool = True,
    ) -> None:
        self._landmarks_of = landmarks_of
        drawn = itertools.cycle(Side.LEFT if side == "L" else Side.RIGHT for side in sides)
        self.judge = PresentationJudge(
            policy, has_network=has_network, choose_side=lambda: next(drawn)
        )
        self.now_ms = 1_000_000
        self.log: list[PresentationVerdict] = []

    def see(
        self,
        live: float | None = GOOD,
        count: int = 1,
        yaw_deg: float = 0.0,
        at: tuple[float, float] = HERE,
        eye_px: float = 50.0,
        may_ask: bool = True,
        is_flat: bool = False,
        person: int | None = ANNA,
    ) -> PresentationVerdict:
        """Show a face ``count`` times; ``is_flat``: its landmarks stay those of a portrait."""
        pose = HeadPose(yaw_deg, 0.0, 0.0)
        landmarks = self._landmarks_of(HeadPose(0, 0, 0) if is_flat else pose, eye_px, at)
        box = Box(at[0] - eye_px, at[1] - eye_px, at[0] + eye_px, at[1] + 1.8 * eye_px)
        seen = None if live is None else Liveness(live, 1 - live, 0.0)
        for _ in range(count):
            self.now_ms += 100
            verdict = self.judge.update(
                self.now_ms * MS,
                Detection(box, landmarks, 0.9),
                pose,
                seen,
                SIZE,
                may_ask,
                person,
                is_matched=True,
            )
            self.log.append(verdict)
        return verdict

    def see_nobody(self, count: int = 1) -> PresentationVerdict:
        for _ in range(count):
            self.now_ms += 100
            self.log.append(self.judge.update(self.now_ms * MS, None, None, None, SIZE))
        return self.log[-1]

    def turn(
        self, sign: int, live: float = GOOD, is_flat: bool = False, person: int | None = ANNA
    ) -> PresentationVerdict:
        """Turn the head, or say so of a picture, there and back."""
        for yaw_deg in (12, 32, 36, 38, 38, 38, 31, 16, 5):
            self.see(live, yaw_deg=sign * yaw_deg, is_flat=is_flat, person=person)
        return self.log[-1]

    def answer(self, live: float = GOOD) -> PresentationVerdict:
        """Do what is asked until nothing more is."""
        for _ in range(12):
            asked = self.see(live).challenge
            if asked is not None and asked.progress is Progress.ASKED:
                self.turn(asked.side.sign, live)
        return self.log[-1]

    @property
    def states(self) -> set[PresentationState]:
        return {verdict.state for verdict in self.log}


@pytest.fixture
def lobby(landmarks_of: LandmarksOf) -> Lobby:
    return Lobby(landmarks_of)


@pytest.fixture
def asking(landmarks_of: LandmarksOf) -> Lobby:
    return Lobby(landmarks_of, LivenessPolicy.PASSIVE_CHALLENGE)


# --- the account of pictures ----------------------------------------------------------------------


def test_somebody_live_is_live_at_the_third_look(lobby: Lobby) -> None:
    assert lobby.see(count=2).state is UNSURE
    assert lobby.see() == PresentationVerdict(LIVE, "")


def test_a_picture_is_an_attack_after_a_moment(lobby: Lobby) -> None:
    assert lobby.see(BAD).state is UNSURE
    verdict = lobby.see(BAD, 5)
    assert (verdict.state, verdict.guidance) == (ATTACK, Guidance.PRESENTATION)
    assert LIVE not in lobby.states


@pytest.mark.parametrize("lucky", [1, 2, 3, 4])
def test_lucky_frames_of_a_picture_do_not_pass(lobby: Lobby, lucky: int) -> None:
    for _ in range(40):
        lobby.see(BAD)
        lobby.see(GOOD, lucky)
    assert LIVE not in lobby.states
    # Said steadily: nothing else in between.
    assert {verdict.state for verdict in lobby.log[20:]} == {ATTACK}


def test_a_false_alarm_delays_somebody_live_by_nine_frames(lobby: Lobby) -> None:
    lobby.see(BAD)
    assert lobby.see(GOOD, 8).state is UNSURE
    assert lobby.see(GOOD).state is LIVE
    assert ATTACK not in lobby.states
    assert lobby.judge.owed(lobby.now_ms * MS) == 9


def test_jerking_the_picture_away_does_not_clear_the_account(lobby: Lobby) -> None:
    lobby.see(BAD, 10)
    lobby.see(GOOD, 8, at=ELSEWHERE)
    assert LIVE not in lobby.states
    assert lobby.see(BAD).state is ATTACK


def test_another_person_does_not_clear_the_account_either(lobby: Lobby) -> None:
    lobby.see(BAD, 10)
    lobby.judge.next_person()
    assert lobby.see(GOOD).state is ATTACK


def test_the_account_is_closed_after_its_time(lobby: Lobby) -> None:
    lobby.see(BAD, 8)
    assert lobby.see(GOOD, 42).state is ATTACK
    assert lobby.see(GOOD, 8).state is LIVE


def test_the_next_visitor_is_not_held_up_by_somebody_elses_picture(lobby: Lobby) -> None:
    lobby.see(BAD, 10)
    lobby.see_nobody(12)
    assert lobby.see(GOOD, 3).state is LIVE


def test_a_short_absence_closes_nothing(lobby: Lobby) -> None:
    lobby.see(BAD, 10)
    lobby.see_nobody(8)
    assert lobby.see(GOOD).state is ATTACK


def test_a_frame_that_is_not_newer_changes_nothing(lobby: Lobby) -> None:
    lobby.see(BAD, 2)
    for _ in range(20):
        lobby.now_ms -= 100
        assert lobby.see(BAD).state is UNSURE


@given(
    st.lists(
        st.tuples(st.sampled_from([GOOD, GOOD, FAIR, BAD, None, "nobody"]), st.integers(1, 24)),
        max_size=20,
    )
)
@settings(deadline=None)
def test_every_live_verdict_is_backed_by_nine_frames_for_each_picture(
    landmarks_of: LandmarksOf, sights: list[tuple[float | str | None, int]]
) -> None:
    lobby = Lobby(landmarks_of)
    shown: list[tuple[int, float | str | None]] = []
    for sight in (sight for sight, count in sights for _ in range(count)):
        verdict = lobby.see_nobody() if sight == "nobody" else lobby.see(sight)  # type: ignore[arg-type]
        shown.append((lobby.now_ms, sight))
        if verdict.state is not LIVE:
            continue
        recent = [what for at_ms, what in shown if lobby.now_ms - at_ms <= 5000]
        # Only an absence closes the account earlier; frames before it do not count.
        for end in range(len(recent), 9, -1):
            if set(recent[end - 10 : end]) == {"nobody"}:
                recent = recent[end:]
                break
        assert recent.count(GOOD) + recent.count(FAIR) >= 9 * recent.count(BAD)


# --- what the network cannot say ------------------------------------------------------------------


def test_frames_the_network_was_not_asked_about_prove_nothing(lobby: Lobby) -> None:
    assert lobby.see(None, 20).state is UNSURE


def test_a_face_too_near_is_asked_to_step_back(lobby: Lobby) -> None:
    verdict = lobby.see(GOOD, 10, eye_px=90.0)
    assert (verdict.state, verdict.guidance) == (UNSURE, Guidance.STEP_BACK)
    assert lobby.see(GOOD, 3).state is LIVE


def test_a_picture_too_near_is_noticed_all_the_same(lobby: Lobby) -> None:
    assert lobby.see(BAD, 10, eye_px=90.0).state is ATTACK


def test_without_a_network_faces_are_believed(landmarks_of: LandmarksOf) -> None:
    assert Lobby(landmarks_of, has_network=False).see(None).state is LIVE


def test_off_believes_every_face(landmarks_of: LandmarksOf) -> None:
    lobby = Lobby(landmarks_of, LivenessPolicy.OFF)
    assert {lobby.see(BAD).state, lobby.see_nobody().state} == {LIVE}


def test_the_policy_can_change_at_any_time(lobby: Lobby) -> None:
    assert lobby.see(count=3).state is LIVE
    lobby.judge.set_policy(LivenessPolicy.PASSIVE_CHALLENGE)
    assert lobby.see().state is UNSURE
    lobby.judge.set_policy(LivenessPolicy.OFF)
    assert lobby.see().state is LIVE


# --- turns ----------------------------------------------------------------------------------------


def asked_in(lobby: Lobby) -> list[Challenge]:
    found: list[Challenge] = []
    for verdict in lobby.log:
        now = verdict.challenge
        if now is not None and (not found or now.deadline_ns != found[-1].deadline_ns):
            found.append(now)
    return [each for each in found if each.progress is Progress.ASKED]


def test_one_turn_is_enough_when_the_network_is_sure(asking: Lobby) -> None:
    verdict = asking.answer()
    assert verdict.state is LIVE
    (asked,) = asked_in(asking)
    assert (asked.side, asked.number, asked.of) == (Side.LEFT, 1, 1)
    assert asking.judge.turns_passed == 1


def test_two_turns_are_asked_when_it_is_not(asking: Lobby) -> None:
    assert asking.answer(FAIR).state is LIVE
    assert [(each.side, each.number) for each in asked_in(asking)] == [
        (Side.LEFT, 1),
        (Side.RIGHT, 2),
    ]


def test_the_side_asked_is_shown_and_then_the_camera(asking: Lobby) -> None:
    asking.see(count=6)
    assert asking.log[-1].guidance is Guidance.TURN_LEFT
    asking.turn(1)
    hints = [verdict.guidance for verdict in asking.log]
    assert Guidance.LOOK_AT_CAMERA in hints
    assert hints[-1] is None


def test_nothing_is_asked_before_it_may(asking: Lobby) -> None:
    asking.see(count=30, may_ask=False)
    assert asked_in(asking) == []
    assert LIVE not in asking.states
    asking.see(count=6)
    assert len(asked_in(asking)) == 1


def test_nothing_is_asked_of_who_looks_aside(asking: Lobby) -> None:
    asking.see(count=30, yaw_deg=25.0)
    assert asked_in(asking) == []


def test_a_turn_under_way_need_not_be_allowed_any_more(asking: Lobby) -> None:
    asking.see(count=6)
    for yaw_deg in (12, 32, 36, 38, 38, 38, 31, 16, 5):
        asking.see(yaw_deg=yaw_deg, may_ask=False)
    assert asking.see(may_ask=False).state is LIVE


def test_a_picture_held_still_never_passes(asking: Lobby) -> None:
    asking.see(count=130)
    assert LIVE not in asking.states
    assert asking.log[-1].state is ATTACK
    assert "no turn" in asking.log[-1].reason


@pytest.mark.parametrize("sign", [1, -1])
def test_a_picture_said_to_turn_but_flat_never_passes(asking: Lobby, sign: int) -> None:
    for _ in range(30):
        asking.turn(sign, is_flat=True)
        asking.see(count=4)
    assert LIVE not in asking.states
    assert ATTACK in asking.states


def test_who_turns_to_the_wrong_side_must_turn_twice(asking: Lobby) -> None:
    asking.see(count=6)
    asking.turn(-1)
    assert asking.answer().state is LIVE
    assert asking.judge.turns_passed == 2


def test_who_did_not_understand_must_turn_once_only(asking: Lobby) -> None:
    asking.see(count=36)
    assert asking.answer().state is LIVE
    assert asking.judge.turns_passed == 1
    assert [each.side for each in asked_in(asking)] == [Side.LEFT, Side.RIGHT]


def test_the_networks_word_counts_less_while_the_head_is_turned(asking: Lobby) -> None:
    asking.see(count=6)
    for yaw_deg, live in ((12, GOOD), (26, BAD), (36, BAD), (38, BAD), (38, BAD), (30, BAD)):
        asking.see(live, yaw_deg=yaw_deg)
    assert asking.see(yaw_deg=5).state is LIVE


def test_a_film_that_turns_is_still_a_picture_to_the_network(asking: Lobby) -> None:
    for _ in range(8):
        asking.see(BAD, 3)
        asking.turn(1, live=BAD)
        asking.turn(-1, live=BAD)
    assert LIVE not in asking.states


def test_who_has_turned_stays_live_until_somebody_else_stands_there(asking: Lobby) -> None:
    asking.answer()
    assert asking.see(count=30).state is LIVE
    assert asking.see(at=ELSEWHERE).state is UNSURE


@pytest.mark.parametrize("other", [BORIS, STRANGER])
def test_nobody_turns_for_a_picture(asking: Lobby, other: int | None) -> None:
    """The picture is lowered, its holder turns, and the picture is back."""
    for _ in range(12):
        asked = asking.see(person=ANNA).challenge
        if asked is not None and asked.progress is Progress.ASKED:
            asking.see(person=other, count=3)
            asking.turn(asked.side.sign, person=other)
            asking.see(person=ANNA, count=3)
    assert LIVE not in asking.states


def test_the_picture_cannot_be_raised_after_the_turn(asking: Lobby) -> None:
    asking.see(person=BORIS, count=6)
    asking.turn(1, person=BORIS)
    assert asking.see(person=BORIS).state is LIVE
    assert asking.see(person=ANNA).state is UNSURE


def test_who_is_not_recognised_for_a_moment_need_not_turn_again(asking: Lobby) -> None:
    asking.answer()
    asking.see(person=STRANGER, count=2)
    assert asking.see(person=ANNA).state is LIVE
    asking.see(person=STRANGER, count=3)
    assert asking.see(person=ANNA).state is UNSURE


def test_who_turns_is_not_always_recognised_from_the_side(asking: Lobby) -> None:
    asking.see(count=6)
    for yaw_deg in (12, 32, 36, 38, 38, 38, 31, 16, 5):
        asking.see(yaw_deg=yaw_deg, person=ANNA if yaw_deg < 20 else BORIS)
    assert asking.see().state is LIVE


def test_another_person_must_turn_again(asking: Lobby) -> None:
    asking.answer()
    asking.judge.next_person()
    assert asking.see().state is UNSURE


def test_after_an_absence_a_turn_is_asked_again(asking: Lobby) -> None:
    asking.answer()
    asking.see_nobody(12)
    assert asking.see().state is UNSURE


def test_every_side_is_drawn_anew() -> None:
    drawn = {draw_side() for _ in range(64)}
    assert drawn == {Side.LEFT, Side.RIGHT}


@given(
    st.lists(st.tuples(st.sampled_from([GOOD, FAIR, BAD, None]), st.floats(-14, 14)), max_size=60)
)
@settings(deadline=None)
def test_without_a_turn_nobody_passes_a_challenge(
    landmarks_of: LandmarksOf, frames: list[tuple[float | None, float]]
) -> None:
    lobby = Lobby(landmarks_of, LivenessPolicy.PASSIVE_CHALLENGE)
    for live, yaw_deg in frames:
        lobby.see(live, yaw_deg=yaw_deg)
    assert LIVE not in lobby.states


def test_another_head_cannot_turn_for_a_picture(asking: Lobby) -> None:
    asking.see(count=6)
    for yaw_deg in (24, 28, 36, 38, 38, 38, 28, 24):
        asking.see(yaw_deg=yaw_deg, person=None)
    assert asking.see().state is UNSURE


def test_live_frames_of_somebody_unknown_vouch_for_nobody(lobby: Lobby) -> None:
    lobby.see(count=10, person=None)
    assert lobby.see(person=ANNA).state is UNSURE
    assert lobby.see(count=3, person=ANNA).state is LIVE
