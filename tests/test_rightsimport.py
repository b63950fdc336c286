"""Lists of people and rights: what is planned, what is refused, what an export gives back."""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kiosk.access.model import Group, PersonRights
from kiosk.domain import EventKind
from kiosk.errors import AccessError, EnrolmentError
from kiosk.rightscsv import COLUMNS, MAX_ROWS, decode, moment_text, read_moment, read_rows
from kiosk.rightsimport import ImportPlan, apply_plan, export_csv, plan_import
from kiosk.store.names import clean_name
from kiosk.store.store import Store, opened

BERLIN = "Europe/Berlin"
NOW_MS = 1_790_000_000_000
"""In September 2026."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path / "kiosk.db") as store:
        for name in ("Staff", "Night shift"):
            store.rights.save_group(Group(None, name, ()))
        yield store


def add(store: Store, name: str = "Ada", number: str = "12") -> int:
    return store.people.add(name, number, None, 0).id


def plan(store: Store, *lines: str) -> ImportPlan:
    return plan_import(store, "\n".join(lines) + "\n", NOW_MS, BERLIN)


def changed(plan: ImportPlan) -> list[tuple[str, str, str]]:
    assert plan.problems == ()
    return [(change.field, change.before, change.after) for change in plan.changes]


def said(plan: ImportPlan) -> list[tuple[int, str]]:
    assert plan.edits == ()
    return [tuple(problem) for problem in plan.problems]


def at(text: str, *, is_end: bool = False) -> int | None:
    return read_moment(text, BERLIN, is_end=is_end)


def test_a_dry_run_lists_everything_and_changes_nothing(store: Store) -> None:
    ada = add(store)
    before = store.rights.rights_of_all(), store.people.find(), store.events.count()
    found = plan(
        store,
        "number,name,groups,hours,valid_from,valid_until,uses,slow,enabled",
        "12,Ada Byron,Staff; Night shift,Mon 8:00-9:00,2026-10-01,2027-03-31,3,yes,no",
        "13,Bob,Staff,,,,,,",
    )
    assert changed(found) == [
        ("name", "Ada", "Ada Byron"),
        ("enabled", "yes", "no"),
        ("groups", "none", "Night shift; Staff"),
        ("hours", "always", "Mon 08:00-09:00"),
        ("slow", "no", "yes"),
        ("uses", "unlimited", "3"),
        ("valid_from", "none", "2026-10-01"),
        ("valid_until", "none", "2027-03-31"),
        ("person", "", "groups Staff"),
    ]
    assert [c.line for c in found.changes] == [2] * 8 + [3]
    assert (found.added, len(found.edits)) == (1, 2)
    assert before == (store.rights.rights_of_all(), store.people.find(), store.events.count())
    assert apply_plan(store, found, NOW_MS) == 2
    rights = store.rights.rights_of(ada)
    assert (rights.hours, rights.uses_left, rights.is_slow) == ("Mon 08:00-09:00", 3, True)
    assert rights.valid_from_ms == at("2026-10-01 00:00+02:00")
    assert rights.valid_until_ms == at("2027-04-01 00:00+02:00")
    person, bob = store.people.find()
    assert (person.name, person.enabled, bob.name, bob.enabled) == ("Ada Byron", False, "Bob", True)
    events = store.events.query()
    assert [(e.kind, e.person_name) for e in events] == [
        (EventKind.RIGHTS_CHANGED, "Ada Byron"),
        (EventKind.RIGHTS_CHANGED, "Bob"),
    ]
    assert not any(name in e.detail for e in events for name in ("Ada", "Bob", "Staff"))
    assert changed(plan(store, "number,uses", "12,3")) == []


@pytest.mark.parametrize(
    ("lines", "problems"),
    [
        (["number,groups", "12,Stuff"], [(2, "no group 'Stuff'")]),
        (["number,groups", "12,Stuff; Staff; X"], [(2, "no group 'Stuff'"), (2, "no group 'X'")]),
        (["number,slow", "12,yes", "12,no"], [(3, "Number 12 is on line 2 already")]),
        (
            ["number,name,hours", "7,Bob,always", "7,Cid,always"],
            [(3, "Number 7 is on line 2 already")],
        ),
        (["number,id", "12,2"], [(2, "Number 12 already belongs to Ada")]),
        (["number,valid_until", "12,2020-01-01"], [(2, "2020-01-01 is in the past")]),
        (["number,valid_until", "12,2027-02-30"], [(2, "no date")]),
        (["number,valid_until", "12,31.12.2027"], [(2, "no date")]),
        (
            ["number,valid_from,valid_until", "12,2027-05-01,2027-04-30"],
            [(2, "end before they begin")],
        ),
        (["number,hours", "12,whenever"], [(2, "cannot be read")]),
        (["number,uses", "12,-1"], [(2, "no number of entries")]),
        (["number,slow", "12,maybe"], [(2, "neither yes nor no")]),
        (["number,enabled", "12,1"], [(2, "neither yes nor no")]),
        (["number,slow", "99,yes"], [(2, "Nobody has number 99"), (2, "in no group")]),
        (["name,slow", "Dan,yes"], [(2, "in no group")]),
        (["name,slow", "Eve,yes"], [(2, "2 people are called Eve")]),
        (["id,slow", "77,yes"], [(2, "Nobody has the id '77'")]),
        (["slow,number", "yes,"], [(2, "names nobody")]),
        (["number,name", "12,a\u202eb"], [(2, "cannot be shown")]),
        (["number,colour", "12,red"], [(1, "no column 'colour'")]),
        (["number,number", "12,12"], [(1, "there twice")]),
        (["slow,enabled", "yes,yes"], [(1, "names no column number")]),
        (["number", "12,13"], [(2, "more cells")]),
        ([""], [(0, "empty")]),
        (["number,name", '12,"a\0b"'], [(0, "no text file")]),
        (["number,name", '12,"' + "x" * 140_000 + '"'], [(2, "cannot be read")]),
        (["number,groups", "14,none"], [(2, "in no group")]),
        (["number,groups", "14,;"], [(2, "in no group")]),
    ],
)
def test_what_is_wrong_is_listed_by_line_and_nothing_applied(
    store: Store, lines: list[str], problems: list[tuple[int, str]]
) -> None:
    add(store)
    add(store, "Bert", "13")
    for _ in range(2):
        add(store, "Eve", "")
    member = add(store, "Max", "14")
    store.rights.save_rights(PersonRights(member, frozenset({1})))
    before = export_csv(store)
    found = plan(store, *lines)
    texts = said(found)
    assert [line for line, _ in texts] == [line for line, _ in problems], texts
    for (_, text), (_, words) in zip(texts, problems, strict=True):
        assert words in text
    with pytest.raises(AccessError, match="nothing of it was imported"):
        apply_plan(store, found, NOW_MS)
    assert export_csv(store) == before


def test_one_bad_line_holds_up_all_good_ones(store: Store) -> None:
    add(store)
    found = plan(store, "number,slow", "12,yes", "13,yes")
    assert len(found.changes) == 1 and found.problems and not found.edits


def test_leaving_a_group_for_no_group_must_be_said_in_hours(store: Store) -> None:
    ada = add(store)
    store.rights.save_rights(PersonRights(ada, frozenset({1})))
    found = plan(store, "number,groups,hours", "12,none,always")
    assert changed(found) == [("groups", "Staff", "none")]
    apply_plan(store, found, NOW_MS)
    assert store.rights.rights_of(ada) == PersonRights(ada)


def test_empty_cells_and_missing_columns_leave_things_as_they_are(store: Store) -> None:
    ada = add(store)
    store.rights.save_rights(
        PersonRights(ada, frozenset({1, 2}), "never", 5, NOW_MS * 2, 7, True, True)
    )
    assert changed(plan(store, ",".join(COLUMNS), "12" + "," * 9)) == []
    assert changed(plan(store, "name", "Ada")) == []
    found = plan(store, "number,uses", "12,unlimited")
    apply_plan(store, found, NOW_MS)
    assert store.rights.rights_of(ada).is_guest


def test_a_plan_is_void_when_anything_changed(store: Store) -> None:
    ada = add(store)
    group = store.rights.groups()[0]

    def spend() -> None:
        store.rights.spend_use(ada)

    store.rights.save_rights(PersonRights(ada, uses_left=5))
    for act in (
        spend,
        lambda: store.people.rename(ada, "Ava"),
        lambda: store.people.set_enabled(ada, False),
        lambda: add(store, "New", ""),
        lambda: store.rights.save_group(replace(group, name="Others")),
        lambda: store.rights.save_rights(PersonRights(ada, frozenset({1, 2}), uses_left=4)),
    ):
        found = plan(store, "number,slow", "12,yes")
        assert found.edits
        act()
        with pytest.raises(AccessError, match="have changed since"):
            apply_plan(store, found, NOW_MS)
        assert not store.rights.rights_of(ada).is_slow
    found = plan(store, "number,slow", "12,yes")
    assert apply_plan(store, found, NOW_MS) == 1
    with pytest.raises(AccessError, match="have changed since"):
        apply_plan(store, found, NOW_MS)


def test_two_people_may_change_numbers(store: Store) -> None:
    ada, bob = add(store), add(store, "Bob", "13")
    found = plan(store, "id,number", f"{ada},13", f"{bob},12")
    assert changed(found) == [("number", "12", "13"), ("number", "13", "12")]
    apply_plan(store, found, NOW_MS)
    assert [p.number for p in store.people.find()] == ["13", "12"]


def warned(found: ImportPlan) -> list[tuple[int, str]]:
    assert found.problems == () and found.edits
    return [tuple(warning) for warning in found.warnings]


def test_names_that_look_like_others_are_warned_of(store: Store) -> None:
    ada = add(store, "Tom Cox")
    for name in ("Tоm Cox", "Tom  Сoх", "ΤΟΜ COX", "Tom\u00a0Cox", "tom cox", "Tom\ufe0f Cox"):
        ((line, text),) = warned(plan(store, "number,name,groups", f"99,{name},Staff"))
        assert line == 2 and "looks like Tom Cox (12)" in text
    assert warned(plan(store, "number,name,groups", "99,Tim Cox,Staff")) == []
    # The same person under another spelling is nobody else.
    assert warned(plan(store, "number,name", "12,tom cox")) == []
    found = plan(store, "number,name,groups", "98,Аnn,Staff", "99,Ann,Staff")
    assert [line for line, _ in warned(found)] == [3]
    found = plan(store, "id,name,number,groups", f"{ada},Tim,12,Staff", ",Tоm Cox,99,Staff")
    assert warned(found) == []
    add(store, "Max", "13")
    assert warned(plan(store, "number,name", "13,Tom Cоx"))[0][1].startswith("Tom Cоx (13)")


def test_who_stays_as_they_are_is_counted(store: Store) -> None:
    add(store)
    add(store, "Bob", "13")
    found = plan(store, "number,name,groups,uses", "12,,,", "13,,Staff,", "14,Cid,Staff,1")
    assert (found.unchanged, found.added, len(found.edits)) == (1, 1, 2)
    assert found.changes[-1].after == "groups Staff, uses 1"


def test_invisible_characters_of_a_list_do_not_matter(store: Store) -> None:
    add(store)
    found = plan(store, "number,name,groups", "\u200b12,A\u200bda\ufeff,Sta\u00adff")
    assert changed(found) == [("groups", "none", "Staff")]
    found = plan(store, "name,groups", "\u200bNew\u2060,Staff")
    apply_plan(store, found, NOW_MS)
    assert "New" in [person.name for person in store.people.find()]


def test_people_without_a_number_are_meant_by_name_or_id(store: Store) -> None:
    add(store, "Eve", "")
    second = add(store, "Dan", "")
    apply_plan(store, plan(store, "name,slow", "Eve,yes"), NOW_MS)
    apply_plan(store, plan(store, "id,name", f"{second},Daniel"), NOW_MS)
    assert [r.is_slow for r in store.rights.rights_of_all()] == [True, False]
    assert [p.name for p in store.people.find()] == ["Daniel", "Eve"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_what_spreadsheets_write_is_read(store: Store, delimiter: str, end: str) -> None:
    add(store)
    rows = [
        [" Number ", "GROUPS", "slow", ""],
        ["12", "Staff;night SHIFT", "Yes", ""],
        ["", "", ""],
    ]
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=end).writerows(rows)
    found = plan_import(store, "\ufeff" + text.getvalue(), NOW_MS, BERLIN)
    assert [field for field, *_ in changed(found)] == ["groups", "slow"]


def test_damaged_rights_need_groups_or_hours_and_are_exported_empty(store: Store) -> None:
    ada = add(store)
    store.database.execute("UPDATE people SET group_count = 4")
    text = export_csv(store)
    assert changed(plan_import(store, text, NOW_MS)) == []
    assert said(plan(store, "number,slow", "12,yes"))[0][1].startswith("They are in no group")
    apply_plan(store, plan(store, "number,groups", "12,Staff"), NOW_MS)
    assert store.rights.rights_of(ada) == PersonRights(ada, frozenset({1}))


def test_a_damaged_group_is_kept_by_a_list_that_does_not_name_it(store: Store) -> None:
    ada = add(store)
    store.rights.save_rights(PersonRights(ada, frozenset({1})))
    store.database.execute("UPDATE access_groups SET doors = 'x' WHERE id = 1")
    assert changed(plan_import(store, export_csv(store), NOW_MS)) == []
    assert "damaged" in said(plan(store, "number,slow", "12,yes"))[0][1]


def test_files_that_are_no_lists() -> None:
    assert decode("\ufeffä".encode()) == "ä"
    with pytest.raises(AccessError, match="UTF-8"):
        decode("ä".encode("latin-1"))
    with pytest.raises(AccessError, match="MB"):
        decode(b"x" * 8_000_001)


def test_a_list_has_an_end() -> None:
    rows, problems = read_rows("number\n" + "1\n" * (MAX_ROWS + 5))
    assert len(rows) == MAX_ROWS
    assert [problem.line for problem in problems] == [MAX_ROWS + 2]


NAMES = st.text(min_size=1, max_size=20).filter(lambda text: _is_name(text))
ZONES = st.sampled_from(
    ["", "UTC", BERLIN, "America/St_Johns", "Pacific/Apia", "Asia/Beirut", "America/Havana"]
)
MOMENTS = st.none() | st.integers(0, 32_503_000_000_000)


def _is_name(text: str) -> bool:
    try:
        return bool(clean_name(text))
    except EnrolmentError:
        return False


@settings(max_examples=300)
@given(MOMENTS, ZONES, st.booleans())
@example(1_793_000_000_000, BERLIN, True)
@example(1_792_979_000_000, BERLIN, False)
@example(1_792_975_400_000, BERLIN, False)
def test_every_moment_reads_as_it_was_written(at_ms: int | None, zone: str, is_end: bool) -> None:
    text = moment_text(at_ms, zone, is_end=is_end)
    assert read_moment(text, zone, is_end=is_end) == at_ms


@settings(max_examples=200)
@given(st.dates(datetime.date(1970, 1, 3), datetime.date(2999, 12, 30)), ZONES, st.booleans())
def test_every_date_reads_as_it_was_written(day: datetime.date, zone: str, is_end: bool) -> None:
    at_ms = read_moment(day.isoformat(), zone, is_end=is_end)
    assert moment_text(at_ms, zone, is_end=is_end) == day.isoformat()


PEOPLE = st.lists(
    st.tuples(
        NAMES,
        st.booleans(),
        st.builds(
            PersonRights,
            st.just(0),
            st.frozensets(st.integers(1, 4)),
            st.sampled_from(["", "never", "Mon-Fri 08:00-18:00; Sat 09:00-12:00"]),
            st.none() | st.integers(0, 10**12),
            st.none() | st.integers(10**12 + 1, 10**13),
            st.none() | st.integers(0, 9),
            st.booleans(),
            st.booleans(),
        ),
    ),
    max_size=6,
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(PEOPLE, st.lists(st.sampled_from(["", "=1+1", "'", "'=x", "-5", "7", "“"])), ZONES)
@example([("'=x", True, PersonRights(0)), ("=x", True, PersonRights(0))], ["''=x"], "")
def test_an_export_changes_nothing_when_imported(store: Store, people, numbers, zone) -> None:
    with pytest.raises(ZeroDivisionError), store.database.writing():
        store.rights.save_group(Group(None, "=cmd|' /C calc'!A0", ()))
        store.rights.save_group(Group(None, '"quoted", and more', ()))
        given_numbers = iter(dict.fromkeys(number for number in numbers if number))
        for name, enabled, rights in people:
            person = store.people.add(name, next(given_numbers, ""), None, 0)
            store.people.set_enabled(person.id, enabled)
            store.rights.save_rights(replace(rights, person_id=person.id))
        text = export_csv(store, zone)
        found = plan_import(store, text, NOW_MS, zone)
        assert (found.changes, found.problems, found.edits) == ((), (), ())
        for row in csv.reader(io.StringIO(text)):
            assert not any(cell.startswith(("=", "+", "@", "-")) for cell in row)
        raise ZeroDivisionError


CELL = st.sampled_from(
    ["", "12", "Ada", "Staff", "none", "always", "2027-01-01", "1", "yes", "'=", '"', "2020-01-01"]
) | st.text(max_size=12)


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.text(max_size=200)
    | st.lists(st.lists(CELL, max_size=5), max_size=6).map(
        lambda rows: "\n".join([",".join(COLUMNS), *(",".join(row) for row in rows)])
    )
)
@example("number\n" + "9" * 5000)
@example('name\n"')
@example("id\n" + "9" * 30)
@example("number,valid_until\n1,9999-12-31 23:59-23:59")
@example("number,valid_from\n1,0001-01-01")
def test_garbage_is_listed_and_never_raises(store: Store, text: str) -> None:
    with pytest.raises(ZeroDivisionError), store.database.writing():
        add(store)
        found = plan_import(store, text, NOW_MS, BERLIN)
        if found.problems:
            assert not found.edits
        else:
            assert apply_plan(store, found, NOW_MS) == len(found.edits)
            again = plan_import(store, export_csv(store, BERLIN), NOW_MS, BERLIN)
            assert (again.changes, again.problems) == ((), ())
        raise ZeroDivisionError
