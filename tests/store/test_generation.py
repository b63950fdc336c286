"""Every change of who may enter shows in one number, and nothing else does."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kiosk.access.model import Group, PersonRights, Schedule, Window
from kiosk.domain import Event, EventKind
from kiosk.store.store import Store

WEEK = ((Window(480, 600),),) * 7
CHANGES: dict[str, Callable[[Store], object]] = {
    "added": lambda store: store.people.add("Eve", "", None, 0),
    "disabled": lambda store: store.people.set_enabled(1, False),
    "renamed": lambda store: store.people.rename(1, "Grace"),
    "number": lambda store: store.people.set_number(1, "5"),
    "hours": lambda store: store.people.set_hours(1, "never"),
    "deleted": lambda store: store.people.delete(1),
    "rights": lambda store: store.rights.save_rights(PersonRights(1, uses_left=3)),
    "new schedule": lambda store: store.rights.save_schedule(Schedule(None, "late", WEEK)),
    "schedule": lambda store: store.rights.save_schedule(Schedule(1, "early", WEEK)),
    "no schedule": lambda store: store.rights.delete_schedule(1),
    "holidays": lambda store: store.rights.save_holidays(()),
    "group": lambda store: store.rights.save_group(Group(1, "staff", ())),
    "no group": lambda store: store.rights.delete_group(1),
}


@pytest.fixture
def filled(store: Store) -> Store:
    store.people.add("Ada", "17", None, 0)
    store.rights.save_schedule(Schedule(None, "day", WEEK))
    store.rights.save_group(Group(None, "all", ()))
    return store


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_shows(filled: Store, change: str) -> None:
    before = filled.rights.generation()
    CHANGES[change](filled)
    assert filled.rights.generation() > before


def test_templates_show(filled: Store, make_template) -> None:
    before = filled.rights.generation()
    filled.people.replace_templates(1, [make_template(1)])
    assert filled.rights.generation() > before


def test_a_change_that_fails_and_all_else_do_not_show(filled: Store) -> None:
    filled.rights.save_rights(PersonRights(1, uses_left=3))
    before = filled.rights.generation()
    with pytest.raises(ZeroDivisionError), filled.database.writing():
        filled.people.set_enabled(1, False)
        raise ZeroDivisionError
    filled.rights.spend_use(1)
    filled.events.append(Event(EventKind.GRANTED, 5, 1, "Ada"))
    filled.settings.set("door.lockdown", "1")
    filled.rights.read()
    assert filled.rights.generation() == before


def test_a_damaged_number_is_counted_on(filled: Store) -> None:
    filled.settings.set("rights.generation", "much")
    assert filled.rights.generation() == 0
    filled.people.set_enabled(1, False)
    assert filled.rights.generation() == 1
