"""What each condition costs: one fixed threshold, a guessed formula and measured ones side by side.

For the comparison all three keep the same false-match rate in the worst condition. The first two
are fitted to the very strangers they are judged by; ours comes from the calibration, moved by one
number for all conditions so that its worst rate is the same. What the door refuses is counted as
not let in on both sides: as a non-match for the genuine, as no match for strangers.

Whether the worst condition is that of the probe alone (``probe``), or also that of both pictures
(``both``), makes a great difference to a fixed threshold: two strangers in the dark look alike.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kiosk.bounds import wilson_interval
from kiosk.calibrationsample import AS_IS
from kiosk.conditionfaces import Face
from kiosk.conditionscores import METHODS, OURS, PROFILE, TURNED, KindScores, scores_by_kind
from kiosk.errors import ModelError
from kiosk.recognition.thresholds import Calibration

PROBE, BOTH = "probe", "both"
DEFINITIONS = (PROBE, BOTH)
_RATES = (1e-4, 1e-3, 1e-2)
_MIN_EXPECTED = 5
"""A rate is measured where so many false matches are to be expected."""
_AS_THEY_ARE = (AS_IS, TURNED, PROFILE)
_ONE_SIDED_Z = 1.645


@dataclass(frozen=True, slots=True)
class PromiseRow:
    """The promise kept or not: both pictures of a kind, those that the door's gate lets pass.

    Harsher than any door: enrolment would refuse most of the spoiled ones as templates.
    """

    rate: float
    pairs: int
    matches: int

    @property
    def is_telling(self) -> bool:
        """Whether a false match was to be expected at all among so many pairs."""
        return self.pairs * self.rate >= 1

    @property
    def ratio(self) -> float | None:
        """Measured rate over promised rate."""
        return self.matches / self.pairs / self.rate if self.pairs else None

    @property
    def upper_ratio(self) -> float | None:
        """The one-sided upper 95 % bound of the ratio."""
        if not self.pairs:
            return None
        return wilson_interval(self.matches, self.pairs, _ONE_SIDED_Z)[1] / self.rate


@dataclass(frozen=True, slots=True)
class ConditionRow:
    """One kind of conditions."""

    kind: str
    probes: int
    refused: float | None
    """Share of the probes that the door's gate or the thresholds refuse, or without a face."""
    lost: int
    """Probes in which no face was found, and those that the gate refuses."""
    at_gate: int
    genuine_pairs: int
    impostor_pairs: int
    fnmr: Mapping[str, Mapping[str, float | None]]
    """By definition of the worst condition, then by method; refused probes are non-matches."""
    fnmr_compared: Mapping[str, float | None]
    """Of ours without the refused probes, by definition."""
    fmr: Mapping[str, Mapping[str, float | None]]
    """Clean template, spoiled probe, at those thresholds; by definition, then by method."""
    promises: tuple[PromiseRow, ...]


@dataclass(frozen=True, slots=True)
class ConditionTable:
    """All kinds, and the thresholds at which they are compared."""

    rate: float
    """The false-match rate in the worst condition."""
    people: int
    rows: tuple[ConditionRow, ...]
    thresholds: Mapping[str, Mapping[str, float]]
    """By definition and method; of ours the number that is added to all thresholds."""
    worst: Mapping[str, Mapping[str, str]]
    """The kind that decides each."""
    mean: Mapping[str, Mapping[str, float | None]]
    """FNMR averaged over the kinds that were spoiled."""
    worse: Mapping[str, tuple[str, ...]]
    """Kinds in which ours lets fewer in than the fixed threshold does."""

    def as_tree(self) -> dict[str, Any]:
        """Return the table for JSON."""
        return {
            "rate": self.rate,
            "people": self.people,
            "thresholds": self.thresholds,
            "worst": self.worst,
            "mean_fnmr": self.mean,
            "kinds_worse": {name: list(kinds) for name, kinds in self.worse.items()},
            "kinds": [
                {
                    "kind": row.kind,
                    "probes": row.probes,
                    "refused": row.refused,
                    "no_face": row.lost,
                    "refused_at_gate": row.at_gate,
                    "genuine_pairs": row.genuine_pairs,
                    "impostor_pairs": row.impostor_pairs,
                    "fnmr": row.fnmr,
                    "fnmr_compared": row.fnmr_compared,
                    "fmr": row.fmr,
                    "promises": [
                        {
                            "rate": promise.rate,
                            "pairs": promise.pairs,
                            "matches": promise.matches,
                            "ratio": promise.ratio,
                            "upper_ratio": promise.upper_ratio,
                        }
                        for promise in row.promises
                    ],
                }
                for row in self.rows
            ],
        }


@dataclass(frozen=True, slots=True, eq=False)
class _Highest:
    """The highest of many scores, by method, and how many there were."""

    count: int
    top: Mapping[str, NDArray[np.float64]]
    """Falling; as many as may be needed."""

    def limit(self, method: str, rate: float) -> float:
        """Return the score that no larger share than ``rate`` passes."""
        if self.count * rate < _MIN_EXPECTED:
            return -np.inf
        return float(self.top[method][int(rate * self.count)])

    def share_above(self, method: str, limit: float) -> float | None:
        """Return the share above a limit; no more than what was kept can be told."""
        return float((self.top[method] > limit).sum()) / self.count if self.count else None


