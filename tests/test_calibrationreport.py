"""The page about a calibration: well-formed, self-contained, and it says what was measured."""

from __future__ import annotations

import dataclasses
import re
import types
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from kiosk.calibration import calibrate
from kiosk.calibrationreport import write_report
from kiosk.calibrationsample import AS_IS
from kiosk.conditionfaces import faces_of
from kiosk.conditionscores import FIXED, OURS
from kiosk.conditiontable import BOTH, PROBE, condition_table
from kiosk.domain import TemplateKind
from kiosk.fairness import heard_groups
from kiosk.recognition.surface import RATES, Surface
from kiosk.recognition.thresholds import Calibration, flat_calibration

_VOID = {"meta", "br", "hr", "img", "input", "link"}


class Reader(HTMLParser):
    """Checks that tags are balanced, and gathers text and attributes."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.text: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def read(path: Path) -> tuple[Reader, str]:
    reader = Reader()
    page = path.read_text(encoding="utf-8")
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader, re.sub(r"\s+", " ", " ".join(reader.text))


@pytest.fixture
def calibration(crowd: types.ModuleType) -> Calibration:
    samples = crowd.Crowd(100, seed=1).samples()
    return calibrate(samples, crowd.MODEL, "<b>drawn</b> & more", 1e-2)


def test_the_page_says_what_was_measured(
    crowd: types.ModuleType, calibration: Calibration, tmp_path: Path
) -> None:
    samples = crowd.Crowd(100, seed=1).samples()
    path = tmp_path / "report.html"

    write_report(samples, calibration, path)

    reader, text = read(path)
    assert "1 stranger in 10,000 attempts" in text
    assert f"{calibration.people:,} people" in text
    assert f"{calibration.impostor_pairs:,} comparisons of different people" in text
    for rate in (1e-2, 1e-3, 1e-4):
        assert f"{calibration.threshold(rate):.3f}" in text
    table = condition_table(faces_of(samples), calibration)
    for row in table.rows:
        for definition in (PROBE, BOTH):
            for method in (FIXED, OURS):
                share = row.fnmr[definition][method]
                assert share is not None and f"{100 * share:.1f} %" in text
    assert "dark-0.25" in text and "Wearing a mask" in text
    assert calibration.scoring is not None
    assert f"{calibration.scoring.max_risk:.3f}" in text
    assert reader.tags.count("svg") >= 4


def test_the_page_needs_nothing_else(
    crowd: types.ModuleType, calibration: Calibration, tmp_path: Path
) -> None:
    path = tmp_path / "report.html"
    write_report(crowd.Crowd(100, seed=1).samples(), calibration, path)
    page = path.read_text(encoding="utf-8")
    reader, _ = read(path)

    assert not {"script", "link", "img", "iframe"} & set(reader.tags)
    assert not [value for name, value in reader.attributes if name in ("src", "href")]
    assert "url(" not in page and "@import" not in page
    assert re.findall(r"https?://[^\"]*", page.replace("http://www.w3.org/2000/svg", "")) == []
    assert "prefers-color-scheme: dark" in page and "@media print" in page


def test_drawings_are_well_formed(
    crowd: types.ModuleType, calibration: Calibration, tmp_path: Path
) -> None:
    path = tmp_path / "report.html"
    write_report(crowd.Crowd(100, seed=1).samples(), calibration, path)

    for drawing in re.findall(r"<svg.*?</svg>", path.read_text(encoding="utf-8"), re.DOTALL):
        svg = ElementTree.fromstring(drawing)
        width, height = (float(svg.attrib[name]) for name in ("width", "height"))
        for curve in svg.iter("{http://www.w3.org/2000/svg}polyline"):
            for point in curve.attrib["points"].split():
                x, y = map(float, point.split(","))
                assert 0 <= x <= width and 0 <= y <= height


def test_names_are_text(crowd: types.ModuleType, calibration: Calibration, tmp_path: Path) -> None:
    model = dataclasses.replace(crowd.MODEL, name="<script>alert(1)</script>")
    flat = dataclasses.replace(flat_calibration(model, 0.3), source="<b>drawn</b> & more")
    path = tmp_path / "report.html"
    labels = {name: {"<i>": "<u>all"} for name in crowd.Crowd(100).names}
    samples = crowd.Crowd(100, seed=1).samples()
    groups = heard_groups(faces_of(samples), calibration, labels)

    write_report(samples, groups.calibration, path, groups)
    reader, text = read(path)
    assert not {"b", "i", "u"} & set(reader.tags)
    assert "<b>drawn</b> & more" in text and "<u>all" in text

    samples = crowd.Crowd(3).samples()
    relabelled = dataclasses.replace(
        samples,
        faces=tuple(
            dataclasses.replace(
                face,
                probe=dataclasses.replace(face.probe, model=model),
                template=face.template and dataclasses.replace(face.template, model=model),
                masked_template=None,
            )
            for face in samples.faces
        ),
    )
    write_report(relabelled, flat, path)
    reader, text = read(path)
    assert "script" not in reader.tags
    assert "<script>alert(1)</script>" in text


def test_too_few_people_give_a_page_that_says_so(crowd: types.ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    write_report(crowd.Crowd(3).samples(), flat_calibration(crowd.MODEL, 0.3), path)

    _, text = read(path)
    assert "Use photographs of more people" in text


def test_groups_are_in_the_page_when_labels_are_given(
    crowd: types.ModuleType, calibration: Calibration, tmp_path: Path
) -> None:
    path = tmp_path / "report.html"
    names = crowd.Crowd(100).names
    labels = {name: {"half": "first" if int(name[1:]) < 50 else "second"} for name in names}

    samples = crowd.Crowd(100, seed=1).samples()
    groups = heard_groups(faces_of(samples), calibration, labels)
    write_report(samples, groups.calibration, path, groups)

    _, text = read(path)
    assert "The same for everybody?" in text
    assert groups.in_words() in text
    assert "first" in text and "second" in text
    pairs = 3 * 3 * 50 * 49 // 2
    assert f"{pairs:,}" in text


def test_raised_thresholds_are_those_of_the_page_and_the_offset_is_told(
    crowd: types.ModuleType, calibration: Calibration, tmp_path: Path
) -> None:
    path = tmp_path / "report.html"
    samples = crowd.Crowd(100, seed=1).samples()
    labels = {name: {"half": str(int(name[1:]) // 50)} for name in crowd.Crowd(100).names}
    lenient = calibration.raised(-0.1)
    groups = heard_groups(faces_of(samples), lenient, labels)
    assert groups.worst is not None and groups.worst.offset > 0

    write_report(samples, groups.calibration, path, groups)

    _, text = read(path)
    assert f"raised by {groups.worst.offset:.5f} (cosine)" in text
    assert f"{groups.calibration.threshold(1e-3):.3f}" in text
    assert text.count("Measured / promised") >= 2
    assert "before they were raised" in text and "With the raised thresholds" in text


def test_nearly_the_same_pictures_are_warned_of(
    crowd: types.ModuleType, calibration: Calibration, tmp_path: Path
) -> None:
    path = tmp_path / "report.html"
    samples = crowd.Crowd(100, seed=1).samples()
    write_report(samples, calibration, path)
    assert "nearly the same" not in read(path)[1]

    first, *others = samples.faces
    place = next(i for i, f in enumerate(others) if (f.person, f.group) == ("P1", AS_IS))
    others[place] = dataclasses.replace(others[place], probe=first.probe)
    write_report(dataclasses.replace(samples, faces=(first, *others)), calibration, path)
    assert "Pictures of P0 and P1 are nearly the same" in read(path)[1]


def test_thresholds_that_no_comparisons_stand_behind_are_marked(
    crowd: types.ModuleType, calibration: Calibration, tmp_path: Path
) -> None:
    path = tmp_path / "report.html"
    samples = crowd.Crowd(100, seed=1).samples()
    one = calibration.surfaces[TemplateKind.PLAIN]
    two = Surface(np.array([0.0, 0.05]), np.broadcast_to(one.cosines, (len(RATES), 2, 2)))

    def page_of(surface: Surface) -> str:
        surfaces = {**calibration.surfaces, TemplateKind.PLAIN: surface}
        write_report(samples, dataclasses.replace(calibration, surfaces=surfaces), path)
        return read(path)[1]

    # As in so small a crowd.
    assert "All faces that are not refused are of one level of risk" in page_of(one)
    whole = np.ones((2, 2), np.bool_)
    for known in (whole, None):
        text = page_of(dataclasses.replace(two, counted=known))
        assert "level of risk" not in text and "levels of risk" not in text
    marked = page_of(dataclasses.replace(two, counted=np.array([[True, True], [True, False]])))
    assert "* Of the 3 pairs of levels of risk, 1 have too few comparisons of their own" in marked
    assert f"{calibration.threshold(1e-2):.3f} *" in marked
