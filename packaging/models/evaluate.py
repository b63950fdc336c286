"""Measure the networks on people and scenes that were not trained on.

python packaging/models/evaluate.py WHAT [--pack DIR] [--shared DIR] [--count N]

WHAT: speed (of the simulator), scenes (embedded detector, head pose and liveness on whole frames),
identities (embedded embedder), real-detector and real-embedder (the networks for real people on
simulated ones, from SHARED/models), london (the head-pose network against landmarks on the
photographs of real people in SHARED/faces/london), or all. Everything runs through the program's
own runtime and decoders.
Prints Markdown tables and keeps the numbers in WORK/figures.json, where the model cards take them.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

import measure_identities
import measure_scenes
import measure_speed
import measure_views

REPOSITORY = Path(__file__).resolve().parents[2]
PARTS = ("speed", "scenes", "identities", "real-detector", "real-embedder", "london")
_COUNTS = {
    "speed": 8,
    "scenes": 2000,
    "identities": 1000,
    "real-detector": 1000,
    "real-embedder": 300,
}

Row = tuple[str, str, str]
"""What, asked, found."""


def main() -> None:
    """Measure what the command line asks for."""
    options = _options()
    figures_file: Path = options.work / "figures.json"
    figures: dict[str, Any] = {}
    if figures_file.exists():
        figures = json.loads(figures_file.read_text(encoding="utf-8"))
    wanted = PARTS if options.what == "all" else (options.what,)
    for part in wanted:
        print(f"## {part}\n", flush=True)
        figures[part], rows = _measure(part, options)
        print("| figure | asked | found |\n|---|---|---|")
        for row in rows:
            print("| " + " | ".join(row) + " |")
        print(flush=True)
        options.work.mkdir(parents=True, exist_ok=True)
        figures_file.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def _measure(part: str, options: argparse.Namespace) -> tuple[dict[str, Any], list[Row]]:
    count = options.count or _COUNTS.get(part, 0)
    if part == "speed":
        return measure_speed.simulator(count)
    if part == "scenes":
        return measure_scenes.embedded(options.pack, count, options.processes)
    if part == "identities":
        return measure_identities.embedded(options.pack, count, options.processes)
    shared: Path = options.shared
    if not (shared / "models").is_dir():
        raise SystemExit(f"{shared} holds no models. Name the folder with --shared DIR.")
    if part == "real-detector":
        return measure_scenes.real(shared / "models", count, options.processes)
    if part == "real-embedder":
        return measure_identities.real(shared / "models", count, options.processes)
    return measure_views.london(options.pack, shared)


def _options() -> argparse.Namespace:
    summary, _, more = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        description=summary, epilog=more, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=(*PARTS, "all"))
    parser.add_argument("--pack", type=Path, default=REPOSITORY / "assets/models/embedded")
    parser.add_argument("--shared", type=Path, default=REPOSITORY.parent / "shared")
    parser.add_argument("--work", type=Path, default=Path("build/training"))
    parser.add_argument("--count", type=int, help="visits, frames or people, if other than asked")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
