"""The liveness policy by the time of the week: what is written is what holds."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.access.hours import HoursPart
from kiosk.access.livenesspolicy import LivenessSchedule
from kiosk.domain import LivenessPolicy
from kiosk.errors import ConfigError

OFF, PASSIVE, FULL = (
    LivenessPolicy.OFF,
    LivenessPolicy.PASSIVE,
    LivenessPolicy.PASSIVE_CHALLENGE,
)
MONDAY = datetime(2026, 3, 2)
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

policies = st.sampled_from(LivenessPolicy)
spans = st.tuples(st.integers(0, 1439), st.integers(1, 1440)).filter(
    lambda span: span[0] != span[1]
)
hours = st.builds(
    lambda days, span: HoursPart(tuple(sorted(days)), *span),
    st.sets(st.integers(0, 6), min_size=1),
    spans,
)
schedules = st.builds(
    lambda parts, otherwise: LivenessSchedule(tuple(parts), otherwise),
    st.lists(st.tuples(hours, policies), max_size=4),
    policies,
)
times = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1))


def at(text: str) -> datetime:
    """Return a time of one week in words, e.g. ``Fri 22:30``."""
    day, clock = text.split(" ")
    hour, minute = map(int, clock.split(":"))
    return MONDAY + timedelta(days=DAYS.index(day), hours=hour, minutes=minute)


def parse(text: str, default: LivenessPolicy = PASSIVE) -> LivenessSchedule:
    return LivenessSchedule.parse(text, default)


@pytest.mark.parametrize("text", ["", "   "])
@pytest.mark.parametrize("default", LivenessPolicy)
def test_without_a_schedule_the_setting_holds_always(text: str, default: LivenessPolicy) -> None:
    schedule = parse(text, default)
    assert schedule.policies == {default}
    assert schedule.policy_at(at("Sun 03:00")) is default


@pytest.mark.parametrize(
    ("when", "policy"),
    [
        ("Mon 07:59", FULL),
        ("Mon 08:00", PASSIVE),
        ("Fri 17:59", PASSIVE),
        ("Fri 18:00", FULL),
        ("Sat 10:00", OFF),
        ("Sun 10:00", FULL),
    ],
)
def test_the_policy_changes_on_the_minute(when: str, policy: LivenessPolicy) -> None:
    text = "Mon-Fri 08:00-18:00 passive; sat 9:00-12:00 OFF; Else passive+challenge"
    assert parse(text).policy_at(at(when)) is policy


def test_without_else_the_setting_holds_outside() -> None:
    schedule = parse("Mon 08:00-09:00 off", FULL)
    assert schedule.policy_at(at("Mon 08:30")) is OFF
    assert schedule.policy_at(at("Mon 09:00")) is FULL
    assert parse("else off", FULL).policies == {OFF}


def test_the_first_part_that_holds_counts_and_nights_belong_to_their_evening() -> None:
    schedule = parse("Fri 22:00-06:00 off; always passive", FULL)
    assert schedule.policy_at(at("Sat 05:59")) is OFF
    assert schedule.policy_at(at("Fri 21:59")) is PASSIVE


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("sometimes", "must end in one policy"),
        ("Mon 08:00-18:00", "must end in one policy"),
        ("Mon 08:00-18:00 strict", "must end in one policy"),
        ("Mon 08:00-18:00 passive;", "must end in one policy"),
        ("else", "must end in one policy"),
        ("else off passive", "must end in one policy"),
        ("passive", "names no time"),
        ("never passive", "names no time"),
        ("else off; Mon 08:00-09:00 passive", "else must be the last part"),
        ("Mon 25:00-26:00 passive", "times go from"),
        ("Someday 08:00-09:00 passive", "no day"),
        ("Mon 08:00-09:00 passive " + ";" * 600, "characters"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_an_example(text: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem) as caught:
        parse(text)
    assert "schedule" in str(caught.value)
    assert len(str(caught.value)) < 400


@given(schedules)
def test_what_is_written_out_reads_back_the_same(schedule: LivenessSchedule) -> None:
    assert parse(str(schedule), OFF) == schedule


@given(schedules, times)
def test_the_policy_is_that_of_the_first_part_that_covers_the_minute(
    schedule: LivenessSchedule, when: datetime
) -> None:
    expected = schedule.otherwise
    for part, policy in reversed(schedule.parts):
        if part.covers(when.weekday(), when.hour * 60 + when.minute):
            expected = policy
    assert schedule.policy_at(when) is expected
    assert expected in schedule.policies


@given(
    st.text("MonTueFriSatelspaiv+chg -:;,0123456789\n\t\u2013é", max_size=120)
    | st.text(max_size=60)
)
def test_any_text_is_read_or_refused_in_a_sentence(text: str) -> None:
    try:
        schedule = parse(text)
    except ConfigError as error:
        assert str(error).endswith(".")
    else:
        assert parse(str(schedule)) == schedule
