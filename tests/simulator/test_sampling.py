"""Random scenes: repeatable, within the limits asked for, all conditions present."""

from __future__ import annotations

import math

import numpy as np
import pytest

from kiosk.errors import ConfigError
from kiosk.simulator.sampling import (
    CONDITIONS,
    EXPRESSIONS,
    Variety,
    mask_of,
    portrait_scene,
    random_scene,
)
from kiosk.simulator.scene import Attack


def scenes(count, **asked):
    variety = Variety(**asked)
    return [
        random_scene(np.random.default_rng([7, i]), 640, 480, range(50, 90), i % 4, variety)
        for i in range(count)
    ]


def test_the_same_seed_draws_the_same_scene():
    assert scenes(20) == scenes(20)
    assert len(set(scenes(20))) == 20


def test_faces_are_different_people_of_those_given():
    for i, scene in enumerate(scenes(200)):
        people = [actor.person for actor in scene.actors]
        assert len(people) == len(set(people)) <= i % 4
        assert set(people) <= set(range(50, 90))


def test_somebody_is_nearly_always_given_room():
    drawn = sum(len(scene.actors) for scene in scenes(400))
    assert drawn > 0.85 * sum(i % 4 for i in range(400))


def test_too_few_people_are_refused():
    with pytest.raises(ValueError, match="2 people cannot be 3 faces"):
        random_scene(np.random.default_rng(1), 640, 480, [1, 2], 3)


def test_values_stay_within_what_was_asked_and_fill_it():
    actors = [actor for scene in scenes(800) for actor in scene.actors]
    eyes = [actor.eye_px for actor in actors]
    assert 8 <= min(eyes) < 10
    assert 95 < max(eyes) <= 110
    assert np.median(eyes) == pytest.approx(math.sqrt(8 * 110), rel=0.1)
    yaws = np.abs([actor.yaw_deg for actor in actors])
    assert 50 < yaws.max() <= 60
    assert (yaws > 35).mean() < 0.15
    assert max(abs(a.pitch_deg) for a in actors) <= 25
    levels = [scene.light.level for scene in scenes(800)]
    assert 0.1 <= min(levels) < 0.13
    assert 1.2 < max(levels) <= 1.3


def test_masks_and_attacks_come_as_often_as_asked():
    actors = [
        actor for scene in scenes(800, masked_share=0.3, attack_share=0.4) for actor in scene.actors
    ]
    assert np.mean([actor.mask > 0 for actor in actors]) == pytest.approx(0.3, abs=0.05)
    kinds = [actor.attack for actor in actors]
    assert kinds.count(Attack.PRINT) / len(kinds) == pytest.approx(0.2, abs=0.04)
    assert kinds.count(Attack.PHONE) / len(kinds) == pytest.approx(0.2, abs=0.04)
    assert not any(a.attack is not Attack.NONE for s in scenes(100) for a in s.actors)


def test_faces_hide_each_other_only_where_that_is_allowed():
    def nearest(asked):
        distances = []
        for scene in scenes(300, overlap_share=asked):
            for i, one in enumerate(scene.actors):
                distances += [
                    math.hypot(one.x_px - other.x_px, one.y_px - other.y_px)
                    / (one.eye_px + other.eye_px)
                    for other in scene.actors[:i]
                ]
        return min(distances)

    assert nearest(0.0) > 1.4
    assert nearest(1.0) < 1.2


def test_nobody_stands_behind_the_body_or_the_picture_of_somebody_nearer():
    pairs = [
        (near, far)
        for scene in scenes(400, attack_share=0.3, overlap_share=1.0)
        for near in scene.actors
        for far in scene.actors
        if near.eye_px > far.eye_px
    ]
    assert len(pairs) > 300
    for near, far in pairs:
        across = abs(near.x_px - far.x_px) / near.eye_px
        down = (far.y_px - near.y_px) / near.eye_px
        if near.attack is Attack.NONE:
            assert across > 2.5 or down < 1.6
        else:
            assert math.hypot(across, down) > 3.4


def test_a_person_has_few_faces_and_one_mask():
    faces = {}
    for scene in scenes(800):
        for actor in scene.actors:
            seen = faces.setdefault(actor.person, set())
            seen.add((actor.smile, actor.mouth_open, actor.blink))
            assert actor.mask in (0, mask_of(actor.person))
    assert max(map(len, faces.values())) == EXPRESSIONS
    assert all((0, 0, 0) in seen for seen in faces.values())
    assert len({mask_of(person) for person in range(200)}) == 12


def test_a_portrait_is_in_the_condition_that_was_named():
    def drawn(name):
        return [portrait_scene(np.random.default_rng(i), i, name, 640, 480) for i in range(60)]

    assert all(scene.light.level == 0.25 for scene in drawn("dark"))
    assert all(scene.actors[0].mask for scene in drawn("masked"))
    assert all(15 <= scene.actors[0].yaw_deg <= 25 for scene in drawn("turned right"))
    assert all(-25 <= scene.actors[0].yaw_deg <= -15 for scene in drawn("turned left"))
    assert all(abs(scene.light.azimuth_deg) >= 60 for scene in drawn("side light"))
    assert {np.sign(scene.light.azimuth_deg) for scene in drawn("side light")} == {-1, 1}
    for scene in drawn("frontal"):
        assert abs(scene.actors[0].yaw_deg) <= 6
        assert scene.actors[0].mask == 0
        assert 48 <= scene.actors[0].eye_px <= 74


def test_an_unknown_condition_lists_the_conditions():
    with pytest.raises(ConfigError, match="no condition 'foggy'") as refused:
        portrait_scene(np.random.default_rng(1), 1, "foggy", 640, 480)
    assert all(name in str(refused.value) for name in CONDITIONS)
