"""The places behind people: always the same for a seed, varied, and safe at any size."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.simulator.background import background
from kiosk.simulator.surfaces import blank
from kiosk.simulator.viewpoint import View


def test_the_same_seed_gives_the_same_place() -> None:
    first = background(5, 320, 240).copy()
    background.cache_clear()
    assert np.array_equal(first, background(5, 320, 240))


def test_a_place_is_kept_and_cannot_be_written_to() -> None:
    place = background(6, 320, 240)
    assert background(6, 320, 240) is place
    assert place.shape == (240, 320, 3)
    assert place.dtype == np.uint8
    with pytest.raises(ValueError, match="read-only"):
        place[0, 0] = 0


def test_places_differ_clearly_from_each_other() -> None:
    small = np.array(
        [cv2.resize(background(seed, 160, 120), (16, 12)) for seed in range(40)], np.float32
    )
    apart = np.abs(small[:, None] - small[None]).mean(axis=(2, 3, 4))
    assert apart[~np.eye(40, dtype=bool)].min() > 4


def test_places_are_lit_like_rooms_and_streets() -> None:
    means = [background(seed, 160, 120).mean() for seed in range(40)]
    assert 90 < np.mean(means) < 190
    assert min(means) > 15


def test_another_size_shows_the_same_place() -> None:
    for seed in range(8):
        small = cv2.resize(background(seed, 320, 240), (32, 24), interpolation=cv2.INTER_AREA)
        large = cv2.resize(background(seed, 640, 480), (32, 24), interpolation=cv2.INTER_AREA)
        assert np.abs(small.astype(int) - large).mean() < 8


def test_a_panel_ahead_lands_where_the_lens_puts_it() -> None:
    view = View(640, 480, np.random.default_rng(0))
    view._turn = np.eye(3)
    view._project = np.array([[544.0, 0, 320], [0, 544, 240], [0, 0, 1]])
    view.put(blank(1.0, 0.5, 100, (0, 0, 255)), (0, 0, 2), (1, 0, 0), (0, 1, 0))
    rows, columns = np.nonzero(view.picture[..., 2])
    assert (columns.min(), columns.max()) == pytest.approx((320, 592), abs=1)
    assert (rows.min(), rows.max()) == pytest.approx((240, 376), abs=1)


def test_a_wall_that_passes_the_camera_is_cut_off_and_not_mirrored() -> None:
    view = View(640, 480, np.random.default_rng(0))
    view._project = np.array([[544.0, 0, 320], [0, 544, 240], [0, 0, 1]])
    view.put(blank(9, 2, 50, (0, 255, 0)), (1, -1, -3), (0, 0, 1), (0, 1, 0))
    assert view.picture[:, :320].max() == 0
    assert (view.picture[200:280, 600:] > 0).any()
    view.put(blank(2, 2, 50, (255, 0, 0)), (-1, -1, -3), (1, 0, 0), (0, 1, 0))
    assert view.picture[..., 0].max() == 0


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(), width=st.integers(16, 200), height=st.integers(16, 200))
def test_any_seed_at_any_size(seed: int, width: int, height: int) -> None:
    assert background(seed, width, height).shape == (height, width, 3)


@pytest.mark.parametrize("size", [(0, 10), (15, 480), (640, -1), (640, 10_000)])
def test_impossible_sizes_are_refused(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="pixels wide and high"):
        background(1, *size)
