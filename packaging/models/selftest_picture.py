"""Kept for callers by path: the drawing lives in kiosk.drawnface."""

from __future__ import annotations

from kiosk.domain import Pixels
from kiosk.drawnface import draw_face as draw


def draw_face(size_px: int, face_px: float, seed: int = 1) -> Pixels:
    """Return a square picture with a drawn face."""
    return draw(size_px, size_px, face_px, seed)
