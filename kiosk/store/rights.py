"""What people may: schedules, holidays, groups, and the rights of each person."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from kiosk.access.hours import ALWAYS, AccessHours
from kiosk.access.model import Group, Holiday, PersonRights, Schedule
from kiosk.errors import AccessError, EnrolmentError
from kiosk.store.database import Database
from kiosk.store.generation import advance, current
from kiosk.store.names import searchable
from kiosk.store.rightsreader import RIGHTS, RightsReader, StoredRights
from kiosk.store.rightsrows import (
    checked_group,
    checked_holidays,
    checked_rights,
    checked_schedule,
    pack_list,
    pack_week,
    pack_windows,
    read_holiday,
    read_rights,
)
from kiosk.store.settings import SettingsTable

Named = TypeVar("Named", Schedule, Group)

FREE_SCHEDULE_KEY = "door.free_schedule"


class RightsTable:
    """Rights in one database. Every method raises StoreError; a change is on the disk on return.

    Damaged rows are logged and left out where many are read, so that what they allowed is denied.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._tables = database.tables
        self._settings = SettingsTable(database)
        self._reader = RightsReader(database)

    def read(self) -> StoredRights:
        """Read everything there is, see :meth:`RightsReader.read`."""
        return self._reader.read()

    def generation(self) -> int:
        """Return a number that is another one after every change of people or their rights.

        Ask for it before reading what it is to stand for.
        """
        return current(self._database)

    # --- schedules and holidays -------------------------------------------------------------------

    def schedules(self) -> list[Schedule]:
        """Return the schedules by name."""
        return _by_name(self._reader.schedules([]))

    def save_schedule(self, schedule: Schedule) -> Schedule:
        """Change a schedule, or add one whose ``id`` is None; return it as stored.

        Raises AccessError when it is not usable, its name is taken or it was deleted meanwhile.
        """
        schedule = checked_schedule(schedule)
        columns = {
            "name": schedule.name,
            "week": pack_week(schedule.week),
            "holiday": pack_windows(schedule.holiday),
            "mode": schedule.mode.value,
            "waits_for_first": schedule.waits_for_first,
            "zone": schedule.zone,
        }
        with self._database.writing():
            table, others = self._tables.schedules, self.schedules()
            return self._save(table, schedule, columns, others, "schedule")

    def delete_schedule(self, schedule_id: int) -> None:
        """Delete a schedule. Raises AccessError while something uses it."""
        table = self._tables.schedules
        with self._database.writing():
            users = [group.name for group in self.groups() if schedule_id in group.schedule_ids]
            if users:
                raise AccessError(
                    f"The schedule is used by {', '.join(users)}. Take it from them first."
                )
            if self._settings.get(FREE_SCHEDULE_KEY) == str(schedule_id):
                raise AccessError("Free access goes by this schedule. End that first.")
            advance(self._database)
            table.delete().where(table.id == schedule_id).execute()

    def free_schedule(self) -> int | None:
        """Return the schedule by which the door is free for everybody; None for none.

        A text that names none of the schedules is none.
        """
        text = self._settings.get(FREE_SCHEDULE_KEY) or ""
        known = {schedule.id for schedule in self._reader.schedules([])}
        found = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
        return found if found in known else None

    def set_free_schedule(self, schedule_id: int | None) -> None:
        """Choose the schedule by which the door is free, or none. Raises AccessError."""
        with self._database.writing():
            if schedule_id is None:
                self._settings.delete(FREE_SCHEDULE_KEY)
                return
            _refuse_unknown((schedule_id,), self._reader.schedules([], (schedule_id,)), "schedule")
            self._settings.set(FREE_SCHEDULE_KEY, str(schedule_id))

    def holidays(self) -> list[Holiday]:
        """Return the holidays by date. Raises AccessError when one is damaged."""
        return sorted(map(read_holiday, self._reader.holiday_rows()))

    def save_holidays(self, holidays: Sequence[Holiday]) -> None:
        """Put these in the place of all holidays. Raises AccessError."""
        table = self._tables.holidays
        rows = [
            {"day": each.day.isoformat(), "name": each.name, "is_yearly": each.is_yearly}
            for each in checked_holidays(holidays)
        ]
        with self._database.writing():
            advance(self._database)
            table.delete().execute()
            for row in rows:
                table.insert(**row).execute()

    # --- groups -----------------------------------------------------------------------------------

    def groups(self) -> list[Group]:
        """Return the groups by name."""
        return _by_name(self._reader.groups([]))

    def save_group(self, group: Group) -> Group:
        """Change a group, or add one whose ``id`` is None; return it as stored.

        Raises AccessError when it is not usable, its name is taken, a schedule of it does not
        exist, or it was deleted meanwhile.
        """
        group = checked_group(group)
        columns = {
            "name": group.name,
            "schedule_ids": pack_list(group.schedule_ids),
            "doors": pack_list(group.doors),
            "needs_two": group.needs_two,
            "is_first": group.is_first,
            "ignores_passback": group.ignores_passback,
        }
        with self._database.writing():
            ids = group.schedule_ids
            _refuse_unknown(ids, self._reader.schedules([], ids), "schedule")
            return self._save(self._tables.groups, group, columns, self.groups(), "group")

    def delete_group(self, group_id: int) -> None:
        """Delete a group. Raises AccessError while it has members.

        They would be left without a group, which means: always.
        """
        table = self._tables.groups
        with self._database.writing():
            members = self.member_counts().get(group_id, 0)
            if members:
                raise AccessError(
                    f"{members} people belong to this group. Move them to other groups first."
                )
            advance(self._database)
            table.delete().where(table.id == group_id).execute()

    def member_counts(self) -> dict[int, int]:
        """Return how many people belong to each group that has any."""
        return dict(
            self._database.execute("SELECT group_id, COUNT(*) FROM group_members GROUP BY group_id")
        )

    # --- people -----------------------------------------------------------------------------------

    def rights_of_all(self) -> list[PersonRights]:
        """Return what everybody may, but those whose rights are damaged."""
        return self._reader.people([])

    def rights_of(self, person_id: int) -> PersonRights:
        """Return what somebody may.

        Raises AccessError when that is damaged, EnrolmentError when nobody has that id.
        """
        rows = self._database.execute(f"{RIGHTS} WHERE id = ?", (person_id,))
        if not rows:
            raise EnrolmentError("This person is no longer enrolled. Choose again from the list.")
        members = self._database.execute(
            "SELECT group_id FROM group_members WHERE person_id = ?", (person_id,)
        )
        return read_rights(rows[0], [group for (group,) in members])

    def save_rights(self, rights: PersonRights) -> PersonRights:
        """Say what somebody may, in place of all they might before; return it as stored.

        Raises AccessError when the parts do not fit together or a group does not exist,
        EnrolmentError when nobody has that id.
        """
        rights = checked_rights(rights)
        hours = AccessHours.parse(rights.hours)
        rights = replace(rights, hours="" if hours == ALWAYS else str(hours))
        with self._database.writing():
            ids = rights.group_ids
            _refuse_unknown(ids, self._reader.groups([], ids), "group")
            # Written out, because a list of thousands must not keep the door waiting.
            execute, person_id = self._database.execute, rights.person_id
            if not execute("SELECT 1 FROM people WHERE id = ?", (person_id,)):
                raise EnrolmentError("This person is no longer enrolled; nothing was saved.")
            advance(self._database)
            execute(
                "UPDATE people SET hours = ?, group_count = ?, valid_from_ms = ?, "
                "valid_until_ms = ?, uses_left = ?, is_slow = ?, is_guest = ? WHERE id = ?",
                (
                    rights.hours,
                    len(ids),
                    rights.valid_from_ms,
                    rights.valid_until_ms,
                    rights.uses_left,
                    rights.is_slow,
                    rights.is_guest,
                    person_id,
                ),
            )
            execute("DELETE FROM group_members WHERE person_id = ?", (person_id,))
            for group_id in sorted(ids):
                execute("INSERT INTO group_members VALUES (?, ?)", (person_id, group_id))
        return rights

    def spend_use(self, person_id: int) -> bool:
        """Take one entry from somebody who has a number of them; False when none is left.

        True, and nothing changes, for somebody who may enter as often as they like. Two visits
        cannot spend the same entry.
        """
        with self._database.writing():
            left = self._database.execute("SELECT uses_left FROM people WHERE id = ?", (person_id,))
            if not left:
                return False
            if left[0][0] is None:
                return True
            # A damaged number may be negative or no number at all; it allows nothing.
            if type(left[0][0]) is not int or left[0][0] <= 0:
                return False
            self._database.execute(
                "UPDATE people SET uses_left = uses_left - 1 WHERE id = ?", (person_id,)
            )
            return True

    def _save(
        self, table: Any, thing: Named, columns: dict[str, Any], others: list[Named], what: str
    ) -> Named:
        for other in others:
            if other.id != thing.id and searchable(other.name) == searchable(thing.name):
                raise AccessError(f"There is a {what} {other.name} already. Choose another name.")
        advance(self._database)
        if thing.id is None:
            return replace(thing, id=int(table.insert(**columns).execute()))
        if not table.update(**columns).where(table.id == thing.id).execute():
            raise AccessError(f"The {what} {thing.name} was deleted meanwhile. Add it anew.")
        return thing


def _refuse_unknown(ids: Collection[int], known: Collection[object], what: str) -> None:
    if len(known) < len(set(ids)):
        raise AccessError(
            f"A {what} that was chosen does not exist any more, or is damaged. Choose again."
        )


def _by_name(things: list[Named]) -> list[Named]:
    return sorted(things, key=lambda thing: (searchable(thing.name), thing.id or 0))
