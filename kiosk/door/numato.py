"""Numato USB relay modules (CDC), 1 to 32 channels counted from 0, as data.

Commands are words ended by a carriage return; the module repeats them, answers on lines of their
own and ends with ``>``. How it ends its lines is not documented, so any ending is understood.
Source: Numato's product pages and sample programs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeVar

from kiosk.door.board import Board, Question

MAX_CHANNEL = 31
GPIO = tuple(str(number) for number in range(10))
"""Inputs of the modules that have any."""

_NAMES = "0123456789ABCDEFGHIJKLMNOPQRSTUV"
_PROMPT = b">"
_LONGEST = 80

T = TypeVar("T")


def make_board(channel: int) -> Board:
    """Return the module for a channel, counted from 0."""
    name = _NAMES[channel]
    return Board(
        "Numato module",
        f"channel {channel}",
        on=ask(f"relay on {name}", {"": True}),
        off=ask(f"relay off {name}", {"": True}),
        state=ask(f"relay read {name}", {"on": True, "off": False}),
        has_readback=True,
        ask_inputs=_ask_inputs,
        hello=b"\r",
    )


def ask(command: str, meanings: Mapping[str, T]) -> Question[T]:
    """Return the question, answered by one of a few words (the empty one: by the prompt alone)."""

    def understand(answer: bytes) -> T | None:
        text, prompt, rest = answer.decode("ascii", errors="replace").partition(">")
        if not prompt or rest:
            return None
        lines = [line.strip() for line in re.split(r"[\r\n]+", text) if line.strip()]
        # The echo is no proof of anything: a cable in a loop gives one too.
        said = lines[1:] if lines[:1] == [command] else lines
        return meanings.get(" ".join(said))

    return Question(f"{command}\r".encode("ascii"), understand, _LONGEST, _PROMPT)


def _ask_inputs(names: frozenset[str]) -> list[Question[Mapping[str, bool]]]:
    return [
        ask(f"gpio read {name}", {"0": {name: False}, "1": {name: True}}) for name in sorted(names)
    ]
