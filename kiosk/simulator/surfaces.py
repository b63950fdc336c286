"""What walls, floors and ceilings are made of, painted flat in metres."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.domain import Pixels

Colour = tuple[int, int, int]
"""BGR, 0–255."""
_TILE_PX = 512


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """A flat rectangle that can be painted on; x right and y down, in metres."""

    pixels: Pixels
    px_per_m: float

    @property
    def width_m(self) -> float:
        return float(self.pixels.shape[1] / self.px_per_m)

    @property
    def height_m(self) -> float:
        return float(self.pixels.shape[0] / self.px_per_m)

    def px(self, *metres: float) -> tuple[int, ...]:
        """Return metres as whole pixels."""
        return tuple(round(value * self.px_per_m) for value in metres)

    def box(self, x: float, y: float, width: float, height: float, colour: Colour) -> None:
        """Fill a rectangle."""
        x0, y0, x1, y1 = self.px(x, y, x + width, y + height)
        cv2.rectangle(self.pixels, (x0, y0), (x1, y1), colour, -1)

    def frame(
        self, x: float, y: float, width: float, height: float, colour: Colour, thick: float
    ) -> None:
        """Draw the border of a rectangle."""
        x0, y0, x1, y1, pen = self.px(x, y, x + width, y + height, thick)
        cv2.rectangle(self.pixels, (x0, y0), (x1, y1), colour, max(pen, 1))

    def disc(
        self, x: float, y: float, radius: float, colour: Colour, radius_y: float = 0.0
    ) -> None:
        """Fill a circle, or an ellipse with axes along the panel."""
        cx, cy, rx, ry = self.px(x, y, radius, radius_y or radius)
        cv2.ellipse(
            self.pixels, (cx, cy), (max(rx, 1), max(ry, 1)), 0, 0, 360, colour, -1, cv2.LINE_AA
        )

    def line(self, points: list[tuple[float, float]], colour: Colour, thick: float) -> None:
        """Draw a line through points."""
        spots = np.array([self.px(*point) for point in points], np.int32)
        pen = max(self.px(thick)[0], 1)
        cv2.polylines(self.pixels, [spots], False, colour, pen, cv2.LINE_AA)

    def shape(self, points: list[tuple[float, float]], colour: Colour) -> None:
        """Fill a polygon."""
        spots = np.array([self.px(*point) for point in points], np.int32)
        cv2.fillPoly(self.pixels, [spots], colour, cv2.LINE_AA)

    def cast_shadow(self, x: float, y: float, width: float, height: float) -> None:
        """Darken softly around a rectangle that something will cover."""
        soft = max(self.px(0.05)[0], 1)
        x0, y0, x1, y1 = self.px(x, y, x + width, y + height)
        x0, y0 = max(x0 - soft, 0), max(y0 - soft, 0)
        part = self.pixels[y0 : y1 + 3 * soft, x0 : x1 + 3 * soft]
        if min(part.shape[:2]) < 3:
            return
        dark = np.full(part.shape[:2], 255, np.uint8)
        dark[2 * soft : y1 - y0 + soft, 2 * soft : x1 - x0 + soft] = 130
        dark = cv2.blur(dark, (2 * soft + 1, 2 * soft + 1))
        part[:] = cv2.multiply(part, cv2.cvtColor(dark, cv2.COLOR_GRAY2BGR), scale=1 / 255)


def blank(width_m: float, height_m: float, px_per_m: float, colour: Colour) -> Panel:
    """Return a panel of one colour."""
    shape = (max(round(height_m * px_per_m), 4), max(round(width_m * px_per_m), 4), 3)
    pixels = np.empty(shape, np.uint8)
    # Several times as fast as NumPy's filling with three values in turn.
    cv2.rectangle(pixels, (0, 0), (shape[1], shape[0]), colour, -1)
    return Panel(pixels, px_per_m)


def tone(rng: np.random.Generator, value: tuple[float, float], saturation: float = 0.35) -> Colour:
    """Return a colour of any hue: brightness between the two values, 0–1, rarely saturated."""
    hue = rng.choice([rng.uniform(0, 180), rng.normal(16, 8) % 180])
    hsv = np.array(
        [[[hue, 255 * saturation * rng.random() ** 1.5, 255 * rng.uniform(*value)]]], np.uint8
    )
    blue, green, red = cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)[0, 0].tolist()
    return blue, green, red


def shade(colour: Colour, factor: float) -> Colour:
    """Return a lighter or darker colour."""
    blue, green, red = (min(max(round(v * factor), 0), 255) for v in colour)
    return blue, green, red


# --- materials --------------------------------------------------------------------------------


def plaster(panel: Panel, rng: np.random.Generator) -> None:
    """Roughen evenly; often paint the lower part in another colour."""
    if rng.random() < 0.3:
        height = rng.uniform(0.9, 1.3)
        colour = tone(rng, (0.3, 0.75))
        panel.box(0, panel.height_m - height, panel.width_m, height, colour)
        panel.box(0, panel.height_m - height - 0.03, panel.width_m, 0.03, shade(colour, 0.7))


def bricks(panel: Panel, rng: np.random.Generator) -> None:
    """Lay bricks in stretcher bond."""
    _lay(panel, rng, (0.25, 0.085), 0.5, tone(rng, (0.35, 0.65), 0.7), 0.14)


def tiles(panel: Panel, rng: np.random.Generator) -> None:
    """Lay tiles, small or large, sometimes as a chequerboard."""
    side = float(rng.choice([0.1, 0.15, 0.3, 0.6]))
    colour = tone(rng, (0.4, 0.92), 0.4)
    _lay(panel, rng, (side * rng.choice([1, 1, 2]), side), rng.choice([0, 0, 0.5]), colour, 0.03)


def chequers(panel: Panel, rng: np.random.Generator) -> None:
    """Lay tiles of two colours in turn."""
    side = float(rng.choice([0.2, 0.3, 0.5]))
    colours = np.array([tone(rng, (0.55, 0.9)), tone(rng, (0.12, 0.5))], np.uint8)
    rows, columns = int(panel.height_m / side) + 1, int(panel.width_m / side) + 1
    small = colours[np.add.outer(np.arange(rows), np.arange(columns)) % 2]
    _spread(panel, small, side, side)


def boards(panel: Panel, rng: np.random.Generator) -> None:
    """Cover with wooden boards, upright or lying."""
    wide = float(rng.uniform(0.08, 0.22))
    colour = np.array(rng.choice([(70, 110, 160), (50, 80, 120), (110, 150, 190), (40, 52, 74)]))
    count = int(max(panel.width_m, panel.height_m) / wide) + 1
    small = colour * (1 + rng.normal(0, 0.1, (1, count, 1)))
    upright = rng.random() < 0.5
    cells = np.clip(small, 0, 255).astype(np.uint8)
    if upright:
        _spread(panel, cells, wide, panel.height_m)
    else:
        _spread(panel, cells.transpose(1, 0, 2), panel.width_m, wide)
    line = shade(tuple(colour.tolist()), 0.5)
    for i in range(count + 1):
        if upright:
            panel.box(i * wide, 0, 0.004, panel.height_m, line)
        else:
            panel.box(0, i * wide, panel.width_m, 0.004, line)
    _overlay(panel, rng, (0.5, 0.02) if not upright else (0.02, 0.5), 17)


def concrete(panel: Panel, rng: np.random.Generator) -> None:
    """Stain the wall and press the joints of the formwork into it."""
    _overlay(panel, rng, (0.7, 0.5), 9)
    step = float(rng.uniform(0.9, 1.6))
    mean = tuple(int(v) for v in panel.pixels.reshape(-1, 3)[::997].mean(axis=0))
    for i in range(int(panel.width_m / step) + 1):
        panel.box(i * step, 0, 0.012, panel.height_m, shade(mean, 0.75))  # type: ignore[arg-type]


def wallpaper(panel: Panel, rng: np.random.Generator) -> None:
    """Print a repeated pattern: stripes, dots, rings or diamonds."""
    kind, pitch = int(rng.integers(0, 4)), float(rng.uniform(0.09, 0.35))
    ink = tone(rng, (0.25, 0.9), 0.6)
    for i in range(int(panel.width_m / pitch) + 1):
        x = (i + 0.5) * pitch
        if kind == 0:
            panel.box(x, 0, pitch * 0.4, panel.height_m, ink)
            continue
        for j in range(int(panel.height_m / pitch) + 1):
            y = (j + 0.5 * (i % 2)) * pitch
            half = pitch * 0.3
            if kind == 1:
                panel.disc(x, y, half * 0.8, ink)
            elif kind == 2:
                cx, cy, radius, pen = panel.px(x, y, half * 1.2, half * 0.3)
                cv2.circle(panel.pixels, (cx, cy), max(radius, 1), ink, max(pen, 1), cv2.LINE_AA)
            else:
                panel.shape([(x - half, y), (x, y - half), (x + half, y), (x, y + half)], ink)


def curtain(panel: Panel, rng: np.random.Generator) -> None:
    """Hang cloth in folds."""
    columns = panel.pixels.shape[1]
    x = np.arange(columns) / panel.px_per_m
    fold = rng.uniform(0.1, 0.22)
    wave = np.sin(x / fold * 6.28 + 1.5 * np.sin(x * rng.uniform(2, 5))) * 0.16 + 0.9
    row = panel.pixels[:1].astype(np.float32) * wave[None, :, None].astype(np.float32)
    panel.pixels[:] = np.clip(row, 0, 255).astype(np.uint8)


def leaves(panel: Panel, rng: np.random.Generator) -> None:
    """Grow a dense hedge: clumps of light and dark leaves."""
    _overlay(panel, rng, (0.5, 0.4), 30)
    _overlay(panel, rng, (0.07, 0.06), 48)
    _overlay(panel, rng, (0.03, 0.025), 40)


def asphalt(panel: Panel, rng: np.random.Generator) -> None:
    """Roughen coarsely."""
    _overlay(panel, rng, (0.8, 0.5), 14)
    _overlay(panel, rng, (0.03, 0.03), 22)


Material = Callable[[Panel, np.random.Generator], None]
WALLS: tuple[Material, ...] = (
    plaster, plaster, plaster, bricks, tiles, boards, concrete, wallpaper,
)  # fmt: skip
FLOORS: tuple[Material, ...] = (tiles, chequers, boards, asphalt, concrete)


def finish(panel: Panel, rng: np.random.Generator, unevenness: float = 0.12) -> None:
    """Light the panel unevenly, darken its edges, roughen it."""
    height, width = panel.pixels.shape[:2]
    # Enlarging a few numbers is quick and smooth; the outermost are the corners of the room.
    light = 1 + rng.uniform(-unevenness, unevenness, (6, 8)).astype(np.float32)
    light[0] *= 0.92
    light[-1] *= 0.86
    light[:, 0] *= 0.88
    light[:, -1] *= 0.88
    gain = cv2.resize(np.clip(light * 128, 0, 255).astype(np.uint8), (width, height),
                      interpolation=cv2.INTER_LINEAR)  # fmt: skip
    gain = cv2.add(gain, _noise_like(rng, width, height, 2), dtype=cv2.CV_8U)
    panel.pixels[:] = cv2.multiply(
        panel.pixels, cv2.cvtColor(gain, cv2.COLOR_GRAY2BGR), scale=1 / 128
    )


def _lay(
    panel: Panel,
    rng: np.random.Generator,
    size: tuple[float, float],
    shift: float,
    colour: Colour,
    variety: float,
) -> None:
    wide, high = size
    rows, columns = int(panel.height_m / high) + 1, int(panel.width_m / wide) + 3
    cells = np.array(colour) * (1 + rng.normal(0, variety, (rows, columns, 1)))
    cells = np.clip(cells + rng.normal(0, 30 * variety, (rows, columns, 3)), 0, 255)
    mortar = shade(colour, float(rng.choice([0.6, 0.75, 1.35])))
    joint = max(min(high * 0.08, 0.008), 1 / panel.px_per_m)
    x = np.arange(panel.pixels.shape[1]) / panel.px_per_m
    for row in range(rows):
        place = x + shift * wide * (row % 2)
        line = cells[row].astype(np.uint8)[(place / wide).astype(np.intp)]
        line[place % wide < joint] = mortar
        top, seam, below = panel.px(row * high, row * high + joint, (row + 1) * high)
        panel.pixels[top:seam] = mortar
        panel.pixels[seam:below] = line


def _spread(panel: Panel, cells: Pixels, wide: float, high: float) -> None:
    """Enlarge an array of cells of the given size over the panel, sharp between cells."""
    size = panel.px(cells.shape[1] * wide, cells.shape[0] * high)
    large = cv2.resize(cells, (max(size[0], 1), max(size[1], 1)), interpolation=cv2.INTER_NEAREST)
    height = min(large.shape[0], panel.pixels.shape[0])
    width = min(large.shape[1], panel.pixels.shape[1])
    panel.pixels[:height, :width] = large[:height, :width]


def _overlay(
    panel: Panel, rng: np.random.Generator, cell: tuple[float, float], depth: float
) -> None:
    """Lighten and darken in blotches of about the cell's size in metres; depth 128 is all."""
    height, width = panel.pixels.shape[:2]
    cells = (max(int(panel.width_m / cell[0]), 2), max(int(panel.height_m / cell[1]), 2))
    coarse = _noise_like(rng, min(cells[0], width), min(cells[1], height), depth)
    gain = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    gain = cv2.add(gain, np.full(4, 128.0), dtype=cv2.CV_8U)
    panel.pixels[:] = cv2.multiply(
        panel.pixels, cv2.cvtColor(gain, cv2.COLOR_GRAY2BGR), scale=1 / 128
    )


def _noise_like(
    rng: np.random.Generator, width: int, height: int, deviation: float
) -> NDArray[np.int16]:
    """Return noise (height, width) cut from the stored tile at a place chosen by chance."""
    x, y = (int(v) for v in rng.integers(0, _TILE_PX, 2))
    rows = (np.arange(height) + y) % _TILE_PX
    columns = (np.arange(width) + x) % _TILE_PX
    part = _noise_tile()[rows][:, columns]
    # The tile's deviation is 64, its extremes 250: the product stays within 16 bits.
    noise: NDArray[np.int16] = (part * np.int16(min(deviation, 120))) >> np.int16(6)
    return noise


@functools.lru_cache(maxsize=1)
def _noise_tile() -> NDArray[np.int16]:
    rng = np.random.default_rng(99)
    tile = np.clip(rng.standard_normal((_TILE_PX, _TILE_PX)) * 64, -250, 250).astype(np.int16)
    tile.flags.writeable = False
    return tile
