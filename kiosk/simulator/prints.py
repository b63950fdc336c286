"""A portrait printed on paper: its colours, grain, border, bending and gloss."""

from __future__ import annotations

import enum
import functools
import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.domain import Pixels
from kiosk.simulator.hands import lamp
from kiosk.simulator.scene import Light
from kiosk.simulator.sheets import Texture, Window, scaled_portrait

_GRAIN_PX = 512


class Bend(enum.Enum):
    """How a print is bent."""

    AS_IT_COMES = "as it comes"
    FLAT = "flat"
    LIKE_A_FACE = "like a face"
    """About an upright axis, convex, as far as one bends paper with two hands."""


@dataclass(frozen=True, slots=True, eq=False)
class Print:
    """A printed portrait, ready to be put on a sheet."""

    texture: Texture
    width_mm: float
    curvature: float
    bend_rad: float
    margin_px: float
    gloss: float
    ripple: tuple[float, float, float]
    """Depth of the waves in the paper (slope), and their phases."""

    def paint(self, canvas: Pixels, window: Window, light: Light) -> NDArray[np.uint8] | None:
        """Draw the paper into the part of the canvas that the window looks at; nothing glows."""
        x, y = self.texture.lookup(window)
        seen = cv2.remap(self.texture.pixels, x, y, cv2.INTER_LINEAR)
        shade, shine = self._lighting(window, light)
        size = (window.width_px, window.height_px)
        part = canvas[
            window.top : window.top + window.height_px, window.left : window.left + window.width_px
        ]
        cover = seen[..., 3]
        lit = cv2.cvtColor(seen, cv2.COLOR_BGRA2BGR)
        lit = cv2.multiply(lit, _three(cv2.resize(shade, size)), dtype=cv2.CV_8U, scale=1 / 128)
        streak = cv2.multiply(cv2.resize(shine, size), cover, scale=1 / 255)
        behind = cv2.multiply(part, _three(cv2.bitwise_not(cover)), scale=1 / 255)
        part[:] = cv2.add(cv2.add(behind, lit), _three(streak))
        return None

    def _lighting(
        self, window: Window, light: Light
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Return the brightness (128 is ×1) and the gloss (0–255) on the window's coarse grid."""
        normals = window.normals
        rows, columns = normals.shape[:2]
        s = cv2.resize(window.sheet[0], (columns, rows), interpolation=cv2.INTER_NEAREST)
        t = cv2.resize(window.sheet[1], (columns, rows), interpolation=cv2.INTER_NEAREST)
        left, top, right, bottom = self.texture.edges
        depth, phase_s, phase_t = self.ripple
        waves = np.sin(s * (7 / (right - left)) + t * (3 / (bottom - top)) + phase_s)
        waves_t = np.sin(t * (5 / (bottom - top)) - s * (2 / (right - left)) + phase_t)
        toward = lamp(light)
        facing = normals @ toward + depth * (waves * toward[0] + waves_t * toward[1])
        shade = (1 - light.directness) + light.directness * np.maximum(facing, 0) / 0.8
        half = toward + np.array([0, 0, 1], np.float32)
        half /= max(float(np.linalg.norm(half)), 1e-3)
        mirrored = normals @ half + depth * 0.5 * (waves * half[0] + waves_t * half[1])
        shine = self.gloss * light.directness * np.clip(mirrored, 0, 1) ** 48
        encoded = np.clip(shade, 0, 1.35) ** (1 / 2.2) * 128
        return encoded.astype(np.uint8), np.clip(shine, 0, 255).astype(np.uint8)


def make(
    portrait: Pixels,
    middle: NDArray[np.float64],
    scale: float,
    rng: np.random.Generator,
    how: Bend = Bend.AS_IT_COMES,
    cut_eye_px: float | None = None,
) -> Print:
    """Return the print of a portrait whose pixel ``middle`` is to be the sheet's origin.

    ``scale`` is frame pixels to a portrait pixel. ``cut_eye_px``: the head is cut out, the eyes
    around the origin being so many frame pixels apart.
    """
    picture, origin, density = scaled_portrait(portrait, middle, scale)
    paper = np.array([236, 240, 242]) + rng.uniform(-10, 6, 3)
    tone = _tone(rng, paper)
    grain_at, grain_depth = rng.integers(0, _GRAIN_PX, 2), rng.uniform(1.0, 4.0)
    has_border, border_share = rng.random() < 0.6, rng.uniform(0.03, 0.09)
    foot = rng.choice([1.0, 1.0, 1.0, 2.6])
    bend = math.radians(rng.normal(0, 26)) if rng.random() < 0.8 else 0.0
    bend_rad = rng.choice([0.0, 0.0, math.pi / 2, rng.uniform(-0.6, 0.6)])
    gloss = rng.choice([0.0, 30.0, 80.0]) * rng.uniform(0.6, 1.2)
    ripple = (rng.uniform(0, 0.08), rng.uniform(0, 6.3), rng.uniform(0, 6.3))
    width_mm = float(rng.uniform(140, 215))
    if how is Bend.FLAT:
        bend, ripple = 0.0, (ripple[0] * 0.25, *ripple[1:])
    elif how is Bend.LIKE_A_FACE:
        bend, bend_rad = rng.uniform(0.5, 1.0), rng.normal(0, 0.1)

    picture = cv2.transform(picture, tone)
    border = round(border_share * picture.shape[1]) if has_border and cut_eye_px is None else 0
    below = round(border * foot)
    picture = cv2.copyMakeBorder(
        picture, border, below, border, border, cv2.BORDER_CONSTANT, value=paper.tolist()
    )
    picture = _grained(picture, grain_at, grain_depth)
    origin = (origin[0] + border, origin[1] + border)
    sheet = cv2.cvtColor(picture, cv2.COLOR_BGR2BGRA)
    if cut_eye_px is not None:
        _cut_out(sheet, origin, cut_eye_px * density[0], rng)
    texture = Texture(sheet, origin, density)
    left, top, right, bottom = texture.edges
    return Print(
        texture=texture,
        width_mm=width_mm,
        curvature=float(np.clip(bend, -1.0, 1.0)) / max(right - left, bottom - top),
        bend_rad=float(bend_rad),
        margin_px=2.0,
        gloss=float(gloss),
        ripple=ripple,
    )


def _cut_out(
    sheet: NDArray[np.uint8], origin: tuple[float, float], eye_px: float, rng: np.random.Generator
) -> None:
    """Leave of the sheet what scissors leave: the head, not quite along its outline.

    Covers are premultiplied, as the textures of telephones are.
    """
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    wave = sum(
        rng.normal(0, 0.025 / k) * np.cos(k * angle + rng.uniform(0, 6.3)) for k in (2, 3, 5)
    )
    reach = (1 + wave) * eye_px
    x = origin[0] + rng.uniform(1.25, 1.45) * reach * np.cos(angle)
    y = origin[1] + 0.4 * eye_px + rng.uniform(1.75, 2.0) * reach * np.sin(angle)
    cover = np.zeros(sheet.shape[:2], np.uint8)
    cv2.fillPoly(cover, [np.rint(np.stack([x, y], 1)).astype(np.int32)], 255, cv2.LINE_AA)
    head = np.ascontiguousarray(sheet[..., :3])
    sheet[..., :3] = cv2.multiply(head, _three(cover), scale=1 / 255)
    sheet[..., 3] = cover


def _tone(rng: np.random.Generator, paper: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the 3×4 colour matrix of ink on paper: paler, flatter, with a cast of its own."""
    saturation = rng.uniform(0.55, 0.95) if rng.random() < 0.9 else 0.0
    black = rng.uniform(14, 42) + rng.uniform(-4, 4, 3)
    luma = np.array([0.114, 0.587, 0.299])
    mix = saturation * np.eye(3) + (1 - saturation) * luma[None, :]
    reach = (paper - black) / 255 * (1 + rng.uniform(-0.04, 0.04, 3))
    return np.hstack([mix * reach[:, None], black[:, None]]).astype(np.float32)


def _grained(picture: Pixels, at: NDArray[np.int64], depth: float) -> Pixels:
    height, width = picture.shape[:2]
    tile = _grain()
    rows = (np.arange(height) + at[0]) % _GRAIN_PX
    columns = (np.arange(width) + at[1]) % _GRAIN_PX
    grain = cv2.convertScaleAbs(tile[rows[:, None], columns], alpha=depth / 32, beta=0)
    shifted = cv2.add(picture, _three(grain))
    return cv2.subtract(shifted, np.full(4, depth * 1.6))  # type: ignore[no-any-return]


@functools.lru_cache(maxsize=1)
def _grain() -> NDArray[np.uint8]:
    """Return a tile of paper fibres: mean 51, that is 1.6 × 32, deviation about 32."""
    rng = np.random.default_rng(7)
    fine = rng.standard_normal((_GRAIN_PX, _GRAIN_PX)).astype(np.float32)
    fibres = cv2.GaussianBlur(fine, (0, 0), 0.7, borderType=cv2.BORDER_REFLECT)
    fibres = fibres / fibres.std() * 26 + cv2.GaussianBlur(fine, (0, 0), 6) * 200
    tile: NDArray[np.uint8] = np.clip(fibres + 51.2, 0, 255).astype(np.uint8)
    tile.flags.writeable = False
    return tile


def _three(plane: NDArray[np.uint8]) -> Pixels:
    return cv2.cvtColor(plane, cv2.COLOR_GRAY2BGR)  # type: ignore[no-any-return]
