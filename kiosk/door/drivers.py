"""Relay URLs: the setting ``door.relay`` becomes a driver.

========================================================== =====================================
``sim:``                                                   no real door
``lcus:/dev/ttyUSB0?channel=1&baud=9600``                  LCUS / LCTech board, channels 1 to 8
``line:/dev/ttyUSB0?signal=dtr&inverted=0``                relay on the DTR or RTS line
========================================================== =====================================
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from kiosk.door.lcus import MAX_CHANNEL, LcusRelay
from kiosk.door.line import LineRelay
from kiosk.door.port import ModemLine, SerialDevice, SerialPort, serial_devices
from kiosk.door.relay import Relay
from kiosk.door.simulated import SimulatedRelay
from kiosk.errors import ConfigError

_LINK_FOLDERS = (Path("/dev/serial/by-id"), Path("/dev/serial/by-path"))


@dataclass(frozen=True, slots=True)
class _Parameter:
    """A parameter of a relay URL: the texts allowed, and what they mean."""

    name: str
    default: str
    allowed: Mapping[str, Any]
    range_in_words: str


@dataclass(frozen=True, slots=True)
class _Scheme:
    name: str
    example: str
    needs_device: bool
    parameters: tuple[_Parameter, ...]
    build: Callable[[str, Mapping[str, Any]], Relay]


def _whole_numbers(numbers: Iterable[int]) -> dict[str, int]:
    return {str(number): number for number in numbers}


def _build_simulated(device: str, values: Mapping[str, Any]) -> Relay:
    return SimulatedRelay()


def _build_lcus(device: str, values: Mapping[str, Any]) -> Relay:
    return LcusRelay(SerialPort(device, values["baud"]), values["channel"])


def _build_line(device: str, values: Mapping[str, Any]) -> Relay:
    line, inverted = values["signal"], values["inverted"]
    port = SerialPort(device, asserted_when_idle=line if inverted else None)
    return LineRelay(port, line, inverted)


_BAUDS = (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)

_SCHEMES = (
    _Scheme("sim", "sim:", False, (), _build_simulated),
    _Scheme(
        "lcus",
        "lcus:/dev/ttyUSB0?channel=1&baud=9600",
        True,
        (
            _Parameter(
                "channel",
                "1",
                _whole_numbers(range(1, MAX_CHANNEL + 1)),
                f"1 to {MAX_CHANNEL}",
            ),
            _Parameter("baud", "9600", _whole_numbers(_BAUDS), ", ".join(map(str, _BAUDS))),
        ),
        _build_lcus,
    ),
    _Scheme(
        "line",
        "line:/dev/ttyUSB0?signal=dtr&inverted=0",
        True,
        (
            _Parameter("signal", "dtr", {line.value: line for line in ModemLine}, "dtr or rts"),
            _Parameter("inverted", "0", {"0": False, "1": True}, "0 or 1"),
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
    device, question, query = rest.partition("?")
    if scheme.needs_device and not device.startswith("/"):
        raise ConfigError(
            f"The relay {url!r} needs the path of its port; write it like {scheme.example}."
        )
    if "\0" in device:
        raise ConfigError("The path of the relay's port contains a NUL character; remove it.")
    if not scheme.needs_device and device:
        raise ConfigError(f"The relay {url!r} takes no port; write {scheme.example}.")
    return scheme.build(device, _parse_query(url, scheme, query if question else ""))


def _parse_query(url: str, scheme: _Scheme, query: str) -> dict[str, Any]:
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True) if query else []
    except ValueError as error:
        raise ConfigError(
            f"The parameters of the relay {url!r} cannot be read; write it like {scheme.example}."
        ) from error
    known = {parameter.name: parameter for parameter in scheme.parameters}
    values = {p.name: p.allowed[p.default] for p in scheme.parameters}
    seen: set[str] = set()
    for name, text in pairs:
        if name not in known:
            raise ConfigError(
                f"The relay {url!r} has the unknown parameter {name!r}; known are "
                f"{', '.join(known) or 'none'}."
            )
        if name in seen:
            raise ConfigError(f"The relay {url!r} gives {name} twice; keep one.")
        seen.add(name)
        if text not in known[name].allowed:
            raise ConfigError(
                f"The relay {url!r} has {name}={text}; it must be {known[name].range_in_words}."
            )
        values[name] = known[name].allowed[text]
    return values


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
