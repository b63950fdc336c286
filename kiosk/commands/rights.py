"""``door-kiosk rights``: people and what they may as a list, in and out, and what is not meant."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from kiosk.commands.options import Groups, add_command, add_group, add_json
from kiosk.commands.output import Output, check_writable, replacing, table
from kiosk.commands.setup import data_folder, now_ms, owned_store, read_store, settings
from kiosk.errors import AccessError, ConfigError

if TYPE_CHECKING:
    from kiosk.rightsimport import ImportPlan

_COLUMNS = """\
The first line of FILE names columns, in any order; others than these are refused:
  number       badge or staff number; tells who is meant
  name         tells who is meant where there is no number
  groups       names of groups with ; between them, or none; a group is added before, with
               door-kiosk schedules group
  hours        like Mon-Fri 08:00-18:00; Sat 09:00-12:00, or always or never
  valid_from   2027-03-01, or 2027-03-01 08:00 by the door's clock, or none
  valid_until  the same; a date alone still counts with its whole day
  uses         how often they may still enter, or unlimited
  slow         yes or no: the door stays unlocked longer for them
  enabled      yes or no
  id           as the export writes it; empty for new people
An empty cell, or a column that is not there, leaves things as they are, and so does a list for
everybody who is not in it. UTF-8; commas, semicolons or tabs between the cells."""


def register(groups: Groups) -> None:
    """Describe the commands."""
    group = add_group(groups, "rights", "import and export people and what they may")
    parser = add_command(
        group,
        "import",
        "say what a list would change; with --apply, change it",
        execute_import,
        more=(
            f"{_COLUMNS}\n\n"
            "Without --apply it changes nothing and works beside a running kiosk. While anything\n"
            "is wrong with a list, nothing of it is applied. On a terminal --apply asks before;\n"
            "elsewhere it needs --yes."
        ),
        examples=("rights import staff.csv", "rights import staff.csv --apply --yes"),
    )
    parser.add_argument("file", metavar="FILE", help="the list, a CSV file")
    parser.add_argument("--apply", action="store_true", help="carry out what is printed")
    parser.add_argument("--yes", action="store_true", help="do not ask; needed without a terminal")
    add_json(parser)
    parser = add_command(
        group,
        "export",
        "write everybody and what they may as a list that can be imported",
        execute_export,
        more=(
            "The file holds names. Importing it unchanged changes nothing. A file that is there\n"
            "already is not overwritten."
        ),
        examples=("rights export staff.csv",),
    )
    parser.add_argument(
        "file", metavar="FILE", nargs="?", default="-", help="where to write it (default: stdout)"
    )
    add_command(
        group,
        "check",
        "say which schedules, groups and rights are surely not meant",
        execute_check,
        more="The exit code is 1 when there is anything to say.",
    )


def execute_import(args: argparse.Namespace) -> int:
    """Print what would change, and change it when told to. Raises AccessError, StoreError."""
    from kiosk.rightscsv import decode
    from kiosk.rightsimport import apply_plan, plan_import

    try:
        text = decode(Path(args.file).read_bytes())
    except OSError as error:
        raise AccessError(f"The list {args.file} cannot be read: {error.strerror}.") from error
    folder, output = data_folder(args), Output(args.json)
    zone = settings(args, folder).access.zone
    with owned_store(folder) if args.apply else read_store(folder) as store:
        plan = plan_import(store, text, now_ms(), zone)
        _print(plan, output)
        wanted = bool(args.apply and plan.edits)
        is_unasked = wanted and not args.yes and not sys.stdin.isatty()
        is_applied = wanted and not is_unasked and (args.yes or _is_confirmed(plan))
        if is_applied:
            apply_plan(store, plan, now_ms())
    output.say(_result(plan, args.apply, is_applied))
    if is_unasked:
        output.say("There is no terminal to ask on: --apply --yes applies what is printed here.")
    output.result(
        {
            "changes": [asdict(change) for change in plan.changes],
            "problems": [problem._asdict() for problem in plan.problems],
            "warnings": [warning._asdict() for warning in plan.warnings],
            "people": len(plan.edits),
            "new": plan.added,
            "unchanged": plan.unchanged,
            "applied": is_applied,
        }
    )
    return 0 if not plan.problems and is_applied == wanted else 1


def execute_export(args: argparse.Namespace) -> int:
    """Write the list.

    Raises StoreError, and ConfigError when the file is there already or cannot be written.
    """
    from kiosk.rightsimport import export_csv

    folder, file = data_folder(args), None if args.file == "-" else Path(args.file)
    if file is not None:
        check_writable(file)
        if os.path.lexists(file):
            raise ConfigError(f"{file} is there already. Name another file, or remove it first.")
    with read_store(folder) as store:
        text = export_csv(store, settings(args, folder).access.zone)
        people = len(store.people.find())
    if file is None:
        sys.stdout.write(text.removeprefix("\ufeff").replace("\r\n", "\n"))
        return 0
    with replacing(file) as fresh:
        fresh.write_bytes(text.encode("utf-8"))
    Output().say(f"{file} holds {people} people.")
    return 0


def execute_check(args: argparse.Namespace) -> int:
    """Print every warning. Raises StoreError, and AccessError for an unknown time zone."""
    from kiosk.access.rights import warnings
    from kiosk.access.rightschecks import door_problems
    from kiosk.people import access_here, rights_book

    folder = data_folder(args)
    here = access_here(settings(args, folder))
    with read_store(folder) as store:
        found = [
            *store.rights.read().damage,
            *warnings(rights_book(store, here)),
            *door_problems(store.rights.groups(), here.door),
        ]
    Output().say(*(found or ["There is nothing to say about the rights."]))
    return 1 if found else 0


def _print(plan: ImportPlan, output: Output) -> None:
    if plan.problems:
        rows = [(each.line or None, each.text) for each in plan.problems]
        output.say("What is wrong:", *table(("line", "problem"), rows), "")
    else:
        changed = len(plan.edits) - plan.added
        output.say(f"{plan.added} people new, {changed} changed, {plan.unchanged} unchanged.", "")
    if plan.warnings:
        rows = [(each.line or None, each.text) for each in plan.warnings]
        output.say("Look at these first:", *table(("line", "warning"), rows), "")
    if plan.changes:
        changes = [(c.line, c.who, c.field, c.before, c.after) for c in plan.changes]
        output.say(*table(("line", "person", "what", "before", "after"), changes), "")


def _is_confirmed(plan: ImportPlan) -> bool:
    try:
        answer = input(f"Change {len(plan.edits)} people, {plan.added} of them new? [y/N] ")
    except EOFError:
        return False
    return answer.strip().lower() in ("y", "yes")


def _result(plan: ImportPlan, wanted: bool, is_applied: bool) -> str:
    if plan.problems:
        return "Nothing was changed. Correct the list and import it again."
    if not plan.edits:
        return "The list changes nothing."
    people = f"{len(plan.edits)} people, {plan.added} of them new"
    if is_applied:
        return f"Changed: {people}."
    return "Nothing was changed." if wanted else f"Nothing was changed yet; --apply: {people}."
