"""``door-kiosk events``: read, export and verify the access log."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kiosk.commands.options import Groups, add_command, add_group, add_json, count
from kiosk.commands.output import Output, table
from kiosk.commands.setup import data_folder, now_ms, owned_store, read_store, record
from kiosk.errors import ExportError

if TYPE_CHECKING:
    from kiosk.domain import Event, EventKind
    from kiosk.store.events import EventQuery
    from kiosk.store.export import ExportReceipt
    from kiosk.store.removable import RemovableMedium
    from kiosk.store.store import Store

_DATES = 'Dates are local time, YYYY-MM-DD or "YYYY-MM-DD HH:MM"; the day or minute is included.'


def register(groups: Groups) -> None:
    """Describe the commands."""
    group = add_group(groups, "events", "read, export and verify the access log")
    parser = add_command(
        group,
        "list",
        "print the access log; works beside a running kiosk",
        execute_list,
        more=_DATES,
        examples=("events list --limit 20", "events list --since 2026-11-01 --kind granted"),
    )
    _add_filters(parser)
    add_json(parser)
    parser = add_command(
        group,
        "export",
        "write the access log as CSV to a USB stick or a file",
        execute_export,
        more=_DATES,
        examples=("events export --usb", "events export --to-file log.csv --since 2026-11-01"),
    )
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--usb", action="store_true", help="to the USB stick that is plugged in")
    target.add_argument("--to-file", metavar="FILE", help="to a new file")
    parser.add_argument("--medium", metavar="PATH", help="with --usb: which one, if several are in")
    _add_filters(parser)
    parser = add_command(
        group, "verify", "check that no line of the access log was changed", execute_verify
    )
    add_json(parser)


def _add_filters(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--since", metavar="DATE", type=_since, help="from then on")
    parser.add_argument("--until", metavar="DATE", type=_until, help="up to and with then")
    parser.add_argument("--person", metavar="NAME-or-ID", help="events of one person")
    parser.add_argument(
        "--kind",
        metavar="K",
        type=_kind,
        action="append",
        default=[],
        help="events of one kind, e.g. granted or not_recognised; may be repeated",
    )
    parser.add_argument("--limit", metavar="N", type=count, help="the newest N only")


def execute_list(args: argparse.Namespace) -> int:
    """Print the chosen events, oldest first. Raises StoreError, EnrolmentError."""
    output = Output(args.json)
    with read_store(data_folder(args)) as store:
        events = _chosen(store, args)
    rows = [
        (e.seq, _local(e.at_ms), e.kind.value, e.person_id, e.person_name, e.similarity, e.detail)
        for e in events
    ]
    headings = ("seq", "time", "event", "id", "person", "similarity", "detail")
    output.say(*table(headings, rows), "", f"{len(events)} events.")
    output.result({"events": [_as_tree(event) for event in events]})
    return 0


def execute_export(args: argparse.Namespace) -> int:
    """Write the chosen events. Raises ExportError, StoreError, EnrolmentError."""
    from kiosk.domain import EventKind
    from kiosk.store.export import export_to_file, export_to_medium

    output = Output()
    if args.medium and not args.usb:
        raise ExportError("--medium belongs to --usb; with --to-file the file says where.")
    medium = _choose_medium(args.medium) if args.usb else None
    with owned_store(data_folder(args)) as store:
        events = _chosen(store, args)
        receipt: ExportReceipt = (
            export_to_medium(events, medium, now_ms())
            if medium is not None
            else export_to_file(events, Path(args.to_file))
        )
        record(store, EventKind.EXPORTED, f"{receipt.rows} rows, SHA-256 {receipt.sha256}")
    output.say(f"{receipt.path}", f"SHA-256 {receipt.sha256}", receipt.message)
    return 0


def execute_verify(args: argparse.Namespace) -> int:
    """Recompute the chain; return 1 when it does not hold. Raises StoreError."""
    output = Output(args.json)
    with read_store(data_folder(args)) as store:
        problems = store.events.verify()
        events = store.events.count()
        seq, digest = store.events.head()
    output.say(*(problem.text for problem in problems))
    if problems:
        output.say(f"The access log does not hold in {len(problems)} places.")
    else:
        output.say(
            f"{events} events, all as they were written.",
            f"Note elsewhere, to notice later if the end is cut off: event {seq}, digest {digest}",
        )
    output.result(
        {
            "events": events,
            "head": {"seq": seq, "digest": digest},
            "problems": [asdict(problem) for problem in problems],
        }
    )
    return 1 if problems else 0


def _chosen(store: Store, args: argparse.Namespace) -> list[Event]:
    from kiosk.store.events import EventQuery

    query: EventQuery = EventQuery(
        since_ms=args.since,
        until_ms=args.until,
        person_id=_person_id(store, args.person) if args.person else None,
        kinds=tuple(args.kind),
    )
    if args.limit is None:
        return store.events.query(query)
    return store.events.query(dataclasses.replace(query, limit=args.limit, newest_first=True))[::-1]


def _person_id(store: Store, who: str) -> int:
    from kiosk.commands.setup import find_one

    # The events of somebody who was removed can still be asked for by id.
    if who.isascii() and who.isdigit() and len(who) < 19:
        return int(who)
    return find_one(store, who).id


def _choose_medium(wanted: str | None) -> RemovableMedium:
    from kiosk.store.removable import find_removable_media

    media = find_removable_media()
    if not media:
        raise ExportError("No USB stick is mounted. Plug one in, or export with --to-file FILE.")
    listed = ", ".join(f"{medium.mount_point} ({medium.label})" for medium in media)
    if wanted is None:
        if len(media) > 1:
            raise ExportError(f"Several media are mounted; choose one with --medium PATH: {listed}")
        return media[0]
    for medium in media:
        if Path(medium.mount_point) == Path(wanted).absolute():
            return medium
    raise ExportError(f"{wanted} is no removable medium. There are: {listed}")


def _since(text: str) -> int:
    return _to_ms(_parse(text)[0])


def _until(text: str) -> int:
    moment, length = _parse(text)
    return _to_ms(moment + length)


def _parse(text: str) -> tuple[datetime, timedelta]:
    """Return a local time and how long the day or minute named is."""
    with contextlib.suppress(ValueError):
        return datetime.strptime(text.strip(), "%Y-%m-%d"), timedelta(days=1)
    with contextlib.suppress(ValueError):
        moment = datetime.strptime(text.strip().replace("T", " "), "%Y-%m-%d %H:%M")
        return moment, timedelta(minutes=1)
    raise argparse.ArgumentTypeError(f'{text!r} is not like 2026-11-20 or "2026-11-20 09:30"')


def _to_ms(local: datetime) -> int:
    try:
        return round(local.timestamp() * 1000)
    except (OverflowError, ValueError, OSError):
        raise argparse.ArgumentTypeError(f"{local:%Y-%m-%d} is out of range") from None


def _kind(text: str) -> EventKind:
    from kiosk.domain import EventKind

    try:
        return EventKind(text)
    except ValueError:
        kinds = ", ".join(kind.value for kind in EventKind)
        raise argparse.ArgumentTypeError(f"{text!r} is none of {kinds}") from None


def _local(at_ms: int) -> str:
    try:
        return f"{datetime.fromtimestamp(at_ms / 1000):%Y-%m-%d %H:%M:%S}"
    except (OverflowError, ValueError, OSError):
        return "?"


def _as_tree(event: Event) -> dict[str, Any]:
    return {**asdict(event), "kind": event.kind.value}
