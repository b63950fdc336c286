"""Comparisons under conditions: who is compared with whom, and by which number."""

from __future__ import annotations

import dataclasses
import types

import numpy as np
import pytest

from kiosk.calibrationsample import AS_IS
from kiosk.conditionfaces import Face
from kiosk.conditionscores import (
    FIXED,
    FORMULA,
    METHODS,
    OURS,
    PROFILE,
    TURNED,
    KindScores,
    compared_as_they_are,
    loosening,
    scores_by_kind,
)
from kiosk.domain import HeadPose
from kiosk.recognition.thresholds import flat_calibration

RATE = 1e-3
FLAT = 0.3


def scored(crowd: types.ModuleType, faces: list[Face]) -> dict[str, KindScores]:
    calibration = flat_calibration(crowd.MODEL, FLAT)
    return {each.kind: each for each in scores_by_kind(faces, calibration, RATE)}


def test_who_is_compared_with_whom(crowd: types.ModuleType) -> None:
    people, photos = 7, 3
    found = scored(crowd, crowd.Crowd(people, photos).faces())

    assert list(found) == [AS_IS, "dark-0.25", "defocus-2", "mask"]
    for scores in found.values():
        assert (scores.probes, scores.refused) == (people, 0)
        for method in METHODS:
            # Never with the photograph it was made of.
            assert len(scores.genuine[method]) == people * (photos - 1)
            assert len(scores.impostors[method]) == people * (people - 1) * photos
            assert len(scores.both[method]) == people * (people - 1) // 2
        assert [kept.pairs for kept in scores.kept] == [people * (people - 1) // 2] * 2


def test_without_measured_conditions_ours_is_the_cosine(crowd: types.ModuleType) -> None:
    for scores in scored(crowd, crowd.Crowd(5).faces()).values():
        for parts in (scores.genuine, scores.impostors, scores.both):
            np.testing.assert_allclose(parts[OURS] + FLAT, parts[FIXED], atol=1e-6)


def test_the_formula_loosens_the_distance_as_written(crowd: types.ModuleType) -> None:
    found = scored(crowd, crowd.Crowd(5).faces())
    factor = loosening(crowd.COVERED, crowd.FRONT)

    assert factor > 1.2
    for base in (0.2, 0.4):
        passes = 1 - found["mask"].impostors[FIXED] <= (1 - base) * factor
        np.testing.assert_array_equal(found["mask"].impostors[FORMULA] >= base, passes)


def test_the_formula_knows_light_angle_and_occlusion(crowd: types.ModuleType) -> None:
    good = dataclasses.replace(crowd.GOOD, side_light=0.0)
    assert loosening(good, crowd.FRONT) == 1
    for worse in ({"luminance": 40}, {"side_light": 0.4}, {"eyes_covered": 0.5}):
        assert loosening(dataclasses.replace(good, **worse), crowd.FRONT) > 1
    assert loosening(good, HeadPose(-30, 0, 0)) > 1


def test_refused_and_lost_faces_never_match(crowd: types.ModuleType) -> None:
    faces = crowd.Crowd(6).faces()
    dark = [place for place, face in enumerate(faces) if face.kind == "dark-0.25"]
    faces[dark[0]] = dataclasses.replace(faces[dark[0]], at_door=False)
    faces[dark[1]] = dataclasses.replace(faces[dark[1]], probe=None, at_door=False)

    scores = scored(crowd, faces)["dark-0.25"]

    assert (scores.probes, scores.refused, scores.lost, scores.at_gate) == (6, 2, 1, 1)
    # The fixed threshold refuses nobody, but a lost face is lost to it too.
    assert np.isneginf(scores.genuine[OURS]).sum() == 2 * 2
    assert np.isneginf(scores.genuine[FIXED]).sum() == 2
    assert np.isfinite(scores.both[OURS]).sum() == 4 * 3 // 2
    assert np.isfinite(scores.both[FIXED]).sum() == 5 * 4 // 2
    assert scores.kept[0].pairs == 4 * 3 // 2


def test_faces_that_are_turned_as_they_are_count_apart(crowd: types.ModuleType) -> None:
    faces = [
        dataclasses.replace(
            face, probe=dataclasses.replace(face.probe, pose=HeadPose(yaw_deg, 0, 0))
        )
        for face, yaw_deg in zip(
            crowd.Crowd(4, photos=1).faces()[::4], (0, -30, 50, 10), strict=True
        )
    ]

    found = scored(crowd, faces)

    assert (found[TURNED].probes, found[PROFILE].probes) == (1, 1)
    assert found[AS_IS].probes == 4


def test_no_template_gives_no_scores(crowd: types.ModuleType) -> None:
    faces = [dataclasses.replace(face, template=None) for face in crowd.Crowd(4).faces()]

    assert scored(crowd, faces) == {}
    calibration = flat_calibration(crowd.MODEL, FLAT)
    assert compared_as_they_are(faces, calibration, RATE).excesses.shape == (12, 0)


def test_faces_as_they_are(crowd: types.ModuleType) -> None:
    faces = crowd.Crowd(4, photos=2).faces()
    compared = compared_as_they_are(faces, flat_calibration(crowd.MODEL, FLAT), RATE)

    assert [face.kind for face in compared.probes] == [AS_IS] * 8
    cosine = compared.probes[0].probe.vector @ compared.templates[3].template.vector
    assert compared.excesses[0, 3] == pytest.approx(cosine - FLAT, abs=1e-6)
