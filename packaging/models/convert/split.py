"""Part a folder of photographs into people to calibrate with and people to compare on.

python -m convert.split FOLDER OUT [--calibration N] [--without CSV ...]

FOLDER holds one folder a person. OUT gets calibration.csv and held-out.csv, with one photograph a
person; nobody is on both. People on a list --without are never calibrated with: those of a test.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

from kiosk.photolist import read_photo_list


def main() -> None:
    """Write the two lists."""
    summary, _, more = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        prog="python -m convert.split", description=summary, epilog=more
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--calibration", type=int, default=150, metavar="N")
    parser.add_argument("--without", type=Path, nargs="*", default=[], metavar="CSV")
    options = parser.parse_args()
    taken = {photo.file.resolve() for path in options.without for photo in read_photo_list(path)}
    people = sorted(each for each in options.folder.iterdir() if each.is_dir())
    chosen, others = parted(people, taken, options.calibration)
    options.out.mkdir(parents=True, exist_ok=True)
    for name, folders in (("calibration.csv", chosen), ("held-out.csv", others)):
        with (options.out / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("person", "path"))
            writer.writerows((each.name, sorted(each.iterdir())[0].resolve()) for each in folders)
        print(f"{name}: {len(folders)} people")


def parted(people: list[Path], taken: set[Path], count: int) -> tuple[list[Path], list[Path]]:
    """Return the people to calibrate with, none of whose photographs is taken, and the others."""
    free = [
        person
        for person in people
        if not any(photo.resolve() in taken for photo in person.iterdir())
    ]
    chosen = free[:count]
    return chosen, [person for person in people if person not in set(chosen)]


if __name__ == "__main__":
    main()
