"""The calibration set is what the program feeds its networks, and names the conversion."""

from __future__ import annotations

import numpy as np
import pytest
from convert.calibration import CalibrationSet, collect, version_of
from convert.networks import open_source, runtimes
from convert.pictures import Picture, drawn, listed, photographed, spread
from convert.recipes import Recipe
from convert.split import parted

from kiosk.domain import Frame
from kiosk.errors import ConfigError, ModelError
from kiosk.models.card import Role
from kiosk.models.pack import embedded_folder
from kiosk.vision.letterbox import letterbox


@pytest.fixture(scope="module")
def embedded():
    source, _ = open_source(embedded_folder())
    return runtimes(source)


def test_the_detector_is_calibrated_on_the_programs_letterbox(embedded):
    pixels = np.random.default_rng(1).integers(0, 256, (240, 400, 3), np.uint8)
    inputs = collect(embedded, [Picture(Frame(pixels, 0))], "noise").inputs[Role.DETECTOR]
    expected = letterbox(pixels, 320, 320, (104, 117, 123)).pixels
    assert len(inputs) == 1
    assert np.array_equal(inputs[0], expected)


def test_every_network_sees_the_faces_that_are_near(embedded):
    near = next(
        picture
        for picture in drawn(1_400_000, 12, seed=8)
        if any(truth.actor.eye_px > 40 for truth in picture.truths)
    )
    inputs = collect(embedded, [near, near], "drawn").inputs
    sizes = {role: {each.shape for each in fed} for role, fed in inputs.items()}
    assert sizes == {
        Role.DETECTOR: {(320, 320, 3)},
        Role.EMBEDDER: {(112, 112, 3)},
        Role.LIVENESS: {(80, 80, 3)},
        Role.HEAD_POSE: {(64, 64, 3)},
    }
    # A buffer that the program uses again must not be kept in place of its contents.
    assert np.array_equal(*inputs[Role.DETECTOR])


def test_drawn_frames_are_the_same_every_time():
    one, other = (drawn(1_400_010, 2, seed=5) for _ in range(2))
    assert all(
        np.array_equal(a.frame.pixels, b.frame.pixels) for a, b in zip(one, other, strict=True)
    )


def test_pictures_are_taken_evenly_from_the_whole_set():
    assert spread(range(10), 3) == [0, 3, 6]
    assert spread(range(2), 3) == [0, 1]
    chosen = CalibrationSet({Role.EMBEDDER: list(range(100))}, "numbers")
    assert chosen.pictures(Role.EMBEDDER, Recipe("int8", pictures=4)) == [0, 25, 50, 75]
    assert chosen.pictures(Role.EMBEDDER, Recipe("fp16")) == []


def test_a_version_names_recipe_and_pictures():
    recipe, pictures = Recipe("int8", pictures=1), [np.zeros((8, 8, 3), np.uint8)]
    version = version_of("1", recipe, pictures)
    assert version.startswith("1+")
    assert len(version) == 10
    assert version == version_of("1", recipe, pictures)
    assert version != version_of("1", Recipe("int8", "mmse", pictures=1), pictures)
    assert version != version_of("1", recipe, [pictures[0] + 1])


def test_frames_of_a_folder_are_seen_again_from_afar(tmp_path):
    import cv2

    for number in range(4):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.full((60, 80, 3), 50 * number, np.uint8))
    found = photographed(listed(tmp_path), seed=1)
    assert [picture.frame.pixels.shape for picture in found] == [(60, 80, 3)] * 6
    assert len(photographed(listed(tmp_path, 2), seed=1)) == 3


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="holds no pictures"):
        listed(tmp_path)


def test_a_folder_without_networks_is_refused(tmp_path):
    with pytest.raises(ModelError, match="holds no detector"):
        open_source(tmp_path)


def test_nobody_is_calibrated_with_and_compared_on(tmp_path):
    people = []
    for name in "abcde":
        person = tmp_path / name
        person.mkdir()
        (person / "1.jpg").touch()
        people.append(person)
    taken = {(tmp_path / "a" / "1.jpg").resolve()}
    chosen, others = parted(people, taken, 2)
    assert [each.name for each in chosen] == ["b", "c"]
    assert [each.name for each in others] == ["a", "d", "e"]
