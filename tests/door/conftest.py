"""Boards on pseudo-terminals, for the tests of what is driven through a real port."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

FAKES = Path(__file__).parents[1] / "fakes"


@pytest.fixture(scope="session")
def ptyrelay() -> Iterator[types.ModuleType]:
    """The module with the emulated board; see there."""
    with _fake("ptyrelay") as module:
        yield module


@pytest.fixture(scope="session")
def faultcampaign() -> Iterator[types.ModuleType]:
    """The module with the random faults; see there."""
    with _fake("faultcampaign") as module:
        yield module


@pytest.fixture(scope="session")
def processes() -> Iterator[types.ModuleType]:
    """The module about other processes; see there."""
    with _fake("processes") as module:
        yield module


@pytest.fixture
def make_board(ptyrelay: types.ModuleType, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Plug in emulated boards; they are unplugged at the end."""
    boards: list[Any] = []

    def make(*, answers: bool = True) -> Any:
        board = ptyrelay.PtyRelay(tmp_path / f"relay{len(boards)}", answers=answers)
        boards.append(board)
        return board

    yield make
    for board in boards:
        board.close()


@contextlib.contextmanager
def _fake(file: str) -> Iterator[types.ModuleType]:
    name = f"door_kiosk_fake_{file}"
    spec = importlib.util.spec_from_file_location(name, FAKES / f"{file}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[name]
