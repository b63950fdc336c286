"""``door-kiosk run``: the kiosk itself."""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import os
from pathlib import Path
from typing import Any

from kiosk.commands.options import Groups, add_command, number_between
from kiosk.commands.setup import data_folder, settings
from kiosk.config import Config
from kiosk.errors import ConfigError, KioskError

DEMO_SCREENSHOTS = "door-kiosk-demo"
"""Folder for the pictures of a demonstration without a display, in the working directory."""

_OWN = {"camera": "camera", "data": "data folder", "config": "settings"}


def register(groups: Groups) -> None:
    """Describe the command."""
    parser = add_command(
        groups,
        "run",
        "run the kiosk (what door-kiosk does without a command)",
        execute,
        more="The settings are those of config.toml in the data folder; the options here go first.",
        examples=(
            "run --camera 0 --relay lcus:/dev/ttyUSB0",
            "run --camera test --relay sim: --windowed --seconds 20",
            "run --demo",
        ),
        pictures=True,
    )
    add_camera(parser)
    add_relay(parser)
    parser.add_argument(
        "--demo",
        action="store_true",
        help="a story with people who do not exist: nothing is needed, no door is driven",
    )
    parser.add_argument("--windowed", action="store_true", help="a window instead of full screen")
    parser.add_argument("--config", metavar="FILE", help="another settings file")
    parser.add_argument(
        "--seconds",
        metavar="N",
        type=number_between(0.1, 1e9),
        help="end after N seconds, for a trial",
    )


def add_camera(parser: argparse.ArgumentParser) -> None:
    """Add ``--camera``."""
    parser.add_argument(
        "--camera",
        metavar="SOURCE",
        help="a number or device, a stream address, a video file, a folder of images, test or sim:",
    )


def add_relay(parser: argparse.ArgumentParser) -> None:
    """Add ``--relay``."""
    parser.add_argument(
        "--relay",
        metavar="URL",
        help="sim:, lcus:/dev/ttyUSB0?channel=1 or line:/dev/ttyUSB0?signal=dtr",
    )


def execute(args: argparse.Namespace) -> int:
    """Start the screens; returns when they are closed. Raises KioskError."""
    if args.demo:
        return _demonstrate(args)
    folder = data_folder(args)
    config = with_options(settings(args, folder), args.camera, args.relay)
    app = _screens("ui.app")
    code: int = app.main(config, folder, windowed=args.windowed, seconds=args.seconds)
    return code


def _demonstrate(args: argparse.Namespace) -> int:
    """Play the demonstration; 1 when the kiosk did something else than was told."""
    refuse_with_demo(args)
    app = _screens("ui.demoapp")
    code: int = app.main(
        windowed=args.windowed, seconds=args.seconds, screenshots=Path(DEMO_SCREENSHOTS)
    )
    return code


def refuse_with_demo(args: argparse.Namespace) -> None:
    """Raise ConfigError for options that a demonstration cannot keep to."""
    if args.relay is not None and not args.relay.strip().startswith("sim:"):
        raise ConfigError(
            f"The demonstration drives no real door, so --relay {args.relay} cannot be used with "
            "--demo: its networks know simulated people only. Leave out --relay."
        )
    for name in ("camera", "data", "config"):
        if getattr(args, name) is not None:
            raise ConfigError(
                f"The demonstration brings its own {_OWN[name]}. Leave out --{name} with --demo."
            )


def _screens(module: str) -> Any:
    """Import a module of the screens; the one place where the core reaches for them.

    By name and late, so that no module of the core depends on them and every other command works
    without Qt. Raises KioskError when something they need is not installed.
    """
    _refuse_missing_libraries()
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise _without_qt(error) from error


def with_options(config: Config, camera: str | None, relay: str | None) -> Config:
    """Return settings in which the command line's camera and relay replace the file's."""
    if camera is not None:
        config = dataclasses.replace(
            config, camera=dataclasses.replace(config.camera, source=camera)
        )
    if relay is not None:
        config = dataclasses.replace(config, door=dataclasses.replace(config.door, relay=relay))
    return config


def _refuse_missing_libraries() -> None:
    libraries: Any = importlib.import_module("ui.systemlibs")
    missing = libraries.missing_libraries_sentence(libraries.choose_platform(os.environ))
    if missing:
        raise KioskError(missing)


def _without_qt(error: ImportError) -> Exception:
    libraries: Any = importlib.import_module("ui.systemlibs")
    explained = libraries.explain_import_error(error)
    if explained:
        return KioskError(explained)
    if (error.name or "").split(".")[0] in ("PySide6", "shiboken6"):
        return KioskError(
            "Qt for Python is not installed. Install it with: pip install PySide6-Essentials"
        )
    return error
