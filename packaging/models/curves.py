"""Draw a training curve as a small SVG file."""

from __future__ import annotations

import math

_WIDTH, _HEIGHT = 640, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 12, 30, 28
_COLOURS = ("#1f6feb", "#d1495b", "#2a9d5c", "#8a6d1f", "#7a4fb5")
_MAX_POINTS = 120


def curve_svg(name: str, rows: list[dict[str, str]]) -> str:
    """Return the losses of a training against its steps, logarithmic upwards."""
    lines = {
        loss: [(float(row["step"]), float(row[loss])) for row in rows if row[loss]]
        for loss, first in rows[0].items()
        if first and loss not in ("step", "minutes")
    }
    values = [value for points in lines.values() for _, value in points if value > 0]
    low, high = math.log10(min(values)), math.log10(max(values))
    high = max(high, low + 0.1)
    last = max(step for points in lines.values() for step, _ in points)

    def place(step: float, value: float) -> str:
        x = _LEFT + step / last * (_WIDTH - _LEFT - _RIGHT)
        share = (math.log10(max(value, 10**low)) - low) / (high - low)
        return f"{x:.1f},{_HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM):.1f}"

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'font-family="sans-serif" font-size="11">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
        f'<text x="{_LEFT}" y="14" font-weight="bold">{name}: loss</text>',
    ]
    for share in (0.0, 0.5, 1.0):
        value = 10 ** (low + share * (high - low))
        y = _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)
        parts.append(
            f'<path d="M{_LEFT},{y:.1f}H{_WIDTH - _RIGHT}" stroke="#dddddd"/>'
            f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:.2g}</text>'
        )
    for index, (loss, points) in enumerate(lines.items()):
        every = max(1, len(points) // _MAX_POINTS)
        path = " ".join(place(*point) for point in points[::every])
        colour = _COLOURS[index % len(_COLOURS)]
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
            f'<text x="{_WIDTH - _RIGHT - 80 * (len(lines) - 1 - index)}" y="14" '
            f'fill="{colour}" text-anchor="end">{loss}</text>'
        )
    parts.append(
        f'<text x="{_WIDTH - _RIGHT}" y="{_HEIGHT - 8}" text-anchor="end">{last:.0f} steps</text>'
        f'<text x="{_LEFT}" y="{_HEIGHT - 8}">0</text></svg>'
    )
    return "\n".join(parts) + "\n"
