"""Start-up self-tests: a stored input must give the stored output.

A network fed with swapped channels, or normalised twice, still finds faces and still separates a
handful of people, so no look at the screen shows the mistake; a number does. The stored pictures
are drawn, dim and strongly coloured, where such mistakes weigh most. The answers that the classic
mistakes would give are stored too, to name the cause (:mod:`kiosk.models.mistakes`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kiosk.domain import Pixels
from kiosk.errors import ModelError
from kiosk.models.card import Role
from kiosk.models.pack import IMPORT_AGAIN
from kiosk.models.runtime import Runtime

Outputs = Sequence[NDArray[np.float32]]

# Full precision repeats to 0.9999 and 8-bit conversions to 0.988; the wrong mean gives 0.96.
_MIN_COSINE = 0.985
# Landmark offsets of a detector, in units of its regression targets: rounding gives 0.001, swapped
# channels 0.13, subtracting the mean twice 0.34.
_MAX_OFFSET_RMS = 0.05
_COMPARED_ANCHORS = 32
# A probability of the liveness network, and a value of the head-pose network (1 is the width of its
# picture, or 90°). Rounding gives 0.001, as above; swapped channels must not stay below.
_MAX_VALUE_OFF = 0.05
# An embedder's answer may be longer or shorter by this factor; only its direction is used.
_MAX_SCALE = 2.0
# Anchors that suddenly are faces, beside those that are: rounding brings forth none.
_MAX_NEW_FACES = 2
# By so much of its length an output must change when the picture is turned into its negative.
_MIN_CHANGE = 0.01
# A mistake is named when its answer is this many times nearer than the right one.
_TELLING = 3.0
_MISTAKE = "mistake_"
_IN_WORDS = {
    "swapped_channels": "red and blue are swapped on the way to it",
    "normalised_twice": "its input is normalised twice: inside the file and before it",
    "not_normalised": "its input is not normalised",
    "planes_as_pixels": "the layout of its input is mixed up: planes (NCHW) taken for pixels",
    "pixels_as_planes": "the layout of its input is mixed up: pixels (NHWC) taken for planes",
}
"""What each mistake of :mod:`kiosk.models.mistakes` is called in a message."""


@dataclass(frozen=True, slots=True)
class StoredTest:
    """A stored input, the answer to it, and the answers that mistakes would give."""

    pixels: Pixels
    outputs: list[NDArray[np.float32]]
    mistakes: dict[str, NDArray[np.float32]]


class _FailedError(Exception):
    """How a network's answer differs."""


def record_self_test(
    runtime: Runtime,
    pixels: Pixels,
    path: Path,
    mistaken: Mapping[str, Outputs] | None = None,
) -> None:
    """Run ``pixels`` (as :meth:`Runtime.infer` takes them) and store input and outputs.

    ``mistaken``: the outputs that each mistake would give, by its name.
    """
    outputs = runtime.infer(pixels)
    stored = {f"output{i}": output for i, output in enumerate(outputs)}
    stored |= {
        _MISTAKE + name: _signature(runtime.card.role, answer, outputs)
        for name, answer in (mistaken or {}).items()
    }
    np.savez_compressed(path, pixels=pixels, **stored)  # type: ignore[arg-type]


def run_self_test(runtime: Runtime, path: Path, mending: str = IMPORT_AGAIN) -> float:
    """Repeat a stored run; return the agreement, 1 being perfect.

    ``mending`` says what to do when it fails. Raises ModelError when the network answers
    differently or always the same, or the stored test cannot be read.
    """
    return repeat_self_test(runtime, read_self_test(runtime.card.name, path, mending), mending)


