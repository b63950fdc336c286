"""Schedules, groups, holidays and people's rights: kept as given, and denied where damaged."""

from __future__ import annotations

import datetime
import time
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kiosk.access.ledger import Ledger
from kiosk.access.model import (
    AuthMode,
    Credential,
    Group,
    Holiday,
    PersonRights,
    Schedule,
    Window,
)
from kiosk.access.rights import RightsBook, RightsOutcome
from kiosk.domain import DenialReason
from kiosk.errors import AccessError, EnrolmentError
from kiosk.store.rights import FREE_SCHEDULE_KEY
from kiosk.store.store import Store, opened

WEEK = ((Window(480, 1080),),) * 5 + ((Window(1320, 1800), Window(0, 60)), ())
OFFICE = Schedule(None, "Office", WEEK)
ALWAYS_OPEN = Schedule(None, "Always", ((Window(0, 1440),),) * 7, holiday=(Window(0, 1440),))
NOON_MS = 1_790_000_000_000


def add(store: Store, name: str = "Ada") -> int:
    return store.people.add(name, "", None, 0).id


def damage(store: Store, sql: str) -> None:
    store.database.execute(sql)


def judged(store: Store, person_id: int, at_ms: int = NOON_MS) -> tuple[RightsOutcome, object]:
    stored = store.rights.read()
    book = RightsBook.build(
        stored.schedules, stored.groups, stored.holidays, stored.people, zone="UTC"
    )
    verdict = book.judge(
        person_id, at_ms, shown=frozenset({Credential.FACE}), clock_ok=True, day=Ledger()
    )
    return verdict.outcome, verdict.denial


def test_a_schedule_is_kept_as_given_over_a_restart(path) -> None:
    wanted = replace(
        OFFICE,
        name="  Office ",
        holiday=(Window(600, 720),),
        mode=AuthMode.FACE_AND_PIN,
        waits_for_first=True,
        zone="Europe/Berlin",
    )
    with opened(path) as store:
        saved = store.rights.save_schedule(wanted)
        assert saved.id is not None and saved.name == "Office"
        assert saved.week[5] == (Window(0, 60), Window(1320, 1800))
    with opened(path) as store:
        assert store.rights.schedules() == [saved]
        changed = store.rights.save_schedule(replace(saved, name="Offices", mode=AuthMode.PIN))
        assert store.rights.schedules() == [changed]


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        (replace(OFFICE, name=" "), "enter a name"),
        (replace(OFFICE, week=WEEK[:6]), "seven days"),
        (replace(OFFICE, zone="Europe/Nowhere"), "not known"),
        (replace(OFFICE, zone="../../etc/passwd"), "not known"),
        (replace(OFFICE, holiday=(Window(600, 600),)), "window"),
        (replace(OFFICE, holiday=(Window(-1, 600),)), "window"),
        (replace(OFFICE, holiday=(Window(1440, 1500),)), "window"),
        (replace(OFFICE, holiday=(Window(60, 1501),)), "window"),
        (replace(OFFICE, holiday=tuple(Window(n, n + 1) for n in range(25))), "at most"),
        (replace(OFFICE, id=99), "deleted meanwhile"),
    ],
)
def test_schedules_that_are_refused(store: Store, schedule: Schedule, said: str) -> None:
    with pytest.raises(AccessError, match=said):
        store.rights.save_schedule(schedule)
    assert store.rights.schedules() == []


def test_names_are_taken_in_any_case(store: Store) -> None:
    saved = store.rights.save_schedule(OFFICE)
    store.rights.save_group(Group(None, "Staff", ()))
    with pytest.raises(AccessError, match="Office already"):
        store.rights.save_schedule(replace(OFFICE, name="OFFICE"))
    with pytest.raises(AccessError, match="Staff already"):
        store.rights.save_group(Group(None, "staff", ()))
    assert store.rights.save_schedule(replace(saved, name="OFFICE")).id == saved.id


