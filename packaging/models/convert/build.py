"""Build one .rknn file with Rockchip's toolkit. The only file that imports it."""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import hashlib
import os
import re
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
from numpy.typing import NDArray

from convert.equalise import equalised
from convert.graph import cut_after, find_heads, first_convolutions, shortened
from convert.recipes import FP16, Recipe
from convert.simulated import SimulatorRuntime
from kiosk.domain import Pixels
from kiosk.errors import ModelError
from kiosk.models.card import ModelCard, Role

TOOLKIT = "rknn-toolkit2 2.5.0"
_LOG_TAIL = 600


@dataclass(frozen=True, slots=True)
class Built:
    """A file, its card, and the same network on the simulator, to be closed."""

    card: ModelCard
    path: Path
    runtime: SimulatorRuntime
    seconds: float


def build(
    source: ModelCard,
    onnx_file: Path,
    recipe: Recipe,
    target: str,
    pictures: Sequence[Pixels],
    folder: Path,
    version: str | None = None,
) -> Built:
    """Convert a network for a chip; everything lands in ``folder``.

    ``pictures`` are the calibration set: what the program would feed, uint8 BGR; half precision
    needs none. Raises ModelError with the end of the toolkit's log.
    """
    folder.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    path = folder / f"{source.name}.{target}.{recipe.precision}.rknn"
    log = path.with_suffix(".log")
    network = path.with_suffix(".onnx")
    onnx.save(prepared(source, onnx_file, recipe, pictures), network)
    try:
        with _logged(log), contextlib.chdir(folder):
            toolkit = _built(source, network, recipe, target, _written(pictures, path))
            _must(toolkit.export_rknn(str(path)))
            seconds = time.monotonic() - started
            card = dataclasses.replace(
                source,
                version=version or source.version,
                file=path.name,
                sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
                precision=recipe.precision,
                upstream="",
                target=target,
                size_bytes=path.stat().st_size,
                cut_heads=source.role is Role.DETECTOR,
            )
            return Built(card, path, SimulatorRuntime(card, toolkit), seconds)
    except ModelError:
        raise
    except Exception as error:  # the toolkit raises ValueError, AttributeError and its own
        tail = log.read_text(encoding="utf-8", errors="replace")[-_LOG_TAIL:]
        raise ModelError(
            f"{source.name} could not be converted for the {target} as {recipe.precision}: "
            f"{error}. The toolkit's log {log} ends with:\n{tail}"
        ) from error


def normalised(card: ModelCard, pixels: Pixels) -> NDArray[np.float32]:
    """Return what the network computes with, shape (1, 3, H, W)."""
    ordered = pixels if card.colour_order == "BGR" else pixels[..., ::-1]
    values = (ordered.astype(np.float32) - np.float32(card.mean)) / np.float32(card.std)
    blob: NDArray[np.float32] = values.transpose(2, 0, 1)[None].astype(np.float32)
    return blob


def prepared(
    card: ModelCard, onnx_file: Path, recipe: Recipe, pictures: Sequence[Pixels]
) -> onnx.ModelProto:
    """Return the network as the converter gets it: cut, equalised, with short names."""
    model = onnx.load(onnx_file)
    if card.role is Role.DETECTOR:
        model = cut_after(model, find_heads(model))
    if recipe.equalise:
        model = equalised(model, [normalised(card, picture) for picture in pictures])
    return shortened(model)


def _built(
    card: ModelCard, network: Path, recipe: Recipe, target: str, dataset: Path | None
) -> Any:
    toolkit = _configured(card, recipe, target)
    model = onnx.load(network, load_external_data=False)
    shape = [1, 3, card.height_px, card.width_px]
    names = [each.name for each in model.graph.output]
    _must(
        toolkit.load_onnx(
            str(network),
            inputs=[model.graph.input[0].name],
            input_size_list=[shape],
            outputs=names,
        )
    )
    if recipe.precision == FP16:
        _must(toolkit.build(do_quantization=False))
        return toolkit
    if dataset is None:
        raise ModelError(f"{card.name}: 8 bits need calibration pictures.")
    if not recipe.is_hybrid:
        _must(toolkit.build(do_quantization=True, dataset=str(dataset)))
        return toolkit
    _must(toolkit.hybrid_quantization_step1(dataset=str(dataset)))
    toolkit.release()
    stem = network.stem
    layers = first_convolutions(model, recipe.float16_first)
    _keep_float16(
        Path(f"{stem}.quantization.cfg"), layers + (names if recipe.float16_heads else [])
    )
    # The second step refuses an object that has loaded a network.
    toolkit = _configured(card, recipe, target)
    _must(
        toolkit.hybrid_quantization_step2(
            f"{stem}.model", f"{stem}.data", f"{stem}.quantization.cfg"
        )
    )
    return toolkit


def _configured(card: ModelCard, recipe: Recipe, target: str) -> Any:
    from rknn.api import RKNN  # here: tests read this file where the toolkit is not

    toolkit = RKNN(verbose=False)
    _must(
        toolkit.config(
            mean_values=[list(card.mean)],
            std_values=[list(card.std)],
            # Calibration pictures are read as RGB; this turns them, and nothing at run time.
            quant_img_RGB2BGR=card.colour_order == "BGR",
            quantized_algorithm=recipe.algorithm,
            quantized_method=recipe.method,
            target_platform=target,
        )
    )
    return toolkit


def _keep_float16(settings: Path, layers: Sequence[str]) -> None:
    text = settings.read_text(encoding="utf-8")
    # What was fused into a neighbour has no entry of its own, and may not be named.
    known = [name for name in layers if re.search(rf"^    {re.escape(name)}:", text, re.M)]
    lines = "".join(f"    {name}: float16\n" for name in known)
    changed, count = re.subn(
        r"^custom_quantize_layers:.*\n", f"custom_quantize_layers:\n{lines}", text, flags=re.M
    )
    if count != 1 or not known:
        raise ModelError(f"{settings.name} has not the form that toolkit {TOOLKIT} writes.")
    settings.write_text(changed, encoding="utf-8")


def _written(pictures: Sequence[Pixels], path: Path) -> Path | None:
    """Write the calibration set without loss; return the list of its files."""
    if not pictures:
        return None
    folder = path.with_suffix(".calibration")
    folder.mkdir(exist_ok=True)
    files = [folder / f"{number:04}.png" for number in range(len(pictures))]
    for file, picture in zip(files, pictures, strict=True):
        cv2.imwrite(str(file), picture)
    listing = folder / "list.txt"
    listing.write_text("".join(f"{file}\n" for file in files), encoding="utf-8")
    return listing


def _must(code: Any) -> None:
    if code != 0:
        raise RuntimeError("the toolkit refused")


@contextlib.contextmanager
def _logged(log: Path) -> Iterator[None]:
    """Send what the toolkit writes, in C too, to a file."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [os.dup(stream) for stream in (1, 2)]
    with log.open("wb") as file:
        try:
            for stream in (1, 2):
                os.dup2(file.fileno(), stream)
            yield
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            # The toolkit's C parts keep their lines to themselves until then.
            ctypes.CDLL(None).fflush(None)
            for stream, old in zip((1, 2), kept, strict=True):
                os.dup2(old, stream)
                os.close(old)
