"""The power the board takes, where a measuring chip sits on its supply."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kiosk.board.sysfs import Tree

_HWMON = "sys/class/hwmon"
_MAX_W = 1000.0
# USB-C ports report what was negotiated, not what flows; the others measure parts of a PC.
_NOT_THE_BOARD = re.compile(r"tcpm_source_psy.*|ucsi_source_psy.*|amdgpu|nouveau|nvme|BAT\d*")


@dataclass(frozen=True, slots=True)
class Power:
    """A measured power and where it comes from, e.g. ``ina226 power1_input``."""

    watts: float
    source: str


def read_power(tree: Tree) -> Power | None:
    """Return the largest power any measuring chip reports; None where there is none.

    The largest: a chip with several channels measures the supply and rails behind it.
    """
    found = [power for name in tree.names(_HWMON) for power in _of_chip(tree, f"{_HWMON}/{name}")]
    return max(found, key=lambda each: each.watts, default=None)


def _of_chip(tree: Tree, folder: str) -> list[Power]:
    chip = tree.text_or_none(f"{folder}/name")
    if not chip or _NOT_THE_BOARD.fullmatch(chip):
        return []
    files = tree.names(folder)
    found = []
    for file in files:
        watts = None
        if re.fullmatch(r"power\d+_(input|average)", file):
            microwatts = tree.number(f"{folder}/{file}")
            watts = None if microwatts is None else microwatts / 1e6
        elif re.fullmatch(r"curr\d+_input", file) and file.replace("curr", "in") in files:
            milliamps = tree.number(f"{folder}/{file}")
            millivolts = tree.number(f"{folder}/{file.replace('curr', 'in')}")
            if milliamps is not None and millivolts is not None:
                watts = milliamps * millivolts / 1e6
        if watts is not None and 0 < watts <= _MAX_W:
            found.append(Power(watts, f"{chip} {file}"))
    return found
