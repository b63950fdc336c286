"""Put a mask over nose and mouth: folded surgical, moulded cloth, or a filtering half mask."""

from __future__ import annotations

import cv2
import numpy as np

from kiosk.simulator.hair import Way
from kiosk.simulator.looks import Looks
from kiosk.simulator.plane import Map, noise, rise

_COLOURS = (
    (0.86, 0.78, 0.62),
    (0.93, 0.93, 0.93),
    (0.2, 0.2, 0.22),
    (0.70, 0.83, 0.72),
    (0.80, 0.72, 0.90),
    (0.55, 0.35, 0.22),
)
KINDS = len(_COLOURS) * 2


def wear_mask(mask: int, looks: Looks, radius: Map, colour: Map, way: Way) -> None:
    """Change a head's maps so that it wears mask number ``mask`` (1, 2, …; they repeat).

    Raises ValueError for a number below 1.
    """
    if mask < 1:
        raise ValueError(f"masks are numbered from 1, not {mask}")
    kind = (mask - 1) % KINDS
    cloth = np.asarray(_COLOURS[kind % len(_COLOURS)], np.float32)
    is_folded = kind < len(_COLOURS)
    x, y = radius * way.right, radius * way.down
    across = np.abs(x)
    nose = looks.nose
    upper = nose.length - 0.27 + 0.30 * np.clip(across, 0, 0.6) - 0.10 * np.clip(across - 0.6, 0, 1)
    lower = 0.50 + looks.skull.jaw_length - 0.30 * across**2
    side = rise(0.10, 0.22, way.forward) * rise(1.12, 1.0, across)
    cover = rise(0.0, 0.04, (y - upper).astype(np.float32))
    cover = cover * rise(0.0, -0.05, (y - lower).astype(np.float32)) * side

    # The cloth spans from the nose to cheeks and chin: no dents, only what stands out.
    fine = radius.shape[0] / 512
    stretched = cv2.GaussianBlur(radius, (0, 0), 16 * fine)
    stretched = np.maximum(stretched, radius - 0.06) + 0.05
    beak = 0.16 if is_folded else 0.24
    stretched = stretched + beak * np.exp(-((across / 0.5) ** 2) - ((y - 0.95) / 0.45) ** 2)
    ridge = 0.02 * np.exp(-((across / 0.10) ** 2)) if not is_folded else np.float32(0)
    stretched = stretched + ridge
    weave = 1 + 0.03 * noise(mask, radius.shape, (4 * fine, 4 * fine))
    if is_folded:
        pleats = np.sin((y - upper) * (2 * np.pi / 0.34))
        stretched = stretched + 0.014 * pleats
        weave = weave * (1 - 0.10 * np.clip(pleats, 0, 1) ** 6)
    hem = np.minimum(np.abs(y - upper - 0.05), np.abs(y - lower + 0.06))
    weave = weave * (1 - 0.12 * np.exp(-((hem / 0.012) ** 2)))
    radius += (cover * (stretched - radius)).astype(np.float32)
    colour += cover[..., None] * (cloth * weave[..., None] - colour)

    strap = np.zeros_like(radius)
    for y_cheek, y_ear in ((0.45, 0.08), (1.15, 0.42)):
        level = y_cheek + (y_ear - y_cheek) * np.clip((0.22 - way.forward) / 0.3, 0, 1)
        strap = np.maximum(strap, np.exp(-(((y - level) / 0.022) ** 2)))
    strap = strap * rise(0.24, 0.18, way.forward) * rise(-0.12, -0.04, way.forward)
    colour += (0.9 * strap)[..., None] * (cloth * 0.95 - colour)
