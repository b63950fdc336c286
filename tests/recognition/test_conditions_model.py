"""What conditions do to embeddings: centring, risk and their ramps."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.domain import Conditions, Guidance, HeadPose
from kiosk.recognition.centring import Centring, fit_centring
from kiosk.recognition.ramps import RAMPS, ramp_values
from kiosk.recognition.risk import RiskModel, fit_risk

GOOD = Conditions(45, 130, 45, 0.0, 0.05, 2.0, 0.9, 1.0)
FRONT = HeadPose(0, 0, 0)
COUNT = len(RAMPS)


def test_good_conditions_are_at_the_foot_of_every_ramp() -> None:
    assert not ramp_values(GOOD, FRONT).any()


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_any_value_is_somewhere_on_a_ramp(value: float) -> None:
    for ramp in RAMPS:
        assert 0 <= ramp(value) <= 1
    assert all(ramp(math.nan) == 1 for ramp in RAMPS)


@given(
    name=st.sampled_from(sorted({ramp.name for ramp in RAMPS})),
    values=st.tuples(st.floats(-500, 500), st.floats(-500, 500)),
)
def test_every_ramp_only_rises_towards_its_end(name: str, values: tuple[float, float]) -> None:
    low, high = sorted(values)
    for ramp in (each for each in RAMPS if each.name == name):
        better, worse = (low, high) if ramp.end > ramp.start else (high, low)
        assert ramp(worse) >= ramp(better)


# --- risk -------------------------------------------------------------------------------------


def test_the_fit_finds_the_heights_and_none_below_zero() -> None:
    rng = np.random.default_rng(0)
    truth = np.where(rng.random(COUNT) < 0.4, rng.random(COUNT) * 0.1, 0.0)
    ramped = rng.random((3000, COUNT)) * (rng.random((3000, COUNT)) < 0.5)
    closeness = ramped @ truth + rng.normal(0, 0.01, 3000)

    model = fit_risk(ramped, closeness, np.ones(3000))

    assert (model.heights >= 0).all()
    np.testing.assert_allclose(model.heights, truth, atol=0.005)


def test_what_makes_strangers_less_alike_earns_no_credit() -> None:
    ramped = np.zeros((200, COUNT))
    ramped[:100, 0] = 1
    closeness = np.where(np.arange(200) < 100, -0.2, 0.0)

    assert fit_risk(ramped, closeness, np.ones(200)).heights[0] == 0


@pytest.mark.parametrize("damage", [-0.1, math.nan, math.inf])
def test_heights_that_cannot_be_meant_are_refused(damage: float) -> None:
    heights = np.zeros(COUNT)
    heights[3] = damage

    with pytest.raises(ValueError, match="height"):
        RiskModel(heights)


def test_the_remedy_is_of_what_counts_most() -> None:
    heights = np.full(COUNT, 0.01)
    blurred = dataclasses.replace(GOOD, sharpness=0.2, luminance=85)

    assert RiskModel(heights).remedy(ramp_values(blurred, FRONT)) is Guidance.HOLD_STILL


# --- centring ---------------------------------------------------------------------------------


def test_what_dark_faces_have_in_common_is_subtracted() -> None:
    rng = np.random.default_rng(0)
    people, size = 400, 32
    identity = rng.standard_normal((people, size))
    common, dark = rng.standard_normal((2, size))
    ramped = np.zeros((2 * people, COUNT))
    ramped[people:, 0] = 1
    raw = np.concatenate([identity + common, identity + common + 4 * dark])
    raw = (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32)

    def likeness(vectors: np.ndarray) -> float:
        return float(np.mean(vectors[people:] @ vectors[people:].T))

    centred = fit_centring(raw, ramped).centred(raw, ramped)

    assert likeness(raw) > 0.5
    assert abs(likeness(centred)) < 0.15
    np.testing.assert_allclose(np.linalg.norm(centred, axis=1), 1, atol=1e-5)
    # The same people are found again across the light.
    own = np.einsum("nd,nd->n", centred[:people], centred[people:])
    assert own.mean() > 0.8


def test_pose_and_size_move_no_centre() -> None:
    rng = np.random.default_rng(1)
    ramped = rng.random((300, COUNT))
    made = fit_centring(rng.standard_normal((300, 8)).astype(np.float32), ramped)
    still = [i for i, r in enumerate(RAMPS) if r.name in ("turn_deg", "nod_deg", "strength")]

    assert not made.slopes[still].any()
    assert made.slopes.any()


def test_a_vector_that_is_the_centre_itself_does_no_harm() -> None:
    made = Centring(np.array([1, 0], np.float32), np.zeros((COUNT, 2), np.float32))

    assert np.isfinite(made.centred(np.array([[1, 0]], np.float32), np.zeros((1, COUNT)))).all()


def test_a_centring_of_the_wrong_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="ramps"):
        Centring(np.zeros(4, np.float32), np.zeros((3, 4), np.float32))
    with pytest.raises(ValueError, match="no numbers"):
        Centring(np.full(4, np.nan, np.float32), np.zeros((COUNT, 4), np.float32))
