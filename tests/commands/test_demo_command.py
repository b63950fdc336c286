"""``door-kiosk --demo``: what it takes, and what it refuses."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from kiosk.cli import main


class FakeDemo:
    """Stands in for ui.demoapp."""

    def __init__(self) -> None:
        self.calls: list[dict[str, object]] = []

    def main(self, **options: object) -> int:
        self.calls.append(options)
        return 0


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> FakeDemo:
    demo = FakeDemo()
    monkeypatch.setitem(sys.modules, "ui.demoapp", demo)
    libraries = SimpleNamespace(
        choose_platform=lambda environ: "offscreen",
        missing_libraries_sentence=lambda platform: None,
        explain_import_error=lambda error: None,
    )
    monkeypatch.setitem(sys.modules, "ui.systemlibs", libraries)
    return demo


DEFAULTS = {"windowed": False, "seconds": None, "screenshots": Path("door-kiosk-demo")}


@pytest.mark.parametrize(
    "arguments",
    [
        ["--demo"],
        ["run", "--demo"],
        ["--verbose", "--demo"],
        ["--demo", "--relay", "sim:"],
        ["run", "--demo", "--relay", " sim: "],
    ],
)
def test_it_needs_nothing(demo: FakeDemo, arguments: list[str]) -> None:
    assert main(arguments) == 0
    assert demo.calls == [DEFAULTS]


@pytest.mark.parametrize("order", [["--demo", "--windowed"], ["--windowed", "--demo"]])
def test_its_options_stand_where_they_like(demo: FakeDemo, order: list[str]) -> None:
    assert main([*order, "--seconds", "2.5"]) == 0
    assert demo.calls == [{**DEFAULTS, "windowed": True, "seconds": 2.5}]


@pytest.mark.parametrize("relay", ["lcus:/dev/ttyUSB0", "line:/dev/ttyUSB0?signal=dtr", "x"])
def test_it_drives_no_real_door(
    demo: FakeDemo, relay: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--demo", "--relay", relay]) == 1
    assert demo.calls == []
    said = capsys.readouterr().err
    assert "drives no real door" in said and "Leave out --relay" in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("option", "value"), [("camera", "0"), ("data", "somewhere"), ("config", "some.toml")]
)
def test_it_brings_its_own(
    demo: FakeDemo, option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--demo", f"--{option}", value]) == 1
    assert demo.calls == []
    assert f"Leave out --{option}" in capsys.readouterr().err
    assert not Path("somewhere").exists()


def test_it_is_explained_at_the_top(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert "people who do not exist" in capsys.readouterr().out
    assert main(["--demo", "--help"]) == 0
    assert "usage" in capsys.readouterr().out


def test_other_commands_know_no_demonstration(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--demo"]) == 2
    assert "--demo" in capsys.readouterr().err
