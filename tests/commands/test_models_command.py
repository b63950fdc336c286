"""Importing, listing and verifying the real networks."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from kiosk.datafolder import DataFolder

pytestmark = pytest.mark.shared


def test_import_list_and_verify(shared: Path, kiosk, data: Path) -> None:
    answer = kiosk("models", "import", shared / "models")
    assert answer.code == 0, answer.err
    assert "3 models imported" in answer.out
    assert json.loads(kiosk("models", "list", "--json").out)["models"][1]["role"] == "embedder"
    verified = kiosk("models", "verify", "--json")
    assert verified.code == 0
    assert min(json.loads(verified.out)["self_tests"].values()) > 0.985
    kinds = [e["kind"] for e in json.loads(kiosk("events", "list", "--json").out)["events"]]
    assert kinds == ["models_imported"]


def test_one_flipped_byte_is_refused_and_the_old_pack_works(
    shared: Path, kiosk, with_models: Path, tmp_path: Path
) -> None:
    source = tmp_path / "flipped"
    shutil.copytree(shared / "models", source)
    network = source / "mobilefacenet_112.onnx"
    content = bytearray(network.read_bytes())
    content[len(content) // 2] ^= 1
    network.chmod(0o644)
    network.write_bytes(content)
    before = sorted(p.name for p in (with_models / "models").iterdir())

    answer = kiosk("models", "import", source)

    assert answer.code == 1
    assert "SHA-256" in answer.err and answer.err.count("\n") == 1
    assert sorted(p.name for p in (with_models / "models").iterdir()) == before
    assert kiosk("models", "verify").code == 0
    # What did not happen is not in the log either.
    assert json.loads(kiosk("events", "list", "--json").out)["events"] == []


def test_a_byte_flipped_after_the_import_is_noticed(kiosk, with_models: Path) -> None:
    network = next((with_models / "models").glob("pack-*/mobilefacenet_112.onnx"))
    content = bytearray(network.read_bytes())
    content[1000] ^= 0x80
    network.write_bytes(content)
    for command in ("verify",):
        answer = kiosk("models", command)
        assert answer.code == 1
        assert "SHA-256" in answer.err
    answer = kiosk("people", "add", "Ada", "x.jpg")
    assert answer.code == 1 and "SHA-256" in answer.err


def test_a_folder_without_networks_is_refused(shared: Path, kiosk, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    answer = kiosk("models", "import", tmp_path / "empty")
    assert answer.code == 1
    assert "holds no detector" in answer.err
    assert kiosk("models", "import", tmp_path / "absent").code == 1


def test_a_running_kiosk_keeps_its_models(shared: Path, kiosk, data: Path) -> None:
    with DataFolder(data).exclusive():
        answer = kiosk("models", "import", shared / "models")
    assert answer.code == 1
    assert "Another door-kiosk" in answer.err
    assert not (data / "models").exists()
