"""``door-kiosk guests``: people who may enter for a while, or a few times."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Collection
from typing import TYPE_CHECKING

from kiosk.commands.options import Groups, add_command, add_group, count
from kiosk.commands.output import Output, table
from kiosk.commands.setup import data_folder, now_ms, owned_store, read_store, record, settings
from kiosk.errors import AccessError

if TYPE_CHECKING:
    from kiosk.store.store import Store

_KEYPAD_DIGITS = 20
"""As many as the keypad at the door takes for a number."""


def register(groups: Groups) -> None:
    """Describe the commands."""
    group = add_group(groups, "guests", "let guests in for a while, or a few times")
    parser = add_command(
        group,
        "add",
        "admit a guest",
        execute_add,
        more=(
            "Give an end, a number of entries, or both. The face is enrolled at the kiosk, as\n"
            "that of an existing person. With --pin the guest enters by number and PIN where a\n"
            "schedule of their groups allows that; it asks for the PIN, or takes the first line\n"
            "of the input. Groups are added with: door-kiosk schedules group"
        ),
        examples=(
            'guests add "Grace Hopper" --until "2027-03-31 17:30" --groups Visitors',
            'guests add "The plumber" --number 901 --uses 1 --groups Visitors --pin',
        ),
    )
    parser.add_argument("name", metavar="NAME", help="the name shown at the door")
    parser.add_argument("--number", metavar="N", default="", help="a badge number")
    parser.add_argument("--until", metavar="WHEN", help="a date, or a date and a time")
    parser.add_argument("--uses", metavar="N", type=count, help="how often they may enter")
    parser.add_argument(
        "--groups", metavar="GROUP", nargs="+", required=True, help="by whose schedules they enter"
    )
    parser.add_argument("--pin", action="store_true", help="give them a PIN")
    add_command(group, "list", "list the guests", execute_list)
    parser = add_command(
        group,
        "clear",
        "remove the guests whose pass is over or used up, with all that is stored of them",
        execute_clear,
        more="On a terminal it asks before it removes.",
    )
    parser.add_argument("--yes", action="store_true", help="do not ask")


def execute_add(args: argparse.Namespace) -> int:
    """Admit a guest. Raises AccessError, EnrolmentError and PinError when that cannot be."""
    from kiosk.access.model import PersonRights
    from kiosk.access.pin import PERSONAL_PIN
    from kiosk.commands.pin import ask
    from kiosk.domain import EventKind
    from kiosk.people import access_here
    from kiosk.rightscsv import read_moment
    from kiosk.rightsdesk import admit_guest
    from kiosk.store.names import searchable

    folder = data_folder(args)
    config = settings(args, folder)
    zone, door = config.access.zone, access_here(config).door
    until_ms = read_moment(args.until, zone, is_end=True) if args.until else None
    with owned_store(folder) as store, store.database.writing():
        known = {searchable(group.name): group.id or 0 for group in store.rights.groups()}
        for name in args.groups:
            if searchable(name) not in known:
                raise AccessError(
                    f"There is no group {name!r}. See: door-kiosk schedules groups; add it with: "
                    f"door-kiosk schedules group {shlex.quote(name)} SCHEDULE"
                )
        rights = PersonRights(
            person_id=0,
            group_ids=frozenset(known[searchable(name)] for name in args.groups),
            valid_until_ms=until_ms,
            uses_left=args.uses,
        )
        pin = ask(PERSONAL_PIN) if args.pin else ""
        if args.pin and not pin:
            raise AccessError("The input has no PIN in its first line.")
        guest = admit_guest(store, args.name, args.number, rights, now_ms(), pin)
        record(store, EventKind.RIGHTS_CHANGED, "guest admitted", guest.id, guest.name)
        hints = _pin_hints(store, guest.number, rights.group_ids, door) if pin else []
    Output().say(f"{guest.name} is admitted (id {guest.id}).", *hints)
    return 0


def execute_list(args: argparse.Namespace) -> int:
    """Print the guests; works beside a running kiosk. Raises StoreError."""
    from kiosk.rightscsv import moment_text

    folder = data_folder(args)
    zone = settings(args, folder).access.zone
    with read_store(folder) as store:
        names = {person.id: person for person in store.people.find()}
        rows = [
            (
                rights.person_id,
                names[rights.person_id].name,
                names[rights.person_id].number,
                moment_text(rights.valid_until_ms, zone, is_end=True),
                rights.uses_left,
            )
            for rights in store.rights.rights_of_all()
            if rights.is_guest and rights.person_id in names
        ]
    headings = ("id", "name", "number", "until", "entries left")
    Output().say(*table(headings, rows), "", f"{len(rows)} guests.")
    return 0


def execute_clear(args: argparse.Namespace) -> int:
    """Remove guests who may not enter any more. Raises StoreError."""
    from kiosk.domain import EventKind

    output, now = Output(), now_ms()
    with owned_store(data_folder(args)) as store:
        over = [
            rights.person_id
            for rights in store.rights.rights_of_all()
            if rights.is_guest
            and (
                rights.uses_left == 0
                or (rights.valid_until_ms is not None and rights.valid_until_ms <= now)
            )
        ]
        if over and not args.yes and sys.stdin.isatty():
            try:
                answer = input(f"Remove {len(over)} guests for good? [y/N] ")
            except EOFError:
                answer = ""
            if answer.strip().lower() not in ("y", "yes"):
                output.say("Nobody was removed.")
                return 1
        for person_id in over:
            store.people.delete(person_id)
            record(store, EventKind.PERSON_DELETED, person_id=person_id)
    output.say(f"{len(over)} guests removed.")
    return 0


def _pin_hints(store: Store, number: str, group_ids: Collection[int], door: str) -> list[str]:
    """Say what keeps a number and a PIN from opening this door."""
    from kiosk.access.model import AuthMode

    hints = []
    if not (number.isascii() and number.isdigit() and len(number) <= _KEYPAD_DIGITS):
        hints.append(
            f"The number {number} cannot be typed at the door: the keypad takes up to "
            f"{_KEYPAD_DIGITS} digits and no letters."
        )
    groups = [group for group in store.rights.groups() if group.id in group_ids]
    if not any(not group.doors or door in group.doors for group in groups):
        return [*hints, f"None of their groups may use this door, {door!r}."]
    asked = {
        id_
        for group in groups
        if not group.doors or door in group.doors
        for id_ in group.schedule_ids
    }
    schedules = [each for each in store.rights.schedules() if each.id in asked]
    if not any(each.mode in (AuthMode.PIN, AuthMode.FACE_OR_PIN) for each in schedules):
        example = shlex.quote(schedules[0].name) if schedules else "SCHEDULE"
        hints.append(
            "No schedule of their groups lets anybody in by number and PIN alone: enrol the "
            f"guest's face, or change that with: door-kiosk schedules add {example} --mode face/pin"
        )
    return hints
