"""Model a head: wrap the front plane around a skull and add ears and hair.

A head is star-shaped: from its centre every direction meets the surface once. The surface is kept
as maps over the directions in Lambert's azimuthal equal-area projection about straight ahead
(Snyder, Map Projections, 1987, p. 182): no trigonometry to look something up, and the face gets as
fine a grain as the sides. Head coordinates: eye distances from the centre of the head; x right,
y down, z away from the viewer, so that the face looks along −z.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.simulator.expression import EYE_Y, Expression, draw_expression, mouth_corners
from kiosk.simulator.features import draw_features, nose_tip
from kiosk.simulator.glasses import wear_glasses
from kiosk.simulator.hair import grow_hair
from kiosk.simulator.looks import Looks
from kiosk.simulator.masks import wear_mask
from kiosk.simulator.plane import BOTTOM, HALF_WIDTH, TOP, Map, Plane, rise

REACH = 1.78
"""Half the width of the maps in the projection: directions up to 126° from straight ahead."""
_BAKE_STEPS = 6
_RAYS_TO_FRONT_PLANE = np.float32(0.22)


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """A head ready to be looked at from anywhere in front."""

    radius: Map
    """(N, N), distance of the surface from the centre of the head."""
    colour: NDArray[np.uint8]
    """(N, N, 3), BGR, gamma-encoded, in white light."""
    normals: NDArray[np.float32]
    """(N, N, 3), outwards; unit vectors, shorter in hollows that light hardly enters."""
    landmarks: NDArray[np.float32]
    """(5, 3), head coordinates, in the order of :class:`kiosk.domain.Detection`."""
    outline: NDArray[np.float32]
    """(K, 3), points around the face: hairline, temples, cheeks, jaw, chin."""
    max_radius: float
    gloss: float

    @property
    def texels_per_unit(self) -> float:
        return float(self.radius.shape[0] / (2 * REACH))


@dataclass(frozen=True, slots=True, eq=False)
class Directions:
    """The unit vectors of a map's elements; ``forward`` is −z."""

    right: Map
    down: Map
    forward: Map


@functools.lru_cache(maxsize=4)
def directions(size: int) -> Directions:
    """Return the directions of a map of ``size`` × ``size`` elements."""
    axis = ((np.arange(size, dtype=np.float32) + 0.5) / size * 2 - 1) * np.float32(REACH)
    u, v = np.meshgrid(axis, axis)
    square = np.minimum(u * u + v * v, 3.96)
    slant = np.sqrt(1 - square / 4)
    right, down, forward = u * slant, v * slant, 1 - square / 2
    length = np.sqrt(right**2 + down**2 + forward**2)
    return Directions(right / length, down / length, forward / length)


