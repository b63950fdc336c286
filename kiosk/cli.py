"""The command ``door-kiosk``: reads the command line, runs the command, turns faults into lines.

Exit codes: 0 done, 1 something outside the program is wrong (one line on stderr), 2 wrong usage,
70 a bug of the program (a traceback on stderr), 130 interrupted.
"""

from __future__ import annotations

import argparse
import errno
import io
import logging
import os
import sys
import traceback
from collections.abc import Sequence

from kiosk import __version__
from kiosk.commands import (
    bench,
    calibrate,
    doctor,
    evaluate,
    events,
    guests,
    models,
    people,
    pin,
    relay,
    rights,
    run,
    schedules,
)
from kiosk.commands.options import add_verbose
from kiosk.errors import KioskError

EXIT_FAULT = 1
EXIT_USAGE = 2
EXIT_BUG = 70
EXIT_INTERRUPTED = 130
EXIT_PIPE = 141

_COMMANDS = (
    run,
    doctor,
    models,
    people,
    rights,
    schedules,
    guests,
    events,
    pin,
    relay,
    evaluate,
    calibrate,
    bench,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; ``argv`` is the command line without the name."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A name must not end the program where the terminal cannot show it.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        args = _parse(arguments)
        _configure_logging(args.verbose)
        if args.pictures:
            _limit_opencv()
        code: int = args.execute(args)
        if sys.stdout is not None:  # it was closed before the start
            sys.stdout.flush()
    except SystemExit as done:  # argparse: help, version, wrong usage
        return done.code if isinstance(done.code, int) else EXIT_USAGE
    except KioskError as error:
        return _report(error)
    except KeyboardInterrupt:
        print("door-kiosk: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        return _forget_stdout()
    except OSError as error:
        if error.errno != errno.ENOSPC:
            traceback.print_exc()
            return EXIT_BUG
        print("door-kiosk: the disk is full: the output is incomplete.", file=sys.stderr)
        _forget_stdout()
        return EXIT_FAULT
    except Exception:
        traceback.print_exc()
        return EXIT_BUG
    return code


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="door-kiosk",
        description="A face terminal for a door. Without a command it runs the kiosk.",
        epilog="Every command explains itself: door-kiosk COMMAND --help",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"door-kiosk {__version__}")
    parser.set_defaults(verbose=False)
    add_verbose(parser)
    parser.add_argument(
        "--demo",
        action="store_true",
        default=argparse.SUPPRESS,
        help="play a story with people who do not exist; short for: run --demo",
    )
    groups = parser.add_subparsers(metavar="COMMAND", title="commands")
    for command in _COMMANDS:
        command.register(groups)
    return parser


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = make_parser()
    if "--demo" in arguments and not {"-h", "--help", "--version"} & set(arguments):
        names = {command.__name__.rpartition(".")[2] for command in _COMMANDS}
        if not names & set(arguments):
            arguments = ["run", *arguments]
    args = parser.parse_args(arguments)
    if not hasattr(args, "execute"):
        args = parser.parse_args([*arguments, "run"])
    return args


def _configure_logging(verbose: bool) -> None:
    # Does nothing when the caller has configured logging already.
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    if verbose:
        for room in ("kiosk", "ui"):
            logging.getLogger(room).setLevel(logging.DEBUG)


def _limit_opencv() -> None:
    import cv2

    # Its threads would take the cores from the networks and the camera.
    cv2.setNumThreads(1)


def _report(error: KioskError) -> int:
    print(f"door-kiosk: {' '.join(str(error).split())}", file=sys.stderr)
    return EXIT_FAULT


def _forget_stdout() -> int:
    """Let nothing more be written, so that the interpreter does not complain at exit."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
    except (OSError, io.UnsupportedOperation):
        pass
    return EXIT_PIPE


if __name__ == "__main__":
    sys.exit(main())
