"""Say in one line which Debian packages the screens still need; imports no Qt.

The wheels of PySide6 bring Qt itself but not the libraries of the operating system that Qt
stands on, and a bare board has none of them.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

PACKAGES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libGLX.so.0": "libglx0",
    "libOpenGL.so.0": "libopengl0",
    "libGLdispatch.so.0": "libglvnd0",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libdbus-1.so.3": "libdbus-1-3",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libgobject-2.0.so.0": "libglib2.0-0",
    "libgio-2.0.so.0": "libglib2.0-0",
    "libX11.so.6": "libx11-6",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libSM.so.6": "libsm6",
    "libICE.so.6": "libice6",
    "libxcb.so.1": "libxcb1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xinerama.so.0": "libxcb-xinerama0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxcb-glx.so.0": "libxcb-glx0",
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
    "libwayland-egl.so.1": "libwayland-egl1",
    "libdrm.so.2": "libdrm2",
    "libgbm.so.1": "libgbm1",
    "libinput.so.10": "libinput10",
    "libudev.so.1": "libudev1",
    "libmtdev.so.1": "libmtdev1",
    "libz.so.1": "zlib1g",
    "libzstd.so.1": "libzstd1",
    "libstdc++.so.6": "libstdc++6",
}

# Suggested when a library is missing that the table above does not know.
USUAL_PACKAGES = (
    "libegl1",
    "libgl1",
    "libxkbcommon0",
    "libfontconfig1",
    "libdbus-1-3",
    "libglib2.0-0",
    "libxcb-cursor0",
)

_MODULES = ("QtCore.abi3.so", "QtGui.abi3.so", "QtWidgets.abi3.so", "QtSvg.abi3.so")
_IMPORT_ERROR = re.compile(r"(lib[\w.+-]+\.so[.\d]*): cannot open shared object file")
_LDD_LINE = re.compile(r"^\s*(\S+) => not found", re.MULTILINE)


def choose_platform(environ: Mapping[str, str]) -> str:
    """Return the Qt platform to use.

    The chosen one; without a choice "xcb" or "wayland" as the display is, "offscreen" without a
    display.
    """
    chosen = environ.get("QT_QPA_PLATFORM", "")
    if chosen:
        return chosen
    # A compositor's own protocol goes first: beside it, DISPLAY only means XWayland.
    if environ.get("WAYLAND_DISPLAY"):
        return "wayland"
    return "xcb" if environ.get("DISPLAY") else "offscreen"


def sentence(missing: Iterable[str]) -> str:
    """Return the one line that names missing libraries and the command that installs them."""
    libraries = sorted(set(missing))
    known = sorted({PACKAGES[name] for name in libraries if name in PACKAGES})
    packages = known if len(known) and all(n in PACKAGES for n in libraries) else USUAL_PACKAGES
    one = len(libraries) == 1
    return (
        f"Missing system {'library' if one else 'libraries'} {', '.join(libraries)}. "
        f"Install {'it' if one else 'them'} with: sudo apt-get install {' '.join(packages)}"
    )


def explain_import_error(error: ImportError) -> str | None:
    """Turn a failed import of PySide6 into a sentence; None when it has another cause.

    The loader names one library at a time, so the others are looked up as well.
    """
    found = _IMPORT_ERROR.search(str(error))
    if found is None:
        return None
    return sentence({found.group(1), *missing_libraries(choose_platform(os.environ))})


def missing_libraries(platform: str) -> list[str]:
    """Return the system libraries that Qt, its widgets and one platform plugin lack.

    An empty ``platform`` looks at Qt itself only. The list is empty when nothing is missing or it
    cannot be found out (no PySide6, no ``ldd``).
    """
    spec = importlib.util.find_spec("PySide6")
    if spec is None or spec.origin is None:
        return []
    folder = Path(spec.origin).parent
    plugin = platform.split(":")[0].split(";")[0]
    files = [folder / name for name in _MODULES]
    if plugin:
        files += sorted((folder / "Qt" / "plugins" / "platforms").glob(f"libq{plugin}*.so"))
    missing: set[str] = set()
    for file in files:
        if file.is_file():
            missing.update(_not_found(file))
    return sorted(missing)


def missing_libraries_sentence(platform: str) -> str | None:
    """Return what to install before Qt starts on ``platform``; None when all is there.

    Worth calling before QApplication is made: Qt aborts the process when its platform plugin
    cannot be loaded, and no exception reaches Python.
    """
    missing = missing_libraries(platform)
    return sentence(missing) if missing else None


def _not_found(file: Path) -> set[str]:
    try:
        listing = subprocess.run(
            ["ldd", str(file)], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return set()
    return set(_LDD_LINE.findall(listing.stdout))
