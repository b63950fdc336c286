"""What about the rights somebody who looks after them should know: rules that shut people out."""

from __future__ import annotations

from collections.abc import Iterable

from kiosk.access.model import Group
from kiosk.access.schedules import HOLIDAY, never_allows
from kiosk.access.ways import Compiled, Entrant
from kiosk.access.weekspans import intersection, of_hours, of_week, union


def problems_of(compiled: Compiled) -> list[str]:
    """Return a sentence for each rule that never lets in those it is meant for.

    Schedules and groups are named; people are counted, since the sentences end up in logs.
    """
    return [
        *compiled.faults,
        *_of_schedules(compiled),
        *_of_groups(compiled),
        *_of_people(compiled.people.values()),
    ]


def door_problems(groups: Iterable[Group], door: str) -> list[str]:
    """Return a sentence for each group kept out of this door as if its name were mistyped.

    That is: no group names this door, or a name is at most two letters away from it. Doors that
    are told apart by a digit, like Door 1 and Door 2, are meant.
    """
    bound = [group for group in groups if group.doors]
    is_named = any(door in group.doors for group in bound)
    found = []
    for group in bound if door else ():
        if door in group.doors:
            continue
        slips = [name for name in group.doors if _is_slip(name, door)]
        if slips:
            why = f"{slips[0]!r} is nearly the name of this door"
        elif not is_named:
            why = "no group names this door"
        else:
            continue
        found.append(
            f"The group {group.name} may use {', '.join(group.doors)} only, but {why}, {door!r}: "
            "if this door is meant, write its name in the same way."
        )
    return found


def _of_schedules(compiled: Compiled) -> Iterable[str]:
    firsts = any(each.access.is_first for each in compiled.people.values())
    for schedule in compiled.schedules:
        if never_allows(schedule):
            yield f"The schedule {schedule.name} never allows anyone: paint some hours into it."
        elif schedule.waits_for_first and not firsts:
            yield (
                f"The schedule {schedule.name} waits for a first person, but nobody is in a group "
                "that begins the day."
            )


def _of_groups(compiled: Compiled) -> Iterable[str]:
    members = [each.rights.group_ids for each in compiled.people.values()]
    pairs = {each.id for each in compiled.groups.values() if each.needs_two}
    can_pair = sum(1 for ids in members if ids & pairs) >= 2
    for group in compiled.groups.values():
        known = {each.id for each in compiled.schedules}
        if not group.schedule_ids:
            yield f"The group {group.name} has no schedule: it never lets its members in."
        elif not known.issuperset(group.schedule_ids):
            yield f"The group {group.name} has a schedule that no longer exists: choose another."
        if group.needs_two and not can_pair:
            yield (
                f"The group {group.name} lets people in two at a time, but fewer than two people "
                "are in such groups."
            )


def _of_people(people: Iterable[Entrant]) -> Iterable[str]:
    damaged = shut_out = 0
    seen: dict[tuple[frozenset[int], str], bool] = {}
    for each in people:
        if each.access.is_damaged:
            damaged += 1
            continue
        if each.access.is_free and each.hours.parts:
            continue
        key = each.rights.group_ids, each.rights.hours
        if key not in seen:
            seen[key] = _never_enters(each)
        shut_out += seen[key]
    if damaged:
        yield (
            f"{_people(damaged)} groups, schedules or hours that are missing or cannot be read: "
            "set their rights anew."
        )
    if shut_out:
        yield f"{_people(shut_out)} rights that never let them in: look at their groups and hours."


def _is_slip(name: str, door: str) -> bool:
    one, other = name.casefold(), door.casefold()
    if [c for c in one if c.isdigit()] != [c for c in other if c.isdigit()]:
        return False
    return _distance(one, other) <= min(2, (len(other) - 1) // 2)


def _distance(one: str, other: str) -> int:
    """Return how many letters must be added, taken off or changed."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, row = row, [i]
        for j, b in enumerate(other, 1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (a != b)))
    return row[-1]


def _people(count: int) -> str:
    return f"{count} {'person has' if count == 1 else 'people have'}"


def _never_enters(entrant: Entrant) -> bool:
    own = of_hours(entrant.hours)
    if not own:
        return True
    access = entrant.access
    if not access.reaches_door:
        # They belong to another door.
        return False
    if any(way.times.days[HOLIDAY] or way.times.schedule.zone for way in access.ways):
        # Holidays and other zones come at any hour of the week.
        return False
    return not intersection(own, union(of_week(way.times.days[:7]) for way in access.ways))
