"""Whole frames: pictures for the detector, and crops around faces for the liveness network."""

from __future__ import annotations

import dataclasses

import numpy as np
from corpus import Arrays
from jitter import jittered_box
from numpy.typing import NDArray

from kiosk.simulator.render import Renderer
from kiosk.simulator.sampling import Variety, random_scene
from kiosk.simulator.scene import Attack, Rendering, Scene, Truth
from kiosk.vision.letterbox import letterbox
from kiosk.vision.liveness import CROP_FACTOR
from kiosk.vision.squarecrop import crop_square

WIDTH_PX, HEIGHT_PX = 640, 480
INPUT_PX = 320
MAX_FACES = 3
LIVENESS_PX = 80
CLASSES = {Attack.PRINT: 0, Attack.NONE: 1, Attack.PHONE: 2}
_FRAMES_PER_SHARD = 250
_PRESENTATIONS_PER_SHARD = 250
_PEOPLE_PER_SHARD = 12
_ROOMS = 40
_TEXTURE_PX = 384
_CROPS_PER_FACE = 2
_MIN_LIVENESS_EYE_PX = 14.0
_MIN_VISIBLE = 0.75
_FILL = (104, 117, 123)
# Nobody, one, two, three people.
_FACES_SHARES = (0.15, 0.40, 0.27, 0.18)

_EVERYTHING = Variety(eye_px=(10.0, 110.0), attack_share=0.2)
_HELD_UP = Variety(
    eye_px=(14.0, 100.0), max_yaw_deg=45.0, attack_share=0.62, level=(0.12, 1.3), wide_share=0.1
)


def make_frames(rng: np.random.Generator, first: int, index: int) -> Arrays:
    """Return frames scaled as the detector sees them, with boxes and landmarks, and crops."""
    renderer = Renderer(WIDTH_PX, HEIGHT_PX, _TEXTURE_PX)
    people = _people(first, index)
    pictures, faces = [], []
    crops: list[tuple[NDArray[np.uint8], int]] = []
    for _ in range(_FRAMES_PER_SHARD):
        count = int(rng.choice(len(_FACES_SHARES), p=_FACES_SHARES))
        scene = random_scene(rng, WIDTH_PX, HEIGHT_PX, people, count, _EVERYTHING, _ROOMS)
        drawn = renderer.render(_in_room(scene, index))
        boxed = letterbox(drawn.pixels, INPUT_PX, INPUT_PX, _FILL)
        pictures.append(boxed.pixels[: round(HEIGHT_PX * boxed.scale_y)])
        faces.append(_faces(drawn.truths, boxed.scale_x))
        crops += _crops(rng, drawn)
    return {"picture": np.stack(pictures), "faces": np.stack(faces), **_stacked(crops)}


def make_presentations(rng: np.random.Generator, first: int, index: int) -> Arrays:
    """Return crops around one face each, most of them held-up pictures."""
    renderer = Renderer(WIDTH_PX, HEIGHT_PX, _TEXTURE_PX)
    people = _people(first, index)
    crops: list[tuple[NDArray[np.uint8], int]] = []
    for _ in range(_PRESENTATIONS_PER_SHARD):
        scene = random_scene(rng, WIDTH_PX, HEIGHT_PX, people, 1, _HELD_UP, _ROOMS)
        crops += _crops(rng, renderer.render(_in_room(scene, 10_000 + index)))
    return _stacked(crops)


def _people(first: int, index: int) -> range:
    return range(first + index * _PEOPLE_PER_SHARD, first + (index + 1) * _PEOPLE_PER_SHARD)


def _in_room(scene: Scene, index: int) -> Scene:
    return dataclasses.replace(scene, background=index * _ROOMS + scene.background)


def _faces(truths: tuple[Truth, ...], scale: float) -> NDArray[np.float32]:
    """Return (3, 16): box, landmarks in area coordinates of the input, eye distance, visibility.

    The eye distance is that of the actor, not foreshortened; it is 0 where there is no face.
    """
    rows = np.zeros((MAX_FACES, 16), np.float32)
    for row, truth in zip(rows, truths, strict=False):
        box = truth.box
        row[:4] = (np.array([box.left, box.top, box.right, box.bottom]) + 0.5) * scale
        row[4:14] = (truth.landmarks.ravel() + 0.5) * scale
        row[14] = truth.actor.eye_px * scale
        row[15] = truth.visible_fraction
    return rows


def _crops(rng: np.random.Generator, drawn: Rendering) -> list[tuple[NDArray[np.uint8], int]]:
    found = []
    for truth in drawn.truths:
        if truth.actor.eye_px < _MIN_LIVENESS_EYE_PX or truth.visible_fraction < _MIN_VISIBLE:
            continue
        for _ in range(_CROPS_PER_FACE):
            box = jittered_box(rng, truth.box)
            crop = crop_square(drawn.pixels, box, CROP_FACTOR, LIVENESS_PX)
            found.append((crop.pixels, CLASSES[truth.actor.attack]))
    return found


def _stacked(crops: list[tuple[NDArray[np.uint8], int]]) -> Arrays:
    return {
        "crop": np.stack([pixels for pixels, _ in crops]),
        "class": np.array([kind for _, kind in crops], np.int64),
    }
