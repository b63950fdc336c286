"""Draw dark glasses and hands, papers and the like over photographs; masks are the kiosk's own.

Only the fit of the occlusion scores needs them.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.degradation import face_scale_px
from kiosk.domain import Pixels

Points = NDArray[np.floating]


def wear_dark_glasses(pixels: Pixels, landmarks: Points, rng: np.random.Generator) -> Pixels:
    """Return a copy with sunglasses of random cut, tint and darkness."""
    eye_px = face_scale_px(landmarks)
    left, right = landmarks[0], landmarks[1]
    along = (right - left) / max(float(np.linalg.norm(right - left)), 1e-6)
    down = np.array([-along[1], along[0]])
    wide, high = rng.uniform(0.36, 0.50), rng.uniform(0.22, 0.38)
    squareness = rng.uniform(2, 5)
    drop = rng.uniform(0.0, 0.10)
    # A turned head shows one lens narrower, the one it turns away from.
    spread = float(np.linalg.norm(right - left)) / eye_px
    turn = np.arange(64) / 64 * 2 * np.pi
    outline = np.stack(
        [_power(np.cos(turn), 2 / squareness) * wide * spread,
         _power(np.sin(turn), 2 / squareness) * high + drop], -1,
    )  # fmt: skip
    cover = np.zeros(pixels.shape[:2], np.uint8)
    frame = np.zeros_like(cover)
    for eye in (left, right):
        shape = eye + eye_px * (outline[:, :1] * along + outline[:, 1:] * down)
        _fill(cover, shape)
        _fill(frame, eye + 1.12 * (shape - eye))
    bridge = [left + eye_px * 0.3 * along, right - eye_px * 0.3 * along]
    ends = [left - eye_px * 0.75 * along, right + eye_px * 0.75 * along]
    for line in (bridge, [left, ends[0]], [right, ends[1]]):
        whole = np.rint(np.array(line) * 16).astype(np.int32)
        cv2.polylines(frame, [whole], False, 255, max(round(0.06 * eye_px), 1), cv2.LINE_AA, 4)
    tint = rng.uniform(5, 60) * (1 + rng.uniform(-0.35, 0.35, 3))
    rim = tint if rng.random() < 0.5 else rng.uniform(10, 200, 3)
    painted = _blend(pixels, frame, rim, 1.0, eye_px)
    rows = np.linspace(1.4, 0.6, pixels.shape[0])[:, None, None] ** rng.uniform(-0.5, 1.5)
    lens = np.clip(tint * rows + np.zeros(pixels.shape), 0, 255)
    return _blend(painted, cover, lens, rng.uniform(0.80, 1.0), eye_px)


def hide_side(pixels: Pixels, landmarks: Points, rng: np.random.Generator) -> Pixels:
    """Return a copy with a hand, a paper, a telephone or hair over the left or the right half."""
    eye_px = face_scale_px(landmarks)
    centre = landmarks[[0, 1, 3, 4]].mean(axis=0)
    side = -1 if rng.random() < 0.5 else 1
    angle = rng.uniform(-0.35, 0.35)
    out = np.array([np.cos(angle), np.sin(angle)]) * side
    along = np.array([-out[1], out[0]])
    start = centre + out * eye_px * rng.uniform(-0.15, 0.25)
    places = np.linspace(-2.2, 2.2, 12)
    waves = rng.uniform(-0.10, 0.10, places.size)
    edge = [start + eye_px * (p * along + w * out) for p, w in zip(places, waves, strict=True)]
    far = [edge[-1] + out * 6 * eye_px, edge[0] + out * 6 * eye_px]
    cover = np.zeros(pixels.shape[:2], np.uint8)
    _fill(cover, np.array(edge + far))
    return _blend(pixels, cover, _stuff(pixels, landmarks, rng, eye_px), 1.0, eye_px)


def hide_mouth_by_hand(pixels: Pixels, landmarks: Points, rng: np.random.Generator) -> Pixels:
    """Return a copy with a hand before the mouth."""
    eye_px = face_scale_px(landmarks)
    mouth = landmarks[3:].mean(axis=0)
    angle = rng.uniform(0, np.pi)
    along = np.array([np.cos(angle), np.sin(angle)])
    down = np.array([-along[1], along[0]])
    cover = np.zeros(pixels.shape[:2], np.uint8)
    tone = _skin(pixels, landmarks, rng)
    stuff = np.ones(pixels.shape) * tone
    for finger in range(4):
        middle = mouth + eye_px * (down * (finger - 1.5) * 0.27 + rng.uniform(-0.06, 0.06, 2))
        tip = middle - along * eye_px * rng.uniform(0.6, 1.1)
        root = middle + along * eye_px * rng.uniform(0.6, 2.0)
        ends = np.rint(np.stack([tip, root]) * 16)
        cv2.line(cover, *ends.astype(np.int32), 255, max(round(0.29 * eye_px), 1), cv2.LINE_AA, 4)
        gap = ends + down * 16 * 0.14 * eye_px
        cv2.line(stuff, *gap.astype(np.int32), (tone * 0.7).tolist(), max(round(0.035 * eye_px), 1),
                 cv2.LINE_AA, 4)  # fmt: skip
    return _blend(pixels, cover, stuff, 1.0, eye_px)


def _stuff(
    pixels: Pixels, landmarks: Points, rng: np.random.Generator, eye_px: float
) -> NDArray[np.float64]:
    tone = _skin(pixels, landmarks, rng) if rng.random() < 0.5 else rng.uniform(10, 235, 3)
    coarse = rng.standard_normal(pixels.shape[:2])
    grain = cv2.GaussianBlur(coarse, (0, 0), eye_px * rng.uniform(0.03, 0.5))
    grain /= max(float(grain.std()), 1e-9)
    return np.clip(tone * (1 + rng.uniform(0.02, 0.2) * grain[..., None]), 0, 255)


def _skin(pixels: Pixels, landmarks: Points, rng: np.random.Generator) -> NDArray[np.float64]:
    eyes, mouth = landmarks[:2].mean(axis=0), landmarks[3:].mean(axis=0)
    x, y = np.rint(eyes + 0.45 * (mouth - eyes) + 0.3 * (landmarks[0] - eyes)).astype(int)
    part = pixels[max(y - 4, 0) : y + 5, max(x - 4, 0) : x + 5].reshape(-1, 3)
    return np.median(part, axis=0) * rng.uniform(0.75, 1.15) if part.size else np.full(3, 150.0)


def _power(values: NDArray[np.float64], exponent: float) -> NDArray[np.float64]:
    return np.sign(values) * np.abs(values) ** exponent


def _fill(cover: NDArray[np.uint8], outline: NDArray[np.floating]) -> None:
    cv2.fillPoly(cover, [np.rint(outline * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)


def _blend(
    pixels: Pixels,
    cover: NDArray[np.uint8],
    over: NDArray[np.floating],
    share: float,
    eye_px: float,
) -> Pixels:
    soft = cv2.GaussianBlur(cover.astype(np.float32) / 255, (0, 0), max(0.012 * eye_px, 0.45))
    weight = soft[..., None] * share
    return np.clip(np.rint(pixels * (1 - weight) + over * weight), 0, 255).astype(np.uint8)