@dataclass(frozen=True, slots=True, eq=False)
class _Kind:
    scores: KindScores
    clean: _Highest
    both: _Highest


def measured_rate(people: int) -> float:
    """Return the rarest false-match rate that so many people support, kind by kind."""
    pairs = people * (people - 1) // 2
    return next((rate for rate in _RATES if pairs * rate >= _MIN_EXPECTED), _RATES[-1])


def condition_table(
    faces: Sequence[Face],
    calibration: Calibration,
    rate: float | None = None,
    each: Callable[[KindScores], None] | None = None,
) -> ConditionTable:
    """Compare the three ways at the same worst-condition false-match rate.

    ``faces`` as from :mod:`kiosk.conditionfaces`; without ``rate`` it is :func:`measured_rate`.
    ``each`` is shown the scores of every kind. Raises ModelError when they are too few.
    """
    people = len({face.person for face in faces if face.is_first})
    rate = rate or measured_rate(people)
    kinds = []
    for scores in scores_by_kind(faces, calibration, rate):
        if each is not None:
            each(scores)
        kinds.append(_kept(scores, rate))
    limits, worst = _limits(kinds, rate)
    if not kinds or any(not np.isfinite(limits[d][m]) for d in limits for m in METHODS):
        raise ModelError(
            f"{people} people with a usable photograph are too few to compare conditions at a "
            f"false-match rate of {rate:.0e}. Use photographs of more people."
        )
    rows = tuple(_row(kind, limits) for kind in kinds)
    spoiled = [row for row in rows if row.kind not in _AS_THEY_ARE]
    return ConditionTable(
        rate,
        people,
        rows,
        limits,
        worst,
        {
            definition: {
                method: _mean([row.fnmr[definition][method] for row in spoiled])
                for method in METHODS
            }
            for definition in DEFINITIONS
        },
        {definition: _worse(rows, definition) for definition in DEFINITIONS},
    )


def _kept(scores: KindScores, rate: float) -> _Kind:
    clean, both = (_highest(each, rate) for each in (scores.impostors, scores.both))
    # Millions of scores each: what is not needed any more goes.
    return _Kind(dataclasses.replace(scores, impostors={}, both={}), clean, both)


def _highest(scores: Mapping[str, NDArray[np.float64]], rate: float) -> _Highest:
    count = len(scores[OURS])
    # The worst kind decides: in all others fewer than ``rate`` lie above its threshold.
    wanted = int(rate * count) + 1 if rate * count >= _MIN_EXPECTED else count
    top = {method: _largest(values, wanted) for method, values in scores.items()}
    return _Highest(count, top)


def _largest(values: NDArray[np.float64], wanted: int) -> NDArray[np.float64]:
    if wanted < len(values):
        values = np.partition(values, len(values) - wanted)[len(values) - wanted :]
    return np.sort(values)[::-1]


def _limits(
    kinds: Sequence[_Kind], rate: float
) -> tuple[dict[str, dict[str, float]], dict[str, dict[str, str]]]:
    limits: dict[str, dict[str, float]] = {}
    worst: dict[str, dict[str, str]] = {}
    for definition in DEFINITIONS:
        limits[definition], worst[definition] = {}, {}
        for method in METHODS:
            found = [(kind.clean.limit(method, rate), kind.scores.kind) for kind in kinds]
            if definition == BOTH:
                found += [
                    (kind.both.limit(method, rate), f"{kind.scores.kind}, both") for kind in kinds
                ]
            limits[definition][method], worst[definition][method] = max(
                found, default=(-np.inf, "")
            )
    return limits, worst


def _row(kind: _Kind, limits: Mapping[str, Mapping[str, float]]) -> ConditionRow:
    scores = kind.scores
    genuine = scores.genuine
    compared = genuine[OURS][np.isfinite(genuine[OURS])]
    return ConditionRow(
        scores.kind,
        scores.probes,
        scores.refused / scores.probes if scores.probes else None,
        scores.lost,
        scores.at_gate,
        len(genuine[OURS]),
        kind.clean.count,
        {d: {m: _missed(genuine[m], limits[d][m]) for m in METHODS} for d in DEFINITIONS},
        {d: _missed(compared, limits[d][OURS]) for d in DEFINITIONS},
        {d: {m: kind.clean.share_above(m, limits[d][m]) for m in METHODS} for d in DEFINITIONS},
        tuple(PromiseRow(kept.rate, kept.pairs, kept.matches) for kept in scores.kept),
    )


def _missed(genuine: NDArray[np.float64], limit: float) -> float | None:
    return float((genuine <= limit).mean()) if len(genuine) else None


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _worse(rows: Sequence[ConditionRow], definition: str) -> tuple[str, ...]:
    found = []
    for row in rows:
        fixed, ours = row.fnmr[definition]["fixed"], row.fnmr[definition][OURS]
        if fixed is not None and ours is not None and ours > fixed:
            found.append(row.kind)
    return tuple(found)
