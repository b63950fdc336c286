"""E-3 / HW-667 USB relay (CH340), one channel, as data: AA on, BB off, CC on for one second.

It never answers. The pulse is timed by the board, so a door that makes do with a second is locked
even when this computer dies. Source: the sellers' pages.
"""

from __future__ import annotations

from kiosk.door.board import Board, Question, unanswered

PULSE_S = 1.0


def make_board() -> Board:
    """Return the board."""

    def pulse(seconds: float) -> tuple[Question[bool], float] | None:
        return (unanswered(b"\xcc"), PULSE_S) if seconds <= PULSE_S else None

    return Board("HW-667", "", unanswered(b"\xaa"), unanswered(b"\xbb"), pulse=pulse)
