"""Who may enter: each rule alone, at the edges of what it says."""

from __future__ import annotations

import datetime

import pytest

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
from kiosk.access.rights import AccessRules, RightsBook, RightsOutcome, Verdict
from kiosk.config import AccessConfig, parse_config
from kiosk.domain import DenialReason
from kiosk.errors import AccessError, ConfigError

NOTHING: frozenset[Credential] = frozenset()
FACE = frozenset({Credential.FACE})
PIN = frozenset({Credential.PIN})
BOTH = FACE | PIN
ANN, BEN, CAT, GUEST = 1, 2, 3, 4
DAY = (Window(0, 1440),)
OFFICE = (Window(8 * 60, 18 * 60),)
ALL_DAY = Schedule(1, "all day", (DAY,) * 7, DAY)
OFFICE_HOURS = Schedule(2, "office", ((OFFICE,) * 5 + ((), ())))


def ms(text: str) -> int:
    """UTC milliseconds; 2026-06-01 is a Monday."""
    return round(datetime.datetime.fromisoformat(text + "+00:00").timestamp() * 1000)


NOON = ms("2026-06-01T12:00")
EVENING = ms("2026-06-01T20:00")


def book(
    *people: PersonRights,
    schedules: tuple[Schedule, ...] = (ALL_DAY, OFFICE_HOURS),
    groups: tuple[Group, ...] = (),
    holidays: tuple[Holiday, ...] = (),
    door: str = "Front",
    zone: str = "UTC",
    **rules: object,
) -> RightsBook:
    return RightsBook.build(
        schedules,
        groups,
        holidays,
        people,
        zone=zone,
        door=door,
        rules=AccessRules(**rules),  # type: ignore[arg-type]
    )


def asked(
    found: RightsBook,
    person_id: int = ANN,
    at_ms: int = NOON,
    *,
    shown: frozenset[Credential] = FACE,
    clock_ok: bool = True,
    day: Ledger | None = None,
) -> Verdict:
    return found.judge(person_id, at_ms, shown=shown, clock_ok=clock_ok, day=day or Ledger())


def is_allowed(verdict: Verdict) -> bool:
    return verdict.outcome is RightsOutcome.ALLOWED


def member(person_id: int, *groups: int, **more: object) -> PersonRights:
    return PersonRights(person_id, frozenset(groups), **more)  # type: ignore[arg-type]


# --- people, groups, hours ----------------------------------------------------------------------


def test_without_any_group_somebody_may_always_enter() -> None:
    assert asked(book(member(ANN))) == Verdict(RightsOutcome.ALLOWED)


def test_whom_the_book_does_not_know_is_refused() -> None:
    assert asked(book()).denial is DenialReason.RIGHTS_DAMAGED


def test_own_hours_hold_in_the_zone_of_the_door() -> None:
    found = book(member(ANN, hours="Mon-Fri 08:00-18:00"), zone="Asia/Kathmandu")
    assert is_allowed(asked(found, at_ms=ms("2026-06-01T02:15")))
    assert is_allowed(asked(found, at_ms=ms("2026-06-01T12:14:59")))
    late = asked(found, at_ms=ms("2026-06-01T12:15"))
    assert late == Verdict(RightsOutcome.DENIED, DenialReason.HOURS, "Mon-Fri 08:00-18:00")


def test_hours_that_cannot_be_read_let_nobody_in() -> None:
    assert asked(book(member(ANN, hours="sometimes"))).denial is DenialReason.RIGHTS_DAMAGED


def test_a_group_lets_in_during_its_schedules_only() -> None:
    found = book(member(ANN, 1), groups=(Group(1, "staff", (2,)),))
    assert is_allowed(asked(found))
    assert asked(found, at_ms=EVENING) == Verdict(
        RightsOutcome.DENIED, DenialReason.HOURS, "Mon-Fri 08:00-18:00"
    )


