"""All rules at once against the same rules said plainly, over random buildings."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.access.ledger import Ledger
from kiosk.access.model import AuthMode, Credential, Group, PersonRights, Schedule, Window
from kiosk.access.rights import AccessRules, RightsBook, RightsOutcome

FACE, PIN = Credential.FACE, Credential.PIN
MONDAY_MS = round(datetime.datetime(2026, 6, 1, tzinfo=datetime.timezone.utc).timestamp()) * 1000
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
ME, OTHER = 1, 2
ENOUGH = {
    AuthMode.FACE: lambda shown: FACE in shown,
    AuthMode.PIN: lambda shown: PIN in shown,
    AuthMode.FACE_AND_PIN: lambda shown: FACE in shown and PIN in shown,
    AuthMode.FACE_OR_PIN: lambda shown: FACE in shown or PIN in shown,
}

# Few hours, so that rules meet.
windows = st.builds(
    lambda start, length: Window(start * 60, (start + length) * 60),
    st.integers(0, 23),
    st.integers(1, 24),
)
days = st.lists(windows, max_size=2).map(tuple) | st.just((Window(0, 1440),))
schedules = st.builds(
    lambda week, mode, waits: Schedule(None, "s", week, (), mode, waits),
    st.tuples(*[days] * 7) | st.just(((Window(0, 1440),),) * 7),
    st.sampled_from(AuthMode),
    st.booleans(),
)
ids = st.frozensets(st.integers(0, 2), max_size=2)
groups = st.builds(
    lambda chosen, doors, two, first, ignores: Group(
        None, "g", tuple(sorted(chosen)), doors, two, first, ignores
    ),
    ids,
    st.sampled_from(((), (), ("Front",), ("Back",))),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
times = st.integers(0, 47).map(lambda hours: MONDAY_MS + hours * HOUR_MS)
maybe_times = st.none() | times
people = st.builds(
    PersonRights,
    st.just(ME),
    ids,
    st.just(""),
    st.none() | st.just(MONDAY_MS),
    st.none() | times,
    st.none() | st.integers(0, 2),
    st.booleans(),
)
rules = st.builds(
    AccessRules,
    st.sampled_from(("off", "soft", "hard")),
    st.sampled_from((1, 3600, 7200)),
    st.just(20),
    st.sampled_from(("permanent", "nobody")),
)


@dataclass(frozen=True)
class Moment:
    """What somebody meets at the door."""

    at_ms: int
    shown: frozenset[Credential]
    clock_ok: bool
    last_ms: int | None
    first_ms: int | None
    waiting_s: int | None


moments = st.builds(
    Moment,
    times,
    st.sampled_from((frozenset({FACE}), frozenset({PIN}), frozenset({FACE, PIN}))),
    st.booleans(),
    maybe_times,
    maybe_times,
    st.none() | st.sampled_from((0, 19, 20)),
)


def opened_on(schedule: Schedule, at_ms: int) -> int | None:
    """Return the number of the day since Monday on which what is open began."""
    day, minute = divmod((at_ms - MONDAY_MS) // 60_000, 1440)
    for began, offset in ((day - 1, minute + 1440), (day, minute)):
        if any(each.start_min <= offset < each.end_min for each in schedule.week[began % 7]):
            return began
    return None


def is_usable(
    group: Group,
    schedule: Schedule,
    mine: list[Group],
    said: AccessRules,
    now: Moment,
) -> bool:
    """Say whether a way in is open, what is shown aside."""
    if group.doors and "Front" not in group.doors:
        return False
    is_first = any(each.is_first and each.doors != ("Back",) for each in mine)
    if now.clock_ok:
        began = opened_on(schedule, now.at_ms)
        if began is None:
            return False
        has_begun = (
            now.first_ms is not None
            and now.first_ms <= now.at_ms
            and (now.first_ms - MONDAY_MS) // DAY_MS >= began
        )
    else:
        if any(opened_on(schedule, MONDAY_MS + n * HOUR_MS) is None for n in range(7 * 24)):
            return False
        has_begun = False
    if schedule.waits_for_first and not is_first and not has_begun:
        return False
    is_back = now.last_ms is not None and abs(now.at_ms - now.last_ms) < said.passback_s * 1000
    return not (is_back and said.passback == "hard" and not group.ignores_passback)


def expected(
    person: PersonRights, found: list[Group], known: list[Schedule], said: AccessRules, now: Moment
) -> RightsOutcome:
    has_span = person.valid_from_ms is not None or person.valid_until_ms is not None
    if not now.clock_ok and (said.untrusted_clock == "nobody" or has_span):
        return RightsOutcome.DENIED
    if person.valid_until_ms is not None and now.at_ms >= person.valid_until_ms:
        return RightsOutcome.DENIED
    if person.uses_left == 0:
        return RightsOutcome.DENIED
    mine = [found[each] for each in person.group_ids]
    ways = [(group, known[each]) for group in mine for each in group.schedule_ids]
    if not mine:
        mine = [Group(None, "", ())]
        ways = [(mine[0], Schedule(None, "", ((Window(0, 1440),),) * 7))]
    ways = [(a, b) for a, b in ways if is_usable(a, b, mine, said, now)]
    if not ways:
        return RightsOutcome.DENIED
    shown = [group for group, schedule in ways if ENOUGH[schedule.mode](now.shown)]
    if not shown:
        return RightsOutcome.NEEDS_PIN if FACE in now.shown else RightsOutcome.NEEDS_FACE
    somebody_waits = now.waiting_s is not None and now.waiting_s < 20
    if somebody_waits or not all(group.needs_two for group in shown):
        return RightsOutcome.ALLOWED
    return RightsOutcome.NEEDS_SECOND


@settings(max_examples=200, deadline=None)
@given(
    people,
    st.lists(groups, min_size=3, max_size=3),
    st.lists(schedules, min_size=3, max_size=3),
    rules,
    moments,
)
def test_the_book_says_what_the_rules_say(
    person: PersonRights, found: list[Group], known: list[Schedule], said: AccessRules, now: Moment
) -> None:
    numbered_groups = [
        Group(n, *(getattr(each, name) for name in GROUP_FIELDS)) for n, each in enumerate(found)
    ]
    numbered = [
        Schedule(n, each.name, each.week, each.holiday, each.mode, each.waits_for_first)
        for n, each in enumerate(known)
    ]
    book = RightsBook.build(
        numbered,
        numbered_groups,
        [],
        [person, PersonRights(OTHER)],
        zone="UTC",
        door="Front",
        rules=said,
    )
    day = Ledger()
    if now.first_ms is not None:
        day.note_entry(OTHER, now.first_ms, is_first=True)
    if now.last_ms is not None:
        day.note_entry(ME, now.last_ms)
    if now.waiting_s is not None:
        day.note_waiting(OTHER, now.at_ms - now.waiting_s * 1000)
    verdict = book.judge(ME, now.at_ms, shown=now.shown, clock_ok=now.clock_ok, day=day)
    assert verdict.outcome is expected(person, found, known, said, now), verdict
    assert (verdict.denial is None) is (verdict.outcome is RightsOutcome.ALLOWED)


GROUP_FIELDS = ("name", "schedule_ids", "doors", "needs_two", "is_first", "ignores_passback")
