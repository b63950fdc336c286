"""Masks as people wear them: cut, colours, pattern, and the cloth they are made of."""

from __future__ import annotations

import dataclasses
import enum
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Map = NDArray[np.float64]
TEXTURE_PX = 192


class MaskShape(enum.Enum):
    """How a mask is cut."""

    SURGICAL = "surgical"
    """A pleated rectangle from the bridge of the nose to under the chin."""
    MOULDED = "moulded"
    """A filtering half mask with a beak and a seam down the middle (KN95)."""
    FOLDED = "folded"
    """A filtering half mask of three panels, one above the other (KF94, FFP2 flat fold)."""
    CLOTH = "cloth"
    """Sewn cloth that follows the face."""
    SCARF = "scarf"
    """A scarf or bandana from the nose down to the neck."""


class MaskPattern(enum.Enum):
    """What is printed on it."""

    PLAIN = "plain"
    DOTS = "dots"
    STRIPES = "stripes"
    CHECKS = "checks"
    MOTTLED = "mottled"


@dataclass(frozen=True, slots=True)
class MaskStyle:
    """A mask: cut, colours (blue, green, red) and how high it is worn."""

    name: str
    shape: MaskShape
    colour: tuple[int, int, int]
    pattern: MaskPattern = MaskPattern.PLAIN
    second: tuple[int, int, int] = (255, 255, 255)
    top: float = 0.33
    """Upper edge on the nose, eye distances below the eyes; the tip is at 0.57."""
    width: float = 1.0
    """Times the usual width."""
    seed: int = 0
    """Of the mottling and of the folds."""


_BLUE, _WHITE, _BLACK = (200, 165, 105), (232, 234, 234), (38, 36, 36)
STYLES: tuple[MaskStyle, ...] = (
    MaskStyle("surgical-blue", MaskShape.SURGICAL, _BLUE),
    MaskStyle("surgical-white", MaskShape.SURGICAL, _WHITE, top=0.28),
    MaskStyle("surgical-black", MaskShape.SURGICAL, _BLACK, top=0.38),
    MaskStyle("surgical-green", MaskShape.SURGICAL, (175, 195, 150), top=0.45),
    MaskStyle("surgical-pink", MaskShape.SURGICAL, (190, 175, 225), top=0.25),
    MaskStyle("kn95-white", MaskShape.MOULDED, _WHITE, top=0.22),
    MaskStyle("kn95-black", MaskShape.MOULDED, _BLACK, top=0.30),
    MaskStyle("ffp2-white", MaskShape.FOLDED, _WHITE, top=0.20),
    MaskStyle("ffp2-grey", MaskShape.FOLDED, (120, 118, 115), top=0.32),
    MaskStyle("cloth-black", MaskShape.CLOTH, (30, 28, 30), top=0.36),
    MaskStyle("cloth-navy", MaskShape.CLOTH, (85, 50, 35), top=0.30),
    MaskStyle("cloth-red", MaskShape.CLOTH, (45, 40, 150), top=0.42),
    MaskStyle("cloth-beige", MaskShape.CLOTH, (150, 180, 205), top=0.35),
    MaskStyle("cloth-dots", MaskShape.CLOTH, (140, 60, 40), MaskPattern.DOTS, top=0.33),
    MaskStyle("cloth-checks", MaskShape.CLOTH, (60, 60, 190), MaskPattern.CHECKS, top=0.38),
    MaskStyle(
        "cloth-stripes", MaskShape.CLOTH, (110, 95, 85), MaskPattern.STRIPES, (200, 200, 195)
    ),
    MaskStyle(
        "cloth-mottled", MaskShape.CLOTH, (70, 95, 85), MaskPattern.MOTTLED, (40, 55, 50), 0.40
    ),
    MaskStyle("scarf-grey", MaskShape.SCARF, (105, 100, 98), top=0.50),
    MaskStyle("scarf-brown", MaskShape.SCARF, (60, 85, 125), MaskPattern.STRIPES, (50, 50, 60)),
)
"""The masks that are worn most, then patterns and scarves."""


