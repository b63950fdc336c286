"""The chip is read from the device tree, and nothing else is taken for one."""

from __future__ import annotations

from pathlib import Path

import pytest

from kiosk.board.soc import TARGETS, attached_soc, hides_soc, read_soc, runs


def write_tree(root: Path, content: bytes) -> None:
    path = root / "proc/device-tree/compatible"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("content", "name", "target", "cores", "generation"),
    [
        (b"radxa,rock-5b\0rockchip,rk3588\0", "rk3588", "rk3588", 3, 2),
        (b"xunlong,orangepi-5\0rockchip,rk3588s\0", "rk3588s", "rk3588", 3, 2),
        (b"friendlyarm,m5\0rockchip,rk3576\0", "rk3576", "rk3576", 2, 2),
        (b"rockchip,rk3568-evb\0rockchip,rk3568", "rk3568", "rk3568", 1, 2),
        (b"rockchip,rk3566\0", "rk3566", "rk3566", 1, 2),
        (b"rockchip,rk3562\0", "rk3562", "rk3562", 1, 2),
        (b"rockchip,rk1808-compute-stick\0rockchip,rk1808\0", "rk1808", "rk1808", 1, 1),
        (b"rockchip,rk3399pro\0", "rk3399pro", "rk1808", 1, 1),
    ],
)
def test_known_chips(
    tmp_path: Path, content: bytes, name: str, target: str, cores: int, generation: int
) -> None:
    write_tree(tmp_path, content)

    soc = read_soc(tmp_path)

    assert soc is not None
    assert (soc.name, soc.target, soc.npu_cores, soc.generation) == (
        name,
        target,
        cores,
        generation,
    )


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0",
        b"raspberrypi,5-model-b\0brcm,bcm2712\0",
        b"rk3588\0",
        b"other,rk3588",
        b"\xff" * 9,
    ],
)
def test_anything_else_is_none(tmp_path: Path, content: bytes) -> None:
    write_tree(tmp_path, content)

    assert read_soc(tmp_path) is None


def test_a_pc_has_no_device_tree(tmp_path: Path) -> None:
    assert read_soc(tmp_path) is None


def test_only_the_twins_run_each_others_networks(tmp_path: Path) -> None:
    write_tree(tmp_path, b"rockchip,rk3566")
    soc = read_soc(tmp_path)
    assert soc is not None

    assert [target for target in TARGETS if runs(target, soc)] == ["rk3568", "rk3566"]


def test_only_the_rk1808_comes_as_a_stick() -> None:
    assert [target for target in TARGETS if attached_soc(target)] == ["rk1808"]


def test_an_arm_computer_without_a_device_tree_hides_its_chip(tmp_path: Path) -> None:
    assert hides_soc(tmp_path, "aarch64")
    assert not hides_soc(tmp_path, "x86_64")
    write_tree(tmp_path, b"brcm,bcm2712\0")
    assert not hides_soc(tmp_path, "aarch64")
