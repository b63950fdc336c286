"""Thresholds keep their promise: no larger share of strangers than agreed."""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.domain import Match, ModelId, Outcome
from kiosk.errors import ModelError
from kiosk.models.pack import builtin_folder
from kiosk.recognition.thresholds import (
    Calibration,
    CalibrationPoint,
    calibrate,
    classify,
    comparison_rate,
    load_calibration,
    save_calibration,
)

MODEL = ModelId("facenet", "1", "fp32")
SIGMA = 0.1


def table(*points: tuple[float, float]) -> Calibration:
    made = tuple(CalibrationPoint(fmr, cosine) for fmr, cosine in points)
    return Calibration(MODEL, made, 1000, 100, 10, "made up")


TABLE = table((0.1, 0.2), (0.01, 0.3), (0.001, 0.45), (0.0001, 0.5))


def exceedance(cosine: float) -> float:
    """Share of a Gaussian of SIGMA above ``cosine``."""
    return math.erfc(cosine / SIGMA / math.sqrt(2)) / 2


# --- from rate to cosine ----------------------------------------------------------------------


@pytest.mark.parametrize(("fmr", "cosine"), [(0.1, 0.2), (0.01, 0.3), (0.001, 0.45), (1e-4, 0.5)])
def test_at_a_point_the_table_is_exact(fmr: float, cosine: float) -> None:
    assert TABLE.threshold(fmr) == pytest.approx(cosine)


def test_between_points_it_is_linear_in_log_rate() -> None:
    assert TABLE.threshold(10**-1.5) == pytest.approx(0.25)
    assert TABLE.threshold(10**-2.25) == pytest.approx(0.3375)


def test_beyond_the_rarest_point_it_follows_the_steepest_slope() -> None:
    assert TABLE.rarest_fmr == 1e-4
    assert TABLE.threshold(1e-5) == pytest.approx(0.65)
    assert TABLE.threshold(1e-6) == pytest.approx(0.8)
    assert TABLE.threshold(1e-12) == 0.999


def test_the_bulk_of_the_impostors_does_not_steer_the_tail() -> None:
    bulk = table((0.1, 0.0), (0.01, 0.4), (0.001, 0.45), (0.0001, 0.5))
    assert bulk.threshold(1e-5) == pytest.approx(0.55)


def test_above_the_commonest_point_it_does_not_get_laxer() -> None:
    assert TABLE.threshold(0.5) == TABLE.threshold(1.0) == TABLE.threshold(7.0) == 0.2


def test_a_table_that_reaches_one_is_not_cut_back() -> None:
    assert table((0.1, 0.5), (0.01, 0.9999)).threshold(1e-6) >= 0.9999


_TABLES = st.lists(st.floats(0.05, 0.9), min_size=2, max_size=12).map(
    lambda cosines: table(
        *((10.0 ** -(1 + index / 2), cosine) for index, cosine in enumerate(sorted(cosines)))
    )
)


@settings(deadline=None)
@given(_TABLES, st.lists(st.floats(-15, 0), min_size=2, max_size=10))
def test_a_rarer_rate_never_has_a_lower_threshold(
    calibration: Calibration, exponents: list[float]
) -> None:
    thresholds = [calibration.threshold(10**exponent) for exponent in sorted(exponents)]

    assert all(rarer >= commoner for rarer, commoner in itertools.pairwise(thresholds))


def test_the_shipped_table_is_monotone_and_gets_stricter_as_people_are_enrolled() -> None:
    path = builtin_folder() / "mobilefacenet-112.thresholds.json"
    calibration = load_calibration(path, ModelId("mobilefacenet-112", "1", "fp32"))

    thresholds = [
        calibration.threshold(comparison_rate(0.005, templates))
        for templates in (1, 10, 100, 1_000, 5_000, 50_000)
    ]

    assert thresholds == sorted(thresholds)
    assert 0.35 < thresholds[0] < thresholds[3] < 0.7
    assert thresholds[-1] < 0.95


# --- from the promise to one comparison -------------------------------------------------------


