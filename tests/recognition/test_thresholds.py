"""Thresholds keep their promise: no larger share of strangers than agreed."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kiosk.domain import Conditions, Guidance, HeadPose, Match, ModelId, Outcome, TemplateKind
from kiosk.errors import ModelError
from kiosk.models.pack import builtin_folder
from kiosk.recognition.centring import Centring
from kiosk.recognition.ramps import RAMPS
from kiosk.recognition.risk import RiskModel
from kiosk.recognition.surface import RATES, Surface
from kiosk.recognition.thresholdfile import load_calibration, save_calibration
from kiosk.recognition.thresholds import (
    Calibration,
    Scoring,
    classify,
    comparison_rate,
    flat_calibration,
    in_words,
)

MODEL = ModelId("facenet", "1", "fp32")
GOOD = Conditions(45, 130, 45, 0.0, 0.05, 2.0, 0.9, 1.0)
DARK = dataclasses.replace(GOOD, luminance=20.0)
FRONT = HeadPose(0, 0, 0)


def surface(levels: int = 2) -> Surface:
    rates = 0.2 + 0.05 * np.arange(len(RATES))
    rise = 0.05 * np.arange(levels)
    cosines = rates[:, None, None] + rise[:, None] + rise
    return Surface(0.02 * np.arange(levels), np.minimum(cosines, 0.99))


def calibration() -> Calibration:
    heights = np.array([0.02 if ramp.name == "luminance" else 0.0 for ramp in RAMPS])
    slopes = np.zeros((len(RAMPS), 4), np.float32)
    centring = Centring(np.array([0.1, 0, 0, 0], np.float32), slopes)
    scoring = Scoring(centring, RiskModel(heights), usual_length=20.0, max_risk=0.05)
    surfaces = {TemplateKind.PLAIN: surface(), TemplateKind.MASKED: surface(1)}
    return Calibration(MODEL, surfaces, scoring, 1_000_000, 500, 100, "made up")


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


@pytest.mark.parametrize(
    ("rate", "words"),
    [(0.005, "1 stranger in 200 attempts"), (1e-4, "1 stranger in 10,000 attempts")],
)
def test_a_rate_can_be_said_in_words(rate: float, words: str) -> None:
    assert in_words(rate) == words


# --- one frame --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("similarity", "runner_up", "outcome"),
    [
        (0.5, 0.2, Outcome.ACCEPTED),
        (0.45, 0.2, Outcome.ACCEPTED),
        (0.4499, 0.2, Outcome.UNKNOWN),
        (0.9, 0.86, Outcome.UNKNOWN),
        (0.9, 0.84, Outcome.ACCEPTED),
        (math.nan, 0.1, Outcome.UNKNOWN),
        (0.9, math.nan, Outcome.UNKNOWN),
    ],
)
def test_accepted_is_above_the_threshold_and_clearly_ahead(
    similarity: float, runner_up: float, outcome: Outcome
) -> None:
    assert classify(Match(1, similarity, 2, runner_up, 0.45), 0.05) is outcome


def test_nobody_to_compare_with_is_unknown() -> None:
    assert classify(None, 0.05) is Outcome.UNKNOWN


# --- conditions -------------------------------------------------------------------------------


def test_the_dark_raises_the_risk_and_names_the_remedy() -> None:
    made = calibration()

    assert made.template_risk(GOOD, FRONT) == 0
    assert made.template_risk(DARK, FRONT) > 0.03
    assert made.advice(GOOD, FRONT) is None
    assert made.advice(DARK, FRONT) is Guidance.MORE_LIGHT


def test_a_face_riskier_than_was_measured_is_refused_with_what_helps() -> None:
    made = calibration()
    black = dataclasses.replace(GOOD, luminance=4.0)

    assert made.refusal(GOOD, FRONT) is None
    assert made.refusal(black, FRONT) is Guidance.MORE_LIGHT


def test_conditions_that_are_no_numbers_are_refused() -> None:
    made = calibration()

    assert made.refusal(dataclasses.replace(GOOD, luminance=math.nan), FRONT) is not None


def test_a_template_that_nobody_knows_about_counts_as_the_riskiest() -> None:
    made = calibration()

    assert made.template_risk(None, None) == 0.05
    assert made.template_risk(GOOD, None) == 0.05


def test_strength_is_relative_to_the_usual_and_one_where_unknown() -> None:
    assert calibration().strength(10.0) == 0.5
    assert calibration().strength(0.0) == 1.0
    assert flat_calibration(MODEL, 0.5).strength(3.0) == 1.0


def test_only_covered_mouths_are_compared_with_masked_templates() -> None:
    made = calibration()
    masked = dataclasses.replace(GOOD, mouth_covered=0.9)

    assert made.is_masked(masked)
    assert not made.is_masked(GOOD)
    assert not made.is_masked(None)
    assert not flat_calibration(MODEL, 0.5).is_masked(masked)


def test_without_measured_conditions_there_is_one_threshold() -> None:
    flat = flat_calibration(MODEL, 0.5)

    assert flat.threshold(1e-2) == flat.threshold(1e-12) == 0.5
    assert flat.refusal(DARK, FRONT) is None
    assert flat.template_risk(DARK, FRONT) == 0


# --- files ------------------------------------------------------------------------------------


def test_a_calibration_survives_its_file(tmp_path: Path) -> None:
    path, made = tmp_path / "t.json", calibration()
    save_calibration(made, path)

    read = load_calibration(path, MODEL)

    assert read.scoring is not None
    assert made.scoring is not None
    assert set(read.surfaces) == set(made.surfaces)
    for kind, each in made.surfaces.items():
        np.testing.assert_allclose(read.surfaces[kind].cosines, each.cosines, atol=1e-6)
    np.testing.assert_allclose(read.scoring.risk.heights, made.scoring.risk.heights, atol=1e-6)
    np.testing.assert_allclose(read.scoring.centring.mean, made.scoring.centring.mean, atol=1e-6)
    assert read.scoring.max_risk == made.scoring.max_risk
    assert (read.impostor_pairs, read.people, read.source) == (1_000_000, 100, "made up")


def test_thresholds_that_are_missing_say_how_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="door-kiosk calibrate"):
        load_calibration(tmp_path / "none.json", MODEL)


@pytest.mark.parametrize(
    "other",
    [
        ModelId("facenet", "2", "fp32"),
        ModelId("facenet", "1", "int8"),
        ModelId("another", "1", "fp32"),
    ],
)
def test_thresholds_of_other_weights_or_precision_are_refused(
    tmp_path: Path, other: ModelId
) -> None:
    save_calibration(calibration(), tmp_path / "t.json")

    with pytest.raises(ModelError, match="were measured with facenet/1/fp32"):
        load_calibration(tmp_path / "t.json", other)


def lax(tree: dict[str, Any]) -> None:
    plain = np.array(tree["surfaces"]["plain"]["cosines"])
    tree["surfaces"]["plain"]["cosines"] = np.full_like(plain, -0.5).tolist()


def falling(tree: dict[str, Any]) -> None:
    tree["surfaces"]["plain"]["cosines"].reverse()


def no_number(tree: dict[str, Any]) -> None:
    tree["surfaces"]["plain"]["cosines"][3][0][0] = math.nan


def other_rates(tree: dict[str, Any]) -> None:
    tree["surfaces"]["plain"]["rates"][0] = 0.5


def negative(tree: dict[str, Any]) -> None:
    tree["scoring"]["heights"][0] = -0.1


def endless(tree: dict[str, Any]) -> None:
    tree["scoring"]["max_risk"] = math.inf


def without_plain(tree: dict[str, Any]) -> None:
    del tree["surfaces"]["plain"]


def other_ramps(tree: dict[str, Any]) -> None:
    tree["scoring"]["ramps"][0][1] += 1


def old(tree: dict[str, Any]) -> None:
    del tree["format"]


def cut(tree: dict[str, Any]) -> None:
    tree["scoring"]["slopes"].pop()


@pytest.mark.parametrize(
    "damage",
    [
        lax,
        falling,
        no_number,
        other_rates,
        negative,
        endless,
        without_plain,
        other_ramps,
        old,
        cut,
    ],
)
def test_a_file_that_cannot_be_meant_opens_no_door(tmp_path: Path, damage: Any) -> None:
    path = tmp_path / "t.json"
    save_calibration(calibration(), path)
    tree = json.loads(path.read_text())
    damage(tree)
    path.write_text(json.dumps(tree))

    with pytest.raises(ModelError, match="cannot be used"):
        load_calibration(path, MODEL)


@pytest.mark.parametrize("text", ["", "[]", "null", "{", '{"format": 2}', "[" * 100_000])
def test_nonsense_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "t.json"
    path.write_text(text)

    with pytest.raises(ModelError):
        load_calibration(path, MODEL)


def test_the_shipped_thresholds_get_stricter_as_people_are_enrolled() -> None:
    path = builtin_folder() / "mobilefacenet-112.thresholds.json"
    shipped = load_calibration(path, ModelId("mobilefacenet-112", "1", "fp32"))

    thresholds = [
        shipped.threshold(comparison_rate(0.005, templates))
        for templates in (1, 10, 100, 1_000, 5_000, 50_000)
    ]

    assert thresholds == sorted(thresholds)
    assert 0.35 < thresholds[0] < thresholds[3] < 0.7
    assert thresholds[-1] < 0.95
    assert shipped.knows_masks
