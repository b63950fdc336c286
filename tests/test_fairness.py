"""Rates by group of people."""

from __future__ import annotations

import dataclasses
import json
import types
from pathlib import Path

import numpy as np
import pytest

from kiosk.bounds import wilson_interval
from kiosk.conditionfaces import Face
from kiosk.conditionscores import compared_as_they_are
from kiosk.errors import ConfigError
from kiosk.fairness import (
    Labels,
    check_labels,
    fairness_table,
    heard_groups,
    read_labels,
    worst_group_offset,
)
from kiosk.recognition.thresholds import Calibration, flat_calibration

THRESHOLD = 0.25


def group_of(name: str) -> str:
    return "even" if int(name[1:]) % 2 == 0 else "odd"


@pytest.fixture
def labels(crowd: types.ModuleType) -> Labels:
    return {name: {"parity": group_of(name)} for name in crowd.Crowd(60).names}


@pytest.fixture
def calibration(crowd: types.ModuleType) -> Calibration:
    return flat_calibration(crowd.MODEL, THRESHOLD)


def alike(crowd: types.ModuleType, people: int = 60, photos: int = 2) -> list[Face]:
    """Return faces of which the even people's share something."""
    shared = np.ones(crowd.SIZE) / np.sqrt(crowd.SIZE)

    def shifted(face: Face) -> Face:
        assert face.probe is not None
        if group_of(face.person) == "odd":
            return face
        probe = crowd.embedding(face.probe.vector + 0.8 * shared)
        return dataclasses.replace(face, probe=probe, template=probe)

    faces = crowd.Crowd(people, photos).faces()
    return [shifted(face) for face in faces if face.kind == "as_is"]


def test_counts_within_groups_by_hand(
    crowd: types.ModuleType, labels: Labels, calibration: Calibration
) -> None:
    faces = alike(crowd)
    table = fairness_table(faces, calibration, labels)

    assert [row.group for row in table.rows] == ["even", "odd"]
    for row in table.rows:
        members = [face for face in faces if group_of(face.person) == row.group]
        assert (row.people, row.photographs, row.refused) == (30, 60, 0)
        strangers = passed = mates = missed = 0
        for place, one in enumerate(members):
            for other in members[place + 1 :]:
                assert one.probe is not None and other.template is not None
                matches = float(one.probe.vector @ other.template.vector) >= THRESHOLD
                if one.person == other.person:
                    mates, missed = mates + 1, missed + (not matches)
                else:
                    strangers, passed = strangers + 1, passed + matches
        assert (row.impostor_pairs, row.genuine_pairs) == (strangers, mates)
        assert (row.false_matches, row.false_non_matches) == (passed, missed)
        assert row.fmr == passed / strangers
        assert row.fmr_bounds == wilson_interval(passed, strangers)
    worst = table.worst_fmr
    assert worst is not None and worst.group == "even"
    assert "among parity even" in table.worst_in_words()
    json.dumps(table.as_tree(), allow_nan=False)


def test_no_rate_is_claimed_that_the_counts_do_not_support(
    crowd: types.ModuleType, labels: Labels, calibration: Calibration
) -> None:
    worst = worst_group_offset(alike(crowd), calibration, labels, 1e-4, min_pairs=1000)

    assert worst is not None
    assert worst.rate * worst.pairs >= 20
    assert worst.rate > 1e-4


def test_a_rate_too_rare_for_a_group_is_judged_by_one_that_can_be_counted(
    crowd: types.ModuleType, labels: Labels, calibration: Calibration
) -> None:
    faces = alike(crowd)
    table = fairness_table(faces, calibration, labels, 1e-6)

    for row in table.rows:
        counted = row.counted
        assert counted is not None
        # Twenty of 1,740 pairs.
        assert counted.rate == pytest.approx(0.0316)
        passed = row.false_matches  # one threshold for every rate here
        assert counted.ratio == pytest.approx(passed / row.impostor_pairs / counted.rate)
        low, high = counted.bounds
        assert low <= counted.ratio <= high


def test_a_group_too_small_to_count_is_not_named(
    crowd: types.ModuleType, calibration: Calibration
) -> None:
    labels = {name: {"pair": "few" if name in ("P0", "P2") else "many"} for name in ("P0", "P2")}
    table = fairness_table(alike(crowd), calibration, labels)

    assert [row.counted for row in table.rows] == [None]
    assert table.worst_fmr is None
    assert "No false match was counted" in table.worst_in_words()


def test_refused_faces_are_counted_and_not_compared(
    crowd: types.ModuleType, labels: Labels, calibration: Calibration
) -> None:
    faces = alike(crowd)
    faces[0] = dataclasses.replace(faces[0], at_door=False)
    whole = fairness_table(alike(crowd), calibration, labels).rows[0]
    row = fairness_table(faces, calibration, labels).rows[0]

    assert row.refused == 1
    assert whole.genuine_pairs - row.genuine_pairs == 1
    assert whole.impostor_pairs - row.impostor_pairs == 58


