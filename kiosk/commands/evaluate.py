"""``door-kiosk evaluate``: how good the recognition is, counted over photographs."""

from __future__ import annotations

import argparse
import dataclasses
from contextlib import closing
from pathlib import Path
from typing import Any

from kiosk.commands.options import Groups, add_command, add_json, number_between
from kiosk.commands.output import Output, Progress, percent, table
from kiosk.commands.setup import data_folder, make_pipeline, settings

_SENTENCES = 10


def register(groups: Groups) -> None:
    """Describe the command."""
    parser = add_command(
        groups,
        "evaluate",
        "enrol one list of photographs, probe with another and count",
        execute,
        more=(
            "Each list is a CSV file with the columns person,path and, if wanted, condition. A\n"
            "probe with an empty person is a stranger. People enrolled at the door play no part."
        ),
        examples=("evaluate --enroll gallery.csv --probe probes.csv --json report.json",),
        pictures=True,
    )
    parser.add_argument("--enroll", metavar="CSV", required=True, help="who is enrolled")
    parser.add_argument("--probe", metavar="CSV", required=True, help="who comes to the door")
    parser.add_argument("--root", metavar="DIR", help="where relative paths start")
    parser.add_argument(
        "--stranger-rate",
        metavar="R",
        type=number_between(1e-6, 0.05),
        help="share of strangers that may be let in (default: as in the settings)",
    )
    add_json(parser)


def execute(args: argparse.Namespace) -> int:
    """Evaluate and print. Raises ConfigError, ModelError, EnrolmentError."""
    from kiosk.evaluation import evaluate
    from kiosk.facemodels import load_face_models
    from kiosk.photolist import read_photo_list

    output, folder = Output(args.json), data_folder(args)
    config = settings(args, folder)
    if args.stranger_rate is not None:
        wanted = dataclasses.replace(config.recognition, stranger_rate=args.stranger_rate)
        config = dataclasses.replace(config, recognition=wanted)
    root = Path(args.root) if args.root else None
    enrol = read_photo_list(Path(args.enroll), root)
    probe = read_photo_list(Path(args.probe), root)
    score = config.recognition.min_detection_score
    with closing(load_face_models(folder.models, score, config.models)) as models:
        result = evaluate(make_pipeline(models, config), enrol, probe, Progress("photographs"))
    output.say(*_summary_lines(result["summary"]))
    output.result(result)
    return 0


def _summary_lines(summary: dict[str, Any]) -> list[str]:
    nobody = ["No photograph passed the enrolment gate: every probe is a stranger's."]
    lines = [
        *(nobody if not summary["templates"] else []),
        f"Enrolled: {summary['people_enrolled']} people with {summary['templates']} templates"
        + (f"; {summary['people_refused']} people refused" if summary["people_refused"] else ""),
        f"Threshold: {summary['threshold']:.4f} (cosine)",
        f"Probes: {summary['genuine']} of enrolled people, {summary['strangers']} of strangers",
        "",
        f"Not let in although enrolled (FNIR):  {percent(summary['fnir'])}",
        f"Let in although a stranger (FPIR):    {percent(summary['fpir'])}"
        f"  ({summary['strangers_accepted']} of {summary['strangers']})",
        f"Taken for another person:             {percent(summary['wrong_person_rate'])}"
        f"  ({summary['wrong_person']} of {summary['genuine']})",
    ]
    for title, refusals in (
        ("Enrolment photographs refused", summary["enrolment_refusals"]),
        ("Probes refused", summary["refusals"]),
    ):
        lines += _refusal_lines(title, refusals)
    lines += [f"Unreadable: {sentence}" for sentence in summary["unreadable"][:_SENTENCES]]
    lines += _fmr_lines(summary["fmr_table"])
    if summary["by_condition"]:
        rows = [
            (name, c["genuine"], percent(c["fnir"]), c["strangers"], percent(c["fpir"]))
            for name, c in summary["by_condition"].items()
        ]
        lines += ["", *table(("condition", "genuine", "FNIR", "strangers", "FPIR"), rows)]
    return lines


def _refusal_lines(title: str, refusals: dict[str, int]) -> list[str]:
    from kiosk.commands.wording import refusal_in_words

    if not refusals:
        return []
    rows = [f"  {number:6d}  {refusal_in_words(value)}" for value, number in refusals.items()]
    return ["", f"{title}: {sum(refusals.values())}", *rows]


def _fmr_lines(fmr_table: list[dict[str, Any]]) -> list[str]:
    if not fmr_table:
        return []
    rows = [(f"{r['fmr']:.0e}", r["cosine"], percent(r["fnmr"])) for r in fmr_table]
    first = fmr_table[0]
    return [
        "",
        f"Single comparisons: {first['genuine_pairs']} of the same person, "
        f"{first['impostor_pairs']} of different people",
        *table(("FMR", "cosine", "FNMR"), rows),
    ]
