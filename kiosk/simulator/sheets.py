"""The geometry of a flat or bent sheet held before the camera: both ways between it and the frame.

Sheet coordinates (s, t) are lengths on the sheet in frame pixels as it would appear facing the
camera, from a fixed origin, s to the right and t down. In space x points right, y down and z
towards the camera, which sits at (0, 0, ``focal_px``) before the origin.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

_FLAT = 1e-7
_FAR_PX = 1e5
"""Rays that pass the sheet by are taken to hit it this far out."""
_GRID_PX = 4
"""Spacing of the points between which the inverse is interpolated; the error is < 0.02 px."""


def turned(yaw_deg: float, pitch_deg: float, roll_deg: float) -> NDArray[np.float64]:
    """Return the rotation (3, 3) of something with the angles of :class:`kiosk.domain.HeadPose`."""
    yaw, pitch, roll = (math.radians(angle) for angle in (yaw_deg, pitch_deg, roll_deg))
    about_y = np.array(
        [[math.cos(yaw), 0, math.sin(yaw)], [0, 1, 0], [-math.sin(yaw), 0, math.cos(yaw)]]
    )
    about_x = np.array(
        [[1, 0, 0], [0, math.cos(pitch), -math.sin(pitch)], [0, math.sin(pitch), math.cos(pitch)]]
    )
    about_z = np.array(
        [[math.cos(roll), -math.sin(roll), 0], [math.sin(roll), math.cos(roll), 0], [0, 0, 1]]
    )
    rotation: NDArray[np.float64] = about_z @ about_y @ about_x
    return rotation


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """What a rectangle of the frame sees of the sheet; arrays (height, width) and (…, 3)."""

    left: int
    top: int
    sheet: tuple[NDArray[np.float32], NDArray[np.float32]]
    """The sheet coordinates s and t behind each pixel."""
    normals: NDArray[np.float32]
    """Unit normals of the surface towards the camera, on a coarser grid of the same extent."""

    @property
    def height_px(self) -> int:
        return int(self.sheet[0].shape[0])

    @property
    def width_px(self) -> int:
        return int(self.sheet[0].shape[1])


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """A sheet in space, flat or bent to a cylinder whose apex line runs through the origin."""

    x_px: float
    y_px: float
    """Where the origin is in the frame."""
    rotation: NDArray[np.float64]
    focal_px: float
    curvature: float = 0.0
    """1/radius in 1/px; > 0 bends the edges away from the camera."""
    bend_rad: float = 0.0
    """Direction across the cylinder: 0 bends the left and right edges."""

    def to_frame(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return frame pixels (N, 2) of sheet coordinates (N, 2)."""
        s, t = points[:, 0].astype(np.float64), points[:, 1].astype(np.float64)
        cos, sin = math.cos(self.bend_rad), math.sin(self.bend_rad)
        along, across = s * cos + t * sin, t * cos - s * sin
        if abs(self.curvature) < _FLAT:
            x, z = along, np.zeros_like(along)
        else:
            angle = along * self.curvature
            x, z = np.sin(angle) / self.curvature, (np.cos(angle) - 1) / self.curvature
        local = np.stack([x * cos - across * sin, x * sin + across * cos, z], axis=1)
        space = local @ self.rotation.T
        scale = self.focal_px / (self.focal_px - space[:, 2])
        seen: NDArray[np.float64] = np.array([self.x_px, self.y_px]) + space[:, :2] * scale[:, None]
        return seen

    def seen_in(self, left: int, top: int, width_px: int, height_px: int) -> Window:
        """Return what the rectangle of the frame sees.

        Sheet coordinates are found where the ray through a pixel meets the cylinder, on a grid,
        and interpolated in between.
        """
        columns, rows = math.ceil(width_px / _GRID_PX), math.ceil(height_px / _GRID_PX)
        # The grid's points sit where cv2.resize takes the centres of the coarse pixels to be.
        x = left - self.x_px + (np.arange(columns, dtype=np.float64) + 0.5) * _GRID_PX - 0.5
        y = top - self.y_px + (np.arange(rows, dtype=np.float64) + 0.5) * _GRID_PX - 0.5
        s, t, normals = self._meet(x[None, :], y[:, None])
        whole = (columns * _GRID_PX, rows * _GRID_PX)
        enlarge = functools.partial(cv2.resize, dsize=whole, interpolation=cv2.INTER_LINEAR)
        part = (slice(0, height_px), slice(0, width_px))
        return Window(left, top, (enlarge(s)[part], enlarge(t)[part]), normals)

    def _meet(
        self, x: NDArray[np.float64], y: NDArray[np.float64]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Return s, t and normals where rays through (x, y) from the origin meet the surface.

        With the cylinder κ(u² + z²) + 2z = 0 and the ray o + λd, λ solves Aλ² + 2Bλ + C = 0; the
        form C / (−B + √(B² − AC)) of its root holds for the plane κ = 0 too.
        """
        cos, sin = math.cos(self.bend_rad), math.sin(self.bend_rad)
        about_z = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
        axes = self.rotation @ about_z
        kappa = self.curvature if abs(self.curvature) >= _FLAT else 0.0
        origin = self.focal_px * axes[2]
        ray = [x * axes[0, i] + y * axes[1, i] - self.focal_px * axes[2, i] for i in range(3)]
        a = kappa * (ray[0] ** 2 + ray[2] ** 2)
        b = kappa * (origin[0] * ray[0] + origin[2] * ray[2]) + ray[2]
        c = kappa * (origin[0] ** 2 + origin[2] ** 2) + 2 * origin[2]
        root = np.sqrt(np.maximum(b * b - a * c, 0))
        # B > 0 only before a hollow sheet, from beyond its centre: A is far from 0 then.
        near = c / np.maximum(root - b, 1e-6)
        reach = np.where(b < 0, near, (b + root) / np.maximum(-a, 1e-9))
        u, v, z = (origin[i] + reach * ray[i] for i in range(3))
        angle = np.arctan2(kappa * u, 1 + kappa * z)
        along = angle / kappa if kappa else u
        s, t = along * cos - v * sin, along * sin + v * cos
        local = np.stack([np.sin(angle), np.zeros_like(angle), np.cos(angle)], axis=-1)
        s, t = (np.clip(v, -_FAR_PX, _FAR_PX).astype(np.float32) for v in (s, t))
        return s, t, (local @ axes.T).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Texture:
    """A picture to put on a sheet, shape (height, width, 4): BGR times cover, and cover."""

    pixels: NDArray[np.uint8]
    origin: tuple[float, float]
    """The texture's pixel at the sheet's origin."""
    density: tuple[float, float]
    """Texture pixels to one sheet pixel, across and down."""

    @property
    def edges(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of the texture in sheet coordinates, outer pixel edges."""
        height, width = self.pixels.shape[:2]
        return (
            (-0.5 - self.origin[0]) / self.density[0],
            (-0.5 - self.origin[1]) / self.density[1],
            (width - 0.5 - self.origin[0]) / self.density[0],
            (height - 0.5 - self.origin[1]) / self.density[1],
        )

    def lookup(self, window: Window) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the texture's x and y behind each pixel of the window."""
        s, t = window.sheet
        x = s * np.float32(self.density[0]) + np.float32(self.origin[0])
        return x, t * np.float32(self.density[1]) + np.float32(self.origin[1])


def scaled_portrait(
    portrait: NDArray[np.uint8], middle: NDArray[np.float64], scale: float
) -> tuple[NDArray[np.uint8], tuple[float, float], tuple[float, float]]:
    """Return the portrait no finer than the frame can show, its ``middle`` and its density.

    ``scale`` is frame pixels to a portrait pixel; pixel centres are kept where they belong.
    """
    shrink = min(1.1 * scale, 1.0)
    height, width = portrait.shape[:2]
    size = (max(round(width * shrink), 8), max(round(height * shrink), 8))
    if shrink < 1:
        portrait = cv2.resize(portrait, size, interpolation=cv2.INTER_AREA)
    kept_x, kept_y = portrait.shape[1] / width, portrait.shape[0] / height
    origin = (float(middle[0] + 0.5) * kept_x - 0.5, float(middle[1] + 0.5) * kept_y - 0.5)
    return portrait, origin, (kept_x / scale, kept_y / scale)
