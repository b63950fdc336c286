"""Calibrations as JSON files, one beside each embedder of a pack."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kiosk.domain import ModelId, TemplateKind
from kiosk.errors import ModelError
from kiosk.recognition.centring import Centring
from kiosk.recognition.ramps import RAMPS
from kiosk.recognition.risk import RiskModel
from kiosk.recognition.surface import RATES, Surface
from kiosk.recognition.thresholds import Calibration, Scoring

_FORMAT = 2
# A network that separates people at all has its rare impostors well above zero.
_PLAUSIBLE_FROM_FMR = 1e-2
_DIGITS = 6
_LEAST_RARE_COSINE = 0.15


def save_calibration(calibration: Calibration, path: Path) -> None:
    """Write a calibration as JSON."""
    model, scoring = calibration.model, calibration.scoring
    tree: dict[str, Any] = {
        "format": _FORMAT,
        "model": {"name": model.name, "version": model.version, "precision": model.precision},
        "source": calibration.source,
        "people": calibration.people,
        "impostor_pairs": calibration.impostor_pairs,
        "genuine_pairs": calibration.genuine_pairs,
        "surfaces": {
            kind.value: {
                "rates": list(RATES),
                "risks": _rounded(surface.risks),
                "cosines": _rounded(surface.cosines),
            }
            for kind, surface in calibration.surfaces.items()
        },
        "scoring": None
        if scoring is None
        else {
            "ramps": _ramps(),
            "usual_length": scoring.usual_length,
            "max_risk": scoring.max_risk,
            "heights": _rounded(scoring.risk.heights),
            "mean": _rounded(scoring.centring.mean),
            "slopes": _rounded(scoring.centring.slopes),
        },
    }
    path.write_text(json.dumps(tree, ensure_ascii=False) + "\n", encoding="utf-8")


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
        raise ModelError(
            f"The thresholds in {path.name} cannot be used: {error}. "
            "Measure them anew with: door-kiosk calibrate"
        ) from error
    if calibration.model != model:
        raise ModelError(
            f"The thresholds in {path.name} were measured with {calibration.model}, "
            f"not with {model}. Measure them with: door-kiosk calibrate"
        )
    return calibration


def _parse(tree: Any) -> Calibration:
    if not isinstance(tree, dict):
        raise TypeError("they are no table of values")
    if tree.get("format") != _FORMAT:
        raise ValueError("they were measured by another version of this program")
    surfaces = {
        TemplateKind(name): _surface(values) for name, values in dict(tree["surfaces"]).items()
    }
    if TemplateKind.PLAIN not in surfaces:
        raise ValueError("there is no surface for plain templates")
    model = tree["model"]
    scoring = None if tree["scoring"] is None else _scoring(tree["scoring"])
    if scoring is not None:
        _check_lenience(surfaces)
    return Calibration(
        ModelId(str(model["name"]), str(model["version"]), str(model["precision"])),
        surfaces,
        scoring,
        int(tree["impostor_pairs"]),
        int(tree["genuine_pairs"]),
        int(tree["people"]),
        str(tree["source"]),
    )


def _surface(tree: dict[str, Any]) -> Surface:
    if tuple(float(rate) for rate in tree["rates"]) != RATES:
        raise ValueError("the rates are not those of this program")
    surface = Surface(np.array(tree["risks"], np.float64), np.array(tree["cosines"], np.float64))
    rare = [rate <= _PLAUSIBLE_FROM_FMR for rate in RATES]
    if (surface.cosines[rare] <= 0).any():
        raise ValueError("a rare false match below a cosine of 0 is not plausible")
    return surface


def _scoring(tree: dict[str, Any]) -> Scoring:
    if tree["ramps"] != _ramps():
        raise ValueError("they were measured with other measures of the conditions")
    usual_length, max_risk = float(tree["usual_length"]), float(tree["max_risk"])
    if not (0 < usual_length < math.inf and 0 <= max_risk <= 2):
        raise ValueError("the usual strength or the largest risk is not plausible")
    centring = Centring(np.array(tree["mean"], np.float32), np.array(tree["slopes"], np.float32))
    if float(np.linalg.norm(centring.mean)) > 1 or float(np.abs(centring.slopes).max()) > 1:
        raise ValueError("the common part of the embeddings is longer than they are")
    risk = RiskModel(np.array(tree["heights"], np.float64))
    return Scoring(centring, risk, usual_length, max_risk)


def _check_lenience(surfaces: dict[TemplateKind, Surface]) -> None:
    """Refuse thresholds below what random directions would ask for."""
    rare = RATES.index(1e-4)
    # Of 512 values, the most that face networks give, one in 10,000 pairs is more alike than 0.16.
    if min(float(each.cosines[rare].min()) for each in surfaces.values()) < _LEAST_RARE_COSINE:
        raise ValueError("so low a threshold for a rare false match is not plausible")


def _ramps() -> list[list[Any]]:
    return [[ramp.name, ramp.start, ramp.end] for ramp in RAMPS]


def _rounded(values: NDArray[Any]) -> Any:
    return np.round(values.astype(np.float64), _DIGITS).tolist()
