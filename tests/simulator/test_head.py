"""The modelled head: a star-shaped surface with its features where a face has them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from kiosk.simulator.expression import EXPRESSION_STEPS, Expression, rounded
from kiosk.simulator.hair import grow_hair
from kiosk.simulator.head import Head, Modeller, directions
from kiosk.simulator.looks import BeardStyle, Glasses, Hair, HairStyle, Looks, invent
from kiosk.simulator.masks import KINDS, wear_mask
from kiosk.simulator.plane import blank_plane, rise

TEXTURE_PX = 192


@pytest.fixture(scope="module")
def plain() -> Looks:
    """Return somebody without hair, beard and glasses."""
    looks = invent(12)
    hair = dataclasses.replace(looks.hair, style=HairStyle.BALD, beard=BeardStyle.NONE)
    return dataclasses.replace(looks, hair=hair, glasses=None)


def model(looks: Looks, expression: Expression | None = None, mask: int = 0) -> Head:
    return Modeller(looks, TEXTURE_PX).model(expression or Expression(), mask)


def with_hair(looks: Looks, **changes: object) -> Looks:
    hair: Hair = dataclasses.replace(looks.hair, **changes)  # type: ignore[arg-type]
    return dataclasses.replace(looks, hair=hair)


def test_directions_are_unit_vectors_and_the_middle_looks_ahead() -> None:
    way = directions(101)
    length = way.right**2 + way.down**2 + way.forward**2
    assert length == pytest.approx(np.ones_like(length), abs=1e-5)
    assert way.forward[50, 50] == pytest.approx(1, abs=1e-6)
    assert way.right[50, 90] > 0.5
    assert way.down[90, 50] > 0.5


def test_the_nose_stands_out_most_and_the_eyes_lie_behind_it(plain: Looks) -> None:
    head = model(plain)
    depth = head.landmarks[:, 2]
    assert depth[2] == depth.min(), "z points away from the viewer"
    assert depth[:2].mean() - depth[2] > 0.25
    assert np.hypot(*(head.landmarks[1] - head.landmarks[0])[:2]) == pytest.approx(1, abs=0.05)


def test_normals_point_outwards_and_are_not_longer_than_one(plain: Looks) -> None:
    head = model(plain)
    way = directions(TEXTURE_PX)
    outwards = (
        head.normals[..., 0] * way.right
        + head.normals[..., 1] * way.down
        - head.normals[..., 2] * way.forward
    )
    front = way.forward > 0
    assert (outwards[front] > 0).mean() > 0.99
    assert np.linalg.norm(head.normals, axis=2).max() <= 1 + 1e-5


def test_the_outline_surrounds_the_landmarks(plain: Looks) -> None:
    head = model(plain)
    low, high = head.outline[:, :2].min(axis=0), head.outline[:, :2].max(axis=0)
    assert (head.landmarks[:, :2] > low).all()
    assert (head.landmarks[:, :2] < high).all()


def test_expressions_are_rounded_to_few_and_kept_within_bounds() -> None:
    assert rounded(0.49, 0.13, 2.0) == Expression(0.5, 0.25, 1.0)
    assert rounded(-1.0, 0.0, 0.1) == Expression()
    values = {rounded(step / 100, 0, 0).smile for step in range(101)}
    assert len(values) == EXPRESSION_STEPS + 1


def test_hair_adds_volume_and_covers_the_crown(plain: Looks) -> None:
    curly = with_hair(plain, style=HairStyle.CURLY)
    way = directions(TEXTURE_PX)
    crown = (way.down < -0.8) & (way.forward > -0.2)
    face = (np.abs(way.right) < 0.3) & (np.abs(way.down) < 0.2) & (way.forward > 0.9)
    bald, haired = model(plain), model(curly)
    assert (haired.radius - bald.radius)[crown].mean() > 0.1
    assert np.abs(haired.radius - bald.radius)[face].max() < 1e-4
    growth = grow_hair(curly, way, bald.radius)
    assert growth.cover[crown].mean() > 0.95
    assert growth.cover[face].max() < 0.05
    shaved = grow_hair(with_hair(plain, style=HairStyle.SHAVED), way, bald.radius)
    assert 0.5 < shaved.cover[crown].mean() < 0.7
    assert grow_hair(plain, way, bald.radius).cover.max() == 0


@pytest.mark.parametrize("style", list(BeardStyle))
def test_beards_darken_the_chin_and_never_the_forehead(plain: Looks, style: BeardStyle) -> None:
    pale = dataclasses.replace(plain.skin, colour=(0.7, 0.75, 0.85), freckles=0.0, moles=())
    person = with_hair(dataclasses.replace(plain, skin=pale), beard_colour=(0.1, 0.1, 0.1))
    bare = model(with_hair(person, beard=BeardStyle.NONE)).colour.astype(int)
    grown = model(with_hair(person, beard=style)).colour.astype(int)
    way = directions(TEXTURE_PX)
    forehead = (np.abs(way.right) < 0.3) & (way.down < -0.4) & (way.forward > 0.6)
    lower = (np.abs(way.right) < 0.6) & (way.down > 0.55) & (way.forward > 0.3)
    assert np.abs(bare - grown)[forehead].max() <= 1
    darkening = (bare - grown)[lower].mean()
    assert darkening == 0 if style is BeardStyle.NONE else darkening > 1


def test_glasses_frame_the_eyes_and_leave_the_pupils(plain: Looks) -> None:
    frame = Glasses(0.4, 0.3, 0.5, 0.05, (0.05, 0.05, 0.05), 0.0)
    without = model(plain)
    wearing = model(dataclasses.replace(plain, glasses=frame))
    raised = wearing.radius - without.radius
    assert 0.03 < raised.max() < 0.06
    assert 0.005 < (raised > 0.02).mean() < 0.1


@pytest.mark.parametrize("mask", [1, 2, KINDS, KINDS + 1])
def test_masks_cover_mouth_and_nose(plain: Looks, mask: int) -> None:
    bare, masked = model(plain), model(plain, mask=mask)
    assert np.array_equal(bare.landmarks[:2], masked.landmarks[:2])
    way = directions(TEXTURE_PX)
    mouth = (np.abs(way.right) < 0.2) & (np.abs(way.down - 0.6) < 0.1) & (way.forward > 0)
    eyes = (np.abs(way.down) < 0.05) & (np.abs(way.right) < 0.5) & (way.forward > 0.8)
    change = np.abs(bare.colour.astype(int) - masked.colour.astype(int)).max(axis=2)
    assert change[mouth].mean() > 10
    assert change[eyes].mean() < 1
    assert masked.radius[mouth].mean() > bare.radius[mouth].mean()


def test_there_is_no_mask_number_nought(plain: Looks) -> None:
    way = directions(TEXTURE_PX)
    radius = np.ones((TEXTURE_PX, TEXTURE_PX), np.float32)
    with pytest.raises(ValueError, match="numbered from 1"):
        wear_mask(0, plain, radius, np.ones((*radius.shape, 3), np.float32), way)


def test_a_window_draws_on_its_plane() -> None:
    plane = blank_plane(40.0)
    part = plane.window(-0.2, -0.2, 0.2, 0.2)
    part.paint(np.ones_like(part.x), (1.0, 0.5, 0.25))
    inside = (np.abs(plane.x) < 0.15) & (np.abs(plane.y) < 0.15)
    assert (plane.colour[inside] == np.float32([1.0, 0.5, 0.25])).all()
    assert plane.colour[np.abs(plane.x) > 0.3].max() == 0
    copied = plane.copy()
    copied.darken(np.ones_like(plane.x))
    assert plane.colour.max() == 1


def test_rise_goes_both_ways() -> None:
    values = np.linspace(-1, 2, 7, dtype=np.float32)
    assert rise(0, 1, values) == pytest.approx([0, 0, 0, 0.5, 1, 1, 1])
    assert rise(1, 0, values) == pytest.approx([1, 1, 1, 0.5, 0, 0, 0])
