"""Relay URLs: the setting ``door.relay`` becomes a driver.

========================================================== =====================================
``sim:``                                                   no real door
``lcus:/dev/ttyUSB0?channel=1&baud=9600``                  LCUS / LCTech board, channels 1 to 8
``modbus:/dev/ttyUSB0?profile=waveshare&channel=1``        Modbus board; ``slave`` as it is sold
``numato:/dev/ttyACM0?channel=0``                          Numato module, channels from 0
``kmtronic:/dev/ttyUSB0?channel=1&channels=2``             KMTronic board with so many channels
``devantech:/dev/ttyACM0?module=rly02&channel=1``          Devantech USB-RLY02 or USB-RLY16
``hw667:/dev/ttyUSB0``                                     E-3 / HW-667, one channel
``ascii:/dev/ttyUSB0?on=open%0A&off=shut%0A``              own commands; ``pulse``, ``reply``,
                                                           ``start``: :mod:`kiosk.door.asciiboard`
``line:/dev/ttyUSB0?signal=dtr&inverted=0``                relay on the DTR or RTS line
========================================================== =====================================

Everything with a port takes ``sensor``, ``exit`` and ``other``: the wires of the door, each a modem
line (``cts``, ``dsr``, ``ri``, ``cd``) or an input of the board by its number, with ``!`` before it
when the contact is closed while the door is shut. ``lines=1`` keeps DTR and RTS high.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kiosk.door import asciiboard, devantech, hw667, kmtronic, modbus, numato
from kiosk.door.board import Board, BoardRelay
from kiosk.door.lcus import MAX_CHANNEL, LcusRelay
from kiosk.door.line import LineRelay
from kiosk.door.port import ModemLine, SerialDevice, SerialPort, serial_devices
from kiosk.door.relay import Relay
from kiosk.door.simulated import SimulatedRelay
from kiosk.door.urlparameters import (
    Parameter,
    choice,
    number,
    parse_query,
    seconds,
    wires,
    wiring,
    words,
)
from kiosk.errors import ConfigError

_LINK_FOLDERS = (Path("/dev/serial/by-id"), Path("/dev/serial/by-path"))


@dataclass(frozen=True, slots=True)
class _Scheme:
    name: str
    example: str
    parameters: tuple[Parameter, ...]
    build: Callable[[str, Mapping[str, Any]], Relay]
    needs_device: bool = True


def _build_simulated(device: str, values: Mapping[str, Any]) -> Relay:
    return SimulatedRelay()


def _build_lcus(device: str, values: Mapping[str, Any]) -> Relay:
    return LcusRelay(_port(device, values), values["channel"], wiring=wiring(values))


def _build_line(device: str, values: Mapping[str, Any]) -> Relay:
    line, inverted = values["signal"], values["inverted"]
    port = SerialPort(device, asserted_when_idle=line if inverted else None)
    return LineRelay(port, line, inverted, wiring(values))


def _build_modbus(values: Mapping[str, Any]) -> Board:
    profile, slave = values["profile"], values["slave"]
    _check_channel(values["channel"], profile.channels, profile.name)
    return modbus.make_board(profile, profile.slave if slave is None else slave, values["channel"])


def _build_kmtronic(values: Mapping[str, Any]) -> Board:
    _check_channel(values["channel"], values["channels"], "KMTronic board")
    return kmtronic.make_board(values["channel"], values["channels"])


def _build_devantech(values: Mapping[str, Any]) -> Board:
    _check_channel(values["channel"], values["module"].channels, values["module"].name)
    return devantech.make_board(values["module"], values["channel"])


def _build_ascii(values: Mapping[str, Any]) -> Board:
    return asciiboard.make_board(
        values["on"], values["off"], values["pulse"], values["reply"], values["start"]
    )


def _check_channel(channel: int, channels: int, name: str) -> None:
    if channel > channels:
        raise ConfigError(f"A {name} has the channels 1 to {channels}, not {channel}.")


def _port(device: str, values: Mapping[str, Any]) -> SerialPort:
    return SerialPort(device, values["baud"], raises_lines=values["lines"])


def _board_scheme(
    example: str,
    parameters: tuple[Parameter, ...],
    build: Callable[[Mapping[str, Any]], Board],
    *,
    inputs: tuple[str, ...] = (),
    lines: str = "0",
) -> _Scheme:
    def make(device: str, values: Mapping[str, Any]) -> Relay:
        return BoardRelay(_port(device, values), build(values), wiring(values))

    common = (_BAUD, _lines(lines), *wires(inputs))
    return _Scheme(example.partition(":")[0], example, (*parameters, *common), make)


def _lines(default: str) -> Parameter:
    return choice("lines", default, _YES_NO)


_YES_NO = {"0": False, "1": True}
_BAUDS = {str(n): n for n in (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)}
_BAUD = choice("baud", "9600", _BAUDS, ", ".join(_BAUDS))

_SCHEMES = (
    _Scheme("sim", "sim:", (), _build_simulated, needs_device=False),
    _Scheme(
        "lcus",
        "lcus:/dev/ttyUSB0?channel=1&baud=9600",
        (number("channel", "1", 1, MAX_CHANNEL), _BAUD, _lines("0"), *wires()),
        _build_lcus,
    ),
    _board_scheme(
        "modbus:/dev/ttyUSB0?profile=waveshare&channel=1",
        (
            choice("profile", "waveshare", modbus.PROFILES),
            number("slave", "", 1, 255),
            number("channel", "1", 1, max(p.channels for p in modbus.PROFILES.values())),
        ),
        _build_modbus,
        inputs=modbus.INPUTS,
    ),
    # These two are USB devices by themselves, and their makers' programs raise the lines.
    _board_scheme(
        "numato:/dev/ttyACM0?channel=0",
        (number("channel", "0", 0, numato.MAX_CHANNEL),),
        lambda values: numato.make_board(values["channel"]),
        inputs=numato.GPIO,
        lines="1",
    ),
    _board_scheme(
        "devantech:/dev/ttyACM0?module=rly02&channel=1",
        (choice("module", "rly02", devantech.MODULES), number("channel", "1", 1, 8)),
        _build_devantech,
        lines="1",
    ),
    _board_scheme(
        "kmtronic:/dev/ttyUSB0?channel=1&channels=2",
        (
            number("channel", "1", 1, max(kmtronic.SIZES)),
            choice("channels", "2", {str(size): size for size in kmtronic.SIZES}),
        ),
        _build_kmtronic,
    ),
    _board_scheme("hw667:/dev/ttyUSB0", (), lambda values: hw667.make_board()),
    _board_scheme(
        "ascii:/dev/ttyUSB0?on=open%0A&off=shut%0A",
        (*map(words, ("on", "off", "pulse", "reply")), seconds("start", "0", 2)),
        _build_ascii,
    ),
    _Scheme(
        "line",
        "line:/dev/ttyUSB0?signal=dtr&inverted=0",
        (
            choice("signal", "dtr", {line.value: line for line in ModemLine}),
            choice("inverted", "0", _YES_NO),
            *wires(),
        ),
        _build_line,
    ),
)


def parse_relay(url: str) -> Relay:
    """Return the relay a URL names; nothing is opened yet.

    Raises ConfigError for an unknown scheme or parameter, and for a value out of range.
    """
    name, colon, rest = url.partition(":")
    scheme = next((s for s in _SCHEMES if colon and s.name == name.strip().lower()), None)
    if scheme is None:
        raise ConfigError(
            f"The relay {url!r} is of no known kind; use one of "
            + ", ".join(s.example for s in _SCHEMES)
            + "."
        )
    device, _, query = rest.partition("?")
    if scheme.needs_device and not device.startswith("/"):
        raise ConfigError(
            f"The relay {url!r} needs the path of its port; write it like {scheme.example}."
        )
    if "\0" in device:
        raise ConfigError("The path of the relay's port contains a NUL character; remove it.")
    if not scheme.needs_device and device:
        raise ConfigError(f"The relay {url!r} takes no port; write {scheme.example}.")
    return scheme.build(device, parse_query(url, query, scheme.parameters, scheme.example))


@dataclass(frozen=True, slots=True)
class PortInfo:
    """A serial port, and the path to put into a relay URL."""

    path: str
    """A link that survives replugging where there is one, else ``device``."""
    device: str
    description: str


def list_ports(
    devices: Callable[[], list[SerialDevice]] = serial_devices,
    link_folders: tuple[Path, Path] = _LINK_FOLDERS,
) -> list[PortInfo]:
    """Return the serial ports of this computer with their most stable paths. Raises RelayError."""
    by_id, by_path = (_links(folder) for folder in link_folders)
    ports = []
    for found in devices():
        real = Path(found.device).resolve()
        # Without a serial number two equal boards share one by-id link: the socket is what counts.
        tables = (by_id, by_path) if found.serial_number else (by_path, by_id)
        link = next((table[real] for table in tables if real in table), found.device)
        ports.append(PortInfo(link, found.device, found.description))
    return ports


def _links(folder: Path) -> dict[Path, str]:
    """Map the devices linked to in a folder of /dev/serial to the first link of each."""
    try:
        links = sorted(folder.iterdir(), reverse=True)
    except OSError:
        # There is no such folder while no USB adapter is plugged in.
        return {}
    return {link.resolve(): str(link) for link in links}
