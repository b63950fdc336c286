"""Every board that confirms, over a line that loses, garbles, delays and repeats.

Whatever happens, nothing is called switched that is not, every call ends in time, and OFF works
once the line does.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.door import asciiboard, devantech, hw667, kmtronic, modbus, numato
from kiosk.door.board import Board, BoardRelay
from kiosk.door.lcus import LcusRelay
from kiosk.door.port import ModemInput
from kiosk.door.relay import Relay
from kiosk.door.wiring import NO_WIRES, Wire, Wiring
from kiosk.errors import RelayError

LONGEST_S = 2.5
"""Three tries of two questions of 0.3 s each, and the pauses; some connect twice as long."""

Make = Callable[[types.ModuleType], tuple[Any, Callable[[Any], Relay]]]
PIN_1 = Wiring(sensor=Wire("1"))


def on_board(language: Board, wiring: Wiring = NO_WIRES) -> Callable[[Any], Relay]:
    return lambda port: BoardRelay(port, language, wiring, port.sleep)


def own_words(pulse: bytes = b"open {ms}\n", reply: bytes = b"ok {sent}\n") -> Board:
    return asciiboard.make_board(b"open\n", b"shut\n", pulse, reply, 0.0)


def modbus_board(profile: str) -> Board:
    found = modbus.PROFILES[profile]
    return modbus.make_board(found, found.slave, 1)


CONFIRMING: dict[str, Make] = {
    "lcus": lambda f: (f.Lcus(), lambda port: LcusRelay(port, 1, port.sleep)),
    "waveshare": lambda f: (f.Modbus(flash=0x200), on_board(modbus_board("waveshare"), PIN_1)),
    "lctech": lambda f: (f.Modbus(slave=0xFF, timer=3), on_board(modbus_board("lctech"), PIN_1)),
    "onoff256": lambda f: (f.Modbus(coil=1, on=0x0100), on_board(modbus_board("onoff256"))),
    "numato": lambda f: (f.Numato(), on_board(numato.make_board(0), PIN_1)),
    "kmtronic 2": lambda f: (f.Kmtronic(2), on_board(kmtronic.make_board(1, 2))),
    "kmtronic 8": lambda f: (f.Kmtronic(8), on_board(kmtronic.make_board(1, 8))),
    "devantech": lambda f: (
        f.Devantech(),
        on_board(devantech.make_board(devantech.MODULES["rly02"], 1)),
    ),
    "ascii": lambda f: (f.Own(), on_board(own_words())),
}
SILENT: dict[str, Make] = {
    "lcus, old": lambda f: (f.Lcus(answers=False), lambda port: LcusRelay(port, 1, port.sleep)),
    "hw667": lambda f: (f.Hw667(), on_board(hw667.make_board())),
    "sainsmart": lambda f: (f.ModbusAscii(), on_board(modbus_board("sainsmart"))),
    "ascii, mute": lambda f: (f.Own(), on_board(own_words(reply=b""))),
}
CHECKSUMMED = ("lcus", "waveshare", "lctech", "onoff256")


def flipped(place: int) -> Callable[[bytes], bytes]:
    def flip(answer: bytes) -> bytes:
        bits = bytearray(answer)
        if bits:
            bits[place // 8 % len(bits)] ^= 1 << place % 8
        return bytes(bits)

    return flip


def mishaps(fakes: types.ModuleType, has_checksum: bool) -> st.SearchStrategy[list[Any]]:
    distortions = [
        st.just(bytes),
        st.just(lambda answer: b""),
        st.just(lambda answer: answer * 2),
        st.integers(1, 6).map(lambda n: lambda answer: answer[:n]),
        st.integers(1, 6).map(lambda n: lambda answer: answer[n:]),
        st.binary(max_size=40).map(lambda noise: lambda answer: noise + answer),
        st.binary(max_size=40).map(lambda noise: lambda answer: answer + noise),
    ]
    if has_checksum:
        distortions += [st.integers(0, 100).map(flipped)]
    mishap = st.builds(
        fakes.Mishap,
        loses_question=st.booleans(),
        distort=st.one_of(distortions),
        late_s=st.one_of(st.just(0.0), st.floats(0.0, 0.9)),
        unplugs=st.integers(0, 15).map(lambda n: n == 15),
    )
    return st.lists(st.one_of(st.just(fakes.FINE), mishap), max_size=30)


OPERATIONS = st.lists(st.sampled_from(["on", "off", "pulse", "inputs", "again"]), max_size=8)


@pytest.mark.parametrize("name", CONFIRMING)
@settings(deadline=None)
@given(st.data())
def test_nothing_is_claimed_that_was_not_confirmed(
    boards: types.ModuleType, name: str, data: st.DataObject
) -> None:
    board, make = CONFIRMING[name](boards)
    board.inputs = {1}
    port = boards.VirtualPort(board, data.draw(mishaps(boards, name in CHECKSUMMED)))
    relay = make(port)
    for operation in ["again", *data.draw(OPERATIONS)]:
        began_s = port.now_s
        try:
            claimed = perform(relay, operation)
        except RelayError as error:
            assert len(str(error)) > 5
        else:
            # A board that missed its one question at the start is driven open loop, and says so.
            is_open_loop = "open loop" in relay.description
            assert not (is_open_loop and relay.capabilities.has_readback)
            assert claimed is None or board.is_on is claimed or is_open_loop
        assert port.now_s - began_s <= LONGEST_S
    relay.close()
    port.mishaps.clear()
    port.sleep(1.0)
    relay.connect()
    relay.switch_on()
    assert board.is_on
    relay.switch_off()
    assert not board.is_on


def perform(relay: Relay, operation: str) -> bool | None:
    """Do it and return what the relay must be now; None: nothing is claimed."""
    if operation == "inputs":
        if relay.capabilities.has_inputs:
            assert relay.inputs().is_open is True
        return None
    if operation == "pulse":
        own = relay.pulse(0.7)
        assert own == 0.0 or own >= 0.7
        return True
    if operation == "on":
        relay.switch_on()
        return True
    if operation == "again":
        relay.close()
        relay.connect()
    else:
        relay.switch_off()
    return False


@pytest.mark.parametrize("name", SILENT)
@settings(deadline=None)
@given(st.data())
def test_silent_boards_are_never_waited_for_and_claim_no_readback(
    boards: types.ModuleType, name: str, data: st.DataObject
) -> None:
    board, make = SILENT[name](boards)
    lost = boards.Mishap(unplugs=True)
    port = boards.VirtualPort(board, data.draw(st.lists(st.sampled_from([boards.FINE, lost]))))
    relay = make(port)
    for operation in ["again", *data.draw(OPERATIONS)]:
        began_s = port.now_s
        try:
            claimed = perform(relay, operation)
        except RelayError:
            pass
        else:
            assert claimed is None or board.is_on is claimed
        assert not relay.capabilities.has_readback
        assert port.now_s - began_s <= LONGEST_S
    port.mishaps.clear()
    relay.close()
    relay.connect()
    assert not board.is_on
    assert "open loop" in relay.description


@pytest.mark.parametrize("name", [*CONFIRMING, *SILENT])
def test_off_is_the_first_and_the_last_thing_said(boards: types.ModuleType, name: str) -> None:
    board, make = (CONFIRMING | SILENT)[name](boards)
    port = boards.VirtualPort(board)
    relay = make(port)
    board.switch(True)
    port.open()
    port.close()
    relay.connect()
    assert not board.is_on
    relay.switch_on()
    assert board.is_on
    relay.close()
    assert not board.is_on
    assert not port.is_open
    assert port.written[-1] == port.written[-2]
    assert port.written[0].endswith(port.written[-1])


@pytest.mark.parametrize(
    ("name", "asked_s", "given_s"),
    [
        ("waveshare", 0.7, 0.7),
        ("waveshare", 5.01, 5.1),
        ("waveshare", 0.0, 0.1),
        ("waveshare", 4000.0, 0.0),
        ("lctech", 5.0, 5.0),
        ("ascii", 2.5, 2.5),
        ("ascii", 0.0001, 0.001),
        ("hw667", 1.0, 1.0),
        ("hw667", 1.5, 0.0),
        ("numato", 3.0, 0.0),
        ("lcus", 3.0, 0.0),
    ],
)
def test_a_pulse_lasts_as_long_as_the_board_says(
    boards: types.ModuleType, name: str, asked_s: float, given_s: float
) -> None:
    board, make = (CONFIRMING | SILENT)[name](boards)
    relay = make(boards.VirtualPort(board))
    relay.connect()
    assert relay.pulse(asked_s) == pytest.approx(given_s)
    assert board.is_on
    assert (board.pulse_s or 0.0) == pytest.approx(given_s)
    relay.switch_off()
    assert not board.is_on


def test_a_board_that_obeys_but_says_otherwise_is_not_believed(boards: types.ModuleType) -> None:
    class Stuck(boards.Kmtronic):  # type: ignore[name-defined, misc]
        """Its relay is welded together."""

        def switch(self, is_on: bool, pulse_s: float | None = None) -> None:
            super().switch(True)

    relay = on_board(kmtronic.make_board(1, 2))(boards.VirtualPort(Stuck(2)))
    with pytest.raises(RelayError, match=r"does not confirm being switched off .*ff 01 01"):
        relay.connect()


def test_an_adapter_that_hears_itself_is_no_board(boards: types.ModuleType) -> None:
    class Echo(boards.Board):  # type: ignore[name-defined, misc]
        def hear(self, data: bytes) -> bytes:
            return data

    for name in ("lcus", "waveshare", "lctech", "kmtronic 2", "numato", "devantech"):
        _, make = CONFIRMING[name](boards)
        relay = make(boards.VirtualPort(Echo()))
        with pytest.raises(RelayError):
            relay.connect()
    relay = on_board(modbus_board("onoff256"))(boards.VirtualPort(Echo()))
    relay.connect()
    assert not relay.capabilities.has_readback
    assert "acknowledged but not read back" in relay.description


def test_inputs_of_the_board_and_of_the_port(boards: types.ModuleType) -> None:
    board = boards.Modbus(flash=0x200)
    wires = Wiring(Wire("1", is_inverted=True), Wire("2"), Wire(ModemInput.CTS))
    port = boards.VirtualPort(board)
    relay = on_board(modbus_board("waveshare"), wires)(port)
    assert relay.capabilities.has_inputs
    relay.connect()
    found = relay.inputs()
    assert (found.is_open, found.exit_pressed, found.other_open) == (True, False, False)
    board.inputs = {1, 2}
    port.asserted = {ModemInput.CTS}
    found = relay.inputs()
    assert (found.is_open, found.exit_pressed, found.other_open) == (False, True, True)


def test_unreadable_inputs_are_an_error_soon(boards: types.ModuleType) -> None:
    silent = boards.Mishap(distort=lambda answer: b"")
    board = boards.Modbus()
    port = boards.VirtualPort(board)
    relay = on_board(modbus_board("waveshare"), PIN_1)(port)
    relay.connect()
    port.mishaps += [silent] * 2
    began_s = port.now_s
    with pytest.raises(RelayError, match=r"inputs of the board .* cannot be read"):
        relay.inputs()
    assert port.now_s - began_s < 0.7
    assert relay.inputs().is_open is False


def test_a_board_without_inputs_says_so(boards: types.ModuleType) -> None:
    relay = on_board(hw667.make_board(), PIN_1)(boards.VirtualPort(boards.Hw667()))
    relay.connect()
    with pytest.raises(RelayError, match="has no inputs"):
        relay.inputs()
