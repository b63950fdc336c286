"""What the computer says about itself: load, clock, heat, memory, power.

Paths and formats are those of the vendor kernels 5.10 and 6.1 (driver rknpu), and of mainline for
the rest. Nothing is guessed: what a computer does not offer is listed as absent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from kiosk.board.power import Power, read_power
from kiosk.board.sysfs import Tree

_LOADS = ("sys/kernel/debug/rknpu/load", "proc/rknpu/load")
_VERSIONS = (
    "sys/module/rknpu/version",
    "sys/kernel/debug/rknpu/version",
    "proc/rknpu/version",
)
_DEVFREQ = "sys/class/devfreq"
_THERMAL = "sys/class/thermal"
_MEMORY = "proc/meminfo"
_OWN = "proc/self/status"

_CORE_LOAD = re.compile(r"Core(\d+):\s*(\d*)\s*%")
_ONE_LOAD = re.compile(r"NPU load:\s*(\d*)\s*%")
_MAX_CORES = 8
_VERSION = re.compile(r"\d+(?:\.\d+)+")
_MIN_HZ, _MAX_HZ = 1_000_000, 10_000_000_000
_CHIP_ZONE = re.compile(
    r"((soc|bigcore|littlecore|center|gpu|npu|cpu|ddr)\d*)[-_]thermal|(x86_pkg_temp|coretemp)"
)
_CHIP_HWMON = ("coretemp", "k10temp", "cpu_thermal")
_MIN_C, _MAX_C = -40.0, 150.0


@dataclass(frozen=True, slots=True)
class Temperature:
    """One place of the chip."""

    place: str
    celsius: float


@dataclass(frozen=True, slots=True)
class Absent:
    """Something this computer does not offer, with where it was looked for and why not there."""

    what: str
    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class BoardReading:
    """One look at the computer; None and empty mean that it does not offer the figure."""

    npu_load_percent: tuple[int, ...] = ()
    """0–100 for each core."""
    npu_hz: int | None = None
    npu_max_hz: int | None = None
    npu_driver: str | None = None
    temperatures: tuple[Temperature, ...] = ()
    memory_total_mib: int | None = None
    memory_available_mib: int | None = None
    own_resident_mib: int | None = None
    power: Power | None = None
    absent: tuple[Absent, ...] = ()

    @property
    def hottest(self) -> Temperature | None:
        """The hottest place of the chip."""
        return max(self.temperatures, key=lambda each: each.celsius, default=None)

    @property
    def temperature_c(self) -> float | None:
        """The temperature of the hottest place, in °C."""
        return self.hottest.celsius if self.hottest else None

    @property
    def has_npu(self) -> bool:
        """Whether anything of a Rockchip NPU's driver shows."""
        return bool(self.npu_load_percent or self.npu_hz is not None or self.npu_driver)


