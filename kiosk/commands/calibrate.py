"""``door-kiosk calibrate``: measure the thresholds of the embedder in use."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from kiosk.commands.options import Groups, add_command, number_between
from kiosk.commands.output import Output, Progress, check_writable, replacing, table
from kiosk.commands.setup import data_folder, make_pipeline, settings
from kiosk.errors import ConfigError

if TYPE_CHECKING:
    from kiosk.fairness import Labels
    from kiosk.photolist import Photo
    from kiosk.recognition.thresholds import Calibration

_SHOWN_RATES = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6)


def register(groups: Groups) -> None:
    """Describe the command."""
    parser = add_command(
        groups,
        "calibrate",
        "measure the thresholds of the embedder in use, in every condition",
        execute,
        more=(
            "Photographs of different people are compared with each other, as they are and\n"
            "spoiled by known amounts: darkness, blur, side light, noise, masks. A list is a CSV\n"
            "file with the columns person,path, a folder one with a folder of pictures for each\n"
            "person; rows without a person are left out. Thresholds must not be measured with the\n"
            "people they are judged by later: name those lists with --exclude, and everybody in\n"
            "them is left out. With --groups false matches are counted within every group of\n"
            "people too, and the worst group sets the thresholds. Simulated people are for\n"
            "networks that know no others."
        ),
        examples=(
            "calibrate --photos all.csv --out NAME.thresholds.json --report report.html",
            "calibrate --photos all.csv more/ --exclude gallery.csv probes.csv --out new.json",
            "calibrate --photos all.csv --groups people.csv --out new.json --report report.html",
            "calibrate --simulated 400 --out NAME.thresholds.json",
        ),
        pictures=True,
    )
    parser.add_argument(
        "--photos", metavar="CSV|DIR", nargs="+", default=[], help="the photographs"
    )
    parser.add_argument("--root", metavar="DIR", help="where relative paths start")
    parser.add_argument(
        "--exclude", metavar="CSV", nargs="+", default=[], help="lists of people to leave out"
    )
    parser.add_argument(
        "--groups",
        metavar="CSV",
        help="let the worst group set the thresholds: columns person and any labels, e.g. gender",
    )
    parser.add_argument(
        "--simulated", metavar="N", type=int, default=0, help="so many simulated people"
    )
    parser.add_argument(
        "--promise",
        metavar="R",
        type=number_between(1e-8, 0.1),
        default=1e-4,
        help="refuse to write thresholds when the comparisons support no such false-match rate "
        "(default: 1e-4)",
    )
    parser.add_argument("--source", metavar="TEXT", help="where the photographs come from")
    parser.add_argument("--out", metavar="FILE", required=True, help="the file to write")
    parser.add_argument("--report", metavar="HTML", help="a page with tables and plots")
    parser.add_argument("--force", action="store_true", help="replace FILE when it is there")


def execute(args: argparse.Namespace) -> int:
    """Measure, write and print. Raises ConfigError, ModelError."""
    from kiosk.calibration import calibrate
    from kiosk.calibrationreport import write_report
    from kiosk.calibrationsample import collect, photo_shots, twins_among
    from kiosk.commands.ratelines import group_lines
    from kiosk.conditionfaces import faces_of
    from kiosk.facemodels import load_uncalibrated_models
    from kiosk.fairness import heard_groups
    from kiosk.photolist import check_nobody_twice
    from kiosk.recognition.thresholdfile import save_calibration
    from kiosk.simulatedshots import simulated_shots

    output, folder, target = Output(), data_folder(args), Path(args.out)
    _check_targets(args, target)
    config = settings(args, folder)
    photos, listed = _photos(args)
    if bool(photos) == bool(args.simulated):
        raise ConfigError(
            "Give photographs with --photos, or simulated people with --simulated."
            if not photos
            else "Photographs and simulated people cannot be measured together."
        )
    # Before anything that takes long: a wrong list shall be told at once.
    labels = _labels(args, photos)
    check_nobody_twice(photos)
    score = config.recognition.min_detection_score
    with closing(load_uncalibrated_models(folder.models, score, config.models)) as models:
        pipeline, progress = make_pipeline(models, config), Progress("photographs")
        if photos:
            samples = collect(pipeline, photo_shots(photos), len(photos), progress)
            source = args.source or ", ".join(Path(name).name for name in args.photos)
        else:
            shots = simulated_shots(args.simulated)
            samples = collect(pipeline, shots.shots, shots.count, progress)
            source = args.source or f"{args.simulated} simulated people"
        calibration = calibrate(samples, models.embedder.model, source, args.promise)
    groups = None
    if labels is not None:
        groups = heard_groups(faces_of(samples), calibration, labels, args.promise)
        calibration = groups.calibration
    twins = twins_among(samples)
    with replacing(target) as fresh:
        save_calibration(calibration, fresh)
    if args.report:
        with replacing(Path(args.report)) as fresh:
            write_report(samples, calibration, fresh, groups)
    output.say(
        f"{listed} photographs listed, {listed - len(photos)} left out, "
        f"{samples.refused} without a usable face, {len(samples.faces)} faces measured."
        if photos
        else f"{len(samples.faces)} faces measured.",
        *_lines(calibration),
        "",
        *([*group_lines(groups), ""] if groups is not None else []),
        *([f"Warning: {twins.in_words()}", ""] if twins is not None else []),
        f"Written to {target}.",
    )
    return 0


def _check_targets(args: argparse.Namespace, target: Path) -> None:
    for path in (target, *([Path(args.report)] if args.report else [])):
        check_writable(path)
        if path.exists() and not args.force:
            raise ConfigError(
                f"{path} is there already. Name another file, or replace it with --force."
            )


def _labels(args: argparse.Namespace, photos: Sequence[Photo]) -> Labels | None:
    from kiosk.fairness import check_labels, read_labels

    if not args.groups:
        return None
    if not photos:
        raise ConfigError("--groups is about people in photographs: leave it out, or --simulated.")
    labels = read_labels(Path(args.groups))
    check_labels((photo.person for photo in photos), labels)
    return labels


def _photos(args: argparse.Namespace) -> tuple[list[Photo], int]:
    """Return the photographs to use, and how many were listed."""
    from kiosk.photolist import photo_folder, read_photo_list

    root = Path(args.root) if args.root else None
    listed: list[Photo] = []
    for name in args.photos:
        path = Path(name)
        listed += photo_folder(path) if path.is_dir() else read_photo_list(path, root)
    excluded = [photo for name in args.exclude for photo in read_photo_list(Path(name), root)]
    photos = leave_out(listed, excluded)
    if listed and not photos:
        raise ConfigError("No photographs remain after --exclude. Use a longer list.")
    return photos, len(listed)


def leave_out(listed: Sequence[Photo], excluded: Sequence[Photo]) -> list[Photo]:
    """Return the photographs of people who do not occur in ``excluded``.

    An excluded row without a person is known by its file: whoever is listed with that file is left
    out with all their photographs.
    """
    names = {photo.person for photo in excluded if photo.person}
    files = {os.path.realpath(photo.file) for photo in excluded}
    names |= {photo.person for photo in listed if os.path.realpath(photo.file) in files}
    return [photo for photo in listed if photo.person and photo.person not in names]


def _lines(calibration: Calibration) -> list[str]:
    from kiosk.domain import TemplateKind
    from kiosk.recognition.thresholds import in_words

    rows = []
    for kind, surface in calibration.surfaces.items():
        for name, risk in (("good", 0.0), ("worst usable", float(surface.risks[-1]))):
            if kind is TemplateKind.MASKED and risk:
                continue
            label = "masked" if kind is TemplateKind.MASKED else name
            cosines = [f"{float(surface.cosine(rate, risk)[0]):.3f}" for rate in _SHOWN_RATES]
            rows.append((label, *cosines))
    return [
        f"{calibration.model}: {calibration.people} people, {calibration.impostor_pairs} pairs of "
        f"different people, {calibration.genuine_pairs} of the same, as they are",
        f"They support {in_words(calibration.rarest_fmr)} for one comparison by count; rarer rates "
        "are extrapolated.",
        "",
        *table(("probe", *(f"FMR {rate:.0e}" for rate in _SHOWN_RATES)), rows),
    ]
