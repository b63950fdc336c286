"""How long a decision about rights takes: ``python -m kiosk.rightsbenchmark``.

A large building: every person is in one to three groups, every group has one to three schedules,
in several zones, with nights, holidays, the first-person rule, pairs and hard anti-passback. Each
question is about another person at another time of two years, and is timed alone.
"""

from __future__ import annotations

import datetime
import platform
import random
import time
from collections import Counter
from typing import Any

import numpy as np

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
from kiosk.access.rights import AccessRules, RightsBook, RightsOutcome

_ZONES = ("", "", "", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")
_FIRST_MS = 1_767_225_600_000
"""2026-01-01 UTC."""
_YEARS_MS = 2 * 365 * 86_400_000
_SHOWN = (
    frozenset({Credential.FACE}),
    frozenset({Credential.PIN}),
    frozenset({Credential.FACE, Credential.PIN}),
)


def run_rights_benchmark(
    people: int = 10_000, groups: int = 200, schedules: int = 100, questions: int = 20_000
) -> dict[str, Any]:
    """Time decisions; returns the figures, milliseconds."""
    luck = random.Random(6)
    began = time.perf_counter_ns()
    book = RightsBook.build(
        [_schedule(luck, number) for number in range(schedules)],
        [_group(luck, number, schedules) for number in range(groups)],
        [_holiday(luck) for _ in range(30)],
        [_person(luck, number, groups) for number in range(people)],
        zone="Europe/Berlin",
        door="Front",
        rules=AccessRules(passback="hard"),
    )
    build_ms = (time.perf_counter_ns() - began) / 1e6
    day = Ledger()
    times_ms: list[float] = []
    outcomes: Counter[str] = Counter()
    for _ in range(questions):
        person = luck.randrange(people)
        at_ms = _FIRST_MS + luck.randrange(_YEARS_MS)
        shown = luck.choice(_SHOWN)
        began = time.perf_counter_ns()
        verdict = book.judge(person, at_ms, shown=shown, clock_ok=True, day=day)
        times_ms.append((time.perf_counter_ns() - began) / 1e6)
        outcomes[verdict.outcome.value] += 1
        if verdict.outcome is RightsOutcome.ALLOWED:
            book.note_entry(day, person, at_ms)
        elif verdict.outcome is RightsOutcome.NEEDS_SECOND:
            day.note_waiting(person, at_ms)
    median, p99 = np.percentile(times_ms, [50, 99])
    return {
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "people": people,
        "groups": groups,
        "schedules": schedules,
        "questions": questions,
        "outcomes": dict(sorted(outcomes.items())),
        "build_ms": round(build_ms, 1),
        "decision_ms": {
            "median": round(float(median), 4),
            "p99": round(float(p99), 4),
            "max": round(max(times_ms), 4),
        },
    }


def _schedule(luck: random.Random, number: int) -> Schedule:
    start = luck.randrange(0, 1440, 15)
    windows = (Window(start, start + luck.randrange(60, 1441, 15)),)
    days = tuple(windows if luck.random() < 0.8 else () for _ in range(7))
    return Schedule(
        number,
        f"schedule {number}",
        days,
        windows if luck.random() < 0.3 else (),
        mode=luck.choice(list(AuthMode)),
        waits_for_first=luck.random() < 0.2,
        zone=luck.choice(_ZONES),
    )


def _group(luck: random.Random, number: int, schedules: int) -> Group:
    return Group(
        number,
        f"group {number}",
        tuple(luck.sample(range(schedules), min(luck.randint(1, 3), schedules))),
        doors=luck.choice(((), ("Front",), ("Front", "Back"), ("Back",))),
        needs_two=luck.random() < 0.1,
        is_first=luck.random() < 0.1,
        ignores_passback=luck.random() < 0.1,
    )


def _holiday(luck: random.Random) -> Holiday:
    day = datetime.date(2026, 1, 1) + datetime.timedelta(days=luck.randrange(730))
    return Holiday(day, "holiday", is_yearly=luck.random() < 0.5)


def _person(luck: random.Random, number: int, groups: int) -> PersonRights:
    chosen = frozenset(luck.sample(range(groups), min(luck.randint(1, 3), groups)))
    return PersonRights(
        number,
        chosen,
        hours="Mon-Sat 06:00-22:00" if luck.random() < 0.2 else "",
        valid_until_ms=_FIRST_MS + luck.randrange(_YEARS_MS) if luck.random() < 0.1 else None,
        uses_left=luck.randint(0, 5) if luck.random() < 0.05 else None,
        is_slow=luck.random() < 0.05,
    )


def format_rights_report(report: dict[str, Any]) -> str:
    """Return the figures as text."""
    decision = report["decision_ms"]
    outcomes = ", ".join(f"{name} {count}" for name, count in report["outcomes"].items())
    return "\n".join(
        (
            f"{report['machine']}: {report['people']} people, {report['groups']} groups, "
            f"{report['schedules']} schedules",
            f"compiled in {report['build_ms']} ms",
            f"{report['questions']} decisions, milliseconds: median {decision['median']}, "
            f"p99 {decision['p99']}, longest {decision['max']}",
            f"of them {outcomes}",
        )
    )


if __name__ == "__main__":
    print(format_rights_report(run_rights_benchmark()))
