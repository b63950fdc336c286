"""What a board needs beside the Python wrapper: library, driver, device; and what is missing.

The wrapper answers -1 to every trouble and writes the reason, if any, to the error output. So what
can be known beforehand is looked at here, and a failure is explained from what was found.
"""

from __future__ import annotations

import mmap
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kiosk.board.soc import Soc, runs
from kiosk.errors import ModelError
from kiosk.models.rknnfile import RknnFile

_LIBRARY = Path("usr/lib/librknnrt.so")
# The newest that its maker publishes at a fixed address; a newer one comes with the converter.
_INSTALL_LIBRARY = (
    "sudo curl -fLo /usr/lib/librknnrt.so https://github.com/airockchip/rknn-toolkit2/raw/v2.3.2/"
    "rknpu2/runtime/Linux/librknn_api/aarch64/librknnrt.so"
)
# The wrapper looks for this very node when it runs in a container.
_CONTAINER_MARK = Path(".dockerenv")
_CONTAINER_DEVICE = Path("dev/dri/renderD129")
_INSTALL_WRAPPER = "pip install 'door-kiosk[rknn]'"
_NO_LIBRARY = ("ELF", "too short", "wrong architecture", "cannot open shared object")
# From version 2 on the library needs a driver newer than this one.
_OLD_DRIVER = (0, 9, 2)


@dataclass(frozen=True, slots=True)
class NpuHost:
    """What was found on the board."""

    soc: Soc
    library: str | None
    """The version of librknnrt.so; empty when it does not say, None when it is not there."""
    driver: str | None
    """The version of the rknpu kernel driver; None when it is not loaded."""
    device: Path | None
    """The node of the NPU's driver, e.g. ``/dev/dri/renderD129``."""
    may_use_device: bool
    is_blind_container: bool
    """A container that was started without the NPU's device."""
    has_mainline_driver: bool
    """The kernel's own driver (rocket) holds the NPU; the vendor's library cannot use it."""


def inspect_host(
    soc: Soc,
    root: Path = Path("/"),
    may_use: Callable[[Path], bool] = lambda node: os.access(node, os.R_OK | os.W_OK),
) -> NpuHost:
    """Look at library, driver and device; reads files only and raises nothing."""
    device = _device(root)
    return NpuHost(
        soc=soc,
        library=library_version(root),
        driver=_first_line(root / "sys/module/rknpu/version"),
        device=device,
        may_use_device=device is None or may_use(device),
        is_blind_container=(root / _CONTAINER_MARK).exists()
        and not (root / _CONTAINER_DEVICE).exists(),
        has_mainline_driver=(root / "sys/module/rocket").is_dir(),
    )


def refuse_unfit(host: NpuHost, file: RknnFile | None, name: str) -> None:
    """Raise ModelError for what certainly cannot work; ``file`` is None where it is not known."""
    soc = host.soc
    if file is not None and not any(runs(target, soc) for target in file.targets):
        raise ModelError(
            f"{name} was converted for {', '.join(file.targets)} and cannot run on this {soc.name}."
            f" Convert it for {soc.target}, or import a pack that holds it."
        )
    if soc.generation == 1:
        return
    if host.driver is None and host.has_mainline_driver:
        raise ModelError(
            f"The NPU of this {soc.name} is driven by the mainline kernel (rocket), which the "
            "vendor's library cannot use. Install a system with the vendor's kernel 5.10 or 6.1, "
            'or let the networks run on the CPU: [models] target = "onnx".'
        )
    if host.is_blind_container:
        raise ModelError(
            "This container does not see the NPU. Start it with: --device /dev/dri/renderD129 "
            "-v /proc/device-tree/compatible:/proc/device-tree/compatible "
            "-v /usr/lib/librknnrt.so:/usr/lib/librknnrt.so"
        )
    if host.library is None:
        raise ModelError(
            "The NPU's library /usr/lib/librknnrt.so is missing. Install it with: "
            f"{_INSTALL_LIBRARY}"
        )
    if not host.may_use_device:
        raise ModelError(
            f"No permission to use the NPU ({host.device}). Add this user to its group and log in "
            f"again: sudo usermod -aG {_group(host.device)} $USER"
        )