def test_of_several_groups_the_one_that_lets_in_counts() -> None:
    groups = (Group(1, "staff", (2,)), Group(2, "guards", (1,)))
    assert is_allowed(asked(book(member(ANN, 1, 2), groups=groups), at_ms=EVENING))


def test_own_hours_narrow_what_groups_allow() -> None:
    found = book(member(ANN, 1, hours="Mon-Sun 12:00-20:00"), groups=(Group(1, "staff", (2,)),))
    assert is_allowed(asked(found))
    denied = asked(found, at_ms=ms("2026-06-01T10:00"))
    assert denied.hours == "Mon-Fri 12:00-18:00"
    assert asked(found, at_ms=ms("2026-06-01T19:00")).denial is DenialReason.HOURS


def test_a_group_without_schedule_lets_nobody_in() -> None:
    denied = asked(book(member(ANN, 1), groups=(Group(1, "empty", ()),)))
    assert denied == Verdict(RightsOutcome.DENIED, DenialReason.HOURS, "never")


@pytest.mark.parametrize("groups", [(), (Group(1, "staff", (99,)),)])
def test_a_group_or_schedule_that_is_gone_opens_nothing(groups: tuple[Group, ...]) -> None:
    assert asked(book(member(ANN, 1), groups=groups)).denial is DenialReason.RIGHTS_DAMAGED


def test_what_is_gone_does_not_close_what_is_left() -> None:
    found = book(member(ANN, 1, 77), groups=(Group(1, "staff", (99, 1)),))
    assert is_allowed(asked(found))


def test_a_damaged_schedule_harms_its_own_people_only() -> None:
    broken = Schedule(3, "broken", (DAY,) * 7, zone="Moon/Base")
    found = book(
        member(ANN, 1),
        member(BEN, 2),
        schedules=(ALL_DAY, broken),
        groups=(Group(1, "a", (3,)), Group(2, "b", (1,))),
    )
    assert asked(found, ANN).denial is DenialReason.RIGHTS_DAMAGED
    assert is_allowed(asked(found, BEN))


def test_a_zone_of_the_door_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(AccessError, match="time zone"):
        book(zone="Moon/Base")


def test_a_schedule_in_another_zone_is_told_with_it() -> None:
    tokyo = Schedule(3, "tokyo", (OFFICE,) * 7, zone="Asia/Tokyo")
    found = book(member(ANN, 1), schedules=(tokyo,), groups=(Group(1, "t", (3,)),))
    assert is_allowed(asked(found, at_ms=ms("2026-06-01T00:00")))
    assert asked(found).hours == "Mon-Sun 08:00-18:00 (Asia/Tokyo)"


def test_on_a_holiday_its_windows_hold_and_are_told() -> None:
    day = datetime.date(2026, 6, 1)
    short = Schedule(3, "short", (OFFICE,) * 7, (Window(600, 720),))
    found = book(
        member(ANN, 1),
        member(BEN, 2),
        schedules=(short, OFFICE_HOURS),
        groups=(Group(1, "s", (3,)), Group(2, "o", (2,))),
        holidays=(Holiday(day, "Whit Monday"),),
    )
    assert is_allowed(asked(found, at_ms=ms("2026-06-01T11:59")))
    assert asked(found).hours == "Mon-Sun 08:00-18:00; holidays 10:00-12:00"
    assert asked(found, BEN).hours == "Mon-Fri 08:00-18:00; not on holidays"
    assert is_allowed(asked(found, at_ms=ms("2026-06-02T12:00")))


def test_the_shift_before_a_holiday_ends_as_it_would() -> None:
    night = Schedule(3, "night", ((Window(22 * 60, 30 * 60),),) * 7)
    found = book(
        member(ANN, 1),
        schedules=(night,),
        groups=(Group(1, "n", (3,)),),
        holidays=(Holiday(datetime.date(2026, 6, 2), "h"),),
    )
    assert is_allowed(asked(found, at_ms=ms("2026-06-02T05:59")))
    assert not is_allowed(asked(found, at_ms=ms("2026-06-02T22:00")))
    assert not is_allowed(asked(found, at_ms=ms("2026-06-03T05:00")))


