"""``door-kiosk evaluate``: how good recognition and liveness are, counted."""

from __future__ import annotations

import argparse
import dataclasses
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kiosk.commands.options import Groups, add_command, add_json, count, number_between
from kiosk.commands.output import Output, Progress, percent, table
from kiosk.commands.setup import data_folder, make_pipeline, settings
from kiosk.errors import ConfigError

if TYPE_CHECKING:
    from kiosk.config import Config
    from kiosk.degradation import Degradation
    from kiosk.domain import LivenessPolicy
    from kiosk.fairness import Labels
    from kiosk.photolist import Photo
    from kiosk.pipeline import FaceModels, Pipeline
    from kiosk.recognition.gallery import Gallery

_SENTENCES = 10


def register(groups: Groups) -> None:
    """Describe the command."""
    parser = add_command(
        groups,
        "evaluate",
        "count how good the recognition is, over photographs",
        execute,
        more=(
            "With --enroll and --probe: enrol one list, probe with another. Each is a CSV file\n"
            "with the columns person,path and, if wanted, condition. A probe with an empty person\n"
            "is a stranger. People enrolled at the door play no part.\n\n"
            "With --photos: compare photographs of many people with each other. --conditions\n"
            "spoils them by known amounts and says what each condition costs with one fixed\n"
            "threshold, with a guessed formula and with the measured thresholds, and whether the\n"
            "promised false-match rate was kept. --groups counts by group of people.\n\n"
            "With --liveness: play simulated visits with pictures of faces."
        ),
        examples=(
            "evaluate --enroll gallery.csv --probe probes.csv --json report.json",
            "evaluate --conditions --photos all.csv --limit 300",
            "evaluate --groups people.csv --photos pictures/",
            "evaluate --liveness 300 --liveness-log visits.jsonl",
        ),
        pictures=True,
    )
    parser.add_argument("--enroll", metavar="CSV", help="who is enrolled")
    parser.add_argument("--probe", metavar="CSV", help="who comes to the door")
    parser.add_argument(
        "--photos", metavar="CSV|DIR", nargs="+", default=[], help="photographs of many people"
    )
    parser.add_argument("--root", metavar="DIR", help="where relative paths start")
    parser.add_argument(
        "--exclude", metavar="CSV", nargs="+", default=[], help="lists of people to leave out"
    )
    parser.add_argument("--limit", metavar="N", type=count, help="use the first N people only")
    parser.add_argument("--conditions", action="store_true", help="say what each condition costs")
    parser.add_argument(
        "--kinds", metavar="NAME,...", help="these kinds of conditions only (default: all)"
    )
    parser.add_argument(
        "--groups",
        metavar="CSV",
        help="count by group: columns person and any labels, e.g. gender, age",
    )
    parser.add_argument(
        "--liveness",
        metavar="N",
        nargs="?",
        type=count,
        const=300,
        help="play N simulated visits of every species of attack (default: 300)",
    )
    parser.add_argument(
        "--liveness-log", metavar="FILE", help="remember visits there, to go on after a stop"
    )
    parser.add_argument(
        "--stranger-rate",
        metavar="R",
        type=number_between(1e-6, 0.05),
        help="share of strangers that may be let in (default: as in the settings)",
    )
    add_json(parser)
    parser.set_defaults(wrong=parser.error)


def execute(args: argparse.Namespace) -> int:
    """Evaluate and print. Raises ConfigError, ModelError, EnrolmentError."""
    from kiosk.facemodels import load_face_models

    _check(args)
    output, folder = Output(args.json), data_folder(args)
    config = settings(args, folder)
    if args.stranger_rate is not None:
        wanted = dataclasses.replace(config.recognition, stranger_rate=args.stranger_rate)
        config = dataclasses.replace(config, recognition=wanted)
    # Read before the networks are loaded: a wrong list shall be told at once.
    lists = [_list(args, args.enroll), _list(args, args.probe)] if args.enroll else []
    photos, kinds, labels = _photos(args), _kinds(args), _labels(args)
    score = config.recognition.min_detection_score
    result: dict[str, Any] = {}
    with closing(load_face_models(folder.models, score, config.models)) as models:
        if lists:
            result.update(_open_set(output, models, config, *lists))
        if photos:
            result.update(_many_people(output, models, config, args, photos, kinds, labels))
        if args.liveness:
            result.update(_liveness(output, models, config, args))
    output.result(result)
    return 0