def test_a_used_schedule_is_not_deleted(store: Store) -> None:
    saved = store.rights.save_schedule(OFFICE)
    assert saved.id is not None
    group = store.rights.save_group(Group(None, "Staff", (saved.id,)))
    with pytest.raises(AccessError, match="used by Staff"):
        store.rights.delete_schedule(saved.id)
    store.rights.save_group(replace(group, schedule_ids=()))
    store.rights.set_free_schedule(saved.id)
    assert store.rights.free_schedule() == saved.id
    with pytest.raises(AccessError, match="Free access"):
        store.rights.delete_schedule(saved.id)
    store.rights.set_free_schedule(None)
    assert store.rights.free_schedule() is None
    store.rights.delete_schedule(saved.id)
    assert store.rights.schedules() == []


@pytest.mark.parametrize("text", ["", "x", "-1", "99", "1 ", "9" * 5000, "٣"])
def test_the_door_is_free_by_no_schedule_that_is_not_there(store: Store, text: str) -> None:
    store.rights.save_schedule(OFFICE)
    store.settings.set(FREE_SCHEDULE_KEY, text)
    assert store.rights.free_schedule() is None
    with pytest.raises(AccessError, match="schedule"):
        store.rights.set_free_schedule(99)


def test_holidays_are_replaced_all_at_once(store: Store) -> None:
    may, leap = datetime.date(2027, 5, 1), datetime.date(2028, 2, 29)
    first = [Holiday(leap, "Leap", is_yearly=True), Holiday(may, " Labour Day ")]
    store.rights.save_holidays(first)
    assert store.rights.holidays() == [Holiday(may, "Labour Day"), first[0]]
    with pytest.raises(AccessError, match="two holidays on 2027-05-01"):
        store.rights.save_holidays([Holiday(may, "One"), Holiday(may, "Two", is_yearly=True)])
    assert len(store.rights.holidays()) == 2
    store.rights.save_holidays([])
    assert store.rights.holidays() == []


def test_a_group_is_kept_as_given(store: Store) -> None:
    schedule = store.rights.save_schedule(OFFICE)
    assert schedule.id is not None
    group = Group(
        None,
        " Staff ",
        (schedule.id, schedule.id),
        (" Front ", "Back"),
        needs_two=True,
        is_first=True,
        ignores_passback=True,
    )
    saved = store.rights.save_group(group)
    assert (saved.name, saved.schedule_ids) == ("Staff", (schedule.id,))
    assert saved.doors == ("Front", "Back")
    assert store.rights.groups() == [saved]


@pytest.mark.parametrize(
    ("group", "said"),
    [
        (Group(None, "", ()), "enter a name"),
        (Group(None, "a;b", ()), "cannot be called"),
        (Group(None, "None", ()), "cannot be called"),
        (Group(None, "Staff", (7,)), "schedule that was chosen does not exist"),
        (Group(None, "Staff", (), ("\n",)), "cannot be shown"),
        (Group(9, "Staff", ()), "deleted meanwhile"),
    ],
)
def test_groups_that_are_refused(store: Store, group: Group, said: str) -> None:
    with pytest.raises(AccessError, match=said):
        store.rights.save_group(group)
    assert store.rights.groups() == []


def test_a_group_with_members_is_not_deleted(store: Store) -> None:
    ada = add(store)
    group = store.rights.save_group(Group(None, "Staff", ()))
    assert group.id is not None
    store.rights.save_rights(PersonRights(ada, frozenset({group.id})))
    assert store.rights.member_counts() == {group.id: 1}
    with pytest.raises(AccessError, match="1 people belong"):
        store.rights.delete_group(group.id)
    store.people.delete(ada)
    assert store.rights.member_counts() == {}
    store.rights.delete_group(group.id)
    assert store.rights.groups() == []