def test_hours_on_holidays_only_are_told() -> None:
    only = Schedule(3, "only", ((),) * 7, DAY)
    found = book(member(ANN, 1), schedules=(only,), groups=(Group(1, "o", (3,)),))
    assert asked(found).hours == found.hours_of(ANN) == "only on holidays"


def test_a_text_of_many_hours_is_cut() -> None:
    days = tuple((Window(60 * n, 60 * n + 30), Window(600 + n, 700 + n)) for n in range(7))
    found = book(member(ANN, 1), schedules=(Schedule(3, "x", days),), groups=(Group(1, "x", (3,)),))
    assert found.hours_of(ANN).count(";") == 6
    assert found.hours_of(ANN).endswith("; …")
    assert found.hours_of(BEN) == "never"


# --- doors, validity, uses ----------------------------------------------------------------------


def test_a_group_of_other_doors_says_so() -> None:
    groups = (Group(1, "lab", (1,), doors=("Lab",)), Group(2, "all", (2,)))
    assert asked(book(member(ANN, 1), groups=groups)).denial is DenialReason.WRONG_DOOR
    assert is_allowed(asked(book(member(ANN, 1), groups=groups, door="Lab")))
    # The other group's schedule is not widened by the lab's.
    both = book(member(ANN, 1, 2), groups=groups)
    assert is_allowed(asked(both))
    assert asked(both, at_ms=EVENING).denial is DenialReason.HOURS


def test_rights_begin_and_end_on_the_millisecond() -> None:
    found = book(member(ANN, valid_from_ms=NOON, valid_until_ms=EVENING), zone="Europe/Berlin")
    early = asked(found, at_ms=NOON - 1)
    assert early == Verdict(RightsOutcome.DENIED, DenialReason.NOT_YET_VALID, "2026-06-01 14:00")
    assert is_allowed(asked(found, at_ms=NOON))
    assert is_allowed(asked(found, at_ms=EVENING - 1))
    assert asked(found, at_ms=EVENING).denial is DenialReason.EXPIRED


@pytest.mark.parametrize("uses_left", [2, 1])
def test_a_guests_pass_is_spent_by_entering(uses_left: int) -> None:
    verdict = asked(book(member(GUEST, uses_left=uses_left, is_guest=True)), GUEST)
    assert is_allowed(verdict)
    assert verdict.spends_use


@pytest.mark.parametrize("uses_left", [0, -1])
def test_a_pass_that_is_spent_opens_nothing(uses_left: int) -> None:
    found = book(member(GUEST, uses_left=uses_left))
    assert asked(found, GUEST).denial is DenialReason.USED_UP


def test_slow_walkers_are_given_time() -> None:
    assert asked(book(member(ANN, is_slow=True))).is_extended


