"""Calibrations by hand: no photograph was compared with any other."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping

import numpy as np

from kiosk.domain import Conditions, HeadPose, ModelId, TemplateKind
from kiosk.recognition.centring import Centring
from kiosk.recognition.ramps import RAMPS
from kiosk.recognition.risk import RiskModel
from kiosk.recognition.surface import RATES, Surface
from kiosk.recognition.thresholds import Calibration, Scoring

GOOD = Conditions(45, 130, 45, 0.0, 0.05, 2.0, 0.9, 1.0)
DARK = dataclasses.replace(GOOD, luminance=15.0)
BLACK = dataclasses.replace(GOOD, luminance=5.0)
COVERED = dataclasses.replace(GOOD, mouth_covered=0.95)
FRONT = HeadPose(0, 0, 0)


def graded_surface(cosines: Mapping[float, float]) -> Surface:
    """Return a surface with these cosines at these false-match rates, whatever the conditions.

    Between the rates it is linear in the logarithm, and level beyond them.
    """
    rates = sorted(cosines)
    at = np.interp(
        [math.log10(rate) for rate in RATES],
        [math.log10(rate) for rate in rates],
        [cosines[rate] for rate in rates],
    )
    return Surface(np.zeros(1), at[:, None, None])


def graded(
    model: ModelId,
    cosines: Mapping[float, float] | None = None,
    masked: Mapping[float, float] | None = None,
    scoring: Scoring | None = None,
    source: str = "made up",
) -> Calibration:
    """Return a calibration with these cosines; masks are told apart where ``masked`` is given."""
    usual = cosines or {1e-2: 0.4, 1e-6: 0.8}
    surfaces = {TemplateKind.PLAIN: graded_surface(usual)}
    if masked is not None:
        surfaces[TemplateKind.MASKED] = graded_surface(masked)
    return Calibration(model, surfaces, scoring, 10_000_000, 1000, 100, source)


def by_light(
    model: ModelId,
    size: int,
    good: float = 0.4,
    dark: float = 0.6,
    masked: Mapping[float, float] | None = None,
    mean: float = 0.0,
) -> Calibration:
    """Return a calibration whose cosine rises from ``good`` to ``dark`` when both faces are DARK.

    One dark face brings half of that; BLACK is refused. Rates make no difference. ``mean`` is what
    all faces have in common, along the first of ``size`` axes.
    """
    heights = np.array([0.02 if ramp.name == "luminance" else 0.0 for ramp in RAMPS])
    centre = np.zeros(size, np.float32)
    centre[0] = mean
    centring = Centring(centre, np.zeros((len(RAMPS), size), np.float32))
    scoring = Scoring(centring, RiskModel(heights), usual_length=10.0, max_risk=0.061)
    level = np.arange(2) / 2
    cosines = good + (dark - good) * (level[:, None] + level)
    plain = Surface(np.array([0.0, 0.06]), np.repeat(cosines[None], len(RATES), 0))
    surfaces = {TemplateKind.PLAIN: plain}
    if masked is not None:
        surfaces[TemplateKind.MASKED] = graded_surface(masked)
    return Calibration(model, surfaces, scoring, 10_000_000, 1000, 100, "made up")
