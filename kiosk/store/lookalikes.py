"""Pairs of people whose faces are alike: at the door their PINs tell who is who."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kiosk.errors import EnrolmentError
from kiosk.store.database import Database


class LookAlikesTable:
    """Pairs without order; deleting a person deletes theirs. Every method raises StoreError."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._pairs = database.tables.look_alikes

    def all(self) -> Mapping[int, frozenset[int]]:
        """Return, for everybody who has look-alikes, their ids."""
        with self._database.reading():
            pairs = list(self._pairs.select(self._pairs.first_id, self._pairs.second_id).tuples())
        found: dict[int, set[int]] = {}
        for first, second in pairs:
            found.setdefault(int(first), set()).add(int(second))
            found.setdefault(int(second), set()).add(int(first))
        return {person: frozenset(others) for person, others in found.items()}

    def groups(self) -> Mapping[int, frozenset[int]]:
        """Return, for everybody who has look-alikes, all who may be taken for each other.

        One through another: the door cannot tell which of them stands there.
        """
        pairs = self.all()
        found: dict[int, frozenset[int]] = {}
        for person in pairs:
            if person in found:
                continue
            group, new = {person}, [person]
            while new:
                others = pairs[new.pop()] - group
                group |= others
                new += others
            found.update(dict.fromkeys(group, frozenset(group)))
        return found

    def group_of(self, person_id: int) -> frozenset[int]:
        """Return somebody with all who may be taken for them."""
        return self.groups().get(person_id, frozenset({person_id}))

    def mark(self, person_id: int, others: Iterable[int]) -> None:
        """Remember that somebody looks like others; what is known already stays.

        Raises EnrolmentError when one of them is not enrolled.
        """
        people = self._database.tables.people
        with self._database.writing():
            for other in others:
                first, second = sorted((person_id, other))
                if people.select().where(people.id.in_((first, second))).count() != 2:
                    raise EnrolmentError(
                        "One of two people who look alike is no longer enrolled. Try again."
                    )
                self._pairs.insert(first_id=first, second_id=second).on_conflict_ignore().execute()

    def part(self, first_id: int, second_id: int) -> bool:
        """Forget a pair; return whether there was one."""
        first, second = sorted((first_id, second_id))
        pairs = self._pairs
        with self._database.writing():
            query = pairs.delete().where((pairs.first_id == first) & (pairs.second_id == second))
            return bool(query.execute())
