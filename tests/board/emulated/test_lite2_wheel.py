"""The NPU adapter on the vendor's real arm64 wheel, emulated, above a stub of its C library."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kiosk.models.heads import head_shapes, merge_heads

pytestmark = pytest.mark.emulated

_ROOT = Path(__file__).parents[3]
_BUILD = _ROOT / "packaging/board/emulation/build.sh"
_SIDES_PX = {"detector": 320, "embedder": 112}
_BANDS = 64
_UINT8, _NHWC, _MEDIUM_PRIORITY = 3, 1, 1


@pytest.fixture(scope="module")
def emulation() -> Path:
    """The folder with the arm64 Python, the wheel and the stubs; built once, then kept."""
    if sys.platform != "linux":
        pytest.skip("the emulation needs Linux")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = Path(os.environ.get("DOOR_KIOSK_EMULATION") or cache / "door-kiosk" / "emulation")
    built = subprocess.run(
        ["sh", _BUILD, folder],
        env={**os.environ, "PYTHON": sys.executable},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
    )
    if built.returncode == 77:
        pytest.skip(built.stderr.strip().splitlines()[-1])
    assert built.returncode == 0, built.stderr
    return folder


@pytest.fixture(scope="module")
def pictures() -> dict[str, NDArray[np.uint8]]:
    generator = np.random.default_rng(7)
    return {
        name: generator.integers(0, 256, (3, side, side, 3), np.uint8)
        for name, side in _SIDES_PX.items()
    }


@pytest.fixture(scope="module")
def work(
    emulation: Path,
    pictures: dict[str, NDArray[np.uint8]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """The folder with what every scenario found."""
    work = tmp_path_factory.mktemp("work")
    for name, batch in pictures.items():
        np.save(work / f"{name}.npy", batch)
        for target in ("rk3588", "rk3576", "rk3568", "rk3562"):
            _write_network(work / f"{name}.{target}.rknn", name, target, "2.5.0")
        _write_network(work / f"{name}.rknn", name, "rk3588", "2.5.0")
    _write_network(work / "old.rknn", "embedder", "rk3588", "1.4.0")
    board = tmp_path_factory.mktemp("board")
    _link(emulation / "root", board)
    program = [board / "usr/bin/python3", Path(__file__).parent / "drive.py"]
    paths = os.pathsep.join([str(emulation / "site"), str(_ROOT)])
    run = subprocess.run(
        ["qemu-aarch64-static", "-L", board, *program, board, emulation / "stubs", work],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": paths,
            "PYTHONDONTWRITEBYTECODE": "1",
            "OPENBLAS_NUM_THREADS": "1",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return work


class Found:
    """What a scenario returned, and what the library was asked meanwhile."""

    def __init__(self, work: Path, name: str) -> None:
        written = work / f"{name}.json"
        output = (work / f"{name}.out").read_text(encoding="utf-8", errors="replace")
        assert written.exists(), f"crashed, or took too long\n{output}"
        found = json.loads(written.read_text(encoding="utf-8"))
        assert "failure" not in found, f"{found['failure']}\n{output}"
        self.result: Any = found["result"]
        self.main_thread: int = found["thread"]
        self._calls: list[dict[str, Any]] = found["calls"]

    def calls(self, kind: str) -> list[dict[str, Any]]:
        return [call for call in self._calls if call["call"] == kind]

    def threads(self) -> set[int]:
        return {call["thread"] for call in self._calls}


def _shapes(name: str) -> list[tuple[int, ...]]:
    side = _SIDES_PX[name]
    outputs = head_shapes(side, side) if name == "detector" else [(128,)]
    return [(1, *shape) for shape in outputs]


def _write_network(path: Path, name: str, target: str, toolkit: str) -> None:
    """Write a file laid out as the converter does; its network is nothing."""
    side = _SIDES_PX[name]
    shapes = [(1, 3, side, side), *_shapes(name)]
    description = {
        "graph": [
            {"left": "output" if i else "input", "right": "norm_tensor", "right_tensor_id": i}
            for i in range(len(shapes))
        ],
        "norm_tensor": [
            {"dtype": {"qnt_method": ""}, "size": list(shape), "tensor_id": i, "url": f"tensor{i}"}
            for i, shape in enumerate(shapes)
        ],
        "target_platform": [target],
        "version": toolkit,
    }
    text = json.dumps(description).encode()
    network = bytes(1000)
    header = b"RKNN" + bytes(4) + struct.pack("<QQ", 6, len(network)) + bytes(40)
    path.write_bytes(header + network + struct.pack("<Q", len(text)) + text)


def _link(root: Path, board: Path) -> None:
    """Show ``root`` in ``board``, where files can be put beside it."""
    for folder in (".", "usr", "usr/lib"):
        (board / folder).mkdir(exist_ok=True)
        for entry in (root / folder).iterdir():
            inner = entry.relative_to(root)
            if inner not in (Path("usr"), Path("usr/lib")):
                (board / inner).symlink_to(entry.resolve())


def _expected(picture: NDArray[np.uint8], name: str) -> list[NDArray[np.float32]]:
    """Repeat the stub's arithmetic on what the library should be given; see the README there."""
    pixels = picture.reshape(-1, 3).astype(np.float64) / 255.0
    bands = np.arange(len(pixels)) * _BANDS // len(pixels)
    means = np.stack([pixels[bands == band].mean(0) for band in range(_BANDS)])
    answers = []
    for number, shape in enumerate(_shapes(name), 1):
        k = np.arange(np.prod(shape))
        values = 2 * means[k % _BANDS, k % 3] - means[(7 * k + 1) % _BANDS, (k + 1) % 3]
        answers.append((values + 0.01 * number).astype(np.float32).reshape(shape[1:]))
    return answers


