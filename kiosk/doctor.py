"""What works on this computer and what does not: the checks of ``door-kiosk doctor``.

Nothing is changed, no relay clicks, and a kiosk may be running on the same data folder.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from kiosk.access.livenesspolicy import LivenessSchedule
from kiosk.access.lockout import read_lockout_clock
from kiosk.access.pin import PinVault
from kiosk.camera.source import Camera, parse_source
from kiosk.clockstate import read_clock_sources
from kiosk.config import CameraConfig, Config, ModelsConfig, load_config
from kiosk.datafolder import DataFolder
from kiosk.domain import LivenessPolicy, ModelId, Person, Pixels
from kiosk.doordoctor import (
    check_access,
    check_clock_trust,
    check_lock,
    check_mqtt,
    check_relay,
)
from kiosk.errors import ConfigError, KioskError, ModelError
from kiosk.facemodels import load_thresholds, open_chosen, self_test_pack
from kiosk.health import (
    HealthRow,
    check_clock,
    check_disk,
    folder_owner,
    is_clock_synchronised,
)
from kiosk.models.card import ONNX, Role
from kiosk.models.pack import Pack, open_pack
from kiosk.recognition.thresholds import comparison_rate
from kiosk.store.inspection import inspected
from kiosk.store.store import Store

_QT_TIMEOUT_S = 30
_QT_PROBE = (
    "from PySide6 import QtCore, QtWidgets; a = QtWidgets.QApplication(['door-kiosk']); "
    "print(QtCore.qVersion(), a.platformName())"
)
_WATCH_S = 1.0
_BLACK_LUMA = 4.0
_NO_LIVENESS = (
    "the models have no liveness network: photographs of faces are not noticed. Import one that "
    "has: door-kiosk models pull"
)


def examine(
    folder: DataFolder,
    environ: Mapping[str, str],
    now_ms: int,
    config_file: str | None = None,
    *,
    camera: str | None = None,
    relay: str | None = None,
) -> list[HealthRow]:
    """Run every check; ``camera`` and ``relay`` stand in for the settings. Raises nothing."""
    owner = folder_owner(folder)
    config, rows = _read_settings(folder, config_file, owner)
    rows.append(check_qt(environ))
    source = config.camera.source if camera is None else camera
    rows.append(check_camera(source, config.camera, owner))
    rows += check_relay(config.door.relay if relay is None else relay, owner)
    rows += [check_lock(config.door), check_access(config)]
    pack, row = _check_models(folder.models, config.models)
    rows.append(row)
    model = None
    if pack is not None:
        rows.append(_check_thresholds(pack))
        if pack.optional_card(Role.LIVENESS) is None and config.liveness.policy != "off":
            rows.append(HealthRow("Liveness", "warning", _NO_LIVENESS))
        model = pack.card(Role.EMBEDDER).id
    rows += check_database(folder, owner, pack, model, config.recognition.stranger_rate)
    rows.append(check_clock(now_ms, is_clock_synchronised()))
    rows.append(
        check_clock_trust(
            folder,
            owner,
            config.access.untrusted_clock,
            now_ms,
            read_lockout_clock(),
            read_clock_sources(now_ms),
        )
    )
    rows.append(check_mqtt(config.mqtt, config.kiosk.door_name))
    rows.append(check_disk(folder.root))
    return rows


def check_qt(environ: Mapping[str, str]) -> HealthRow:
    """Start Qt in a process of its own: when it lacks something it aborts instead of raising."""
    libraries: Any = importlib.import_module("ui.systemlibs")
    platform = str(libraries.choose_platform(environ))
    missing = libraries.missing_libraries_sentence(platform)
    if missing:
        return HealthRow("Screen", "fault", missing)
    try:
        probe = subprocess.run(
            [sys.executable, "-c", _QT_PROBE],
            env={**environ, **({"QT_QPA_PLATFORM": platform} if platform else {})},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_QT_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return HealthRow("Screen", "fault", f"Qt does not start: {error}.")
    said = probe.stdout.split()
    if probe.returncode != 0 or len(said) != 2:
        last = (probe.stderr.strip().splitlines() or ["no message"])[-1]
        return HealthRow(
            "Screen", "fault", f"Qt does not start on the platform {platform or 'default'}: {last}"
        )
    text = f"PySide6 {_version('PySide6-Essentials')}, Qt {said[0]}, platform {said[1]}"
    if said[1] == "offscreen":
        text += "; no display: set DISPLAY or WAYLAND_DISPLAY to see the kiosk"
        return HealthRow("Screen", "warning", text)
    return HealthRow("Screen", "ok", text)


def check_camera(
    source: str,
    config: CameraConfig,
    owner: str | None,
    clock_s: Callable[[], float] = time.monotonic,
) -> HealthRow:
    """Open a camera and look at its pictures for a second."""
    try:
        camera = parse_source(source, config)
    except KioskError as error:
        return HealthRow("Camera", "fault", str(error))
    try:
        camera.open()
        pixels, count, seconds = _watch(camera, clock_s)
    except KioskError as error:
        if owner is not None and camera.is_live:
            text = f"{error} (A kiosk is running, process {owner}, and may be using it.)"
            return HealthRow("Camera", "warning", text)
        return HealthRow("Camera", "fault", str(error))
    finally:
        camera.close()
    if pixels is None:
        return HealthRow("Camera", "fault", f"{camera.name} delivers no picture.")
    text = f"{camera.name}: {pixels.shape[1]}×{pixels.shape[0]}"
    if count > 1 and seconds > 0:
        text += f", {(count - 1) / seconds:.0f} frames/s"
    if float(np.mean(pixels)) < _BLACK_LUMA:
        return HealthRow("Camera", "warning", f"{text}; the picture is black: is the lens covered?")
    return HealthRow("Camera", "ok", text)


def _watch(camera: Camera, clock_s: Callable[[], float]) -> tuple[Pixels | None, int, float]:
    """Return the last picture, how many there were, and the time from the first to the last."""
    pixels = camera.read()
    first_s = last_s = clock_s()
    count = 1
    # Files are read as they come; only a live camera has a rate of its own.
    while pixels is not None and camera.is_live and last_s - first_s < _WATCH_S:
        following = camera.read()
        if following is None:
            break
        pixels, count, last_s = following, count + 1, clock_s()
    return pixels, count, last_s - first_s


def check_database(
    folder: DataFolder,
    owner: str | None,
    pack: Pack | None,
    model: ModelId | None,
    stranger_rate: float,
) -> list[HealthRow]:
    """Read the database: is it sound, who is in it, does the log hold."""
    if not folder.database.exists():
        text = f"{folder.database} is not there yet; it is made at the first start"
        return [HealthRow("Database", "warning", text)]
    try:
        with inspected(folder.database, in_use=owner is not None) as store:
            rows = [
                HealthRow("Database", "ok", f"sound, schema {store.database.schema_version}"),
                *_check_people(store, pack, model, stranger_rate),
                _check_log(store),
            ]
            if not PinVault(store.settings).is_set():
                text = "none is set; the kiosk asks for one, or: door-kiosk pin set"
                rows.append(HealthRow("PIN", "warning", text))
    except KioskError as error:
        return [HealthRow("Database", "fault", str(error))]
    return rows


def _check_people(
    store: Store, pack: Pack | None, model: ModelId | None, stranger_rate: float
) -> list[HealthRow]:
    people = store.people.find()
    if not people:
        return [HealthRow("People", "warning", "nobody is enrolled")]
    rows = _check_templates(store, people, pack, model, stranger_rate)
    if pinless := [p for p in people if p.enabled and p.is_look_alike and not p.has_pin]:
        text = (
            f"{len(pinless)} people look like somebody else and have no PIN, so they are not let "
            "in. Set one with: door-kiosk people pin NAME-or-ID"
        )
        rows.append(HealthRow("Look-alikes", "warning", text))
    return rows


def _check_templates(
    store: Store,
    people: list[Person],
    pack: Pack | None,
    model: ModelId | None,
    stranger_rate: float,
) -> list[HealthRow]:
    templates = sum(person.template_count for person in people)
    text = f"{len(people)} enrolled, {templates} templates"
    if model is None or pack is None:
        return [HealthRow("People", "ok", text)]
    count = len(store.people.templates(model))
    if damaged := store.people.damaged_templates:
        text += f"; {damaged} are damaged and not used: enrol these people again"
        return [HealthRow("People", "fault", text)]
    if others := store.people.count_without(model):
        text += f"; {others} people have templates of another model and must be enrolled again"
        return [HealthRow("People", "warning", text)]
    rows = [HealthRow("People", "ok", text)]
    try:
        reach = load_thresholds(pack).rarest_fmr
    except ModelError:
        return rows
    if count and comparison_rate(stranger_rate, count) < reach:
        text = (
            f"{count} templates need a false-match rate below the {reach:.0e} that was measured;"
            " beyond it the threshold is an estimate on the strict side"
        )
        rows.append(HealthRow("Gallery", "warning", text))
    return rows


def _check_log(store: Store) -> HealthRow:
    problems = store.events.verify()
    if problems:
        text = f"{problems[0].text} See: door-kiosk events verify"
        return HealthRow("Access log", "fault", text)
    return HealthRow("Access log", "ok", f"{store.events.count()} events, chain verified")


def _read_settings(
    folder: DataFolder, config_file: str | None, owner: str | None
) -> tuple[Config, list[HealthRow]]:
    running = f"a kiosk is running on it (process {owner})" if owner else "not in use"
    rows = [HealthRow("Data folder", "ok", f"{folder.root}, {running}")]
    try:
        path = Path(config_file) if config_file else folder.config_if_present
        config = load_config(path)
    except ConfigError as error:
        return Config(), [*rows, HealthRow("Settings", "fault", str(error))]
    try:
        # The kiosk reads it at its start only, and then does not start.
        LivenessSchedule.parse(config.liveness.schedule, LivenessPolicy(config.liveness.policy))
    except ConfigError as error:
        return config, [*rows, HealthRow("Settings", "fault", f"{path}: {error}")]
    return config, [*rows, HealthRow("Settings", "ok", str(path) if path else "all defaults")]


def _check_models(models: Path, settings: ModelsConfig) -> tuple[Pack | None, HealthRow]:
    try:
        pack = open_chosen(models, settings)
        for role in (Role.DETECTOR, Role.EMBEDDER):
            pack.card(role)
        agreement = self_test_pack(open_pack(models), settings)
    except KioskError as error:
        return None, HealthRow("Models", "fault", str(error))
    parts = []
    for card in pack.cards:
        place = "the CPU" if card.target == ONNX else f"the {card.target}"
        passed = f"self-test {agreement[card.name]:.3f}"
        parts.append(f"{card.name} {card.precision} on {place} ({passed})")
    return pack, HealthRow("Models", "ok", ", ".join(parts))


def _check_thresholds(pack: Pack) -> HealthRow:
    try:
        calibration = load_thresholds(pack)
    except ModelError as error:
        return HealthRow("Thresholds", "fault", str(error))
    text = (
        f"measured down to a false-match rate of {calibration.rarest_fmr:.0e} "
        f"({calibration.people} people, {calibration.impostor_pairs} pairs)"
    )
    return HealthRow("Thresholds", "ok", text)


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "(not from a package)"
