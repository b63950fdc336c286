"""Settings: read once from TOML, validated, frozen, passed in.

The file is optional and every key has a default. An unknown key, a wrong type or a value out of
range is refused with its place in the file: a typing slip must not silently change a door.
"""

from __future__ import annotations

import dataclasses
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_type_hints

from kiosk.board.soc import TARGETS
from kiosk.errors import ConfigError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def _setting(default: Any, low: float | None = None, high: float | None = None) -> Any:
    return field(default=default, metadata={"low": low, "high": high})


def _rate(default: float, low: float, high: float) -> Any:
    return field(default=default, metadata={"low": low, "high": high, "is_rate": True})


def _one_of(default: str, *others: str) -> Any:
    return field(default=default, metadata={"choices": (default, *others)})


@dataclass(frozen=True, slots=True)
class CameraConfig:
    """Where frames come from."""

    source: str = "0"
    """V4L2 index or device path, stream URL, video file, folder of images, or ``test``."""
    width_px: int = _setting(1280, 160, 7680)
    height_px: int = _setting(720, 120, 4320)
    frames_per_s: int = _setting(30, 1, 120)
    image_hold_s: float = _setting(2.0, 0.1, 600)
    """How long each picture of a folder is shown, as if a person stood still."""
    allow_virtual: bool = False
    """Whether a device that any program can feed pictures into (v4l2loopback) is accepted."""
    meter_on_face: bool = True
    """Expose for the face before the door, where a V4L2 camera lets its exposure be set."""


@dataclass(frozen=True, slots=True)
class DoorConfig:
    """How the door is opened."""

    relay: str = "sim:"
    """Relay URL, see :mod:`kiosk.door.drivers`."""
    pulse_s: float = _setting(5.0, 0.5, 60)


@dataclass(frozen=True, slots=True)
class RecognitionConfig:
    """Who is let in."""

    stranger_rate: float = _rate(0.005, 1e-6, 0.05)
    """Share of strangers' attempts that may match anyone enrolled (FPIR, ISO/IEC 19795).

    A number, or words: "1 in 200", "one stranger in 10,000 attempts"."""
    margin: float = _setting(0.05, 0.0, 0.5)
    """How much more like the best person than like the next one a face must be, cosine."""
    votes: int = _setting(3, 2, 10)
    """Usable frames that must agree on one person before the door opens."""
    vote_window_s: float = _setting(2.0, 1.0, 10)
    """Even the most votes in the shortest window ask for ten frames a second only."""
    min_detection_score: float = _setting(0.6, 0.1, 0.99)


@dataclass(frozen=True, slots=True)
class LivenessConfig:
    """How hard is looked for a person behind the face."""

    policy: str = _one_of("passive", "passive+challenge", "off")
    """Watch only, also ask for a turn of the head, or believe every face."""
    schedule: str = ""
    """Other policies at other times, see :mod:`kiosk.access.livenesspolicy`."""


@dataclass(frozen=True, slots=True)
class ModelsConfig:
    """Which file of each network runs, and where."""

    target: str = _one_of("auto", "onnx", *TARGETS)
    """``auto``: on the NPU when the pack has files for it, else by ONNX Runtime on the CPU."""
    precision: str = _one_of("auto", "fp32", "fp16", "int8")


@dataclass(frozen=True, slots=True)
class KioskConfig:
    """What the screen does."""

    welcome_s: float = _setting(5.0, 1, 30)
    admin_timeout_s: float = _setting(120.0, 10, 3600)
    """The admin screens close after this long without a touch."""
    door_name: str = "Door"


@dataclass(frozen=True, slots=True)
class Config:
    """All settings."""

    camera: CameraConfig = field(default_factory=CameraConfig)
    door: DoorConfig = field(default_factory=DoorConfig)
    recognition: RecognitionConfig = field(default_factory=RecognitionConfig)
    liveness: LivenessConfig = field(default_factory=LivenessConfig)
    models: ModelsConfig = field(default_factory=ModelsConfig)
    kiosk: KioskConfig = field(default_factory=KioskConfig)


def load_config(path: Path | None) -> Config:
    """Read settings from ``path``; None gives the defaults. Raises ConfigError."""
    if path is None:
        return Config()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"Cannot read the settings file {path}: {error}.") from error
    try:
        tree = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}.") from error
    return parse_config(tree, where=str(path))


def parse_config(tree: dict[str, Any], where: str = "settings") -> Config:
    """Turn parsed TOML into settings. Raises ConfigError naming the offending key."""
    sections = {f.name: get_type_hints(Config)[f.name] for f in dataclasses.fields(Config)}
    unknown = sorted(set(tree) - set(sections))
    if unknown:
        raise ConfigError(
            f"{where}: unknown section [{unknown[0]}]; known are "
            + ", ".join(f"[{name}]" for name in sections)
            + "."
        )
    return Config(
        **{
            name: _parse_section(kind, tree.get(name, {}), f"{where}: [{name}]")
            for name, kind in sections.items()
        }
    )


def _parse_section(kind: type[Any], values: Any, where: str) -> Any:
    if not isinstance(values, dict):
        raise ConfigError(f"{where} must be a section with keys.")
    fields = {f.name: f for f in dataclasses.fields(kind)}
    unknown = sorted(set(values) - set(fields))
    if unknown:
        raise ConfigError(f"{where}: unknown key {unknown[0]}; known are {', '.join(fields)}.")
    hints = get_type_hints(kind)
    return kind(
        **{
            name: _checked(value, hints[name], fields[name], f"{where} {name}")
            for name, value in values.items()
        }
    )


_RATE = re.compile(
    r"(?:1|one)(?: stranger)? in (\d{1,3}(?:,\d{3})+|\d{1,12})(?: attempts)?", re.IGNORECASE
)


def _spoken_rate(text: str, where: str) -> float:
    """Read a rate as people say it: "1 in 200", "one stranger in 10,000 attempts"."""
    found = _RATE.fullmatch(" ".join(text.split()))
    attempts = int(found[1].replace(",", "")) if found else 0
    if attempts < 1:
        raise ConfigError(f'{where} must be a number or words like "1 in 200", not {text!r}.')
    return 1 / attempts


def _checked(value: Any, kind: type[Any], spec: dataclasses.Field[Any], where: str) -> Any:
    if spec.metadata.get("is_rate") and isinstance(value, str):
        value = _spoken_rate(value, where)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        try:
            value = float(value)
        except OverflowError as error:
            raise ConfigError(f"{where} is too large.") from error
    if type(value) is not kind:
        raise ConfigError(f"{where} must be of type {kind.__name__}, not {value!r}.")
    choices = spec.metadata.get("choices")
    if choices is not None and value not in choices:
        raise ConfigError(f"{where} must be one of {', '.join(choices)}, not {value!r}.")
    low, high = spec.metadata.get("low"), spec.metadata.get("high")
    # Written so that NaN fails it too.
    if low is not None and not (low <= value <= high):
        raise ConfigError(f"{where} must be between {low} and {high}, not {value}.")
    return value
