"""``door-kiosk people import``: enrol many people from a list of photographs."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kiosk.commands.options import Groups, add_command
from kiosk.commands.output import Output
from kiosk.commands.setup import data_folder, now_ms, owned_store, record, settings
from kiosk.errors import ConfigError, EnrolmentError
from kiosk.health import folder_owner

if TYPE_CHECKING:
    from kiosk.commands.photogate import Candidate
    from kiosk.datafolder import DataFolder
    from kiosk.domain import Person
    from kiosk.photolist import Photo
    from kiosk.store.store import Store

NO_CONSENT = (
    "No consent is recorded. Where biometric data needs it, obtain it and enrol with --consent."
)


@dataclass(frozen=True, slots=True)
class _Entry:
    """One person of the list."""

    name: str
    number: str
    files: tuple[Path, ...]


def register(groups: Groups) -> None:
    """Describe the command."""
    parser = add_command(
        groups,
        "import",
        "enrol many people from a CSV list of photographs",
        execute,
        more=(
            "The list has a heading with the columns person,path and, if wanted, number; a person\n"
            "may have several rows. Relative paths start at the list's folder. Each person is\n"
            "enrolled wholly or not at all; the exit code is 1 when somebody was left out."
        ),
        examples=("people import staff.csv --dry-run", "people import staff.csv --consent"),
        pictures=True,
    )
    parser.add_argument("list", metavar="CSV", help="the list")
    parser.add_argument("--root", metavar="DIR", help="where relative paths start")
    parser.add_argument("--dry-run", action="store_true", help="examine all, change nothing")
    add_conditions(parser)


def add_conditions(parser: argparse.ArgumentParser) -> None:
    """Add what ``add`` and ``import`` have in common."""
    parser.add_argument(
        "--consent",
        action="store_true",
        help="record now that consent to the use of the face was given",
    )
    parser.add_argument(
        "--allow-look-alike",
        action="store_true",
        help="enrol even who resembles somebody already enrolled; both then need a PIN",
    )


def execute(args: argparse.Namespace) -> int:
    """Enrol everybody who passes; return 1 when somebody was left out."""
    from kiosk.commands.photogate import PhotoGate
    from kiosk.facemodels import load_face_models
    from kiosk.people import load_people
    from kiosk.photolist import read_photo_list

    folder, output = data_folder(args), Output()
    root = Path(args.root) if args.root else None
    entries = _by_person(read_photo_list(Path(args.list), root))
    config = settings(args, folder)
    score = config.recognition.min_detection_score
    done = 0
    needing_pins: dict[str, None] = {}
    with (
        contextlib.closing(load_face_models(folder.models, score, config.models)) as models,
        _store(folder, args.dry_run) as store,
    ):
        people = load_people(store, models.embedder.model) if store else None
        gate = PhotoGate(models, config, people)
        holders = {p.number: p.name for p in store.people.find() if p.number} if store else {}
        for index, entry in enumerate(entries):
            candidate = gate.examine(entry.files)
            reason = _unusable(entry, holders) or why_not(candidate, args.allow_look_alike)
            # In a dry run nobody gets an id; any that is not taken will do.
            person_id = -1 - index
            if not reason and store is not None and not args.dry_run:
                try:
                    person = enrol(store, entry.name, entry.number, candidate, args.consent)
                except EnrolmentError as error:
                    reason = str(error)
                else:
                    person_id = person.id
                    needing_pins.update(dict.fromkeys(without_pin(store, person)))
            used = f"{len(candidate.embeddings)} of {len(entry.files)} photographs"
            output.say(f"{entry.name}: " + (f"not imported: {reason}" if reason else used))
            output.say(*(f"  refused: {line}" for line in candidate.refused))
            if not reason:
                gate.admit(person_id, entry.name, candidate.embeddings)
                holders[entry.number] = entry.name
                done += 1
    left_out = len(entries) - done
    verb = "could be imported; nothing was changed" if args.dry_run else "imported"
    output.say("", f"{done} of {len(entries)} people {verb}; {left_out} left out.")
    output.say(*needing_pins)
    if done and not args.dry_run and not args.consent:
        output.say(NO_CONSENT)
    return 1 if left_out else 0


def why_not(candidate: Candidate, allow_look_alike: bool) -> str:
    """Return the reason against enrolling somebody; empty when there is none."""
    if not candidate.embeddings:
        return "no photograph can be used."
    like = candidate.look_alike
    if like is not None and not allow_look_alike:
        return (
            f"looks like {like.name} (similarity {like.similarity:.2f}), who is enrolled already. "
            "If it is another person, repeat with --allow-look-alike: both are then asked for a "
            "PIN at the door."
        )
    return ""


def enrol(store: Store, name: str, number: str, candidate: Candidate, consent: bool) -> Person:
    """Store a person, their templates and the event together. Raises EnrolmentError."""
    from kiosk.domain import EventKind

    at_ms = now_ms()
    templates = candidate.templates(at_ms)
    with store.database.writing():
        person = store.people.enrol(name, number, at_ms if consent else None, templates, at_ms)
        detail = f"{len(templates)} templates of {templates[0].embedding.model}, from photographs"
        record(store, EventKind.ENROLLED, detail, person.id, person.name)
        mark_alike(store, person.id, candidate.alike_ids)
        return store.people.get(person.id) or person


def mark_alike(store: Store, person_id: int, others: Iterable[int]) -> None:
    """Remember that somebody looks like others, with the events. Raises EnrolmentError."""
    from kiosk.domain import EventKind

    with store.database.writing():
        store.look_alikes.mark(person_id, others)
        for other in sorted(others):
            for who, like in ((person_id, other), (other, person_id)):
                person = store.people.get(who)
                detail = f"looks like {like}"
                record(
                    store,
                    EventKind.PERSON_CHANGED,
                    detail,
                    who,
                    "" if person is None else person.name,
                )


def without_pin(store: Store, person: Person) -> list[str]:
    """Say whom of somebody and their look-alikes the door stays locked for, without a PIN."""
    if not person.is_look_alike:
        return []
    group = store.look_alikes.group_of(person.id)
    return [
        f"{p.name} looks like somebody else and is not let in without a PIN. Set one: "
        f"door-kiosk people pin {p.id}"
        for p in store.people.find()
        if p.id in group and not p.has_pin
    ]


@contextlib.contextmanager
def _store(folder: DataFolder, dry_run: bool) -> Iterator[Store | None]:
    """Open the store; for a dry run only to read, and None when there is none yet."""
    from kiosk.store.inspection import inspected

    if not dry_run:
        with owned_store(folder) as store:
            yield store
    elif not folder.database.exists():
        yield None
    else:
        with inspected(folder.database, in_use=folder_owner(folder) is not None) as store:
            yield store


def _by_person(photos: Sequence[Photo]) -> list[_Entry]:
    """Gather the rows of each person, in the order of the list. Raises ConfigError."""
    files: dict[str, list[Path]] = {}
    numbers: dict[str, str] = {}
    for photo in photos:
        if not photo.person:
            raise ConfigError(f"{photo.path}: the row names no person. Nothing was imported.")
        files.setdefault(photo.person, []).append(photo.file)
        known = numbers.setdefault(photo.person, photo.number)
        if photo.number and known and photo.number != known:
            raise ConfigError(
                f"{photo.person} has the numbers {known} and {photo.number} in the list. "
                "Keep one; nothing was imported."
            )
        numbers[photo.person] = known or photo.number
    return [_Entry(name, numbers[name], tuple(paths)) for name, paths in files.items()]


def _unusable(entry: _Entry, holders: dict[str, str]) -> str:
    """Return what is wrong with name or number; the store would refuse them too."""
    from kiosk.store.names import clean_name, clean_number

    try:
        clean_name(entry.name)
        number = clean_number(entry.number)
    except EnrolmentError as error:
        return str(error)
    if number and number in holders:
        return f"Number {number} already belongs to {holders[number]}."
    return ""
