"""Draw what is below and behind a head: long hair, neck, shoulders, a shirt."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.simulator.looks import HairStyle, Looks
from kiosk.simulator.plane import Map, noise, rise
from kiosk.simulator.raycast import Layer, View, lamp_direction
from kiosk.simulator.scene import Light

_PX = 22
"""Elements of the drawing in an eye distance."""
_HALF_WIDTH = 3.7
_TOP, _BOTTOM = -1.6, 16.0
_NECK_Y = 1.55


class Body:
    """One person's body, seen from the front; the head turns above it."""

    def __init__(self, looks: Looks) -> None:
        size = (round((_BOTTOM - _TOP) * _PX), round(2 * _HALF_WIDTH * _PX))
        rows, columns = np.mgrid[0 : size[0], 0 : size[1]].astype(np.float32)
        x = (columns + 0.5) / _PX - np.float32(_HALF_WIDTH)
        y = (rows + 0.5) / _PX + np.float32(_TOP)
        self._colour = np.zeros((*size, 3), np.float32)
        self._cover = np.zeros(size, np.float32)
        self._slope = np.zeros(size, np.float32)
        self._hair(looks, x, y)
        self._shirt(looks, x, y)
        self._neck(looks, x, y)

    def _lay(self, cover: Map, colour: NDArray[np.floating], slope: Map) -> None:
        cover = cover.astype(np.float32)
        self._colour += cover[..., None] * (colour.astype(np.float32) - self._colour)
        self._slope += cover * (slope - self._slope)
        self._cover = np.maximum(self._cover, cover)

    def _hair(self, looks: Looks, x: Map, y: Map) -> None:
        style = looks.hair.style
        if style is not HairStyle.LONG:
            return
        half: Map = looks.skull.width + 0.22 + 0.1 * rise(0.0, 1.6, y)
        lowest = 2.9
        cover = rise(1.03, 0.97, np.abs(x) / half) * rise(lowest, lowest - 0.2, y)
        cover = cover * rise(-0.9, -0.3, y)
        strands = noise(looks.number * 8 + 30, x.shape, (2.5, 60))
        colour = np.asarray(looks.hair.colour, np.float32) * (0.72 + 0.12 * strands)[..., None]
        self._lay(cover, np.clip(colour, 0, 1), x / half * 0.6)

    def _neck(self, looks: Looks, x: Map, y: Map) -> None:
        half: Map = 0.58 * looks.skull.jaw_width + 0.08 + 0.35 * rise(2.1, 2.75, y) ** 2
        cover = rise(1.03, 0.97, np.abs(x) / half) * rise(0.6, 0.9, y)
        collar = 2.42 + 0.42 * np.sqrt(np.maximum(1 - (x / 0.95) ** 2, 0))
        cover = cover * rise(0.03, -0.03, (y - collar).astype(np.float32))
        shade = 0.55 + 0.45 * rise(1.6, 2.5, y)
        colour = np.asarray(looks.skin.colour, np.float32) * shade[..., None]
        self._lay(cover, colour, x / half * 0.95)

    def _shirt(self, looks: Looks, x: Map, y: Map) -> None:
        across = np.abs(x)
        top = 2.25 + 0.16 * across**2 * 0.6 + 1.1 * rise(1.9, 2.9, across)
        # Below the waist the coat ends and the legs begin; only people far away are seen so low.
        waist = rise(9.3, 9.4, y)
        half = 3.0 - 1.1 * waist
        cover = rise(-0.04, 0.04, (y - top).astype(np.float32)) * rise(0.05, -0.05, across - half)
        cover = cover * (1 - waist * rise(0.12, 0.06, across))
        colour = np.broadcast_to(np.asarray(looks.shirt, np.float32), (*x.shape, 3)).copy()
        pattern = looks.shirt_pattern
        if pattern == 1:
            colour *= np.where(np.sin(y * 9) > 0.2, 0.75, 1.0)[..., None]
        elif pattern == 2:
            colour *= (1 - 0.3 * (np.sin(x * 11) > 0.5) - 0.25 * (np.sin(y * 11) > 0.5))[..., None]
        elif pattern == 3:
            placket = np.exp(-((x / 0.04) ** 2))
            colour *= (1 - 0.3 * placket)[..., None]
        elif pattern == 4:
            colour *= (0.9 + 0.10 * noise(looks.number, x.shape, (14, 14)))[..., None]
        colour += waist[..., None] * (np.float32(0.18) - colour)
        folds = 1 + 0.06 * noise(looks.number * 8 + 31, x.shape, (16, 50))
        self._lay(cover, np.clip(colour * folds[..., None], 0, 1), np.clip(x / 2.9, -1, 1) * 0.8)

    def draw(
        self, canvas: NDArray[np.uint8], view: View, light: Light, lean_deg: float
    ) -> Layer | None:
        """Draw the body onto the picture under the head of ``view``; it leans a little with it.

        Returns what was drawn; None when all of it is outside.
        """
        scale = view.eye_px / _PX
        turn = np.radians(lean_deg)
        cos, sin = np.cos(turn) * scale, np.sin(turn) * scale
        # It turns about the middle of the neck, where it carries the head.
        px, py = _HALF_WIDTH * _PX, (_NECK_Y - _TOP) * _PX
        at_x = view.x_px - np.sin(np.radians(lean_deg)) * view.eye_px * 0.6
        at_y = view.y_px + _NECK_Y * view.eye_px
        matrix = np.array(
            [[cos, -sin, at_x - cos * px + sin * py], [sin, cos, at_y - sin * px - cos * py]]
        )
        corners = np.array(
            [[0, 0], [2 * px, 0], [0, self._cover.shape[0]], [2 * px, self._cover.shape[0]]]
        )
        seen = corners @ matrix[:, :2].T + matrix[:, 2]
        height, width = canvas.shape[:2]
        left, top = np.maximum(np.floor(seen.min(axis=0)).astype(int), 0)
        right, bottom = np.minimum(np.ceil(seen.max(axis=0)).astype(int), (width, height))
        if right - left < 2 or bottom - top < 2:
            return None
        lamp = lamp_direction(light)
        facing = np.sqrt(np.maximum(1 - self._slope**2, 0))
        direct = np.maximum(self._slope * np.float32(lamp[0]) + facing * np.float32(-lamp[2]), 0)
        shade = (1 - light.directness) * (0.75 + 0.2 * facing) + 1.1 * light.directness * direct
        tone = cv2.pow(shade.astype(np.float32), 1 / 2.2)
        lit = np.clip(255 * self._colour * tone[..., None], 0, 255)
        sprite = np.dstack([lit, 255 * self._cover]).astype(np.uint8)
        matrix[:, 2] -= (left, top)
        layer = cv2.warpAffine(
            sprite,
            matrix,
            (int(right - left), int(bottom - top)),
            flags=cv2.INTER_AREA if scale < 0.5 else cv2.INTER_LINEAR,
        )
        cover = layer[..., 3].astype(np.float32) / 255
        drawn = Layer(int(left), int(top), layer[..., :3], cover)
        blend(canvas, drawn)
        return drawn


def blend(canvas: NDArray[np.uint8], layer: Layer) -> None:
    """Lay a layer over a picture, in place."""
    height, width = layer.cover.shape
    part = canvas[layer.top : layer.top + height, layer.left : layer.left + width]
    weights = cv2.merge([layer.cover, layer.cover, layer.cover])
    under = part.astype(np.float32)
    under += weights * (layer.colour.astype(np.float32) - under)
    part[:] = under + np.float32(0.5)