def _check(args: argparse.Namespace) -> None:
    """End with a word about the usage where options do not fit together."""
    if bool(args.enroll) != bool(args.probe):
        args.wrong("give both --enroll and --probe: who is enrolled, and who comes")
    if args.photos and not (args.conditions or args.groups):
        args.wrong("say what to count over the photographs: --conditions, --groups or both")
    if (args.conditions or args.groups) and not args.photos:
        args.wrong("give photographs of many people with --photos")
    if not (args.enroll or args.photos or args.liveness):
        args.wrong(
            "say what to evaluate: --enroll with --probe, --photos with --conditions or --groups, "
            "or --liveness"
        )


def _list(args: argparse.Namespace, name: str) -> list[Photo]:
    from kiosk.photolist import read_photo_list

    return read_photo_list(Path(name), Path(args.root) if args.root else None)


def _photos(args: argparse.Namespace) -> list[Photo]:
    from kiosk.commands.calibrate import leave_out
    from kiosk.photolist import photo_folder

    listed = [
        photo
        for name in args.photos
        for photo in (photo_folder(Path(name)) if Path(name).is_dir() else _list(args, name))
    ]
    photos = leave_out(listed, [photo for name in args.exclude for photo in _list(args, name)])
    if listed and not photos:
        raise ConfigError("Nobody with a name remains of the photographs. Use a longer list.")
    people = list(dict.fromkeys(photo.person for photo in photos))[: args.limit]
    return [photo for photo in photos if photo.person in set(people)]


def _kinds(args: argparse.Namespace) -> tuple[Degradation, ...]:
    from kiosk.conditionfaces import EVALUATED, MASK
    from kiosk.degradation import kind

    if not args.conditions:
        return ()
    if args.kinds is None:
        return EVALUATED
    names = [name.strip() for name in args.kinds.split(",") if name.strip()]
    return tuple(MASK if name == MASK.name else kind(name) for name in names)


def _labels(args: argparse.Namespace) -> Labels | None:
    from kiosk.fairness import read_labels

    return read_labels(Path(args.groups)) if args.groups else None


def _open_set(
    output: Output,
    models: FaceModels,
    config: Config,
    enrol: list[Photo],
    probe: list[Photo],
) -> dict[str, Any]:
    from kiosk.evaluation import evaluate

    progress = Progress("photographs")
    pipeline = make_pipeline(models, config)
    result = evaluate(pipeline, enrol, probe, progress, models.calibration)
    output.say(*_summary_lines(result["summary"]))
    return result


def _many_people(
    output: Output,
    models: FaceModels,
    config: Config,
    args: argparse.Namespace,
    photos: list[Photo],
    kinds: tuple[Degradation, ...],
    labels: Labels | None,
) -> dict[str, Any]:
    from kiosk.commands.ratelines import condition_lines, fairness_lines
    from kiosk.conditionfaces import look_at
    from kiosk.conditiontable import condition_table
    from kiosk.fairness import fairness_table
    from kiosk.recognition.thresholds import flat_calibration

    # Everything is looked at, refused or not: the fixed threshold knows no refusal.
    bare = dataclasses.replace(
        models, calibration=flat_calibration(models.embedder.model, 0.999), liveness=None
    )
    faces = look_at(make_pipeline(bare, config), photos, kinds, Progress("photographs"))
    result: dict[str, Any] = {}
    if args.conditions:
        conditions = condition_table(faces, models.calibration)
        output.say(*condition_lines(conditions), "")
        result["conditions"] = conditions.as_tree()
    if labels is not None:
        fairness = fairness_table(faces, models.calibration, labels)
        output.say(*fairness_lines(fairness))
        result["fairness"] = fairness.as_tree()
    return result


def _liveness(
    output: Output, models: FaceModels, config: Config, args: argparse.Namespace
) -> dict[str, Any]:
    from kiosk.livenessreport import liveness_report

    def door(policy: LivenessPolicy, gallery: Gallery) -> Pipeline:
        pipeline = make_pipeline(models, config, is_filmed=True)
        pipeline.set_liveness_policy(policy)
        pipeline.set_gallery(gallery)
        return pipeline

    log = Path(args.liveness_log) if args.liveness_log else None
    report = liveness_report(
        models, door, args.liveness, log=log, progress=Progress("simulated visits")
    )
    output.say(*report.lines())
    return {"liveness": report.as_tree()}


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
    rows = [
        (
            f"{r['fmr']:.0e}",
            r["cosine"],
            percent(r["fnmr"]),
            r["promised_cosine"],
            "–" if r["promised_fmr"] is None else f"{r['promised_fmr']:.1e}",
            percent(r["promised_fnmr"]),
        )
        for r in fmr_table
    ]
    first = fmr_table[0]
    return [
        "",
        f"Single comparisons: {first['genuine_pairs']} of the same person, "
        f"{first['impostor_pairs']} of different people",
        *table(("FMR", "cosine", "FNMR", "as calibrated", "FMR then", "FNMR then"), rows),
    ]
