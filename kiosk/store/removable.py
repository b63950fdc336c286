"""Which USB sticks and memory cards are mounted, read from the kernel."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

MOUNTINFO = Path("/proc/self/mountinfo")
SYS_BLOCK = Path("/sys/class/block")
LABELS = Path("/dev/disk/by-label")

# Their disk is the system's, even when the system itself runs from a stick.
_SYSTEM_MOUNTS = frozenset(("/", "/boot", "/boot/efi", "/boot/firmware", "/usr", "/var", "/home"))
_USB = re.compile(r"^usb\d+$")


@dataclass(frozen=True, slots=True)
class RemovableMedium:
    """A mounted medium that can be taken away."""

    mount_point: str
    label: str
    """Its name, else the last part of the mount point."""
    filesystem: str
    free_bytes: int
    """For ordinary users."""
    read_only: bool
    device: str
    """E.g. ``/dev/sda1``."""
    device_number: int = 0
    """``st_dev`` of its files; 0 when unknown."""


@dataclass(frozen=True, slots=True)
class Mount:
    """One line of mountinfo."""

    device_number: int
    root: str
    """The part of the file system that is mounted; ``/`` unless a folder is bound elsewhere."""
    mount_point: str
    filesystem: str
    source: str
    read_only: bool


def parse_mountinfo(text: str) -> list[Mount]:
    """Read ``/proc/self/mountinfo``; lines that are not understood are left out."""
    return [mount for line in text.split("\n") if (mount := _parse_line(line)) is not None]


def unescape_octal(text: str) -> str:
    r"""Undo the kernel's escapes, such as ``\040`` for a space."""
    raw = re.sub(rb"\\([0-3][0-7]{2})", lambda m: bytes([int(m.group(1), 8)]), os.fsencode(text))
    return os.fsdecode(raw)


def find_removable_media(
    *,
    mountinfo: Path = MOUNTINFO,
    sys_block: Path = SYS_BLOCK,
    labels: Path = LABELS,
    statvfs: Callable[[str], os.statvfs_result] = os.statvfs,
) -> list[RemovableMedium]:
    """Return mounted removable media by mount point; none when the kernel cannot be asked.

    A medium counts as removable when its disk says so or hangs on USB, unless the system runs
    from the same disk. One that no longer answers is left out.
    """
    try:
        # Names are bytes; surrogateescape keeps those that are not UTF-8.
        mounts = parse_mountinfo(os.fsdecode(mountinfo.read_bytes()))
    except OSError:
        return []
    mounts = [m for m in mounts if m.source.startswith("/dev/")]
    system: set[Path] = set()
    for mount in mounts:
        if mount.mount_point in _SYSTEM_MOUNTS:
            system.update(_disks(_device_name(mount.source), sys_block))
    names = _labels(labels)
    media: dict[str, RemovableMedium] = {}
    # A bound folder of a stick is the same stick: whole file systems first.
    for mount in sorted(mounts, key=lambda m: m.root != "/"):
        device = _device_name(mount.source)
        disks = set(_disks(device, sys_block))
        if device in media or disks & system or not any(map(_is_removable, disks)):
            continue
        try:
            space = statvfs(mount.mount_point)
        except OSError:
            continue
        media[device] = RemovableMedium(
            mount_point=mount.mount_point,
            label=names.get(device) or Path(mount.mount_point).name or device,
            filesystem=mount.filesystem,
            free_bytes=space.f_bavail * space.f_frsize,
            read_only=mount.read_only,
            device=mount.source,
            device_number=mount.device_number,
        )
    return sorted(media.values(), key=lambda m: m.mount_point)


def _parse_line(line: str) -> Mount | None:
    left, separator, right = line.partition(" - ")
    fields, rest = left.split(" "), right.split(" ")
    if not separator or len(fields) < 6 or len(rest) < 3:
        return None
    major, _, minor = fields[2].partition(":")
    if not (major.isascii() and major.isdigit() and minor.isascii() and minor.isdigit()):
        return None
    if max(int(major), int(minor)) >= 2**31:
        return None
    return Mount(
        device_number=os.makedev(int(major), int(minor)),
        root=unescape_octal(fields[3]),
        mount_point=unescape_octal(fields[4]),
        filesystem=unescape_octal(rest[0]),
        source=unescape_octal(rest[1]),
        # A stick that reported errors turns read-only as a whole, not only where it is mounted.
        read_only="ro" in fields[5].split(",") or "ro" in rest[2].split(","),
    )


def _device_name(source: str) -> str:
    # /dev/mapper/NAME and /dev/disk/by-*/NAME are links to the real device.
    return Path(os.path.realpath(source)).name


def _disks(device: str, sys_block: Path) -> Iterator[Path]:
    """Yield the whole disks that carry a device: a partition's, or those below a mapping."""
    folder = sys_block / device
    if not device or not folder.exists():
        return
    folder = folder.resolve()
    if (folder / "partition").exists():
        yield folder.parent
        return
    try:
        below = sorted(entry.name for entry in (folder / "slaves").iterdir())
    except OSError:
        below = []
    if not below:
        yield folder
    for name in below:
        yield from _disks(name, sys_block)


def _is_removable(disk: Path) -> bool:
    if any(_USB.match(part) for part in disk.parts):
        return True
    try:
        return (disk / "removable").read_text(encoding="ascii").strip() == "1"
    except (OSError, UnicodeDecodeError):
        return False


def _labels(folder: Path) -> dict[str, str]:
    """Names of devices by device, from udev's links, whose names escape as ``\\x20``."""
    try:
        links = sorted(folder.iterdir())
    except OSError:
        return {}
    return {
        Path(os.path.realpath(link)).name: re.sub(
            rb"\\x([0-9a-fA-F]{2})",
            lambda m: bytes([int(m.group(1), 16)]),
            os.fsencode(link.name),
        ).decode("utf-8", "replace")
        for link in links
    }
