"""Relay URLs and the list of ports."""

from __future__ import annotations

import os
import termios
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kiosk.door.drivers import PortInfo, list_ports, parse_relay
from kiosk.door.lcus import LcusRelay
from kiosk.door.line import LineRelay
from kiosk.door.port import SerialDevice
from kiosk.door.simulated import SimulatedRelay
from kiosk.errors import ConfigError, RelayError

BY_PATH = "/dev/serial/by-path/pci-0000:00:14.0-usb-0:1.3:1.0-port0"


@pytest.mark.parametrize(
    ("url", "kind", "description"),
    [
        ("sim:", SimulatedRelay, "Simulated relay (no real door is driven)"),
        ("lcus:/dev/ttyUSB0", LcusRelay, "LCUS on /dev/ttyUSB0, channel 1"),
        ("lcus:/dev/ttyUSB0?channel=8&baud=115200", LcusRelay, "LCUS on /dev/ttyUSB0, channel 8"),
        ("LCUS:/dev/ttyUSB0?", LcusRelay, "LCUS on /dev/ttyUSB0, channel 1"),
        (f"lcus:{BY_PATH}?channel=2", LcusRelay, f"LCUS on {BY_PATH}, channel 2"),
        ("line:/dev/ttyS0", LineRelay, "DTR line of /dev/ttyS0"),
        (
            "line:/dev/ttyS0?inverted=1&signal=rts",
            LineRelay,
            "RTS line of /dev/ttyS0, inverted (a low line opens the door)",
        ),
    ],
)
def test_a_url_becomes_its_relay(url: str, kind: type, description: str) -> None:
    relay = parse_relay(url)
    assert type(relay) is kind
    assert relay.description == description
    assert relay.is_simulated is (kind is SimulatedRelay)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "use one of sim:, lcus:.*, line:"),
        ("sim", "use one of sim:, lcus:.*, line:"),
        ("modbus:/dev/ttyUSB0", "no known kind"),
        ("/dev/ttyUSB0", "no known kind"),
        ("sim:/dev/ttyUSB0", "takes no port"),
        ("sim:?fast=1", "unknown parameter 'fast'; known are none"),
        ("lcus:", "needs the path of its port"),
        ("lcus:ttyUSB0", "needs the path of its port"),
        ("lcus:/dev/tty\0", "NUL"),
        ("lcus:/dev/ttyUSB0?chanel=1", "unknown parameter 'chanel'; known are channel, baud"),
        ("lcus:/dev/ttyUSB0?channel=0", "channel=0; it must be 1 to 8"),
        ("lcus:/dev/ttyUSB0?channel=9", "channel=9; it must be 1 to 8"),
        ("lcus:/dev/ttyUSB0?channel=one", "it must be 1 to 8"),
        ("lcus:/dev/ttyUSB0?channel=", "it must be 1 to 8"),
        ("lcus:/dev/ttyUSB0?channel=1&channel=2", "gives channel twice"),
        ("lcus:/dev/ttyUSB0?channel", "cannot be read"),
        ("lcus:/dev/ttyUSB0?baud=9601", "baud=9601; it must be 1200, .*, 9600"),
        ("line:/dev/ttyUSB0?signal=cts", "signal=cts; it must be dtr or rts"),
        ("line:/dev/ttyUSB0?inverted=yes", "inverted=yes; it must be 0 or 1"),
    ],
)
def test_a_slip_in_a_url_is_refused_with_what_is_known(url: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        parse_relay(url)


@given(st.one_of(st.text(), st.text().map("lcus:/dev/".__add__), st.text().map("sim:".__add__)))
@example("lcus:/dev/x?channel=\u0661")
@example("lcus:/dev/x?channel=+1")
def test_any_text_is_a_relay_or_a_config_error(text: str) -> None:
    try:
        relay = parse_relay(text)
    except ConfigError as error:
        assert len(str(error)) > 20
    else:
        assert relay.description


def test_inverted_lines_idle_asserted_and_others_do_not() -> None:
    # Over a real terminal: the flag HUPCL shows which way the port was made.
    master, slave = os.openpty()
    try:
        for query, hangs_up in (("inverted=1", False), ("inverted=0", True)):
            relay = parse_relay(f"line:{os.ttyname(slave)}?{query}")
            # A pseudo-terminal has no DTR: opening works, switching does not.
            with pytest.raises(RelayError, match="has no DTR line"):
                relay.connect()
            assert bool(termios.tcgetattr(slave)[2] & termios.HUPCL) is hangs_up
            relay.close()
    finally:
        os.close(master)
        os.close(slave)


def test_ports_are_named_by_their_stable_links(tmp_path: Path) -> None:
    by_id, by_path = tmp_path / "by-id", tmp_path / "by-path"
    for folder in (by_id, by_path):
        folder.mkdir()
    for name in ("ttyUSB0", "ttyUSB1", "ttyACM0"):
        (tmp_path / name).touch()
    (by_id / "usb-1a86_USB_Serial-if00-port0").symlink_to("../ttyUSB0")
    (by_path / "usb-0:1.3:1.0-port0").symlink_to("../ttyUSB0")
    (by_id / "usb-FTDI_A1B2-if00-port0").symlink_to("../ttyUSB1")
    (by_path / "usb-0:1.4:1.0-port0").symlink_to("../ttyUSB1")
    devices = [
        SerialDevice(str(tmp_path / "ttyUSB0"), "USB Serial", ""),
        SerialDevice(str(tmp_path / "ttyUSB1"), "FT232R", "A1B2"),
        SerialDevice(str(tmp_path / "ttyACM0"), "n/a", ""),
    ]
    assert list_ports(lambda: devices, (by_id, by_path)) == [
        PortInfo(str(by_path / "usb-0:1.3:1.0-port0"), devices[0].device, "USB Serial"),
        PortInfo(str(by_id / "usb-FTDI_A1B2-if00-port0"), devices[1].device, "FT232R"),
        PortInfo(devices[2].device, devices[2].device, "n/a"),
    ]


def test_a_computer_without_adapters_has_no_links(tmp_path: Path) -> None:
    device = SerialDevice("/dev/ttyS0", "", "")
    links = (tmp_path / "none", tmp_path / "neither")
    assert list_ports(lambda: [device], links)[0].path == "/dev/ttyS0"


def test_the_ports_of_this_computer_can_be_listed() -> None:
    for port in list_ports():
        assert Path(port.path).exists()
