"""SerialPort over pseudo-terminals, pyserial's loop:// and a recorded pyserial object."""

from __future__ import annotations

import errno
import logging
import os
import termios
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import serial

from kiosk.door.port import ModemInput, ModemLine, SerialPort
from kiosk.errors import RelayError


class Pty:
    """A pseudo-terminal whose master end stands for the device."""

    def __init__(self) -> None:
        self.master, self._slave = os.openpty()
        self.path = os.ttyname(self._slave)

    def hangs_up_on_close(self) -> bool:
        return bool(termios.tcgetattr(self._slave)[2] & termios.HUPCL)

    def unplug(self) -> None:
        if self.master >= 0:
            os.close(self.master)
            self.master = -1

    def close(self) -> None:
        self.unplug()
        os.close(self._slave)


class RecordedSerial:
    """Stands for serial.Serial: writes down what is set and called, and fails as told."""

    in_waiting = 0

    def __init__(self, fault: BaseException | None = None, on: str = "open") -> None:
        object.__setattr__(self, "calls", [])
        object.__setattr__(self, "_fault", (on, fault))

    def __setattr__(self, name: str, value: Any) -> None:
        self.calls.append((name, value))
        self._fail(name)

    def _fail(self, name: str) -> None:
        on, fault = self._fault
        if name == on and fault is not None:
            raise fault

    def open(self) -> None:
        self.calls.append(("open", None))
        self._fail("open")

    def close(self) -> None:
        self.calls.append(("close", None))
        self._fail("close")

    def reset_input_buffer(self) -> None:
        self._fail("reset_input_buffer")

    def write(self, data: bytes) -> int:
        self._fail("write")
        return len(data)


@pytest.fixture
def pty() -> Iterator[Pty]:
    made = Pty()
    yield made
    made.close()


@pytest.fixture
def port(pty: Pty) -> Iterator[SerialPort]:
    made = SerialPort(pty.path, read_timeout_s=0.05)
    made.open()
    yield made
    made.close()


def test_every_byte_value_passes_both_ways(pty: Pty, port: SerialPort) -> None:
    everything = bytes(range(256))
    port.write(everything)
    assert os.read(pty.master, 1000) == everything
    os.write(pty.master, everything)
    assert port.read(256) == everything


def test_a_short_answer_returns_when_the_timeout_passes(pty: Pty, port: SerialPort) -> None:
    os.write(pty.master, b"\xa0\x01")
    assert port.read(4) == b"\xa0\x01"
    assert port.read(4) == b""


def test_an_answer_is_read_up_to_its_end_or_its_limit(pty: Pty, port: SerialPort) -> None:
    os.write(pty.master, b"relay on 0\n\r>rest")
    assert port.read_until(b">", 80) == b"relay on 0\n\r>"
    assert port.read_until(b">", 3) == b"res"
    assert port.read_until(b">", 80) == b"t"


def test_discarded_input_is_not_read_later(pty: Pty, port: SerialPort) -> None:
    os.write(pty.master, b"old")
    assert port.read(1) == b"o"
    port.discard_input()
    os.write(pty.master, b"new")
    assert port.read(3) == b"new"


def test_bytes_are_logged_in_hex(
    pty: Pty, port: SerialPort, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "kiosk.door.port"):
        port.write(b"\xa0\x01\x05\xa6")
        os.write(pty.master, b"\xa0\x01\x00\xa1")
        port.read(4)
    assert f"{pty.path}: > a0 01 05 a6" in caplog.text
    assert f"{pty.path}: < a0 01 00 a1" in caplog.text


def test_a_second_program_is_told_that_the_port_is_in_use(port: SerialPort) -> None:
    second = SerialPort(port.device)
    with pytest.raises(RelayError, match="Another program uses /dev/"):
        second.open()
    assert not second.is_open


def test_a_port_can_be_opened_again_after_closing(pty: Pty, port: SerialPort) -> None:
    port.close()
    port.close()
    with pytest.raises(RelayError, match="is not open"):
        port.write(b"x")
    port.open()
    port.write(b"x")
    assert os.read(pty.master, 1) == b"x"


def test_a_missing_device_is_named() -> None:
    with pytest.raises(RelayError, match="There is no serial port /dev/no-such-port: plug in"):
        SerialPort("/dev/no-such-port").open()


def test_a_file_is_no_serial_port(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(RelayError, match="is not a serial port"):
        SerialPort(str(tmp_path / "file")).open()
    with pytest.raises(RelayError, match="is not a serial port"):
        SerialPort(str(tmp_path)).open()


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (serial.SerialException(errno.EACCES, "could not open port"), "group dialout"),
        (serial.SerialException(errno.EBUSY, "could not open port"), "Another program uses"),
        (serial.SerialException(errno.ENODEV, "could not open port"), "There is no serial port"),
        (serial.SerialException("no number at all"), "Cannot open .* check the relay's cable"),
        (termios.error(errno.EIO, "Input/output error"), "Cannot open .* check the relay's cable"),
        (termios.error(), "Cannot open"),
        (ValueError("Not a valid baudrate"), "Cannot open"),
    ],
)
def test_faults_of_opening_are_sentences(fault: BaseException, words: str) -> None:
    fake = RecordedSerial(fault)
    port = SerialPort("/dev/ttyUSB0", make_serial=lambda: fake)
    with pytest.raises(RelayError, match=words):
        port.open()
    assert not port.is_open
    assert fake.calls[-1] == ("close", None)


