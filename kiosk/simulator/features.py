"""Draw the face that a head keeps: skin, brows, nose, lines, beard. Eyes and mouth move, see there.

All lengths are in eye distances on the front plane; heights that are not a person's own are
anthropometric means or were chosen by looking at the pictures.
"""

from __future__ import annotations

import numpy as np

from kiosk.simulator.looks import BeardStyle, Looks
from kiosk.simulator.plane import Map, Plane, blank_plane, noise, rise


def draw_features(looks: Looks, px: float) -> Plane:
    """Return a new plane with everything but eyes and mouth; ``px`` elements an eye distance."""
    plane = blank_plane(px)
    plane.colour[:] = np.asarray(looks.skin.colour, np.float32)
    _forms(plane, looks)
    _nose(plane, looks)
    _complexion(plane, looks)
    _lines(plane, looks)
    _brows(plane, looks)
    _beard(plane, looks)
    return plane


def nose_tip(looks: Looks) -> tuple[float, float]:
    """Return where the tip of the nose is on the front plane."""
    return looks.nose.bend + looks.asymmetry[0], looks.nose.length - 0.05


def _forms(plane: Plane, looks: Looks) -> None:
    skull, eyes = looks.skull, looks.eyes
    height = plane.height
    for side in (-1, 1):
        height -= eyes.depth * plane.spot(side * 0.47, 0.02, 0.24, 0.15)
        height += 0.05 * plane.spot(side * 0.5, 0.02, 0.13, 0.10)
        height += skull.brow_ridge * plane.spot(side * 0.42, -0.27, 0.26, 0.09, side * 0.1)
        height += skull.cheekbones * plane.spot(side * 0.72, 0.45, 0.2, 0.16, side * -0.4)
        height += skull.cheek_fullness * plane.spot(side * 0.68, 0.98, 0.24, 0.26)
        height -= 0.03 * plane.spot(side * 1.0, -0.35, 0.15, 0.3)
        height += 0.05 * plane.spot(side * skull.chin_width * 0.5, 1.68, skull.chin_width, 0.13)
    height += skull.forehead * plane.spot(0, -0.75, 0.6, 0.35)
    height += skull.chin_forward * plane.spot(0, 1.72, 0.28 + skull.chin_width, 0.22)
    height += 0.05 * plane.spot(0, looks.mouth.height, 0.42, 0.2)
    height -= 0.06 * plane.spot(0, looks.mouth.height + 0.27, 0.26, 0.07)


def _nose(plane: Plane, looks: Looks) -> None:
    nose = looks.nose
    tip_x, tip_y = nose_tip(looks)
    # What looks like the tip lies above the point that stands out most.
    tip_y += 0.03
    part = plane.window(-0.6, -0.5, 0.6, 1.1)
    x, y = part.x - np.float32(tip_x) * rise(-0.1, tip_y, part.y), part.y
    along = np.clip((y + 0.12) / (tip_y + 0.12), 0, 1.4)
    low, high = nose.bridge, nose.tip_forward
    ridge = low + (high - low) * along**1.4
    ridge += nose.hump * np.sin(np.pi * np.clip(along, 0, 1)) ** 2
    ridge *= rise(-0.42, 0.05, y)
    base = tip_y + 0.13 - nose.upturn
    ridge *= rise(base + 0.10, tip_y - 0.02 - 0.5 * nose.upturn, y)
    half = nose.bridge_width + (nose.tip_size - nose.bridge_width) * np.clip(along, 0, 1) ** 2
    part.height += ridge * np.exp(-(np.abs(x / half) ** 2.2) * 0.7)
    # The flanks that lead from the cheeks to the ridge.
    part.height += 0.3 * ridge * np.exp(-((x / (half * 2.1)) ** 2))
    part.height += 0.06 * part.spot(tip_x, tip_y, nose.tip_size * 0.75, nose.tip_size * 0.7)
    for side in (-1, 1):
        wing_x, wing_y = tip_x + side * nose.width * 0.8, tip_y + 0.07
        part.height += 0.15 * part.spot(wing_x, wing_y, 0.075, 0.075)
        part.darken(0.35 * part.spot(tip_x + side * nose.width * 1.18, wing_y, 0.025, 0.06))
        nostril = part.spot(
            tip_x + side * nose.width * 0.5,
            base - 0.005,
            nose.width * 0.24,
            0.022 + max(nose.upturn, 0) * 0.3,
            side * 0.35,
        )
        part.darken(np.float32(0.8) * np.clip(nostril * 1.3, 0, 1))
    part.darken(0.25 * part.spot(tip_x, base + 0.03, nose.width * 0.6, 0.03))
    part.darken(0.10 * part.spot(tip_x, base + 0.13, 0.03, 0.08))


