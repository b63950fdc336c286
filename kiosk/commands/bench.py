"""``door-kiosk bench``: how fast this computer is."""

from __future__ import annotations

import argparse

from kiosk.commands.options import Groups, add_command, add_json
from kiosk.commands.output import Output
from kiosk.commands.setup import data_folder, settings


def register(groups: Groups) -> None:
    """Describe the command."""
    parser = add_command(
        groups,
        "bench",
        "measure how long each stage of the recognition takes on this computer",
        execute,
        examples=("bench", "bench --json bench.json"),
        pictures=True,
    )
    add_json(parser)
    parser.add_argument(
        "--no-window",
        action="store_true",
        help="leave out cold start, memory and event-loop stalls, which need Qt",
    )


def execute(args: argparse.Namespace) -> int:
    """Measure and print. Raises ModelError."""
    from kiosk.benchmark import format_report, run_benchmarks
    from kiosk.windowbenchmark import run_window_benchmarks

    folder, output = data_folder(args), Output(args.json)
    wanted = settings(args, folder).recognition
    report = run_benchmarks(folder.models, wanted.min_detection_score, wanted.stranger_rate)
    if not args.no_window:
        report |= run_window_benchmarks(folder.models, wanted.min_detection_score)
    output.say(format_report(report))
    output.result(report)
    return 0
