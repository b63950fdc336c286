"""Things in rooms and streets, painted on panels: none of them may look like a face.

``x`` and ``y`` are metres on the panel; unless said otherwise they are the left and top of the
thing. Round things and patterns are wanted: they are what a detector must learn to pass over.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np

from kiosk.simulator.surfaces import Colour, Panel, shade, tone


def door(panel: Panel, rng: np.random.Generator, x: float) -> None:
    """Paint a door that stands on the lower edge: frame, leaf, panes or panels, handle."""
    width, height = rng.uniform(0.85, 1.05), rng.uniform(2.0, 2.15)
    top = panel.height_m - height
    leaf, trim = tone(rng, (0.25, 0.9), 0.6), tone(rng, (0.3, 0.95))
    panel.cast_shadow(x - 0.08, top - 0.08, width + 0.16, height + 0.08)
    panel.box(x - 0.08, top - 0.08, width + 0.16, height + 0.1, trim)
    panel.box(x, top, width, height + 0.1, leaf)
    kind = int(rng.integers(0, 4))
    if kind == 1:
        pane = tone(rng, (0.55, 0.95), 0.2)
        panel.box(x + 0.18, top + 0.2, width - 0.36, 0.9, pane)
        panel.frame(x + 0.18, top + 0.2, width - 0.36, 0.9, shade(leaf, 0.7), 0.02)
    elif kind == 2:
        for row in range(3):
            panel.frame(
                x + 0.14, top + 0.15 + row * 0.62, width - 0.28, 0.5, shade(leaf, 0.75), 0.02
            )
    elif kind == 3:
        panel.box(x + width - 0.3, top + 0.25, 0.12, 1.2, tone(rng, (0.6, 0.95), 0.2))
    panel.line([(x + 0.1, top + 1.08), (x + 0.22, top + 1.08)], (150, 155, 160), 0.025)
    panel.frame(x, top, width, height, shade(leaf, 0.6), 0.01)


def window(panel: Panel, rng: np.random.Generator, x: float, y: float, width: float,
           height: float, outside: Panel | None = None) -> None:  # fmt: skip
    """Paint a window with a bright outside, mullions and a sill; or with the given outside."""
    trim = tone(rng, (0.5, 0.97), 0.2)
    panel.box(x - 0.06, y - 0.06, width + 0.12, height + 0.12, trim)
    x0, y0, x1, y1 = panel.px(x, y, x + width, y + height)
    x0, y0 = max(x0, 0), max(y0, 0)
    hole = panel.pixels[y0:y1, x0:x1]
    if min(hole.shape[:2]) < 2:
        return
    if outside is not None:
        hole[:] = cv2.resize(outside.pixels, (hole.shape[1], hole.shape[0]))
    else:
        hole[:] = _daylight(rng, hole.shape[1], hole.shape[0])
    columns, rows = int(rng.integers(1, 4)), int(rng.integers(1, 3))
    for i in range(1, columns):
        panel.box(x + width * i / columns - 0.02, y, 0.04, height, trim)
    for j in range(1, rows):
        panel.box(x, y + height * j / rows - 0.02, width, 0.04, trim)
    panel.box(x - 0.1, y + height + 0.04, width + 0.2, 0.05, shade(trim, 0.85))


def _daylight(
    rng: np.random.Generator, width: int, height: int
) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Return a blown-out view: sky above, something green or grey below."""
    sky = rng.uniform(226, 248) + np.array([7, 2, rng.uniform(-14, 2)])
    ground = np.array([(150, 190, 170), (190, 200, 205), (140, 170, 160)][int(rng.integers(3))])
    split = rng.uniform(0.3, 0.8)
    mix = 1 / (1 + np.exp(-(np.linspace(0, 1, 24) - split) * 14))[:, None, None]
    coarse = sky * (1 - mix) + ground * mix + rng.normal(0, 9, (24, 1, 1)) * mix
    coarse = coarse + cv2.resize(rng.normal(0, 22, (5, 6)), (20, 24))[..., None] * mix
    return cv2.resize(  # type: ignore[no-any-return]
        np.clip(coarse, 0, 255).astype(np.uint8), (width, height), interpolation=cv2.INTER_CUBIC
    )