def _complexion(plane: Plane, looks: Looks) -> None:
    skin, seed = looks.skin, looks.number
    px = plane.px
    shape = plane.x.shape
    mottled = 0.05 * noise(seed * 8 + 11, shape, (0.8 * px, 0.8 * px))
    mottled += 0.03 * noise(seed * 8 + 1, shape, (0.45 * px, 0.45 * px))
    mottled += 0.025 * noise(seed * 8 + 2, shape, (0.16 * px, 0.16 * px))
    mottled += 0.012 * noise(seed * 8 + 3, shape, (0.04 * px, 0.04 * px))
    plane.colour *= (1 + mottled)[..., None]
    red = 0.10 + 0.22 * skin.redness
    blush = sum(
        (plane.spot(side * 0.68, 0.62, 0.26, 0.24) for side in (-1, 1)), np.zeros_like(plane.x)
    )
    blush = np.clip(blush + 0.8 * plane.spot(*nose_tip(looks), 0.2, 0.14), 0, 1)
    plane.colour[..., 0] *= 1 - red * blush
    plane.colour[..., 1] *= 1 - 0.75 * red * blush
    if skin.freckles:
        grain = noise(seed * 8 + 4, shape, (0.035 * px, 0.035 * px))
        where = np.exp(-(((plane.y - 0.4) / 0.45) ** 2))
        plane.darken((0.4 * skin.freckles * rise(1.2, 2.0, grain) * where).astype(np.float32))
    for x, y, radius in skin.moles:
        part = plane.window(x - 0.15, y - 0.15, x + 0.15, y + 0.15)
        if part.x.size:
            part.paint(np.clip(1.4 * part.spot(x, y, radius, radius), 0, 0.85), (0.1, 0.13, 0.2))


def _lines(plane: Plane, looks: Looks) -> None:
    """Age: folds are dents that catch the light, and a little darker."""
    age = looks.skin.age
    rng = np.random.default_rng([0xA6E, looks.number])

    def fold(x: float, y: float, long: float, wide: float, turn: float, depth: float) -> None:
        part = plane.window(x - 3 * long, y - 3 * long, x + 3 * long, y + 3 * long)
        if not part.x.size:
            return
        dent = part.spot(x, y, long, wide, turn)
        part.height -= np.float32(0.05 * depth) * dent
        part.darken(np.float32(0.28 * depth) * dent)

    mouth = looks.mouth
    for side in (-1, 1):
        fold(side * (mouth.width + 0.08), 0.92, 0.2, 0.03, side * (1.1 + rng.normal(0, 0.06)), age)
        fold(side * 0.5, 0.2 + rng.normal(0, 0.02), 0.16, 0.022, side * 0.15, 0.3 + 0.6 * age)
        plane.darken(0.18 * looks.eyes.shadow * plane.spot(side * 0.48, 0.17, 0.17, 0.06))
        for number in range(3):
            if age > 0.35 + 0.1 * number:
                turn = side * (-0.35 + 0.35 * number)
                fold(side * 0.86, -0.02 + 0.07 * number, 0.07, 0.012, turn, age)
    for number in range(3):
        if age > 0.3 + 0.15 * number:
            fold(rng.normal(0, 0.06), -0.62 - 0.16 * number, 0.36, 0.018, rng.normal(0, 0.04), age)
    if age > 0.5:
        for side in (-1, 1):
            fold(side * 0.07, -0.2, 0.08, 0.014, np.pi / 2, age)


