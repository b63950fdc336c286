"""How a print or a telephone is held: where fingers, thumbs and arms go."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kiosk.simulator.hands import Rod, skin_colour
from kiosk.simulator.sheets import Sheet

_FINGER_MM = 8.0
"""Radius of a finger."""
_CLOTHS = np.array(
    [(60, 48, 40), (92, 70, 52), (48, 44, 110), (70, 84, 58), (150, 148, 146), (36, 34, 34)],
    np.float32,
)

Edges = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Hold:
    """The parts of hands behind and before the thing they hold, back to front."""

    behind: list[Rod]
    before: list[Rod]


class _Hand:
    """Places rods in a frame of its own on the sheet: inward from an edge and along it."""

    def __init__(
        self,
        sheet: Sheet,
        at: tuple[float, float],
        inward: tuple[float, float],
        along: tuple[float, float],
        unit: float,
        colours: tuple[NDArray[np.float32], NDArray[np.float32]],
    ) -> None:
        self._sheet = sheet
        self._at = np.array(at)
        self._inward = np.array(inward) * unit
        self._along = np.array(along) * unit
        self._unit = unit
        self._skin, self._cloth = colours
        self.hold = Hold([], [])

    def point(self, inward: float, along: float) -> NDArray[np.float64]:
        """Return the frame pixel of a place on the sheet, in finger radii from the grip."""
        spot = self._at + inward * self._inward + along * self._along
        out: NDArray[np.float64] = self._sheet.to_frame(spot[None, :])[0]
        return out

    def rod(
        self,
        start: tuple[float, float],
        end: tuple[float, float],
        radii: tuple[float, float],
        *,
        nail: bool = False,
        before: bool = False,
    ) -> None:
        """Add a part of the hand; all lengths are in finger radii."""
        unit = self._unit
        limb = Rod(
            self.point(*start),
            self.point(*end),
            radii[0] * unit,
            radii[1] * unit,
            self._skin,
            nail,
        )
        (self.hold.before if before else self.hold.behind).append(limb)

    def arm(self, wrist: tuple[float, float], sideways: float, radius: float) -> None:
        """Add the forearm from the wrist down out of the frame, in a sleeve."""
        unit = self._unit
        start = self.point(*wrist)
        way = np.array([sideways, 1.0]) * unit
        elbow, cuff = start + way * 36, start + way * 7
        sleeve = Rod(cuff, elbow, radius * 1.3 * unit, radius * 1.75 * unit, self._cloth)
        self.hold.behind.insert(0, Rod(start, cuff, radius * unit, radius * unit, self._skin))
        self.hold.behind.insert(1, sleeve)


def hold_print(sheet: Sheet, edges: Edges, width_mm: float, rng: np.random.Generator) -> Hold:
    """Return one or two hands that hold a paper between the thumb and the fingers."""
    left, top, right, bottom = edges
    unit = (right - left) / width_mm * _FINGER_MM
    colours = _colours(rng)
    kind = rng.choice(["both", "both", "left", "right", "bottom"])
    share, lean = rng.uniform(0.55, 0.88, 2), rng.uniform(-0.8, 0.8, 2)
    behind: list[Rod] = []
    before: list[Rod] = []
    if kind in ("both", "left"):
        at = (left, top + share[0] * (bottom - top))
        hand = _Hand(sheet, at, (1, 0), (0, -1), unit, colours)
        _pinch(hand, lean[0], sideways=-0.25)
        behind += hand.hold.behind
        before += hand.hold.before
    if kind in ("both", "right"):
        at = (right, top + share[1] * (bottom - top))
        hand = _Hand(sheet, at, (-1, 0), (0, -1), unit, colours)
        _pinch(hand, lean[1], sideways=0.25)
        behind += hand.hold.behind
        before += hand.hold.before
    if kind == "bottom":
        at = (left + share[0] * (right - left), bottom)
        hand = _Hand(sheet, at, (0, -1), (-1, 0), unit, colours)
        _pinch(hand, lean[0], sideways=0.15)
        behind += hand.hold.behind
        before += hand.hold.before
    return Hold(behind, before)


def _pinch(hand: _Hand, lean: float, sideways: float) -> None:
    hand.rod((-3.2, -5.0), (-1.6, -0.2), (3.1, 2.6))
    for finger, along in enumerate((2.6, 0.9, -0.9, -2.6)):
        hand.rod((-2.9 + 0.2 * finger, along), (0.8, along + 0.9), (1.05, 1.0))
    hand.rod((-2.6, -3.4), (-0.6, -1.2), (1.9, 1.45))
    hand.arm((-3.4, -6.0), sideways, 2.9)
    hand.rod((-1.9, -2.4), (0.6, -0.5 + 0.4 * lean), (1.6, 1.2), before=True)
    hand.rod((0.6, -0.5 + 0.4 * lean), (2.9, 0.7 + 1.2 * lean), (1.2, 0.95), nail=True, before=True)


def hold_phone(sheet: Sheet, edges: Edges, width_mm: float, rng: np.random.Generator) -> Hold:
    """Return a hand that holds a telephone from behind, thumb on one side, fingers on the other."""
    left, top, right, bottom = edges
    unit = (right - left) / width_mm * _FINGER_MM
    wide, high = (right - left) / unit, (bottom - top) / unit
    is_right = rng.random() < 0.5
    at = (right if is_right else left, bottom - rng.uniform(0.16, 0.4) * (bottom - top))
    hand = _Hand(sheet, at, (-1 if is_right else 1, 0), (0, -1), unit, _colours(rng))
    low = -min(0.3 * high, 7.0)
    hand.rod((0.35 * wide, low - 1), (0.45 * wide, 3), (0.42 * wide, 0.45 * wide))
    hand.rod((0.8, low + 1.5), (-0.7, 0.4), (2.1, 1.6))
    spread = rng.uniform(1.85, 2.1)
    for finger in range(4):
        along = 3.6 - spread * finger
        hand.rod((wide - 2, along - 0.5), (wide + 0.75, along), (1.0, 0.95))
    hand.arm((0.3 * wide, low - 3.0), 0.22 if is_right else -0.22, 3.2)
    for finger in range(4):
        along = 3.6 - spread * finger
        hand.rod((wide + 0.75, along), (wide - 0.35, along + 0.25), (0.92, 0.8), before=True)
    reach = rng.uniform(0.2, 0.9)
    hand.rod((-0.9, 0.2), (-0.35, 2.4), (1.5, 1.2), before=True)
    hand.rod((-0.35, 2.4), (reach, 4.9), (1.15, 0.9), nail=True, before=True)
    return hand.hold


def _colours(rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    skin = skin_colour(float(rng.random()))
    cloth = _CLOTHS[int(rng.integers(len(_CLOTHS)))]
    return skin, cloth
