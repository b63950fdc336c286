"""``door-kiosk people``: enrol from photographs, list, say when they may enter, remove."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from kiosk.commands import people_alike, people_import, people_pin
from kiosk.commands.options import Groups, add_command, add_group, add_json
from kiosk.commands.output import Output, table
from kiosk.commands.setup import (
    data_folder,
    find_one,
    owned_store,
    read_store,
    record,
    settings,
)
from kiosk.errors import AccessError, EnrolmentError

if TYPE_CHECKING:
    from kiosk.domain import Person


def register(groups: Groups) -> None:
    """Describe the commands."""
    group = add_group(groups, "people", "enrol people from photographs, list and remove them")
    _register_add(group)
    people_import.register(group)
    parser = add_command(group, "list", "list the people who are enrolled", execute_list)
    parser.add_argument("--search", metavar="TEXT", default="", help="a part of name or number")
    add_json(parser)
    parser = add_command(
        group,
        "hours",
        "say when somebody may enter",
        execute_hours,
        more=(
            "HOURS name days and times, part by part; a time that ends before it starts runs past\n"
            "midnight. Also always and never. The clock and time zone of this computer count."
        ),
        examples=(
            'people hours 17 "Mon-Fri 08:00-18:00; Sat 09:00-12:00"',
            'people hours "Ada Byron" "Fri 22:00-06:00"',
            "people hours 17 always",
        ),
    )
    parser.add_argument("who", metavar="NAME-or-ID", help="the full name, or the id in the list")
    parser.add_argument("hours", metavar="HOURS", help="when they may enter")
    people_alike.register(group)
    people_pin.register(group)
    parser = add_command(
        group,
        "remove",
        "remove somebody, their templates and their name in the access log",
        execute_remove,
        more="On a terminal it asks before it removes.",
        examples=("people remove 17", 'people remove "Ada Byron" --yes'),
    )
    parser.add_argument("who", metavar="NAME-or-ID", help="the full name, or the id in the list")
    parser.add_argument("--yes", action="store_true", help="do not ask")


def _register_add(group: Groups) -> None:
    parser = add_command(
        group,
        "add",
        "enrol one person from photographs",
        execute_add,
        more=(
            "Each photograph must pass the same gate as enrolment at the kiosk; the reasons of\n"
            "those refused are printed. Several photographs make recognition more reliable."
        ),
        examples=('people add "Ada Byron" front.jpg left.jpg right.jpg --number 4711 --consent',),
        pictures=True,
    )
    parser.add_argument("name", metavar="NAME", help="the name shown at the door")
    parser.add_argument("images", metavar="IMAGE", nargs="+", help="photographs of this person")
    parser.add_argument("--number", metavar="N", default="", help="badge or staff number")
    people_import.add_conditions(parser)


def execute_add(args: argparse.Namespace) -> int:
    """Enrol one person. Raises EnrolmentError when no photograph passes or they look alike."""
    from kiosk.commands.photogate import PhotoGate
    from kiosk.facemodels import load_face_models
    from kiosk.people import load_people

    folder, output = data_folder(args), Output()
    config = settings(args, folder)
    score = config.recognition.min_detection_score
    with (
        closing(load_face_models(folder.models, score, config.models)) as models,
        owned_store(folder) as store,
    ):
        gate = PhotoGate(models, config, load_people(store, models.embedder.model))
        candidate = gate.examine([Path(image) for image in args.images])
        reason = people_import.why_not(candidate, args.allow_look_alike)
        if reason:
            raise EnrolmentError(" ".join((f"Not enrolled: {reason}", *candidate.refused)))
        person = people_import.enrol(store, args.name, args.number, candidate, args.consent)
        needing_pins = people_import.without_pin(store, person)
    output.say(*(f"Refused: {line}" for line in candidate.refused))
    used = len(candidate.embeddings)
    output.say(
        f"{person.name} is enrolled with {used} of {len(args.images)} photographs (id {person.id})."
    )
    output.say(*needing_pins)
    if not args.consent:
        output.say(people_import.NO_CONSENT)
    return 0


def execute_list(args: argparse.Namespace) -> int:
    """Print the people; works beside a running kiosk. Raises StoreError."""
    output = Output(args.json)
    with read_store(data_folder(args)) as store:
        people = store.people.find(args.search)
    rows = [
        (
            person.id,
            person.name,
            person.number,
            "yes" if person.enabled else "no",
            person.template_count,
            person.hours or "always",
            _pin(person),
            _day(person.consent_at_ms),
            _day(person.created_at_ms),
        )
        for person in people
    ]
    headings = (
        "id",
        "name",
        "number",
        "enabled",
        "templates",
        "hours",
        "pin",
        "consent",
        "enrolled",
    )
    output.say(*table(headings, rows), "", f"{len(people)} people.")
    output.result({"people": [asdict(person) for person in people]})
    return 0


def execute_hours(args: argparse.Namespace) -> int:
    """Store access hours. Raises AccessError, and EnrolmentError for an unknown person."""
    from kiosk.access.hours import ALWAYS, AccessHours
    from kiosk.domain import EventKind

    if not args.hours.strip():
        # An unset variable of a script must not open the door at any time.
        raise AccessError("HOURS is empty. Write always, never, or hours like Mon-Fri 08:00-18:00.")
    hours, output = AccessHours.parse(args.hours), Output()
    with owned_store(data_folder(args)) as store:
        person = find_one(store, args.who)
        store.people.set_hours(person.id, "" if hours == ALWAYS else str(hours))
        record(
            store, EventKind.PERSON_CHANGED, f"access hours {hours}", person.id, name=person.name
        )
    output.say(f"{person.name} (id {person.id}) may enter: {hours}.")
    return 0


def execute_remove(args: argparse.Namespace) -> int:
    """Remove one person. Raises EnrolmentError when the name is unknown or not unique."""
    from kiosk.domain import EventKind

    output = Output()
    with owned_store(data_folder(args)) as store:
        person = find_one(store, args.who)
        # A script has said what it wants; a person at a terminal may have slipped.
        if not args.yes and sys.stdin.isatty() and not _is_confirmed(person):
            output.say("Nothing was removed.")
            return 1
        store.people.delete(person.id)
        record(store, EventKind.PERSON_DELETED, person_id=person.id)
    output.say(
        f"{person.name} (id {person.id}) is removed, with {person.template_count} templates and "
        "the name in the access log. Exported logs and backups made earlier are not reached."
    )
    return 0


def _is_confirmed(person: Person) -> bool:
    number = f", number {person.number}" if person.number else ""
    answer = input(f"Remove {person.name} (id {person.id}{number}) for good? [y/N] ")
    return answer.strip().lower() in ("y", "yes")


def _pin(person: Person) -> str:
    if person.is_look_alike:
        return "asked for" if person.has_pin else "missing"
    return "set" if person.has_pin else ""


def _day(at_ms: int | None) -> str | None:
    return None if at_ms is None else f"{datetime.fromtimestamp(at_ms / 1000):%Y-%m-%d}"
