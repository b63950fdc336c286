"""Things that stand free in a room or street, painted upright into the picture itself.

Each is given the picture, the place of its foot in pixels and the scale in pixels per metre. None
may look like a face; round and skin-coloured ones are there on purpose.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np

from kiosk.domain import Pixels
from kiosk.simulator.surfaces import Panel, shade, tone

Stander = Callable[[Pixels, np.random.Generator, float, float, float], None]
_BITS = 4


def _ellipse(picture: Pixels, centre: tuple[float, float], axes: tuple[float, float],
             turn_deg: float, colour: tuple[int, int, int]) -> None:  # fmt: skip
    fine = 1 << _BITS
    cv2.ellipse(
        picture, (round(centre[0] * fine), round(centre[1] * fine)),
        (max(round(axes[0] * fine), 1), max(round(axes[1] * fine), 1)),
        turn_deg, 0, 360, colour, -1, cv2.LINE_AA, _BITS,
    )  # fmt: skip


def _foot_shadow(picture: Pixels, x: float, y: float, radius: float) -> None:
    x0, y0 = max(int(x - 2 * radius), 0), max(int(y - radius), 0)
    part = picture[y0 : max(int(y + radius), 0), x0 : max(int(x + 2 * radius), 0)]
    if min(part.shape[:2]) < 3:
        return
    across = (np.arange(part.shape[1]) + x0 - x) / (radius * 1.1)
    down = (np.arange(part.shape[0]) + y0 - y) / (radius * 0.35)
    dark = 255 * (1 - 0.45 * np.exp(-np.add.outer(down**2, across**2)))
    gain = cv2.cvtColor(dark.astype(np.uint8), cv2.COLOR_GRAY2BGR)
    part[:] = cv2.multiply(part, gain, scale=1 / 255)


def plant(picture: Pixels, rng: np.random.Generator, x: float, y: float, scale: float) -> None:
    """Stand a plant in a pot."""
    _foot_shadow(picture, x, y, 0.3 * scale)
    pot, tall = tone(rng, (0.25, 0.9), 0.8), rng.uniform(0.3, 0.45)
    half = 0.17
    corners = [(-half * 0.75, 0), (half * 0.75, 0), (half, -tall), (-half, -tall)]
    spots = np.array([(x + a * scale, y + b * scale) for a, b in corners], np.int32)
    cv2.fillPoly(picture, [spots], pot, cv2.LINE_AA)
    lit = np.array(
        [(x - half * scale * 0.5, y), (x - half * scale * 0.2, y),
         (x - half * scale * 0.3, y - tall * scale), (x - half * scale * 0.7, y - tall * scale)],
        np.int32,
    )  # fmt: skip
    cv2.fillPoly(picture, [lit], shade(pot, 1.15), cv2.LINE_AA)
    green = np.array([rng.uniform(30, 80), rng.uniform(90, 150), rng.uniform(30, 100)])
    size, thin = rng.uniform(0.25, 0.5), rng.uniform(0.12, 0.35)
    for leaf in range(36):
        angle = rng.normal(0, 0.75)
        length = size * rng.uniform(0.6, 1.6)
        middle = (x + math.sin(angle) * length * scale * 0.75,
                  y - tall * scale - math.cos(angle) * length * scale * 0.8)  # fmt: skip
        colour = np.clip(green * (0.5 + 0.9 * leaf / 36) + rng.normal(0, 12), 0, 255)
        axes = (length * scale * 0.45, length * scale * 0.45 * thin)
        blue, green_, red = (int(v) for v in colour)
        _ellipse(picture, middle, axes, math.degrees(angle) - 90, (blue, green_, red))


def floor_lamp(picture: Pixels, rng: np.random.Generator, x: float, y: float, scale: float) -> None:
    """Stand a floor lamp with a lit shade."""
    tall = rng.uniform(1.4, 1.7)
    _foot_shadow(picture, x, y, 0.18 * scale)
    metal = tone(rng, (0.15, 0.6))
    pen = max(round(0.025 * scale), 1)
    cv2.line(picture, (round(x), round(y)), (round(x), round(y - tall * scale)), metal, pen)
    _ellipse(picture, (x, y), (0.14 * scale, 0.04 * scale), 0, metal)
    top = y - (tall + 0.25) * scale
    corners = [(-0.22, 0.3), (0.22, 0.3), (0.14, 0.0), (-0.14, 0.0)]
    spots = np.array([(x + a * scale, top + b * scale) for a, b in corners], np.int32)
    cv2.fillPoly(picture, [spots], (190, 228, 250), cv2.LINE_AA)


def balloons(picture: Pixels, rng: np.random.Generator, x: float, y: float, scale: float) -> None:
    """Let balloons float on strings, some of them the colour of skin."""
    for _ in range(int(rng.choice([1, 1, 3]))):
        at = (x + rng.uniform(-0.4, 0.4) * scale, y - rng.uniform(1.3, 1.9) * scale)
        radius = rng.uniform(0.11, 0.17) * scale
        skin = (int(rng.integers(100, 170)), int(rng.integers(140, 190)), 220)
        colour = tone(rng, (0.5, 1.0), 1.0) if rng.random() < 0.6 else skin
        cv2.line(picture, (round(at[0]), round(at[1])), (round(x), round(y)), (120, 120, 120), 1,
                 cv2.LINE_AA)  # fmt: skip
        _ball(picture, at, (radius, radius * 1.2), colour)


def ball(picture: Pixels, rng: np.random.Generator, x: float, y: float, scale: float) -> None:
    """Lay a large ball on the floor."""
    radius = rng.uniform(0.12, 0.33) * scale
    _foot_shadow(picture, x, y, radius)
    _ball(picture, (x, y - radius), (radius, radius), tone(rng, (0.4, 1.0), 1.0))


def _ball(picture: Pixels, centre: tuple[float, float], axes: tuple[float, float],
          colour: tuple[int, int, int]) -> None:  # fmt: skip
    """Paint a shaded round: discs that shrink towards the light."""
    for step in range(8):
        share = step / 8
        middle = (centre[0] - axes[0] * 0.28 * share, centre[1] - axes[1] * 0.32 * share)
        grown = (axes[0] * (1 - 0.9 * share), axes[1] * (1 - 0.9 * share))
        _ellipse(picture, middle, grown, 0, shade(colour, 0.68 + 0.5 * share))


def coat_stand(picture: Pixels, rng: np.random.Generator, x: float, y: float, scale: float) -> None:
    """Stand a pole with a coat and a hat: a person's shape without a face."""
    _foot_shadow(picture, x, y, 0.25 * scale)
    wood = tone(rng, (0.15, 0.5), 0.6)
    pen = max(round(0.04 * scale), 1)
    cv2.line(picture, (round(x), round(y)), (round(x), round(y - 1.8 * scale)), wood, pen)
    cloth = tone(rng, (0.12, 0.75), 0.7)
    outline = [(-0.06, 1.62), (0.06, 1.62), (0.24, 1.45), (0.27, 0.6), (-0.26, 0.58), (-0.24, 1.44)]
    spots = np.array([(x + a * scale, y - b * scale) for a, b in outline], np.int32)
    cv2.fillPoly(picture, [spots], cloth, cv2.LINE_AA)
    cv2.line(picture, (round(x), round(y - 1.6 * scale)), (round(x + 0.02 * scale),
             round(y - 0.6 * scale)), shade(cloth, 0.6), max(pen // 2, 1), cv2.LINE_AA)  # fmt: skip
    if rng.random() < 0.7:
        hat = tone(rng, (0.15, 0.85), 0.6)
        _ellipse(picture, (x, y - 1.8 * scale), (0.17 * scale, 0.05 * scale), 0, shade(hat, 0.8))
        _ellipse(picture, (x, y - 1.85 * scale), (0.1 * scale, 0.07 * scale), 0, hat)


def seat(picture: Pixels, rng: np.random.Generator, x: float, y: float, scale: float) -> None:
    """Stand an armchair or a bench."""
    _foot_shadow(picture, x, y, 0.5 * scale)
    cloth, half = tone(rng, (0.2, 0.75), 0.8), rng.uniform(0.35, 0.8)
    panel = Panel(picture, scale)
    left, foot = x / scale - half, y / scale
    panel.box(left, foot - 0.85, 2 * half, 0.5, shade(cloth, 0.85))
    panel.box(left, foot - 0.45, 2 * half, 0.18, cloth)
    panel.box(left, foot - 0.27, 2 * half, 0.2, shade(cloth, 0.7))
    for side in (left - 0.08, left + 2 * half):
        panel.box(side, foot - 0.62, 0.1, 0.58, shade(cloth, 0.78))


def tree(picture: Pixels, rng: np.random.Generator, x: float, y: float, scale: float) -> None:
    """Grow a tree."""
    _foot_shadow(picture, x, y, 0.8 * scale)
    trunk, tall = tone(rng, (0.15, 0.4), 0.5), rng.uniform(1.6, 3.0)
    cv2.line(picture, (round(x), round(y)), (round(x), round(y - (tall + 0.6) * scale)), trunk,
             max(round(rng.uniform(0.15, 0.3) * scale), 1))  # fmt: skip
    green = np.array([rng.uniform(30, 70), rng.uniform(80, 140), rng.uniform(40, 120)])
    wide = rng.uniform(0.9, 1.8)
    for clump in range(70):
        way, out = rng.uniform(0, 6.3), math.sqrt(rng.random())
        middle = (x + math.cos(way) * out * wide * scale,
                  y - (tall + wide + math.sin(way) * out * wide) * scale)  # fmt: skip
        colour = np.clip(green * (0.55 + 0.75 * clump / 70) + rng.normal(0, 14), 0, 255)
        blue, green_, red = (int(v) for v in colour)
        size = rng.uniform(0.14, 0.4) * scale
        _ellipse(picture, middle, (size, size * 0.75), rng.uniform(0, 180), (blue, green_, red))


def street_lamp(
    picture: Pixels, rng: np.random.Generator, x: float, y: float, scale: float
) -> None:
    """Stand a street lamp with a globe."""
    tall, metal = rng.uniform(2.6, 3.6), tone(rng, (0.1, 0.5))
    top = y - tall * scale
    pen = max(round(0.1 * scale), 1)
    cv2.line(picture, (round(x), round(y)), (round(x), round(top)), metal, pen, cv2.LINE_AA)
    _ball(picture, (x, top), (0.2 * scale, 0.2 * scale), (225, 235, 238))


def car(picture: Pixels, rng: np.random.Generator, x: float, y: float, scale: float) -> None:
    """Park a car, seen from the side."""
    _foot_shadow(picture, x, y, 2.2 * scale)
    paint = tone(rng, (0.15, 0.95), 0.9)
    sign = 1 if rng.random() < 0.5 else -1

    def fill(outline: list[tuple[float, float]], colour: tuple[int, int, int]) -> None:
        spots = np.array([(x + sign * a * scale, y - b * scale) for a, b in outline], np.int32)
        cv2.fillPoly(picture, [spots], colour, cv2.LINE_AA)

    fill([(-2.1, 0.3), (-2.1, 0.85), (-1.3, 0.95), (-0.6, 1.42), (0.9, 1.42), (1.6, 0.95),
          (2.1, 0.8), (2.1, 0.3)], paint)  # fmt: skip
    glass = tone(rng, (0.2, 0.55), 0.2)
    fill([(-1.1, 0.95), (-0.5, 1.34), (0.05, 1.34), (0.05, 0.95)], glass)
    fill([(0.15, 0.95), (0.15, 1.34), (0.8, 1.34), (1.4, 0.95)], glass)
    fill([(-2.1, 0.3), (-2.1, 0.42), (2.1, 0.42), (2.1, 0.3)], shade(paint, 0.6))
    for wheel in (-1.35, 1.35):
        hub = (x + sign * wheel * scale, y - 0.32 * scale)
        _ellipse(picture, hub, (0.33 * scale, 0.33 * scale), 0, (28, 28, 28))
        _ellipse(picture, hub, (0.18 * scale, 0.18 * scale), 0, (150, 150, 150))


def bollard(picture: Pixels, rng: np.random.Generator, x: float, y: float, scale: float) -> None:
    """Stand a bollard with a round head."""
    _foot_shadow(picture, x, y, 0.15 * scale)
    metal = tone(rng, (0.15, 0.7), 0.4)
    cv2.line(picture, (round(x), round(y)), (round(x), round(y - 0.8 * scale)), metal,
             max(round(0.14 * scale), 1))  # fmt: skip
    _ball(picture, (x, y - 0.85 * scale), (0.11 * scale, 0.11 * scale), metal)


INDOORS: tuple[Stander, ...] = (plant, plant, floor_lamp, balloons, ball, coat_stand, seat)
OUTDOORS: tuple[Stander, ...] = (tree, tree, street_lamp, car, bollard, ball, balloons)
