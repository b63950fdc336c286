"""A person's PINs and the count of wrong ones, kept with the person: deleted with them too."""

from __future__ import annotations

from kiosk.errors import EnrolmentError
from kiosk.store.database import Database


class PersonPinStorage:
    """The texts of one person by key, as :class:`kiosk.access.pin.PinVault` stores them.

    Every method raises StoreError; a change is on the disk when it returns.
    """

    def __init__(self, database: Database, person_id: int) -> None:
        people = database.tables.people
        self._database = database
        self._people = people
        self._is_person = people.id == person_id
        self._columns = {
            "pin": people.pin,
            "pin_lockout": people.pin_lockout,
            "duress_pin": people.duress_pin,
        }

    def get(self, key: str) -> str | None:
        """Return the text, or None when there is none or nobody has that id."""
        column = self._columns[key].cast("TEXT")
        with self._database.reading():
            rows = list(self._people.select(column).where(self._is_person).tuples())
        return str(rows[0][0]) if rows and rows[0][0] else None

    def set(self, key: str, value: str) -> None:
        """Store a text in place of the former one. Raises EnrolmentError for nobody."""
        with self._database.writing():
            changed = (
                self._people.update({self._columns[key]: value}).where(self._is_person).execute()
            )
            if not changed:
                raise EnrolmentError("This person is no longer enrolled; no PIN is kept for them.")

    def delete(self, key: str) -> None:
        """Forget a text; there need not be one."""
        with self._database.writing():
            self._people.update({self._columns[key]: ""}).where(self._is_person).execute()


def person_numbered(database: Database, number: str) -> int | None:
    """Return which enabled person has a number; None when nobody has. Raises StoreError."""
    people = database.tables.people
    with database.reading():
        rows = list(
            people.select(people.id).where(people.number == number, people.enabled == 1).tuples()
        )
    return int(rows[0][0]) if rows else None
