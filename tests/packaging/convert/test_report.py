"""A report says what was broken, in the file that people read as in the one that programs read."""

from __future__ import annotations

import dataclasses
import json

import pytest
from convert.recipes import Recipe
from convert.report import Report, row_of, summary

RECIPE = Recipe("int8", bounds={"min_cosine_min": 0.985}, max_bytes={"rk3588": 1000})


@pytest.fixture
def report_of(rk_card):
    def make(figures, size=900, is_trial=False):
        card = dataclasses.replace(rk_card, size_bytes=size)
        row = row_of(card, RECIPE, figures, 1.23, is_trial=is_trial)
        return Report("one set", "another", (row,))

    return make


def test_figures_within_their_bounds_are_packed(report_of):
    report = report_of({"cosine_min": 0.99})
    assert report.broken == []
    assert "within its bounds" in report.as_markdown()
    assert list(summary(report)) == ["Every conversion keeps its bounds."]


def test_a_broken_bound_is_the_reports_last_word(tmp_path, report_of):
    report = report_of({"cosine_min": 0.9})
    assert len(report.broken) == 1
    assert "cosine_min is 0.9, at least 0.985 is asked" in report.broken[0]
    assert "**broken**" in report.as_markdown()
    assert "nothing was packed" in summary(report)[0]
    report.write(tmp_path)
    tree = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert tree["broken"] == report.broken
    assert tree["rows"][0]["figures"]["bytes"] == 900
    assert (tmp_path / "report.md").read_text(encoding="utf-8") == report.as_markdown()


def test_a_file_that_is_too_large_breaks_its_bound(report_of):
    assert "bytes is 1001" in report_of({"cosine_min": 0.99}, size=1001).broken[0]


def test_a_trial_that_does_not_pay_is_told_and_no_fault(report_of):
    report = report_of({"cosine_min": 0.9}, is_trial=True)
    assert report.broken == []
    assert "does not pay, left out" in report.as_markdown()
    assert "cosine_min is 0.9" in report.as_markdown()
