"""A serial port that fails in sentences: the only file that knows pyserial."""

from __future__ import annotations

import contextlib
import enum
import errno
import logging
import termios
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import serial

from kiosk.errors import RelayError

logger = logging.getLogger(__name__)

WRITE_TIMEOUT_S = 0.5
READ_TIMEOUT_S = 0.3

# termios.error is no OSError: pyserial lets it through when a cable is pulled during a flush.
_PORT_FAULTS = (OSError, termios.error, serial.SerialException, ValueError)

_MISSING = {errno.ENOENT, errno.ENXIO, errno.ENODEV}
_DENIED = {errno.EACCES, errno.EPERM}
_BUSY = {errno.EBUSY, errno.EAGAIN}
_NOT_SERIAL = {errno.ENOTTY, errno.EISDIR, errno.EINVAL}


class ModemLine(enum.Enum):
    """A control output of a serial port."""

    DTR = "dtr"
    RTS = "rts"


class ModemInput(enum.Enum):
    """A control input of a serial port."""

    CTS = "cts"
    DSR = "dsr"
    RI = "ri"
    CD = "cd"


class Port(Protocol):
    """What relay drivers need of a serial port. Everything but ``close`` may raise RelayError."""

    @property
    def device(self) -> str:
        """Path of the device."""

    @property
    def is_open(self) -> bool:
        """Whether ``open`` succeeded and ``close`` was not called since."""

    def open(self) -> None:
        """Open for this program alone, with the lines at their idle levels and no stale input."""

    def write(self, data: bytes) -> None:
        """Hand all of ``data`` to the system, within a bounded time."""

    def read(self, size: int) -> bytes:
        """Return ``size`` bytes, or fewer when the read timeout passes first."""

    def read_until(self, end: bytes, limit: int) -> bytes:
        """Return what comes up to and with ``end``; ``limit`` bytes at most.

        Less when the read timeout passes first; takes at most twice that time.
        """

    def discard_input(self) -> None:
        """Throw away bytes received so far."""

    def read_line(self, line: ModemInput) -> bool:
        """Return whether a control input is asserted."""

    def set_line(self, line: ModemLine, asserted: bool) -> None:
        """Assert or drop a control line."""

    def check(self) -> None:
        """Raise RelayError when the device has gone; sends nothing."""

    def close(self) -> None:
        """Close; never raises, and may be called twice."""


