"""What all commands share: how they are described, and the options every one of them takes."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TypeAlias

Groups: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
"""Where commands are added; argparse has no public name for it."""

Execute = Callable[[argparse.Namespace], int]
"""Carries a command out and returns the exit code. Raises KioskError."""


def add_group(groups: Groups, name: str, summary: str) -> Groups:
    """Describe a command that has commands of its own; return where to add them."""
    parser = groups.add_parser(name, help=summary, description=_as_sentence(summary))
    return parser.add_subparsers(metavar="COMMAND", required=True, title="commands")


def add_command(
    groups: Groups,
    name: str,
    summary: str,
    execute: Execute,
    *,
    more: str = "",
    examples: tuple[str, ...] = (),
    pictures: bool = False,
) -> argparse.ArgumentParser:
    """Describe a command; ``pictures`` says that it works with OpenCV."""
    epilog = "\n".join(["examples:", *(f"  door-kiosk {line}" for line in examples)])
    parser = groups.add_parser(
        name,
        help=summary,
        description=_as_sentence(summary) + (f"\n\n{more}" if more else ""),
        epilog=epilog if examples else None,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--data",
        metavar="DIR",
        help="the data folder (default: $DOOR_KIOSK_DATA, else ~/.local/share/door-kiosk)",
    )
    add_verbose(parser)
    parser.set_defaults(execute=execute, pictures=pictures)
    return parser


def add_verbose(parser: argparse.ArgumentParser) -> None:
    """Add ``--verbose``, which may stand before and after the command."""
    parser.add_argument(
        "--verbose",
        action="store_true",
        default=argparse.SUPPRESS,
        help="write what happens to stderr",
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add ``--json [FILE]``."""
    parser.add_argument(
        "--json",
        metavar="FILE",
        nargs="?",
        const="-",
        help="write the result as JSON to FILE; without FILE, JSON alone to stdout",
    )


def number_between(low: float, high: float) -> Callable[[str], float]:
    """Return a type for argparse: a number within bounds, both included."""

    def convert(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
        # Written so that NaN fails it too.
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text} is not between {low:g} and {high:g}")
        return value

    return convert


def count(text: str) -> int:
    """Return a whole number from 1 on; a type for argparse."""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 on")
    return int(text)


def _as_sentence(summary: str) -> str:
    return summary[0].upper() + summary[1:] + "."
