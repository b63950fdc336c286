"""What the kiosk and the guard of the door say to each other: one JSON object a line.

Times are ``CLOCK_MONOTONIC`` in nanoseconds, which all processes of a computer share: a command
that was delayed on its way cannot hold the door open longer, and setting the date changes nothing.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kiosk.doorinputs import DoorInputs
from kiosk.errors import GuardError

MAX_LINE = 8192
"""Longest line in bytes, with its end."""

GO = b"!"
"""The first byte a guard is sent; until then it is a spare, which touches nothing."""

_MAX_TEXT = 400
_MAX_NUMBER = 2**63


class Order(enum.Enum):
    """What the kiosk may ask of the guard."""

    CONNECT = "connect"
    HOLD = "hold"
    RELEASE = "release"
    CHECK = "check"
    STOP = "stop"


class Trouble(enum.Enum):
    """Whose fault it is that an order was not carried out."""

    NONE = ""
    RELAY = "relay"
    GUARD = "guard"


@dataclass(frozen=True, slots=True)
class Command:
    """An order, numbered by the kiosk from 1 on."""

    number: int
    order: Order
    sent_at_ns: int
    until_ns: int = 0
    """HOLD: when the door must be locked again."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to the command of the same number; number 0 is the guard's first word."""

    number: int
    trouble: Trouble = Trouble.NONE
    error: str = ""
    inputs: DoorInputs = field(default_factory=DoorInputs)
    description: str = ""
    incident: str = ""


def encode_command(command: Command) -> bytes:
    """Return the line for a command."""
    return _line(
        {
            "n": command.number,
            "do": command.order.value,
            "sent": command.sent_at_ns,
            "until": command.until_ns,
        }
    )


def decode_command(line: bytes) -> Command:
    """Return what a line asks for. Raises GuardError for anything a kiosk does not write."""
    fields = _fields(line)
    try:
        return Command(
            _number(fields, "n"),
            Order(fields["do"]),
            _number(fields, "sent"),
            _number(fields, "until"),
        )
    except (KeyError, ValueError, TypeError) as error:
        raise _nonsense(line) from error


def encode_answer(answer: Answer) -> bytes:
    """Return the line for an answer; texts are cut so that it is never too long."""
    inputs = answer.inputs
    return _line(
        {
            "n": answer.number,
            "trouble": answer.trouble.value,
            "error": answer.error[:_MAX_TEXT],
            "inputs": [inputs.is_open, inputs.exit_pressed, inputs.other_open],
            "words": answer.description[:_MAX_TEXT],
            "incident": answer.incident[:_MAX_TEXT],
        }
    )


def decode_answer(line: bytes) -> Answer:
    """Return what a line answers. Raises GuardError for anything a guard does not write."""
    fields = _fields(line)
    try:
        is_open, exit_pressed, other_open = (_tristate(value) for value in fields["inputs"])
        return Answer(
            _number(fields, "n"),
            Trouble(fields["trouble"]),
            _text(fields, "error"),
            DoorInputs(is_open, exit_pressed, other_open),
            _text(fields, "words"),
            _text(fields, "incident"),
        )
    except (KeyError, ValueError, TypeError) as error:
        raise _nonsense(line) from error


class LineBuffer:
    """Bytes as they come, lines as they were meant."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Return the lines completed by ``data``, without their ends.

        Raises GuardError for a line longer than ``MAX_LINE``.
        """
        *lines, self._rest = (self._rest + data).split(b"\n")
        longest = max(*lines, self._rest, b"", key=len)
        if len(longest) >= MAX_LINE:
            raise _nonsense(longest)
        return lines


def _line(fields: Mapping[str, object]) -> bytes:
    text = json.dumps(fields, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "replace") + b"\n"


def _fields(line: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _nonsense(line) from error
    if not isinstance(fields, dict):
        raise _nonsense(line)
    return fields


def _number(fields: Mapping[str, Any], name: str) -> int:
    value = fields[name]
    if type(value) is not int or not 0 <= value < _MAX_NUMBER:
        raise ValueError(name)
    return value


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields[name]
    if not isinstance(value, str):
        raise TypeError(name)
    return value


def _tristate(value: object) -> bool | None:
    if value is not None and not isinstance(value, bool):
        raise TypeError("input")
    return value


def _nonsense(line: bytes) -> GuardError:
    return GuardError(
        f"The kiosk and the guard of the door do not understand each other ({line[:40]!r}): "
        "restart the program, and install it anew if that does not help."
    )
