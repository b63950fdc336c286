"""The board's figures beside what was published; what was not measured says so and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from kiosk.board.sensors import BoardReading
from kiosk.boardbenchmark import FACE_PX, FRAME_PX, GALLERY, BoardReport, NetworkSpeed, Speed
from kiosk.models.card import ONNX, Role

NONE_PUBLISHED = "–"
HEADINGS = ("Figure", "Measured", "Published")
_STREAM_PER_S = 30

# Detector: Rockchip's model zoo. The others: two articles about face terminals on these chips;
# what exactly they ran is not published.
PUBLISHED = {
    Role.DETECTOR.value: "RetinaFace-320 int8: 227 fps on one RK3588 core, 199 fps on RK1808",
    Role.HEAD_POSE.value: "16.2 ms a pose, 60 fps (article)",
    "frame": "38 ms (article)",
    "streams": "six streams (article)",
    "memory": "128 MB (article)",
    "power": "3.1 W (article)",
}
_NAMES = {
    Role.DETECTOR.value: "Detector",
    Role.EMBEDDER.value: "Embedder",
    Role.HEAD_POSE.value: "Head pose",
    Role.LIVENESS.value: "Liveness",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table."""

    figure: str
    measured: str
    published: str


@dataclass(frozen=True, slots=True)
class _Found:
    """A figure before it is known in which table it belongs."""

    figure: str
    published: str
    is_on_npu: bool
    text: str | None
    why_not: str = "not measured"


def npu_lines(report: BoardReport) -> list[Line]:
    """Return every figure of a board; what did not run on an NPU is not measured here."""
    reason = f"not measured here: {why_not_on_npu(report)}"
    return [
        Line(each.figure, (each.text or each.why_not) if each.is_on_npu else reason, each.published)
        for each in _figures(report)
    ]


def cpu_lines(report: BoardReport) -> list[Line]:
    """Return what ran on the CPU instead; nothing published can be compared with it."""
    return [
        Line(each.figure, each.text, NONE_PUBLISHED)
        for each in _figures(report)
        if each.text is not None and not each.is_on_npu
    ]


def why_not_on_npu(report: BoardReport) -> str:
    """Say why not everything ran on an NPU, as a part of a sentence."""
    if report.soc is not None:
        return f"the network in use runs on the CPU of this {report.soc.name}, not on its NPU"
    if report.before.has_npu:
        return "the NPU of this computer is not known to the program"
    return "this computer has no NPU"


def report_figures(report: BoardReport) -> dict[str, Any]:
    """Return everything as a tree for JSON."""
    tree = asdict(report)
    for sample in tree["frame"]["samples"]:
        # The same in each of them, and said in "after".
        del sample["absent"]
    return {
        **tree,
        "streams_at_30_fps_computed": _streams(report.frame.speed),
        "watts": _watts(report)[0],
        "table": [asdict(line) for line in npu_lines(report)],
        "on_cpu": [asdict(line) for line in cpu_lines(report)],
    }


def format_text(
    report: BoardReport, table: Callable[[Sequence[str], Sequence[Sequence[object]]], list[str]]
) -> str:
    """Return the tables as text; ``table`` lays out headings and rows."""
    parts = [_heading(report), "", *table(HEADINGS, [_cells(line) for line in npu_lines(report)])]
    if cpu := cpu_lines(report):
        rows = [_cells(line)[:2] for line in cpu]
        parts += ["", _cpu_heading(), "", *table(HEADINGS[:2], rows)]
    return "\n".join(parts)


def format_markdown(report: BoardReport) -> str:
    """Return the tables as a page."""
    parts = ["# Figures of this computer", "", _heading(report), ""]
    parts += _markdown(HEADINGS, [_cells(line) for line in npu_lines(report)])
    if cpu := cpu_lines(report):
        parts += ["", _cpu_heading(), ""]
        parts += _markdown(HEADINGS[:2], [_cells(line)[:2] for line in cpu])
    return "\n".join(parts) + "\n"


def _heading(report: BoardReport) -> str:
    soc = report.soc.name if report.soc else "no Rockchip chip"
    driver = f", NPU driver {report.before.npu_driver}" if report.before.npu_driver else ""
    return (
        f"{report.machine}, {soc}{driver}. {report.rounds} runs a figure after a warm-up; frames "
        f"of {FRAME_PX[0]}×{FRAME_PX[1]} with one face of {FACE_PX:.0f} px, {GALLERY} templates."
    )


def _cpu_heading() -> str:
    return "By ONNX Runtime on this computer's CPU, one thread; not what a board does:"


def _cells(line: Line) -> tuple[str, str, str]:
    return line.figure, line.measured, line.published