@pytest.mark.parametrize(("name", "core"), [("detector", 1), ("embedder", 2)])
def test_loads_runs_and_releases(
    work: Path, pictures: dict[str, NDArray[np.uint8]], name: str, core: int
) -> None:
    found = Found(work, name)
    side = _SIDES_PX[name]
    order = slice(None) if name == "detector" else slice(None, None, -1)
    with np.load(work / found.result["file"]) as saved:
        for number, picture in enumerate([*pictures[name], pictures[name][0]]):
            expected = _expected(np.ascontiguousarray(picture[..., order]), name)
            if name == "detector":
                expected = merge_heads(expected, side, side)
            for i, output in enumerate(expected):
                np.testing.assert_allclose(saved[f"{number}_{i}"], output, rtol=0, atol=2e-6)
    assert "2.5.0 (stub)" in found.result["sdk_version"]
    assert "0.9.8" in found.result["sdk_version"]
    assert not found.result["holds_file"]
    assert "closed" in found.result["after_close"]
    assert [call["mask"] for call in found.calls("set_core_mask")] == [core]
    assert [call["flag"] for call in found.calls("init")] == [_MEDIUM_PRIORITY]
    assert len(found.calls("destroy")) == 1
    for call in found.calls("inputs_set"):
        given = [call[key] for key in ("inputs", "bytes", "type", "format", "pass_through")]
        assert given == [1, side * side * 3, _UINT8, _NHWC, 0]


def test_a_context_is_used_by_its_own_thread_only(work: Path) -> None:
    found = Found(work, "embedder")
    assert len(found.threads()) == 1
    assert found.main_thread not in found.threads()
    assert len(Found(work, "side_by_side").threads()) == 2


def test_two_contexts_at_once_do_not_mix(work: Path) -> None:
    right, answers = Found(work, "side_by_side").result
    assert right == answers == 10 * 2 * (3 + 1)


def test_a_network_can_be_loaded_again_and_again(work: Path) -> None:
    found = Found(work, "loaded_anew")
    assert len(set(found.result)) == 1
    assert len(found.calls("init")) == len(found.calls("destroy")) == 3


def test_core_masks_are_sent_to_chips_that_take_them(work: Path) -> None:
    assert Found(work, "chips").result == {
        "rk3588": [1, 2],
        "rk3588s": [1, 2],
        "rk3576": [1, 2],
        "rk3568": [],
        "rk3566": [],
        "rk3562": [],
    }


