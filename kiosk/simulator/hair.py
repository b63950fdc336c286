"""Grow hair on a skull: where it is, how far it stands out, its colour strand by strand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from kiosk.simulator.looks import Hair, HairStyle, Looks
from kiosk.simulator.plane import Map, noise, rise


class Way(Protocol):
    """The unit vectors of a head's map, see :class:`kiosk.simulator.head.Directions`."""

    @property
    def right(self) -> Map: ...
    @property
    def down(self) -> Map: ...
    @property
    def forward(self) -> Map: ...


@dataclass(frozen=True, slots=True, eq=False)
class Growth:
    """Hair on a head's map: ``cover`` 0–1, ``height`` in eye distances, ``colour`` BGR 0–1."""

    cover: Map
    height: Map
    colour: Map


_VOLUME = {
    HairStyle.BALD: 0.0,
    HairStyle.SHAVED: 0.02,
    HairStyle.SHORT: 0.6,
    HairStyle.SIDE_PARTING: 0.9,
    HairStyle.FRINGE: 1.0,
    HairStyle.CURLY: 2.1,
    HairStyle.LONG: 0.9,
    HairStyle.TIED_BACK: 0.5,
    HairStyle.RECEDING: 0.5,
}
_WOOLLY = (HairStyle.CURLY,)


def grow_hair(looks: Looks, way: Way, skull: Map) -> Growth:
    """Return the hair of a person on the map of their skull's radius."""
    hair, seed = looks.hair, looks.number * 8
    shape = skull.shape
    fine = shape[0] / 512
    inside = _inside(hair, skull * way.right, skull * way.down, skull * way.forward)
    ragged = noise(seed + 20, shape, (7 * fine, 16 * fine)) * 0.035
    inside = inside + ragged
    cover = rise(-0.02, 0.07, inside.astype(np.float32))
    curls = noise(seed + 21, shape, (15 * fine, 15 * fine))
    strands = noise(seed + 22, shape, (3 * fine, 26 * fine))
    strands += 0.6 * noise(seed + 23, shape, (10 * fine, 60 * fine))
    if hair.style in _WOOLLY:
        strands = 0.9 * curls
    lock = _VOLUME[hair.style] * hair.volume
    height = lock * rise(0.0, 0.35, inside.astype(np.float32))
    height = height * (1 + (0.22 * curls if hair.style in _WOOLLY else 0.04 * strands))
    if hair.style is HairStyle.SIDE_PARTING:
        line = np.exp(-(((way.right - 0.5 * np.sign(hair.parting)) / 0.05) ** 2)) * (
            way.down < -0.3
        )
        height = height * (1 - 0.8 * line)
    # A wall of hair would be steeper than rays can follow.
    height = cv2.GaussianBlur(height.astype(np.float32), (0, 0), 4 * fine)
    colour = np.asarray(hair.colour, np.float32) * (1 + 0.16 * strands)[..., None]
    solid = 0.0 if hair.style is HairStyle.BALD else 1.0
    if hair.style is HairStyle.SHAVED:
        solid = 0.62
    return Growth(
        cover=(cover * np.float32(solid)).astype(np.float32),
        height=height.astype(np.float32),
        colour=np.clip(colour, 0, 1).astype(np.float32),
    )


def _inside(hair: Hair, x: Map, y: Map, forward: Map) -> Map:
    """Return how far each point lies within the hair's edge, negative outside, eye distances."""
    across = np.abs(x)
    hairline = hair.hairline
    if hair.style is HairStyle.FRINGE:
        hairline = 0.42 + 0.12 * abs(hair.parting)
    corners = 0.12 * across**2
    if hair.style is HairStyle.RECEDING:
        hairline += 0.18
        corners = -0.55 * np.exp(-(((across - 0.5) / 0.22) ** 2)) + 0.1
    edge = -hairline + corners
    # At the temples the edge turns down to the ears.
    sides = rise(0.72, 1.02, across)
    lowest = 0.25 if hair.style not in (HairStyle.TIED_BACK, HairStyle.SHAVED) else -0.05
    if hair.style is HairStyle.LONG:
        lowest = 2.2
    edge = edge + sides * (lowest - edge)
    temple = (
        rise(0.62, 0.5, forward) if hair.style is not HairStyle.LONG else rise(0.75, 0.6, forward)
    )
    edge = np.where(across > 0.72, -hairline + (edge + hairline) * temple, edge)
    if hair.style is HairStyle.FRINGE:
        edge = edge + 0.06 * np.sin(x * 5 + hair.parting * 4)
    if hair.style is HairStyle.SIDE_PARTING:
        edge = edge + 0.10 * np.tanh(3 * x) * np.sign(hair.parting) * (across < 0.9)
    nape = rise(0.05, -0.15, forward)
    edge = np.where(nape > 0, np.maximum(edge, 0.75 * nape + edge * (1 - nape)), edge)
    # Ears stay free of short hair.
    inside: Map = (edge - y).astype(np.float32)
    return inside
