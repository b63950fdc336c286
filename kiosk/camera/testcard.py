"""A drawn, moving scene for trying the program without a camera. It shows no real person."""

from __future__ import annotations

import functools
import math

import cv2
import numpy as np

from kiosk.camera.pacing import Pacer
from kiosk.config import CameraConfig
from kiosk.domain import Pixels

FRAMES_PER_S = 30
WORDS = "TEST PICTURE"

_INK = (60, 44, 36)
_SKIN = (168, 196, 226)
_SHIRT = (150, 120, 84)
_PAPER = (250, 250, 250)
_SWAY_FRAMES = 240
_NOD_FRAMES = 150
_BLINK_FRAMES = 120
_BLINK_LENGTH_FRAMES = 5


class TestPictureCamera:
    """The test scene at 30 frames a second, without end."""

    __test__ = False  # the name is not a test's
    is_live = True

    def __init__(self, config: CameraConfig) -> None:
        self.name = "test picture"
        self._size = (config.width_px, config.height_px)
        self._interval_s = 1 / min(config.frames_per_s, FRAMES_PER_S)
        self._pacer = Pacer(self._interval_s)
        self._number = 0

    def open(self) -> None:
        """Begin with frame 0."""
        self._pacer = Pacer(self._interval_s)
        self._number = 0

    def read(self) -> Pixels:
        """Return the next frame when it is due."""
        pixels = draw_test_picture(self._number, *self._size)
        self._number += 1
        self._pacer.wait()
        return pixels

    def close(self) -> None:
        """Nothing is held."""


def draw_test_picture(number: int, width_px: int, height_px: int) -> Pixels:
    """Return frame ``number`` of the scene; the same number always gives the same pixels."""
    pixels: Pixels = _background(width_px, height_px).copy()
    sway = math.sin(2 * math.pi * number / _SWAY_FRAMES)
    nod = math.sin(2 * math.pi * number / _NOD_FRAMES)
    centre_x = width_px * (0.5 + 0.18 * sway)
    centre_y = height_px * (0.5 + 0.03 * nod)
    eyes_shut = number % _BLINK_FRAMES >= _BLINK_FRAMES - _BLINK_LENGTH_FRAMES
    _draw_face(pixels, centre_x, centre_y, 0.5 * min(height_px, width_px), eyes_shut)
    _write(pixels, f"frame {number:06d}", 0.155, 0.035)
    return pixels


@functools.lru_cache(maxsize=2)
def _background(width_px: int, height_px: int) -> Pixels:
    """Draw a wall that is lighter at the top, with a door frame and the words."""
    shade = np.linspace(214, 150, height_px, dtype=np.float32)[:, None]
    falloff = np.linspace(-1, 1, width_px, dtype=np.float32)[None, :] ** 2
    wall = shade - 24 * falloff
    colours = np.stack([wall + 8, wall + 2, wall - 6], axis=2)
    pixels: Pixels = colours.clip(0, 255).astype(np.uint8)
    stroke = max(1, height_px // 180)
    left, right = int(width_px * 0.06), int(width_px * 0.2)
    top, bottom = int(height_px * 0.26), int(height_px * 0.86)
    cv2.rectangle(pixels, (left, top), (right, bottom), (128, 140, 150), -1)
    cv2.rectangle(pixels, (left, top), (right, bottom), _INK, stroke)
    handle = (int(right - width_px * 0.02), (top + bottom) // 2)
    cv2.circle(pixels, handle, stroke * 3, _INK, -1, cv2.LINE_AA)
    cv2.line(pixels, (0, bottom), (width_px, bottom), (118, 116, 112), stroke)
    _write(pixels, WORDS, 0.09, 0.055)
    pixels.flags.writeable = False
    return pixels


def _draw_face(
    pixels: Pixels, centre_x: float, centre_y: float, height: float, eyes_shut: bool
) -> None:
    """Draw a friendly face; all measures are shares of its height."""
    stroke = max(1, round(height / 90))

    def at(right: float, down: float) -> tuple[int, int]:
        return round(centre_x + right * height), round(centre_y + down * height)

    def length(share: float) -> int:
        return max(1, round(share * height))

    cv2.rectangle(pixels, at(-0.13, 0.3), at(0.13, 0.7), _SKIN, -1)
    shoulders = (length(0.64), length(0.66))
    cv2.ellipse(pixels, at(0, 1.22), shoulders, 0, 180, 360, _SHIRT, -1, cv2.LINE_AA)
    head = (length(0.36), length(0.48))
    cv2.ellipse(pixels, at(0, 0), head, 0, 0, 360, _SKIN, -1, cv2.LINE_AA)
    cv2.ellipse(pixels, at(0, 0), head, 0, 0, 360, _INK, stroke * 2, cv2.LINE_AA)
    for side in (-1, 1):
        eye = at(0.14 * side, -0.08)
        if eyes_shut:
            cv2.line(
                pixels,
                at(0.14 * side - 0.05, -0.08),
                at(0.14 * side + 0.05, -0.08),
                _INK,
                stroke * 2,
                cv2.LINE_AA,
            )
        else:
            white = (length(0.06), length(0.04))
            cv2.ellipse(pixels, eye, white, 0, 0, 360, _PAPER, -1, cv2.LINE_AA)
            cv2.circle(pixels, eye, length(0.028), _INK, -1, cv2.LINE_AA)
        brow = (length(0.075), length(0.04))
        cv2.ellipse(pixels, at(0.14 * side, -0.16), brow, 0, 200, 340, _INK, stroke, cv2.LINE_AA)
    nose = np.array([at(0, -0.04), at(-0.045, 0.1), at(0.03, 0.1)], np.int32)
    cv2.polylines(pixels, [nose], False, _INK, stroke, cv2.LINE_AA)
    smile = (length(0.14), length(0.09))
    cv2.ellipse(pixels, at(0, 0.18), smile, 0, 20, 160, _INK, stroke * 2, cv2.LINE_AA)


def _write(pixels: Pixels, text: str, baseline: float, size: float) -> None:
    """Write dark text in the middle of a line; the measures are shares of the picture's height.

    Mirrored, because the kiosk shows its camera like a mirror: there it reads the right way round.
    """
    height, width = pixels.shape[:2]
    scale = size * height / 22  # the letters are about 22 px high at scale 1
    stroke = max(1, round(scale * 2))
    face = cv2.FONT_HERSHEY_SIMPLEX
    (text_width, _), _ = cv2.getTextSize(text, face, scale, stroke)
    top, bottom = int((baseline - 1.5 * size) * height), int((baseline + 0.5 * size) * height)
    line = cv2.flip(pixels[max(top, 0) : bottom], 1)
    origin = ((width - text_width) // 2, int(baseline * height) - max(top, 0))
    cv2.putText(line, text, origin, face, scale, _INK, stroke, cv2.LINE_AA)
    pixels[max(top, 0) : bottom] = cv2.flip(line, 1)
