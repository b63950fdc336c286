"""``door-kiosk schedules``, about groups: who enters by which schedules, at which doors."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from kiosk.commands.options import Groups, add_command, add_json
from kiosk.commands.output import Output, table
from kiosk.commands.setup import data_folder, owned_store, read_store, record
from kiosk.errors import AccessError

if TYPE_CHECKING:
    from kiosk.access.model import Group, Schedule
    from kiosk.store.store import Store

Named = TypeVar("Named", "Schedule", "Group")


def add_group_commands(group: Groups) -> None:
    """Describe the commands about groups."""
    parser = add_command(group, "groups", "list the groups", execute_groups)
    add_json(parser)
    parser = add_command(
        group,
        "group",
        "add a group, or change the one of that name",
        execute_group,
        more=(
            "Whoever is in a group enters by its schedules only. Of a group that is there, what\n"
            "is not given stays as it is; schedules and doors that are given take the place of\n"
            "all there were."
        ),
        examples=(
            'schedules group Staff Office Night --doors "Front door"',
            "schedules group Staff --all-doors --no-needs-two",
        ),
    )
    parser.add_argument("name", metavar="NAME", help="its name")
    parser.add_argument(
        "schedules", metavar="SCHEDULE", nargs="*", help="names of schedules; a new one needs one"
    )
    doors = parser.add_mutually_exclusive_group()
    doors.add_argument("--doors", metavar="DOOR", nargs="+", help="these doors only")
    doors.add_argument("--all-doors", action="store_true", help="all doors (a new one: the same)")
    for option, words in (
        ("--needs-two", "two people come together (a new one: no)"),
        ("--is-first", "their arrival begins the day (a new one: no)"),
        ("--ignores-passback", "they may enter again at once (a new one: no)"),
    ):
        parser.add_argument(option, action=argparse.BooleanOptionalAction, help=words)
    parser = add_command(
        group,
        "remove-group",
        "remove a group nobody is in",
        execute_remove_group,
        more="Move its members to other groups first: without any group they might always enter.",
    )
    parser.add_argument("name", metavar="NAME", help="the name of the group")


def execute_groups(args: argparse.Namespace) -> int:
    """Print the groups; works beside a running kiosk. Raises StoreError."""
    output = Output(args.json)
    with read_store(data_folder(args)) as store:
        groups, members = store.rights.groups(), store.rights.member_counts()
        lines = group_table(groups, store.rights.schedules(), members)
    output.say(*lines, "", f"{len(groups)} groups.")
    output.result({"groups": group_trees(groups, members)})
    return 0


def execute_group(args: argparse.Namespace) -> int:
    """Save a group. Raises AccessError when a schedule does not exist."""
    from kiosk.access.model import Group
    from kiosk.domain import EventKind

    with owned_store(data_folder(args)) as store, store.database.writing():
        before = find_named(args.name, store.rights.groups())
        if before is None and not args.schedules:
            raise AccessError(
                f"There is no group {args.name!r} yet. To add it, name its schedules as well."
            )
        wanted = before or Group(None, args.name, ())
        if args.schedules:
            ids = (find_schedule(store, name).id or 0 for name in args.schedules)
            wanted = replace(wanted, schedule_ids=tuple(dict.fromkeys(ids)))
        if args.doors is not None or args.all_doors:
            wanted = replace(wanted, doors=tuple(args.doors or ()))
        if args.needs_two is not None:
            wanted = replace(wanted, needs_two=args.needs_two)
        if args.is_first is not None:
            wanted = replace(wanted, is_first=args.is_first)
        if args.ignores_passback is not None:
            wanted = replace(wanted, ignores_passback=args.ignores_passback)
        saved = before
        if wanted != before:
            saved = store.rights.save_group(wanted)
            record(store, EventKind.RIGHTS_CHANGED, f"group {saved.id} saved")
        schedules = store.rights.schedules()
    assert saved is not None
    was = None if before is None else _cells(before, schedules)
    say_saved("group", saved, _cells(saved, schedules), was)
    return 0


def execute_remove_group(args: argparse.Namespace) -> int:
    """Remove a group. Raises AccessError when somebody is in it or it does not exist."""
    from kiosk.domain import EventKind

    with owned_store(data_folder(args)) as store, store.database.writing():
        group = find_named(args.name, store.rights.groups())
        if group is None or group.id is None:
            raise AccessError(f"There is no group {args.name!r}. See: door-kiosk schedules groups")
        store.rights.delete_group(group.id)
        record(store, EventKind.RIGHTS_CHANGED, f"group {group.id} deleted")
    Output().say(f"The group {group.name} is removed.")
    return 0


def find_named(name: str, things: Sequence[Named]) -> Named | None:
    """Return the one of that name, if there is one."""
    from kiosk.store.names import searchable

    wanted = searchable(name.strip())
    return next((each for each in things if searchable(each.name) == wanted), None)


def find_schedule(store: Store, name: str) -> Schedule:
    """Return the schedule of that name. Raises AccessError when there is none."""
    found = find_named(name, store.rights.schedules())
    if found is None:
        raise AccessError(f"There is no schedule {name!r}. See: door-kiosk schedules list")
    return found


def group_table(
    groups: Sequence[Group], schedules: Sequence[Schedule], members: Mapping[int, int]
) -> list[str]:
    """Return lines that say all about the groups; ``members`` counts those of each id."""
    rows = [
        (g.id, g.name, *_cells(g, schedules).values(), members.get(g.id, 0))
        for g in groups
        if g.id is not None
    ]
    columns = "schedules", "doors", "needs two", "is first", "ignores passback"
    return table(("id", "group", *columns, "members"), rows)


def group_trees(groups: Sequence[Group], members: Mapping[int, int]) -> list[dict[str, Any]]:
    """Return the groups as programs read them."""
    return [
        {
            "id": g.id,
            "name": g.name,
            "schedules": list(g.schedule_ids),
            "doors": list(g.doors),
            "needs_two": g.needs_two,
            "is_first": g.is_first,
            "ignores_passback": g.ignores_passback,
            "members": 0 if g.id is None else members.get(g.id, 0),
        }
        for g in groups
    ]


def say_saved(
    what: str, saved: Schedule | Group, cells: Mapping[str, str], before: Mapping[str, str] | None
) -> None:
    """Say what was added, or what was changed and how; ``before`` is None for a new one."""
    if before is None:
        Output().say(f"The {what} {saved.name} is added (id {saved.id}).")
        return
    rows = [(name, before[name], cell) for name, cell in cells.items() if before[name] != cell]
    if not rows:
        Output().say(f"The {what} {saved.name} is as it was (id {saved.id}).")
        return
    Output().say(
        f"The {what} {saved.name} is changed (id {saved.id}):",
        *table(("what", "before", "after"), rows),
    )


def yes_no(value: bool) -> str:
    """Return a flag in words."""
    return "yes" if value else "no"


def _cells(group: Group, schedules: Sequence[Schedule]) -> dict[str, str]:
    names = {schedule.id: schedule.name for schedule in schedules}
    return {
        "schedules": ", ".join(names.get(each, f"missing {each}") for each in group.schedule_ids),
        "doors": ", ".join(group.doors) or "all",
        "needs two": yes_no(group.needs_two),
        "is first": yes_no(group.is_first),
        "ignores passback": yes_no(group.ignores_passback),
    }
