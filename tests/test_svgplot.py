"""Plots: where points land, and that what is drawn is well-formed."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

from kiosk.svgplot import Axis, Line, decades, even_ticks, line_plot

SVG = "{http://www.w3.org/2000/svg}"
LINEAR = Axis("x & y", 0.0, 10.0, even_ticks(0, 10))
LOG = Axis("rate", 1e-4, 1.0, decades(-4, 0), is_log=True)


def drawn(x: Axis, y: Axis, lines: list[Line]) -> ElementTree.Element:
    return ElementTree.fromstring(line_plot("a <title>", x, y, lines))


def points(element: ElementTree.Element, colour: int) -> list[tuple[float, float]]:
    (curve, _legend) = (
        each for each in element.iter(f"{SVG}polyline") if f"line{colour}" in each.attrib["class"]
    )
    return [(float(x), float(y)) for x, y in (p.split(",") for p in curve.attrib["points"].split())]


def test_points_land_where_the_axes_say() -> None:
    svg = drawn(LINEAR, LOG, [Line("one", [(0, 1e-4), (5, 1e-2), (10, 1)])])
    frame = svg.find(f"{SVG}rect")
    assert frame is not None
    left, top, width, height = (float(frame.attrib[name]) for name in ("x", "y", "width", "height"))

    found = points(svg, 0)

    assert found[0] == pytest.approx((left, top + height), abs=0.06)
    assert found[1] == pytest.approx((left + width / 2, top + height / 2), abs=0.06)
    assert found[2] == pytest.approx((left + width, top), abs=0.06)


def test_what_lies_outside_goes_to_the_edge() -> None:
    svg = drawn(LINEAR, LOG, [Line("one", [(-5, 0.0), (20, 3.0)])])
    inside = points(drawn(LINEAR, LOG, [Line("one", [(0, 1e-4), (10, 1)])]), 0)

    assert points(svg, 0) == inside


def test_texts_are_escaped_and_every_line_is_in_the_legend() -> None:
    svg = drawn(LINEAR, LOG, [Line("<b>", [(0, 1), (1, 1)]), Line("empty", [], 3)])
    texts = [text.text for text in svg.iter(f"{SVG}text")]

    assert {"<b>", "empty", "x & y", "rate"} <= set(texts)
    title = svg.find(f"{SVG}title")
    assert title is not None and title.text == "a <title>"
    height = float(svg.attrib["viewBox"].split()[3])
    assert all(float(text.attrib.get("y", 0)) < height for text in svg.iter(f"{SVG}text"))


def test_ticks() -> None:
    assert [text for _, text in decades(-4, 0)] == ["1 in 10,000", "0.1 %", "1 %", "10 %", "100 %"]
    assert [value for value, _ in decades(-2, -1)] == pytest.approx([0.01, 0.1])
    assert [text for _, text in even_ticks(0, 10)] == ["0", "2", "4", "6", "8", "10"]
    assert [text for _, text in even_ticks(0.23, 0.71)] == ["0.3", "0.4", "0.5", "0.6", "0.7"]
    assert [value for value, _ in even_ticks(0, 0.0065)] == pytest.approx([0, 0.002, 0.004, 0.006])
