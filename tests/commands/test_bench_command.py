"""``door-kiosk bench --board`` from the command line."""

from __future__ import annotations

import functools
import json
from pathlib import Path

import pytest

from kiosk import boardbenchmark
from kiosk.models.pack import embedded_folder

NO_NPU = "not measured here: this computer has no NPU"


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few rounds are enough to see the table, on whatever this computer is."""
    quick = functools.partial(boardbenchmark.BoardBenchmark, rounds=2)
    monkeypatch.setattr(boardbenchmark, "BoardBenchmark", quick)
    monkeypatch.setattr("kiosk.board.soc.read_soc", lambda: None)


@pytest.fixture
def with_embedded(kiosk, data: Path) -> None:
    """The pack of simulated people, imported like any other."""
    assert kiosk("models", "import", embedded_folder()).code == 0


@pytest.mark.usefixtures("short", "with_embedded")
class TestBoard:
    def test_the_table(self, kiosk, tmp_path: Path) -> None:
        page, figures = tmp_path / "board.md", tmp_path / "board.json"
        answer = kiosk("bench", "--board", "--markdown", page, "--json", figures)
        assert answer.code == 0, answer.err
        assert NO_NPU in answer.out and "227 fps on one RK3588 core" in answer.out
        assert "measuring the whole step" in answer.err
        assert f"| Whole frame | {NO_NPU} | 38 ms (article) |" in page.read_text("utf-8")
        tree = json.loads(figures.read_text("utf-8"))
        assert tree["rounds"] == 2 and len(tree["networks"]) == 4

    def test_json_alone_on_stdout(self, kiosk) -> None:
        answer = kiosk("bench", "--board", "--watts", "3.5", "--json")
        assert json.loads(answer.out)["watts"] == 3.5


def test_without_networks(kiosk) -> None:
    answer = kiosk("bench", "--board")
    assert answer.code == 1 and "door-kiosk models" in answer.err


def test_a_page_that_cannot_be_written_is_said_before_the_work(kiosk, tmp_path: Path) -> None:
    answer = kiosk("bench", "--board", "--markdown", tmp_path / "no" / "board.md")
    assert answer.code != 0
    assert "There is no folder" in answer.err and "measuring" not in answer.err


@pytest.mark.parametrize("option", [("--minutes", 1), ("--watts", 3), ("--markdown", "x.md")])
def test_options_of_the_board_need_it(kiosk, option: tuple[object, ...]) -> None:
    answer = kiosk("bench", *option)
    assert answer.code != 0 and f"{option[0]} belongs to --board" in answer.err


@pytest.mark.parametrize("option", [("--minutes", -1), ("--watts", 0), ("--watts", "nan")])
def test_absurd_values(kiosk, option: tuple[object, ...]) -> None:
    answer = kiosk("bench", "--board", *option)
    assert answer.code == 2 and "is not between" in answer.err
