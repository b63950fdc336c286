"""Heads from near: chips for the embedder, crops for the head-pose network.

A portrait is what a frame 640 px wide shows around one head, drawn alone because that is faster;
the lens is that of the frame.
"""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
from corpus import CHIP_MARGIN_PX, Arrays
from jitter import jittered_box, jittered_landmarks
from numpy.typing import NDArray

from kiosk.domain import Box
from kiosk.simulator.render import FOCAL_PER_WIDTH, Renderer
from kiosk.simulator.sampling import Variety, random_actor, random_light
from kiosk.simulator.scene import Light, Scene, Truth
from kiosk.vision.alignment import chip_landmarks, fit_similarity
from kiosk.vision.head_pose_network import CROP_FACTOR, DEGREES
from kiosk.vision.squarecrop import crop_square

PEOPLE_PER_SHARD = 40
CHIPS_PER_PERSON = 14
WIDE_PER_PERSON = 2
"""Portraits turned by up to 60°: for the head-pose network alone, no door recognises a profile."""
POSE_PX = 64
_CANVAS_PX = 224
_FRAME_PX = 640
_TEXTURE_PX = 256
_ROOMS = 24
_CHIP_PX = 112

_NEAR = Variety(
    eye_px=(18.0, 60.0),
    max_yaw_deg=35.0,
    wide_share=0.35,
    yaw_spread_deg=14.0,
    level=(0.12, 1.3),
    side_light_share=0.2,
    masked_share=0.14,
    expressive_share=0.5,
    noise=(0.5, 4.5),
    max_defocus_px=1.1,
    motion_share=0.1,
    max_motion_px=4.0,
)
_WIDE = dataclasses.replace(_NEAR, max_yaw_deg=60.0, wide_share=1.0)


def make_shard(rng: np.random.Generator, first: int, index: int) -> Arrays:
    """Return the portraits of 40 people: chips, crops, and what is true of them."""
    # The lens is that of a whole frame.
    renderer = Renderer(_CANVAS_PX, _CANVAS_PX, _TEXTURE_PX, focal_px=FOCAL_PER_WIDTH * _FRAME_PX)
    rows: list[Arrays] = []
    for person in range(first + index * PEOPLE_PER_SHARD, first + (index + 1) * PEOPLE_PER_SHARD):
        for number in range(CHIPS_PER_PERSON + WIDE_PER_PERSON):
            is_chip = number < CHIPS_PER_PERSON
            scene = _scene(rng, person, _NEAR if is_chip else _WIDE, index)
            drawn = renderer.render(scene)
            (truth,) = drawn.truths
            points, angles, crop = _pose_sample(rng, drawn.pixels, truth)
            rows.append(
                {
                    "person": np.int64(person),
                    "is_chip": np.bool_(is_chip),
                    "chip": _chip(rng, drawn.pixels, truth.landmarks),
                    "crop": crop,
                    "points": points,
                    "angles": angles,
                }
            )
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def _scene(rng: np.random.Generator, person: int, variety: Variety, shard: int) -> Scene:
    middle = _CANVAS_PX / 2
    actor = random_actor(rng, person, variety)
    # A box is a little more below the eyes than above them.
    actor = dataclasses.replace(
        actor,
        x_px=middle + float(rng.uniform(-4, 4)),
        y_px=middle - 0.35 * actor.eye_px + float(rng.uniform(-4, 4)),
    )
    return Scene(
        actors=(actor,),
        light=random_light(rng, variety) if rng.random() < 0.7 else _plain_light(rng),
        background=shard * _ROOMS + int(rng.integers(_ROOMS)),
        noise=float(rng.uniform(*variety.noise)),
        defocus_px=float(rng.uniform(0, variety.max_defocus_px)) if rng.random() < 0.4 else 0.0,
        motion_px=float(rng.uniform(0, variety.max_motion_px)) if rng.random() < 0.1 else 0.0,
        motion_deg=float(rng.uniform(0, 180)),
        seed=int(rng.integers(1 << 31)),
    )


def _plain_light(rng: np.random.Generator) -> Light:
    return Light(
        level=float(rng.uniform(0.8, 1.2)),
        azimuth_deg=float(rng.uniform(-30, 30)),
        elevation_deg=float(rng.uniform(15, 55)),
        directness=float(rng.uniform(0.2, 0.5)),
        warmth=float(rng.normal(0, 0.2)),
    )


def _chip(
    rng: np.random.Generator, pixels: NDArray[np.uint8], landmarks: NDArray[np.float32]
) -> NDArray[np.uint8]:
    found = jittered_landmarks(rng, landmarks)
    matrix = fit_similarity(found, chip_landmarks(_CHIP_PX) + CHIP_MARGIN_PX)
    side = _CHIP_PX + 2 * CHIP_MARGIN_PX
    chip: NDArray[np.uint8] = cv2.warpAffine(
        pixels, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT
    )
    return chip


def _pose_sample(
    rng: np.random.Generator, pixels: NDArray[np.uint8], truth: Truth
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.uint8]]:
    box: Box = jittered_box(rng, truth.box)
    crop = crop_square(pixels, box, CROP_FACTOR, POSE_PX)
    pose = truth.pose
    angles = np.array([pose.yaw_deg, pose.pitch_deg, pose.roll_deg], np.float32) / DEGREES
    points = crop.to_fractions(truth.landmarks[:3])
    return points.astype(np.float32).ravel(), angles.astype(np.float32), crop.pixels
