"""Who may enter now, and what they have to show: the rules, compiled, asked once per visit.

``RightsBook`` is a snapshot without any state of its own; what has happened today is in a
:class:`kiosk.access.ledger.Ledger`. Whoever it does not know, and whoever has rights that cannot
be understood, is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kiosk.access.calendar import WallTime, local_time, wall_time
from kiosk.access.hourstext import HoursTexts
from kiosk.access.ledger import Ledger
from kiosk.access.model import AuthMode, Credential, Group, Holiday, PersonRights, Schedule
from kiosk.access.rightschecks import problems_of
from kiosk.access.schedules import OpenTimes
from kiosk.access.verdict import AccessRules as AccessRules
from kiosk.access.verdict import RightsOutcome as RightsOutcome
from kiosk.access.verdict import Verdict as Verdict
from kiosk.access.ways import Access, Compiled, Entrant, Way, compile_rights
from kiosk.domain import DenialReason

_ACCEPTED: Mapping[AuthMode, tuple[frozenset[Credential], ...]] = {
    AuthMode.FACE: (frozenset({Credential.FACE}),),
    AuthMode.FACE_AND_PIN: (frozenset({Credential.FACE, Credential.PIN}),),
    AuthMode.PIN: (frozenset({Credential.PIN}),),
    AuthMode.FACE_OR_PIN: (frozenset({Credential.FACE}), frozenset({Credential.PIN})),
}


class RightsBook:
    """The rights of everybody at one door."""

    def __init__(self, compiled: Compiled, rules: AccessRules) -> None:
        self.compiled = compiled
        self.rules = rules
        self._people: Mapping[int, Entrant] = compiled.people
        self._zone = compiled.zone
        self._texts = HoursTexts(compiled.zone)

    @classmethod
    def build(
        cls,
        schedules: Iterable[Schedule] = (),
        groups: Iterable[Group] = (),
        holidays: Iterable[Holiday] = (),
        people: Iterable[PersonRights] = (),
        *,
        zone: str = "",
        door: str = "",
        rules: AccessRules | None = None,
    ) -> RightsBook:
        """Compile the rights for one door; ``people`` are all who may be recognised.

        ``zone`` is an IANA name; empty: the system's. Raises AccessError where there is no such
        zone. What cannot be understood otherwise lets nobody in, and :func:`warnings` names it.
        """
        return cls(
            compile_rights(schedules, groups, holidays, people, zone=zone, door=door),
            AccessRules() if rules is None else rules,
        )

    def judge(
        self,
        person_id: int,
        at_ms: int,
        *,
        shown: frozenset[Credential],
        clock_ok: bool,
        day: Ledger,
    ) -> Verdict:
        """Say whether somebody who has ``shown`` this may enter at a UTC time, milliseconds."""
        entrant = self._people.get(person_id)
        if entrant is None:
            return _denied(DenialReason.RIGHTS_DAMAGED)
        denial = self._standing(entrant, at_ms, clock_ok)
        if denial is DenialReason.NOT_YET_VALID:
            since = local_time(entrant.rights.valid_from_ms or 0, self._zone)
            return _denied(denial, f"{since:%Y-%m-%d %H:%M}")
        if denial is not None:
            return _denied(denial)
        ways = self._ways_now(entrant, at_ms, clock_ok, day)
        if ways is DenialReason.HOURS:
            return _denied(ways, self._texts.on(entrant, at_ms))
        if isinstance(ways, DenialReason):
            return _denied(ways)
        return self._passage(entrant, ways, at_ms, shown, day)

    def note_entry(self, day: Ledger, person_id: int, at_ms: int) -> None:
        """Write into the ledger that somebody was let in; of two, one call for each."""
        day.note_entry(person_id, at_ms, is_first=self.is_first(person_id))

    def is_first(self, person_id: int) -> bool:
        """Tell whether somebody's arrival begins the day; for ``Ledger.restore``."""
        entrant = self._people.get(person_id)
        return entrant is not None and entrant.access.is_first

    def hours_of(self, person_id: int) -> str:
        """Return when somebody may enter in an ordinary week, in words."""
        entrant = self._people.get(person_id)
        return "never" if entrant is None else self._texts.of_week(entrant)

    def modes_at(self, at_ms: int, *, clock_ok: bool = True) -> frozenset[AuthMode]:
        """Return what the ways in that are open now ask for, whoever may use them."""
        return frozenset(
            times.schedule.mode
            for times in self.compiled.used_times
            if times.is_always or (clock_ok and times.is_open(at_ms))
        )

    def free_access_at(
        self, schedule_id: int | None, at_ms: int, *, clock_ok: bool, day: Ledger
    ) -> int | None:
        """Return until when the door is free by a schedule, UTC milliseconds; None: it is not.

        Where the schedule waits for the first person, only after somebody who begins the day has
        come in. Never while the clock is not trusted. At most a day ahead.
        """
        times = None if schedule_id is None else self.compiled.times.get(schedule_id)
        if times is None or not clock_ok:
            return None
        began = times.began_on(wall_time(at_ms, times.zone))
        if began is None or _waits(times, began, at_ms, day):
            return None
        return times.open_until_ms(at_ms)

    def _standing(self, entrant: Entrant, at_ms: int, clock_ok: bool) -> DenialReason | None:
        """Return what is in the way whatever the schedules say."""
        rights = entrant.rights
        if entrant.access.is_damaged and not entrant.access.ways:
            return DenialReason.RIGHTS_DAMAGED
        if not clock_ok and (self.rules.untrusted_clock == "nobody" or not entrant.is_timeless):
            return DenialReason.CLOCK
        if rights.valid_from_ms is not None and at_ms < rights.valid_from_ms:
            return DenialReason.NOT_YET_VALID
        if rights.valid_until_ms is not None and at_ms >= rights.valid_until_ms:
            return DenialReason.EXPIRED
        if rights.uses_left is not None and rights.uses_left <= 0:
            return DenialReason.USED_UP
        return None if entrant.access.reaches_door else DenialReason.WRONG_DOOR

    def _ways_now(
        self, entrant: Entrant, at_ms: int, clock_ok: bool, day: Ledger
    ) -> list[Way] | DenialReason:
        """Return the ways in that are open to somebody, or why there is none."""
        access = entrant.access
        if not clock_ok:
            # Which day it is, is not known either, so nobody can be the first of it.
            sure = [way for way in access.ways if way.times.is_always]
            ways = [each for each in sure if access.is_first or not _waits_at_all(each)]
            return ways or DenialReason.CLOCK
        if entrant.has_own_hours and not entrant.hours.allows(local_time(at_ms, self._zone)):
            return DenialReason.HOURS
        found = _open_ways(access, at_ms)
        if not found:
            return DenialReason.HOURS
        ways = [
            way
            for way, began in found
            if access.is_first or not _waits(way.times, began, at_ms, day)
        ]
        return ways or DenialReason.WAITS_FOR_FIRST

    def _passage(
        self,
        entrant: Entrant,
        ways: list[Way],
        at_ms: int,
        shown: frozenset[Credential],
        day: Ledger,
    ) -> Verdict:
        """Judge somebody to whom these ways in are open."""
        rules, person_id = self.rules, entrant.rights.person_id
        is_back = rules.passback != "off" and _is_back(person_id, at_ms, rules.passback_s, day)
        if is_back and rules.passback == "hard":
            ways = [way for way in ways if way.ignores_passback]
            if not ways:
                return _denied(DenialReason.PASSBACK)
        usable = [way for way in ways if _missing(way, shown) == frozenset()]
        if not usable:
            return _asking(ways, shown)
        partner = self._partner(person_id, usable, at_ms, day)
        alone = [way for way in usable if not way.needs_two]
        entered = usable if partner is not None else alone
        slow = [entrant, *([] if partner is None else [partner])]
        waits = not entered
        return Verdict(
            RightsOutcome.NEEDS_SECOND if waits else RightsOutcome.ALLOWED,
            DenialReason.SECOND_MISSING if waits else None,
            is_extended=any(each.rights.is_slow for each in slow),
            spends_use=entrant.rights.uses_left is not None,
            is_soft_passback=is_back and not any(way.ignores_passback for way in entered),
            partner_id=None if partner is None else partner.rights.person_id,
        )

    def _partner(
        self, person_id: int, usable: list[Way], at_ms: int, day: Ledger
    ) -> Entrant | None:
        """Return who waited for somebody that may come in as one of two."""
        if not any(way.needs_two for way in usable):
            return None
        waited = day.partner_of(person_id, at_ms, self.rules.two_person_s)
        return None if waited is None else self._people.get(waited)


