"""``door-kiosk relay``: find the relay's port and hear it click."""

from __future__ import annotations

import argparse
import contextlib
import signal
import time
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

from kiosk.commands.options import Groups, add_command, add_group, add_json, number_between
from kiosk.commands.output import Output, table

if TYPE_CHECKING:
    from types import FrameType

    from kiosk.door.relay import Relay


def register(groups: Groups) -> None:
    """Describe the commands."""
    group = add_group(groups, "relay", "list serial ports, try a relay")
    add_json(add_command(group, "list", "list the serial ports a relay may hang on", execute_list))
    parser = add_command(
        group,
        "test",
        "switch a relay on for a moment: a door that hangs on it opens",
        execute_test,
        examples=("relay test lcus:/dev/ttyUSB0?channel=1", "relay test sim: --pulse 0.2"),
    )
    parser.add_argument("url", metavar="URL", help="as in the setting door.relay")
    parser.add_argument(
        "--pulse",
        metavar="S",
        type=number_between(0.05, 10),
        default=0.5,
        help="how long it is on, seconds (default 0.5)",
    )


def execute_list(args: argparse.Namespace) -> int:
    """Print the serial ports. Raises RelayError."""
    from kiosk.door.drivers import list_ports

    output = Output(args.json)
    ports = list_ports()
    if ports:
        rows = [(port.path, port.device, port.description) for port in ports]
        output.say(*table(("path for door.relay", "device", "description"), rows))
        output.say("", f"Try one with: door-kiosk relay test lcus:{ports[0].path}")
    else:
        output.say("No serial port was found. Plug in the relay's USB cable.")
    output.result({"ports": [asdict(port) for port in ports]})
    return 0


def execute_test(args: argparse.Namespace) -> int:
    """Switch a relay on and off. Raises ConfigError, RelayError."""
    from kiosk.door.drivers import parse_relay

    output = Output()
    relay = parse_relay(args.url)
    with _stopped_by_signals():
        # Off again whatever happens: close switches off first.
        try:
            relay.connect()
            output.say(f"{relay.description}: connected, off.")
            relay.switch_on()
            output.say(f"On for {args.pulse:g} s …")
            time.sleep(args.pulse)
            relay.switch_off()
        finally:
            relay.close()
    output.say("Off.", _confirmation(relay))
    return 0


def _confirmation(relay: Relay) -> str:
    if relay.is_simulated:
        return "This relay is simulated: nothing was switched."
    if getattr(relay, "answers", None):
        return "The board confirmed being switched on and off."
    return (
        "The port took every command. This relay cannot confirm that it has switched: "
        "it must have clicked twice."
    )


@contextlib.contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """Turn the signals that end a process into KeyboardInterrupt: the relay must not stay on."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    kept = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