def explain(host: NpuHost, file: RknnFile | None, name: str, said: str = "") -> ModelError:
    """Return the error for a network that the library refused; ``said`` is what it wrote."""
    return ModelError(f"{name} cannot be started on the NPU. {_cause(host, file, said)}")


def _cause(host: NpuHost, file: RknnFile | None, said: str) -> str:
    library, driver = _numbers(host.library), _numbers(host.driver)
    if "PLATFORM_UNMATCH" in said:
        return f"It was converted for another chip than this {host.soc.name}: import the right one."
    if ".so" in said and any(words in said for words in _NO_LIBRARY):
        return (
            "/usr/lib/librknnrt.so is not the library for this computer. Install it with: "
            f"{_INSTALL_LIBRARY}"
        )
    if "DEVICE_UNAVAILABLE" in said or (host.driver is None and host.soc.generation == 2):
        return (
            "The kernel has no driver for it (rknpu). Use the vendor's kernel, 5.10 or 6.1, and "
            "check that this user is in the groups render and video."
        )
    if library and driver and library >= (2,) and driver <= _OLD_DRIVER:
        return (
            f"The kernel's NPU driver {host.driver} is too old for the library {host.library}: "
            "update the kernel, or install a library before version 2."
        )
    made = _numbers(file.toolkit) if file is not None else ()
    if file is not None and library and made[:2] > library[:2]:
        return (
            f"It was converted by toolkit {file.toolkit}, which is newer than the library "
            f"{host.library}: install /usr/lib/librknnrt.so {file.toolkit}, or convert it with "
            "the older toolkit."
        )
    if "MODEL_INVALID" in said or "AttributeError" in said:
        return f"The library cannot read it. Install a newer one with: {_INSTALL_LIBRARY}"
    end = f" The library said: {said}" if said else ""
    return f"See the error output of the program, and: door-kiosk doctor.{end}"


def missing_wrapper(soc: Soc) -> ModelError:
    """Return the error for a board without the Python wrapper for its generation."""
    if soc.generation == 1:
        return ModelError(
            "rknn-toolkit-lite 1.7.5 is not installed, which the RK1808 needs. Download its wheel "
            "for this Python from github.com/airockchip/rknn-toolkit and install it with pip, in "
            "an environment without rknn-toolkit-lite2."
        )
    return ModelError(
        f"rknn-toolkit-lite2 is not installed. Install it with: {_INSTALL_WRAPPER} "
        "(Python 3.10 to 3.12 on aarch64), or let the networks run on the CPU: "
        '[models] target = "onnx".'
    )


def library_version(root: Path = Path("/")) -> str | None:
    """Return the version that librknnrt.so carries; empty if it says none, None if it is absent."""
    try:
        with (
            (root / _LIBRARY).open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
        ):
            found = re.search(rb"librknnrt version: (\d+\.\d+\.\d+)", content)
            return found[1].decode() if found else ""
    except FileNotFoundError:
        return None
    except (OSError, ValueError):  # unreadable or empty: the library itself will say more
        return ""


def _device(root: Path) -> Path | None:
    plain = root / "dev/rknpu"
    if plain.exists():
        return plain
    for entry in sorted(root.glob("sys/class/drm/renderD*/device/uevent")):
        if "RKNPU" in (_text(entry) or "").upper():
            node = root / "dev/dri" / entry.parts[-3]
            return node if node.exists() else None
    return None


def _group(device: Path | None) -> str:
    try:
        return device.group() if device is not None else "render"
    except (OSError, KeyError):
        return "render"


def _numbers(version: str | None) -> tuple[int, ...]:
    found = re.match(r"v?(\d+)\.(\d+)(?:\.(\d+))?", version or "")
    return tuple(int(part) for part in found.groups(default="0")) if found else ()


def _first_line(path: Path) -> str | None:
    text = _text(path)
    return text.strip().splitlines()[0] if text and text.strip() else None


def _text(path: Path) -> str | None:
    try:
        return path.read_bytes()[:4096].decode("utf-8", "replace")
    except OSError:
        return None
