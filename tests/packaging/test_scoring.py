"""The arithmetic behind the published figures, on cases counted by hand."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from kiosk.domain import Box, Detection


@pytest.fixture(scope="module")
def scoring():
    path = Path(__file__).parents[2] / "packaging/models/scoring.py"
    spec = importlib.util.spec_from_file_location("scoring_of_networks", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def unit(*degrees):
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32)


def test_every_pair_is_counted_once(scoring):
    genuine, impostors = scoring.pair_scores(unit(0, 10, 90), np.array([1, 1, 2]))
    assert genuine == pytest.approx([np.cos(np.radians(10))], abs=1e-6)
    assert sorted(impostors) == pytest.approx([0, np.sin(np.radians(10))], abs=1e-6)


def test_the_threshold_lets_the_asked_share_of_strangers_pass(scoring):
    scores = np.arange(1000, dtype=np.float32)
    threshold = scoring.threshold_at(scores, 0.01)
    assert np.sum(scores > threshold) == 10
    assert np.sum(scores > scoring.threshold_at(scores, 0.0)) == 0


def test_people_who_look_less_alike_than_strangers_are_missed(scoring):
    # Two pictures of person 1 are 80° apart, a stranger lies between them.
    vectors = unit(0, 80, 40, 42)
    people = np.array([1, 1, 2, 2])
    assert scoring.false_non_match_rate(vectors, people, 0.0) == 0.5


def test_the_roc_area_counts_ties_as_half(scoring):
    area = scoring.area_under_curve(np.array([1.0, 3.0]), np.array([0.0, 1.0, 2.0, 2.5]))
    assert area == pytest.approx((1.5 / 4 + 4 / 4) / 2)


def face(left, top, size, visible=1.0):
    points = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]]) * size
    row = np.zeros(16, np.float32)
    row[:4] = left, top, left + size, top + size
    row[4:14] = (points + np.array([left, top])).ravel()
    row[14:] = 0.4 * size, visible
    return row


def detection(row, shift=0.0):
    points = row[4:14].reshape(5, 2) + np.array([shift, 0], np.float32)
    return Detection(Box(*map(float, row[:4])), points, 0.9)


def test_detections_are_matched_missed_and_false(scoring):
    seen, missed, hidden = face(0, 0, 100), face(200, 0, 100), face(0, 200, 100)
    elsewhere = detection(face(400, 400, 50))
    twice = detection(face(5, 0, 100))
    found = ((detection(seen, shift=2.0), twice, detection(hidden), elsewhere), ())
    figures = scoring.detection_figures(
        list(found),
        [np.stack([seen, missed, hidden]), np.zeros((0, 16), np.float32)],
        [np.array([1, 1, -1]), np.zeros(0, np.int64)],
    )
    assert figures["faces"] == 2
    assert figures["recall"] == 0.5
    # Neither the second look at a face nor the hidden one is a detection of nothing.
    assert figures["false_per_frame"] == 0.5
    assert figures["landmark_error_pct"] == pytest.approx(5.0)
    assert figures["landmark_error_seen_pct"] == pytest.approx(5.0)


def test_a_detection_in_an_empty_frame_is_false(scoring):
    figures = scoring.detection_figures(
        [(detection(face(0, 0, 50)),)], [np.zeros((0, 16), np.float32)], [np.zeros(0, np.int64)]
    )
    assert figures["false_per_frame"] == 1.0
    assert figures["landmark_error_pct"] == 100.0