def test_the_offset_makes_the_worst_group_keep_the_promise(
    crowd: types.ModuleType, labels: Labels, calibration: Calibration
) -> None:
    faces = alike(crowd, photos=3)
    promise = 1e-2
    worst = worst_group_offset(faces, calibration, labels, promise, min_pairs=1000)

    assert worst is not None
    assert worst.group == "parity: even"
    assert worst.offset > 0
    assert worst.rate == promise
    compared = compared_as_they_are(faces, calibration, promise)
    even = [group_of(face.person) == "even" for face in compared.probes]
    scores = compared.excesses[np.ix_(even, even)]
    people = np.array([face.person for face, is_even in zip(faces, even, strict=True) if is_even])
    strangers = scores[np.triu(people[:, None] != people[None, :])]
    assert len(strangers) == worst.pairs
    kept = int((strangers >= worst.offset).sum())
    assert wilson_interval(kept, len(strangers), 1.645)[1] <= promise
    too_low = int((strangers >= worst.offset - 1e-3).sum())
    assert wilson_interval(too_low, len(strangers), 1.645)[1] > promise * 0.8


def test_thresholds_high_enough_need_no_offset(crowd: types.ModuleType, labels: Labels) -> None:
    worst = worst_group_offset(
        alike(crowd, photos=3), flat_calibration(crowd.MODEL, 0.99), labels, 1e-2, 1000
    )

    assert worst is not None and worst.offset == 0


def test_groups_too_small_set_nothing(
    crowd: types.ModuleType, labels: Labels, calibration: Calibration
) -> None:
    assert worst_group_offset(alike(crowd), calibration, labels, min_pairs=10**6) is None


def test_the_worst_group_raises_all_thresholds(
    crowd: types.ModuleType, labels: Labels, calibration: Calibration
) -> None:
    faces = alike(crowd, photos=3)
    heard = heard_groups(faces, calibration, labels)

    worst = heard.worst
    assert worst is not None and worst.group == "parity: even" and worst.offset > 0
    # 3,915 comparisons prove one in a hundred.
    assert worst.rate == 1e-2
    for rate in (1e-1, 1e-2, 1e-4, 1e-6):
        raised, asked = heard.calibration.threshold(rate), calibration.threshold(rate)
        assert raised == pytest.approx(asked + worst.offset, abs=2e-5)
        assert raised >= asked + worst.offset - 1e-12
    assert heard.after is not None
    before, after = heard.before.rows[0].counted, heard.after.rows[0].counted
    assert before is not None and after is not None
    assert after.ratio < 1 < before.ratio
    assert heard.calibration.source.endswith(f"raised by {worst.offset:.5f} for parity: even")
    said = heard.in_words()
    assert "parity: even, sets the thresholds" in said and f"{worst.offset:.5f}" in said
    assert "at a false-match rate of 1e-02" in said and "too few to prove a rarer" in said


def test_groups_that_keep_the_promise_change_nothing(
    crowd: types.ModuleType, labels: Labels
) -> None:
    strict = flat_calibration(crowd.MODEL, 0.99)
    heard = heard_groups(alike(crowd, photos=3), strict, labels)

    assert heard.calibration is strict
    assert heard.after is None
    assert "none was raised" in heard.in_words()


def test_groups_too_small_to_say_anything_change_nothing_and_are_told_of(
    crowd: types.ModuleType, labels: Labels, calibration: Calibration
) -> None:
    heard = heard_groups(alike(crowd, people=20), calibration, labels)

    assert (heard.calibration, heard.worst, heard.after) == (calibration, None, None)
    assert "No group has the 2,000 comparisons" in heard.in_words()

    few = {**labels, "P0": {"parity": "rare"}, "P2": {"parity": "rare"}}
    heard = heard_groups(alike(crowd, photos=3), calibration, few)
    assert "Too few to set thresholds, below 2,000 comparisons: parity: rare." in heard.in_words()
    assert "promise is not kept" not in heard.in_words()


def test_a_group_too_small_to_be_heard_that_is_surely_worse_is_named(
    crowd: types.ModuleType,
) -> None:
    labels = {name: {"parity": group_of(name)} for name in crowd.Crowd(40).names}
    calibration = flat_calibration(crowd.MODEL, 0.45)
    heard = heard_groups(alike(crowd, people=40, photos=3), calibration, labels)

    assert heard.worst is None
    assert "promise is not kept at the rates they can show: parity: even." in heard.in_words()


def test_labels_are_checked_before_anything_is_measured() -> None:
    labels = {"Anna": {"gender": "female"}, "Bo": {"gender": "male"}, "Cy": {"gender": "male"}}

    check_labels(["Bo", "Cy", "Di"], labels)
    with pytest.raises(ConfigError, match="same names"):
        check_labels(["Anna", "Bo", "Di"], labels)


def test_labels_that_name_nobody_are_refused(
    crowd: types.ModuleType, calibration: Calibration
) -> None:
    with pytest.raises(ConfigError, match="same names"):
        fairness_table(alike(crowd), calibration, {"nobody": {"parity": "odd"}})


def test_ages_become_decades(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("Person, Age ,gender\nAnna,29,female\nBo,30,male\nCy,unknown,\n")

    assert read_labels(path) == {
        "Anna": {"age": "20–29", "gender": "female"},
        "Bo": {"age": "30–39", "gender": "male"},
        "Cy": {"age": "unknown", "gender": ""},
    }


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("person,\n", "one for each label"),
        ("name,gender\nAnna,f\n", "column person"),
        ("person,gender\n", "nobody"),
        ("", "it has none"),
    ],
)
def test_lists_without_labels_are_refused(tmp_path: Path, text: str, match: str) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(text)

    with pytest.raises(ConfigError, match=match):
        read_labels(path)


def test_a_list_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_bytes(b"\xff\xfe\x00")

    for wrong in (path, tmp_path / "absent.csv"):
        with pytest.raises(ConfigError, match="cannot be read"):
            read_labels(wrong)
