"""Tables of rates as lines of text, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiosk.commands.output import percent, table

if TYPE_CHECKING:
    from kiosk.conditiontable import ConditionTable, PromiseRow
    from kiosk.fairness import FairnessTable, ForGroups, GroupRow

_WHAT = {
    "probe": "clean template, spoiled probe",
    "both": "the same, and both pictures spoiled alike",
}


def condition_lines(conditions: ConditionTable) -> list[str]:
    """Return the comparison of the three ways, then the check of the promise."""
    lines = [
        f"{conditions.people} people. One fixed threshold, one loosened by a guessed formula, and "
        "ours, at the same",
        f"false-match rate of {conditions.rate:.0e} in the worst condition. The first two are "
        "fitted to these very",
        "strangers; ours is the calibration's, moved by one number. Refused faces count as not "
        "let in.",
    ]
    for definition, what in _WHAT.items():
        limits, mean = conditions.thresholds[definition], conditions.mean[definition]
        worst = conditions.worst[definition]
        rows: list[tuple[str, ...]] = [
            (
                row.kind,
                percent(row.refused),
                percent(row.fnmr[definition]["fixed"]),
                percent(row.fnmr[definition]["formula"]),
                percent(row.fnmr[definition]["ours"]),
                percent(row.fnmr_compared[definition]),
            )
            for row in conditions.rows
        ]
        rows.append(("mean of the spoiled", "", *(percent(mean[m]) for m in mean), ""))
        worse = conditions.worse[definition]
        lines += [
            "",
            f"FNMR when the worst condition is that of: {what}",
            f"(fixed {limits['fixed']:.3f}, set by {worst['fixed']}; formula "
            f"{limits['formula']:.3f}, set by {worst['formula']}; ours {limits['ours']:+.3f}, "
            f"set by {worst['ours']})",
            *table(("kind", "refused", "fixed", "formula", "ours", "ours, not refused"), rows),
            "Ours is worse than the fixed threshold in: " + (", ".join(worse) or "no kind"),
        ]
    return lines + _promise_lines(conditions)


def _promise_lines(conditions: ConditionTable) -> list[str]:
    rates = [promise.rate for promise in conditions.rows[0].promises]
    rows = [
        (
            row.kind,
            percent(row.refused),
            percent((row.lost + row.at_gate) / row.probes if row.probes else None),
            row.promises[0].pairs,
            *(cell for promise in row.promises for cell in _ratio(promise)),
        )
        for row in conditions.rows
    ]
    headings = ("kind", "refused", "by the gate", "pairs")
    columns = [cell for rate in rates for cell in (f"{rate:.0e}: ratio", "≤ (95 %)")]
    return [
        "",
        "Promise: measured over promised false-match rate, both pictures spoiled, the door's "
        "thresholds",
        *table((*headings, *columns), rows),
    ]


def _ratio(promise: PromiseRow) -> tuple[str, str]:
    if promise.ratio is None or promise.upper_ratio is None:
        return "–", "–"
    return f"{promise.ratio:.2f}", f"{promise.upper_ratio:.2f}"


def fairness_lines(fairness: FairnessTable) -> list[str]:
    """Return the rates by group."""
    return [
        f"By group, at a promised false-match rate of {fairness.rate:.0e} (95 % intervals):",
        *table(
            (
                *("label", "group", "people", "refused", "pairs", "FMR", ""),
                *("FMR/promise", "", "mates", "FNMR", ""),
            ),
            [_group_cells(row) for row in fairness.rows],
        ),
        fairness.worst_in_words(),
    ]


def group_lines(groups: ForGroups) -> list[str]:
    """Return what the groups did to the thresholds."""
    lines = [*fairness_lines(groups.before), "", groups.in_words()]
    if groups.after is not None:
        lines += ["", "With the raised thresholds:", *fairness_lines(groups.after)]
    return lines


def _group_cells(row: GroupRow) -> tuple[object, ...]:
    def bounds(low: float, high: float, digits: int) -> str:
        return f"{100 * low:.{digits}f}–{100 * high:.{digits}f} %"

    counted = row.counted
    return (
        row.label,
        row.group,
        row.people,
        percent(row.refused / row.photographs if row.photographs else None),
        row.impostor_pairs,
        "–" if row.fmr is None else f"{100 * row.fmr:.3f} %",
        bounds(*row.fmr_bounds, 3),
        "–" if counted is None else f"{counted.ratio:.1f} at {counted.rate:.0e}",
        "" if counted is None else f"{counted.bounds[0]:.1f}–{counted.bounds[1]:.1f}",
        row.genuine_pairs,
        percent(row.fnmr),
        bounds(*row.fnmr_bounds, 1),
    )
