"""The recipes that are used, and bounds that fail when they are broken."""

from __future__ import annotations

import dataclasses
import math

import pytest
from convert.recipes import TARGETS, Recipe, broken_bounds, read_recipes

from kiosk.board.soc import TARGETS as KNOWN
from kiosk.errors import ConfigError

ARCHITECTURES = ("retinaface", "embedding", "headpose64", "liveness80", "minifasnet80")


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("precision", ["fp16", "int8"])
def test_every_network_has_bounded_recipes(architecture, precision):
    recipe = read_recipes()[architecture][precision]
    assert recipe.precision == precision
    assert recipe.bounds
    assert (recipe.pictures > 0) == (precision == "int8")


def test_the_bounds_are_those_that_were_promised():
    recipes = read_recipes()
    detector = recipes["retinaface"]["int8"].limits("rk3588")
    assert detector["max_lost"] == 0
    assert detector["max_gained_share"] <= 0.005
    assert detector["max_landmark_px_mean"] <= 0.8
    assert detector["min_embedding_cosine_mean"] >= 0.983
    assert detector["max_bytes"] <= 1_100_000
    embedder = recipes["embedding"]
    assert embedder["int8"].bounds["min_cosine_mean"] >= 0.994
    assert embedder["int8"].bounds["min_cosine_min"] >= 0.985
    assert embedder["int8"].limits("rk3588")["max_bytes"] <= 1_500_000
    assert embedder["fp16"].limits("rk3588")["max_bytes"] <= 2_500_000
    assert embedder["fp16"].bounds["min_cosine_min"] >= 0.999
    assert recipes["headpose64"]["int8"].bounds["max_pck_loss"] <= 1.5
    assert recipes["openset"]["int8"].bounds["max_fnir_rise_points"] <= 1.0
    assert recipes["openset"]["fp16"].bounds["max_fnir_rise_points"] <= 0.1


def test_a_size_is_bounded_for_its_own_target_only():
    recipe = Recipe("int8", max_bytes={"rk3588": 10})
    assert recipe.limits("rk3588") == {"max_bytes": 10}
    assert recipe.limits("rk3566") == {}


def test_the_targets_are_chips_the_program_knows():
    assert set(TARGETS) < set(KNOWN)


def test_bounds_hold_up_to_their_very_value():
    limits = {"min_cosine": 0.9, "max_lost": 0}
    assert broken_bounds({"cosine": 0.9, "lost": 0}, limits) == []


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        ({"cosine": 0.8999, "lost": 0}, "cosine is 0.8999"),
        ({"cosine": 0.95, "lost": 1}, "lost is 1"),
        ({"cosine": math.nan, "lost": 0}, "was not measured"),
        ({"lost": 0}, "cosine was not measured"),
    ],
)
def test_a_broken_bound_is_named(figures, words):
    (sentence,) = broken_bounds(figures, {"min_cosine": 0.9, "max_lost": 0})
    assert words in sentence


def test_what_decides_about_the_numbers_is_in_the_fingerprint():
    recipe = read_recipes()["retinaface"]["int8"]
    for changes in ({"equalise": False}, {"float16_first": 0}, {"algorithm": "mmse"}):
        assert dataclasses.replace(recipe, **changes).fingerprint() != recipe.fingerprint()
    bounds = dataclasses.replace(recipe, bounds={})
    assert bounds.fingerprint() == recipe.fingerprint()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[a.int8]\nalgorithm = 'best'", "algorithm is one of"),
        ("[a.int8]\nmethod = 'tensor'", "method is one of"),
        ("[a.int8]\ncolour = 1", "a.int8 is wrong"),
        ("[a.int8]\nbounds.lost = 0", "neither min_"),
        ("[a.int8]\nmax_bytes.rk9999 = 1", "no target rk9999"),
        ("[a.int8", "cannot be read"),
    ],
)
def test_a_wrong_recipe_is_refused_in_words(tmp_path, text, words):
    path = tmp_path / "recipes.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=words):
        read_recipes(path)
