"""Presentation attacks: a portrait held up to the camera, printed or on a screen."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.domain import Pixels
from kiosk.simulator import grips, hands, prints, screens
from kiosk.simulator.scene import Actor, Attack, Light
from kiosk.simulator.sensor import Glow, require
from kiosk.simulator.sheets import Sheet, Window, turned

MAX_TURN_DEG = 75.0
MAX_EYE_PX = 2000.0
MAX_PLACE_PX = 1e5
PRINTS = (Attack.PRINT, Attack.FLAT_PRINT, Attack.BENT_PRINT, Attack.CUT_OUT)
"""What is paper; the others are screens."""
_FOCAL_SHARE = 1.2
"""Focal length as a share of the frame's longer side: a lens of about 45° across."""
_LEAST_DISTANCE = 2.5
"""Distance of the camera from what is held up, at least, in sizes of the latter."""


@dataclass(frozen=True, slots=True, eq=False)
class Presented:
    """Where the picture that was held up came to lie."""

    points: NDArray[np.float32]
    """(N, 2) the points asked for, in frame pixels; they may lie outside."""
    outline: NDArray[np.float32]
    """(M, 2) the edge of the paper or telephone in frame pixels, clockwise; it may lie outside."""
    glow: Glow | None = None
    """What of the frame shines by itself; to be given to :func:`kiosk.simulator.sensor.expose`."""


def present(
    canvas: Pixels,
    portrait: Pixels,
    points: NDArray[np.float32],
    eyes: NDArray[np.float32],
    actor: Actor,
    light: Light,
    seed: int,
) -> Presented:
    """Draw ``portrait`` into ``canvas`` as somebody holds it up; return where it lies.

    ``points`` (N, 2) and ``eyes`` (2, 2) are pixels of the portrait. The point between the eyes
    comes to (``actor.x_px``, ``actor.y_px``), and facing the camera the eyes would be
    ``actor.eye_px`` apart. ``seed`` chooses paper, telephone, bending and hand, and nothing of it
    depends on where or how the picture is held, so that it can move from frame to frame. Raises
    ValueError when the actor holds up nothing or a value is impossible.
    """
    _check(canvas, portrait, points, eyes, actor, light)
    rng = np.random.default_rng(seed % (1 << 64))
    middle = eyes.astype(np.float64).mean(axis=0)
    scale = actor.eye_px / float(np.linalg.norm(eyes[1].astype(np.float64) - eyes[0]))
    is_print = actor.attack in PRINTS
    thing = _thing(actor.attack, portrait, middle, eyes, scale, rng)
    edges = thing.texture.edges
    size_px = math.hypot(max(-edges[0], edges[2]), max(-edges[1], edges[3]))
    sheet = Sheet(
        actor.x_px,
        actor.y_px,
        turned(actor.yaw_deg, actor.pitch_deg, actor.roll_deg),
        max(_FOCAL_SHARE * max(canvas.shape[:2]), _LEAST_DISTANCE * size_px),
        thing.curvature,
        thing.bend_rad,
    )
    outline = sheet.to_frame(_around(edges))
    if actor.attack is Attack.CUT_OUT:
        # Worn before the face: its corners are not there.
        hand = grips.Hold([], [])
    else:
        hold = grips.hold_print if is_print else grips.hold_phone
        hand = hold(sheet, edges, thing.width_mm, rng)
        _cast_shadow(canvas, outline, light, edges[2] - edges[0])
    hands.draw(canvas, hand.behind, light)
    glow = None
    window = _window(sheet, outline, canvas, thing.margin_px)
    if window is not None:
        strength = thing.paint(canvas, window, light)
        if strength is not None:
            _hide_behind(strength, hand.before, window)
            glow = Glow(window.left, window.top, strength)
    hands.draw(canvas, hand.before, light)
    moved = sheet.to_frame((points.astype(np.float64) - middle) * scale)
    return Presented(moved.astype(np.float32), outline.astype(np.float32), glow)


def _thing(
    attack: Attack,
    portrait: Pixels,
    middle: NDArray[np.float64],
    eyes: NDArray[np.float32],
    scale: float,
    rng: np.random.Generator,
) -> prints.Print | screens.Telephone:
    if attack in (Attack.PHONE, Attack.TABLET):
        return screens.make(portrait, middle, scale, rng, is_tablet=attack is Attack.TABLET)
    bend = {Attack.FLAT_PRINT: prints.Bend.FLAT, Attack.BENT_PRINT: prints.Bend.LIKE_A_FACE}
    cut = float(np.linalg.norm(eyes[1] - eyes[0])) * scale if attack is Attack.CUT_OUT else None
    how = bend.get(attack, prints.Bend.AS_IT_COMES)
    return prints.make(portrait, middle, scale, rng, how, cut)


