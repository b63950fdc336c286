"""Start-up self-tests: a stored input must give the stored output.

A network fed with swapped channels, or normalised twice, still finds faces and still separates a
handful of people, so no look at the screen shows the mistake; a number does. The stored pictures
are drawn, dim and strongly coloured, where such mistakes weigh most.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kiosk.domain import Pixels
from kiosk.errors import ModelError
from kiosk.models.card import Role
from kiosk.models.pack import IMPORT_AGAIN
from kiosk.models.runtime import Runtime

# Full precision repeats to 0.9999 and 8-bit conversions to 0.988; the wrong mean gives 0.96.
_MIN_COSINE = 0.985
# Landmark offsets of a detector, in units of its regression targets: rounding gives 0.001, swapped
# channels 0.13, subtracting the mean twice 0.34.
_MAX_OFFSET_RMS = 0.05
_COMPARED_ANCHORS = 32
# A probability of the liveness network, and a value of the head-pose network (1 is the width of its
# picture, or 90°). Rounding gives 0.001, as above; swapped channels must not stay below.
_MAX_VALUE_OFF = 0.05


def record_self_test(runtime: Runtime, pixels: Pixels, path: Path) -> None:
    """Run ``pixels`` (as :meth:`Runtime.infer` takes them) and store input and outputs."""
    outputs = {f"output{i}": output for i, output in enumerate(runtime.infer(pixels))}
    np.savez_compressed(path, pixels=pixels, **outputs)  # type: ignore[arg-type]


def run_self_test(runtime: Runtime, path: Path, mending: str = IMPORT_AGAIN) -> float:
    """Repeat a stored run; return the agreement, 1 being perfect.

    ``mending`` says what to do when it fails. Raises ModelError when the network answers
    differently, or the stored test cannot be read.
    """
    card = runtime.card
    try:
        # Opened here: NumPy leaves a damaged file open.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            pixels = stored["pixels"]
            count = len(stored.files) - 1
            expected = [stored[f"output{i}"] for i in range(count)]
        is_intact = all(np.isfinite(output).all() for output in expected)
    except Exception as error:  # zip, npy and key errors: all mean a damaged file
        raise _unreadable(card.name, path, mending) from error
    if not is_intact:
        raise _unreadable(card.name, path, mending)

    def failed(how: str) -> ModelError:
        return ModelError(
            f"{card.name} failed its self-test ({how}): the file or the way it is fed is wrong, "
            f"and it is not used. {mending}"
        )

    found = runtime.infer(pixels)
    if [output.shape for output in found] != [output.shape for output in expected]:
        raise failed("its outputs have another shape")
    if card.role is Role.DETECTOR:
        if sorted(output.shape[-1:] for output in found) != [(2,), (4,), (10,)]:
            raise failed("a detector gives 4 box, 2 score and 10 landmark values")
        return _compare_detector(failed, found, expected)
    if card.role is Role.LIVENESS:
        # Where the answer is certain, only the logits still tell.
        agreement = _cosine(found[0] - found[0].mean(), expected[0] - expected[0].mean())
        if not agreement >= _MIN_COSINE:
            raise failed(f"cosine {agreement:.3f}, at least {_MIN_COSINE} wanted")
        return min(agreement, _compare_values(failed, _softmax(found[0]), _softmax(expected[0])))
    if card.role is Role.HEAD_POSE:
        return _compare_values(failed, found[0], expected[0])
    agreement = _cosine(found[0], expected[0])
    if not agreement >= _MIN_COSINE:
        raise failed(f"cosine {agreement:.3f}, at least {_MIN_COSINE} wanted")
    return agreement


def _compare_detector(
    failed: Callable[[str], ModelError],
    found: list[NDArray[np.float32]],
    expected: list[NDArray[np.float32]],
) -> float:
    scores = next(output for output in expected if output.shape[-1] == 2)[:, 1]
    best = np.argsort(-scores, kind="stable")[:_COMPARED_ANCHORS]
    found_scores = next(output for output in found if output.shape[-1] == 2)[:, 1]
    if not float(np.abs(found_scores[best] - scores[best]).mean()) < 0.1:
        raise failed("it no longer finds the face in the stored picture")
    worst = 0.0
    for mine, stored in zip(found, expected, strict=True):
        if stored.shape[-1] != 2:
            difference = (mine[best] - stored[best]).astype(np.float64)
            worst = max(worst, float(np.sqrt(np.mean(difference**2))))
    if not worst <= _MAX_OFFSET_RMS:
        raise failed(f"landmarks off by {worst:.2f}, at most {_MAX_OFFSET_RMS} wanted")
    return 1.0 - worst


def _compare_values(
    failed: Callable[[str], ModelError],
    found: NDArray[np.float32],
    expected: NDArray[np.float32],
) -> float:
    worst = float(np.abs(found - expected).max())
    if not worst <= _MAX_VALUE_OFF:
        raise failed(f"off by {worst:.2f}, at most {_MAX_VALUE_OFF} wanted")
    return 1.0 - worst


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    weights = np.exp(logits - logits.max())
    shares: NDArray[np.float32] = weights / weights.sum()
    return shares


def _cosine(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    a, b = first.ravel().astype(np.float64), second.ravel().astype(np.float64)
    return float(a @ b / max(float(np.linalg.norm(a) * np.linalg.norm(b)), 1e-12))


def _unreadable(name: str, path: Path, mending: str) -> ModelError:
    return ModelError(f"The self-test of {name} cannot be read ({path.name}). {mending}")
