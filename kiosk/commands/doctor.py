"""``door-kiosk doctor``: what works on this computer and what does not."""

from __future__ import annotations

import argparse
import os
from dataclasses import asdict

from kiosk.commands.options import Groups, add_command, add_json
from kiosk.commands.output import Output, table
from kiosk.commands.run import add_camera, add_relay
from kiosk.commands.setup import data_folder, now_ms

_SHOWN = {"ok": "ok", "warning": "warning", "fault": "FAULT"}


def register(groups: Groups) -> None:
    """Describe the command."""
    parser = add_command(
        groups,
        "doctor",
        "check screen, camera, door, models, database, clock, broker, disk and board",
        execute,
        more=(
            "It changes nothing and clicks no relay; it may be run beside a running kiosk.\n"
            "The exit code is 0 when nothing is a FAULT, else 1."
        ),
        examples=("doctor", "doctor --camera 0 --relay lcus:/dev/ttyUSB0"),
        pictures=True,
    )
    add_camera(parser)
    add_relay(parser)
    parser.add_argument("--config", metavar="FILE", help="another settings file")
    add_json(parser)


def execute(args: argparse.Namespace) -> int:
    """Print one line per check; return 1 when something is a fault."""
    from kiosk.board.sensors import BoardSensors
    from kiosk.board.soc import read_soc
    from kiosk.boardhealth import board_figures, board_rows
    from kiosk.doctor import examine

    output, reading, soc = Output(args.json), BoardSensors().read(), read_soc()
    rows = examine(
        data_folder(args), os.environ, now_ms(), args.config, camera=args.camera, relay=args.relay
    )
    rows += board_rows(reading, None, soc)
    faults = sum(row.level == "fault" for row in rows)
    lines = [(row.name, _SHOWN[row.level], row.text) for row in rows]
    output.say(*table(("Check", "State", "What was found"), lines))
    output.say("", "No faults." if not faults else f"{faults} to be mended: see FAULT above.")
    checks = [asdict(row) for row in rows]
    output.result({"faults": faults, "checks": checks, "board": board_figures(reading, soc)})
    return 1 if faults else 0
