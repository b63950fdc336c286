"""The board's benchmark: on a pretended NPU, on this computer's CPU, and what it leaves open."""

from __future__ import annotations

import dataclasses
import itertools
import json
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kiosk import boardbenchmark
from kiosk.board.power import Power
from kiosk.board.sensors import Absent, BoardReading, Temperature
from kiosk.board.soc import Soc
from kiosk.boardbenchmark import BoardBenchmark, BoardReport, load_context
from kiosk.boardtable import Line, cpu_lines, format_markdown, npu_lines, report_figures
from kiosk.config import ModelsConfig
from kiosk.domain import Pixels
from kiosk.errors import ModelError
from kiosk.facemodels import load_uncalibrated_models
from kiosk.models.card import ModelCard, Role
from kiosk.models.onnx import OnnxRuntime
from kiosk.models.pack import Pack, embedded_pack
from kiosk.pipeline import FaceModels

RK3588 = Soc("rk3588", "rk3588", 3, 2)
RK3566 = Soc("rk3566", "rk3566", 1, 2)
NO_NPU = "not measured here: this computer has no NPU"
BUSY = BoardReading(
    npu_load_percent=(40, 20, 0),
    npu_hz=1_000_000_000,
    npu_driver="0.9.8",
    temperatures=(Temperature("soc", 55.0),),
    own_resident_mib=117,
    power=Power(3.3, "ina226 power1_input"),
)
PC = BoardReading(own_resident_mib=117, absent=(Absent("temperature", "/sys/x", "not there"),))


class FakeSensors:
    """Shows one reading after another, then the last for ever."""

    def __init__(self, *readings: BoardReading) -> None:
        self._left = list(readings)
        self.asked = 0

    def read(self) -> BoardReading:
        self.asked += 1
        return self._left.pop(0) if len(self._left) > 1 else self._left[0]


class PretendedContext:
    """A context of an NPU: the CPU does its work; two threads at once are a mistake."""

    def __init__(self, pack: Pack, card: ModelCard, number: int) -> None:
        on_cpu = dataclasses.replace(card, target="onnx")
        self._runtime = OnnxRuntime(on_cpu, pack.file(on_cpu))
        self._lock = threading.Lock()
        self.card, self.number = card, number
        self.threads: set[str] = set()
        self.is_closed = False

    def infer(self, pixels: Pixels) -> list[NDArray[np.float32]]:
        assert not self.is_closed
        assert self._lock.acquire(blocking=False), "two threads in one context"
        try:
            self.threads.add(threading.current_thread().name)
            return self._runtime.infer(pixels)
        finally:
            self._lock.release()

    def close(self) -> None:
        self.is_closed = True


class PretendedNpu:
    """Keeps every context it made."""

    def __init__(self, fail_at: int = 99) -> None:
        self.contexts: list[PretendedContext] = []
        self._fail_at = fail_at

    def __call__(self, pack: Pack, card: ModelCard, number: int) -> PretendedContext:
        if number == self._fail_at:
            raise ModelError("The NPU has no memory left.")
        self.contexts.append(PretendedContext(pack, card, number))
        return self.contexts[-1]


class SteppingClock:
    """Goes on by the same step with every look."""

    def __init__(self, step_ms: int) -> None:
        self._ticks = itertools.count()
        self._step_ns = step_ms * 1_000_000

    def __call__(self) -> int:
        return next(self._ticks) * self._step_ns


def on_target(target: str, without: Sequence[Role] = ()) -> Pack:
    pack = embedded_pack()
    cards = [dataclasses.replace(c, target=target) for c in pack.cards if c.role not in without]
    return dataclasses.replace(pack, cards=tuple(cards))


def load_on_cpu(pack: Pack, min_score: float, settings: ModelsConfig) -> FaceModels:
    on_cpu = [dataclasses.replace(card, target="onnx") for card in pack.cards]
    return load_uncalibrated_models(dataclasses.replace(pack, cards=tuple(on_cpu)), min_score)


def benchmark(**changes: Any) -> BoardBenchmark:
    values: dict[str, Any] = {
        "sensors": FakeSensors(PC),
        "soc": None,
        "settings": ModelsConfig(),
        "min_score": 0.6,
        "stranger_rate": 0.005,
        "margin": 0.05,
        "rounds": 3,
    }
    return BoardBenchmark(**values | changes)


def on_npu(npu: PretendedNpu, soc: Soc = RK3588, **changes: Any) -> BoardBenchmark:
    values = {"soc": soc, "load_one": npu, "load_models": load_on_cpu}
    return benchmark(**{"sensors": FakeSensors(BUSY)} | values | changes)


def ignore(what: str) -> None:
    """Listen to nothing."""