def random_style(rng: np.random.Generator) -> MaskStyle:
    """Return a mask of any cut, colour, pattern and height."""
    base = STYLES[int(rng.integers(len(STYLES)))]
    if rng.random() < 0.5:
        colour, second = (_triple(rng.integers(15, 245, 3)) for _ in range(2))
        patterns = list(MaskPattern)
        pattern = patterns[int(rng.integers(len(patterns)))]
        if base.shape in (MaskShape.SURGICAL, MaskShape.MOULDED, MaskShape.FOLDED):
            pattern = base.pattern
        base = dataclasses.replace(base, colour=colour, second=second, pattern=pattern)
    else:
        shift = rng.integers(-20, 21, 3)
        jittered = np.clip(np.array(base.colour) + shift, 5, 250)
        base = dataclasses.replace(base, colour=_triple(jittered))
    return dataclasses.replace(
        base,
        name="random",
        top=float(rng.uniform(0.15, 0.62)),
        width=float(rng.uniform(0.88, 1.08)),
        seed=int(rng.integers(1 << 30)),
    )


def cloth_of(style: MaskStyle) -> Map:
    """Return the unlit cloth (side, side, 3), 0–255: columns across the face, rows down."""
    rng = np.random.default_rng(style.seed)
    rows, columns = np.mgrid[0 : 1 : TEXTURE_PX * 1j, -1 : 1 : TEXTURE_PX * 1j]
    cover = _pattern(style.pattern, rows, columns, rng)[..., None]
    colour = np.array(style.colour) * (1 - cover) + np.array(style.second) * cover
    light = 1 + 0.03 * _smooth_noise(rng, 3) + 0.05 * _smooth_noise(rng, 18)
    if style.shape is MaskShape.SURGICAL:
        pleats = (rows - 0.14) * 4.2 + 0.25 * np.abs(columns) * (0.5 - rows)
        fold = pleats - np.floor(pleats)
        inside = (rows > 0.2) & (rows < 0.86)
        light = light * (1 - 0.16 * np.exp(-((fold / 0.10) ** 2)) * inside)
    elif style.shape is MaskShape.MOULDED:
        light = light * (1 - 0.14 * np.exp(-((columns / 0.015) ** 2)))
        light = light * (1 + 0.05 * np.sign(columns) * np.exp(-((columns / 0.2) ** 2)))
    elif style.shape is MaskShape.FOLDED:
        for seam in (0.33, 0.70):
            line = rows - seam - 0.06 * (columns**2) * (1 if seam > 0.5 else -1)
            light = light * (1 - 0.15 * np.exp(-((line / 0.015) ** 2)))
    elif style.shape is MaskShape.SCARF:
        light = light * (1 + 0.12 * np.sin(rows * 17 + 3 * _smooth_noise(rng, 30)))
    if style.shape is not MaskShape.SCARF:
        edge = np.minimum(np.minimum(rows, 1 - rows) * 0.8, 1 - np.abs(columns))
        light = light * (1 - 0.12 * np.exp(-(((edge - 0.035) / 0.012) ** 2)))
    return np.asarray(colour * light[..., None], np.float64)


def _pattern(pattern: MaskPattern, rows: Map, columns: Map, rng: np.random.Generator) -> Map:
    if pattern is MaskPattern.PLAIN:
        return np.zeros_like(rows)
    if pattern is MaskPattern.MOTTLED:
        return np.asarray(_smooth_noise(rng, 8) > 0.3, np.float64)
    period = float(rng.uniform(0.12, 0.3))
    x, y = columns / period, rows * 0.8 / period
    if pattern is MaskPattern.STRIPES:
        angle = float(rng.choice([0, 0.5, 1])) * np.pi / 2
        return np.asarray((x * np.cos(angle) + y * np.sin(angle)) % 1 < 0.4, np.float64)
    if pattern is MaskPattern.CHECKS:
        return ((x % 1 < 0.5) * 0.5 + (y % 1 < 0.5) * 0.5).astype(np.float64)
    return np.asarray((x % 1 - 0.5) ** 2 + (y % 1 - 0.5) ** 2 < 0.07, np.float64)


def _smooth_noise(rng: np.random.Generator, sigma_px: float) -> Map:
    grain = cv2.GaussianBlur(rng.standard_normal((TEXTURE_PX, TEXTURE_PX)), (0, 0), sigma_px)
    return np.asarray(grain / max(float(grain.std()), 1e-9), np.float64)


def _triple(values: NDArray[np.integer]) -> tuple[int, int, int]:
    blue, green, red = values.tolist()
    return blue, green, red
