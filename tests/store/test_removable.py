"""Which mounts are removable media, with a kernel made of files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.store.removable import find_removable_media, parse_mountinfo, unescape_octal

LINES = {
    "root": "27 1 254:0 / / rw,relatime - ext4 /dev/vda1 rw,discard",
    "proc": "22 27 0:21 / /proc rw,relatime - proc proc rw",
    "stick": r"60 27 8:1 / /media/door/MY\040STICK rw,nosuid shared:3 master:1 - vfat /dev/sda1 rw",
    "whole": "61 27 8:16 / /mnt/whole ro,nosuid - exfat /dev/sdb rw",
    "card": "62 27 179:1 / /mnt/card rw - vfat /dev/mmcblk0p1 ro,errors=remount-ro",
    "fixed": "63 27 259:1 / /data rw - ext4 /dev/nvme0n1p1 rw",
    "bound": "59 27 8:1 /sub /srv/bound rw - vfat /dev/sda1 rw",
    "crypt": "64 27 253:0 / /mnt/crypt rw - ext4 /dev/mapper/nowhere rw",
}


class Kernel:
    """A folder that looks like mountinfo, /sys/class/block and /dev/disk/by-label."""

    def __init__(self, root: Path) -> None:
        self.mountinfo = root / "mountinfo"
        self.sys_block = root / "sys" / "class" / "block"
        self.labels = root / "by-label"
        self._devices = root / "sys" / "devices"
        self._dev = root / "dev"
        for folder in (self.sys_block, self.labels, self._dev):
            folder.mkdir(parents=True)
        self.disk("vda", "pci/virtio0", "0", "vda1")
        self.disk("sda", "pci/usb1/1-2/host0", "0", "sda1")
        self.disk("sdb", "pci/ata1/host1", "1")
        self.disk("mmcblk0", "platform/mmc0", "1", "mmcblk0p1")
        self.disk("nvme0n1", "pci/nvme0", "0", "nvme0n1p1")

    def disk(self, name: str, bus: str, removable: str, *partitions: str) -> None:
        folder = self._devices / bus / "block" / name
        folder.mkdir(parents=True)
        (folder / "removable").write_text(removable + "\n")
        (folder / "slaves").mkdir()
        (self.sys_block / name).symlink_to(folder)
        for partition in partitions:
            (folder / partition).mkdir()
            (folder / partition / "partition").write_text("1\n")
            (self.sys_block / partition).symlink_to(folder / partition)

    def mapping(self, name: str, below: str) -> None:
        self.disk(name, f"virtual/{name}", "0")
        ((self.sys_block / name).resolve() / "slaves" / below).mkdir()

    def label(self, name: str, device: str) -> None:
        (self._dev / device).touch()
        (self.labels / name).symlink_to(self._dev / device)

    def mount(self, *lines: str) -> None:
        self.mountinfo.write_text("\n".join(lines) + "\n")

    def found(self) -> list[tuple[str, str, bool]]:
        media = find_removable_media(
            mountinfo=self.mountinfo,
            sys_block=self.sys_block,
            labels=self.labels,
            statvfs=lambda path: os.statvfs("/"),
        )
        return [(m.mount_point, m.device, m.read_only) for m in media]


@pytest.fixture
def kernel(tmp_path: Path) -> Kernel:
    return Kernel(tmp_path)


STICK = ("/media/door/MY STICK", "/dev/sda1", False)


def test_sticks_and_cards_are_found_and_disks_are_not(kernel: Kernel) -> None:
    kernel.mount(*LINES.values())
    assert kernel.found() == [
        STICK,
        ("/mnt/card", "/dev/mmcblk0p1", True),
        ("/mnt/whole", "/dev/sdb", True),
    ]


def test_the_disk_the_system_runs_from_is_never_offered(kernel: Kernel) -> None:
    kernel.mount("27 1 179:2 / / rw - ext4 /dev/mmcblk0p2 rw", LINES["card"], LINES["stick"])
    (kernel.sys_block / "mmcblk0p2").symlink_to(kernel.sys_block / "mmcblk0p1")
    assert kernel.found() == [STICK]


def test_a_system_on_a_mapping_hides_the_disk_below(kernel: Kernel) -> None:
    kernel.mapping("dm-0", "sda1")
    kernel.mount("27 1 253:0 / / rw - ext4 /dev/dm-0 rw", LINES["stick"])
    assert kernel.found() == []


def test_an_encrypted_stick_is_a_stick(kernel: Kernel) -> None:
    kernel.mapping("dm-1", "sda1")
    kernel.mount(LINES["root"], "70 27 253:1 / /mnt/secret rw - ext4 /dev/dm-1 rw")
    assert kernel.found() == [("/mnt/secret", "/dev/dm-1", False)]


def test_labels_and_numbers(kernel: Kernel) -> None:
    kernel.mount(LINES["stick"], LINES["whole"])
    kernel.label(r"LOG\x20\xc3\x9c", "sda1")
    media = find_removable_media(
        mountinfo=kernel.mountinfo,
        sys_block=kernel.sys_block,
        labels=kernel.labels,
        statvfs=lambda path: os.statvfs("/"),
    )
    space = os.statvfs("/")
    assert [m.label for m in media] == ["LOG Ü", "whole"]
    assert [m.device_number for m in media] == [os.makedev(8, 1), os.makedev(8, 16)]
    assert [m.filesystem for m in media] == ["vfat", "exfat"]
    assert media[0].free_bytes > 0
    assert media[0].free_bytes % space.f_frsize == 0


def test_a_stick_that_does_not_answer_is_left_out(kernel: Kernel) -> None:
    def statvfs(path: str) -> os.statvfs_result:
        raise OSError(5, "Input/output error")

    kernel.mount(*LINES.values())
    assert (
        find_removable_media(
            mountinfo=kernel.mountinfo,
            sys_block=kernel.sys_block,
            labels=kernel.labels,
            statvfs=statvfs,
        )
        == []
    )


def test_no_kernel_no_media(tmp_path: Path) -> None:
    assert find_removable_media(mountinfo=tmp_path / "none") == []


def test_the_real_kernel_can_be_asked() -> None:
    for medium in find_removable_media():
        assert Path(medium.mount_point).is_dir()


def escaped(name: str) -> str:
    """Escape as the kernel does when it prints a path."""
    return "".join(f"\\{ord(c):03o}" if c in " \t\n\\" else c for c in name)


PATHS = st.text(st.characters(blacklist_characters="\0\r", blacklist_categories=["Cs"]), min_size=1)


@given(PATHS)
def test_escaped_names_come_back(name: str) -> None:
    assert unescape_octal(escaped(name)) == name


@given(PATHS, PATHS, st.booleans(), st.booleans(), st.integers(0, 4095), st.integers(0, 1 << 20))
def test_a_line_is_understood_whatever_the_names(
    point: str, source: str, point_ro: bool, super_ro: bool, major: int, minor: int
) -> None:
    line = (
        f"36 35 {major}:{minor} / {escaped('/' + point)} {'ro' if point_ro else 'rw'},noatime "
        f"master:1 shared:2 - vfat {escaped(source)} {'ro' if super_ro else 'rw'},errors=continue"
    )
    (mount,) = parse_mountinfo(line + "\n")
    assert (mount.mount_point, mount.source) == ("/" + point, source)
    assert mount.read_only == (point_ro or super_ro)
    assert mount.device_number == os.makedev(major, minor)


@given(st.text())
def test_nonsense_is_left_out(text: str) -> None:
    for mount in parse_mountinfo(text):
        assert mount.source
