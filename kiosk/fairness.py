"""Does the promise hold for every group of people? Rates by group, with their uncertainty.

Strangers of one group look more alike than strangers at large, so false matches are counted within
groups. Groups are whatever labels are given; where a group is small its bounds are wide, and that
nothing was counted then says little.
"""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kiosk.bounds import wilson_interval
from kiosk.conditionfaces import Face
from kiosk.conditionscores import AsTheyAre, compared_as_they_are
from kiosk.errors import ConfigError
from kiosk.recognition.surface import RATES
from kiosk.recognition.tail import rarest_counted
from kiosk.recognition.thresholds import MAX_FMR, Calibration

Labels = Mapping[str, Mapping[str, str]]
"""For each person the group by label, e.g. ``{"L001": {"gender": "female"}}``."""

_MIN_PEOPLE = 2
_MIN_PAIRS = 2000
_ONE_SIDED_Z = 1.645


@dataclass(frozen=True, slots=True)
class Counted:
    """Measured over promised false-match rate where a group's pairs suffice to count it."""

    rate: float
    """The promised one: the rarest that the pairs support by count."""
    ratio: float
    bounds: tuple[float, float]


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One group at the promised rate. Bounds are 95 % intervals (Wilson)."""

    label: str
    group: str
    people: int
    photographs: int
    refused: int
    """Of the photographs, those that the door compares with nobody."""
    impostor_pairs: int
    """Pairs of photographs of different people of the group; refused ones are left out."""
    false_matches: int
    fmr: float | None
    fmr_bounds: tuple[float, float]
    genuine_pairs: int
    false_non_matches: int
    fnmr: float | None
    fnmr_bounds: tuple[float, float]
    counted: Counted | None = None
    """None for a group too small to count anything."""


@dataclass(frozen=True, slots=True)
class FairnessTable:
    """All groups at one promised rate."""

    rate: float
    rows: tuple[GroupRow, ...]
    worst_fmr: GroupRow | None
    """The group whose measured over promised rate is surely the highest: by its lower bound."""
    worst_fnmr: GroupRow | None
    """Likewise by the false-non-match rate."""

    def as_tree(self) -> dict[str, Any]:
        """Return the table for JSON."""
        return asdict(self)

    def worst_in_words(self) -> str:
        """Say which groups come off worst, and how badly."""
        said = []
        if (row := self.worst_fmr) is not None and (counted := row.counted) is not None:
            low, high = counted.bounds
            said.append(
                f"Strangers match most among {row.label} {row.group}: {counted.ratio:.1f} times "
                f"the promised rate (95 % interval {low:.1f}–{high:.1f}, at {counted.rate:.0e})."
            )
        else:
            said.append("No false match was counted in any group.")
        if (row := self.worst_fnmr) is not None and row.fnmr is not None:
            said.append(f"Least often recognised: {row.label} {row.group}.")
        return " ".join(said)


@dataclass(frozen=True, slots=True)
class WorstGroup:
    """By how much thresholds must rise for the promise to hold in the worst group as well."""

    offset: float
    """Cosines to add to every threshold; 0 when the promise holds already."""
    group: str
    rate: float
    """The promised rate at which it was measured: the rarest that the group's pairs support."""
    pairs: int


@dataclass(frozen=True, slots=True, eq=False)
class ForGroups:
    """A calibration after its worst group was heard, and what was counted by group."""

    calibration: Calibration
    worst: WorstGroup | None
    """None when no group is large enough to say anything."""
    before: FairnessTable
    """With the thresholds of everybody together."""
    after: FairnessTable | None
    """With the raised ones; None when they were not raised."""

    def in_words(self) -> str:
        """Say what was done to the thresholds, and what the counts prove."""
        return " ".join([self._what_was_done(), *self._who_is_too_few()])

    def _what_was_done(self) -> str:
        worst = self.worst
        if worst is None:
            return (
                f"No group has the {_MIN_PAIRS:,} comparisons of strangers that it takes to set "
                "thresholds by: they are those of everybody together. Use photographs of more "
                "people of each group."
            )
        if worst.offset <= 0:
            return (
                "Every group that is large enough keeps the promise, at the rarest rate that its "
                "comparisons can prove, with the thresholds of everybody together: none was raised."
            )
        said = (
            f"The worst group, {worst.group}, sets the thresholds: all are raised by "
            f"{worst.offset:.5f} (cosine). It then keeps the promise, proved at a false-match rate "
            f"of {worst.rate:.0e} by {worst.pairs:,} comparisons"
        )
        is_rarest = worst.rate <= self.before.rate * (1 + 1e-9)
        return said + ("." if is_rarest else ", which are too few to prove a rarer one.")

    def _who_is_too_few(self) -> Iterator[str]:
        """Name the groups that were not heard, above all those that are worse off even so."""
        rows = (self.after or self.before).rows
        silent = [row for row in rows if row.impostor_pairs < _MIN_PAIRS]
        worse = [row for row in silent if row.counted is not None and row.counted.bounds[0] > 1]
        for what, found in (
            (f"Too few to set thresholds, below {_MIN_PAIRS:,} comparisons", silent),
            ("Of these, the promise is not kept at the rates they can show", worse),
        ):
            if found:
                yield f"{what}: {', '.join(f'{row.label}: {row.group}' for row in found)}."


