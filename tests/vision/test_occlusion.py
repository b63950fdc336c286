"""Occlusion: painted, simulated and somebody else's masks are seen, beards and turned heads not."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.camera.imagefile import read_image
from kiosk.domain import Detection, Frame, Pixels
from kiosk.vision.alignment import align
from kiosk.vision.detector import RetinaFaceDetector
from kiosk.vision.occlusion import Occlusion, assess_occlusion, features
from kiosk.vision.occlusiontable import EYES, MOUTH, SIDE
from kiosk.vision.paintedmask import STYLES, paint_mask
from kiosk.vision.subject import choose_subject


def photographs(
    faces: Path, paths: list[Path], detector: RetinaFaceDetector
) -> list[tuple[Pixels, Detection]]:
    found = []
    for path in paths:
        frame = Frame(read_image(path), 0)
        face, _ = choose_subject(frame, detector.detect(frame))
        if face is not None:
            found.append((frame.pixels, face))
    return found


def judged(pixels: Pixels, face: Detection) -> Occlusion:
    return assess_occlusion(align(Frame(pixels, 0), face, 112))


@pytest.fixture(scope="module")
def plain(shared: Path, detector: RetinaFaceDetector) -> list[tuple[Pixels, Detection]]:
    """Press photographs of sixty people, none of whom the scores were fitted on."""
    faces = shared / "faces"
    with (faces / "lfw_probe.csv").open(encoding="utf-8", newline="") as file:
        paths = [faces / row["path"] for row in csv.DictReader(file)]
    return photographs(faces, paths[::23][:60], detector)


@pytest.mark.shared
def test_hardly_anything_is_seen_on_plain_faces(plain: list[tuple[Pixels, Detection]]) -> None:
    found = [judged(*one) for one in plain]

    assert len(found) >= 58
    assert sum(one.mouth > 0.5 for one in found) <= 2
    assert sum(one.eyes > 0.5 for one in found) <= 2
    assert sum(one.side > 0.5 for one in found) <= 2


@pytest.mark.shared
def test_painted_masks_are_seen(plain: list[tuple[Pixels, Detection]]) -> None:
    found = [
        judged(paint_mask(pixels, face.landmarks, STYLES[i % len(STYLES)]), face)
        for i, (pixels, face) in enumerate(plain)
    ]

    assert np.mean([one.mouth > 0.5 for one in found]) >= 0.95
    assert np.mean([one.eyes > 0.5 for one in found]) <= 0.05


@pytest.mark.shared
@pytest.mark.parametrize("masked", ["lfw_masked", "london_masked"])
def test_masks_by_another_painter_are_seen(
    shared: Path, detector: RetinaFaceDetector, masked: str
) -> None:
    faces = shared / "faces"
    paths = sorted((faces / masked).glob("*/*.jpg"))

    found = [judged(*one) for one in photographs(faces, paths[:: len(paths) // 40], detector)]

    assert np.mean([one.mouth > 0.5 for one in found]) >= 0.95
    assert np.mean([one.eyes > 0.5 for one in found]) <= 0.05


@pytest.mark.shared
def test_a_turned_head_hides_nothing(shared: Path, detector: RetinaFaceDetector) -> None:
    faces = shared / "faces"
    paths = [
        path
        for path in sorted((faces / "london").glob("*/*3quarter.jpg"))
        if int(path.parent.name[1:]) % 2 == 0
    ]

    found = [judged(*one) for one in photographs(faces, paths[::3], detector)]

    assert np.mean([one.mouth > 0.5 for one in found]) <= 0.05
    assert np.mean([one.eyes > 0.5 for one in found]) <= 0.05
    assert np.mean([one.side > 0.5 for one in found]) <= 0.1


@pytest.mark.shared
def test_dark_glasses_are_seen(plain: list[tuple[Pixels, Detection]]) -> None:
    found = []
    for pixels, face in plain:
        worn = pixels.copy()
        for eye in face.landmarks[:2]:
            place, size = tuple(np.rint(eye).astype(int).tolist()), face.eye_distance_px
            cv2.ellipse(
                worn, place, (round(0.42 * size), round(0.3 * size)), 0, 0, 360, (25,) * 3, -1
            )
        found.append(judged(worn, face))

    assert np.mean([one.eyes > 0.5 for one in found]) >= 0.9
    assert np.mean([one.mouth > 0.5 for one in found]) <= 0.1


@pytest.mark.shared
@pytest.mark.parametrize("half", [slice(0, 54), slice(58, 112)])
def test_a_hidden_half_is_seen(plain: list[tuple[Pixels, Detection]], half: slice) -> None:
    found = []
    for pixels, face in plain:
        chip = align(Frame(pixels, 0), face, 112)
        chip[:, half] = (60, 90, 140)
        found.append(assess_occlusion(chip))

    assert np.mean([one.side > 0.5 for one in found]) >= 0.9


def test_a_mirrored_chip_is_judged_the_same() -> None:
    chip = np.random.default_rng(1).integers(0, 256, (112, 112, 3)).astype(np.uint8)

    assert features(chip) == pytest.approx(features(chip[:, ::-1].copy()), abs=1e-4)


@pytest.mark.parametrize("table", [MOUTH, EYES, SIDE])
def test_there_is_a_coefficient_for_each_feature(table: np.ndarray) -> None:
    count = features(np.zeros((112, 112, 3), np.uint8)).size

    assert table.shape == (count + 1,)
    assert np.isfinite(table).all()
    assert np.abs(table).max() > 0


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 1000), low=st.integers(0, 255), span=st.integers(0, 255))
def test_anything_at_all_gets_a_score_between_0_and_1(seed: int, low: int, span: int) -> None:
    values = np.random.default_rng(seed).integers(low, low + span + 1, (112, 112, 3))

    found = assess_occlusion(np.clip(values, 0, 255).astype(np.uint8))

    for score in (found.mouth, found.eyes, found.side):
        assert 0 <= score <= 1
