"""The rows of the diagnostics screen about the computer itself."""

from __future__ import annotations

import json

import pytest

from kiosk.board.power import Power
from kiosk.board.sensors import Absent, BoardReading, Temperature
from kiosk.board.soc import Soc
from kiosk.boardhealth import board_figures, board_rows
from kiosk.health import HealthRow

RK3588 = Soc("rk3588s", "rk3588", 3, 2)
BOARD = BoardReading(
    npu_load_percent=(42, 7, 0),
    npu_hz=600_000_000,
    npu_max_hz=1_000_000_000,
    npu_driver="0.9.8",
    temperatures=(Temperature("soc", 50.0), Temperature("npu", 52.6)),
    memory_total_mib=7744,
    memory_available_mib=5120,
    own_resident_mib=128,
    power=Power(3.14, "ina226 power1_input"),
)
PC = BoardReading(
    memory_total_mib=1000,
    memory_available_mib=99,
    absent=(
        Absent("NPU load", "/sys/kernel/debug/rknpu/load", "only root may look there"),
        Absent("temperature", "/sys/class/thermal", "not there"),
    ),
)


def hot(celsius: float, soc: Soc | None = RK3588) -> HealthRow:
    reading = BoardReading(temperatures=(Temperature("soc", celsius),))
    return board_rows(reading, None, soc)[1]


def test_a_board() -> None:
    assert board_rows(BOARD, None, RK3588) == [
        HealthRow("NPU", "ok", "rk3588s, load 42 % / 7 % / 0 %, 600 of 1000 MHz, driver 0.9.8"),
        HealthRow("Temperature", "ok", "53 °C (npu), 3.1 W (ina226 power1_input)"),
        HealthRow("Memory", "ok", "5120 of 7744 MiB available; this program takes 128 MiB"),
    ]


def test_a_pc() -> None:
    npu, temperature, memory = board_rows(PC, None, None)
    assert npu == HealthRow("NPU", "ok", "absent: this computer has no Rockchip NPU")
    assert temperature == HealthRow("Temperature", "ok", "absent (/sys/class/thermal: not there)")
    assert memory.level == "warning" and "99 of 1000 MiB" in memory.text


def test_a_board_where_debugfs_is_closed() -> None:
    row = board_rows(PC, None, RK3588)[0]
    assert row.text == (
        "rk3588s; NPU load not known (/sys/kernel/debug/rknpu/load: only root may look there)"
    )


def test_an_npu_of_an_unknown_chip_is_not_denied() -> None:
    assert "unknown chip" in board_rows(BoardReading(npu_hz=10**9), None, None)[0].text


@pytest.mark.parametrize(
    ("celsius", "level"),
    [(-10, "ok"), (84.9, "ok"), (85, "warning"), (94.9, "warning"), (95, "fault"), (149, "fault")],
)
def test_heat(celsius: float, level: str) -> None:
    assert hot(celsius).level == level


def test_a_pc_may_be_as_hot_as_it_likes() -> None:
    assert hot(99, None) == HealthRow("Temperature", "ok", "99 °C (soc)")


def test_the_governor_speaks_in_the_temperature_row() -> None:
    row = board_rows(BOARD, "Faces are looked at less often.", RK3588)[1]
    assert row.level == "warning"
    assert row.text.endswith(". Faces are looked at less often.")


def test_a_tenth_of_the_memory_is_enough() -> None:
    reading = BoardReading(memory_total_mib=1000, memory_available_mib=100)
    assert board_rows(reading, None, None)[2].level == "ok"


def test_before_the_first_look() -> None:
    rows = board_rows(None, None, None)
    assert [row.name for row in rows] == ["NPU", "Temperature", "Memory"]
    assert {row.text for row in rows} == {"not looked at yet"}


def test_figures_keep_their_keys() -> None:
    board = json.loads(json.dumps(board_figures(BOARD, RK3588)))
    nothing = board_figures(BoardReading(), None)
    assert set(board) == set(nothing)
    assert board["npu_load_percent"] == [42, 7, 0]
    assert board["temperature_c"] == 52.6
    assert board["power"] == {"watts": 3.14, "source": "ina226 power1_input"}
    assert nothing["soc"] is None and nothing["temperature_c"] is None