def test_rights_are_kept_as_given_and_go_with_the_person(path) -> None:
    with opened(path) as store:
        ada, bob = add(store), add(store, "Bob")
        ids = [store.rights.save_group(Group(None, name, ())).id for name in "ABC"]
        wanted = PersonRights(
            ada,
            frozenset(n for n in ids[:2] if n is not None),
            "mon-FRI 8:00-18:00",
            valid_from_ms=5,
            valid_until_ms=6,
            uses_left=1,
            is_slow=True,
            is_guest=True,
        )
        saved = store.rights.save_rights(wanted)
        assert saved == replace(wanted, hours="Mon-Fri 08:00-18:00")
    with opened(path) as store:
        assert store.rights.rights_of(ada) == saved
        assert store.rights.rights_of_all() == [saved, PersonRights(bob)]
        person = store.people.get(ada)
        assert person is not None and person.hours == saved.hours
        store.people.delete(ada)
        assert store.rights.rights_of_all() == [PersonRights(bob)]
        assert store.database.execute("SELECT COUNT(*) FROM group_members") == [(0,)]
        with pytest.raises(EnrolmentError, match="no longer enrolled"):
            store.rights.rights_of(ada)
        with pytest.raises(EnrolmentError, match="no longer enrolled"):
            store.rights.save_rights(PersonRights(ada))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"hours": "sometimes"}, "cannot be read"),
        ({"valid_from_ms": 5, "valid_until_ms": 5}, "before they begin"),
        ({"valid_until_ms": -1}, "1970"),
        ({"valid_from_ms": 10**15}, "3000"),
        ({"uses_left": -1}, "number of entries"),
        ({"group_ids": frozenset({9})}, "group that was chosen"),
    ],
)
def test_rights_that_are_refused_change_nothing(store: Store, change, said: str) -> None:
    before = store.rights.save_rights(PersonRights(add(store), hours="never", uses_left=3))
    with pytest.raises(AccessError, match=said):
        store.rights.save_rights(replace(before, **change))
    assert store.rights.rights_of_all() == [before]


def test_uses_are_spent_one_by_one(store: Store) -> None:
    ada = add(store)
    assert [store.rights.spend_use(ada) for _ in range(3)] == [True] * 3
    assert store.rights.rights_of(ada).uses_left is None
    store.rights.save_rights(PersonRights(ada, uses_left=2))
    assert [store.rights.spend_use(ada) for _ in range(3)] == [True, True, False]
    assert store.rights.rights_of(ada).uses_left == 0
    damage(store, "UPDATE people SET uses_left = 'many'")
    assert not store.rights.spend_use(ada)
    assert not store.rights.spend_use(99)


def test_an_entry_spent_in_a_failed_transaction_is_not_spent(store: Store) -> None:
    ada = add(store)
    store.rights.save_rights(PersonRights(ada, uses_left=1))
    with pytest.raises(AccessError), store.database.writing():
        assert store.rights.spend_use(ada)
        raise AccessError("the door stays locked")
    assert store.rights.rights_of(ada).uses_left == 1


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE people SET group_count = 'x'",
        "UPDATE people SET group_count = 0",
        "DELETE FROM group_members",
        "UPDATE people SET valid_until_ms = x'00'",
        "UPDATE people SET valid_until_ms = 'soon'",
        "UPDATE people SET valid_from_ms = 1.5",
        "UPDATE people SET valid_from_ms = 9000000000000, valid_until_ms = 8000000000000",
        "UPDATE people SET uses_left = -1",
        "UPDATE people SET uses_left = ''",
        "UPDATE people SET is_slow = 7",
        "UPDATE people SET hours = x'00ff'",
        "UPDATE people SET hours = 'alwayz'",
        "UPDATE access_groups SET schedule_ids = '[1'",
        "UPDATE access_groups SET schedule_ids = '{}'",
        "UPDATE access_groups SET schedule_ids = '[9]'",
        "UPDATE access_groups SET schedule_ids = '[true]'",
        "UPDATE access_groups SET doors = '[1]'",
        "UPDATE access_groups SET doors = x'5b5d'",
        "UPDATE access_groups SET needs_two = 'no'",
        "UPDATE schedules SET week = '[]'",
        "UPDATE schedules SET week = '[[[0]],[],[],[],[],[],[]]'",
        "UPDATE schedules SET week = 'null'",
        "UPDATE schedules SET week = '" + "[" * 100_000 + "'",
        "UPDATE schedules SET holiday = '[[0,99999]]'",
        "UPDATE schedules SET mode = 'any'",
        "UPDATE schedules SET mode = x'66'",
        "UPDATE schedules SET waits_for_first = 2",
        "UPDATE schedules SET zone = 'Mars/Base'",
        "DELETE FROM schedules",
        "PRAGMA foreign_keys = OFF",
        "INSERT INTO holidays VALUES ('2027-13-01', 'x', 0)",
        "INSERT INTO holidays VALUES ('2027-12-01', 'x', 'yearly')",
    ],
)
def test_whatever_is_damaged_lets_nobody_in(store: Store, sql: str) -> None:
    ada, bob = add(store), add(store, "Bob")
    schedule = store.rights.save_schedule(ALWAYS_OPEN)
    assert schedule.id is not None
    group = store.rights.save_group(Group(None, "Staff", (schedule.id,)))
    assert group.id is not None
    store.rights.save_rights(PersonRights(ada, frozenset({group.id})))
    assert judged(store, ada)[0] is RightsOutcome.ALLOWED
    damage(store, sql)
    if sql.startswith("PRAGMA"):
        damage(store, "DELETE FROM access_groups")
    outcome, _ = judged(store, ada)
    assert outcome is RightsOutcome.DENIED
    assert store.rights.read().damage or sql.startswith(("DELETE", "PRAGMA")) or "[9]" in sql
    if not sql.startswith(("UPDATE people", "DELETE FROM group_members")):
        # Without a group, Bob asks for no schedule.
        assert judged(store, bob)[0] is RightsOutcome.ALLOWED