class SerialPort:
    """A :class:`Port` on a real tty, 8N1, without flow control.

    DTR and RTS are low from the moment of opening and drop when the program dies, except
    ``asserted_when_idle``: that line is raised before opening and stays as it is after closing.
    With ``raises_lines`` both are high while the port is open, as in a terminal program: some USB
    devices are silent without, and a contact on a modem line may take its voltage from there.
    """

    def __init__(
        self,
        device: str,
        baud: int = 9600,
        *,
        asserted_when_idle: ModemLine | None = None,
        raises_lines: bool = False,
        read_timeout_s: float = READ_TIMEOUT_S,
        make_serial: Callable[[], Any] = serial.Serial,
    ) -> None:
        self._device = device
        self._baud = baud
        self._asserted_when_idle = asserted_when_idle
        self._raises_lines = raises_lines
        self._read_timeout_s = read_timeout_s
        self._make_serial = make_serial
        self._serial: Any = None

    @property
    def device(self) -> str:
        return self._device

    @property
    def is_open(self) -> bool:
        return self._serial is not None

    def open(self) -> None:
        self.close()
        port = self._make_serial()
        try:
            # pyserial raises both lines at open unless told before: the relay would click and an
            # Arduino would reset.
            port.dtr = self._raises_lines or self._asserted_when_idle is ModemLine.DTR
            port.rts = self._raises_lines or self._asserted_when_idle is ModemLine.RTS
            port.port = self._device
            port.baudrate = self._baud
            port.timeout = self._read_timeout_s
            port.write_timeout = WRITE_TIMEOUT_S
            port.exclusive = True
            port.open()
            self._choose_lines_after_close(port)
        except _PORT_FAULTS as error:
            _close_quietly(port, self._device)
            raise RelayError(_open_sentence(self._device, error)) from error
        self._serial = port
        logger.debug("%s: opened at %d baud", self._device, self._baud)

    def write(self, data: bytes) -> None:
        port = self._opened()
        logger.debug("%s: > %s", self._device, data.hex(" "))
        try:
            port.write(data)
        except serial.SerialTimeoutException as error:
            raise RelayError(
                f"{self._device} takes no data: unplug the relay and plug it in again."
            ) from error
        except _PORT_FAULTS as error:
            raise self._gone(error) from error

    def read(self, size: int) -> bytes:
        port = self._opened()
        try:
            data = bytes(port.read(size))
        except _PORT_FAULTS as error:
            raise self._gone(error) from error
        logger.debug("%s: < %s", self._device, data.hex(" ") or "nothing")
        return data

    def read_until(self, end: bytes, limit: int) -> bytes:
        port = self._opened()
        try:
            data = bytes(port.read_until(end, limit))
        except _PORT_FAULTS as error:
            raise self._gone(error) from error
        logger.debug("%s: < %s", self._device, data.hex(" ") or "nothing")
        return data

    def discard_input(self) -> None:
        port = self._opened()
        try:
            if count := port.in_waiting:
                logger.debug("%s: < %s (thrown away)", self._device, port.read(count).hex(" "))
            port.reset_input_buffer()
        except _PORT_FAULTS as error:
            raise self._gone(error) from error

    def set_line(self, line: ModemLine, asserted: bool) -> None:
        port = self._opened()
        logger.debug("%s: %s %s", self._device, line.name, "asserted" if asserted else "dropped")
        try:
            if line is ModemLine.DTR:
                port.dtr = asserted
            else:
                port.rts = asserted
        except _PORT_FAULTS as error:
            raise self._line_fault(line.name, error) from error

    def read_line(self, line: ModemInput) -> bool:
        port = self._opened()
        try:
            return bool(getattr(port, line.value))
        except _PORT_FAULTS as error:
            raise self._line_fault(line.name, error) from error

    def check(self) -> None:
        port = self._opened()
        try:
            port.in_waiting  # noqa: B018 - asking the kernel is the check
        except _PORT_FAULTS as error:
            raise self._gone(error) from error

    def close(self) -> None:
        if self._serial is None:
            return
        port, self._serial = self._serial, None
        _close_quietly(port, self._device)
        logger.debug("%s: closed", self._device)

    def _opened(self) -> Any:
        if self._serial is None:
            raise RelayError(f"{self._device} is not open: connect the relay first.")
        return self._serial

    def _choose_lines_after_close(self, port: Any) -> None:
        """Let the kernel drop DTR and RTS at the last close, unless low means "door open"."""
        fd = getattr(port, "fd", None)
        if fd is None:
            return
        attributes = termios.tcgetattr(fd)
        if self._asserted_when_idle is None:
            attributes[2] |= termios.HUPCL
        else:
            attributes[2] &= ~termios.HUPCL
        termios.tcsetattr(fd, termios.TCSANOW, attributes)

    def _line_fault(self, name: str, error: BaseException) -> RelayError:
        if _errno_of(error) in _NOT_SERIAL:
            return RelayError(
                f"{self._device} has no {name} line: choose another port or relay driver."
            )
        return self._gone(error)

    def _gone(self, error: BaseException) -> RelayError:
        return RelayError(
            f"{self._device} no longer answers ({error}): check the relay's cable and plug it in."
        )


@dataclass(frozen=True, slots=True)
class SerialDevice:
    """A serial port the system knows of."""

    device: str
    description: str
    serial_number: str
    """Empty when the chip has none (all CH340): then its by-id link is not unique."""


def serial_devices() -> list[SerialDevice]:
    """Return the serial ports with hardware behind them, by device path. Raises RelayError."""
    # Not needed to drive a relay, and the guard of the relay must start quickly.
    from serial.tools import list_ports

    try:
        found = list_ports.comports()
    except _PORT_FAULTS as error:
        raise RelayError(f"Cannot list the serial ports ({error}): check /sys and /dev.") from error
    return sorted(
        (SerialDevice(p.device, p.description or "", p.serial_number or "") for p in found),
        key=lambda device: device.device,
    )


def _close_quietly(port: Any, device: str) -> None:
    try:
        port.close()
    except _PORT_FAULTS as error:
        logger.debug("%s: closing failed: %s", device, error)


def _errno_of(error: BaseException | None) -> int | None:
    """Find the error number, which pyserial sometimes hides in the exception it replaced."""
    while error is not None:
        number = getattr(error, "errno", None)
        if number is None and isinstance(error, termios.error):
            with contextlib.suppress(IndexError):
                number = error.args[0]
        if isinstance(number, int):
            return number
        error = error.__cause__ or error.__context__
    return None


def _open_sentence(device: str, error: BaseException) -> str:
    number = _errno_of(error)
    if number in _MISSING:
        return (
            f"There is no serial port {device}: plug in the relay's cable or correct the setting "
            "door.relay."
        )
    if number in _DENIED:
        return (
            f"Opening {device} is not permitted: add the user to the group dialout and log in "
            "again."
        )
    if number in _BUSY:
        return f"Another program uses {device}: end it (brltty and ModemManager are frequent)."
    if number in _NOT_SERIAL:
        return f"{device} is not a serial port: correct the setting door.relay."
    return f"Cannot open {device} ({error}): check the relay's cable and the setting door.relay."
