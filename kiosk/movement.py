"""How far a face can move between two frames."""

from __future__ import annotations

from kiosk.domain import Box

_AT_ONCE_S = 0.3
_GROWTH = 1.6


def has_jumped(before: Box, after: Box, seconds: float) -> bool:
    """Tell whether two boxes, ``seconds`` apart, are too far apart to be one face's.

    Nobody moves by more than their face's width, or comes closer by more than half, in a third of
    a second.
    """
    (x, y), (last_x, last_y) = after.centre, before.centre
    slack = max(1.0, seconds / _AT_ONCE_S)
    reach = max(after.width, before.width, 1.0) * slack
    larger = max(after.height, 1.0) / max(before.height, 1.0)
    has_grown = max(larger, 1 / larger) > _GROWTH * slack
    return abs(x - last_x) > reach or abs(y - last_y) > reach or has_grown
