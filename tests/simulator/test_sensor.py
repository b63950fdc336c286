"""The simulated sensor: light in linear light, blur, noise, and what shines by itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.domain import Pixels
from kiosk.simulator.scene import Light, Scene
from kiosk.simulator.sensor import GAMMA, Glow, expose, motion_kernel


def grey(value: int, width: int = 160, height: int = 120) -> Pixels:
    return np.full((height, width, 3), value, np.uint8)


def linear(value: float) -> float:
    return float((value / 255) ** GAMMA)


def quiet(**light: float) -> Scene:
    return Scene(light=Light(**light), noise=0)


@pytest.mark.parametrize("level", [0.1, 0.25, 0.5])
def test_level_scales_linear_light(level: float) -> None:
    lit = expose(grey(200), quiet(level=level))
    assert linear(lit.mean()) / linear(200) == pytest.approx(level, rel=0.03)


def test_strong_light_keeps_highlights_apart_where_a_plain_gain_would_clip_them() -> None:
    ramp = np.repeat(np.arange(120, 221, 10, dtype=np.uint8), 3).reshape(1, -1, 3)
    lit = expose(ramp, quiet(level=2.5))[0, :, 1].astype(int)
    assert (np.diff(lit) > 0).all()
    assert linear(200) * 2.5 > 1
    assert lit[8] < 255


def test_warmth_shifts_red_against_blue_and_keeps_the_luma() -> None:
    warm = expose(grey(120), quiet(warmth=1.0)).mean(axis=(0, 1))
    cold = expose(grey(120), quiet(warmth=-1.0)).mean(axis=(0, 1))
    assert warm[2] > 130 > 110 > warm[0]
    assert cold[0] > 130 > 110 > cold[2]
    for bgr in (warm, cold):
        luma = np.dot([linear(v) for v in bgr], [0.0722, 0.7152, 0.2126])
        assert luma == pytest.approx(linear(120), rel=0.03)


@pytest.mark.parametrize("noise", [0.5, 1.0, 3.0, 8.0, 20.0])
def test_noise_at_mid_grey_is_as_asked(noise: float) -> None:
    frame = expose(grey(128, 400, 300), Scene(noise=noise, seed=4))
    # Rounding to whole grey levels adds a twelfth to the variance.
    assert frame.std() == pytest.approx(np.hypot(noise, 12**-0.5), rel=0.15)
    assert frame.mean() == pytest.approx(128, abs=0.3)


def test_noise_grows_with_the_signal_as_shot_noise_does() -> None:
    deviation = {
        value: expose(grey(value, 400, 300), Scene(noise=6)).std() for value in (60, 128, 220)
    }
    # 0.35 of the variance at mid-grey is the sensor's own, the rest is in proportion to light.
    for value, found in deviation.items():
        assert found == pytest.approx(6 * np.sqrt(0.35 + 0.65 * value / 128), rel=0.1)


def test_noise_is_white_along_a_row() -> None:
    row = expose(grey(128, 400, 300), Scene(noise=8))[..., 1].astype(float) - 128
    neighbours = (row[:, 1:] * row[:, :-1]).mean() / row.var()
    assert abs(neighbours) < 0.03


def test_the_same_scene_gives_the_same_frame_and_another_seed_other_noise() -> None:
    one, same, other = (expose(grey(90), Scene(seed=seed)) for seed in (7, 7, 8))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_the_picture_given_is_not_changed() -> None:
    picture = grey(100)
    frame = expose(picture, Scene(noise=0))
    frame[:] = 0
    assert (picture == 100).all()


def test_frames_larger_than_the_stored_noise_are_exposed() -> None:
    frame = expose(grey(128, 1400, 1000), Scene(noise=4, seed=1))
    assert frame.std() == pytest.approx(4, rel=0.1)


@pytest.mark.parametrize("direction_deg", [0.0, 30.0, 90.0, -45.0, 200.0])
def test_motion_kernel_keeps_energy_and_has_the_spread_of_a_line(direction_deg: float) -> None:
    kernel = motion_kernel(12, direction_deg)
    assert kernel.sum() == pytest.approx(1, abs=1e-5)
    half = kernel.shape[0] // 2
    y, x = np.mgrid[-half : half + 1, -half : half + 1]
    turn = np.radians(direction_deg)
    along = x * np.cos(turn) + y * np.sin(turn)
    across = y * np.cos(turn) - x * np.sin(turn)
    assert (kernel * along).sum() == pytest.approx(0, abs=1e-3)
    # An even line of length L has the variance L²/12; spreading over pixels adds up to 1/4.
    assert (kernel * along**2).sum() == pytest.approx(12, abs=0.4)
    assert (kernel * across**2).sum() < 0.3


def test_motion_blur_smears_along_its_direction_only() -> None:
    dot = grey(0)
    dot[60, 80] = 255
    frame = expose(dot, Scene(noise=0, motion_px=20, motion_deg=0))
    assert (frame[60, 72:89] > 5).all()
    assert frame[:58].max() == frame[63:].max() == 0


def test_defocus_spreads_an_edge_by_its_deviation() -> None:
    edge = grey(0)
    edge[:, 80:] = 255
    profile = expose(edge, Scene(noise=0, defocus_px=3.0))[60, :, 1].astype(float)
    slope = np.diff(profile) / 255
    place = np.arange(len(slope)) + 0.5
    mean = (slope * place).sum()
    assert mean == pytest.approx(79.5, abs=0.1)
    assert np.sqrt((slope * (place - mean) ** 2).sum()) == pytest.approx(3.0, rel=0.05)


def test_what_glows_is_untouched_by_the_dark() -> None:
    glow = Glow(20, 10, np.full((30, 40), 255, np.uint8))
    frame = expose(grey(150), quiet(level=0.1), [glow])
    assert (np.abs(frame[10:40, 20:60].astype(int) - 150) <= 1).all()
    assert frame[:10].max() < 60
    assert frame[41:].max() < 60


def test_a_nearer_thing_takes_the_glow_away() -> None:
    glow = Glow(20, 10, np.full((30, 40), 255, np.uint8))
    cover = np.full((10, 200), 255, np.uint8)
    left = glow.hidden_by(cover, -50, 5)
    frame = expose(grey(150), quiet(level=0.1), [left])
    assert frame[10:15].max() < 60
    assert frame[20, 30, 0] >= 149
    assert glow.strength.min() == 255
    assert glow.hidden_by(cover, 500, 500) is glow


def test_a_glow_outside_the_frame_is_an_error() -> None:
    for left, top in ((-1, 0), (0, -1), (150, 0), (0, 110)):
        with pytest.raises(ValueError, match="inside the frame"):
            expose(grey(1), quiet(), [Glow(left, top, np.zeros((20, 20), np.uint8))])


NAN = float("nan")


@pytest.mark.parametrize(
    "scene",
    [
        Scene(light=Light(level=-0.1)),
        Scene(light=Light(level=NAN)),
        Scene(light=Light(warmth=1.5)),
        Scene(noise=-1),
        Scene(noise=NAN),
        Scene(defocus_px=float("inf")),
        Scene(motion_px=-2),
        Scene(motion_px=5, motion_deg=NAN),
    ],
)
def test_impossible_values_are_named(scene: Scene) -> None:
    with pytest.raises(ValueError, match="must be a number from"):
        expose(grey(9), scene)


def test_pictures_of_the_wrong_kind_are_refused() -> None:
    for picture in (np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)):
        with pytest.raises(ValueError, match="uint8"):
            expose(picture, Scene())  # type: ignore[arg-type]


@settings(max_examples=60, deadline=None)
@given(
    level=st.floats(),
    warmth=st.floats(),
    noise=st.floats(),
    blur=st.floats(),
    direction=st.floats(),
    seed=st.integers(),
)
def test_any_values_give_a_frame_or_a_value_error(
    level: float, warmth: float, noise: float, blur: float, direction: float, seed: int
) -> None:
    picture = np.arange(16 * 20 * 3, dtype=np.uint8).reshape(16, 20, 3)
    scene = Scene((), Light(level, warmth=warmth), 0, noise, blur, blur, direction, seed)
    try:
        frame = expose(picture, scene)
    except ValueError as error:
        assert "must be" in str(error)
    else:
        assert frame.shape == picture.shape
        assert frame.dtype == np.uint8


@settings(max_examples=60, deadline=None)
@given(
    level=st.floats(0, 64),
    warmth=st.floats(-1, 1),
    noise=st.floats(0, 64),
    blur=st.floats(0, 20),
    direction=st.floats(-400, 400),
)
def test_possible_values_never_fail(
    level: float, warmth: float, noise: float, blur: float, direction: float
) -> None:
    picture = np.arange(16 * 20 * 3, dtype=np.uint8).reshape(16, 20, 3)
    frame = expose(picture, Scene((), Light(level, warmth=warmth), 0, noise, blur, blur, direction))
    assert frame.shape == picture.shape
