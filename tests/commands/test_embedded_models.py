"""``models list`` and ``models verify`` with a pack that came along, and importing one like it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def embedded(
    tmp_path: Path, make_tiny_pack: Callable[[Path], Path], monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A pack of two tiny networks in the place of the one that comes along."""
    folder = make_tiny_pack(tmp_path / "embedded")
    monkeypatch.setattr("kiosk.models.pack.embedded_folder", lambda: folder)
    return folder


def test_list_shows_it_also_where_nothing_is_imported(kiosk, embedded: Path) -> None:
    answer = kiosk("models", "list")
    assert answer.code == 0, answer.err
    assert "No face models are in use" in answer.out
    assert f"Embedded, for --demo: {embedded}" in answer.out
    assert "simulated" in answer.out
    tree = json.loads(kiosk("models", "list", "--json").out)
    assert (tree["folder"], tree["models"]) == (None, [])
    assert [(m["name"], m["knows"]) for m in tree["embedded"]] == [
        ("eye", "simulated"),
        ("name", "simulated"),
    ]


def test_verify_tests_it_and_then_says_that_nothing_is_imported(kiosk, embedded: Path) -> None:
    answer = kiosk("models", "verify")
    assert answer.code == 1
    assert "eye.onnx: digest correct, self-test passed" in answer.out
    assert "door-kiosk models import" in answer.err


@pytest.mark.parametrize("command", ["verify", "list"])
def test_a_missing_file_says_to_install_again(kiosk, embedded: Path, command: str) -> None:
    (embedded / "name.onnx").unlink()
    answer = kiosk("models", command)
    assert answer.code == 1
    assert "name.onnx is missing" in answer.err and "install it again" in answer.err


def test_a_damaged_file_says_to_install_again(kiosk, embedded: Path) -> None:
    data = bytearray((embedded / "name.onnx").read_bytes())
    data[100] ^= 1
    (embedded / "name.onnx").write_bytes(bytes(data))
    answer = kiosk("models", "verify")
    assert answer.code == 1
    assert "name.onnx is damaged" in answer.err and "install it again" in answer.err


def test_imported_it_is_told_apart_and_verified_twice(kiosk, embedded: Path) -> None:
    answer = kiosk("models", "import", embedded)
    assert answer.code == 0, answer.err
    assert "know simulated people only" in answer.out
    tree = json.loads(kiosk("models", "verify", "--json").out)
    assert set(tree["self_tests"]) == set(tree["embedded_self_tests"]) == {"eye", "name"}
    listed = json.loads(kiosk("models", "list", "--json").out)
    assert [m["knows"] for m in listed["models"]] == ["simulated", "simulated"]


def test_imported_it_does_not_start_with_a_real_relay(kiosk, embedded: Path, data: Path) -> None:
    from kiosk.config import Config, DoorConfig
    from kiosk.datafolder import DataFolder
    from kiosk.engine import Engine
    from kiosk.errors import ConfigError

    assert kiosk("models", "import", embedded).code == 0
    with pytest.raises(ConfigError, match="simulated people only"):
        Engine(Config(door=DoorConfig(relay="lcus:/dev/no-such-port")), DataFolder(data))
    Engine(Config(door=DoorConfig(relay="sim:")), DataFolder(data)).stop()


def test_a_damaged_embedded_pack_does_not_hide_the_one_in_use(
    kiosk, embedded: Path, tmp_path: Path
) -> None:
    assert kiosk("models", "import", str(embedded), "--without-thresholds").code == 0
    (embedded / "pack.toml").write_text("garbage")
    answer = kiosk("models", "list")
    assert "In use" in answer.out and "install it again" in answer.err
    assert answer.code == 1