# --- what has to be shown -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "shown", "outcome"),
    [
        (AuthMode.FACE, NOTHING, RightsOutcome.NEEDS_FACE),
        (AuthMode.FACE, FACE, RightsOutcome.ALLOWED),
        (AuthMode.FACE, PIN, RightsOutcome.NEEDS_FACE),
        (AuthMode.FACE, BOTH, RightsOutcome.ALLOWED),
        (AuthMode.FACE_AND_PIN, NOTHING, RightsOutcome.NEEDS_FACE),
        (AuthMode.FACE_AND_PIN, FACE, RightsOutcome.NEEDS_PIN),
        (AuthMode.FACE_AND_PIN, PIN, RightsOutcome.NEEDS_FACE),
        (AuthMode.FACE_AND_PIN, BOTH, RightsOutcome.ALLOWED),
        (AuthMode.PIN, NOTHING, RightsOutcome.NEEDS_PIN),
        (AuthMode.PIN, FACE, RightsOutcome.NEEDS_PIN),
        (AuthMode.PIN, PIN, RightsOutcome.ALLOWED),
        (AuthMode.PIN, BOTH, RightsOutcome.ALLOWED),
        (AuthMode.FACE_OR_PIN, NOTHING, RightsOutcome.NEEDS_FACE),
        (AuthMode.FACE_OR_PIN, FACE, RightsOutcome.ALLOWED),
        (AuthMode.FACE_OR_PIN, PIN, RightsOutcome.ALLOWED),
        (AuthMode.FACE_OR_PIN, BOTH, RightsOutcome.ALLOWED),
    ],
)
def test_each_mode_asks_for_what_it_says(
    mode: AuthMode, shown: frozenset[Credential], outcome: RightsOutcome
) -> None:
    found = book(
        member(ANN, 1),
        schedules=(Schedule(1, "s", (DAY,) * 7, mode=mode),),
        groups=(Group(1, "g", (1,)),),
    )
    verdict = asked(found, shown=shown)
    assert verdict.outcome is outcome
    needed = {
        RightsOutcome.NEEDS_PIN: DenialReason.PIN_NEEDED,
        RightsOutcome.NEEDS_FACE: DenialReason.FACE_NEEDED,
    }
    assert verdict.denial is needed.get(outcome)


def test_the_mode_changes_with_the_schedule_that_is_open() -> None:
    by_day = Schedule(1, "day", (OFFICE,) * 7)
    at_night = Schedule(2, "else", ((Window(18 * 60, 32 * 60),),) * 7, mode=AuthMode.FACE_AND_PIN)
    found = book(member(ANN, 1), schedules=(by_day, at_night), groups=(Group(1, "g", (1, 2)),))
    assert is_allowed(asked(found))
    assert asked(found, at_ms=EVENING).outcome is RightsOutcome.NEEDS_PIN
    assert found.modes_at(NOON) == {AuthMode.FACE}
    assert found.modes_at(EVENING) == {AuthMode.FACE_AND_PIN}


def test_somebody_without_group_shows_their_face() -> None:
    found = book(member(ANN))
    assert asked(found, shown=PIN).outcome is RightsOutcome.NEEDS_FACE
    assert found.modes_at(NOON) == {AuthMode.FACE}


def test_modes_are_those_of_schedules_somebody_can_use_at_this_door() -> None:
    pin = Schedule(1, "pin", (OFFICE,) * 7, mode=AuthMode.PIN)
    found = book(member(ANN, 1), schedules=(pin,), groups=(Group(1, "g", (1,), doors=("Back",)),))
    assert found.modes_at(NOON) == frozenset()
    there = book(
        member(ANN, 1),
        schedules=(pin,),
        groups=(Group(1, "g", (1,), doors=("Back",)),),
        door="Back",
    )
    assert there.modes_at(NOON) == {AuthMode.PIN}
    assert there.modes_at(NOON, clock_ok=False) == frozenset()


# --- the first of the day -----------------------------------------------------------------------

WAITING = Schedule(1, "office", (OFFICE,) * 7, waits_for_first=True)
FIRST_GROUPS = (Group(1, "staff", (1,)), Group(2, "chiefs", (1,), is_first=True))


def waiting_book() -> RightsBook:
    return book(member(ANN, 1), member(BEN, 2), schedules=(WAITING,), groups=FIRST_GROUPS)


def test_staff_wait_for_who_begins_the_day() -> None:
    found, day = waiting_book(), Ledger()
    assert asked(found, day=day).denial is DenialReason.WAITS_FOR_FIRST
    assert is_allowed(asked(found, BEN, day=day))
    found.note_entry(day, BEN, NOON)
    assert is_allowed(asked(found, at_ms=NOON + 1, day=day))
    # The day after, it begins anew.
    assert asked(found, at_ms=NOON + 86_400_000, day=day).denial is DenialReason.WAITS_FOR_FIRST


def test_others_who_come_in_do_not_begin_the_day() -> None:
    found, day = waiting_book(), Ledger()
    found.note_entry(day, ANN, NOON - 10)
    assert asked(found, day=day).denial is DenialReason.WAITS_FOR_FIRST


