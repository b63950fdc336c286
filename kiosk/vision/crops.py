"""The chips that an embedding is made of: at the door one, for a template several."""

from __future__ import annotations

import numpy as np

from kiosk.domain import Detection, Frame, Pixels
from kiosk.vision.alignment import align, chip_landmarks
from kiosk.vision.maskstyle import STYLES
from kiosk.vision.paintedmask import paint_mask
from kiosk.vision.relight import relight

_SHIFTS_PX = ((0.0, 0.0), (3.0, 0.0), (0.0, 3.0))
"""On a chip of 112 px; their mirror images are averaged too, which makes the first symmetrical."""
_MASKS = ("surgical-blue", "kn95-white", "cloth-black", "cloth-beige")
"""Drawn over a template's face for visitors who wear a mask: light and dark, low and high."""


def template_chips(frame: Frame, face: Detection, size_px: int) -> tuple[Pixels, ...]:
    """Return chips of one face, a few pixels apart. Raises ValueError as align does."""
    return tuple(
        relight(
            align(frame, _shifted(face, x / 112 * size_px, y / 112 * size_px, size_px), size_px)
        )
        for x, y in _SHIFTS_PX
    )


def masked_chips(chip: Pixels) -> tuple[Pixels, ...]:
    """Return an aligned chip with masks of several cuts and colours drawn over it."""
    landmarks = chip_landmarks(chip.shape[0])
    return tuple(paint_mask(chip, landmarks, style) for style in STYLES if style.name in _MASKS)


def _shifted(face: Detection, x: float, y: float, size_px: int) -> Detection:
    """Move a face's landmarks by a distance on its chip."""
    on_chip = chip_landmarks(size_px)
    scale = float(np.linalg.norm(face.landmarks - face.landmarks.mean(axis=0))) / float(
        np.linalg.norm(on_chip - on_chip.mean(axis=0))
    )
    moved = (face.landmarks + np.array([x, y]) * scale).astype(np.float32)
    return Detection(face.box, moved, face.score)
