"""Warnings about rights: rules that keep out those they are meant for."""

from __future__ import annotations

from kiosk.access.model import Group, PersonRights, Schedule, Window
from kiosk.access.rights import RightsBook, warnings
from kiosk.access.rightschecks import door_problems

DAY = (Window(0, 1440),)
OPEN = Schedule(1, "open", (DAY,) * 7, DAY)
GROUP = Group(1, "staff", (1,))


def told(*people: PersonRights, **parts: object) -> list[str]:
    given = {"schedules": (OPEN,), "groups": (GROUP,), **parts}
    return warnings(RightsBook.build(people=people, zone="UTC", **given))  # type: ignore[arg-type]


def member(number: int, *groups: int, hours: str = "") -> PersonRights:
    return PersonRights(number, frozenset(groups), hours)


def test_rights_that_let_people_in_are_not_worth_a_word() -> None:
    assert told(member(1, 1), member(2), member(3, 1, hours="Mon 08:00-09:00")) == []


def test_a_schedule_that_never_allows_anyone_is_named() -> None:
    (text,) = told(schedules=(OPEN, Schedule(2, "blank", ((),) * 7)))
    assert "blank" in text
    assert "never allows anyone" in text


def test_a_schedule_that_cannot_be_understood_is_named() -> None:
    found = told(schedules=(OPEN, Schedule(2, "moon", (DAY,) * 7, zone="Moon/Base")))
    assert any("Moon/Base" in text for text in found)


def test_a_schedule_that_waits_for_nobody_is_named() -> None:
    waits = Schedule(1, "office", (DAY,) * 7, waits_for_first=True)
    assert "office" in told(member(1, 1), schedules=(waits,))[0]
    first = Group(1, "chiefs", (1,), is_first=True)
    assert told(member(1, 1), schedules=(waits,), groups=(first,)) == []


def test_groups_without_a_way_in_are_named() -> None:
    assert "no schedule" in told(groups=(Group(1, "empty", ()),))[0]
    assert "no longer exists" in told(groups=(Group(1, "lost", (9,)),))[0]


def test_a_pair_needs_two_people() -> None:
    pair = Group(1, "vault", (1,), needs_two=True)
    assert "vault" in told(member(1, 1), groups=(pair,))[0]
    assert told(member(1, 1), member(2, 1), groups=(pair,)) == []


def test_people_who_never_get_in_are_counted_not_named() -> None:
    early = Schedule(1, "early", ((Window(0, 60),),) * 7)
    found = told(
        member(1, 1, hours="Mon-Sun 08:00-09:00"), member(2, hours="never"), schedules=(early,)
    )
    assert found == ["2 people have rights that never let them in: look at their groups and hours."]


def test_damaged_rights_are_counted() -> None:
    (text,) = told(member(1, 7), member(2, hours="sometimes"), member(3, 1))
    assert text.startswith("2 people have groups, schedules or hours that are missing")
    assert told(member(1, 7))[0].startswith("1 person has")


def test_who_belongs_to_another_door_is_no_problem() -> None:
    assert told(member(1, 1), groups=(Group(1, "lab", (1,), doors=("Lab",)),)) == []


def at_door(door: str, *names: str) -> list[str]:
    groups = [Group(n, f"g{n}", (1,), doors=(name,)) for n, name in enumerate(names)]
    return door_problems([*groups, GROUP], door)


def test_a_door_that_nearly_has_this_name_is_a_slip() -> None:
    for slip in ("main entrance", "Main Entrnce", "Main  entrance", "Mian entrance"):
        (text,) = at_door("Main entrance", "Main entrance", slip)
        assert "g1" in text and repr(slip) in text and "'Main entrance'" in text


def test_other_doors_are_meant_where_some_group_names_this_one() -> None:
    assert at_door("Main entrance", "Main entrance", "Laboratory") == []
    assert at_door("Door 1", "Door 1", "Door 2", "Door 12") == []
    assert at_door("Lab", "Lab", "Bar") == []


def test_a_door_that_no_group_names_is_suspicious() -> None:
    (text,) = at_door("Main entrance", "Laboratory")
    assert "no group names this door" in text
    assert at_door("Main entrance") == at_door("", "Laboratory") == []
