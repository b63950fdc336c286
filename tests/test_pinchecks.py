"""What the log says of PINs typed at the door, and that a silent alarm is raised."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.access.lockout import LockoutClock
from kiosk.domain import EventKind
from kiosk.errors import PinError
from kiosk.personalpins import set_pin
from kiosk.pinchecks import PinChecks
from kiosk.store.lane import StoreLane
from kiosk.store.store import opened

NOW = LockoutClock(10**12, "boot")


class House:
    """Two people with PINs, a lane and a log."""

    def __init__(self, path: Path) -> None:
        with opened(path) as store:
            self.ada = store.people.add("Ada", "17", None, 0).id
            self.eve = store.people.add("Eve", "18", None, 0).id
            set_pin(store, self.ada, "7294")
            set_pin(store, self.eve, "6150")
        self.log: list[tuple[EventKind, int | None, str, str]] = []
        self.lane = StoreLane(path)
        self.checks = PinChecks(self.lane, self._record, lambda: NOW)

    def _record(self, kind: EventKind, person: int | None, name: str, detail: str) -> None:
        self.log.append((kind, person, name, detail))

    def check(self, pin: str, *people: int) -> int | None:
        return self.checks.check(frozenset(people), pin).result(10).person_id

    def number(self, number: str, pin: str) -> int | None:
        return self.checks.check_number(number, pin).result(10).person_id


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path / "kiosk.db")
    made.lane.start().result(10)
    yield made
    made.lane.stop()


def test_a_right_pin_is_no_event_of_its_own(house: House) -> None:
    assert house.check("7294", house.ada) == house.ada
    assert house.number("18", "6150") == house.eve
    assert house.log == []


def test_a_duress_pin_raises_the_alarm_whatever_comes_of_it(house: House) -> None:
    person = house.checks.set_duress_pin(house.ada, "4027").result(10)
    assert person.id == house.ada
    assert house.check("4027", house.ada, house.eve) == house.ada
    assert house.number("17", "4027") == house.ada
    assert house.log == [
        (EventKind.PERSON_CHANGED, house.ada, "Ada", "duress PIN set"),
        (EventKind.DURESS, house.ada, "Ada", ""),
        (EventKind.DURESS, house.ada, "Ada", ""),
    ]
    house.checks.remove_duress_pin(house.ada).result(10)
    assert house.log[-1] == (EventKind.PERSON_CHANGED, house.ada, "Ada", "duress PIN removed")
    with pytest.raises(PinError):
        house.checks.set_duress_pin(house.ada, "7295").result(10)
    assert len(house.log) == 4


def test_wrong_ones_name_whom_they_were_tried_against_where_that_is_sure(house: House) -> None:
    house.check("9034", house.ada, house.eve)
    house.check("9034", house.ada)
    house.number("17", "9034")
    house.number("5555", "9034")
    house.number("\udc80", "9034")
    both = f"looks like {house.ada}, {house.eve}"
    assert house.log == [
        (EventKind.PIN_REFUSED, None, "", both),
        (EventKind.PIN_REFUSED, house.ada, "Ada", ""),
        (EventKind.PIN_REFUSED, house.ada, "Ada", "typed with a number"),
        # Not the number: somebody may have typed their PIN there.
        (EventKind.PIN_REFUSED, None, "", "typed with a number"),
        (EventKind.PIN_REFUSED, None, "", "typed with a number"),
    ]


def test_a_lockout_is_noted_each_time_it_stops_somebody(house: House) -> None:
    for _ in range(6):
        house.number("17", "9034")
    kinds = [kind for kind, *_ in house.log]
    assert kinds == [EventKind.PIN_REFUSED] * 5 + [EventKind.PIN_LOCKOUT] * 2
    assert house.log[-1][1:] == (house.ada, "Ada", "30 s, typed with a number")
