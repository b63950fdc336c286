"""A pretend rights desk: a small house with its schedules, groups, holidays and alarms."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import replace
from datetime import date
from typing import Any

from kiosk.access.model import AuthMode, Group, Holiday, PersonRights, Schedule, Window
from kiosk.domain import Event, EventKind, Person
from kiosk.rightsimport import Change, ImportPlan, PersonEdit


def hours(*spans: tuple[float, float]) -> tuple[Window, ...]:
    """Return windows given in hours."""
    return tuple(Window(round(start * 60), round(end * 60)) for start, end in spans)


OFFICE = Schedule(
    1,
    "Office hours",
    (*[hours((8, 12), (13, 18))] * 4, hours((8, 15)), (), ()),
    waits_for_first=True,
)
NIGHT = Schedule(
    2,
    "Cleaning",
    ((), (), (), (), hours((22, 30)), (), hours((5, 7.5))),
    hours((6, 9)),
    AuthMode.FACE_AND_PIN,
)
ALWAYS = Schedule(3, "Caretaker", (hours((0, 24)),) * 7, hours((0, 24)), AuthMode.FACE_OR_PIN)
NEVER = Schedule(4, "Summer festival", ((),) * 7)

PLAN = ImportPlan(
    changes=(
        Change(2, "Ada Lovelace", "groups", "Staff", "Staff; Cleaners"),
        Change(2, "Ada Lovelace", "valid_until", "none", "2027-03-31"),
        Change(5, "Emmy Noether", "person", "", "number 1882, groups Staff"),
    ),
    problems=(),
    edits=(
        PersonEdit(1, "Ada Lovelace", "1815", True, None, ("groups", "valid_until")),
        PersonEdit(None, "Emmy Noether", "1882", True, None, ("groups",)),
    ),
)


class FakeRights:
    """Answers at once with what the engine's ``answer`` lets through."""

    def __init__(self, answer: Callable[..., Future[Any]]) -> None:
        self._answer = answer
        self.schedule_list = [OFFICE, NIGHT, ALWAYS]
        self.group_list = [
            Group(1, "Staff", (1,)),
            Group(2, "Cleaners", (2,), ("Main entrance", "Back door"), needs_two=True),
            Group(3, "Caretakers", (3,), is_first=True, ignores_passback=True),
        ]
        self.holiday_list = [
            Holiday(date(2026, 1, 1), "New Year", True),
            Holiday(date(2026, 12, 25), "Christmas Day", True),
            Holiday(date(2027, 5, 6), "Ascension Day"),
            Holiday(date(2024, 6, 3), "Summer outing"),
        ]
        self.rights = {1: PersonRights(1, frozenset({1}))}
        self.free: int | None = None
        now_ms = round(time.time() * 1000)
        self.alarm_list = [
            Event(EventKind.DOOR_FORCED, now_ms - 40_000, detail="opened by force", seq=41),
            Event(EventKind.DOOR_HELD, now_ms - 3_600_000, detail="open for 30 s", seq=37),
            Event(EventKind.DURESS, now_ms - 7_200_000, 1, "Ada Lovelace", seq=30),
        ]
        self.plan = PLAN
        self.sentences: list[str] = []

    def schedules(self) -> Future[list[Schedule]]:
        return self._answer("schedules", lambda: list(self.schedule_list))

    def save_schedule(self, schedule: Schedule) -> Future[Schedule]:
        def save() -> Schedule:
            saved = replace(schedule, id=schedule.id or 9)
            self.schedule_list = [s for s in self.schedule_list if s.id != saved.id] + [saved]
            return saved

        return self._answer("save_schedule", save, schedule)

    def delete_schedule(self, schedule_id: int) -> Future[None]:
        def delete() -> None:
            self.schedule_list = [s for s in self.schedule_list if s.id != schedule_id]

        return self._answer("delete_schedule", delete, schedule_id)

    def free_schedule(self) -> Future[int | None]:
        return self._answer("free_schedule", lambda: self.free)

    def set_free_schedule(self, schedule_id: int | None) -> Future[None]:
        def choose() -> None:
            self.free = schedule_id

        return self._answer("set_free_schedule", choose, schedule_id)

    def holidays(self) -> Future[list[Holiday]]:
        return self._answer("holidays", lambda: list(self.holiday_list))

    def save_holidays(self, holidays: tuple[Holiday, ...]) -> Future[None]:
        def save() -> None:
            self.holiday_list = list(holidays)

        return self._answer("save_holidays", save, holidays)

    def groups(self) -> Future[list[Group]]:
        return self._answer("groups", lambda: list(self.group_list))

    def save_group(self, group: Group) -> Future[Group]:
        def save() -> Group:
            saved = replace(group, id=group.id or 9)
            self.group_list = [g for g in self.group_list if g.id != saved.id] + [saved]
            return saved

        return self._answer("save_group", save, group)

    def delete_group(self, group_id: int) -> Future[None]:
        def delete() -> None:
            self.group_list = [g for g in self.group_list if g.id != group_id]

        return self._answer("delete_group", delete, group_id)

    def member_counts(self) -> Future[dict[int, int]]:
        return self._answer("member_counts", lambda: {1: 143, 2: 4, 3: 1})

    def rights_of(self, person_id: int) -> Future[PersonRights]:
        return self._answer(
            "rights_of", lambda: self.rights.get(person_id, PersonRights(person_id)), person_id
        )

    def save_rights(self, rights: PersonRights) -> Future[PersonRights]:
        def save() -> PersonRights:
            self.rights[rights.person_id] = rights
            return rights

        return self._answer("save_rights", save, rights)

    def add_guest(
        self,
        name: str,
        number: str,
        until_ms: int | None,
        uses: int | None,
        group_ids: Iterable[int],
        pin: str = "",
    ) -> Future[Person]:
        return self._answer(
            "add_guest",
            lambda: Person(77, name, number, True, None, 1, 0, has_pin=bool(pin)),
            name,
            number,
            until_ms,
            uses,
            tuple(group_ids),
            pin,
        )

    def warnings(self) -> Future[list[str]]:
        return self._answer("warnings", lambda: list(self.sentences))

    def open_alarms(self) -> Future[list[Event]]:
        return self._answer("open_alarms", lambda: list(self.alarm_list))

    def acknowledge(self, seq: int) -> None:
        self.alarm_list = [alarm for alarm in self.alarm_list if alarm.seq != seq]

    def import_plan(self, text: str) -> Future[ImportPlan]:
        return self._answer("import_plan", lambda: self.plan, text)

    def apply_plan(self, plan: ImportPlan) -> Future[int]:
        return self._answer("apply_plan", lambda: len(plan.edits), plan)

    def export_csv(self) -> Future[str]:
        return self._answer("export_csv", lambda: "number,name\r\n")
