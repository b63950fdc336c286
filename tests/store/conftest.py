"""Fixtures of the store's tests: databases in temporary folders and a small real file system."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from kiosk.domain import Embedding, ModelId, Template
from kiosk.store.store import Store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kiosk.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    store = Store.open(path)
    yield store
    store.close()


@pytest.fixture
def make_template() -> Callable[..., Template]:
    """Build a template with a random unit vector of a given seed."""

    def make(seed: int = 0, model: str = "facenet", dim: int = 16) -> Template:
        vector = np.random.default_rng(seed).normal(size=dim)
        vector = (vector / np.linalg.norm(vector)).astype(np.float32)
        return Template(
            person_id=0,
            embedding=Embedding(vector, ModelId(model, "1", "fp32")),
            view="front",
            created_at_ms=1,
        )

    return make


@pytest.fixture
def tmpfs(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB of its own; skips where mounting is not permitted."""
    folder = tmp_path / "stick"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "test", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount command")
    if done.returncode != 0:
        pytest.skip("mounting is not permitted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=False)
