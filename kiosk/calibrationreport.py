"""A page about a calibration that anyone can read: what is promised, and what conditions cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from kiosk.calibrationsample import Samples, twins_among
from kiosk.conditionfaces import faces_of
from kiosk.conditionscores import FIXED, OURS
from kiosk.conditiontable import BOTH, PROBE, ConditionTable, condition_table
from kiosk.detcurves import Curves, curve_plots, title_of
from kiosk.domain import TemplateKind
from kiosk.errors import ModelError
from kiosk.fairness import Counted, FairnessTable, ForGroups
from kiosk.htmlpage import figure, figures, heading, html_table, page, paragraph, warning
from kiosk.recognition.ramps import RAMPS
from kiosk.recognition.thresholds import MAX_FMR, Calibration, comparison_rate, in_words
from kiosk.svgplot import Axis, Line, even_ticks, line_plot

_RATES = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
_STRANGER_RATES = (0.005, 1e-4)
_GALLERIES = (10, 100, 1000, 10_000)
_INHERITED = " *"
"""Marks a threshold that no comparisons of its own stand behind."""
_WORDS = {
    ("luminance", False): "The face is dark",
    ("luminance", True): "The face is very bright",
    ("contrast", False): "The picture is flat, without contrast",
    ("clipped_fraction", True): "Parts of the face are burnt out",
    ("side_light", True): "The light comes from one side",
    ("top_light", True): "The light comes from above",
    ("top_light", False): "The light comes from below",
    ("noise", True): "The picture is grainy",
    ("sharpness", False): "The picture is blurred",
    ("eye_distance_px", False): "The face is far away",
    ("turn_deg", True): "The head is turned to the side",
    ("nod_deg", True): "The head is lifted or lowered",
    ("mouth_covered", True): "The mouth is covered",
    ("eyes_covered", True): "The eyes are covered",
    ("side_covered", True): "One side of the face is covered",
    ("strength", False): "The network hardly recognises a face in it",
}


def write_report(
    samples: Samples, calibration: Calibration, path: Path, groups: ForGroups | None = None
) -> None:
    """Write the page. With ``groups`` it has rates by group of people. Raises OSError."""
    faces = faces_of(samples)
    curves = Curves()
    try:
        table: ConditionTable | str = condition_table(faces, calibration, each=curves.add)
    except ModelError as error:
        table = str(error)
    parts = [
        *_promise(samples, calibration),
        *_conditions(table),
        *curve_plots(curves),
        *_surface(calibration),
        *_costs(calibration),
    ]
    if groups is not None:
        parts += _groups(groups)
    title = f"Calibration of {calibration.model}"
    path.write_text(page(title, [*parts, *_terms()]), encoding="utf-8")


def _promise(samples: Samples, calibration: Calibration) -> Iterator[str]:
    yield paragraph(
        "The operator chooses how many strangers may be taken for somebody who is enrolled, for "
        f"example {in_words(MAX_FMR)}. The thresholds below keep that promise in every condition: "
        "where faces of strangers look more alike, because it is dark or blurred, more likeness is "
        "asked for, and where no threshold helps, the door says what would."
    )
    yield paragraph(
        f"Measured with {calibration.people:,} people in {samples.photographs:,} pictures "
        f"({calibration.source}); {samples.refused:,} showed no usable face. As they are, they "
        f"make {calibration.impostor_pairs:,} comparisons of different people and "
        f"{calibration.genuine_pairs:,} of the same person; spoiled copies make more. Rates down "
        f"to {in_words(calibration.rarest_fmr)} were counted, rarer ones are extrapolated from the "
        "tail, with the uncertainty on the side of refusing."
    )
    if (twins := twins_among(samples)) is not None:
        yield warning(twins.in_words())
    yield heading("The thresholds")
    yield html_table(
        ("One comparison", "", "Good conditions", "Worst usable", "With a mask"),
        [
            (
                in_words(rate),
                "counted" if rate >= calibration.rarest_fmr else "extrapolated",
                *_threshold_cells(calibration, rate),
            )
            for rate in _RATES
        ],
        texts=2,
    )
    if inherited := _inherited(calibration):
        yield paragraph(inherited)
    yield paragraph(
        "Whoever comes is compared with everybody enrolled, so the threshold rises with their "
        "number:"
    )
    yield html_table(
        ("Promise at the door", *(f"{count:,} templates" for count in _GALLERIES)),
        [
            (
                in_words(rate),
                *(_shown(calibration.threshold(comparison_rate(rate, n))) for n in _GALLERIES),
            )
            for rate in _STRANGER_RATES
        ],
    )


def _threshold_cells(calibration: Calibration, rate: float) -> tuple[str, str, str]:
    good, worst, masked = _cosines(calibration, rate)
    counted = calibration.surfaces[TemplateKind.PLAIN].counted
    mark = _INHERITED if counted is not None and not counted[-1, -1] else ""
    return _shown(good), _shown(worst) + mark, _shown(masked)


def _inherited(calibration: Calibration) -> str:
    """Say where thresholds were not counted but are those of better conditions."""
    counted = calibration.surfaces[TemplateKind.PLAIN].counted
    if counted is None:
        return ""
    if len(counted) == 1:
        return (
            "All faces that are not refused are of one level of risk: there is one threshold for "
            "them, and the worst usable conditions merely have that of good ones."
        )
    if counted.all():
        return ""
    # Symmetrical: which of two pictures is the template makes no difference.
    own = counted[np.triu_indices(len(counted))]
    return (
        f"{_INHERITED.strip()} Of the {len(own)} pairs of levels of risk, {int((~own).sum())} have "
        "too few comparisons of their own: there the threshold is merely that of better "
        "conditions. Use photographs of more people to have it measured."
    )


def _cosines(calibration: Calibration, rate: float) -> tuple[float, float, float | None]:
    plain = calibration.surfaces[TemplateKind.PLAIN]
    masked = calibration.surfaces.get(TemplateKind.MASKED)
    worst = float(plain.cosine(rate, float(plain.risks[-1]))[-1])
    return (
        calibration.threshold(rate),
        worst,
        None if masked is None else float(masked.cosine(rate, 0.0)[0]),
    )


def _conditions(table: ConditionTable | str) -> Iterator[str]:
    yield heading("What each condition costs")
    if isinstance(table, str):
        yield paragraph(table)
        return
    yield paragraph(
        "How many are not recognised (FNMR) when one good photograph is enrolled and the door sees "
        "a spoiled one. Refused ones count as not recognised. The fixed threshold is fitted to "
        "these very strangers and ours are all moved by one number, so that either lets "
        f"1 in {round(1 / table.rate):,} comparisons of strangers pass in the worst condition: for "
        "the first two columns that of the probe, for the next two also that of two pictures "
        "spoiled alike. The last columns are the promise: the measured false-match rate, both "
        "pictures spoiled, over the promised one; 1 or less keeps it, – stands for too few pairs."
    )
    promises = [promise.rate for promise in table.rows[0].promises]
    yield html_table(
        (
            "Condition",
            "Refused",
            "One threshold",
            "Ours",
            "One threshold, both",
            "Ours, both",
            *(f"Measured / promised {rate:.0e}" for rate in promises),
        ),
        [
            (
                title_of(row.kind),
                _percent(row.refused),
                *(_percent(row.fnmr[d][m]) for d in (PROBE, BOTH) for m in (FIXED, OURS)),
                *(
                    f"{p.ratio:.2f}" if p.is_telling and p.ratio is not None else "–"
                    for p in row.promises
                ),
            )
            for row in table.rows
        ],
    )


def _surface(calibration: Calibration) -> Iterator[str]:
    surface = calibration.surfaces[TemplateKind.PLAIN]
    if len(surface.risks) < 2:
        return
    yield heading("The threshold surface")
    yield paragraph(
        "The risk of a face says how much more alike strangers look under its conditions, in "
        "cosines; 0 is good light, from the front, sharp. The cosine asked for rises with the risk "
        "of the face at the door and of the enrolled one."
    )
    last = float(surface.risks[-1])
    risks = np.linspace(0, last, 60)
    x = Axis("risk of the face at the door", 0, last, even_ticks(0, last, 4))
    values = surface.cosines[np.isfinite(surface.cosines) & (surface.cosines > -1)]
    low, high = max(float(values.min()), 0.0), float(values.max())
    y = Axis("cosine asked for", low, high, even_ticks(low, high))
    drawings = []
    for level, name in ((0, "Enrolled in good conditions"), (-1, "Enrolled in the worst usable")):
        lines = [
            Line(
                in_words(rate),
                [(float(risk), float(surface.cosine(rate, float(risk))[level])) for risk in risks],
                place,
            )
            for place, rate in enumerate(_RATES)
        ]
        drawings.append(figure(name, line_plot(name, x, y, lines)))
    yield figures(drawings)


def _costs(calibration: Calibration) -> Iterator[str]:
    scoring = calibration.scoring
    if scoring is None:
        return
    yield heading("What makes strangers look alike")
    yield paragraph(
        "By how much each condition at its worst raises the risk, in cosines. Faces above a risk "
        f"of {scoring.max_risk:.3f} in all are refused and told what would help."
    )
    totals: dict[tuple[str, bool], float] = {}
    for ramp, height in zip(RAMPS, scoring.risk.heights, strict=True):
        key = (ramp.name, ramp.end > ramp.start)
        totals[key] = totals.get(key, 0.0) + float(height)
    ranked = sorted(totals.items(), key=lambda item: -item[1])
    yield html_table(
        ("Condition", "Adds up to"),
        [(_WORDS.get(key, key[0]), f"{total:.3f}") for key, total in ranked],
    )


def _groups(groups: ForGroups) -> Iterator[str]:
    yield heading("The same for everybody?")
    yield paragraph(groups.in_words())
    yield paragraph(
        f"At a promise of {in_words(groups.before.rate)} for one comparison, strangers compared "
        "within their own group, where they look most alike. In brackets 95 % intervals: where a "
        "group is small they are wide, and that nothing was counted says little. The last but one "
        "column is the measured over the promised rate, at the rarest rate that the group's pairs "
        "can show; 1 or less keeps the promise."
    )
    if groups.after is not None:
        yield paragraph("With the thresholds of everybody together, before they were raised:")
    yield from _by_group(groups.before)
    if groups.after is not None:
        yield paragraph("With the raised thresholds, which are those of this page:")
        yield from _by_group(groups.after)


def _by_group(fairness: FairnessTable) -> Iterator[str]:
    yield paragraph(fairness.worst_in_words())
    yield html_table(
        (
            *("", "Group", "People", "Refused", "Pairs"),
            *("Strangers that match", "Measured / promised", "Not recognised"),
        ),
        [
            (
                row.label,
                row.group,
                str(row.people),
                _percent(row.refused / row.photographs if row.photographs else None),
                f"{row.impostor_pairs:,}",
                _bounded(row.fmr, row.fmr_bounds, 3),
                _ratio(row.counted),
                _bounded(row.fnmr, row.fnmr_bounds, 1),
            )
            for row in fairness.rows
        ],
        texts=2,
    )


def _terms() -> Sequence[str]:
    return (
        heading("Terms"),
        paragraph(
            "FMR, false-match rate: share of comparisons of different people that pass. FNMR, "
            "false-non-match rate: share of comparisons of the same person that do not. Cosine: "
            "how alike two faces are to the network, 1 for the same picture, about 0 for "
            "strangers. Comparisons that share a picture are not independent, so true intervals "
            "are somewhat wider than those shown.",
            is_soft=True,
        ),
    )


def _bounded(rate: float | None, bounds: tuple[float, float], digits: int) -> str:
    if rate is None:
        return "–"
    low, high = (f"{100 * bound:.{digits}f}" for bound in bounds)
    return f"{100 * rate:.{digits}f} % ({low}–{high})"


def _ratio(counted: Counted | None) -> str:
    if counted is None:
        return "–"
    low, high = counted.bounds
    return f"{counted.ratio:.1f} ({low:.1f}–{high:.1f}) at {counted.rate:.0e}"


def _shown(cosine: float | None) -> str:
    return "–" if cosine is None else f"{cosine:.3f}"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"