@pytest.mark.parametrize("rate", [1e-9, 1e-6, 0.005, 0.05])
@pytest.mark.parametrize("templates", [501, 1000, 100_000])
def test_many_comparisons_together_keep_the_promise(rate: float, templates: int) -> None:
    one = comparison_rate(rate, templates)

    together = -math.expm1(templates * math.log1p(-one))
    assert together <= rate * (1 + 1e-9)
    if one < 1e-4:
        assert together == pytest.approx(rate, rel=1e-9)


def test_tiny_rates_do_not_become_zero() -> None:
    assert comparison_rate(1e-12, 1_000_000) == pytest.approx(1e-18, rel=1e-9)


@pytest.mark.parametrize("templates", [0, 1, 5, 50])
def test_a_small_gallery_does_not_make_it_lax(templates: int) -> None:
    assert comparison_rate(0.05, templates) == 1e-4


def test_more_templates_are_never_laxer() -> None:
    rates = [comparison_rate(0.005, templates) for templates in range(200)]

    assert rates == sorted(rates, reverse=True)


# --- one frame --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("similarity", "runner_up", "outcome"),
    [
        (0.5, 0.2, Outcome.ACCEPTED),
        (0.45, 0.2, Outcome.ACCEPTED),
        (0.4499, 0.2, Outcome.UNKNOWN),
        (0.9, 0.86, Outcome.UNKNOWN),
        (0.9, 0.84, Outcome.ACCEPTED),
        (0.9, -1.0, Outcome.ACCEPTED),
        (-1.0, -1.0, Outcome.UNKNOWN),
        (math.nan, -1.0, Outcome.UNKNOWN),
        (0.9, math.nan, Outcome.UNKNOWN),
    ],
)
def test_a_frame_is_accepted_above_the_threshold_and_ahead_of_the_next(
    similarity: float, runner_up: float, outcome: Outcome
) -> None:
    assert classify(Match(1, similarity, 2, runner_up), 0.45, 0.05) is outcome


def test_nobody_enrolled_is_nobody_recognised() -> None:
    assert classify(None, -1.0, 0.0) is Outcome.UNKNOWN


# --- measuring --------------------------------------------------------------------------------


def test_the_promised_rate_holds_on_fresh_impostors() -> None:
    kept: dict[float, list[bool]] = {}
    for seed in range(60):
        scores = np.random.default_rng(seed).normal(0, SIGMA, 30_000).astype(np.float32)
        for point in calibrate(MODEL, scores, 0, 10, "drawn").points:
            kept.setdefault(point.fmr, []).append(exceedance(point.cosine) <= point.fmr)

    assert min(kept) < 1.5e-4
    for fmr, results in kept.items():
        assert np.mean(results) >= 0.85, fmr
    assert np.mean([result for results in kept.values() for result in results]) >= 0.92


def test_the_thresholds_are_not_needlessly_strict() -> None:
    scores = np.random.default_rng(5).normal(0, SIGMA, 1_000_000).astype(np.float32)

    for point in calibrate(MODEL, scores, 0, 10, "drawn").points:
        if point.fmr >= 1e-4:
            assert exceedance(point.cosine) > 0.6 * point.fmr


def test_each_threshold_admits_fewer_than_the_rate_of_its_own_impostors() -> None:
    scores = np.random.default_rng(1).uniform(-1, 1, 5_000).astype(np.float32)
    calibration = calibrate(MODEL, scores, 12, 34, "drawn")

    rates = [point.fmr for point in calibration.points]
    cosines = [point.cosine for point in calibration.points]
    assert rates == sorted(rates, reverse=True)
    assert cosines == sorted(cosines)
    for point in calibration.points:
        assert (scores >= point.cosine).sum() < point.fmr * len(scores)
        assert point.fmr * len(scores) >= 1.645**2
    assert calibration.impostor_pairs == 5_000
    assert (calibration.genuine_pairs, calibration.people) == (12, 34)


def test_equal_scores_are_all_kept_out() -> None:
    calibration = calibrate(MODEL, np.full(1000, 0.25, np.float32), 0, 2, "drawn")

    assert all(point.cosine > 0.25 for point in calibration.points)


def test_scores_are_left_in_their_order() -> None:
    scores = np.random.default_rng(1).normal(size=400).astype(np.float32)
    before = scores.copy()

    calibrate(MODEL, scores, 0, 2, "drawn")

    assert np.array_equal(scores, before)


