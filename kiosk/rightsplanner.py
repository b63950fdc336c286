"""What a list of people and rights would change, row by row, and what is wrong with it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from kiosk.access.hours import ALWAYS, AccessHours
from kiosk.access.model import Group, PersonRights
from kiosk.domain import Person
from kiosk.errors import AccessError, KioskError
from kiosk.rightscsv import (
    NEVER_ENDS,
    UNLIMITED,
    Problem,
    Row,
    moment_text,
    read_flag,
    read_groups,
    read_moment,
    read_uses,
)
from kiosk.store.names import clean_name, clean_number, look, searchable
from kiosk.store.rightsrows import GROUP_SEPARATOR, NO_GROUP, checked_rights
from kiosk.store.store import Store

T = TypeVar("T")
_RIGHTS_COLUMNS = frozenset({"groups", "hours", "valid_from", "valid_until", "uses", "slow"})
_SHOWN_COLUMNS = ("name", "number", "enabled", *sorted(_RIGHTS_COLUMNS))


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that a list would change."""

    line: int
    who: str
    field: str
    """The column; ``person`` for somebody new, the only change there is of them."""
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class PersonEdit:
    """What becomes of one person."""

    person_id: int | None
    """None: they are added."""
    name: str
    number: str
    enabled: bool
    rights: PersonRights | None
    """None: as they are."""
    fields: tuple[str, ...]
    """The columns that change."""


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What a list would do; nothing has been done yet."""

    changes: tuple[Change, ...]
    problems: tuple[Problem, ...]
    """While there is any, nothing of the list can be applied."""
    edits: tuple[PersonEdit, ...] = ()
    basis: str = ""
    """Digest of everything the plan was made from."""
    warnings: tuple[Problem, ...] = ()
    """What somebody should look at before it is applied; nothing is held up by it."""
    unchanged: int = 0
    """How many people of the list stay as they are."""

    @property
    def added(self) -> int:
        """How many people are new."""
        return sum(edit.person_id is None for edit in self.edits)


@dataclass(frozen=True, slots=True)
class Roster:
    """Everybody and what they may, as a list sees it."""

    people: Mapping[int, Person]
    rights: Mapping[int, PersonRights]
    """Without those that are damaged."""
    groups: tuple[Group, ...]

    @classmethod
    def read(cls, store: Store) -> Roster:
        """Raises StoreError."""
        return cls(
            {person.id: person for person in store.people.find()},
            {rights.person_id: rights for rights in store.rights.rights_of_all()},
            tuple(store.rights.groups()),
        )

    @property
    def digest(self) -> str:
        """Another one as soon as anything here is changed."""
        people = sorted((p.id, p.name, p.number, p.enabled) for p in self.people.values())
        rights = [(r, sorted(r.group_ids)) for r in (self.rights[i] for i in sorted(self.rights))]
        groups = [(group.id, group.name) for group in self.groups]
        # A set of rights has no order of its own, so that of its text may differ between reads.
        plain = [(replace(r, group_ids=frozenset()), ids) for r, ids in rights]
        return hashlib.sha256(repr((people, plain, groups)).encode("utf-8", "replace")).hexdigest()


class Planner:
    """Reads row after row; what it finds wrong goes to ``problems``."""

    def __init__(self, roster: Roster, now_ms: int, zone: str, problems: list[Problem]) -> None:
        self.changes: list[Change] = []
        self.edits: list[PersonEdit] = []
        self.unchanged = 0
        self._roster, self._now_ms, self._zone = roster, now_ms, zone
        self._problems = problems
        self._lines: dict[object, int] = {}
        self._edit_lines: list[int] = []
        self._group_ids = {searchable(g.name): g.id for g in roster.groups if g.id is not None}
        self._group_names = {group.id: group.name for group in roster.groups}
        self._by_number = {p.number: p for p in roster.people.values() if p.number}
        self._by_name: dict[str, list[Person]] = {}
        for person in roster.people.values():
            self._by_name.setdefault(person.name, []).append(person)

    def take(self, row: Row) -> None:
        """Plan what becomes of the person of one row."""
        known = len(self._problems)
        number = self._cell(row, "number", clean_number)
        name = self._cell(row, "name", clean_name)
        enabled = self._cell(row, "enabled", read_flag)
        if len(self._problems) > known:
            return
        person = self._whom(row, number, name)
        if len(self._problems) > known or not self._is_new_here(row, person, number, name):
            return
        if person is None and not name:
            self._fault(row, f"Nobody has number {number}. Give a name to add them.")
        rights = self._rights(row, person)
        if len(self._problems) > known:
            return
        self._plan(
            row,
            person,
            PersonEdit(
                person_id=None if person is None else person.id,
                name=name or (person.name if person else ""),
                number=number or (person.number if person else ""),
                enabled=enabled if enabled is not None else person is None or person.enabled,
                rights=rights,
                fields=(),
            ),
        )

    def check_numbers(self) -> None:
        """Find numbers that two people would have in the end."""
        edited = {edit.person_id for edit in self.edits}
        holders = {n: p.name for n, p in self._by_number.items() if p.id not in edited}
        for edit, line in zip(self.edits, self._edit_lines, strict=True):
            if edit.number and edit.number in holders:
                holder = holders[edit.number]
                text = f"Number {edit.number} already belongs to {holder}."
                self._problems.append(Problem(line, text))
            holders[edit.number] = edit.name

    def alike(self) -> list[Problem]:
        """Return a line for each new name that cannot be told from that of somebody else."""
        edited = {edit.person_id for edit in self.edits}
        holders: dict[str, str] = {
            look(p.name): _who(p.name, p.number)
            for p in self._roster.people.values()
            if p.id not in edited
        }
        found, new = [], []
        for edit, line in zip(self.edits, self._edit_lines, strict=True):
            if "name" in edit.fields:
                new.append((edit, line))
            else:
                holders[look(edit.name)] = _who(edit.name, edit.number)
        for edit, line in new:
            who, other = _who(edit.name, edit.number), holders.get(look(edit.name))
            if other is not None:
                text = f"{who} looks like {other}, but is somebody else. Make sure that is meant."
                found.append(Problem(line, text))
            holders[look(edit.name)] = who
        return sorted(found)

    def _whom(self, row: Row, number: str | None, name: str | None) -> Person | None:
        text = row.cells.get("id")
        if text is not None:
            known = text.isascii() and text.isdigit() and len(text) < 19
            person = self._roster.people.get(int(text)) if known else None
            if person is None:
                self._fault(row, f"Nobody has the id {text[:20]!r}. Leave it empty for new people.")
            return person
        if number:
            return self._by_number.get(number)
        namesakes = self._by_name.get(name or "", [])
        if not name:
            self._fault(row, "The line names nobody. Give a number or a name.")
        elif len(namesakes) > 1:
            self._fault(row, f"{len(namesakes)} people are called {name}. Give a number or the id.")
        return namesakes[0] if len(namesakes) == 1 else None

    def _is_new_here(
        self, row: Row, person: Person | None, number: str | None, name: str | None
    ) -> bool:
        key: object = person.id if person else (number, "" if number else name)
        first = self._lines.setdefault(key, row.line)
        if first != row.line:
            what = f"Number {number}" if number and "id" not in row.cells else "This person"
            self._fault(row, f"{what} is on line {first} already.")
        return first == row.line

    def _rights(self, row: Row, person: Person | None) -> PersonRights | None:
        """Return what they may from now on; None for as it was, or with problems."""
        if person is not None and not _RIGHTS_COLUMNS & row.cells.keys():
            return None
        before = self._roster.rights.get(person.id) if person else None
        rights = before or PersonRights(person.id if person else 0)
        groups = self._cell(row, "groups", lambda cell: self._groups(row, cell))
        hours = self._cell(row, "hours", AccessHours.parse)
        slow = self._cell(row, "slow", read_flag)
        if groups is not None:
            rights = replace(rights, group_ids=groups)
        if hours is not None and hours != AccessHours.parse(rights.hours):
            rights = replace(rights, hours="" if hours == ALWAYS else str(hours))
        if slow is not None:
            rights = replace(rights, is_slow=slow)
        if "uses" in row.cells:
            rights = replace(rights, uses_left=self._cell(row, "uses", read_uses))
        rights = self._validity(row, rights)
        if hours is None and not rights.group_ids and (before is None or before.group_ids):
            # Nobody is to enter at any time because a cell was left empty.
            self._fault(row, "They are in no group. Name groups, or write hours such as always.")
        if rights == before:
            return None
        if not rights.group_ids <= self._group_names.keys():
            self._fault(row, "A group of theirs is damaged. Write their groups.")
        return rights

    def _validity(self, row: Row, rights: PersonRights) -> PersonRights:
        start_ms, end_ms = rights.valid_from_ms, rights.valid_until_ms
        if "valid_from" in row.cells:
            start_ms = self._cell(row, "valid_from", lambda c: self._moment(c, is_end=False))
        if "valid_until" in row.cells:
            end_ms = self._cell(row, "valid_until", lambda c: self._moment(c, is_end=True))
            if end_ms not in (None, rights.valid_until_ms) and (end_ms or 0) <= self._now_ms:
                cell = row.cells["valid_until"]
                self._fault(row, f"valid_until: {cell} is in the past. Write a later day.")
        rights = replace(rights, valid_from_ms=start_ms, valid_until_ms=end_ms)
        try:
            return checked_rights(rights)
        except AccessError as error:
            self._fault(row, str(error))
            return rights

    def _moment(self, cell: str, *, is_end: bool) -> int | None:
        return read_moment(cell, self._zone, is_end=is_end)

    def _groups(self, row: Row, cell: str) -> frozenset[int]:
        found = set()
        for name in read_groups(cell):
            group_id = self._group_ids.get(searchable(clean_name(name)))
            if group_id is None:
                self._fault(row, f"groups: there is no group {name[:100]!r}. Add it first.")
            else:
                found.add(group_id)
        return frozenset(found)

    def _plan(self, row: Row, person: Person | None, edit: PersonEdit) -> None:
        before = self._cells_of(person, self._roster.rights.get(person.id) if person else None)
        kept = Person(0, edit.name, edit.number, edit.enabled, None, 0)
        current = self._roster.rights.get(person.id) if person else None
        after = self._cells_of(kept, edit.rights or current)
        who = _who(edit.name, edit.number)
        changes = [
            Change(row.line, who, column, before.get(column, ""), after.get(column, ""))
            for column in _SHOWN_COLUMNS
            if before.get(column, "") != after.get(column, "")
        ]
        if not changes:
            self.unchanged += 1
            return
        fields = [change.field for change in changes]
        if person is None:
            fields.insert(0, "person")
            changes = [Change(row.line, who, "person", "", _as_new(after))]
        self.changes += changes
        self.edits.append(replace(edit, fields=tuple(fields)))
        self._edit_lines.append(row.line)

    def _cells_of(self, person: Person | None, rights: PersonRights | None) -> dict[str, str]:
        if person is None:
            return {}
        cells = {"name": person.name, "number": person.number, "enabled": flag_text(person.enabled)}
        if rights is not None:
            cells |= rights_cells(rights, self._group_names, self._zone)
        return cells

    def _cell(self, row: Row, column: str, read: Callable[[str], T]) -> T | None:
        cell = row.cells.get(column)
        if cell is None:
            return None
        try:
            return read(cell)
        except KioskError as error:
            self._fault(row, f"{column}: {error}")
            return None

    def _fault(self, row: Row, text: str) -> None:
        self._problems.append(Problem(row.line, text))


def rights_cells(
    rights: PersonRights, names: Mapping[int | None, str], zone: str
) -> dict[str, str]:
    """Return the cells that say what somebody may; of a damaged group nothing is said."""
    cells = {
        "hours": str(AccessHours.parse(rights.hours)),
        "valid_from": moment_text(rights.valid_from_ms, zone, is_end=False),
        "valid_until": moment_text(rights.valid_until_ms, zone, is_end=True),
        "uses": UNLIMITED if rights.uses_left is None else str(rights.uses_left),
        "slow": flag_text(rights.is_slow),
    }
    if rights.group_ids <= names.keys():
        groups = sorted(names[group] for group in rights.group_ids)
        cells["groups"] = f"{GROUP_SEPARATOR} ".join(groups) or NO_GROUP
    return cells


def _who(name: str, number: str) -> str:
    return f"{name} ({number})" if number else name


def _as_new(cells: Mapping[str, str]) -> str:
    """Say in one line what somebody new may; what goes without saying is left out."""
    told = [f"groups {cells['groups']}"] if "groups" in cells else []
    usual = {"hours": "always", "valid_from": NEVER_ENDS, "valid_until": NEVER_ENDS}
    usual |= {"uses": UNLIMITED, "slow": "no", "enabled": "yes"}
    told += [
        f"{name} {cells[name]}" for name in usual if cells.get(name, usual[name]) != usual[name]
    ]
    return ", ".join(told)


def flag_text(value: bool) -> str:
    """Return what :func:`kiosk.rightscsv.read_flag` reads."""
    return "yes" if value else "no"
