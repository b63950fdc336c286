"""Draw what moves in a face: the eyes, which blink, and the mouth, which smiles and speaks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kiosk.simulator.looks import Looks
from kiosk.simulator.plane import Map, Plane, noise, rise


@dataclass(frozen=True, slots=True)
class Expression:
    """How a face is held, each 0–1; in steps, so that drawn faces can be kept."""

    smile: float = 0.0
    mouth_open: float = 0.0
    blink: float = 0.0


EXPRESSION_STEPS = 4
EYE_Y = -0.025
"""The middle of an open eye: the upper lid arches more than the lower one."""


def rounded(smile: float, mouth_open: float, blink: float) -> Expression:
    """Return the nearest expression on the steps."""
    values = (smile, mouth_open, blink)
    return Expression(
        *(round(min(max(v, 0.0), 1.0) * EXPRESSION_STEPS) / EXPRESSION_STEPS for v in values)
    )


def draw_expression(plane: Plane, looks: Looks, expression: Expression) -> None:
    """Draw eyes and mouth onto the plane."""
    for side in (-1, 1):
        _eye(plane.window(side * 0.5 - 0.4, -0.34, side * 0.5 + 0.4, 0.3), looks, side, expression)
    reach = looks.mouth.height
    _mouth(plane.window(-1.2, reach - 1.0, 1.2, reach + 0.75), looks, expression)


def mouth_corners(looks: Looks, expression: Expression) -> tuple[float, float, float]:
    """Return half the mouth's width, and the heights of its left and right corner."""
    mouth, smile = looks.mouth, expression.smile
    width = mouth.width * (1 + 0.2 * smile - 0.1 * expression.mouth_open)
    corner = mouth.height - mouth.corners - 0.10 * smile + 0.08 * expression.mouth_open
    return width, corner - looks.asymmetry[3] / 2, corner + looks.asymmetry[3] / 2


def _eye(part: Plane, looks: Looks, side: int, expression: Expression) -> None:
    eyes = looks.eyes
    soft = 1.3 / part.px
    dx, dy = (part.x - side * 0.5) * side, part.y - looks.asymmetry[1] * side * 0.5
    cos, sin = np.cos(eyes.tilt), np.sin(eyes.tilt)
    x = dx * cos - dy * sin
    y = dx * sin + dy * cos
    t = np.clip(np.abs((x + 0.0) / eyes.width), 0, 1)
    squint = 1 - 0.25 * expression.smile
    bow = (1 - t**2.2).astype(np.float32)
    # The lid's highest point lies a little towards the nose, the lower lid's a little outside.
    upper = -eyes.openness * squint * bow * (1.0 - 0.15 * x / eyes.width)
    lower = 0.62 * eyes.openness * squint * bow * (1.0 + 0.2 * x / eyes.width)
    shut = expression.blink
    lid = upper * (1 - shut) + (lower - 0.01) * shut
    opening = np.minimum(y - lid, lower - y)
    inside = rise(-soft, soft, opening.astype(np.float32)) * rise(1.0, 0.9, t.astype(np.float32))

    skin = np.asarray(looks.skin.colour, np.float32)
    eyelid = rise(0.0, 0.03, (y - upper + 0.09).astype(np.float32)) * (t < 1)
    eyelid = eyelid * rise(0.02, -0.02, (y - lower).astype(np.float32))
    part.paint(eyelid * 0.5, (float(skin[0]) * 0.88, float(skin[1]) * 0.86, float(skin[2]) * 0.9))

    white = np.full((*part.x.shape, 3), (0.80, 0.83, 0.86), np.float32)
    white *= (1 - 0.22 * t**2 - 0.35 * rise(0.05, 0.0, (y - lid).astype(np.float32)))[..., None]
    # Towards the nose: the visible part of the iris is not moved, only the corner is redder.
    tear = np.exp(-(((x + eyes.width * 0.93) / 0.03) ** 2) - (y / 0.03) ** 2)
    white += tear[..., None] * (np.array((0.42, 0.46, 0.72), np.float32) - white)
    radius = np.sqrt(x**2 + (y + 0.012) ** 2)
    ball = eyes.iris_size
    iris = rise(ball + soft, ball - soft, radius.astype(np.float32))
    streaks = noise(looks.number * 8 + 9, part.x.shape, (0.02 * part.px, 0.05 * part.px))
    hue = (
        np.asarray(eyes.iris, np.float32)
        * (0.85 + 0.08 * streaks - 0.45 * rise(ball * 0.75, ball, radius.astype(np.float32)))[
            ..., None
        ]
    )
    white += iris[..., None] * (hue.astype(np.float32) - white)
    pupil = rise(ball * 0.42 + soft, ball * 0.42 - soft, radius.astype(np.float32))
    white *= (1 - 0.92 * pupil)[..., None]
    glint = np.exp(-(((part.x - side * 0.5 + 0.03) / 0.018) ** 2) - ((y + 0.045) / 0.018) ** 2)
    white += glint[..., None] * (0.95 - white)
    part.paint(inside, white.astype(np.float32))

    lash = np.exp(-(((y - lid) / 0.016) ** 2)) * (t < 1) * (1.06 - 0.5 * (1 - t) * 0.4)
    part.paint(np.clip(lash, 0, 0.88).astype(np.float32), (0.06, 0.06, 0.07))
    below = np.exp(-(((y - lower) / 0.012) ** 2)) * (t < 1)
    part.darken((0.3 * below).astype(np.float32))
    if eyes.lid > 0.25:
        crease = np.exp(-(((y - upper + 0.035 + 0.055 * eyes.lid) / 0.012) ** 2)) * (t < 0.98)
        part.darken((0.34 * crease).astype(np.float32))


