"""From a promise ("one stranger in N attempts") to a cosine threshold.

A calibration is measured: impostor comparisons of one model, counted. For a wanted false-match
rate it gives the cosine above which, with 95 % confidence for that many comparisons, no larger
share of impostors lies. Open-set search makes N comparisons an attempt, so the rate of one
comparison is 1 − (1 − FPIR)^(1/N) (ISO/IEC 19795-1).
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kiosk.domain import Match, ModelId, Outcome
from kiosk.errors import ModelError

# However small the gallery, one comparison is never allowed a higher rate (NIST SP 800-63B).
_MAX_FMR = 1e-4
_Z_95 = 1.645
_TAIL_DECADES = 2.01
# A network that separates people at all has its rare impostors well above zero.
_PLAUSIBLE_FROM_FMR = 1e-2
_MAX_COSINE = 0.999


@dataclass(frozen=True, slots=True)
class CalibrationPoint:
    """The cosine that keeps the false-match rate at or below ``fmr``."""

    fmr: float
    cosine: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """Measured thresholds of one model at one precision, ``points`` from high FMR to low."""

    model: ModelId
    points: tuple[CalibrationPoint, ...]
    impostor_pairs: int
    genuine_pairs: int
    people: int
    source: str

    def threshold(self, fmr: float) -> float:
        """Return the cosine for a false-match rate of one comparison.

        Between points the cosine is interpolated over log FMR. Beyond the rarest measured rate it
        is continued with the steepest slope of the two rarest decades. Impostor tails fall faster
        than that the further out they go, so this errs towards refusing.
        """
        logs = [math.log10(point.fmr) for point in self.points]
        cosines = [point.cosine for point in self.points]
        wanted = math.log10(min(fmr, 1.0))
        if wanted >= logs[-1]:
            return float(np.interp(wanted, logs[::-1], cosines[::-1]))
        steepest = max(
            (cosines[i + 1] - cosines[i]) / (logs[i] - logs[i + 1])
            for i in range(len(logs) - 1)
            if logs[i] <= logs[-1] + _TAIL_DECADES or i == len(logs) - 2
        )
        extended = min(_MAX_COSINE, cosines[-1] + steepest * (logs[-1] - wanted))
        return max(cosines[-1], extended)

    @property
    def rarest_fmr(self) -> float:
        """The smallest rate that the comparisons support."""
        return self.points[-1].fmr


def comparison_rate(stranger_rate: float, templates: int) -> float:
    """Return the FMR of one comparison for an FPIR of ``stranger_rate`` over ``templates``."""
    fmr = -math.expm1(math.log1p(-stranger_rate) / max(templates, 1))
    return min(fmr, _MAX_FMR)


def classify(match: Match | None, threshold: float, margin: float) -> Outcome:
    """Judge one frame: accepted only above the threshold and clearly ahead of the next person."""
    # Written so that NaN, from a damaged template, is refused.
    if match is None or not match.similarity >= threshold:
        return Outcome.UNKNOWN
    if not match.similarity - match.runner_up_similarity >= margin:
        return Outcome.UNKNOWN
    return Outcome.ACCEPTED


def calibrate(
    model: ModelId,
    impostors: NDArray[np.float32],
    genuine_pairs: int,
    people: int,
    source: str,
) -> Calibration:
    """Make a calibration from impostor cosines, shape (n,). Raises ModelError when too few.

    For each rate the threshold is the lowest cosine whose exceedance, as the upper 95 % bound of a
    Poisson count (Wilson), does not pass the rate.
    """
    scores = np.sort(impostors.astype(np.float64))[::-1]
    points = []
    for exponent in np.arange(-1.0, -8.01, -0.25):
        fmr = float(f"{10.0**exponent:.4g}")
        allowed = _allowed_count(fmr * len(scores))
        if allowed is None:
            break
        cosine = float(np.nextafter(scores[min(allowed, len(scores) - 1)], np.inf))
        points.append(CalibrationPoint(fmr, round(math.ceil(cosine * 1e5) / 1e5, 5)))
    if len(points) < 5:
        raise ModelError(
            f"{len(scores)} impostor comparisons support no false-match rate below "
            f"{points[-1].fmr if points else 1.0:.0e}. Use photographs of more people."
        )
    return Calibration(model, tuple(points), len(scores), genuine_pairs, people, source)


def _allowed_count(expected: float) -> int | None:
    """Return the most impostors above the threshold whose upper bound stays ≤ ``expected``."""
    if expected < _Z_95**2:
        return None
    count = int(expected)
    while count > 0 and _upper_bound(count) > expected:
        count -= max(1, int(math.sqrt(count) / 4))
    return max(count, 0)


def _upper_bound(count: int) -> float:
    half = _Z_95**2 / 2
    return count + half + _Z_95 * math.sqrt(count + half / 2)


def save_calibration(calibration: Calibration, path: Path) -> None:
    """Write a calibration as JSON."""
    tree = asdict(calibration)
    path.write_text(json.dumps(tree, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def load_calibration(path: Path, model: ModelId) -> Calibration:
    """Read the calibration of ``model``. Raises ModelError when it is missing or another's."""
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
        calibration = _parse(tree)
    except OSError as error:
        raise ModelError(
            f"{model} has no thresholds ({path.name} is missing). "
            "Measure them with: door-kiosk calibrate"
        ) from error
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise ModelError(f"The thresholds in {path.name} cannot be read: {error}.") from error
    if calibration.model != model:
        raise ModelError(
            f"The thresholds in {path.name} were measured with {calibration.model}, "
            f"not with {model}. Measure them with: door-kiosk calibrate"
        )
    return calibration


def _parse(tree: dict[str, Any]) -> Calibration:
    points = tuple(CalibrationPoint(float(p["fmr"]), float(p["cosine"])) for p in tree["points"])
    rates = [point.fmr for point in points]
    cosines = [point.cosine for point in points]
    ordered = rates == sorted(set(rates), reverse=True) and cosines == sorted(cosines)
    plausible = all(0 < rate <= 1 for rate in rates) and all(-1 <= c <= 1 for c in cosines)
    if len(points) < 2 or not ordered or not plausible:
        raise ValueError("the points are not a falling table of rates")
    if any(point.fmr <= _PLAUSIBLE_FROM_FMR and point.cosine <= 0 for point in points):
        raise ValueError("a rare false match below a cosine of 0 is not plausible")
    model = tree["model"]
    return Calibration(
        ModelId(str(model["name"]), str(model["version"]), str(model["precision"])),
        points,
        int(tree["impostor_pairs"]),
        int(tree["genuine_pairs"]),
        int(tree["people"]),
        str(tree["source"]),
    )