def read_labels(path: Path) -> Labels:
    """Read a CSV file with the column person and a column for each label.

    Ages become decades. Raises ConfigError when it cannot be read or has no such columns.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            columns = [name.strip().lower() for name in reader.fieldnames or []]
            reader.fieldnames = columns
            names = [name for name in columns if name and name != "person"]
            if "person" not in columns or not names:
                raise ConfigError(
                    f"{path} needs the column person and one for each label, such as gender; it "
                    f"has {', '.join(columns) or 'none'}."
                )
            labels = {
                (row["person"] or "").strip(): {
                    name: _group(name, (row[name] or "").strip()) for name in names
                }
                for row in reader
            }
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"{path} cannot be read as CSV: {error}.") from error
    if not labels:
        raise ConfigError(f"{path} names nobody.")
    return labels


def check_labels(people: Iterable[str], labels: Labels) -> None:
    """Raise ConfigError when the labels name no two of the ``people`` for one group."""
    if next(_groups_among(people, labels), None) is None:
        raise ConfigError(
            "The labels name no two people of one group who have usable photographs. The column "
            "person must hold the same names as the list of photographs."
        )


def fairness_table(
    faces: Sequence[Face], calibration: Calibration, labels: Labels, rate: float = MAX_FMR
) -> FairnessTable:
    """Count by group at a promised rate. ``faces`` as from :mod:`kiosk.conditionfaces`.

    Raises ConfigError when the labels name none of the people.
    """
    compared = compared_as_they_are(faces, calibration, rate)
    check_labels((face.person for face in compared.probes), labels)
    groups = list(_groups(compared, labels))
    rows = [_row(compared, *group) for group in groups]
    counting = [_counting_rate(row.impostor_pairs, rate) for row in rows]
    for each in sorted({found for found in counting if found is not None}):
        compared = compared_as_they_are(faces, calibration, each)
        for place, (_, _, people) in enumerate(groups):
            if counting[place] == each:
                counted = _counted(compared, people, each)
                rows[place] = dataclasses.replace(rows[place], counted=counted)
    return FairnessTable(
        rate,
        tuple(rows),
        _highest([(row.counted.bounds[0] if row.counted else 0.0, row) for row in rows]),
        _highest([(row.fnmr_bounds[0], row) for row in rows]),
    )


def _counting_rate(pairs: int, promise: float) -> float | None:
    """Return the rarest rate, ``promise`` or above, that so many pairs support by count."""
    # With fewer expected matches a single pair of look-alikes would decide.
    least = max(promise * (1 - 1e-9), rarest_counted(pairs))
    return min((rate for rate in RATES if rate >= least), default=None)


def _counted(compared: AsTheyAre, people: frozenset[str], rate: float) -> Counted:
    scores = _strangers(compared, people)
    passed = int((scores >= 0).sum())
    low, high = wilson_interval(passed, len(scores))
    return Counted(rate, passed / len(scores) / rate, (low / rate, high / rate))


def _strangers(compared: AsTheyAre, people: frozenset[str]) -> NDArray[np.float64]:
    scores = compared.excesses[_pairs(compared, people)[0]]
    return scores[np.isfinite(scores)]


def worst_group_offset(
    faces: Sequence[Face],
    calibration: Calibration,
    labels: Labels,
    promise: float = MAX_FMR,
    min_pairs: int = _MIN_PAIRS,
) -> WorstGroup | None:
    """Return what to add to all thresholds so that the worst group keeps the promise.

    Within each group of at least ``min_pairs`` comparisons the one-sided upper 95 % bound of the
    false-match rate must not pass the promised one, at the rarest rate, ``promise`` or above, that
    so many comparisons support by count. None when no group is large enough.
    """
    found: WorstGroup | None = None
    for rate in (each for each in RATES if each >= promise * (1 - 1e-9)):
        compared = compared_as_they_are(faces, calibration, rate)
        for label, group, people in _groups(compared, labels):
            scores = np.sort(_strangers(compared, people))[::-1]
            if len(scores) < min_pairs or _counting_rate(len(scores), promise) != rate:
                continue
            allowed = _allowed(rate, len(scores))
            offset = max(float(np.nextafter(scores[allowed], np.inf)), 0.0)
            if found is None or offset > found.offset:
                found = WorstGroup(offset, f"{label}: {group}", rate, len(scores))
    return found


def heard_groups(
    faces: Sequence[Face], calibration: Calibration, labels: Labels, promise: float = MAX_FMR
) -> ForGroups:
    """Let the worst group set the thresholds: raise all of them by what it lacks.

    ``faces`` as from :mod:`kiosk.conditionfaces`; a ``promise`` above what any door uses is taken
    for that. Raises ConfigError when the labels name none of the people.
    """
    rate = min(promise, MAX_FMR)
    before = fairness_table(faces, calibration, labels, rate)
    worst = worst_group_offset(faces, calibration, labels, rate)
    if worst is None or worst.offset <= 0:
        return ForGroups(calibration, worst, before, None)
    raised = dataclasses.replace(
        calibration.raised(worst.offset),
        source=f"{calibration.source}; raised by {worst.offset:.5f} for {worst.group}",
    )
    return ForGroups(raised, worst, before, fairness_table(faces, raised, labels, rate))


def _allowed(rate: float, pairs: int) -> int:
    """Return how many false matches still prove the rate."""
    low, high = 0, int(rate * pairs)
    while low < high:
        middle = (low + high + 1) // 2
        if wilson_interval(middle, pairs, _ONE_SIDED_Z)[1] <= rate:
            low = middle
        else:
            high = middle - 1
    return low


def _groups(compared: AsTheyAre, labels: Labels) -> Iterator[tuple[str, str, frozenset[str]]]:
    return _groups_among((face.person for face in compared.probes), labels)


def _groups_among(
    everybody: Iterable[str], labels: Labels
) -> Iterator[tuple[str, str, frozenset[str]]]:
    """Yield label, group and the people in it, when they are several."""
    known = sorted(set(everybody) & set(labels))
    for label in dict.fromkeys(name for person in known for name in labels[person]):
        for group in sorted({labels[person].get(label, "") for person in known} - {""}):
            people = frozenset(p for p in known if labels[p].get(label) == group)
            if len(people) >= _MIN_PEOPLE:
                yield label, group, people


def _row(compared: AsTheyAre, label: str, group: str, people: frozenset[str]) -> GroupRow:
    _, genuine = _pairs(compared, people)
    members = np.array([face.person in people for face in compared.probes])
    is_refused = ~np.isfinite(compared.excesses).any(axis=1)
    strangers, own = _strangers(compared, people), compared.excesses[genuine]
    own = own[np.isfinite(own)]
    passed, missed = int((strangers >= 0).sum()), int((own < 0).sum())
    return GroupRow(
        label,
        group,
        len(people),
        int(members.sum()),
        int((members & is_refused).sum()),
        len(strangers),
        passed,
        passed / len(strangers) if len(strangers) else None,
        wilson_interval(passed, len(strangers)),
        len(own),
        missed,
        missed / len(own) if len(own) else None,
        wilson_interval(missed, len(own)),
    )


def _pairs(
    compared: AsTheyAre, people: frozenset[str]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which comparisons are of strangers and which of the same person; each pair once."""
    probes, templates = compared.probes, compared.templates
    inside = (
        np.array([face.person in people for face in probes])[:, None]
        & np.array([face.person in people for face in templates])[None, :]
        & (
            np.array([face.photo for face in probes])[:, None]
            < np.array([face.photo for face in templates])[None, :]
        )
    )
    one, other = (np.array([face.person for face in each]) for each in (probes, templates))
    same = one[:, None] == other[None, :]
    return inside & ~same, inside & same


def _highest(rates: Sequence[tuple[float, GroupRow]]) -> GroupRow | None:
    rate, row = max(rates, key=lambda pair: pair[0])
    return row if rate > 0 else None


def _group(label: str, value: str) -> str:
    if label == "age" and value.isascii() and value.isdigit():
        decade = int(value) // 10 * 10
        return f"{decade}–{decade + 9}"
    return value