def picture(panel: Panel, rng: np.random.Generator, x: float, y: float) -> None:
    """Hang a framed picture or a poster: a landscape, blocks of colour, rings or lines of text."""
    width, height = rng.uniform(0.3, 0.9), rng.uniform(0.3, 0.9)
    panel.cast_shadow(x, y, width, height)
    panel.box(x, y, width, height, tone(rng, (0.05, 0.9), 0.5))
    rim = rng.choice([0.0, 0.02, 0.04])
    inner = (x + rim, y + rim, width - 2 * rim, height - 2 * rim)
    panel.box(*inner, tone(rng, (0.6, 0.98), 0.6))
    kind = int(rng.integers(0, 4))
    left, top, wide, high = inner
    if kind == 0:
        panel.box(left, top + high * 0.55, wide, high * 0.45, tone(rng, (0.2, 0.6), 0.8))
        peak = rng.uniform(0.2, 0.8)
        panel.shape(
            [(left, top + high * 0.6), (left + wide * peak, top + high * 0.2),
             (left + wide, top + high * 0.6)], tone(rng, (0.3, 0.7), 0.6),
        )  # fmt: skip
    elif kind == 1:
        for _ in range(int(rng.integers(3, 7))):
            at = rng.uniform(0, 0.6, 2)
            size = rng.uniform(0.1, 0.4, 2)
            panel.box(left + at[0] * wide, top + at[1] * high, size[0] * wide, size[1] * high,
                      tone(rng, (0.2, 0.95), 0.9))  # fmt: skip
    elif kind == 2:
        radius = min(wide, high) * 0.4
        for ring in range(4):
            panel.disc(left + wide / 2, top + high / 2, radius * (1 - ring / 4),
                       tone(rng, (0.2, 0.95), 0.9))  # fmt: skip
    else:
        ink = tone(rng, (0.05, 0.4), 0.6)
        panel.box(left + wide * 0.1, top + high * 0.08, wide * 0.8, high * 0.14, ink)
        for row in range(6):
            length = rng.uniform(0.4, 0.8)
            panel.box(left + wide * 0.1, top + high * (0.32 + row * 0.1), wide * length,
                      high * 0.03, ink)  # fmt: skip


def clock(panel: Panel, rng: np.random.Generator, x: float, y: float) -> None:
    """Hang a round clock; x and y are its centre."""
    radius = rng.uniform(0.12, 0.2)
    panel.disc(x + 0.02, y + 0.03, radius, (70, 70, 70))
    panel.disc(x, y, radius, tone(rng, (0.05, 0.6)))
    panel.disc(x, y, radius * 0.88, tone(rng, (0.85, 1.0), 0.1))
    for hour in range(12):
        angle = hour * math.pi / 6
        way = (math.sin(angle) * radius, math.cos(angle) * radius)
        panel.line([(x + way[0] * 0.7, y + way[1] * 0.7), (x + way[0] * 0.8, y + way[1] * 0.8)],
                   (40, 40, 40), 0.008)  # fmt: skip
    for length, angle in ((0.45, rng.uniform(0, 6.3)), (0.66, rng.uniform(0, 6.3))):
        tip = (x + math.sin(angle) * radius * length, y - math.cos(angle) * radius * length)
        panel.line([(x, y), tip], (30, 30, 30), 0.012)


def mirror(panel: Panel, rng: np.random.Generator, x: float, y: float) -> None:
    """Hang an oval mirror that shows a plain part of the room; x and y are its centre."""
    radius_x = rng.uniform(0.16, 0.28)
    radius_y = radius_x * rng.uniform(1.2, 1.6)
    panel.disc(x, y, radius_x + 0.03, tone(rng, (0.2, 0.8), 0.7), radius_y + 0.03)
    base = tone(rng, (0.55, 0.85), 0.25)
    panel.disc(x, y, radius_x, base, radius_y)
    panel.line([(x - radius_x * 0.4, y + radius_y * 0.5), (x + radius_x * 0.5, y - radius_y * 0.5)],
               shade(base, 1.15), 0.06)  # fmt: skip


def coat(panel: Panel, rng: np.random.Generator, x: float, y: float) -> None:
    """Hang a coat on a hook, perhaps a hat above it; x and y are the hook."""
    cloth, width = tone(rng, (0.12, 0.7), 0.7), rng.uniform(0.2, 0.28)
    panel.shape(
        [(x - 0.05, y), (x + 0.05, y), (x + width, y + 0.22), (x + width * 1.05, y + 0.95),
         (x - width * 1.05, y + 0.98), (x - width, y + 0.24)], cloth,
    )  # fmt: skip
    panel.line([(x, y + 0.06), (x + 0.01, y + 0.96)], shade(cloth, 0.6), 0.012)
    panel.line([(x - width * 0.6, y + 0.2), (x - width * 0.7, y + 0.95)], shade(cloth, 0.75), 0.02)
    if rng.random() < 0.6:
        hat = tone(rng, (0.15, 0.8), 0.6)
        panel.disc(x, y - 0.03, 0.2, shade(hat, 0.8), 0.05)
        panel.disc(x, y - 0.1, 0.11, hat, 0.1)
    else:
        panel.disc(x, y, 0.02, (60, 60, 60))


