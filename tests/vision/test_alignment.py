"""Alignment: the fit is the least-squares similarity, and the chip shows what it should."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from kiosk.domain import Box, Detection, Frame
from kiosk.vision.alignment import align, chip_landmarks, fit_similarity

_COORDINATE = st.floats(-500, 500)


def similarity(scale: float, angle_deg: float, x: float, y: float) -> NDArray[np.float64]:
    a = scale * np.exp(1j * np.radians(angle_deg))
    return np.array([[a.real, -a.imag, x], [a.imag, a.real, y]])


def moved(points: NDArray[np.float64], matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    return points @ matrix[:, :2].T + matrix[:, 2]


def face_at(matrix: NDArray[np.float64], size_px: int = 112) -> Detection:
    """A face that lies where ``matrix`` (chip to frame) puts the standard landmarks."""
    points = moved(chip_landmarks(size_px), matrix).astype(np.float32)
    middle = points.mean(0)
    reach = 0.38 * size_px * float(np.hypot(matrix[0, 0], matrix[1, 0]))
    box = Box(*(middle - reach).tolist(), *(middle + reach).tolist())
    return Detection(box, points, 1.0)


@settings(deadline=None)
@given(
    scale=st.floats(0.01, 100),
    angle_deg=st.floats(-180, 180),
    x=_COORDINATE,
    y=_COORDINATE,
)
def test_any_similarity_is_recovered(scale: float, angle_deg: float, x: float, y: float) -> None:
    expected = similarity(scale, angle_deg, x, y)
    source = chip_landmarks(112)

    found = fit_similarity(source, moved(source, expected))

    np.testing.assert_allclose(found, expected, atol=1e-9 * (scale + 1000))


@settings(deadline=None)
@given(
    points=st.lists(st.tuples(_COORDINATE, _COORDINATE), min_size=5, max_size=5),
    nudge=st.tuples(*[st.floats(-0.2, 0.2)] * 4),
)
def test_the_fit_is_a_similarity_and_no_other_is_closer(
    points: list[tuple[float, float]], nudge: tuple[float, float, float, float]
) -> None:
    source, target = np.array(points), chip_landmarks(112)
    if np.abs(source - source.mean(0)).max() < 1:
        return

    matrix = fit_similarity(source, target)

    (a, b), (c, d) = matrix[:, :2]
    assert (a, b) == pytest.approx((d, -c), abs=1e-12)  # never a reflection, never a shear
    assert np.linalg.det(matrix[:, :2]) >= 0

    def loss(m: NDArray[np.float64]) -> float:
        return float(((moved(source, m) - target) ** 2).sum())

    da, db, dx, dy = nudge
    other = matrix + np.array([[da, -db, dx], [db, da, dy]])
    assert loss(matrix) <= loss(other) * (1 + 1e-9) + 1e-6


def test_a_mirrored_face_is_not_flipped_back() -> None:
    mirrored = chip_landmarks(112) * (-1, 1) + (112, 0)

    matrix = fit_similarity(mirrored, chip_landmarks(112))

    assert np.linalg.det(matrix[:, :2]) > 0


@pytest.mark.parametrize("value", [0.0, 17.25, np.nan])
def test_points_that_coincide_are_refused(value: float) -> None:
    points = np.full((5, 2), value, np.float32)

    with pytest.raises(ValueError, match="coincide"):
        fit_similarity(points, chip_landmarks(112))


def test_landmarks_that_are_no_face_are_refused_by_align() -> None:
    # Both eyes and mouth corners swapped in a way that fits no turn: every similarity is as bad.
    centred = chip_landmarks(112) - chip_landmarks(112).mean(0)
    mirrored = (centred * (-1, 1)).astype(np.float32)
    same = np.full((5, 2), 40, np.float32)
    frame = Frame(np.zeros((100, 100, 3), np.uint8), 0)
    # The part of the mirror image that a similarity could fit is taken out.
    s, t = mirrored @ (1, 1j), centred @ (1, 1j)
    alien = s - t * np.conj(np.vdot(s, t)) / np.vdot(t, t)
    points = np.stack([alien.real, alien.imag], 1).astype(np.float32)

    for landmarks in (same, points):
        face = Detection(Box(0, 0, 50, 50), landmarks, 1.0)
        with pytest.raises(ValueError, match=r"coincide|form a face"):
            align(frame, face, 112)


def test_arcfaces_layout_on_112_px_and_the_same_head_on_160() -> None:
    layout = chip_landmarks(112)
    assert layout[0] == pytest.approx((38.2946, 51.6963))
    assert layout[4] == pytest.approx((70.7299, 92.2041))

    larger = chip_landmarks(160)

    assert (larger + 0.5) / 160 == pytest.approx((layout + 0.5) / 112)


@pytest.mark.parametrize("size_px", [112, 160])
def test_a_face_in_place_already_is_copied(size_px: int) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (size_px, size_px, 3)).astype(np.uint8)
    face = face_at(similarity(1, 0, 0, 0), size_px)

    chip = align(Frame(pixels, 0), face, size_px)

    assert chip.shape == (size_px, size_px, 3)
    assert chip.dtype == np.uint8
    # Float32 landmarks leave the fit a hair off; the warp rounds to 1/32 px.
    assert np.abs(chip.astype(int) - pixels).max() <= 1


@pytest.mark.parametrize("scale", [0.4, 0.9, 1.7, 1.99, 2.01, 3.3, 4.6, 7.0])
@pytest.mark.parametrize("angle_deg", [0, 25, -90])
def test_the_chip_shows_the_frame_at_the_mapped_place(scale: float, angle_deg: float) -> None:
    """Linear ramps have the same value whichever way they are averaged."""
    height, width = 900, 1000
    y, x = np.mgrid[0:height, 0:width]
    red = np.full_like(x, 60)
    pixels = np.stack([x * 0.25, y * 0.27, red], -1).round().astype(np.uint8)
    to_middle = similarity(1, 0, -56, -56)
    turn = similarity(scale, angle_deg, 500, 450)
    to_frame = turn.copy()
    to_frame[:, 2] = moved(to_middle[:, 2][None], turn)[0]

    chip = align(Frame(pixels, 0), face_at(to_frame), 112).astype(float)

    v, u = np.mgrid[0:112, 0:112]
    places = moved(np.stack([u, v], -1).reshape(-1, 2), to_frame).reshape(112, 112, 2)
    inside = ((places > 8) & (places < (width - 9, height - 9))).all(-1)
    assert inside.mean() > 0.9
    off_x = (chip[..., 0] - places[..., 0] * 0.25)[inside]
    off_y = (chip[..., 1] - places[..., 1] * 0.27)[inside]
    assert np.abs(off_x).max() < 1.7
    assert np.abs(off_y).max() < 1.7
    # 0.3 levels are 1.2 frame pixels; rounding alone costs up to 0.25 of them.
    assert abs(off_x.mean()) < 0.3
    assert abs(off_y.mean()) < 0.3
    assert (chip[inside][:, 2] == 60).all()


@pytest.mark.parametrize("scale", [2.1, 4.0, 6.0])
def test_a_large_face_is_averaged_not_sampled(scale: float) -> None:
    checkers = (np.indices((800, 800)).sum(0) % 2 * 255).astype(np.uint8)
    frame = Frame(checkers[..., None].repeat(3, -1), 0)

    chip = align(frame, face_at(similarity(scale, 12, 60, 40)), 112)

    assert chip[20:90, 20:90].std() < 12


def test_a_large_face_lands_as_exactly_as_a_small_one() -> None:
    # A blurred spot on the nose of a face five times the chip.
    to_frame = similarity(5, 8, 100, 60)
    nose = moved(chip_landmarks(112)[2:3], to_frame)[0]
    y, x = np.mgrid[0:800, 0:800]
    spot = 250 * np.exp(-((x - nose[0]) ** 2 + (y - nose[1]) ** 2) / (2 * 20**2))
    frame = Frame(spot.astype(np.uint8)[..., None].repeat(3, -1), 0)

    chip = align(frame, face_at(to_frame), 112)[..., 0].astype(float)

    v, u = np.mgrid[0:112, 0:112]
    centre = (u * chip).sum() / chip.sum(), (v * chip).sum() / chip.sum()
    assert centre == pytest.approx(chip_landmarks(112)[2], abs=0.08)


def test_what_lies_beyond_the_frame_is_black() -> None:
    frame = Frame(np.full((112, 112, 3), 200, np.uint8), 0)

    chip = align(frame, face_at(similarity(1, 0, -56, 0)), 112)

    assert (chip[:, :50] == 0).all()
    assert (chip[:, 60:] == 200).all()


@pytest.mark.parametrize("scale", [1.0, 5.0])
@pytest.mark.parametrize("shift", [(-5000, 0), (5000, 0), (0, -5000), (0, 5000)])
def test_a_face_outside_the_frame_gives_a_black_chip(scale: float, shift: tuple[int, int]) -> None:
    frame = Frame(np.full((400, 400, 3), 200, np.uint8), 0)

    assert not align(frame, face_at(similarity(scale, 0, *shift)), 112).any()


def test_the_frame_is_left_alone() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (600, 600, 3)).astype(np.uint8)
    before = pixels.copy()
    pixels.flags.writeable = False

    for scale in (1.0, 4.0):
        align(Frame(pixels, 0), face_at(similarity(scale, 5, 50, 50)), 112)

    assert np.array_equal(pixels, before)


def test_the_chip_is_that_of_the_upright_face(drawn_face: object) -> None:
    """A leaning head and an upright one give the same chip."""
    frame, face = drawn_face.frame(), drawn_face.detection  # type: ignore[attr-defined]
    turn = cv2.getRotationMatrix2D((320, 320), 30, 0.8)
    leaning = cv2.warpAffine(frame.pixels, turn, (640, 640))
    points = moved(face.landmarks.astype(float), turn).astype(np.float32)

    upright = align(frame, face, 112).astype(float)
    found = align(Frame(leaning, 0), Detection(face.box, points, 1.0), 112).astype(float)

    assert np.abs(found - upright)[16:96, 16:96].mean() < 4
