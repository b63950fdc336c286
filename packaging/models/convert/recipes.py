"""How a network is converted, and the bounds its report must keep; see recipes.toml."""

from __future__ import annotations

import dataclasses
import json
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kiosk.errors import ConfigError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TARGETS = ("rk3588", "rk3576", "rk3568", "rk3566", "rk3562")
FP16, INT8 = "fp16", "int8"
ALGORITHMS = ("normal", "kl_divergence", "mmse")
METHODS = ("channel", "layer")
FILE = Path(__file__).with_name("recipes.toml")


@dataclass(frozen=True, slots=True)
class Recipe:
    """One way to convert one architecture."""

    precision: str
    algorithm: str = "normal"
    method: str = "channel"
    equalise: bool = False
    """Make the channels' ranges alike first: exact in full precision."""
    float16_first: int = 0
    """So many of the first convolutions, with their activations, stay in half precision."""
    float16_heads: bool = False
    pictures: int = 0
    """Of the calibration set."""
    bounds: Mapping[str, float] = field(default_factory=dict)
    max_bytes: Mapping[str, int] = field(default_factory=dict)
    """By target."""

    def __post_init__(self) -> None:
        if self.algorithm not in ALGORITHMS:
            raise ConfigError(f"algorithm is one of {', '.join(ALGORITHMS)}, not {self.algorithm}.")
        if self.method not in METHODS:
            raise ConfigError(f"method is one of {', '.join(METHODS)}, not {self.method}.")
        for name, limit in self.bounds.items():
            if not name.startswith(("min_", "max_")) or not math.isfinite(limit):
                raise ConfigError(f"The bound {name} is neither min_… nor max_… with a number.")
        if unknown := sorted(set(self.max_bytes) - set(TARGETS)):
            raise ConfigError(f"max_bytes knows no target {unknown[0]}.")

    @property
    def is_hybrid(self) -> bool:
        """Whether some layers stay in half precision."""
        return self.float16_first > 0 or self.float16_heads

    def limits(self, target: str) -> dict[str, float]:
        """Return the bounds for a target, that of the file's size among them."""
        size = {"max_bytes": float(self.max_bytes[target])} if target in self.max_bytes else {}
        return {**self.bounds, **size}

    def fingerprint(self) -> str:
        """Return what decides about the numbers, as text: all but the bounds."""
        kept = {
            each.name: getattr(self, each.name)
            for each in dataclasses.fields(self)
            if each.name not in ("bounds", "max_bytes")
        }
        return json.dumps(kept, sort_keys=True)


def read_recipes(path: Path = FILE) -> dict[str, dict[str, Recipe]]:
    """Return the recipes by architecture and precision. Raises ConfigError."""
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"The recipes {path} cannot be read: {error}.") from error
    return {
        architecture: {
            precision: _recipe(architecture, precision, values)
            for precision, values in precisions.items()
        }
        for architecture, precisions in tree.items()
    }


def broken_bounds(figures: Mapping[str, Any], limits: Mapping[str, float]) -> list[str]:
    """Return a sentence for each bound that the figures break; a figure that lacks breaks it."""
    sentences = []
    for bound, limit in limits.items():
        kind, name = bound[:4], bound[4:]
        value = figures.get(name)
        if value is None or not math.isfinite(value):
            sentences.append(f"{name} was not measured, but is bounded by {limit:g}.")
        elif kind == "min_" and not value >= limit:
            sentences.append(f"{name} is {value:.6g}, at least {limit:g} is asked.")
        elif kind == "max_" and not value <= limit:
            sentences.append(f"{name} is {value:.8g}, at most {limit:.8g} is allowed.")
    return sentences


def _recipe(architecture: str, precision: str, values: dict[str, Any]) -> Recipe:
    try:
        return Recipe(precision, **values)
    except TypeError as error:
        raise ConfigError(f"The recipe {architecture}.{precision} is wrong: {error}.") from error
