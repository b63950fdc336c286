"""The line relay: which line moves, and in which order."""

from __future__ import annotations

import pytest

from kiosk.door.line import LineRelay
from kiosk.door.port import ModemLine
from kiosk.errors import RelayError


class RecordedPort:
    """A port that writes down what is done with it."""

    device = "/dev/recorded"
    is_open = False

    def __init__(self) -> None:
        self.calls: list[object] = []
        self.fault: RelayError | None = None

    def open(self) -> None:
        self.calls.append("open")
        self.is_open = True

    def write(self, data: bytes) -> None:
        raise AssertionError("a line relay sends no bytes")

    def read(self, size: int) -> bytes:
        raise AssertionError("a line relay reads no bytes")

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
    for use in (relay.switch_on, relay.switch_off, relay.check):
        with pytest.raises(RelayError, match="unplugged"):
            use()
    relay.close()
    assert port.calls[-1] == "close"
