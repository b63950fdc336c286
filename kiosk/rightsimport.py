"""From a list of people and rights to a plan, and from a confirmed plan to changes.

Everything here runs on the store's thread. How a list is written is in :mod:`kiosk.rightscsv`.
"""

from __future__ import annotations

from dataclasses import replace

from kiosk.domain import Event, EventKind
from kiosk.errors import AccessError
from kiosk.rightscsv import MAX_PROBLEMS, Problem, read_rows, write_rows
from kiosk.rightsplanner import (
    Change,
    ImportPlan,
    PersonEdit,
    Planner,
    Roster,
    flag_text,
    rights_cells,
)
from kiosk.store.store import Store

__all__ = ["Change", "ImportPlan", "PersonEdit", "apply_plan", "export_csv", "plan_import"]


def plan_import(store: Store, text: str, now_ms: int, zone: str = "") -> ImportPlan:
    """Say what a list would change and what is wrong with it. Raises StoreError only."""
    roster = Roster.read(store)
    rows, problems = read_rows(text)
    planner = Planner(roster, now_ms, zone, problems)
    for row in rows:
        planner.take(row)
    planner.check_numbers()
    problems.sort()
    if len(problems) > MAX_PROBLEMS:
        more = len(problems) - MAX_PROBLEMS
        problems[MAX_PROBLEMS:] = [Problem(0, f"There are {more} more problems.")]
    return ImportPlan(
        tuple(planner.changes),
        tuple(problems),
        () if problems else tuple(planner.edits),
        roster.digest,
        tuple(planner.alike()),
        planner.unchanged,
    )


def apply_plan(store: Store, plan: ImportPlan, now_ms: int) -> int:
    """Carry a plan out, all or nothing, with an event for each person; return how many.

    Raises AccessError while the plan has problems or when people, groups or rights have changed
    since, StoreError.
    """
    if plan.problems:
        raise AccessError("The list has problems, so nothing of it was imported. Correct it first.")
    with store.database.writing():
        if Roster.read(store).digest != plan.basis:
            raise AccessError(
                "People or rights have changed since the list was looked at, so nothing was "
                "imported. Look at it again."
            )
        moved = [e for e in plan.edits if e.person_id is not None and "number" in e.fields]
        for edit in moved:
            # Two people may change numbers with each other.
            store.people.set_number(edit.person_id or 0, "")
        events = [_apply(store, edit, now_ms) for edit in plan.edits]
        store.events.append_all(events)
    return len(plan.edits)


def export_csv(store: Store, zone: str = "") -> str:
    """Return everybody and what they may as a list that changes nothing when imported.

    What is damaged is left empty. Raises StoreError, AccessError for an unknown time zone.
    """
    roster = Roster.read(store)
    names = {group.id: group.name for group in roster.groups}
    rows = []
    for person in roster.people.values():
        row = {"id": str(person.id), "number": person.number, "name": person.name}
        row["enabled"] = flag_text(person.enabled)
        if (rights := roster.rights.get(person.id)) is not None:
            row |= rights_cells(rights, names, zone)
        rows.append(row)
    return write_rows(rows)


def _apply(store: Store, edit: PersonEdit, now_ms: int) -> Event:
    if edit.person_id is None:
        person_id = store.people.add(edit.name, edit.number, None, now_ms).id
    else:
        person_id = edit.person_id
        if "name" in edit.fields:
            store.people.rename(person_id, edit.name)
        if "number" in edit.fields:
            store.people.set_number(person_id, edit.number)
    if "enabled" in edit.fields and not (edit.person_id is None and edit.enabled):
        store.people.set_enabled(person_id, edit.enabled)
    if edit.rights is not None:
        store.rights.save_rights(replace(edit.rights, person_id=person_id))
    return Event(
        EventKind.RIGHTS_CHANGED,
        now_ms,
        person_id,
        edit.name,
        f"by a list: {', '.join(edit.fields)}",
    )
