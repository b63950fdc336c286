"""``door-kiosk people pin``: give somebody a personal PIN, or take it away."""

from __future__ import annotations

import argparse

from kiosk.commands.options import Groups, add_command
from kiosk.commands.output import Output
from kiosk.commands.pin import ask
from kiosk.commands.setup import data_folder, find_one, owned_store, record


def register(groups: Groups) -> None:
    """Describe the command."""
    parser = add_command(
        groups,
        "pin",
        "give somebody a personal PIN, which tells people who look alike apart at the door",
        execute,
        more=(
            "On a terminal it asks twice; otherwise the PIN is the first line of the input. It\n"
            "has 4 to 8 digits and is never shown. Setting one ends a lockout of this person."
        ),
        examples=("people pin 17", 'people pin "Ada Byron" --remove'),
    )
    parser.add_argument("who", metavar="NAME-or-ID", help="the full name, or the id in the list")
    parser.add_argument("--remove", action="store_true", help="take the PIN away")


def execute(args: argparse.Namespace) -> int:
    """Set or remove a PIN. Raises PinError, and EnrolmentError for an unknown person."""
    from kiosk.access.pin import PERSONAL_PIN
    from kiosk.domain import EventKind
    from kiosk.personalpins import PIN_REMOVED, PIN_SET, remove_pin, set_pin

    with owned_store(data_folder(args)) as store:
        person = find_one(store, args.who)
        if args.remove:
            person, detail = remove_pin(store, person.id), PIN_REMOVED
        else:
            person, detail = set_pin(store, person.id, ask(PERSONAL_PIN)), PIN_SET
        record(store, EventKind.PERSON_CHANGED, detail, person.id, person.name)
    said = f"{person.name} (id {person.id}) has {'no PIN any more' if args.remove else 'a PIN'}."
    if args.remove and person.is_look_alike:
        said += " They look like somebody else: the door stays locked for them."
    Output().say(said)
    return 0
