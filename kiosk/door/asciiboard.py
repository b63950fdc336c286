"""Boards with a program of one's own (Arduino, ESP32): the relay URL gives their words.

``on``, ``off`` and ``pulse`` are sent as they stand; in ``pulse``, ``{ms}`` and ``{s}`` stand for
the length in milliseconds and in whole seconds. Every command is answered by ``reply``, in which
``{sent}`` stands for the command without its line end: only such answers tell "on" from "off", and
only they count as read back.
"""

from __future__ import annotations

import math

from kiosk.door.board import Board, Question, unanswered
from kiosk.errors import ConfigError

_SENT = b"{sent}"
_MS = b"{ms}"
_S = b"{s}"
_MOST_BEFORE = 200
"""Bytes that a board may say before it answers."""


def make_board(on: bytes, off: bytes, pulse: bytes, reply: bytes, start_s: float) -> Board:
    """Return the board; an empty ``pulse`` or ``reply``: it has none. Raises ConfigError."""
    if not on or not off or on == off:
        raise ConfigError(
            "A relay of the kind ascii needs the parameters on and off, two different commands; "
            "write line ends as %0A or %0D."
        )
    if pulse and _MS not in pulse and _S not in pulse:
        raise ConfigError(
            "The parameter pulse of the relay must hold {ms} or {s}, the place of its length."
        )

    def command(request: bytes) -> Question[bool]:
        if not reply:
            return unanswered(request)
        expected = reply.replace(_SENT, request.rstrip(b"\r\n"))

        def is_confirmed(answer: bytes) -> bool | None:
            # A line of its own accord (a sensor, a greeting) may come before.
            return answer == expected or answer.endswith(b"\n" + expected) or None

        return Question(request, is_confirmed, len(expected) + _MOST_BEFORE, expected)

    def timed(seconds: float) -> tuple[Question[bool], float]:
        # Whole seconds where the command knows nothing finer.
        lasts_ms = math.ceil(seconds if _S in pulse else round(seconds * 1000, 3))
        lasts_ms *= 1000 if _S in pulse else 1
        request = pulse.replace(_MS, b"%d" % lasts_ms).replace(_S, b"%d" % (lasts_ms // 1000))
        return command(request), lasts_ms / 1000

    return Board(
        "Board with own commands",
        "",
        on=command(on),
        off=command(off),
        has_readback=_SENT in reply,
        pulse=timed if pulse else None,
        start_s=start_s,
    )
