"""Three ways at one false-match rate, and whether the promise was kept."""

from __future__ import annotations

import dataclasses
import json
import types

import numpy as np
import pytest

from kiosk.calibration import calibrate
from kiosk.calibrationsample import AS_IS
from kiosk.conditionfaces import Face, faces_of
from kiosk.conditionscores import FIXED, METHODS, OURS, PROFILE, KindScores
from kiosk.conditiontable import BOTH, DEFINITIONS, PROBE, condition_table, measured_rate
from kiosk.domain import HeadPose
from kiosk.errors import ModelError
from kiosk.recognition.thresholds import flat_calibration

RATE = 1e-2


def test_all_three_keep_the_rate_in_the_worst_condition(crowd: types.ModuleType) -> None:
    seen: list[KindScores] = []
    faces = crowd.Crowd(60).faces()
    table = condition_table(faces, flat_calibration(crowd.MODEL, 0.3), RATE, seen.append)

    assert [row.kind for row in table.rows] == [scores.kind for scores in seen]
    for method in METHODS:
        for definition in DEFINITIONS:
            limit = table.thresholds[definition][method]
            rates = [float((s.impostors[method] > limit).mean()) for s in seen]
            if definition == BOTH:
                rates += [float((s.both[method] > limit).mean()) for s in seen]
            assert max(rates) <= RATE
            assert max(rates) > 0.8 * RATE


def test_rates_are_those_of_the_scores(crowd: types.ModuleType) -> None:
    seen: dict[str, KindScores] = {}
    faces = crowd.Crowd(60).faces()
    faces = [
        dataclasses.replace(f, at_door=False) if f.kind == "mask" and f.photo % 2 else f
        for f in faces
    ]
    table = condition_table(
        faces,
        flat_calibration(crowd.MODEL, 0.3),
        RATE,
        lambda scores: seen.update({scores.kind: scores}),
    )

    for row in table.rows:
        scores = seen[row.kind]
        for definition in DEFINITIONS:
            for method in METHODS:
                limit = table.thresholds[definition][method]
                missed = float((scores.genuine[method] <= limit).mean())
                passed = float((scores.impostors[method] > limit).mean())
                assert row.fnmr[definition][method] == pytest.approx(missed)
                assert row.fmr[definition][method] == pytest.approx(passed)
    masked = table.rows[-1]
    assert masked.refused == 0.5
    whole, compared = masked.fnmr[PROBE][OURS], masked.fnmr_compared[PROBE]
    assert whole is not None and compared is not None
    assert whole == pytest.approx(0.5 + 0.5 * compared)


def test_the_mean_is_over_the_spoiled_kinds(crowd: types.ModuleType) -> None:
    table = condition_table(crowd.Crowd(60).faces(), flat_calibration(crowd.MODEL, 0.3), RATE)
    spoiled = [row for row in table.rows if row.kind != AS_IS]

    assert len(spoiled) == 3
    mean = np.mean([row.fnmr[BOTH][FIXED] for row in spoiled])
    assert table.mean[BOTH][FIXED] == pytest.approx(float(mean))


def test_dark_strangers_make_a_fixed_threshold_strict_for_everybody(
    crowd: types.ModuleType,
) -> None:
    calibration = calibrate(crowd.Crowd(80, seed=1).samples(), crowd.MODEL, "drawn", 1e-2)
    faces = faces_of(crowd.Crowd(80, seed=2).samples())
    table = condition_table(faces, calibration, RATE)

    assert table.worst[BOTH][FIXED].endswith("both")
    assert table.thresholds[BOTH][FIXED] > table.thresholds[PROBE][FIXED]
    as_is = table.rows[0]
    ours, fixed = as_is.fnmr[BOTH][OURS], as_is.fnmr[BOTH][FIXED]
    assert ours is not None and fixed is not None
    assert ours < fixed


def test_the_promise_is_counted_and_bounded(crowd: types.ModuleType) -> None:
    people = 60
    lenient = condition_table(
        crowd.Crowd(people).faces(), flat_calibration(crowd.MODEL, -0.999), RATE
    )
    strict = condition_table(
        crowd.Crowd(people).faces(), flat_calibration(crowd.MODEL, 0.999), RATE
    )

    pairs = people * (people - 1) // 2
    for row in lenient.rows:
        for promise in row.promises:
            assert promise.matches == promise.pairs == pairs
            assert promise.ratio == pytest.approx(1 / promise.rate)
    for row in strict.rows:
        for promise in row.promises:
            assert promise.ratio == 0
            assert promise.is_telling == (promise.rate == 1e-3)
            assert promise.upper_ratio is not None
            # The rule of three, about.
            assert 2 < promise.upper_ratio * promise.rate * pairs < 3.2


def test_a_kind_of_a_single_face_has_a_row_of_its_own(crowd: types.ModuleType) -> None:
    faces = crowd.Crowd(60).faces()
    turned = dataclasses.replace(faces[0].probe, pose=HeadPose(60, 0, 0))
    faces[0] = dataclasses.replace(faces[0], probe=turned)

    table = condition_table(faces, flat_calibration(crowd.MODEL, 0.3), RATE)

    (row,) = (row for row in table.rows if row.kind == PROFILE)
    assert (row.probes, row.genuine_pairs) == (1, 2)
    assert row.promises[0].ratio is None and row.promises[0].upper_ratio is None


def test_too_few_people_are_told(crowd: types.ModuleType) -> None:
    with pytest.raises(ModelError, match="more people"):
        condition_table(crowd.Crowd(4).faces(), flat_calibration(crowd.MODEL, 0.3))
    with pytest.raises(ModelError, match="more people"):
        condition_table([], flat_calibration(crowd.MODEL, 0.3))


def test_the_rate_follows_the_number_of_people() -> None:
    assert [measured_rate(people) for people in (2, 40, 150, 400, 3000)] == [
        1e-2, 1e-2, 1e-3, 1e-4, 1e-4,
    ]  # fmt: skip


def test_the_table_is_json_without_nan(crowd: types.ModuleType) -> None:
    faces: list[Face] = [
        dataclasses.replace(face, probe=None, at_door=False) if face.kind == "mask" else face
        for face in crowd.Crowd(60).faces()
    ]
    table = condition_table(faces, flat_calibration(crowd.MODEL, 0.3), RATE)
    tree = json.loads(json.dumps(table.as_tree(), allow_nan=False))

    assert tree["kinds"][-1]["kind"] == "mask"
    assert tree["kinds"][-1]["fnmr"]["probe"]["ours"] == 1
    assert tree["kinds"][-1]["fnmr_compared"]["probe"] is None
    assert tree["kinds"][-1]["promises"][0]["ratio"] is None