def _brows(plane: Plane, looks: Looks) -> None:
    brows = looks.brows
    hair = np.asarray(looks.hair.beard_colour, np.float32) * 0.8
    grain = noise(looks.number * 8 + 5, plane.x.shape, (0.05 * plane.px, 0.02 * plane.px))
    for index, side in enumerate((-1, 1)):
        y0 = -brows.height - looks.asymmetry[index + 1]
        inner = 0.18 + brows.gap
        x = plane.x * side
        t = (x - inner) / (brows.length * 2)
        middle = y0 - brows.tilt * (t - 0.3) * 0.6 - brows.arch * 2 * t * np.sin(np.pi * t)
        middle += 0.10 * np.clip(t - 0.7, 0, 1)
        half = brows.thickness * (1.05 - 0.75 * np.clip(t, 0, 1) ** 2) + 0.004
        inside = rise(1.25, 0.55, np.abs((plane.y - middle) / half).astype(np.float32))
        inside *= rise(-0.06, 0.06, t) * rise(1.04, 0.9, t)
        cover = inside * np.clip(brows.density + 0.22 * grain, 0, 1)
        plane.paint(cover.astype(np.float32), (float(hair[0]), float(hair[1]), float(hair[2])))
        plane.height += 0.012 * inside


def _beard(plane: Plane, looks: Looks) -> None:
    style = looks.hair.beard
    if style is BeardStyle.NONE:
        return
    cover = beard_cover(plane, looks)
    grain = noise(looks.number * 8 + 6, plane.x.shape, (0.025 * plane.px, 0.05 * plane.px))
    strength = 0.42 if style is BeardStyle.STUBBLE else 0.93
    paint = cover * np.clip(strength + 0.10 * grain, 0, 1)
    shade = (0.8 + 0.12 * grain)[..., None] * np.asarray(looks.hair.beard_colour, np.float32)
    plane.paint(paint.astype(np.float32), shade.astype(np.float32))
    if style is not BeardStyle.STUBBLE:
        plane.height += (0.05 + 0.015 * grain) * cover


def beard_cover(plane: Plane, looks: Looks) -> Map:
    """Return where the beard grows, 0–1; the lips are drawn over it later."""
    style, mouth = looks.hair.beard, looks.mouth
    x, y = np.abs(plane.x), plane.y
    ragged = 0.05 * noise(looks.number * 8 + 7, plane.x.shape, (0.09 * plane.px, 0.09 * plane.px))
    y = y + ragged
    lip = mouth.height - mouth.upper
    moustache = rise(lip - 0.20, lip - 0.12, y) * rise(lip + 0.10, lip + 0.02, y)
    moustache = moustache * rise(mouth.width + 0.14, mouth.width + 0.02, x + ragged)
    droop = rise(mouth.width - 0.08, mouth.width + 0.02, x) * rise(mouth.width + 0.2, 0.44, x)
    droop = droop * rise(lip - 0.12, lip, y)
    chin = rise(mouth.height + 0.2, mouth.height + 0.32, y) * rise(0.5, 0.34, x + ragged)
    edge = mouth.height + 0.42 - 0.75 * np.clip(x - 0.35, 0, 1) - 0.9 * np.clip(x - 0.75, 0, 1)
    jaw = rise(-0.05, 0.08, (y - edge).astype(np.float32))
    cheeks = rise(-0.05, 0.10, (y - edge + 0.28 + 0.1 * np.clip(x - 0.4, 0, 1)).astype(np.float32))
    full = np.maximum(cheeks * rise(mouth.width - 0.04, mouth.width + 0.1, x), jaw)
    cover: Map
    if style is BeardStyle.MOUSTACHE:
        cover = moustache
    elif style is BeardStyle.GOATEE:
        cover = np.maximum(np.maximum(moustache, chin), droop * rise(1.75, 1.6, y))
    elif style is BeardStyle.CHIN_CURTAIN:
        cover = jaw
    else:
        cover = np.maximum(full, moustache)
    return cover.astype(np.float32)
