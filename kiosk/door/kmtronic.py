"""KMTronic USB relay boards (FTDI), 1, 2, 4 or 8 channels, as data. Source: info.kmtronic.com.

``FF channel 01`` switches on, ``FF channel 00`` off, both without an answer. Boards with one or
two channels tell the state of each (``FF channel 03`` gives ``FF channel state``); those with
more tell all at once (``FF 09 00`` gives a byte each).
"""

from __future__ import annotations

from kiosk.door.board import Board, Question, unanswered

SIZES = (1, 2, 4, 8)
_HEAD = 0xFF
_GAP_S = 0.02
"""Commands look like states: an adapter that hears itself must have fallen silent before."""
_STATES = (0, 1)


def make_board(channel: int, channels: int) -> Board:
    """Return the board for a channel, counted from 1, of a board that has ``channels``."""
    return Board(
        "KMTronic board",
        f"channel {channel} of {channels}",
        on=unanswered(bytes((_HEAD, channel, 1))),
        off=unanswered(bytes((_HEAD, channel, 0))),
        state=ask_one(channel) if channels <= 2 else ask_all(channel, channels),
        has_readback=True,
        gap_s=_GAP_S,
    )


def ask_one(channel: int) -> Question[bool]:
    """Return the question for a relay of a board with one or two."""

    def state(answer: bytes) -> bool | None:
        if len(answer) != 3 or answer[:2] != bytes((_HEAD, channel)) or answer[2] not in _STATES:
            return None
        return answer[2] == 1

    return Question(bytes((_HEAD, channel, 3)), state, 3)


def ask_all(channel: int, channels: int) -> Question[bool]:
    """Return the question for a relay of a board with four or eight."""

    def state(answer: bytes) -> bool | None:
        if len(answer) != channels or any(byte not in _STATES for byte in answer):
            return None
        return answer[channel - 1] == 1

    return Question(bytes((_HEAD, 9, 0)), state, channels)
