"""Which chip this is, and what its neural processor is like."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Soc:
    """A Rockchip system on a chip with a neural processor."""

    name: str
    """As the device tree spells it, e.g. ``rk3588s``."""
    target: str
    """The platform that networks are converted for, e.g. ``rk3588``."""
    npu_cores: int
    generation: int
    """2: rknn-toolkit-lite2 and librknnrt.so; 1: the RK1808 generation and its older toolkit."""

    @property
    def takes_core_mask(self) -> bool:
        """Whether a network can be bound to one core; elsewhere any mask but AUTO is refused."""
        return self.npu_cores > 1


# Networks for the RK3566 and the RK3568 are the same file format, and so are those for the RK1808
# and the RK3399Pro; the converter still writes the name that it was asked for.
_KNOWN = {
    "rk3588": Soc("rk3588", "rk3588", 3, 2),
    "rk3588s": Soc("rk3588s", "rk3588", 3, 2),
    "rk3576": Soc("rk3576", "rk3576", 2, 2),
    "rk3568": Soc("rk3568", "rk3568", 1, 2),
    "rk3566": Soc("rk3566", "rk3566", 1, 2),
    "rk3562": Soc("rk3562", "rk3562", 1, 2),
    "rk1808": Soc("rk1808", "rk1808", 1, 1),
    "rk3399pro": Soc("rk3399pro", "rk1808", 1, 1),
}
_ALIKE = (frozenset({"rk3566", "rk3568"}),)

TARGETS = tuple(dict.fromkeys(soc.target for soc in _KNOWN.values()))
"""Every platform that networks can be converted for."""

COMPATIBLE = Path("proc/device-tree/compatible")


def read_soc(root: Path = Path("/")) -> Soc | None:
    """Return the chip the device tree names; None on a PC or a chip without a known NPU."""
    try:
        entries = (root / COMPATIBLE).read_bytes().split(b"\0")
    except OSError:
        return None
    for entry in entries:
        maker, _, name = entry.decode("ascii", "replace").lower().partition(",")
        if maker == "rockchip" and name in _KNOWN:
            return _KNOWN[name]
    return None


def hides_soc(root: Path = Path("/"), machine: str | None = None) -> bool:
    """Tell whether this is an ARM computer that does not tell its chip, as in some containers."""
    is_arm = (machine or platform.machine()) in ("aarch64", "arm64", "armv7l")
    return is_arm and not (root / COMPATIBLE).is_file()


def attached_soc(target: str) -> Soc | None:
    """Return the chip of a compute stick that works for another computer; None if unknown."""
    return _KNOWN["rk1808"] if target == "rk1808" else None


def runs(target: str, soc: Soc) -> bool:
    """Tell whether a network converted for ``target`` runs on ``soc``."""
    return target == soc.target or any({target, soc.target} <= alike for alike in _ALIKE)
