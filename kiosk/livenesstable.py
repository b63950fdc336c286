"""How often pictures of faces were let in, and how sure that is: a table by species and policy.

The figures are those of ISO/IEC 30107-3, with the door's opening as the outcome that counts: APCER
is the share of impostors let in, BPCER that of live enrolled people not let in. A share of 0 in n
tries proves little: the 95 % upper bound (Clopper–Pearson, one-sided) stands beside each.
"""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kiosk.errors import ConfigError

LIVE = "live"
"""The species of who is no impostor."""
CONFIDENCE = 0.95
GRANTED, ATTACK, NEITHER = "granted", "attack", "neither"
_OUTCOMES = (GRANTED, ATTACK, NEITHER)
_COLUMNS = ("species", "policy", "outcome")


@dataclass(frozen=True, slots=True)
class Course:
    """What a door made of one try."""

    policy: str
    outcome: str
    """GRANTED, ATTACK (said to be a picture) or NEITHER."""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class LivenessRow:
    """One species under one policy."""

    species: str
    policy: str
    tries: int
    errors: int
    """Impostors let in, or live people not let in."""
    alarms: int
    """Said to be pictures of faces."""
    rate: float
    upper: float
    """Of the rate, one-sided, 95 %."""
    median_s: float | None
    """Until the door opened."""


@dataclass(frozen=True, slots=True)
class LivenessReport:
    """All rows, and what they were measured with."""

    network: str
    frames_per_s: float
    rows: tuple[LivenessRow, ...]

    def as_tree(self) -> dict[str, Any]:
        """Return the report for JSON."""
        return asdict(self)

    def lines(self) -> list[str]:
        """Return the report for people."""
        return [
            f"Liveness on simulated visits ({self.network}, {self.frames_per_s:g} frames/s).",
            *table_lines(self.rows),
        ]


def table_lines(rows: Iterable[LivenessRow]) -> list[str]:
    """Return the rows as a table for people."""
    head = ("species", "policy", "tries", "errors", "rate", "≤ (95 %)")
    return [
        "Errors: pictures let in (APCER), or live people not let in (BPCER).",
        "{:<14}{:<20}{:>6}{:>8}{:>10}{:>11}".format(*head),
        *(
            f"{row.species:<14}{row.policy:<20}{row.tries:>6}{row.errors:>8}"
            f"{100 * row.rate:>8.2f} %{100 * row.upper:>9.2f} %"
            for row in rows
        ),
    ]


def count_tries(
    tries: Iterable[tuple[str, Course]], order: tuple[str, ...] = ()
) -> tuple[LivenessRow, ...]:
    """Return a row for each species and policy; species in ``order`` stand first, in that order."""
    by_kind: dict[tuple[str, str], list[Course]] = {}
    for species, course in tries:
        by_kind.setdefault((species, course.policy), []).append(course)
    places = {species: place for place, species in enumerate(order)}
    kinds = sorted(by_kind, key=lambda kind: (places.get(kind[0], len(places)), *kind))
    return tuple(_row(species, policy, by_kind[species, policy]) for species, policy in kinds)


def _row(species: str, policy: str, courses: list[Course]) -> LivenessRow:
    counts = Counter(course.outcome for course in courses)
    tries, granted = len(courses), counts[GRANTED]
    errors = tries - granted if species == LIVE else granted
    waits = sorted(course.seconds for course in courses if course.outcome == GRANTED)
    return LivenessRow(
        species,
        policy,
        tries,
        errors,
        counts[ATTACK],
        errors / tries,
        upper_bound(errors, tries),
        waits[len(waits) // 2] if waits else None,
    )


def read_tries(path: Path) -> list[tuple[str, Course]]:
    """Read a CSV file with the columns species, policy, outcome, and others that are ignored.

    Raises ConfigError saying which line cannot be read.
    """
    tries = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            missing = [name for name in _COLUMNS if name not in (rows.fieldnames or ())]
            if missing:
                raise ConfigError(f"{path} has no column {missing[0]}.")
            for row in rows:
                species, policy, outcome = ((row[name] or "").strip() for name in _COLUMNS)
                if not species or outcome not in _OUTCOMES:
                    raise ConfigError(
                        f"{path}, line {rows.line_num}: a try needs a species and an outcome: "
                        f"{', '.join(_OUTCOMES)}."
                    )
                tries.append((species, Course(policy, outcome)))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"{path} cannot be read: {error}.") from error
    return tries


def upper_bound(errors: int, tries: int, confidence: float = CONFIDENCE) -> float:
    """Return the one-sided Clopper–Pearson upper bound of a rate; 1 without tries.

    The largest rate at which so few errors still have a chance of 1 − ``confidence``; with no
    error in n tries about 3/n.
    """
    if errors >= tries:
        return 1.0
    counts = range(errors + 1)
    ways = [
        math.lgamma(tries + 1) - math.lgamma(k + 1) - math.lgamma(tries - k + 1) for k in counts
    ]
    seen, log_ways = np.arange(errors + 1), np.array(ways)
    low, high = errors / tries, 1.0
    for _ in range(50):
        rate = (low + high) / 2
        chances = np.exp(log_ways + seen * math.log(rate) + (tries - seen) * math.log1p(-rate))
        if chances.sum() > 1 - confidence:
            low = rate
        else:
            high = rate
    return high
