"""``door-kiosk schedules``: when members of groups may enter."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

from kiosk.commands.options import Groups, add_command, add_group, add_json
from kiosk.commands.output import Output, table
from kiosk.commands.schedules_groups import (
    add_group_commands,
    find_named,
    find_schedule,
    group_table,
    group_trees,
    say_saved,
    yes_no,
)
from kiosk.commands.setup import data_folder, owned_store, read_store, record
from kiosk.errors import AccessError

if TYPE_CHECKING:
    from kiosk.access.model import Schedule, Window

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "holiday")
_MODES = ("face", "face+pin", "pin", "face/pin")


def register(groups: Groups) -> None:
    """Describe the commands."""
    group = add_group(groups, "schedules", "list, add and remove weekly schedules and groups")
    parser = add_command(group, "list", "list the schedules and the groups", execute_list)
    add_json(parser)
    parser = add_command(
        group, "show", "show one schedule: its week, and the groups that enter by it", execute_show
    )
    parser.add_argument("name", metavar="NAME", help="the name of the schedule")
    parser = add_command(
        group,
        "add",
        "add a schedule, or change the one of that name",
        execute_add,
        more=(
            "HOURS are written like those of people: always, never, or days and times. Of a\n"
            "schedule that is there, what is not given stays as it is."
        ),
        examples=(
            'schedules add Office "Mon-Fri 08:00-18:00; Sat 09:00-12:00"',
            'schedules add Night "Fri 22:00-06:00" --mode face+pin --zone Europe/Berlin',
            "schedules add Night --mode face",
        ),
    )
    parser.add_argument("name", metavar="NAME", help="its name")
    parser.add_argument(
        "hours", metavar="HOURS", nargs="?", help="when it lets people in; a new one needs them"
    )
    holiday = parser.add_mutually_exclusive_group()
    holiday.add_argument(
        "--holiday", metavar="SPAN", help="the hours of holidays, like 09:00-12:00"
    )
    holiday.add_argument(
        "--no-holiday", action="store_true", help="nobody enters on holidays (a new one: the same)"
    )
    parser.add_argument("--mode", choices=_MODES, help="what is asked for (a new one: face)")
    zone = parser.add_mutually_exclusive_group()
    zone.add_argument("--zone", help="its time zone, like Europe/Berlin")
    zone.add_argument(
        "--no-zone", action="store_true", help="the time zone of the door (a new one: the same)"
    )
    parser.add_argument(
        "--waits-for-first",
        action=argparse.BooleanOptionalAction,
        help="only once a first person has come in (a new one: no)",
    )
    parser = add_command(group, "remove", "remove a schedule no group uses", execute_remove)
    parser.add_argument("name", metavar="NAME", help="the name of the schedule")
    add_group_commands(group)


def execute_list(args: argparse.Namespace) -> int:
    """Print schedules and groups; works beside a running kiosk. Raises StoreError."""
    output = Output(args.json)
    with read_store(data_folder(args)) as store:
        schedules, groups = store.rights.schedules(), store.rights.groups()
        members = store.rights.member_counts()
    output.say(
        *table(
            ("id", "schedule", "asks for", "zone", "waits"),
            [(s.id, s.name, s.mode.value, s.zone, yes_no(s.waits_for_first)) for s in schedules],
        ),
        "",
        *group_table(groups, schedules, members),
    )
    output.result(
        {
            "schedules": [
                {
                    "id": s.id,
                    "name": s.name,
                    "mode": s.mode.value,
                    "zone": s.zone,
                    "waits_for_first": s.waits_for_first,
                    "week": [[[w.start_min, w.end_min] for w in day] for day in s.week],
                    "holiday": [[w.start_min, w.end_min] for w in s.holiday],
                }
                for s in schedules
            ],
            "groups": group_trees(groups, members),
        }
    )
    return 0


def execute_show(args: argparse.Namespace) -> int:
    """Print all of a schedule and its groups. Raises AccessError when there is none such."""
    with read_store(data_folder(args)) as store:
        schedule = find_schedule(store, args.name)
        users = [group for group in store.rights.groups() if schedule.id in group.schedule_ids]
        schedules, members = store.rights.schedules(), store.rights.member_counts()
    Output().say(
        *table(("", schedule.name), list(_cells(schedule).items())),
        "",
        *(group_table(users, schedules, members) if users else ["No group enters by it."]),
    )
    return 0


def execute_add(args: argparse.Namespace) -> int:
    """Save a schedule. Raises AccessError when it cannot be understood."""
    from kiosk.access.model import AuthMode, Schedule
    from kiosk.access.schedules import never_allows
    from kiosk.domain import EventKind

    if args.hours is not None and not args.hours.strip():
        raise AccessError("HOURS is empty. Write always, never, or hours like Mon-Fri 08:00-18:00.")
    with owned_store(data_folder(args)) as store, store.database.writing():
        before = find_named(args.name, store.rights.schedules())
        if before is None and args.hours is None:
            raise AccessError(
                f"There is no schedule {args.name!r} yet. To add it, give its hours as well, like "
                "Mon-Fri 08:00-18:00."
            )
        wanted = before or Schedule(None, args.name, ())
        if args.hours is not None:
            wanted = replace(wanted, week=_week(args.hours))
        if args.holiday or args.no_holiday:
            # Any one day serves to read the span of a day.
            day = _week(f"Mon {args.holiday}")[0] if args.holiday else ()
            wanted = replace(wanted, holiday=day)
        if args.mode is not None:
            wanted = replace(wanted, mode=AuthMode(args.mode))
        if args.zone is not None or args.no_zone:
            wanted = replace(wanted, zone=args.zone or "")
        if args.waits_for_first is not None:
            wanted = replace(wanted, waits_for_first=args.waits_for_first)
        saved = before
        if wanted != before:
            saved = store.rights.save_schedule(wanted)
            record(store, EventKind.RIGHTS_CHANGED, f"schedule {saved.id} saved")
    assert saved is not None
    say_saved("schedule", saved, _cells(saved), None if before is None else _cells(before))
    if never_allows(saved):
        Output().say("It never allows anyone: give it hours.")
    return 0


def execute_remove(args: argparse.Namespace) -> int:
    """Remove a schedule. Raises AccessError when something uses it or it does not exist."""
    from kiosk.domain import EventKind

    with owned_store(data_folder(args)) as store, store.database.writing():
        schedule = find_schedule(store, args.name)
        store.rights.delete_schedule(schedule.id or 0)
        record(store, EventKind.RIGHTS_CHANGED, f"schedule {schedule.id} deleted")
    Output().say(f"The schedule {schedule.name} is removed.")
    return 0


def _week(hours: str) -> tuple[tuple[Window, ...], ...]:
    from kiosk.access.hours import AccessHours
    from kiosk.access.model import DAY_MIN, Window

    days: list[list[Window]] = [[] for _ in range(7)]
    for part in AccessHours.parse(hours).parts:
        is_overnight = part.end_min <= part.start_min
        for day in part.days:
            days[day].append(Window(part.start_min, part.end_min + DAY_MIN * is_overnight))
    return tuple(map(tuple, days))


def _cells(schedule: Schedule) -> dict[str, str]:
    days = (*schedule.week, schedule.holiday)
    return {
        **{day: _spans(windows) for day, windows in zip(_DAYS, days, strict=True)},
        "asks for": schedule.mode.value,
        "zone": schedule.zone or "of the door",
        "waits for first": yes_no(schedule.waits_for_first),
    }


def _spans(windows: tuple[Window, ...]) -> str:
    return ", ".join(f"{_clock(w.start_min)}-{_clock(w.end_min)}" for w in windows) or "–"


def _clock(minute: int) -> str:
    if minute > 24 * 60:
        return f"{minute // 60 - 24:02d}:{minute % 60:02d} next day"
    return f"{minute // 60:02d}:{minute % 60:02d}"
