"""Places behind a person at a door, in ordinary light: corridors, lobbies, glass, streets.

A place is built of flat panels in metres and seen by a camera 1.45 m above the floor with the
lens of the simulator, so that perspective and sizes are right.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import cv2
import numpy as np

from kiosk.domain import Pixels
from kiosk.simulator import furnishings, standing, surfaces
from kiosk.simulator.surfaces import Panel, blank, finish, shade, tone
from kiosk.simulator.viewpoint import EYE_M, View

MAX_SIDE_PX = 8192
_PX_PER_M = 96.0


@functools.lru_cache(maxsize=24)
def background(seed: int, width_px: int, height_px: int) -> Pixels:
    """Return the place of a seed, (height_px, width_px, 3) uint8 BGR, read-only: copy to draw.

    The seed chooses the place, its materials, colours, things and how far out of focus it is; the
    same seed shows the same place at any size. Raises ValueError for an impossible size.
    """
    if not (16 <= width_px <= MAX_SIDE_PX and 16 <= height_px <= MAX_SIDE_PX):
        raise ValueError(
            f"a picture must be 16 to {MAX_SIDE_PX} pixels wide and high, "
            f"not {width_px} × {height_px}"
        )
    rng = np.random.default_rng(seed % (1 << 64))
    kind = rng.choice(len(_PLACES), p=_SHARES)
    blur_px = rng.choice([0.0, rng.uniform(0.5, 1.6), rng.uniform(1.5, 4.5)], p=[0.2, 0.45, 0.35])
    view = View(width_px, height_px, rng)
    _PLACES[kind](view, rng)
    picture = cv2.GaussianBlur(view.picture, (0, 0), (blur_px + 0.4) * width_px / 640)
    picture.flags.writeable = False
    return picture  # type: ignore[no-any-return]


# --- parts of places --------------------------------------------------------------------------


def _wall(rng: np.random.Generator, width: float, height: float) -> Panel:
    panel = blank(width, height, _PX_PER_M, tone(rng, (0.45, 0.97), 0.3))
    surfaces.WALLS[int(rng.integers(len(surfaces.WALLS)))](panel, rng)
    if rng.random() < 0.6:
        trim = tone(rng, (0.15, 0.9), 0.3)
        panel.box(0, height - 0.1, width, 0.1, trim)
    return panel


def _furnish(panel: Panel, rng: np.random.Generator, spacing: float) -> None:
    """Put doors, windows and things on a wall, side by side."""
    at = rng.uniform(0.1, 0.7)
    # Each once at most: two clocks side by side make eyes.
    things = [furnishings.FIXTURES[i] for i in rng.permutation(len(furnishings.FIXTURES))]
    while at < panel.width_m - 1.1:
        kind = rng.random()
        if kind < 0.25:
            furnishings.door(panel, rng, at + 0.1)
        elif kind < 0.4:
            top = panel.height_m - rng.uniform(1.9, 2.2)
            furnishings.window(panel, rng, at, top, rng.uniform(0.7, 1.1), rng.uniform(0.9, 1.2))
            if rng.random() < 0.5:
                furnishings.radiator(panel, rng, at)
        elif kind < 0.85 and things:
            things.pop()(panel, rng, at + 0.25, panel.height_m - rng.uniform(1.5, 1.95))
        at += 1.2 + rng.uniform(0, spacing)


def _floor(rng: np.random.Generator, width: float, depth: float) -> Panel:
    panel = blank(width, depth, 64.0, tone(rng, (0.25, 0.8), 0.4))
    surfaces.FLOORS[int(rng.integers(len(surfaces.FLOORS)))](panel, rng)
    finish(panel, rng, 0.15)
    return panel


def _room(view: View, rng: np.random.Generator, width: float, depth: float, height: float,
          back: Panel) -> None:  # fmt: skip
    """Draw floor, ceiling, side walls and the back wall of a room around the camera."""
    left = -width * rng.uniform(0.35, 0.65)
    top, start = EYE_M - height, 0.3
    view.put(_floor(rng, width, depth), (left, EYE_M, depth + start), (1, 0, 0), (0, 0, -1))
    ceiling = blank(width, depth, 48.0, tone(rng, (0.75, 0.95), 0.1))
    furnishings.lamp_panel(ceiling, rng)
    finish(ceiling, rng, 0.06)
    view.put(ceiling, (left, top, start), (1, 0, 0), (0, 0, 1))
    view.put(back, (left, top, depth + start), (1, 0, 0), (0, 1, 0))
    for is_right in (False, True):
        side = _wall(rng, depth, height)
        _furnish(side, rng, 1.5)
        finish(side, rng)
        if is_right:
            view.put(side, (left + width, top, depth + start), (0, 0, -1), (0, 1, 0))
        else:
            view.put(side, (left, top, start), (0, 0, 1), (0, 1, 0))


def _scatter(view: View, rng: np.random.Generator, things: Sequence[standing.Stander],
             count: int, nearest: float, farthest: float) -> None:  # fmt: skip
    for depth in np.sort(rng.uniform(nearest, farthest, count))[::-1]:
        thing = things[int(rng.integers(len(things)))]
        view.stand(thing, rng, float(rng.uniform(-0.6, 0.6) * depth), float(depth))


def _outdoors(
    rng: np.random.Generator, width: float, height: float, px_per_m: float = 40.0
) -> Panel:
    """Return a distant view as a flat picture: sky, houses or trees, ground."""
    panel = blank(width, height, px_per_m, (200, 190, 180))
    sky = np.array(
        [[(255, 226, 190), (250, 240, 228)], [(228, 222, 216), (240, 238, 236)],
         [(246, 214, 166), (252, 236, 214)]][int(rng.integers(3))], np.float32,
    )  # fmt: skip
    share = np.linspace(0, 1, panel.pixels.shape[0], dtype=np.float32)[:, None, None]
    column = (sky[0] * (1 - share) + sky[1] * share).astype(np.uint8)
    panel.pixels[:] = cv2.resize(column, (panel.pixels.shape[1], panel.pixels.shape[0]))
    horizon = height * 0.62
    at = 0.0
    while at < width:
        wide, tall = rng.uniform(1.5, 4.5), rng.uniform(0.5, 3.5)
        if rng.random() < 0.5:
            colour = tone(rng, (0.35, 0.85), 0.4)
            panel.box(at, horizon - tall, wide, tall, colour)
            pane = shade(colour, 0.6)
            for row in range(int(tall / 0.6)):
                for column in range(int(wide / 0.5)):
                    panel.box(at + 0.15 + column * 0.5, horizon - tall + 0.2 + row * 0.6, 0.25,
                              0.35, pane)  # fmt: skip
        else:
            green = (int(rng.integers(40, 80)), int(rng.integers(90, 140)),
                     int(rng.integers(50, 110)))  # fmt: skip
            for _ in range(10):
                spot = (at + rng.uniform(0, wide), horizon - rng.uniform(0.1, 0.6) * tall)
                panel.disc(*spot, rng.uniform(0.3, 0.7), shade(green, rng.uniform(0.7, 1.2)))
        at += wide * rng.uniform(0.7, 1.2)
    panel.box(0, horizon, width, height - horizon, tone(rng, (0.35, 0.65), 0.4))
    return panel


# --- places -----------------------------------------------------------------------------------


def _corridor(view: View, rng: np.random.Generator) -> None:
    width, depth, height = rng.uniform(1.8, 3.2), rng.uniform(4.5, 11), rng.uniform(2.4, 3.0)
    back = _wall(rng, width, height)
    if rng.random() < 0.5:
        furnishings.window(back, rng, width * 0.25, height - 2.0, width * 0.5, 1.3)
    else:
        furnishings.door(back, rng, width / 2 - 0.5)
        furnishings.sign(back, rng, width / 2 - 0.2, height - 2.4)
    finish(back, rng)
    _room(view, rng, width, depth, height, back)
    _scatter(view, rng, standing.INDOORS, int(rng.integers(0, 3)), 2.5, depth)


def _lobby(view: View, rng: np.random.Generator) -> None:
    width, depth, height = rng.uniform(5, 8), rng.uniform(2.6, 5.5), rng.uniform(2.5, 3.6)
    back = _wall(rng, width, height)
    _furnish(back, rng, 0.8)
    finish(back, rng)
    _room(view, rng, width, depth, height, back)
    _scatter(view, rng, standing.INDOORS, int(rng.integers(1, 5)), depth * 0.7, depth)


def _glass_front(view: View, rng: np.random.Generator) -> None:
    width, depth, height = rng.uniform(5, 8), rng.uniform(2.6, 5), rng.uniform(2.5, 3.4)
    outside = _outdoors(rng, width, height)
    bright = rng.uniform(1.0, 1.3)
    outside.pixels[:] = cv2.convertScaleAbs(cv2.blur(outside.pixels, (9, 9)), alpha=bright, beta=12)
    back = blank(width, height, _PX_PER_M, tone(rng, (0.1, 0.9), 0.2))
    furnishings.window(back, rng, 0.1, 0.15, width - 0.2, height - 0.25, outside)
    step, bar = rng.uniform(0.9, 1.8), tone(rng, (0.1, 0.9), 0.2)
    for i in range(int(width / step) + 1):
        back.box(0.1 + i * step, 0.1, 0.07, height, bar)
    _room(view, rng, width, depth, height, back)
    _scatter(view, rng, standing.INDOORS, int(rng.integers(0, 4)), depth * 0.7, depth)


def _near_wall(view: View, rng: np.random.Generator) -> None:
    width, height, depth = 7.0, 3.2, rng.uniform(1.2, 2.4)
    wall = _wall(rng, width, height)
    if rng.random() < 0.6:
        _furnish(wall, rng, 2.0)
    if rng.random() < 0.25:
        wall = blank(width, height, _PX_PER_M, tone(rng, (0.2, 0.9), 0.8))
        surfaces.curtain(wall, rng)
    finish(wall, rng, 0.2)
    turn = rng.normal(0, 0.35)
    away = (math.cos(turn), 0.0, math.sin(turn))
    corner = (-away[0] * width / 2, EYE_M - height, depth - away[2] * width / 2)
    floor = _floor(rng, 9, 6)
    view.picture[:] = tone(rng, (0.3, 0.8), 0.2)
    view.put(floor, (-4.5, EYE_M, 6.2), (1, 0, 0), (0, 0, -1))
    view.put(wall, corner, away, (0, 1, 0))


def _street(view: View, rng: np.random.Generator) -> None:
    far = _outdoors(rng, 60, 20, 20.0)
    view.picture[:] = far.pixels[0, 0]
    view.put(far, (-30, EYE_M - 12.4, 24), (1, 0, 0), (0, 1, 0))
    ground = blank(30, 24, 24.0, tone(rng, (0.35, 0.65), 0.15))
    surfaces.asphalt(ground, rng)
    kerb = rng.uniform(3, 7)
    ground.box(0, 24 - kerb, 30, 0.2, (190, 192, 194))
    ground.box(0, 24 - kerb, 30, kerb, tone(rng, (0.45, 0.75), 0.15))
    finish(ground, rng, 0.1)
    view.put(ground, (-15, EYE_M, 24.2), (1, 0, 0), (0, 0, -1))
    if rng.random() < 0.75:
        depth, height, width = rng.uniform(5, 12), rng.uniform(5, 8), 16.0
        front = blank(width, height, 48.0, tone(rng, (0.4, 0.9), 0.4))
        (surfaces.bricks, surfaces.plaster, surfaces.concrete)[int(rng.integers(3))](front, rng)
        _facade(front, rng)
        finish(front, rng, 0.08)
        left = rng.uniform(-12, -4) if rng.random() < 0.7 else rng.uniform(0, 2)
        view.put(front, (left, EYE_M - height, depth), (1, 0, 0), (0, 1, 0))
        if rng.random() < 0.5:
            view.put(front, (left + width, EYE_M - height, depth), (0, 0, 1), (0, 1, 0))
    _scatter(view, rng, standing.OUTDOORS, int(rng.integers(1, 6)), 3.5, 9)


def _facade(panel: Panel, rng: np.random.Generator) -> None:
    pane, trim = tone(rng, (0.25, 0.6), 0.3), tone(rng, (0.5, 0.97), 0.2)
    step, wide, high = rng.uniform(1.6, 2.6), rng.uniform(0.7, 1.2), rng.uniform(1.0, 1.5)
    for column in range(int(panel.width_m / step)):
        x = 0.4 + column * step
        for row in range(int(panel.height_m / 2.8)):
            if row == 0 and rng.random() < 0.25:
                furnishings.door(panel, rng, x)
                continue
            y = panel.height_m - 2.3 - row * 2.8
            panel.box(x - 0.08, y - 0.08, wide + 0.16, high + 0.16, trim)
            panel.box(x, y, wide, high, shade(pane, rng.uniform(0.7, 1.6)))
            panel.box(x + wide / 2 - 0.03, y, 0.06, high, trim)


def _garden(view: View, rng: np.random.Generator) -> None:
    far = _outdoors(rng, 40, 16, 24.0)
    view.picture[:] = far.pixels[0, 0]
    view.put(far, (-20, EYE_M - 9.9, 18), (1, 0, 0), (0, 1, 0))
    lawn = blank(24, 18, 32.0, (int(rng.integers(50, 90)), int(rng.integers(110, 150)),
                                int(rng.integers(70, 130))))  # fmt: skip
    surfaces.asphalt(lawn, rng)
    finish(lawn, rng, 0.15)
    view.put(lawn, (-12, EYE_M, 18.2), (1, 0, 0), (0, 0, -1))
    high = rng.uniform(1.2, 2.4)
    fence = blank(14, high, 64.0, (50, int(rng.integers(80, 120)), int(rng.integers(50, 80))))
    if rng.random() < 0.6:
        surfaces.leaves(fence, rng)
    else:
        (surfaces.boards, surfaces.bricks)[int(rng.integers(2))](fence, rng)
    finish(fence, rng, 0.1)
    view.put(fence, (-7, EYE_M - high, rng.uniform(3, 7)), (1, 0, 0), (0, 1, 0))
    _scatter(view, rng, standing.OUTDOORS, int(rng.integers(1, 5)), 3, 7)


def _lights(view: View, rng: np.random.Generator) -> None:
    """Fill the picture with what a far, busy hall looks like out of focus: discs of light."""
    height, width = view.picture.shape[:2]
    coarse = np.array(tone(rng, (0.2, 0.6), 0.5)) * rng.uniform(0.6, 1.4, (5, 6, 1))
    coarse = np.clip(coarse + rng.normal(0, 10, (5, 6, 3)), 0, 255).astype(np.uint8)
    view.picture[:] = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    layer = np.zeros_like(view.picture)
    size = rng.uniform(0.015, 0.06) * width
    for _ in range(int(rng.integers(15, 45))):
        spot = (round(rng.uniform(0, 1) * width), round(rng.uniform(0, 1) * height))
        radius = max(round(size * rng.uniform(0.6, 1.2)), 1)
        cv2.circle(layer, spot, radius, tone(rng, (0.3, 1.0), 0.8), -1, cv2.LINE_AA)
    view.picture[:] = cv2.addWeighted(view.picture, 1.0, layer, float(rng.uniform(0.3, 0.8)), 0)


_PLACES = (_corridor, _lobby, _glass_front, _near_wall, _street, _garden, _lights)
_SHARES = (0.22, 0.26, 0.12, 0.16, 0.12, 0.07, 0.05)