def test_a_night_shift_waits_once_though_midnight_passes() -> None:
    night = Schedule(1, "n", ((Window(22 * 60, 30 * 60),),) * 7, waits_for_first=True)
    found, day = (
        book(member(ANN, 1), member(BEN, 2), schedules=(night,), groups=FIRST_GROUPS),
        Ledger(),
    )
    found.note_entry(day, BEN, ms("2026-06-01T22:05"))
    assert is_allowed(asked(found, at_ms=ms("2026-06-02T03:00"), day=day))
    assert not is_allowed(asked(found, at_ms=ms("2026-06-02T22:10"), day=day))


def test_where_two_shifts_overlap_the_first_of_the_earlier_will_do() -> None:
    shifts = (Window(5 * 60, 10 * 60), Window(20 * 60, 30 * 60))
    found, day = (
        book(
            member(ANN, 1),
            member(BEN, 2),
            schedules=(Schedule(1, "s", (shifts,) * 7, waits_for_first=True),),
            groups=FIRST_GROUPS,
        ),
        Ledger(),
    )
    found.note_entry(day, BEN, ms("2026-06-01T20:30"))
    assert is_allowed(asked(found, at_ms=ms("2026-06-02T05:30"), day=day))
    assert not is_allowed(asked(found, at_ms=ms("2026-06-02T06:00"), day=day))


def test_the_day_is_that_of_the_schedules_zone() -> None:
    apart = Schedule(1, "a", (DAY,) * 7, zone="Asia/Tokyo", waits_for_first=True)
    found, day = (
        book(member(ANN, 1), member(BEN, 2), schedules=(apart,), groups=FIRST_GROUPS),
        Ledger(),
    )
    found.note_entry(day, BEN, ms("2026-06-01T14:59"))
    assert is_allowed(asked(found, at_ms=ms("2026-06-01T14:59:59"), day=day))
    assert not is_allowed(asked(found, at_ms=ms("2026-06-01T15:00"), day=day))


def test_an_arrival_after_now_begins_no_day() -> None:
    found, day = waiting_book(), Ledger()
    found.note_entry(day, BEN, NOON + 60_000)
    assert asked(found, day=day).denial is DenialReason.WAITS_FOR_FIRST


def test_who_begins_the_day_elsewhere_does_not_begin_it_here() -> None:
    groups = (Group(1, "staff", (1,)), Group(2, "lab", (1,), doors=("Lab",), is_first=True))
    found = book(member(BEN, 1, 2), schedules=(WAITING,), groups=groups)
    assert not found.is_first(BEN)
    assert asked(found, BEN).denial is DenialReason.WAITS_FOR_FIRST


# --- anti-passback ------------------------------------------------------------------------------


@pytest.mark.parametrize(("after_s", "is_back"), [(0, True), (299.999, True), (300, False)])
def test_hard_passback_refuses_and_soft_passback_notes(after_s: float, is_back: bool) -> None:
    later = NOON + round(after_s * 1000)
    for passback in ("off", "soft", "hard"):
        found, day = book(member(ANN), passback=passback, passback_s=300), Ledger()
        found.note_entry(day, ANN, NOON)
        verdict = asked(found, at_ms=later, day=day)
        if passback == "hard" and is_back:
            assert verdict.denial is DenialReason.PASSBACK
        else:
            assert is_allowed(verdict)
            assert verdict.is_soft_passback is (passback == "soft" and is_back)


def test_a_clock_set_back_a_little_does_not_let_in_twice() -> None:
    found, day = book(member(ANN), passback="hard"), Ledger()
    found.note_entry(day, ANN, NOON)
    assert asked(found, at_ms=NOON - 60_000, day=day).denial is DenialReason.PASSBACK
    assert is_allowed(asked(found, at_ms=NOON - 86_400_000, day=day))


