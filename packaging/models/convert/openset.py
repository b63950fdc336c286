"""The whole kiosk on converted networks: FNIR at equal FPIR, against the ONNX networks.

python -m convert.openset --network DIR --enrol CSV --probe CSV [--frames DIR|CSV]

Thresholds are chosen for each precision so that the same number of strangers is let in; the rates
are those of kiosk/evaluation.py, with its gate and its enrolment. The exit code is 1 when a bound
of recipes.toml is broken.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from convert import calibration
from convert.__main__ import calibration_pictures
from convert.build import build
from convert.networks import open_source, runtimes
from convert.recipes import FP16, INT8, broken_bounds, read_recipes
from convert.thresholds import open_pipeline
from kiosk.errors import KioskError
from kiosk.evaluation import evaluate
from kiosk.models.card import Role
from kiosk.models.runtime import Runtime
from kiosk.photolist import read_photo_list

FPIRS = (0.003, 0.01)
_ROLES = (Role.DETECTOR, Role.EMBEDDER)


def main() -> int:
    """Measure what the command line asks for; return the exit code."""
    options = _options()
    try:
        figures = measure(options)
    except KioskError as error:
        print(error, file=sys.stderr)
        return 2
    text = json.dumps(figures, indent=1) + "\n"
    if options.out is not None:
        options.out.write_text(text, encoding="utf-8")
    print("| precision | FPIR | threshold | FNIR | rise, points |\n|---|---|---|---|---|")
    for precision, found in figures.items():
        for point in found["points"]:
            print(
                f"| {precision} | {100 * point['fpir']:.2f} % | {point['threshold']:.4f} | "
                f"{100 * point['fnir']:.2f} % | {point['rise_points']:+.2f} |"
            )
    broken = [each for found in figures.values() for each in found["broken"]]
    print("\n".join(broken or ["Every bound is kept."]))
    return 1 if broken else 0


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Return the figures by precision, ONNX first. Raises KioskError."""
    source, _ = open_source(options.network)
    loaded = runtimes(source)
    frames, told = calibration_pictures(options.frames, options.pictures)
    inputs = calibration.collect(loaded, frames, told)
    recipes = read_recipes()
    before = _points(loaded[Role.DETECTOR], loaded[Role.EMBEDDER], options)
    figures: dict[str, Any] = {"onnx": {"points": _risen(before, before), "broken": []}}
    for precision in options.precision.split(","):
        made: dict[Role, Runtime] = {}
        with tempfile.TemporaryDirectory() as folder:
            for role in _ROLES:
                card = source.card(role)
                recipe = recipes[card.architecture][precision]
                fed = inputs.pictures(role, recipe)
                file = source.file(card)
                built = build(card, file, recipe, options.target, fed, Path(folder))
                made[role] = built.runtime
            points = _risen(_points(made[Role.DETECTOR], made[Role.EMBEDDER], options), before)
        for runtime in made.values():
            runtime.close()
        worst = max(point["rise_points"] for point in points)
        limits = recipes["openset"][precision].bounds
        broken = broken_bounds({"fnir_rise_points": worst}, limits)
        figures[precision] = {"points": points, "calibration": told, "broken": broken}
    return figures


def rates(
    rows: list[dict[str, Any]], known: set[str], fpirs: tuple[float, ...] = FPIRS
) -> list[dict[str, float]]:
    """Return threshold and FNIR for each FPIR, from the probes of an evaluation.

    The threshold is the lowest that lets in no more strangers than the rate allows.
    """
    strangers = [row for row in rows if row["person"] not in known]
    genuine = [row for row in rows if row["person"] in known]
    # Refused by the gate, or too like a second person: not let in at any threshold.
    let_in = sorted((row["similarity"] for row in strangers if row["matched"]), reverse=True)
    points = []
    for fpir in fpirs:
        allowed = int(fpir * len(strangers) + 1e-9)
        is_free = allowed >= len(let_in)
        threshold = -1.0 if is_free else float(np.nextafter(let_in[allowed], 2.0))
        right = sum(
            row["matched"] == row["person"] and row["similarity"] >= threshold for row in genuine
        )
        points.append(
            {"fpir": fpir, "threshold": threshold, "fnir": (len(genuine) - right) / len(genuine)}
        )
    return points


def _points(
    detector: Runtime, embedder: Runtime, options: argparse.Namespace
) -> list[dict[str, float]]:
    enrol, probe = (read_photo_list(path, options.root) for path in (options.enrol, options.probe))
    result = evaluate(open_pipeline(detector, embedder), enrol, probe)
    known = {photo.person for photo in enrol}
    return rates(result["probes"], known)


def _risen(
    points: list[dict[str, float]], before: list[dict[str, float]]
) -> list[dict[str, float]]:
    return [
        {**point, "rise_points": 100 * (point["fnir"] - old["fnir"])}
        for point, old in zip(points, before, strict=True)
    ]


def _options() -> argparse.Namespace:
    summary, _, more = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        prog="python -m convert.openset",
        description=summary,
        epilog=more,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--network", type=Path, required=True, metavar="DIR")
    parser.add_argument("--enrol", type=Path, required=True, metavar="CSV")
    parser.add_argument("--probe", type=Path, required=True, metavar="CSV")
    parser.add_argument("--root", type=Path, help="where relative paths start")
    parser.add_argument("--frames", type=Path, metavar="DIR|CSV", help="to calibrate with")
    parser.add_argument("--pictures", type=int, default=120, help="how many of them")
    parser.add_argument("--target", default="rk3588")
    parser.add_argument("--precision", default=f"{FP16},{INT8}", metavar="A,B")
    parser.add_argument("--out", type=Path, metavar="JSON")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
