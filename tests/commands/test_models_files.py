"""``models import`` from archives; ``models list`` and ``verify`` of packs with several files."""

from __future__ import annotations

import hashlib
import json
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from kiosk.board.soc import Soc

RK3588 = Soc("rk3588s", "rk3588", 3, 2)


@pytest.fixture
def stick(
    tmp_path: Path, make_tiny_pack: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A folder with a pack, and nothing that came along."""
    monkeypatch.setattr("kiosk.models.pack.embedded_folder", lambda: tmp_path / "none")
    return make_tiny_pack(tmp_path / "stick")


@pytest.fixture
def stick_for_board(stick: Path) -> Path:
    """The same pack with both networks for the RK3588 as well."""
    for name in ("eye", "name"):
        content = f"{name}, not really for an NPU".encode()
        (stick / f"{name}.rknn").write_bytes(content)
        shutil.copy(stick / f"{name}.selftest.npz", stick / f"{name}.fp16.selftest.npz")
        with (stick / "pack.toml").open("a") as file:
            file.write(
                f'\n[[{name}.files]]\ntarget = "rk3588"\nprecision = "fp16"\n'
                f'file = "{name}.rknn"\nsha256 = "{hashlib.sha256(content).hexdigest()}"\n'
            )
    return stick


def packed(stick: Path, archive: Path) -> Path:
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive, "w") as file:
            for path in stick.iterdir():
                file.write(path, f"models/{path.name}")
    else:
        with tarfile.open(archive, "w:gz") as tar:
            tar.add(stick, "models")
    return archive


@pytest.mark.parametrize("name", ["models.zip", "models.tar.gz"])
def test_an_archive_is_imported_like_its_folder(
    kiosk, stick: Path, data: Path, tmp_path: Path, name: str
) -> None:
    answer = kiosk("models", "import", packed(stick, tmp_path / name))
    assert answer.code == 0, answer.err
    assert "2 models imported" in answer.out
    assert sorted(p.name[:5] for p in (data / "models").iterdir()) == ["curre", "pack-"]
    assert kiosk("models", "verify").code == 0


def test_a_damaged_archive_leaves_the_old_models_working(
    kiosk, stick: Path, data: Path, tmp_path: Path
) -> None:
    assert kiosk("models", "import", stick).code == 0
    archive = packed(stick, tmp_path / "models.zip")
    archive.write_bytes(archive.read_bytes()[:-100])
    before = sorted(path.name for path in (data / "models").iterdir())
    answer = kiosk("models", "import", archive)
    assert answer.code == 1
    assert f"{archive} is damaged or not complete" in answer.err
    assert answer.err.count("\n") == 1
    assert sorted(path.name for path in (data / "models").iterdir()) == before
    assert kiosk("models", "verify").code == 0


def test_an_archive_without_networks_is_named_in_the_message(
    kiosk, stick: Path, tmp_path: Path
) -> None:
    (stick / "eye.onnx").unlink()
    archive = packed(stick, tmp_path / "models.zip")
    answer = kiosk("models", "import", archive)
    assert answer.code == 1
    assert f"{archive} holds no detector" in answer.err


def test_thresholds_that_are_missing_stop_an_import(kiosk, stick: Path, data: Path) -> None:
    (stick / "name.thresholds.json").unlink()
    answer = kiosk("models", "import", stick)
    assert answer.code == 1 and "no thresholds" in answer.err
    assert not (data / "models" / "current").exists()
    answer = kiosk("models", "import", stick, "--without-thresholds")
    assert answer.code == 0, answer.err
    assert "Until then nobody is recognised." in answer.out


def test_a_pack_that_cannot_run_as_the_settings_ask_is_not_taken(
    kiosk, stick: Path, data: Path
) -> None:
    data.mkdir()
    (data / "config.toml").write_text('[models]\ntarget = "rk3588"\n')
    answer = kiosk("models", "import", stick)
    assert answer.code == 1 and "[models] target asks for the rk3588" in answer.err
    assert not (data / "models" / "current").exists()


def test_list_marks_what_runs_on_a_pc(kiosk, stick_for_board: Path) -> None:
    assert kiosk("models", "import", stick_for_board).code == 0
    rows = json.loads(kiosk("models", "list", "--json").out)["models"]
    assert [(m["file"], m["target"], m["precision"], m["runs_here"]) for m in rows] == [
        ("eye.onnx", "onnx", "fp32", True),
        ("eye.rknn", "rk3588", "fp16", False),
        ("name.onnx", "onnx", "fp32", True),
        ("name.rknn", "rk3588", "fp16", False),
    ]
    assert "no Rockchip NPU" in rows[0]["why"] and rows[1]["why"] is None
    text = kiosk("models", "list").out
    assert "eye.onnx: by ONNX Runtime: this computer has no Rockchip NPU" in text
    starred = [line.split()[-1] for line in text.splitlines() if line.startswith("*  ")]
    assert starred == ["eye.onnx", "name.onnx"]


def test_list_marks_what_runs_on_a_board(
    kiosk, stick_for_board: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert kiosk("models", "import", stick_for_board).code == 0
    monkeypatch.setattr("kiosk.board.soc.read_soc", lambda: RK3588)
    rows = json.loads(kiosk("models", "list", "--json").out)["models"]
    assert {m["file"]: m["why"] for m in rows if m["runs_here"]} == {
        "eye.rknn": "fp16 is preferred on the rk3588s",
        "name.rknn": "fp16 is preferred on the rk3588s",
    }
    (data / "config.toml").write_text('[models]\nprecision = "int8"\n')
    answer = kiosk("models", "list")
    assert answer.code == 0
    assert "Attention: none of them runs here." in answer.out and "int8" in answer.out


def test_verify_says_what_it_did_not_run(kiosk, stick_for_board: Path) -> None:
    assert kiosk("models", "import", stick_for_board).code == 0
    answer = kiosk("models", "verify")
    assert answer.code == 0, answer.err
    assert "eye.onnx: digest correct, self-test passed" in answer.out
    assert "eye.rknn: digest correct, not run here: made for rk3588" in answer.out
    tree = json.loads(kiosk("models", "verify", "--json").out)
    assert set(tree["self_tests"]) == {"eye", "name"}
    assert [each["agreement"] is None for each in tree["files"]] == [False, True, False, True]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("eye.rknn", "SHA-256"),
        ("eye.fp16.selftest.npz", "self-test of eye cannot be read"),
        ("name.thresholds.json", "thresholds"),
        ("name.fp16.thresholds.json", "thresholds"),
        ("eye.selftest.npz", "self-test of eye cannot be read"),
    ],
)
def test_verify_looks_at_everything(
    kiosk, stick_for_board: Path, data: Path, name: str, message: str
) -> None:
    assert kiosk("models", "import", stick_for_board).code == 0
    pack = next((data / "models").glob("pack-*"))
    (pack / name).write_bytes(b"damaged")
    answer = kiosk("models", "verify")
    assert answer.code == 1
    assert message in answer.err


def test_verify_lists_every_fault_before_it_fails(
    kiosk, stick_for_board: Path, data: Path, tmp_path: Path
) -> None:
    assert kiosk("models", "import", stick_for_board).code == 0
    pack = next((data / "models").glob("pack-*"))
    for name in ("eye.rknn", "name.onnx"):
        (pack / name).write_bytes(b"damaged")
    answer = kiosk("models", "verify", "--json", tmp_path / "verify.json")
    assert answer.code == 1
    assert answer.err.startswith("door-kiosk: 2 faults; the first: ")
    assert answer.err.count("\n") == 1
    lines = answer.out.splitlines()
    assert sum("is damaged" in line for line in lines) == 2
    assert any(line.startswith("name.rknn: digest correct") for line in lines)
    tree = json.loads((tmp_path / "verify.json").read_text())
    assert len(tree["faults"]) == 2
    assert [bool(each["fault"]) for each in tree["files"]] == [False, True, True, False]


@pytest.mark.parametrize(
    "command",
    [
        ("people", "add", "Ada", "{photo}", "--consent"),
        ("people", "import", "{list}"),
        ("evaluate", "--enroll", "{list}", "--probe", "{list}"),
        ("calibrate", "--photos", "{list}", "--out", "{out}"),
        ("bench", "--board"),
        ("models", "verify"),
    ],
    ids=" ".join,
)
def test_every_command_runs_the_networks_where_the_settings_say(
    kiosk, stick: Path, data: Path, tmp_path: Path, command: tuple[str, ...]
) -> None:
    assert kiosk("models", "import", stick, "--without-thresholds").code == 0
    (data / "config.toml").write_text('[models]\ntarget = "rk3588"\n')
    photo, listing = tmp_path / "ada.jpg", tmp_path / "list.csv"
    photo.write_bytes(b"never read")
    listing.write_text(f"person,path\nAda,{photo}\n")
    places = {"photo": photo, "list": listing, "out": tmp_path / "out.json"}

    answer = kiosk(*(part.format(**places) for part in command))

    assert answer.code == 1
    assert "[models] target asks for the rk3588" in answer.err