@pytest.mark.parametrize("passback", ["soft", "hard"])
def test_some_groups_may_come_back(passback: str) -> None:
    groups = (Group(1, "porters", (1,), ignores_passback=True), Group(2, "staff", (1,)))
    found, day = book(member(ANN, 1, 2), groups=groups, passback=passback), Ledger()
    found.note_entry(day, ANN, NOON)
    verdict = asked(found, day=day)
    assert is_allowed(verdict)
    assert not verdict.is_soft_passback


# --- two persons --------------------------------------------------------------------------------

VAULT = (Group(1, "vault", (1,), needs_two=True), Group(2, "staff", (1,)))


def vault_book(*people: PersonRights) -> RightsBook:
    everybody = people or (member(ANN, 1), member(BEN, 1), member(CAT, 2))
    return book(*everybody, groups=VAULT, two_person_s=20)


def test_two_different_members_come_in_together() -> None:
    found, day = vault_book(), Ledger()
    first = asked(found, ANN, day=day)
    assert (first.outcome, first.denial) == (
        RightsOutcome.NEEDS_SECOND,
        DenialReason.SECOND_MISSING,
    )
    day.note_waiting(ANN, NOON)
    assert asked(found, ANN, NOON + 1000, day=day).outcome is RightsOutcome.NEEDS_SECOND
    second = asked(found, BEN, NOON + 19_999, day=day)
    assert is_allowed(second)
    assert second.partner_id == ANN


@pytest.mark.parametrize("after_ms", [-1, 20_000])
def test_a_second_person_too_late_is_a_first(after_ms: int) -> None:
    found, day = vault_book(), Ledger()
    day.note_waiting(ANN, NOON)
    assert asked(found, BEN, NOON + after_ms, day=day).outcome is RightsOutcome.NEEDS_SECOND


def test_who_may_come_alone_is_nobodys_partner() -> None:
    found, day = vault_book(), Ledger()
    day.note_waiting(ANN, NOON)
    verdict = asked(found, CAT, NOON + 1, day=day)
    assert is_allowed(verdict)
    assert verdict.partner_id is None


def test_who_may_come_alone_as_well_brings_the_waiting_one_in() -> None:
    found, day = vault_book(member(ANN, 1), member(BEN, 1, 2)), Ledger()
    assert is_allowed(asked(found, BEN, day=day))
    day.note_waiting(ANN, NOON)
    assert asked(found, BEN, NOON + 1, day=day).partner_id == ANN


def test_a_pair_needs_its_credentials_first_and_takes_its_time() -> None:
    both = Schedule(1, "s", (DAY,) * 7, mode=AuthMode.FACE_AND_PIN)
    found = book(
        member(ANN, 1, is_slow=True),
        member(BEN, 1, uses_left=1),
        schedules=(both,),
        groups=(Group(1, "vault", (1,), needs_two=True),),
    )
    day = Ledger()
    assert asked(found, ANN).outcome is RightsOutcome.NEEDS_PIN
    day.note_waiting(ANN, NOON)
    assert asked(found, BEN, day=day).outcome is RightsOutcome.NEEDS_PIN
    verdict = asked(found, BEN, shown=BOTH, day=day)
    assert (verdict.partner_id, verdict.is_extended, verdict.spends_use) == (ANN, True, True)


def test_who_is_deleted_while_waiting_is_no_partner() -> None:
    day = Ledger()
    day.note_waiting(ANN, NOON)
    left = vault_book(member(BEN, 1))
    assert asked(left, BEN, NOON + 1, day=day).outcome is RightsOutcome.NEEDS_SECOND


def test_an_entry_ends_the_waiting() -> None:
    found, day = vault_book(), Ledger()
    day.note_waiting(ANN, NOON)
    found.note_entry(day, ANN, NOON + 1)
    assert asked(found, BEN, NOON + 2, day=day).outcome is RightsOutcome.NEEDS_SECOND


