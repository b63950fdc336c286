"""``door-kiosk bench``: how fast this computer is."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path

from kiosk.commands.options import Groups, add_command, add_json, number_between
from kiosk.commands.output import Output, check_writable, replacing, table
from kiosk.commands.setup import data_folder, settings
from kiosk.config import Config
from kiosk.errors import ConfigError

_OF_THE_BOARD = ("minutes", "watts", "precision", "markdown")


def register(groups: Groups) -> None:
    """Describe the command."""
    parser = add_command(
        groups,
        "bench",
        "measure how long each stage of the recognition takes on this computer",
        execute,
        more=(
            "With --board: the networks on the runtime that is chosen here, the NPU where there is"
            "\none, and the whole frame, with memory, power, heat and load of the NPU, beside what"
            "\nwas published for these chips."
        ),
        examples=(
            "bench",
            "bench --json bench.json",
            "bench --board --minutes 10 --markdown board.md",
        ),
        pictures=True,
    )
    add_json(parser)
    parser.add_argument(
        "--no-window",
        action="store_true",
        help="leave out cold start, memory and event-loop stalls, which need Qt",
    )
    board = parser.add_argument_group("on a board")
    board.add_argument("--board", action="store_true", help="measure the board instead")
    board.add_argument(
        "--minutes",
        metavar="M",
        type=number_between(0, 24 * 60),
        help="examine frames without a pause for M minutes, to see the heat (default: 0)",
    )
    board.add_argument(
        "--watts",
        metavar="N",
        type=number_between(0.01, 1000),
        help="the power a meter shows meanwhile, for a board that does not measure it",
    )
    board.add_argument(
        "--precision",
        choices=("fp32", "fp16", "int8"),
        help="measure the networks of this precision instead of those the kiosk uses",
    )
    board.add_argument("--markdown", metavar="FILE", help="write the table to FILE as well")


def execute(args: argparse.Namespace) -> int:
    """Measure and print. Raises ModelError, ConfigError."""
    wanted = settings(args, data_folder(args))
    if args.board:
        return _measure_board(args, wanted)
    for name in _OF_THE_BOARD:
        if getattr(args, name) is not None:
            raise ConfigError(f"--{name} belongs to --board: door-kiosk bench --board --{name} …")
    return _measure(args, wanted)


def _measure(args: argparse.Namespace, wanted: Config) -> int:
    from kiosk.benchmark import format_report, run_benchmarks
    from kiosk.windowbenchmark import run_window_benchmarks

    models, rules, output = data_folder(args).models, wanted.recognition, Output(args.json)
    report = run_benchmarks(models, rules.min_detection_score, rules.stranger_rate)
    if not args.no_window:
        report |= run_window_benchmarks(models, rules.min_detection_score)
    output.say(format_report(report))
    output.result(report)
    return 0


def _measure_board(args: argparse.Namespace, wanted: Config) -> int:
    from kiosk.board.sensors import BoardSensors
    from kiosk.board.soc import read_soc
    from kiosk.boardbenchmark import BoardBenchmark
    from kiosk.boardtable import format_markdown, format_text, report_figures

    output = Output(args.json)
    page = None if args.markdown is None else Path(args.markdown)
    if page is not None:
        # Before ten minutes of work are done for it.
        check_writable(page)
    chosen = wanted.models
    if args.precision is not None:
        chosen = dataclasses.replace(chosen, precision=args.precision)
    benchmark = BoardBenchmark(
        sensors=BoardSensors(),
        soc=read_soc(),
        settings=chosen,
        min_score=wanted.recognition.min_detection_score,
        stranger_rate=wanted.recognition.stranger_rate,
        margin=wanted.recognition.margin,
        minutes=args.minutes or 0.0,
    )
    report = benchmark.run(data_folder(args).models, args.watts, _tell)
    output.say(format_text(report, table))
    if page is not None:
        with replacing(page) as fresh:
            fresh.write_text(format_markdown(report), encoding="utf-8")
    output.result(report_figures(report))
    return 0


def _tell(what: str) -> None:
    print(f"measuring {what} …", file=sys.stderr, flush=True)
