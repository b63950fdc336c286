"""The real networks through the real converter: built, simulated, compared, within their bounds.

Runs where packaging/models/convert/environment.sh has built an environment with rknn-toolkit2 and
DOOR_KIOSK_RKNN_PYTHON names its python.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from kiosk.models.pack import import_pack

ROOT = Path(__file__).parents[3]
SHARED = Path(os.environ.get("DOOR_KIOSK_SHARED", ROOT.parent / "shared"))
_TIMEOUT_S = 600


@pytest.fixture(scope="module")
def python():
    named = os.environ.get("DOOR_KIOSK_RKNN_PYTHON")
    if not named:
        pytest.skip(
            "DOOR_KIOSK_RKNN_PYTHON names no python with rknn-toolkit2: build one with "
            "packaging/models/convert/environment.sh"
        )
    return named


def run(python, *arguments):
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "packaging/models"))),
        "OMP_NUM_THREADS": "2",
    }
    return subprocess.run(
        [python, "-W", "ignore", "-m", *map(str, arguments)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )


def figures_of(out):
    tree = json.loads((out / "report.json").read_text(encoding="utf-8"))
    return {(row["name"], row["precision"]): row["figures"] for row in tree["rows"]}


@pytest.fixture(scope="module")
def people(python, tmp_path_factory):
    """Lists of people to calibrate with and of others to compare on, as arguments."""
    if not (SHARED / "models").is_dir() or not (SHARED / "faces").is_dir():
        pytest.skip(f"no networks and photographs at {SHARED}; set DOOR_KIOSK_SHARED")
    lists, faces = tmp_path_factory.mktemp("lists"), SHARED / "faces"
    tests = [faces / name for name in ("lfw_enroll.csv", "lfw_probe.csv")]
    split = run(python, "convert.split", faces / "lfw", lists, "--without", *tests)
    assert split.returncode == 0, split.stderr
    return (
        *("--network", SHARED / "models", "--targets", "rk3588"),
        *("--frames", lists / "calibration.csv", "--held-out", lists / "held-out.csv"),
        *("--drawn", 60),
    )


@pytest.mark.shared
def test_the_networks_for_real_people_keep_their_bounds(python, people, tmp_path):
    out = tmp_path / "pack"
    done = run(python, "convert", *people, "--out", out, "--count", 300)
    assert done.returncode == 0, done.stdout + done.stderr
    figures = figures_of(out)
    assert len(figures) == 6
    assert figures["mobilefacenet-112", "int8"]["chips"] >= 300
    assert figures["retinaface-mobile025-320", "fp16"]["lost_any_size"] == 0
    pack = import_pack(out, tmp_path / "models", check=lambda _: None)
    assert len(pack.cards) == 9


@pytest.mark.shared
def test_a_detector_in_plain_8_bits_loses_faces_and_is_not_packed(python, people, tmp_path):
    plain = ("--precision", "int8", "--only", "detector", "--no-hybrid", "--no-equalise")
    done = run(python, "convert", *people, *plain, "--out", tmp_path, "--count", 150)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "lost" in done.stdout
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["broken"]
    assert not (tmp_path / "pack.toml").exists()


def test_the_embedded_pack_keeps_its_bounds(python, tmp_path):
    embedded = ROOT / "assets/models/embedded"
    chosen = ("--targets", "rk3588", "--algorithm", "normal", "--precision", "int8")
    out = tmp_path / "pack"
    done = run(python, "convert", "--network", embedded, *chosen, "--out", out, "--drawn", 100)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(figures_of(out)) == 4
    assert len(import_pack(out, tmp_path / "models", check=lambda _: None).cards) == 8
