"""The fit of the occlusion scores, on points whose answer is known."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from kiosk.drawnface import draw_face

FOLDER = Path(__file__).parents[2] / "packaging/models"
LANDMARKS = np.array([[104, 113], [146, 113], [125, 137], [108, 162], [142, 162]], np.float32)


@pytest.fixture
def fit(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    spec = importlib.util.spec_from_file_location("fit_of_occlusion", FOLDER / "fit_occlusion.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_regression_finds_the_probabilities_it_was_drawn_from(fit):
    rng = np.random.default_rng(2)
    x = rng.normal(3, [1, 10, 0.1], (20_000, 3))
    logits = 2 * (x[:, 0] - 3) - 0.1 * (x[:, 1] - 3)
    y = (rng.random(len(x)) < 1 / (1 + np.exp(-logits))).astype(float)

    table = fit.fitted(x, y)

    assert table[1:3] == pytest.approx([2, -0.1], rel=0.08)
    assert abs(table[3]) < 0.5
    right = np.mean((logits > 0) == (y > 0))
    assert np.mean((x @ table[1:] + table[0] > 0) == (y > 0)) == pytest.approx(right, abs=0.01)


def test_the_written_table_is_the_program_s(fit, tmp_path):
    text = fit._module({"MOUTH": np.array([0.5, -2e-5, 3000.0])}, 12_000)
    scope = {}

    exec(text.replace("from __future__ import annotations", ""), scope)

    assert scope["MOUTH"] == pytest.approx([0.5, -2e-5, 3000])
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("cover", ["wear_dark_glasses", "hide_side", "hide_mouth_by_hand"])
def test_each_cover_hides_what_it_should(fit, cover):
    pixels = draw_face(250, 250, 95)
    painted = getattr(__import__("occluders"), cover)(pixels, LANDMARKS, np.random.default_rng(1))
    changed = np.abs(painted.astype(int) - pixels).max(axis=-1) > 4
    at = [changed[round(y), round(x)] for x, y in LANDMARKS.tolist()]

    assert painted.shape == pixels.shape
    if cover == "wear_dark_glasses":
        assert at[0] and at[1] and not at[3] and not at[4]
    elif cover == "hide_side":
        assert at[0] != at[1] and at[3] != at[4]
    else:
        assert changed[155:170, 115:136].mean() > 0.5 and not at[0] and not at[1]
