"""What the sensors of the computer mean for somebody who looks after it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from kiosk.board.sensors import BoardReading
from kiosk.board.soc import Soc
from kiosk.health import HealthRow

_HOT_C = 85.0
_TOO_HOT_C = 95.0
_LOW_MEMORY = 0.1


def board_rows(
    reading: BoardReading | None, sentence: str | None, soc: Soc | None
) -> list[HealthRow]:
    """Say how NPU, temperature and memory are; ``sentence`` is the governor's.

    Without a ``reading`` nothing has been looked at yet.
    """
    if reading is None:
        return [
            HealthRow(name, "ok", "not looked at yet") for name in ("NPU", "Temperature", "Memory")
        ]
    return [npu_row(reading, soc), temperature_row(reading, sentence, soc), memory_row(reading)]


def npu_row(reading: BoardReading, soc: Soc | None) -> HealthRow:
    """Say how busy the neural processor is and how fast it runs."""
    if soc is None and not reading.has_npu:
        return HealthRow("NPU", "ok", "absent: this computer has no Rockchip NPU")
    parts = [soc.name if soc else "Rockchip NPU of an unknown chip"]
    if reading.npu_load_percent:
        parts.append("load " + " / ".join(f"{load} %" for load in reading.npu_load_percent))
    if reading.npu_hz is not None:
        most = f" of {reading.npu_max_hz / 1e6:.0f}" if reading.npu_max_hz else ""
        parts.append(f"{reading.npu_hz / 1e6:.0f}{most} MHz")
    if reading.npu_driver:
        parts.append(f"driver {reading.npu_driver}")
    missing = [
        f"{each.what} not known ({each.path}: {each.reason})"
        for each in reading.absent
        if each.what.startswith("NPU")
    ]
    return HealthRow("NPU", "ok", ", ".join(parts) + "".join(f"; {text}" for text in missing))


def temperature_row(reading: BoardReading, sentence: str | None, soc: Soc | None) -> HealthRow:
    """Say how hot the chip is, what it takes, and what the governor does about it."""
    hottest = reading.hottest
    text = _absence(reading, "temperature")
    level = "ok"
    if hottest is not None:
        text = f"{hottest.celsius:.0f} °C ({hottest.place})"
    if reading.power is not None:
        text += f", {reading.power.watts:.1f} W ({reading.power.source})"
    # A PC may be as hot as that all day.
    if soc is not None and hottest is not None and hottest.celsius >= _HOT_C:
        level = "fault" if hottest.celsius >= _TOO_HOT_C else "warning"
        text += ": too hot. Give it air or a larger heat sink"
    if sentence is not None:
        text += f". {sentence}"
        level = "warning" if level == "ok" else level
    return HealthRow("Temperature", level, text)


def memory_row(reading: BoardReading) -> HealthRow:
    """Say how much memory is left, and how much of it is ours."""
    total, available = reading.memory_total_mib, reading.memory_available_mib
    own = reading.own_resident_mib
    ours = "" if own is None else f"; this program takes {own} MiB"
    if total is None or available is None:
        return HealthRow("Memory", "ok", _absence(reading, "memory") + ours)
    text = f"{available} of {total} MiB available{ours}"
    if available < _LOW_MEMORY * total:
        return HealthRow("Memory", "warning", f"{text}. Stop other programs on this computer")
    return HealthRow("Memory", "ok", text)


def board_figures(reading: BoardReading, soc: Soc | None) -> dict[str, Any]:
    """Return the figures for machines: all keys always there, absent ones None or empty."""
    return {
        "soc": soc.name if soc else None,
        "npu_cores": soc.npu_cores if soc else None,
        **asdict(reading),
        "temperature_c": reading.temperature_c,
    }


def _absence(reading: BoardReading, what: str) -> str:
    each = next((each for each in reading.absent if each.what == what), None)
    return "absent" if each is None else f"absent ({each.path}: {each.reason})"
