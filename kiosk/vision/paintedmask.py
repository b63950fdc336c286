"""Paint a face mask onto a photograph: over nose and mouth, turned with the head, lit as the face.

A person enrolled without a mask is to be known with one. The cloth is a surface in front of the
mean face of :mod:`kiosk.vision.head_pose`, in units of the eye distance: x right, y down, z away
from the camera, the origin between the eyes. It is turned by the pose that the landmarks show,
then shifted smoothly so that nose and mouth lie where they are in the picture.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.domain import Pixels
from kiosk.vision.head_pose import SHAPE, estimate_head_pose, rotation_matrix
from kiosk.vision.maskstyle import (
    STYLES,
    TEXTURE_PX,
    MaskPattern,
    MaskShape,
    MaskStyle,
    cloth_of,
    random_style,
)

__all__ = ["STYLES", "MaskPattern", "MaskShape", "MaskStyle", "paint_mask", "random_style"]

Map = NDArray[np.float64]

_COLUMNS, _ROWS = 33, 25
# Half width, lower edge on the chin, both in eye distances; how far the beak stands out.
_CUTS = {
    MaskShape.SURGICAL: (0.95, 1.86, 0.10),
    MaskShape.MOULDED: (0.90, 1.84, 0.24),
    MaskShape.FOLDED: (0.88, 1.86, 0.20),
    MaskShape.CLOTH: (0.93, 1.82, 0.04),
    MaskShape.SCARF: (1.08, 2.35, 0.02),
}
_LIGHT: Map = np.array([0.0, -0.35, -0.94])
_AMBIENT = 0.55
_STRAY_WEIGHT = 0.5
"""Reach of a landmark's own shift, eye distances."""


def paint_mask(pixels: Pixels, landmarks: NDArray[np.floating], style: MaskStyle) -> Pixels:
    """Return a copy of ``pixels`` (height, width, 3), uint8 BGR, with a mask on the face.

    ``landmarks`` (5, 2) are pixels in the order of :class:`kiosk.domain.Detection`; ``pixels`` may
    be a frame or an aligned chip. Raises ValueError when the landmarks coincide.
    """
    points = np.asarray(landmarks, np.float64)
    rotation = rotation_matrix(estimate_head_pose(points.astype(np.float32)))
    surface = _surface(style)
    placed, scale = _placed(surface.reshape(-1, 3), points, rotation)
    grid = placed.reshape(_ROWS, _COLUMNS, 2)
    shade = _shade(surface @ rotation.T)
    cloth = cloth_of(style) * cv2.resize(shade, (TEXTURE_PX, TEXTURE_PX))[..., None]
    return _drawn(pixels, points, grid, surface @ rotation.T, cloth, style, scale)


# --- shape ------------------------------------------------------------------------------------


def _surface(style: MaskStyle) -> Map:
    """Return points of the cloth (rows, columns, 3): top to bottom, left to right."""
    half_width, bottom, beak = _CUTS[style.shape]
    u = np.linspace(-1, 1, _COLUMNS)[None, :]
    v = np.linspace(0, 1, _ROWS)[:, None]
    side = np.abs(u)
    # The upper edge dips beside the nose and rises towards the ears; the lower one follows the jaw.
    dip = 0.20 if style.shape is not MaskShape.SCARF else 0.08
    upper = style.top + dip * (1 - np.exp(-((side / 0.30) ** 2))) + 0.06 * side**2
    upper = upper - (0.16 * side**4 if style.shape is MaskShape.SCARF else 0)
    lower = bottom - (0.62 if style.shape is not MaskShape.SCARF else 0.25) * side**2.2
    y = upper + (lower - upper) * v
    jaw = 1 - 0.20 * np.clip((y - 0.6) / 1.3, 0, 1) ** 1.5
    x = half_width * style.width * jaw * np.sin(u * 1.25) / np.sin(1.25)
    cheek = -0.14 + 1.0 * side**2.2 + 0.14 * np.clip(y - 1.5, 0, 1)
    nose = -0.42 * np.exp(-(((y - 0.57) / 0.30) ** 2)) - 0.10 * np.exp(-(((y - 0.25) / 0.3) ** 2))
    mouth = -0.05 * np.exp(-(((y - 1.3) / 0.4) ** 2))
    ridge = np.exp(-((side / (0.22 + 0.25 * v)) ** 2))
    # Cloth spans from the nose to the chin: it falls off more slowly than the face does.
    hang = -0.30 * np.clip((y - 0.57) / 0.25, 0, 1) * np.clip((1.95 - y) / 1.3, 0, 1)
    z = cheek + np.minimum(nose, hang) * ridge + mouth
    z = z - beak * np.exp(-((side / 0.45) ** 2)) * np.sin(np.pi * v) ** 0.8
    return np.asarray(np.stack(np.broadcast_arrays(x, y, z), axis=-1), np.float64)


