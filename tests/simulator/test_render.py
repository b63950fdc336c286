"""The renderer's pictures agree with the truth that comes with them."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import cv2
import numpy as np
import pytest

from kiosk.domain import Frame, Pixels
from kiosk.simulator.raycast import lamp_direction, rotation
from kiosk.simulator.render import Renderer
from kiosk.simulator.scene import Actor, Attack, Light, Rendering, Scene, Truth
from kiosk.vision.head_pose import estimate_head_pose

SIDE = 240


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer(SIDE, SIDE, 256)


def actor(person: int = 3, **changes: float | int | Attack) -> Actor:
    return dataclasses.replace(Actor(person, SIDE / 2, SIDE * 0.45, 50.0), **changes)


def one(renderer: Renderer, who: Actor, light: Light | None = None) -> tuple[Pixels, Truth]:
    scene = Scene((who,), light or Light(directness=0.3), noise=0.0)
    rendering = renderer.render(scene)
    return rendering.pixels, rendering.truths[0]


def luma(pixels: Pixels, left: float, top: float, right: float, bottom: float) -> float:
    part = pixels[round(top) : round(bottom), round(left) : round(right)]
    return float(cv2.cvtColor(np.ascontiguousarray(part), cv2.COLOR_BGR2GRAY).mean())


def test_the_same_scene_gives_the_same_pixels_whatever_was_drawn_before() -> None:
    scene = Scene((actor(yaw_deg=12.0, smile=0.5), actor(8, x_px=60.0, eye_px=20.0)), seed=5)
    first = Renderer(SIDE, SIDE, 256).render(scene)
    other = Renderer(SIDE, SIDE, 256)
    other.render(Scene((actor(99),), seed=1))
    second = other.render(scene)
    assert np.array_equal(first.pixels, second.pixels)
    for one_truth, other_truth in zip(first.truths, second.truths, strict=True):
        assert np.array_equal(one_truth.landmarks, other_truth.landmarks)
        assert one_truth.box == other_truth.box


def test_another_seed_changes_the_noise_only(renderer: Renderer) -> None:
    scene = Scene((actor(),), noise=3.0)
    first = renderer.render(scene).pixels.astype(int)
    second = renderer.render(dataclasses.replace(scene, seed=1)).pixels.astype(int)
    assert not np.array_equal(first, second)
    assert abs((first - second).mean()) < 0.2
    assert (first - second).std() < 12


def test_the_eyes_are_where_the_actor_has_them(renderer: Renderer) -> None:
    for changes in ({}, {"yaw_deg": 30.0}, {"roll_deg": -20.0}, {"pitch_deg": 15.0}):
        _, truth = one(renderer, actor(**changes))
        middle = truth.landmarks[:2].mean(axis=0)
        assert middle == pytest.approx([SIDE / 2, SIDE * 0.45], abs=1.5)
    _, truth = one(renderer, actor())
    distance = float(np.linalg.norm(truth.landmarks[1] - truth.landmarks[0]))
    assert distance == pytest.approx(50, rel=0.02)


def test_pupils_are_the_darkest_part_of_open_eyes(renderer: Renderer) -> None:
    for person in range(8):
        pixels, truth = one(renderer, actor(person))
        for x, y in truth.landmarks[:2]:
            pupil = luma(pixels, x - 2, y - 2, x + 3, y + 3)
            cheek = luma(pixels, x - 4, y + 16, x + 5, y + 22)
            assert pupil < cheek


def test_a_nose_points_where_the_head_is_turned(renderer: Renderer) -> None:
    for yaw, pitch in ((30.0, 0.0), (-30.0, 0.0), (0.0, 15.0), (0.0, -15.0)):
        _, truth = one(renderer, actor(yaw_deg=yaw, pitch_deg=pitch))
        _, straight = one(renderer, actor())
        moved = truth.landmarks[2] - straight.landmarks[2]
        if yaw:
            assert math.copysign(1, moved[0]) == math.copysign(1, yaw)
            assert abs(moved[0]) > 5
        else:
            assert math.copysign(1, -moved[1]) == math.copysign(1, pitch)


def test_the_estimator_recovers_the_true_pose_from_the_true_landmarks(renderer: Renderer) -> None:
    errors = []
    for person in range(12):
        yaw, roll = -30.0 + 5.0 * person, 8.0 - 1.5 * person
        _, truth = one(renderer, actor(person, yaw_deg=yaw, roll_deg=roll))
        pose = estimate_head_pose(truth.landmarks)
        errors.append((pose.yaw_deg - yaw, pose.roll_deg - roll))
    yaw_error, roll_error = np.abs(errors).mean(axis=0)
    assert yaw_error < 7
    assert roll_error < 3


def test_a_rotation_keeps_lengths_and_its_order_is_roll_yaw_pitch() -> None:
    turn = rotation(20.0, 10.0, 5.0)
    assert turn @ turn.T == pytest.approx(np.eye(3), abs=1e-12)
    assert np.linalg.det(turn) == pytest.approx(1)
    product = rotation(0, 0, 5.0) @ rotation(20.0, 0, 0) @ rotation(0, 10.0, 0)
    assert turn == pytest.approx(product)


def test_light_from_the_right_lights_the_right(renderer: Renderer) -> None:
    assert lamp_direction(Light(azimuth_deg=90, elevation_deg=0)) == pytest.approx([1, 0, 0])
    for azimuth in (80.0, -80.0):
        pixels, truth = one(renderer, actor(), Light(azimuth_deg=azimuth, directness=0.8))
        x, y = truth.landmarks[2]
        left = luma(pixels, x - 35, y - 5, x - 20, y + 10)
        right = luma(pixels, x + 20, y - 5, x + 35, y + 10)
        lit, shaded = (right, left) if azimuth > 0 else (left, right)
        assert (lit / shaded) ** 2.2 > 1.8


def test_a_quarter_of_the_light_is_a_quarter_in_linear_light(renderer: Renderer) -> None:
    bright, truth = one(renderer, actor(), Light(level=1.0))
    dark, _ = one(renderer, actor(), Light(level=0.25))
    box = truth.box
    around = (box.left + 10, box.top + 10, box.right - 10, box.bottom - 10)
    ratio = luma(dark, *around) / luma(bright, *around)
    assert ratio == pytest.approx(0.25 ** (1 / 2.2), rel=0.08)


def test_a_mask_covers_mouth_and_nose_and_leaves_the_eyes(renderer: Renderer) -> None:
    bare, truth = one(renderer, actor())
    masked, _ = one(renderer, actor(mask=2))
    change = np.abs(bare.astype(int) - masked.astype(int)).sum(axis=2)

    def changed(point: int) -> float:
        x, y = truth.landmarks[point].round().astype(int)
        return float(change[y - 2 : y + 3, x - 2 : x + 3].mean())

    assert changed(3) > 40 and changed(4) > 40
    assert changed(0) < 5 and changed(1) < 5


def test_blinking_and_smiling_show_and_move_the_truth(renderer: Renderer) -> None:
    straight, truth = one(renderer, actor())
    blinking, _ = one(renderer, actor(blink=1.0))
    x, y = truth.landmarks[0].round().astype(int)
    eye = (slice(y - 4, y + 5), slice(x - 8, x + 9))
    assert np.abs(straight[eye].astype(int) - blinking[eye].astype(int)).mean() > 15
    _, smiling = one(renderer, actor(smile=1.0))
    width = truth.landmarks[4, 0] - truth.landmarks[3, 0]
    assert smiling.landmarks[4, 0] - smiling.landmarks[3, 0] > 1.1 * width
    assert smiling.landmarks[3, 1] < truth.landmarks[3, 1]


def test_the_box_holds_the_landmarks_and_follows_the_size(renderer: Renderer) -> None:
    for eye_px in (15.0, 30.0, 60.0):
        _, truth = one(renderer, actor(eye_px=eye_px))
        box = truth.box
        assert (truth.landmarks >= [box.left, box.top]).all()
        assert (truth.landmarks <= [box.right, box.bottom]).all()
        assert 1.7 < box.width / eye_px < 2.6
        assert 2.4 < box.height / eye_px < 3.5


def test_somebody_behind_somebody_is_partly_hidden(renderer: Renderer) -> None:
    near, far = actor(1), actor(2, eye_px=25.0, x_px=SIDE / 2 + 30)
    rendering: Rendering = renderer.render(Scene((near, far)))
    assert rendering.truths[0].visible_fraction > 0.9
    assert rendering.truths[1].visible_fraction < 0.6
    _, outside = one(renderer, actor(x_px=-200.0))
    assert outside.visible_fraction == 0


@pytest.mark.parametrize("attack", [Attack.PRINT, Attack.PHONE])
def test_a_picture_held_up_shows_the_person(renderer: Renderer, attack: Attack) -> None:
    pixels, truth = one(renderer, actor(attack=attack, eye_px=40.0))
    assert truth.landmarks[:2].mean(axis=0) == pytest.approx([SIDE / 2, SIDE * 0.45], abs=2)
    for x, y in truth.landmarks[:2]:
        assert luma(pixels, x - 2, y - 2, x + 3, y + 3) < luma(pixels, x - 4, y + 12, x + 5, y + 17)


@pytest.mark.parametrize(
    "changes",
    [
        {"eye_px": 0.0},
        {"eye_px": -3.0},
        {"eye_px": 1e6},
        {"smile": math.nan},
        {"x_px": math.nan},
        {"mask": -1},
    ],
)
def test_what_cannot_be_is_refused(renderer: Renderer, changes: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="cannot be drawn"):
        renderer.render(Scene((actor(**changes),)))


@pytest.mark.shared
def test_a_real_detector_finds_these_people(shared: Path) -> None:
    from kiosk.models.card import Role
    from kiosk.models.onnx import OnnxRuntime
    from kiosk.models.pack import builtin_folder, read_manifest
    from kiosk.vision.detector import RetinaFaceDetector

    cards = {card.role: card for card in read_manifest(builtin_folder() / "catalogue.toml")}
    card = cards[Role.DETECTOR]
    detector = RetinaFaceDetector(OnnxRuntime(card, shared / "models" / card.file), 0.6)
    renderer = Renderer(320, 320, 384)
    errors = []
    for person in range(40):
        rng = np.random.default_rng(person)
        who = Actor(1_500_000 + person, 160, 140, 45, rng.uniform(-25, 25), rng.uniform(-8, 8))
        rendering = renderer.render(Scene((who,), Light(azimuth_deg=rng.uniform(-60, 60))))
        found = detector.detect(Frame(rendering.pixels, 0))
        assert found, f"person {who.person} was not found"
        nearest = max(found, key=lambda detection: detection.score)
        away = np.linalg.norm(nearest.landmarks - rendering.truths[0].landmarks, axis=1)
        errors.append(away.mean() / who.eye_px)
    assert np.mean(errors) < 0.12
