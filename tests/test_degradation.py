"""Degradations: each does what its name says, by the amount it says, and nothing else."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from kiosk import degradation
from kiosk.degradation import GROUPS, KINDS, Degradation, kind, random_degradation
from kiosk.domain import Pixels
from kiosk.drawnface import draw_face
from kiosk.errors import ConfigError

SIDE = 250
EYES = np.array([[104, 113], [146, 113], [125, 137], [108, 162], [142, 162]], np.float32)


@pytest.fixture(scope="module")
def picture() -> Pixels:
    return draw_face(SIDE, SIDE, 95)


def spoiled(one: Degradation, pixels: Pixels, seed: int = 4) -> NDArray[np.float64]:
    return one.apply(pixels, EYES, np.random.default_rng(seed)).astype(float)


def spread_of_a_point(one: Degradation) -> NDArray[np.float64]:
    """Return the covariance (x, y) of what becomes of one bright point."""
    pixels = np.zeros((101, 101, 3), np.uint8)
    pixels[50, 50] = 255
    # Sixteen times as bright as white: rounding to whole levels must not hide the tails.
    light = one.change(pixels.astype(np.float32) * 16, EYES, np.random.default_rng(0))[..., 0]
    y, x = np.mgrid[0:101, 0:101] - 50.0
    share = light / light.sum()
    return np.array([[(x * x * share).sum(), (x * y * share).sum()],
                     [(x * y * share).sum(), (y * y * share).sum()]])  # fmt: skip


@pytest.mark.parametrize("one", KINDS, ids=lambda one: one.name)
def test_every_kind_keeps_the_shape_repeats_itself_and_leaves_its_input_alone(
    picture: Pixels, one: Degradation
) -> None:
    before = picture.copy()

    first = one.apply(picture, EYES, np.random.default_rng(7))
    second = one.apply(picture, EYES, np.random.default_rng(7))

    assert first.shape == picture.shape
    assert first.dtype == np.uint8
    assert np.array_equal(first, second)
    assert np.array_equal(picture, before)
    assert np.array_equal(first, picture) == (one.group == "as_is")
    assert kind(one.name) is one


def test_names_are_unique_and_an_unknown_one_is_refused_with_the_list() -> None:
    assert len({one.name for one in KINDS}) == len(KINDS)
    with pytest.raises(ConfigError, match=r"dark-0\.25"):
        kind("gloom")
    with pytest.raises(ConfigError, match="over_exposure"):
        random_degradation(np.random.default_rng(0), "gloom")


@settings(max_examples=60, deadline=None)
@given(group=st.sampled_from(GROUPS), seed=st.integers(0, 10_000))
def test_random_kinds_of_every_group_can_be_applied(group: str, seed: int) -> None:
    one = random_degradation(np.random.default_rng(seed), group)
    pixels = np.random.default_rng(seed).integers(0, 256, (60, 50, 3)).astype(np.uint8)

    assert one.group == group
    assert one.apply(pixels, None, np.random.default_rng(seed)).shape == pixels.shape


@pytest.mark.parametrize("factor", [0.25, 0.1])
def test_darkness_scales_the_picture_and_adds_a_sensor_s_noise(
    picture: Pixels, factor: float
) -> None:
    smooth = np.full((SIDE, SIDE, 3), 160, np.uint8)

    assert spoiled(kind(f"dark-{factor}"), picture).mean() == pytest.approx(
        picture.mean() * factor, abs=0.5
    )
    assert 2 < spoiled(kind(f"dark-{factor}"), smooth).std() < 4


def test_gamma_leaves_black_and_white_and_bends_what_is_between() -> None:
    tones = np.array([0, 64, 255], np.uint8)[None, :, None].repeat(3, -1)

    washed, deep = (kind(name).apply(tones, None, np.random.default_rng())[0, :, 0].tolist()
                    for name in ("gamma-0.5", "gamma-2"))  # fmt: skip

    assert washed == [0, 128, 255]
    assert deep == [0, 16, 255]


@pytest.mark.parametrize("sigma", [1, 1.5, 2, 3])
def test_defocus_has_the_width_it_says(sigma: float) -> None:
    spread = spread_of_a_point(kind(f"defocus-{sigma}"))

    assert np.diag(spread) == pytest.approx([sigma**2] * 2, rel=0.03)


@pytest.mark.parametrize("length", [5, 7, 11, 21])
@pytest.mark.parametrize("angle_deg", [0, 45, 90])
def test_motion_has_the_length_and_direction_it_says(length: int, angle_deg: float) -> None:
    values, vectors = np.linalg.eigh(spread_of_a_point(kind(f"motion-{length}-{angle_deg}")))

    # An even line of length L has the variance L²/12; pixels add a little.
    assert values[1] == pytest.approx(length**2 / 12, rel=0.06, abs=0.2)
    assert values[0] < 0.35
    along = vectors[:, 1] * np.sign(vectors[np.argmax(np.abs(vectors[:, 1])), 1])
    radians = np.radians(angle_deg)
    assert abs(along @ [np.cos(radians), np.sin(radians)]) > 0.999


@pytest.mark.parametrize("share", [0.3, 0.1, 0.03])
@pytest.mark.parametrize(("towards", "axis", "bright"), [(0, 1, -1), (180, 1, 0), (-90, 0, 0)])
def test_light_falls_off_across_the_face(
    share: float, towards: int, axis: int, bright: int
) -> None:
    white = np.full((SIDE, SIDE, 3), 200, np.uint8)

    lit = spoiled(degradation.side_light(share, towards), white)[..., 0].mean(axis=1 - axis)

    lit = lit if bright == 0 else lit[::-1]
    assert lit[0] == pytest.approx(200, abs=1)
    assert lit[-1] == pytest.approx(200 * share, abs=1)
    assert (np.diff(lit) <= 1e-9).all()
    middle = EYES[[0, 1, 3, 4]].mean(axis=0)[1 - axis]
    at = round(float(middle)) if bright == 0 else SIDE - 1 - round(float(middle))
    assert lit[at] == pytest.approx(100 * (1 + share), rel=0.06)


def test_over_exposure_clips_at_white() -> None:
    tones = np.array([0, 60, 100, 200], np.uint8)[None, :, None].repeat(3, -1)

    found = kind("over-exposure-3").apply(tones, None, np.random.default_rng())

    assert found[0, :, 0].tolist() == [0, 180, 255, 255]


@pytest.mark.parametrize("sigma", [10, 20, 30])
def test_noise_has_the_deviation_it_says(sigma: int) -> None:
    grey = np.full((SIDE, SIDE, 3), 128, np.uint8)

    found = spoiled(kind(f"noise-{sigma}"), grey)

    assert found.std() == pytest.approx(sigma, rel=0.03)
    assert found.mean() == pytest.approx(128, abs=0.3)


def test_a_smaller_face_has_less_detail_and_a_small_one_is_left_alone(picture: Pixels) -> None:
    details = [
        cv2.Laplacian(spoiled(kind(f"small-{width}"), picture), cv2.CV_64F).std()
        for width in (44, 36, 30, 24)
    ]

    assert details == sorted(details, reverse=True)
    assert np.array_equal(
        degradation.small(400).apply(picture, EYES, np.random.default_rng()), picture
    )


def test_one_fault_follows_another(picture: Pixels) -> None:
    both = degradation.after(kind("dark-0.25"), kind("over-exposure-2"))

    assert both.group == "dark"
    assert spoiled(both, picture).mean() == pytest.approx(picture.mean() / 2, rel=0.05)
