"""Relay URLs and the list of ports."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kiosk.door.board import BoardRelay
from kiosk.door.drivers import PortInfo, list_ports, parse_relay
from kiosk.door.lcus import LcusRelay
from kiosk.door.line import LineRelay
from kiosk.door.port import SerialDevice
from kiosk.door.simulated import SimulatedRelay
from kiosk.errors import ConfigError, RelayError

ROOT = Path(__file__).parents[2]
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
        (
            "modbus:/dev/ttyUSB0?slave=7&channel=9",
            BoardRelay,
            "Waveshare Modbus board on /dev/ttyUSB0, slave 7, channel 9, "
            "switching is confirmed by the board",
        ),
        (
            "modbus:/dev/x?profile=onoff256",
            BoardRelay,
            "Modbus board (0x0100 is on) on /dev/x, slave 1, channel 1, "
            "switching is acknowledged but not read back",
        ),
        (
            "hw667:/dev/x?sensor=!cts",
            BoardRelay,
            "HW-667 on /dev/x, open loop (the board does not answer)",
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
        ("usb:/dev/ttyUSB0", "no known kind"),
        ("modbus:/dev/ttyUSB0?profile=other", "must be waveshare, lctech, onoff256 or sainsmart"),
        ("modbus:/dev/ttyUSB0?slave=0", "slave=0; it must be 1 to 255"),
        ("modbus:/dev/ttyUSB0?profile=lctech&channel=9", "has the channels 1 to 8, not 9"),
        ("kmtronic:/dev/ttyUSB0?channel=3", "has the channels 1 to 2, not 3"),
        ("kmtronic:/dev/ttyUSB0?channels=3", "channels=3; it must be 1, 2, 4 or 8"),
        ("devantech:/dev/ttyACM0?channel=3", "A USB-RLY02 has the channels 1 to 2, not 3"),
        ("numato:/dev/ttyACM0?channel=32", "channel=32; it must be 0 to 31"),
        ("hw667:/dev/ttyUSB0?channel=1", "unknown parameter 'channel'"),
        ("hw667:/dev/ttyUSB0?sensor=1", "sensor=1; it must be cts, dsr, ri or cd, with !"),
        ("modbus:/dev/ttyUSB0?sensor=9", "sensor=9; it must be cts, dsr, ri, cd, 1, .* 7 or 8"),
        ("modbus:/dev/ttyUSB0?sensor=1&exit=!1", "share one input"),
        ("line:/dev/ttyS0?sensor=cts&other=cts", "share one input"),
        ("lcus:/dev/ttyUSB0?lines=2", "lines=2; it must be 0 or 1"),
        ("ascii:/dev/ttyUSB0", "needs the parameters on and off"),
        ("ascii:/dev/ttyUSB0?on=A&off=A", "two different commands"),
        ("ascii:/dev/ttyUSB0?on=A&off=%E2%82%AC&on=B", "gives on twice"),
        ("ascii:/dev/ttyUSB0?on=€&off=A", "must be text or bytes"),
        ("ascii:/dev/ttyUSB0?on=A&off=a&pulse=P", "must hold {ms} or {s}"),
        ("ascii:/dev/ttyUSB0?on=A&off=a&start=3", "start=3; it must be 0 to 2"),
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


SCHEMES = ("sim:", *(f"{name}:/dev/x?" for name in ("lcus", "modbus", "numato", "ascii", "line")))


@given(st.one_of(st.text(), st.builds(str.__add__, st.sampled_from(SCHEMES), st.text())))
@example("ascii:/dev/x?on=%00&off=%ff")
@example("ascii:/dev/x?on=%&off=+")
@example("lcus:/dev/x?channel=\u0661")
@example("lcus:/dev/x?channel=+1")
def test_any_text_is_a_relay_or_a_config_error(text: str) -> None:
    try:
        relay = parse_relay(text)
    except ConfigError as error:
        assert len(str(error)) > 20
    else:
        assert relay.description


def test_every_setting_of_the_table_of_boards_is_understood() -> None:
    table = (ROOT / "packaging" / "udev" / "README.md").read_text(encoding="utf-8")
    urls = re.findall(r"`(\w+:PORT[^`]*)`", table)
    assert len(urls) == 11
    for url in urls:
        assert parse_relay(url.replace("PORT", "/dev/door-relay")).description


def test_drivers_load_nothing_heavy() -> None:
    """The process that guards the relay starts with them, and the door waits for it."""
    probe = (
        "import sys, kiosk.door.drivers as d; d.parse_relay('lcus:/dev/x');"
        "heavy = {'numpy', 'cv2', 'peewee', 'onnxruntime', 'argparse', 'asyncio', 'PySide6'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == "[]\n"


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