def _markdown(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [headings, ["---"] * len(headings), *rows]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]


def _figures(report: BoardReport) -> Iterator[_Found]:
    by_role = {network.role: network for network in report.networks}
    on_npu = report.is_on_npu
    for role, name in _NAMES.items():
        published = PUBLISHED.get(role, NONE_PUBLISHED)
        network = by_role.get(role)
        if network is not None:
            yield from _network_figures(name, network, published)
        elif role in PUBLISHED:
            why_not = f"not measured: the pack in use has no {name.lower()} network"
            yield _Found(name, published, on_npu, None, why_not)
    yield from _frame_figures(report)
    resident = report.after.own_resident_mib
    text = None if resident is None else f"{resident} MiB"
    yield _Found("Resident memory of the program", PUBLISHED["memory"], on_npu, text)
    watts, source = _watts(report)
    text = None if watts is None else f"{watts:.1f} W ({source})"
    why_not = "not measured: no sensor; read a meter and give --watts"
    yield _Found("Power while frames run", PUBLISHED["power"], on_npu, text, why_not)
    yield from _sensor_figures(report)


def _network_figures(name: str, network: NetworkSpeed, published: str) -> Iterator[_Found]:
    on_npu = network.target != ONNX
    text = f"{_speed(network.speed)} ({network.name} {network.precision})"
    yield _Found(f"{name}, one core" if on_npu else name, published, on_npu, text)
    if network.contexts_per_s:
        text = " / ".join(f"{value:.0f}" for value in network.contexts_per_s) + " per second"
        yield _Found(f"{name}, 1 / 2 / 3 contexts", NONE_PUBLISHED, on_npu, text)


def _frame_figures(report: BoardReport) -> Iterator[_Found]:
    speed, refusal = report.frame.speed, report.frame.refusal
    frame = streams = None
    if not refusal:
        frame = _speed(speed)
        streams = f"{_streams(speed)} (computed: frames per second / {_STREAM_PER_S})"
    why_not = f"not measured: the drawn face was refused ({refusal})"
    yield _Found("Whole frame", PUBLISHED["frame"], report.is_on_npu, frame, why_not)
    yield _Found("Streams at 30 fps", PUBLISHED["streams"], report.is_on_npu, streams, why_not)


def _sensor_figures(report: BoardReport) -> Iterator[_Found]:
    on_npu, samples, after = report.is_on_npu, report.frame.samples, report.after

    loads = [sample.npu_load_percent for sample in samples if sample.npu_load_percent]
    text = None
    if loads and len({len(load) for load in loads}) == 1:
        text = "mean " + " / ".join(f"{mean:.0f} %" for mean in np.mean(loads, axis=0))
    why_not = _missing(after, "NPU load")
    yield _Found("NPU load while frames run", NONE_PUBLISHED, on_npu, text, why_not)

    clocks = [sample.npu_hz / 1e6 for sample in samples if sample.npu_hz is not None]
    text = f"{min(clocks):.0f} to {max(clocks):.0f} MHz" if clocks else None
    why_not = _missing(after, "NPU clock")
    yield _Found("NPU clock while frames run", NONE_PUBLISHED, on_npu, text, why_not)

    figure = "Temperature before, after"
    if report.frame.minutes:
        figure += f" {report.frame.minutes:g} minutes"
    text, before_c, after_c = None, report.before.temperature_c, after.temperature_c
    if before_c is not None and after_c is not None:
        during = [each.temperature_c for each in samples if each.temperature_c is not None]
        most = max([before_c, after_c, *during])
        text = f"{before_c:.0f} °C, {after_c:.0f} °C; at most {most:.0f} °C"
    yield _Found(figure, NONE_PUBLISHED, on_npu, text, _missing(after, "temperature"))


def _missing(reading: BoardReading, what: str) -> str:
    each = next((each for each in reading.absent if each.what == what), None)
    return "not measured" + (f": {each.path}, {each.reason}" if each else "")


def _speed(speed: Speed) -> str:
    return f"{speed.per_s:.0f} per second, p50 {speed.p50_ms:.2f} ms, p90 {speed.p90_ms:.2f} ms"


def _streams(speed: Speed) -> int:
    return int(speed.per_s // _STREAM_PER_S)


def _watts(report: BoardReport) -> tuple[float | None, str]:
    """Return the power while the frames ran, by a sensor of the board, else by the meter."""
    found = [sample.power for sample in report.frame.samples if sample.power is not None]
    if found:
        return round(float(np.median([each.watts for each in found])), 2), found[-1].source
    if report.metered_watts is not None:
        return report.metered_watts, "read off a meter"
    return None, ""
