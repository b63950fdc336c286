"""Everything in one database, opened and closed together."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kiosk.store.alarms import AlarmsTable
from kiosk.store.database import Database
from kiosk.store.events import EventLog
from kiosk.store.lookalikes import LookAlikesTable
from kiosk.store.people import PeopleTable
from kiosk.store.rights import RightsTable
from kiosk.store.settings import SettingsTable


@dataclass(frozen=True, slots=True)
class Store:
    """An open database and its tables; use it on the thread that opened it."""

    database: Database
    people: PeopleTable
    events: EventLog
    settings: SettingsTable
    look_alikes: LookAlikesTable
    rights: RightsTable
    alarms: AlarmsTable

    @classmethod
    def open(cls, path: Path, *, create: bool = True) -> Store:
        """Open the database at ``path``. Raises as :meth:`Database.open` does."""
        return cls.of(Database.open(path, create=create))

    @classmethod
    def of(cls, database: Database) -> Store:
        """Return the tables of an open database."""
        return cls(
            database=database,
            people=PeopleTable(database),
            events=EventLog(database),
            settings=SettingsTable(database),
            look_alikes=LookAlikesTable(database),
            rights=RightsTable(database),
            alarms=AlarmsTable(database),
        )

    def close(self) -> None:
        """Close the database; closing twice does no harm."""
        self.database.close()


@contextlib.contextmanager
def opened(path: Path, *, create: bool = True) -> Iterator[Store]:
    """Open the store for the length of a block, for command-line tools. Raises StoreError."""
    store = Store.open(path, create=create)
    try:
        yield store
    finally:
        store.close()
