"""Computers made of files, as their kernels show them."""

from __future__ import annotations

from pathlib import Path

import pytest

MEMINFO = """MemTotal:        7929876 kB
MemFree:          812344 kB
MemAvailable:    5242880 kB
HugePages_Total:       0
"""
STATUS = "Name:\tdoor-kiosk\nVmPeak:\t  412000 kB\nVmRSS:\t  131072 kB\nThreads:\t12\n"


class FakeMachine:
    """A root folder; the methods put a kind of computer into it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, path: str, text: str) -> FakeMachine:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        return self

    def zone(self, number: int, kind: str, milli_c: object) -> FakeMachine:
        folder = f"sys/class/thermal/thermal_zone{number}"
        self.write(f"{folder}/type", f"{kind}\n")
        return self.write(f"{folder}/temp", f"{milli_c}\n")

    def devfreq(self, name: str, now: object, most: object) -> FakeMachine:
        folder = f"sys/class/devfreq/{name}"
        self.write(f"{folder}/cur_freq", f"{now}\n")
        return self.write(f"{folder}/max_freq", f"{most}\n")

    def hwmon(self, number: int, chip: str, **files: object) -> FakeMachine:
        self.write(f"sys/class/hwmon/hwmon{number}/name", f"{chip}\n")
        for name, value in files.items():
            self.write(f"sys/class/hwmon/hwmon{number}/{name}", f"{value}\n")
        return self

    def memory(self) -> FakeMachine:
        return self.write("proc/meminfo", MEMINFO).write("proc/self/status", STATUS)

    def rk3588(self) -> FakeMachine:
        self.memory()
        load = "NPU load:  Core0: 42%, Core1:  7%, Core2:   %,\n"
        self.write("sys/kernel/debug/rknpu/load", load)
        self.write("sys/module/rknpu/version", "0.9.8\n")
        self.devfreq("fb000000.gpu", 300_000_000, 1_000_000_000)
        self.devfreq("fdab0000.npu", 600_000_000, 1_000_000_000)
        kinds = ("soc", "bigcore0", "bigcore1", "littlecore", "center", "gpu", "npu")
        for number, kind in enumerate(kinds):
            self.zone(number, f"{kind}-thermal", 45_000 + 1_000 * number)
        self.zone(7, "battery", 60_000)
        return self.hwmon(0, "ina226", power1_input=3_125_000, in1_input=12_000, curr1_input=260)

    def rk3566(self) -> FakeMachine:
        self.memory()
        self.write("sys/kernel/debug/rknpu/load", "NPU load:  33%\n")
        self.write("sys/kernel/debug/rknpu/version", "RKNPU driver: v0.8.2\n")
        self.devfreq("fde40000.npu", 900_000_000, 900_000_000)
        return self.zone(0, "soc-thermal", 51_234).zone(1, "gpu-thermal", 49_000)

    def rk1808(self) -> FakeMachine:
        self.memory()
        self.devfreq("ffbc0000.npu", 792_000_000, 792_000_000)
        return self.zone(0, "soc-thermal", 58_700)

    def pc(self) -> FakeMachine:
        self.memory()
        self.zone(0, "acpitz", 27_800)
        return self.zone(1, "x86_pkg_temp", 61_000)


@pytest.fixture
def machine(tmp_path: Path) -> FakeMachine:
    """An empty computer."""
    return FakeMachine(tmp_path)
