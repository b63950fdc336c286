"""``door-kiosk calibrate``: measure the thresholds of the embedder in use."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from kiosk.commands.options import Groups, add_command
from kiosk.commands.output import Output, Progress, check_writable, replacing, table
from kiosk.commands.setup import data_folder, make_pipeline, settings
from kiosk.errors import ConfigError

if TYPE_CHECKING:
    from kiosk.photolist import Photo
    from kiosk.recognition.thresholds import Calibration


def register(groups: Groups) -> None:
    """Describe the command."""
    parser = add_command(
        groups,
        "calibrate",
        "measure the thresholds of the embedder in use from photographs",
        execute,
        more=(
            "The list is a CSV file with the columns person,path; rows without a person are left\n"
            "out. Thresholds must not be measured with the people they are judged by later: name\n"
            "those lists with --exclude, and everybody in them is left out."
        ),
        examples=(
            "calibrate --photos all.csv --out NAME.thresholds.json",
            "calibrate --photos all.csv --exclude gallery.csv probes.csv --out new.json",
        ),
        pictures=True,
    )
    parser.add_argument("--photos", metavar="CSV", required=True, help="the photographs")
    parser.add_argument("--root", metavar="DIR", help="where relative paths start")
    parser.add_argument(
        "--exclude", metavar="CSV", nargs="+", default=[], help="lists of people to leave out"
    )
    parser.add_argument("--source", metavar="TEXT", help="where the photographs come from")
    parser.add_argument("--out", metavar="FILE", required=True, help="the file to write")
    parser.add_argument("--force", action="store_true", help="replace FILE when it is there")


def execute(args: argparse.Namespace) -> int:
    """Measure, write and print. Raises ConfigError, ModelError."""
    from kiosk.calibration import measure_thresholds
    from kiosk.facemodels import load_uncalibrated_models
    from kiosk.photolist import read_photo_list
    from kiosk.recognition.thresholds import save_calibration

    output, folder, target = Output(), data_folder(args), Path(args.out)
    check_writable(target)
    if target.exists() and not args.force:
        raise ConfigError(
            f"{target} is there already. Name another file, or replace it with --force."
        )
    config = settings(args, folder)
    root = Path(args.root) if args.root else None
    listed = read_photo_list(Path(args.photos), root)
    excluded = [photo for name in args.exclude for photo in read_photo_list(Path(name), root)]
    photos = leave_out(listed, excluded)
    if not photos:
        raise ConfigError("No photographs remain after --exclude. Use a longer list.")
    score = config.recognition.min_detection_score
    with closing(load_uncalibrated_models(folder.models, score, config.models)) as models:
        run = measure_thresholds(
            make_pipeline(models, config),
            models.embedder.model,
            photos,
            args.source or Path(args.photos).name,
            Progress("photographs"),
        )
    with replacing(target) as fresh:
        save_calibration(run.calibration, fresh)
    output.say(
        f"{len(listed)} photographs listed, {len(listed) - len(photos)} left out, "
        f"{run.refused} refused by the gate, {run.used} used.",
        *_lines(run.calibration),
        "",
        f"Written to {target}.",
    )
    return 0


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
    rows = [(f"{point.fmr:.2e}", point.cosine) for point in calibration.points]
    return [
        f"{calibration.model}: {calibration.people} people, {calibration.impostor_pairs} pairs of "
        f"different people, {calibration.genuine_pairs} of the same",
        "",
        *table(("FMR at most", "cosine"), rows),
    ]
