"""Prepare networks for another converter: python -m convert.prepare --network DIR --out DIR.

For toolkits that this environment cannot hold (rk1808.py): writes NAME.onnx, cut and equalised as
recipes.toml says for 8 bits, in opset 11, and NAME.txt with the calibration set as
.npy in the network's own colour order.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from convert import calibration
from convert.__main__ import calibration_pictures
from convert.build import normalised, prepared
from convert.graph import run_tensors
from convert.networks import open_source, runtimes
from convert.recipes import INT8, read_recipes
from kiosk.errors import KioskError, ModelError

_OPSET, _IR_VERSION = 11, 6
_NO_ROI = "no_roi"


def main() -> int:
    """Prepare every network of a folder; return the exit code."""
    summary, _, more = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        prog="python -m convert.prepare", description=summary, epilog=more
    )
    parser.add_argument("--network", type=Path, required=True, metavar="DIR")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--frames", type=Path, metavar="DIR|CSV", help="to calibrate with")
    parser.add_argument("--pictures", type=int, default=120, help="how many of them")
    options = parser.parse_args()
    try:
        prepare(options.network, options.out, options.frames, options.pictures)
    except KioskError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def prepare(network: Path, out: Path, frames: Path | None, count: int) -> None:
    """Write networks and calibration sets. Raises KioskError."""
    source, _ = open_source(network)
    pictures, told = calibration_pictures(frames, count)
    inputs = calibration.collect(runtimes(source), pictures, told)
    recipes = read_recipes()
    for card in source.cards:
        recipe = recipes[card.architecture][INT8]
        fed = inputs.pictures(card.role, recipe)
        folder = out / card.name
        folder.mkdir(parents=True, exist_ok=True)
        model = at_most(
            prepared(card, source.file(card), recipe, fed), _OPSET, normalised(card, fed[0])
        )
        onnx.save(model, out / f"{card.name}.onnx")
        files = [folder / f"{number:04}.npy" for number in range(len(fed))]
        for file, pixels in zip(files, fed, strict=True):
            np.save(file, pixels if card.colour_order == "BGR" else pixels[..., ::-1])
        listing = "".join(f"{file.resolve()}\n" for file in files)
        (out / f"{card.name}.txt").write_text(listing, encoding="utf-8")
        print(f"{card.name}: {len(files)} pictures")


def at_most(model: onnx.ModelProto, opset: int, blob: NDArray[np.float32]) -> onnx.ModelProto:
    """Return a network in a version of ONNX that older converters read.

    The operations of these networks compute the same since opset 11, but for two spellings; that
    is tried with the input ``blob``. Raises ModelError when it does not hold.
    """
    older = onnx.ModelProto()
    older.CopyFrom(model)
    older.ir_version = min(model.ir_version, _IR_VERSION)
    for each in older.opset_import:
        if not each.domain:
            each.version = min(each.version, opset)
    for node in older.graph.node:
        _respell(node)
    if any(_NO_ROI in node.input for node in older.graph.node):
        older.graph.initializer.append(numpy_helper.from_array(np.zeros(0, np.float32), _NO_ROI))
    names = [each.name for each in model.graph.output]
    try:
        onnx.checker.check_model(older)
        before, after = (run_tensors(each, names, blob) for each in (model, older))
    except Exception as error:  # the checker and ONNX Runtime raise their own, unrelated classes
        raise ModelError(f"The network needs more than opset {opset}: {error}.") from error
    if not all(np.allclose(before[name], after[name], atol=1e-4) for name in names):
        raise ModelError(f"The network computes something else in opset {opset}.")
    return older


def _respell(node: onnx.NodeProto) -> None:
    if node.op_type == "Resize" and len(node.input) > 1 and not node.input[1]:
        node.input[1] = _NO_ROI
    kept = [each for each in node.attribute if each.name != "allowzero" or each.i]
    del node.attribute[:]
    node.attribute.extend(kept)


if __name__ == "__main__":
    sys.exit(main())
