"""Visitors who are asked to turn: people do after a moment, pictures only as their holders do."""

from __future__ import annotations

import numpy as np
import pytest

from kiosk.simulator.answering import Manner, Visitor
from kiosk.simulator.render import Renderer
from kiosk.simulator.scene import Attack

SIZE = (640, 480)
PICTURES = [each for each in Attack if each is not Attack.NONE]


def yaw_at(visitor: Visitor, t_s: float) -> float:
    return visitor.scene_at(t_s, *SIZE).actors[0].yaw_deg


@pytest.mark.parametrize("sign", [1, -1])
def test_somebody_live_turns_as_asked_and_comes_back(sign: int) -> None:
    turned = []
    for seed in range(40):
        visitor = Visitor(3, seed)
        before = yaw_at(visitor, 2.0)
        visitor.ask(2.0, sign)
        # Nobody answers at once.
        assert yaw_at(visitor, 2.25) == pytest.approx(before, abs=9)
        turned.append(max(sign * yaw_at(visitor, 2 + n / 10) for n in range(30)))
        assert abs(yaw_at(visitor, 8.0)) < 15
    # Some take their left for their right.
    assert np.mean(np.array(turned) > 22) > 0.9
    assert max(turned) < 70


def test_who_is_told_that_it_is_enough_comes_back_sooner() -> None:
    for seed in range(10):
        told, untold = Visitor(3, seed), Visitor(3, seed)
        for visitor in (told, untold):
            visitor.ask(2.0, 1)
        told.release(3.0)
        assert abs(yaw_at(told, 5.6)) < 15
        first = next(n for n in range(20, 90) if abs(yaw_at(untold, n / 10)) > 22)
        assert abs(yaw_at(untold, first / 10 + 1.5)) > 15


@pytest.mark.parametrize("manner", [Manner.STILL, Manner.MOVING])
def test_a_picture_that_is_not_turned_stays_nearly_frontal(manner: Manner) -> None:
    visitor = Visitor(3, 5, Attack.FLAT_PRINT, manner)
    visitor.ask(2.0, 1)
    assert max(abs(yaw_at(visitor, 2 + n / 10)) for n in range(60)) < 25


@pytest.mark.parametrize("sign", [1, -1])
def test_a_picture_is_turned_to_the_side_asked(sign: int) -> None:
    visitor = Visitor(3, 5, Attack.PHONE, Manner.TURNING)
    visitor.ask(2.0, sign)
    assert max(sign * yaw_at(visitor, 2 + n / 10) for n in range(30)) > 20


def test_a_tilted_picture_shows_both_sides() -> None:
    yaws = [yaw_at(Visitor(3, 5, Attack.TABLET, Manner.TILTING), n / 10) for n in range(80)]
    assert min(yaws) < -15 and max(yaws) > 15


def test_a_cut_out_is_worn_before_a_head() -> None:
    front, behind = Visitor(3, 5, Attack.CUT_OUT).scene_at(2.0, *SIZE).actors
    assert (front.attack, behind.attack) == (Attack.CUT_OUT, Attack.NONE)
    assert behind.eye_px < front.eye_px and behind.person != front.person


def test_the_same_seed_gives_the_same_visit() -> None:
    scenes = []
    for _ in range(2):
        visitor = Visitor(3, 8, Attack.BENT_PRINT, Manner.TURNING)
        visitor.ask(1.0, 1)
        scenes.append([visitor.scene_at(n / 5, *SIZE) for n in range(20)])
    assert scenes[0] == scenes[1]


@pytest.mark.parametrize("attack", PICTURES)
def test_every_species_can_be_drawn(attack: Attack) -> None:
    renderer = Renderer(320, 240, 256)
    pictures = [renderer.render(Visitor(3, 5, attack).scene_at(t, 320, 240)) for t in (0.5, 1.5)]
    assert not np.array_equal(pictures[0].pixels, pictures[1].pixels)
    assert pictures[1].truths[0].visible_fraction > 0.5