def test_an_old_library_runs_old_files(work: Path, pictures: dict[str, NDArray[np.uint8]]) -> None:
    (expected,) = _expected(np.ascontiguousarray(pictures["embedder"][0][..., ::-1]), "embedder")
    np.testing.assert_allclose(Found(work, "old_library").result, expected, rtol=0, atol=2e-6)


def test_the_wrapper_misbehaves_as_the_program_expects(work: Path) -> None:
    """Where this fails with a newer wheel, the fakes of the other tests are no longer true."""
    assert Found(work, "wrapper").result == {
        "garbage": [0, -1],
        "loaded": [0, 0],
        "wrong_mask": -1,
        "type": "list of ndarray float32",
        "three_dimensions": None,
        "failed_run_repeats": True,
        "failed_set": None,
        "failed_get": None,
        "released": None,
        "platforms": {
            "filled_target_platform": ["rk3588"],
            "support_target_platform": ["RK3588"],
        },
    }


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("no_library", ["/usr/lib/librknnrt.so is missing", "sudo curl -fLo /usr/lib/librknnrt"]),
        ("library_is_none", ["/usr/lib/librknnrt.so"]),
        ("library_is_incomplete", ["librknnrt.so"]),
        ("library_older_than_file", ["toolkit 2.5.0", "newer", "library 1.6.0"]),
        ("no_wrapper", ["rknn-toolkit-lite2 is not installed", "pip install"]),
        ("other_chip", ["converted for rk3588", "rk3568"]),
        ("other_chip_says_the_library", ["another chip", "rk3588"]),
        ("garbage", ["garbage.rknn is not a network converted for a Rockchip NPU"]),
        ("damaged", ["embedder.rknn", "cannot read it"]),
        ("driver_too_old", ["driver 0.8.2 is too old", "2.5.0"]),
        ("no_driver", ["no driver", "rknpu"]),
        ("mainline_kernel", ["mainline kernel"]),
        ("container_without_device", ["container", "/dev/dri/renderD129"]),
        ("mask_refused", ["embedder.rknn"]),
    ],
)
def test_what_cannot_start_says_why(work: Path, name: str, words: list[str]) -> None:
    found = Found(work, name)
    assert [word for word in words if word not in found.result] == [], found.result
    assert "Traceback" not in found.result and 'File "' not in found.result
    # Whatever was begun has been released.
    begun = [call for call in found.calls("init") if call["status"] == 0]
    assert len(found.calls("destroy")) == len(begun)


def test_a_file_cut_off_anywhere_never_reaches_the_library(work: Path) -> None:
    found = Found(work, "cut_off")
    assert len(found.result) == 4
    assert all("cut.rknn" in said for said in found.result)
    assert found.calls("init") == []


def test_a_hanging_start_is_given_up(work: Path) -> None:
    found = Found(work, "start_hangs")
    assert "did not start within 1 s" in found.result["said"]
    assert found.result["took_s"] < 3.5


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("run_fails", "does not renew its answer"),
        ("answers_stuck", "does not renew its answer"),
        ("set_fails", "failed to run"),
        ("get_fails", "failed to run"),
        ("answers_nan", "values that are not numbers"),
        ("answers_zero", "nothing but zeros"),
        ("hangs", "did not answer within 1 s"),
    ],
)
def test_a_failure_is_noticed_and_a_new_context_works(work: Path, name: str, words: str) -> None:
    found = Found(work, name)
    assert words in found.result["said"]
    assert found.result["took_s"] < 3.5
    assert found.result["again"] == found.result["said"]
    assert found.result["recovers"]
    assert len(found.calls("init")) == len(found.calls("destroy")) == 2


def test_a_first_run_that_fails_is_noticed(work: Path) -> None:
    assert "nothing but zeros" in Found(work, "first_run_fails").result


def test_a_hung_context_is_freed_by_its_own_thread_when_it_returns(work: Path) -> None:
    found = Found(work, "hangs")
    hung, renewed = found.calls("init")
    freed = {call["context"]: call["thread"] for call in found.calls("destroy")}
    assert freed == {call["context"]: call["thread"] for call in (hung, renewed)}
    assert hung["thread"] != renewed["thread"]