def by_figure(lines: list[Line]) -> dict[str, Line]:
    found = {line.figure: line for line in lines}
    assert len(found) == len(lines)
    return found


@pytest.fixture(scope="module")
def on_pc() -> BoardReport:
    return benchmark().run(embedded_pack(), None, ignore)


class TestOnAPc:
    def test_nothing_of_a_board_is_invented(self, on_pc: BoardReport) -> None:
        lines = npu_lines(on_pc)
        assert {line.measured for line in lines} == {NO_NPU}
        published = {line.figure: line.published for line in lines if line.published != "–"}
        assert published == {
            "Detector": "RetinaFace-320 int8: 227 fps on one RK3588 core, 199 fps on RK1808",
            "Head pose": "16.2 ms a pose, 60 fps (article)",
            "Whole frame": "38 ms (article)",
            "Streams at 30 fps": "six streams (article)",
            "Resident memory of the program": "128 MB (article)",
            "Power while frames run": "3.1 W (article)",
        }

    def test_the_cpus_figures_stand_apart(self, on_pc: BoardReport) -> None:
        lines = by_figure(cpu_lines(on_pc))
        assert set(lines) == {
            *("Detector", "Embedder", "Head pose", "Liveness", "Whole frame"),
            *("Streams at 30 fps", "Resident memory of the program"),
        }
        assert "sim-retinaface-025 fp32" in lines["Detector"].measured
        assert "(computed: frames per second / 30)" in lines["Streams at 30 fps"].measured
        assert lines["Resident memory of the program"].measured == "117 MiB"
        page = format_markdown(on_pc)
        assert page.index(NO_NPU) < page.index("ONNX Runtime on this computer's CPU")
        assert page.count("| --- | --- | --- |") == 1 and page.count("\n| --- | --- |\n") == 1

    def test_figures_agree_with_each_other(self, on_pc: BoardReport) -> None:
        for network in on_pc.networks:
            assert network.contexts_per_s == ()
            assert 0 < network.speed.p50_ms <= network.speed.p90_ms
            assert network.speed.per_s > 0
        # The whole step contains the detector.
        detector = next(each for each in on_pc.networks if each.role == "detector")
        assert on_pc.frame.speed.p90_ms > detector.speed.p50_ms
        assert on_pc.frame.frames == 3

    def test_json(self, on_pc: BoardReport) -> None:
        tree = json.loads(json.dumps(report_figures(on_pc), allow_nan=False))
        assert tree["soc"] is None and tree["watts"] is None
        assert len(tree["table"]) == 11
        streams = int(on_pc.frame.speed.per_s // 30)
        assert tree["streams_at_30_fps_computed"] == streams
        assert tree["after"]["absent"][0]["path"] == "/sys/x"

    def test_a_pack_without_head_pose_leaves_its_line(self) -> None:
        report = benchmark().run(on_target("onnx", [Role.HEAD_POSE]), None, ignore)
        assert by_figure(npu_lines(report))["Head pose"].measured == NO_NPU
        assert "Head pose" not in by_figure(cpu_lines(report))


class TestOnAnNpu:
    def test_every_line_is_filled_in(self) -> None:
        npu = PretendedNpu()
        told: list[str] = []
        report = on_npu(npu).run(on_target("rk3588"), None, told.append)
        lines = by_figure(npu_lines(report))
        assert not [line for line in lines.values() if "not measured" in line.measured]
        assert cpu_lines(report) == []
        assert "sim-retinaface-025 fp32" in lines["Detector, one core"].measured
        contexts = lines["Detector, 1 / 2 / 3 contexts"].measured
        assert contexts.count(" / ") == 2 and contexts.endswith(" per second")
        assert lines["Power while frames run"].measured == "3.3 W (ina226 power1_input)"
        assert lines["NPU load while frames run"].measured == "mean 40 % / 20 % / 0 %"
        assert lines["NPU clock while frames run"].measured == "1000 to 1000 MHz"
        assert "driver 0.9.8" in format_markdown(report)
        assert len(told) == 5

    def test_contexts_have_threads_of_their_own_and_are_freed(self) -> None:
        npu = PretendedNpu()
        on_npu(npu).run(on_target("rk3588"), None, ignore)
        assert [context.number for context in npu.contexts] == [0, 1, 2] * 4
        assert all(context.is_closed for context in npu.contexts)
        for context in npu.contexts:
            assert any(name.startswith("board benchmark") for name in context.threads)

    def test_contexts_are_freed_when_one_cannot_be_had(self) -> None:
        npu = PretendedNpu(fail_at=2)
        with pytest.raises(ModelError, match="no memory"):
            on_npu(npu).run(on_target("rk3588"), None, ignore)
        assert len(npu.contexts) == 2 and all(context.is_closed for context in npu.contexts)

    def test_a_board_without_a_sensor_for_power(self) -> None:
        silent = FakeSensors(dataclasses.replace(BUSY, power=None))
        report = on_npu(PretendedNpu(), sensors=silent).run(on_target("rk3588"), None, ignore)
        assert "--watts" in by_figure(npu_lines(report))["Power while frames run"].measured
        report = dataclasses.replace(report, metered_watts=2.9)
        power = by_figure(npu_lines(report))["Power while frames run"].measured
        assert power == "2.9 W (read off a meter)"
        assert report_figures(report)["watts"] == 2.9

    def test_load_that_only_root_may_see(self) -> None:
        why = (Absent("NPU load", "/sys/kernel/debug/rknpu/load", "only root may look there"),)
        hidden = FakeSensors(dataclasses.replace(BUSY, npu_load_percent=(), absent=why))
        report = on_npu(PretendedNpu(), sensors=hidden).run(on_target("rk3588"), None, ignore)
        line = by_figure(npu_lines(report))["NPU load while frames run"]
        assert line.measured == (
            "not measured: /sys/kernel/debug/rknpu/load, only root may look there"
        )

    def test_a_board_whose_pack_has_nothing_for_its_npu(self) -> None:
        report = benchmark(soc=RK3566, sensors=FakeSensors(BUSY)).run(embedded_pack(), None, ignore)
        reasons = {line.measured for line in npu_lines(report)}
        assert reasons == {
            "not measured here: the network in use runs on the CPU of this rk3566, not on its NPU"
        }

    def test_a_drawn_face_that_is_refused_is_no_whole_frame(self) -> None:
        report = on_npu(PretendedNpu(), min_score=1.01).run(on_target("rk3588"), None, ignore)
        lines = by_figure(npu_lines(report))
        for figure in ("Whole frame", "Streams at 30 fps"):
            assert lines[figure].measured.startswith("not measured: the drawn face was refused (")

    def test_heat_over_minutes(self) -> None:
        def at(celsius: float) -> BoardReading:
            return dataclasses.replace(BUSY, temperatures=(Temperature("soc", celsius),))

        sensors = FakeSensors(at(35), at(50), at(66), at(61), at(60))
        report = on_npu(
            PretendedNpu(), sensors=sensors, minutes=0.1, clock_ns=SteppingClock(50)
        ).run(on_target("rk3588", [Role.HEAD_POSE, Role.LIVENESS]), None, ignore)
        assert report.frame.frames > 20
        assert len(report.frame.samples) >= 5
        line = by_figure(npu_lines(report))["Temperature before, after 0.1 minutes"]
        assert line.measured == "35 °C, 60 °C; at most 66 °C"


def test_the_page_for_boards_has_the_lines_that_are_measured() -> None:
    page = Path(__file__).parents[1] / "packaging" / "board" / "README.md"
    rows = [line.split(" | ") for line in page.read_text("utf-8").splitlines() if "| |" in line]
    sensors = FakeSensors(BUSY)
    report = on_npu(PretendedNpu(), sensors=sensors, minutes=10, clock_ns=SteppingClock(60_000))
    lines = npu_lines(report.run(on_target("rk3588", [Role.LIVENESS]), None, ignore))
    assert [row[0].removeprefix("| ").removesuffix(" |") for row in rows] == [
        line.figure for line in lines
    ]


class RecordingRknn:
    """In the place of the adapter: keeps what it was asked for."""

    def __init__(self, card: ModelCard, path: Path, soc: Soc, **options: Any) -> None:
        self.soc, self.options = soc, options


@pytest.mark.parametrize(
    ("own", "target", "masks", "is_attached"),
    [
        (RK3588, "rk3588", [1, 2, 4], False),
        (Soc("rk3576", "rk3576", 2, 2), "rk3576", [1, 2, 1], False),
        (RK3566, "rk3566", [0, 0, 0], False),
        (None, "rk1808", [0, 0, 0], True),
    ],
)
def test_contexts_are_spread_over_the_cores(
    monkeypatch, own: Soc | None, target: str, masks: list[int], is_attached: bool
) -> None:
    monkeypatch.setattr(boardbenchmark, "RknnRuntime", RecordingRknn)
    monkeypatch.setattr(boardbenchmark, "read_soc", lambda: own)
    pack = on_target(target)
    load: Callable[..., Any] = load_context
    made = [load(pack, pack.card(Role.DETECTOR), number) for number in range(3)]
    assert [each.options["core_mask"] for each in made] == masks
    assert {each.options["is_attached"] for each in made} == {is_attached}


def test_a_context_on_the_cpu_has_proved_itself() -> None:
    pack = embedded_pack()
    card = pack.card(Role.HEAD_POSE)
    runtime = load_context(pack, card, 0)
    assert isinstance(runtime, OnnxRuntime) and runtime.card == card
