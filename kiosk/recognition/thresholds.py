"""From a promise ("one stranger in N attempts") to a cosine threshold, in every condition the same.

A calibration is measured: impostor comparisons of one model, counted over conditions of probe and
template. For a wanted false-match rate it gives the cosine above which, with 95 % confidence for
that many comparisons, no larger share of impostors lies. Open-set search makes N comparisons an
attempt, so the rate of one comparison is 1 − (1 − FPIR)^(1/N) (ISO/IEC 19795-1).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kiosk.domain import Conditions, Guidance, HeadPose, Match, ModelId, Outcome, TemplateKind
from kiosk.recognition.centring import Centring
from kiosk.recognition.ramps import RAMPS, ramp_values
from kiosk.recognition.risk import RiskModel
from kiosk.recognition.surface import RATES, Surface
from kiosk.recognition.tail import rarest_counted

MAX_FMR = 1e-4
"""However small the gallery, one comparison is never allowed a higher rate (NIST SP 800-63B)."""
_ADVICE_RISK = 0.01
"""From here on conditions are a likely cause of not being recognised."""
MASKED_FROM = 0.5
"""From this ``mouth_covered`` on a probe is compared with masked templates."""


@dataclass(frozen=True, slots=True, eq=False)
class Scoring:
    """What conditions do to embeddings of one model."""

    centring: Centring
    risk: RiskModel
    usual_length: float
    """Of the network's answer to good faces, before it is made unit length."""
    max_risk: float
    """Riskier faces are refused: no threshold was measured for them."""


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """Measured thresholds of one model at one precision."""

    model: ModelId
    surfaces: Mapping[TemplateKind, Surface]
    """One for plain templates always; without one for masked ones, masks are not told apart."""
    scoring: Scoring | None
    """None where conditions were not measured: then one threshold serves them all."""
    impostor_pairs: int
    genuine_pairs: int
    people: int
    source: str

    def threshold(self, fmr: float) -> float:
        """Return the cosine for a false-match rate of one comparison in good conditions."""
        return float(self.surfaces[TemplateKind.PLAIN].cosine(fmr, 0.0)[0])

    def raised(self, offset: float) -> Calibration:
        """Return the calibration with every threshold so much higher, in cosines."""
        surfaces = {kind: surface.raised(offset) for kind, surface in self.surfaces.items()}
        return dataclasses.replace(self, surfaces=surfaces)

    @property
    def rarest_fmr(self) -> float:
        """The smallest rate that the comparisons support without extrapolation."""
        return rarest_counted(self.impostor_pairs)

    def strength(self, length: float) -> float:
        """Return how strong an answer of the embedder is, 1 for the usual; 1 where unknown."""
        if self.scoring is None or length <= 0:
            return 1.0
        return length / self.scoring.usual_length

    def refusal(self, conditions: Conditions, pose: HeadPose) -> Guidance | None:
        """Say what would help a face whose conditions no threshold was measured for."""
        if self.scoring is None:
            return None
        ramped = ramp_values(conditions, pose)
        # Written so that NaN is refused.
        if self.scoring.risk.risk(ramped) <= self.scoring.max_risk:
            return None
        return self.scoring.risk.remedy(ramped)

    def advice(self, conditions: Conditions, pose: HeadPose) -> Guidance | None:
        """Say what would bring a threshold down noticeably; None in good conditions."""
        if self.scoring is None:
            return None
        ramped = ramp_values(conditions, pose)
        if self.scoring.risk.risk(ramped) < _ADVICE_RISK:
            return None
        return self.scoring.risk.remedy(ramped)

    @property
    def knows_masks(self) -> bool:
        """Whether masked faces have thresholds of their own."""
        return TemplateKind.MASKED in self.surfaces

    def is_masked(self, conditions: Conditions | None) -> bool:
        """Say whether a probe is to be compared with masked templates."""
        covered = conditions is not None and conditions.mouth_covered >= MASKED_FROM
        return self.knows_masks and covered

    def ramped(
        self, conditions: Sequence[Conditions | None], poses: Sequence[HeadPose | None]
    ) -> NDArray[np.float64]:
        """Return the ramps' values (N, ramps); unknown conditions count as good ones here."""
        rows = np.zeros((len(conditions), len(RAMPS)))
        for row, (condition, pose) in enumerate(zip(conditions, poses, strict=True)):
            if condition is not None and pose is not None:
                rows[row] = ramp_values(condition, pose)
        return rows

    def centred(
        self, vectors: NDArray[np.float32], ramped: NDArray[np.float64]
    ) -> NDArray[np.float32]:
        """Return embeddings (N, D) as they are compared, of unit length."""
        if self.scoring is None:
            return vectors
        return self.scoring.centring.centred(vectors, ramped)

    def template_risk(self, conditions: Conditions | None, pose: HeadPose | None) -> float:
        """Return the risk of a template; one that nobody knows about may be the riskiest."""
        if self.scoring is None:
            return 0.0
        if conditions is None or pose is None:
            return self.scoring.max_risk
        return self.scoring.risk.risk(ramp_values(conditions, pose))


def flat_calibration(model: ModelId, cosine: float) -> Calibration:
    """Return a calibration with one threshold for every rate; nothing was measured."""
    cosines = np.full((len(RATES), 1, 1), cosine)
    surface = Surface(np.zeros(1), cosines)
    return Calibration(model, {TemplateKind.PLAIN: surface}, None, 0, 0, 0, "not measured")


def comparison_rate(stranger_rate: float, templates: int) -> float:
    """Return the FMR of one comparison for an FPIR of ``stranger_rate`` over ``templates``."""
    fmr = -math.expm1(math.log1p(-stranger_rate) / max(templates, 1))
    return min(fmr, MAX_FMR)


def in_words(stranger_rate: float) -> str:
    """Say a rate as operators do: "1 stranger in 200 attempts"."""
    return f"1 stranger in {round(1 / stranger_rate):,} attempts"


def classify(match: Match | None, margin: float) -> Outcome:
    """Judge one frame: accepted only above the threshold and clearly ahead of the next person."""
    # Written so that NaN, from a damaged template, is refused.
    if match is None or not match.similarity >= match.threshold:
        return Outcome.UNKNOWN
    if not match.similarity - match.runner_up_similarity >= margin:
        return Outcome.UNKNOWN
    return Outcome.ACCEPTED
