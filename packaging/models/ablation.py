"""What each step of the recognition brings: all pairs of a set of photographs.

``python packaging/models/ablation.py --data DATA --photos CSV [--root DIR] [--exclude CSV …]``

FNMR at false-match rates of single comparisons, every photograph against every other one. Each row
adds one step to the one above. ``--exclude`` leaves out people in a second table: those the
calibration in use was measured with.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.camera.imagefile import read_image
from kiosk.commands.calibrate import leave_out
from kiosk.domain import Conditions, Embedding, Frame, HeadPose
from kiosk.errors import ImageError
from kiosk.facemodels import load_face_models
from kiosk.photolist import Photo, read_photo_list
from kiosk.pipeline import FaceModels
from kiosk.recognition.gallery import Gallery
from kiosk.vision.alignment import align
from kiosk.vision.conditions import CHIP_PX, assess
from kiosk.vision.crops import template_chips
from kiosk.vision.head_pose import estimate_head_pose
from kiosk.vision.relight import relight
from kiosk.vision.search import FaceSearch
from kiosk.vision.subject import choose_subject

RATES = (1e-3, 1e-4, 1e-5, 1e-6)
_MIN_SCORE = 0.6
_BLOCK = 512


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One photograph, embedded in every way that is compared."""

    person: str
    vectors: dict[str, Embedding]
    conditions: Conditions
    pose: HeadPose


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--root", type=Path)
    parser.add_argument("--exclude", type=Path, nargs="+", default=[])
    args = parser.parse_args()
    cv2.setNumThreads(1)
    models = load_face_models(args.data / "models", _MIN_SCORE)
    photos = read_photo_list(args.photos, args.root)
    looks = [look for photo in photos if (look := looked_at(models, photo)) is not None]
    print(f"{len(photos)} photographs, {len(photos) - len(looks)} without a face")
    print_table("everybody", models, looks)
    if args.exclude:
        left_out = [p for name in args.exclude for p in read_photo_list(name, args.root)]
        others = {photo.person for photo in leave_out(photos, left_out)}
        rest = [look for look in looks if look.person in others]
        print_table("without those left out", models, rest)


def looked_at(models: FaceModels, photo: Photo) -> Look | None:
    """Find and embed the face of a photograph; None when there is none."""
    try:
        frame = Frame(read_image(photo.file), captured_at_ns=0)
    except ImageError:
        return None
    embedder, size_px = models.embedder, models.embedder.chip_size_px
    once, _ = choose_subject(frame, models.detector.detect(frame))
    twice, _ = choose_subject(frame, FaceSearch(models.detector).look(frame))
    if once is None or twice is None:
        return None
    chip = align(frame, twice, size_px)
    pose = estimate_head_pose(twice.landmarks)
    conditions = assess(frame, twice, align(frame, twice, CHIP_PX))
    door = embedder.embed_mirrored(relight(chip))
    strength = models.calibration.strength(door.length)
    conditions = dataclasses.replace(conditions, strength=strength)
    vectors = {
        "one pass, one chip": embedder.embed(align(frame, once, size_px)),
        "second pass": embedder.embed(chip),
        "mirrored chip": embedder.embed_mirrored(chip),
        "light corrected": door,
        "several crops": embedder.embed_mirrored(*template_chips(frame, twice, size_px)),
    }
    return Look(photo.person, vectors, conditions, pose)


def print_table(title: str, models: FaceModels, looks: Sequence[Look]) -> None:
    """Print FNMR in per cent at each rate, step by step."""
    people = np.array([look.person for look in looks])
    print(f"\n{title}: {len(looks)} photographs of {len(set(people.tolist()))} people")
    print(f"{'':34}" + "".join(f"{rate:>9.0e}" for rate in RATES))
    for name in ("one pass, one chip", "second pass", "mirrored chip", "light corrected"):
        raw = np.stack([look.vectors[name].vector for look in looks])
        _print_row(f"+ {name}", people, raw, raw)
    door = _centred(models, looks, "light corrected")
    template = _centred(models, looks, "several crops")
    _print_row("+ centred by conditions", people, door, door)
    _print_row("+ template of several crops", people, door, template)
    _print_row("+ probe of several crops too", people, template, template)


def _centred(models: FaceModels, looks: Sequence[Look], name: str) -> NDArray[np.float32]:
    gallery = Gallery.empty(models.embedder.model).calibrated(models.calibration)
    probes = [
        dataclasses.replace(look.vectors[name], conditions=look.conditions, pose=look.pose)
        for look in looks
    ]
    return np.stack([gallery.prepare(probe).vector for probe in probes])


def _print_row(
    name: str, people: NDArray[np.str_], probes: NDArray[np.float32], templates: NDArray[np.float32]
) -> None:
    _, owner = np.unique(people, return_inverse=True)
    genuine, impostors = [], []
    total = 0
    for start in range(0, len(probes), _BLOCK):
        scores = probes[start : start + _BLOCK] @ templates.T
        rows = np.arange(start, start + len(scores))
        same = owner[rows][:, None] == owner
        itself = rows[:, None] == np.arange(len(templates))
        genuine.append(scores[same & ~itself])
        others = scores[~same]
        total += len(others)
        impostors.append(np.sort(others)[-20_000:])
    own, top = np.concatenate(genuine), np.sort(np.concatenate(impostors))[::-1]
    shares = []
    for rate in RATES:
        place = int(rate * total)
        known = place < min(len(top), 20_000) and place >= 3
        shares.append(f"{100 * float((own <= top[place]).mean()):8.2f}%" if known else "        –")
    print(f"{name:34}" + "".join(shares), flush=True)


if __name__ == "__main__":
    main()
