"""The architecture, as imports: one way, no Qt in the core, nothing done by importing."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CORE = ROOT / "kiosk"

# Runs in a fresh process. Argument: the modules to import, comma-separated.
IMPORT_WITHOUT_QT = """
import importlib, importlib.abc, sys

class NoQt(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("PySide6", "shiboken6", "PyQt5", "PyQt6", "ui"):
            raise ImportError(f"{name} is imported by the core")

sys.meta_path.insert(0, NoQt())
for name in sys.argv[1].split(","):
    importlib.import_module(name)
assert not [name for name in sys.modules if name.startswith(("PySide6", "ui."))]
print("imported")
"""

# The audit hook sees what Python opens; descriptors show what anything else left open.
IMPORT_AND_WATCH = """
import importlib, os, sys, threading
import cv2, numpy, onnxruntime, peewee, serial, argon2  # what these do is their own business

def descriptors():
    return {os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")
            if os.path.exists(f"/proc/self/fd/{fd}")}

faults, writing = [], os.O_WRONLY | os.O_RDWR | os.O_CREAT

def watch(event, args):
    if event == "open":
        path, _, flags = args
        if flags and flags & writing and path != os.devnull and "__pycache__" not in str(path):
            faults.append(f"opened {path} for writing")
        if str(path).startswith("/dev/") and path not in (os.devnull, "/dev/urandom"):
            faults.append(f"opened {path}")
    elif event in ("socket.connect", "socket.bind", "subprocess.Popen", "os.mkdir", "os.fork",
                   "sqlite3.connect", "os.remove", "os.rename", "shutil.rmtree"):
        faults.append(f"{event} {args}")

threads, files = threading.active_count(), descriptors()
sys.addaudithook(watch)
for name in sys.argv[1].split(","):
    importlib.import_module(name)
if threading.active_count() != threads:
    faults.append(f"threads: {threading.enumerate()}")
if descriptors() - files:
    faults.append(f"left open: {descriptors() - files}")
print(faults)
"""


def core_modules() -> list[str]:
    names = []
    for path in sorted(CORE.rglob("*.py")):
        if path.stem == "__main__":  # importing it is running the program
            continue
        parts = path.relative_to(ROOT).with_suffix("").parts
        names.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return names


def run_python(script: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "-c", script, ",".join(core_modules())],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=environ,
        timeout=120,
        check=False,
    )


def test_there_is_a_core_to_look_at() -> None:
    assert {"kiosk", "kiosk.domain", "kiosk.vision.detector", "kiosk.engine"} <= set(core_modules())


def test_every_module_of_the_core_imports_without_qt(tmp_path: Path) -> None:
    result = run_python(IMPORT_WITHOUT_QT, tmp_path)

    assert (result.returncode, result.stdout.strip()) == (0, "imported"), result.stderr


def test_importing_does_nothing(tmp_path: Path) -> None:
    result = run_python(IMPORT_AND_WATCH, tmp_path)

    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "[]"
    assert result.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_the_contracts_of_the_architecture_hold() -> None:
    pytest.importorskip("importlinter")
    linter = Path(sys.executable).with_name("lint-imports")

    result = subprocess.run(
        [str(linter), "--no-cache"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
        check=False,
    )

    assert result.returncode == 0, result.stdout + result.stderr
    assert "0 broken" in result.stdout


@pytest.mark.parametrize(
    ("attribute", "room"),
    [("VideoCapture", "camera"), ("InferenceSession", "models"), ("Serial", "door")],
)
def test_devices_and_networks_are_opened_in_one_room_only(attribute: str, room: str) -> None:
    users = {
        path.relative_to(ROOT).parts[:2]
        for folder in (CORE, ROOT / "ui")
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == attribute
    }

    assert users <= {("kiosk", room)}
    assert users, f"{attribute} has become another name; this test looks at nothing"


def test_no_star_imports_and_no_imports_from_the_tests() -> None:
    for path in CORE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                assert all(alias.name != "*" for alias in node.names), path
                assert node.level == 0, f"{path}: a relative import"
                assert (node.module or "").split(".")[0] != "tests", path
