"""8-bit ONNX for a PC: quantise-dequantise nodes, U8 activations, S8 weights per channel."""

from __future__ import annotations

import dataclasses
import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import version_converter
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from convert.build import normalised
from kiosk.domain import Pixels
from kiosk.models.card import ModelCard
from kiosk.models.onnx import OnnxRuntime

PRECISION = "int8-qdq"
METHODS = {
    "min_max": CalibrationMethod.MinMax,
    "entropy": CalibrationMethod.Entropy,
    "percentile": CalibrationMethod.Percentile,
}
_OPSET = 13
_WARM, _RUNS = 10, 100


@dataclass(frozen=True, slots=True)
class Quantised:
    """An 8-bit ONNX file, loaded, and how many times as fast as the original it ran."""

    path: Path
    runtime: OnnxRuntime
    seconds: float
    times_as_fast: float


class _Reader(CalibrationDataReader):
    """Hands over one normalised input after the other."""

    def __init__(self, name: str, blobs: Sequence[NDArray[np.float32]]) -> None:
        self._left = iter([{name: blob} for blob in blobs])

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        """Return the next input, or None after the last."""
        return next(self._left, None)


def convert(
    card: ModelCard,
    source: Path,
    pictures: Sequence[Pixels],
    folder: Path,
    version: str,
    method: str = "percentile",
    percentile: float = 99.999,
) -> Quantised:
    """Quantise a network and load it. ``pictures``: what the program feeds, uint8 BGR.

    The whole range keeps outliers that cost the others levels, and a 99.9 % range cuts off what
    counts: of the methods tried this one alone keeps the bounds.
    """
    started = time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    model = onnx.load(source)
    # Below it there are no scales per channel.
    if next(each.version for each in model.opset_import if not each.domain) < _OPSET:
        model = version_converter.convert_version(model, _OPSET)
    plain = folder / f"{card.name}.plain.onnx"
    onnx.save(model, plain)
    quant_pre_process(str(plain), str(plain), skip_symbolic_shape=True)
    path = folder / f"{card.name}.{PRECISION}.onnx"
    quantize_static(
        str(plain),
        str(path),
        _Reader(model.graph.input[0].name, [normalised(card, each) for each in pictures]),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        calibrate_method=METHODS[method],
        extra_options={"CalibPercentile": percentile},
    )
    seconds = time.monotonic() - started
    made = dataclasses.replace(
        card,
        version=version,
        file=path.name,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        precision=PRECISION,
        upstream="",
        size_bytes=path.stat().st_size,
    )
    runtime = OnnxRuntime(made, path)
    return Quantised(path, runtime, seconds, _times_as_fast(card, source, runtime, pictures[0]))


def _times_as_fast(card: ModelCard, source: Path, quantised: OnnxRuntime, pixels: Pixels) -> float:
    """Compare medians of runs that take turns, so that both meet the same machine."""
    both = (OnnxRuntime(card, source), quantised)
    seconds: tuple[list[float], list[float]] = ([], [])
    for number in range(_WARM + _RUNS):
        for runtime, times in zip(both, seconds, strict=True):
            started = time.perf_counter()
            runtime.infer(pixels)
            if number >= _WARM:
                times.append(time.perf_counter() - started)
    return float(np.median(seconds[0]) / np.median(seconds[1]))