def test_damaged_rights_are_told_apart_and_mended_by_saving(store: Store) -> None:
    ada = add(store)
    damage(store, "UPDATE people SET group_count = 1")
    assert judged(store, ada) == (RightsOutcome.DENIED, DenialReason.RIGHTS_DAMAGED)
    with pytest.raises(AccessError, match="Save their rights again"):
        store.rights.rights_of(ada)
    store.rights.save_rights(PersonRights(ada))
    assert judged(store, ada)[0] is RightsOutcome.ALLOWED


def test_a_damaged_group_or_schedule_can_be_set_up_again_under_its_name(store: Store) -> None:
    store.rights.save_schedule(OFFICE)
    store.rights.save_group(Group(None, "Staff", ()))
    damage(store, "UPDATE schedules SET week = ''")
    damage(store, "UPDATE access_groups SET doors = ''")
    assert (store.rights.schedules(), store.rights.groups()) == ([], [])
    store.rights.save_schedule(OFFICE)
    store.rights.save_group(Group(None, "Staff", ()))
    assert [s.name for s in store.rights.schedules()] == ["Office"]
    assert [g.name for g in store.rights.groups()] == ["Staff"]


def test_damaged_holidays_are_mended_by_saving(store: Store) -> None:
    damage(store, "INSERT INTO holidays VALUES ('someday', 'x', 0)")
    with pytest.raises(AccessError, match="Save the holidays again"):
        store.rights.holidays()
    store.rights.save_holidays([])
    assert store.rights.holidays() == []


CELLS = st.one_of(
    st.none(), st.integers(-(2**63), 2**63 - 1), st.floats(), st.text(max_size=20), st.binary()
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(CELLS, min_size=7, max_size=7), st.data())
def test_no_row_of_garbage_breaks_the_reading(store: Store, cells, data) -> None:
    with pytest.raises(ZeroDivisionError), store.database.writing():
        table, columns = data.draw(
            st.sampled_from(
                [
                    ("schedules", "id,name,week,holiday,mode,waits_for_first,zone"),
                    (
                        "access_groups",
                        "id,name,schedule_ids,doors,needs_two,is_first,ignores_passback",
                    ),
                ]
            )
        )
        filled = [7, *("" if cell is None else cell for cell in cells[1:])]
        store.database.execute(
            f"INSERT INTO {table} ({columns}) VALUES (?,?,?,?,?,?,?)",
            [0.5 if cell != cell else cell for cell in filled],
        )
        stored = store.rights.read()
        assert len(stored.schedules) + len(stored.groups) + len(stored.damage) == 1
        raise ZeroDivisionError


def test_ten_thousand_people_are_read_quickly(store: Store) -> None:
    groups = [store.rights.save_group(Group(None, f"G{n}", ())).id for n in range(200)]
    with store.database.writing():
        for n in range(10_000):
            store.database.execute(
                "INSERT INTO people (name, created_at_ms, group_count) VALUES (?, 0, 2)",
                (f"P{n}",),
            )
            for offset in (0, 1):
                store.database.execute(
                    "INSERT INTO group_members VALUES (?, ?)",
                    (n + 1, groups[(n + offset) % 200]),
                )
    started = time.perf_counter()
    stored = store.rights.read()
    took_s = time.perf_counter() - started
    assert len(stored.people) == 10_000 and not stored.damage
    # A tenth of that on a desktop; a reading that grows with the square takes minutes.
    assert took_s < 5.0