def repeat_self_test(runtime: Runtime, stored: StoredTest, mending: str = IMPORT_AGAIN) -> float:
    """Do as :func:`run_self_test` with a test that has been read."""
    card = runtime.card
    try:
        found = runtime.infer(stored.pixels)
        try:
            agreement = _compare(card.role, found, stored.outputs)
        except _FailedError as failure:
            cause = _cause(runtime, found, stored)
            raise _FailedError(f"{failure}; {cause}" if cause else str(failure)) from failure
        _check_renewal(runtime, found, stored)
        # A result that lags one run behind shows now.
        _compare(card.role, runtime.infer(stored.pixels), stored.outputs)
    except _FailedError as failure:
        raise ModelError(
            f"{card.name} failed its self-test ({failure}): the file or the way it is fed is "
            f"wrong, and it is not used. {mending}"
        ) from failure
    return agreement


_STUCK = "its output is stuck: another picture gives the same answer"


def _check_renewal(runtime: Runtime, found: Outputs, stored: StoredTest) -> None:
    if _is_stuck(runtime, found, stored):
        raise _FailedError(_STUCK)


def _is_stuck(runtime: Runtime, found: Outputs, stored: StoredTest) -> bool:
    # Each output for itself: scores may live while the landmarks beside them are frozen.
    other = runtime.infer(255 - stored.pixels)
    if _shapes(found) != _shapes(other):
        return False
    role = runtime.card.role
    pairs = zip(
        _telling(role, found, stored.outputs), _telling(role, other, stored.outputs), strict=True
    )
    return any(
        float(np.linalg.norm(mine - theirs)) <= _MIN_CHANGE * float(np.linalg.norm(mine))
        for mine, theirs in pairs
    )


def _cause(runtime: Runtime, found: Outputs, stored: StoredTest) -> str:
    """Return what best explains a wrong answer; empty when nothing does."""
    mistake = _nearest_mistake(runtime.card.role, found, stored)
    if mistake:
        return mistake
    return _STUCK if _is_stuck(runtime, found, stored) else ""


def _nearest_mistake(role: Role, found: Outputs, stored: StoredTest) -> str:
    if _shapes(found) != _shapes(stored.outputs):
        return ""
    mine = _signature(role, found, stored.outputs)
    right = float(np.linalg.norm(mine - _signature(role, stored.outputs, stored.outputs)))
    distances = {
        name: float(np.linalg.norm(mine - answer))
        for name, answer in stored.mistakes.items()
        if answer.shape == mine.shape and name in _IN_WORDS
    }
    if not distances:
        return ""
    nearest = min(distances, key=distances.__getitem__)
    return _IN_WORDS[nearest] if _TELLING * distances[nearest] < right else ""


def read_self_test(name: str, path: Path, mending: str = IMPORT_AGAIN) -> StoredTest:
    """Read a stored test. Raises ModelError, ending in ``mending``, when it is damaged."""
    if not path.exists():
        raise ModelError(
            f"The self-test of {name} cannot be read: {path.name} is not there. Use a pack that "
            f"brings it. {mending}"
        )
    try:
        # Opened here: NumPy leaves a damaged file open.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            pixels = archive["pixels"]
            names = [key for key in archive.files if key.startswith(_MISTAKE)]
            count = len(archive.files) - 1 - len(names)
            outputs = [archive[f"output{i}"] for i in range(count)]
            mistakes = {key.removeprefix(_MISTAKE): archive[key] for key in names}
        is_intact = all(np.isfinite(each).all() for each in (*outputs, *mistakes.values()))
    except Exception as error:  # zip, npy and key errors: all mean a damaged file
        raise _unreadable(name, path, mending) from error
    if not is_intact or pixels.dtype != np.uint8:
        raise _unreadable(name, path, mending)
    return StoredTest(pixels, outputs, mistakes)