# --- a clock nobody trusts ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("person", "passes"),
    [
        (member(ANN), True),
        (member(ANN, hours="Mon-Sun 00:00-24:00"), True),
        (member(ANN, uses_left=1), True),
        (member(ANN, 1), True),
        (member(ANN, 1, 2), True),
        (member(ANN, 2), False),
        (member(ANN, 3), False),
        (member(ANN, hours="Mon-Fri 08:00-18:00"), False),
        (member(ANN, 1, hours="Mon-Fri 08:00-18:00"), False),
        (member(ANN, valid_from_ms=0), False),
        (member(ANN, valid_until_ms=NOON * 2), False),
    ],
)
def test_without_a_clock_only_rights_without_times_count(
    person: PersonRights, passes: bool
) -> None:
    waits = Schedule(3, "w", (DAY,) * 7, DAY, waits_for_first=True)
    found = book(
        person,
        schedules=(ALL_DAY, OFFICE_HOURS, waits),
        groups=(Group(1, "a", (1,)), Group(2, "o", (2,)), Group(3, "w", (3,))),
        holidays=(Holiday(datetime.date(2026, 1, 1), "New Year"),),
    )
    verdict = asked(found, clock_ok=False)
    assert is_allowed(verdict) is passes
    assert verdict.denial is (None if passes else DenialReason.CLOCK)
    strict = book(person, groups=(Group(1, "a", (1,)),), untrusted_clock="nobody")
    assert asked(strict, clock_ok=False).outcome is RightsOutcome.DENIED


def test_without_a_clock_nobody_at_all_where_that_is_the_policy() -> None:
    found = book(member(ANN), untrusted_clock="nobody")
    assert asked(found, clock_ok=False).denial is DenialReason.CLOCK
    assert is_allowed(asked(found))


def test_who_begins_the_day_needs_no_clock_for_a_schedule_that_waits() -> None:
    waits = Schedule(1, "w", (DAY,) * 7, waits_for_first=True)
    found = book(member(ANN, 1), member(BEN, 2), schedules=(waits,), groups=FIRST_GROUPS)
    assert is_allowed(asked(found, BEN, clock_ok=False))
    assert asked(found, ANN, clock_ok=False).denial is DenialReason.CLOCK


# --- free access --------------------------------------------------------------------------------


def test_the_door_is_free_during_its_schedule() -> None:
    found, day = book(schedules=(ALL_DAY, OFFICE_HOURS)), Ledger()
    end = ms("2026-06-01T18:00")
    assert found.free_access_at(2, NOON, clock_ok=True, day=day) == end
    assert found.free_access_at(2, end, clock_ok=True, day=day) is None
    assert found.free_access_at(2, NOON, clock_ok=False, day=day) is None
    assert found.free_access_at(None, NOON, clock_ok=True, day=day) is None
    assert found.free_access_at(99, NOON, clock_ok=True, day=day) is None


def test_free_access_may_wait_for_the_first_person() -> None:
    found, day = waiting_book(), Ledger()
    assert found.free_access_at(1, NOON, clock_ok=True, day=day) is None
    found.note_entry(day, ANN, NOON)
    assert found.free_access_at(1, NOON, clock_ok=True, day=day) is None
    found.note_entry(day, BEN, NOON)
    assert found.free_access_at(1, NOON, clock_ok=True, day=day) == ms("2026-06-01T18:00")
    tomorrow = NOON + 86_400_000
    assert found.free_access_at(1, tomorrow, clock_ok=True, day=day) is None


def test_rules_come_from_the_settings() -> None:
    config = AccessConfig(passback="hard", passback_s=60, untrusted_clock="nobody")
    assert AccessRules.of(config) == AccessRules("hard", 60, 20, "nobody")
    assert AccessRules.of(AccessConfig()) == AccessRules()


@pytest.mark.parametrize(
    "values", [{"passback": "maybe"}, {"passback_s": 0}, {"two_person_s": 1}, {"gate": "x"}]
)
def test_settings_that_make_no_sense_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=r"\[access\]"):
        parse_config({"access": values})