def _around(edges: tuple[float, float, float, float]) -> NDArray[np.float64]:
    """Return points along the rectangle, clockwise from its top left."""
    left, top, right, bottom = edges
    share = np.arange(12) / 12
    x = np.concatenate([left + share * (right - left), np.full(12, right)])
    y = np.concatenate([np.full(12, top), top + share * (bottom - top)])
    return np.stack(
        [np.concatenate([x, left + right - x]), np.concatenate([y, top + bottom - y])], axis=1
    )


def _window(
    sheet: Sheet, outline: NDArray[np.float64], canvas: Pixels, margin_px: float
) -> Window | None:
    """Return what the canvas sees around the outline; None when that is outside."""
    limit = np.array([canvas.shape[1], canvas.shape[0]])
    low = np.clip(np.floor(outline.min(axis=0) - margin_px), 0, limit).astype(int)
    high = np.clip(np.ceil(outline.max(axis=0) + margin_px) + 1, 0, limit).astype(int)
    width, height = (int(v) for v in high - low)
    if min(width, height) < 1:
        return None
    return sheet.seen_in(int(low[0]), int(low[1]), width, height)


def _cast_shadow(
    canvas: Pixels, outline: NDArray[np.float64], light: Light, width_px: float
) -> None:
    """Darken softly what is behind, away from the lamp."""
    toward = hands.lamp(light)
    soft = max(width_px * 0.05, 2.0)
    shifted = outline - toward[:2] * width_px * 0.1
    small = 4
    size = (canvas.shape[1] // small + 1, canvas.shape[0] // small + 1)
    cover = np.zeros((size[1], size[0]), np.uint8)
    corners = np.clip(np.rint(shifted / small), -20_000, 20_000).astype(np.int32)
    cv2.fillPoly(cover, [corners], round(255 * (0.12 + 0.4 * light.directness)))
    cover = cv2.GaussianBlur(cover, (0, 0), min(soft / small + 0.5, 40))
    left, top, width, height = cv2.boundingRect(cover)
    if not width:
        return
    part = canvas[top * small : (top + height) * small, left * small : (left + width) * small]
    kept = cv2.resize(
        cv2.bitwise_not(cover[top : top + height, left : left + width]),
        (width * small, height * small),
    )[: part.shape[0], : part.shape[1]]
    part[:] = cv2.multiply(part, cv2.cvtColor(kept, cv2.COLOR_GRAY2BGR), scale=1 / 255)


def _hide_behind(strength: NDArray[np.uint8], rods: list[hands.Rod], window: Window) -> None:
    """Take away the glow where fingers lie over it."""
    corner = np.array([window.left, window.top])
    for rod in rods:
        ends = np.clip(np.rint([rod.start - corner, rod.end - corner]), -20_000, 20_000)
        start, end = ends.astype(int).tolist()
        thick = max(round(2 * max(rod.start_radius, rod.end_radius)), 1)
        cv2.line(strength, start, end, 0, min(thick, 32_000), cv2.LINE_AA)


def _check(
    canvas: Pixels,
    portrait: Pixels,
    points: NDArray[np.float32],
    eyes: NDArray[np.float32],
    actor: Actor,
    light: Light,
) -> None:
    if actor.attack is Attack.NONE:
        raise ValueError("the actor holds up nothing: attack must not be NONE")
    for name, picture in (("canvas", canvas), ("portrait", portrait)):
        if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
            raise ValueError(f"the {name} must be (height, width, 3) uint8")
        if min(picture.shape[:2]) < 8:
            raise ValueError(f"the {name} must be at least 8 pixels wide and high")
    if points.ndim != 2 or points.shape[1] != 2 or eyes.shape != (2, 2):
        raise ValueError("points must be (N, 2) and eyes (2, 2)")
    if not np.isfinite(eyes).all() or float(np.linalg.norm(eyes[1] - eyes[0])) < 1:
        raise ValueError("the eyes must be finite and at least a pixel apart")
    require("eye_px", actor.eye_px, 2.0, MAX_EYE_PX)
    require("x_px", actor.x_px, -MAX_PLACE_PX, MAX_PLACE_PX)
    require("y_px", actor.y_px, -MAX_PLACE_PX, MAX_PLACE_PX)
    require("yaw_deg", actor.yaw_deg, -MAX_TURN_DEG, MAX_TURN_DEG)
    require("pitch_deg", actor.pitch_deg, -MAX_TURN_DEG, MAX_TURN_DEG)
    require("roll_deg", actor.roll_deg, -360.0, 360.0)
    require("light.directness", light.directness, 0.0, 1.0)
    require("light.azimuth_deg", light.azimuth_deg, -360.0, 360.0)
    require("light.elevation_deg", light.elevation_deg, -90.0, 90.0)
