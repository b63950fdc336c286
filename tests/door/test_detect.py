"""Finding the board: by its own answer only, and without switching any board on."""

from __future__ import annotations

import itertools
import types
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.door.detect import PROBES, Finding, detect
from kiosk.door.drivers import parse_relay

FOUND: dict[str, tuple[Callable[[types.ModuleType], Any], str]] = {
    "LCUS board that answers": (lambda f: f.Lcus(), "lcus:/dev/x?channel=1"),
    "KMTronic board, 1 or 2 channels": (
        lambda f: f.Kmtronic(2),
        "kmtronic:/dev/x?channel=1&channels=2",
    ),
    "KMTronic board, 4 channels": (lambda f: f.Kmtronic(4), "kmtronic:/dev/x?channel=1&channels=4"),
    "KMTronic board, 8 channels": (lambda f: f.Kmtronic(8), "kmtronic:/dev/x?channel=1&channels=8"),
    "Modbus board, slave 1": (lambda f: f.Modbus(), "modbus:/dev/x?profile=waveshare&channel=1"),
    "Modbus board, slave 255": (
        lambda f: f.Modbus(slave=0xFF),
        "modbus:/dev/x?profile=lctech&channel=1",
    ),
    "Numato module": (lambda f: f.Numato(), "numato:/dev/x?channel=0"),
    "USB-RLY02": (lambda f: f.Devantech(10), "devantech:/dev/x?module=rly02&channel=1"),
    "USB-RLY16": (lambda f: f.Devantech(9), "devantech:/dev/x?module=rly16&channel=1"),
}
SILENT: dict[str, Callable[[types.ModuleType], Any]] = {
    "old LCUS": lambda f: f.Lcus(answers=False),
    "HW-667": lambda f: f.Hw667(),
    "letters": lambda f: f.Letters(),
    "own program": lambda f: f.Own(),
    "SainSmart": lambda f: f.ModbusAscii(),
    "latching Devantech": lambda f: f.Devantech(15),
}


def ask(boards: types.ModuleType, board: Any, monkeypatch: pytest.MonkeyPatch) -> Finding:
    port = boards.VirtualPort(board)
    monkeypatch.setattr("kiosk.door.detect.time", types.SimpleNamespace(sleep=port.sleep))
    finding = detect("/dev/x", lambda path, raises_lines: port)
    assert not port.is_open
    assert port.now_s < 5
    return finding


@pytest.mark.parametrize("name", FOUND)
def test_a_board_that_answers_is_found(
    boards: types.ModuleType, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    make, url = FOUND[name]
    board = make(boards)
    assert ask(boards, board, monkeypatch) == Finding("/dev/x", name, url)
    assert not board.was_ever_on
    assert parse_relay(url).capabilities.has_readback or name.startswith("LCUS")


@pytest.mark.parametrize("name", SILENT)
def test_a_board_that_cannot_answer_is_left_alone(
    boards: types.ModuleType, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    board = SILENT[name](boards)
    assert ask(boards, board, monkeypatch) == Finding("/dev/x")
    assert not board.was_ever_on


@pytest.mark.parametrize("name", [*FOUND, *SILENT])
def test_no_board_takes_any_part_of_the_questions_for_on(
    boards: types.ModuleType, name: str
) -> None:
    """Even when bytes are lost in a row, whichever they are, of one question or its neighbours.

    Should two whole questions be lost, between the pauses around them, and half of the one before
    and a byte of the one behind, FF 01 of a KMTronic question and 01 of a Modbus one would meet.
    """
    make = FOUND[name][0] if name in FOUND else SILENT[name]
    requests = [probe.question.request for probe in PROBES]
    said = b"".join(requests)
    ends = list(itertools.accumulate(map(len, requests), initial=0))
    for first, lost in itertools.combinations_with_replacement(range(len(said) + 1), 2):
        whole = sum(first <= begin and end <= lost for begin, end in itertools.pairwise(ends))
        if whole < 2:
            board = make(boards)
            board.hear(said[:first] + said[lost:])
            assert not board.was_ever_on, (said[:first] + said[lost:]).hex(" ")


def test_no_byte_is_on_by_itself() -> None:
    said = {byte for probe in PROBES for byte in probe.question.request}
    assert not said & {0xAA, 0xCC, ord("A"), 0x5C, *range(0x64, 0x6D)}


@settings(deadline=None)
@given(answers=st.lists(st.binary(max_size=8), max_size=8))
def test_noise_is_no_board(boards: types.ModuleType, answers: list[bytes]) -> None:
    class Noise(boards.Board):  # type: ignore[name-defined, misc]
        def hear(self, data: bytes) -> bytes:
            return answers.pop(0) if answers else b""

    before = list(answers)
    port = boards.VirtualPort(Noise())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kiosk.door.detect.time", types.SimpleNamespace(sleep=port.sleep))
        finding = detect("/dev/x", lambda path, raises_lines: port)
    if finding.board:
        assert any(
            probe.question.understand(answer[: probe.question.size]) or answer.endswith(b">")
            for probe in PROBES
            for answer in before
        )


def test_an_adapter_that_hears_itself_is_no_board(
    boards: types.ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Echo(boards.Board):  # type: ignore[name-defined, misc]
        def hear(self, data: bytes) -> bytes:
            return data

    assert ask(boards, Echo(), monkeypatch) == Finding("/dev/x")


def test_a_port_that_cannot_be_opened_says_why() -> None:
    finding = detect("/dev/no-such-port")
    assert "There is no serial port /dev/no-such-port" in finding.trouble


def test_the_lines_are_raised_for_devices_without_lines_only(boards: types.ModuleType) -> None:
    asked: list[tuple[str, bool]] = []

    def make(path: str, raises_lines: bool) -> Any:
        asked.append((path, raises_lines))
        return boards.VirtualPort(boards.Devantech())

    detect("/dev/ttyACM3", make)
    detect("/dev/ttyUSB3", make)
    assert asked == [("/dev/ttyACM3", True), ("/dev/ttyUSB3", False)]


def test_over_a_real_terminal(boards: types.ModuleType) -> None:
    board = boards.Lcus()
    device = boards.PtyBoard(board)
    try:
        assert detect(device.path).url == f"lcus:{device.path}?channel=1"
        assert not board.was_ever_on
    finally:
        device.close()
