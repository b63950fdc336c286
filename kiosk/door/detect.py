"""Find out which board hangs on a port, without switching anything on.

A board that is asked in another's language may understand something else, so the questions are
chosen and ordered with all known boards in mind: none holds a byte that any of them takes for "on"
(AA and CC of the HW-667, the letter A, 64 to 6C of Devantech, and the frames of the others). That
is why a Numato module is found by its prompt only: its words hold such letters.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kiosk.door import devantech, kmtronic, lcus, modbus
from kiosk.door.board import PAUSE_S, Question
from kiosk.door.port import Port, SerialPort
from kiosk.errors import RelayError


@dataclass(frozen=True, slots=True)
class Probe:
    """A question, and what its answer says: the board in words."""

    question: Question[str]
    url: str
    """For door.relay, with ``{}`` for the path of the port."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a port has answered."""

    path: str
    board: str = ""
    """Empty when nothing known has answered."""
    url: str = ""
    """For door.relay; for the board's first relay."""
    trouble: str = ""
    """Why the port could not be asked."""


def _devantech(answer: bytes) -> str | None:
    numbers = {module.number: module.name for module in devantech.MODULES.values()}
    return numbers.get(answer[0]) if len(answer) == 3 else None


def _lcus(answer: bytes) -> str | None:
    states = (lcus.build_frame(1, op) for op in (lcus.Op.OFF, lcus.Op.ON))
    return "LCUS board that answers" if answer in states else None


def _named(question: Question[Any], board: str) -> Question[str]:
    def name(answer: bytes) -> str | None:
        return None if question.understand(answer) is None else board

    return Question(question.request, name, question.size)


def _prompt(answer: bytes) -> str | None:
    # Lines before it are the module's opinion of what was asked of it in other languages.
    return "Numato module" if answer[-2:-1] in (b"\r", b"\n") and answer[-1:] == b">" else None


_ASK_MODULE = devantech.ask_state(devantech.MODULES["rly02"], 1)

PROBES = (
    Probe(
        Question(_ASK_MODULE.request, _devantech, _ASK_MODULE.size),
        "devantech:{}?module=rly02&channel=1",
    ),
    Probe(
        Question(lcus.build_frame(1, lcus.Op.QUERY), _lcus, lcus.FRAME_SIZE), "lcus:{}?channel=1"
    ),
    # One coil only: the frame for eight ends with CC. And before the questions that begin with FF:
    # of one whose end is lost, this one's 01 01 would make "on".
    Probe(
        _named(modbus.read_coils(1, 0, 1), "Modbus board, slave 1"),
        "modbus:{}?profile=waveshare&channel=1",
    ),
    Probe(
        _named(kmtronic.ask_one(1), "KMTronic board, 1 or 2 channels"),
        "kmtronic:{}?channel=1&channels=2",
    ),
    Probe(
        _named(kmtronic.ask_all(1, 8), "KMTronic board, 8 channels"),
        "kmtronic:{}?channel=1&channels=8",
    ),
    Probe(
        _named(kmtronic.ask_all(1, 4), "KMTronic board, 4 channels"),
        "kmtronic:{}?channel=1&channels=4",
    ),
    Probe(
        _named(modbus.read_coils(0xFF), "Modbus board, slave 255"),
        "modbus:{}?profile=lctech&channel=1",
    ),
    Probe(Question(b"\r", _prompt, 200, b">"), "numato:{}?channel=0"),
)


def detect(path: str, make_port: Callable[[str, bool], Port] | None = None) -> Finding:
    """Ask the port in every language until an answer is understood. Raises nothing.

    Takes a few seconds when nothing answers. Opening a port may make a relay on its DTR line
    click, and an Arduino start anew.
    """
    # The devices that want their lines raised have no lines of their own that could switch.
    is_cdc = Path(path).resolve().name.startswith("ttyACM")
    port = (make_port or _make_port)(path, is_cdc)
    try:
        port.open()
        for probe in PROBES:
            board = _ask(port, probe.question)
            if board is not None:
                return Finding(path, board, _url(probe, path, board))
    except RelayError as error:
        return Finding(path, trouble=str(error))
    finally:
        port.close()
    return Finding(path)


def _make_port(path: str, raises_lines: bool) -> Port:
    return SerialPort(path, raises_lines=raises_lines)


def _ask(port: Port, question: Question[str]) -> str | None:
    port.discard_input()
    port.write(question.request)
    if question.end:
        answer = port.read_until(question.end, question.size)
    else:
        answer = port.read(question.size)
    understood = question.understand(answer)
    if understood is None:
        # Lets the board forget what it did not understand, and the rest of its answer come in.
        time.sleep(PAUSE_S)
    return understood


def _url(probe: Probe, path: str, board: str) -> str:
    url = probe.url.format(path)
    if board == devantech.MODULES["rly16"].name:
        return url.replace("rly02", "rly16")
    return url
