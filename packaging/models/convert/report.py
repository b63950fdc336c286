"""The report of a conversion: figures, bounds, verdict; as JSON and as a table to read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from convert.parity import in_words
from convert.recipes import Recipe, broken_bounds
from kiosk.models.card import ModelCard


@dataclass(frozen=True, slots=True)
class Row:
    """One converted file, or one thing measured with several."""

    name: str
    target: str
    precision: str
    recipe: str
    figures: dict[str, Any]
    limits: dict[str, float]
    broken: tuple[str, ...]
    is_packed: bool = True
    """False for a trial whose file is left out when it breaks a bound: that is no fault."""

    @property
    def is_faulty(self) -> bool:
        """Whether the conversion failed."""
        return bool(self.broken) and self.is_packed


@dataclass(frozen=True, slots=True)
class Report:
    """All rows of one run, and what they were measured on."""

    calibration: str
    held_out: str
    rows: tuple[Row, ...]

    @property
    def broken(self) -> list[str]:
        """A sentence for each bound that was broken."""
        return [
            f"{row.name} {row.precision} for {row.target}: {sentence}"
            for row in self.rows
            if row.is_faulty
            for sentence in row.broken
        ]

    def as_markdown(self) -> str:
        """Return the report to read."""
        lines = [
            "# Conversion report",
            "",
            f"Calibrated with {self.calibration}. Compared with the ONNX networks on "
            f"{self.held_out}, on the converter's simulator; no figure here is of a board.",
            "",
            "| network | target | precision | verdict | figures |",
            "|---|---|---|---|---|",
        ]
        for row in self.rows:
            verdict = "within its bounds" if not row.broken else "**broken**"
            if row.broken and not row.is_packed:
                verdict = "does not pay, left out"
            lines.append(
                f"| {row.name} | {row.target} | {row.precision} | {verdict} | "
                f"{in_words(row.figures)} |"
            )
        lines += ["", "Bounds:", ""]
        told = {
            f"- {row.name} {row.precision}, {row.target}: {_limits(row.limits)}"
            for row in self.rows
        }
        lines += sorted(told)
        for title, sentences in (
            ("Broken:", self.broken),
            (
                "Left out:",
                [
                    f"{row.name} {row.precision}: {each}"
                    for row in self.rows
                    if row.broken and not row.is_packed
                    for each in row.broken
                ],
            ),
        ):
            if sentences:
                lines += ["", title, "", *(f"- {sentence}" for sentence in sentences)]
        return "\n".join(lines) + "\n"

    def write(self, folder: Path) -> None:
        """Write report.json and report.md."""
        folder.mkdir(parents=True, exist_ok=True)
        tree = {**asdict(self), "broken": self.broken}
        text = json.dumps(tree, indent=1, ensure_ascii=False) + "\n"
        (folder / "report.json").write_text(text, encoding="utf-8")
        (folder / "report.md").write_text(self.as_markdown(), encoding="utf-8")


def row_of(
    card: ModelCard, recipe: Recipe, figures: dict[str, Any], seconds: float, *, is_trial: bool
) -> Row:
    """Return the row of a converted file, judged by its recipe's bounds."""
    full = {**figures, "bytes": card.size_bytes, "build_seconds": round(seconds, 1)}
    limits = recipe.limits(card.target)
    broken = tuple(broken_bounds(full, limits))
    return Row(
        card.name,
        card.target,
        card.precision,
        recipe.fingerprint(),
        full,
        limits,
        broken,
        is_packed=not (is_trial and broken),
    )


def summary(report: Report) -> Sequence[str]:
    """Return the last lines for the terminal."""
    if report.broken:
        return ["Bounds are broken; nothing was packed:", *report.broken]
    return ["Every conversion keeps its bounds."]


def _limits(limits: dict[str, float]) -> str:
    words = [
        f"{name[4:].replace('_', ' ')} {'≥' if name.startswith('min_') else '≤'} {limit:.10g}"
        for name, limit in limits.items()
    ]
    return ", ".join(words) or "none"
