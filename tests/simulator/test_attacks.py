"""Portraits held up to the camera: where their points land, and what light does to them."""

from __future__ import annotations

import dataclasses
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from kiosk.domain import Pixels
from kiosk.simulator.attacks import Presented, present
from kiosk.simulator.scene import Actor, Attack, Light, Scene
from kiosk.simulator.sensor import GAMMA, expose
from kiosk.simulator.sheets import Sheet, turned

EYES = np.array([(120, 140), (200, 140)], np.float32)
DOTS = np.array([(60, 60), (260, 70), (160, 120), (70, 180), (250, 210)], np.float32)
ATTACKS = (Attack.PRINT, Attack.PHONE)
FLAT_LIGHT = Light(directness=0.0)


def portrait() -> Pixels:
    """A grey portrait with round dark dots."""
    y, x = np.mgrid[0:400, 0:320].astype(np.float32)
    cover = np.zeros((400, 320), np.float32)
    for dot_x, dot_y in DOTS:
        cover = np.maximum(cover, np.clip(8.5 - np.hypot(x - dot_x, y - dot_y), 0, 1))
    grey = 170 * (1 - cover) + 10 * cover
    return np.repeat(grey[..., None], 3, axis=2).astype(np.uint8)


def actor(attack: Attack, **values: float) -> Actor:
    return dataclasses.replace(Actor(1, 330.0, 190.0, 60.0, attack=attack), **values)


def canvas(value: int = 120) -> Pixels:
    return np.full((480, 640, 3), value, np.uint8)


def show(
    who: Actor, light: Light = FLAT_LIGHT, seed: int = 0, on: Pixels | None = None
) -> tuple[Pixels, Presented]:
    picture = canvas() if on is None else on
    return picture, present(picture, portrait(), DOTS, EYES, who, light, seed)