def _read(port: SerialPort) -> None:
    port.read(4)


def _read_until(port: SerialPort) -> None:
    port.read_until(b">", 4)


def _write(port: SerialPort) -> None:
    port.write(b"\xa0\x01\x00\xa1")


@pytest.mark.parametrize(
    "use", [_read, _read_until, _write, SerialPort.check, SerialPort.discard_input]
)
def test_an_unplugged_cable_is_noticed(
    pty: Pty, port: SerialPort, use: Callable[[SerialPort], None]
) -> None:
    port.check()
    pty.unplug()
    with pytest.raises(RelayError, match="no longer answers"):
        use(port)
    port.close()
    assert not port.is_open


def test_a_terminal_error_while_flushing_is_a_relay_error() -> None:
    fault = termios.error(errno.EIO, "Input/output error")
    port = SerialPort("/dev/x", make_serial=lambda: RecordedSerial(fault, "reset_input_buffer"))
    port.open()
    with pytest.raises(RelayError, match="no longer answers"):
        port.discard_input()


def test_closing_a_lost_port_never_raises() -> None:
    fault = OSError(errno.EIO, "Input/output error")
    port = SerialPort("/dev/x", make_serial=lambda: RecordedSerial(fault, "close"))
    port.open()
    port.close()
    assert not port.is_open


def test_a_device_that_takes_no_data_does_not_block(port: SerialPort) -> None:
    with pytest.raises(RelayError, match="takes no data"):
        port.write(bytes(1 << 20))


def test_both_lines_are_low_before_the_port_is_opened() -> None:
    fake = RecordedSerial()
    SerialPort("/dev/x", make_serial=lambda: fake).open()
    before = fake.calls[: fake.calls.index(("open", None))]
    assert ("dtr", False) in before
    assert ("rts", False) in before
    assert ("exclusive", True) in before
    assert 0 < dict(before)["write_timeout"] <= 1
    assert 0 < dict(before)["timeout"] <= 1
    assert fake.calls[-1] == ("open", None)


@pytest.mark.parametrize("line", list(ModemLine))
def test_an_inverted_line_is_asserted_before_the_port_is_opened(line: ModemLine) -> None:
    fake = RecordedSerial()
    SerialPort("/dev/x", asserted_when_idle=line, make_serial=lambda: fake).open()
    before = dict(fake.calls[: fake.calls.index(("open", None))])
    assert {name: before[name] for name in ("dtr", "rts")} == {
        "dtr": line is ModemLine.DTR,
        "rts": line is ModemLine.RTS,
    }


def test_raised_lines_are_high_before_the_port_is_opened() -> None:
    fake = RecordedSerial()
    SerialPort("/dev/x", raises_lines=True, make_serial=lambda: fake).open()
    before = dict(fake.calls[: fake.calls.index(("open", None))])
    assert before["dtr"] and before["rts"]


def test_the_kernel_drops_the_lines_with_the_last_close_unless_low_opens(pty: Pty) -> None:
    for idle, expected in ((None, True), (ModemLine.DTR, False), (None, True)):
        port = SerialPort(pty.path, asserted_when_idle=idle)
        port.open()
        assert pty.hangs_up_on_close() is expected
        port.close()


def test_lines_reach_the_other_side() -> None:
    # loop:// joins RTS to CTS and DTR to DSR.
    made: list[Any] = []

    def make_loop() -> Any:
        made.append(serial.serial_for_url("loop://", do_not_open=True))
        return made[-1]

    port = SerialPort("loop://", make_serial=make_loop)
    port.open()
    assert (made[0].dsr, made[0].cts) == (False, False)
    port.set_line(ModemLine.DTR, True)
    assert (made[0].dsr, made[0].cts) == (True, False)
    port.set_line(ModemLine.RTS, True)
    port.set_line(ModemLine.DTR, False)
    assert (made[0].dsr, made[0].cts) == (False, True)
    assert not port.read_line(ModemInput.DSR)
    assert port.read_line(ModemInput.CTS)
    port.close()


def test_a_port_without_the_line_says_so(port: SerialPort) -> None:
    with pytest.raises(RelayError, match="has no DTR line"):
        port.set_line(ModemLine.DTR, True)


@pytest.mark.parametrize("line", list(ModemInput))
def test_a_port_without_the_input_says_so(port: SerialPort, line: ModemInput) -> None:
    with pytest.raises(RelayError, match=f"has no {line.name} line"):
        port.read_line(line)


def test_an_unplugged_cable_is_noticed_by_its_inputs() -> None:
    class Unplugged(RecordedSerial):
        @property
        def cts(self) -> bool:
            raise OSError(errno.EIO, "Input/output error")

    port = SerialPort("/dev/x", make_serial=Unplugged)
    port.open()
    with pytest.raises(RelayError, match="no longer answers"):
        port.read_line(ModemInput.CTS)