def shelf(panel: Panel, rng: np.random.Generator, x: float, y: float) -> None:
    """Mount a shelf of books, folders and pots; y is the highest board."""
    width, wood = rng.uniform(0.8, 1.8), tone(rng, (0.25, 0.8), 0.5)
    for row in range(int(rng.integers(2, 6))):
        base = y + (row + 1) * 0.36
        panel.box(x, base - 0.34, width, 0.34, shade(wood, 0.5))
        at = x + 0.02
        while at < x + width - 0.1:
            if rng.random() < 0.12:
                radius = rng.uniform(0.05, 0.1)
                panel.disc(at + radius, base - radius, radius, tone(rng, (0.3, 0.9), 0.7))
                at += 2 * radius + 0.03
                continue
            thick, high = rng.uniform(0.02, 0.07), rng.uniform(0.18, 0.3)
            panel.box(at, base - high, thick * 0.9, high, tone(rng, (0.15, 0.95), 0.8))
            at += thick + (0.1 if rng.random() < 0.06 else 0)
        panel.box(x - 0.02, base, width + 0.04, 0.03, wood)


def sign(panel: Panel, rng: np.random.Generator, x: float, y: float) -> None:
    """Mount an emergency exit sign: a lit green box."""
    panel.box(x, y, 0.36, 0.18, (90, 190, 60))
    panel.shape([(x + 0.2, y + 0.05), (x + 0.32, y + 0.09), (x + 0.2, y + 0.13)], (245, 255, 245))
    panel.box(x + 0.06, y + 0.075, 0.14, 0.03, (245, 255, 245))


def sconce(panel: Panel, rng: np.random.Generator, x: float, y: float) -> None:
    """Mount a lamp that lights the wall around it; x and y are its centre."""
    cx, cy, reach = panel.px(x, y, 0.9)
    x0, y0 = max(cx - reach, 0), max(cy - reach, 0)
    part = panel.pixels[y0 : cy + reach, x0 : cx + reach]
    if min(part.shape[:2]) > 2:
        across = np.arange(part.shape[1]) + x0 - cx
        down = np.arange(part.shape[0]) + y0 - cy
        fall = np.exp(-np.add.outer(down**2 * 0.7, across**2) / (0.3 * reach) ** 2)
        warm = np.array([0.55, 0.8, 1.0])
        part[:] = np.clip(part * (1 + 0.6 * fall[..., None] * warm), 0, 255)
    if rng.random() < 0.5:
        panel.disc(x, y, rng.uniform(0.07, 0.13), (225, 245, 255))
    else:
        panel.shape([(x - 0.08, y + 0.1), (x - 0.05, y - 0.1), (x + 0.05, y - 0.1),
                     (x + 0.08, y + 0.1)], (205, 238, 255))  # fmt: skip


def radiator(panel: Panel, rng: np.random.Generator, x: float) -> None:
    """Mount a radiator near the floor."""
    width, top = rng.uniform(0.8, 1.6), panel.height_m - 0.75
    colour = tone(rng, (0.75, 0.97), 0.1)
    panel.cast_shadow(x, top, width, 0.6)
    for i in range(int(width / 0.06)):
        panel.box(x + i * 0.06, top, 0.05, 0.6, shade(colour, 1.0 if i % 2 else 0.93))
        panel.box(x + i * 0.06 + 0.05, top, 0.01, 0.6, shade(colour, 0.6))


Fixture = Callable[[Panel, np.random.Generator, float, float], None]
"""Paints something whose place on the wall is given."""
FIXTURES: tuple[Fixture, ...] = (
    picture, picture, picture, clock, mirror, coat, shelf, sign, sconce,
)  # fmt: skip


def lamp_panel(panel: Panel, rng: np.random.Generator) -> None:
    """Set lamps into a ceiling: squares, strips or round ones."""
    kind, step = int(rng.integers(0, 3)), float(rng.uniform(1.4, 2.6))
    middle = panel.width_m / 2
    glow: Colour = (248, 252, 255)
    for i in range(int(panel.height_m / step) + 1):
        y = (i + 0.5) * step
        if kind == 0:
            panel.box(middle - 0.3, y - 0.3, 0.6, 0.6, glow)
        elif kind == 1:
            panel.box(middle - 0.06, y - 0.6, 0.12, 1.2, glow)
        else:
            panel.disc(middle, y, 0.14, glow)