@pytest.mark.parametrize("count", [0, 1, 27, 270])
def test_too_few_impostors_are_refused(count: int) -> None:
    with pytest.raises(ModelError, match="photographs of more people"):
        calibrate(MODEL, np.zeros(count, np.float32), 0, 2, "drawn")


def test_just_enough_impostors_support_one_in_a_hundred() -> None:
    calibration = calibrate(MODEL, np.linspace(-1, 0.5, 271).astype(np.float32), 0, 2, "drawn")

    assert calibration.rarest_fmr == 0.01
    assert calibration.points[-1].cosine > 0.5


# --- files ------------------------------------------------------------------------------------


def test_a_table_survives_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    scores = np.random.default_rng(1).normal(0, SIGMA, 3000).astype(np.float32)
    measured = calibrate(MODEL, scores, 5, 6, "Fotos für Ürün")

    save_calibration(measured, path)

    assert load_calibration(path, MODEL) == measured


@pytest.mark.parametrize(
    "other",
    [
        ModelId("mobilefacenet", "1", "fp32"),
        ModelId("facenet", "2", "fp32"),
        ModelId("facenet", "1", "int8"),
    ],
)
def test_another_models_table_is_refused(tmp_path: Path, other: ModelId) -> None:
    path = tmp_path / "t.json"
    save_calibration(TABLE, path)

    with pytest.raises(ModelError, match="door-kiosk calibrate"):
        load_calibration(path, other)


def test_a_missing_table_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="door-kiosk calibrate"):
        load_calibration(tmp_path / "t.json", MODEL)


def drop_points(tree: dict[str, Any]) -> None:
    tree["points"] = tree["points"][:1]


def rise(tree: dict[str, Any]) -> None:
    tree["points"].reverse()


def repeat(tree: dict[str, Any]) -> None:
    tree["points"].insert(1, tree["points"][0])


def fall(tree: dict[str, Any]) -> None:
    tree["points"][2]["cosine"] = 0.1


def be_no_rate(tree: dict[str, Any]) -> None:
    tree["points"][-1]["fmr"] = 0


def be_more_than_all(tree: dict[str, Any]) -> None:
    tree["points"][0]["fmr"] = 1.5


def be_no_cosine(tree: dict[str, Any]) -> None:
    tree["points"][-1]["cosine"] = 1.5


def be_not_a_number(tree: dict[str, Any]) -> None:
    tree["points"][-1]["cosine"] = math.nan


def be_not_a_rate(tree: dict[str, Any]) -> None:
    tree["points"][1]["fmr"] = math.nan


def be_text(tree: dict[str, Any]) -> None:
    tree["points"][0] = "0.1: 0.2"


def be_endless(tree: dict[str, Any]) -> None:
    tree["people"] = math.inf


def let_everybody_in(tree: dict[str, Any]) -> None:
    tree["points"] = [
        {**point, "cosine": -0.99 + 0.001 * index} for index, point in enumerate(tree["points"])
    ]


def lose_the_model(tree: dict[str, Any]) -> None:
    del tree["model"]


def name_the_model_only(tree: dict[str, Any]) -> None:
    tree["model"] = "facenet"


@pytest.mark.parametrize(
    "harm",
    [
        drop_points,
        rise,
        repeat,
        fall,
        be_no_rate,
        be_more_than_all,
        be_no_cosine,
        be_not_a_number,
        be_not_a_rate,
        be_text,
        be_endless,
        let_everybody_in,
        lose_the_model,
        name_the_model_only,
    ],
)
def test_a_table_that_makes_no_sense_is_refused(tmp_path: Path, harm: Any) -> None:
    tree = dataclasses.asdict(TABLE)
    tree["points"] = list(tree["points"])
    harm(tree)
    path = tmp_path / "t.json"
    path.write_text(json.dumps(tree), encoding="utf-8")

    with pytest.raises(ModelError, match=r"t\.json cannot be read"):
        load_calibration(path, MODEL)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"3", b"\xff\xfe", b"[" * 100_000])
def test_a_damaged_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "t.json"
    path.write_bytes(content)

    with pytest.raises(ModelError, match=r"t\.json cannot be read"):
        load_calibration(path, MODEL)
