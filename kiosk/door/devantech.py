"""Devantech USB-RLY02 and USB-RLY16, as data. Source: the manufacturer's manual.

Single bytes: 65 to 6C switch on, 6F to 76 off, in silence. 5A gives the module's number and
version, 5B the states as bits; both are asked together, for a lone byte of bits would make any
noise an answer. The RLY16L keeps its relays without current and is therefore not taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kiosk.door.board import Board, Question, unanswered

_ASK = b"\x5a\x5b"
_FIRST_ON = 0x65
_FIRST_OFF = 0x6F


@dataclass(frozen=True, slots=True)
class Module:
    """A kind of module."""

    name: str
    number: int
    """What it says it is."""
    channels: int


MODULES: Mapping[str, Module] = {
    "rly02": Module("USB-RLY02", 10, 2),
    "rly16": Module("USB-RLY16", 9, 8),
}


def make_board(module: Module, channel: int) -> Board:
    """Return the module for a channel, counted from 1."""
    return Board(
        module.name,
        f"channel {channel}",
        on=unanswered(bytes((_FIRST_ON + channel - 1,))),
        off=unanswered(bytes((_FIRST_OFF + channel - 1,))),
        state=ask_state(module, channel),
        has_readback=True,
    )


def ask_state(module: Module, channel: int) -> Question[bool]:
    """Return the question whether a relay is on."""

    def state(answer: bytes) -> bool | None:
        if len(answer) != 3 or answer[0] != module.number:
            return None
        return bool(answer[2] >> channel - 1 & 1)

    return Question(_ASK, state, 3)
