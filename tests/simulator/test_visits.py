"""Scripted visits: every one is a pure, smooth function of time."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from kiosk.errors import ConfigError
from kiosk.simulator.scene import Actor, Attack, Scene
from kiosk.simulator.visits import FIRST_PERSON, VISITS, CameraFault, Cast, Visit, visit
from kiosk.simulator.visits_motion import Stance, blink, glance_deg, stance_at

SIZES = ((640, 480), (1280, 720), (480, 640))
STEP_S = 0.05


def scenes(played: Visit, size: tuple[int, int] = (640, 480)) -> list[Scene]:
    return [played.scene_at(t, *size) for t in np.arange(0, played.seconds, STEP_S)]


def one_actor(scene: Scene, person: int) -> Actor | None:
    return next((actor for actor in scene.actors if actor.person == person), None)


@pytest.mark.parametrize("name", VISITS)
class TestEveryVisit:
    def test_has_its_own_name_and_says_what_is_seen(self, name: str) -> None:
        played = visit(name)
        assert played.name == name
        assert played.title.endswith(".")
        assert 2 < played.seconds < 12

    def test_is_a_pure_function_of_time(self, name: str) -> None:
        first, again = visit(name, Cast(seed=4)), visit(name, Cast(seed=4))
        forwards = scenes(first)
        assert forwards == scenes(again)
        assert forwards[20] == first.scene_at(20 * STEP_S, 640, 480)

    def test_another_seed_moves_otherwise(self, name: str) -> None:
        played, other = visit(name, Cast(seed=1)), visit(name, Cast(seed=2))
        assert played.scene_at(2.5, 640, 480) != other.scene_at(2.5, 640, 480)

    @pytest.mark.parametrize("size", SIZES)
    def test_nobody_jumps_and_nobody_is_there_at_the_ends(
        self, name: str, size: tuple[int, int]
    ) -> None:
        played = visit(name)
        shown = scenes(played, size)
        for before, after in itertools.pairwise(shown):
            for actor in after.actors:
                last = one_actor(before, actor.person)
                if last is None:
                    continue
                moved = math.hypot(actor.x_px - last.x_px, actor.y_px - last.y_px)
                assert moved < 0.14 * max(size), (played.name, moved)
                assert abs(actor.yaw_deg - last.yaw_deg) < 12
                assert 0.85 < actor.eye_px / last.eye_px < 1.18
        if played.fault is CameraFault.NONE:
            for scene in (shown[0], played.scene_at(played.seconds, *size)):
                assert not any(
                    0.1 < actor.x_px / size[0] < 0.9 and actor.y_px < size[1]
                    for actor in scene.actors
                )

    def test_plays_the_cast_it_is_given(self, name: str) -> None:
        played = visit(name, Cast(person=1_000_123, other=1_000_456, room=5))
        people = {actor.person for scene in scenes(played) for actor in scene.actors}
        assert people <= {1_000_123, 1_000_456}
        assert all(scene.background == 5 for scene in scenes(played)[:3])


def test_people_are_none_that_networks_were_trained_on() -> None:
    for name in VISITS:
        for scene in scenes(visit(name)):
            assert all(actor.person >= FIRST_PERSON for actor in scene.actors)


def test_an_unknown_visit_lists_all_names() -> None:
    with pytest.raises(ConfigError) as caught:
        visit("nap")
    assert "'nap'" in str(caught.value)
    assert all(name in str(caught.value) for name in VISITS)


def test_who_approaches_grows_stands_and_leaves() -> None:
    played = visit("approach")
    sizes = [played.scene_at(t, 640, 480).actors[0].eye_px for t in (0.6, 1.0, 1.4, 2.0, 3.5)]
    assert sizes[:4] == sorted(sizes[:4])
    assert sizes[0] < 40 < 50 < sizes[3]
    assert sizes[4] == pytest.approx(sizes[3], rel=0.05)


def test_two_stand_side_by_side_and_equally_near() -> None:
    left, right = sorted(visit("two-at-once").scene_at(3.0, 640, 480).actors, key=lambda a: a.x_px)
    assert left.person != right.person
    assert right.x_px - left.x_px > 3 * left.eye_px
    assert left.eye_px / right.eye_px == pytest.approx(1, abs=0.1)


def test_a_follower_takes_the_place_of_the_first() -> None:
    played = visit("tailgating")
    near = [max(played.scene_at(t, 640, 480).actors, key=lambda a: a.eye_px) for t in (3, 6.5)]
    assert [actor.person for actor in near] == [Cast().person, Cast().other]


def test_the_light_comes_on_in_the_dark() -> None:
    played = visit("dark")
    levels = [scene.light.level for scene in scenes(played)]
    assert levels[0] < 0.1 and levels[-1] == 1.0
    assert levels == sorted(levels)


def test_a_mask_is_taken_off_while_the_face_is_down() -> None:
    shown = scenes(visit("mask"))
    masks = [bool(scene.actors[0].mask) for scene in shown if scene.actors]
    pitches = [scene.actors[0].pitch_deg for scene in shown if scene.actors]
    change = masks.index(False)
    assert all(masks[:change]) and not any(masks[change:])
    assert pitches[change] < -25


@pytest.mark.parametrize(
    ("name", "attack"), [("photograph", Attack.PRINT), ("phone", Attack.PHONE)]
)
def test_a_picture_is_held_up_by_one_hand(name: str, attack: Attack) -> None:
    shown = [scene for scene in scenes(visit(name, Cast(seed=9))) if scene.actors]
    assert len(shown) > 60
    assert {scene.actors[0].attack for scene in shown} == {attack}
    assert len({scene.seed for scene in shown}) == 1, "paper and hand follow from the seed"
    assert {scene.actors[0].blink for scene in shown} == {0.0}


def test_far_and_away_are_what_the_gate_refuses() -> None:
    assert visit("too-far").scene_at(2.5, 640, 480).actors[0].eye_px < 20
    assert abs(visit("looking-away").scene_at(3.0, 640, 480).actors[0].yaw_deg) > 60


def test_who_looks_around_looks_everywhere() -> None:
    actors = [scene.actors[0] for scene in scenes(visit("look-around")) if scene.actors]
    yaws, pitches = [a.yaw_deg for a in actors], [a.pitch_deg for a in actors]
    assert min(yaws) < -25 and max(yaws) > 25
    assert min(pitches) < -14 and max(pitches) > 14


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("dead-camera", CameraFault.DEAD),
        ("frozen-camera", CameraFault.FROZEN),
        ("black-camera", CameraFault.BLACK),
    ],
)
def test_a_camera_fault_has_its_time(name: str, fault: CameraFault) -> None:
    played = visit(name)
    faults = [played.fault_at(t) for t in np.arange(0, played.seconds, STEP_S)]
    assert set(faults) == {CameraFault.NONE, fault}
    assert played.fault_at(played.fault_from_s + 0.01) is fault


def test_motion_blur_belongs_to_those_who_walk() -> None:
    played = visit("approach")
    assert played.scene_at(1.0, 640, 480).motion_px > 2 * played.scene_at(3.0, 640, 480).motion_px
    assert visit("empty").scene_at(1.0, 640, 480).motion_px == 0


def test_eyes_blink_shortly_and_heads_glance_now_and_then() -> None:
    times = np.arange(0, 60, 0.02)
    shut = np.array([blink(3, t) for t in times])
    assert 0.02 < (shut > 0).mean() < 0.12
    assert shut.max() > 0.95
    turned = np.array([abs(glance_deg(3, t)) for t in times])
    assert 0.08 < (turned > 1).mean() < 0.3
    assert turned.max() < 10


def test_between_stances_everything_is_between() -> None:
    path = (Stance(1.0, 0.0, 0.04, yaw_deg=40), Stance(3.0, 0.5, 0.16))
    assert stance_at(path, 0.0) == path[0]
    assert stance_at(path, 9.0) == path[1]
    middle = stance_at(path, 2.0)
    assert (middle.x, middle.yaw_deg) == (0.25, 20.0)
    assert middle.eye == pytest.approx(0.08), "half-way in equal factors"