class BoardSensors:
    """Reads the figures; keeps no state and may be used by several threads."""

    def __init__(self, root: Path = Path("/")) -> None:
        self._tree = Tree(root)

    def read(self) -> BoardReading:
        """Look once. Raises nothing; takes a few milliseconds, or for ever where a driver hangs."""
        load, clock, most = self._load(), *self._clock()
        temperatures = self._zones() or self._hwmon_temperatures()
        memory = parse_kibibytes(self._tree.text_or_none(_MEMORY) or "")
        own = parse_kibibytes(self._tree.text_or_none(_OWN) or "")
        total, available = memory.get("MemTotal"), memory.get("MemAvailable")
        if total is None or available is None or not 0 <= available <= total:
            total = available = None
        resident = own.get("VmRSS")
        driver, power = self._driver(), read_power(self._tree)
        figures = (
            ("NPU load", bool(load), _LOADS),
            ("NPU clock", clock is not None, (_DEVFREQ,)),
            ("NPU driver", driver is not None, _VERSIONS),
            ("temperature", bool(temperatures), (_THERMAL,)),
            ("memory", total is not None, (_MEMORY,)),
            ("own memory", resident is not None, (_OWN,)),
            ("power", power is not None, ("sys/class/hwmon",)),
        )
        absent = tuple(
            self._absent(what, paths) for what, is_there, paths in figures if not is_there
        )
        return BoardReading(
            npu_load_percent=load,
            npu_hz=clock,
            npu_max_hz=most,
            npu_driver=driver,
            temperatures=temperatures,
            memory_total_mib=_mib(total),
            memory_available_mib=_mib(available),
            own_resident_mib=_mib(resident),
            power=power,
            absent=absent,
        )

    def _load(self) -> tuple[int, ...]:
        for path in _LOADS:
            if load := parse_npu_load(self._tree.text_or_none(path) or ""):
                return load
        return ()

    def _clock(self) -> tuple[int | None, int | None]:
        for name in self._tree.names(_DEVFREQ):
            folder = f"{_DEVFREQ}/{name}"
            if name.endswith(".npu") or self._is_rknpu(folder):
                now = self._hertz(f"{folder}/cur_freq")
                if now is not None:
                    return now, self._hertz(f"{folder}/max_freq")
        return None, None

    def _hertz(self, path: str) -> int | None:
        hertz = self._tree.number(path)
        return hertz if hertz is not None and _MIN_HZ <= hertz <= _MAX_HZ else None

    def _is_rknpu(self, folder: str) -> bool:
        places = (f"{folder}/device/of_node/compatible", f"{folder}/of_node/compatible")
        return any("rknpu" in (self._tree.text_or_none(path) or "") for path in places)

    def _driver(self) -> str | None:
        for path in _VERSIONS:
            if found := _VERSION.search(self._tree.text_or_none(path) or ""):
                return found.group()
        return None

    def _zones(self) -> tuple[Temperature, ...]:
        found = []
        for name in self._tree.names(_THERMAL, lambda name: name.startswith("thermal_zone")):
            # By type: the numbers of the zones differ from kernel to kernel.
            zone = _CHIP_ZONE.fullmatch(self._tree.text_or_none(f"{_THERMAL}/{name}/type") or "")
            if zone:
                celsius = self._celsius(f"{_THERMAL}/{name}/temp")
                if celsius is not None:
                    found.append(Temperature(zone.group(1) or zone.group(3), celsius))
        return tuple(found)

    def _hwmon_temperatures(self) -> tuple[Temperature, ...]:
        """Where PCs without a thermal zone for the processor have it."""
        for name in self._tree.names("sys/class/hwmon"):
            folder = f"sys/class/hwmon/{name}"
            chip = self._tree.text_or_none(f"{folder}/name")
            if chip in _CHIP_HWMON:
                celsius = self._celsius(f"{folder}/temp1_input")
                if celsius is not None:
                    return (Temperature(chip, celsius),)
        return ()

    def _celsius(self, path: str) -> float | None:
        milli = self._tree.number(path)
        if milli is None or not _MIN_C <= milli / 1000 <= _MAX_C:
            return None
        return milli / 1000

    def _absent(self, what: str, paths: tuple[str, ...]) -> Absent:
        for path in paths:
            reason = self._reason(path)
            # A file that is there but refuses says more than one that is not.
            if reason != "not there":
                return Absent(what, f"/{path}", reason)
        return Absent(what, f"/{paths[0]}", "not there")

    def _reason(self, path: str) -> str:
        if not path.startswith("sys/class/"):
            return self._tree.why_not(path)
        return "nothing of the kind in it" if self._tree.names(path) else "not there"


def parse_npu_load(text: str) -> tuple[int, ...]:
    """Return the load of each core in percent from the driver's line; empty when it is none.

    ``NPU load:  Core0:  7%, Core1:   %, Core2:  0%,`` with several cores, ``NPU load:  7%`` with
    one; the driver prints zero as blanks.
    """
    cores = _CORE_LOAD.findall(text)
    if cores:
        if [number for number, _ in cores] != [str(i) for i in range(len(cores))]:
            return ()
        values = [value for _, value in cores]
    else:
        values = _ONE_LOAD.findall(text)
        if len(values) != 1:
            return ()
    if len(values) > _MAX_CORES or any(len(value) > 3 for value in values):
        return ()
    loads = tuple(int(value or 0) for value in values)
    return loads if max(loads) <= 100 else ()


def parse_kibibytes(text: str) -> dict[str, int]:
    """Return the figures of ``Name:  123 kB`` lines, as in /proc/meminfo, in KiB."""
    return {
        name: int(value)
        for name, value in re.findall(r"^(\w+):[ \t]*(\d{1,15}) kB[ \t]*$", text, re.MULTILINE)
    }


def _mib(kibibytes: int | None) -> int | None:
    return None if kibibytes is None else kibibytes // 1024
