"""Record the self-tests of the embedded networks on pictures that show a wrong feeding.

What is simulated is easy: fed with swapped channels, a network may still answer nearly the same.
So of many dim, strongly coloured pictures, some of them with one face in blue and another in red,
that one is kept on which mistakes weigh most; it is an error when swapped channels would pass.
"""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path

import numpy as np
from contracts import DETECTOR, EMBEDDER, HEAD_POSE, LIVENESS

from kiosk.domain import Detection, Frame, Pixels
from kiosk.errors import ModelError
from kiosk.models.card import ModelCard
from kiosk.models.mistakes import mistaken_answers
from kiosk.models.onnx import OnnxRuntime
from kiosk.models.selftest import record_self_test, run_self_test
from kiosk.simulator.render import Renderer
from kiosk.simulator.sampling import portrait_scene
from kiosk.simulator.scene import Truth
from kiosk.vision import head_pose_network, liveness
from kiosk.vision.alignment import align
from kiosk.vision.letterbox import letterbox
from kiosk.vision.squarecrop import crop_square

_PERSON = 400_000
_CANDIDATES = 60
_CASTS = ((0.9, 0.45, 0.2), (0.25, 0.5, 0.9), (0.35, 0.12, 0.04), (0.8, 0.3, 0.25), (0.9, 0.7, 0.3))


def record_telling_self_test(card: ModelCard, folder: Path) -> str:
    """Write the self-test of a network in ``folder``; return what would be noticed.

    Raises ModelError when no picture shows swapped channels.
    """
    path = folder / card.file
    right = OnnxRuntime(card, path)
    wrong = {what: OnnxRuntime(other, path) for what, other in _mistakes(card).items()}
    best: tuple[int, float, Pixels] | None = None
    for pixels in _candidates(card):
        caught, difference = _noticed(right, wrong, pixels)
        if best is None or (len(caught), difference) > best[:2]:
            best = (len(caught), difference, pixels)
    assert best is not None
    final = folder / f"{card.name}.selftest.npz"
    record_self_test(right, best[2], final, mistaken_answers(card, path, best[2]))
    run_self_test(right, final)
    caught, _ = _noticed(right, wrong, best[2])
    if "swapped channels" not in caught:
        raise ModelError(f"{card.name}: no picture shows that the channels are swapped.")
    return ", ".join(caught)


def _mistakes(card: ModelCard) -> dict[str, ModelCard]:
    swapped = "RGB" if card.colour_order == "BGR" else "BGR"
    other = (0.0, 0.0, 0.0) if any(card.mean) else (104.0, 117.0, 123.0)
    twice = tuple(2 * value for value in card.mean) if any(card.mean) else (60.0, 60.0, 60.0)
    return {
        "swapped channels": dataclasses.replace(card, colour_order=swapped),
        "another mean": dataclasses.replace(card, mean=other),
        "mean subtracted twice": dataclasses.replace(card, mean=twice),
    }


def _noticed(
    right: OnnxRuntime, wrong: dict[str, OnnxRuntime], pixels: Pixels
) -> tuple[list[str], float]:
    """Return the mistakes a self-test of this picture notices, and by how much outputs differ."""
    expected = np.concatenate([output.ravel() for output in right.infer(pixels)])
    caught, least = [], np.inf
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "test.npz"
        record_self_test(right, pixels, path)
        for what, runtime in wrong.items():
            found = np.concatenate([output.ravel() for output in runtime.infer(pixels)])
            least = min(least, float(np.abs(found - expected).max()))
            try:
                run_self_test(runtime, path)
            except ModelError:
                caught.append(what)
    return caught, least


def _candidates(card: ModelCard) -> list[Pixels]:
    """Return tinted pictures, and ones whose blue and red show different people."""
    rng = np.random.default_rng(5)
    renderer = Renderer(640, 480, 384)
    found = []
    for number in range(_CANDIDATES):
        person = _PERSON + number // 4
        blue, red = (
            renderer.render(portrait_scene(rng, person + i, f"turned {side}", 640, 480))
            for i, side in enumerate(("left", "right"))
        )
        pixels = blue.pixels.astype(np.float32)
        if number % 2:
            pixels = np.stack(
                [pixels[..., 0], red.pixels.mean(2) * 0.3 + 30, red.pixels[..., 2]], axis=2
            )
        pixels = pixels * _CASTS[number % len(_CASTS)] * rng.uniform(0.6, 1.1)
        clipped = np.clip(pixels, 0, 255).astype(np.uint8)
        found.append(_input(card, clipped, blue.truths[0]))
    return found


def _input(card: ModelCard, pixels: Pixels, truth: Truth) -> Pixels:
    if card.name == DETECTOR:
        return letterbox(pixels, card.width_px, card.height_px, (104, 117, 123)).pixels
    if card.name == EMBEDDER:
        frame = Frame(pixels, 0)
        return align(frame, Detection(truth.box, truth.landmarks, 1.0), card.width_px)
    factor = {
        LIVENESS: liveness.CROP_FACTOR,
        HEAD_POSE: head_pose_network.CROP_FACTOR,
    }[card.name]
    return crop_square(pixels, truth.box, factor, card.width_px).pixels