def dot_near(picture: Pixels, place: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the centre of darkness within 12 px of a place."""
    column, row = (round(float(v)) for v in place)
    part = picture[row - 12 : row + 13, column - 12 : column + 13].mean(axis=2)
    y, x = np.mgrid[row - 12 : row + 13, column - 12 : column + 13]
    skin = picture[row - 10 : row + 11, column - 10 : column + 11, ::2].astype(int)
    assert (skin[..., 1] - skin[..., 0]).max() < 30, "a finger is there"
    weight = np.clip(np.percentile(part, 80) - 25 - part, 0, None)
    weight *= np.hypot(x - place[0], y - place[1]) < 12
    assert weight.sum() > 500, "no dot there"
    return np.array([(weight * x).sum(), (weight * y).sum()]) / weight.sum()


def found_errors(picture: Pixels, shown: Presented) -> list[float]:
    """Return how far dots are from where they are said to be, leaving out what fingers hide."""
    errors = []
    for point in shown.points:
        try:
            errors.append(float(np.linalg.norm(dot_near(picture, point) - point)))
        except AssertionError:
            continue
    return errors


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize(
    ("yaw_deg", "pitch_deg", "roll_deg"),
    [(0, 0, 0), (30, 0, 0), (-25, 15, 0), (10, -20, 25), (0, 0, -60)],
)
def test_the_points_land_where_the_picture_shows_them(
    attack: Attack, yaw_deg: float, pitch_deg: float, roll_deg: float
) -> None:
    # Bent to either side, flat, with and without a border: several seeds.
    total = 0
    for seed in range(5):
        who = actor(attack, yaw_deg=yaw_deg, pitch_deg=pitch_deg, roll_deg=roll_deg)
        errors = found_errors(*show(who, seed=seed))
        total += len(errors)
        assert max(errors) < 1.5
    assert total >= 17, "fingers must not hide most of a picture"


def test_held_flat_the_eyes_are_as_far_apart_as_asked_and_in_their_place() -> None:
    for attack in ATTACKS:
        who = actor(attack, eye_px=48.0, x_px=301.5, y_px=222.0)
        shown = present(canvas(), portrait(), EYES, EYES, who, FLAT_LIGHT, 3)
        assert np.linalg.norm(shown.points[1] - shown.points[0]) == pytest.approx(48, rel=0.01)
        assert shown.points.mean(axis=0) == pytest.approx((301.5, 222), abs=0.2)


def test_angles_turn_the_picture_as_they_turn_a_head() -> None:
    corners = np.array([(0, 0), (319, 0), (319, 399), (0, 399)], np.float32)

    def places(**angles: float) -> NDArray[np.float32]:
        who = actor(Attack.PHONE, **angles)
        return present(canvas(), portrait(), corners, EYES, who, FLAT_LIGHT, 0).points

    yawed = places(yaw_deg=40)
    # Looking to the right of the picture, the right edge is farther off, hence shorter.
    assert yawed[2, 1] - yawed[1, 1] < 0.95 * (yawed[3, 1] - yawed[0, 1])
    pitched = places(pitch_deg=40)
    # Looking up, the upper edge is farther off.
    assert pitched[1, 0] - pitched[0, 0] < 0.95 * (pitched[2, 0] - pitched[3, 0])
    rolled = places(roll_deg=20)
    # Leaning clockwise, the right end of the upper edge is lower.
    assert rolled[1, 1] > rolled[0, 1] + 20


def test_a_bent_sheet_is_seen_where_it_is_put() -> None:
    rng = np.random.default_rng(1)
    for curvature in (-0.004, 0.0, 0.003):
        for bend_rad in (0.0, 0.5, 1.57):
            sheet = Sheet(310, 205, turned(24, -17, 12), 760, curvature, bend_rad)
            places = rng.uniform(-110, 110, (50, 2))
            window = sheet.seen_in(0, 0, 640, 480)
            for place, spot in zip(places, sheet.to_frame(places), strict=True):
                column, row = (int(v) for v in np.rint(spot))
                seen = [plane[row, column] for plane in window.sheet]
                # Half a pixel of rounding, more where the sheet is seen aslant.
                assert np.hypot(*(np.array(seen) - place)) < 1.4


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_same_seed_gives_the_same_pixels(attack: Attack) -> None:
    (one, _), (same, _), (other, _) = (show(actor(attack), seed=seed) for seed in (4, 4, 5))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("attack", ATTACKS)
def test_paper_and_telephone_stay_the_same_when_moved_a_little(attack: Attack) -> None:
    for seed in range(6):
        before, first = show(actor(attack), seed=seed)
        after, second = show(actor(attack, x_px=336.0), seed=seed)
        assert second.points - first.points == pytest.approx(np.tile((6.0, 0.0), (5, 1)), abs=0.01)
        inner = (slice(150, 230), slice(280, 380))
        moved = after[inner[0], 286:386].astype(int)
        assert np.abs(before[inner].astype(int) - moved).mean() < 6


def brightness(frame: Pixels, shown: Presented) -> float:
    column, row = (int(v) for v in shown.points[2])
    part = frame[row + 14 : row + 30, column - 14 : column + 14].astype(np.float64)
    return float(((part / 255) ** GAMMA).mean())


def test_in_the_dark_a_print_fades_with_the_light_and_a_telephone_does_not() -> None:
    shares = {}
    for attack in ATTACKS:
        values = []
        for level in (1.0, 0.1):
            light = Light(level=level, directness=0.3)
            picture, shown = show(actor(attack), light, seed=2)
            glows = [shown.glow] if shown.glow is not None else []
            frame = expose(picture, Scene(light=light, noise=0), glows)
            values.append(brightness(frame, shown))
        shares[attack] = values[1] / values[0]
    assert shares[Attack.PRINT] == pytest.approx(0.1, rel=0.1)
    assert shares[Attack.PHONE] > 0.8


def test_only_the_screen_glows_and_not_the_fingers_on_it() -> None:
    picture, shown = show(actor(Attack.PHONE), seed=1)
    glow = shown.glow
    assert glow is not None
    inside = glow.strength == 255
    assert 0.3 < inside.mean() < 0.95
    left, top = shown.outline.min(axis=0)
    rows, columns = np.nonzero(inside)
    assert columns.min() + glow.left > left
    assert rows.min() + glow.top > top
    assert show(actor(Attack.PRINT))[1].glow is None
    assert picture.shape == (480, 640, 3)


def test_a_screen_shows_beats_that_a_print_does_not() -> None:
    plain = np.full((400, 320, 3), 150, np.uint8)
    spread = {}
    for attack in ATTACKS:
        found = []
        for seed in range(8):
            picture = canvas()
            present(picture, plain, DOTS, EYES, actor(attack), FLAT_LIGHT, seed)
            part = picture[170:230, 300:360].astype(float)
            # Paper is rough in grey; the screen's stripes are coloured.
            found.append((part[..., 2] - part[..., 0]).std())
        spread[attack] = np.median(found)
    assert spread[Attack.PHONE] > 2 * spread[Attack.PRINT]


def test_light_from_the_side_shades_a_turned_print() -> None:
    def at(azimuth_deg: float) -> float:
        who = actor(Attack.PRINT, yaw_deg=35)
        light = Light(azimuth_deg=azimuth_deg, directness=0.8)
        return float(np.mean([brightness(*show(who, light, seed)) for seed in range(4)]))

    assert at(60) > 1.3 * at(-60)


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize(
    ("x_px", "y_px"), [(-400, 200), (5, 3), (638, 470), (320, 2000), (90_000, -90_000)]
)
def test_parts_outside_the_canvas_are_left_out(attack: Attack, x_px: float, y_px: float) -> None:
    picture, shown = show(actor(attack, x_px=x_px, y_px=y_px, yaw_deg=20))
    assert shown.points.shape == (5, 2)
    assert np.isfinite(shown.points).all()
    if shown.glow is not None:
        expose(picture, Scene(), [shown.glow])


def test_what_lies_outside_changes_nothing() -> None:
    picture, shown = show(actor(Attack.PHONE, x_px=5000.0, y_px=-4000.0))
    assert (picture == 120).all()
    assert shown.glow is None


NAN = float("nan")


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"attack": Attack.NONE}, "holds up nothing"),
        ({"eye_px": 0.0}, "eye_px"),
        ({"eye_px": NAN}, "eye_px"),
        ({"x_px": float("inf")}, "x_px"),
        ({"yaw_deg": 89.0}, "yaw_deg"),
        ({"roll_deg": NAN}, "roll_deg"),
    ],
)
def test_impossible_actors_are_named(values: dict[str, float], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        show(dataclasses.replace(actor(Attack.PRINT), **values))


def test_impossible_portraits_are_refused() -> None:
    who = actor(Attack.PRINT)
    with pytest.raises(ValueError, match="pixel apart"):
        present(canvas(), portrait(), DOTS, np.zeros((2, 2), np.float32), who, FLAT_LIGHT, 0)
    with pytest.raises(ValueError, match="at least 8"):
        tiny = np.zeros((4, 4, 3), np.uint8)
        present(canvas(), tiny, DOTS, EYES, who, FLAT_LIGHT, 0)
    with pytest.raises(ValueError, match=r"\(N, 2\)"):
        present(canvas(), portrait(), DOTS[0], EYES, who, FLAT_LIGHT, 0)


@settings(max_examples=60, deadline=None)
@given(
    attack=st.sampled_from(ATTACKS),
    x_px=st.floats(-300, 600),
    y_px=st.floats(-300, 600),
    eye_px=st.floats(2, 300),
    yaw_deg=st.floats(-75, 75),
    pitch_deg=st.floats(-75, 75),
    roll_deg=st.floats(-180, 180),
    azimuth_deg=st.floats(-180, 180),
    directness=st.floats(0, 1),
    seed=st.integers(),
)
def test_whatever_is_possible_can_be_drawn(
    attack: Attack,
    x_px: float,
    y_px: float,
    eye_px: float,
    yaw_deg: float,
    pitch_deg: float,
    roll_deg: float,
    azimuth_deg: float,
    directness: float,
    seed: int,
) -> None:
    who = Actor(1, x_px, y_px, eye_px, yaw_deg, pitch_deg, roll_deg, attack=attack)
    light = Light(azimuth_deg=azimuth_deg, directness=directness)
    picture = np.full((90, 120, 3), 90, np.uint8)
    shown = present(picture, portrait(), DOTS, EYES, who, light, seed)
    assert np.isfinite(shown.points).all()
    assert np.isfinite(shown.outline).all()
    if shown.glow is not None:
        assert expose(picture, Scene(), [shown.glow]).shape == picture.shape


@settings(max_examples=40, deadline=None)
@given(values=st.lists(st.floats(), min_size=8, max_size=8))
def test_any_values_are_drawn_or_refused(values: list[float]) -> None:
    who = Actor(1, *values[:6], attack=Attack.PHONE)
    light = Light(azimuth_deg=values[6], directness=values[7])
    try:
        present(np.zeros((60, 80, 3), np.uint8), portrait(), DOTS, EYES, who, light, 0)
    except ValueError as error:
        assert "must be" in str(error)


@pytest.mark.slow
@pytest.mark.parametrize("attack", ATTACKS)
def test_a_portrait_is_presented_within_its_time(attack: Attack) -> None:
    picture = canvas()
    spent = []
    for seed in range(20):
        start = time.perf_counter()
        present(picture, portrait(), DOTS, EYES, actor(attack), Light(), seed)
        spent.append(time.perf_counter() - start)
    assert np.median(spent) < 0.020


# --- species --------------------------------------------------------------------------------------


def test_a_cut_out_leaves_the_room_where_its_corners_were() -> None:
    whole, shown = show(actor(Attack.FLAT_PRINT), seed=2)
    cut, same = show(actor(Attack.CUT_OUT), seed=2)

    middle = tuple(np.rint(same.points[2]).astype(int))
    column, row = np.rint(same.outline.min(axis=0) + 6).astype(int)
    assert np.array_equal(cut[row, column], canvas()[row, column])
    assert not np.array_equal(whole[row + 4, column + 4], canvas()[0, 0])
    assert abs(int(cut[middle[1] - 20, middle[0]].mean()) - 120) > 10
    assert shown.points == pytest.approx(same.points, abs=6)


def test_a_print_is_flat_or_bent_as_asked() -> None:
    def sagging(attack: Attack, seed: int) -> float:
        who = actor(attack, pitch_deg=35.0)
        corners = np.array([(0, 140), (160, 140), (319, 140)], np.float32)
        points = present(canvas(), portrait(), corners, EYES, who, FLAT_LIGHT, seed).points
        return abs(float(points[1, 1] - (points[0, 1] + points[2, 1]) / 2))

    assert max(sagging(Attack.FLAT_PRINT, seed) for seed in range(8)) < 0.5
    assert min(sagging(Attack.BENT_PRINT, seed) for seed in range(8)) > 3


def test_a_tablet_is_wider_than_a_telephone_of_the_same_face() -> None:
    def proportions(attack: Attack, seed: int) -> float:
        outline = show(actor(attack), seed=seed)[1].outline
        width, height = np.ptp(outline, axis=0)
        return float(height / width)

    for seed in range(6):
        assert proportions(Attack.TABLET, seed) < 1.5 < proportions(Attack.PHONE, seed)
        assert show(actor(Attack.TABLET), seed=seed)[1].glow is not None
