"""Line plots as SVG text, for pages that work without anything else.

Colours are left to the page: classes ``axis``, ``grid``, ``label`` and ``line0``, ``line1`` …
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 12, 10, 44
_LEGEND_ROW = 18


@dataclass(frozen=True, slots=True)
class Axis:
    """One direction of a plot; ``low`` is at the left or at the bottom."""

    label: str
    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    """Value and text."""
    is_log: bool = False
    """Then ``low`` must be above 0."""

    def share(self, value: float) -> float:
        """Return how far along the axis a value is, 0–1; what lies outside goes to the edge."""
        value = min(max(value, min(self.low, self.high)), max(self.low, self.high))
        low, high = self.low, self.high
        if self.is_log:
            value, low, high = math.log10(value), math.log10(low), math.log10(high)
        return (value - low) / (high - low)


@dataclass(frozen=True, slots=True)
class Line:
    """One curve."""

    name: str
    points: Sequence[tuple[float, float]]
    colour: int = 0
    is_dashed: bool = False


def decades(first: int, last: int) -> tuple[tuple[float, str], ...]:
    """Return ticks at 10^first, …, 10^last, written as people write shares: 1 %, 1 in 10,000."""
    return tuple(
        (10.0**power, f"{10.0 ** (power + 2):g} %" if power >= -3 else f"1 in {10**-power:,}")
        for power in range(first, last + 1)
    )


def even_ticks(low: float, high: float, count: int = 5) -> tuple[tuple[float, str], ...]:
    """Return ticks at round values between ``low`` and ``high``."""
    rough = (high - low) / max(count, 1)
    base = 10.0 ** math.floor(math.log10(rough))
    step = next(base * factor for factor in (1, 2, 5, 10) if base * factor >= 0.9 * rough)
    digits = max(-math.floor(math.log10(step)), 0)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return tuple((n * step, f"{n * step:.{digits}f}") for n in range(first, last + 1))


def line_plot(
    title: str, x: Axis, y: Axis, lines: Sequence[Line], size_px: tuple[int, int] = (380, 280)
) -> str:
    """Return an SVG element with axes, curves and a legend below. Texts are escaped."""
    width, height = size_px
    inner_w, inner_h = width - _LEFT - _RIGHT, height - _TOP - _BOTTOM
    total = height + _LEGEND_ROW * len(lines)

    def at(px: float, py: float) -> tuple[str, str]:
        return (
            f"{_LEFT + x.share(px) * inner_w:.1f}",
            f"{_TOP + (1 - y.share(py)) * inner_h:.1f}",
        )

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {total}" '
        f'width="{width}" height="{total}" role="img">',
        f"<title>{escape(title)}</title>",
    ]
    for value, text in x.ticks:
        px, _ = at(value, y.low)
        parts.append(_segment("grid", px, str(_TOP), px, str(_TOP + inner_h)))
        parts.append(_text(px, str(_TOP + inner_h + 15), text, "middle"))
    for value, text in y.ticks:
        _, py = at(x.low, value)
        parts.append(_segment("grid", str(_LEFT), py, str(_LEFT + inner_w), py))
        parts.append(_text(str(_LEFT - 6), f"{float(py) + 4:.1f}", text, "end"))
    parts += [
        f'<rect class="axis" x="{_LEFT}" y="{_TOP}" width="{inner_w}" height="{inner_h}"/>',
        _text(f"{_LEFT + inner_w / 2:.1f}", str(height - 10), x.label, "middle"),
        f'<text class="label" transform="translate(12 {_TOP + inner_h / 2:.1f}) rotate(-90)" '
        f'text-anchor="middle">{escape(y.label)}</text>',
    ]
    for row, line in enumerate(lines):
        dashes = ' stroke-dasharray="5 4"' if line.is_dashed else ""
        style = f'class="line line{line.colour}"{dashes}'
        if line.points:
            points = " ".join(",".join(at(*point)) for point in line.points)
            parts.append(f'<polyline {style} points="{points}"/>')
        middle = height + _LEGEND_ROW * row + 4
        parts.append(f'<polyline {style} points="{_LEFT},{middle} {_LEFT + 24},{middle}"/>')
        parts.append(_text(str(_LEFT + 30), str(middle + 4), line.name, "start"))
    return "\n".join([*parts, "</svg>"])


def _segment(name: str, x1: str, y1: str, x2: str, y2: str) -> str:
    return f'<line class="{name}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>'


def _text(x: str, y: str, text: str, anchor: str) -> str:
    return f'<text class="label" x="{x}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>'
