"""A command line to drive, and a data folder with the real networks."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from kiosk.cli import main


@dataclass(frozen=True)
class Answer:
    """What a command did."""

    code: int
    out: str
    err: str


Kiosk = Callable[..., Answer]


@pytest.fixture
def kiosk(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Kiosk:
    """Run a command on the data folder ``tmp_path / "data"``."""

    def run(*arguments: object) -> Answer:
        capsys.readouterr()
        code = main([*map(str, arguments), "--data", str(tmp_path / "data")])
        said = capsys.readouterr()
        assert "Traceback" not in said.err, said.err
        return Answer(code, said.out, said.err)

    return run


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The data folder that ``kiosk`` works on; not made yet."""
    return tmp_path / "data"


@pytest.fixture(scope="session")
def imported(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder into which the real networks were imported."""
    folder = tmp_path_factory.mktemp("imported")
    assert main(["models", "import", str(shared / "models"), "--data", str(folder)]) == 0
    return folder


@pytest.fixture
def with_models(imported: Path, data: Path) -> Path:
    """The data folder, with the real networks and nobody enrolled."""
    data.mkdir()
    shutil.copytree(imported / "models", data / "models")
    return data


@pytest.fixture
def write_list(tmp_path: Path) -> Callable[..., Path]:
    """Write a CSV list of photographs."""

    def write(
        rows: Sequence[Sequence[object]],
        columns: Sequence[str] = ("person", "path"),
        name: str = "list.csv",
    ) -> Path:
        path = tmp_path / name
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([columns, *rows])
        return path

    return write
