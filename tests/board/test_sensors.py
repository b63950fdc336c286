"""What each kind of computer offers, and what becomes of files that vanish, refuse and lie."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.board import sysfs
from kiosk.board.sensors import (
    BoardReading,
    BoardSensors,
    Temperature,
    parse_kibibytes,
    parse_npu_load,
)


def absent(reading: BoardReading) -> dict[str, tuple[str, str]]:
    return {each.what: (each.path, each.reason) for each in reading.absent}


class TestComputers:
    def test_rk3588(self, machine) -> None:
        reading = BoardSensors(machine.rk3588().root).read()
        assert reading.npu_load_percent == (42, 7, 0)
        assert (reading.npu_hz, reading.npu_max_hz) == (600_000_000, 1_000_000_000)
        assert reading.npu_driver == "0.9.8"
        assert len(reading.temperatures) == 7
        assert reading.hottest == Temperature("npu", 51.0)
        assert reading.temperature_c == 51.0
        assert reading.memory_total_mib == 7744
        assert reading.memory_available_mib == 5120
        assert reading.own_resident_mib == 128
        assert reading.power is not None
        assert reading.power.watts == pytest.approx(3.125)
        assert reading.power.source == "ina226 power1_input"
        assert reading.absent == ()
        assert reading.has_npu

    def test_rk3566_has_one_core(self, machine) -> None:
        reading = BoardSensors(machine.rk3566().root).read()
        assert reading.npu_load_percent == (33,)
        assert reading.npu_driver == "0.8.2"
        assert reading.temperature_c == 51.234
        assert absent(reading) == {"power": ("/sys/class/hwmon", "not there")}

    def test_rk1808_tells_no_load(self, machine) -> None:
        reading = BoardSensors(machine.rk1808().root).read()
        assert reading.npu_hz == 792_000_000
        assert reading.npu_load_percent == () and reading.npu_driver is None
        assert absent(reading)["NPU load"] == ("/sys/kernel/debug/rknpu/load", "not there")
        assert reading.has_npu

    def test_a_pc_has_a_temperature_and_no_npu(self, machine) -> None:
        machine.pc().devfreq("0000:00:02.0", 300_000_000, 1_000_000_000)
        reading = BoardSensors(machine.root).read()
        assert reading.temperatures == (Temperature("x86_pkg_temp", 61.0),)
        assert not reading.has_npu
        assert set(absent(reading)) == {"NPU load", "NPU clock", "NPU driver", "power"}
        assert absent(reading)["NPU clock"] == ("/sys/class/devfreq", "nothing of the kind in it")

    def test_a_pc_whose_processor_is_known_to_hwmon_only(self, machine) -> None:
        machine.hwmon(0, "nvme", temp1_input=39_000).hwmon(1, "k10temp", temp1_input=55_500)
        assert BoardSensors(machine.root).read().temperatures == (Temperature("k10temp", 55.5),)

    def test_an_empty_root_has_nothing_and_says_where_it_looked(self, tmp_path: Path) -> None:
        reading = BoardSensors(tmp_path / "no-such-folder").read()
        assert reading == BoardReading(absent=reading.absent)
        assert {reason for _, reason in absent(reading).values()} == {"not there"}
        assert absent(reading)["memory"][0] == "/proc/meminfo"
        assert len(reading.absent) == 7

    def test_this_computer(self) -> None:
        reading = BoardSensors().read()
        assert reading.own_resident_mib and reading.own_resident_mib > 5


class TestOtherPlaces:
    def test_load_and_version_in_proc(self, machine) -> None:
        machine.write("proc/rknpu/load", "NPU load:  Core0:  1%, Core1:  2%,\n")
        machine.write("proc/rknpu/version", "RKNPU driver: v0.9.3\n")
        reading = BoardSensors(machine.root).read()
        assert reading.npu_load_percent == (1, 2)
        assert reading.npu_driver == "0.9.3"

    @pytest.mark.parametrize("place", ["device/of_node/compatible", "of_node/compatible"])
    def test_a_clock_found_by_its_driver(self, machine, place: str) -> None:
        machine.devfreq("28000000.accelerator", 500_000_000, 950_000_000)
        machine.write(
            f"sys/class/devfreq/28000000.accelerator/{place}", "rockchip,rk3576-rknpu\0rknpu\0"
        )
        assert BoardSensors(machine.root).read().npu_hz == 500_000_000

    def test_one_place_that_refuses_does_not_hide_another(self, machine, monkeypatch) -> None:
        machine.rk3588()
        machine.write("proc/rknpu/load", "NPU load:  Core0:  9%, Core1:  8%, Core2:  7%,\n")
        refuse(monkeypatch, "sys/kernel/debug")
        reading = BoardSensors(machine.root).read()
        assert reading.npu_load_percent == (9, 8, 7)


class TestTrouble:
    def test_debugfs_needs_root(self, machine, monkeypatch) -> None:
        machine.rk3588()
        refuse(monkeypatch, "sys/kernel/debug")
        reading = BoardSensors(machine.root).read()
        assert absent(reading) == {
            "NPU load": ("/sys/kernel/debug/rknpu/load", "only root may look there")
        }
        assert reading.npu_hz == 600_000_000

    def test_garbage_is_absent_not_guessed(self, machine) -> None:
        machine.rk3588()
        machine.write("sys/kernel/debug/rknpu/load", "NPU load:  Core0: 4200%, Core1: -3%,\n")
        machine.write("sys/module/rknpu/version", "\x00\xff what?\n")
        machine.write("sys/kernel/debug/rknpu/version", "")
        machine.devfreq("fdab0000.npu", "fast", 1_000_000_000)
        machine.write("proc/meminfo", "MemTotal: 100 kB\nMemAvailable: 200 kB\n")
        machine.write("proc/self/status", "VmRSS: lots\n")
        machine.hwmon(0, "ina226", power1_input="-5", in1_input="x", curr1_input="y")
        for number in range(7):
            machine.zone(number, "soc-thermal", "hot")
        reading = BoardSensors(machine.root).read()
        assert reading == BoardReading(absent=reading.absent)
        assert len(reading.absent) == 7
        assert absent(reading)["NPU load"][1] == "not understood"

    @pytest.mark.parametrize("milli_c", [-40_001, 150_001, -273_000, 10**17, 10**30, "", "4e4"])
    def test_an_absurd_temperature_is_left_out(self, machine, milli_c: object) -> None:
        machine.zone(0, "soc-thermal", milli_c).zone(1, "npu-thermal", 40_000)
        assert BoardSensors(machine.root).read().temperatures == (Temperature("npu", 40.0),)

    @pytest.mark.parametrize("milli_c", [-40_000, -1, 0, 150_000])
    def test_the_ends_of_the_range_count(self, machine, milli_c: int) -> None:
        machine.zone(0, "soc-thermal", milli_c)
        assert BoardSensors(machine.root).read().temperature_c == milli_c / 1000

    def test_a_clock_without_its_maximum(self, machine) -> None:
        machine.devfreq("fdab0000.npu", 300_000_000, -1)
        reading = BoardSensors(machine.root).read()
        assert (reading.npu_hz, reading.npu_max_hz) == (300_000_000, None)

    def test_files_that_vanish_while_they_are_read(self, machine) -> None:
        machine.rk3588()
        for gone in ("sys/class/thermal/thermal_zone6", "sys/class/devfreq/0.npu"):
            path = machine.root / gone
            if path.exists():
                for file in path.iterdir():
                    file.unlink()
            else:
                path.symlink_to("nowhere")
        (machine.root / "sys/class/hwmon/hwmon0/power1_input").unlink()
        (machine.root / "sys/class/hwmon/hwmon0/power1_input").symlink_to("nowhere")
        reading = BoardSensors(machine.root).read()
        assert len(reading.temperatures) == 6
        assert reading.npu_hz == 600_000_000
        assert reading.power is not None and reading.power.watts == pytest.approx(3.12)

    def test_folders_in_the_place_of_files(self, machine) -> None:
        for path in ("proc/meminfo", "sys/kernel/debug/rknpu/load", "sys/module/rknpu/version"):
            (machine.root / path).mkdir(parents=True)
        reading = BoardSensors(machine.root).read()
        assert absent(reading)["memory"][1].startswith("cannot be read")


class TestPower:
    def test_voltage_times_current(self, machine) -> None:
        machine.hwmon(0, "ina3221", in1_input=12_010, curr1_input=250, in2_input=5_000)
        power = BoardSensors(machine.root).read().power
        assert power is not None and power.watts == pytest.approx(3.0025)
        assert power.source == "ina3221 curr1_input"

    def test_the_supply_is_the_largest_channel(self, machine) -> None:
        machine.hwmon(2, "ina219", power1_input=900_000).hwmon(10, "ina219", power1_input=3_100_000)
        power = BoardSensors(machine.root).read().power
        assert power is not None and power.watts == pytest.approx(3.1)

    def test_what_a_usb_port_negotiated_is_no_measurement(self, machine) -> None:
        machine.hwmon(0, "tcpm_source_psy_4_0022", in1_input=12_000, curr1_input=3_000)
        assert BoardSensors(machine.root).read().power is None

    def test_a_graphics_card_is_not_the_board(self, machine) -> None:
        machine.hwmon(0, "amdgpu", power1_average=45_000_000)
        reading = BoardSensors(machine.root).read()
        assert reading.power is None
        assert absent(reading)["power"] == ("/sys/class/hwmon", "nothing of the kind in it")

    def test_an_absurd_power_is_left_out(self, machine) -> None:
        machine.hwmon(0, "ina226", power1_input=10**12)
        assert BoardSensors(machine.root).read().power is None


def as_the_driver_prints(loads: list[int]) -> str:
    """The driver's own format: zero has no digits, several cores have numbers."""
    digits = [f"{load or '':>3}%" for load in loads]
    if len(loads) == 1:
        return f"NPU load: {digits[0]}\n"
    return "NPU load: " + ",".join(f" Core{i}:{text}" for i, text in enumerate(digits)) + ",\n"


