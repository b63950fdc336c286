"""Shared fixtures: everything runs offscreen, and a test that leaks a thread fails."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
import threading
import time
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ["QT_QPA_PLATFORM"] = "offscreen"

SHARED = Path(os.environ.get("DOOR_KIOSK_SHARED", Path(__file__).parents[2] / "shared"))


@pytest.fixture(autouse=True)
def no_leaked_threads() -> Iterator[None]:
    """Fail a test that leaves a Python thread running."""
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + 2.0
    # A QThread that logs leaves a dummy entry behind for ever; Qt's own threads are checked in ui.
    dummy = threading._DummyThread
    while leaked := [
        t for t in threading.enumerate() if t not in before and not isinstance(t, dummy)
    ]:
        if time.monotonic() > deadline:
            pytest.fail("threads left running: " + ", ".join(t.name for t in leaked))
        time.sleep(0.01)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with the real networks and photographs; skips where there is none."""
    if not (SHARED / "models" / "SHA256SUMS").is_file():
        pytest.skip(f"no networks and photographs at {SHARED}; set DOOR_KIOSK_SHARED")
    return SHARED


@pytest.fixture
def npu(tmp_path: Path) -> Iterator[types.ModuleType]:
    """The fakes of a board with an NPU; see there."""
    with _fakes("npu") as module:
        yield module


@pytest.fixture
def crowd() -> Iterator[types.ModuleType]:
    """Invented people to calibrate by; see there."""
    with _fakes("crowd") as module:
        yield module


@pytest.fixture(scope="session")
def calibrations() -> Iterator[types.ModuleType]:
    """Calibrations made by hand; see there."""
    with _fakes("calibrations") as module:
        yield module


@pytest.fixture(scope="session")
def boards() -> Iterator[types.ModuleType]:
    """Relay boards that are not there; see there."""
    with _fakes("boards") as module:
        yield module


@pytest.fixture(scope="session")
def doorbench() -> Iterator[types.ModuleType]:
    """The door's logic on a bench; see there."""
    with _fakes("doorbench") as module:
        yield module


@contextlib.contextmanager
def _fakes(file: str) -> Iterator[types.ModuleType]:
    name = f"door_kiosk_fake_{file}"
    path = Path(__file__).parent / "fakes" / f"{file}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[name]
