"""A conversion is compared in the program's own terms; a wrong one does not pass."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from convert.networks import assembled, open_source, runtimes
from convert.parity import measure
from convert.pictures import drawn
from convert.recipes import broken_bounds, read_recipes
from convert.reference import first_looks, look_at

from kiosk.domain import Box, Detection
from kiosk.models.card import Role
from kiosk.models.pack import embedded_folder


@pytest.fixture(scope="module")
def reference():
    source, _ = open_source(embedded_folder())
    loaded = runtimes(source)
    return look_at(assembled(loaded), loaded, drawn(1_400_100, 14, seed=3), "drawn")


def swapped(pixels):
    return np.ascontiguousarray(pixels[..., ::-1])


def inverted(pixels):
    return 255 - pixels


def shifted(pixels):
    return np.roll(pixels, 4, axis=1)


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("precision", ["fp16", "int8"])
def test_the_network_itself_keeps_every_bound(reference, role, precision):
    runtime = reference.runtimes[role]
    recipe = read_recipes()[runtime.card.architecture][precision]
    assert broken_bounds(measure(runtime, reference), recipe.bounds) == []


@pytest.mark.parametrize(
    ("role", "change", "broken"),
    [
        (Role.DETECTOR, shifted, "landmark_px_mean"),
        (Role.DETECTOR, np.zeros_like, "lost"),
        (Role.EMBEDDER, swapped, "cosine_mean"),
        (Role.HEAD_POSE, shifted, "pck_loss"),
        (Role.LIVENESS, inverted, "decisions_changed_share"),
    ],
)
def test_a_network_that_is_fed_wrongly_breaks_a_bound(
    reference, fake_runtime, role, change, broken
):
    right = reference.runtimes[role]
    wrong = fake_runtime(dataclasses.replace(right.card, precision="int8"), right, change)
    recipe = read_recipes()[right.card.architecture]["int8"]
    sentences = broken_bounds(measure(wrong, reference), recipe.bounds)
    assert any(sentence.startswith(broken) for sentence in sentences)


def test_a_second_look_at_a_face_is_no_face_of_its_own():
    def face(left, score):
        points = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]])
        return Detection(
            Box(left, 0.0, left + 100.0, 100.0), np.float32(points * 100 + [left, 0]), score
        )

    best, near, other = face(0, 0.99), face(60, 0.8), face(300, 0.7)
    assert first_looks([best, near, other]) == (best, other)