class TestParsers:
    @pytest.mark.parametrize(
        ("text", "loads"),
        [
            ("NPU load:  Core0:  0%, Core1:  0%, Core2:  0%,", (0, 0, 0)),
            ("NPU load:  Core0:   %, Core1:   %, Core2:   %,", (0, 0, 0)),
            ("NPU load:  Core0: 100%, Core1: 5%,", (100, 5)),
            ("NPU load:  0%", (0,)),
            ("NPU load:   %", (0,)),
            ("NPU load: 87%", (87,)),
            ("", ()),
            ("NPU load:", ()),
            ("NPU load: -3%", ()),
            ("NPU load: 101%", ()),
            ("NPU load:  Core1:  0%, Core2:  0%,", ()),
            ("NPU load:  Core0:  1%, Core0:  2%,", ()),
        ],
    )
    def test_load(self, text: str, loads: tuple[int, ...]) -> None:
        assert parse_npu_load(text) == loads

    @given(st.lists(st.integers(0, 100), min_size=1, max_size=8))
    def test_what_the_driver_prints_is_read(self, loads: list[int]) -> None:
        assert parse_npu_load(as_the_driver_prints(loads)) == tuple(loads)

    @given(
        st.lists(st.integers(0, 100), min_size=1, max_size=8).map(as_the_driver_prints),
        st.data(),
    )
    def test_a_line_cut_short_never_invents_a_load(self, text: str, data: Any) -> None:
        whole = parse_npu_load(text)
        cut = parse_npu_load(text[: data.draw(st.integers(0, len(text)))])
        assert cut == whole[: len(cut)]

    @given(st.text() | st.text(alphabet="Core0123456789:%, NPUload-").map("NPU load: ".__add__))
    def test_any_text_gives_percentages_or_nothing(self, text: str) -> None:
        loads = parse_npu_load(text)
        assert len(loads) <= 8
        assert all(0 <= load <= 100 for load in loads)

    @given(st.text())
    def test_any_text_gives_kibibytes_or_nothing(self, text: str) -> None:
        assert all(value >= 0 for value in parse_kibibytes(text).values())


def refuse(monkeypatch: pytest.MonkeyPatch, below: str) -> None:
    """Let everything below a folder be refused; root may read even what has no permissions."""

    def refusing(path: Path, mode: str) -> Any:
        if below in str(path):
            raise PermissionError(13, "Permission denied", str(path))
        return open(path, mode)

    monkeypatch.setattr(sysfs, "open", refusing, raising=False)
