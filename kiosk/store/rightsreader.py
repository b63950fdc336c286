"""Reading rights: what is damaged is said, logged and left out, so that it allows nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from kiosk.access.model import Group, Holiday, PersonRights, Schedule
from kiosk.errors import AccessError
from kiosk.store.database import Database
from kiosk.store.rightsrows import read_group, read_holiday, read_rights, read_schedule

_log = logging.getLogger(__name__)
T = TypeVar("T")

RIGHTS = (
    "SELECT id, hours, group_count, valid_from_ms, valid_until_ms, uses_left, is_slow, is_guest "
    "FROM people"
)
"""Selects what :func:`read_rights` reads."""


@dataclass(frozen=True, slots=True)
class StoredRights:
    """All rights, without what is damaged: nobody enters by that."""

    schedules: tuple[Schedule, ...]
    groups: tuple[Group, ...]
    holidays: tuple[Holiday, ...]
    people: tuple[PersonRights, ...]
    """Everybody but those whose rights are damaged, who may not enter."""
    damage: tuple[str, ...]
    """A sentence for everything that is damaged."""


class RightsReader:
    """Reads the rights of one database. Every method raises StoreError.

    ``damage`` takes a sentence for everything that is left out; ``ids`` choose, None for all.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self) -> StoredRights:
        """Read everything there is.

        With a damaged holiday nobody knows what schedules allow: then there are none.
        """
        damage: list[str] = []
        schedules = self.schedules(damage)
        days = self.holiday_rows()
        holidays = self._readable(days, read_holiday, damage)
        if len(holidays) < len(days):
            schedules = []
        groups = self.groups(damage)
        people = self.people(damage)
        for sentence in damage:
            _log.error("%s", sentence)
        return StoredRights(
            tuple(schedules), tuple(groups), tuple(holidays), tuple(people), tuple(damage)
        )

    def schedules(self, damage: list[str], ids: Collection[int] | None = None) -> list[Schedule]:
        """Return schedules in no order."""
        sql = "SELECT id, name, week, holiday, mode, waits_for_first, zone FROM schedules"
        return self._readable(self._rows(sql, ids), read_schedule, damage)

    def groups(self, damage: list[str], ids: Collection[int] | None = None) -> list[Group]:
        """Return groups in no order."""
        sql = (
            "SELECT id, name, schedule_ids, doors, needs_two, is_first, ignores_passback "
            "FROM access_groups"
        )
        return self._readable(self._rows(sql, ids), read_group, damage)

    def holiday_rows(self) -> list[tuple[Any, ...]]:
        """Return what :func:`read_holiday` reads."""
        return self._database.execute("SELECT day, name, is_yearly FROM holidays")

    def people(self, damage: list[str]) -> list[PersonRights]:
        """Return what everybody may."""
        groups: dict[Any, list[Any]] = {}
        for person_id, group_id in self._database.execute(
            "SELECT person_id, group_id FROM group_members"
        ):
            groups.setdefault(person_id, []).append(group_id)
        rows = self._database.execute(RIGHTS)
        return self._readable(rows, lambda row: read_rights(row, groups.get(row[0], ())), damage)

    def _rows(self, sql: str, ids: Collection[int] | None) -> list[tuple[Any, ...]]:
        if ids is None:
            return self._database.execute(sql)
        marks = ",".join("?" * len(ids))
        return self._database.execute(f"{sql} WHERE id IN ({marks})", tuple(ids))

    def _readable(
        self,
        rows: Iterable[tuple[Any, ...]],
        read: Callable[[tuple[Any, ...]], T],
        damage: list[str],
    ) -> list[T]:
        found = []
        for row in rows:
            try:
                found.append(read(row))
            except AccessError as error:  # noqa: PERF203
                damage.append(str(error))
        return found
