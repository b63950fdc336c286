"""Convert the networks of a pack and prove it: python -m convert --network DIR --out DIR.

NETWORK is a pack folder, or a folder with networks that the catalogue knows. With --frames the
8-bit networks are calibrated on your own pictures (a folder, or a CSV list with a column path), and
without on drawn people; --held-out names other pictures, of other people, to compare on. Everything
is written to OUT: the pack for `door-kiosk models import`, report.md and report.json. The exit
code is 1 when a bound of recipes.toml is broken; then there is no manifest in OUT.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import tempfile
from pathlib import Path

from convert import calibration, onnx_int8, packing, parity, pictures, reference
from convert.build import TOOLKIT, build
from convert.networks import assembled, open_source, runtimes
from convert.recipes import ALGORITHMS, FP16, INT8, TARGETS, Recipe, read_recipes
from convert.report import Report, Row, row_of, summary
from convert.thresholds import measure_int8
from kiosk.errors import KioskError
from kiosk.models.card import ModelCard, Role
from kiosk.models.pack import MANIFEST, Pack
from kiosk.models.runtime import Runtime
from kiosk.recognition.thresholdfile import load_calibration
from kiosk.recognition.thresholds import Calibration

_SEED = 41


def main(arguments: list[str] | None = None) -> int:
    """Convert what the command line asks for; return the exit code."""
    options = _options(arguments)
    try:
        report = convert(options)
    except KioskError as error:
        print(error, file=sys.stderr)
        return 2
    print("\n".join(summary(report)))
    print(f"Report: {options.out / 'report.md'}")
    return 1 if report.broken else 0


def convert(options: argparse.Namespace) -> Report:
    """Convert, compare, pack. Raises KioskError."""
    source, extras = open_source(options.network)
    loaded = runtimes(source)
    frames, told = calibration_pictures(options.frames, options.pictures)
    print(f"Calibration: {told}", flush=True)
    inputs = calibration.collect(loaded, frames, told)
    held_out, told_held = held_out_pictures(options.held_out, options.count, options.drawn)
    print(f"Held out: {told_held}", flush=True)
    compared = reference.look_at(assembled(loaded), loaded, held_out, told_held)
    run = _Run(options, source, extras, inputs, compared)
    for card in source.cards:
        if not options.only or card.role.value in options.only:
            run.convert(card)
    report = Report(f"{told} ({TOOLKIT})", told_held, tuple(run.rows))
    report.write(options.out)
    manifest = options.out / MANIFEST
    manifest.unlink(missing_ok=True)
    if not report.broken:
        packing.write_pack(options.out, source, extras, run.converted)
        run.write_thresholds()
    return report


class _Run:
    """One run: what it is given, and what has come out so far."""

    def __init__(
        self,
        options: argparse.Namespace,
        source: Pack,
        extras: Path,
        inputs: calibration.CalibrationSet,
        compared: reference.Reference,
    ) -> None:
        self._options, self._source, self._extras = options, source, extras
        self._inputs, self._compared = inputs, compared
        self._recipes = read_recipes()
        self._work = tempfile.TemporaryDirectory(prefix="convert-")
        self._kept: dict[tuple[Role, str], Runtime] = {}
        """The simulated 8-bit networks of the first target, to measure thresholds with."""
        self.rows: list[Row] = []
        self.converted: list[packing.Converted] = []

    def convert(self, card: ModelCard) -> None:
        """Convert one network for all targets and precisions asked for."""
        recipes = self._recipes.get(card.architecture, {})
        for precision in self._options.precision:
            recipe = recipes.get(precision)
            if recipe is None:
                print(f"{card.name}: no recipe for {precision}", flush=True)
                continue
            recipe = self._adapted(recipe)
            if precision == onnx_int8.PRECISION:
                self._convert_onnx(card, recipe)
                continue
            for target in self._options.targets:
                self._convert_for(card, recipe, target)

    def _adapted(self, recipe: Recipe) -> Recipe:
        changes = {}
        if self._options.algorithm and recipe.precision == INT8:
            changes["algorithm"] = self._options.algorithm
        if self._options.no_hybrid:
            changes.update(float16_first=0, float16_heads=False)
        if self._options.no_equalise:
            changes["equalise"] = False
        return dataclasses.replace(recipe, **changes)

    def _convert_for(self, card: ModelCard, recipe: Recipe, target: str) -> None:
        fed = self._inputs.pictures(card.role, recipe)
        version = calibration.version_of(card.version, recipe, fed) if fed else None
        file = self._source.file(card)
        folder = Path(self._work.name)
        built = build(card, file, recipe, target, fed, folder, version)
        figures = parity.measure(built.runtime, self._compared, self._thresholds(card))
        row = row_of(built.card, recipe, figures, built.seconds, is_trial=False)
        self._add(row)
        if not row.broken:
            packing.write_self_test(self._options.out, self._extras, card, file, built.runtime)
        self.converted.append(packing.Converted(built.card, built.path))
        key = (card.role, recipe.precision)
        if recipe.precision == INT8 and key not in self._kept:
            self._kept[key] = built.runtime
        else:
            built.runtime.close()

    def _convert_onnx(self, card: ModelCard, recipe: Recipe) -> None:
        fed = self._inputs.pictures(card.role, recipe)
        made = onnx_int8.convert(
            card,
            self._source.file(card),
            fed,
            Path(self._work.name),
            calibration.version_of(card.version, recipe, fed),
        )
        figures = parity.measure(made.runtime, self._compared, self._thresholds(card))
        figures["times_as_fast"] = made.times_as_fast
        row = row_of(made.runtime.card, recipe, figures, made.seconds, is_trial=True)
        self._add(row)
        if not row.broken:
            packing.write_self_test(
                self._options.out, self._extras, card, self._source.file(card), made.runtime
            )
            self.converted.append(packing.Converted(made.runtime.card, made.path))
        made.runtime.close()

    def write_thresholds(self) -> None:
        """Give the embedders thresholds: those of full precision, or measured ones."""
        for each in self.converted:
            card = each.card
            if card.role is Role.EMBEDDER and card.precision == FP16:
                packing.rebind_thresholds(
                    self._options.out, self._extras, self._source.card(card.role), card
                )
        embedder = self._kept.get((Role.EMBEDDER, INT8))
        detector = self._kept.get((Role.DETECTOR, INT8))
        if embedder is not None and detector is not None and self._options.photos is not None:
            path = measure_int8(self._options.out, detector, embedder, self._options.photos)
            print(f"Thresholds of the 8-bit embedder: {path}", flush=True)
        elif embedder is not None:
            print(
                "The 8-bit embedder has no thresholds and accepts nobody yet. Convert with "
                "--photos LIST.csv, or measure them on the board: door-kiosk calibrate",
                flush=True,
            )

    def _thresholds(self, card: ModelCard) -> Calibration | None:
        path = Pack(self._extras, ()).thresholds(card)
        return load_calibration(path, card.id) if path.is_file() else None

    def _add(self, row: Row) -> None:
        self.rows.append(row)
        verdict = "; ".join(row.broken) or "ok"
        print(f"{row.name} {row.target} {row.precision}: {verdict}", flush=True)
        print(f"  {parity.in_words(row.figures)}", flush=True)


def calibration_pictures(source: Path | None, count: int) -> tuple[list[pictures.Picture], str]:
    """Return the frames of the calibration set, and what they are."""
    if source is None:
        first = pictures.CALIBRATION_PEOPLE
        return pictures.drawn(first, count, _SEED), f"{count} frames of drawn people"
    files = pictures.listed(source, count)
    frames = pictures.photographed(files, _SEED)
    return frames, f"{len(files)} of the given pictures, {len(frames)} frames with those from afar"


def held_out_pictures(
    source: Path | None, count: int, drawn: int
) -> tuple[list[pictures.Picture], str]:
    """Return the frames to compare on, and what they are."""
    frames = pictures.drawn(pictures.HELD_OUT_PEOPLE, drawn, _SEED)
    if source is None:
        return frames, f"{drawn} frames of drawn people"
    photographed = pictures.photographed(pictures.listed(source, count), _SEED + 1)
    told = f"{len(photographed)} held-out frames of people and {drawn} of drawn people"
    return photographed + frames, told


def _options(arguments: list[str] | None) -> argparse.Namespace:
    summary_, _, more = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(prog="python -m convert", description=summary_, epilog=more)
    parser.add_argument("--network", type=Path, required=True, metavar="DIR")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--targets", type=_some_of(TARGETS), default=TARGETS, metavar="A,B")
    parser.add_argument(
        "--precision",
        type=_some_of((FP16, INT8, onnx_int8.PRECISION)),
        default=(FP16, INT8),
        metavar="A,B",
    )
    parser.add_argument("--only", type=_some_of([role.value for role in Role]), metavar="ROLE,…")
    parser.add_argument("--algorithm", choices=ALGORITHMS, help="instead of the recipe's")
    parser.add_argument("--no-hybrid", action="store_true", help="all layers in 8 bits")
    parser.add_argument("--no-equalise", action="store_true", help="channels as they are")
    parser.add_argument("--frames", type=Path, metavar="DIR|CSV", help="to calibrate with")
    parser.add_argument("--pictures", type=int, default=120, help="how many of them")
    parser.add_argument("--held-out", type=Path, metavar="DIR|CSV", help="to compare on")
    parser.add_argument("--count", type=int, default=600, help="how many of them")
    parser.add_argument("--drawn", type=int, default=150, help="drawn frames to compare on")
    parser.add_argument("--photos", type=Path, metavar="CSV", help="measure int8 thresholds")
    return parser.parse_args(arguments)


def _some_of(known):
    def parse(text: str) -> tuple[str, ...]:
        chosen = tuple(each.strip() for each in text.split(","))
        for each in chosen:
            if each not in known:
                raise argparse.ArgumentTypeError(f"{each!r} is none of {', '.join(known)}")
        return chosen

    return parse


if __name__ == "__main__":
    sys.exit(main())
