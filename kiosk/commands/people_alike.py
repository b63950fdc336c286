"""``door-kiosk people alike``: who of those enrolled may be taken for each other."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from kiosk.commands.options import Groups, add_command, add_json
from kiosk.commands.output import Output, table
from kiosk.commands.people_import import mark_alike, without_pin
from kiosk.commands.setup import (
    data_folder,
    find_one,
    owned_store,
    read_store,
    record,
    settings,
)
from kiosk.errors import EnrolmentError

if TYPE_CHECKING:
    from kiosk.datafolder import DataFolder
    from kiosk.store.store import Store


@dataclass(frozen=True, slots=True)
class _Pair:
    first_id: int
    second_id: int
    similarity: float | None
    """Of the two most similar templates; None where there is none to compare."""
    is_marked: bool


def register(groups: Groups) -> None:
    """Describe the command."""
    parser = add_command(
        groups,
        "alike",
        "list people whose faces are alike, and mark them",
        execute,
        more=(
            "Who is marked is asked for a PIN at the door. New people are compared when they are\n"
            "enrolled; this compares everybody, e.g. after other networks were imported."
        ),
        examples=("people alike", "people alike --mark", "people alike --part 17 23"),
        pictures=True,
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--mark", action="store_true", help="mark the pairs that are not yet")
    what.add_argument(
        "--part",
        nargs=2,
        metavar="NAME-or-ID",
        help="forget that two people look alike: their faces alone open the door again",
    )
    add_json(parser)


def execute(args: argparse.Namespace) -> int:
    """List the pairs, or part one. Raises ModelError without networks, StoreError."""
    if args.part:
        return _part(args)
    from kiosk.facemodels import load_face_models
    from kiosk.people import Likeness, alike_pairs

    folder, output = data_folder(args), Output(args.json)
    config = settings(args, folder)
    score = config.recognition.min_detection_score
    advice: dict[str, None] = {}
    with (
        closing(load_face_models(folder.models, score, config.models)) as models,
        _store(folder, args.mark) as store,
    ):
        model = models.embedder.model
        likeness = Likeness(models.calibration, config.recognition.stranger_rate)
        found = alike_pairs(store, model, likeness)
        pairs = _pairs(store, found)
        if args.mark:
            for pair in pairs:
                if not pair.is_marked:
                    mark_alike(store, pair.first_id, {pair.second_id})
        for person in store.people.find():
            advice.update(dict.fromkeys(without_pin(store, person)))
        names = {person.id: person.name for person in store.people.find()}
    rows = [
        (
            pair.first_id,
            names[pair.first_id],
            pair.second_id,
            names[pair.second_id],
            None if pair.similarity is None else f"{pair.similarity:.2f}",
            "yes" if pair.is_marked or args.mark else "no",
        )
        for pair in pairs
    ]
    headings = ("id", "name", "id", "looks like", "similarity", "marked")
    output.say(*table(headings, rows), "", f"{len(pairs)} pairs.", *advice)
    if not args.mark and any(not pair.is_marked for pair in pairs):
        output.say("Mark them with: door-kiosk people alike --mark")
    output.result({"pairs": [asdict(pair) for pair in pairs]})
    return 0


def _part(args: argparse.Namespace) -> int:
    from kiosk.domain import EventKind

    with owned_store(data_folder(args)) as store:
        first, second = (find_one(store, who) for who in args.part)
        with store.database.writing():
            if not store.look_alikes.part(first.id, second.id):
                raise EnrolmentError(
                    f"{first.name} and {second.name} are not marked. See: door-kiosk people alike"
                )
            for who, other in ((first, second), (second, first)):
                detail = f"no longer held for a look-alike of {other.id}"
                record(store, EventKind.PERSON_CHANGED, detail, who.id, who.name)
    Output().say(f"{first.name} and {second.name} are not marked any more.")
    return 0


@contextmanager
def _store(folder: DataFolder, is_changing: bool) -> Iterator[Store]:
    with owned_store(folder) if is_changing else read_store(folder) as store:
        yield store


def _pairs(store: Store, found: dict[tuple[int, int], float]) -> list[_Pair]:
    """Return the pairs that are marked or were found, the most similar first."""
    marked = {
        (person, other)
        for person, others in store.look_alikes.all().items()
        for other in others
        if person < other
    }
    pairs = [_Pair(*ids, found.get(ids), ids in marked) for ids in sorted(marked | found.keys())]
    return sorted(pairs, key=lambda pair: -(pair.similarity or -1.0))