def warnings(book: RightsBook) -> list[str]:
    """Return what somebody who looks after the rights should know, in sentences."""
    return problems_of(book.compiled)


def _denied(reason: DenialReason, hours: str = "") -> Verdict:
    return Verdict(RightsOutcome.DENIED, reason, hours)


def _asking(ways: list[Way], shown: frozenset[Credential]) -> Verdict:
    missing = {_missing(way, shown) for way in ways}
    if missing == {frozenset({Credential.PIN})} or Credential.FACE in shown:
        return Verdict(RightsOutcome.NEEDS_PIN, DenialReason.PIN_NEEDED)
    return Verdict(RightsOutcome.NEEDS_FACE, DenialReason.FACE_NEEDED)


def _missing(way: Way, shown: frozenset[Credential]) -> frozenset[Credential]:
    """Return what is still to be shown; of two possibilities, the one that asks for less."""
    accepted = _ACCEPTED[way.times.schedule.mode]
    return min((each - shown for each in accepted), key=len)


def _open_ways(access: Access, at_ms: int) -> list[tuple[Way, int]]:
    """Return the ways in that are open, with the day on which each was opened."""
    walls: dict[object, WallTime] = {}
    found: list[tuple[Way, int]] = []
    for way in access.ways:
        zone = way.times.zone
        at = walls.get(zone)
        if at is None:
            at = walls[zone] = wall_time(at_ms, zone)
        began = way.times.began_on(at)
        if began is not None:
            found.append((way, began))
    return found


def _waits_at_all(way: Way) -> bool:
    return way.times.schedule.waits_for_first


def _waits(times: OpenTimes, began: int, at_ms: int, day: Ledger) -> bool:
    """Tell whether nobody who begins the day has come since the day on which this was opened."""
    if not times.schedule.waits_for_first:
        return False
    first_ms = day.last_first_ms
    # An entry in the future is from before the clock was set back: on which day, nobody knows.
    if first_ms is None or first_ms > at_ms:
        return True
    return wall_time(first_ms, times.zone).day < began


def _is_back(person_id: int, at_ms: int, passback_s: int, day: Ledger) -> bool:
    last_ms = day.last_entry_ms(person_id)
    # The difference without its sign: a clock set back a little does not let anybody in twice.
    return last_ms is not None and abs(at_ms - last_ms) < passback_s * 1000