def _mouth(part: Plane, looks: Looks, expression: Expression) -> None:
    mouth = looks.mouth
    soft = 1.5 / part.px
    width, left, right = mouth_corners(looks, expression)
    gape = 0.30 * expression.mouth_open
    slope = (right - left) / (2 * width)
    t = np.clip(np.abs(part.x / width), 0, 1.2)
    bow = np.clip(1 - t**2, 0, 1).astype(np.float32)
    # The line between the lips runs from corner to corner through the middle of the mouth.
    middle = mouth.height + 0.02
    line = (left + right) / 2 + slope * part.x + (middle - (left + right) / 2) * bow
    upper_edge = line - 0.28 * gape * bow
    lower_edge = line + gape * bow
    thin = 1 - 0.25 * expression.smile
    dip = mouth.bow * 0.35 * np.exp(-((part.x / 0.06) ** 2))
    peak = np.clip(1 - np.abs(t - 0.22) * 0.35 - t**3, 0, 1) * (1 - dip)
    top = upper_edge - mouth.upper * thin * peak
    bottom = lower_edge + mouth.lower * thin * np.clip(1 - t**2.5, 0, 1) ** 0.8
    inside = np.minimum(part.y - top, bottom - part.y)
    lips = rise(-soft, soft * 1.5, inside.astype(np.float32)) * rise(1.02, 0.94, t)
    grain = 0.05 * noise(looks.number * 8 + 10, part.x.shape, (0.02 * part.px, 0.1 * part.px))
    red = np.asarray(mouth.colour, np.float32) * (1 + grain)[..., None]
    part.paint((0.9 * lips).astype(np.float32), red.astype(np.float32))
    swell = np.exp(-(((part.y - (top + upper_edge) / 2) / (mouth.upper * 0.6 + 0.01)) ** 2)) * 0.05
    swell += np.exp(-(((part.y - (bottom + lower_edge) / 2) / (mouth.lower * 0.55)) ** 2)) * 0.075
    part.height += (swell * bow).astype(np.float32)
    crack = np.exp(-(((part.y - line) / max(0.018, 0.9 / part.px)) ** 2))
    crack = crack * rise(1.06, 0.94, t.astype(np.float32))
    part.height -= (0.015 * crack).astype(np.float32)
    part.darken((0.62 * crack * (1 if gape < 0.02 else 0.2)).astype(np.float32))
    for x, y in ((-width, left), (width, right)):
        part.darken(0.55 * part.spot(x, y, 0.032, 0.024))
    if expression.smile:
        for side in (-1, 1):
            dent = part.spot(side * (width + 0.13), mouth.height - 0.16, 0.04, 0.17, side * -0.45)
            part.height -= 0.06 * expression.smile * dent
            part.darken(np.float32(0.22 * expression.smile) * dent)
            part.height += 0.07 * expression.smile * part.spot(side * 0.66, 0.7, 0.18, 0.15)
    if gape >= 0.02 or expression.smile > 0.6:
        _teeth(part, upper_edge, lower_edge, line, expression, t, soft)


def _teeth(
    part: Plane,
    upper_edge: Map,
    lower_edge: Map,
    line: Map,
    expression: Expression,
    t: Map,
    soft: float,
) -> None:
    if expression.mouth_open < 0.1:
        # A broad smile with a shut jaw bares the upper teeth.
        upper_edge, lower_edge = line - 0.03 * (1 - t**2), line + 0.05 * (1 - t**2)
    hole = rise(
        -soft, soft, np.minimum(part.y - upper_edge, lower_edge - part.y).astype(np.float32)
    )
    hole = hole * (t < 0.96)
    part.paint((0.95 * hole).astype(np.float32), (0.10, 0.07, 0.16))
    row = rise(0.09, 0.07, (part.y - upper_edge).astype(np.float32)) * rise(0.85, 0.6, t)
    gaps = 1 - 0.18 * np.abs(np.sin(part.x * np.pi / 0.085)) ** 8
    teeth = (np.array((0.74, 0.82, 0.85), np.float32) * gaps[..., None]).astype(np.float32)
    part.paint((0.92 * hole * row).astype(np.float32), teeth)
    part.height -= (0.06 * hole * (1 - row)).astype(np.float32)
