"""``door-kiosk relay``: find the relay's board, hear it click, see its wires, switch it off."""

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
from kiosk.commands.setup import data_folder, settings

if TYPE_CHECKING:
    from types import FrameType

    from kiosk.door.relay import Relay

_LOOK_EVERY_S = 0.05
_AFTER_PULSE_S = 0.2
"""A board's own timer is given this much longer before it is switched off all the same."""


def register(groups: Groups) -> None:
    """Describe the commands."""
    group = add_group(groups, "relay", "find the relay's board, try it and its wires")
    add_json(add_command(group, "list", "list the serial ports a relay may hang on", execute_list))
    detect = add_command(
        group,
        "detect",
        "ask the serial ports which board hangs on them; switches nothing on",
        execute_detect,
        examples=("relay detect", "relay detect /dev/ttyUSB0"),
    )
    detect.add_argument("ports", metavar="PORT", nargs="*", help="only these (default: all)")
    add_json(detect)
    test = add_command(
        group,
        "test",
        "switch a relay on for a moment: a door that hangs on it opens",
        execute_test,
        examples=("relay test lcus:/dev/ttyUSB0?channel=1", "relay test sim: --pulse 0.2"),
    )
    _add_url(test)
    test.add_argument(
        "--pulse",
        metavar="S",
        type=number_between(0.05, 10),
        default=0.5,
        help="how long it is on, seconds (default 0.5)",
    )
    test.add_argument(
        "--board-timer",
        action="store_true",
        help="let the board end the pulse by its own timer, if it has one",
    )
    off = add_command(
        group,
        "off",
        "switch a relay off: the door that hangs on it is locked",
        execute_off,
        more=(
            "For a service manager, after the kiosk has ended, however it ended. A running kiosk\n"
            "keeps its port to itself."
        ),
        examples=("relay off", "relay off lcus:/dev/ttyUSB0?channel=1"),
    )
    off.add_argument("url", metavar="URL", nargs="?", help="default: the setting door.relay")
    off.add_argument("--config", metavar="FILE", help="another settings file")
    wires = add_command(
        group,
        "wires",
        "show what door sensor and buttons say, as it changes; the relay stays off",
        execute_wires,
        examples=("relay wires 'modbus:/dev/ttyUSB0?sensor=!1&exit=2'",),
    )
    _add_url(wires)
    wires.add_argument(
        "--seconds",
        metavar="S",
        type=number_between(0, 86400),
        default=30.0,
        help="how long (default 30)",
    )


def _add_url(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("url", metavar="URL", help="as in the setting door.relay")


def execute_list(args: argparse.Namespace) -> int:
    """Print the serial ports. Raises RelayError."""
    from kiosk.door.drivers import list_ports

    output = Output(args.json)
    ports = list_ports()
    if ports:
        rows = [(port.path, port.device, port.description) for port in ports]
        output.say(*table(("path for door.relay", "device", "description"), rows))
        output.say(
            "",
            "Ask which board hangs on them with: door-kiosk relay detect",
            f"Try one with: door-kiosk relay test lcus:{ports[0].path}",
        )
    else:
        output.say("No serial port was found. Plug in the relay's USB cable.")
    output.result({"ports": [asdict(port) for port in ports]})
    return 0


def execute_detect(args: argparse.Namespace) -> int:
    """Ask the ports; the code is 1 when no board was found. Raises RelayError."""
    from kiosk.door.detect import detect
    from kiosk.door.drivers import list_ports

    output = Output(args.json)
    paths = args.ports or [port.path for port in list_ports()]
    findings = []
    for path in paths:
        finding = detect(path)
        findings.append(finding)
        if finding.board:
            output.say(f"{path}: {finding.board}", f'  relay = "{finding.url}"')
        else:
            output.say(f"{path}: {finding.trouble or 'nothing known answers.'}")
    found = any(finding.board for finding in findings)
    if not paths:
        output.say("No serial port was found. Plug in the relay's USB cable.")
    elif not found:
        output.say(
            "",
            "Boards that never answer cannot be found: old LCUS, HW-667, relays on a line and "
            "boards with a program of your own. Try them with: door-kiosk relay test URL",
        )
    output.result({"findings": [asdict(finding) for finding in findings]})
    return 0 if found else 1


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
            if relay.capabilities.has_inputs:
                output.say(f"Wires: {relay.inputs().words}.")
            timed_s = _switch_on(relay, args)
            if timed_s:
                output.say(f"On for {timed_s:g} s by the board's own timer …")
            else:
                output.say(f"On for {args.pulse:g} s …")
            time.sleep(timed_s + _AFTER_PULSE_S if timed_s else args.pulse)
            relay.switch_off()
        finally:
            relay.close()
    output.say("Off.", _confirmation(relay))
    if args.board_timer and not timed_s:
        output.say("The board has no timer for such a pulse: the kiosk ends it.")
    return 0


def execute_off(args: argparse.Namespace) -> int:
    """Switch a relay off. Raises ConfigError, RelayError."""
    from kiosk.door.drivers import parse_relay

    relay = parse_relay(args.url or settings(args, data_folder(args)).door.relay)
    with _stopped_by_signals():
        try:
            # Connecting switches off, and verifies it where the board can answer.
            relay.connect()
        finally:
            relay.close()
    Output().say(f"{relay.description}: off.")
    return 0


def execute_wires(args: argparse.Namespace) -> int:
    """Print the inputs whenever they change. Raises ConfigError, RelayError."""
    from kiosk.door.drivers import parse_relay

    output = Output()
    relay = parse_relay(args.url)
    if not relay.capabilities.has_inputs:
        output.say("This URL names no wires: add sensor=, exit= or other=, as in --help.")
        return 1
    with _stopped_by_signals(), contextlib.suppress(KeyboardInterrupt):
        try:
            relay.connect()
            output.say(f"{relay.description}: connected, off. Move the door, press the button.")
            ends_s = time.monotonic() + args.seconds
            shown = None
            while True:
                found = relay.inputs()
                if found != shown:
                    output.say(found.words)
                    shown = found
                if time.monotonic() >= ends_s:
                    break
                time.sleep(_LOOK_EVERY_S)
        finally:
            relay.close()
    return 0


def _switch_on(relay: Relay, args: argparse.Namespace) -> float:
    if args.board_timer:
        return relay.pulse(args.pulse)
    relay.switch_on()
    return 0.0


def _confirmation(relay: Relay) -> str:
    if relay.is_simulated:
        return "This relay is simulated: nothing was switched."
    if relay.capabilities.has_readback:
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