class Modeller:
    """Models one person's head in any expression; keeps what does not change."""

    def __init__(self, looks: Looks, texture_px: int) -> None:
        self._looks = looks
        self._size = texture_px
        # As fine as the maps are on a face, so that neither has grain the other cannot show.
        self._features = draw_features(looks, round(texture_px / (2 * REACH) * 0.78))
        self._way = directions(texture_px)
        self._skull = _skull(looks, self._way)
        self._growth = grow_hair(looks, self._way, self._skull)

    def model(self, expression: Expression, mask: int = 0) -> Head:
        """Return the head with an expression and, unless it is 0, one of the masks."""
        looks, way = self._looks, self._way
        plane = self._features.copy()
        draw_expression(plane, looks, expression)
        radius, x, y = _wrap(plane, self._skull, way)
        colour = self._coloured(plane, x, y)
        radius = radius + self._growth.height
        if looks.glasses is not None:
            wear_glasses(looks.glasses, radius, colour, way)
        if mask:
            wear_mask(mask, looks, radius, colour, way)
        landmarks, outline = self._points(radius, expression)
        return Head(
            radius=radius,
            colour=np.clip(colour * 255 + 0.5, 0, 255).astype(np.uint8),
            normals=_normals(radius, way),
            landmarks=landmarks,
            outline=outline,
            max_radius=float(radius.max()),
            gloss=looks.skin.gloss,
        )

    def _coloured(self, plane: Plane, x: Map, y: Map) -> Map:
        looks, way, growth = self._looks, self._way, self._growth
        front = _look_up(plane, plane.colour, x, y)
        skin = np.asarray(looks.skin.colour, np.float32)
        share = rise(0.05, 0.3, way.forward)[..., None]
        colour = skin + share * (front - skin)
        mixed: Map = colour + growth.cover[..., None] * (growth.colour - colour)
        return mixed

    def _points(
        self, radius: Map, expression: Expression
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        looks = self._looks
        width, left, right = mouth_corners(looks, expression)
        lift = looks.asymmetry[1] * 0.5
        marks = [
            (-0.5, EYE_Y - lift),
            (0.5, EYE_Y + lift),
            nose_tip(looks),
            (-width, left),
            (width, right),
        ]
        surface = (radius * self._way.right, radius * self._way.down, radius * self._way.forward)
        chin = 0.5 + looks.skull.jaw_length
        cheek = looks.skull.jaw_width + 0.05
        top = -0.82 * looks.skull.height
        edge = [(0.0, top), (-cheek, 0.3), (cheek, 0.3), (0.0, chin)]
        edge += [(-0.6 * cheek, chin - 0.3), (0.6 * cheek, chin - 0.3)]
        edge += [(-0.75, 0.7 * top), (0.75, 0.7 * top)]
        return _on_surface(surface, marks), _on_surface(surface, edge)


def _skull(looks: Looks, way: Directions) -> Map:
    """Return the radius of cranium and jaw, two ellipsoids about the centre of the head."""
    skull = looks.skull
    cranium = _ellipsoid(way, (0.0, -0.42, 0.12), (skull.width, skull.height, skull.depth))
    jaw = _ellipsoid(way, (0.0, 0.52, -0.22), (skull.jaw_width, skull.jaw_length, 1.06))
    # The power mean joins them without a crease.
    power = np.float32(14)
    joined = (cranium**power + jaw**power) ** (1 / power)
    ear = ((way.down * joined - 0.22) / skull.ear_size) ** 2
    ear = ear + ((way.forward * joined + 0.02) / (0.5 * skull.ear_size)) ** 2
    bump = rise(1.15, 0.75, np.sqrt(ear)) * (0.55 + 0.45 * rise(0.2, 0.8, np.sqrt(ear)))
    ears = 0.16 * bump * rise(0.5, 0.8, np.abs(way.right))
    return np.asarray(joined + ears, np.float32)


def _ellipsoid(
    way: Directions, centre: tuple[float, float, float], axes: tuple[float, float, float]
) -> Map:
    """Return where rays from the origin, inside, leave an ellipsoid."""
    vectors = (way.right, way.down, -way.forward)
    a = sum((d / s) ** 2 for d, s in zip(vectors, axes, strict=True))
    b = sum(d * (c / s**2) for d, c, s in zip(vectors, centre, axes, strict=True))
    c = sum((m / s) ** 2 for m, s in zip(centre, axes, strict=True)) - 1
    root: Map = ((b + np.sqrt(b * b - a * c)) / a).astype(np.float32)
    return root


def _wrap(plane: Plane, skull: Map, way: Directions) -> tuple[Map, Map, Map]:
    """Return the radius with the plane's heights on it, and the plane's coordinates of each texel.

    A height moves a point along its ray, and so to another place of the plane: found by iteration.
    """
    radius = skull
    share = rise(0.0, 0.35, way.forward)
    for _ in range(_BAKE_STEPS):
        height = _look_up(plane, plane.height, radius * way.right, radius * way.down)
        radius = 0.35 * radius + 0.65 * (skull + share * height)
    radius = radius.astype(np.float32)
    return radius, radius * way.right, radius * way.down


def _look_up(plane: Plane, values: Map, x: Map, y: Map) -> Map:
    columns = (x + np.float32(HALF_WIDTH)) * np.float32(plane.px) - np.float32(0.5)
    rows = (y - np.float32(TOP)) * np.float32(plane.px) - np.float32(0.5)
    found = cv2.remap(values, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found, np.float32)


def _normals(radius: Map, way: Directions) -> NDArray[np.float32]:
    points = cv2.merge([radius * way.right, radius * way.down, -radius * way.forward])
    across = cv2.Scharr(points, cv2.CV_32F, 1, 0)
    along = cv2.Scharr(points, cv2.CV_32F, 0, 1)
    ax, ay, az = cv2.split(across)
    bx, by, bz = cv2.split(along)
    nx, ny, nz = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
    length = np.sqrt(nx * nx + ny * ny + nz * nz) + np.float32(1e-9)
    # u × v points away from the viewer in these coordinates when it points out of the head's
    # back; the sign is fixed by straight ahead, where outwards is −z.
    sign = np.float32(-np.sign(nz[nz.shape[0] // 2, nz.shape[1] // 2]))
    grain = radius.shape[0] / 512
    hollow = np.zeros_like(radius)
    for width, weight in ((9.0, 1.6), (26.0, 0.9)):
        around = cv2.GaussianBlur(radius, (0, 0), width * grain)
        hollow += weight * np.clip(around - radius - 0.004, 0, 0.4)
    open_sky = (1 / (1 + 2.2 * hollow)).astype(np.float32)
    scale = sign * open_sky / length
    return np.asarray(cv2.merge([nx * scale, ny * scale, nz * scale]), np.float32)


def _on_surface(
    surface: tuple[Map, Map, Map], marks: list[tuple[float, float]]
) -> NDArray[np.float32]:
    """Return the head coordinates (N, 3) of the surface points seen at places of the plane."""
    right, down, forward = surface
    found = []
    for x, y in marks:
        distance = (right - np.float32(x)) ** 2 + (down - np.float32(y)) ** 2
        distance[forward <= 0] = np.inf
        nearest = float(distance.min())
        near = distance < nearest + 0.0008
        weight = np.exp(-distance[near] / 0.0004)
        depth = float((forward[near] * weight).sum() / weight.sum())
        found.append((x, y, -depth))
    return np.array(found, np.float32)


__all__ = ["BOTTOM", "REACH", "Directions", "Head", "Modeller", "directions"]
