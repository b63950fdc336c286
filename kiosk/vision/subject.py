"""Which of several faces is the person who wants to come in."""

from __future__ import annotations

import math
from collections.abc import Sequence

from kiosk.domain import Detection, Frame

# How fast a face loses weight away from the middle of the picture, in picture widths.
_ZONE_WIDTHS = 0.25


def choose_subject(frame: Frame, detections: Sequence[Detection]) -> tuple[Detection | None, float]:
    """Return the most prominent face, and how prominent the next one is relative to it (0–1).

    Prominence is size times closeness to the middle of the picture: who stands at the door is
    large and central, who passes behind is small or at the edge.
    """
    if not detections:
        return None, 0.0
    ranked = sorted(detections, key=lambda face: prominence(frame, face), reverse=True)
    rival = prominence(frame, ranked[1]) / prominence(frame, ranked[0]) if ranked[1:] else 0.0
    return ranked[0], rival


def prominence(frame: Frame, face: Detection) -> float:
    """Return size × centrality of a face, in pixels."""
    x, y = face.box.centre
    across = (x - frame.width_px / 2) / frame.width_px
    down = (y - frame.height_px / 2) / frame.width_px
    centrality = math.exp(-(across**2 + down**2) / (2 * _ZONE_WIDTHS**2))
    return max(math.sqrt(face.box.area) * centrality, 1e-9)
