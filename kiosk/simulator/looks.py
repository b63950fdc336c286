"""Invent a person: a number becomes the proportions, colours and habits of somebody who is nobody.

Lengths are in eye distances (the distance between the pupils, 63 mm in the mean of adults), so a
mean face has its pupils at (±0.5, 0), its nose tip at (0, 0.51), its mouth corners at (±0.39, 0.98)
and its chin at about 1.85. Real people differ from the mean by some 5–8 % in each proportion; here
they differ by about twice that, because the simulator has far fewer proportions than people have.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

import numpy as np

Colour = tuple[float, float, float]
"""Blue, green, red as in a picture, 0–1, gamma-encoded."""


class HairStyle(enum.Enum):
    """How the hair is worn."""

    BALD = "bald"
    SHAVED = "shaved"
    SHORT = "short"
    SIDE_PARTING = "side parting"
    FRINGE = "fringe"
    CURLY = "curly"
    LONG = "long"
    TIED_BACK = "tied back"
    RECEDING = "receding"


class BeardStyle(enum.Enum):
    """What grows on the lower face."""

    NONE = "none"
    STUBBLE = "stubble"
    MOUSTACHE = "moustache"
    GOATEE = "goatee"
    CHIN_CURTAIN = "chin curtain"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Skull:
    """The large forms."""

    width: float
    height: float
    depth: float
    jaw_width: float
    jaw_length: float
    chin_width: float
    chin_forward: float
    cheekbones: float
    cheek_fullness: float
    brow_ridge: float
    forehead: float
    ear_size: float


@dataclass(frozen=True, slots=True)
class Eyes:
    """Both eyes; the two differ a little by ``asymmetry`` of the person."""

    width: float
    openness: float
    tilt: float
    """Radians; positive when the outer corners are higher."""
    lid: float
    """How much of the upper lid shows, 0 (a single fold) … 1."""
    depth: float
    iris: Colour
    iris_size: float
    shadow: float


@dataclass(frozen=True, slots=True)
class Brows:
    """Both eyebrows."""

    height: float
    thickness: float
    length: float
    tilt: float
    arch: float
    density: float
    gap: float


@dataclass(frozen=True, slots=True)
class Nose:
    """The nose."""

    length: float
    width: float
    bridge_width: float
    bridge: float
    tip_forward: float
    tip_size: float
    hump: float
    upturn: float
    bend: float


@dataclass(frozen=True, slots=True)
class Mouth:
    """The mouth."""

    height: float
    """From the eyes down to the line between the lips."""
    width: float
    upper: float
    lower: float
    bow: float
    corners: float
    """Positive when they point up in repose."""
    colour: Colour


@dataclass(frozen=True, slots=True)
class Skin:
    """Colour and marks of the skin."""

    colour: Colour
    redness: float
    gloss: float
    freckles: float
    age: float
    """0 young … 1 deeply lined."""
    moles: tuple[tuple[float, float, float], ...]
    """x, y and radius of each."""


@dataclass(frozen=True, slots=True)
class Hair:
    """Hair and beard."""

    style: HairStyle
    colour: Colour
    hairline: float
    volume: float
    parting: float
    beard: BeardStyle
    beard_colour: Colour


@dataclass(frozen=True, slots=True)
class Glasses:
    """A pair of glasses."""

    width: float
    height: float
    roundness: float
    """0 rectangular … 1 round."""
    thickness: float
    colour: Colour
    tint: float


@dataclass(frozen=True, slots=True)
class Looks:
    """Everything that makes one invented person look like nobody else."""

    number: int
    skull: Skull
    eyes: Eyes
    brows: Brows
    nose: Nose
    mouth: Mouth
    skin: Skin
    hair: Hair
    glasses: Glasses | None
    asymmetry: tuple[float, float, float, float]
    shirt: Colour
    shirt_pattern: int


def invent(number: int) -> Looks:
    """Return the person with this number; the same number always gives the same person.

    Raises ValueError for a negative number.
    """
    if number < 0:
        raise ValueError(f"a person's number must not be negative: {number}")
    return _Inventor(number).invented()


# From very dark to very light, red to blue later reversed; between them is interpolated.
_SKINS = np.array(
    [
        [76, 51, 41],
        [98, 67, 52],
        [124, 84, 62],
        [152, 106, 78],
        [182, 134, 102],
        [205, 160, 128],
        [222, 180, 150],
        [236, 200, 174],
        [243, 214, 194],
    ],
    np.float64,
)
_HAIRS = np.array(
    [
        [18, 15, 14],
        [34, 24, 20],
        [58, 38, 26],
        [84, 56, 36],
        [122, 84, 50],
        [176, 134, 84],
        [206, 172, 120],
        [140, 62, 30],
        [150, 148, 146],
        [214, 212, 208],
    ],
    np.float64,
)
_IRISES = np.array(
    [[44, 26, 16], [72, 44, 24], [104, 74, 40], [92, 100, 62], [84, 116, 140], [120, 142, 156]],
    np.float64,
)
_FRAMES = np.array(
    [[20, 20, 22], [70, 44, 28], [120, 120, 126], [150, 112, 60], [120, 26, 30], [30, 50, 110]],
    np.float64,
)


class _Inventor:
    def __init__(self, number: int) -> None:
        self._number = number
        self._rng = np.random.default_rng([0xD00F, number])

    def _about(self, mean: float, spread: float) -> float:
        """Draw around a mean, at most 2.2 standard deviations away: nobody is a monster."""
        return float(mean + spread * np.clip(self._rng.normal(), -2.2, 2.2))

    def _between(self, low: float, high: float) -> float:
        return float(self._rng.uniform(low, high))

    def _chance(self, share: float) -> bool:
        return bool(self._rng.random() < share)

    def _colour(self, rgb: np.ndarray, spread: float) -> Colour:
        blue, green, red = np.clip(rgb[::-1] / 255 + self._rng.normal(0, spread, 3), 0.02, 0.98)
        return float(blue), float(green), float(red)

    def invented(self) -> Looks:
        is_soft = self._chance(0.5)  # narrower jaw, fuller lips, thinner brows, no beard
        age = self._between(0, 1) ** 1.6
        tone = self._between(0, len(_SKINS) - 1)
        return Looks(
            number=self._number,
            skull=self._skull(is_soft),
            eyes=self._eyes(tone),
            brows=self._brows(is_soft),
            nose=self._nose(),
            mouth=self._mouth(is_soft, tone),
            skin=self._skin(tone, age),
            hair=self._hair(is_soft, tone, age),
            glasses=self._glasses() if self._chance(0.22) else None,
            asymmetry=(
                self._about(0, 0.015),
                self._about(0, 0.02),
                self._about(0, 0.02),
                self._about(0, 0.02),
            ),
            shirt=self._colour(self._rng.uniform(15, 235, 3), 0.0),
            shirt_pattern=int(self._rng.integers(0, 5)),
        )

    def _skull(self, is_soft: bool) -> Skull:
        return Skull(
            width=self._about(1.2, 0.05),
            height=self._about(1.32, 0.09),
            depth=self._about(1.45, 0.06),
            jaw_width=self._about(0.98 if is_soft else 1.06, 0.085),
            jaw_length=self._about(1.27 if is_soft else 1.33, 0.10),
            chin_width=self._about(0.3 if is_soft else 0.42, 0.11),
            chin_forward=self._about(0.2, 0.06),
            cheekbones=self._about(0.08, 0.07),
            cheek_fullness=self._about(0.0, 0.1),
            brow_ridge=self._about(0.02 if is_soft else 0.07, 0.04),
            forehead=self._about(0.0, 0.05),
            ear_size=self._about(0.36, 0.05),
        )

    def _eyes(self, tone: float) -> Eyes:
        dark = 2.2 if tone < 4 else 6.0
        iris = _IRISES[min(int(self._between(0, dark)), len(_IRISES) - 1)]
        return Eyes(
            width=self._about(0.235, 0.032),
            openness=self._about(0.09, 0.024),
            tilt=self._about(0.04, 0.11),
            lid=self._between(0, 1),
            depth=self._about(0.11, 0.05),
            iris=self._colour(iris, 0.03),
            iris_size=self._about(0.098, 0.008),
            shadow=self._between(0, 1) ** 2,
        )

    def _brows(self, is_soft: bool) -> Brows:
        return Brows(
            height=self._about(0.30 if not is_soft else 0.34, 0.06),
            thickness=self._about(0.045 if is_soft else 0.07, 0.022),
            length=self._about(0.31, 0.045),
            tilt=self._about(0.06, 0.16),
            arch=self._about(0.05, 0.06),
            density=self._between(0.45, 1.0),
            gap=self._about(0.0, 0.045),
        )

    def _nose(self) -> Nose:
        return Nose(
            length=self._about(0.525, 0.042),
            width=self._about(0.25, 0.06),
            bridge_width=self._about(0.105, 0.03),
            bridge=self._about(0.13, 0.04),
            tip_forward=self._about(0.27, 0.045),
            tip_size=self._about(0.135, 0.028),
            hump=self._about(0.02, 0.04),
            upturn=self._about(0.0, 0.05),
            bend=self._about(0.0, 0.015),
        )

    def _mouth(self, is_soft: bool, tone: float) -> Mouth:
        red = np.array([196, 108, 104]) if tone > 4 else np.array([132, 74, 70])
        if is_soft and self._chance(0.3):
            red = np.array([186, 40, 62])
        return Mouth(
            height=self._about(0.975, 0.045),
            width=self._about(0.39, 0.036),
            upper=self._about(0.10 if is_soft else 0.08, 0.03),
            lower=self._about(0.15 if is_soft else 0.125, 0.036),
            bow=self._between(0, 1),
            corners=self._about(0.0, 0.022),
            colour=self._colour(red, 0.035),
        )

    def _skin(self, tone: float, age: float) -> Skin:
        low = int(tone)
        share = tone - low
        base = _SKINS[low] * (1 - share) + _SKINS[min(low + 1, len(_SKINS) - 1)] * share
        moles = tuple(
            (self._about(0, 0.5), self._about(0.6, 0.55), self._between(0.018, 0.045))
            for _ in range(int(self._rng.poisson(1.2)))
        )
        return Skin(
            colour=self._colour(base, 0.022),
            redness=self._between(0, 1),
            gloss=self._between(0.1, 1),
            freckles=self._between(0.3, 1) if self._chance(0.18) else 0.0,
            age=age,
            moles=moles,
        )

    def _hair(self, is_soft: bool, tone: float, age: float) -> Hair:
        styles = (
            (HairStyle.LONG, HairStyle.TIED_BACK, HairStyle.FRINGE, HairStyle.CURLY)
            if is_soft
            else (
                HairStyle.SHORT,
                HairStyle.SIDE_PARTING,
                HairStyle.SHAVED,
                HairStyle.CURLY,
                HairStyle.RECEDING,
                HairStyle.BALD,
                HairStyle.LONG,
            )
        )
        reach = 3.2 if tone < 4 else 8.0
        if self._chance(0.15 + 0.6 * age * age):
            colour = _HAIRS[int(self._rng.integers(8, 10))]
        else:
            colour = _HAIRS[int(self._between(0, reach))]
        worn = self._colour(colour, 0.02)
        beard = BeardStyle.NONE
        if not is_soft and self._chance(0.62):
            beard = list(BeardStyle)[int(self._rng.integers(1, len(BeardStyle)))]
        return Hair(
            style=styles[int(self._rng.integers(0, len(styles)))],
            colour=worn,
            hairline=self._about(0.92, 0.10),
            volume=self._about(0.14, 0.05),
            parting=self._between(-0.7, 0.7),
            beard=beard,
            beard_colour=self._colour(np.array(worn[::-1]) * 255 * 0.9, 0.02),
        )

    def _glasses(self) -> Glasses:
        frame = _FRAMES[int(self._rng.integers(0, len(_FRAMES)))]
        return Glasses(
            width=self._about(0.40, 0.03),
            height=self._about(0.29, 0.045),
            roundness=self._between(0, 1),
            thickness=self._between(0.02, 0.065),
            colour=self._colour(frame, 0.02),
            tint=0.0 if self._chance(0.85) else self._between(0.1, 0.35),
        )
