"""Visits, told frame by frame: who is let in, when, and what is said meanwhile."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.domain import (
    Box,
    Decision,
    Detection,
    FaceReport,
    Guidance,
    HeadPose,
    Liveness,
    LivenessPolicy,
    Match,
    Outcome,
    Phase,
)
from kiosk.recognition.decision import Clearance, VisitDecider, VisitRules
from kiosk.vision.presentation import PresentationJudge, PresentationState

MS = 1_000_000
ANNA, BORIS = 1, 2
HERE = Box(200, 100, 300, 220)
ELSEWHERE = Box(420, 100, 520, 220)
RULES = VisitRules()
STRANGER = "stranger"
NOBODY = None
Sight = int | str | Guidance | None
"""What a frame shows: an accepted person, a stranger, a face refused, or nobody."""


def report(sight: Sight, box: Box = HERE) -> FaceReport:
    if sight is NOBODY:
        return FaceReport((), None, None, None, Guidance.NO_FACE, None, None, None, Outcome.REFUSED)
    face = Detection(box, np.zeros((5, 2), np.float32), 0.9)
    match, refusal, outcome = None, None, Outcome.UNKNOWN
    if isinstance(sight, Guidance):
        refusal, outcome = sight, Outcome.REFUSED
    elif isinstance(sight, int):
        # Enough, but no more than that.
        match, outcome = Match(sight, 0.5, None, -1.0, 0.45), Outcome.ACCEPTED
    else:
        # A stranger resembles somebody, only not enough.
        match = Match(ANNA, 0.2, BORIS, 0.1)
    threshold = None if refusal else 0.45
    return FaceReport((face,), face, None, None, refusal, None, match, threshold, outcome)


class Door:
    """Feeds a decider and writes down what came of it."""

    def __init__(self, rules: VisitRules = RULES, start_ms: int = 1_000_000) -> None:
        self._decider = VisitDecider(rules)
        self._judge = PresentationJudge(LivenessPolicy.PASSIVE)
        self.now_ms = start_ms
        self.log: list[tuple[int, Decision]] = []

    def see(
        self, sight: Sight, for_ms: int = 0, every_ms: int = 50, box: Box = HERE
    ) -> list[Decision]:
        """Show the same sight for a while; at least one frame."""
        seen = []
        for _ in range(max(1, for_ms // every_ms)):
            self.now_ms += every_ms
            decision = self._update(sight, self.now_ms, box)
            self.log.append((self.now_ms, decision))
            seen.append(decision)
        return seen

    def again(self, sight: Sight, at_ms: int, box: Box = HERE) -> Decision:
        """Show a frame of another time, without moving the clock."""
        return self._update(sight, at_ms, box)

    def _update(self, sight: Sight, at_ms: int, box: Box) -> Decision:
        seen = report(sight, box)
        live = 0.1 if sight is Guidance.PRESENTATION else 0.95
        is_judged = not isinstance(sight, Guidance) or sight is Guidance.PRESENTATION
        verdict = self._judge.update(
            at_ms * MS,
            seen.subject,
            None if seen.subject is None else HeadPose(0, 0, 0),
            Liveness(live, 1 - live, 0.0) if seen.subject and is_judged else None,
            (640, 480),
            self._decider.may_grant(at_ms * MS),
            person_id=sight if isinstance(sight, int) else None,
            is_matched=not isinstance(sight, Guidance) and sight is not NOBODY,
        )
        clearance = Clearance(
            verdict.state is PresentationState.LIVE,
            verdict.state is PresentationState.ATTACK,
            self._judge.owed(at_ms * MS),
            guidance=verdict.guidance,
        )
        return self._decider.update(seen, at_ms * MS, clearance)

    @property
    def grants(self) -> list[int | None]:
        return [decision.person_id for _, decision in self.log if decision.granted_now]

    @property
    def rejections(self) -> int:
        return sum(decision.rejected_now for _, decision in self.log)

    @property
    def phases(self) -> list[Phase]:
        """The phases in order, repetitions left out."""
        found: list[Phase] = []
        for _, decision in self.log:
            if not found or found[-1] is not decision.phase:
                found.append(decision.phase)
        return found


# --- visits as they go --------------------------------------------------------------------------


def test_an_empty_scene_is_idle() -> None:
    door = Door()

    door.see(NOBODY, 500)

    assert door.phases == [Phase.IDLE]


def test_somebody_walks_up_is_guided_checked_and_welcomed_once() -> None:
    door = Door()

    door.see(NOBODY, 300)
    door.see(Guidance.STEP_CLOSER, 1000)
    door.see(ANNA, 2000)
    door.see(NOBODY, 8000)

    assert door.phases == [
        Phase.IDLE,
        Phase.CHECKING,
        Phase.GUIDANCE,
        Phase.CHECKING,
        Phase.WELCOME,
        Phase.IDLE,
    ]
    assert door.grants == [ANNA]
    assert door.rejections == 0


def test_the_grant_comes_with_its_numbers() -> None:
    door = Door()
    door.see(ANNA, 1000)

    decision = next(decision for _, decision in door.log if decision.granted_now)

    assert decision.phase is Phase.WELCOME
    assert decision.person_id == ANNA
    assert (decision.similarity, decision.threshold) == (0.5, 0.45)


@pytest.mark.parametrize("every_ms", [20, 33, 50, 100, 150, 250])
def test_three_frames_that_span_a_fifth_of_a_second_open(every_ms: int) -> None:
    door = Door()
    frames = max(3, -(-200 // every_ms) + 1)

    for _ in range(frames - 1):
        door.see(ANNA, every_ms=every_ms)
    assert door.grants == []
    door.see(ANNA, every_ms=every_ms)

    assert door.grants == [ANNA]


def test_frames_too_far_apart_never_open() -> None:
    door = Door()

    door.see(ANNA, for_ms=50_000, every_ms=990)  # at most three within the window

    assert len(door.grants) == 1  # 0, 990 and 1980 ms still lie within two seconds
    slow = Door(dataclasses.replace(RULES, vote_window_s=1.9))
    slow.see(ANNA, for_ms=50_000, every_ms=990)
    assert slow.grants == []


@pytest.mark.parametrize("votes", [2, 5, 10])
def test_as_many_votes_as_the_settings_ask_for(votes: int) -> None:
    door = Door(dataclasses.replace(RULES, votes=votes))

    door.see(ANNA, for_ms=(votes - 1) * 150, every_ms=150)
    if votes > 2:
        assert door.grants == []
    door.see(ANNA, for_ms=300, every_ms=150)

    assert door.grants == [ANNA]


def test_a_stranger_is_told_once_and_the_door_stays_shut() -> None:
    door = Door()

    door.see(STRANGER, 20_000)

    assert door.grants == []
    assert door.rejections == 1
    assert door.phases == [Phase.CHECKING, Phase.NOT_RECOGNISED, Phase.CHECKING]
    told = [at for at, decision in door.log if decision.phase is Phase.NOT_RECOGNISED]
    assert told[-1] - told[0] == pytest.approx(4000, abs=100)


def test_a_stranger_is_not_told_before_there_was_time_to_look() -> None:
    door = Door()

    door.see(STRANGER, 1150)
    assert door.rejections == 0
    few = Door()
    few.see(STRANGER, for_ms=5 * 400, every_ms=400)
    assert few.rejections == 0
    few.see(STRANGER, every_ms=400)
    assert few.rejections == 1


def test_a_stranger_who_leaves_and_returns_is_told_again() -> None:
    door = Door()

    door.see(STRANGER, 3000)
    door.see(NOBODY, 2000)
    door.see(STRANGER, 3000)

    assert door.rejections == 2


def test_somebody_not_recognised_at_first_may_still_come_in() -> None:
    door = Door()

    door.see(STRANGER, 2000)
    door.see(ANNA, 3000)

    assert (door.rejections, door.grants) == (1, [ANNA])
    assert door.phases[-1] is Phase.WELCOME


def test_a_face_never_good_enough_is_guided_and_never_rejected() -> None:
    door = Door()

    door.see(Guidance.MORE_LIGHT, 20_000)

    assert (door.grants, door.rejections) == ([], 0)
    assert door.log[-1][1].guidance is Guidance.MORE_LIGHT


def test_standing_on_after_the_welcome_opens_nothing() -> None:
    door = Door()

    door.see(ANNA, 30_000)

    assert door.grants == [ANNA]
    assert door.phases == [Phase.CHECKING, Phase.WELCOME, Phase.IDLE]
    welcome = [at for at, decision in door.log if decision.phase is Phase.WELCOME]
    assert welcome[-1] - welcome[0] == pytest.approx(5000, abs=100)


def test_the_welcome_stays_readable_after_the_person_has_gone_in() -> None:
    door = Door()
    door.see(ANNA, 500)

    gone = door.see(NOBODY, 4000)

    assert {decision.phase for decision in gone} == {Phase.WELCOME}


def test_who_comes_back_is_a_new_visit() -> None:
    door = Door()

    for _ in range(3):
        door.see(ANNA, 1000)
        door.see(NOBODY, 1500)

    assert door.grants == [ANNA, ANNA, ANNA]


@pytest.mark.parametrize("gap_ms", [50, 300, 900])
def test_a_face_lost_briefly_keeps_the_visit(gap_ms: int) -> None:
    door = Door()

    door.see(ANNA, 1000)
    door.see(NOBODY, gap_ms)
    door.see(ANNA, 2000)

    assert door.grants == [ANNA]


def test_votes_survive_a_blink_of_the_detector() -> None:
    door = Door()

    door.see(ANNA, 100)
    door.see(NOBODY, 100)
    door.see(ANNA)

    assert door.grants == [ANNA]


def test_a_camera_that_stood_still_begins_a_new_visit() -> None:
    door = Door()
    door.see(ANNA, 100)

    door.see(ANNA, every_ms=1800)

    assert door.grants == []


def test_who_steps_in_after_somebody_is_judged_anew() -> None:
    door = Door()

    door.see(ANNA, 1000)
    door.see(BORIS, 4000, box=ELSEWHERE)

    assert door.grants == [ANNA, BORIS]
    assert door.log[-1][1].person_id == BORIS


def test_who_follows_in_the_same_place_is_judged_anew() -> None:
    door = Door()

    door.see(ANNA, 1000)
    door.see(BORIS, 4000)

    assert door.grants == [ANNA, BORIS]


def test_a_stranger_on_somebodys_heels_is_told_and_sees_no_welcome() -> None:
    for box in (HERE, ELSEWHERE):
        door = Door()
        door.see(ANNA, 1000)

        after = door.see(STRANGER, 4000, box=box)

        assert door.grants == [ANNA]
        assert door.rejections == 1
        assert after[-1].phase is Phase.NOT_RECOGNISED
        assert after[-1].person_id is None


def test_who_looked_unlike_themselves_for_a_while_is_not_let_in_twice() -> None:
    door = Door()
    door.see(ANNA, 1000)
    door.see(STRANGER, 1200)
    after = door.see(ANNA, 6000)
    assert door.grants == [ANNA]
    assert after[-1].phase is Phase.IDLE


def test_a_visit_that_came_to_nothing_may_be_tried_again_at_once() -> None:
    door = Door()
    door.see(ANNA, 1000)
    door._decider.end_visit()
    door.see(ANNA, 1000)
    assert door.grants == [ANNA, ANNA]


def test_who_follows_and_must_be_guided_is_guided() -> None:
    door = Door()
    door.see(ANNA, 1000)
    after = door.see(Guidance.MORE_LIGHT, 8000)
    assert after[-1].phase is Phase.GUIDANCE
    assert after[-1].guidance is Guidance.MORE_LIGHT


def test_votes_for_one_do_not_count_for_who_takes_their_place() -> None:
    door = Door()

    door.see(ANNA, 100)
    door.see(STRANGER, 5000, box=ELSEWHERE)

    assert door.grants == []


def test_old_votes_do_not_open_for_a_stranger() -> None:
    """Three good frames, outvoted at first; the window then slides past what outvoted them."""
    door = Door()

    door.see(STRANGER, 300, every_ms=100)
    door.see(ANNA, 300, every_ms=100, box=HERE)
    assert door.grants == []
    door.see(Guidance.HOLD_STILL, 1550)
    door.see(STRANGER, 1000, every_ms=100)

    assert door.grants == []


def test_two_identities_in_one_window_open_for_neither() -> None:
    door = Door()

    for _ in range(40):
        door.see(ANNA)
        door.see(BORIS)

    assert door.grants == []


def test_recognised_in_less_than_half_of_the_frames_is_not_enough() -> None:
    door = Door()

    for _ in range(100):
        door.see(STRANGER, 100)
        door.see(ANNA)

    assert door.grants == []


@pytest.mark.parametrize("step_ms", [0, -1, -50, -2000, -900_000])
def test_a_frame_that_is_not_newer_never_votes(step_ms: int) -> None:
    door = Door()
    door.see(ANNA, every_ms=150)
    door.see(ANNA, every_ms=150)

    for _ in range(20):
        assert not door.again(ANNA, door.now_ms + step_ms).granted_now

    assert door.grants == []
    door.see(ANNA, every_ms=150)
    assert door.grants == [ANNA]


def test_a_repeated_frame_does_not_end_or_change_a_visit() -> None:
    door = Door()
    door.see(ANNA, 1000)

    assert door.again(NOBODY, door.now_ms).phase is Phase.WELCOME
    assert door.again(STRANGER, door.now_ms).phase is Phase.WELCOME


# --- hints ------------------------------------------------------------------------------------


def test_a_hint_is_shown_when_it_has_been_true_for_a_while() -> None:
    door = Door()

    early = door.see(Guidance.STEP_CLOSER, 400)
    late = door.see(Guidance.STEP_CLOSER, 400)

    assert {decision.phase for decision in early} == {Phase.CHECKING}
    assert {(decision.phase, decision.guidance) for decision in late} == {
        (Phase.GUIDANCE, Guidance.STEP_CLOSER)
    }


def test_hints_that_change_with_every_frame_do_not_flicker() -> None:
    door = Door()

    for _ in range(50):
        door.see(Guidance.STEP_CLOSER)
        door.see(Guidance.MORE_LIGHT)

    assert door.phases == [Phase.CHECKING]


def test_another_hint_has_to_prove_itself_too() -> None:
    door = Door()
    door.see(Guidance.STEP_CLOSER, 1000)

    early = door.see(Guidance.MORE_LIGHT, 350)
    late = door.see(Guidance.MORE_LIGHT, 200)

    assert all(decision.guidance is not Guidance.MORE_LIGHT for decision in early)
    assert late[-1].guidance is Guidance.MORE_LIGHT


def test_a_usable_frame_ends_the_hint() -> None:
    door = Door()
    door.see(Guidance.STEP_CLOSER, 1000)

    (decision,) = door.see(ANNA)

    assert (decision.phase, decision.guidance) == (Phase.CHECKING, None)


def test_no_hint_disturbs_a_welcome() -> None:
    door = Door()
    door.see(ANNA, 500)

    leaving = door.see(Guidance.STEP_BACK, 2000)

    assert {decision.phase for decision in leaving} == {Phase.WELCOME}


# --- whatever happens ---------------------------------------------------------------------------

_SIGHTS = st.one_of(
    st.sampled_from([ANNA, BORIS, STRANGER, NOBODY, Guidance.HOLD_STILL]),
    # Long runs matter: most visits are.
    st.just(ANNA),
)
_SCRIPTS = st.lists(
    st.tuples(_SIGHTS, st.integers(1, 12), st.sampled_from([-40, 0, 1, 20, 50, 120, 400, 1200])),
    max_size=30,
)
_RULES = st.builds(
    VisitRules,
    votes=st.integers(2, 6),
    vote_window_s=st.sampled_from([0.2, 0.5, 2.0, 10.0]),
    vote_span_s=st.sampled_from([0.0, 0.2]),
)


@settings(deadline=None)
@given(script=_SCRIPTS, rules=_RULES)
def test_no_sequence_of_frames_opens_without_good_reason(
    script: list[tuple[Sight, int, int]], rules: VisitRules
) -> None:
    decider = VisitDecider(rules)
    now_ms, newest_ms, seen_ms = 1_000_000, -1, -1
    accepted: list[tuple[int, int]] = []  # time and person of fresh, accepted frames
    usable: list[int] = []
    visit_began_ms = 0
    last_grant: tuple[int, int] | None = None
    others_since_grant = 0
    for sight, count, step_ms in script:
        for _ in range(count):
            now_ms += step_ms
            decision = decider.update(report(sight), now_ms * MS)
            fresh = now_ms > newest_ms
            if fresh:
                newest_ms = now_ms
                if sight is not NOBODY:
                    if now_ms - seen_ms > rules.absence_s * 1000:
                        visit_began_ms, last_grant = now_ms, None
                    seen_ms = now_ms
                if isinstance(sight, int):
                    accepted.append((now_ms, sight))
                if isinstance(sight, int) or sight == STRANGER:
                    usable.append(now_ms)
                    others_since_grant += last_grant is not None and sight != last_grant[1]
            assert not (decision.granted_now and decision.rejected_now)
            if not decision.granted_now:
                continue

            assert fresh, "a stale frame opened"
            assert isinstance(sight, int), "a frame that recognised nobody opened"
            assert decision.person_id == sight
            assert decision.phase is Phase.WELCOME
            since_ms = max(now_ms - rules.vote_window_s * 1000, visit_began_ms)
            recent = [vote for vote in accepted if vote[0] >= since_ms]
            own = [at for at, person in recent if person == sight]
            assert len(own) >= rules.votes
            assert own[-1] - own[0] >= rules.vote_span_s * 1000
            left = None if last_grant is None else last_grant[1]
            assert {person for _, person in recent} <= {sight, left}
            if left == sight:
                # Only after somebody else stood there long enough to end the visit.
                assert others_since_grant >= rules.unknown_votes
            last_grant, others_since_grant = (now_ms, sight), 0


@settings(deadline=None)
@given(script=_SCRIPTS)
def test_a_rejection_needs_usable_frames_and_is_said_once_a_visit(
    script: list[tuple[Sight, int, int]],
) -> None:
    decider = VisitDecider(RULES)
    now_ms, newest_ms, seen_ms = 1_000_000, -1, -1
    usable, rejected = 0, False
    for sight, count, step_ms in script:
        for _ in range(count):
            now_ms += step_ms
            decision = decider.update(report(sight), now_ms * MS)
            if now_ms > newest_ms:
                newest_ms = now_ms
                if sight is not NOBODY:
                    if now_ms - seen_ms > RULES.absence_s * 1000:
                        usable, rejected = 0, False
                    seen_ms = now_ms
                usable += isinstance(sight, int) or sight == STRANGER
            if decision.granted_now:
                rejected = False
            if decision.rejected_now:
                assert usable >= RULES.unknown_votes
                assert not rejected
                assert decision.phase is Phase.NOT_RECOGNISED
                rejected = True


@settings(deadline=None)
@given(script=_SCRIPTS)
def test_a_welcome_always_names_who_was_let_in(script: list[tuple[Sight, int, int]]) -> None:
    decider = VisitDecider(RULES)
    now_ms, welcomed = 1_000_000, None
    for sight, count, step_ms in script:
        for _ in range(count):
            now_ms += step_ms
            decision = decider.update(report(sight), now_ms * MS)
            if decision.granted_now:
                welcomed = decision.person_id
            if decision.phase is Phase.WELCOME:
                assert decision.person_id == welcomed is not None
            if decision.phase is Phase.GUIDANCE:
                assert decision.guidance is not None
            else:
                assert decision.guidance is None


# --- pictures of faces ----------------------------------------------------------------------------

PICTURE = Guidance.PRESENTATION


def attacks(door: Door) -> int:
    return sum(decision.attacked_now for _, decision in door.log)


def test_a_picture_is_said_to_be_one_and_told_once() -> None:
    door = Door()
    door.see(PICTURE, for_ms=3000)
    assert (door.grants, attacks(door), door.rejections) == ([], 1, 0)
    assert door.phases[-1] is Phase.GUIDANCE
    assert door.log[-1][1].guidance is PICTURE


@pytest.mark.parametrize("lucky", [1, 2, 3, 4])
def test_lucky_frames_of_a_picture_do_not_open(lucky: int) -> None:
    door = Door()
    for _ in range(40):
        door.see(PICTURE)
        door.see(ANNA, for_ms=50 * lucky)
    assert door.grants == []
    assert attacks(door) == 1
    # Said steadily: neither "checking" nor "not recognised" in between.
    assert {d.guidance for at_ms, d in door.log if at_ms > 1_002_000} == {PICTURE}


def test_a_false_alarm_delays_somebody_real_but_does_not_keep_them_out() -> None:
    door = Door()
    door.see(PICTURE)
    began_ms = door.now_ms
    door.see(ANNA, for_ms=2000)
    (granted_ms,) = [at_ms for at_ms, decision in door.log if decision.granted_now]
    assert granted_ms - began_ms == 9 * 50
    assert (door.grants, attacks(door)) == ([ANNA], 0)


def test_now_and_then_a_false_alarm_is_no_attack() -> None:
    door = Door()
    for _ in range(10):
        door.see(STRANGER, for_ms=1000)
        door.see(PICTURE)
    assert attacks(door) == 0
    assert door.rejections >= 1


def test_jerking_the_picture_away_does_not_clear_the_account() -> None:
    door = Door()
    door.see(PICTURE, for_ms=1000)
    door.see(ANNA, for_ms=400, box=ELSEWHERE)
    assert door.grants == []
    door.see(PICTURE, for_ms=500)
    assert attacks(door) == 1


def test_a_real_face_after_the_picture_is_let_in_when_the_account_is_closed() -> None:
    door = Door()
    door.see(PICTURE, for_ms=1000)
    door.see(ANNA, for_ms=4500)
    assert door.grants == []
    door.see(ANNA, for_ms=1500)
    assert door.grants == [ANNA]


def test_the_next_visitor_is_not_held_up_by_somebody_elses_picture() -> None:
    door = Door()
    door.see(PICTURE, for_ms=1000)
    door.see(NOBODY, for_ms=1300)
    assert door.log[-1][1].phase is Phase.IDLE
    began_ms = door.now_ms
    door.see(ANNA, for_ms=1000)
    assert door.grants == [ANNA]
    assert next(at for at, d in door.log if d.granted_now) - began_ms < 400
    door.see(NOBODY, for_ms=7000)
    door.see(PICTURE, for_ms=1000)
    assert attacks(door) == 2


def test_who_was_let_in_is_no_attacker_while_the_door_is_open() -> None:
    door = Door()
    door.see(ANNA, for_ms=500)
    door.see(PICTURE, for_ms=2000)
    assert attacks(door) == 0
    assert door.log[-1][1].phase is Phase.WELCOME


@given(
    st.lists(
        st.tuples(
            st.sampled_from([ANNA, ANNA, PICTURE, NOBODY, STRANGER, Guidance.HOLD_STILL]),
            st.integers(1, 24),
        ),
        max_size=20,
    )
)
def test_every_grant_is_backed_by_nine_frames_for_each_picture(
    sights: list[tuple[Sight, int]],
) -> None:
    door = Door()
    shown: list[tuple[int, Sight]] = []
    for sight in (sight for sight, count in sights for _ in range(count)):
        (decision,) = door.see(sight)
        shown.append((door.now_ms, sight))
        if not decision.granted_now:
            continue
        recent = [what for at_ms, what in shown if door.now_ms - at_ms <= 5000]
        # Only an absence closes the account earlier; frames before it do not count.
        for end in range(len(recent), 20, -1):
            if set(recent[end - 21 : end]) == {NOBODY}:
                recent = recent[end:]
                break
        assert recent.count(ANNA) >= 9 * recent.count(PICTURE)


# --- the sooner the surer -----------------------------------------------------------------------


def sure(person: int, similarity: float) -> FaceReport:
    seen = report(person)
    return dataclasses.replace(seen, match=Match(person, similarity, None, -1.0, 0.45))


@pytest.mark.parametrize(("similarity", "frames"), [(0.7, 2), (0.5, 5)])
def test_two_frames_without_doubt_open_sooner(similarity: float, frames: int) -> None:
    decider = VisitDecider(RULES)
    decisions = [decider.update(sure(ANNA, similarity), k * 60 * MS) for k in range(1, 8)]
    assert [d.granted_now for d in decisions].index(True) == frames - 1


def test_a_single_frame_never_opens_however_sure() -> None:
    decider = VisitDecider(dataclasses.replace(RULES, vote_span_s=0.0, sure_span_s=0.0, votes=2))
    assert not decider.update(sure(ANNA, 0.99), MS).granted_now


def unlike(advice: Guidance | None) -> FaceReport:
    return dataclasses.replace(report(STRANGER), advice=advice)


def test_who_stands_in_the_dark_is_told_so_before_being_turned_away() -> None:
    decider = VisitDecider(RULES)
    phases, rejected_at = [], None
    for k in range(1, 120):
        decision = decider.update(unlike(Guidance.MORE_LIGHT), k * 50 * MS)
        phases.append((decision.phase, decision.guidance))
        if decision.rejected_now:
            rejected_at = k * 0.05
    assert (Phase.GUIDANCE, Guidance.MORE_LIGHT) in phases
    assert rejected_at == pytest.approx(RULES.unknown_after_s + RULES.advice_s, abs=0.15)
    assert phases[-1][0] is Phase.NOT_RECOGNISED


def test_in_good_light_nobody_is_put_off() -> None:
    decider = VisitDecider(RULES)
    decisions = [decider.update(unlike(None), k * 50 * MS) for k in range(1, 40)]
    assert sum(d.rejected_now for d in decisions) == 1
    assert all(d.guidance is None for d in decisions)


def test_nobody_is_let_in_before_the_judge_of_pictures_says_so() -> None:
    decider = VisitDecider(RULES)
    waiting = Clearance(is_live=False, guidance=Guidance.TURN_LEFT)
    decisions = [decider.update(sure(ANNA, 0.7), k * 50 * MS, waiting) for k in range(1, 60)]
    assert not any(d.granted_now or d.rejected_now for d in decisions)
    assert decisions[-1].guidance is Guidance.TURN_LEFT
    assert decider.may_grant(60 * 50 * MS)
    assert decider.update(sure(ANNA, 0.7), 61 * 50 * MS, Clearance()).granted_now
