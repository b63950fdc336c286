"""The classic mistakes in feeding a network, and what it answers when they are made.

A self-test stores these answers beside the right one. When a network fails it, the mistake whose
answer comes nearest names the cause, so that nobody has to search among colour order, scale and
layout with a door that does not open.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kiosk.domain import Pixels
from kiosk.models.card import ModelCard
from kiosk.models.onnx import OnnxRuntime


def mistaken_answers(
    card: ModelCard, path: Path, pixels: Pixels
) -> dict[str, list[NDArray[np.float32]]]:
    """Return the outputs of an ONNX network for each mistake that changes its input.

    ``pixels`` as :meth:`Runtime.infer` takes them. Raises ModelError as :class:`OnnxRuntime` does.
    """
    answers = {}
    for name, (mistaken, feed) in _mistakes(card).items():
        fed = feed(pixels)
        if mistaken != card or not np.array_equal(fed, pixels):
            answers[name] = OnnxRuntime(mistaken, path).infer(fed)
    return answers


def _mistakes(card: ModelCard) -> dict[str, tuple[ModelCard, Callable[[Pixels], Pixels]]]:
    other = {"RGB": "BGR", "BGR": "RGB"}[card.colour_order]
    # ((x − m) / s − m) / s = (x − (m + m·s)) / s²
    (m0, m1, m2), (s0, s1, s2) = card.mean, card.std
    twice = dataclasses.replace(
        card,
        mean=(m0 + m0 * s0, m1 + m1 * s1, m2 + m2 * s2),
        std=(s0 * s0, s1 * s1, s2 * s2),
    )
    raw = dataclasses.replace(card, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
    return {
        "swapped_channels": (dataclasses.replace(card, colour_order=other), _as_it_is),
        "normalised_twice": (twice, _as_it_is),
        "not_normalised": (raw, _as_it_is),
        "planes_as_pixels": (card, _in_order_of(card, planes_as_pixels)),
        "pixels_as_planes": (card, _in_order_of(card, pixels_as_planes)),
    }


def _in_order_of(card: ModelCard, feed: Callable[[Pixels], Pixels]) -> Callable[[Pixels], Pixels]:
    """Let a mistake happen to pixels that are already in the network's own colour order."""
    if card.colour_order == "BGR":
        return feed
    return lambda pixels: feed(pixels[..., ::-1])[..., ::-1]


def planes_as_pixels(pixels: Pixels) -> Pixels:
    """Return what is seen when the planes of a picture (H, W, 3) are read as its pixels."""
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)).reshape(pixels.shape)


def pixels_as_planes(pixels: Pixels) -> Pixels:
    """Return what is seen when the pixels of a picture (H, W, 3) are read as its planes."""
    height, width, channels = pixels.shape
    planes = np.ascontiguousarray(pixels).reshape(channels, height, width)
    return np.ascontiguousarray(planes.transpose(1, 2, 0))


def _as_it_is(pixels: Pixels) -> Pixels:
    return pixels