def _compare(role: Role, found: Outputs, expected: Outputs) -> float:
    if _shapes(found) != _shapes(expected):
        raise _FailedError("its outputs have another shape")
    if role is Role.DETECTOR:
        return _compare_detector(found, expected)
    if role is Role.LIVENESS:
        # Where the answer is certain, only the logits still tell.
        agreement = _alike(found[0] - found[0].mean(), expected[0] - expected[0].mean())
        return min(agreement, _compare_values(_softmax(found[0]), _softmax(expected[0])))
    if role is Role.HEAD_POSE:
        return _compare_values(found[0], expected[0])
    scale = float(np.linalg.norm(found[0])) / max(float(np.linalg.norm(expected[0])), 1e-12)
    if not 1 / _MAX_SCALE <= scale <= _MAX_SCALE:
        raise _FailedError(f"its answer is {scale:.2g} times as long as it should be")
    return _alike(found[0], expected[0])


def _alike(found: NDArray[np.float32], expected: NDArray[np.float32]) -> float:
    agreement = _cosine(found, expected)
    if not agreement >= _MIN_COSINE:
        raise _FailedError(f"cosine {agreement:.3f}, at least {_MIN_COSINE} wanted")
    return agreement


def _compare_detector(found: Outputs, expected: Outputs) -> float:
    if sorted(output.shape[-1:] for output in found) != [(2,), (4,), (10,)]:
        raise _FailedError("a detector gives 4 box, 2 score and 10 landmark values")
    best = _best_anchors(expected)
    scores = next(output for output in expected if output.shape[-1] == 2)[:, 1]
    found_scores = next(output for output in found if output.shape[-1] == 2)[:, 1]
    if not float(np.abs(found_scores[best] - scores[best]).mean()) < 0.1:
        raise _FailedError("it no longer finds the face in the stored picture")
    if int(((found_scores >= 0.5) & (scores < 0.1)).sum()) > _MAX_NEW_FACES:
        raise _FailedError("it finds faces in the stored picture where there are none")
    worst = 0.0
    for mine, stored in zip(found, expected, strict=True):
        if stored.shape[-1] != 2:
            difference = (mine[best] - stored[best]).astype(np.float64)
            worst = max(worst, float(np.sqrt(np.mean(difference**2))))
    if not worst <= _MAX_OFFSET_RMS:
        raise _FailedError(f"landmarks off by {worst:.2f}, at most {_MAX_OFFSET_RMS} wanted")
    return 1.0 - worst


def _best_anchors(expected: Outputs) -> NDArray[np.intp]:
    scores = next(output for output in expected if output.shape[-1] == 2)[:, 1]
    return np.argsort(-scores, kind="stable")[:_COMPARED_ANCHORS]


def _compare_values(found: NDArray[np.float32], expected: NDArray[np.float32]) -> float:
    worst = float(np.abs(found - expected).max())
    if not worst <= _MAX_VALUE_OFF:
        raise _FailedError(f"off by {worst:.2f}, at most {_MAX_VALUE_OFF} wanted")
    return 1.0 - worst


def _telling(role: Role, outputs: Outputs, expected: Outputs) -> list[NDArray[np.float32]]:
    """Return the part of each output that matters: of a detector, the anchors of the face."""
    if role is not Role.DETECTOR or not any(output.shape[-1:] == (2,) for output in expected):
        return list(outputs)
    best = _best_anchors(expected)
    return [output[best] if len(output) > int(best.max()) else output for output in outputs]


def _signature(role: Role, outputs: Outputs, expected: Outputs) -> NDArray[np.float32]:
    """Return what matters of an answer as one vector."""
    return np.concatenate([part.ravel() for part in _telling(role, outputs, expected)])


def _shapes(outputs: Outputs) -> list[tuple[int, ...]]:
    return [output.shape for output in outputs]


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    weights = np.exp(logits - logits.max())
    shares: NDArray[np.float32] = weights / weights.sum()
    return shares


def _cosine(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    a, b = first.ravel().astype(np.float64), second.ravel().astype(np.float64)
    return float(a @ b / max(float(np.linalg.norm(a) * np.linalg.norm(b)), 1e-12))


def _unreadable(name: str, path: Path, mending: str) -> ModelError:
    return ModelError(f"The self-test of {name} cannot be read ({path.name}). {mending}")
