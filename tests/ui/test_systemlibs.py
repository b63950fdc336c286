"""Missing libraries of the system are named with their packages, in one line, without Qt."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ui import systemlibs


@pytest.mark.parametrize(
    ("environ", "platform"),
    [
        ({}, "offscreen"),
        ({"DISPLAY": ":0"}, "xcb"),
        ({"WAYLAND_DISPLAY": "wayland-1"}, "wayland"),
        ({"WAYLAND_DISPLAY": "wayland-1", "DISPLAY": ":0"}, "wayland"),
        ({"QT_QPA_PLATFORM": "eglfs"}, "eglfs"),
        ({"QT_QPA_PLATFORM": "", "DISPLAY": ""}, "offscreen"),
    ],
)
def test_without_a_display_the_platform_is_offscreen(
    environ: dict[str, str], platform: str
) -> None:
    assert systemlibs.choose_platform(environ) == platform


def test_one_missing_library_is_one_line() -> None:
    line = systemlibs.sentence(["libEGL.so.1"])
    assert line == (
        "Missing system library libEGL.so.1. Install it with: sudo apt-get install libegl1"
    )


def test_several_libraries_share_packages() -> None:
    line = systemlibs.sentence(["libgthread-2.0.so.0", "libglib-2.0.so.0", "libEGL.so.1"])
    assert line.startswith("Missing system libraries libEGL.so.1, libglib-2.0.so.0, libgthread")
    assert line.endswith("sudo apt-get install libegl1 libglib2.0-0")
    assert "\n" not in line


def test_an_unknown_library_suggests_the_usual_packages() -> None:
    line = systemlibs.sentence(["libodd.so.7"])
    assert line.endswith(" ".join(systemlibs.USUAL_PACKAGES))


def test_an_import_error_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(systemlibs, "missing_libraries", lambda platform: ["libGL.so.1"])
    error = ImportError("libEGL.so.1: cannot open shared object file: No such file or directory")
    line = systemlibs.explain_import_error(error)
    assert line is not None
    assert line.endswith("sudo apt-get install libegl1 libgl1")
    assert systemlibs.explain_import_error(ImportError("No module named 'PySide6'")) is None


class LddFake:
    """Answers like ldd for a library that lacks two others."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        self.asked.append(Path(command[1]).name)
        output = (
            "\tlinux-vdso.so.1 (0x00007ffd)\n"
            "\tlibxcb-cursor.so.0 => not found\n"
            "\tlibc.so.6 => /lib/libc.so.6 (0x00007f)\n"
        )
        return subprocess.CompletedProcess(command, 0, output, "")


def test_the_platform_plugin_is_looked_at_too(monkeypatch: pytest.MonkeyPatch) -> None:
    ldd = LddFake()
    monkeypatch.setattr(systemlibs.subprocess, "run", ldd)
    line = systemlibs.missing_libraries_sentence("xcb")
    assert line is not None
    assert line.endswith("sudo apt-get install libxcb-cursor0")
    assert "libqxcb.so" in ldd.asked
    assert "QtWidgets.abi3.so" in ldd.asked


def test_no_ldd_means_nothing_is_claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(*_: object, **__: object) -> None:
        raise FileNotFoundError("ldd")

    monkeypatch.setattr(systemlibs.subprocess, "run", absent)
    assert systemlibs.missing_libraries("xcb") == []


def test_here_nothing_is_missing_for_offscreen() -> None:
    assert systemlibs.missing_libraries_sentence("offscreen") is None


def test_it_imports_no_qt() -> None:
    code = "import sys, ui.systemlibs; sys.exit(any(m.startswith('PySide6') for m in sys.modules))"
    root = Path(systemlibs.__file__).parents[1]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
