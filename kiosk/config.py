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
    """Somebody let in finds the door unlocked for so long."""
    extended_s: float = _setting(15.0, 0.5, 60)
    """The same for people who need longer; at least ``pulse_s``."""
    held_s: float = _setting(30.0, 0, 3600)
    """Open for longer than this is an alarm; 0: never. Needs a door sensor, as all below."""
    prealarm_s: float = _setting(5.0, 0, 3600)
    """So long before, whoever stands there is warned; 0: not."""
    relock: str = _one_of("open", "close", "pulse")
    """Soon after the leaf opens, when it shuts, or neither; in any case at the pulse's end."""
    relock_delay_s: float = _setting(0.7, 0, 5)
    """After the leaf opens."""
    debounce_ms: int = _setting(80, 0, 1000)
    """A wire has to say the same for so long before it is believed."""
    exit_grace_s: float = _setting(4.0, 0, 60)
    """After the exit button the door may be opened for so long without an alarm."""
    exit_unlocks: bool = False
    """Whether the exit button works the lock; else a handle does, and the button only tells."""
    lockdown_exit: bool = True
    """Whether the exit button works the lock in a lockdown too."""
    wiring: str = _one_of("strike", "maglock")
    """Strike on the relay's NO contact, maglock on NC: in both, a released relay means locked."""


@dataclass(frozen=True, slots=True)
class AccessConfig:
    """The rules that hold for everybody, beside each person's rights."""

    zone: str = ""
    """IANA name of the zone that schedules and access hours are about, such as ``Europe/Berlin``;
    empty: that of this computer."""
    door: str = ""
    """This door's name in groups that may use some doors only; empty: [kiosk] door_name."""
    passback: str = _one_of("off", "soft", "hard")
    """Entering twice within ``passback_s``: allowed, noted, or refused."""
    passback_s: int = _setting(300, 1, 86_400)
    two_person_s: int = _setting(20, 3, 300)
    """How long the first of two people who must come together waits for the second."""
    untrusted_clock: str = _one_of("permanent", "nobody")
    """Who is let in while the time is not known: those whose rights do not depend on it, or
    nobody."""


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
class MqttConfig:
    """How the building is told what the door does, see :mod:`kiosk.signals`."""

    host: str = ""
    """Name or address of the broker; empty: nothing is sent and no thread runs."""
    port: int = _setting(0, 0, 65_535)
    """0: 8883 with TLS, else 1883."""
    protocol: str = _one_of("5", "3.1.1")
    """With 3.1.1 a broker cannot say that it threw an event away."""
    login_file: str = ""
    """User name on the first line, password on the second; other users may not read it."""
    tls: bool = False
    ca_file: str = ""
    """Whose certificates are believed, PEM; empty: those the system believes."""
    cert_file: str = ""
    """This door's own certificate, PEM, where the broker asks for one."""
    key_file: str = ""
    topic: str = "door-kiosk"
    """First part of every topic."""
    device_id: str = ""
    """Second part, different for every door at a broker; empty: made from [kiosk] door_name."""
    names: bool = False
    """Whether names and what administrators wrote leave the house; else numbers of people only."""
    discovery: bool = True
    """Whether Home Assistant is told how to show the door."""
    discovery_prefix: str = "homeassistant"
    commands: str = _one_of("off", "lockdown", "all")
    """Which signed commands are obeyed: none, those of the lockdown, or all."""
    secret_file: str = ""
    """The secret commands are signed with; other users may not read it."""
    command_window_s: int = _setting(30, 5, 300)
    """How old a command may be, and how far ahead its clock."""


@dataclass(frozen=True, slots=True)
class Config:
    """All settings."""

    camera: CameraConfig = field(default_factory=CameraConfig)
    door: DoorConfig = field(default_factory=DoorConfig)
    recognition: RecognitionConfig = field(default_factory=RecognitionConfig)
    liveness: LivenessConfig = field(default_factory=LivenessConfig)
    models: ModelsConfig = field(default_factory=ModelsConfig)
    kiosk: KioskConfig = field(default_factory=KioskConfig)
    access: AccessConfig = field(default_factory=AccessConfig)
    mqtt: MqttConfig = field(default_factory=MqttConfig)


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
