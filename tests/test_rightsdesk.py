"""What the admin screens ask for: futures on the store's thread, each change with an event."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kiosk.access.model import AuthMode, Group, Holiday, PersonRights, Schedule, Window
from kiosk.config import AccessConfig
from kiosk.domain import Event, EventKind
from kiosk.errors import AccessError, EnrolmentError, PinError
from kiosk.rightsdesk import RightsDesk
from kiosk.store.lane import StoreLane
from kiosk.store.store import Store

NOW_MS = 1_790_000_000_000
DAY = (Window(480, 1080),)
OFFICE = Schedule(None, "Office", (DAY,) * 5 + ((), ()))


class Desk:
    """A desk with everything it tells to others."""

    def __init__(self, path: Path) -> None:
        self.lane = StoreLane(path)
        self.recorded: list[tuple[EventKind, int | None, str, str]] = []
        self.reloaded_on: list[str] = []
        self.desk = RightsDesk(
            self.lane,
            lambda *event: self.recorded.append(event),
            self._changed,
            lambda: NOW_MS,
            AccessConfig(zone="Europe/Berlin"),
        )
        self.lane.start().result(5)

    def _changed(self, store: Store) -> None:
        self.reloaded_on.append(threading.current_thread().name)

    def run(self, work: Callable[[Store], Any]) -> Any:
        return self.lane.submit(work).result(5)

    def failure(self, future: Future[Any]) -> str:
        """Return the sentence a call failed with; nothing was recorded or reloaded."""
        before = len(self.recorded), len(self.reloaded_on)
        error = future.exception(5)
        assert isinstance(error, AccessError | EnrolmentError | PinError)
        assert before == (len(self.recorded), len(self.reloaded_on))
        return str(error)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path / "kiosk.db")
    yield made
    made.lane.stop()


def test_every_change_is_recorded_without_names_and_reloads_the_people(desk: Desk) -> None:
    ada = desk.run(lambda store: store.people.add("Ada", "", None, 0))
    schedule = desk.desk.save_schedule(OFFICE).result(5)
    desk.desk.save_holidays((Holiday(datetime.date(2027, 5, 1), "Labour Day"),)).result(5)
    group = desk.desk.save_group(Group(None, "Staff", (schedule.id or 0,))).result(5)
    desk.desk.set_free_schedule(schedule.id).result(5)
    assert desk.desk.free_schedule().result(5) == schedule.id
    rights = PersonRights(ada.id, frozenset({group.id or 0}))
    assert desk.desk.save_rights(rights).result(5) == rights
    assert desk.desk.rights_of(ada.id).result(5) == rights
    assert desk.desk.member_counts().result(5) == {group.id: 1}
    desk.desk.save_rights(PersonRights(ada.id)).result(5)
    desk.desk.set_free_schedule(None).result(5)
    desk.desk.delete_group(group.id or 0).result(5)
    desk.desk.delete_schedule(schedule.id or 0).result(5)
    assert desk.desk.schedules().result(5) == desk.desk.groups().result(5) == []
    assert len(desk.desk.holidays().result(5)) == 1
    assert {kind for kind, *_ in desk.recorded} == {EventKind.RIGHTS_CHANGED}
    assert [detail for *_, detail in desk.recorded] == [
        "schedule 1 saved",
        "1 holidays saved",
        "group 1 saved",
        "free access by schedule 1",
        "rights saved",
        "rights saved",
        "no free access",
        "group 1 deleted",
        "schedule 1 deleted",
    ]
    assert desk.recorded[4][1:3] == (ada.id, "Ada")
    assert desk.reloaded_on == ["store"] * 9


def test_what_is_refused_is_neither_recorded_nor_reloaded(desk: Desk) -> None:
    schedule = desk.desk.save_schedule(OFFICE).result(5)
    group = desk.desk.save_group(Group(None, "Staff", (schedule.id or 0,))).result(5)
    ada = desk.run(lambda store: store.people.add("Ada", "", None, 0))
    desk.desk.save_rights(PersonRights(ada.id, frozenset({group.id or 0}))).result(5)
    assert "used by Staff" in desk.failure(desk.desk.delete_schedule(schedule.id or 0))
    assert "1 people belong" in desk.failure(desk.desk.delete_group(group.id or 0))
    assert "seven days" in desk.failure(desk.desk.save_schedule(replace(OFFICE, week=())))
    assert "no longer enrolled" in desk.failure(desk.desk.save_rights(PersonRights(99)))
    assert "no longer enrolled" in desk.failure(desk.desk.rights_of(99))


def test_a_guest_is_somebody_with_an_end(desk: Desk) -> None:
    group = desk.desk.save_group(Group(None, "Visitors", ())).result(5)
    groups = (group.id or 0,)
    add = desk.desk.add_guest
    assert "until when" in desk.failure(add("Grace", "", None, None, groups))
    assert "over already" in desk.failure(add("Grace", "", NOW_MS, None, groups))
    assert "once at least" in desk.failure(add("Grace", "", None, 0, groups))
    assert "number" in desk.failure(add("Grace", "", None, 1, groups, "74930"))
    assert "group" in desk.failure(add("Grace", "", None, 1, (99,)))
    assert desk.failure(add("Grace", "9", None, 1, groups, "1111"))
    assert desk.run(lambda store: store.people.find()) == []
    guest = add(" Grace ", "9", NOW_MS + 1, 1, groups, "74930").result(5)
    assert (guest.name, guest.number, guest.has_pin, guest.consent_at_ms) == (
        "Grace",
        "9",
        True,
        None,
    )
    assert desk.desk.rights_of(guest.id).result(5) == PersonRights(
        guest.id, frozenset(groups), valid_until_ms=NOW_MS + 1, uses_left=1, is_guest=True
    )
    assert desk.recorded[-1] == (EventKind.RIGHTS_CHANGED, guest.id, "Grace", "guest admitted")


def test_warnings_name_what_is_not_meant_and_what_is_damaged(desk: Desk) -> None:
    assert desk.desk.warnings().result(5) == []
    desk.desk.save_schedule(Schedule(None, "Nobody", ((),) * 7, mode=AuthMode.PIN)).result(5)
    (warning,) = desk.desk.warnings().result(5)
    assert "Nobody never allows anyone" in warning
    desk.run(lambda store: store.database.execute("UPDATE schedules SET mode = 'x'"))
    assert any("Schedule 1 is damaged" in text for text in desk.desk.warnings().result(5))


def test_alarms_are_listed_and_acknowledged(desk: Desk) -> None:
    desk.lane.record(Event(EventKind.DOOR_FORCED, 5))
    (alarm,) = desk.desk.open_alarms().result(5)
    desk.desk.acknowledge_alarm(alarm.seq or 0).result(5)
    assert desk.desk.open_alarms().result(5) == []
    (last,) = desk.run(lambda store: store.events.query())[1:]
    assert (last.kind, last.at_ms) == (EventKind.ALARM_ACKNOWLEDGED, NOW_MS)


def test_a_list_goes_out_and_comes_back_in(desk: Desk) -> None:
    ada = desk.run(lambda store: store.people.add("Ada", "12", None, 0))
    text = desk.desk.export_csv().result(5)
    assert desk.desk.import_plan(text).result(5).changes == ()
    plan = desk.desk.import_plan("number,valid_until\n12,2027-03-31\n").result(5)
    assert [change.after for change in plan.changes] == ["2027-03-31"]
    assert desk.reloaded_on == []
    assert desk.desk.apply_plan(plan).result(5) == 1
    assert desk.reloaded_on == ["store"]
    # The end of that day in Berlin.
    assert desk.desk.rights_of(ada.id).result(5).valid_until_ms == 1_806_530_400_000
    assert "changed since" in desk.failure(desk.desk.apply_plan(plan))