def _placed(points: Map, landmarks: Map, rotation: Map) -> tuple[Map, float]:
    """Return points of the mean face in the picture, and the eye distance there."""
    turned = (SHAPE @ rotation.T)[:, :2]
    centre, middle = turned.mean(axis=0), landmarks.mean(axis=0)
    spread = turned - centre
    scale = float(((landmarks - middle) * spread).sum() / (spread**2).sum())
    stray = (landmarks - middle) / scale - spread
    placed = (points @ rotation.T)[:, :2] - centre
    # Nobody has the mean face: near a landmark the cloth is shifted as far as the landmark is.
    distance = ((points[:, None, :2] - SHAPE[None, :, :2]) ** 2).sum(axis=-1)
    weight = np.exp(-distance / (2 * _STRAY_WEIGHT**2))
    weight /= np.maximum(weight.sum(axis=1, keepdims=True), 0.6)
    return (placed + weight @ stray) * scale + middle, abs(scale)


def _normals(turned: Map) -> Map:
    across = np.gradient(turned, axis=1)
    down = np.gradient(turned, axis=0)
    normal = np.cross(down, across)
    normal = normal / np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-9)
    is_inward = normal[_ROWS // 2, _COLUMNS // 2, 2] > 0
    return np.asarray(-normal if is_inward else normal)


def _shade(turned: Map) -> Map:
    lit = np.clip(_normals(turned) @ _LIGHT, 0, 1)
    return _AMBIENT + (1 - _AMBIENT) * lit


# --- picture ----------------------------------------------------------------------------------


def _drawn(
    pixels: Pixels,
    landmarks: Map,
    grid: Map,
    turned: Map,
    cloth: Map,
    style: MaskStyle,
    scale: float,
) -> Pixels:
    """Draw the cloth larger than needed, average it down and blend it over the picture."""
    height, width = pixels.shape[:2]
    margin = 0.4 * scale + 3
    low = np.floor(grid.reshape(-1, 2).min(axis=0) - margin).astype(int)
    high = np.ceil(grid.reshape(-1, 2).max(axis=0) + margin).astype(int)
    low, high = np.maximum(low, 0), np.minimum(high, (width, height))
    if (high <= low).any():
        unchanged: Pixels = pixels.copy()
        return unchanged
    factor = int(np.clip(round(160 / scale), 1, 6))
    size = (int(high[0] - low[0]), int(high[1] - low[1]))
    layer = np.zeros((size[1] * factor, size[0] * factor, 4), np.uint8)
    corners = ((grid - low + 0.5) * factor - 0.5) * 16
    if style.shape is not MaskShape.SCARF:
        _draw_straps(layer, corners, turned, style, scale * factor)
    _draw_cloth(layer, corners, turned, cloth)
    small = cv2.resize(layer, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    # A camera and a resized photograph are softer than a drawing.
    small = cv2.GaussianBlur(small, (0, 0), max(0.012 * scale, 0.45))
    cover = small[..., 3:] / 255
    part = pixels[low[1] : high[1], low[0] : high[0]].astype(np.float32)
    light = _light_on(pixels, landmarks, low, high, scale)
    painted = part * (1 - cover) + small[..., :3] * light[..., None]
    result: Pixels = pixels.copy()
    result[low[1] : high[1], low[0] : high[0]] = np.clip(np.rint(painted), 0, 255)
    return result


def _draw_cloth(layer: Pixels, corners: Map, turned: Map, cloth: Map) -> None:
    towards = _normals(turned)[..., 2] < -0.02
    fine = np.float32(np.dstack([*cv2.split(corners), turned[..., 2]]))
    side = 2
    rows, columns = (_ROWS - 1) * side + 1, (_COLUMNS - 1) * side + 1
    points = _finer(fine, rows, columns)
    seen = _finer(np.float32(towards)[..., None], rows, columns)[..., 0] > 0.5
    colours = cv2.resize(cloth, (columns - 1, rows - 1), interpolation=cv2.INTER_AREA)
    depth = points[:-1, :-1, 2]
    whole = np.rint(points[..., :2]).astype(np.int32)
    # Far to near, so that the nearer half hides the other where the head is turned.
    for index in np.argsort(-depth, axis=None):
        row, column = divmod(int(index), columns - 1)
        if not seen[row, column]:
            continue
        quad = whole[[row, row, row + 1, row + 1], [column, column + 1, column + 1, column]]
        blue, green, red = np.clip(colours[row, column], 0, 255).tolist()
        cv2.fillConvexPoly(layer, quad, (blue, green, red, 255), cv2.LINE_8, 4)


def _finer(grid: NDArray[np.float32], rows: int, columns: int) -> NDArray[np.float32]:
    """Return a grid of corners with more rows and columns, the outer ones at the same places."""
    y = np.linspace(0, grid.shape[0] - 1, rows, dtype=np.float32)
    x = np.linspace(0, grid.shape[1] - 1, columns, dtype=np.float32)
    at_x, at_y = np.meshgrid(x, y)
    fine = cv2.remap(grid, at_x, at_y, cv2.INTER_LINEAR)
    return np.asarray(fine.reshape(rows, columns, -1), np.float32)


def _draw_straps(layer: Pixels, corners: Map, turned: Map, style: MaskStyle, scale: float) -> None:
    thickness = max(round(0.028 * scale), 1)
    colour = tuple(0.85 * value + 25 for value in style.colour)
    if style.shape in (MaskShape.SURGICAL, MaskShape.MOULDED, MaskShape.FOLDED):
        colour = (225, 225, 225)
    down = corners[-1, _COLUMNS // 2] - corners[0, _COLUMNS // 2]
    down = down / max(float(np.linalg.norm(down)), 1e-9) * scale * 16
    outwards = corners[2, -1] - corners[2, 0]
    for column, sign in ((0, -1), (-1, 1)):
        # The ear on the side that a turned head shows less is out of sight.
        if turned[_ROWS // 2, column, 2] > 1.25:
            continue
        reach = outwards / max(float(np.linalg.norm(outwards)), 1e-9) * scale * 16 * 0.22 * sign
        for row, rise in ((1, -0.22), (_ROWS - 3, -0.5)):
            start = corners[row, column]
            line = np.rint(np.stack([start, start + reach + down * rise])).astype(np.int32)
            cv2.polylines(layer, [line], False, (*colour, 255), thickness, cv2.LINE_8, 4)


def _light_on(
    pixels: Pixels, landmarks: Map, low: NDArray[np.int_], high: NDArray[np.int_], scale: float
) -> NDArray[np.float32]:
    """Return the light over a part of the picture: 1 where white cloth is white.

    Its level follows from the brightest skin, its fall-off from a plane through the skin's light:
    skin may be dark, the cloth over it is not.
    """
    grey = cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY).astype(np.float32)
    grey = cv2.GaussianBlur(grey, (0, 0), max(0.12 * scale, 0.5))
    places = np.stack(np.meshgrid(np.linspace(-0.75, 0.75, 9), np.linspace(-0.35, 1.5, 9)), -1)
    eyes = landmarks[:2].mean(axis=0)
    downwards = (landmarks[3:].mean(axis=0) - eyes) / 1.155
    across = np.array([downwards[1], -downwards[0]])
    spots = eyes + places[..., :1] * across + places[..., 1:] * downwards
    inside = (spots >= 0).all(-1) & (spots < (pixels.shape[1], pixels.shape[0])).all(-1)
    x, y = spots[inside].astype(int).T
    if x.size < 12:
        return np.ones((int(high[1] - low[1]), int(high[0] - low[0])), np.float32)
    values = grey[y, x]
    system = np.stack([np.ones(x.size), (x - eyes[0]) / scale, (y - eyes[1]) / scale], -1)
    # Skin only: dark spots are eyes, nostrils and beards.
    skin = values > 0.6 * np.median(values)
    plane = np.linalg.lstsq(system[skin], values[skin], rcond=None)[0]
    level = float(np.percentile(values, 90))
    rows, columns = np.mgrid[low[1] : high[1], low[0] : high[0]].astype(np.float32)
    ramp = plane[0] + plane[1] * (columns - eyes[0]) / scale + plane[2] * (rows - eyes[1]) / scale
    ramp = np.clip(ramp / max(float(np.abs(values[skin]).mean()), 1.0), 0.15, 1.6)
    # Bright skin reflects about two thirds of what white cloth does, dark skin a third.
    return np.asarray(np.clip((level / 170) ** 0.75, 0.03, 1.15) * ramp, np.float32)
