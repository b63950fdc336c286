"""The line relay: which line moves, and in which order."""

from __future__ import annotations

import pytest

from kiosk.door.line import LineRelay
from kiosk.door.port import ModemInput, ModemLine
from kiosk.door.wiring import Wire, Wiring
from kiosk.doorinputs import DoorInputs
from kiosk.errors import RelayError


class RecordedPort:
    """A port that writes down what is done with it."""

    device = "/dev/recorded"
    is_open = False

    def __init__(self) -> None:
        self.calls: list[object] = []
        self.fault: RelayError | None = None
        self.high: set[ModemInput] = set()

    def open(self) -> None:
        self.calls.append("open")
        self.is_open = True

    def write(self, data: bytes) -> None:
        raise AssertionError("a line relay sends no bytes")

    def read(self, size: int) -> bytes:
        raise AssertionError("a line relay reads no bytes")

    def read_until(self, end: bytes, limit: int) -> bytes:
        raise AssertionError("a line relay reads no bytes")

    def read_line(self, line: ModemInput) -> bool:
        if self.fault:
            raise self.fault
        return line in self.high

    def discard_input(self) -> None:
        raise AssertionError("a line relay reads no bytes")

    def set_line(self, line: ModemLine, asserted: bool) -> None:
        if self.fault:
            raise self.fault
        self.calls.append((line.name, asserted))

    def check(self) -> None:
        if self.fault:
            raise self.fault

    def close(self) -> None:
        self.calls.append("close")
        self.is_open = False


@pytest.mark.parametrize("line", list(ModemLine))
@pytest.mark.parametrize("inverted", [False, True])
def test_off_comes_first_and_last(line: ModemLine, inverted: bool) -> None:
    port = RecordedPort()
    relay = LineRelay(port, line, inverted)
    relay.connect()
    relay.switch_on()
    relay.switch_off()
    relay.close()
    relay.close()
    on, off = (line.name, not inverted), (line.name, inverted)
    assert port.calls == ["open", off, on, off, off, "close"]


def test_the_description_warns_of_inverted_wiring() -> None:
    assert LineRelay(RecordedPort(), ModemLine.RTS).description == "RTS line of /dev/recorded"
    inverted = LineRelay(RecordedPort(), ModemLine.DTR, inverted=True)
    assert inverted.description == (
        "DTR line of /dev/recorded, inverted (a low line opens the door)"
    )


def test_a_lost_port_is_reported_and_still_closed() -> None:
    port = RecordedPort()
    relay = LineRelay(port, ModemLine.DTR)
    relay.connect()
    port.fault = RelayError("unplugged")
    for use in (relay.switch_on, relay.switch_off, relay.check, lambda: relay.pulse(1.0)):
        with pytest.raises(RelayError, match="unplugged"):
            use()
    relay.close()
    assert port.calls[-1] == "close"


def test_the_lines_of_the_port_are_the_wires_of_the_door() -> None:
    port = RecordedPort()
    wiring = Wiring(
        sensor=Wire(ModemInput.CTS, is_inverted=True),
        exit=Wire(ModemInput.RI),
        other=Wire(ModemInput.CD),
    )
    relay = LineRelay(port, ModemLine.DTR, wiring=wiring)
    assert relay.capabilities.has_inputs
    relay.connect()
    port.high = {ModemInput.CTS}
    assert relay.inputs() == DoorInputs(is_open=False, exit_pressed=False, other_open=False)
    # A cut cable: no line is high.
    port.high = set()
    assert relay.inputs() == DoorInputs(is_open=True, exit_pressed=False, other_open=False)
    port.high = {ModemInput.RI, ModemInput.CD, ModemInput.CTS}
    assert relay.inputs() == DoorInputs(is_open=False, exit_pressed=True, other_open=True)
    port.fault = RelayError("unplugged")
    with pytest.raises(RelayError, match="unplugged"):
        relay.inputs()


def test_a_line_has_no_timer_and_without_wires_no_inputs() -> None:
    relay = LineRelay(RecordedPort(), ModemLine.RTS)
    relay.connect()
    assert relay.pulse(3.0) == 0.0
    assert relay.inputs() == DoorInputs()
    assert not relay.capabilities.has_inputs
    assert not relay.capabilities.has_pulse
