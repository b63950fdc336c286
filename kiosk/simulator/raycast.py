"""Look at a head: find where each picture element's ray meets it, and light what is there.

Sphere tracing (Hart 1996) on a star-shaped surface: a ray steps on by a share of its height above
the surface until it touches. The virtual camera looks straight at the head, so that a head at the
edge of the picture is drawn as if it stood in the middle.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.simulator.head import REACH, Head
from kiosk.simulator.plane import Map, rise
from kiosk.simulator.scene import Light

_STEPS = 15
_STRIDE = np.float32(0.66)
_SETTLING = 6
"""The last steps only close in on the surface."""
_SHORTEST = np.float32(0.07)
"""Eye distances; without it a ray that grazes a cheek would never arrive at the ear."""
_AMBIENT_FROM_ABOVE = 0.22
_GAMMA = 2.2
_SHADOW_STEPS = (0.06, 0.14, 0.25, 0.4, 0.6)


def rotation(yaw_deg: float, pitch_deg: float, roll_deg: float) -> NDArray[np.float64]:
    """Return Rz(roll)·Ry(yaw)·Rx(pitch) in head coordinates; signs as in domain.HeadPose."""
    yaw, pitch, roll = np.radians([yaw_deg, pitch_deg, roll_deg])
    cy, sy, cp, sp, cr, sr = (
        np.cos(yaw),
        np.sin(yaw),
        np.cos(pitch),
        np.sin(pitch),
        np.cos(roll),
        np.sin(roll),
    )
    about_x = np.array([[1, 0, 0], [0, cp, sp], [0, -sp, cp]])
    about_y = np.array([[cy, 0, -sy], [0, 1, 0], [sy, 0, cy]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    product: NDArray[np.float64] = about_z @ about_y @ about_x
    return product


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """How a head is looked at: head coordinates to picture."""

    turn: NDArray[np.float64]
    """(3, 3), head to camera."""
    distance: float
    """From the eye of the camera to the centre of the head, eye distances."""
    eye_px: float
    x_px: float
    """Where the centre of the head is in the picture; likewise ``y_px``."""
    y_px: float

    def project(self, points: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return the picture coordinates (N, 2) of head coordinates (N, 3)."""
        turned = points @ self.turn.T
        scale = self.eye_px * self.distance / (self.distance + turned[:, 2:3])
        return np.asarray(turned[:, :2] * scale + (self.x_px, self.y_px), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """A piece of picture with its top left corner, and how much of each element it covers."""

    left: int
    top: int
    colour: NDArray[np.uint8]
    cover: NDArray[np.float32]


def look_at(head: Head, view: View, light: Light, width_px: int, height_px: int) -> Layer | None:
    """Return the head as it is seen in a picture of that size; None when it is outside."""
    span = head.max_radius * view.eye_px * view.distance / (view.distance - head.max_radius)
    left, right = max(0, int(view.x_px - span)), min(width_px, int(view.x_px + span) + 2)
    top, bottom = max(0, int(view.y_px - span)), min(height_px, int(view.y_px + span) + 2)
    if right - left < 2 or bottom - top < 2:
        return None
    columns = (np.arange(left, right, dtype=np.float32) - np.float32(view.x_px)) / view.eye_px
    rows = (np.arange(top, bottom, dtype=np.float32) - np.float32(view.y_px)) / view.eye_px
    hit = _trace(head, view, columns.astype(np.float32), rows.astype(np.float32))
    colour = _light_up(head, view, light, hit)
    return Layer(left, top, colour, hit.cover)


@dataclass(frozen=True, slots=True, eq=False)
class _Hit:
    x: Map
    y: Map
    z: Map
    u: Map
    v: Map
    cover: Map


def _trace(head: Head, view: View, columns: Map, rows: Map) -> _Hit:
    # Rays in head coordinates: origin o, direction d(q) = towards (qx, qy, 0) of the camera.
    back = view.turn.T
    origin = (back @ np.array([0.0, 0.0, -view.distance])).astype(np.float32)
    qx, qy = columns[None, :], rows[:, None]
    inverse = 1 / np.sqrt(qx * qx + qy * qy + np.float32(view.distance**2))
    dx, dy, dz = (
        (
            np.float32(back[i, 0]) * qx
            + np.float32(back[i, 1]) * qy
            + np.float32(back[i, 2] * view.distance)
        )
        * inverse
        for i in range(3)
    )
    along = -(origin[0] * dx + origin[1] * dy + origin[2] * dz)
    nearest = np.float32(view.distance**2) - along * along
    reach = np.float32(head.max_radius**2) - nearest
    t = along - np.sqrt(np.maximum(reach, 0))
    gap = np.full_like(t, 9.0)
    to_map = np.float32(head.texels_per_unit)
    middle = np.float32(REACH * head.texels_per_unit - 0.5)
    pixel = np.float32(1 / view.eye_px)
    for step in range(_STEPS):
        x, y, z = origin[0] + t * dx, origin[1] + t * dy, origin[2] + t * dz
        r = np.sqrt(x * x + y * y + z * z)
        scale = np.sqrt(2 / np.maximum(r * (r - z), 1e-3)) * to_map
        u, v = x * scale + middle, y * scale + middle
        surface = cv2.remap(head.radius, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        above = r - surface
        np.minimum(gap, above, out=gap)
        if step < _STEPS - 1:
            # Never beyond the point nearest to the centre: behind it, the back of the head is.
            step_on = _STRIDE * above
            if step < _STEPS - _SETTLING:
                step_on = np.where(above > pixel, np.maximum(step_on, _SHORTEST), step_on)
            t = np.minimum(t + step_on, along + 0.35)
    cover = (np.clip(1.25 - gap / (1.2 * pixel), 0, 1) * (reach > 0)).astype(np.float32)
    # Rays that graze a nose or a lock of hair are still above it when the steps are used up; what
    # is behind them is head, not background: a head has no holes.
    side = 2 * int(0.06 * view.eye_px) + 3
    cover = cv2.morphologyEx(cover, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8))
    return _Hit(x, y, z, u, v, np.asarray(cover, np.float32))


def _light_up(head: Head, view: View, light: Light, hit: _Hit) -> NDArray[np.uint8]:
    albedo = cv2.remap(head.colour, hit.u, hit.v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    normals = cv2.remap(
        head.normals, hit.u, hit.v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    lamp = view.turn.T @ lamp_direction(light)
    up = view.turn.T @ np.array([0.0, -1.0, 0.0])
    to_lamp = (normals @ lamp.astype(np.float32)).astype(np.float32)
    upward = (normals @ up.astype(np.float32)).astype(np.float32)
    open_sky = np.sqrt(np.einsum("ijk,ijk->ij", normals, normals))
    # Light that enters the skin leaves it elsewhere: the shadow's edge is soft (half-Lambert).
    direct = np.maximum((to_lamp + 0.18 * open_sky) / 1.18, 0)
    if light.directness > 0.25:
        direct = direct * _lit(head, hit, lamp)
    ambient = open_sky**2 * (1 - _AMBIENT_FROM_ABOVE + _AMBIENT_FROM_ABOVE * upward)
    shade = (1 - light.directness) * ambient + 1.25 * light.directness * direct
    towards_eye = view.turn.T @ np.array([0.0, 0.0, -1.0])
    half = lamp + towards_eye
    half = half / max(float(np.linalg.norm(half)), 1e-6)
    shine = np.maximum((normals @ half.astype(np.float32)).astype(np.float32), 0)
    shine = cv2.pow(shine, 24.0) * np.float32(0.16 * head.gloss * light.directness)
    tone = cv2.pow(np.maximum(shade, 0).astype(np.float32), 1 / _GAMMA)
    lit = albedo.astype(np.float32) * tone[..., None]
    lit += (255 * shine)[..., None]
    picture: NDArray[np.uint8] = np.clip(lit, 0, 255).astype(np.uint8)
    return picture


def _lit(head: Head, hit: _Hit, lamp: NDArray[np.float64]) -> Map:
    """Return 0 where something of the head is between a point and the lamp … 1 where nothing is."""
    to_map = np.float32(head.texels_per_unit)
    middle = np.float32(REACH * head.texels_per_unit - 0.5)
    lx, ly, lz = lamp.astype(np.float32)
    clear = np.full_like(hit.x, 1.0)
    for length in _SHADOW_STEPS:
        step = np.float32(length)
        x, y, z = hit.x + step * lx, hit.y + step * ly, hit.z + step * lz
        r = np.sqrt(x * x + y * y + z * z)
        scale = np.sqrt(2 / np.maximum(r * (r - z), 1e-3)) * to_map
        surface = cv2.remap(
            head.radius,
            x * scale + middle,
            y * scale + middle,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        np.minimum(clear, 1 + (r - surface) / (0.25 * step + 0.02), out=clear)
    return rise(0.0, 1.0, clear)


def lamp_direction(light: Light) -> NDArray[np.float64]:
    """Return the unit vector towards the lamp in camera coordinates (z away from the camera)."""
    azimuth, elevation = np.radians([light.azimuth_deg, light.elevation_deg])
    return np.array(
        [
            np.sin(azimuth) * np.cos(elevation),
            -np.sin(elevation),
            -np.cos(azimuth) * np.cos(elevation),
        ]
    )
